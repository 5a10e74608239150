//! Which features make a row's reconstruction error what it is?

use super::Autoencoder;
use crate::analysis::detect::{Decompose, DetectError};
use crate::cx::Cx;
use crate::data::Matrix;
use crate::recipe::ErrorMetric;

impl Decompose for Autoencoder {
    /// The reconstruction error of each feature divided by their number, each at least 0; for `rmse` also by the score.
    fn parts(&self, x: &Matrix, _own: Option<&[u32]>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let mut parts = self.feature_errors(x, cx)?;
        let d = x.n_features() as f64;
        for row in parts.chunks_exact_mut(x.n_features()) {
            cx.check()?;
            let divisor = match self.error_metric {
                ErrorMetric::Mse | ErrorMetric::Mae => d,
                // A row without an error has no parts either.
                ErrorMetric::Rmse => match (row.iter().sum::<f64>() * d).sqrt() {
                    0.0 => d,
                    divisor => divisor,
                },
            };
            row.iter_mut().for_each(|part| *part /= divisor);
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::detect::FittedDetector;
    use crate::recipe::AutoencoderConfig;

    #[test]
    fn parts_add_up_to_the_score_in_proportion_to_the_errors() {
        let values: Vec<f64> = (0..200).map(|i| f64::from(i * i % 17) / 8.0 - 1.0).chain([1e300; 4]).collect();
        let (x, cx) = (Matrix::unnamed(4, values).unwrap(), Cx::default());
        for error_metric in [ErrorMetric::Mse, ErrorMetric::Mae, ErrorMetric::Rmse] {
            let config = AutoencoderConfig { hidden_layers: vec![2], epochs: 3, error_metric, ..Default::default() };
            let model = Autoencoder::fit(&config, &x, &cx).unwrap();
            let errors = model.feature_errors(&x, &cx).unwrap();
            let scores = model.decision_function((&x).into(), &cx).unwrap();
            let parts = model.parts(&x, None, &cx).unwrap();
            for ((parts, errors), score) in parts.chunks(4).zip(errors.chunks(4)).zip(scores) {
                let sum: f64 = errors.iter().sum();
                for (part, error) in parts.iter().zip(errors) {
                    assert!((part - score * error / sum).abs() <= 1e-12 * score, "{error_metric:?}: {part}");
                }
            }
        }
    }
}
