//! Stacking against scikit-learn and made cases.

use proptest::prelude::*;

use super::*;

/// `i = arange(600); c0 = ((i*37)%101)/10.0-2; c1 = ((i*53)%97)/30.0; c2 = c0*0.5+((i*71)%89)/20.0; c3 = full(600, 7.0)`
/// `y = c0+2*c1+((i*29)%83)/20.0 > 13`: 67 anomalies
fn formula_rows() -> (Vec<Vec<f64>>, Vec<bool>) {
    let modulo = |factor: u32, modulus: u32| (0..600).map(move |i| f64::from(i * factor % modulus));
    let c0: Vec<f64> = modulo(37, 101).map(|v| v / 10.0 - 2.0).collect();
    let c1: Vec<f64> = modulo(53, 97).map(|v| v / 30.0).collect();
    let c2 = c0.iter().zip(modulo(71, 89)).map(|(c0, v)| c0 * 0.5 + v / 20.0).collect();
    let labels = c0.iter().zip(&c1).zip(modulo(29, 83)).map(|((c0, c1), v)| c0 + 2.0 * c1 + v / 20.0 > 13.0).collect();
    (vec![c0, c1, c2, vec![7.0; 600]], labels)
}

fn views(columns: &[Vec<f64>]) -> Vec<&[f64]> {
    columns.iter().map(Vec::as_slice).collect()
}

fn folds(n_rows: u32, n_folds: u32) -> Vec<Vec<u32>> {
    (0..n_folds).map(|fold| (0..n_rows).filter(|row| row % n_folds == fold).collect()).collect()
}

fn assert_fit(stacking: &Stacking, intercept: f64, coefficients: &[f64]) {
    assert!((stacking.intercept - intercept).abs() < 1e-5, "{stacking:?}");
    assert_eq!(stacking.members.len(), coefficients.len());
    for (member, coefficient) in stacking.members.iter().zip(coefficients) {
        assert!((member.coefficient - coefficient).abs() < 1e-5, "{stacking:?}");
    }
}

#[test]
fn coefficients_are_those_of_scikit_learn() {
    // make_pipeline(StandardScaler(), LogisticRegression(C=1/l2, tol=1e-12, max_iter=10000)).fit(X, y)
    let (columns, mut labels) = formula_rows();
    let columns = views(&columns);
    let cx = Cx::default();
    for (l2, intercept, coefficients) in [
        (1.0, -5.73743185107418, [3.2979690400571924, 2.3978338030756023, 0.2123876409862867, 0.0]),
        (10.0, -3.5790238288735194, [1.529186814749337, 1.316813411906316, 0.44154334642681914, 0.0]),
        (0.01, -7.502940212021352, [4.727844612369406, 3.1768709655792726, -0.02885012151175145, 0.0]),
    ] {
        let got = Stacking::fit(&columns, &labels, &[], l2, &cx).unwrap();
        assert_fit(&got.stacking, intercept, &coefficients);
        assert!(got.out_of_fold.iter().all(Option::is_none));
    }
    // pipeline.predict_proba(X[[0, 1, 2, 50, 333]])[:, 1] with C=1
    let stacking = Stacking::fit(&columns, &labels, &[], 1.0, &cx).unwrap().stacking;
    let column = stacking.probabilities(&columns, &cx).unwrap();
    for (row, expected) in [
        (0, 1.1388861725109689e-07),
        (1, 0.0012553034346741876),
        (2, 0.002109494676709609),
        (50, 0.00011040019657008443),
        (333, 0.9829480822148314),
    ] {
        let scores: Vec<f64> = columns.iter().map(|column| column[row]).collect();
        assert!(
            (column[row] - expected).abs() < 1e-6 && column[row].to_bits() == stacking.probability(&scores).to_bits()
        );
    }
    // y = 1 - y: the anomalies are the larger class.
    labels.iter_mut().for_each(|label| *label = !*label);
    let flipped = Stacking::fit(&columns, &labels, &[], 1.0, &cx).unwrap().stacking;
    assert_fit(&flipped, 5.737431851074179, &[-3.297969040057192, -2.3978338030756023, -0.21238764098628676, 0.0]);
    assert!(cx.warnings().is_empty());
}

#[test]
fn predictions_out_of_fold_are_those_of_scikit_learn() {
    // cross_val_predict(pipeline, X, y, cv=PredefinedSplit(i%5), method='predict_proba')[:, 1] with C=1
    let (columns, labels) = formula_rows();
    let got = Stacking::fit(&views(&columns), &labels, &folds(600, 5), 1.0, &Cx::default()).unwrap().out_of_fold;
    for (row, expected) in [
        (0, 2.491391624958661e-07),
        (1, 0.0013901498241331107),
        (2, 0.002846043075092214),
        (50, 0.00016285003278808141),
        (100, 0.06709773159736664),
        (333, 0.9789573412670952),
        (599, 0.0005868931173034521),
    ] {
        assert!((got[row].unwrap() - expected).abs() < 1e-6, "{row} {:?}", got[row]);
    }
    assert!((got.iter().flatten().sum::<f64>() - 66.84277373959974).abs() < 1e-3);
}

