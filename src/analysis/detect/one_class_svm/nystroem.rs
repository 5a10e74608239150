//! A one-class SVM for many rows: the machine is a sum of kernels around a sample of the rows, the landmarks.
//!
//! Williams, Seeger: Using the Nyström method to speed up kernel machines (NIPS 2001). With f(x) = Σ β_c k(c, x) and K the
//! kernel among landmarks, minimise ½ βᵀKβ - νn rho + Σ max(0, rho - f(xᵢ)). That is what the exact machine solves with f
//! free; the dual weights of the rows are the slopes of the last sum. It is solved by Newton steps with the kink of the
//! maximum rounded off over a width that shrinks: Chapelle: Training a support vector machine in the primal (2007).

use super::DetectError;
use crate::analysis::detect::cholesky::{Cholesky, dot};
use crate::analysis::detect::kernels::KernelPoints;
use crate::cx::{Cancelled, Cx};

/// Widths over which the kink is rounded off, one after the other, as shares of the spread of f.
const WIDTHS: [f64; 5] = [0.3, 0.1, 0.03, 0.01, 0.003];

/// Most Newton steps for each width.
const STEPS: usize = 12;

/// Decrease that a step must promise, as a share of βᵀKβ, for another one to follow.
const LEAST_DECREASE: f64 = 1e-7;

/// Rows that stand for all those on the rounded part in the second derivative.
const CURVATURE_ROWS: usize = 4096;

/// Added to the diagonal of K, as a share of it: more than the rounding of its entries to f32 can take off, so that K is
/// positive definite.
const RIDGE: f64 = 1e-5;

/// The machine.
#[derive(Debug)]
pub(super) struct Approximation {
    /// Weight of every landmark.
    pub(super) beta: Vec<f64>,
    /// Height of the decision surface.
    pub(super) rho: f64,
}

/// What stays the same during the search; kernels are divided by the unit of the points.
struct Problem<'a> {
    points: &'a KernelPoints,
    landmarks: &'a [u32],
    centres: KernelPoints,
    /// Lower triangle of K, with the ridge.
    gram: Vec<f64>,
    weight: f64,
    cx: &'a Cx,
}

/// Fits the machine to `points` with `landmarks` among them, at least one. `weight`: νn, the sum of all dual weights.
///
/// # Errors
/// When cancelled, or when the kernel is so far from positive definite that there is no solution.
pub(super) fn fit(
    points: &KernelPoints,
    landmarks: &[u32],
    weight: f64,
    cx: &Cx,
) -> Result<Approximation, DetectError> {
    let centres = points.select(landmarks.iter().map(|&row| row as usize));
    let m = landmarks.len();
    let mut problem = Problem { points, landmarks, centres, gram: Vec::new(), weight, cx };
    problem.gram = triangle(&problem.kernel_rows(&[])?, m);
    let ridge = RIDGE * (0..m).map(|i| problem.gram[i * (i + 3) / 2].abs()).sum::<f64>() / m as f64;
    (0..m).for_each(|i| problem.gram[i * (i + 3) / 2] += ridge);
    let mut beta = vec![weight / m as f64; m];
    let mut heights = problem.heights(&beta)?;
    let mut rho = 0.0;
    let spread = spread(&heights);
    for width in WIDTHS.map(|share| share * spread) {
        for _ in 0..STEPS {
            cx.check()?;
            rho = problem.level(&heights, width);
            let Some(decrease) = problem.step(&mut beta, &mut heights, rho, width)? else {
                let reason = "the approximation needs a positive definite kernel; use the rbf kernel or none";
                return Err(DetectError::Unusable { detector: super::KIND.title(), reason: reason.to_owned() });
            };
            rho = problem.level(&heights, width);
            if decrease <= LEAST_DECREASE * problem.norm(&beta) {
                break;
            }
        }
    }
    Ok(Approximation { beta, rho: rho * points.unit() })
}

