//! Does the one-class SVM agree with LIBSVM, and with itself when rows, threads or files change?

use candle_core::Device;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Fixture {
    inputs: Inputs,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[allow(non_snake_case)]
struct Inputs {
    X: Vec<Vec<f64>>,
    Z: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Case {
    call: String,
    inputs: Settings,
    output: Output,
}

#[derive(Deserialize)]
#[allow(non_snake_case)]
struct Settings {
    add_to_X_and_Z: f64,
    kernel: SvmKernel,
    nu: f64,
    gamma: Option<serde_json::Value>,
    degree: Option<u32>,
    coef0: Option<f64>,
}

#[derive(Deserialize)]
#[allow(non_snake_case)]
struct Output {
    gamma_used: f64,
    rho: f64,
    support: Vec<u32>,
    dual_coef_sum: f64,
    dual_coef: Vec<f64>,
    decision_X: Vec<f64>,
    decision_Z: Vec<f64>,
}

fn fixture() -> Fixture {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/ocsvm.json"));
    serde_json::from_str(&text.unwrap()).unwrap()
}

fn matrix(rows: &[Vec<f64>], add: f64) -> Matrix {
    Matrix::unnamed(rows[0].len(), rows.iter().flatten().map(|value| value + add).collect()).unwrap()
}

fn config(settings: &Settings) -> OneClassSvmConfig {
    let gamma = match &settings.gamma {
        Some(serde_json::Value::String(name)) if name == "auto" => Gamma::Auto,
        Some(serde_json::Value::Number(value)) => Gamma::Value(value.as_f64().unwrap()),
        _ => Gamma::Scale,
    };
    let default = OneClassSvmConfig::default();
    OneClassSvmConfig {
        nu: settings.nu,
        kernel: settings.kernel,
        gamma,
        degree: settings.degree.unwrap_or(default.degree),
        coef0: settings.coef0.unwrap_or(default.coef0),
        tol: 1e-9,
        ..default
    }
}

fn scores(svm: &OneClassSvm, x: &Matrix) -> Vec<f64> {
    svm.decision_function(x.into(), &Cx::default()).unwrap()
}

fn largest_difference<'a>(a: impl IntoIterator<Item = &'a f64>, b: impl IntoIterator<Item = &'a f64>) -> f64 {
    a.into_iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Rows of three clouds and some far ones.
fn clouds(n: u32, n_features: u32) -> Matrix {
    let value = |i: u32, j: u32| {
        let noise =
            f64::from(i.wrapping_mul(2_654_435_761).wrapping_add(j.wrapping_mul(40_503)) >> 8 & 0xffff) / 65536.0;
        f64::from(i % 3) * 2.0 + noise * if i.is_multiple_of(29) { 9.0 } else { 1.5 }
    };
    Matrix::unnamed(n_features as usize, (0..n).flat_map(|i| (0..n_features).map(move |j| value(i, j))).collect())
        .unwrap()
}

#[test]
fn every_kernel_agrees_with_libsvm() {
    let Fixture { inputs, cases } = fixture();
    assert_eq!(cases.len(), 7);
    for Case { call, inputs: settings, output } in cases {
        let (x, z) = (matrix(&inputs.X, settings.add_to_X_and_Z), matrix(&inputs.Z, settings.add_to_X_and_Z));
        let largest = output.decision_X.iter().fold(0.0_f64, |largest, score| largest.max(score.abs()));
        for shrinking in [false, true] {
            let cx = Cx::default();
            let svm = OneClassSvm::fit(&OneClassSvmConfig { shrinking, ..config(&settings) }, &x, &cx).unwrap();
            assert!(cx.warnings().is_empty(), "{call}: {:?}", cx.warnings());
            assert!(settings.kernel == SvmKernel::Linear || (svm.gamma() / output.gamma_used - 1.0).abs() < 1e-12);
            assert!((svm.dual_coef().iter().sum::<f64>() - output.dual_coef_sum).abs() < 1e-9);
            assert!((svm.rho() - output.rho).abs() <= 1e-5 * largest.max(output.rho), "{call}: {}", svm.rho());
            for (x, expected) in [(&x, &output.decision_X), (&z, &output.decision_Z)] {
                let negated: Vec<f64> = expected.iter().map(|score| -score).collect();
                let off = largest_difference(&scores(&svm, x), &negated) / largest;
                assert!(off < 1e-5, "{call}, shrinking {shrinking}: {off}");
            }
            if settings.kernel == SvmKernel::Rbf {
                // Rows whose weight is almost zero may be support vectors for one solver only.
                for (row, weight) in output.support.iter().zip(&output.dual_coef) {
                    let ours = svm.support().binary_search(row).map_or(0.0, |at| svm.dual_coef()[at]);
                    assert!((ours - weight).abs() < 1e-4, "row {row}: {ours} and {weight}");
                }
            }
        }
    }
}

#[test]
fn an_offset_of_all_rows_changes_nothing_with_rbf() {
    let x = clouds(400, 4);
    let config = OneClassSvmConfig { gamma: Gamma::Value(0.5), tol: 1e-9, ..Default::default() };
    let moved = Matrix::unnamed(4, x.values().iter().map(|value| value + 1e6).collect()).unwrap();
    let plain = scores(&OneClassSvm::fit(&config, &x, &Cx::default()).unwrap(), &x);
    let shifted = scores(&OneClassSvm::fit(&config, &moved, &Cx::default()).unwrap(), &moved);
    let largest = plain.iter().fold(0.0_f64, |largest, score| largest.max(score.abs()));
    assert!(largest_difference(&plain, &shifted) < 1e-6 * largest);
}

#[test]
fn small_caches_shrinking_and_row_order_lead_to_the_same_region() {
    let x = clouds(3000, 3);
    let reversed: Vec<u32> = (0..3000).rev().collect();
    let settings = OneClassSvmConfig { tol: 1e-6, ..Default::default() };
    let expected = scores(&OneClassSvm::fit(&settings, &x, &Cx::default()).unwrap(), &x);
    let largest = expected.iter().fold(0.0_f64, |largest, score| largest.max(score.abs()));
    for (config, rows) in [
        (OneClassSvmConfig { shrinking: false, ..settings.clone() }, x.clone()),
        (OneClassSvmConfig { cache_size_mb: 1, ..settings.clone() }, x.clone()),
        (settings.clone(), x.select(&reversed)),
    ] {
        let got = scores(&OneClassSvm::fit(&config, &rows, &Cx::default()).unwrap(), &x);
        assert!(largest_difference(&got, &expected) < 1e-5 * largest);
    }
}

#[test]
fn threads_change_no_bit_and_files_lose_nothing() {
    let x = clouds(2500, 12);
    for kernel in [SvmKernel::Rbf, SvmKernel::Linear, SvmKernel::Poly, SvmKernel::Sigmoid] {
        let config = OneClassSvmConfig { kernel, gamma: Gamma::Value(0.02), ..Default::default() };
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let svm = OneClassSvm::fit(&config, &x, &Cx::default()).unwrap();
                (scores(&svm, &x), svm)
            })
        };
        let (one, three) = (run(1), run(3));
        assert_eq!(one, three);
        let saved = ron::to_string(&one.1).unwrap();
        assert_eq!(ron::from_str::<OneClassSvm>(&saved).unwrap(), one.1);
    }
}

