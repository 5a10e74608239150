//! Explanations of whole runs: sums, symmetry, agreement of methods, what-if, counterfactuals, the cache and the alerts.

use std::sync::Arc;

use tarsier::app::Source;
use tarsier::app::main_job::{self, Findings};
use tarsier::cx::Cx;
use tarsier::data::Table;
use tarsier::data::sample::Sample;
use tarsier::engine::{Engine, ExplainError, Explainer, Explanation, Given, Method, Snapshot, Target, WhatIf};
use tarsier::recipe::{DataConfig, DetectorKind, ExplainabilityMethod, Preset, Recipe, VotingStrategy};
use tarsier::triage::{Store, explain_alerts};

fn servers(rows: usize) -> Arc<Table> {
    let source = Source::Sample { sample: Sample::Servers, rows, seed: 3 };
    Arc::new(source.open(&DataConfig::default(), &Cx::default()).unwrap())
}

/// A table of these columns, by way of a file.
fn table_of(columns: &[(&str, Vec<f64>)]) -> Arc<Table> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("columns.csv");
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let mut text = names.join(",") + "\n";
    for row in 0..columns[0].1.len() {
        let values: Vec<String> = columns.iter().map(|(_, values)| values[row].to_string()).collect();
        text += &(values.join(",") + "\n");
    }
    std::fs::write(&path, text).unwrap();
    Arc::new(Source::Files(vec![path]).open(&DataConfig::default(), &Cx::default()).unwrap())
}

/// The time series preset with few trees.
fn over_time() -> Recipe {
    let mut recipe = Preset::Timeseries.recipe();
    recipe.features.time_series.rolling_statistics.windows = vec![12];
    recipe.detectors.isolation_forest.n_estimators = 20;
    recipe
}

fn run(table: &Arc<Table>, recipe: &Recipe) -> Arc<Snapshot> {
    let recipe = recipe.clone().checked().unwrap();
    Arc::new(Engine::default().run(table, &recipe, &Given::default(), &Cx::default(), &|_| {}).unwrap())
}

fn explainer(snapshot: &Arc<Snapshot>) -> Arc<Explainer> {
    Arc::new(Explainer::new(snapshot, 0, &Cx::default()).unwrap())
}

/// The row with the highest combined score.
fn worst(snapshot: &Snapshot) -> u32 {
    let scores = &snapshot.combined.score;
    (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap() as u32
}

fn assert_sum(explained: &Explanation) {
    let sum: f64 = explained.contributions.iter().map(|part| part.contribution).sum();
    let gap = explained.score - explained.base;
    assert!((sum - gap).abs() < 1e-9 * (1.0 + gap.abs()), "{:?} {:?}: {sum} {gap}", explained.target, explained.method);
}

#[test]
fn every_method_of_every_detector_adds_up_to_the_score_of_the_run() {
    let table = servers(700);
    let mut recipe = over_time();
    recipe.detectors.enable_only(DetectorKind::ALL);
    recipe.detectors.autoencoder.epochs = 2;
    (recipe.explanation.n_samples, recipe.explanation.background_rows) = (300, 4);
    recipe.explanation.lime_samples = 200;
    let snapshot = run(&table, &recipe);
    let explainer = explainer(&snapshot);
    let row = worst(&snapshot);
    for scores in &snapshot.scores {
        let (target, raw) = (Target::Detector(scores.kind), scores.raw[row as usize]);
        for method in explainer.methods(target).unwrap() {
            let explained = explainer.explain(&snapshot, row, target, Some(method), &Cx::default()).unwrap();
            assert_sum(&explained);
            let name = scores.kind.name();
            assert!(
                (explained.score - raw).abs() < 1e-6 * (1.0 + raw.abs()),
                "{name} {method:?}: {} {raw}",
                explained.score
            );
        }
    }
    for method in explainer.methods(Target::Combined).unwrap() {
        let explained = explainer.explain(&snapshot, row, Target::Combined, Some(method), &Cx::default()).unwrap();
        assert_sum(&explained);
        assert!((explained.score - snapshot.combined.score[row as usize]).abs() < 1e-6, "{method:?}");
    }
}

/// Rows of independent columns; the last column repeats the first, and one never varies.
fn symmetric() -> Arc<Table> {
    let noise = |seed: u64| -> Vec<f64> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / f64::from(1 << 24)
        };
        (0..300).map(|row| next() + next() + if row == 17 { 6.0 } else { 0.0 }).collect()
    };
    let (a, b, c) = (noise(1), noise(2), noise(3));
    let constant = vec![4.0; 300];
    table_of(&[("a", a.clone()), ("b", b), ("c", c), ("same", constant), ("a_again", a)])
}

