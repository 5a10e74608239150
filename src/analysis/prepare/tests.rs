//! What preparation promises, against reference numbers and by properties.

use super::*;
use crate::analysis::features;
use crate::data::{Feature, Table};
use crate::recipe::{
    ComputeConfig, FeatureSelection, FeaturesConfig, OutlierHandling, Scaling, SelectionMethod, Statistic, TrainingRows,
};

fn feature(name: &str) -> Feature {
    Feature { name: name.into(), source: name.into() }
}

fn config(imputation: Imputation, feature_scaling: Scaling) -> PrepareConfig {
    PrepareConfig {
        imputation,
        feature_scaling,
        outlier_handling: OutlierHandling::Keep,
        feature_selection: FeatureSelection::off(),
        ..PrepareConfig::default()
    }
}

fn plain() -> PrepareConfig {
    config(Imputation::Mean, Scaling::Standard)
}

fn prepare(table: &Table, config: &PrepareConfig, cx: &Cx) -> Result<Prepared, PrepareError> {
    prepare_features(table, &FeaturesConfig::rolling(), config, cx)
}

fn prepare_features(
    table: &Table,
    features: &FeaturesConfig,
    config: &PrepareConfig,
    cx: &Cx,
) -> Result<Prepared, PrepareError> {
    let order = SeriesOrder::of(table);
    let input = FeatureInput::new(table, &order, training_rows(table, config, None, cx)?);
    let plan = features::plan(&input, features, cx)?;
    let direct = |node| {
        let columns = Arc::new(plan.compute_node(node, &input, cx)?);
        Ok(NodeResult { columns, seconds: 0.0 })
    };
    build(&plan, &input, config, &direct, cx)
}

#[test]
fn imputation_takes_what_was_asked_for() {
    let values = [1.0, f64::NAN, 3.0, f64::INFINITY, 11.0, f64::NAN];
    let codes = Some(vec![0, 1, 0, 0, 1, 1]);
    for (imputation, expected) in [
        (Imputation::Mean, [1.0, 5.0, 3.0, 5.0, 11.0, 5.0]),
        (Imputation::Median, [1.0, 3.0, 3.0, 3.0, 11.0, 3.0]),
        (Imputation::Forward, [1.0, 5.0, 3.0, 3.0, 11.0, 11.0]),
        (Imputation::Constant(-2.0), [1.0, -2.0, 3.0, -2.0, 11.0, -2.0]),
    ] {
        let table = Table::of_features(&[("x", values.to_vec())], None, codes.clone());
        let prepared = prepare(&table, &config(imputation, Scaling::None), &Cx::default()).unwrap();
        assert_eq!(prepared.matrix.values(), expected, "{imputation:?}");
    }
}

#[test]
fn every_value_is_finite_and_comes_back() {
    let rows = 300;
    let wild = |i: i32| match i % 7 {
        0 => 1e300,
        1 => -1e300,
        2 => f64::NAN,
        3 => f64::NEG_INFINITY,
        4 => f64::MAX,
        _ => f64::from(i),
    };
    let columns = [
        ("wild", (0..rows).map(wild).collect()),
        ("calm", (0..rows).map(|i| f64::from(i % 13)).collect()),
        ("constant", vec![0.1; rows as usize]),
        ("empty", vec![f64::NAN; rows as usize]),
    ];
    let time = Some((0..i64::from(rows)).map(|i| i * 300_000_000).collect());
    let table = Table::of_features(&columns, time, None);
    for scaling in [Scaling::Standard, Scaling::Minmax, Scaling::Robust, Scaling::None] {
        let cx = Cx::default();
        let prepared = prepare(&table, &config(Imputation::Mean, scaling), &cx).unwrap();
        assert!(prepared.matrix.values().iter().all(|v| v.abs() <= 1e150), "{scaling:?}");
        let at = |name: &str| prepared.matrix.features().iter().position(|f| f.name == name).unwrap();
        let column = |name: &str| prepared.matrix.iter_rows().map(|row| row[at(name)]).collect::<Vec<_>>();
        for (row, scaled) in column("calm").into_iter().enumerate() {
            assert!((prepared.fitted.raw_value(at("calm"), scaled) - (row % 13) as f64).abs() < 1e-12);
        }
        assert_eq!(prepared.fitted.typical(at("calm")), 6.0);
        if scaling != Scaling::None {
            assert!(column("constant").iter().all(|&v| v == 0.0), "{scaling:?}");
        }
        assert!(column("empty").iter().all(|&v| v == 0.0));
        assert!(
            cx.warnings().iter().any(|w| w.contains("22 of 88 features have no value") && w.contains("empty_mean_5"))
        );
    }
}

