//! Checks that every search finds what measuring all rows and sorting finds.

use candle_core::Device;
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
    check_index(&Neighbors::new(x, Space::new(metric, p), &Cx::default()).unwrap(), x, metric, p, k, is_exact)?;
    // Few rows get no tree where they have many coordinates.
    check_index(&tree(x, Space::new(metric, p)), x, metric, p, k, is_exact)
}

/// The rows in a tree, whatever would be chosen for them.
fn tree(x: &Matrix, space: Space) -> Neighbors {
    let (cx, d) = (Cx::default(), space.n_coordinates(x.n_features()));
    let points = space.points(x.values(), x.n_features());
    let axes = View::needs_axes(space, d).then(|| Axes::new(d, &points, &cx).unwrap());
    let index = Index::Tree(ByTree::new(View::new(space, d, axes), &points, &cx).unwrap());
    Neighbors { space, n_features: x.n_features(), index }
}

/// All pairs of the rows are measured, whatever would be chosen for them.
fn product(x: &Matrix, space: Space) -> Neighbors {
    let (cx, d) = (Cx::default(), space.n_coordinates(x.n_features()));
    let index = Index::Product(ByProduct::new(space, d, &space.points(x.values(), x.n_features()), &cx).unwrap());
    Neighbors { space, n_features: x.n_features(), index }
}

fn check_index(
    neighbors: &Neighbors,
    x: &Matrix,
    metric: Metric,
    p: f64,
    k: usize,
    is_exact: bool,
) -> Result<(), TestCaseError> {
    let (n, cx) = (x.n_rows(), Cx::default());
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

/// Row numbers and distances of the neighbours of each row among the others, in order of the rows, then those of new rows.
type Found = Vec<(Vec<u32>, Vec<f64>)>;

fn all_neighbors(neighbors: &Neighbors, new: &Matrix, k: usize) -> (Found, Found) {
    let cx = Cx::default();
    let rows = |places: &[u32]| places.iter().map(|&place| neighbors.rows()[place as usize]).collect::<Vec<_>>();
    let table = neighbors.among_themselves(k, &cx).unwrap();
    let found: Vec<_> = table.par_iter().map(|(places, distances)| (rows(places), distances.to_vec())).collect();
    let mut own: Vec<_> = neighbors.rows().iter().zip(found).collect();
    own.sort_by_key(|&(row, _)| row);
    let new = neighbors.search(new, k, &cx, |places, distances| (rows(places), distances.to_vec())).unwrap();
    (own.into_iter().map(|(_, found)| found).collect(), new)
}

/// Numbers between -0.5 and 0.5: a linear congruential generator (Knuth), its upper bits.
fn noise(n: usize, mut state: u64) -> Vec<f64> {
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    (0..n).map(next).collect()
}

#[test]
fn a_product_finds_the_same_bits_as_a_tree() {
    let d = 24;
    let steps = |n: usize, by: f64| noise(n * d, 1).iter().map(|v| (v * by).round()).collect::<Vec<_>>();
    let clusters = |n: usize, size: f64| -> Vec<f64> {
        let centers = noise(7 * d, 3);
        noise(n * d, 4).iter().enumerate().map(|(i, v)| centers[i / d % 7 * d + i % d] + v * size).collect()
    };
    let mut tailed: Vec<f64> = noise(900 * d, 5).iter().map(|v| (v * 40.0).sinh()).collect();
    tailed[..d].fill(1e140);
    let sets = [
        ("noise", noise(1500 * d, 2)),
        ("one block", noise(70 * d, 2)),
        ("equal rows and equal distances", steps(700, 1.2)),
        ("many equal distances", steps(700, 3.0)),
        ("one value", vec![3.5; 600 * d]),
        ("clusters", clusters(800, 0.1)),
        ("clusters that single precision cannot resolve", clusters(800, 1e-5)),
        ("far from zero", noise(700 * d, 6).iter().map(|v| v + 1e7).collect()),
        ("tiny", noise(700 * d, 6).iter().map(|v| v * 1e-25).collect()),
        ("rows of all sizes", tailed[d..].to_vec()),
    ];
    for (name, values) in sets {
        let x = Matrix::unnamed(d, values).unwrap();
        // Rows of x, rows beside them, and one that is out of reach of single precision.
        let mut new: Vec<f64> = x.values()[..40 * d].iter().map(|v| v * 1.01 + 1e-3).collect();
        new.extend(&x.values()[..60 * d]);
        new.extend(&tailed[..2 * d]);
        let new = Matrix::unnamed(d, new).unwrap();
        for (metric, k) in
            [(Metric::Euclidean, 1), (Metric::Euclidean, 20), (Metric::Cosine, 5), (Metric::Euclidean, 69)]
        {
            let space = Space::new(metric, 2.0);
            let (own, of_new) = all_neighbors(&product(&x, space), &new, k);
            let (expected, expected_of_new) = all_neighbors(&tree(&x, space), &new, k);
            assert!(own == expected && of_new == expected_of_new, "{name} {metric:?} {k}");
        }
    }
}

#[test]
fn a_product_gives_the_same_for_any_number_of_threads() {
    let x = Matrix::unnamed(20, noise(3000 * 20, 8)).unwrap();
    let neighbors = product(&x, Space::new(Metric::Euclidean, 2.0));
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| neighbors.among_themselves(9, &Cx::default()).unwrap())
    };
    assert_eq!(with_threads(1), with_threads(5));
}