#[test]
fn equal_columns_share_alike_and_constant_ones_get_nothing() {
    let mut recipe = Preset::Tabular.recipe();
    recipe.detectors.enable_only(&[DetectorKind::KNearestNeighbors, DetectorKind::CentroidDistance]);
    let snapshot = run(&symmetric(), &recipe);
    let explainer = explainer(&snapshot);
    for method in [Method::KernelShap, Method::ChainedShap] {
        let explained = explainer.explain(&snapshot, 17, Target::Combined, Some(method), &Cx::default()).unwrap();
        let of =
            |name: &str| explained.contributions.iter().find(|part| part.feature == name).map(|part| part.contribution);
        assert!((of("a").unwrap() - of("a_again").unwrap()).abs() < 1e-9, "{method:?}");
        assert!(of("same").is_none_or(|contribution| contribution == 0.0), "{method:?}");
        assert!(of("b").unwrap() > 0.0);
        assert!(explained.contributions.iter().all(|part| part.standard_error.is_none()), "few features are exact");
    }
}

#[test]
fn sampled_values_lie_within_their_error_of_the_exact_ones() {
    let mut recipe = Preset::Tabular.recipe();
    recipe.detectors.enable_only(&[DetectorKind::KNearestNeighbors]);
    recipe.explanation.background_rows = 5;
    let noise = |seed: u64| (0..200_u64).map(|i| ((i * 7919 + seed * 31) % 997) as f64 / 997.0).collect::<Vec<f64>>();
    let columns =
        [("a", noise(1)), ("b", noise(7)), ("c", noise(23)), ("d", noise(40)), ("e", noise(71)), ("f", noise(90))];
    let table = table_of(&columns);
    let exact = run(&table, &recipe);
    (recipe.explanation.exact_below, recipe.explanation.n_samples) = (2, 32);
    let sampled = run(&table, &recipe);
    let explain = |snapshot: &Arc<Snapshot>| {
        let target = Target::Detector(DetectorKind::KNearestNeighbors);
        explainer(snapshot).explain(snapshot, 17, target, Some(Method::KernelShap), &Cx::default()).unwrap()
    };
    let (exact, sampled) = (explain(&exact), explain(&sampled));
    assert_sum(&sampled);
    for part in &sampled.contributions {
        let truth = exact.contributions.iter().find(|other| other.feature == part.feature).unwrap().contribution;
        let error = part.standard_error.unwrap();
        assert!(
            (part.contribution - truth).abs() <= 5.0 * error + 1e-9,
            "{}: {} {truth} ± {error}",
            part.feature,
            part.contribution
        );
    }
}

#[test]
fn what_if_with_the_values_as_they_are_is_the_run_and_other_values_are_scored_anew() {
    let table = servers(700);
    let snapshot = run(&table, &over_time());
    let explainer = explainer(&snapshot);
    let row = worst(&snapshot);
    let what_if = WhatIf::new(&explainer, &snapshot, row, &Cx::default()).unwrap();
    let values = what_if.values();
    assert_eq!(what_if.held_features().count(), 0);
    let same = what_if.evaluate(&values, &Cx::default()).unwrap();
    assert!((same.after - snapshot.combined.score[row as usize]).abs() < 1e-9);
    for (kind, before, after) in &same.detectors {
        assert!((before - after).abs() <= 1e-6 * (1.0 + before.abs()), "{} {before} {after}", kind.name());
    }
    // Far beyond anything seen, every detector that looks at the value finds the row worse.
    let mut values = values;
    let place = what_if.place_of("latency_ms").unwrap();
    values[place] = 1e6;
    let worse = what_if.evaluate(&values, &Cx::default()).unwrap();
    assert!(worse.is_anomaly && worse.after > same.after);
    let z = |result: &tarsier::engine::WhatIfResult| {
        result.detectors.iter().find(|(kind, ..)| *kind == DetectorKind::ZScore).unwrap().2
    };
    assert!(z(&worse) > 100.0 * z(&same).max(1.0));
    assert!(matches!(what_if.place_of("nothing"), Err(ExplainError::NoColumn { .. })));
}