#[test]
fn applying_what_was_fitted_gives_the_matrix() {
    let values =
        |k: usize| (0..500).map(|i| if i % 11 == k { f64::NAN } else { ((i * 37 + k) % 101) as f64 }).collect();
    let time = Some((0..500).map(|i| (i * 7919 % 500) * 60_000_000).collect());
    let table =
        Table::of_features(&[("a", values(1)), ("b", values(2))], time, Some((0..500).map(|i| i % 3).collect()));
    for imputation in [Imputation::Mean, Imputation::Forward] {
        let (cx, order) = (Cx::default(), SeriesOrder::of(&table));
        let input = FeatureInput::new(&table, &order, None);
        let prepared = prepare(&table, &config(imputation, Scaling::Robust), &cx).unwrap();
        let plan = &prepared.fitted.source.as_ref().unwrap().plan;
        let mut n_features = 0;
        for node in 0..plan.n_nodes() {
            for mut column in plan.compute_node(node, &input, &cx).unwrap().columns {
                prepared.fitted.apply_column(n_features, &mut column, &order);
                assert!(prepared.matrix.iter_rows().map(|row| row[n_features]).eq(column));
                n_features += 1;
            }
        }
        assert_eq!(n_features, prepared.matrix.n_features());
    }
}

#[test]
fn too_large_a_matrix_is_refused_with_its_size() {
    let table = Table::of_features(&[("x", vec![1.0; 100_000])], Some((0..100_000).collect()), None);
    let cx = Cx::new(&ComputeConfig { memory_limit_mb: 16, ..ComputeConfig::default() });
    let error = prepare(&table, &plain(), &cx).unwrap_err();
    assert!(matches!(error, PrepareError::TooLarge { n_rows: 100_000, n_features: 22, limit_mb: 16, .. }), "{error}");
    assert!(error.to_string().contains("compute.memory_limit_mb"));
}

#[test]
fn cancelling_stops_it() {
    let table = Table::of_features(&[("x", vec![1.0; 100])], None, None);
    let cx = Cx::default();
    cx.cancel();
    assert_eq!(prepare(&table, &plain(), &cx), Err(PrepareError::Cancelled));
}

#[test]
fn one_row_becomes_zeros() {
    let table = Table::of_features(&[("x", vec![7.0])], Some(vec![0]), None);
    let prepared = prepare(&table, &plain(), &Cx::default()).unwrap();
    assert_eq!(prepared.matrix.n_rows(), 1);
    assert!(prepared.matrix.values().iter().all(|&v| v == 0.0));
}

#[test]
fn a_fitted_preparation_survives_storage() {
    let cx = Cx::default();
    let fitted = FittedPreparation {
        source: None,
        kept: vec![0],
        features: vec![
            FittedFeature::fit(&feature("x"), &[1.0, 2.0, 4.0], None, &PrepareConfig::default(), &cx).unwrap(),
        ],
        missing_values: MissingValues::Impute,
        imputation: Imputation::Constant(3.0),
    };
    let text = ron::to_string(&fitted).unwrap();
    assert_eq!(ron::from_str::<FittedPreparation>(&text).unwrap(), fitted);
}

