//! Which inputs matter near one row: LIME, a linear model of the function around the row.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::batch::{BatchFn, call, evaluate};
use crate::analysis::detect::cholesky::{Cholesky, dot};
use crate::cx::{Cancelled, Cx};

/// Settings of LIME for tables (Ribeiro, Singh and Guestrin 2016, "Why should I trust you?"). The defaults are those of
/// the package `lime` with `discretize_continuous=False` and `sample_around_instance=True`, and all features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lime {
    /// Rows to evaluate, the first of which is the row explained. At least 1.
    pub n_samples: usize,
    /// Width of the kernel per square root of a feature, in standard deviations. Above 0: smaller is more local.
    pub kernel_width: f64,
    /// Penalty of the ridge regression, above 0.
    pub alpha: f64,
    /// Seed of the rows.
    pub seed: u64,
    /// Rows that the function gets at a time, at least 1. A cancel waits for at most one such block per thread.
    pub block_rows: usize,
}

impl Default for Lime {
    fn default() -> Self {
        Self { n_samples: 5000, kernel_width: 0.75, alpha: 1.0, seed: 42, block_rows: 256 }
    }
}

/// A linear model that is close to a function near one row.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalModel {
    /// The function of the row.
    pub value: f64,
    /// Prediction of the model for a row of means.
    pub intercept: f64,
    /// Effect of one standard deviation, per feature; 0 for features without one.
    pub coefficients: Vec<f64>,
    /// Coefficient × (row - mean) / standard deviation: with the intercept they add up to what the model predicts.
    pub contributions: Vec<f64>,
    /// Share of the weighted variance of the function that the model explains, at most 1; `None` where the function is
    /// constant near the row.
    pub r_squared: Option<f64>,
}

impl Lime {
    /// Explains `f` near `row`, given the mean and the standard deviation of each feature. Rows are drawn around it with
    /// these deviations; a feature with a deviation of 0 stays as it is. Where the lengths differ, a missing mean counts
    /// as the row's own and a missing deviation as 0. The result does not depend on the threads.
    ///
    /// Holds `n_samples` × features numbers. Takes `n_samples` × features² operations besides those of `f`.
    ///
    /// # Errors
    /// Those of `f`; [`Cancelled`] as the error of `f`.
    pub fn explain<E: From<Cancelled> + Send>(
        &self,
        f: &BatchFn<'_, E>,
        row: &[f64],
        mean: &[f64],
        std: &[f64],
        cx: &Cx,
    ) -> Result<LocalModel, E> {
        let d = row.len();
        let std: Vec<f64> = (0..d).map(|at| std.get(at).copied().unwrap_or(0.0)).collect();
        if d == 0 {
            let value = call(f, row, 1)?.into_iter().sum();
            let (coefficients, contributions) = (Vec::new(), Vec::new());
            return Ok(LocalModel { value, intercept: value, coefficients, contributions, r_squared: None });
        }
        let steps = self.draw(&std, cx)?;
        let n = steps.len() / d;
        cx.progress().start("LIME", n as u64);
        let values = evaluate(f, n, self.block_rows, cx, |rows, inputs| {
            let steps = steps.get(rows.start * d..rows.end * d).unwrap_or_default();
            let shifted = |steps: &[f64]| -> Vec<f64> {
                row.iter().zip(steps).zip(&std).map(|((own, step), std)| own + step * std).collect()
            };
            steps.chunks_exact(d).for_each(|steps| inputs.extend(shifted(steps)));
            cx.progress().add(rows.len() as u64);
        })?;
        let fit = weighted_ridge(&steps, d, &values, &self.weights(&steps, d), self.alpha, cx)?;
        let standing = row.iter().enumerate().zip(&std).map(|((at, own), std)| {
            let off = own - mean.get(at).unwrap_or(own);
            if *std > 0.0 { (off / std).clamp(-f64::MAX, f64::MAX) } else { 0.0 }
        });
        let contributions: Vec<f64> = fit.coefficients.iter().zip(standing).map(|(slope, z)| slope * z).collect();
        Ok(LocalModel {
            value: values.first().copied().unwrap_or(fit.intercept),
            intercept: fit.intercept - contributions.iter().sum::<f64>(),
            coefficients: fit.coefficients,
            contributions,
            r_squared: fit.r_squared,
        })
    }

