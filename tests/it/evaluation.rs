//! Evaluation, tuning, stacking and certainty of whole runs.

use std::sync::Arc;

use tarsier::analysis::evaluate::Metrics;
use tarsier::analysis::search::{Status, StopReason, Study, Trial};
use tarsier::app::Source;
use tarsier::app::main_job::Findings;
use tarsier::cx::Cx;
use tarsier::data::Table;
use tarsier::data::sample::Sample;
use tarsier::engine::{Engine, Given, TuneError, space_of, with_values};
use tarsier::recipe::{
    CalibrationMethod, CheckedRecipe, DataConfig, DetectorKind, Preset, Recipe, Split, TuningMetric, VotingStrategy,
};
use tarsier::triage::{Store, TriageAction, Verdict, feedback};

fn servers(rows: usize) -> Arc<Table> {
    let source = Source::Sample { sample: Sample::Servers, rows, seed: 3 };
    Arc::new(source.open(&DataConfig::default(), &Cx::default()).unwrap())
}

/// Two quick detectors over the columns alone.
fn quick() -> Recipe {
    let mut recipe = Preset::Tabular.recipe();
    recipe.detectors.isolation_forest.n_estimators = 20;
    recipe.evaluation.bootstrap_samples = 50;
    recipe.evaluation.stability_runs = 2;
    recipe.evaluation.uniform_rows = 500;
    recipe
}

fn checked(recipe: &Recipe) -> CheckedRecipe {
    recipe.clone().checked().unwrap()
}

#[test]
fn an_evaluation_says_what_a_run_says_and_judges_held_back_rows() {
    let (engine, table, mut recipe) = (Engine::default(), servers(600), quick());
    recipe.evaluation.split = Split::Time;
    let (evaluation, snapshot) = engine.evaluate(&table, &checked(&recipe), &Given::default(), &Cx::default()).unwrap();
    let labels = table.label().unwrap();
    let labelled = evaluation.labelled.unwrap();
    assert_eq!(labelled.anomalies, labels.iter().filter(|label| **label).count());
    let combined = labelled.columns.last().unwrap();
    let metrics = snapshot.metrics.unwrap();
    assert_eq!(combined.metric("roc_auc").unwrap().estimate, metrics.combined.roc_auc);
    let interval = combined.metric("average_precision").unwrap();
    assert!(interval.low <= interval.estimate && interval.estimate <= interval.high && interval.n_resamples > 25);
    // What is called abnormal is what the run calls abnormal.
    let alarms = combined.confusion.true_positives + combined.confusion.false_positives;
    assert_eq!(alarms as usize, snapshot.combined.is_anomaly.iter().filter(|is| **is).count());
    assert!(combined.series.is_some());
    let folds = evaluation.cross_validation.unwrap();
    assert_eq!(folds.folds.len(), 5);
    assert!(folds.folds.windows(2).all(|pair| pair[0].train < pair[1].train));
    assert_eq!(folds.columns.len(), 3);
    let unlabelled = evaluation.unlabelled;
    assert_eq!((unlabelled.detectors.len(), unlabelled.kappa.len(), unlabelled.mass.len()), (2, 4, 2));
    assert!(unlabelled.stability.unwrap().mean_correlation.unwrap() > 0.3);
}

