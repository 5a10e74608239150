//! The matrix profile against stumpy, brute force and planted discords.

use rayon::ThreadPoolBuilder;

use super::super::series::tests::{noise, with_series};
use super::super::{FittedDetector, ScoresColumns};
use super::*;
use crate::recipe::WindowLength;

#[rustfmt::skip]
const X: [f64; 60] = [
    1.0, 2.931, 3.936, 3.49, 1.702, -0.737, -2.842, -3.718, -2.892, -0.565, 2.255, 3.937, 3.172, 0.396, -2.03, -2.387, -1.965, -2.162, -0.781, 2.706, 3.38, 1.539, 1.505, -0.895, -3.528, -1.941, -2.541, 0.467, 2.116, 2.625, 3.035, 0.26, -0.598, -3.189, -2.601, -1.785, -0.185, 2.869, 1.986, 3.277, 4.702, -1.955, -1.735, -3.128, -2.564, 1.004, 2.647, 2.108, 1.946, 1.548, -0.497, -3.049, -3.884, -2.296, 0.582, 3.053, 3.954, 3.035, 0.84, -1.633,
];

fn assert_close(got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len());
    for (at, (got, want)) in got.iter().zip(want).enumerate() {
        assert!(got == want || (got - want).abs() <= 1e-9 * want.max(1.0), "{at}: {got} {want}");
    }
}

#[test]
fn a_self_join_agrees_with_stumpy() {
    // p = stumpy.stump(X, 8); p[:, 0], p[:, 1]
    #[rustfmt::skip]
    let distances = [
        0.6382152479568, 0.6217678531317, 0.7497015362394, 0.8861521080796, 0.5012937498025, 0.4744256154128, 0.4769317320166, 0.4601176710662, 0.9550244062858, 1.0546258487015, 0.8903625298041, 0.954911042854, 0.882208627326, 1.0556073738964, 1.0114709759934, 0.9002615940467, 0.936003143675, 1.0207594466878, 1.1183060095647, 0.8709109420334, 1.0305344116752, 0.9263481115217, 0.8582141534109, 0.6945253813894, 0.8402415619482, 0.7263468223247, 0.889731260566, 0.6382152479568, 0.677752401588, 0.7497015362394, 0.882208627326, 0.7872491935397, 0.6945253813894, 1.4014650697344, 1.5362586700559, 1.6785687752987, 1.5317586577433, 1.2837608872899, 1.3306274914675, 1.2019623993171, 1.5110006945371, 0.9351546111725, 0.830695928523, 0.9048302691993, 0.889731260566, 0.6702350536648, 0.6217678531317, 0.8694830622662, 0.8861521080796, 0.5012937498025, 0.4744256154128, 0.4769317320166, 0.4601176710662,
    ];
    #[rustfmt::skip]
    let indices = [
        27, 46, 29, 48, 49, 50, 51, 52, 26, 27, 28, 2, 30, 4, 5, 6, 7, 44, 0, 1, 2, 48, 49, 32, 51, 7, 44, 0, 1, 2, 12, 49, 23, 42, 43, 44, 45, 46, 47, 3, 22, 50, 51, 52, 26, 0, 1, 2, 3, 4, 5, 6, 7,
    ];
    let (got, got_indices) = matrix_profile(&X, 8, &Cx::default()).unwrap();
    assert_close(&got, &distances);
    assert_eq!(got_indices, indices);
}

