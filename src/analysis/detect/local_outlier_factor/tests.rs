//! Checks the local outlier factor against scikit-learn, against its own two ways, and on odd data.

use super::*;
use crate::analysis::detect::Decompose;
use crate::recipe::Metric;

fn config(metric: Metric, p: f64, novelty: bool) -> LocalOutlierFactorConfig {
    LocalOutlierFactorConfig { n_neighbors: 4, metric, p, novelty, ..Default::default() }
}

fn fit(config: &LocalOutlierFactorConfig, x: &Matrix) -> LocalOutlierFactor {
    LocalOutlierFactor::fit(config, x, &Cx::default()).unwrap()
}

fn x() -> Matrix {
    Matrix::unnamed(3, X.to_vec()).unwrap()
}

fn assert_close(ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((ours - theirs).abs() <= 1e-9 * theirs, "{ours} {theirs}");
    }
}

const METRICS: [(Metric, f64); 5] = [
    (Metric::Euclidean, 2.0),
    (Metric::Manhattan, 2.0),
    (Metric::Minkowski, 3.0),
    (Metric::Minkowski, 2.5),
    (Metric::Cosine, 2.0),
];

#[test]
fn factors_are_those_of_scikit_learn_for_each_metric() {
    let x = x();
    let new: Vec<f64> = X[..12].chunks(3).flat_map(|row| [row[0] + 0.31, row[1] + 0.12, row[2] + 0.23]).collect();
    let new = Matrix::unnamed(3, new).unwrap();
    let cases = [
        (Metric::Manhattan, 2.0, &MANHATTAN, &MANHATTAN_NEW),
        (Metric::Minkowski, 1.0, &MANHATTAN, &MANHATTAN_NEW),
        (Metric::Minkowski, 3.0, &MINKOWSKI_3, &MINKOWSKI_3_NEW),
        (Metric::Minkowski, 2.5, &MINKOWSKI_2_5, &MINKOWSKI_2_5_NEW),
        (Metric::Cosine, 2.0, &COSINE, &COSINE_NEW),
    ];
    for (metric, p, training, scores) in cases {
        let lof = fit(&config(metric, p, false), &x);
        assert_close(&lof.training_scores((&x).into(), &Cx::default()).unwrap(), training);
        assert_close(&lof.decision_function((&new).into(), &Cx::default()).unwrap(), scores);
    }
}

/// Steps between few values, so that there are equal rows and equal distances, and rows of zeros.
fn steps(n: usize, d: usize) -> Matrix {
    Matrix::unnamed(d, (0..n * d).map(|i| ((i * i * 7 + i / 5) % 5) as f64 - 2.0).collect()).unwrap()
}

#[test]
fn in_novelty_mode_training_rows_score_like_new_ones_to_the_bit() {
    for metric in [Metric::Euclidean, Metric::Manhattan, Metric::Minkowski, Metric::Cosine] {
        for (n, d) in [(1, 2), (2, 2), (4, 1), (5, 1), (6, 2), (300, 2), (300, 3), (200, 20)] {
            let x = steps(n, d);
            let lof = fit(&config(metric, 3.0, true), &x);
            let training = lof.training_scores((&x).into(), &Cx::default()).unwrap();
            assert_eq!(training, lof.decision_function((&x).into(), &Cx::default()).unwrap(), "{metric:?} {n} {d}");
            assert!(training.iter().all(|score| score.is_finite() && *score > 0.0));
        }
    }
}

#[test]
fn rows_outside_of_a_sample_are_scored_as_new_rows() {
    let (x, cx) = (steps(300, 3), Cx::default());
    let config = LocalOutlierFactorConfig { max_fit_rows: 100, ..config(Metric::Euclidean, 2.0, false) };
    let lof = LocalOutlierFactor::fit(&config, &x, &cx).unwrap();
    let (training, new) = (lof.training_scores((&x).into(), &cx), lof.decision_function((&x).into(), &cx));
    let (training, new) = (training.unwrap(), new.unwrap());
    let sample = lof.sample.clone().unwrap();
    let fitted_on_sample = fit(&LocalOutlierFactorConfig { max_fit_rows: 0, ..config }, &x.select(&sample));
    let of_sample = fitted_on_sample.training_scores((&x.select(&sample)).into(), &cx).unwrap();
    for row in 0..300 {
        let expected = sample.binary_search(&row).map_or(new[row as usize], |at| of_sample[at]);
        assert_eq!(training[row as usize], expected);
    }
    assert!(cx.warnings().iter().any(|warning| warning.contains("outside of its sample")), "{:?}", cx.warnings());
}

