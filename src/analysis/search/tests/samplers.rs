//! Tests of the three methods: what they draw, and how much better a model is than chance.

use crate::recipe::TuningConfig;
use std::f64::consts::PI;

use super::*;
use crate::recipe::SearchMethod::{BayesianOptimization, GridSearch, RandomSearch};

/// The values that a random search tries, by path.
fn drawn(parameters: &[&str], trials: u32) -> impl Fn(&str) -> Vec<f64> {
    let mut study = Study::new(space(parameters), settings(RandomSearch, 1, trials)).unwrap();
    run(&mut study, |_| 0.0);
    move |path| study.trials().iter().map(|trial| number(&trial.values, path)).collect()
}

/// Mean and variance of `n` values, of which those of a uniform distribution over 0 to 1 are 1/2 and 1/12.
fn assert_uniform(units: &[f64], what: &str) {
    let (mean, sd) = crate::analysis::stats::mean_std(units);
    let n = units.len() as f64;
    assert!((mean - 0.5).abs() < 4.0 * (1.0 / 12.0 / n).sqrt(), "{what}: mean {mean}");
    assert!((sd * sd - 1.0 / 12.0).abs() < 4.0 * (1.0 / 180.0 / n).sqrt(), "{what}: variance {}", sd * sd);
}

#[test]
fn random_search_is_even_over_the_range_or_over_its_logarithm() {
    let values = drawn(&["a=-5.0..10.0", "b=1e-6..1:log", "c=1..1000:log", "d=0..1000000", "e=0,1,2,3"], 4000);
    let units = |path: &str, unit: fn(f64) -> f64| -> Vec<f64> { values(path).into_iter().map(unit).collect() };
    assert_uniform(&units("a", |a| (a + 5.0) / 15.0), "a");
    assert_uniform(&units("b", |b| b.log10() / 6.0 + 1.0), "b");
    assert_uniform(&units("d", |d| d / 1e6), "d");
    // An integer's chance is the part of the logarithmic range that rounds to it.
    let share = |path: &str, value: f64| values(path).iter().filter(|&&other| other == value).count() as f64 / 4000.0;
    for value in [1.0, 2.0, 10.0] {
        let want = ((value + 0.5f64) / (value - 0.5)).ln() / (1000.5f64 / 0.5).ln();
        assert!(
            (share("c", value) - want).abs() < 4.0 * (want / 4000.0).sqrt(),
            "{value}: {} {want}",
            share("c", value)
        );
    }
    for choice in 0..4 {
        assert!((share("e", f64::from(choice)) - 0.25).abs() < 4.0 * (0.1875f64 / 4000.0).sqrt());
    }
    // Parameters do not go together.
    let product =
        |path: &str| values("a").iter().zip(values(path)).map(|(a, b)| (a - 2.5) / 7.5 * b).sum::<f64>() / 4000.0;
    assert!((product("d") / 1e6).abs() < 0.03 && product("e").abs() < 0.1);
}

#[test]
fn each_method_tries_each_point_of_a_finite_space_once() {
    // The grid of the document.
    let document = [
        "detectors.isolation_forest.n_estimators=50,100,200",
        "detectors.isolation_forest.max_samples=fraction(0.5),fraction(0.75),auto",
        "detectors.isolation_forest.contamination=0.05,0.1,0.15",
    ];
    for method in [RandomSearch, GridSearch, BayesianOptimization] {
        let mut study = Study::new(space(&document), settings(method, 5, 50)).unwrap();
        let reason = run(&mut study, |point| number(point, "detectors.isolation_forest.contamination"));
        assert_eq!(reason, StopReason::Exhausted);
        let mut tried: Vec<_> = study.trials().iter().map(|t| study.space().number_of(&t.values).unwrap()).collect();
        let in_order = tried.is_sorted();
        tried.sort_unstable();
        assert!(tried.into_iter().eq(0..27), "{method:?}");
        assert_eq!(in_order, method == GridSearch);
    }
    // Where random draws hardly ever meet the last points.
    let mut study = Study::new(space(&["a=1..500:log", "b=0,1"]), settings(RandomSearch, 5, 2000)).unwrap();
    assert_eq!(run(&mut study, |_| 0.0), StopReason::Exhausted);
    assert_eq!(study.trials().len(), 1000);
}

#[test]
fn a_grid_goes_through_in_order_and_past_the_patience() {
    let settings = TuningConfig { method: GridSearch, early_stopping_patience: 1, ..Default::default() };
    let mut study = Study::new(space(&["a=1,2", "b=0.0..1.0"]), settings).unwrap();
    assert_eq!(run(&mut study, |_| 1.0), StopReason::Exhausted);
    let tried: Vec<_> = study.trials().iter().map(|t| (number(&t.values, "a"), number(&t.values, "b"))).collect();
    let half = [0.0, 0.25, 0.5, 0.75, 1.0];
    assert!(tried.into_iter().eq([1.0, 2.0].into_iter().flat_map(|a| half.map(|b| (a, b)))));
}

