//! The form of a kept file: a text and columns of numbers, with a sum over all of it.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// First bytes of a file; the number changes with the form.
const MAGIC: u64 = u64::from_le_bytes(*b"tarsier2");

/// Words before the text: magic, key, length of the text, columns, rows.
const HEADER: usize = 5;

/// Numbers that are converted at a time.
const BLOCK: usize = 8192;

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parts {
    /// What is kept besides numbers.
    pub(super) text: String,
    /// Columns of one length.
    pub(super) columns: Vec<Vec<f64>>,
}

/// Bytes of a file with such parts.
pub(super) fn length(text: &str, columns: &[&[f64]]) -> u64 {
    let n_values: usize = columns.iter().map(|column| column.len()).sum();
    (8 * (HEADER + n_values + 1) + text.len()) as u64
}

/// Writes a file. The columns must have one length.
pub(super) fn write(path: &Path, key: u64, text: &str, columns: &[&[f64]]) -> io::Result<()> {
    let n_rows = columns.first().map_or(0, |column| column.len());
    let mut file = BufWriter::with_capacity(8 * BLOCK, File::create(path)?);
    let mut sum = Sum::default();
    for word in [MAGIC, key, text.len() as u64, columns.len() as u64, n_rows as u64] {
        sum.add(word);
        file.write_all(&word.to_le_bytes())?;
    }
    sum.add_text(text.as_bytes());
    file.write_all(text.as_bytes())?;
    for value in columns.iter().copied().flatten() {
        sum.add(value.to_bits());
        file.write_all(&value.to_le_bytes())?;
    }
    file.write_all(&sum.0.to_le_bytes())?;
    // No wait for the disk: a file cut short by a loss of power is noticed when it is read.
    file.into_inner()?.flush()
}

/// Reads the file of a key.
///
/// # Errors
/// Where it cannot be read, is damaged, of another form, or belongs to another key.
pub(super) fn read(path: &Path, key: u64) -> io::Result<Parts> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "damaged");
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut file = BufReader::with_capacity(8 * BLOCK, file);
    let mut sum = Sum::default();
    let mut header = [0; HEADER];
    for word in &mut header {
        *word = read_word(&mut file)?;
        sum.add(*word);
    }
    let [magic, own_key, n_text, n_columns, n_rows] = header;
    // Before anything is made room for: a damaged length must not ask for all memory.
    let values = n_columns.checked_mul(n_rows).and_then(|n| n.checked_mul(8));
    let expected = values.and_then(|n| n.checked_add(n_text)).and_then(|n| n.checked_add(8 * (HEADER as u64 + 1)));
    if magic != MAGIC || own_key != key || expected != Some(length) || (n_rows == 0 && n_columns > 0) {
        return Err(damaged());
    }
    let mut text = vec![0; n_text as usize];
    file.read_exact(&mut text)?;
    sum.add_text(&text);
    let mut columns = Vec::with_capacity(n_columns as usize);
    let mut bytes = vec![0; 8 * BLOCK];
    for _ in 0..n_columns {
        let mut column: Vec<f64> = Vec::with_capacity(n_rows as usize);
        while column.len() < n_rows as usize {
            let n = BLOCK.min(n_rows as usize - column.len());
            let block = bytes.get_mut(..8 * n).unwrap_or_default();
            file.read_exact(block)?;
            column.extend(block.as_chunks().0.iter().map(|&bytes| {
                let bits = u64::from_le_bytes(bytes);
                sum.add(bits);
                f64::from_bits(bits)
            }));
        }
        columns.push(column);
    }
    if read_word(&mut file)? != sum.0 {
        return Err(damaged());
    }
    Ok(Parts { text: String::from_utf8(text).map_err(|_| damaged())?, columns })
}

fn read_word(file: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    file.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// A sum in which the order counts. It is there against damage, not against people.
#[derive(Debug, Default)]
struct Sum(u64);

impl Sum {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517C_C1B7_2722_0A95);
    }

    fn add_text(&mut self, text: &[u8]) {
        for chunk in text.chunks(8) {
            let mut bytes = [0; 8];
            bytes.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            self.add(u64::from_le_bytes(bytes));
        }
    }
}