#[test]
fn drawing_rows_keeps_the_probabilities_of_all_rows() {
    // 60,000 rows; the log-odds of an anomaly are 2 score - 4, drawn by a low-discrepancy sequence.
    let fraction = |i: u32, step: f64| (f64::from(i) * step).fract();
    let scores: Vec<f64> = (0..60_000).map(|i| 2.0 * fraction(i, 0.618_033_988_749_894_8) - 1.0).collect();
    let truth: Vec<f64> = scores.iter().map(|score| 1.0 / (1.0 + (4.0 - 2.0 * score).exp())).collect();
    let labels: Vec<bool> = (0..60_000).zip(&truth).map(|(i, p)| fraction(i, 0.414_213_562_373_095) < *p).collect();
    assert!(labels.iter().filter(|label| !**label).count() > 2 * MAX_ROWS_PER_CLASS);
    let cx = Cx::default();
    let fitted = Stacking::fit(&[&scores], &labels, &[], 1.0, &cx).unwrap().stacking;
    for score in [-0.9, 0.0, 0.9] {
        let expected = 2.0 * score - 4.0;
        let probability = fitted.probability(&[score]);
        let log_odds = (probability / (1.0 - probability)).ln();
        assert!((log_odds - expected).abs() < 0.1, "{score}: {log_odds} {expected}");
    }
    assert_eq!(fitted, Stacking::fit(&[&scores], &labels, &[], 1.0, &cx).unwrap().stacking);
    let mut other = Cx::default();
    other.seed = 7;
    assert_ne!(fitted, Stacking::fit(&[&scores], &labels, &[], 1.0, &other).unwrap().stacking);
}

#[test]
fn a_row_is_predicted_without_its_fold() {
    // In each fold the labels of its own rows turned round change the fit on all rows, not the prediction of the fold.
    let (columns, labels) = formula_rows();
    let (columns, folds, cx) = (views(&columns), folds(600, 3), Cx::default());
    let mut turned = labels.clone();
    folds[1].iter().for_each(|row| turned[*row as usize] = !turned[*row as usize]);
    let one = Stacking::fit(&columns, &labels, &folds, 1.0, &cx).unwrap();
    let other = Stacking::fit(&columns, &turned, &folds, 1.0, &cx).unwrap();
    assert_ne!(one.stacking, other.stacking);
    assert!(folds[1].iter().all(|row| one.out_of_fold[*row as usize] == other.out_of_fold[*row as usize]));
    assert!(folds[0].iter().all(|row| one.out_of_fold[*row as usize] != other.out_of_fold[*row as usize]));
}

#[test]
fn a_fold_that_holds_all_anomalies_is_left_out_with_a_warning() {
    let (columns, labels) = formula_rows();
    let anomalies: Vec<u32> = (0..600).filter(|row| labels[*row as usize]).collect();
    let some_normal: Vec<u32> = (0..300).filter(|row| !labels[*row as usize]).collect();
    let cx = Cx::default();
    let got =
        Stacking::fit(&views(&columns), &labels, &[anomalies, some_normal.clone()], 1.0, &cx).unwrap().out_of_fold;
    assert_eq!(got.iter().flatten().count(), some_normal.len());
    assert_eq!(cx.warnings(), ["stacking: outside fold 1 all rows are of one class; it was left out"]);
}

#[test]
fn few_anomalies_are_a_warning_and_too_few_an_error() {
    let (columns, labels) = formula_rows();
    let columns = views(&columns);
    let with = |n_anomalies: usize, cx: &Cx| {
        let mut fewer = labels.clone();
        fewer.iter_mut().filter(|label| **label).skip(n_anomalies).for_each(|label| *label = false);
        Stacking::fit(&columns, &fewer, &[], 1.0, cx)
    };
    let cx = Cx::default();
    assert!(with(5, &cx).is_ok());
    assert!(cx.warnings()[0].contains("5 anomalies, fewer than 10 for each of the 4 members"), "{:?}", cx.warnings());
    let error = with(4, &cx).unwrap_err();
    assert_eq!(error, StackingError::TooFewRows { anomalies: 4, normal: 596 });
    assert!(error.to_string().contains("at least 5 anomalies"), "{error}");
}

