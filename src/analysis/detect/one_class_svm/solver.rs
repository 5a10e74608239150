//! The dual problem of the one-class SVM: which rows support the region, and with what weight?
//!
//! Minimise ½ αᵀKα subject to 0 ≤ α ≤ 1 and Σα = νn, by sequential minimal optimisation as in LIBSVM: Fan, Chen, Lin:
//! Working set selection using second order information (JMLR 2005), with the shrinking of Chang, Lin: LIBSVM (2011).
//! It starts and chooses as LIBSVM does, ties included, and so ends where LIBSVM ends within its tolerance. Other than
//! LIBSVM it works the gradient of rows left out anew when they return instead of keeping a second one.

use super::blocks::Blocks;
use super::cache::RowCache;
use super::moves::{curvature, find_largest, update};
use crate::analysis::detect::kernels::{KernelPoints, WIDTH};
use crate::cx::{Cancelled, Cx};

/// Marks a row without weight.
const NONE: usize = usize::MAX;

/// Solution of the dual problem.
#[derive(Debug)]
pub(super) struct Solution {
    /// Weight of every row, 0 to 1.
    pub(super) alpha: Vec<f64>,
    /// Height of the decision surface.
    pub(super) rho: f64,
    /// Largest distance of a row from that surface, in kernel sums.
    pub(super) largest_score: f64,
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
    points: KernelPoints,
    diagonal: Vec<f64>,
    cache: RowCache,
    /// Where kernel rows come from before the vector code is asked.
    blocks: Option<Blocks>,
    alpha: Vec<f64>,
    /// Gradient Kα; up to date for active rows.
    gradient: Vec<f64>,
    /// Places of active rows with weight, and of each row its place in that list.
    support: Vec<usize>,
    listed: Vec<usize>,
    /// Original number of the row at each place.
    original: Vec<usize>,
    active: usize,
    unshrunk: bool,
    limits: Limits,
    cx: &'a Cx,
}

