//! Cases worked out by hand, limits and errors.

use super::super::*;
use super::flags;
use crate::cx::Cx;
use crate::data::SeriesOrder;

#[test]
fn events_alarms_and_delay() {
    //                   row 0         1
    //                       0123456789012345
    let labels = flags("0111000111100011");
    let alarms = flags("0010100001110000");
    let (events, alarms) = (Runs::of(&labels), Runs::of(&alarms));
    assert_eq!(events.as_slice(), [1..4, 7..11, 14..16]);
    let counts = EventCounts::of(&events, &alarms);
    // Found: rows 1 to 3 and 7 to 10; missed: 14 and 15. The alarm of row 4 alone is false; row 11 is a false row.
    let expected =
        EventCounts { events: 3, found: 2, alarms: 3, false_alarms: 1, found_rows: 7, missed_rows: 2, false_rows: 2 };
    assert_eq!(counts, expected);
    let scores = counts.scores();
    assert_eq!((scores.precision, scores.recall), (Some(2.0 / 3.0), Some(2.0 / 3.0)));
    assert!((scores.f1.unwrap() - 2.0 / 3.0).abs() < 1e-15);
    // Rows: precision 7/9, recall 7/9.
    assert!((counts.point_adjusted_f1().unwrap() - 7.0 / 9.0).abs() < 1e-15);
    let times: Vec<i64> = (0..16).map(|row| row * row * 1_000_000).collect();
    let delay = DetectionDelay::of(&events, &alarms, &times).unwrap();
    // One row and 4 - 1 seconds; two rows and 81 - 49 seconds.
    assert_eq!((delay.mean_rows, delay.median_rows), (1.5, 1.5));
    assert_eq!((delay.mean_secs, delay.median_secs), (Some(17.5), Some(17.5)));
}

#[test]
fn an_alarm_that_begins_before_the_event_is_not_late() {
    let delay = DetectionDelay::of(&Runs::of(&flags("0011")), &Runs::of(&flags("0111")), &[]).unwrap();
    assert_eq!((delay.mean_rows, delay.mean_secs), (0.0, None));
    assert_eq!(DetectionDelay::of(&Runs::of(&flags("0011")), &Runs::of(&flags("1100")), &[]), None);
}

#[test]
fn nothing_to_find_or_nothing_found() {
    let (none, some) = (Runs::default(), Runs::of(&flags("0110")));
    let scores = |events, alarms| EventCounts::of(events, alarms).scores();
    assert_eq!(scores(&none, &none), PrecisionRecall::default());
    assert_eq!(scores(&some, &none), PrecisionRecall { precision: None, recall: Some(0.0), f1: Some(0.0) });
    assert_eq!(scores(&none, &some), PrecisionRecall { precision: Some(0.0), recall: None, f1: Some(0.0) });
    assert_eq!(EventCounts::default().point_adjusted_f1(), None);
    let ranges =
        |events, alarms| RangeSums::of(events, alarms, &RangeWeights::PRECISION, &RangeWeights::RECALL).scores();
    assert_eq!(ranges(&none, &none), PrecisionRecall::default());
    assert_eq!(ranges(&some, &none), PrecisionRecall { precision: None, recall: Some(0.0), f1: Some(0.0) });
    assert_eq!(ranges(&none, &some), PrecisionRecall { precision: Some(0.0), recall: None, f1: Some(0.0) });
}

#[test]
fn an_early_alarm_is_worth_more_with_a_bias_to_the_front() {
    let (event, first) = (Runs::of(&flags("01110")), Runs::of(&flags("01000")));
    let recall = |bias| {
        let weights = RangeWeights::new(0.0, bias, Cardinality::One).unwrap();
        RangeSums::of(&event, &first, &weights, &weights).scores().recall.unwrap()
    };
    // Weights 3 2 1, 1 2 1 and 1 2 3.
    assert!((recall(Bias::Front) - 0.5).abs() < 1e-15);
    assert!((recall(Bias::Middle) - 0.25).abs() < 1e-15);
    assert!((recall(Bias::Back) - 1.0 / 6.0).abs() < 1e-15);
    assert!((recall(Bias::Flat) - 1.0 / 3.0).abs() < 1e-15);
}

#[test]
fn perfect_scores_reach_100_of_nab() {
    let mut scores = vec![0.0; 40];
    (scores[20], scores[30]) = (1.0, 1.0);
    let windows = Runs::new(vec![20..25, 30..33], 40).unwrap();
    let nab = Nab::new([NabSeries { scores: &scores, windows: &windows }], &Cx::default()).unwrap();
    for profile in NabProfile::ALL {
        let best = nab.best(profile);
        assert!((best.score.unwrap() - 100.0).abs() < 1e-12);
        assert_eq!((best.threshold, best.windows_hit, best.false_positive_rows), (Some(1.0), 2, 0));
        let silent = nab.at(1.5, profile);
        assert_eq!((silent.score, silent.threshold, silent.windows_hit), (Some(0.0), None, 0));
    }
}

#[test]
fn signed_zeros_are_one_score() {
    let (labels, n) = (flags("0000000100"), 10);
    let zeros: Vec<f64> = (0..n).map(|row| if row % 2 == 0 { 0.0 } else { -0.0 }).collect();
    let cx = Cx::default();
    assert_eq!(vus(&labels, &zeros, 4, &cx), vus(&labels, &vec![0.0; n], 4, &cx));
    let windows = Runs::of(&labels);
    let nab = |scores| Nab::new([NabSeries { scores, windows: &windows }], &cx).unwrap().at(0.0, NabProfile::Standard);
    assert_eq!(nab(&zeros), nab(&vec![0.0; n]));
}

