//! Areas in closed form, and those of the paper's code.

use std::f64::consts::PI;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::*;
use crate::cx::Cx;
use crate::data::Matrix;

/// Numbers in 0 to 1 without a generator: row times `factor`, wrapped.
fn wrapped(n: u32, factor: u32, modulus: u32) -> Vec<f64> {
    (0..n).map(|row| f64::from(row * factor % modulus) / f64::from(modulus)).collect()
}

fn mapped(values: Vec<f64>, map: impl Fn(f64) -> f64) -> Vec<f64> {
    values.into_iter().map(map).collect()
}

#[test]
fn areas_equal_the_papers_code() {
    // em(np.arange(0, 100, 0.001), 0.9, 1, -uniform, -rows, len(uniform)) and mv(np.arange(0.9, 0.999, 0.001), 1,
    // -uniform, -rows, len(uniform)) of ngoix/EMMV_benchmarks: area and number of levels; area, first and last volume
    let smooth = (mapped(wrapped(60, 37, 101), |x| x * x), mapped(wrapped(83, 29, 97), |x| x * 1.5));
    let tied =
        (mapped(wrapped(50, 17, 53), |x| (x * 7.0).floor()), mapped(wrapped(70, 23, 71), |x| (x * 12.0).floor()));
    let apart = (mapped(wrapped(40, 7, 41), |x| x * 0.01), mapped(wrapped(50, 11, 53), |x| x + 0.02));
    let equal = (vec![1.0; 5], vec![1.0; 7]);
    let cases = [
        (smooth, Some(0.1186482128514056), 127, 0.05831325301204824, 0.518_072_289_156_626_5, 0.662_650_602_409_638_6),
        (tied, Some(0.0009297428571428572), 2, 0.05880000000000007, 0.6, 0.6),
        // Where the levels never suffice the paper's code gives up, and prints a message.
        (apart, None, 100_000, 0.0, 0.0, 0.0),
        (equal, Some(0.0005), 2, 0.09800000000000009, 1.0, 1.0),
    ];
    for ((rows, uniform), area, n_levels, mv_area, first, last) in cases {
        let em = ExcessMass::of(&rows, &uniform).unwrap();
        assert_eq!((em.level.len(), em.excess.len(), em.excess[0]), (n_levels, n_levels, 1.0));
        match (em.area, area) {
            (Some(got), Some(want)) => assert!((got - want).abs() < 1e-12, "{got} {want}"),
            (got, want) => assert_eq!(got, want),
        }
        let mv = MassVolume::of(&rows, &uniform).unwrap();
        assert!((mv.area - mv_area).abs() < 1e-12 && mv.mass.len() == 99, "{}", mv.area);
        assert!((mv.volume[0] - first).abs() < 1e-12 && (mv.volume[98] - last).abs() < 1e-12, "{:?}", mv.volume);
    }
}

#[test]
fn the_curve_is_the_greatest_excess_of_any_region() {
    let (rows, uniform) = (mapped(wrapped(90, 31, 97), |x| x * x), wrapped(120, 71, 127));
    let em = ExcessMass::of(&rows, &uniform).unwrap();
    let share = |scores: &[f64], u: f64| scores.iter().filter(|&&s| s < u).count() as f64 / scores.len() as f64;
    for (&level, &excess) in em.level.iter().zip(&em.excess).skip(1) {
        let greatest = rows.iter().map(|&u| share(&rows, u) - level * share(&uniform, u)).fold(0.0, f64::max);
        assert!((excess - greatest).abs() < 1e-12, "{level}: {excess} {greatest}");
    }
    assert!(em.level.len() > 50 && *em.excess.last().unwrap() <= 0.9);
}

#[test]
fn rows_spread_evenly_gain_nothing() {
    // Region and mass are the same: MV(a) = a, EM(t) = 1 - t down to 0.9.
    let scores: Vec<f64> = (0..10_000).map(|row| f64::from(row) / 1e4).collect();
    let mv = MassVolume::of(&scores, &scores).unwrap();
    assert!((mv.area - (0.998 * 0.998 - 0.9 * 0.9) / 2.0).abs() < 1e-4, "{}", mv.area);
    let area = ExcessMass::of(&scores, &scores).unwrap().area.unwrap();
    assert!((area - 0.095).abs() < 1e-4, "{area}");
}

/// Two independent normal columns, and their distances from the middle: the best score there is.
fn normal_rows(n: usize) -> (Matrix, impl Fn(&Matrix) -> Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let values = (0..2 * n).map(|_| StandardNormal.sample(&mut rng)).collect();
    (Matrix::unnamed(2, values).unwrap(), |x: &Matrix| x.iter_rows().map(|row| row[0].hypot(row[1])).collect())
}