#[test]
fn parts_are_those_of_the_reachability_distances_of_scikit_learn() {
    // m = LocalOutlierFactor(n_neighbors=4, metric=..).fit(X); for x = X[row] and own = row, and for x = X[6] with a first
    // value of 1.0 and own = 6:
    // diff = abs(X - x); d = (diff**p).sum(1)**(1/p); o = [j for j in d.argsort(kind='stable') if j != own][:4]
    // reach = maximum(d[o], m._distances_fit_X_[o, 3]); share = diff[o]**p / (diff[o]**p).sum(1)[:, None] (1/3 where equal)
    // lof = m._lrd[o].mean() * (reach.mean() + 1e-10); (reach[:, None] * share).sum(0) / reach.sum() * lof
    let cases = [
        (
            Metric::Euclidean,
            [
                [0.3503245382550965, 0.25960407826746795, 0.4230704338375425],
                [0.8801903126649887, 0.07144677470172793, 0.09064683113543014],
                [0.6175763976045674, 0.017756764017126458, 0.9770891640372478],
                [0.4678409497687688, 1.1618326974898462e-05, 0.503612791850998],
            ],
        ),
        (
            Metric::Manhattan,
            [
                [0.2877952253916727, 0.4931910929230134, 0.3308936825379935],
                [0.7499440415139071, 0.11418143239062237, 0.18334515434386806],
                [0.2646407449555218, 0.09186157068078812, 1.0935874385471325],
                [0.4939920283067646, 0.0024077660785616836, 0.47676093588646307],
            ],
        ),
    ];
    let (x, cx) = (x(), Cx::default());
    let mut rows = x.select(&[0, 2, 19, 6]).values().to_vec();
    rows[9] = 1.0;
    let (rows, own) = (Matrix::unnamed(3, rows).unwrap(), [0, 2, 19, 6]);
    for (metric, theirs) in cases {
        let lof = fit(&config(metric, 2.0, false), &x);
        let parts = lof.parts(&rows, Some(&own), &cx).unwrap();
        for (ours, theirs) in parts.iter().zip(theirs.as_flattened()) {
            assert!((ours - theirs).abs() < 1e-9, "{metric:?}: {ours} {theirs}");
        }
        let sums: Vec<f64> = theirs.iter().map(|parts| parts.iter().sum()).collect();
        assert_close(&lof.scores_beside((&rows).into(), &own, &cx).unwrap(), &sums);
    }
}

/// Parts of the score of each row add up to it.
fn assert_parts(lof: &LocalOutlierFactor, x: &Matrix, own: Option<&[u32]>, scores: &[f64]) {
    let parts = lof.parts(x, own, &Cx::default()).unwrap();
    assert!(parts.iter().all(|&part| part >= 0.0 && part.is_finite()));
    let sums: Vec<f64> = parts.chunks(x.n_features()).map(|parts| parts.iter().sum()).collect();
    assert_close(&sums, scores);
}

#[test]
fn training_rows_beside_themselves_have_their_training_scores_and_parts_add_up() {
    let cx = Cx::default();
    for (metric, p) in METRICS {
        for (n, d) in [(1, 2), (2, 2), (4, 1), (5, 1), (6, 2), (300, 3), (200, 20)] {
            for (max_fit_rows, novelty) in [(0, false), (0, true), (100, false)] {
                let x = steps(n, d);
                let config = LocalOutlierFactorConfig { max_fit_rows, ..config(metric, p, novelty) };
                let (lof, own) = (fit(&config, &x), (0..n as u32).collect::<Vec<_>>());
                let training = lof.training_scores((&x).into(), &cx).unwrap();
                for (ours, theirs) in lof.scores_beside((&x).into(), &own, &cx).unwrap().iter().zip(&training) {
                    assert!((ours - theirs).abs() <= 1e-12 * theirs, "{metric:?} {n} {d}: {ours} {theirs}");
                }
                assert_parts(&lof, &x, Some(&own), &training);
                assert_parts(&lof, &x, None, &lof.decision_function((&x).into(), &cx).unwrap());
            }
        }
    }
}

