//! The rbf cost: spread of a segment in the feature space of a Gaussian kernel.

use std::ops::Range;

use super::{Cost, Segment, Signal};
use crate::analysis::features::change_points::ChangePointError;
use crate::analysis::features::change_points::sweep::{Sweep, compact};
use crate::cx::{Cancelled, Cx};

/// Most rows: every pair of rows is looked at, and more would take longer than anyone waits.
pub(in super::super) const MAX_ROWS: usize = 20_000;

/// Rows of a segment less their mean similarity. The similarity of two rows is exp(-gamma d²) with d² their squared
/// distance and gamma d² held within 0.01 to 100; that of a row with itself is 1 (as in ruptures' `CostRbf`).
///
/// Similarities are computed where they are needed, so the memory grows with the number of rows, not its square.
#[derive(Debug)]
pub(in super::super) struct Kernel<'a> {
    signal: &'a Signal,
    gamma: f64,
}

impl<'a> Kernel<'a> {
    /// `gamma` is 1 over the median of all squared distances where it is not given (1 where that is 0).
    ///
    /// # Errors
    /// More than [`MAX_ROWS`] rows, a `gamma` that is not above 0, or cancelled.
    pub(in super::super) fn new(signal: &'a Signal, gamma: Option<f64>, cx: &Cx) -> Result<Self, ChangePointError> {
        if signal.n_rows() > MAX_ROWS {
            return Err(ChangePointError::TooManyRows { n_rows: signal.n_rows(), most: MAX_ROWS });
        }
        let mut kernel = Self { signal, gamma: 1.0 };
        match gamma {
            Some(gamma) if gamma > 0.0 && gamma.is_finite() => kernel.gamma = gamma,
            Some(gamma) => return Err(ChangePointError::Gamma { gamma }),
            None => {
                let median = kernel.median_distance(cx)?;
                if median > 0.0 {
                    kernel.gamma = (1.0 / median).min(f64::MAX);
                }
            }
        }
        Ok(kernel)
    }

    fn distance(&self, a: usize, b: usize) -> f64 {
        self.signal.row(a).iter().zip(self.signal.row(b)).map(|(x, y)| (x - y) * (x - y)).sum()
    }

    /// Similarity of two different rows.
    pub(in super::super) fn similarity(&self, a: usize, b: usize) -> f64 {
        (-(self.gamma * self.distance(a, b)).clamp(1e-2, 1e2)).exp()
    }

    /// Sum of the similarities between two sets of rows that do not overlap.
    fn between(&self, left: &Range<usize>, right: &Range<usize>, cx: &Cx) -> Result<f64, Cancelled> {
        let mut sum = 0.0;
        for b in right.clone() {
            cx.check()?;
            sum += left.clone().map(|a| self.similarity(a, b)).sum::<f64>();
        }
        Ok(sum)
    }

    /// Median of the squared distances of all pairs of rows; 0 without a pair.
    fn median_distance(&self, cx: &Cx) -> Result<f64, Cancelled> {
        let n = self.signal.n_rows();
        let n_pairs = n * n.saturating_sub(1) / 2;
        if n_pairs == 0 {
            return Ok(0.0);
        }
        let nth =
            |rank| if self.signal.n_columns() == 1 { Ok(self.nth_gap(rank)) } else { self.nth_distance(rank, cx) };
        let upper = nth(n_pairs / 2)?;
        Ok(if n_pairs % 2 == 1 { upper } else { nth(n_pairs / 2 - 1)?.midpoint(upper) })
    }

    /// As [`Kernel::nth_distance`], for one column: distances grow along the sorted values, so those up to a bound are
    /// counted in one go. The bound is found bit by bit.
    fn nth_gap(&self, rank: usize) -> f64 {
        let mut sorted = self.signal.values().to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let n_below = |bound: f64| {
            let mut first = 0;
            let mut count = 0;
            for (last, value) in sorted.iter().enumerate() {
                while first < last && (value - sorted[first]) * (value - sorted[first]) >= bound {
                    first += 1;
                }
                count += last - first;
            }
            count
        };
        let with = |bits: u64, bit: u32| bits | 1 << bit;
        // No more than `rank` are below the distance looked for, and of all such bounds it is the largest.
        let bits = (0..63).rev().fold(0, |bits, bit| {
            let bound = f64::from_bits(with(bits, bit));
            if bound.is_finite() && n_below(bound) <= rank { with(bits, bit) } else { bits }
        });
        f64::from_bits(bits)
    }

