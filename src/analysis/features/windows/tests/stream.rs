//! Batch and stream give the same bits, and a stream stays small.

use proptest::prelude::*;

use super::*;

/// The outputs of one stream per entity, in table row order.
fn streamed(rows: &Rows, jobs: &[Job], min_history: f64) -> Vec<Vec<f64>> {
    let n_outputs = jobs.iter().map(|job| job.outputs.len()).sum();
    let mut columns = vec![vec![f64::NAN; rows.values.len()]; n_outputs];
    let order = SeriesOrder::new(rows.values.len(), &rows.times, &rows.codes);
    for group in order.groups() {
        let mut stream = WindowStream::new(jobs, min_history);
        let mut out = vec![0.0; n_outputs];
        for &row in group {
            let row = row as usize;
            stream.push(rows.times[row], rows.values[row], &mut out);
            columns.iter_mut().zip(&out).for_each(|(column, &value)| column[row] = value);
        }
    }
    columns
}

fn assert_same(rows: &Rows, reaches: &[Reach], min_periods: u32, min_history: f64) {
    let measures = all_measures();
    let jobs = jobs(reaches, &measures, min_periods);
    let (batch, stream) = (batch(rows, &jobs, min_history), streamed(rows, &jobs, min_history));
    for (i, (a, b)) in batch.iter().zip(&stream).enumerate() {
        let (reach, measure) = (reaches[i / measures.len()], measures[i % measures.len()]);
        let differs = a.iter().zip(b).position(|(x, y)| !same_bits(&[*x], &[*y]));
        assert_eq!(differs, None, "{measure:?} over {reach:?}");
    }
}

/// Random rows: a few entities, times in disorder, repeated and with gaps, missing and infinite values, ties, and
/// values of all sizes.
pub(super) fn rows() -> impl Strategy<Value = Rows> {
    let value = prop_oneof![
        6 => -100.0..100.0f64,
        3 => (0..4i32).prop_map(f64::from),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY)
    ];
    let time = (0..40i64).prop_map(|t| t * MINUTE / 2);
    prop::collection::vec((value, time, 0..3u32), 1..80).prop_map(|rows| Rows {
        values: rows.iter().map(|r| r.0).collect(),
        times: rows.iter().map(|r| r.1).collect(),
        codes: rows.iter().map(|r| r.2).collect(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_rows(rows in rows(), min_periods in 1..4u32, min_history in 0.0..1.0f64, power in -200..200i32) {
        let mut rows = rows;
        rows.values.iter_mut().step_by(3).for_each(|value| *value *= 10f64.powi(power));
        let reaches = [Reach::Rows(1), Reach::Rows(5), Reach::Micros(4 * MINUTE), Reach::Micros(9 * MINUTE)];
        assert_same(&rows, &reaches, min_periods, min_history);
    }
}

#[test]
fn long_columns_take_the_fast_ways() {
    let reaches = [2, 5, 60, 300, 700].map(Reach::Rows);
    let rare_gaps = walk(6000).into_iter().enumerate().map(|(i, v)| if i % 211 == 7 { f64::NAN } else { v }).collect();
    for values in [walk(6000), walk_with_gaps(6000), rare_gaps] {
        let mut rows = Rows::regular(values);
        assert_same(&rows, &reaches, 1, 0.0);
        rows.codes.iter_mut().enumerate().for_each(|(i, code)| *code = (i % 3 == 0).into());
        assert_same(&rows, &reaches, 3, 0.5);
        let minutes = [7, 60].map(|minutes| Reach::Micros(minutes * MINUTE));
        assert_same(&rows, &minutes, 1, 0.2);
        // A gap in time, then rows in disorder.
        rows.times.iter_mut().skip(3000).for_each(|time| *time += 45 * MINUTE);
        rows.times.reverse();
        assert_same(&rows, &minutes, 2, 0.0);
    }
}

#[test]
fn runs_of_equal_huge_and_tiny_values_too() {
    let values = (0..5000).map(|i| match i / 500 {
        0 | 4 => 0.1,
        1 => f64::from(i % 7) * 1e300,
        2 => f64::from(i % 3) * 1e-200,
        3 => {
            if i % 90 == 0 {
                -f64::MAX
            } else {
                3.0
            }
        }
        _ => f64::from(i % 11),
    });
    assert_same(&Rows::regular(values.collect()), &[5, 40].map(Reach::Rows), 1, 0.0);
}

#[test]
fn a_stream_holds_no_more_than_its_longest_window_twice() {
    let mut stream = WindowStream::new(&jobs(&[Reach::Rows(50), Reach::Micros(20 * MINUTE)], &all_measures(), 1), 0.0);
    let mut out = vec![0.0; 2 * all_measures().len()];
    let most = walk_with_gaps(5000).into_iter().enumerate().map(|(i, value)| {
        stream.push(i as i64 * MINUTE, value, &mut out);
        stream.n_held()
    });
    let most = most.max().unwrap();
    assert!((50..=2 * 51 + 64).contains(&most), "{most}");
}
