//! Checks the distances to the nearest neighbours against PyOD, and on odd data.

use super::*;
use crate::analysis::detect::Decompose;
use crate::data::Feature;
use crate::recipe::Metric;

fn config(method: NeighborDistance, metric: Metric) -> KNearestNeighborsConfig {
    KNearestNeighborsConfig { n_neighbors: 4, method, metric, p: 3.0, ..Default::default() }
}

fn fit(config: &KNearestNeighborsConfig, x: &Matrix) -> KNearestNeighbors {
    KNearestNeighbors::fit(config, x, &Cx::default()).unwrap()
}

fn x() -> Matrix {
    Matrix::unnamed(3, X.to_vec()).unwrap()
}

fn assert_close(ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((ours - theirs).abs() <= 1e-12 + 1e-9 * theirs, "{ours} {theirs}");
    }
}

#[test]
fn scores_are_those_of_pyod_for_each_method() {
    let x = x();
    let new: Vec<f64> = X[..12].chunks(3).flat_map(|row| [row[0] + 0.31, row[1] + 0.12, row[2] + 0.23]).collect();
    let new = Matrix::unnamed(3, new).unwrap();
    let cases = [
        (NeighborDistance::Largest, &LARGEST, &LARGEST_NEW),
        (NeighborDistance::Mean, &MEAN, &MEAN_NEW),
        (NeighborDistance::Median, &MEDIAN, &MEDIAN_NEW),
    ];
    for (method, training, scores) in cases {
        let knn = fit(&config(method, Metric::Euclidean), &x);
        assert_close(&knn.training_scores((&x).into(), &Cx::default()).unwrap(), training);
        assert_close(&knn.decision_function((&new).into(), &Cx::default()).unwrap(), scores);
    }
}

#[test]
fn scores_are_those_of_pyod_for_each_metric() {
    let x = x();
    let cases = [(Metric::Manhattan, &MANHATTAN), (Metric::Minkowski, &MINKOWSKI_3), (Metric::Cosine, &COSINE)];
    for (metric, training) in cases {
        let knn = fit(&config(NeighborDistance::Largest, metric), &x);
        assert_close(&knn.training_scores((&x).into(), &Cx::default()).unwrap(), training);
    }
}

#[test]
fn fewer_rows_than_neighbours_mean_all_other_rows() {
    let x = Matrix::unnamed(1, vec![0.0, 1.0, 5.0]).unwrap();
    for (method, expected) in [
        (NeighborDistance::Largest, [5.0, 4.0, 5.0]),
        (NeighborDistance::Mean, [3.0, 2.5, 4.5]),
        (NeighborDistance::Median, [3.0, 2.5, 4.5]),
    ] {
        let knn = fit(&config(method, Metric::Euclidean), &x);
        assert_eq!(knn.n_neighbors(), 2);
        assert_eq!(knn.training_scores((&x).into(), &Cx::default()).unwrap(), expected);
    }
    let one = Matrix::unnamed(1, vec![3.0]).unwrap();
    let knn = fit(&config(NeighborDistance::Largest, Metric::Euclidean), &one);
    assert_eq!(knn.training_scores((&one).into(), &Cx::default()).unwrap(), [0.0]);
    let far = Matrix::unnamed(1, vec![5.0]).unwrap();
    assert_eq!(knn.decision_function((&far).into(), &Cx::default()).unwrap(), [2.0]);
}

#[test]
fn huge_rows_have_finite_scores() {
    let x = Matrix::unnamed(2, vec![1e300, -1e300, -1e300, 1e300, 0.0, 0.0, f64::MAX, f64::MIN, 1.0, 1.0]).unwrap();
    for method in [NeighborDistance::Largest, NeighborDistance::Mean, NeighborDistance::Median] {
        for metric in [Metric::Euclidean, Metric::Manhattan, Metric::Minkowski, Metric::Cosine] {
            let scores = fit(&config(method, metric), &x).training_scores((&x).into(), &Cx::default()).unwrap();
            assert!(scores.iter().all(|score| score.is_finite()), "{metric:?} {scores:?}");
        }
    }
}

