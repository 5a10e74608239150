//! The Cholesky factor of a symmetric matrix: A = LLᵀ.

use serde::{Deserialize, Serialize};

use crate::cx::{Cancelled, Cx};

/// Sums under way at a time in a dot product.
const LANES: usize = 8;

/// A lower triangle: 1, 2, 3, … values, row after row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cholesky {
    factor: Vec<f64>,
}

impl Cholesky {
    /// The factor of the matrix with this lower triangle and `ridge` added to its diagonal. `None` where what is left of
    /// an entry of the diagonal after the rows before it is below `smallest`: the matrix is then (nearly) singular.
    pub(crate) fn new(triangle: &[f64], ridge: f64, smallest: f64, cx: &Cx) -> Result<Option<Self>, Cancelled> {
        let mut factor = triangle.to_vec();
        let mut done = 0;
        for i in 0.. {
            cx.check()?;
            let (before, rest) = factor.split_at_mut(done);
            let Some(line) = rest.get_mut(..=i) else { break };
            for j in 0..i {
                let other = &before[j * (j + 1) / 2..=j * (j + 3) / 2];
                line[j] = (line[j] - dot(&line[..j], &other[..j])) / other[j];
            }
            let left = line[i] + ridge - dot(&line[..i], &line[..i]);
            // Not a number counts as too small.
            if left.is_nan() || left < smallest {
                return Ok(None);
            }
            line[i] = left.sqrt();
            done += i + 1;
        }
        Ok(Some(Self { factor }))
    }

    /// The factor of the identity of `n` rows.
    pub(crate) fn identity(n: usize) -> Self {
        let line = |i: usize| std::iter::repeat_n(0.0, i).chain([1.0]);
        Self { factor: (0..n).flat_map(line).collect() }
    }

    fn lines(&self) -> impl Iterator<Item = &[f64]> {
        let mut rest = self.factor.as_slice();
        (1..).map_while(move |n| {
            let (line, after) = rest.split_at_checked(n)?;
            rest = after;
            Some(line)
        })
    }

    /// The entries of the diagonal of the factor, all above 0.
    pub(crate) fn diagonal(&self) -> impl Iterator<Item = f64> {
        self.lines().filter_map(|line| line.last().copied())
    }

    /// Replaces b by the solution x of Lx = b.
    pub(crate) fn solve_lower(&self, b: &mut [f64]) {
        for (i, line) in self.lines().enumerate().take(b.len()) {
            b[i] = (b[i] - dot(&line[..i], &b[..i])) / line[i];
        }
    }

    /// Replaces b by the solution x of LLᵀx = b.
    pub(crate) fn solve(&self, b: &mut [f64]) {
        self.solve_lower(b);
        for i in (0..b.len()).rev() {
            let line = &self.factor[i * (i + 1) / 2..=i * (i + 3) / 2];
            let (before, here) = b.split_at_mut(i);
            here[0] /= line[i];
            before.iter_mut().zip(line).for_each(|(b, value)| *b -= value * here[0]);
        }
    }
}

/// The dot product of two vectors, in several sums side by side.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factor_is_the_one_computed_by_hand() {
        // [[4, 2, 8], [2, 5, 0], [8, 0, 21]] = LLᵀ with L = [[2], [1, 2], [4, -2, 1]].
        let cx = Cx::default();
        let matrix = [4.0, 2.0, 5.0, 8.0, 0.0, 21.0];
        let cholesky = Cholesky::new(&matrix, 0.0, 1e-10, &cx).unwrap().unwrap();
        assert_eq!(cholesky.factor, [2.0, 1.0, 2.0, 4.0, -2.0, 1.0]);
        assert_eq!(cholesky.diagonal().collect::<Vec<_>>(), [2.0, 2.0, 1.0]);
        let mut x = [2.0, 5.0, 1.0];
        cholesky.solve_lower(&mut x);
        assert_eq!(x, [1.0, 2.0, 1.0]);
        // The matrix times (1, -1, 2).
        let mut x = [18.0, -3.0, 50.0];
        cholesky.solve(&mut x);
        assert_eq!(x, [1.0, -1.0, 2.0]);
    }

    #[test]
    fn singular_matrices_are_refused_unless_a_ridge_is_added() {
        let cx = Cx::default();
        let matrix = [1.0, 2.0, 4.0];
        assert!(Cholesky::new(&matrix, 0.0, 1e-10, &cx).unwrap().is_none());
        assert!(Cholesky::new(&matrix, 0.1, 1e-10, &cx).unwrap().is_some());
        assert!(Cholesky::new(&[f64::NAN], 0.0, 1e-10, &cx).unwrap().is_none());
    }

    #[test]
    fn dot_products_of_any_length() {
        for n in 0..20_usize {
            let a: Vec<f64> = (0..n).map(|i| i as f64).collect();
            assert_eq!(dot(&a, &a), (0..n).map(|i| (i * i) as f64).sum::<f64>());
        }
    }
}