    /// The distance with `rank` others before it. Finds its bits sixteen at a time, each time going through all
    /// pairs: distances are not negative, so they are ordered as their bits.
    fn nth_distance(&self, rank: usize, cx: &Cx) -> Result<f64, Cancelled> {
        let (mut known, mut n_below) = (0_u64, 0);
        for shift in [48, 32, 16, 0] {
            let mut counts = vec![0_usize; 1 << 16];
            for b in 1..self.signal.n_rows() {
                cx.check()?;
                for a in 0..b {
                    let bits = self.distance(a, b).to_bits() >> shift;
                    if bits >> 16 == known {
                        counts[(bits & 0xffff) as usize] += 1;
                    }
                }
            }
            let mut digit = 0;
            while digit + 1 < counts.len() && n_below + counts[digit] <= rank {
                n_below += counts[digit];
                digit += 1;
            }
            known = known << 16 | digit as u64;
        }
        Ok(f64::from_bits(known))
    }
}

/// Cost of `n` rows with that sum of all similarities.
fn cost(n: usize, similarities: f64) -> f64 {
    n as f64 - similarities / n as f64
}

/// Sum of all similarities of a segment.
fn similarities(segment: &Segment) -> f64 {
    let n = segment.rows.len() as f64;
    n * (n - segment.cost)
}

impl Cost for Kernel<'_> {
    fn of(&self, rows: Range<usize>, cx: &Cx) -> Result<f64, Cancelled> {
        let mut sum = 0.0;
        for row in rows.clone() {
            sum += 1.0 + 2.0 * self.between(&(rows.start..row), &(row..row + 1), cx)?;
        }
        Ok(cost(rows.len(), sum))
    }

    fn parts(&self, rows: Range<usize>, cuts: &[usize], cx: &Cx) -> Result<Vec<(f64, f64)>, Cancelled> {
        // Per row, similarity to the rows before it and to those after it; then from either end to each cut.
        let (mut before, mut after) = (vec![0.0; rows.len()], vec![0.0; rows.len()]);
        for b in 0..rows.len() {
            cx.check()?;
            let mut sum = 0.0;
            for (a, after) in after[..b].iter_mut().enumerate() {
                let similarity = self.similarity(rows.start + a, rows.start + b);
                sum += similarity;
                *after += similarity;
            }
            before[b] = sum;
        }
        let running = |sum: &mut f64, &others: &f64| {
            *sum += 1.0 + 2.0 * others;
            Some(*sum)
        };
        let lefts: Vec<f64> = before.iter().scan(0.0, running).collect();
        let rights: Vec<f64> = after.iter().rev().scan(0.0, running).collect();
        let of_cut = |&cut: &usize| {
            let (n_left, n_right) = (cut - rows.start, rows.end - cut);
            (cost(n_left, lefts[n_left - 1]), cost(n_right, rights[n_right - 1]))
        };
        Ok(cuts.iter().map(of_cut).collect())
    }

    fn merged(&self, left: &Segment, right: &Segment, cx: &Cx) -> Result<f64, Cancelled> {
        let between = self.between(&left.rows, &right.rows, cx)?;
        let sum = similarities(left) + similarities(right) + 2.0 * between;
        Ok(cost(right.rows.end - left.rows.start, sum))
    }

    fn sweep(&self) -> Box<dyn Sweep + '_> {
        Box::new(KernelSweep { kernel: self, end: 0, starts: Vec::new(), sums: Vec::new(), costs: Vec::new() })
    }
}

/// Keeps the sum of similarities of each open segment.
struct KernelSweep<'a> {
    kernel: &'a Kernel<'a>,
    end: usize,
    starts: Vec<usize>,
    sums: Vec<f64>,
    costs: Vec<f64>,
}

impl Sweep for KernelSweep<'_> {
    fn open(&mut self) {
        self.starts.push(self.end);
        self.sums.push(0.0);
    }

    fn push(&mut self) {
        // From the newest segment to the oldest, each adds the rows that only it and older ones hold.
        let (mut similar, mut reached) = (0.0, self.end);
        for (&start, sum) in self.starts.iter().zip(&mut self.sums).rev() {
            similar += (start..reached).map(|row| self.kernel.similarity(row, self.end)).sum::<f64>();
            reached = start;
            *sum += 1.0 + 2.0 * similar;
        }
        self.end += 1;
    }

    fn costs(&mut self, n: usize, _cx: &Cx) -> Result<&[f64], Cancelled> {
        self.costs.clear();
        self.costs.extend(self.starts.iter().zip(&self.sums).take(n).map(|(start, &sum)| cost(self.end - start, sum)));
        Ok(&self.costs)
    }

    fn retain(&mut self, keep: &[bool]) {
        compact(&mut self.starts, keep);
        compact(&mut self.sums, keep);
    }
}
