//! Tests of the detector as a whole, and of the CPU path against candle's autograd.

use std::ops::Range;

use candle_core::Device;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::step::CpuTrainer;
use super::tensors::{TensorNetwork, TensorTrainer};
use super::train::Trainer;
use super::*;
use crate::recipe::{Activation, AutoencoderLoss, AutoencoderOptimizer, OutputActivation};

fn quick() -> AutoencoderConfig {
    AutoencoderConfig {
        hidden_layers: vec![8, 2, 8],
        epochs: 60,
        dropout_rate: 0.0,
        learning_rate: 0.01,
        ..Default::default()
    }
}

/// Points on a line in four dimensions, with a little noise; the last row is off the line.
fn line(n: usize) -> Matrix {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut data: Vec<f64> = (0..n)
        .flat_map(|_| {
            let t: f64 = rng.random_range(-1.5..1.5);
            [t, -t, 0.5 * t, 2.0 * t].map(|v| v + rng.random_range(-0.02..0.02))
        })
        .collect();
    data.extend([1.0, 1.0, -1.0, -1.0]);
    Matrix::unnamed(4, data).unwrap()
}

fn fit_and_score(config: &AutoencoderConfig, x: &Matrix) -> Vec<f64> {
    let cx = Cx::default();
    Autoencoder::fit(config, x, &cx).unwrap().decision_function(x.into(), &cx).unwrap()
}

/// The largest difference of two lists, in units of the largest value.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let size = b.iter().fold(1e-12f64, |size, b| size.max(b.abs()));
    a.iter().zip(b).map(|(a, b)| (a - b).abs() / size).fold(0.0, |worst, d| if d <= worst { worst } else { d })
}

#[test]
fn learns_the_shape_of_the_data_and_finds_the_row_off_it() {
    let x = line(400);
    let cx = Cx::default();
    let model = Autoencoder::fit(&quick(), &x, &cx).unwrap();
    let scores = model.decision_function((&x).into(), &cx).unwrap();
    let worst = scores.iter().take(400).copied().fold(0.0, f64::max);
    assert!(scores[400] > 5.0 * worst, "{} against {worst}", scores[400]);
    let (first, best) = (model.losses()[0], model.losses().iter().copied().fold(f64::MAX, f64::min));
    assert!(best < 0.1 * first, "{best} against {first}");
}