#[test]
fn features_that_later_rows_decide_are_held_and_the_others_made_anew() {
    let table = servers(400);
    let mut recipe = Preset::Document.recipe();
    recipe.detectors.enable_only(&[DetectorKind::Ecod]);
    let snapshot = run(&table, &recipe);
    let explainer = explainer(&snapshot);
    let what_if = WhatIf::new(&explainer, &snapshot, 390, &Cx::default()).unwrap();
    let (held, all) = (what_if.held_features().count(), snapshot.prepared.matrix.n_features());
    assert!(held > 0 && held < all / 2, "{held} of {all}");
    let same = what_if.evaluate(&what_if.values(), &Cx::default()).unwrap();
    assert_eq!(same.detectors[0].1, same.detectors[0].2);
    let mut values = what_if.values();
    values[what_if.place_of("latency_ms").unwrap()] = 1e5;
    let far = what_if.evaluate(&values, &Cx::default()).unwrap();
    assert!(far.detectors[0].2 > same.detectors[0].2 + 5.0, "{far:?}");
}

/// The raw score of a detector for a table in which one value is another, by the model of the run.
#[test]
fn what_if_is_what_the_fitted_detectors_say_of_the_changed_row() {
    use tarsier::analysis::detect::{FittedDetector as _, Input};
    let mut recipe = Preset::Tabular.recipe();
    recipe.detectors.enable_only(&[DetectorKind::IsolationForest, DetectorKind::Mahalanobis, DetectorKind::Ecod]);
    let snapshot = run(&symmetric(), &recipe);
    let explainer = explainer(&snapshot);
    let what_if = WhatIf::new(&explainer, &snapshot, 17, &Cx::default()).unwrap();
    let mut values = what_if.values();
    values[what_if.place_of("b").unwrap()] = 1.25;
    let found = what_if.evaluate(&values, &Cx::default()).unwrap();
    let prepared = &snapshot.prepared;
    let at = prepared.matrix.features().iter().position(|feature| feature.name == "b").unwrap();
    let mut row = prepared.matrix.row(17).to_vec();
    row[at] = prepared.fitted.features[at].scaled_value(1.25);
    let changed = tarsier::data::Matrix::new(prepared.matrix.features(), row).unwrap();
    for (model, (kind, _, after)) in snapshot.models.iter().zip(&found.detectors) {
        let model = model.as_ref().unwrap();
        let truth = model.decision_function(Input::from(&changed), &Cx::default()).unwrap()[0];
        assert!((truth - after).abs() < 1e-12, "{}", kind.name());
    }
}

#[test]
fn a_counterfactual_is_normal_within_what_was_seen_and_changes_little() {
    let table = servers(700);
    let snapshot = run(&table, &over_time());
    let explainer = explainer(&snapshot);
    let mut n_found = 0;
    for (row, _) in snapshot.combined.is_anomaly.iter().enumerate().filter(|(_, is)| **is) {
        let row = row as u32;
        let what_if = WhatIf::new(&explainer, &snapshot, row, &Cx::default()).unwrap();
        let Some(found) = what_if.counterfactual(&Cx::default()).unwrap() else { continue };
        n_found += 1;
        assert!(found.score <= 0.3 && !found.changes.is_empty() && found.changes.len() <= 5);
        for change in &found.changes {
            let values = table.numbers(&change.column).unwrap();
            let (low, high) =
                values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
            assert!(found.with_history || (low <= change.to && change.to <= high), "{change:?}");
        }
        if !found.with_history {
            let mut values = what_if.values();
            for change in &found.changes {
                values[what_if.place_of(&change.column).unwrap()] = change.to;
            }
            assert!(!what_if.evaluate(&values, &Cx::default()).unwrap().is_anomaly);
        }
    }
    assert!(n_found > 3, "{n_found}");
    let normal = snapshot.combined.is_anomaly.iter().position(|is| !is).unwrap() as u32;
    let what_if = WhatIf::new(&explainer, &snapshot, normal, &Cx::default()).unwrap();
    assert_eq!(what_if.counterfactual(&Cx::default()).unwrap(), None);
}

