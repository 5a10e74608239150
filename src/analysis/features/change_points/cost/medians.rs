//! The l1 cost: absolute deviations from the median, for any segment in logarithmic time.

use std::ops::Range;

use super::direct;
use super::double::Double;
use super::{Cost, Signal};
use crate::analysis::features::change_points::sweep::{QuerySweep, Sweep};
use crate::cx::{Cancelled, Cx};

/// Longest segment whose median is looked for anew.
const SORTED_ROWS: usize = 48;

/// Longest signal whose deviations are added up one by one, in numpy's order (see [`direct`]). In longer ones all but
/// the shortest segments come from prefix sums.
const SUMMED_ROWS: usize = 1024;

/// Sum of absolute deviations from each column's median.
///
/// Holds 20 bytes per value and binary digit of the number of rows: 34 MB for 100,000 values.
#[derive(Debug)]
pub(super) struct Medians<'a> {
    signal: &'a Signal,
    /// Empty for signals that need none.
    columns: Vec<WaveletMatrix>,
}

impl<'a> Medians<'a> {
    pub(super) fn new(signal: &'a Signal, cx: &Cx) -> Result<Self, Cancelled> {
        let n_columns = if signal.n_rows() > SORTED_ROWS { signal.n_columns() } else { 0 };
        let matrix = |column| WaveletMatrix::new(signal.column(column).collect(), cx);
        Ok(Self { signal, columns: (0..n_columns).map(matrix).collect::<Result<_, _>>()? })
    }

    fn sorted_median(rows: &[f64], n_columns: usize, column: usize) -> f64 {
        let mut memory = [0.0; SORTED_ROWS];
        let values = &mut memory[..rows.len() / n_columns];
        values.iter_mut().zip(rows.iter().skip(column).step_by(n_columns)).for_each(|(slot, value)| *slot = *value);
        direct::median(values)
    }
}

impl Cost for Medians<'_> {
    fn of(&self, rows: Range<usize>, _cx: &Cx) -> Result<f64, Cancelled> {
        if rows.len() > SORTED_ROWS && self.signal.n_rows() > SUMMED_ROWS {
            return Ok(self.columns.iter().map(|column| column.absolute_deviations(&rows)).sum());
        }
        let n_columns = self.signal.n_columns();
        let values = &self.signal.values()[rows.start * n_columns..rows.end * n_columns];
        let median = |column: usize| {
            if rows.len() <= SORTED_ROWS {
                Self::sorted_median(values, n_columns, column)
            } else {
                self.columns[column].median(&rows)
            }
        };
        Ok(if n_columns == 1 {
            direct::absolute_deviations(values, &[median(0)])
        } else {
            direct::absolute_deviations(values, &(0..n_columns).map(median).collect::<Vec<_>>())
        })
    }

    fn sweep(&self) -> Box<dyn Sweep + '_> {
        Box::new(QuerySweep::new(self))
    }
}

/// The values of a column, arranged so that the k smallest of any range are found digit by digit of their ranks
/// (Claude, Navarro and Ordóñez, "The wavelet matrix", 2015).
#[derive(Debug)]
struct WaveletMatrix {
    /// The values, ascending, without repeats.
    distinct: Vec<f64>,
    /// Median of the column: sums are of deviations from it, so that they stay small under any offset.
    pivot: f64,
    /// Prefix sums, in the order of the rows.
    sums: Vec<Double>,
    /// From the highest digit of the ranks on.
    levels: Vec<Level>,
}

/// One digit of the ranks. Values with a 0 go before those with a 1 on the next level.
#[derive(Debug)]
struct Level {
    /// How many of the first k values have a 0, for k from 0.
    zeros: Vec<u32>,
    /// Sum of those.
    sums: Vec<Double>,
}

impl WaveletMatrix {
    fn new(values: Vec<f64>, cx: &Cx) -> Result<Self, Cancelled> {
        let mut distinct = values.clone();
        distinct.sort_unstable_by(f64::total_cmp);
        let pivot = distinct.get(distinct.len() / 2).copied().unwrap_or_default();
        distinct.dedup();
        let rank = |value: &f64| distinct.partition_point(|other| other < value);
        let mut ranks: Vec<usize> = values.iter().map(rank).collect();
        let n_digits = usize::BITS - distinct.len().saturating_sub(1).leading_zeros();
        let sums = prefix_sums(values.iter().map(|value| value - pivot));
        let level = |digit: u32| {
            cx.check()?;
            let is_zero = |rank: usize| rank >> digit & 1 == 0;
            let zeros = std::iter::once(0).chain(ranks.iter().scan(0, |n, &rank| {
                *n += u32::from(is_zero(rank));
                Some(*n)
            }));
            let of_zeros = ranks.iter().map(|&rank| if is_zero(rank) { distinct[rank] - pivot } else { 0.0 });
            let level = Level { zeros: zeros.collect(), sums: prefix_sums(of_zeros) };
            let (mut next, ones): (Vec<usize>, Vec<usize>) = ranks.iter().copied().partition(|&rank| is_zero(rank));
            next.extend(ones);
            ranks = next;
            Ok(level)
        };
        let levels = (0..n_digits).rev().map(level).collect::<Result<_, _>>()?;
        Ok(Self { distinct, pivot, sums, levels })
    }

    /// Sum of the absolute deviations of some rows from their median.
    fn absolute_deviations(&self, rows: &Range<usize>) -> f64 {
        let n_below = rows.len() / 2;
        let (below, middle) = self.smallest(rows, n_below);
        let all = self.sums[rows.end] - self.sums[rows.start];
        let middle = if rows.len() % 2 == 1 { middle - self.pivot } else { 0.0 };
        // What lies above the median less what lies below: the median itself cancels out.
        (all - below - below - middle.into()).value().max(0.0)
    }

    /// Median of some rows, as numpy has it.
    fn median(&self, rows: &Range<usize>) -> f64 {
        let (_, middle) = self.smallest(rows, rows.len() / 2);
        if rows.len() % 2 == 1 { middle } else { (self.smallest(rows, rows.len() / 2 - 1).1 + middle) / 2.0 }
    }

    /// Sum of the deviations of the `n` smallest values of some rows, and the next value. There are more than `n` rows.
    fn smallest(&self, rows: &Range<usize>, mut n: usize) -> (Double, f64) {
        let Range { mut start, mut end } = *rows;
        let (mut sum, mut rank) = (Double::default(), 0);
        for level in &self.levels {
            let (zeros_start, zeros_end) = (level.zeros[start] as usize, level.zeros[end] as usize);
            let n_zeros = zeros_end - zeros_start;
            rank <<= 1;
            if n < n_zeros {
                (start, end) = (zeros_start, zeros_end);
            } else {
                sum = sum + (level.sums[end] - level.sums[start]);
                n -= n_zeros;
                rank |= 1;
                let all_zeros = level.zeros[level.zeros.len() - 1] as usize;
                (start, end) = (all_zeros + start - zeros_start, all_zeros + end - zeros_end);
            }
        }
        let value = self.distinct[rank];
        // What is left are repeats of the value itself.
        (sum + Double::product(value - self.pivot, n as f64), value)
    }
}

/// Sums of the first k values, for k from 0.
fn prefix_sums(values: impl Iterator<Item = f64>) -> Vec<Double> {
    let mut sum = Double::default();
    let mut sums = vec![sum];
    sums.extend(values.map(|value| {
        sum = sum + value.into();
        sum
    }));
    sums
}
