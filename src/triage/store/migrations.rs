//! Which tables there are, and how a database of any older version gets them.

use rusqlite::{Connection, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

use super::error::StoreProblem;

/// "TRSR" in the header of the file: what makes a SQLite database ours. Also set in `v1.sql`.
const APPLICATION_ID: i64 = 0x5452_5352;

/// Every step from an empty file to the newest version. Steps that were ever released are never changed.
const STEPS: &[M<'_>] = &[
    M::up(include_str!("v1.sql")),
    M::up(include_str!("v2.sql")),
    M::up(include_str!("v3.sql")),
    M::up(include_str!("v4.sql")),
];
const MIGRATIONS: Migrations<'_> = Migrations::from_slice(STEPS);

/// Refuses files that are not ours, and versions that are newer than this program. Changes nothing.
pub(super) fn check_identity(connection: &Connection) -> Result<(), StoreProblem> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let is_empty = number("SELECT count(*) FROM sqlite_schema")? == 0;
    if !is_empty && number("PRAGMA application_id")? != APPLICATION_ID {
        return Err(StoreProblem::ForeignDatabase);
    }
    let (found, supported) = (version(connection)?, newest());
    if found > supported { Err(StoreProblem::NewerVersion { found, supported }) } else { Ok(()) }
}

/// Brings the tables up to date, in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreProblem> {
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    let result = MIGRATIONS.to_latest(connection);
    connection.set_transaction_behavior(TransactionBehavior::Deferred);
    match result {
        Ok(()) => Ok(()),
        // Another process did the same between our look at the version and our lock.
        Err(_) if version(connection)? == newest() => Ok(()),
        Err(rusqlite_migration::Error::RusqliteError { err, .. }) => Err(err.into()),
        Err(other) => Err(StoreProblem::Other(other.to_string())),
    }
}

fn version(connection: &Connection) -> Result<i64, StoreProblem> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

fn newest() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_applies_and_marks_the_file_as_ours() {
        MIGRATIONS.validate().unwrap();
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(version(&connection).unwrap(), newest());
        let id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0)).unwrap();
        assert_eq!(id, APPLICATION_ID);
    }
}