#[test]
fn a_join_of_two_series_agrees_with_stumpy() {
    #[rustfmt::skip]
    let y = [
        0.0, 0.964, 1.479, 0.791, -0.092, 0.123, 1.122, 1.441, 0.613, -0.149, 0.271, 1.258, 1.365, 0.436, -0.168, 0.437, 1.366, 1.257, 0.27, -0.149, 0.614, 1.441, 1.121, 0.122, -0.092, 0.792, 1.479, 0.963, -0.0, 0.0,
    ];
    // p = stumpy.stump(Y, 8, X, ignore_trivial=False); p[:, 0], p[:, 1]
    #[rustfmt::skip]
    let distances = [
        2.9016802470244, 2.617407195827, 3.2762566397167, 2.516073020384, 2.8716069207192, 2.6419106668785, 2.746641796808, 3.4300067791361, 2.4038066851876, 2.9705013637269, 2.4186385766329, 2.7621782666081, 3.2901020256125, 2.2564430237037, 3.0559284001205, 2.2745273790574, 2.8271227753317, 3.0766210834614, 2.2537469053098, 3.1737550372315, 2.2524646226877, 2.9441979632454, 2.8795884368041,
    ];
    #[rustfmt::skip]
    let indices = [48, 48, 40, 16, 8, 48, 49, 6, 8, 9, 48, 40, 7, 8, 9, 48, 40, 7, 8, 9, 48, 40, 16];
    let (got, got_indices) = matrix_profile_join(&y, &X, 8, &Cx::default()).unwrap();
    assert_close(&got, &distances);
    assert_eq!(got_indices, indices);
}

#[test]
fn flat_stretches_agree_with_stumpy() {
    let mut x = X;
    x[10..22].fill(1.5);
    x[45..55].fill(-2.0);
    // stumpy.stump(x, 8)[:, 0]
    #[rustfmt::skip]
    let distances = [
        0.6382152479568, 0.677752401588, 0.7497015362394, 1.0733536891288, 1.0218576610207, 0.7648659103876, 0.9006891613493, 1.1739505829817, 0.0761296270283, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.4678357629698, 1.6922553300478, 1.234722241792, 0.9657874266994, 1.228629801339, 1.1520491052971, 0.9480698285987, 0.6945253813894, 1.2259587620136, 1.3194292428314, 1.7097015005921, 0.6382152479568, 0.677752401588, 0.7497015362394, 1.0733536891288, 0.9480698285987, 0.6945253813894, 0.9006891613493, 1.603243387391, 1.873720653374, 1.5459354711769, 1.2970377163977, 1.0308404052381, 1.2078042628792, 2.1912387703918, 2.3624466439393, 2.4571252618293, 0.0761296270283, 0.0, 0.0, 0.0, 0.0, 0.0, 1.73953901041, 1.3125744452093, 1.3602721497267, 1.3194292428314,
    ];
    assert_close(&matrix_profile(&x, 8, &Cx::default()).unwrap().0, &distances);
    // One flat stretch alone: √m from everything.
    let mut x = X;
    x[10..18].fill(1.5);
    let (distances, _) = matrix_profile(&x, 8, &Cx::default()).unwrap();
    assert!((distances[10] - 8.0_f64.sqrt()).abs() < 1e-12);
}

/// The nearest window by the definition.
fn brute_force(a: &[f64], b: &[f64], m: usize, exclusion: Option<usize>) -> Vec<f64> {
    let normalize = |window: &[f64]| -> Vec<f64> {
        let mean = window.iter().sum::<f64>() / m as f64;
        let std = (window.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / m as f64).sqrt();
        window.iter().map(|x| (x - mean) / std).collect()
    };
    let b: Vec<Vec<f64>> = b.windows(m).map(normalize).collect();
    let nearest = |(i, a): (usize, Vec<f64>)| {
        let others = b.iter().enumerate().filter(|(j, _)| exclusion.is_none_or(|exclusion| i.abs_diff(*j) > exclusion));
        let distances = others.map(|(_, b)| a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt());
        distances.fold(f64::INFINITY, f64::min)
    };
    a.windows(m).map(normalize).enumerate().map(nearest).collect()
}

