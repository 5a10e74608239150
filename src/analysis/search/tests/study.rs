//! Tests of studies: budgets, pruning, storing and taking up again.

use crate::recipe::{TpeConfig, TuningConfig};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::recipe::SearchMethod::{BayesianOptimization, GridSearch, RandomSearch};

/// An objective with all digits.
fn awkward(point: &Point) -> f64 {
    (number(point, "a") * 12.9898).sin() * 43_758.545_3 / 7.0 - number(point, "b").ln() / 3.0
}

const AWKWARD: [&str; 3] = ["a=-1.0..1.0", "b=1e-5..1:log", "c=[64,32],[32,16],auto"];

fn trial_of(proposal: Proposal, n_folds: usize) -> Trial {
    let value = awkward(&proposal.values);
    let folds = (0..n_folds).map(|fold| value / (3.0 + fold as f64)).collect();
    let status = match proposal.number % 11 {
        4 => Status::Failed("of \"memory\"\nin line 2".to_owned()),
        7 => Status::Pruned,
        _ => Status::Finished,
    };
    Trial::new(proposal, status, folds, 1_700_000_000_000_000, Duration::from_micros(1_234_567))
}

fn go_on(study: &mut Study, n: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for _ in 0..n {
        let Ok(proposal) = study.propose(Duration::ZERO) else { break };
        let trial = trial_of(proposal, 3);
        lines.push(trial.to_line().unwrap());
        study.tell(trial).unwrap();
    }
    lines
}

#[test]
fn a_study_taken_up_again_goes_on_bit_for_bit() {
    for method in [RandomSearch, GridSearch, BayesianOptimization] {
        for multivariate in [true, false] {
            let mut settings = settings(method, 9, 40);
            settings.tpe.multivariate = multivariate;
            settings.grid_steps = 4;
            let mut whole = Study::new(space(&AWKWARD), settings.clone()).unwrap();
            let lines = go_on(&mut whole, 40);
            assert_eq!(lines.len(), 40);
            for n_before in [0, 1, 13, 29] {
                // Ended while trial `n_before` was under way and its line half written.
                let torn = &lines[n_before][..lines[n_before].len() / 2];
                let file = format!("{}\n{torn}", lines[..n_before].join("\n"));
                let stored = read_trials(&file);
                assert_eq!((stored.trials.len(), stored.n_unreadable), (n_before, 1));
                let mut again = Study::from_parts(space(&AWKWARD), settings.clone(), stored.trials).unwrap();
                assert_eq!(go_on(&mut again, 40), lines[n_before..]);
                assert_eq!(again, whole);
            }
            // The whole study as one file.
            let ron = ron::ser::to_string_pretty(&whole, ron::ser::PrettyConfig::default()).unwrap();
            assert_eq!(ron::from_str::<Study>(&ron).unwrap(), whole);
        }
    }
}

#[test]
fn the_seed_matters_and_nothing_else() {
    let lines = |seed| go_on(&mut Study::new(space(&AWKWARD), settings(BayesianOptimization, seed, 20)).unwrap(), 20);
    assert_eq!(lines(1), lines(1));
    assert_ne!(lines(1), lines(2));
    // The order in which trials end does not matter to the next.
    let mut studies: Vec<Study> = Vec::new();
    for order in [[0, 1, 2], [2, 0, 1]] {
        let mut study = Study::new(space(&AWKWARD), settings(BayesianOptimization, 1, 90)).unwrap();
        for _ in 0..5 {
            let three: Vec<Proposal> = (0..3).map(|_| study.propose(Duration::ZERO).unwrap()).collect();
            order.into_iter().for_each(|i| study.tell(trial_of(three[i].clone(), 3)).unwrap());
        }
        studies.push(study);
    }
    assert_eq!(studies[0], studies[1]);
}

#[test]
fn a_trial_is_one_line_of_json() {
    let proposal =
        Proposal { number: 3, values: json!({"a.b": 100, "c": {"fraction": 0.5}}).as_object().unwrap().clone() };
    let trial = Trial::new(proposal, Status::Finished, vec![0.5, 0.75, 1.0], 7, Duration::from_millis(1500));
    // numpy: std([0.5, 0.75, 1], ddof=1) / sqrt(3) = 0.14433756729740643
    assert_eq!(
        trial.to_line().unwrap(),
        concat!(
            r#"{"number":3,"values":{"a.b":100,"c":{"fraction":0.5}},"status":"finished","objective":0.75,"#,
            r#""folds":[0.5,0.75,1.0],"standard_error":0.14433756729740643,"started_at_micros":7,"seconds":1.5}"#
        )
    );
    let stored = read_trials("\n{\"number\":1\nnot json\r\n\n{}\n");
    assert_eq!((stored.trials.len(), stored.n_unreadable), (0, 3));
}