#[test]
fn a_single_statistic_is_enough() {
    let mut config = FeaturesConfig { raw: false, ..FeaturesConfig::rolling() };
    config.time_series.rolling_statistics.statistics = vec![Statistic::Max];
    config.time_series.rolling_statistics.windows = vec![2];
    config.statistical.z_scores = false;
    let table = Table::of_features(&[("x", vec![3.0, 1.0, 2.0])], Some(vec![0, 1, 2]), None);
    let unscaled = PrepareConfig { feature_scaling: Scaling::None, ..plain() };
    let prepared = prepare_features(&table, &config, &unscaled, &Cx::default()).unwrap();
    assert_eq!(prepared.matrix.values(), [3.0, 3.0, 2.0]);
}

/// Twelve rows: the last is far out, the third misses its value.
fn uneven() -> Table {
    let mut x: Vec<f64> = (0..12).map(f64::from).collect();
    (x[2], x[11]) = (f64::NAN, 1000.0);
    let y = (0..12).map(|i| f64::from(i % 3)).collect();
    Table::of_features(&[("x", x), ("y", y)], Some((0..12).map(|i| i * 1_000_000).collect()), None)
}

fn raw(config: &PrepareConfig) -> Prepared {
    prepare_features(&uneven(), &FeaturesConfig::raw_only(), config, &Cx::default()).unwrap()
}

#[test]
fn winsorized_values_are_learned_from_and_whole_ones_are_scored() {
    let config =
        PrepareConfig { outlier_handling: OutlierHandling::Winsorize(0.1), feature_scaling: Scaling::None, ..plain() };
    let prepared = raw(&config);
    let x = |matrix: &Matrix| matrix.iter_rows().map(|row| row[0]).collect::<Vec<_>>();
    assert_eq!(x(&prepared.matrix)[11], 1000.0);
    // numpy.quantile([0, 1, 3, 4, ..., 10, 1000], [0.1, 0.9]) is [1, 10].
    let training = x(&prepared.training_matrix().unwrap());
    assert_eq!((training[0], training[1], training[10], training[11]), (1.0, 1.0, 10.0, 10.0));
    assert_eq!(raw(&plain()).training_matrix(), None);
}

