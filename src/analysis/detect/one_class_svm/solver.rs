//! The dual problem of the one-class SVM: which rows support the region, and with what weight?
//!
//! Minimise ½ αᵀKα subject to 0 ≤ α ≤ 1 and Σα = νn, by sequential minimal optimisation as in LIBSVM: Fan, Chen, Lin:
//! Working set selection using second order information (JMLR 2005), with the shrinking of Chang, Lin: LIBSVM (2011).

use rayon::prelude::*;

use super::cache::RowCache;
use super::kernel::{CHUNK, Rbf};
use crate::cx::{Cancelled, Cx};

/// Curvature assumed for a pair of rows that the kernel cannot tell apart.
const TAU: f64 = 1e-12;

/// Solution of the dual problem.
#[derive(Debug)]
pub(super) struct Solution {
    /// Weight of every row, 0 to 1.
    pub(super) alpha: Vec<f64>,
    /// Height of the decision surface.
    pub(super) rho: f64,
    /// Whether the tolerance was reached.
    pub(super) converged: bool,
}

/// Settings of the solver.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) tol: f64,
    pub(super) shrinking: bool,
    pub(super) cache_bytes: u64,
}

/// State of the search. Rows are permuted so that those still searched, the active ones, come first.
struct Solver<'a> {
    rbf: Rbf,
    cache: RowCache,
    alpha: Vec<f64>,
    /// Gradient Kα; up to date for active rows.
    gradient: Vec<f64>,
    /// Part of the gradient that comes from rows at the upper bound; up to date for all rows when shrinking.
    bound_gradient: Vec<f64>,
    /// Original number of the row at each place.
    original: Vec<usize>,
    active: usize,
    unshrunk: bool,
    limits: Limits,
    cx: &'a Cx,
}

/// Solves the dual problem for the points of `rbf`, of which there is at least one.
pub(super) fn solve(rbf: Rbf, nu: f64, limits: Limits, cx: &Cx) -> Result<Solution, Cancelled> {
    let n = rbf.points.len();
    let mut solver = Solver {
        cache: RowCache::new(n, limits.cache_bytes),
        alpha: start(n, nu),
        gradient: vec![0.0; n],
        bound_gradient: vec![0.0; n],
        original: (0..n).collect(),
        active: n,
        unshrunk: false,
        rbf,
        limits,
        cx,
    };
    solver.start_gradient()?;
    let converged = solver.search()?;
    let mut alpha = vec![0.0; n];
    solver.original.iter().zip(&solver.alpha).for_each(|(&row, &weight)| alpha[row] = weight);
    Ok(Solution { alpha, rho: solver.rho(), converged })
}

/// The first νn rows at the upper bound, as LIBSVM starts.
fn start(n: usize, nu: f64) -> Vec<f64> {
    let mut left = nu * n as f64;
    let weight = |_| {
        let weight = left.clamp(0.0, 1.0);
        left -= weight;
        weight
    };
    (0..n).map(weight).collect()
}

