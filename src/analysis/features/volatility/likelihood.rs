//! The Gaussian log-likelihood of a GARCH(1,1) model, with its gradient and information, in one pass.
//!
//! `h[t] = omega + alpha * e[t-1]² + beta * h[t-1]` with `e[t] = x[t] - mu`, and before a series `e² = h = backcast`.
//! ARCH(1) is the case `beta = 0`. Derivatives: Fiorentini, Calzolari and Panattoni (1996), "Analytic derivatives and
//! the computation of GARCH estimates", Journal of Applied Econometrics 11.

use super::optimise::{N, Point, Value};

/// Values scaled to about unit variance, one slice per series, and what stands before each.
pub(super) struct Likelihood<'a> {
    pub(super) series: &'a [Vec<f64>],
    pub(super) backcast: f64,
}

/// Parameters of the model in the units of the scaled values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Parameters {
    pub(super) mu: f64,
    pub(super) omega: f64,
    pub(super) alpha: f64,
    pub(super) beta: f64,
}

impl Parameters {
    /// From `[mu, ln omega, alpha + beta, alpha / (alpha + beta)]`: in these coordinates stationarity and signs are
    /// limits on single ones.
    pub(super) fn of(&[mu, ln_omega, persistence, share]: &Point) -> Self {
        Self { mu, omega: ln_omega.exp(), alpha: persistence * share, beta: persistence * (1.0 - share) }
    }
}

impl Likelihood<'_> {
    /// The negative log-likelihood less `n/2 ln(2π)`, its gradient and its expected second derivatives, in the
    /// coordinates of [`Parameters::of`].
    pub(super) fn evaluate(&self, point: &Point) -> Value {
        let parameters = Parameters::of(point);
        let [.., persistence, share] = *point;
        let mut sums = Sums::default();
        self.series.iter().for_each(|series| sums.add_series(series, &parameters, self.backcast));
        // Rows: mu, omega, alpha, beta. Columns: the coordinates.
        let jacobian = [
            [1.0, 0.0, 0.0, 0.0],
            [0.0, parameters.omega, 0.0, 0.0],
            [0.0, 0.0, share, persistence],
            [0.0, 0.0, 1.0 - share, -persistence],
        ];
        sums.value(&jacobian)
    }

    /// As [`Likelihood::evaluate`], the value alone.
    pub(super) fn negative(&self, point: &Point) -> f64 {
        let p = Parameters::of(point);
        let mut sum = 0.0;
        for series in self.series {
            let mut h = p.omega + (p.alpha + p.beta) * self.backcast;
            for &x in series {
                let square = (x - p.mu) * (x - p.mu);
                sum += h.ln() + square / h;
                h = p.omega + p.alpha * square + p.beta * h;
            }
        }
        0.5 * sum
    }
}

/// Sums over the values, derivatives by mu, omega, alpha and beta.
#[derive(Default)]
struct Sums {
    value: f64,
    gradient: Point,
    information: [Point; N],
}

impl Sums {
    fn add_series(&mut self, series: &[f64], p: &Parameters, backcast: f64) {
        let mut h = p.omega + (p.alpha + p.beta) * backcast;
        // Derivatives of h.
        let mut slope = [0.0, 1.0, backcast, backcast];
        for &x in series {
            let e = x - p.mu;
            let (square, precision) = (e * e, 1.0 / h);
            let ratio = square * precision;
            self.value += 0.5 * (h.ln() + ratio);
            let relative = slope.map(|s| s * precision);
            let weight = 0.5 * (1.0 - ratio);
            for (sum, r) in self.gradient.iter_mut().zip(relative) {
                *sum += weight * r;
            }
            self.gradient[0] -= e * precision;
            for (i, row) in self.information.iter_mut().enumerate() {
                let half = 0.5 * relative[i];
                row.iter_mut().zip(relative).for_each(|(sum, r)| *sum += half * r);
            }
            self.information[0][0] += precision;
            let fresh = [-2.0 * p.alpha * e, 1.0, square, h];
            slope.iter_mut().zip(fresh).for_each(|(s, fresh)| *s = fresh + p.beta * *s);
            h = p.omega + p.alpha * square + p.beta * h;
        }
    }

    /// In other coordinates, given the derivatives of the parameters by those.
    fn value(&self, jacobian: &[Point; N]) -> Value {
        let mut gradient = [0.0; N];
        let mut curvature = [[0.0; N]; N];
        for (i, row) in jacobian.iter().enumerate() {
            for (sum, slope) in gradient.iter_mut().zip(row) {
                *sum += self.gradient[i] * slope;
            }
            for (j, other) in jacobian.iter().enumerate() {
                for (sums, slope) in curvature.iter_mut().zip(row) {
                    for (sum, other) in sums.iter_mut().zip(other) {
                        *sum += slope * self.information[i][j] * other;
                    }
                }
            }
        }
        Value { value: self.value, gradient, curvature }
    }
}