#[test]
fn a_search_that_was_interrupted_ends_as_one_that_was_not() {
    let (engine, table, mut recipe) = (Engine::default(), servers(400), quick());
    recipe.tuning.space = vec![
        "detectors.isolation_forest.n_estimators=5,10".to_owned(),
        "detectors.k_nearest_neighbors.n_neighbors=2..40:log".to_owned(),
    ];
    recipe.tuning.scoring_metric = TuningMetric::AveragePrecision;
    recipe.tuning.cv_folds = 2;
    recipe.tuning.trials = 6;
    recipe.evaluation.split = Split::Stratified;
    let space = space_of(&recipe).unwrap();
    let search = |trials: Vec<Trial>, most: u32| {
        let mut recipe = recipe.clone();
        recipe.tuning.trials = most;
        let mut study = Study::from_parts(space.clone(), recipe.tuning.clone(), trials).unwrap();
        let mut kept = Vec::new();
        let mut keep = |_: &Study, trial: &Trial| {
            kept.push(trial.to_line().unwrap());
            Ok(())
        };
        let reason = engine.tune(&table, &checked(&recipe), &mut study, &mut keep, &Cx::default()).unwrap();
        assert_eq!(reason, Some(StopReason::Trials));
        (study, kept)
    };
    let what = |study: &Study| -> Vec<_> {
        study.trials().iter().map(|trial| (trial.values.clone(), trial.folds.clone())).collect()
    };
    let (whole, _) = search(Vec::new(), 6);
    let (_, first) = search(Vec::new(), 3);
    let stored = tarsier::analysis::search::read_trials(&first.join("\n"));
    let (resumed, rest) = search(stored.trials, 6);
    assert_eq!(rest.len(), 3);
    assert_eq!(what(&resumed), what(&whole));
    let best = whole.best().unwrap();
    assert!(whole.trials().iter().all(|trial| trial.objective <= best.objective));
    // The best recipe is a recipe that says so.
    let found = with_values(&recipe, &best.values).unwrap();
    assert_eq!(found.check(), []);
    let trees = best.values["detectors.isolation_forest.n_estimators"].as_u64().unwrap();
    assert_eq!(u64::from(found.detectors.isolation_forest.n_estimators), trees);
}

#[test]
fn a_trial_that_cannot_run_is_kept_as_failed_and_a_wrong_space_is_refused() {
    let (engine, table, mut recipe) = (Engine::default(), servers(200), quick());
    recipe.tuning.space = vec!["detectors.k_nearest_neighbors.contamination=0.1,0.9".to_owned()];
    recipe.tuning.method = tarsier::recipe::SearchMethod::GridSearch;
    recipe.tuning.cv_folds = 1;
    let mut study = Study::new(space_of(&recipe).unwrap(), recipe.tuning.clone()).unwrap();
    engine.tune(&table, &checked(&recipe), &mut study, &mut |_, _| Ok(()), &Cx::default()).unwrap();
    let statuses: Vec<&Status> = study.trials().iter().map(|trial| &trial.status).collect();
    assert_eq!(statuses[0], &Status::Finished);
    assert!(matches!(statuses[1], Status::Failed(reason) if reason.contains("k_nearest_neighbors.contamination")));
    recipe.tuning.space = vec!["detectors.no_such_thing=1,2".to_owned()];
    assert!(matches!(space_of(&recipe), Err(TuneError::Setting(_))));
    recipe.tuning.space = vec!["detectors.isolation_forest.n_estimators=9..3".to_owned()];
    assert!(space_of(&recipe).is_err());
}

#[test]
fn stacking_learns_from_labels_and_says_when_it_cannot() {
    let (engine, table, mut recipe) = (Engine::default(), servers(4000), quick());
    recipe.ensemble.voting_strategy = VotingStrategy::Stacking;
    let run = |table: &Arc<Table>, recipe: &Recipe| {
        engine.run(table, &checked(recipe), &Given::default(), &Cx::default(), &|_| {}).unwrap()
    };
    let stacked = run(&table, &recipe);
    let metrics = stacked.metrics.clone().unwrap();
    let best = metrics.detectors.iter().map(|(_, metrics)| metrics.roc_auc).fold(0.0, f64::max);
    assert!(metrics.combined.roc_auc > best - 0.05, "{metrics:?}");
    assert!(stacked.warnings.iter().all(|warning| !warning.contains("not possible")), "{:?}", stacked.warnings);
    let without = Source::Sample { sample: Sample::Servers, rows: 4000, seed: 3 };
    let config = DataConfig { label: tarsier::recipe::ColumnChoice::None, ..DataConfig::default() };
    let without = Arc::new(without.open(&config, &Cx::default()).unwrap());
    let unlabelled = run(&without, &recipe);
    assert!(unlabelled.warnings.iter().any(|warning| warning.contains("stacking is not possible")));
    recipe.ensemble.voting_strategy = VotingStrategy::WeightedAverage;
    assert_eq!(run(&without, &recipe).combined.score, unlabelled.combined.score);
}

