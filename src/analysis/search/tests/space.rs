//! Tests of spaces and coordinates.

use crate::recipe::{SearchMethod, TpeConfig};
use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

#[test]
fn every_problem_is_found_at_once() {
    let text = ["a=5..1", "b=0..9:log", "b=1..9:log:step=2", "c=1..9:step=0", "d=-1.0..1:log", "e=1,2,1", "f=2.0..1.0"];
    let mut parameters: Vec<Parameter> = text.iter().map(|text| text.parse().unwrap()).collect();
    parameters.push(Parameter { path: " ".to_owned(), domain: Domain::Choices(Vec::new()) });
    let nan = RealRange { min: f64::NAN, max: 1.0, log: false };
    parameters.push(Parameter { path: "g".to_owned(), domain: Domain::Real(nan) });
    let problems = Space::new(parameters).unwrap_err();
    let found: Vec<String> = problems.0.iter().map(ToString::to_string).collect();
    let want = [
        "a: goes from 5 down to 1",
        "b: is logarithmic from 0",
        "b: is given twice",
        "b: has both a step and log",
        "c: its step is 0",
        "d: is logarithmic from -1",
        "e: lists 1 twice",
        "f: goes from 2 down to 1",
        "parameter 8: its path is empty",
        " : has no choices",
        "g: goes from NaN to 1",
    ];
    assert_eq!(found.len(), want.len(), "{problems}");
    for (found, want) in found.iter().zip(want) {
        assert!(found.starts_with(want), "{found}");
    }
    assert!(Space::new(Vec::new()).unwrap_err().to_string().contains("1 problem\n"));
}

#[test]
fn sizes_are_counted() {
    assert_eq!(space(&["a=1,2,3", "b=0..11:step=5", "c=7..7", "d=0.5..0.5"]).n_points(), Some(9));
    assert_eq!(space(&["a=1,2,3", "b=0.0..1.0"]).n_points(), None);
    let all = format!("a={}..{}", i64::MIN, i64::MAX);
    assert_eq!(space(&[&all]).n_points(), Some(1 << 64));
    assert_eq!(space(&[&all, &all.replace('a', "b")]).n_points(), None, "2^128 is one more than fits");
    assert_eq!(space(&[&all, &all.replace('a', "b"), "c=0.0..1.0"]).grid(3).n_points(), None);
}

#[test]
fn a_grid_has_every_combination_once_the_last_parameter_fastest() {
    let space = space(&["a=x,y", "b=10..20:step=5", "c=0.1..0.9", "d=1e-4..1:log", "e=16..4096:log"]).grid(5);
    assert_eq!(space.n_points(), Some(2 * 3 * 5 * 5 * 5));
    let points: Vec<Point> = (0..750).map(|number| space.point_at(number).unwrap()).collect();
    assert_eq!(space.point_at(750), None);
    let column = |path: &str, every: usize| -> Vec<&Value> { points.iter().step_by(every).map(|p| &p[path]).collect() };
    assert_eq!(column("a", 375), [&json!("x"), &json!("y")]);
    assert_eq!(column("b", 125), [&json!(10), &json!(15), &json!(20), &json!(10), &json!(15), &json!(20)]);
    // numpy.linspace(0.1, 0.9, 5), numpy.geomspace(1e-4, 1, 5), numpy.round(numpy.geomspace(16, 4096, 5))
    for (path, every, want) in [
        ("c", 25, [0.1, 0.3, 0.5, 0.7, 0.9]),
        ("d", 5, [1e-4, 1e-3, 1e-2, 1e-1, 1.0]),
        ("e", 1, [16.0, 64.0, 256.0, 1024.0, 4096.0]),
    ] {
        for (value, want) in column(path, every).iter().zip(want) {
            assert!((value.as_f64().unwrap() / want - 1.0).abs() < 1e-14, "{path}: {value} {want}");
        }
    }
    assert_eq!((points[0]["c"].as_f64(), points[749]["d"].as_f64()), (Some(0.1), Some(1.0)), "ends are exact");
    let different: HashSet<String> = points.iter().map(|p| serde_json::to_string(p).unwrap()).collect();
    assert_eq!(different.len(), 750);
    for (number, point) in points.iter().enumerate() {
        assert_eq!(space.number_of(point), Some(number as u128));
    }
}

#[test]
fn a_narrow_range_is_not_cut_into_the_same_value_twice() {
    // numpy.round(numpy.geomspace(1, 6, 5)) is 1, 2, 2, 4, 6.
    let narrow = space(&["a=1..6:log", "b=2.0..2.0", "c=1.0..1.0000000000000002"]).grid(5);
    assert_eq!(narrow.n_points(), Some(4 * 2));
    assert_eq!(space(&["a=2.0..3.0"]).grid(1).point_at(0).unwrap()["a"], json!(2.0));
}

#[test]
fn points_outside_are_told_by_their_path() {
    let space = space(&["a=10..20:step=5", "b=0.0..1.0", "c=x,y"]);
    let misfit = |point: Value| space.misfit(point.as_object().unwrap());
    assert_eq!(misfit(json!({"a": 15, "b": 1, "c": "x"})), None, "a whole number is a real one too");
    for (point, path) in [
        (json!({"a": 16, "b": 1.0, "c": "x"}), "a"),
        (json!({"a": 25, "b": 1.0, "c": "x"}), "a"),
        (json!({"a": 15.0, "b": 1.0, "c": "x"}), "a"),
        (json!({"a": 15, "b": 1.1, "c": "x"}), "b"),
        (json!({"a": 15, "b": "1", "c": "x"}), "b"),
        (json!({"a": 15, "b": 1.0, "c": "z"}), "c"),
        (json!({"a": 15, "b": 1.0}), "c"),
        (json!({"a": 15, "b": 1.0, "c": "x", "d": 1}), "d"),
    ] {
        assert_eq!(misfit(point).as_deref(), Some(path));
    }
}