#[test]
fn every_length_agrees_with_brute_force() {
    let cx = Cx::default();
    let data = noise(1500, 6);
    // A random walk: neighbouring windows are alike, which uncorrelated noise does not try.
    let walk: Vec<f64> = data
        .iter()
        .scan(0.0, |sum, step| {
            *sum += step;
            Some(*sum)
        })
        .collect();
    // Strips and blocks end in every possible way.
    for (n, m) in [(12, 8), (20, 5), (75, 3), (140, 10), (141, 10), (330, 40), (700, 33), (1100, 16)] {
        for series in [&data[..n], &walk[..n]] {
            let (distances, indices) = matrix_profile(series, m, &cx).unwrap();
            let expected = brute_force(series, series, m, Some(m.div_ceil(4)));
            assert_close(&distances, &expected);
            for (at, (index, distance)) in indices.iter().zip(&distances).enumerate() {
                assert_eq!(*index == -1, distance.is_infinite(), "{n} {m} {at}");
                assert!(*index == -1 || at.abs_diff(*index as usize) > m.div_ceil(4));
            }
            let (distances, _) = matrix_profile_join(&data[n..n + 200], series, m, &cx).unwrap();
            assert_close(&distances, &brute_force(&data[n..n + 200], series, m, None));
        }
    }
    for n in [0, 1, 7] {
        assert!(matrix_profile(&data[..n], 8, &cx).unwrap().0.is_empty());
        assert!(matrix_profile_join(&data[..n], &walk, 8, &cx).unwrap().0.is_empty());
        assert!(matrix_profile_join(&data[..9], &walk[..n], 8, &cx).unwrap().0.iter().all(|d| d.is_infinite()));
    }
}

#[test]
fn level_scale_and_threads_change_nothing() {
    let data = noise(900, 8);
    let run = |series: &[f64], threads: usize| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| matrix_profile(series, 24, &Cx::default()).unwrap())
    };
    let one = run(&data, 1);
    assert_eq!(one, run(&data, 3));
    // A power of two is exact, an offset is not.
    assert_eq!(one, run(&data.iter().map(|x| x * 1024.0).collect::<Vec<_>>(), 2));
    assert_close(&run(&data.iter().map(|x| 1e5 - 3.0 * x).collect::<Vec<_>>(), 2).0, &one.0);
    let huge: Vec<f64> = data.iter().map(|x| x * 1e300).collect();
    assert_close(&run(&huge, 2).0, &one.0);
    // Ties end the same way, too: every window of a repeated pattern has many twins.
    let repeated: Vec<f64> = (0..900).map(|i| data[i % 37]).collect();
    assert_eq!(run(&repeated, 1), run(&repeated, 3));
    assert!(run(&repeated, 2).0.iter().all(|&distance| distance < 1e-6));
}

fn config() -> MatrixProfileConfig {
    MatrixProfileConfig { enabled: true, window: WindowLength::Rows(32), ..MatrixProfileConfig::default() }
}

/// A wave of 32 rows with noise; one beat of it is upside down.
fn beats(n: usize, odd: usize) -> Vec<f64> {
    let noise = noise(n, 11);
    let angle = |i: usize| i as f64 * std::f64::consts::TAU / 32.0;
    let value = |i: usize| angle(i).sin() + 0.5 * (2.0 * angle(i)).cos() + 0.05 * noise[i];
    (0..n).map(|i| if (odd..odd + 32).contains(&i) { -value(i) } else { value(i) }).collect()
}

#[test]
fn a_discord_is_found_in_old_and_new_rows() {
    let data = beats(1200, 640);
    for (align, middle) in [(WindowAlign::Center, 656), (WindowAlign::End, 671)] {
        let config = MatrixProfileConfig { align, ..config() };
        let fitted = with_series(1, data.clone(), &[], |input| config.fit(input, &Cx::default()).unwrap());
        let saved: MatrixProfile = ron::from_str(&ron::to_string(&fitted).unwrap()).unwrap();
        assert!(saved == fitted);
        let (old, again) = with_series(1, data.clone(), &[], |input| {
            (
                fitted.training_scores(input, &Cx::default()).unwrap(),
                fitted.decision_function(input, &Cx::default()).unwrap(),
            )
        });
        let worst = |scores: &[f64]| scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        assert!(worst(&old).abs_diff(middle) <= 24, "{}", worst(&old));
        assert!(again.iter().all(|&score| score == 0.0));
        let fresh = with_series(1, beats(400, 192), &[], |i| fitted.decision_function(i, &Cx::default()).unwrap());
        // The odd beat of the training rows is what the odd beat of the new ones is like.
        assert!(fresh.iter().all(|&score| score < 0.3));
        let calm = with_series(1, beats(600, 9999), &[], |input| config.fit(input, &Cx::default()).unwrap());
        let fresh = with_series(1, beats(400, 200), &[], |i| calm.decision_function(i, &Cx::default()).unwrap());
        assert!(worst(&fresh).abs_diff(middle - 440) <= 24, "{}", worst(&fresh));
    }
}

