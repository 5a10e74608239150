//! The smallest value of a smooth function of a few variables within limits.
//!
//! A quasi-Newton method (BFGS with Powell's damping, Nocedal and Wright: Numerical optimization, 2nd edition, section
//! 18.3). Its first matrix is the function's own estimate of its curvature; each step goes to the smallest value of the
//! quadratic model within the limits, shortened until the function falls enough.

use crate::cx::{Cancelled, Cx};

/// Number of variables. One that is fixed has equal limits.
pub(super) const N: usize = 4;

/// A value for each variable.
pub(super) type Point = [f64; N];

/// Steps after which the search ends where it is.
const MOST_STEPS: usize = 200;

/// Halvings of a step before it counts as failed.
const MOST_HALVINGS: usize = 40;

/// The search ends where the model expects the function to fall by less than this.
const TOLERANCE: f64 = 1e-10;

/// A function's value at a point, its gradient, and an estimate of its second derivatives that is positive
/// semidefinite.
pub(super) struct Value {
    pub(super) value: f64,
    pub(super) gradient: Point,
    pub(super) curvature: [Point; N],
}

/// The limits of each variable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) low: Point,
    pub(super) high: Point,
}

/// A point near `start` where the function is smallest, and its value there. Local: other valleys are not looked for.
///
/// # Errors
/// When cancelled.
pub(super) fn minimise(
    function: impl Fn(&Point) -> Value,
    start: &Point,
    limits: &Limits,
    cx: &Cx,
) -> Result<(Point, f64), Cancelled> {
    let mut point = limits.clamp(start);
    let mut at = function(&point);
    let mut matrix = at.curvature;
    // Whether the matrix is the function's own.
    let mut fresh = true;
    for _ in 0..MOST_STEPS {
        cx.check()?;
        let step = limits.step(&point, &at.gradient, &matrix);
        let fall = -dot(&at.gradient, &step);
        let next = if fall > TOLERANCE { search(&function, &point, &at, &step, fall, limits, cx)? } else { None };
        let Some((next_point, next)) = next else {
            if fresh {
                break;
            }
            (matrix, fresh) = (at.curvature, true);
            continue;
        };
        let moved = subtract(&next_point, &point);
        let turned = subtract(&next.gradient, &at.gradient);
        update(&mut matrix, &moved, &turned);
        fresh = false;
        (point, at) = (next_point, next);
    }
    Ok((point, at.value))
}

/// The point along `step` where the function has fallen enough; `None` where there is none.
fn search(
    function: impl Fn(&Point) -> Value,
    point: &Point,
    at: &Value,
    step: &Point,
    fall: f64,
    limits: &Limits,
    cx: &Cx,
) -> Result<Option<(Point, Value)>, Cancelled> {
    let mut length = 1.0;
    for _ in 0..MOST_HALVINGS {
        cx.check()?;
        let next_point = limits.clamp(&std::array::from_fn(|i| point[i] + length * step[i]));
        let next = function(&next_point);
        if next.value <= at.value - 1e-4 * length * fall && next.value < at.value {
            return Ok(Some((next_point, next)));
        }
        length *= 0.5;
    }
    Ok(None)
}

impl Limits {
    fn clamp(&self, point: &Point) -> Point {
        std::array::from_fn(|i| point[i].max(self.low[i]).min(self.high[i]))
    }

    /// The step from `point` to the smallest value of the quadratic model within the limits: variables that would leave
    /// them are held there, one after the other.
    fn step(&self, point: &Point, gradient: &Point, matrix: &[Point; N]) -> Point {
        let mut held: [Option<f64>; N] = std::array::from_fn(|i| {
            let outward = (point[i] <= self.low[i] && gradient[i] >= 0.0)
                || (point[i] >= self.high[i] && gradient[i] <= 0.0)
                || self.low[i] >= self.high[i];
            outward.then_some(0.0)
        });
        for _ in 0..N {
            let step = solve_free(&held, gradient, matrix);
            let excess = |i: usize| (self.low[i] - point[i] - step[i]).max(point[i] + step[i] - self.high[i]);
            let out = |i: &usize| held[*i].is_none() && excess(*i) > 0.0;
            let Some(worst) = (0..N).filter(out).max_by(|&i, &j| excess(i).total_cmp(&excess(j))) else {
                return if dot(gradient, &step) < 0.0 { step } else { self.downhill(point, gradient, matrix) };
            };
            let bound = if step[worst] < 0.0 { self.low[worst] } else { self.high[worst] };
            held[worst] = Some(bound - point[worst]);
        }
        self.downhill(point, gradient, matrix)
    }

    /// The step against the gradient, each variable on its own.
    fn downhill(&self, point: &Point, gradient: &Point, matrix: &[Point; N]) -> Point {
        let target = std::array::from_fn(|i| point[i] - gradient[i] / matrix[i][i].max(1e-8));
        subtract(&self.clamp(&target), point)
    }
}

