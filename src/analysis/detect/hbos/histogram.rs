//! Into which bin of a histogram does a value fall? Bins as numpy makes them.

use serde::{Deserialize, Serialize};

use crate::cx::{Cancelled, Cx};

/// Edges of bins of equal width, ascending; at least two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Range", into = "Range")]
pub(super) struct Edges {
    range: Range,
    edges: Vec<f64>,
    per_unit: f64,
}

/// What edges are made from, and saved as.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Range {
    first: f64,
    last: f64,
    n_bins: usize,
}

/// Where a value lies that is outside of all bins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Outside {
    /// The outermost bin on its side.
    pub(super) nearest: usize,
    /// Distance from the histogram, in widths of that bin.
    pub(super) widths: f64,
}

impl From<Range> for Edges {
    fn from(range: Range) -> Self {
        let Range { first, last, n_bins } = range;
        let step = (last - first) / n_bins as f64;
        // As numpy.linspace.
        let mut edges: Vec<f64> = (0..n_bins).map(|at| at as f64 * step + first).collect();
        edges.push(last);
        Self { range, edges, per_unit: n_bins as f64 / (last - first) }
    }
}

impl From<Edges> for Range {
    fn from(edges: Edges) -> Self {
        edges.range
    }
}

impl Edges {
    /// Edges of `n_bins` bins from `min` to `max`; from half below to half above `min` (or as much as changes it) where
    /// the range is too small for so many bins.
    pub(super) fn new(min: f64, max: f64, n_bins: usize) -> Self {
        let edges = Self::from(Range { first: min, last: max, n_bins });
        if edges.per_unit.is_finite() && edges.edges.is_sorted_by(|a, b| a < b) {
            return edges;
        }
        let half = (min.abs() * f64::EPSILON * 2.0 * n_bins as f64).max(0.5);
        Self::from(Range { first: min - half, last: min + half, n_bins })
    }

    /// Number of bins.
    pub(super) fn n_bins(&self) -> usize {
        self.edges.len() - 1
    }

    /// Width of each bin.
    pub(super) fn widths(&self) -> impl Iterator<Item = f64> {
        self.edges.windows(2).map(|edges| edges[1] - edges[0])
    }

    /// The bin with a value, as numpy.histogram counts it: an edge belongs to the bin above it, the last edge to the
    /// last bin. Values outside count to the nearest bin.
    pub(super) fn bin(&self, value: f64) -> usize {
        let bin = self.guess(value);
        if value < self.edges[bin] {
            bin.saturating_sub(1)
        } else if value >= self.edges[bin + 1] && bin + 1 < self.n_bins() {
            bin + 1
        } else {
            bin
        }
    }

    /// The bin with a value where an edge belongs to the bin below it, as numpy.digitize with `right=True`. The first
    /// edge lies outside.
    pub(super) fn bin_closed_right(&self, value: f64) -> Result<usize, Outside> {
        let last = self.n_bins();
        if value <= self.edges[0] {
            let width = self.edges[1] - self.edges[0];
            return Err(Outside { nearest: 0, widths: (self.edges[0] - value) / width });
        }
        if value > self.edges[last] {
            let width = self.edges[last] - self.edges[last - 1];
            return Err(Outside { nearest: last - 1, widths: (value - self.edges[last]) / width });
        }
        let bin = self.guess(value);
        Ok(if value <= self.edges[bin] {
            bin - 1
        } else if value > self.edges[bin + 1] {
            bin + 1
        } else {
            bin
        })
    }

    /// The bin with a value, or one beside it where rounding decides.
    fn guess(&self, value: f64) -> usize {
        (((value - self.edges[0]) * self.per_unit) as usize).min(self.n_bins() - 1)
    }
}

/// The number of bins that the method of Birgé and Rozenholc (2006) finds for ascending values, as PyOD's
/// `get_optimal_n_bins` has it: below the square root of their number, the smallest of equally good ones.
pub(super) fn optimal_n_bins(sorted: &[f64], cx: &Cx) -> Result<usize, Cancelled> {
    let (Some(&min), Some(&max)) = (sorted.first(), sorted.last()) else { return Ok(1) };
    let n = sorted.len() as f64;
    let mut best = (f64::NEG_INFINITY, 1);
    for n_bins in 1..(n.sqrt() as usize).max(2) {
        cx.check()?;
        let bins = n_bins as f64;
        let edges = Edges::new(min, max, n_bins);
        let mut start = 0;
        let mut likelihood = 0.0;
        for bin in 0..n_bins {
            let upper = edges.edges[bin + 1];
            let rest = &sorted[start..];
            let count = if bin + 1 == n_bins { rest.len() } else { rest.partition_point(|&value| value < upper) };
            start += count;
            let count = count as f64;
            likelihood += count * (bins * count / n + 1.0).ln() - (bins - 1.0 + bins.ln().powf(2.5));
        }
        if likelihood > best.0 {
            best = (likelihood, n_bins);
        }
    }
    Ok(best.1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bins_are_those_that_the_edges_say(
            min in -10.0..10.0, range in 1e-9..1e3, n_bins in 1..50_usize, share in -0.2..1.2,
        ) {
            let edges = Edges::new(min, min + range, n_bins);
            for value in edges.edges.iter().copied().chain([min + share * range]) {
                let below = edges.edges.iter().filter(|edge| **edge <= value).count();
                prop_assert_eq!(edges.bin(value), below.saturating_sub(1).min(n_bins - 1));
                let below = edges.edges.iter().filter(|edge| **edge < value).count();
                match edges.bin_closed_right(value) {
                    Ok(bin) => prop_assert_eq!(bin + 1, below),
                    Err(outside) => {
                        prop_assert!(below == 0 || below == n_bins + 1);
                        prop_assert_eq!(outside.nearest, if below == 0 { 0 } else { n_bins - 1 });
                        prop_assert!(outside.widths >= 0.0);
                    }
                }
            }
        }
    }

    #[test]
    fn ranges_without_room_for_bins_are_widened() {
        // numpy.histogram([2, 2], bins=4)[1]
        assert_eq!(Edges::new(2.0, 2.0, 4).edges, [1.5, 1.75, 2.0, 2.25, 2.5]);
        for (min, max) in [(1e16, 1e16 + 2.0), (0.0, 5e-324), (-1e150, -1e150), (1e300, 1e300)] {
            let edges = Edges::new(min, max, 10);
            assert!(edges.edges.is_sorted_by(|a, b| a < b), "{min} {max}");
            assert!(edges.bin(min) < 10 && edges.widths().all(|width| width > 0.0 && width.is_finite()));
        }
    }
}