#[test]
fn odd_rows_give_finite_scores_with_every_kernel() {
    let cases: [&[f64]; 6] = [
        &[1.0, 2.0],
        &[0.0; 8],
        &[5.0; 200],
        &[1e300, -1e300, 1e300, 0.0, -1e300, 1.0],
        &[1e-300, 0.0, 0.0, 1e-300],
        &[1e200, 1.0, 2.0, 3.0, 1.0, 3.0, 2.0, 2.0, 1.0, 0.5],
    ];
    let probe = Matrix::unnamed(2, vec![f64::MAX, f64::MIN, 0.0, 0.0, 1e10, -1e10]).unwrap();
    for kernel in [SvmKernel::Rbf, SvmKernel::Linear, SvmKernel::Poly, SvmKernel::Sigmoid] {
        for values in cases {
            for (gamma, nu) in [(Gamma::Scale, 0.1), (Gamma::Auto, 0.5), (Gamma::Value(1e30), 1.0)] {
                let x = Matrix::unnamed(2, values.to_vec()).unwrap();
                let config = OneClassSvmConfig { kernel, gamma, nu, ..Default::default() };
                let svm = OneClassSvm::fit(&config, &x, &Cx::default()).unwrap();
                let all = [scores(&svm, &x), scores(&svm, &probe)].concat();
                assert!(all.iter().all(|score| score.is_finite()), "{kernel:?} {gamma:?} {nu} {values:?}: {all:?}");
            }
        }
    }
}

#[test]
fn cancelling_stops_the_fit_and_the_scoring() {
    let (x, cx) = (clouds(500, 3), Cx::default());
    let svm = OneClassSvm::fit(&OneClassSvmConfig::default(), &x, &cx).unwrap();
    cx.cancel();
    assert_eq!(OneClassSvm::fit(&OneClassSvmConfig::default(), &x, &cx).unwrap_err(), DetectError::Cancelled);
    assert_eq!(svm.decision_function((&x).into(), &cx).unwrap_err(), DetectError::Cancelled);
}

