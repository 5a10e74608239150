//! What can go wrong with the store, and what to do about it.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// A problem with the database, and where that is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} Alert database: {}", path.display())]
pub struct StoreError {
    /// What is wrong.
    pub problem: StoreProblem,
    /// The database.
    pub path: PathBuf,
}

/// What is wrong with the database or with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreProblem {
    /// The folder above the database cannot be created.
    #[error("Cannot create the folder of the alert database: {0}. Choose another place or change the permissions.")]
    Folder(String),
    /// The file cannot be opened.
    #[error("Cannot open the alert database: {0}. Check that the path is a file and that you may read and write it.")]
    CannotOpen(String),
    /// The file is something else.
    #[error("The file is not a database. Choose another file, or move it away to begin a new database.")]
    NotADatabase,
    /// The file is the database of another program.
    #[error("The file is the database of another program and was left as it is. Choose another file.")]
    ForeignDatabase,
    /// The database was written by a newer version of this program.
    #[error("The database has version {found}, this program knows versions up to {supported}. Update the program.")]
    NewerVersion {
        /// Version of the database.
        found: i64,
        /// Newest version this program knows.
        supported: i64,
    },
    /// Another process is writing and did not finish in time.
    #[error("Another program is writing to the database. Nothing was changed; close the other program or try again.")]
    Locked,
    /// The file or its folder cannot be written.
    #[error("The database is read-only. Change the permissions of the file and its folder.")]
    ReadOnly,
    /// There is no room left.
    #[error("The disk is full. Nothing was changed; free some space and try again.")]
    DiskFull,
    /// The file is damaged.
    #[error("The database is damaged: {0}. Restore a backup, or move the file away to begin a new database.")]
    Damaged(String),
    /// Reading or writing the disk failed.
    #[error("The disk failed to read or write: {0}. Check the disk and the connection to it.")]
    Disk(String),
    /// No alert has that identity.
    #[error("There is no alert {0}. Nothing was changed; reload the queue.")]
    UnknownAlert(i64),
    /// A text that must say something is empty.
    #[error("The {0} is empty. Nothing was changed.")]
    Empty(&'static str),
    /// Anything else SQLite reports.
    #[error("The database reported: {0}.")]
    Other(String),
}

impl From<&rusqlite::Error> for StoreProblem {
    fn from(error: &rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        match error {
            E::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::NotADatabase => Self::NotADatabase,
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
                    Self::Locked
                }
                ErrorCode::ReadOnly => Self::ReadOnly,
                ErrorCode::DiskFull => Self::DiskFull,
                ErrorCode::DatabaseCorrupt => Self::Damaged(error.to_string()),
                // The text of the error itself would name the path, which comes last.
                ErrorCode::CannotOpen | ErrorCode::PermissionDenied => Self::CannotOpen(failure.to_string()),
                ErrorCode::SystemIoFailure => Self::Disk(error.to_string()),
                _ => Self::Other(error.to_string()),
            },
            E::FromSqlConversionFailure(..) | E::IntegralValueOutOfRange(..) | E::InvalidColumnType(..) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Other(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for StoreProblem {
    fn from(error: rusqlite::Error) -> Self {
        Self::from(&error)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn problem(code: i32) -> StoreProblem {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into()
    }

    #[test]
    fn codes_of_sqlite_become_problems_people_understand() {
        assert_eq!(problem(ffi::SQLITE_READONLY_DBMOVED), StoreProblem::ReadOnly);
        assert_eq!(problem(ffi::SQLITE_BUSY_SNAPSHOT), StoreProblem::Locked);
        assert_eq!(problem(ffi::SQLITE_FULL), StoreProblem::DiskFull);
        assert!(matches!(problem(ffi::SQLITE_CORRUPT), StoreProblem::Damaged(_)));
        assert!(matches!(problem(ffi::SQLITE_IOERR_READ), StoreProblem::Disk(_)));
        assert!(matches!(problem(ffi::SQLITE_CANTOPEN), StoreProblem::CannotOpen(_)));
        let error = StoreError { problem: StoreProblem::DiskFull, path: "/a/b.db".into() };
        assert!(error.to_string().ends_with("try again. Alert database: /a/b.db"));
    }
}