fn branin(point: &Point) -> f64 {
    let (a, b) = (number(point, "a"), number(point, "b"));
    let valley = b - 5.1 / (4.0 * PI * PI) * a * a + 5.0 / PI * a - 6.0;
    0.397_887 - valley * valley - 10.0 * (1.0 - 1.0 / (8.0 * PI)) * a.cos() - 10.0
}

/// Two parameters of ten matter.
fn sphere(point: &Point) -> f64 {
    -(number(point, "x0") - 1.5).powi(2) - (number(point, "x1") + 2.0).powi(2)
}

/// Which parameter matters is a matter of `kind`.
fn conditional(point: &Point) -> f64 {
    let log10 = |path: &str| number(point, path).log10();
    let best = match point["kind"].as_str().unwrap() {
        "forest" => 0.9 - 0.05 * (log10("rate") + 3.0).abs(),
        "neighbors" => 0.95 - 0.2 * (log10("k") - 1.6).abs(),
        "svm" => 0.85 - 0.3 * (number(point, "nu") - 0.5).abs(),
        _ => 0.6,
    };
    best - if point["scale"].as_bool().unwrap() { 0.95 } else { 1.05 }
}

/// Median over 41 seeds of what 50 trials lack to the maximum, which is 0.
fn median_regret(space: &Space, objective: fn(&Point) -> f64, change: impl Fn(&mut TuningConfig)) -> f64 {
    let regret = |seed: u64| {
        let mut settings = settings(BayesianOptimization, seed, 50);
        change(&mut settings);
        let mut study = Study::new(space.clone(), settings).unwrap();
        run(&mut study, objective);
        -study.best().unwrap().objective.unwrap()
    };
    let mut regrets: Vec<f64> = (0..41).map(regret).collect();
    regrets.sort_by(f64::total_cmp);
    regrets[20]
}

#[test]
fn a_bayesian_search_is_far_better_than_a_random_one() {
    let ten: Vec<String> = (0..10).map(|i| format!("x{i}=-5.0..5.0")).collect();
    let kinds =
        ["kind=forest,neighbors,svm,other", "rate=1e-6..1:log", "k=1..500:log", "nu=0.01..0.99", "scale=true,false"];
    type Function = (&'static str, Space, fn(&Point) -> f64);
    let functions: [Function; 3] = [
        ("branin", space(&["a=-5.0..10.0", "b=0.0..15.0"]), branin),
        ("sphere", space(&ten.iter().map(String::as_str).collect::<Vec<_>>()), sphere),
        ("conditional", space(&kinds), conditional),
    ];
    for (name, space, objective) in functions {
        let random = median_regret(&space, objective, |settings| settings.method = RandomSearch);
        let together = median_regret(&space, objective, |_| {});
        let each = median_regret(&space, objective, |settings| settings.tpe.multivariate = false);
        assert!(together < random / 2.0, "{name}: {together} {random}");
        assert!(each < random / 2.0, "{name}, each parameter by itself: {each} {random}");
    }
}

#[test]
fn trials_under_way_and_failed_ones_are_kept_away_from() {
    // 20 trials, best at 0.5; what is proposed next differs from what is under way.
    let mut study = Study::new(space(&["a=0.0..1.0"]), settings(BayesianOptimization, 3, 100)).unwrap();
    for _ in 0..20 {
        let proposal = study.propose(Duration::ZERO).unwrap();
        let value = -(number(&proposal.values, "a") - 0.5).abs();
        study.tell(finished(proposal, value)).unwrap();
    }
    let mut apart = study.clone();
    let first: Vec<f64> = (0..8).map(|_| number(&apart.propose(Duration::ZERO).unwrap().values, "a")).collect();
    // The same with failed trials.
    for _ in 0..8 {
        let proposal = study.propose(Duration::ZERO).unwrap();
        study.tell(Trial::new(proposal, Status::Failed("no".to_owned()), Vec::new(), 0, Duration::ZERO)).unwrap();
    }
    let failed: Vec<f64> = study.trials().iter().skip(20).map(|trial| number(&trial.values, "a")).collect();
    assert_eq!(first, failed);
    let best = number(&study.best().unwrap().values, "a");
    let nearest = |values: &[f64]| values.iter().map(|a| (a - best).abs()).fold(f64::INFINITY, f64::min);
    let farthest = first.iter().map(|a| (a - best).abs()).fold(0.0, f64::max);
    assert!(nearest(&first[..2]) < 0.1 && farthest > 0.1, "{best}: {first:?}");
}