#[test]
fn probabilities_keep_the_order_and_confidence_has_its_parts() {
    let (engine, table, mut recipe) = (Engine::default(), servers(500), quick());
    recipe.detectors.set_enabled(DetectorKind::Autoencoder, true);
    recipe.detectors.autoencoder.epochs = 3;
    let snapshot = engine.run(&table, &checked(&recipe), &Given::default(), &Cx::default(), &|_| {}).unwrap();
    let score = &snapshot.combined.score;
    let probability = snapshot.certainty.probability.as_ref().unwrap();
    assert!(probability.iter().all(|p| (0.0..=1.0).contains(p)));
    let mut rows: Vec<usize> = (0..score.len()).collect();
    rows.sort_by(|&a, &b| score[a].total_cmp(&score[b]));
    assert!(rows.windows(2).all(|pair| probability[pair[0]] <= probability[pair[1]]));
    // Learned from the labels: on average as many anomalies as there are.
    let labels = table.label().unwrap();
    let expected = labels.iter().filter(|label| **label).count() as f64 / labels.len() as f64;
    let mean = probability.iter().sum::<f64>() / probability.len() as f64;
    assert!((mean - expected).abs() < 0.02, "{mean} {expected}");
    let confidence = snapshot.certainty.confidence.as_ref().unwrap();
    assert!(confidence.member_agreement.is_some() && confidence.neighbour_similarity.is_some());
    let certainty = confidence.model_certainty.as_ref().unwrap();
    assert!(certainty.iter().any(|part| *part < 1.0), "passes with dropout move some errors");
    // A second run finds all of it kept.
    let again = engine.run(&table, &checked(&recipe), &Given::default(), &Cx::default(), &|_| {}).unwrap();
    assert_eq!(again.certainty.confidence, snapshot.certainty.confidence);
    // Other methods without a refit.
    recipe.ensemble.calibration.method = CalibrationMethod::IsotonicRegression;
    recipe.ensemble.confidence.methods.truncate(1);
    let other = Engine::recombine(&snapshot, &checked(&recipe)).certainty;
    assert_ne!(other.probability.as_ref(), Some(probability));
    assert!(other.confidence.as_ref().is_some_and(|confidence| confidence.member_agreement.is_none()));
}

#[test]
fn held_back_rows_do_not_change_what_is_learned() {
    let (engine, recipe) = (Engine::default(), quick());
    let table = servers(400);
    let training: Vec<bool> = (0..400).map(|row| row % 2 == 0).collect();
    let given = Given { training: Some(training.clone()), ..Given::default() };
    let half = engine.run(&table, &checked(&recipe), &given, &Cx::default(), &|_| {}).unwrap();
    assert_eq!(half.prepared.training.as_ref().map(Vec::len), Some(200));
    let labels: Vec<bool> = table
        .label()
        .unwrap()
        .iter()
        .zip(&training)
        .filter(|(_, trained)| !**trained)
        .map(|(label, _)| *label)
        .collect();
    let scores: Vec<f64> =
        half.combined.score.iter().zip(&training).filter(|(_, trained)| !**trained).map(|(score, _)| *score).collect();
    assert!(Metrics::of(&labels, &scores).unwrap().roc_auc > 0.6);
}

#[test]
fn closed_alerts_come_back_as_feedback() {
    let (engine, table, mut recipe) = (Engine::default(), servers(600), quick());
    recipe.ensemble.voting_strategy = VotingStrategy::WeightedAverage;
    recipe.ensemble.dynamic_weighting.enabled = true;
    let run = |given: &Given| engine.run(&table, &checked(&recipe), given, &Cx::default(), &|_| {}).unwrap();
    let findings = Findings::of(run(&Given::default()));
    let mut store = Store::in_memory().unwrap();
    findings.record(&mut store).unwrap();
    assert!(feedback(&store, &table).unwrap().is_empty());
    let alerts = store.list(&tarsier::triage::Filter::default()).unwrap();
    let close =
        |store: &mut Store, id, verdict| store.apply(&[id], &TriageAction::Close { verdict }, "ann", 1).unwrap();
    close(&mut store, alerts[0].id, Verdict::TruePositive);
    close(&mut store, alerts[1].id, Verdict::FalsePositive);
    close(&mut store, alerts[2].id, Verdict::Benign);
    let known = feedback(&store, &table).unwrap();
    assert_eq!(known.len(), 2);
    let of = |row: u32| known.iter().find(|feedback| feedback.row == row).map(|feedback| feedback.is_anomaly);
    assert_eq!((of(alerts[0].peak_row), of(alerts[1].peak_row)), (Some(true), Some(false)));
    let taught = run(&Given { feedback: known, ..Given::default() });
    assert_ne!(taught.combined.score, findings.snapshot.combined.score);
}
