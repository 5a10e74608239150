//! Keeps results on disk between runs of the program, within limits of size and time.
//!
//! One file per result and an index of their uses. A file that is damaged, too old or of another version counts as absent
//! and goes. No trouble with the disk ever stops a run: what cannot be written is simply not kept. Several programs may
//! use a folder at once: a file appears whole, and the index is held against the folder each time it is read, so that
//! the worst they do to each other is a forgotten count of uses.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::file::{self, Parts};
use super::store::Limits;
use crate::recipe::EvictionPolicy;

const INDEX: &str = "index.json";

/// Files of a folder at most: looking through them must stay quick.
const MOST_FILES: usize = 4096;

/// An unfinished file as old as this was left by a program that was stopped.
const ABANDONED: Duration = Duration::from_secs(3600);

/// What a file keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Features,
    Matrix,
    Scores,
    Explanations,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Features, Self::Matrix, Self::Scores, Self::Explanations];

    /// Ending of the names of its files.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Features => "features",
            Self::Matrix => "matrix",
            Self::Scores => "scores",
            Self::Explanations => "explanations",
        }
    }

    /// The kind of a file.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        Self::ALL.into_iter().find(|kind| extension == kind.name())
    }
}

/// A folder of kept results.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    /// Held while the index changes: several threads put at once.
    writing: Mutex<()>,
    /// Numbers the unfinished files of this program.
    n_parts: AtomicU64,
}

/// What is known of the files.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Index {
    files: BTreeMap<String, File>,
    /// Counts puts and uses.
    tick: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct File {
    bytes: u64,
    /// Seconds since 1970-01-01 UTC.
    used_at_secs: u64,
    put: u64,
    used: u64,
    n_uses: u64,
}

impl Disk {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, writing: Mutex::default(), n_parts: AtomicU64::new(0) }
    }

    /// What is kept of a key, if it is here, whole and not too old.
    pub(super) fn get(&self, kind: Kind, key: u64, limits: Limits) -> Option<Parts> {
        let name = name(kind, key);
        let path = self.folder.join(&name);
        if !path.exists() {
            return None;
        }
        let parts = file::read(&path, key).ok();
        self.change(|index| {
            let file = index.files.get_mut(&name)?;
            let is_old = Duration::from_secs(now_secs().saturating_sub(file.used_at_secs)) > limits.ttl;
            if parts.is_none() || is_old {
                index.files.remove(&name);
                let _ = fs::remove_file(&path);
                return None;
            }
            index.tick += 1;
            (file.used, file.n_uses, file.used_at_secs) = (index.tick, file.n_uses + 1, now_secs());
            parts
        })
    }

    /// Keeps a result, and lets go of others where there is no room. One larger than the whole room is not kept.
    ///
    /// # Errors
    /// Where the disk refuses; what was there before is still whole then.
    pub(super) fn put(&self, kind: Kind, key: u64, text: &str, columns: &[&[f64]], limits: Limits) -> io::Result<()> {
        let bytes = file::length(text, columns);
        if bytes > limits.bytes {
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        let name = name(kind, key);
        // Room first: the old and the new together might not fit.
        self.change(|index| {
            index.files.remove(&name);
            for gone in index.too_many(bytes, limits) {
                index.files.remove(&gone);
                let _ = fs::remove_file(self.folder.join(gone));
            }
        });
        // Under another name until it is whole.
        let unfinished = self.unfinished(&name);
        let path = self.folder.join(&name);
        let written = file::write(&unfinished, key, text, columns).and_then(|()| fs::rename(&unfinished, &path));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written?;
        self.change(|index| {
            index.tick += 1;
            let tick = index.tick;
            index.files.insert(name, File { bytes, used_at_secs: now_secs(), put: tick, used: tick, n_uses: 0 });
        });
        Ok(())
    }

    /// Brings the index up to date after files were removed.
    pub(super) fn forget_removed(&self) {
        if self.folder.exists() {
            self.change(|_| ());
        }
    }

    /// Reads the index, changes it and writes it. One that cannot be written is made again from the files.
    fn change<T>(&self, change: impl FnOnce(&mut Index) -> T) -> T {
        let _held = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let text = fs::read_to_string(self.folder.join(INDEX));
        let mut index: Index = text.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        index.agree_with(&self.folder);
        let result = change(&mut index);
        let unfinished = self.unfinished(INDEX);
        let text = serde_json::to_string(&index).unwrap_or_default();
        if fs::write(&unfinished, text).and_then(|()| fs::rename(&unfinished, self.folder.join(INDEX))).is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        result
    }

    fn unfinished(&self, name: &str) -> PathBuf {
        let number = self.n_parts.fetch_add(1, Ordering::Relaxed);
        self.folder.join(format!("{name}.{}-{number}.part", std::process::id()))
    }
}

impl Index {
    /// Takes in files that another program put, and forgets those that are gone.
    fn agree_with(&mut self, folder: &Path) {
        let mut known = std::mem::take(&mut self.files);
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if Kind::of(&path).is_some() {
                let new = || {
                    let about = entry.metadata().ok()?;
                    let used_at_secs = about.modified().map_or(0, secs);
                    Some(File { bytes: about.len(), used_at_secs, put: self.tick, used: self.tick, n_uses: 0 })
                };
                if let Some(file) = known.remove(&name).or_else(new) {
                    self.files.insert(name, file);
                }
            } else if path.extension().is_some_and(|extension| extension == "part") {
                let changed = entry.metadata().and_then(|about| about.modified());
                let age = changed.ok().and_then(|changed| changed.elapsed().ok());
                if age.is_some_and(|age| age > ABANDONED) {
                    let _ = fs::remove_file(path);
                }
            }
        }
    }

    /// Files that must go before one of so many bytes comes: the old ones, then as the policy says.
    fn too_many(&self, bytes: u64, limits: Limits) -> Vec<String> {
        let now = now_secs();
        let is_old = |file: &File| Duration::from_secs(now.saturating_sub(file.used_at_secs)) > limits.ttl;
        let rank = |file: &File| match limits.policy {
            EvictionPolicy::Lru => (file.used, 0),
            EvictionPolicy::Fifo => (file.put, 0),
            EvictionPolicy::Lfu => (file.n_uses, file.used),
        };
        let mut files: Vec<(&String, &File)> = self.files.iter().collect();
        files.sort_by_key(|(_, file)| (!is_old(file), rank(file)));
        let mut held: u64 = files.iter().map(|(_, file)| file.bytes).sum();
        let mut n_files = files.len();
        let mut gone = Vec::new();
        for (name, file) in files {
            if !is_old(file) && held.saturating_add(bytes) <= limits.bytes && n_files < MOST_FILES {
                break;
            }
            gone.push(name.clone());
            (held, n_files) = (held - file.bytes, n_files - 1);
        }
        gone
    }
}

fn name(kind: Kind, key: u64) -> String {
    format!("{key:016x}.{}", kind.name())
}

fn now_secs() -> u64 {
    secs(SystemTime::now())
}

fn secs(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age| age.as_secs())
}
