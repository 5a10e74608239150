//! Moving means, over a whole series and value by value.
//!
//! The series is cut into blocks as long as the window. A window is the end of one block and the beginning of the next,
//! so its sum is one suffix sum and one prefix sum (van Herk 1992, there for extremes): constant cost per value, and
//! no rounding error outlives the value that caused it.

use serde::{Deserialize, Serialize};

/// The mean of each window of `window` (at least 1) values, the first window first; `means` is then one mean for each
/// of the `values.len() - window + 1` windows. Empty where no window fits. Needs the future where a mean is taken to
/// stand for any but the last row of its window.
pub(super) fn moving_means(values: &[f64], window: usize, means: &mut Vec<f64>) {
    means.clear();
    let scale = window as f64;
    let mut suffix = vec![0.0; window];
    let mut blocks = values.chunks(window).peekable();
    while let Some(block) = blocks.next().filter(|block| block.len() == window) {
        let mut sum = 0.0;
        for (suffix, value) in suffix.iter_mut().zip(block).rev() {
            sum += value;
            *suffix = sum;
        }
        means.push(sum / scale);
        let mut prefix = 0.0;
        let next = blocks.peek().copied().unwrap_or_default();
        means.extend(next.iter().zip(suffix.iter().skip(1)).map(|(value, suffix)| {
            prefix += value;
            (suffix + prefix) / scale
        }));
    }
}

/// The mean of the last values, value by value. Holds two times the window in values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct TrailingMean {
    window: usize,
    /// Values of the block under way, and their sum.
    block: Vec<f64>,
    prefix: f64,
    /// Suffix sums of the block before; empty at first.
    suffix: Vec<f64>,
}

impl TrailingMean {
    /// Of the last `window` (at least 1) values.
    pub(super) fn new(window: usize) -> Self {
        Self { window, block: Vec::new(), prefix: 0.0, suffix: Vec::new() }
    }

    /// Takes in a finite value. The mean of the last `window` values, or `None` while there are fewer.
    pub(super) fn push(&mut self, value: f64) -> Option<f64> {
        self.block.push(value);
        self.prefix += value;
        if self.block.len() < self.window {
            let older = self.suffix.get(self.block.len())?;
            return Some((older + self.prefix) / self.window as f64);
        }
        let mut sum = 0.0;
        self.suffix.clear();
        self.suffix.extend(self.block.drain(..).rev().map(|value| {
            sum += value;
            sum
        }));
        self.suffix.reverse();
        self.prefix = 0.0;
        Some(sum / self.window as f64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn means_are_those_of_the_definition(
            values in prop::collection::vec(-1e3_f64..1e3, 0..60),
            window in 1_usize..12,
        ) {
            let expected: Vec<f64> =
                values.windows(window).map(|window| window.iter().sum::<f64>() / window.len() as f64).collect();
            let mut means = Vec::new();
            moving_means(&values, window, &mut means);
            let mut trailing = TrailingMean::new(window);
            let pushed: Vec<f64> = values.iter().filter_map(|&value| trailing.push(value)).collect();
            prop_assert_eq!(means.len(), expected.len());
            for ((mean, pushed), expected) in means.iter().zip(&pushed).zip(&expected) {
                prop_assert!((mean - expected).abs() < 1e-10);
                prop_assert_eq!(mean.to_bits(), pushed.to_bits());
            }
        }
    }

    #[test]
    fn an_outlier_leaves_nothing_behind() {
        let mut trailing = TrailingMean::new(3);
        let means: Vec<_> = [1.0, 1e300, 1.0, 1.0, 2.0, 3.0].into_iter().map(|value| trailing.push(value)).collect();
        assert_eq!(means[4..], [Some(4.0 / 3.0), Some(2.0)]);
        assert_eq!(means[..2], [None, None]);
    }
}