#[test]
fn spaces_are_stored_as_ron_and_json_and_checked_when_read() {
    let space = space(&[
        r#"a=auto,{"fraction":0.5},[64,32],0.1,1e-300,-3,null,true,"""#,
        "b=1..200:log",
        "c=50..500:step=50",
        "d=1e-4..0.1:log",
        "e=-1.7e308..1.7e308",
    ]);
    let ron = ron::ser::to_string_pretty(&space, ron::ser::PrettyConfig::default()).unwrap();
    assert_eq!(ron::from_str::<Space>(&ron).unwrap(), space, "{ron}");
    let json = serde_json::to_string(&space).unwrap();
    assert_eq!(serde_json::from_str::<Space>(&json).unwrap(), space, "{json}");
    let short: Space = ron::from_str(r#"[(path: "a", domain: integer((min: 1, max: 9)))]"#).unwrap();
    assert_eq!(short, self::space(&["a=1..9"]));
    let upside_down = ron::from_str::<Space>(r#"[(path: "a", domain: integer((min: 9, max: 1)))]"#).unwrap_err();
    assert!(upside_down.to_string().contains("a: goes from 9 down to 1"), "{upside_down}");
}

fn any_domain() -> impl Strategy<Value = Domain> {
    let edge = prop_oneof![any::<i64>(), -3..3i64, Just(i64::MIN), Just(i64::MAX)];
    let ends = (edge.clone(), edge).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let step = prop_oneof![1..9u64, any::<u64>().prop_map(|step| step.max(1))];
    let steps = (ends, step).prop_map(|((min, max), step)| IntegerRange { min, max, step, log: false });
    let near = prop_oneof![1..5i64, 1..i64::MAX, Just(i64::MAX)];
    let logs = (near.clone(), near);
    let logs = logs.prop_map(|(a, b)| IntegerRange { min: a.min(b), max: a.max(b), step: 1, log: true });
    let finite = || any::<f64>().prop_filter("finite", |x| x.is_finite());
    let special =
        prop_oneof![Just(f64::MAX), Just(f64::MIN), Just(5e-324), Just(0.0), Just(1.0), Just(1.0f64.next_up())];
    let reals = (prop_oneof![finite(), special.clone()], prop_oneof![finite(), special]);
    let reals = reals.prop_map(|(a, b)| {
        let (min, max) = (a.min(b), a.max(b));
        RealRange { min, max, log: min > 0.0 }
    });
    prop_oneof![
        steps.prop_map(Domain::Integer),
        logs.prop_map(Domain::Integer),
        reals.clone().prop_map(Domain::Real),
        reals.prop_map(|range| Domain::Real(RealRange { log: false, ..range })),
        (1..9i64).prop_map(|n| Domain::Choices((0..n).map(Value::from).collect())),
    ]
}

proptest! {
    #[test]
    fn every_coordinate_means_a_value_of_the_domain_near_it(domain in any_domain(), unit in 0.0..=1.0f64) {
        let value = domain.at_unit(unit);
        let coordinate = domain.coordinate(&value);
        prop_assert!(coordinate.is_some(), "{domain:?} {unit} {value}");
        if let Some(super::super::units::Coordinate::Number(cell)) = coordinate {
            prop_assert!(0.0 <= cell.low && cell.low <= cell.centre && cell.centre <= cell.high && cell.high <= 1.0);
            // In the cell, but for rounding; a range of a few floating point numbers is all rounding.
            let few_floats = |range: &RealRange| {
                range.max - range.min < range.max.abs().max(range.min.abs()) * 1e-9 || range.max < 1e-300
            };
            let narrow = matches!(&domain, Domain::Real(range) if few_floats(range));
            prop_assert!(narrow || cell.low - 1e-6 <= unit && unit <= cell.high + 1e-6, "{domain:?} {unit} {cell:?}");
        }
    }

    #[test]
    fn proposals_lie_in_the_space(domains in prop::collection::vec(any_domain(), 1..4), multivariate: bool, seed: u64) {
        let parameters = domains.into_iter().enumerate().map(|(i, domain)| Parameter { path: format!("p{i}"), domain });
        let space = Space::new(parameters.collect()).unwrap();
        for method in [SearchMethod::RandomSearch, SearchMethod::GridSearch, SearchMethod::BayesianOptimization] {
            let mut settings = settings(method, seed, 15);
            settings.tpe = TpeConfig { startup_trials: 4, multivariate, ..Default::default() };
            let mut study = Study::new(space.clone(), settings).unwrap();
            // Study::tell refuses what is outside the space.
            let reason = run(&mut study, |point| number(point, "p0").clamp(-1e300, 1e300));
            let n = study.trials().len() as u128;
            prop_assert!(n == 15 || reason == StopReason::Exhausted, "{reason:?} after {n}");
            if let Some(n_points) = space.n_points() {
                let different: HashSet<_> = study.trials().iter().filter_map(|t| space.number_of(&t.values)).collect();
                prop_assert_eq!(different.len() as u128, n, "no point comes twice");
                prop_assert!(method == SearchMethod::GridSearch || n == n_points.min(15));
            }
        }
    }
}
