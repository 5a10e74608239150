//! Deviations against scipy, numpy and pandas, brute force and hand-computed cases.

use super::super::FittedDetector;
use super::super::series::tests::{noise, with_series};
use super::*;

const X: [f64; 12] = [2.0, 4.0, 4.0, 5.0, 5.0, 5.5, 7.0, 9.0, 3.0, 4.5, 6.0, 40.0];

const MEASURES: [Measure; 3] = [Measure::ZScore, Measure::ModifiedZScore, Measure::Iqr];

fn scores(measure: Measure, baseline: Baseline, n_columns: usize, data: &[f64], codes: &[u32]) -> Vec<f64> {
    with_series(n_columns, data.to_vec(), codes, |input| {
        let fitted = Deviation::fit(measure, baseline, input, &Cx::default()).unwrap();
        let saved: Deviation = ron::from_str(&ron::to_string(&fitted).unwrap()).unwrap();
        assert!(saved == fitted);
        fitted.decision_function(input, &Cx::default()).unwrap()
    })
}

fn assert_close(got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= 1e-9 * want.abs().max(1.0), "{got} {want}");
    }
}

#[test]
fn global_scores_agree_with_scipy_and_numpy() {
    // numpy.abs(scipy.stats.zscore(X))
    let z = [
        0.601_932_726_522_987_6,
        0.398_462_509_106_766_4,
        0.398_462_509_106_766_4,
        0.296_727_400_398_655_86,
        0.296_727_400_398_655_86,
        0.245_859_846_044_600_57,
        0.093_257_182_982_434_71,
        0.110_213_034_433_786_41,
        0.500_197_617_814_876_9,
        0.347_594_954_752_711_1,
        0.194_992_291_690_545_27,
        3.264_001_404_385_214,
    ];
    assert_close(&scores(Measure::ZScore, Baseline::Global, 1, &X, &[]), &z);
    // m = numpy.median(X); 0.6745 * numpy.abs(X - m) / numpy.median(numpy.abs(X - m))
    let modified = [2.0235, 0.6745, 0.6745, 0.0, 0.0, 0.33725, 1.349, 2.698, 1.349, 0.33725, 0.6745, 23.6075];
    assert_close(&scores(Measure::ModifiedZScore, Baseline::Global, 1, &X, &[]), &modified);
    // a, b = numpy.quantile(X, [0.25, 0.75]); numpy.maximum(a - X, X - b) / (b - a)
    let iqr = [8.0, 0.0, 0.0, -4.0, -4.0, -3.0, 3.0, 11.0, 4.0, -2.0, -1.0, 135.0].map(|ninths| ninths / 9.0);
    assert_close(&scores(Measure::Iqr, Baseline::Global, 1, &X, &[]), &iqr);
}

#[test]
fn rolling_z_scores_agree_with_pandas() {
    // s = pandas.Series(X); r = s.shift().rolling(4); (s - r.mean()).abs() / r.std(ddof=0)
    let z = [
        1.147_078_669_352_808_8,
        2.0,
        3.900_067_475_799_55,
        4.117_461_398_980_327,
        2.329_336_053_817_247,
        0.741_949_189_195_954_4,
        0.054_312_544_659_356_84,
        15.494_494_670_022_8,
    ];
    let got = scores(Measure::ZScore, Baseline::Rolling(4), 1, &X, &[]);
    assert_eq!(got[..4], [0.0; 4]);
    assert_close(&got[4..], &z);
}

#[test]
fn rolling_scores_are_those_of_the_rows_before() {
    let data: Vec<f64> = noise(400, 9).iter().map(|value| (value * 30.0).round()).collect();
    for measure in MEASURES {
        for width in [2, 7, 25] {
            let got = scores(measure, Baseline::Rolling(width), 1, &data, &[]);
            let width = width as usize;
            let spread_of_all = measure.reference(&data).spread;
            for row in width.max(LEAST_ROWS)..data.len() {
                let mut reference = measure.reference(&data[row - width..row]);
                if reference.spread == 0.0 {
                    reference.spread = spread_of_all;
                }
                assert_close(&got[row..=row], &[reference.score(data[row])]);
            }
        }
    }
}