/// Gradients of one step by candle's autograd and by the fused step, and losses over some steps.
fn compare(config: &AutoencoderConfig, batch: Range<u32>) {
    let n_features = 5;
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let data: Vec<f32> = (0..200 * n_features).map(|_| rng.random_range(-2.0..2.0)).collect();
    let network = Network::new(n_features, config, 9);
    let mut cpu = CpuTrainer::new(config, network.clone(), &data);
    let mut tensors = TensorTrainer::new(config, &network, data.clone(), &Device::Cpu).unwrap();
    let rows: Vec<u32> = batch.collect();
    let cx = Cx::default();
    for pass in 0..8 {
        let masks = Masks::new(3, 2, pass, config.dropout_rate);
        let want = tensors.gradients(&rows, masks.as_ref()).unwrap().1;
        let a = cpu.step(&rows, masks.as_ref(), &cx).unwrap();
        let b = tensors.step(&rows, masks.as_ref(), &cx).unwrap();
        let tolerance = if pass == 0 { 1e-5 } else { 1e-4 };
        assert!((a / b - 1.0).abs() < tolerance, "{config:?} pass {pass}: {a} {b}");
        if pass == 0 {
            for (gradient, (weights, bias)) in cpu.gradients().iter().zip(tensors.parameters()) {
                let (n_inputs, n_outputs) = weights.dims2().unwrap();
                let got: Vec<f64> = gradient
                    .chunks_exact(stride(n_outputs))
                    .flat_map(|row| row[..n_outputs].iter().map(|&g| f64::from(g)))
                    .collect();
                let list = |var: &candle_core::Var| {
                    let gradient = want.get(var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
                    gradient.into_iter().map(f64::from).collect::<Vec<_>>()
                };
                assert!(difference(&got[..n_inputs * n_outputs], &list(weights)) < 1e-5, "{config:?}");
                assert!(difference(&got[n_inputs * n_outputs..], &list(bias)) < 1e-5, "{config:?}");
            }
        }
    }
    let (a, b) = (cpu.loss(&rows, &cx).unwrap(), tensors.loss(&rows, &cx).unwrap());
    assert!((a / b - 1.0).abs() < 1e-4, "{config:?}: {a} {b}");
}

#[test]
fn steps_agree_with_autograd_for_every_choice() {
    use AutoencoderOptimizer::{Adam, Adamw, Rmsprop, Sgd};
    let activations = [Activation::Relu, Activation::LeakyRelu, Activation::Elu, Activation::Tanh, Activation::Sigmoid];
    let outputs = [OutputActivation::Linear, OutputActivation::Sigmoid, OutputActivation::Tanh];
    for (i, activation) in activations.into_iter().enumerate() {
        for (j, loss) in [AutoencoderLoss::Mse, AutoencoderLoss::Mae, AutoencoderLoss::Huber].into_iter().enumerate() {
            for (k, optimizer) in [Adam, Adamw(0.1), Rmsprop, Sgd(0.9)].into_iter().enumerate() {
                let config = AutoencoderConfig {
                    hidden_layers: vec![18, 3, 6],
                    activation,
                    output_activation: outputs[(i + j + k) % 3],
                    loss,
                    optimizer,
                    dropout_rate: if (j + k) % 2 == 0 { 0.0 } else { 0.3 },
                    ..Default::default()
                };
                compare(&config, 0..32);
            }
        }
    }
}

#[test]
fn batches_of_several_blocks_and_of_one_row_agree_with_autograd() {
    for batch in [0..1, 5..135, 0..200] {
        for hidden_layers in [vec![33], vec![64, 32, 16, 32, 64]] {
            compare(&AutoencoderConfig { hidden_layers, ..Default::default() }, batch.clone());
        }
    }
}

#[test]
fn whole_training_on_tensors_gives_the_same_losses_and_scores() {
    let x = line(300);
    let cx = Cx::default();
    let config = AutoencoderConfig { epochs: 4, dropout_rate: 0.1, monte_carlo_passes: 7, ..quick() };
    let network = Network::new(4, &config, cx.seed);
    let data: Vec<f32> = x.values().iter().map(|&value| network_input(value)).collect();
    let mut tensors = TensorTrainer::new(&config, &network, data, &Device::Cpu).unwrap();
    let (network, losses) = train::run(&config, &mut tensors, x.n_rows(), &cx).unwrap();
    let model = Autoencoder::fit(&config, &x, &cx).unwrap();
    assert!(difference(model.losses(), &losses) < 1e-4);
    let other = Autoencoder { network, losses, ..model.clone() };
    let scores = model.decision_function((&x).into(), &cx).unwrap();
    assert!(difference(&other.decision_function((&x).into(), &cx).unwrap(), &scores) < 1e-4);
    let mut on_tensors = vec![0.0; x.n_rows()];
    let score = |row: &[f64], copy: &[f32], out: &mut [f64]| out[0] = model.error(row, copy);
    model.each_copy_on(&Device::Cpu, &x, None, &mut on_tensors, &cx, score).unwrap();
    assert!(difference(&on_tensors, &scores) < 1e-5);
}

#[test]
fn uncertainty_is_the_spread_over_the_passes() {
    let x = line(100);
    let cx = Cx::default();
    let config = AutoencoderConfig { epochs: 3, dropout_rate: 0.2, monte_carlo_passes: 10, ..quick() };
    let model = Autoencoder::fit(&config, &x, &cx).unwrap();
    let got = model.uncertainty(&x, &cx).unwrap().unwrap();
    let network = TensorNetwork::new(&model.network, &Device::Cpu).unwrap();
    let values: Vec<f32> = x.values().iter().map(|&value| value as f32).collect();
    let errors: Vec<Vec<f64>> = (0..10)
        .map(|pass| {
            let masks = Masks::new(cx.seed, MONTE_CARLO_STREAM, pass, 0.2).unwrap();
            let copies = network.copies(values.clone(), Some((&masks, row_ids(0)))).unwrap();
            let squares: Vec<f64> = x.values().iter().zip(&copies).map(|(x, &y)| (x - f64::from(y)).powi(2)).collect();
            squares.chunks(4).map(|row| row.iter().sum::<f64>() / 4.0).collect()
        })
        .collect();
    for (row, got) in got.iter().enumerate() {
        let mean = errors.iter().map(|pass| pass[row]).sum::<f64>() / 10.0;
        let std = (errors.iter().map(|pass| (pass[row] - mean).powi(2)).sum::<f64>() / 10.0).sqrt();
        assert!((got.mean - mean).abs() < 1e-5 * mean && (got.std - std).abs() < 1e-4 * mean, "{got:?} {mean} {std}");
        assert!(got.std > 0.0);
    }
    let part = Matrix::unnamed(4, x.values()[..4 * 70].to_vec()).unwrap();
    assert_eq!(model.uncertainty(&part, &cx).unwrap().unwrap(), got[..70]);
    let sure = Autoencoder { dropout_rate: 0.0, ..model.clone() };
    let scores = sure.decision_function((&x).into(), &cx).unwrap();
    for (got, score) in sure.uncertainty(&x, &cx).unwrap().unwrap().iter().zip(scores) {
        assert!((got.mean - score).abs() <= 1e-12 * score && got.std < 1e-9 * score);
    }
    let off = Autoencoder { monte_carlo_passes: 0, ..model };
    assert_eq!(off.uncertainty(&x, &cx).unwrap(), None);
}

#[test]
fn feature_errors_make_up_the_score_in_every_metric() {
    let x = line(80);
    let cx = Cx::default();
    let mut mse = Vec::new();
    for error_metric in [ErrorMetric::Mse, ErrorMetric::Mae, ErrorMetric::Rmse] {
        let config = AutoencoderConfig { epochs: 2, error_metric, ..quick() };
        let model = Autoencoder::fit(&config, &x, &cx).unwrap();
        let scores = model.decision_function((&x).into(), &cx).unwrap();
        let errors = model.feature_errors(&x, &cx).unwrap();
        for (errors, &score) in errors.chunks_exact(4).zip(&scores) {
            let mean = errors.iter().sum::<f64>() / 4.0;
            let want = if error_metric == ErrorMetric::Rmse { mean.sqrt() } else { mean };
            assert!((score - want).abs() < 1e-12 * want);
        }
        match error_metric {
            ErrorMetric::Mse => mse = errors,
            ErrorMetric::Rmse => assert_eq!(errors, mse),
            ErrorMetric::Mae => {
                let squares: Vec<f64> = errors.iter().map(|e| e * e).collect();
                assert!(difference(&squares, &mse) < 1e-12);
            }
        }
    }
}

type Change = fn(&mut AutoencoderConfig);

#[test]
fn every_setting_changes_the_scores() {
    let x = line(300);
    let base = AutoencoderConfig { epochs: 6, dropout_rate: 0.1, early_stopping_patience: 6, ..quick() };
    let scores = fit_and_score(&base, &x);
    let changes: Vec<(&str, Change)> = vec![
        ("hidden_layers", |c| c.hidden_layers = vec![8, 3, 8]),
        ("activation", |c| c.activation = Activation::Tanh),
        ("output_activation", |c| c.output_activation = OutputActivation::Tanh),
        ("dropout_rate", |c| c.dropout_rate = 0.2),
        ("epochs", |c| c.epochs = 5),
        ("batch_size", |c| c.batch_size = 16),
        ("learning_rate", |c| c.learning_rate = 0.02),
        ("optimizer", |c| c.optimizer = AutoencoderOptimizer::Rmsprop),
        ("weight decay", |c| c.optimizer = AutoencoderOptimizer::Adamw(0.5)),
        ("loss", |c| c.loss = AutoencoderLoss::Mae),
        ("validation_split", |c| c.validation_split = 0.0),
        ("error_metric", |c| c.error_metric = ErrorMetric::Mae),
        ("max_fit_rows", |c| c.max_fit_rows = 100),
    ];
    for (name, change) in changes {
        let mut config = base.clone();
        change(&mut config);
        assert_ne!(fit_and_score(&config, &x), scores, "{name}");
    }
    assert_eq!(fit_and_score(&base.clone(), &x), scores);
}

#[test]
fn training_stops_early_with_the_weights_of_the_best_epoch() {
    let x = line(200);
    let cx = Cx::default();
    let config = AutoencoderConfig { learning_rate: 0.2, epochs: 200, early_stopping_patience: 3, ..quick() };
    let model = Autoencoder::fit(&config, &x, &cx).unwrap();
    let losses = model.losses();
    let best = (0..losses.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap();
    assert_eq!(losses.len(), best + 4, "{losses:?}");
    let shorter = AutoencoderConfig { epochs: best as u32 + 1, ..config };
    assert_eq!(Autoencoder::fit(&shorter, &x, &cx).unwrap().network, model.network);
}

#[test]
fn thresholds() {
    let scores: Vec<f64> = (0..=100).map(f64::from).collect();
    assert!((AutoencoderConfig::default().vote_threshold(&scores) - 95.0).abs() < 1e-9);
    let fixed = AutoencoderConfig { error_threshold: ErrorThreshold::Fixed(0.1), ..Default::default() };
    assert_eq!(fixed.vote_threshold(&scores), 0.1);
}

#[test]
fn same_seed_gives_the_same_bits_on_any_number_of_threads() {
    let x = line(200);
    let run = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut cx = Cx::default();
            cx.seed = seed;
            let config = AutoencoderConfig { epochs: 3, dropout_rate: 0.2, monte_carlo_passes: 3, ..quick() };
            let model = Autoencoder::fit(&config, &x, &cx).unwrap();
            let scores = model.decision_function((&x).into(), &cx).unwrap();
            (scores, model.uncertainty(&x, &cx).unwrap(), model)
        })
    };
    assert_eq!(run(1, 5), run(3, 5));
    assert_ne!(run(1, 5).0, run(1, 6).0);
}