proptest! {
    #[test]
    fn the_line_of_a_trial_reads_back_exactly(
        folds in prop::collection::vec(any::<f64>(), 0..6),
        value: f64,
        text: String,
        micros: i64,
        nanos: u32,
    ) {
        prop_assume!(value.is_finite());
        let values = json!({"a": value, "b": text}).as_object().unwrap().clone();
        let took = Duration::from_nanos(u64::from(nanos));
        let trial = Trial::new(Proposal { number: 0, values }, Status::Failed(text), folds, micros, took);
        let line = trial.to_line().unwrap();
        prop_assert!(!line.contains('\n'));
        prop_assert_eq!(read_trials(&line), StoredTrials { trials: vec![trial], n_unreadable: 0 });
    }
}

#[test]
fn values_that_are_not_finite_are_failures_and_large_ones_are_not() {
    let trial = |status, folds: &[f64]| {
        Trial::new(Proposal { number: 0, values: Point::new() }, status, folds.to_vec(), 0, Duration::ZERO)
    };
    let failed = trial(Status::Finished, &[0.5, f64::NAN, 0.7]);
    assert_eq!(failed.status, Status::Failed("fold 2 gave NaN, not a finite number".to_owned()));
    assert_eq!((failed.folds, failed.objective, failed.standard_error), (vec![0.5], Some(0.5), None));
    assert_eq!(trial(Status::Pruned, &[]).status, Status::Failed("no fold gave a value".to_owned()));
    assert_eq!(trial(Status::Cancelled, &[]).status, Status::Cancelled);
    let large = trial(Status::Finished, &[1e308, 1e308, -1e300]);
    assert!((large.objective.unwrap() / 6.666_666_633_333_333e307 - 1.0).abs() < 1e-14);
    assert_eq!(large.standard_error, None);
}

/// A study with these objectives told in order; `None` fails.
fn told(settings: TuningConfig, objectives: &[Option<f64>]) -> Study {
    let mut study = Study::new(space(&["a=0.0..1.0"]), TuningConfig { trials: 1000, ..settings }).unwrap();
    for (number, objective) in objectives.iter().enumerate() {
        let values = json!({"a": 0.5}).as_object().unwrap().clone();
        let folds = objective.iter().copied().collect();
        let proposal = Proposal { number: number as u32, values };
        study.tell(Trial::new(proposal, Status::Finished, folds, 0, Duration::ZERO)).unwrap();
    }
    study
}

#[test]
fn a_search_ends_after_its_patience() {
    let ends = |settings: &TuningConfig, objectives: &[f64]| {
        let objectives: Vec<_> = objectives.iter().copied().map(Some).collect();
        told(settings.clone(), &objectives).propose(Duration::ZERO) == Err(StopReason::NoImprovement)
    };
    let mut settings = TuningConfig { early_stopping_patience: 3, ..Default::default() };
    assert!(!ends(&settings, &[0.5, 0.4, 0.5]));
    assert!(ends(&settings, &[0.5, 0.4, 0.5, 0.5]));
    assert!(!ends(&settings, &[0.5, 0.4, 0.4, 0.6, 0.1, 0.1]));
    settings.early_stopping_min_delta = 0.25;
    assert!(ends(&settings, &[0.5, 0.75, 0.625, 0.5]), "exactly the delta is no improvement");
    assert!(!ends(&settings, &[0.5, 0.875, 0.5, 0.5]));
    settings.method = BayesianOptimization;
    assert!(!ends(&settings, &[0.5; 12]), "startup trials do not count");
    assert!(ends(&settings, &[0.5; 13]));
    settings.enable_early_stopping = false;
    assert!(!ends(&settings, &[0.5; 100]));
    let failing = told(TuningConfig::default(), &[None; 10]).propose(Duration::ZERO);
    assert_eq!(failing, Err(StopReason::NoImprovement));
}