/// Solves the dual problem for `points`, of which there is at least one, with kernel rows of these from `blocks`, if any.
pub(super) fn solve(
    points: KernelPoints,
    nu: f64,
    limits: Limits,
    blocks: Option<Blocks>,
    cx: &Cx,
) -> Result<Solution, Cancelled> {
    let (n, unit) = (points.len(), points.unit());
    let mut solver = Solver {
        diagonal: points.diagonal(),
        cache: RowCache::new(n, limits.cache_bytes),
        blocks,
        alpha: start(n, nu),
        gradient: vec![0.0; n],
        support: Vec::new(),
        listed: vec![NONE; n],
        original: (0..n).collect(),
        active: 0,
        unshrunk: false,
        points,
        // Kernel rows are divided by the unit; below the lower bound only rounding errors would be chased.
        limits: Limits { tol: (limits.tol / unit).max(1e-13 * nu * n as f64), ..limits },
        cx,
    };
    solver.activate_all()?;
    let converged = solver.search()?;
    let mut alpha = vec![0.0; n];
    solver.original.iter().zip(&solver.alpha).for_each(|(&row, &weight)| alpha[row] = weight);
    let rho = solver.rho();
    let largest_score = solver.gradient.iter().map(|gradient| (rho - gradient).abs()).fold(0.0, f64::max);
    Ok(Solution { alpha, rho: rho * unit, largest_score: largest_score * unit, converged })
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
    fn is_upper(&self, i: usize) -> bool {
        self.alpha[i] >= 1.0
    }

    fn is_lower(&self, i: usize) -> bool {
        self.alpha[i] <= 0.0
    }

    /// Moves pairs until none violates the optimality conditions by `tol`, or there have been too many moves.
    fn search(&mut self) -> Result<bool, Cancelled> {
        let n = self.alpha.len();
        let shrink_every = n.min(1000);
        let most = (100 * n).max(10_000_000);
        let mut until_shrink = shrink_every + 1;
        let mut i = find_largest(&self.gradient, &self.alpha);
        for _ in 0..most {
            self.cx.check()?;
            until_shrink -= 1;
            if until_shrink == 0 {
                until_shrink = shrink_every;
                self.cx.progress().add(shrink_every as u64);
                if self.limits.shrinking {
                    self.shrink()?;
                    i = find_largest(&self.gradient[..self.active], &self.alpha);
                }
            }
            let mut pair = i.and_then(|i| Some((i, self.partner(i)?)));
            if pair.is_none() {
                self.activate_all()?;
                pair = find_largest(&self.gradient, &self.alpha).and_then(|i| Some((i, self.partner(i)?)));
                // Look again soon: much has settled by now.
                until_shrink = 1;
            }
            let Some((a, b)) = pair else { return Ok(true) };
            i = self.move_pair(a, b);
        }
        self.activate_all()?;
        Ok(false)
    }

    /// Makes the kernel of row i with the active rows present. Whole panels, as these are what is computed.
    fn ensure_row(&mut self, i: usize) {
        let (points, len) = (&self.points, self.active.next_multiple_of(WIDTH).min(self.alpha.len()));
        if let Some(blocks) = &self.blocks {
            let state = (&self.gradient[..self.active], self.alpha.as_slice());
            if !blocks.ensure(i, len, state, &self.original, &mut self.cache, self.cx) {
                self.blocks = None;
            }
        }
        self.cache.ensure(i, len, |start, row| points.fill_row(i, start, row));
    }

    /// The row that can shrink and promises the largest decrease together with i, which can grow and violates most.
    fn partner(&mut self, i: usize) -> Option<usize> {
        self.ensure_row(i);
        let row = self.cache.get(i);
        let (largest, diagonal) = (-self.gradient[i], self.diagonal[i]);
        let mut other = f64::NEG_INFINITY;
        let mut best = (0.0, None);
        for &k in &self.support {
            let gradient = self.gradient[k];
            other = if gradient > other { gradient } else { other };
            let violation = largest + gradient;
            if violation > 0.0 {
                let decrease = violation * violation / curvature(diagonal, self.diagonal[k], row[k]);
                // Of equal ones the last row, as LIBSVM takes them.
                if decrease > best.0 || (decrease == best.0 && Some(k) > best.1) {
                    best = (decrease, Some(k));
                }
            }
        }
        if largest + other < self.limits.tol { None } else { best.1 }
    }

    /// Moves weight from j to i, or back, to the best point within the bounds. Returns the row that can grow and
    /// violates most after that.
    fn move_pair(&mut self, i: usize, j: usize) -> Option<usize> {
        self.ensure_row(i);
        self.ensure_row(j);
        let before = (self.alpha[i], self.alpha[j]);
        let curvature = curvature(self.diagonal[i], self.diagonal[j], self.cache.get(i)[j]);
        let delta = (self.gradient[i] - self.gradient[j]) / curvature;
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
        self.list(i);
        self.list(j);
        let rows = [(self.cache.get(i), a - before.0), (self.cache.get(j), b - before.1)];
        update(&mut self.gradient[..self.active], &self.alpha, rows)
    }

    /// Puts a row on the list of those with weight, or takes it off.
    fn list(&mut self, i: usize) {
        let place = self.listed[i];
        if self.is_lower(i) {
            if place != NONE {
                self.support.swap_remove(place);
                if let Some(&moved) = self.support.get(place) {
                    self.listed[moved] = place;
                }
                self.listed[i] = NONE;
            }
        } else if place == NONE {
            self.listed[i] = self.support.len();
            self.support.push(i);
        }
    }

    fn list_anew(&mut self) {
        self.support.clear();
        self.listed.fill(NONE);
        (0..self.active).for_each(|i| self.list(i));
    }

    /// Largest violation among active rows that can grow and among those that can shrink.
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
        self.list_anew();
        Ok(())
    }

    fn is_settled(&self, i: usize, grow: f64, fall: f64) -> bool {
        let gradient = self.gradient[i];
        (self.is_upper(i) && -gradient > grow) || (self.is_lower(i) && gradient > fall)
    }

    /// Exchanges two rows everywhere but in the cache and in the list of those with weight.
    fn exchange(&mut self, a: usize, b: usize) {
        self.points.swap(a, b);
        self.diagonal.swap(a, b);
        self.alpha.swap(a, b);
        self.gradient.swap(a, b);
        self.original.swap(a, b);
    }

    /// Works out the gradient of the rows left out and searches all rows again.
    fn activate_all(&mut self) -> Result<(), Cancelled> {
        let n = self.alpha.len();
        if self.active < n {
            let support: Vec<usize> = (0..n).filter(|&i| !self.is_lower(i)).collect();
            let weights: Vec<f64> = support.iter().map(|&i| self.alpha[i] / self.points.unit()).collect();
            let points = self.points.select(support.into_iter());
            let tail = points.sums_at(&weights, &self.points, self.active, self.cx)?;
            self.gradient[self.active..].copy_from_slice(&tail);
            self.active = n;
            self.list_anew();
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
