//! Extreme sizes, constant and short columns, threads and cancelling.

use super::*;
use crate::analysis::features::layout::Layout;

#[test]
fn a_large_offset_and_a_constant_lose_nothing() {
    let noise: Vec<f64> = walk(2000).into_iter().map(|v| (v * 0.25) % 1.0).collect();
    let offset: Vec<f64> = noise.iter().map(|v| v + 1e9).collect();
    for measure in [Measure::Std, Measure::Skewness, Measure::Trend(Curve::Linear, TrendPart::Residual)] {
        let (a, b) = (of_rows(&noise, 60, measure), of_rows(&offset, 60, measure));
        for (row, (a, b)) in a.iter().zip(&b).enumerate().skip(4) {
            assert!(close(*a, *b, 1e-10), "{measure:?} of row {row}: {a} {b}");
        }
    }
    let spiked: Vec<f64> = (0..2000).map(|i| if i == 500 { 1e15 } else { 0.1 }).collect();
    for (measure, expected) in [
        (Measure::Mean, 0.1),
        (Measure::Std, 0.0),
        (Measure::Quantile(0.37), 0.1),
        (Measure::ZScore { limit: 20.0 }, 0.0),
        (Measure::ModifiedZScore { limit: 20.0 }, 0.0),
        (Measure::IqrFlag { factor: 1.5 }, 0.0),
        (Measure::Trend(Curve::Polynomial(2), TrendPart::Slope), 0.0),
        (Measure::Trend(Curve::Polynomial(2), TrendPart::Residual), 0.0),
        (Measure::Trend(Curve::Linear, TrendPart::RSquared), 0.0),
    ] {
        for (row, &got) in of_rows(&spiked, 10, measure).iter().enumerate().skip(2) {
            assert!((500..511).contains(&row) || got == expected, "{measure:?} of row {row}: {got}");
        }
    }
    assert!(
        of_rows(&spiked, 10, Measure::Skewness)[490].is_nan() && of_rows(&spiked, 10, Measure::Kurtosis)[490].is_nan()
    );
    assert_eq!(of_rows(&spiked, 10, Measure::ZScore { limit: 20.0 })[500], 20.0);
    assert_eq!(of_rows(&spiked, 10, Measure::ModifiedZScore { limit: 20.0 })[500], 20.0);
    assert_eq!(of_rows(&spiked, 10, Measure::IqrFlag { factor: 1.5 })[500], 1.0);
}

#[test]
fn magnitudes_from_smallest_to_largest_give_finite_features() {
    let huge: Vec<f64> = (0..200).map(|i| [1e300, -f64::MAX, f64::MAX, 1.0, 1e-300][i * i % 5]).collect();
    let positive: Vec<f64> = (0..200).map(|i| [1e300, f64::MAX, 1.0, 1e-300][i * 7 % 4]).collect();
    for (values, measures) in [
        (huge, all_measures().into_iter().filter(|m| !matches!(m, Measure::Trend(Curve::Exponential, _))).collect()),
        (positive, all_measures()),
    ] {
        for window in [5, 30] {
            for &measure in &measures {
                let got = of_rows(&values, window, measure);
                let row = got.iter().skip(5).position(|v| !v.is_finite());
                assert_eq!(row, None, "{measure:?} over {window}");
            }
        }
    }
}

#[test]
fn tiny_values_have_moments_and_trends() {
    // 0, 1, 2 again and again, in units of 1e-200: a line of slope 1 wherever the window ends with a 2.
    let tiny: Vec<f64> = (0..200).map(|i| 1e-200 * f64::from(i % 3)).collect();
    let last_of_three = |measure| of_rows(&tiny, 3, measure).into_iter().skip(2).step_by(3);
    for (measure, expected) in [
        (Measure::Std, 1e-200),
        (Measure::Skewness, 0.0),
        (Measure::ModifiedZScore { limit: 20.0 }, 0.6745),
        (Measure::Trend(Curve::Linear, TrendPart::Slope), 1e-200),
        (Measure::Trend(Curve::Linear, TrendPart::RSquared), 1.0),
    ] {
        for got in last_of_three(measure).skip(1) {
            let unit = if expected == 1e-200 { 1e-200 } else { 1.0 };
            assert!(close(got / unit, expected / unit, 1e-9), "{measure:?}: {got} {expected}");
        }
    }
}

