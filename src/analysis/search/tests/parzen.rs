//! Tests of the Parzen estimator against optuna and against its own definition.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use serde_json::json;

use super::super::parzen::{Axis, Parzen};
use super::super::units::{Cell, Coordinate};
use super::*;

#[derive(Deserialize)]
struct Case {
    observed: Vec<(f64, i64, i64, usize)>,
    log_density: [f64; 3],
}

const AXES: [Axis; 4] = [Axis::Number, Axis::Number, Axis::Number, Axis::Choices(3)];

fn mixed() -> Space {
    space(&["a=0.0..1.0", "b=1..100:log", "c=50..500:step=50", "d=0,1,2"])
}

fn coordinates(space: &Space, (a, b, c, d): (f64, i64, i64, usize)) -> Vec<Coordinate> {
    let point = json!({"a": a, "b": b, "c": c, "d": d});
    space.coordinates(point.as_object().unwrap()).unwrap()
}

#[test]
fn the_density_is_that_of_optuna() {
    // optuna 5.0.0: _ParzenEstimator(observed, {"a": FloatDistribution(0, 1), "b": IntDistribution(1, 100, log=True),
    // "c": IntDistribution(50, 500, step=50), "d": CategoricalDistribution(["x", "y", "z"])},
    // _ParzenEstimatorParameters(1.0, True, False, default_weights, True)).log_pdf(at), with numpy.argsort made
    // stable: the order of equal observations decides which is how wide.
    let space = mixed();
    for line in include_str!("parzen.jsonl").lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let points: Vec<_> = case.observed.iter().map(|&point| coordinates(&space, point)).collect();
        let density = Parzen::new(&AXES, &points);
        for (at, want) in [(0.0, 1, 50, 0), (0.5, 37, 300, 1), (0.993, 100, 500, 2)].into_iter().zip(case.log_density) {
            let got = density.log_density(&coordinates(&space, at));
            assert!((got - want).abs() < 1e-9, "{} points at {at:?}: {got} {want}", points.len());
        }
    }
}

#[test]
fn the_density_is_one_in_all_and_draws_follow_it() {
    let space = space(&["a=1..30:log"]);
    let points: Vec<_> = [2, 3, 3, 20].map(|a| vec![at(&space, a)]).to_vec();
    let density = Parzen::new(&[Axis::Number], &points);
    let probabilities: Vec<f64> = (1..=30).map(|a| density.log_density(&[at(&space, a)]).exp()).collect();
    assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);

    let (mut rng, n) = (ChaCha8Rng::seed_from_u64(3), 40_000);
    let mut counts = [0.0; 30];
    for _ in 0..n {
        let point = space.point_at_units(&density.draw(&mut rng));
        counts[number(&point, "a") as usize - 1] += 1.0;
    }
    for (count, probability) in counts.into_iter().zip(probabilities) {
        let (expected, sd) = (probability * f64::from(n), (probability * f64::from(n)).sqrt());
        assert!((count - expected).abs() < 4.5 * sd, "{count} {expected}");
    }
}

fn at(space: &Space, a: i64) -> Coordinate {
    space.coordinates(json!({"a": a}).as_object().unwrap()).unwrap()[0]
}

#[test]
fn choices_are_drawn_by_their_weight() {
    let points: Vec<_> = [0, 0, 2].map(|choice| vec![Coordinate::Choice(choice)]).to_vec();
    let density = Parzen::new(&[Axis::Choices(4)], &points);
    // Four kernels of weight 1/4; each observed one gives (1/4 + [seen]) / 2, the prior 1/4 each.
    let want = [(0.625 * 2.0 + 0.125 + 0.25) / 4.0, (0.125 * 3.0 + 0.25) / 4.0];
    for (choice, want) in [(0, want[0]), (1, want[1]), (3, want[1])] {
        let got = density.log_density(&[Coordinate::Choice(choice)]).exp();
        assert!((got - want).abs() < 1e-14, "{choice}: {got} {want}");
    }
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let drawn: Vec<f64> = (0..20_000).map(|_| density.draw(&mut rng)[0]).collect();
    let share = |choice: f64| drawn.iter().filter(|&&unit| unit == (choice + 0.5) / 4.0).count() as f64 / 20_000.0;
    assert!((share(0.0) - want[0]).abs() < 0.015 && (share(1.0) - want[1]).abs() < 0.015);
}

#[test]
fn densities_of_narrow_cells_and_far_points_are_finite_and_consistent() {
    let cell = |low: f64, high: f64| Coordinate::Number(Cell { low, centre: (low + high) / 2.0, high });
    let points: Vec<_> = (0..200).map(|_| vec![cell(0.0, 0.0)]).collect();
    let density = Parzen::new(&[Axis::Number], &points);
    for at in [0.0, 0.3, 1.0] {
        let by_point = density.log_density(&[cell(at, at)]);
        assert!(by_point.is_finite(), "{at}: {by_point}");
    }
    // A cell's probability is its width times the density, whichever way it is computed.
    for width in [1e-12, 1e-9, 1e-7, 1e-6] {
        let by_cell = density.log_density(&[cell(0.02, 0.02 + width)]) - width.ln();
        let by_point = density.log_density(&[cell(0.02 + width / 2.0, 0.02 + width / 2.0)]);
        assert!((by_cell - by_point).abs() < 1e-5, "{width}: {by_cell} {by_point}");
    }
}
