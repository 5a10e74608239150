//! Where alerts, runs and the work of people are kept: one SQLite file with a journal that is never rewritten.
//!
//! A [`Store`] owns the only connection of this process that writes: changing methods take `&mut self`, so a program
//! keeps one store (on one thread, or behind a mutex) and never two. Every change is one transaction that holds the
//! write lock from its start. Another process that wants to write waits for it, up to the time given to
//! [`Store::open_waiting`]; readers never wait (write-ahead log). A transaction cut short, by an error or a crash,
//! leaves nothing behind.

mod codec;
mod error;
mod filter;
mod journal;
mod migrations;
mod read;
mod runs;
mod work;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, MAIN_DB, OpenFlags, Transaction, TransactionBehavior};

pub use error::{StoreError, StoreProblem};
pub use filter::{Filter, Presence};
pub use journal::{Applied, JournalEntry, UndoReport};
pub use read::Counts;
pub use runs::{RunOutcome, RunRecord, RunSummary};

/// Identity of an entry of the journal.
pub type JournalId = i64;
/// Identity of a recorded run.
pub type RunId = i64;

/// How long to wait for another process that is writing, unless told otherwise.
const DEFAULT_WAIT: Duration = Duration::from_secs(5);

/// The database of alerts, runs and the journal.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the database at `path`; creates it, and the folders above it, where there is none. A database of an older
    /// version is brought up to date. Waits up to five seconds for another process that is writing.
    ///
    /// # Errors
    /// When the folder or file cannot be created, read or written, when it is not a database of this program or of a
    /// newer version, when it is damaged, when another process keeps it locked, or when the disk is full.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_waiting(path, DEFAULT_WAIT)
    }

    /// [`Store::open`] with another time to wait for a process that is writing, here and in every later change.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open_waiting(path: &Path, wait: Duration) -> Result<Self, StoreError> {
        let at_path = |problem| StoreError { problem, path: path.to_owned() };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| at_path(StoreProblem::Folder(e.to_string())))?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> Result<Connection, StoreProblem> {
            let mut connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(wait)?;
            prepare(&mut connection)?;
            Ok(connection)
        };
        Ok(Self { connection: open().map_err(at_path)?, path: path.to_owned() })
    }

    /// A database in memory that ends with the store.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn in_memory() -> Result<Self, StoreError> {
        let path = PathBuf::from(":memory:");
        let open = || -> Result<Connection, StoreProblem> {
            let mut connection = Connection::open_in_memory()?;
            prepare(&mut connection)?;
            Ok(connection)
        };
        match open() {
            Ok(connection) => Ok(Self { connection, path }),
            Err(problem) => Err(StoreError { problem, path }),
        }
    }

    /// Where the database is; `:memory:` for one in memory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `change` in one transaction that holds the write lock; an error undoes all of it.
    fn write<T>(&mut self, change: impl FnOnce(&Transaction) -> Result<T, StoreProblem>) -> Result<T, StoreError> {
        let run = || -> Result<T, StoreProblem> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = change(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        run().map_err(|problem| StoreError { problem, path: self.path.clone() })
    }

    /// Runs several queries on one state of the database.
    fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, StoreProblem>) -> Result<T, StoreError> {
        let run = || -> Result<T, StoreProblem> {
            let transaction = self.connection.unchecked_transaction()?;
            let result = query(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        run().map_err(|problem| StoreError { problem, path: self.path.clone() })
    }
}

/// Checks that the database is ours, sets the connection up and brings the tables up to date.
fn prepare(connection: &mut Connection) -> Result<(), StoreProblem> {
    migrations::check_identity(connection)?;
    if connection.is_readonly(MAIN_DB)? {
        return Err(StoreProblem::ReadOnly);
    }
    // Foreign keys hold, a damaged schema runs no code, and REPLACE cannot slip past the journal's triggers.
    connection
        .execute_batch("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA recursive_triggers = ON;")?;
    // The default cache of 2 MB is small for a queue of 100,000 alerts.
    connection.execute_batch("PRAGMA cache_size = -32768;")?;
    use_write_ahead_log(connection)?;
    migrations::migrate(connection)
}

/// Switches to the write-ahead log. While another process does the same, SQLite says "busy" at once instead of
/// waiting, so that this tries again for a while. A file system without shared memory keeps the rollback journal.
fn use_write_ahead_log(connection: &Connection) -> Result<(), StoreProblem> {
    const ATTEMPTS: u32 = 50;
    const PAUSE: Duration = Duration::from_millis(10);
    for attempt in 1.. {
        match connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())) {
            Err(error) if attempt < ATTEMPTS && StoreProblem::from(&error) == StoreProblem::Locked => {
                std::thread::sleep(PAUSE);
            }
            done => return Ok(done?),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
