//! What preparation promises, against reference numbers and by properties.

use super::*;
use crate::analysis::features;
use crate::data::Feature;
use crate::recipe::{ComputeConfig, FeaturesConfig, Scaling, Statistic};

fn feature(name: &str) -> Feature {
    Feature { name: name.into(), source: name.into() }
}

fn config(imputation: Imputation, feature_scaling: Scaling) -> PrepareConfig {
    PrepareConfig { imputation, feature_scaling }
}

fn prepare(table: &Table, config: &PrepareConfig, cx: &Cx) -> Result<Prepared, PrepareError> {
    let order = SeriesOrder::of(table);
    let plan = features::plan(table, &FeaturesConfig::default(), cx).unwrap();
    build(table, &plan, config, &order, cx)
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
        let plan = features::plan(&table, &FeaturesConfig::default(), &cx).unwrap();
        let prepared = build(&table, &plan, &config(imputation, Scaling::Robust), &order, &cx).unwrap();
        let mut place = 0..0;
        for source in 0..plan.n_sources() {
            place = place.end..place.end;
            for mut column in plan.compute_source(source, &table, &order, &cx).unwrap() {
                prepared.fitted.apply_column(place.end, &mut column, &order);
                assert!(prepared.matrix.iter_rows().map(|row| row[place.end]).eq(column));
                place.end += 1;
            }
        }
        assert_eq!(place.end, prepared.matrix.n_features());
    }
}

#[test]
fn too_large_a_matrix_is_refused_with_its_size() {
    let table = Table::of_features(&[("x", vec![1.0; 100_000])], Some((0..100_000).collect()), None);
    let cx = Cx::new(&ComputeConfig { memory_limit_mb: 16, ..ComputeConfig::default() });
    let error = prepare(&table, &PrepareConfig::default(), &cx).unwrap_err();
    assert!(matches!(error, PrepareError::TooLarge { n_rows: 100_000, n_features: 22, limit_mb: 16, .. }), "{error}");
    assert!(error.to_string().contains("compute.memory_limit_mb"));
}

#[test]
fn cancelling_stops_it() {
    let table = Table::of_features(&[("x", vec![1.0; 100])], None, None);
    let cx = Cx::default();
    cx.cancel();
    assert_eq!(prepare(&table, &PrepareConfig::default(), &cx), Err(PrepareError::Cancelled));
}

#[test]
fn one_row_becomes_zeros() {
    let table = Table::of_features(&[("x", vec![7.0])], Some(vec![0]), None);
    let prepared = prepare(&table, &PrepareConfig::default(), &Cx::default()).unwrap();
    assert_eq!(prepared.matrix.n_rows(), 1);
    assert!(prepared.matrix.values().iter().all(|&v| v == 0.0));
}

#[test]
fn a_fitted_preparation_survives_storage() {
    let fitted = FittedPreparation {
        features: vec![FittedFeature::fit(&feature("x"), &[1.0, 2.0, 4.0], &PrepareConfig::default())],
        imputation: Imputation::Constant(3.0),
    };
    let text = ron::to_string(&fitted).unwrap();
    assert_eq!(ron::from_str::<FittedPreparation>(&text).unwrap(), fitted);
}

#[test]
fn a_single_statistic_is_enough() {
    let mut config = FeaturesConfig { raw: false, ..FeaturesConfig::default() };
    config.time_series.rolling_statistics.statistics = vec![Statistic::Max];
    config.time_series.rolling_statistics.windows = vec![2];
    config.statistical.z_scores = false;
    let table = Table::of_features(&[("x", vec![3.0, 1.0, 2.0])], Some(vec![0, 1, 2]), None);
    let (cx, order) = (Cx::default(), SeriesOrder::of(&table));
    let plan = features::plan(&table, &config, &cx).unwrap();
    let unscaled = PrepareConfig { feature_scaling: Scaling::None, ..PrepareConfig::default() };
    assert_eq!(build(&table, &plan, &unscaled, &order, &cx).unwrap().matrix.values(), [3.0, 3.0, 2.0]);
}
