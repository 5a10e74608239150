//! Least-squares polynomials: from sums of powers, or from the points themselves.

/// Greatest polynomial degree.
pub(super) const MAX_DEGREE: usize = 4;

/// Greatest loss of precision, as a factor, when sums of powers are moved to the mean of the times.
const MOST_LOST: f64 = 1e5;

/// Smallest share of the variance of a power of time that the lower powers may leave; uniform times leave about 0.5.
const LEAST_PIVOT: f64 = 0.05;

/// What a fitted polynomial says at a point in time. The point is the origin: its time is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fit {
    /// Derivative, per unit of time.
    pub(super) slope: f64,
    /// One of the values, and how much higher than it the polynomial is. Apart, so that residuals keep their digits.
    pub(super) base: f64,
    pub(super) rise: f64,
    /// 1 - (squared residuals) / (squared deviations from the mean); 0 for equal values.
    pub(super) r_squared: f64,
}

/// Sums over points (x, y), x and y from an origin of their own: x, x², … up to twice the degree (`S`); y, xy, x²y, …
/// up to the degree (`T` sums); y².
#[derive(Debug, Clone, Copy)]
pub(super) struct PowerSums<const S: usize, const T: usize> {
    pub(super) x: [f64; S],
    pub(super) xy: [f64; T],
    pub(super) yy: f64,
}

impl<const S: usize, const T: usize> PowerSums<S, T> {
    /// Of no points.
    pub(super) const EMPTY: Self = Self { x: [0.0; S], xy: [0.0; T], yy: 0.0 };

    /// With one more point.
    #[inline(always)]
    pub(super) fn with(mut self, x: f64, y: f64) -> Self {
        let mut power = x;
        for sum in &mut self.x {
            *sum += power;
            power *= x;
        }
        let mut product = y;
        for sum in &mut self.xy {
            *sum += product;
            product *= x;
        }
        self.yy += y * y;
        self
    }

    /// Of the points of both.
    #[inline(always)]
    pub(super) fn merge(mut self, other: Self) -> Self {
        self.x.iter_mut().zip(other.x).for_each(|(sum, x)| *sum += x);
        self.xy.iter_mut().zip(other.xy).for_each(|(sum, xy)| *sum += xy);
        self.yy += other.yy;
        self
    }

    /// The fit at time `x_row` to `n` points whose x are at most `farthest` from 0 and whose y count from `base`.
    /// `None` where that would lose precision.
    ///
    /// Time is moved to its mean and measured in its standard deviations; then the normal equations, of moderate
    /// condition there, are solved by Cholesky's method.
    #[inline(always)]
    pub(super) fn fit(&self, n: f64, x_row: f64, farthest: f64, base: f64) -> Option<Fit> {
        let mean = self.x[0] / n;
        let variance = self.x[1] / n - mean * mean;
        let (mean_y, mean_yy) = (self.xy[0] / n, self.yy / n);
        let variance_y = mean_yy - mean_y * mean_y;
        let loss = (farthest * farthest / variance).powi(T as i32 - 1);
        let is_sound = variance > 0.0 && loss < MOST_LOST && self.yy.is_normal() && variance_y > 1e-6 * mean_yy;
        if !is_sound {
            return None;
        }
        let per_deviation = 1.0 / variance.sqrt();
        let mut raw = [0.0; 2 * MAX_DEGREE + 1];
        raw[0] = n;
        raw[1..=S].copy_from_slice(&self.x);
        let moments = standardised::<{ 2 * MAX_DEGREE + 1 }>(&raw, S + 1, mean, per_deviation, n);
        let products = standardised::<T>(&self.xy, T, mean, per_deviation, n);

        // Cholesky factor of the matrix of moments, and the right side through it; row by row.
        let mut factor = [[0.0; T]; T];
        let mut through = [0.0; T];
        for i in 0..T {
            for j in 0..=i {
                let products = factor[i].iter().zip(&factor[j]).take(j).map(|(a, b)| a * b);
                let rest = products.fold(moments[i + j], |rest, product| rest - product);
                if i != j {
                    factor[i][j] = rest / factor[j][j];
                } else if rest > LEAST_PIVOT {
                    factor[i][i] = rest.sqrt();
                } else {
                    return None;
                }
            }
            let mut rest = products[i];
            for k in 0..i {
                rest -= factor[i][k] * through[k];
            }
            through[i] = rest / factor[i][i];
        }
        let mut coefficients = [0.0; T];
        for i in (0..T).rev() {
            let mut rest = through[i];
            for k in i + 1..T {
                rest -= factor[k][i] * coefficients[k];
            }
            coefficients[i] = rest / factor[i][i];
        }
        // Horner's scheme, with the derivative.
        let at = (x_row - mean) * per_deviation;
        let (mut rise, mut slope) = (0.0, 0.0);
        for &coefficient in coefficients.iter().rev() {
            slope = slope * at + rise;
            rise = rise * at + coefficient;
        }
        let explained: f64 = through[1..].iter().map(|z| z * z).sum();
        Some(Fit { slope: slope * per_deviation, base, rise, r_squared: (explained / variance_y).min(1.0) })
    }
}

