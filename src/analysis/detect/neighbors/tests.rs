//! Checks that every search finds what measuring all rows and sorting finds.

use proptest::prelude::*;

use super::*;
use crate::recipe::Metric;

/// Neighbours of a row by definition, nearest first, of equally near ones the lower number first.
fn sorted(x: &Matrix, row: &[f64], left_out: Option<usize>, k: usize, metric: Metric, p: f64) -> Vec<(f64, u32)> {
    let distance = |other: &[f64]| -> f64 {
        let differences = || row.iter().zip(other).map(|(a, b)| (a - b).abs());
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        match metric {
            Metric::Euclidean => differences().map(|d| d * d).sum::<f64>().sqrt(),
            Metric::Manhattan => differences().sum(),
            Metric::Minkowski => differences().map(|d| d.powf(p)).sum::<f64>().powf(1.0 / p),
            Metric::Cosine => match (product(row, row) * product(other, other)).sqrt() {
                0.0 => 1.0,
                lengths => 1.0 - product(row, other) / lengths,
            },
        }
    };
    let mut all: Vec<(f64, u32)> = x.iter_rows().map(distance).zip(0..).collect();
    all.retain(|&(_, other)| Some(other as usize) != left_out);
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all.truncate(k);
    all
}

/// Compares by distance, and by row too where distances are made of whole numbers and thus without rounding.
fn check(x: &Matrix, metric: Metric, p: f64, k: usize, is_exact: bool) -> Result<(), TestCaseError> {
    let (n, cx) = (x.n_rows(), Cx::default());
    let neighbors = Neighbors::new(x, Space::new(metric, p), &cx).unwrap();
    let row_of = |place: u32| neighbors.rows()[place as usize];
    let compare = |found: (&[u32], &[f64]), expected: &[(f64, u32)]| {
        prop_assert_eq!(found.0.len(), expected.len());
        for ((&place, &distance), &(true_distance, row)) in found.0.iter().zip(found.1).zip(expected) {
            if is_exact {
                prop_assert_eq!(row_of(place), row);
            }
            prop_assert!(
                (distance - true_distance).abs() <= 1e-14 + 1e-12 * true_distance,
                "{} {}",
                distance,
                true_distance
            );
        }
        Ok(())
    };
    if n > 1 {
        let table = neighbors.among_themselves(k, &cx).unwrap();
        let found: Vec<_> = table.par_iter().map(|(places, distances)| (places.to_vec(), distances.to_vec())).collect();
        for (found, &row) in found.iter().zip(neighbors.rows()) {
            let expected = sorted(x, x.row(row as usize), Some(row as usize), k, metric, p);
            compare((&found.0, &found.1), &expected)?;
        }
    }
    let found = neighbors.search(x, k, &cx, |places, distances| (places.to_vec(), distances.to_vec())).unwrap();
    for (found, row) in found.iter().zip(x.iter_rows()) {
        compare((&found.0, &found.1), &sorted(x, row, None, k, metric, p))?;
    }
    Ok(())
}

const METRICS: [(Metric, f64); 5] = [
    (Metric::Euclidean, 2.0),
    (Metric::Manhattan, 2.0),
    (Metric::Minkowski, 3.0),
    (Metric::Minkowski, 2.5),
    (Metric::Cosine, 2.0),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn finds_what_sorting_finds(
        d in prop::sample::select(vec![1_usize, 2, 3, 7, 15, 16, 17, 40]),
        steps in prop::collection::vec(-4..4_i32, 40..1200),
        unit in prop::sample::select(vec![1.0, 1024.0, 1.0 / 1024.0]),
        metric in prop::sample::select(METRICS.to_vec()),
        k in 1..40_usize,
    ) {
        let data: Vec<f64> = steps.iter().map(|&step| f64::from(step) * unit).collect();
        let x = Matrix::unnamed(d, data[..data.len() / d * d].to_vec()).unwrap();
        let is_exact = metric.0 != Metric::Cosine && metric.1.fract() == 0.0;
        check(&x, metric.0, metric.1, k, is_exact)?;
    }

    #[test]
    fn finds_what_sorting_finds_among_rows_of_all_sizes(
        d in prop::sample::select(vec![2_usize, 5, 18, 33]),
        values in prop::collection::vec(-3.0..3.0_f64, 70..1200),
        spread in prop::sample::select(vec![0.1, 1.0, 4.0]),
        offset in prop::sample::select(vec![0.0, 1.0, 1e6]),
        metric in prop::sample::select(METRICS.to_vec()),
        k in 1..12_usize,
    ) {
        // Far from zero, cosines by their definition are no better than their rounding.
        let offset = if metric.0 == Metric::Cosine { 0.0 } else { offset };
        let data: Vec<f64> = values.iter().map(|value| (value * spread).sinh() + offset).collect();
        let x = Matrix::unnamed(d, data[..data.len() / d * d].to_vec()).unwrap();
        check(&x, metric.0, metric.1, k, false)?;
    }
}