#[test]
fn saved_and_loaded_without_loss() {
    let x = line(50);
    let cx = Cx::default();
    let model = Autoencoder::fit(&AutoencoderConfig { epochs: 2, ..quick() }, &x, &cx).unwrap();
    let ron = ron::to_string(&model).unwrap();
    assert_eq!(ron::from_str::<Autoencoder>(&ron).unwrap(), model);
    let json = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<Autoencoder>(&json).unwrap(), model);
}

#[test]
fn odd_data_gives_finite_scores() {
    let cx = Cx::default();
    let config = AutoencoderConfig { epochs: 2, monte_carlo_passes: 2, dropout_rate: 0.5, ..quick() };
    for data in [vec![1.0, 2.0], vec![0.0; 40], vec![7.0; 40], vec![1e300, -1e300, 0.0, 1.0], vec![f64::MAX; 6]] {
        let x = Matrix::unnamed(2, data).unwrap();
        let model = Autoencoder::fit(&config, &x, &cx).unwrap();
        let scores = model.decision_function((&x).into(), &cx).unwrap();
        assert!(scores.iter().all(|s| s.is_finite()), "{scores:?}");
        let spread = model.uncertainty(&x, &cx).unwrap().unwrap();
        assert!(spread.iter().all(|u| u.mean.is_finite() && u.std.is_finite()), "{spread:?}");
    }
    let huge = Matrix::unnamed(2, (0..400).map(|i| f64::from(i) * 1e300).collect()).unwrap();
    for optimizer in [AutoencoderOptimizer::Adam, AutoencoderOptimizer::Sgd(0.9), AutoencoderOptimizer::Rmsprop] {
        for validation_split in [0.0, 0.2] {
            let wild = AutoencoderConfig { learning_rate: 1.0, epochs: 30, optimizer, validation_split, ..quick() };
            for x in [&line(40), &huge] {
                let model = Autoencoder::fit(&wild, x, &cx).unwrap();
                assert!(model.network.is_finite(), "{optimizer:?}");
                let scores = model.decision_function(x.into(), &cx).unwrap();
                assert!(scores.iter().all(|s| s.is_finite()), "{scores:?}");
            }
        }
    }
}