#[test]
fn budgets_of_trials_and_minutes() {
    let settings = TuningConfig { trials: 3, minutes: 0.5, ..Default::default() };
    let mut study = Study::new(space(&["a=0.0..1.0"]), settings).unwrap();
    assert_eq!(study.propose(Duration::from_secs(30)), Err(StopReason::Minutes));
    let first = study.propose(Duration::from_secs(29)).unwrap();
    study.propose(Duration::ZERO).unwrap();
    study.propose(Duration::ZERO).unwrap();
    assert_eq!(study.propose(Duration::ZERO), Err(StopReason::Trials), "trials under way count");
    let values = first.values.clone();
    study.tell(Trial::new(first, Status::Cancelled, Vec::new(), 0, Duration::ZERO)).unwrap();
    let again = study.propose(Duration::ZERO).unwrap();
    assert_eq!((again.number, &again.values), (0, &values), "a cancelled trial is proposed again");
    study.tell(finished(again.clone(), 0.5)).unwrap();
    assert_eq!(study.tell(finished(again, 0.5)), Err(TellError::AlreadyTold(0)));
    let outside = Proposal { number: 9, values: json!({"a": 2.0}).as_object().unwrap().clone() };
    assert_eq!(
        study.tell(finished(outside.clone(), 0.5)),
        Err(TellError::OutsideSpace { number: 9, path: "a".to_owned() })
    );
    let refused = Study::from_parts(study.space().clone(), study.settings().clone(), vec![finished(outside, 0.5)]);
    assert!(refused.unwrap_err().to_string().contains("trial 9"));
}

#[test]
fn of_two_lines_for_a_trial_the_last_that_was_not_cancelled_counts() {
    let trial = |number, status: Status, folds: &[f64]| {
        let values = json!({"a": 0.5}).as_object().unwrap().clone();
        Trial::new(Proposal { number, values }, status, folds.to_vec(), 0, Duration::ZERO)
    };
    let (cancelled, done) = (Status::Cancelled, Status::Finished);
    let trials = vec![
        trial(1, done.clone(), &[0.25]),
        trial(0, cancelled.clone(), &[]),
        trial(0, done.clone(), &[0.5]),
        trial(0, cancelled, &[]),
        trial(1, done, &[0.75]),
    ];
    let study = Study::from_parts(space(&["a=0.0..1.0"]), TuningConfig::default(), trials).unwrap();
    let objectives: Vec<_> = study.trials().iter().map(|trial| (trial.number, trial.objective)).collect();
    assert_eq!(objectives, [(0, Some(0.5)), (1, Some(0.75))]);
}

#[test]
fn every_setting_out_of_range_is_named() {
    let settings = TuningConfig { trials: 0, minutes: -1.0, early_stopping_min_delta: f64::NAN, ..Default::default() };
    let tpe = TpeConfig { gamma: 1.0, candidates: 0, ..Default::default() };
    let problems = Study::new(space(&["a=1,2"]), TuningConfig { tpe, ..settings }).unwrap_err();
    let paths: Vec<_> = problems.0.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["trials", "tpe.candidates", "minutes", "early_stopping_min_delta", "tpe.gamma"]);
    assert!(ron::from_str::<TuningConfig>("(trial: 5)").is_err());
    let document: TuningConfig = ron::from_str("(method: bayesian_optimization, trials: 20)").unwrap();
    assert_eq!((document.method, document.early_stopping_patience, document.cv_folds), (BayesianOptimization, 10, 5));
}

#[test]
fn the_best_is_the_first_of_equals_and_the_curve_never_falls() {
    let study = told(TuningConfig::default(), &[None, Some(0.5), Some(0.25), Some(0.75), None, Some(0.75), Some(0.5)]);
    assert_eq!(study.best().unwrap().number, 3);
    let curve: Vec<_> = study.learning_curve().iter().map(|point| (point.number, point.objective)).collect();
    assert_eq!(curve, [(1, 0.5), (2, 0.5), (3, 0.75), (4, 0.75), (5, 0.75), (6, 0.75)]);
    let none = told(TuningConfig::default(), &[None, None]);
    assert!(none.best().is_none() && none.learning_curve().is_empty() && none.importances().is_empty());
}

