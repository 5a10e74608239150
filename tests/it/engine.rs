//! Runs from end to end inside the library: cache, recombination, partial results, cancel, determinism, truth.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tarsier::analysis::severity::Severity;
use tarsier::app::Source;
use tarsier::app::main_job::{Findings, run};
use tarsier::cx::Cx;
use tarsier::data::Table;
use tarsier::data::sample::Sample;
use tarsier::engine::{Engine, Given, RunError};
use tarsier::recipe::{
    DataConfig, DetectorKind, FeatureSelection, FeaturesConfig, OutlierHandling, Preset, Recipe, RuleConfig,
    RuleSeverity, ThresholdAggregation,
};

fn sample(sample: Sample, rows: usize) -> Arc<Table> {
    let source = Source::Sample { sample, rows, seed: 3 };
    Arc::new(source.open(&DataConfig::default(), &Cx::default()).unwrap())
}

fn quick() -> Recipe {
    let mut recipe = Preset::Document.recipe();
    recipe.features = FeaturesConfig::rolling();
    recipe.prepare.outlier_handling = OutlierHandling::Keep;
    recipe.prepare.feature_selection = FeatureSelection::off();
    recipe.ensemble.threshold_aggregation = ThresholdAggregation::Combined;
    recipe.ensemble.contamination = 0.02;
    recipe.detectors.autoencoder.epochs = 3;
    recipe.detectors.isolation_forest.n_estimators = 30;
    recipe
}

fn findings(engine: &Engine, table: &Arc<Table>, recipe: &Recipe) -> Findings {
    run(engine, table, &recipe.clone().checked().unwrap(), &Given::default(), &Cx::default(), &|_| {}).unwrap()
}

#[test]
fn a_changed_setting_repeats_only_what_follows_it() {
    let (engine, table) = (Engine::default(), sample(Sample::Servers, 500));
    let cached = |recipe: &Recipe| -> Vec<String> {
        let snapshot = findings(&engine, &table, recipe).snapshot;
        snapshot.stages.iter().filter(|stage| stage.cached).map(|stage| stage.name.clone()).collect()
    };
    let all = ["features", "isolation_forest", "one_class_svm", "local_outlier_factor", "autoencoder"];
    let mut recipe = quick();
    assert!(cached(&recipe).is_empty());
    recipe.ensemble.contamination = 0.2;
    recipe.detectors.local_outlier_factor.contamination = 0.3;
    assert_eq!(cached(&recipe), all, "nothing left of the scores has changed");
    recipe.detectors.one_class_svm.nu = 0.3;
    assert_eq!(cached(&recipe), ["features", "isolation_forest", "local_outlier_factor", "autoencoder"]);
    recipe.features.time_series.rolling_statistics.windows = vec![7];
    assert!(cached(&recipe).is_empty());
}

#[test]
fn recombining_gives_what_a_run_with_those_settings_gives() {
    let (engine, table) = (Engine::default(), sample(Sample::Servers, 500));
    let before = findings(&engine, &table, &quick());
    let mut changed = quick();
    changed.ensemble.contamination = 0.1;
    changed.ensemble.model_weights.isolation_forest = 1.0;
    changed.severity.medium = 0.4;
    let recombined = Findings::of(Engine::recombine(&before.snapshot, &changed.clone().checked().unwrap()));
    let fresh = findings(&Engine::default(), &table, &changed);
    assert_eq!(recombined.snapshot.combined.score, fresh.snapshot.combined.score);
    assert_eq!(recombined.snapshot.combined.severity, fresh.snapshot.combined.severity);
    assert_eq!(recombined.alerts, fresh.alerts);
    assert_ne!(recombined.snapshot.n_anomalies(), before.snapshot.n_anomalies());
}

#[test]
fn partial_results_name_who_is_missing() {
    let table = sample(Sample::Transactions, 300);
    let partials = Mutex::new(Vec::new());
    let recipe = quick().checked().unwrap();
    let on_partial = |findings: Findings| {
        let snapshot = &findings.snapshot;
        partials.lock().unwrap().push((snapshot.scores.len(), snapshot.pending.clone()));
    };
    let whole = run(&Engine::default(), &table, &recipe, &Given::default(), &Cx::default(), &on_partial).unwrap();
    let partials = partials.into_inner().unwrap();
    assert_eq!(partials.len(), 3);
    let enabled: Vec<DetectorKind> = whole.snapshot.recipe.detectors.enabled().collect();
    for (i, (n_scores, pending)) in partials.iter().enumerate() {
        assert_eq!((*n_scores, pending.as_slice()), (i + 1, &enabled[i + 1..]));
    }
    assert!(whole.snapshot.pending.is_empty());
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let table = sample(Sample::Servers, 400);
    let scores = |threads: u32| {
        let mut recipe = quick();
        recipe.compute.threads = threads;
        let snapshot = findings(&Engine::default(), &table, &recipe).snapshot;
        (snapshot.scores.iter().map(|s| s.raw.to_vec()).collect::<Vec<_>>(), snapshot.combined.score.clone())
    };
    assert_eq!(scores(1), scores(3));
}