#[test]
fn explanations_are_kept_by_row_and_settings_for_as_long_as_the_recipe_says() {
    let table = servers(400);
    let mut recipe = over_time();
    let snapshot = run(&table, &recipe);
    let explainer = explainer(&snapshot);
    let explain = |snapshot: &Arc<Snapshot>, row| {
        explainer.explain(snapshot, row, Target::Combined, None, &Cx::default()).unwrap()
    };
    assert!(Arc::ptr_eq(&explain(&snapshot, 5), &explain(&snapshot, 5)));
    assert!(!Arc::ptr_eq(&explain(&snapshot, 5), &explain(&snapshot, 6)));
    // Another combination of the same scores is another question to the same detectors.
    recipe.ensemble.voting_strategy = VotingStrategy::WeightedAverage;
    let averaged = Arc::new(Engine::recombine(&snapshot, &recipe.clone().checked().unwrap()));
    assert!(explainer.is_of(&averaged));
    let other = explain(&averaged, 5);
    assert!(other.score != explain(&snapshot, 5).score);
    assert!((other.score - averaged.combined.score[5]).abs() < 1e-9);
    // What rows are held against was found with the detectors.
    recipe.explanation.background_rows = 5;
    assert!(!explainer.is_of(&Engine::recombine(&snapshot, &recipe.clone().checked().unwrap())));
    recipe.explanation = snapshot.recipe.explanation.clone();
    // How many coalitions are looked at was not.
    recipe.explanation.n_samples = 16;
    let quicker = Arc::new(Engine::recombine(&snapshot, &recipe.clone().checked().unwrap()));
    let kernel = |snapshot: &Arc<Snapshot>| {
        explainer.explain(snapshot, 5, Target::Combined, Some(Method::KernelShap), &Cx::default()).unwrap()
    };
    assert_ne!(kernel(&quicker).contributions, kernel(&averaged).contributions);
    recipe.explanation.explanation_cache_ttl = 0;
    let forgetful = Arc::new(Engine::recombine(&snapshot, &recipe.checked().unwrap()));
    assert!(!Arc::ptr_eq(&explain(&forgetful, 5), &explain(&forgetful, 5)));
    assert_eq!(explain(&forgetful, 5), explain(&forgetful, 5), "the same bits again");
    assert!(!explainer.is_of(&run(&table, &over_time())));
}

#[test]
fn what_cannot_be_explained_says_why() {
    let table = servers(300);
    let mut recipe = over_time();
    let snapshot = run(&table, &recipe);
    let ready = explainer(&snapshot);
    let ask = |row, target, method| ready.explain(&snapshot, row, target, method, &Cx::default()).unwrap_err();
    assert!(ask(300, Target::Combined, None).to_string().contains("no row 300"));
    let missing = ask(0, Target::Detector(DetectorKind::Ecod), None).to_string();
    assert!(missing.contains("ecod is not part of the run") && missing.contains("isolation_forest"), "{missing}");
    let wrong = ask(0, Target::Detector(DetectorKind::ZScore), Some(Method::TreeShap)).to_string();
    assert!(wrong.contains("tree_shap cannot explain z_score") && wrong.contains("exact_shap"), "{wrong}");
    let cancelled = Cx::default();
    cancelled.cancel();
    let ended = ready.explain(&snapshot, 1, Target::Combined, Some(Method::KernelShap), &cancelled);
    assert_eq!(ended.unwrap_err(), ExplainError::Cancelled);
    recipe.explanation.explainability_methods = vec![ExplainabilityMethod::Shap];
    let only_shap = Arc::new(Engine::recombine(&snapshot, &recipe.clone().checked().unwrap()));
    let refused = ready.explain(&only_shap, 1, Target::Combined, Some(Method::Lime), &Cx::default()).unwrap_err();
    assert!(refused.to_string().contains("explanation.explainability_methods"), "{refused}");
    assert!(ready.explain_globally(&only_shap, &[1], &Cx::default()).is_err());
    recipe.explanation.enable_explainability = false;
    let off = run(&table, &recipe);
    assert!(Explainer::new(&off, 0, &Cx::default()).unwrap_err().to_string().contains("enable_explainability"));
}