#[test]
fn unusable_rows_are_refused() {
    let cx = Cx::default();
    let refused = |x: &Matrix| matches!(Autoencoder::fit(&quick(), x, &cx), Err(DetectError::Unusable { .. }));
    assert!(refused(&Matrix::unnamed(2, vec![]).unwrap()));
    assert!(refused(&Matrix::unnamed(2, vec![1.0, f64::NAN]).unwrap()));
    let x = line(20);
    let model = Autoencoder::fit(&AutoencoderConfig { epochs: 1, ..quick() }, &x, &cx).unwrap();
    let narrow = Matrix::unnamed(2, vec![1.0, 2.0]).unwrap();
    assert!(matches!(model.decision_function((&narrow).into(), &cx), Err(DetectError::Unusable { .. })));
    assert!(model.feature_errors(&narrow, &cx).is_err() && model.uncertainty(&narrow, &cx).is_err());
}

#[test]
fn values_beyond_the_limit_are_cut_for_the_network_alone() {
    let cx = Cx::default();
    let model = Autoencoder::fit(&AutoencoderConfig { epochs: 2, ..quick() }, &line(50), &cx).unwrap();
    let x = Matrix::unnamed(4, vec![1e4, 0.0, 0.0, 0.0, 1e9, 0.0, 0.0, 0.0]).unwrap();
    let errors = model.feature_errors(&x, &cx).unwrap();
    assert_eq!(errors[1..4], errors[5..8]);
    assert!((errors[4].sqrt() - 1e9).abs() < 1e5, "{}", errors[4]);
}