#[test]
fn a_cancelled_run_ends_as_cancelled() {
    let table = sample(Sample::Servers, 2000);
    let mut recipe = quick();
    recipe.detectors.autoencoder.epochs = 10_000;
    recipe.detectors.autoencoder.early_stopping_patience = 10_000;
    let recipe = recipe.checked().unwrap();
    let cx = Cx::default();
    let canceller = {
        let cx = cx.clone();
        std::thread::spawn(move || {
            while !cx.progress().read().stage.starts_with("Autoencoder") {
                std::thread::sleep(Duration::from_millis(1));
            }
            cx.cancel();
        })
    };
    let result = run(&Engine::default(), &table, &recipe, &Given::default(), &cx, &|_| {});
    canceller.join().unwrap();
    assert!(matches!(result, Err(RunError::Cancelled)), "{:?}", result.err());
}

#[test]
fn incidents_of_the_servers_sample_are_found() {
    let table = sample(Sample::Servers, 8000);
    let findings = findings(&Engine::default(), &table, &quick());
    let metrics = findings.snapshot.metrics.clone().unwrap();
    // Guessing gives 0.5; the sample is made so that its incidents can be seen.
    assert!(metrics.combined.roc_auc > 0.75, "{metrics:?}");
    let labels = table.label().unwrap();
    let worst = &findings.alerts[..5];
    let hits = worst.iter().filter(|alert| alert.episode.rows.iter().any(|&row| labels[row as usize])).count();
    assert!(hits >= 4, "{hits} of the 5 worst alerts are incidents");
}

#[test]
fn rules_raise_alerts_whatever_the_detectors_say() {
    let (engine, table) = (Engine::default(), sample(Sample::Servers, 500));
    let mut recipe = quick();
    let plain = findings(&engine, &table, &recipe);
    let cpu = table.numbers("cpu_percent").unwrap();
    // A row that nobody minds, and the value it has.
    let calm = (0..table.n_rows()).find(|&row| !plain.snapshot.combined.is_anomaly[row]).unwrap();
    recipe.rules.push(RuleConfig {
        name: "exactly this".into(),
        expression: format!(
            "cpu_percent = {} AND cpu_percent_mean_60 IS NOT NULL OR cpu_percent = {}",
            cpu[calm], cpu[calm]
        ),
        severity: RuleSeverity::Critical,
        ..RuleConfig::default()
    });
    let ruled = findings(&engine, &table, &recipe);
    assert!(ruled.snapshot.surroundings.rules[0].contains(calm as u32));
    assert_eq!(ruled.snapshot.combined.severity[calm], Some(Severity::Critical));
    let alert = ruled.alerts.iter().find(|alert| alert.episode.rows.contains(&(calm as u32))).unwrap();
    assert_eq!(
        (alert.rules.as_slice(), alert.episode.severity),
        (&["exactly this".to_owned()][..], Severity::Critical)
    );
    // The detectors did not work again, and switching the rule off gives the plain result.
    assert!(ruled.snapshot.stages.iter().filter(|stage| stage.fit_seconds.is_some()).all(|stage| stage.cached));
    recipe.rules[0].enabled = false;
    assert_eq!(findings(&engine, &table, &recipe).snapshot.combined.score, plain.snapshot.combined.score);
    recipe.rules[0].enabled = true;
    recipe.rules[0].expression = "cpu_procent > 1".into();
    let error =
        run(&engine, &table, &recipe.checked().unwrap(), &Given::default(), &Cx::default(), &|_| {}).unwrap_err();
    assert_eq!(
        error.to_string(),
        "rules[0] (exactly this): there is no column \"cpu_procent\"; did you mean cpu_percent?"
    );
}

#[test]
fn every_detector_takes_part_in_a_run() {
    let (engine, table) = (Engine::default(), sample(Sample::Servers, 400));
    let mut recipe = quick();
    recipe.detectors.enable_only(DetectorKind::ALL);
    let snapshot = findings(&engine, &table, &recipe).snapshot;
    assert_eq!(snapshot.scores.len(), DetectorKind::ALL.len());
    for scores in &snapshot.scores {
        assert!(scores.raw.len() == 400 && scores.raw.iter().all(|score| score.is_finite()), "{}", scores.kind.name());
        let distinct = scores.raw.iter().any(|score| *score != scores.raw[0]);
        assert!(distinct, "{} tells no row from another", scores.kind.name());
    }
}