#[test]
fn bits_do_not_depend_on_threads() {
    let n = 30_000;
    let labels: Vec<bool> = (0..n).map(|row| row % 977 < 40).collect();
    let scores: Vec<f64> = (0..n).map(|row| f64::from((row * 7919) % 10_007) * 0.1).collect();
    let flags: Vec<bool> = scores.iter().map(|&score| score > 950.0).collect();
    let codes: Vec<u32> = (0..n as u32).map(|row| row % 3).collect();
    let order = SeriesOrder::new(n as usize, &[], &codes);
    let rows = SeriesRows { order: &order, times: &[], labels: &labels, scores: &scores, flags: &flags };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| SeriesMetrics::of(&rows, 20, &Cx::default()).unwrap())
    };
    assert_eq!(with(1), with(4));
}

#[test]
fn no_rows_have_no_metrics_but_no_error() {
    let order = SeriesOrder::new(0, &[], &[]);
    let rows = SeriesRows { order: &order, times: &[], labels: &[], scores: &[], flags: &[] };
    let metrics = SeriesMetrics::of(&rows, 100, &Cx::default()).unwrap();
    assert_eq!((metrics.series, metrics.vus, metrics.delay), (0, None, None));
    assert_eq!((metrics.events, metrics.nab.standard.score), (PrecisionRecall::default(), None));
}

#[test]
fn what_does_not_fit_is_refused() {
    let cx = Cx::default();
    let length = |what, found, expected| SeriesMetricsError::Length { what, found, expected };
    assert_eq!(vus(&[true], &[1.0, 2.0], 3, &cx), Err(length("the label column", 1, 2)));
    assert_eq!(vus(&[true, false], &[1.0, f64::NAN], 3, &cx), Err(SeriesMetricsError::NotFinite { row: 1 }));
    let order = SeriesOrder::new(2, &[], &[]);
    let (labels, scores) = ([true, false], [1.0, 0.0]);
    let fine = SeriesRows { order: &order, times: &[], labels: &labels, scores: &scores, flags: &labels };
    let error = |rows: SeriesRows| SeriesMetrics::of(&rows, 3, &cx).err();
    assert_eq!(error(fine), None);
    assert_eq!(error(SeriesRows { flags: &[true], ..fine }), Some(length("the column of flags", 1, 2)));
    assert_eq!(error(SeriesRows { times: &[1], ..fine }), Some(length("the time column", 1, 2)));
    let order = SeriesOrder::new(1, &[], &[]);
    assert_eq!(error(SeriesRows { order: &order, ..fine }), Some(length("the order of rows", 1, 2)));

    let range = |start, end, n_rows| Err(SeriesMetricsError::Range { start, end, n_rows });
    assert_eq!(Runs::new(vec![1..3, 2..4], 9), range(2, 4, 9));
    assert_eq!(Runs::new(vec![1..3, 3..3], 9), range(3, 3, 9));
    assert_eq!(Runs::new(vec![1..3, 3..10], 9), range(3, 10, 9));
    let windows = Runs::of(&flags("011"));
    let nab = Nab::new([NabSeries { scores: &scores, windows: &windows }], &cx);
    assert_eq!(nab, Err(SeriesMetricsError::Range { start: 1, end: 3, n_rows: 2 }));
    for alpha in [-0.1, 1.1] {
        assert_eq!(RangeWeights::new(alpha, Bias::Flat, Cardinality::One), Err(SeriesMetricsError::Alpha { alpha }));
    }
    assert!(RangeWeights::new(f64::NAN, Bias::Flat, Cardinality::One).is_err());
}

#[test]
fn cancelling_stops_everything() {
    let cx = Cx::default();
    cx.cancel();
    let (labels, scores) = ([true, false], [1.0, 0.0]);
    assert_eq!(vus(&labels, &scores, 3, &cx), Err(SeriesMetricsError::Cancelled));
    assert_eq!(Nab::new([], &cx), Err(SeriesMetricsError::Cancelled));
    let order = SeriesOrder::new(2, &[], &[]);
    let rows = SeriesRows { order: &order, times: &[], labels: &labels, scores: &scores, flags: &labels };
    assert_eq!(SeriesMetrics::of(&rows, 3, &cx), Err(SeriesMetricsError::Cancelled));
}

/// Every metric that is shown is a number of the struct, and each has a meaning.
#[test]
fn meanings_are_of_numbers_that_exist() {
    let order = SeriesOrder::new(8, &[], &[]);
    let labels = flags("00000110");
    let (scores, times) = ([0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0], [0, 1, 2, 3, 4, 5, 6, 7]);
    let rows = SeriesRows { order: &order, times: &times, labels: &labels, scores: &scores, flags: &labels };
    let metrics = serde_json::to_value(SeriesMetrics::of(&rows, 2, &Cx::default()).unwrap()).unwrap();
    for metric in METRICS {
        let value = metrics.pointer(&format!("/{}", metric.field.replace('.', "/")));
        assert!(value.is_some_and(serde_json::Value::is_number), "{}", metric.field);
        assert!(metric.meaning.ends_with('.') && !metric.name.is_empty(), "{}", metric.field);
        let late = metric.field.starts_with("delay") || metric.field == "counts.false_alarms";
        assert_eq!(metric.better == Better::Lower, late, "{}", metric.field);
    }
}