/// Neighbours of the rows among themselves and those of new rows, by tensors or by the vector code.
fn found(neighbors: &Neighbors, new: &Matrix, k: usize, device: Option<&Device>, cx: &Cx) -> (Table, Found) {
    let Index::Product(index) = &neighbors.index else { panic!("a tree") };
    let (n, points) = (neighbors.rows().len(), neighbors.space.points(new.values(), new.n_features()));
    let mut table = Table::new(n, k);
    index.among_themselves(k, &neighbors.first_places(k + 1), device, &mut table, cx).unwrap();
    let each = |places: &[u32], distances: &[f64]| (places.to_vec(), distances.to_vec());
    (table, index.search(&points, k, &neighbors.first_places(k), device, cx, each).unwrap())
}

#[test]
fn tensors_find_the_same_bits_as_vector_code() {
    let (d, device) = (21, Device::Cpu);
    let mut tailed: Vec<f64> = noise(301 * d, 5).iter().map(|v| (v * 40.0).sinh()).collect();
    tailed[..d].fill(1e140);
    let sets = [
        ("noise", noise(500 * d, 2)),
        ("fewer rows than a list is long", noise(9 * d, 2)),
        ("two rows", noise(2 * d, 2)),
        ("equal distances", noise(300 * d, 1).iter().map(|v| (v * 1.2).round()).collect()),
        ("one value", vec![3.5; 300 * d]),
        ("far from zero", noise(300 * d, 6).iter().map(|v| v + 1e7).collect()),
        ("tiny", noise(300 * d, 6).iter().map(|v| v * 1e-25).collect()),
        ("rows of all sizes", tailed[d..].to_vec()),
        (
            "rows of zeros",
            noise(300 * d, 7).iter().zip(0..).map(|(v, i)| if i / d % 5 == 0 { 0.0 } else { *v }).collect(),
        ),
    ];
    for (name, values) in sets {
        let x = Matrix::unnamed(d, values).unwrap();
        let mut new: Vec<f64> = noise(50 * d, 11);
        new.extend(&x.values()[..2 * d]);
        new.extend(&tailed[..2 * d]);
        let new = Matrix::unnamed(d, new).unwrap();
        for (metric, k) in
            [(Metric::Euclidean, 1), (Metric::Euclidean, 20), (Metric::Cosine, 5), (Metric::Euclidean, 150)]
        {
            let neighbors = product(&x, Space::new(metric, 2.0));
            let (cx, expected_cx, k) = (Cx::default(), Cx::default(), k.min(x.n_rows() - 1));
            let expected = found(&neighbors, &new, k, None, &expected_cx);
            assert!(found(&neighbors, &new, k, Some(&device), &cx) == expected, "{name} {metric:?} {k}");
            assert_eq!(cx.progress().read().done, (x.n_rows() + new.n_rows()) as u64);
            assert!(cx.warnings().is_empty());
        }
    }
}

#[test]
fn tensors_are_put_together_from_tiles_and_blocks() {
    let (d, cx, device) = (16, Cx::default(), Device::Cpu);
    let space = Space::new(Metric::Euclidean, 2.0);
    // More columns than a tile has, and more rows than are looked up at a time.
    let (x, new) = (noise(33_000 * d, 12), noise(1100 * d, 13));
    let neighbors = product(&Matrix::unnamed(d, x).unwrap(), space);
    let Index::Product(index) = &neighbors.index else { panic!("a tree") };
    let each = |places: &[u32], distances: &[f64]| (places.to_vec(), distances.to_vec());
    let search = |device| index.search(&new, 10, &[], device, &cx, each).unwrap();
    assert!(search(Some(&device)) == search(None));
    let neighbors = product(&Matrix::unnamed(d, noise(6000 * d, 14)).unwrap(), space);
    let few = Matrix::unnamed(d, noise(d, 15)).unwrap();
    assert!(found(&neighbors, &few, 6, Some(&device), &cx) == found(&neighbors, &few, 6, None, &cx));
}

#[test]
fn tensors_stop_when_cancelled() {
    let neighbors = product(&Matrix::unnamed(20, noise(300 * 20, 8)).unwrap(), Space::new(Metric::Euclidean, 2.0));
    let Index::Product(index) = &neighbors.index else { panic!("a tree") };
    let (cx, device) = (Cx::default(), Some(&Device::Cpu));
    cx.cancel();
    assert!(index.among_themselves(3, &[], device, &mut Table::new(300, 3), &cx).is_err());
    assert!(index.search(&[0.0; 20], 3, &[], device, &cx, |_, _| ()).is_err());
}

#[test]
fn each_row_counts_as_progress() {
    let x = Matrix::unnamed(20, noise(2500 * 20, 9)).unwrap();
    for neighbors in [product(&x, Space::new(Metric::Euclidean, 2.0)), tree(&x, Space::new(Metric::Euclidean, 2.0))] {
        let cx = Cx::default();
        cx.progress().start("", 5000);
        neighbors.among_themselves(3, &cx).unwrap();
        assert_eq!(cx.progress().read().done, 2500);
        neighbors.search(&x, 3, &cx, |_, _| ()).unwrap();
        assert_eq!(cx.progress().read().done, 5000);
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
    let space = Space::new(Metric::Euclidean, 2.0);
    for neighbors in [product(&x, space), tree(&x, space)] {
        let cx = Cx::default();
        cx.cancel();
        assert!(neighbors.among_themselves(3, &cx).is_err());
        assert!(neighbors.search(&x, 3, &cx, |_, _| ()).is_err());
    }
}