impl Problem<'_> {
    /// One Newton step. Returns the decrease it promised; `None` where the second derivative is not positive.
    fn step(&self, beta: &mut [f64], heights: &mut [f64], rho: f64, width: f64) -> Result<Option<f64>, Cancelled> {
        let slope = |height: f64| ((rho - height) / width).clamp(0.0, 1.0);
        let outside: Vec<usize> = (0..heights.len()).filter(|&row| slope(heights[row]) > 0.0).collect();
        let slopes: Vec<f64> = outside.iter().map(|&row| slope(heights[row]) / self.points.unit()).collect();
        let pull = self.points.select(outside.iter().copied()).sums_at(&slopes, &self.centres, 0, self.cx)?;
        let mut gradient = self.times_gram(beta);
        gradient.iter_mut().zip(&pull).for_each(|(gradient, pull)| *gradient -= pull);
        let bent: Vec<usize> = outside.into_iter().filter(|&row| slope(heights[row]) < 1.0).collect();
        let curvature = self.curvature(&bent, width)?;
        let largest = (0..beta.len()).map(|i| curvature[i * (i + 3) / 2]).fold(f64::MIN_POSITIVE, f64::max);
        let mut cholesky = None;
        for ridge in [0.0, 1e-12, 1e-9, 1e-6, 1e-3, 1.0] {
            cholesky = Cholesky::new(&curvature, ridge * largest, largest * 1e-14, self.cx)?;
            if cholesky.is_some() {
                break;
            }
        }
        let Some(cholesky) = cholesky else { return Ok(None) };
        let mut direction: Vec<f64> = gradient.iter().map(|value| -value).collect();
        cholesky.solve(&mut direction);
        let start = dot(&gradient, &direction);
        let changes = self.heights(&direction)?;
        // Along the line the slope rises from `start`, below 0. Stop before it has risen much above 0.
        let (along, across) = (dot(&self.times_gram(&direction), beta), self.norm(&direction));
        let mut length = 1.0;
        for _ in 0..20 {
            self.cx.check()?;
            let moved: Vec<f64> =
                heights.iter().zip(&changes).map(|(height, change)| height + length * change).collect();
            let level = self.level(&moved, width);
            let pulled: f64 =
                moved.iter().zip(&changes).map(|(f, change)| ((level - f) / width).clamp(0.0, 1.0) * change).sum();
            if along + length * across - pulled <= 0.1 * start.abs() {
                break;
            }
            length /= 2.0;
        }
        beta.iter_mut().zip(&direction).for_each(|(beta, change)| *beta += length * change);
        heights.iter_mut().zip(&changes).for_each(|(height, change)| *height += length * change);
        Ok(Some(start.abs()))
    }

    /// Lower triangle of the second derivative: K, and what the rows on the rounded part add to it. The best rho moves
    /// along, which takes the mean off.
    fn curvature(&self, bent: &[usize], width: f64) -> Result<Vec<f64>, Cancelled> {
        let step = bent.len().div_ceil(CURVATURE_ROWS).max(1);
        let some: Vec<usize> = bent.iter().copied().step_by(step).collect();
        let m = self.landmarks.len();
        let mut rows: Vec<Vec<f64>> = self.kernel_rows(&some)?;
        for row in &mut rows {
            row.drain(..m);
            let mean = row.iter().sum::<f64>() / row.len().max(1) as f64;
            row.iter_mut().for_each(|value| *value -= mean);
        }
        let factor = bent.len() as f64 / some.len().max(1) as f64 / width;
        let mut curvature = self.gram.clone();
        let mut lines = curvature.as_mut_slice();
        for i in 0..m {
            self.cx.check()?;
            let (line, after) = lines.split_at_mut(i + 1);
            line.iter_mut().zip(&rows).for_each(|(sum, row)| *sum += factor * dot(row, &rows[i]));
            lines = after;
        }
        Ok(curvature)
    }

    /// Kernel of every landmark with all landmarks and then with some points.
    fn kernel_rows(&self, others: &[usize]) -> Result<Vec<Vec<f64>>, Cancelled> {
        let all: Vec<usize> = self.landmarks.iter().map(|&row| row as usize).chain(others.iter().copied()).collect();
        let points = self.points.select(all.iter().copied());
        let mut row = vec![0.0_f32; all.len()];
        let mut rows = Vec::with_capacity(self.landmarks.len());
        for at in 0..self.landmarks.len() {
            self.cx.check()?;
            points.fill_row(at, 0, &mut row);
            rows.push(row.iter().copied().map(f64::from).collect());
        }
        Ok(rows)
    }

    /// f of every point.
    fn heights(&self, beta: &[f64]) -> Result<Vec<f64>, Cancelled> {
        let beta: Vec<f64> = beta.iter().map(|weight| weight / self.points.unit()).collect();
        self.centres.sums_at(&beta, self.points, 0, self.cx)
    }

    /// The rho at which the slopes add up to νn: Newton steps on a line that rises, kept between what is too low and too
    /// high.
    fn level(&self, heights: &[f64], width: f64) -> f64 {
        let (mut low, mut high) =
            heights.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &f| (low.min(f), high.max(f)));
        high += width;
        let mut level = f64::midpoint(low, high);
        for _ in 0..100 {
            let (mut sum, mut n_bent) = (0.0, 0.0);
            for height in heights {
                let slope = (level - height) / width;
                sum += slope.clamp(0.0, 1.0);
                n_bent += if slope > 0.0 && slope < 1.0 { 1.0 } else { 0.0 };
            }
            if (sum - self.weight).abs() <= 1e-9 * self.weight {
                break;
            }
            *(if sum < self.weight { &mut low } else { &mut high }) = level;
            let newton = level + (self.weight - sum) * width / n_bent;
            level = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
        }
        level
    }

    fn norm(&self, beta: &[f64]) -> f64 {
        dot(&self.times_gram(beta), beta)
    }

    fn times_gram(&self, beta: &[f64]) -> Vec<f64> {
        let mut product = vec![0.0; beta.len()];
        let mut lines = self.gram.as_slice();
        for i in 0..beta.len() {
            let (line, after) = lines.split_at(i + 1);
            product[i] += dot(line, &beta[..=i]);
            product.iter_mut().zip(line).take(i).for_each(|(sum, value)| *sum += value * beta[i]);
            lines = after;
        }
        product
    }
}

/// The lower triangle of a square matrix of `m` rows.
fn triangle(rows: &[Vec<f64>], m: usize) -> Vec<f64> {
    rows.iter().take(m).enumerate().flat_map(|(i, row)| row.iter().copied().take(i + 1)).collect()
}

/// Standard deviation; a little more than 0 where all are equal.
fn spread(values: &[f64]) -> f64 {
    let (_, deviation) = crate::analysis::stats::mean_std(values);
    let largest = values.iter().fold(f64::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
    deviation.max(1e-9 * largest)
}