#[test]
fn separable_and_extreme_scores_have_a_finite_answer() {
    let cx = Cx::default();
    let labels: Vec<bool> = (0..100).map(|row| row >= 90).collect();
    let separable: Vec<f64> = (0..100).map(f64::from).collect();
    let huge: Vec<f64> = (0..100).map(|row| if row % 2 == 0 { f64::MAX } else { f64::MIN }).collect();
    let equal = vec![1e300; 100];
    let tiny: Vec<f64> = (0..100).map(|row| f64::from(row % 7) * 1e-310).collect();
    let columns = [&separable[..], &huge, &equal, &tiny];
    for l2 in [1e-6, 1.0, 1e6] {
        let got = Stacking::fit(&columns, &labels, &folds(100, 5), l2, &cx).unwrap();
        let members = &got.stacking.members;
        assert!(
            members.iter().all(|m| m.mean.is_finite() && m.std.is_finite() && m.coefficient.is_finite()),
            "{got:?}"
        );
        assert_eq!(members[2].coefficient, 0.0);
        let probabilities = got.stacking.probabilities(&columns, &cx).unwrap();
        assert!(probabilities.iter().chain(got.out_of_fold.iter().flatten()).all(|p| (0.0..=1.0).contains(p)));
        for extreme in [f64::MAX, f64::MIN, 1e300, -1e300, 0.0] {
            assert!((0.0..=1.0).contains(&got.stacking.probability(&[extreme; 4])));
        }
        assert_eq!(ron::from_str::<Stacking>(&ron::to_string(&got.stacking).unwrap()).unwrap(), got.stacking);
    }
}

#[test]
fn bad_input_is_refused() {
    let cx = Cx::default();
    let labels: Vec<bool> = (0..20).map(|row| row % 2 == 0).collect();
    let scores: Vec<f64> = (0..20).map(f64::from).collect();
    let fit = |columns: &[&[f64]], folds: &[Vec<u32>], l2| Stacking::fit(columns, &labels, folds, l2, &cx).unwrap_err();
    assert_eq!(fit(&[], &[], 1.0), StackingError::NoMembers);
    assert_eq!(fit(&[&scores], &[], 0.0), StackingError::Penalty);
    assert_eq!(fit(&[&scores], &[], f64::NAN), StackingError::Penalty);
    assert!(matches!(fit(&[&scores, &scores[1..]], &[], 1.0), StackingError::Lengths { expected: 20, found: 19, .. }));
    assert_eq!(fit(&[&scores], &[vec![0, 1], vec![1]], 1.0), StackingError::Fold { fold: 1, row: 1 });
    assert_eq!(fit(&[&scores], &[vec![20]], 1.0), StackingError::Fold { fold: 0, row: 20 });
    let mut broken = scores.clone();
    broken[3] = f64::NAN;
    assert_eq!(fit(&[&scores, &broken], &[], 1.0), StackingError::NotFinite { member: 1, row: 3 });
    assert!(matches!(Stacking::fit(&[&[]], &[], &[], 1.0, &cx), Err(StackingError::TooFewRows { .. })));
    let fitted = Stacking::fit(&[&scores], &labels, &[], 1.0, &cx).unwrap().stacking;
    assert!(matches!(fitted.probabilities(&[], &cx), Err(StackingError::Lengths { .. })));
    cx.cancel();
    assert_eq!(fitted.probabilities(&[&scores], &cx), Err(StackingError::Cancelled));
    assert_eq!(Stacking::fit(&[&scores], &labels, &[], 1.0, &cx), Err(StackingError::Cancelled));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_penalised_likelihood_is_highest(
        values in prop::collection::vec(prop_oneof![-1.0..1.0, Just(0.5), 100.0..1e4], 120), cut in 0.0..0.8, power in -4..4,
    ) {
        // Three columns of 40 rows, the third a copy of the first; the labels follow the second.
        let columns = [&values[..40], &values[40..80], &values[..40]];
        let noise = &values[80..];
        let mut labels: Vec<bool> = (0..40).map(|row| columns[1][row] + 0.5 * noise[row] > cut).collect();
        labels[..5].fill(true);
        labels[5..10].fill(false);
        let l2 = 10.0_f64.powi(power);
        let fitted = Stacking::fit(&columns, &labels, &[], l2, &Cx::default()).unwrap().stacking;
        // Where it is highest, its derivatives are 0: sum of (label - p) z - l2 c for each member, of label - p.
        let errors: Vec<f64> = fitted
            .probabilities(&columns, &Cx::default())
            .unwrap()
            .iter()
            .zip(&labels)
            .map(|(p, label)| f64::from(*label) - p)
            .collect();
        prop_assert!(errors.iter().sum::<f64>().abs() < 1e-4);
        for (member, column) in fitted.members.iter().zip(columns) {
            let slope = column.iter().zip(&errors).map(|(s, error)| error * (s - member.mean) / member.std).sum::<f64>();
            prop_assert!((slope - l2 * member.coefficient).abs() < 1e-4, "{} {:?}", slope, fitted);
        }
    }
}
