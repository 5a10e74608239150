//! What does a quality report say about a table, and how is it found out?

use polars::prelude::{Column as Values, DataType};
use rayon::slice::ParallelSliceMut;

use super::load::LoadError;
use super::{SeriesOrder, Table};
use crate::cx::{Cancelled, Cx};

/// Quality of a table as it was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quality {
    /// Rows read.
    pub n_rows: usize,
    /// Rows equal to an earlier one in every column.
    pub n_duplicate_rows: usize,
    /// Per column, in the order of the table.
    pub columns: Vec<ColumnQuality>,
    /// Median step between consecutive rows of an entity, in microseconds; rows of the same time are left out.
    /// `None` without a time column.
    pub median_step_micros: Option<i64>,
    /// Steps longer than 1.5 times the median step.
    pub n_gaps: usize,
    /// Rows earlier than the row before them (of the same entity, in file order).
    pub n_out_of_order: usize,
    /// Rows with the same entity and time as an earlier row.
    pub n_repeated_times: usize,
    /// Rows whose time was missing or unreadable; they take the time of the row before.
    pub n_missing_times: usize,
}

/// Quality of one column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnQuality {
    /// The column.
    pub name: String,
    /// Missing values, NaN included.
    pub n_missing: usize,
    /// Infinite values.
    pub n_infinite: usize,
    /// Whether all values present are equal (also: none is present).
    pub is_constant: bool,
}

/// The quality of a table. Takes 8 bytes per row while it works.
pub(super) fn compute(table: &Table, n_missing_times: usize, cx: &Cx) -> Result<Quality, LoadError> {
    let n_rows = table.n_rows();
    cx.progress().start("Checking quality", table.frame.width() as u64);
    let mut quality = Quality { n_rows, n_missing_times, ..Quality::default() };
    // A hash of 64 bits per row: among ten million rows the chance of one false duplicate is one in 400 000.
    let mut hashes = vec![0_u64; n_rows];
    for values in table.frame.columns() {
        cx.check()?;
        quality.columns.push(of_column(values, &mut hashes));
        cx.progress().add(1);
    }
    cx.check()?;
    hashes.par_sort_unstable();
    quality.n_duplicate_rows = hashes.windows(2).filter(|pair| matches!(pair, [a, b] if a == b)).count();
    of_times(table, &mut quality, cx)?;
    Ok(quality)
}

/// Mixes a value into a hash. The multiplier is that of splitmix64 (Steele, Lea and Flood, 2014).
fn mix(hash: u64, value: u64) -> u64 {
    let mixed = (hash ^ value).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 29)).wrapping_add(0x9e37_79b9_7f4a_7c15)
}

const MISSING: u64 = 0x6d69_7373;

fn of_column(values: &Values, hashes: &mut [u64]) -> ColumnQuality {
    let name = values.name().to_string();
    if let Ok(text) = values.str() {
        let mut missing = 0;
        let mut constant = Constant::default();
        for (hash, text) in hashes.iter_mut().zip(text.iter()) {
            *hash = match text {
                Some(text) => {
                    let bits = text_bits(text);
                    constant.see(bits);
                    mix(*hash, bits)
                }
                None => {
                    missing += 1;
                    mix(*hash, MISSING)
                }
            };
        }
        return ColumnQuality {
            name,
            n_missing: missing,
            n_infinite: 0,
            is_constant: constant.0.is_none_or(|(_, c)| c),
        };
    }
    // Whole numbers beyond 2^53 differ as integers only.
    let physical = values.to_physical_repr();
    if let Ok(numbers) = physical.i64() {
        return of_numbers(name, numbers.iter().map(|v| v.map(|v| (v as u64, false))), hashes);
    }
    let Ok(numbers) = values.cast(&DataType::Float64) else {
        return ColumnQuality { name, ..ColumnQuality::default() };
    };
    let Ok(numbers) = numbers.f64() else { return ColumnQuality { name, ..ColumnQuality::default() } };
    // Adding zero makes the two zeros one.
    let bits = |v: f64| (!v.is_nan()).then(|| ((v + 0.0).to_bits(), v.is_infinite()));
    of_numbers(name, numbers.iter().map(|v| v.and_then(bits)), hashes)
}

fn of_numbers(name: String, bits: impl Iterator<Item = Option<(u64, bool)>>, hashes: &mut [u64]) -> ColumnQuality {
    let (mut n_missing, mut n_infinite) = (0, 0);
    let mut constant = Constant::default();
    for (hash, value) in hashes.iter_mut().zip(bits) {
        *hash = match value {
            Some((bits, infinite)) => {
                n_infinite += usize::from(infinite);
                constant.see(bits);
                mix(*hash, bits)
            }
            None => {
                n_missing += 1;
                mix(*hash, MISSING)
            }
        };
    }
    ColumnQuality { name, n_missing, n_infinite, is_constant: constant.0.is_none_or(|(_, constant)| constant) }
}