/// The step of the free variables to the model's smallest value, where the others take the step given.
fn solve_free(held: &[Option<f64>; N], gradient: &Point, matrix: &[Point; N]) -> Point {
    let mut step: Point = held.map(|step| step.unwrap_or(0.0));
    let largest = (0..N).fold(0.0, |largest: f64, i| largest.max(matrix[i][i]));
    // A little on the diagonal keeps the factors real where the model is flat.
    let mut a = *matrix;
    let mut b: Point = std::array::from_fn(|i| -gradient[i] - dot(&matrix[i], &step));
    for i in 0..N {
        a[i][i] += 1e-12 * largest + f64::MIN_POSITIVE;
        if held[i].is_some() {
            a[i] = [0.0; N];
            a.iter_mut().for_each(|row| row[i] = 0.0);
            (a[i][i], b[i]) = (1.0, 0.0);
        }
    }
    // Elimination without a choice of pivot: the matrix is positive definite.
    for i in 0..N {
        let (row, right) = (a[i], b[i]);
        for k in i + 1..N {
            let factor = a[k][i] / row[i];
            (i..N).for_each(|j| a[k][j] -= factor * row[j]);
            b[k] -= factor * right;
        }
    }
    for i in (0..N).rev() {
        let known: f64 = (i + 1..N).map(|j| a[i][j] * b[j]).sum();
        b[i] = (b[i] - known) / a[i][i];
    }
    for i in 0..N {
        if held[i].is_none() && b[i].is_finite() {
            step[i] = b[i];
        }
    }
    step
}

/// The damped update of the matrix for a step and the change of the gradient over it. Keeps it positive definite.
fn update(matrix: &mut [Point; N], step: &Point, turned: &Point) {
    let image: Point = std::array::from_fn(|i| dot(&matrix[i], step));
    let (bend, seen) = (dot(step, &image), dot(step, turned));
    if bend <= 0.0 || !bend.is_normal() {
        return;
    }
    let share = if seen >= 0.2 * bend { 1.0 } else { 0.8 * bend / (bend - seen) };
    let damped: Point = std::array::from_fn(|i| share * turned[i] + (1.0 - share) * image[i]);
    let along = dot(step, &damped);
    for i in 0..N {
        for j in 0..N {
            matrix[i][j] += damped[i] * damped[j] / along - image[i] * image[j] / bend;
        }
    }
}

fn dot(a: &Point, b: &Point) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn subtract(a: &Point, b: &Point) -> Point {
    std::array::from_fn(|i| a[i] - b[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rosenbrock's valley in the first two variables, bowls in the others.
    fn rosenbrock(&[x, y, z, w]: &Point) -> Value {
        let value = 100.0 * (y - x * x).powi(2) + (1.0 - x).powi(2) + (z - 3.0).powi(2) + (w + 1.0).powi(2);
        let slope = -400.0 * x * (y - x * x) - 2.0 * (1.0 - x);
        let gradient = [slope, 200.0 * (y - x * x), 2.0 * (z - 3.0), 2.0 * (w + 1.0)];
        let curvature = std::array::from_fn(|i| std::array::from_fn(|j| if i == j { 200.0 } else { 0.0 }));
        Value { value, gradient, curvature }
    }

    #[test]
    fn finds_the_bottom_of_a_bent_valley() {
        let limits = Limits { low: [-9.0; N], high: [9.0; N] };
        let (point, value) = minimise(rosenbrock, &[-1.2, 1.0, 0.0, 0.0], &limits, &Cx::default()).unwrap();
        assert!(value < 1e-9, "{value}");
        for (got, want) in point.into_iter().zip([1.0, 1.0, 3.0, -1.0]) {
            assert!((got - want).abs() < 1e-4, "{point:?}");
        }
    }

    #[test]
    fn stays_within_limits() {
        // On x <= 0.5 the smallest value is at (0.5, 0.25); the third is fixed, the fourth stops at its limit.
        let limits = Limits { low: [-9.0, -9.0, 1.0, 0.0], high: [0.5, 9.0, 1.0, 9.0] };
        let (point, _) = minimise(rosenbrock, &[-1.2, 1.0, 7.0, 5.0], &limits, &Cx::default()).unwrap();
        for (got, want) in point.into_iter().zip([0.5, 0.25, 1.0, 0.0]) {
            assert!((got - want).abs() < 1e-5, "{point:?}");
        }
    }

    #[test]
    fn stops_when_cancelled() {
        let cx = Cx::default();
        cx.cancel();
        let limits = Limits { low: [-9.0; N], high: [9.0; N] };
        assert_eq!(minimise(rosenbrock, &[0.0; N], &limits, &cx), Err(Cancelled));
    }
}