#[test]
fn many_equal_rows_are_searched_in_order_of_their_numbers() {
    for d in [1, 20] {
        let x = Matrix::unnamed(d, (0..600 * d).map(|i| f64::from(u8::from(i / d % 3 == 0))).collect()).unwrap();
        check(&x, Metric::Euclidean, 2.0, 7, true).unwrap();
    }
}

#[test]
fn huge_values_count_as_the_largest_that_can_be_measured() {
    for d in [2, 20] {
        let rows = [1e300, -1e300, f64::MAX, 1.0, 0.0, 2.0];
        let x = Matrix::unnamed(d, rows.iter().flat_map(|&value| vec![value; d]).collect()).unwrap();
        let neighbors = Neighbors::new(&x, Space::new(Metric::Euclidean, 2.0), &Cx::default()).unwrap();
        let found = neighbors.search(&x, 3, &Cx::default(), |places, distances| {
            let rows: Vec<u32> = places.iter().map(|&place| neighbors.rows()[place as usize]).collect();
            (rows, distances.to_vec())
        });
        let found = found.unwrap();
        assert_eq!(found[0].0[..2], [0, 2]);
        assert_eq!(found[0].1[..2], [0.0, 0.0]);
        assert!(found[0].1[2] >= 1e150 && found[0].1[2].is_finite());
        assert_eq!((&found[1].0[0], found[1].1[0]), (&1, 0.0));
        assert_eq!(found[4].0, [4, 3, 5]);
        assert_eq!(found[4].1, [0.0, (d as f64).sqrt(), (4.0 * d as f64).sqrt()]);
    }
}

#[test]
fn a_row_of_zeros_is_at_cosine_distance_one_from_every_row() {
    let x = Matrix::unnamed(2, vec![1.0, 1.0, 0.0, 0.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
    let neighbors = Neighbors::new(&x, Space::new(Metric::Cosine, 2.0), &Cx::default()).unwrap();
    let table = neighbors.among_themselves(2, &Cx::default()).unwrap();
    let found: Vec<_> = table.par_iter().map(|(places, distances)| (places.to_vec(), distances.to_vec())).collect();
    let at = |row: u32| neighbors.rows().iter().position(|&other| other == row).unwrap();
    let rows = |row: u32| found[at(row)].0.iter().map(|&place| neighbors.rows()[place as usize]).collect::<Vec<_>>();
    assert_eq!((rows(1), rows(3), rows(4)), (vec![0, 2], vec![0, 1], vec![0, 1]));
    assert_eq!((&found[at(3)].1[..], &found[at(4)].1[..]), (&[1.0, 1.0][..], &[1.0, 1.0][..]));
    assert_eq!(rows(0)[0], 2);
    assert!((found[at(0)].1[0] - (1.0 - 3.0 / 10_f64.sqrt())).abs() < 1e-15);
}

#[test]
fn a_search_stops_when_cancelled() {
    let x = Matrix::unnamed(2, (0..2000).map(|i| f64::from(i * i % 997)).collect()).unwrap();
    let neighbors = Neighbors::new(&x, Space::new(Metric::Euclidean, 2.0), &Cx::default()).unwrap();
    let cx = Cx::default();
    cx.cancel();
    assert!(neighbors.among_themselves(3, &cx).is_err());
    assert!(neighbors.search(&x, 3, &cx, |_, _| ()).is_err());
}