#[test]
fn a_trial_below_the_median_is_pruned() {
    let settings = TuningConfig { enable_pruning: true, pruning_warmup_trials: 4, ..Default::default() };
    let mut study = Study::new(space(&["a=0.0..1.0"]), settings.clone()).unwrap();
    // Running means: after one fold 0.1, 0.2, 0.3, 0.4; after two 0.5, 0.4, 0.3, 0.2.
    for (first, second) in [(0.1, 0.9), (0.2, 0.6), (0.3, 0.3)] {
        let proposal = study.propose(Duration::ZERO).unwrap();
        study
            .tell(Trial::new(proposal, Status::Finished, vec![first, second, 0.5, 0.5, 0.5], 0, Duration::ZERO))
            .unwrap();
    }
    assert!(!study.should_prune(&[0.0]), "three of four warm-up trials");
    let proposal = study.propose(Duration::ZERO).unwrap();
    let mut pruned = Trial::new(proposal.clone(), Status::Pruned, vec![0.9], 0, Duration::ZERO);
    pruned.number = 9;
    study.tell(pruned).unwrap();
    assert!(!study.should_prune(&[0.0]), "a pruned trial is none of them");
    study.tell(Trial::new(proposal, Status::Finished, vec![0.4, 0.0, 0.5, 0.5, 0.5], 0, Duration::ZERO)).unwrap();
    assert!(study.should_prune(&[0.24]) && !study.should_prune(&[0.26]));
    assert!(study.should_prune(&[0.6, 0.09]) && !study.should_prune(&[0.6, 0.11]), "the median of the means is 0.35");
    assert!(!study.should_prune(&[]) && !study.should_prune(&[0.0; 5]), "before the first fold, after the last");
    let later = TuningConfig { pruning_warmup_folds: 2, ..settings.clone() };
    let later = Study::from_parts(study.space().clone(), later, study.trials().to_vec()).unwrap();
    assert!(!later.should_prune(&[0.0]) && later.should_prune(&[0.0, 0.0]));
    let off = TuningConfig { enable_pruning: false, ..settings };
    let off = Study::from_parts(study.space().clone(), off, study.trials().to_vec()).unwrap();
    assert!(!off.should_prune(&[0.0]));
}

fn importance_of(parameters: &[&str], rows: &[Value], objectives: &[f64]) -> Vec<f64> {
    let trials = rows.iter().zip(objectives).enumerate().map(|(number, (values, objective))| {
        finished(Proposal { number: number as u32, values: values.as_object().unwrap().clone() }, *objective)
    });
    let study = Study::from_parts(space(parameters), TuningConfig::default(), trials.collect()).unwrap();
    study.importances().iter().map(|importance| importance.explained).collect()
}

#[test]
fn importance_is_the_adjusted_r_squared_of_the_groups() {
    let x = [0, 0, 1, 1, 2, 2, 0, 1, 2, 2, 1, 0];
    let z = [0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0];
    let y = [0.5, 0.55, 0.7, 0.72, 0.9, 0.93, 0.52, 0.69, 0.88, 0.91, 0.75, 0.49];
    let rows: Vec<Value> = x.iter().zip(z).map(|(x, z)| json!({"x": x, "z": z, "c": 3, "n": x * 40 + z})).collect();
    let parameters = ["x=0,1,2", "z=0,1", "c=0..9", "n=0..99"];
    let got = importance_of(&parameters, &rows, &y);
    // statsmodels: ols("y ~ C(x)").fit().rsquared_adj, likewise for z (-0.092, which is nothing) and n > 40
    assert!((got[0] - 0.978_299_078_159_187_8).abs() < 1e-12, "{got:?}");
    assert_eq!(got[1..3], [0.0, 0.0]);
    assert!(got[3] > 0.5, "{got:?}");
    let scaled: Vec<f64> = y.iter().map(|y| y * 1e300).collect();
    assert!((importance_of(&parameters, &rows, &scaled)[0] - got[0]).abs() < 1e-12);
    assert!(importance_of(&parameters, &rows, &[0.0; 12]).is_empty(), "equal objectives");
    assert!(importance_of(&parameters, &rows[..9], &y[..9]).is_empty(), "few trials");
}

#[test]
fn importance_of_numbers_by_groups_of_equal_size() {
    // 12 values make 2 groups of 6. A curve through the middle explains little; a slope, much.
    let rows: Vec<Value> = (1..=12).map(|a| json!({ "a": a })).collect();
    let up: Vec<f64> = (1..=12).map(f64::from).collect();
    let hill: Vec<f64> = (1..=12).map(|a| -(f64::from(a) - 6.5).powi(2)).collect();
    // Between the groups 108 of 143 in all: 1 - (35 / 143) * 11 / 10.
    let got = importance_of(&["a=1..12"], &rows, &up);
    assert!((got[0] - (1.0 - 35.0 / 143.0 * 1.1)).abs() < 1e-12, "{got:?}");
    assert_eq!(importance_of(&["a=1..12"], &rows, &hill), [0.0]);
}
