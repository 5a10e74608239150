//! PCA of windows against scikit-learn and PyOD, and its properties.

use super::super::FittedDetector;
use super::super::series::tests::{noise, with_series};
use super::*;
use crate::recipe::{Components, PcaScore, WindowLength};

#[rustfmt::skip]
const X: [f64; 60] = [
    1.0, 2.931, 3.936, 3.49, 1.702, -0.737, -2.842, -3.718, -2.892, -0.565, 2.255, 3.937, 3.172, 0.396, -2.03, -2.387, -1.965, -2.162, -0.781, 2.706, 3.38, 1.539, 1.505, -0.895, -3.528, -1.941, -2.541, 0.467, 2.116, 2.625, 3.035, 0.26, -0.598, -3.189, -2.601, -1.785, -0.185, 2.869, 1.986, 3.277, 4.702, -1.955, -1.735, -3.128, -2.564, 1.004, 2.647, 2.108, 1.946, 1.548, -0.497, -3.049, -3.884, -2.296, 0.582, 3.053, 3.954, 3.035, 0.84, -1.633,
];

fn config() -> PcaWindowsConfig {
    PcaWindowsConfig { enabled: true, window: WindowLength::Rows(6), ..PcaWindowsConfig::default() }
}

fn scores(config: &PcaWindowsConfig, n_columns: usize, data: &[f64], codes: &[u32]) -> Vec<f64> {
    with_series(n_columns, data.to_vec(), codes, |input| {
        let fitted = config.fit(input, &Cx::default()).unwrap();
        let saved: PcaWindows = ron::from_str(&ron::to_string(&fitted).unwrap()).unwrap();
        assert!(saved == fitted);
        fitted.decision_function(input, &Cx::default()).unwrap()
    })
}

/// Scores in units of the first, at some windows: units differ between the libraries.
fn relative(windows: &[f64]) -> Vec<f64> {
    [0, 10, 27, 35, 37, 39, 45, 54].iter().map(|&at: &usize| windows[at] / windows[0]).collect()
}

#[test]
fn scores_agree_with_pyod_and_scikit_learn() {
    // w = numpy.lib.stride_tricks.sliding_window_view(X, 6)
    // d = pyod.models.pca.PCA(svd_solver="full").fit(w).decision_scores_; d[[0, 10, 27, 35, 37, 39, 45, 54]] / d[0]
    let all = [
        1.0,
        1.0151974095316,
        0.7566648109798,
        1.0721141072841,
        1.1824595088898,
        1.1797897955812,
        0.6943401562508,
        0.9783838497512,
    ];
    // the same with n_components=3
    let three = [
        1.0,
        1.0413969463945,
        0.7861121190027,
        1.1515570738769,
        1.2671746482555,
        1.1642997015906,
        0.6703952339879,
        0.9587657924086,
    ];
    // z = StandardScaler().fit_transform(w); p = sklearn.decomposition.PCA(2).fit(z)
    // d = numpy.sqrt(numpy.mean((z - p.inverse_transform(p.transform(z))) ** 2, axis=1))
    let rest = [
        1.0,
        0.9879148450016,
        0.8796966208649,
        2.8991712121755,
        3.0835236358868,
        2.6170252223787,
        1.2818266537943,
        0.1808626312638,
    ];
    let reconstruction = PcaScore::ReconstructionError;
    let cases = [
        (Components::All, PcaScore::WeightedDistance, all),
        (Components::Count(3), PcaScore::WeightedDistance, three),
        (Components::Count(2), reconstruction, rest),
        // The first two explain 0.557 + 0.363 of the variance.
        (Components::Variance(0.9), reconstruction, rest),
    ];
    for (n_components, score, expected) in cases {
        let config = PcaWindowsConfig { n_components, score, ..config() };
        let rows = scores(&config, 1, &X, &[]);
        assert_eq!(rows[..3], [rows[3]; 3]);
        assert_eq!(rows[58..], [rows[57]; 2]);
        for (got, want) in relative(&rows[3..58]).iter().zip(expected) {
            assert!((got - want).abs() < 1e-9 * want, "{score:?} {got} {want}");
        }
    }
}

#[test]
fn level_and_scale_of_entities_and_columns_do_not_matter() {
    let one = scores(&config(), 1, &X, &[]);
    let twice: Vec<f64> = X.iter().flat_map(|&x| [x, 1e6 - 300.0 * x]).collect();
    let codes: Vec<u32> = (0..120).map(|row| row % 2).collect();
    let entities = scores(&config(), 1, &twice, &codes);
    let columns = scores(&config(), 2, &twice, &[]);
    assert!(one.iter().zip(&columns).all(|(a, b)| (a - b).abs() < 0.2), "the second column is the first upside down");
    let level: Vec<f64> = X.iter().flat_map(|&x| [x, 1e6 + 300.0 * x]).collect();
    let entities_alike = scores(&config(), 1, &level, &codes);
    let columns_alike = scores(&config(), 2, &level, &[]);
    for (row, score) in one.iter().enumerate() {
        assert!((entities_alike[2 * row] - score).abs() < 1e-6 && (entities_alike[2 * row + 1] - score).abs() < 1e-6);
        assert!((columns_alike[row] - score).abs() < 1e-6);
        assert!(entities[2 * row].is_finite());
    }
}

#[test]
fn a_planted_shape_is_found_and_threads_do_not_matter() {
    let mut data: Vec<f64> =
        (0..3000).map(|i| (f64::from(i) * 0.2).sin()).zip(noise(3000, 1)).map(|(a, b)| a + 0.1 * b).collect();
    data[1500..1520].fill(0.9);
    let config = PcaWindowsConfig {
        window: WindowLength::Rows(32),
        n_components: Components::Variance(0.9),
        score: PcaScore::ReconstructionError,
        ..config()
    };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| scores(&config, 1, &data, &[]))
    };
    let (one, three) = (run(1), run(3));
    assert_eq!(one, three);
    let worst = one.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
    assert!((1490..1530).contains(&worst), "{worst}");
    let sampled = scores(&PcaWindowsConfig { max_fit_windows: 500, ..config.clone() }, 1, &data, &[]);
    let worst = sampled.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
    assert!((1490..1530).contains(&worst), "{worst}");
}

#[test]
fn degenerate_series_have_finite_scores() {
    for data in [vec![5.0; 40], vec![1e300, -1e300, 1e300], vec![7.0], [vec![0.0; 30], vec![1e-300]].concat()] {
        for score in [PcaScore::WeightedDistance, PcaScore::ReconstructionError] {
            let scores = scores(&PcaWindowsConfig { score, ..config() }, 1, &data, &[]);
            assert!(scores.iter().all(|score| score.is_finite() && *score >= 0.0), "{scores:?}");
        }
    }
    // Fitted on a constant, asked about something else; and the other way round.
    let fit = |data: &[f64]| with_series(1, data.to_vec(), &[], |input| config().fit(input, &Cx::default()).unwrap());
    for (train, test) in [(&[5.0; 40][..], &X[..]), (&X[..], &[1e300; 20][..])] {
        let fitted = fit(train);
        let scores =
            with_series(1, test.to_vec(), &[], |input| fitted.decision_function(input, &Cx::default()).unwrap());
        assert!(scores.iter().all(|score| score.is_finite()), "{scores:?}");
    }
}