#[test]
fn cancelled_training_stops() {
    let cx = Cx::default();
    cx.cancel();
    assert!(matches!(Autoencoder::fit(&quick(), &line(50), &cx), Err(DetectError::Cancelled)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// A row's score depends on no other row.
    #[test]
    fn scores_follow_their_rows(order in Just((0..150usize).collect::<Vec<_>>()).prop_shuffle()) {
        let x = line(149);
        let cx = Cx::default();
        let network = Network::new(4, &quick(), 3);
        let model = Autoencoder {
            network, error_metric: ErrorMetric::Mse, dropout_rate: 0.0, monte_carlo_passes: 0, losses: vec![],
        };
        let rows: Vec<u32> = order.iter().map(|&row| row as u32).collect();
        let scores = model.decision_function((&x).into(), &cx).unwrap();
        let shuffled = model.decision_function((&x.select(&rows)).into(), &cx).unwrap();
        prop_assert_eq!(order.iter().map(|&row| scores[row]).collect::<Vec<_>>(), shuffled);
    }
}

#[test]
fn monte_carlo_passes_are_reported_and_leave_the_scores() {
    let x = line(100);
    let scores_and_remarks = |monte_carlo_passes, dropout_rate| {
        let cx = Cx::default();
        let config = AutoencoderConfig { epochs: 3, monte_carlo_passes, dropout_rate, ..quick() };
        let model = Autoencoder::fit(&config, &x, &cx).unwrap();
        (model.training_scores((&x).into(), &cx).unwrap(), cx.warnings())
    };
    let (plain, silent) = scores_and_remarks(0, 0.5);
    let (scores, remarks) = scores_and_remarks(5, 0.5);
    assert!(silent.is_empty() && scores == plain);
    assert!(remarks[0].contains("over 5 Monte-Carlo passes") && !remarks[0].contains(" 0 %"), "{remarks:?}");
    // Without dropout all passes are alike.
    assert!(scores_and_remarks(5, 0.0).1[0].contains("varies by 0 %"));
}