#[test]
fn a_normal_distribution_has_the_areas_of_its_formula() {
    let (x, score) = normal_rows(40_000);
    let uniform = UniformRows::draw(&x, 100_000, &Cx::default()).unwrap();
    let volume = uniform.widths[0] * uniform.widths[1];
    let (scores, uniform_scores) = (score(&x), score(&uniform.rows));
    // The disc that holds a share a of the rows has the area -2 pi ln(1 - a).
    let mv = MassVolume::of(&scores, &uniform_scores).unwrap();
    for at in [0, 50, 90] {
        let want = -2.0 * PI * (1.0 - mv.mass[at]).ln() / volume;
        assert!((mv.volume[at] / want - 1.0).abs() < 0.03, "{at}: {} {want}", mv.volume[at]);
    }
    // Its density is c times the greatest where the excess is 1 - c + c ln(c); c = 2 pi level / volume.
    let em = ExcessMass::of(&scores, &uniform_scores).unwrap();
    assert!(em.level.len() > 100);
    for (&level, &excess) in em.level.iter().zip(&em.excess).skip(20) {
        let c = 2.0 * PI * level / volume;
        assert!((excess - (1.0 - c + c * c.ln())).abs() < 0.003, "{level}: {excess}");
    }
    // A score that looks at one column only encloses the rows less tightly.
    let worse = |x: &Matrix| x.iter_rows().map(|row| row[0].abs()).collect::<Vec<f64>>();
    let (rows, even) = (worse(&x), worse(&uniform.rows));
    assert!(MassVolume::of(&rows, &even).unwrap().area > mv.area * 1.2);
    assert!(ExcessMass::of(&rows, &even).unwrap().area.unwrap() < em.area.unwrap() * 0.9);
}

#[test]
fn uniform_rows_fill_the_box() {
    let x = Matrix::unnamed(3, vec![0.0, -5.0, 7.0, 4.0, -1.0, 7.0, 1.0, -2.0, 7.0]).unwrap();
    let uniform = UniformRows::draw(&x, 20_000, &Cx::default()).unwrap();
    assert_eq!((uniform.rows.n_rows(), uniform.rows.features()), (20_000, x.features()));
    assert_eq!(uniform.widths, [4.0, 4.0, 0.0]);
    assert!(uniform.rows.iter_rows().all(|row| row[2] == 7.0));
    for (feature, low) in [(0, 0.0), (1, -5.0)] {
        let along = |row: &[f64]| (row[feature] - low) / 4.0;
        assert!(uniform.rows.iter_rows().all(|row| (0.0..=1.0).contains(&along(row))));
        for bound in [0.1, 0.5, 0.9] {
            let below = uniform.rows.iter_rows().filter(|row| along(row) < bound).count() as f64 / 2e4;
            assert!((below - bound).abs() < 0.012, "{feature} {bound}: {below}");
        }
    }
    assert_eq!(uniform, UniformRows::draw(&x, 20_000, &Cx::default()).unwrap());
    let huge = Matrix::unnamed(1, vec![-1.7e308, 1.7e308]).unwrap();
    let wide = UniformRows::draw(&huge, 100, &Cx::default()).unwrap();
    assert!(wide.rows.values().iter().all(|value| value.is_finite()) && wide.widths[0].is_finite());
    let none = UniformRows::draw(&x.select(&[]), 2, &Cx::default()).unwrap();
    assert_eq!(none.rows.values(), [0.0; 6]);
    let cx = Cx::default();
    cx.cancel();
    assert!(UniformRows::draw(&x, 5, &cx).is_err());
}

#[test]
fn subsets_and_their_projections() {
    let subsets = feature_subsets(12, 50, 5, 3);
    assert_eq!(subsets.len(), 50);
    assert!(subsets.iter().all(|subset| subset.len() == 5 && subset.is_sorted_by(|a, b| a < b) && subset[4] < 12));
    assert!((0..12).all(|feature| subsets.iter().any(|subset| subset.contains(&feature))));
    assert_ne!(subsets, feature_subsets(12, 50, 5, 4));
    assert_eq!(feature_subsets(3, 1, 5, 0), [[0, 1, 2]]);
    let x = Matrix::unnamed(3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
    let two = x.select_features(&[0, 2]).unwrap();
    assert_eq!((two.values(), two.features()[1].name.as_str()), (&[1.0, 3.0, 4.0, 6.0][..], "f2"));
    assert!(x.select_features(&[3]).is_none() && x.select_features(&[]).is_none());
}

#[test]
fn without_rows_there_is_no_curve() {
    assert!(MassVolume::of(&[], &[1.0]).is_none() && MassVolume::of(&[1.0], &[]).is_none());
    assert!(ExcessMass::of(&[], &[1.0]).is_none() && ExcessMass::of(&[1.0], &[]).is_none());
    let one = MassVolume::of(&[1e300], &[-1e300]).unwrap();
    assert_eq!((one.volume[0], ExcessMass::of(&[1e300], &[-1e300]).unwrap().area), (1.0, Some(0.0005)));
}