#[test]
fn alerts_get_explanations_and_sentences_that_the_store_keeps() {
    let table = servers(700);
    let mut recipe = over_time();
    recipe.explanation.max_alerts = 3;
    let recipe = recipe.checked().unwrap();
    let cx = Cx::default();
    let snapshot = Engine::default().run(&table, &recipe, &Given::default(), &cx, &|_| {}).unwrap();
    let findings = Findings::of(snapshot);
    assert!(findings.alerts.len() > 3);
    let mut store = Store::in_memory().unwrap();
    let outcome = findings.record(&mut store).unwrap();
    let list = |store: &Store| store.list(&tarsier::triage::Filter::default()).unwrap();
    let before = list(&store);
    let explainer = Explainer::new(&findings.snapshot, 0, &cx).unwrap();
    let mut seen = 0;
    let explained =
        explain_alerts(&explainer, &findings.snapshot, &findings.alerts, &cx, &mut |so_far| seen = so_far.len())
            .unwrap();
    assert_eq!((explained.len(), seen), (3, 3));
    assert_eq!(store.record_explanations(outcome.run_id, &explained).unwrap(), 3);
    for (alert, before) in explained.iter().zip(&before) {
        let after = store.get(before.id).unwrap().unwrap();
        // What has no number is NaN, which equals nothing.
        assert_eq!(format!("{:?}", after.explanation), format!("{:?}", alert.explanation));
        assert_ne!(after.summary.sentence, before.sentence);
        assert!(after.summary.sentence.contains("% of the score"), "{}", after.summary.sentence);
        let kept = after.explanation.unwrap();
        assert!((kept.score - after.summary.peak_score).abs() < 1e-9);
        let shares: f64 = kept.columns.iter().map(|column| column.share).sum();
        assert!(shares > 0.5 && shares < 1.0 + 1e-9, "{shares}");
    }
    // A later run has its own alerts: explanations of the former come too late.
    findings.record(&mut store).unwrap();
    assert_eq!(store.record_explanations(outcome.run_id, &explained).unwrap(), 0);
    // The same in one go, as the command line does it.
    let all = main_job::explained(&Engine::default(), findings, None, true, &cx).unwrap();
    assert_eq!(all.findings.alerts.iter().filter(|alert| alert.explanation.is_some()).count(), 3);
    assert!(!all.overview.unwrap().columns.is_empty());
    assert_eq!(cx.warnings().iter().filter(|warning| warning.contains("explained")).count(), 0);
}

#[test]
fn importance_over_the_run_finds_the_column_that_matters() {
    let mut recipe = Preset::Tabular.recipe();
    recipe.detectors.enable_only(&[DetectorKind::KNearestNeighbors]);
    // One column in four thousand times wider units than the others, unscaled: nothing else matters to a distance.
    recipe.prepare.feature_scaling = tarsier::recipe::Scaling::None;
    let noise = |seed: u64| (0..200_u64).map(|i| ((i * 7919 + seed * 31) % 997) as f64 / 997.0).collect::<Vec<f64>>();
    let wide: Vec<f64> = noise(5).into_iter().map(|value| value * 4000.0).collect();
    let snapshot = run(&table_of(&[("x", noise(1)), ("wide", wide), ("y", noise(9))]), &recipe);
    let rows: Vec<u32> = (0..200).collect();
    let overview = explainer(&snapshot).explain_globally(&snapshot, &rows, &Cx::default()).unwrap();
    assert_eq!(overview.columns[0].name, "wide");
    assert!(overview.columns[0].share > 0.99);
    let of = |name: &str| {
        let place = overview.names.iter().position(|known| known == name).unwrap();
        overview.permutation[place].change.mean
    };
    assert!(of("wide") > 10.0 * of("x") && of("wide") > 10.0 * of("y"));
    assert_eq!(overview.swarms[0].points.len(), 200);
    let place = overview.names.iter().position(|known| known == "wide").unwrap();
    assert_eq!(overview.dependence(place).points.len(), 200);
}
