//! Where to evaluate a polynomial on [0, 1], and with which weights, to integrate it exactly.

use std::f64::consts::PI;

use crate::cx::{Cancelled, Cx};

/// A place and its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct QuadratureNode {
    pub(super) at: f64,
    pub(super) weight: f64,
}

/// Gauss-Legendre quadrature on [0, 1] with `n` nodes, ascending: exact for polynomials of degree 2n - 1. All nodes lie
/// inside, all weights are positive.
pub(super) fn gauss_legendre(n: usize, cx: &Cx) -> Result<Vec<QuadratureNode>, Cancelled> {
    let node = |i| {
        cx.check()?;
        // Newton's method from the usual first guess (Abramowitz and Stegun 22.16.6); it converges in a few steps.
        let mut x = (PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..10 {
            let (value, derivative) = legendre(n, x);
            slope = derivative;
            let step = value / slope;
            x -= step;
            if step.abs() < 1e-15 {
                break;
            }
        }
        Ok(QuadratureNode { at: (1.0 - x) / 2.0, weight: 1.0 / ((1.0 - x * x) * slope * slope) })
    };
    (0..n).map(node).collect()
}

/// The Legendre polynomial of degree `n` and its derivative at x, |x| < 1.
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (0.0, 1.0);
    for k in 1..=n {
        let k = k as f64;
        (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
    }
    (value, n as f64 * (x * value - before) / (x * x - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_integrated_exactly() {
        for n in [1, 2, 3, 4, 7, 16, 50, 300] {
            let rule = gauss_legendre(n, &Cx::default()).unwrap();
            assert!(rule.is_sorted_by(|a, b| a.at < b.at) && rule[0].at > 0.0 && rule[n - 1].at < 1.0);
            assert!(rule.iter().all(|node| node.weight > 0.0));
            for degree in [0, 1, n as i32 - 1, 2 * n as i32 - 1] {
                let integral: f64 = rule.iter().map(|node| node.weight * node.at.powi(degree)).sum();
                let expected = 1.0 / f64::from(degree + 1);
                assert!((integral - expected).abs() < 1e-13, "{n} {degree} {integral} {expected}");
            }
        }
    }

    #[test]
    fn too_few_nodes_are_not_exact() {
        let rule = gauss_legendre(2, &Cx::default()).unwrap();
        let integral: f64 = rule.iter().map(|node| node.weight * node.at.powi(4)).sum();
        assert!((integral - 0.2).abs() > 1e-3);
    }
}