    /// Steps from the row in standard deviations: none at first, then normal ones. 0 for features without a deviation.
    fn draw(&self, std: &[f64], cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut steps = vec![0.0; std.len()];
        for _ in 1..self.n_samples {
            cx.check()?;
            steps.extend(std.iter().map(|std| {
                let step: f64 = StandardNormal.sample(&mut rng);
                if *std > 0.0 { step } else { 0.0 }
            }));
        }
        Ok(steps)
    }

    /// The exponential kernel √exp(-distance² / width²).
    fn weights(&self, steps: &[f64], d: usize) -> Vec<f64> {
        let width = self.kernel_width * (d as f64).sqrt();
        let weight = |steps: &[f64]| (-steps.iter().map(|step| step * step).sum::<f64>() / (width * width) / 2.0).exp();
        steps.chunks_exact(d).map(weight).collect()
    }
}

/// A ridge regression.
#[derive(Debug, Clone, PartialEq)]
struct Ridge {
    coefficients: Vec<f64>,
    intercept: f64,
    r_squared: Option<f64>,
}

/// Least Σ w (y - intercept - x·b)² + `alpha` |b|², the intercept not penalised, for rows x of `d` features: what
/// scikit-learn calls `Ridge(alpha).fit(x, y, sample_weight=w)`.
fn weighted_ridge(x: &[f64], d: usize, y: &[f64], w: &[f64], alpha: f64, cx: &Cx) -> Result<Ridge, Cancelled> {
    let first = y.first().copied().unwrap_or(0.0);
    if y.iter().all(|y| *y == first) {
        // Not even slopes of rounding.
        return Ok(Ridge { coefficients: vec![0.0; d], intercept: first, r_squared: None });
    }
    let rows = || x.chunks_exact(d).zip(y).zip(w).map(|((x, y), w)| (x, *y, *w));
    let total: f64 = w.iter().sum();
    // In units of the largest value, whose square may be beyond a number's range.
    let unit = y.iter().fold(0.0_f64, |most, y| most.max(y.abs()));
    let (mut x_mean, mut y_mean) = (vec![0.0; d], 0.0);
    for (x, y, w) in rows() {
        x_mean.iter_mut().zip(x).for_each(|(sum, x)| *sum += x * (w / total));
        y_mean += y / unit * (w / total);
    }
    // The lower triangle.
    let mut gram = vec![0.0; d * (d + 1) / 2];
    let mut slopes = vec![0.0; d];
    for (x, y, w) in rows() {
        cx.check()?;
        let x: Vec<f64> = x.iter().zip(&x_mean).map(|(x, mean)| x - mean).collect();
        let mut rest = gram.as_mut_slice();
        for (at, (own, sum)) in x.iter().zip(&mut slopes).enumerate() {
            let (line, after) = rest.split_at_mut(at + 1);
            line.iter_mut().zip(&x).for_each(|(sum, other)| *sum += w * own * other);
            *sum += w * own * (y / unit - y_mean);
            rest = after;
        }
    }
    // With a penalty above 0 the matrix is positive definite.
    match Cholesky::new(&gram, alpha, f64::MIN_POSITIVE, cx)? {
        Some(factor) => factor.solve(&mut slopes),
        None => slopes.fill(0.0),
    }
    let (mut left, mut all) = (0.0, 0.0);
    for (x, y, w) in rows() {
        let off = y / unit - y_mean;
        let explained: f64 = x.iter().zip(&x_mean).zip(&slopes).map(|((x, mean), slope)| (x - mean) * slope).sum();
        left += w * (off - explained) * (off - explained);
        all += w * off * off;
    }
    Ok(Ridge {
        intercept: unit * (y_mean - dot(&x_mean, &slopes)),
        coefficients: slopes.into_iter().map(|slope| unit * slope).collect(),
        r_squared: (all > 0.0).then(|| 1.0 - left / all),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(got: &[f64], want: &[f64], tolerance: f64) {
        assert_eq!(got.len(), want.len());
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() <= tolerance * (1.0 + want.abs()), "{got} instead of {want}");
        }
    }

    /// The samples and values below, as a row-major matrix of 30 × 3 and a column.
    fn samples() -> (Vec<f64>, Vec<f64>) {
        let place = |i: u32, j: u32| 2.0 * (1.0 + 3.0 * f64::from(i) + 7.0 * f64::from(j)).sin();
        let x = (0..30).flat_map(|i| (0..3).map(move |j| if i == 0 { 0.0 } else { place(i, j) }));
        let x: Vec<f64> = x.collect();
        let y = x.chunks_exact(3).map(|x| x[0].exp() - x[1] * x[2] + 10.0).collect();
        (x, y)
    }

    /// ```python
    /// x = np.array([[2*np.sin(1 + 3*i + 7*j) for j in range(3)] for i in range(30)]); x[0] = 0
    /// y = np.exp(x[:,0]) - x[:,1]*x[:,2] + 10
    /// kernel = lambda d, kernel_width: np.sqrt(np.exp(-(d**2)/kernel_width**2))   # as lime.lime_tabular
    /// LimeBase(partial(kernel, kernel_width=np.sqrt(3)*.75)).explain_instance_with_data(
    ///     x, y[:,None], np.sqrt((x**2).sum(1)), 0, 3, feature_selection='none')
    /// w = 1/(1+np.arange(30))
    /// r = Ridge(alpha=alpha).fit(x, y, sample_weight=w); r.coef_, r.intercept_, r.score(x, y, sample_weight=w)
    /// ```
    #[test]
    fn the_regression_is_that_of_lime_and_scikit_learn() {
        let (x, y) = samples();
        let cx = Cx::default();
        let check = |w: &[f64], alpha: f64, coefficients: &[f64], intercept: f64, r_squared: f64| {
            let got = weighted_ridge(&x, 3, &y, w, alpha, &cx).unwrap();
            assert_close(&got.coefficients, coefficients, 1e-12);
            assert_close(&[got.intercept, got.r_squared.unwrap()], &[intercept, r_squared], 1e-12);
        };
        let lime = [1.095670304997536, 0.5075190562483188, -0.33043078374194945];
        check(&Lime::default().weights(&x, 3), 1.0, &lime, 10.814291137401446, 0.4695188140108546);
        let weights: Vec<f64> = (0..30).map(|at| 1.0 / f64::from(1 + at)).collect();
        let ridge = [1.189183741939138, 0.5186618002250288, -0.4071431410752849];
        check(&weights, 1e-3, &ridge, 9.941032827241015, 0.4702341623024938);
        let ridge = [0.4562181226639568, 0.31457895091797394, 0.01810543786806771];
        check(&weights, 7.0, &ridge, 9.864742089743913, 0.3453553642174798);
        // The unit of the values is the caller's.
        let huge: Vec<f64> = y.iter().map(|y| y * 1e300).collect();
        let got = weighted_ridge(&x, 3, &huge, &weights, 7.0, &cx).unwrap();
        assert_close(&got.coefficients, &ridge.map(|slope| slope * 1e300), 1e-12);
        assert_close(&[got.r_squared.unwrap()], &[0.3453553642174798], 1e-12);
    }

    fn linear(rows: &[f64]) -> Result<Vec<f64>, Cancelled> {
        Ok(rows.chunks_exact(3).map(|x| 5.0 + 2.0 * x[0] - 0.1 * x[1]).collect())
    }

    #[test]
    fn a_linear_function_is_found_again() {
        let (row, mean, std) = ([1.0, -20.0, 7.0], [0.5, 10.0, 7.0], [0.5, 30.0, 0.0]);
        let got = Lime::default().explain(&linear, &row, &mean, &std, &Cx::default()).unwrap();
        assert_eq!(got.value, 9.0);
        // Effects per deviation 2 · 0.5 and -0.1 · 30, but for what the penalty takes: about 1 of 2,000.
        assert_close(&got.coefficients, &[1.0, -3.0, 0.0], 2e-3);
        assert_close(&got.contributions, &[1.0, 3.0, 0.0], 2e-3);
        assert_eq!((got.coefficients[2], got.contributions[2]), (0.0, 0.0));
        assert_close(&[got.intercept], &[5.0], 5e-3);
        assert!(got.r_squared.unwrap() > 0.9999);
        let predicted = got.intercept + got.contributions.iter().sum::<f64>();
        assert_close(&[predicted], &[9.0], 1e-3);
    }

    #[test]
    fn a_narrow_kernel_is_local() {
        let f = |rows: &[f64]| Ok::<_, Cancelled>(rows.iter().map(|x| x * x * x).collect());
        let slope = |kernel_width: f64| {
            let lime = Lime { kernel_width, alpha: 1e-9, n_samples: 20_000, ..Lime::default() };
            lime.explain(&f, &[1.0], &[0.0], &[1.0], &Cx::default()).unwrap().coefficients[0]
        };
        // Normal steps s times a kernel of width w are normal of variance v = 1 / (1 + 1/w²); of (1 + s)³ they see the
        // slope 3 (1 + v), and of the cube at 1 itself it is 3.
        for (width, tolerance) in [(0.05, 0.02), (0.75, 0.15), (100.0, 0.5)] {
            let want = 3.0 * (1.0 + 1.0 / (1.0 + 1.0 / (width * width)));
            assert!((slope(width) - want).abs() < tolerance, "{width}: {} {want}", slope(width));
        }
    }

    #[test]
    fn odd_inputs_give_numbers() {
        let explain = |lime: Lime, row: &[f64], mean: &[f64], std: &[f64]| {
            let f = |rows: &[f64]| Ok::<_, Cancelled>(rows.chunks(row.len().max(1)).map(|x| x.iter().sum()).collect());
            lime.explain(&f, row, mean, std, &Cx::default()).unwrap()
        };
        let lime = Lime { n_samples: 50, block_rows: 0, ..Lime::default() };
        // Constant features, one sample, no samples: the row is all there is.
        for (lime, std) in
            [(lime, [0.0, 0.0]), (Lime { n_samples: 1, ..lime }, [1.0, 1.0]), (Lime { n_samples: 0, ..lime }, [1.0; 2])]
        {
            let got = explain(lime, &[1.0, 2.0], &[0.0, 0.0], &std);
            assert_eq!((got.value, got.intercept, got.r_squared), (3.0, 3.0, None));
            assert_eq!((got.coefficients, got.contributions), (vec![0.0; 2], vec![0.0; 2]));
        }
        // No features; missing means and deviations; huge values.
        let none = lime.explain(&|_: &[f64]| Ok::<_, Cancelled>(vec![4.0]), &[], &[], &[], &Cx::default()).unwrap();
        assert_eq!((none.value, none.intercept, none.coefficients.len()), (4.0, 4.0, 0));
        let got = explain(lime, &[1.0, 2.0], &[], &[1.0]);
        assert!(got.coefficients[0] > 0.5 && got.coefficients[1] == 0.0 && got.contributions == [0.0, 0.0]);
        let got = explain(lime, &[1e300, 2.0], &[-1e300, 0.0], &[1e300, 1.0]);
        assert!(got.coefficients.iter().chain(&got.contributions).all(|value| value.is_finite()));
    }

    #[test]
    fn the_result_is_the_same_for_any_number_of_threads_and_follows_the_seed() {
        let explain = |threads: usize, seed: u64| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let lime = Lime { seed, n_samples: 300, block_rows: 7, ..Lime::default() };
            pool.install(|| lime.explain(&linear, &[1.0; 3], &[0.0; 3], &[1.0; 3], &Cx::default()).unwrap())
        };
        assert_eq!(explain(1, 1), explain(3, 1));
        assert_ne!(explain(1, 1), explain(1, 2));
        let cx = Cx::default();
        cx.cancel();
        assert_eq!(Lime::default().explain(&linear, &[1.0; 3], &[0.0; 3], &[1.0; 3], &cx), Err(Cancelled));
    }
}
