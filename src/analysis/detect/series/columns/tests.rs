//! Scores of columns against the scores of rows, and what-if scores against scoring the changed table.

use rayon::ThreadPoolBuilder;

use super::super::tests::noise;
use super::*;
use crate::analysis::detect::{Model, Series, fit, uses_series};
use crate::data::{Matrix, SeriesOrder};
use crate::recipe::{Baseline, Components, Detectors, PcaScore, WindowAlign, WindowLength};

/// A table of two columns with its order.
struct Table {
    measures: Matrix,
    order: SeriesOrder,
}

impl Table {
    fn input(&self) -> Input<'_> {
        Input { features: &self.measures, series: Some(Series { measures: &self.measures, order: &self.order }) }
    }

    fn scores(&self, model: &Model, training: bool) -> Vec<f64> {
        let cx = Cx::default();
        if training { model.training_scores(self.input(), &cx) } else { model.decision_function(self.input(), &cx) }
            .unwrap()
    }

    /// The same rows in the same order, but for the values of one.
    fn with(&self, row: usize, values: [f64; 2]) -> Self {
        let mut data = self.measures.values().to_vec();
        data[2 * row..2 * row + 2].copy_from_slice(&values);
        Self { measures: Matrix::unnamed(2, data).unwrap(), order: self.order.clone() }
    }
}

/// Waves with noise, some spikes and a flat stretch, of entities of such lengths. Rows of entities are interleaved and
/// not in the order of time.
fn table(lengths: &[usize], seed: u64) -> Table {
    let n: usize = lengths.iter().sum();
    let mut left = lengths.to_vec();
    let next = |row: usize| {
        let entity = (row..).map(|at| at % lengths.len()).find(|&entity| left[entity] > 0).unwrap();
        left[entity] -= 1;
        entity as u32
    };
    let codes: Vec<u32> = (0..n).map(next).collect();
    let times: Vec<i64> = (0..n as i64).map(|row| row ^ 5).collect();
    let noise = noise(2 * n, seed);
    let value = |at: usize| {
        let (row, column) = (at / 2, at % 2);
        let wave = (row as f64 * 0.6 / lengths.len() as f64 + seed as f64).sin() * (3.0 + column as f64);
        let spike = if row % 41 == 7 { 6.0 } else { 0.0 };
        if column == 1 && row < n / 8 { 2.0 } else { wave + noise[at] + spike + 100.0 * column as f64 }
    };
    let measures = Matrix::unnamed(2, (0..2 * n).map(value).collect()).unwrap();
    Table { measures, order: SeriesOrder::new(n, &times, &codes) }
}

/// Every detector of series in several settings.
fn settings() -> Vec<(DetectorKind, Detectors)> {
    let mut all = Vec::new();
    let window = WindowLength::Rows(10);
    for align in [WindowAlign::Center, WindowAlign::End] {
        let mut detectors = Detectors::default();
        (detectors.seasonal_residual.trend, detectors.seasonal_residual.period) = (align, window);
        (detectors.pca_windows.align, detectors.pca_windows.window) = (align, window);
        (detectors.matrix_profile.align, detectors.matrix_profile.window) = (align, window);
        (detectors.polynomial_forecast.window, detectors.polynomial_forecast.horizon) = (window, 6);
        if align == WindowAlign::End {
            let rolling = Baseline::Rolling(16);
            detectors.z_score.baseline = rolling;
            detectors.modified_z_score.baseline = rolling;
            detectors.iqr.baseline = rolling;
            detectors.pca_windows.score = PcaScore::ReconstructionError;
            detectors.pca_windows.n_components = Components::Count(3);
            detectors.polynomial_forecast.horizon = 1;
            // Pieces of 50 rows.
            detectors.matrix_profile.max_fit_rows = 50;
        }
        let kinds = DetectorKind::ALL.iter().filter(|&&kind| uses_series(kind));
        all.extend(kinds.map(|&kind| (kind, detectors.clone())));
    }
    all
}

/// Runs `test` for each detector, fitted, on the rows it was fitted on, on new ones, and on new ones of other entities.
fn for_all(test: impl Fn(DetectorKind, &Model, &Table, bool)) {
    // The last entity is shorter than a window.
    let (known, new, other) = (table(&[150, 90, 7], 1), table(&[60, 110, 5], 2), table(&[70, 31], 3));
    for (kind, detectors) in settings() {
        let model = fit(kind, &detectors, known.input(), &Cx::default()).unwrap();
        test(kind, &model, &known, true);
        test(kind, &model, &known, false);
        test(kind, &model, &new, false);
        test(kind, &model, &other, false);
    }
}

