//! What lies in a cache folder, for people: how much of each kind, and how to be rid of it.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Serialize;

use super::disk::{Disk, Kind};

/// Files of one kind in a cache folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CacheUse {
    /// `features`, `matrix` (features prepared for the detectors), `scores` or `explanations` (of alerts).
    pub kind: &'static str,
    /// Number of results.
    pub n_files: u64,
    /// Their size.
    pub bytes: u64,
}

/// The folders within a cache folder: features with matrices, and scores with explanations.
pub(super) fn parts(folder: &Path) -> [PathBuf; 2] {
    ["features", "scores"].map(|part| folder.join(part))
}

/// What a cache folder holds, by kind. A folder that is not there holds nothing.
///
/// # Errors
/// Where the folder cannot be read.
pub fn cache_use(folder: &Path) -> io::Result<Vec<CacheUse>> {
    let mut found = Kind::ALL.map(|kind| CacheUse { kind: kind.name(), n_files: 0, bytes: 0 });
    for path in kept_files(folder)? {
        // Another program may have removed it meanwhile.
        let Ok(about) = fs::metadata(&path) else { continue };
        let kind = Kind::of(&path).map(Kind::name);
        for kept in found.iter_mut().filter(|kept| Some(kept.kind) == kind) {
            kept.n_files += 1;
            kept.bytes += about.len();
        }
    }
    Ok(found.to_vec())
}

/// Removes everything kept in a cache folder, and nothing else that may lie there.
///
/// # Errors
/// Where a file cannot be removed.
pub fn clear_cache(folder: &Path) -> io::Result<()> {
    for path in kept_files(folder)? {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    parts(folder).into_iter().map(Disk::new).for_each(|disk| disk.forget_removed());
    Ok(())
}

pub(super) fn kept_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for part in parts(folder) {
        let entries = match fs::read_dir(part) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        let paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        files.extend(paths.into_iter().filter(|path| Kind::of(path).is_some()));
    }
    Ok(files)
}
