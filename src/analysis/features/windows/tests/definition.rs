//! Windows by their definition, the plain way; and what never changes a row.

use proptest::prelude::*;

use super::stream::rows;
use super::*;

/// Sorted copy.
fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

fn quantile(values: &[f64], level: f64) -> f64 {
    let values = sorted(values);
    let position = level * (values.len() - 1) as f64;
    let (low, high) = (values[position.floor() as usize], values[position.ceil() as usize]);
    low + (high - low) * position.fract()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn central(values: &[f64], power: i32) -> f64 {
    let mean = mean(values);
    values.iter().map(|v| (v - mean).powi(power)).sum::<f64>() / values.len() as f64
}

fn is_constant(values: &[f64]) -> bool {
    values.iter().all(|v| v == &values[0])
}

/// A distance in units of a spread.
fn score(distance: f64, spread: f64) -> f64 {
    if distance == 0.0 { 0.0 } else { (distance / spread).clamp(-20.0, 20.0) }
}

/// Least squares by elimination with pivoting, of the normal equations in centred and scaled time.
fn trend(points: &[(f64, f64)], at: f64, value: f64, degree: usize, part: TrendPart) -> f64 {
    let mut times: Vec<f64> = points.iter().map(|p| p.0).collect();
    times.dedup();
    if times.len() <= degree {
        return f64::NAN;
    }
    let (middle, half) = ((times[0] + times[times.len() - 1]) / 2.0, (times[times.len() - 1] - times[0]) / 2.0);
    let x = |t: f64| (t - middle) / half;
    let size = degree + 1;
    let mut matrix = vec![vec![0.0; size + 1]; size];
    for &(t, y) in points {
        for (i, row) in matrix.iter_mut().enumerate() {
            let power = |j: usize| if j < size { x(t).powi((i + j) as i32) } else { x(t).powi(i as i32) * y };
            row.iter_mut().enumerate().for_each(|(j, sum)| *sum += power(j));
        }
    }
    for i in 0..size {
        let best = (i..size).max_by(|&a, &b| matrix[a][i].abs().total_cmp(&matrix[b][i].abs())).unwrap();
        matrix.swap(i, best);
        let pivot = matrix[i].clone();
        for (_, row) in matrix.iter_mut().enumerate().filter(|(r, _)| *r != i) {
            let factor = row[i] / pivot[i];
            row.iter_mut().zip(&pivot).for_each(|(a, p)| *a -= factor * p);
        }
    }
    let coefficients: Vec<f64> = (0..size).map(|i| matrix[i][size] / matrix[i][i]).collect();
    let fitted = |t: f64| -> f64 { coefficients.iter().enumerate().map(|(k, c)| c * x(t).powi(k as i32)).sum() };
    let values: Vec<f64> = points.iter().map(|p| p.1).collect();
    match part {
        TrendPart::Residual => value - fitted(at),
        TrendPart::Slope => {
            let slopes = coefficients.iter().enumerate().skip(1);
            slopes.map(|(k, c)| c * k as f64 * x(at).powi(k as i32 - 1)).sum::<f64>() / half
        }
        TrendPart::RSquared if is_constant(&values) => 0.0,
        TrendPart::RSquared => {
            let unexplained: f64 = points.iter().map(|&(t, y)| (y - fitted(t)).powi(2)).sum();
            1.0 - unexplained / (central(&values, 2) * values.len() as f64)
        }
    }
}

/// A measure of the present points (time in its unit, value) of a window.
fn plain(measure: Measure, points: &[(f64, f64)], at: f64, value: f64) -> f64 {
    let values: Vec<f64> = points.iter().map(|p| p.1).collect();
    let n = values.len() as f64;
    let beyond = |tail: Tail| -> Vec<f64> {
        let excess = values.iter().map(|v| if tail.side == Side::Above { v - tail.level } else { tail.level - v });
        excess.filter(|e| *e > 0.0).collect()
    };
    match measure {
        _ if values.is_empty() => f64::NAN,
        Measure::Mean => mean(&values),
        Measure::Std => (central(&values, 2) * n / (n - 1.0)).sqrt(),
        Measure::Min => sorted(&values)[0],
        Measure::Max => sorted(&values)[values.len() - 1],
        Measure::Median => quantile(&values, 0.5),
        Measure::Quantile(level) => quantile(&values, level),
        Measure::PercentileRank if value.is_nan() => f64::NAN,
        Measure::PercentileRank => {
            let below = values.iter().filter(|v| **v < value).count() as f64;
            let equal = values.iter().filter(|v| **v == value).count() as f64;
            (below + (equal + 1.0) / 2.0) / n
        }
        Measure::Skewness | Measure::Kurtosis if is_constant(&values) => f64::NAN,
        Measure::Skewness if n < 3.0 => f64::NAN,
        Measure::Skewness => (n * (n - 1.0)).sqrt() / (n - 2.0) * central(&values, 3) / central(&values, 2).powf(1.5),
        Measure::Kurtosis if n < 4.0 => f64::NAN,
        Measure::Kurtosis => {
            let excess = central(&values, 4) / central(&values, 2).powi(2) - 3.0;
            (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * excess + 6.0)
        }
        Measure::ZScore { .. } | Measure::ModifiedZScore { .. } | Measure::IqrFlag { .. }
            if value.is_nan() || n < 2.0 =>
        {
            f64::NAN
        }
        Measure::ZScore { .. } if is_constant(&values) => score(value - values[0], 0.0),
        Measure::ZScore { .. } => score(value - mean(&values), (central(&values, 2) * n / (n - 1.0)).sqrt()),
        Measure::ModifiedZScore { .. } => {
            let median = quantile(&values, 0.5);
            let deviations: Vec<f64> = values.iter().map(|v| (v - median).abs()).collect();
            score(0.6745 * (value - median), quantile(&deviations, 0.5))
        }
        Measure::IqrFlag { factor } => {
            let (q1, q3) = (quantile(&values, 0.25), quantile(&values, 0.75));
            let margin = factor * (q3 - q1);
            f64::from(value > q3 + margin) - f64::from(value < q1 - margin)
        }
        Measure::TailShare(tail) => beyond(tail).len() as f64 / n,
        Measure::MeanExcess(tail) if beyond(tail).is_empty() => 0.0,
        Measure::MeanExcess(tail) => mean(&beyond(tail)),
        Measure::Trend(Curve::Exponential, part) => {
            if values.iter().any(|v| *v <= 0.0) {
                return f64::NAN;
            }
            let logs: Vec<(f64, f64)> = points.iter().map(|p| (p.0, p.1.ln())).collect();
            match part {
                TrendPart::Residual => value - (-trend(&logs, at, 0.0, 1, part)).exp(),
                _ => trend(&logs, at, 0.0, 1, part),
            }
        }
        Measure::Trend(Curve::Linear, part) => trend(points, at, value, 1, part),
        Measure::Trend(Curve::Polynomial(degree), part) => trend(points, at, value, degree.into(), part),
    }
}

/// Whether the window of a measure leaves out the row.
fn is_before_row(measure: Measure) -> bool {
    matches!(measure, Measure::ZScore { .. } | Measure::ModifiedZScore { .. } | Measure::IqrFlag { .. })
}

/// The points of the window of a row, and the row's own time, all in rows or minutes.
fn window(rows: &Rows, row: usize, reach: Reach, before: bool) -> (Vec<(f64, f64)>, f64) {
    let mut past = rows.past(row);
    let own_number = past.len();
    let mut numbered: Vec<(usize, usize)> = past.drain(..).zip(1..).collect();
    if before {
        numbered.pop();
    }
    let minutes = |a: usize| (rows.times[a] - rows.times[row]) as f64 / MINUTE as f64;
    let number = |n: usize| n as f64 - own_number as f64;
    match reach {
        Reach::Rows(w) => drop(numbered.drain(..numbered.len().saturating_sub(w))),
        Reach::Micros(w) if before => numbered.retain(|&(a, _)| rows.times[a] >= rows.times[row] - w),
        Reach::Micros(w) => numbered.retain(|&(a, _)| rows.times[a] > rows.times[row] - w),
    }
    let x = |&(a, n): &(usize, usize)| if matches!(reach, Reach::Rows(_)) { number(n) } else { minutes(a) };
    let present = numbered.iter().filter(|&&(a, _)| rows.values[a].is_finite());
    (present.map(|p| (x(p), rows.values[p.0])).collect(), 0.0)
}

fn reach() -> impl Strategy<Value = Reach> {
    prop_oneof![(1..12usize).prop_map(Reach::Rows), (1..12i64).prop_map(|minutes| Reach::Micros(minutes * MINUTE))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn windows_are_those_of_the_definition(rows in rows(), reach in reach(), min_periods in 1..4u32) {
        let measures = all_measures();
        let outputs = batch(&rows, &jobs(&[reach], &measures, min_periods), 0.0);
        for (&measure, got) in measures.iter().zip(&outputs) {
            for (row, &got) in got.iter().enumerate() {
                let (points, at) = window(&rows, row, reach, is_before_row(measure));
                let value = if rows.values[row].is_finite() { rows.values[row] } else { f64::NAN };
                let enough = points.len() >= min_periods as usize;
                let expected = if enough { plain(measure, &points, at, value) } else { f64::NAN };
                // A flag may go either way where the value is on the fence to the last bit.
                let on_fence = matches!(measure, Measure::IqrFlag { .. }) && (got - expected).abs() <= 1.0;
                // At a few clustered times the plain elimination is not good for more.
                let tolerance = if matches!(measure, Measure::Trend(..)) { 1e-5 } else { 1e-9 };
                prop_assert!(
                    close(got, expected, tolerance) || on_fence,
                    "{measure:?} of row {row}: {got} instead of {expected}"
                );
            }
        }
    }

    #[test]
    fn nothing_after_a_row_changes_its_features(
        rows in rows(), reach in reach(), at in any::<prop::sample::Index>(), other in -1e6..1e6f64
    ) {
        let at = at.index(rows.values.len());
        let mut changed = rows.clone();
        for row in (0..rows.values.len()).filter(|&row| !rows.past(at).contains(&row)) {
            changed.values[row] = other * (row as f64) * 1e150;
        }
        let jobs = jobs(&[reach], &all_measures(), 1);
        for (a, b) in batch(&rows, &jobs, 0.0).iter().zip(&batch(&changed, &jobs, 0.0)) {
            for row in rows.past(at) {
                prop_assert!(same_bits(&a[row..=row], &b[row..=row]), "row {row}: {} {}", a[row], b[row]);
            }
        }
    }

    #[test]
    fn order_of_the_rows_does_not_matter(rows in rows(), reach in reach(), seed in any::<u64>()) {
        // Times that differ, so that the order by time is the same before and after.
        let mut rows = rows;
        rows.times.iter_mut().zip(1..).for_each(|(time, i)| *time += i);
        let mut shuffled: Vec<usize> = (0..rows.values.len()).collect();
        shuffled.sort_by_key(|&row| (row as u64 + 1).wrapping_mul(seed | 1));
        let permuted = Rows {
            values: shuffled.iter().map(|&row| rows.values[row]).collect(),
            times: shuffled.iter().map(|&row| rows.times[row]).collect(),
            codes: shuffled.iter().map(|&row| rows.codes[row]).collect(),
        };
        let jobs = jobs(&[reach], &all_measures(), 1);
        for (a, b) in batch(&rows, &jobs, 0.0).iter().zip(&batch(&permuted, &jobs, 0.0)) {
            let expected: Vec<f64> = shuffled.iter().map(|&row| a[row]).collect();
            prop_assert!(same_bits(b, &expected));
        }
    }
}

#[test]
fn windows_that_have_only_begun_give_nothing() {
    let rows = Rows {
        values: (0..8).map(f64::from).collect(),
        times: (0..8).map(|minute| minute * MINUTE).collect(),
        codes: vec![0, 0, 0, 0, 0, 1, 1, 1],
    };
    let measures = [Measure::Mean, Measure::ZScore { limit: 20.0 }];
    // Half of four rows is there with the second row; half of four minutes has passed with the third.
    for (reach, n_missing) in [(Reach::Rows(4), 1), (Reach::Micros(4 * MINUTE), 2)] {
        let got = batch(&rows, &jobs(&[reach], &measures, 1), 0.5);
        let missing = |column: &[f64]| (0..8).filter(|&row| column[row].is_nan()).collect::<Vec<_>>();
        assert_eq!(missing(&got[0]), (0..n_missing).chain(5..5 + n_missing).collect::<Vec<_>>(), "{reach:?}");
        assert_eq!(missing(&got[1]), [0, 1, 5, 6], "{reach:?}");
    }
}

#[test]
fn long_windows_agree_with_the_definition() {
    let rows = Rows::regular(walk_with_gaps(4000));
    let measures: Vec<Measure> =
        all_measures().into_iter().filter(|m| !matches!(m, Measure::Trend(Curve::Polynomial(3..), _))).collect();
    for window_rows in [40, 256, 700, 3000] {
        let outputs = batch(&rows, &jobs(&[Reach::Rows(window_rows)], &measures, 1), 0.0);
        for (&measure, got) in measures.iter().zip(&outputs) {
            for row in (0..rows.values.len()).step_by(97) {
                let (points, at) = long_window(&rows, row, window_rows, is_before_row(measure));
                let expected = plain(measure, &points, at, rows.values[row]);
                assert!(
                    close(got[row], expected, 1e-8),
                    "{measure:?} {window_rows} row {row}: {} {expected}",
                    got[row]
                );
            }
        }
    }
}

/// As `window`, for one entity in order.
fn long_window(rows: &Rows, row: usize, w: usize, before: bool) -> (Vec<(f64, f64)>, f64) {
    let range = if before { row.saturating_sub(w)..row } else { (row + 1).saturating_sub(w)..row + 1 };
    let points = range.map(|a| (a as f64 - row as f64, rows.values[a])).filter(|p| p.1.is_finite());
    (points.collect(), 0.0)
}