#[test]
fn odd_rows_have_finite_factors() {
    let odd = [
        vec![5.0],
        vec![0.0; 40],
        vec![1e300, -1e300, 1e300, 1e300, 0.0, 1.0, f64::MAX, f64::MIN],
        vec![1e-300, 2e-300, 0.0, 5e-324],
    ];
    for values in odd {
        for d in [1, 2, 20] {
            let x = Matrix::unnamed(d, values.iter().copied().cycle().take(values.len() * d).collect()).unwrap();
            for metric in [Metric::Euclidean, Metric::Manhattan, Metric::Minkowski, Metric::Cosine] {
                for novelty in [true, false] {
                    let lof = fit(&config(metric, 16.0, novelty), &x);
                    let scores = lof.training_scores((&x).into(), &Cx::default()).unwrap();
                    assert!(scores.iter().all(|score| score.is_finite()), "{metric:?} {d} {values:?} {scores:?}");
                    assert_parts(&lof, &x, Some(&(0..x.n_rows() as u32).collect::<Vec<_>>()), &scores);
                }
            }
        }
    }
}

#[test]
fn a_constant_column_and_the_order_of_rows_change_nothing() {
    let x = x();
    let wider: Vec<f64> = x.iter_rows().flat_map(|row| [row[0], 7.0, row[1], row[2]]).collect();
    let wider = Matrix::unnamed(4, wider).unwrap();
    let reversed = x.select(&(0..24).rev().collect::<Vec<_>>());
    let scores = |x: &Matrix| {
        let lof = fit(&config(Metric::Euclidean, 2.0, false), x);
        lof.training_scores(x.into(), &Cx::default()).unwrap()
    };
    let mut backwards = scores(&reversed);
    backwards.reverse();
    assert_close(&scores(&wider), &scores(&x));
    assert_close(&backwards, &scores(&x));
}

#[test]
fn a_model_is_read_back_as_it_was_written_and_any_number_of_threads_gives_the_same() {
    let x = steps(700, 4);
    let config = LocalOutlierFactorConfig { n_neighbors: 9, ..Default::default() };
    let with_threads = |n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| fit(&config, &x))
    };
    let lof = with_threads(1);
    assert_eq!(lof, with_threads(3));
    let text = serde_json::to_string(&lof).unwrap();
    assert_eq!(serde_json::from_str::<LocalOutlierFactor>(&text).unwrap(), lof);
}

#[test]
fn a_cancelled_fit_and_rows_of_another_width_are_refused() {
    let (x, cx) = (steps(300, 3), Cx::default());
    let lof = fit(&LocalOutlierFactorConfig::default(), &x);
    let other = lof.decision_function((&steps(5, 2)).into(), &cx);
    assert!(matches!(other, Err(DetectError::Unusable { .. })));
    cx.cancel();
    assert_eq!(lof.decision_function((&x).into(), &cx), Err(DetectError::Cancelled));
    let fitted = LocalOutlierFactor::fit(&LocalOutlierFactorConfig::default(), &x, &cx);
    assert_eq!(fitted, Err(DetectError::Cancelled));
}

/// Row 5 equals row 2:
/// `i = np.arange(24)`,
/// `X = np.round(np.c_[np.sin(1.3*i)*5 + i%3, np.cos(2.1*i)*3, np.sin(0.7*i*i)*4 + i%5], 3); X[5] = X[2]`.
const X: [f64; 72] = [
    0.0, 3.0, 0.0, 5.818, -1.515, 3.577, 4.578, -1.471, 3.34, -3.439, 3.0, 3.067, -3.417, -1.558, 0.083, 4.578, -1.471,
    3.34, 4.993, 2.998, 1.269, 2.595, -1.601, 3.019, -2.139, -1.382, 5.918, -3.81, 2.996, 4.603, 3.101, -1.643, 3.096,
    6.934, -1.337, 1.491, 0.539, 2.993, 3.063, -3.646, -1.685, -0.529, -1.024, -1.292, 0.571, 3.028, 2.989, 1.632,
    5.644, -1.727, 0.485, 1.457, -1.246, 5.781, -4.935, 2.985, 5.276, -1.097, -1.768, 7.922, 5.813, -1.2, -1.551,
    4.137, 2.979, 3.935, -0.6, -1.808, 0.11, -2.992, -1.154, 1.413,
];