#[test]
fn long_series_are_taken_in_pieces_and_reported() {
    let data = beats(1200, 640);
    let config = MatrixProfileConfig { max_fit_rows: 500, ..config() };
    let cx = Cx::default();
    let scores = with_series(1, data, &[], |input| {
        let fitted = config.fit(input, &cx).unwrap();
        assert_eq!(fitted.columns[0].series[0].len(), 500);
        fitted.training_scores(input, &cx).unwrap()
    });
    assert_eq!(scores.len(), 1200);
    let worst = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
    assert!(worst.abs_diff(656) <= 24, "{worst}");
    assert!(cx.warnings()[0].contains("max_fit_rows"));
}

#[test]
fn each_entity_is_compared_with_itself() {
    // Alone, the upside down series is as regular as the other.
    let up = beats(500, 9999);
    let rows: Vec<f64> = up.iter().flat_map(|&x| [x, -x]).collect();
    let codes: Vec<u32> = (0..1000).map(|row| row % 2).collect();
    with_series(1, rows, &codes, |input| {
        let fitted = config().fit(input, &Cx::default()).unwrap();
        let scores = fitted.training_scores(input, &Cx::default()).unwrap();
        let alone = with_series(1, up.clone(), &[], |input| {
            config().fit(input, &Cx::default()).unwrap().training_scores(input, &Cx::default()).unwrap()
        });
        assert!(scores.iter().step_by(2).zip(&alone).all(|(a, b)| (a - b).abs() < 1e-9));
        // A single new series may be like either.
        let down: Vec<f64> = up[..100].iter().map(|x| -x).collect();
        let new = with_series(1, down, &[], |input| fitted.decision_function(input, &Cx::default()).unwrap());
        assert!(new.iter().all(|&score| score < 1e-6));
    });
}

#[test]
fn what_if_leaves_out_the_exclusion_zone_and_no_more() {
    // A random walk is most like itself a few rows before or after, so that the edges of the zone decide.
    let sum = |sum: &mut f64, step: f64| {
        *sum += step;
        Some(*sum)
    };
    let walk: Vec<f64> = noise(300, 9).into_iter().scan(0.0, sum).collect();
    let fitted = with_series(1, walk.clone(), &[], |input| config().fit(input, &Cx::default()).unwrap());
    for row in (0..300).step_by(3) {
        let mut changed = walk.clone();
        changed[row] += 0.25;
        let value = changed[row];
        let whole = with_series(1, changed, &[], |input| fitted.training_scores(input, &Cx::default()).unwrap());
        let got = with_series(1, walk.clone(), &[], |input| {
            fitted.column_scores_with(input, row as u32, &[value], true, &Cx::default()).unwrap()
        });
        assert_close(&got, &whole[row..=row]);
    }
}

#[test]
fn degenerate_series_have_finite_scores() {
    for data in [vec![5.0; 80], vec![1e300, -1e300, 1e300], vec![7.0], [vec![0.0; 60], vec![1e-300]].concat()] {
        with_series(1, data, &[], |input| {
            let fitted = config().fit(input, &Cx::default()).unwrap();
            for scores in
                [fitted.training_scores(input, &Cx::default()), fitted.decision_function(input, &Cx::default())]
            {
                assert!(scores.unwrap().iter().all(|score| (0.0..=1.5).contains(score)));
            }
        });
    }
}

#[test]
fn it_can_be_cancelled() {
    let cx = Cx::default();
    cx.cancel();
    assert!(matrix_profile(&X, 8, &cx).is_err());
}
