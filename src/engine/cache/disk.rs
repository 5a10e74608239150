//! Keeps features on disk between runs of the program, within limits of size and time.
//!
//! One file per node and an index. A file that is damaged, too old or of another version counts as absent and goes. No
//! trouble with the disk ever stops a run: what cannot be written is simply not kept.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::store::Limits;
use crate::analysis::features::{FittedNode, NodeColumns};
use crate::recipe::EvictionPolicy;

/// First bytes of a file; the number changes with the format.
const MAGIC: &[u8; 8] = b"tarsier1";

const INDEX: &str = "index.json";

/// A folder of computed features.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    folder: PathBuf,
}

/// What is known of the files, oldest use first where it matters.
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
    put_at_secs: u64,
    put: u64,
    used: u64,
    n_uses: u64,
}

impl Disk {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The features of a key, if they are here, whole and not too old.
    pub(super) fn get(&self, key: u64, limits: Limits) -> Option<NodeColumns> {
        let name = name(key);
        let mut index = self.index();
        let file = index.files.get_mut(&name)?;
        let age = now_secs().saturating_sub(file.put_at_secs);
        let path = self.folder.join(&name);
        let columns = if Duration::from_secs(age) > limits.ttl { None } else { read(&path).ok() };
        index.tick += 1;
        if columns.is_some() {
            (file.used, file.n_uses) = (index.tick, file.n_uses + 1);
        } else {
            index.files.remove(&name);
            let _ = fs::remove_file(&path);
        }
        let _ = self.write_index(&index);
        columns
    }

    /// Keeps features, and lets go of others where there is no room.
    ///
    /// # Errors
    /// Where the disk refuses; what was there before is still whole then.
    pub(super) fn put(&self, key: u64, columns: &NodeColumns, limits: Limits) -> io::Result<()> {
        let bytes = bytes_of(columns);
        if bytes > limits.bytes {
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        let name = name(key);
        let mut index = self.index();
        while index.files.values().map(|file| file.bytes).sum::<u64>() + bytes > limits.bytes {
            let Some(victim) = index.victim(limits.policy) else { break };
            let _ = fs::remove_file(self.folder.join(&victim));
            index.files.remove(&victim);
        }
        // Under another name until it is whole.
        let unfinished = self.folder.join(format!("{name}.{}.part", std::process::id()));
        let written = write(&unfinished, columns).and_then(|()| fs::rename(&unfinished, self.folder.join(&name)));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written?;
        index.tick += 1;
        let tick = index.tick;
        index.files.insert(name, File { bytes, put_at_secs: now_secs(), put: tick, used: tick, n_uses: 0 });
        self.write_index(&index)
    }

    /// The index; an empty one where there is none or it cannot be read. Files it does not know are removed then, so that
    /// they do not stay for ever.
    fn index(&self) -> Index {
        let text = fs::read_to_string(self.folder.join(INDEX));
        if let Some(index) = text.ok().and_then(|text| serde_json::from_str(&text).ok()) {
            return index;
        }
        for file in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if file.path().extension().is_some_and(|extension| extension == "features") {
                let _ = fs::remove_file(file.path());
            }
        }
        Index::default()
    }

    fn write_index(&self, index: &Index) -> io::Result<()> {
        let unfinished = self.folder.join(format!("{INDEX}.{}.part", std::process::id()));
        fs::write(&unfinished, serde_json::to_string(index)?)?;
        fs::rename(&unfinished, self.folder.join(INDEX))
    }
}

impl Index {
    fn victim(&self, policy: EvictionPolicy) -> Option<String> {
        let rank = |file: &File| match policy {
            EvictionPolicy::Lru => (file.used, 0),
            EvictionPolicy::Fifo => (file.put, 0),
            EvictionPolicy::Lfu => (file.n_uses, file.used),
        };
        self.files.iter().min_by_key(|(_, file)| rank(file)).map(|(name, _)| name.clone())
    }
}

fn name(key: u64) -> String {
    format!("{key:016x}.features")
}

fn now_secs() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age| age.as_secs())
}

/// Bytes of the values.
pub(super) fn bytes_of(columns: &NodeColumns) -> u64 {
    columns.columns.iter().map(|column| 8 * column.len() as u64).sum()
}

fn write(path: &Path, columns: &NodeColumns) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, fs::File::create(path)?);
    // RON keeps every bit of a float.
    let fitted = ron::to_string(&columns.fitted).map_err(io::Error::other)?;
    let n_rows = columns.columns.first().map_or(0, Vec::len);
    file.write_all(MAGIC)?;
    for number in [fitted.len(), columns.columns.len(), n_rows] {
        file.write_all(&(number as u64).to_le_bytes())?;
    }
    file.write_all(fitted.as_bytes())?;
    let mut sum = 0_u64;
    for value in columns.columns.iter().flatten() {
        sum = add(sum, value.to_bits());
        file.write_all(&value.to_le_bytes())?;
    }
    file.write_all(&sum.to_le_bytes())?;
    file.into_inner()?.sync_all()
}

fn read(path: &Path) -> io::Result<NodeColumns> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "damaged");
    let length = fs::metadata(path)?.len();
    let mut file = BufReader::with_capacity(1 << 20, fs::File::open(path)?);
    let mut magic = [0; 8];
    file.read_exact(&mut magic)?;
    if &magic != MAGIC {
        return Err(damaged());
    }
    let (n_fitted, n_columns, n_rows) = (word(&mut file)?, word(&mut file)?, word(&mut file)?);
    // Before anything is made room for: a damaged length must not ask for all memory.
    let needed = n_columns.checked_mul(n_rows).and_then(|n| n.checked_mul(8)).and_then(|n| n.checked_add(n_fitted));
    if needed.and_then(|n| n.checked_add(40)) != Some(length) {
        return Err(damaged());
    }
    let mut fitted = vec![0; n_fitted as usize];
    file.read_exact(&mut fitted)?;
    let fitted: FittedNode = ron::de::from_bytes(&fitted).map_err(io::Error::other)?;
    let mut sum = 0;
    let mut columns = Vec::with_capacity(n_columns as usize);
    for _ in 0..n_columns {
        let mut column = Vec::with_capacity(n_rows as usize);
        for _ in 0..n_rows {
            let bits = word(&mut file)?;
            sum = add(sum, bits);
            column.push(f64::from_bits(bits));
        }
        columns.push(column);
    }
    if word(&mut file)? == sum { Ok(NodeColumns { fitted, columns }) } else { Err(damaged()) }
}

fn word(file: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    file.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// A sum in which the order counts.
fn add(sum: u64, bits: u64) -> u64 {
    (sum.rotate_left(5) ^ bits).wrapping_mul(0x517C_C1B7_2722_0A95)
}