#[test]
fn one_row_and_an_empty_column() {
    let one = Rows::regular(vec![3.0]);
    let measures = all_measures();
    for (measure, got) in measures.iter().zip(batch(&one, &jobs(&[Reach::Rows(5)], &measures, 1), 0.0)) {
        match measure {
            Measure::Mean | Measure::Min | Measure::Max | Measure::Median | Measure::Quantile(_) => {
                assert_eq!(got[0], 3.0);
            }
            Measure::PercentileRank => assert_eq!(got[0], 1.0),
            Measure::TailShare(TAIL) => assert_eq!(got[0], 1.0),
            Measure::MeanExcess(TAIL) => assert_eq!(got[0], 1.5),
            Measure::TailShare(_) | Measure::MeanExcess(_) => assert_eq!(got[0], 0.0),
            _ => assert!(got[0].is_nan(), "{measure:?}"),
        }
    }
    for values in [vec![f64::NAN; 9], vec![]] {
        for column in batch(&Rows::regular(values), &jobs(&[Reach::Rows(4)], &measures, 1), 0.0) {
            assert!(column.iter().all(|v| v.is_nan()));
        }
    }
}

#[test]
fn trends_of_long_windows_and_far_times_are_exact() {
    // A cubic over irregular times far from 0, with a pause that leaves clusters: every window fits it exactly.
    let times: Vec<i64> = (0..3000i64).map(|i| 1_700_000_000_000_000 + i * MINUTE + i / 500 * 400 * MINUTE).collect();
    let x = |time: i64| (time - times[0]) as f64 / (60e6 * 1000.0);
    let cubic = |x: f64| 2.0 - 3.0 * x + 0.5 * x * x + 0.2 * x * x * x;
    let rows =
        Rows { values: times.iter().map(|&t| cubic(x(t))).collect(), codes: vec![0; 3000], times: times.clone() };
    for (window, degree) in [(30, 3), (700, 3), (700, 4), (1500, 4)] {
        let measures = PARTS.map(|part| Measure::Trend(Curve::Polynomial(degree), part));
        let got = batch(&rows, &jobs(&[Reach::Micros(window * MINUTE)], &measures, 10), 0.0);
        for (row, &time) in times.iter().enumerate().skip(10) {
            if got[0][row].is_nan() {
                continue;
            }
            let slope = (-3.0 + x(time) + 0.6 * x(time) * x(time)) / 1000.0;
            assert!((got[0][row] - slope).abs() < 1e-7, "slope of row {row}: {} {slope}", got[0][row]);
            assert!(got[1][row].abs() < 1e-8, "residual of row {row}: {}", got[1][row]);
            assert!((got[2][row] - 1.0).abs() < 1e-6, "R² of row {row}: {}", got[2][row]);
        }
    }
}

#[test]
fn exponential_trends_need_values_above_zero() {
    let mut values: Vec<f64> = (0..60).map(|i| 3.0 * (0.05 * f64::from(i)).exp()).collect();
    values[30] = 0.0;
    let rate = of_rows(&values, 8, Measure::Trend(Curve::Exponential, TrendPart::Slope));
    let residual = of_rows(&values, 8, Measure::Trend(Curve::Exponential, TrendPart::Residual));
    for row in 1..60 {
        let is_defined = !(30..38).contains(&row);
        assert_eq!(rate[row].is_nan(), !is_defined, "row {row}");
        assert!(!is_defined || (close(rate[row], 0.05, 1e-9) && residual[row].abs() < 1e-9), "row {row}");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let rows = Rows {
        values: walk_with_gaps(20_000),
        times: (0..20_000).map(|i| (i * 7919 % 20_000) * MINUTE).collect(),
        codes: (0..20_000).map(|i| i % 7).collect(),
    };
    let with = |n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        let reaches = [Reach::Micros(60 * MINUTE), Reach::Rows(5)];
        pool.install(|| batch(&rows, &jobs(&reaches, &all_measures(), 1), 0.0))
    };
    for (a, b) in with(1).iter().zip(&with(4)) {
        assert!(same_bits(a, b));
    }
}

#[test]
fn cancelling_stops_it() {
    let (cx, order) = (Cx::default(), SeriesOrder::new(100, &[], &[]));
    let jobs = jobs(&[Reach::Rows(5)], &all_measures(), 1);
    cx.cancel();
    assert_eq!(run(&jobs, 0.0, &Layout::new(&order, &[]), &walk(100), &cx), Err(crate::cx::Cancelled));
}