/// The first value seen, and whether all others were equal to it.
#[derive(Default)]
struct Constant(Option<(u64, bool)>);

impl Constant {
    fn see(&mut self, bits: u64) {
        match &mut self.0 {
            None => self.0 = Some((bits, true)),
            Some((first, constant)) => *constant &= *first == bits,
        }
    }
}

fn text_bits(text: &str) -> u64 {
    text.as_bytes().chunks(8).fold(text.len() as u64, |hash, chunk| {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        mix(hash, u64::from_le_bytes(bytes))
    })
}

fn of_times(table: &Table, quality: &mut Quality, cx: &Cx) -> Result<(), Cancelled> {
    let Some(times) = table.time() else { return Ok(()) };
    let time = |row: u32| times.get(row as usize).copied().unwrap_or(0);
    quality.n_out_of_order = out_of_order(table, times);
    cx.check()?;
    let order = SeriesOrder::of(table);
    cx.check()?;
    let mut steps: Vec<i64> = Vec::with_capacity(times.len());
    for group in order.groups() {
        steps.extend(group.windows(2).filter_map(|pair| match pair {
            [a, b] => Some(time(*b).saturating_sub(time(*a))),
            _ => None,
        }));
    }
    let n_steps = steps.len();
    steps.retain(|&step| step > 0);
    quality.n_repeated_times = n_steps - steps.len();
    let middle = steps.len().saturating_sub(1) / 2;
    let median = if steps.is_empty() { 0 } else { *steps.select_nth_unstable(middle).1 };
    quality.n_gaps = steps.iter().filter(|&&step| step as f64 > 1.5 * median as f64).count();
    quality.median_step_micros = (!steps.is_empty()).then_some(median);
    Ok(())
}

fn out_of_order(table: &Table, times: &[i64]) -> usize {
    let Some(entities) = table.entities() else {
        return times.windows(2).filter(|pair| matches!(pair, [a, b] if b < a)).count();
    };
    let mut last = vec![i64::MIN; entities.names.len()];
    let mut n = 0;
    for (&code, &time) in entities.codes.iter().zip(times) {
        if let Some(last) = last.get_mut(code as usize) {
            n += usize::from(time < *last);
            *last = time;
        }
    }
    n
}

#[cfg(test)]
mod tests {
    use polars::df;

    use crate::cx::Cx;
    use crate::data::Table;
    use crate::recipe::DataConfig;

    #[test]
    fn a_report_counts_what_is_wrong() {
        let minute = |m: i64| format!("2025-01-01 00:{m:02}:00");
        let frame = df!(
            // Host a: 0, 1, 2, 10 (a gap), 10 (repeated); host b: 5, 3 (out of order), 4.
            "time" => [0, 1, 2, 10, 10, 5, 3, 4].map(minute),
            "host" => ["a", "a", "a", "a", "a", "b", "b", "b"],
            "x" => [Some(1.0), None, Some(f64::NAN), Some(f64::INFINITY), Some(f64::INFINITY), Some(-0.0), Some(0.0), Some(2.0)],
            "c" => [Some(5), Some(5), None, Some(5), Some(5), Some(5), Some(5), Some(5)]
        );
        let table =
            Table::from_frame("t", "test:t", frame.unwrap(), vec![], &DataConfig::default(), &Cx::default()).unwrap();
        let quality = &table.quality;
        assert_eq!((quality.n_rows, quality.n_duplicate_rows), (8, 1));
        assert_eq!(quality.median_step_micros, Some(60_000_000));
        assert_eq!((quality.n_gaps, quality.n_out_of_order, quality.n_repeated_times), (1, 1, 1));
        let x = &quality.columns[2];
        assert_eq!((x.n_missing, x.n_infinite, x.is_constant), (2, 2, false));
        let c = &quality.columns[3];
        assert_eq!((c.n_missing, c.n_infinite, c.is_constant), (1, 0, true));
    }

    #[test]
    fn duplicates_are_rows_not_single_values() {
        let frame = df!("a" => [1, 2, 1, 2, 1], "b" => ["x", "x", "y", "x", "x"]).unwrap();
        let table = Table::from_frame("t", "test:t", frame, vec![], &DataConfig::default(), &Cx::default()).unwrap();
        assert_eq!(table.quality.n_duplicate_rows, 2);
        assert_eq!(table.quality.median_step_micros, None);
    }
}