#[test]
fn training_rows_alone_decide_and_all_rows_are_scored() {
    let first = PrepareConfig { training_rows: TrainingRows::First(0.5), feature_scaling: Scaling::Minmax, ..plain() };
    let prepared = raw(&first);
    assert_eq!((prepared.matrix.n_rows(), prepared.training.as_deref()), (12, Some(&[0, 1, 2, 3, 4, 5][..])));
    // Scaled by 0 to 5, the range of the first six.
    assert_eq!(prepared.matrix.row(10)[0], 2.0);
    assert_eq!(prepared.training_matrix().unwrap().n_rows(), 6);

    let drop = PrepareConfig { missing_values: MissingValues::Drop, ..plain() };
    assert_eq!(raw(&drop).training.unwrap(), [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    let remove = PrepareConfig { outlier_handling: OutlierHandling::Remove(3.0), ..plain() };
    assert_eq!(raw(&remove).training.unwrap(), (0..11).collect::<Vec<u32>>());
    let interpolate =
        PrepareConfig { missing_values: MissingValues::Interpolate, feature_scaling: Scaling::None, ..plain() };
    assert_eq!(raw(&interpolate).matrix.row(2)[0], 2.0);
    let mode = PrepareConfig { imputation: Imputation::Mode, feature_scaling: Scaling::None, ..plain() };
    assert_eq!(raw(&mode).matrix.row(2)[0], 0.0);
}

#[test]
fn transformed_values_keep_their_order_and_come_back() {
    for outlier_handling in [OutlierHandling::Log, OutlierHandling::YeoJohnson, OutlierHandling::Quantile] {
        let prepared = raw(&PrepareConfig { outlier_handling, ..plain() });
        let x: Vec<f64> = prepared.matrix.iter_rows().map(|row| row[0]).collect();
        assert!((3..11).all(|row| x[row] < x[row + 1]), "{outlier_handling:?}: {x:?}");
        assert!((prepared.fitted.raw_value(0, x[7]) - 7.0).abs() < 1e-6, "{outlier_handling:?}");
    }
}

#[test]
fn selection_keeps_what_it_says_and_tells_of_the_rest() {
    let mut selection = FeatureSelection { max_features: 1, max_correlation: 1.0, ..FeatureSelection::default() };
    selection.method = SelectionMethod::Variance;
    let config = PrepareConfig { feature_selection: selection.clone(), ..plain() };
    let prepared = raw(&config);
    // x has another value in each row, y one of three.
    assert_eq!(prepared.matrix.features().iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["x"]);
    assert_eq!(prepared.fitted.kept, [0]);
    let fates: Vec<&Fate> = prepared.catalogue.iter().map(|c| &c.fate).collect();
    assert_eq!(fates, [&Fate::Kept, &Fate::Outranked]);
    assert_eq!(prepared.catalogue[0].missing_share, 1.0 / 12.0);
    // The same numbers as without a selection.
    assert_eq!(prepared.matrix.row(5)[0], raw(&plain()).matrix.row(5)[0]);

    selection = FeatureSelection { method: SelectionMethod::Named, names: vec!["z".into()], ..selection };
    let config = PrepareConfig { feature_selection: selection, ..plain() };
    let error = prepare_features(&uneven(), &FeaturesConfig::raw_only(), &config, &Cx::default()).unwrap_err();
    assert!(matches!(error, PrepareError::NothingSelected { .. }), "{error}");
}

#[test]
fn a_stream_gives_the_rows_of_the_matrix() {
    let n = 120;
    let values = |k: usize| (0..n).map(move |i| if (i + k) % 9 == 2 { f64::NAN } else { ((i * 37 + k) % 41) as f64 });
    let times: Vec<i64> = (0..n as i64).map(|i| i / 2 * 60_000_000).collect();
    let codes: Vec<u32> = (0..n as u32).map(|i| i % 2).collect();
    let columns = [("a", values(1).collect::<Vec<f64>>()), ("b", values(4).collect())];
    let table = Table::of_features(&columns, Some(times.clone()), Some(codes.clone()));
    for (imputation, outlier_handling) in
        [(Imputation::Forward, OutlierHandling::YeoJohnson), (Imputation::Median, OutlierHandling::Quantile)]
    {
        let mut selection = FeatureSelection { method: SelectionMethod::Correlation, ..FeatureSelection::default() };
        selection.max_features = 9;
        let config = PrepareConfig {
            imputation,
            outlier_handling,
            feature_selection: selection,
            training_rows: TrainingRows::First(0.5),
            ..PrepareConfig::default()
        };
        let prepared = prepare(&table, &config, &Cx::default()).unwrap();
        // Stored and read again on the way.
        let fitted: FittedPreparation = ron::from_str(&ron::to_string(&prepared.fitted).unwrap()).unwrap();
        let mut stream = fitted.stream().unwrap();
        for (row, &time) in times.iter().enumerate() {
            let number = |name: &str| if name == "a" { columns[0].1[row] } else { columns[1].1[row] };
            let got = stream.push(table.entities().unwrap().name_of(row), time, number, |_| None);
            assert_eq!(got, prepared.matrix.row(row), "{imputation:?}, row {row}");
        }
    }
    let config = PrepareConfig { missing_values: MissingValues::Interpolate, ..plain() };
    let prepared = prepare(&table, &config, &Cx::default()).unwrap();
    assert!(matches!(prepared.fitted.stream(), Err(FeatureError::LooksAhead { .. })));
}