/// Mean of `((x - mean) * per_deviation)^k z` for each k below `len`, from the sums of `x^k z`.
#[inline(always)]
fn standardised<const N: usize>(sums: &[f64], len: usize, mean: f64, per_deviation: f64, n: f64) -> [f64; N] {
    let mut moved: [f64; N] = std::array::from_fn(|k| if k < len { sums[k] } else { 0.0 });
    // Taylor's shift: after turn j, the j-th is final.
    for j in 1..len {
        for k in (j..len).rev() {
            moved[k] -= mean * moved[k - 1];
        }
    }
    let mut scale = 1.0 / n;
    for value in &mut moved[..len] {
        *value *= scale;
        scale *= per_deviation;
    }
    moved
}

/// Scratch memory of [`Points::fit`].
#[derive(Debug, Clone, Default)]
pub(super) struct Points {
    /// Times in standard deviations from their mean.
    x: Vec<f64>,
    /// What is not yet explained of the values.
    rest: Vec<f64>,
    polynomial: Vec<f64>,
    previous: Vec<f64>,
}

impl Points {
    /// The fit of this degree, at `row_at`, to values of any magnitude at times of any spacing, of which more than
    /// `degree` differ. Takes O(degree) passes over the points.
    ///
    /// The polynomial is built from ones that are orthogonal over these very times, so no equations have to be solved
    /// (Forsythe 1957, "Generation and use of orthogonal polynomials for data-fitting").
    pub(super) fn fit(&mut self, at: &[i64], values: &[f64], row_at: i64, degree: usize) -> Option<Fit> {
        let n = values.len() as f64;
        let base = *values.last()?;
        let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let exponent = match largest {
            l if l > 1e100 => 600,
            l if l < 1e-100 => -600,
            _ => 0,
        };
        let (scale, unit) = (2f64.powi(-exponent), 2f64.powi(exponent));

        let since_row = |at: i64| at.wrapping_sub(row_at) as f64;
        let mean_x = at.iter().map(|&at| since_row(at)).sum::<f64>() / n;
        self.x.clear();
        self.x.extend(at.iter().map(|&at| since_row(at) - mean_x));
        let deviation = (self.x.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
        self.x.iter_mut().for_each(|x| *x /= deviation);
        let at_row = -mean_x / deviation;

        let mean = values.iter().map(|value| value * scale - base * scale).sum::<f64>() / n;
        self.rest.clear();
        self.rest.extend(values.iter().map(|value| value * scale - base * scale - mean));
        let total: f64 = self.rest.iter().map(|y| y * y).sum();

        self.polynomial.clear();
        self.polynomial.resize(values.len(), 1.0);
        self.previous.clear();
        self.previous.resize(values.len(), 0.0);
        let (mut square, mut last_square) = (n, f64::INFINITY);
        // The current and the last polynomial at the row, each with its derivative.
        let (mut here, mut last_here) = ([1.0, 0.0], [0.0, 0.0]);
        let [mut rise, mut slope] = [mean, 0.0];
        for _ in 0..degree {
            let along: f64 = self.polynomial.iter().zip(&self.x).map(|(p, x)| x * p * p).sum();
            let (shift, carry) = (along / square, square / last_square);
            for ((previous, p), x) in self.previous.iter_mut().zip(&self.polynomial).zip(&self.x) {
                *previous = (x - shift) * p - carry * *previous;
            }
            std::mem::swap(&mut self.previous, &mut self.polynomial);
            let next = [
                (at_row - shift) * here[0] - carry * last_here[0],
                here[0] + (at_row - shift) * here[1] - carry * last_here[1],
            ];
            (last_here, here) = (here, next);
            (last_square, square) = (square, self.polynomial.iter().map(|p| p * p).sum());
            let weight = self.polynomial.iter().zip(&self.rest).map(|(p, y)| p * y).sum::<f64>() / square;
            self.rest.iter_mut().zip(&self.polynomial).for_each(|(y, p)| *y -= weight * p);
            rise += weight * here[0];
            slope += weight * here[1];
        }
        let unexplained: f64 = self.rest.iter().map(|y| y * y).sum();
        let finite = |x: f64| x.clamp(-f64::MAX, f64::MAX);
        Some(Fit {
            slope: finite(slope / deviation * unit),
            base,
            rise: finite(rise * unit),
            r_squared: if total > 0.0 { (1.0 - unexplained / total).clamp(0.0, 1.0) } else { 0.0 },
        })
    }
}