#[test]
fn the_approximation_is_named_and_comes_close() {
    let x = clouds(300, 4);
    let exact = scores(&OneClassSvm::fit(&OneClassSvmConfig::default(), &x, &Cx::default()).unwrap(), &x);
    let largest = exact.iter().fold(0.0_f64, |largest, score| largest.max(score.abs()));
    // Kernels around all rows: what is left is the ridge and the rounded kink.
    for (n_components, tolerance, least_agreement) in [(300, 2e-2, 0.999), (60, f64::INFINITY, 0.95)] {
        let cx = Cx::default();
        let approximation = SvmApproximation::Nystroem;
        let config = OneClassSvmConfig { approximation, approximate_above: 299, n_components, ..Default::default() };
        let machine = OneClassSvm::fit(&config, &x, &cx).unwrap();
        assert_eq!(machine.support().len(), n_components as usize);
        let named = format!("Nyström with {n_components} components");
        assert!(cx.warnings()[0].contains(&named) && cx.warnings()[0].contains("Spearman"), "{:?}", cx.warnings());
        let got = scores(&machine, &x);
        assert!(
            largest_difference(&got, &exact) <= tolerance * largest,
            "{}",
            largest_difference(&got, &exact) / largest
        );
        assert!(spearman(&got, &exact) > least_agreement, "{n_components}: {}", spearman(&got, &exact));
        // Rows on the boundary count as neither.
        let outside = got.iter().filter(|&&score| score > 0.02 * largest).count();
        assert!((1..=30).contains(&outside), "{outside}");
    }
    let few = OneClassSvmConfig {
        approximation: SvmApproximation::Nystroem,
        approximate_above: 300,
        n_components: 10,
        ..Default::default()
    };
    assert_eq!(scores(&OneClassSvm::fit(&few, &x, &Cx::default()).unwrap(), &x), exact);
}

#[test]
fn the_approximation_holds_for_odd_rows_and_other_kernels() {
    let base = OneClassSvmConfig {
        approximation: SvmApproximation::Nystroem,
        approximate_above: 0,
        n_components: 5,
        ..Default::default()
    };
    for values in [&[1.0, 2.0][..], &[5.0; 200], &[1e300, -1e300, 1e300, 0.0, -1e300, 1.0]] {
        let x = Matrix::unnamed(2, values.to_vec()).unwrap();
        for kernel in [SvmKernel::Rbf, SvmKernel::Linear, SvmKernel::Poly, SvmKernel::Sigmoid] {
            for nu in [0.1, 1.0] {
                let config = OneClassSvmConfig { kernel, nu, ..base.clone() };
                match OneClassSvm::fit(&config, &x, &Cx::default()) {
                    Ok(machine) => assert!(scores(&machine, &x).iter().all(|score| score.is_finite())),
                    Err(error) => assert!(error.to_string().contains("positive definite"), "{error}"),
                }
            }
        }
    }
}

#[test]
fn blocks_of_kernel_rows_lead_to_the_same_machine() {
    let (n, d, nu, cx) = (700, 6, 0.2, Cx::default());
    let x: Vec<f64> = (1..=n * d).map(|i| (i * i * 7919 % 10_007) as f64 / 5000.0 - 1.0).collect();
    for (kernel, cache_rows) in [
        (Kernel::Rbf { gamma: 0.3 }, 1000),
        (Kernel::Rbf { gamma: 0.3 }, 40),
        (Kernel::Linear, 1000),
        (Kernel::Poly { gamma: 0.2, degree: 3, coef0: 1.0 }, 1000),
    ] {
        let points = KernelPoints::new(kernel, d, &x, 1e-6, &cx).unwrap();
        for shrinking in [true, false] {
            let limits = Limits { tol: 1e-3, shrinking, cache_bytes: 4 * n as u64 * cache_rows };
            let blocks = Blocks::new(&points, limits.cache_bytes, &Device::Cpu, &cx);
            assert!(blocks.is_some());
            let scores = |blocks| {
                let solution = solve(points.clone(), nu, limits, blocks, &cx).unwrap();
                assert!(solution.converged);
                let sums = points.sums(&solution.alpha, &x, &cx).unwrap();
                (sums.into_iter().map(|sum| solution.rho - sum).collect::<Vec<_>>(), solution.largest_score)
            };
            let ((got, _), (expected, largest)) = (scores(blocks), scores(None));
            for (got, expected) in got.iter().zip(&expected) {
                assert!((got - expected).abs() <= 1e-4 * largest, "{kernel:?}: {got} {expected} {largest}");
            }
        }
    }
    assert!(cx.warnings().is_empty());
}
