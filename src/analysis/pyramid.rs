//! Min/max pyramid of a column: any range of it drawn with as few points as there are pixels, spikes included.
//!
//! Level k holds the smallest and largest value of every run of `BASE * FANOUT^k` values. NaN never takes part, and a
//! bucket of nothing but NaN stays a gap.

/// Values per bucket of the finest level. Below it the values themselves are drawn.
const BASE: usize = 16;
/// Buckets of one level per bucket of the next.
const FANOUT: usize = 4;

/// Smallest and largest of some values; `min > max` where there were none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

impl Bucket {
    const EMPTY: Self = Self { min: f64::INFINITY, max: f64::NEG_INFINITY };

    /// Whether it holds no value.
    pub fn is_empty(&self) -> bool {
        self.min > self.max
    }

    fn join(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    fn of(values: &[f64]) -> Self {
        values.iter().filter(|v| v.is_finite()).fold(Self::EMPTY, |b, &v| b.join(Self { min: v, max: v }))
    }
}

/// A column with its pyramid.
#[derive(Debug, Clone, Default)]
pub struct Pyramid {
    values: Vec<f64>,
    levels: Vec<Vec<Bucket>>,
}

/// What to draw for a range.
#[derive(Debug, Clone, PartialEq)]
pub enum Points<'a> {
    /// The values themselves, from this index on.
    Values {
        /// Index of the first value.
        start: usize,
        /// The values; NaN is a gap.
        values: &'a [f64],
    },
    /// Buckets of `width` values each, the first beginning at index `start`.
    Buckets {
        /// Index of the first value of the first bucket.
        start: usize,
        /// Values per bucket.
        width: usize,
        /// Smallest and largest value of each bucket.
        buckets: &'a [Bucket],
    },
}

impl Pyramid {
    /// Builds the pyramid of a column. The levels need about a sixth of the memory of the values.
    pub fn new(values: Vec<f64>) -> Self {
        let mut levels = Vec::new();
        let mut level: Vec<Bucket> = values.chunks(BASE).map(Bucket::of).collect();
        while level.len() > 1 {
            let next =
                level.chunks(FANOUT).map(|four| four.iter().copied().fold(Bucket::EMPTY, Bucket::join)).collect();
            levels.push(std::mem::replace(&mut level, next));
        }
        levels.push(level);
        Self { values, levels }
    }

    /// The column.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// What to draw for the values `start..end` with at most about `max_points` points (a bucket counts as one).
    pub fn view(&self, start: usize, end: usize, max_points: usize) -> Points<'_> {
        let end = end.min(self.values.len());
        let start = start.min(end);
        let max_points = max_points.max(1);
        if end - start <= max_points {
            return Points::Values { start, values: self.values.get(start..end).unwrap_or_default() };
        }
        let mut width = BASE;
        for (i, level) in self.levels.iter().enumerate() {
            if (end - start) / width <= max_points || i + 1 == self.levels.len() {
                let (first, last) = (start / width, end.div_ceil(width).min(level.len()));
                return Points::Buckets {
                    start: first * width,
                    width,
                    buckets: level.get(first..last).unwrap_or_default(),
                };
            }
            width *= FANOUT;
        }
        Points::Values { start, values: &[] }
    }

    /// Smallest and largest finite value of `start..end`; `None` where there is none.
    pub fn range(&self, start: usize, end: usize) -> Option<(f64, f64)> {
        let bucket = match self.view(start, end, 512) {
            Points::Values { values, .. } => Bucket::of(values),
            Points::Buckets { buckets, .. } => buckets.iter().copied().fold(Bucket::EMPTY, Bucket::join),
        };
        (!bucket.is_empty()).then_some((bucket.min, bucket.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_spike_survives_at_every_zoom() {
        let mut values = vec![0.0; 1_000_000];
        values[765_432] = 9.0;
        values[10] = f64::NAN;
        let pyramid = Pyramid::new(values);
        for max_points in [1, 10, 1000, 100_000] {
            let Points::Buckets { buckets, .. } = pyramid.view(0, 1_000_000, max_points) else {
                panic!("buckets expected")
            };
            assert!(buckets.len() <= 4 * max_points + 1);
            assert!(buckets.iter().any(|b| b.max == 9.0));
        }
    }

    #[test]
    fn gaps_stay_gaps() {
        let mut values = vec![f64::NAN; 64];
        values.extend([1.0; 64]);
        let pyramid = Pyramid::new(values);
        let Points::Buckets { buckets, width, .. } = pyramid.view(0, 128, 8) else { panic!("buckets expected") };
        assert_eq!(width, 16);
        assert!(buckets[..4].iter().all(Bucket::is_empty) && buckets[4..].iter().all(|b| b.min == 1.0));
        assert_eq!(pyramid.range(0, 64), None);
    }

    proptest! {
        #[test]
        fn every_view_keeps_smallest_and_largest(values in prop::collection::vec(-1e6f64..1e6, 1..2000), a in 0usize..2000, b in 0usize..2000, points in 1usize..300) {
            let (start, end) = (a.min(b).min(values.len()), a.max(b).min(values.len()));
            let pyramid = Pyramid::new(values.clone());
            let expected = Bucket::of(&values[start..end]);
            let (seen, covered) = match pyramid.view(start, end, points) {
                Points::Values { start: s, values: v } => (Bucket::of(v), s..s + v.len()),
                Points::Buckets { start: s, width, buckets } => {
                    (buckets.iter().copied().fold(Bucket::EMPTY, Bucket::join), s..(s + width * buckets.len()).min(values.len()))
                }
            };
            prop_assert!(covered.start <= start && covered.end >= end);
            prop_assert!(seen.min <= expected.min && seen.max >= expected.max);
        }
    }
}