#[test]
fn a_sample_is_scored_without_itself_and_a_model_is_read_back() {
    let (x, cx) = (x(), Cx::default());
    let config = KNearestNeighborsConfig { max_fit_rows: 12, ..config(NeighborDistance::Largest, Metric::Euclidean) };
    let knn = KNearestNeighbors::fit(&config, &x, &cx).unwrap();
    let sample = knn.sample.clone().unwrap();
    let (training, new) = (knn.training_scores((&x).into(), &cx), knn.decision_function((&x).into(), &cx));
    let (training, new) = (training.unwrap(), new.unwrap());
    for row in 0..24_u32 {
        let at = row as usize;
        assert_eq!(training[at] > new[at], sample.contains(&row), "{row}");
    }
    assert!(cx.warnings().iter().any(|warning| warning.contains("outside of its sample")));
    let text = serde_json::to_string(&knn).unwrap();
    assert_eq!(serde_json::from_str::<KNearestNeighbors>(&text).unwrap(), knn);
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

// `KNN(n_neighbors=4, method=..).fit(X).decision_scores_`, and `_NEW`:
// `KNN(n_neighbors=4, method=..).fit(X).decision_function(X[:4] + [0.31, 0.12, 0.23])`;
// `KNN(n_neighbors=4, metric=.., p=3).fit(X).decision_scores_`; of PyOD 3.6.

const LARGEST: [f64; 24] = [
    4.6079507375838995,
    2.7622154152057,
    2.0130151514581307,
    4.493466479234044,
    2.828200487942819,
    2.0130151514581307,
    4.801726460347362,
    3.0082740899060374,
    4.867067905834066,
    4.867067905834066,
    2.7622154152057,
    2.997914775306329,
    3.9780081699262513,
    3.114733696481932,
    2.8704238363001378,
    3.4398152566671367,
    3.0582539135918716,
    3.6011777240230733,
    5.904414365540412,
    6.397585872811712,
    5.051786515679379,
    4.511208928879265,
    3.114733696481932,
    2.8012834558466233,
];

const LARGEST_NEW: [f64; 4] = [4.6218590415545995, 2.4529280462337253, 1.8717128519086466, 3.677649928962788];

const MEAN: [f64; 24] = [
    3.901773200551637,
    1.9152733370519726,
    1.1957736517453417,
    3.179898260541988,
    1.8510225984160944,
    1.1957736517453417,
    3.588750557763299,
    1.8869624779348901,
    3.837603193759924,
    3.092959183971911,
    1.5723738736079542,
    2.51250478517443,
    3.4153274716311004,
    2.1919181414863003,
    2.070908245899313,
    2.716313986339278,
    2.477030507635162,
    3.289007345062627,
    3.777081324002606,
    4.550561234448045,
    3.8645800248596016,
    3.392409961427639,
    2.388932606284194,
    2.1291647811953984,
];

const MEAN_NEW: [f64; 4] = [2.733063938014171, 1.5245921102151376, 0.9061359060403842, 2.060641938623147];

const MEDIAN: [f64; 24] = [
    3.944535743322678,
    1.8178328788166902,
    1.385039727761618,
    3.3229757863121456,
    1.9551109101307724,
    1.385039727761618,
    3.777503885330898,
    2.0130151514581307,
    4.095943845450917,
    3.0968931870153082,
    1.5068672801544272,
    2.6851841787854505,
    3.4061284795114783,
    2.493635392001627,
    2.3008481812158568,
    2.713586344322968,
    2.5840660545641434,
    3.273288783160699,
    3.946464237223525,
    4.756600943338336,
    4.148327694111306,
    3.2511514928802736,
    2.814741971894721,
    2.1309242897020635,
];

const MEDIAN_NEW: [f64; 4] = [2.9530845259369647, 1.6206063679993352, 0.6743015568123677, 2.0803450834508226];

const MANHATTAN: [f64; 24] = [
    5.887,
    3.3800000000000003,
    2.4339999999999997,
    6.255,
    3.147,
    2.4339999999999997,
    6.253000000000002,
    3.866999999999999,
    6.552,
    7.364000000000001,
    3.3259999999999996,
    4.339,
    4.483999999999999,
    4.115,
    4.115,
    4.671,
    4.177,
    5.2170000000000005,
    7.805000000000001,
    8.349,
    6.396999999999999,
    5.486000000000001,
    4.349,
    4.349,
];

const MINKOWSKI_3: [f64; 24] = [
    4.3146780944898175,
    2.722110062775173,
    1.9859855476042558,
    4.111878999504411,
    2.817657007810691,
    1.9859855476042558,
    4.5489768334629295,
    2.8268177373810537,
    4.515364606854623,
    4.495508007006175,
    2.722110062775173,
    2.6870575459213897,
    3.9780000085732126,
    3.055411670518176,
    2.687811743552259,
    3.1784287179209767,
    2.9043655647185562,
    3.5557490212583183,
    5.141157453977095,
    5.5199827337685425,
    4.917382045168703,
    4.4549838702529785,
    3.055411670518176,
    2.529162063166111,
];

const COSINE: [f64; 24] = [
    0.49702810523944463,
    0.05525155637304402,
    0.031977638946193765,
    0.3970183566404607,
    0.3196896297717494,
    0.031977638946193765,
    0.30340977845026285,
    0.05647717647030215,
    0.27435455119558816,
    0.27435455119558816,
    0.0346195456073326,
    0.0843732861554155,
    0.30394318958485067,
    0.33043763113768276,
    0.20650467796820493,
    0.34408728492484775,
    0.1348085466711032,
    0.16366759353480564,
    0.31455804692385325,
    0.34504773151642787,
    0.35417055078995807,
    0.2534982089216673,
    0.39625732852866513,
    0.275516373974814,
];

#[test]
fn measured_columns_alone_make_up_the_distance_where_asked() {
    let feature = |name: &str, source: &str| Feature { name: name.to_owned(), source: source.to_owned() };
    let features = vec![feature("cpu_mean_5", "cpu"), feature("cpu", "cpu"), feature("disk", "disk")];
    let values: Vec<f64> =
        (0..30).flat_map(|i| [f64::from(i * i % 7) * 100.0, f64::from(i), f64::from(i % 4)]).collect();
    let all = Matrix::new(features, values).unwrap();
    let measured = all.select_features(&[1, 2]).unwrap();
    let only = KNearestNeighborsConfig { columns: NeighborColumns::Measured, ..KNearestNeighborsConfig::default() };
    let scores = |config: &KNearestNeighborsConfig, x: &Matrix| {
        let fitted = fit(config, x);
        let (cx, input) = (Cx::default(), Input::from(x));
        (fitted.training_scores(input, &cx).unwrap(), fitted.decision_function(input, &cx).unwrap())
    };
    let wanted = scores(&KNearestNeighborsConfig::default(), &measured);
    assert_eq!(scores(&only, &all), wanted);
    assert_ne!(scores(&KNearestNeighborsConfig::default(), &all), wanted);
    let (knn, cx) = (fit(&only, &all), Cx::default());
    let of_measured = fit(&KNearestNeighborsConfig::default(), &measured).parts(&measured, Some(&[3]), &cx).unwrap();
    let expected: Vec<f64> = of_measured.chunks(2).flat_map(|parts| [0.0, parts[0], parts[1]]).collect();
    assert_eq!(knn.parts(&all, Some(&[3]), &cx).unwrap(), expected);
    // Without a measured column among them, all count.
    let made = all.select_features(&[0]).unwrap();
    assert_eq!(scores(&only, &made), scores(&KNearestNeighborsConfig::default(), &made));
}