fn assert_close(got: &[f64], want: &[f64], what: &str) {
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= 1e-9 * want.abs(), "{what}: {got} {want}");
    }
}

/// The ends of each series and what lies between them.
fn some_rows(table: &Table) -> Vec<u32> {
    let of = |rows: &[u32]| -> Vec<u32> {
        let wanted = |place: usize| place < 20 || place + 12 >= rows.len() || place.is_multiple_of(13);
        (0..rows.len()).filter(|&place| wanted(place)).map(|place| rows[place]).collect()
    };
    table.order.groups().flat_map(of).collect()
}

#[test]
fn scores_of_columns_combine_to_those_of_rows() {
    for_all(|kind, model, table, training| {
        let (columns, cx) = (model.as_scores_columns().unwrap(), Cx::default());
        let whole = table.scores(model, training);
        // Out of order, one twice and one that there is not.
        let mut rows: Vec<u32> = (0..whole.len() as u32).rev().collect();
        rows.extend([3, u32::MAX]);
        let scores = columns.column_scores(table.input(), &rows, training, &cx).unwrap();
        for (&row, scores) in rows.iter().zip(scores.chunks_exact(2)) {
            let want = whole.get(row as usize).copied().unwrap_or(0.0);
            assert_eq!(columns.combine().of(scores).to_bits(), want.to_bits(), "{kind:?} {training} {row}");
        }
        // Fewer rows, the same scores.
        let few = columns.column_scores(table.input(), &rows[4..7], training, &cx).unwrap();
        assert_eq!(few, scores[8..14]);
        assert!(columns.column_scores(table.input(), &[], training, &cx).unwrap().is_empty());
        assert_eq!(cx.progress().read().done, 0);
    });
}

#[test]
fn columns_do_not_mix() {
    let known = table(&[150, 90], 1);
    for (kind, detectors) in settings() {
        let model = fit(kind, &detectors, known.input(), &Cx::default()).unwrap();
        let columns = model.as_scores_columns().unwrap();
        let both = columns.column_scores(known.input(), &[40, 100], false, &Cx::default()).unwrap();
        for column in 0..2 {
            // The same column alone in a table.
            let data = known.measures.iter_rows().map(|row| row[column]).collect();
            let alone = Table { measures: Matrix::unnamed(1, data).unwrap(), order: known.order.clone() };
            let model = fit(kind, &detectors, alone.input(), &Cx::default()).unwrap();
            let whole = alone.scores(&model, false);
            assert_eq!([both[column], both[2 + column]], [whole[40], whole[100]], "{kind:?}");
        }
    }
}

#[test]
fn with_its_own_values_a_row_keeps_its_scores() {
    for_all(|kind, model, table, training| {
        let (columns, cx) = (model.as_scores_columns().unwrap(), Cx::default());
        let rows = some_rows(table);
        let want = columns.column_scores(table.input(), &rows, training, &cx).unwrap();
        for (&row, want) in rows.iter().zip(want.chunks_exact(2)) {
            let values = table.measures.row(row as usize);
            let got = columns.column_scores_with(table.input(), row, values, training, &cx).unwrap();
            assert_close(&got, want, &format!("{kind:?} {training} {row}"));
        }
        assert_eq!(cx.progress().read().done, 0);
    });
}

#[test]
fn with_other_values_a_row_scores_as_in_the_changed_table() {
    for_all(|kind, model, table, training| {
        let (columns, cx) = (model.as_scores_columns().unwrap(), Cx::default());
        for (at, row) in some_rows(table).into_iter().enumerate() {
            let own = table.measures.row(row as usize);
            let values = match at % 3 {
                0 => [own[0], own[1] + 1.5],
                1 => [own[0] - 4.0, own[1]],
                _ => [12.0, -3.0],
            };
            let got = columns.column_scores_with(table.input(), row, &values, training, &cx).unwrap();
            let changed = table.with(row as usize, values);
            let what = format!("{kind:?} {training} {row}");
            let want = columns.column_scores(changed.input(), &[row], training, &cx).unwrap();
            assert_close(&got, &want, &what);
            let whole = changed.scores(model, training)[row as usize];
            assert_close(&[columns.combine().of(&got)], &[whole], &what);
        }
    });
}