// `-LocalOutlierFactor(n_neighbors=4, metric=.., p=..).fit(X).negative_outlier_factor_`, and `_NEW`:
// `-LocalOutlierFactor(n_neighbors=4, novelty=True, ..).fit(X).score_samples(X[:4] + [0.31, 0.12, 0.23])`,
// of scikit-learn 1.9.
const MANHATTAN: [f64; 24] = [
    1.1118800008526795,
    0.911686077168836,
    1.0474706282483974,
    1.1618730242647959,
    1.068542780069392,
    1.0474706282483974,
    1.0851008008038305,
    0.9531055006797622,
    1.309679743078998,
    1.0700323637206035,
    0.9584920935853715,
    1.1897719581842434,
    1.0052683657784596,
    0.9931440672222149,
    0.9931440672222149,
    1.0261827194436455,
    1.1974851627925072,
    1.4332182835845106,
    1.1571614584545835,
    1.4500897541834423,
    1.352536316652505,
    1.1035257225668684,
    0.9749175188686618,
    0.9749175188686618,
];

const MANHATTAN_NEW: [f64; 4] = [0.9743431301832899, 0.9069513553639541, 0.9146209323342145, 1.000007324154453];

const MINKOWSKI_3: [f64; 24] = [
    1.0251025666249594,
    0.9168295952983399,
    1.042846264917107,
    1.0559365264905618,
    1.0016772838585695,
    1.042846264917107,
    1.1353639106919555,
    0.9421449538098081,
    1.1835729524619687,
    1.0333198643641093,
    0.9500614684099669,
    1.0344372436920524,
    0.9621585744731984,
    0.9754063234458561,
    1.016024677757247,
    1.0741302529723633,
    1.1749138343748546,
    1.3027026638695112,
    1.163891741640668,
    1.313033685093604,
    1.252392490650081,
    1.1217681758661895,
    0.9754063234458563,
    1.0335548469890565,
];

const MINKOWSKI_3_NEW: [f64; 4] = [0.9419995944353335, 0.9204994218816742, 0.9571965865234722, 1.0067756490078432];

const MINKOWSKI_2_5: [f64; 24] = [
    1.030020603179803,
    0.9190430093487325,
    1.0414471261730511,
    1.0523384320431692,
    1.00535033895007,
    1.0414471261730511,
    1.1347527506067339,
    0.92536555750926,
    1.1619560084786267,
    1.041773277164024,
    0.9490788800683909,
    1.0492829983719938,
    0.9662709757364096,
    0.9779577110202444,
    1.0133577583052016,
    1.0636043811207054,
    1.17895527286554,
    1.2451708546714364,
    1.1887111818832685,
    1.3119018726046008,
    1.256649504989192,
    1.1205292998690464,
    0.9779577110202444,
    1.0268984822659335,
];

const MINKOWSKI_2_5_NEW: [f64; 4] = [0.942945226633195, 0.9211257337077201, 0.9509382130689334, 1.0105590903409492];

const COSINE: [f64; 24] = [
    1.2707843127936842,
    0.900766671854673,
    1.0349691837813162,
    1.0537768295547822,
    0.9889305825425785,
    1.0349691837813162,
    2.811810656192552,
    0.8672635185092656,
    0.9938284873861379,
    1.0537768295547822,
    1.015932306315995,
    1.6291007485362268,
    0.9888038768551367,
    0.9779139107510567,
    1.1049448463396665,
    1.0575161859271565,
    2.5306134366855173,
    3.044146727917056,
    1.0538730823385971,
    2.5646299953924294,
    3.4268214443506277,
    2.368779893729774,
    1.0342080480460927,
    0.9424039034616692,
];

const COSINE_NEW: [f64; 4] = [1.1691928731427808, 0.8791349741575036, 0.8604081693659646, 1.0099900833710926];