impl Solver<'_> {
    fn start_gradient(&mut self) -> Result<(), Cancelled> {
        let n = self.alpha.len();
        // Through the cache: these are the rows whose weights will move.
        for i in (0..n).filter(|&i| !self.is_lower(i)).collect::<Vec<_>>() {
            self.cx.check()?;
            self.ensure_row(i, n);
            let (weight, is_upper, row) = (self.alpha[i], self.is_upper(i), self.cache.get(i));
            self.gradient.iter_mut().zip(row).for_each(|(sum, &kernel)| *sum += weight * f64::from(kernel));
            if is_upper {
                self.bound_gradient.iter_mut().zip(row).for_each(|(sum, &kernel)| *sum += f64::from(kernel));
            }
        }
        Ok(())
    }

    fn is_upper(&self, i: usize) -> bool {
        self.alpha[i] >= 1.0
    }

    fn is_lower(&self, i: usize) -> bool {
        self.alpha[i] <= 0.0
    }

    fn is_free(&self, i: usize) -> bool {
        !self.is_upper(i) && !self.is_lower(i)
    }

    /// Adds weight times kernel row for each of `rows` to `sums`, which stands for the rows from `from` on.
    fn add_rows(&self, rows: &[(usize, f64)], mut sums: Vec<f64>, from: usize) -> Result<Vec<f64>, Cancelled> {
        let points: Vec<Vec<f64>> = rows.iter().map(|&(row, _)| self.rbf.points.point(row)).collect();
        sums.par_chunks_mut(CHUNK).enumerate().try_for_each(|(chunk, sums)| {
            let mut kernel = vec![0.0_f32; sums.len()];
            for (&(_, weight), point) in rows.iter().zip(&points) {
                self.cx.check()?;
                self.rbf.fill_row(point, from + chunk * CHUNK, &mut kernel);
                sums.iter_mut().zip(&kernel).for_each(|(sum, &k)| *sum += weight * f64::from(k));
            }
            Ok(())
        })?;
        Ok(sums)
    }

    /// Moves pairs until none violates the optimality conditions by `tol`, or there have been too many moves.
    fn search(&mut self) -> Result<bool, Cancelled> {
        let n = self.alpha.len();
        let shrink_every = n.min(1000);
        let most = (100 * n).max(10_000_000);
        let mut until_shrink = shrink_every + 1;
        for _ in 0..most {
            self.cx.check()?;
            until_shrink -= 1;
            if until_shrink == 0 {
                until_shrink = shrink_every;
                self.cx.progress().add(shrink_every as u64);
                if self.limits.shrinking {
                    self.shrink()?;
                }
            }
            let mut pair = self.select();
            if pair.is_none() {
                self.activate_all()?;
                pair = self.select();
                // Look again soon: much has settled by now.
                until_shrink = 1;
            }
            let Some((i, j)) = pair else { return Ok(true) };
            self.move_pair(i, j);
        }
        self.activate_all()?;
        Ok(false)
    }

    fn ensure_row(&mut self, i: usize, len: usize) {
        let rbf = &self.rbf;
        self.cache.ensure(i, len, |start, row| rbf.fill_row(&rbf.points.point(i), start, row));
    }

    /// The pair to move: i can grow and violates most, j can shrink and promises the largest decrease with i.
    fn select(&mut self) -> Option<(usize, usize)> {
        let active = self.active;
        let mut largest = f64::NEG_INFINITY;
        let mut i = None;
        for (k, (&alpha, &gradient)) in self.alpha[..active].iter().zip(&self.gradient).enumerate() {
            if alpha < 1.0 && -gradient >= largest {
                (largest, i) = (-gradient, Some(k));
            }
        }
        let i = i?;
        self.ensure_row(i, active);
        let mut other = f64::NEG_INFINITY;
        let mut best = f64::INFINITY;
        let mut j = None;
        let row = self.cache.get(i);
        for (k, ((&alpha, &gradient), &kernel)) in self.alpha[..active].iter().zip(&self.gradient).zip(row).enumerate()
        {
            if alpha > 0.0 {
                other = if gradient >= other { gradient } else { other };
                let difference = largest + gradient;
                if difference > 0.0 {
                    let change = -(difference * difference) / curvature(kernel);
                    if change <= best {
                        (best, j) = (change, Some(k));
                    }
                }
            }
        }
        if largest + other < self.limits.tol { None } else { j.map(|j| (i, j)) }
    }

    /// Moves weight from j to i, or back, to the best point within the bounds.
    fn move_pair(&mut self, i: usize, j: usize) {
        let active = self.active;
        self.ensure_row(i, active);
        self.ensure_row(j, active);
        let before = (self.alpha[i], self.alpha[j]);
        let was_upper = (self.is_upper(i), self.is_upper(j));
        let delta = (self.gradient[i] - self.gradient[j]) / curvature(self.cache.get(i)[j]);
        let sum = before.0 + before.1;
        let (mut a, mut b) = (before.0 - delta, before.1 + delta);
        if sum > 1.0 {
            if a > 1.0 {
                (a, b) = (1.0, sum - 1.0);
            }
            if b > 1.0 {
                (a, b) = (sum - 1.0, 1.0);
            }
        } else {
            if b < 0.0 {
                (a, b) = (sum, 0.0);
            }
            if a < 0.0 {
                (a, b) = (0.0, sum);
            }
        }
        (self.alpha[i], self.alpha[j]) = (a, b);
        let (change_i, change_j) = (a - before.0, b - before.1);
        let rows = self.cache.get(i).iter().zip(self.cache.get(j));
        for (gradient, (&k_i, &k_j)) in self.gradient[..active].iter_mut().zip(rows) {
            *gradient += f64::from(k_i) * change_i + f64::from(k_j) * change_j;
        }
        if self.limits.shrinking {
            self.update_bound_gradient(i, was_upper.0);
            self.update_bound_gradient(j, was_upper.1);
        }
    }

    fn update_bound_gradient(&mut self, i: usize, was_upper: bool) {
        let is_upper = self.is_upper(i);
        if is_upper == was_upper {
            return;
        }
        self.ensure_row(i, self.alpha.len());
        let sign = if is_upper { 1.0 } else { -1.0 };
        for (sum, &kernel) in self.bound_gradient.iter_mut().zip(self.cache.get(i)) {
            *sum += sign * f64::from(kernel);
        }
    }

    /// Largest violation among rows that can grow and among those that can shrink.
    fn violations(&self) -> (f64, f64) {
        let mut most = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for (i, &gradient) in self.gradient[..self.active].iter().enumerate() {
            if !self.is_upper(i) {
                most.0 = most.0.max(-gradient);
            }
            if !self.is_lower(i) {
                most.1 = most.1.max(gradient);
            }
        }
        most
    }

    /// Leaves out rows that sit at a bound and pull outwards more than any other row pulls.
    fn shrink(&mut self) -> Result<(), Cancelled> {
        let (grow, fall) = self.violations();
        if !self.unshrunk && grow + fall <= self.limits.tol * 10.0 {
            self.unshrunk = true;
            self.activate_all()?;
        }
        let mut exchanged = Vec::new();
        let mut i = 0;
        while i < self.active {
            if self.is_settled(i, grow, fall) {
                self.active -= 1;
                while self.active > i {
                    if !self.is_settled(self.active, grow, fall) {
                        self.exchange(i, self.active);
                        exchanged.push((i, self.active));
                        break;
                    }
                    self.active -= 1;
                }
            }
            i += 1;
        }
        self.cache.exchange(&exchanged);
        Ok(())
    }

    fn is_settled(&self, i: usize, grow: f64, fall: f64) -> bool {
        let gradient = self.gradient[i];
        (self.is_upper(i) && -gradient > grow) || (self.is_lower(i) && gradient > fall)
    }

    /// Exchanges two rows everywhere but in the cache.
    fn exchange(&mut self, a: usize, b: usize) {
        self.rbf.points.swap(a, b);
        self.alpha.swap(a, b);
        self.gradient.swap(a, b);
        self.bound_gradient.swap(a, b);
        self.original.swap(a, b);
    }

    /// Brings the gradient of the rows left out up to date and searches all rows again.
    fn activate_all(&mut self) -> Result<(), Cancelled> {
        let (active, n) = (self.active, self.alpha.len());
        if active < n {
            let free: Vec<(usize, f64)> =
                (0..active).filter(|&i| self.is_free(i)).map(|i| (i, self.alpha[i])).collect();
            let tail = self.add_rows(&free, self.bound_gradient[active..].to_vec(), active)?;
            self.gradient[active..].copy_from_slice(&tail);
            self.active = n;
        }
        Ok(())
    }

    /// The mean gradient of free rows; without any, the middle of what the bounds allow.
    fn rho(&self) -> f64 {
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        let (mut sum, mut n_free) = (0.0, 0.0);
        for (i, &gradient) in self.gradient.iter().enumerate() {
            if self.is_upper(i) {
                low = low.max(gradient);
            } else if self.is_lower(i) {
                high = high.min(gradient);
            } else {
                sum += gradient;
                n_free += 1.0;
            }
        }
        if n_free > 0.0 {
            sum / n_free
        } else if high.is_finite() {
            f64::midpoint(low, high)
        } else {
            // nu = 1: every row is at the upper bound, and the region holds none of them.
            low
        }
    }
}

/// Second derivative of the objective along a pair of rows with this kernel between them.
fn curvature(kernel: f32) -> f64 {
    let curvature = 2.0 - 2.0 * f64::from(kernel);
    if curvature > 0.0 { curvature } else { TAU }
}