#[test]
fn a_changed_value_may_change_the_phase_that_new_rows_begin_at() {
    let mut detectors = Detectors::default();
    detectors.seasonal_residual.period = WindowLength::Rows(4);
    let pattern = |phase: usize, n: usize| -> Vec<f64> {
        (0..2 * n).map(|at| [0.0, 1.0, 5.0, 2.0][(at / 2 + phase) % 4] + 0.1 * ((at * 7 % 5) as f64)).collect()
    };
    let made = |data: Vec<f64>| {
        let measures = Matrix::unnamed(2, data).unwrap();
        let order = SeriesOrder::new(measures.n_rows(), &[], &[]);
        Table { measures, order }
    };
    let (known, cx) = (made(pattern(0, 400)), Cx::default());
    let model = fit(DetectorKind::SeasonalResidual, &detectors, known.input(), &cx).unwrap();
    let columns = model.as_scores_columns().unwrap();
    // In so few rows one value decides.
    let new = made(pattern(3, 6));
    let mut n_changed = 0;
    for row in 0..6 {
        for value in [-3.0, 0.0, 1.0, 2.0, 5.0, 9.0] {
            let changed = new.with(row, [value; 2]);
            let whole = changed.scores(&model, false);
            let got = columns.column_scores_with(new.input(), row as u32, &[value; 2], false, &cx).unwrap();
            assert_close(&[columns.combine().of(&got)], &[whole[row]], &format!("{row} {value}"));
            let before = new.scores(&model, false);
            n_changed +=
                usize::from((0..6_usize).any(|other| other.abs_diff(row) > 4 && whole[other] != before[other]));
        }
    }
    assert!(n_changed > 0);
    // The last rows by which the phase is found decide where those before are flat.
    for seed in 0..12 {
        let flat = [vec![0.0; 2 * 4090], noise(2 * 20, seed).iter().map(|value| 6.0 * value).collect()].concat();
        let long = made(flat);
        for row in [0, 4092, 4095, 4096, 4097, 4098, 4109] {
            let changed = long.with(row, [9.0, 1.0]);
            let got = columns.column_scores_with(long.input(), row as u32, &[9.0, 1.0], false, &cx).unwrap();
            let want = columns.column_scores(changed.input(), &[row as u32], false, &cx).unwrap();
            assert_close(&got, &want, &format!("{seed} {row}"));
        }
    }
}

#[test]
fn extreme_values_have_finite_scores_and_unusable_ones_an_error() {
    for_all(|kind, model, table, training| {
        let (columns, cx, input) = (model.as_scores_columns().unwrap(), Cx::default(), table.input());
        let scores = |row, values: &[f64]| columns.column_scores_with(input, row, values, training, &cx);
        for row in some_rows(table).into_iter().step_by(7) {
            for values in [[1e300, -1e300], [f64::MIN_POSITIVE, 0.0]] {
                let got = scores(row, &values).unwrap();
                assert!(got.iter().all(|score| score.is_finite()), "{kind:?} {row} {got:?}");
            }
        }
        assert_eq!(scores(u32::MAX, &[1.0, 2.0]).unwrap(), [0.0; 2]);
        let message = scores(2, &[f64::NAN, 0.0]).unwrap_err().to_string();
        assert!(message.contains("row 3 are not 2 finite numbers"), "{message}");
        assert!(scores(2, &[0.0]).is_err());
        let features_only = Input::from(&table.measures);
        assert!(columns.column_scores_with(features_only, 0, &[0.0; 2], training, &cx).is_err());
        assert!(columns.column_scores(features_only, &[0], training, &cx).is_err());
        cx.cancel();
        assert_eq!(scores(2, &[0.0; 2]), Err(DetectError::Cancelled));
        assert_eq!(columns.column_scores(input, &[2], training, &cx), Err(DetectError::Cancelled));
    });
}

#[test]
fn threads_do_not_matter() {
    for_all(|_, model, table, training| {
        let columns = model.as_scores_columns().unwrap();
        let on = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let all = columns.column_scores(table.input(), &[0, 30, 31, 90], training, &Cx::default()).unwrap();
                let one = columns.column_scores_with(table.input(), 30, &[1.0, 2.0], training, &Cx::default()).unwrap();
                [all, one].concat()
            })
        };
        assert_eq!(on(1), on(4));
    });
}

#[test]
fn detectors_of_features_have_no_columns() {
    let known = table(&[30], 1);
    let model = fit(DetectorKind::Hbos, &Detectors::default(), known.input(), &Cx::default()).unwrap();
    assert!(model.as_scores_columns().is_none());
}

#[test]
fn columns_combine_as_computed_by_hand() {
    assert_eq!(Combine::Max.of(&[-0.5, -2.0, -0.25]), -0.25);
    assert_eq!(Combine::Mean.of(&[1.0, 2.0, 6.0, 3.0]), 3.0);
    assert_eq!((Combine::Max.of(&[]), Combine::Mean.of(&[])), (0.0, 0.0));
}
