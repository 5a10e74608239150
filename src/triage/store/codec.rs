//! How our types are written in columns of the database.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::analysis::severity::Severity;
use crate::triage::{AlertStatus, EntryKind, Verdict};

macro_rules! by_name {
    ($($kind:ty),*) => { $(
        impl ToSql for $kind {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.name().into())
            }
        }

        impl FromSql for $kind {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                Self::from_name(value.as_str()?).ok_or(FromSqlError::InvalidType)
            }
        }
    )* };
}
by_name!(AlertStatus, Verdict, EntryKind);

/// A severity as a number that sorts: 0 (low) to 3 (critical).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Level(pub(super) Severity);

impl Level {
    /// The number.
    pub(super) const fn rank(self) -> i64 {
        match self.0 {
            Severity::Low => 0,
            Severity::Medium => 1,
            Severity::High => 2,
            Severity::Critical => 3,
        }
    }
}

impl ToSql for Level {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.rank().into())
    }
}

impl FromSql for Level {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let severity = match value.as_i64()? {
            0 => Severity::Low,
            1 => Severity::Medium,
            2 => Severity::High,
            3 => Severity::Critical,
            other => return Err(FromSqlError::OutOfRange(other)),
        };
        Ok(Self(severity))
    }
}

/// A value as JSON text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0);
        Ok(text.map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?.into())
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_sort_as_severities_do_and_come_back() {
        let levels = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
        for (rank, severity) in (0..).zip(levels) {
            assert_eq!(Level(severity).to_sql().unwrap(), ToSqlOutput::from(rank));
            assert_eq!(Level::column_result(ValueRef::Integer(rank)).unwrap(), Level(severity));
        }
        assert!(Level::column_result(ValueRef::Integer(4)).is_err());
        assert!(AlertStatus::column_result(ValueRef::Text(b"open")).is_err());
    }
}