#[test]
fn a_rolling_baseline_does_not_look_ahead_and_forgets_huge_values() {
    let mut data = noise(200, 3);
    data[60] = 1e300;
    for measure in MEASURES {
        with_series(1, data.clone(), &[], |input| {
            let fitted = Deviation::fit(measure, Baseline::Rolling(20), input, &Cx::default()).unwrap();
            let whole = fitted.decision_function(input, &Cx::default()).unwrap();
            let start = with_series(1, data[..90].to_vec(), &[], |input| {
                fitted.decision_function(input, &Cx::default()).unwrap()
            });
            assert_eq!(start, whole[..90]);
            assert!(whole.iter().all(|score| score.is_finite()));
            // Row 60 is no longer among the 20 rows before row 81.
            let mut calm = data.clone();
            calm[60] = 0.0;
            let scores = with_series(1, calm, &[], |input| fitted.decision_function(input, &Cx::default()).unwrap());
            assert_close(&whole[81..], &scores[81..]);
        });
    }
}

#[test]
fn each_entity_has_its_own_baseline_and_the_worst_column_counts() {
    // Entity 1 lives a hundred times higher; the second column is constant but for the last row.
    let levels = [1.0, 100.0, 2.0, 200.0, 3.0, 300.0, 4.0, 400.0];
    let data: Vec<f64> = levels.iter().flat_map(|&value| [value, 7.0]).collect();
    let codes = [0, 1, 0, 1, 0, 1, 0, 1];
    let z = 1.5 / 1.25_f64.sqrt();
    let expected = [z, z, 0.5 / 1.5 * z, 0.5 / 1.5 * z, 0.5 / 1.5 * z, 0.5 / 1.5 * z, z, z];
    assert_close(&scores(Measure::ZScore, Baseline::Global, 2, &data, &codes), &expected);
    with_series(2, data, &codes, |input| {
        let fitted = Deviation::fit(Measure::ZScore, Baseline::Global, input, &Cx::default()).unwrap();
        let odd = with_series(2, vec![1.0, 8.0, 100.0, 7.0], &[0, 1], |i| fitted.decision_function(i, &Cx::default()));
        assert_close(&odd.unwrap(), &[1e6, z]);
        // Another number of entities: nothing is known of them but what all have in common.
        let pooled = with_series(1, levels.to_vec(), &[], |i| {
            Deviation::fit(Measure::ZScore, Baseline::Global, i, &Cx::default())
                .unwrap()
                .decision_function(i, &Cx::default())
        });
        let new = with_series(2, vec![100.0, 7.0], &[], |i| fitted.decision_function(i, &Cx::default()));
        assert_close(&new.unwrap(), &pooled.unwrap()[1..2]);
    });
}

#[test]
fn degenerate_columns_have_finite_scores() {
    for measure in MEASURES {
        for baseline in [Baseline::Global, Baseline::Rolling(3)] {
            for data in [vec![5.0; 30], vec![7.0], vec![1e300, -1e300, 1e300, 0.0, 1e300], vec![0.0, 0.0, 0.0, 1e-300]]
            {
                let scores = scores(measure, baseline, 1, &data, &[]);
                assert!(scores.iter().all(|score| (-0.5..=1e6).contains(score)), "{scores:?}");
                if data.len() == 30 || data.len() == 1 {
                    assert!(scores.iter().all(|&score| score == 0.0));
                }
            }
        }
    }
    // Median deviation 0: 1.253314 times the mean deviation, here 2.
    let scores = scores(Measure::ModifiedZScore, Baseline::Global, 1, &[1.0, 1.0, 1.0, 1.0, 11.0], &[]);
    assert_close(&scores, &[0.0, 0.0, 0.0, 0.0, 10.0 / (1.253_314 * 2.0)]);
}

#[test]
fn votes_begin_at_the_usual_limits() {
    assert_eq!(ZScoreConfig::default().vote_threshold(&[]), 3.0);
    assert_eq!(ModifiedZScoreConfig::default().vote_threshold(&[]), 3.5);
    assert_eq!(IqrConfig::default().vote_threshold(&[]), 1.5);
}
