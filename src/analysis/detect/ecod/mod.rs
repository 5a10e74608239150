//! ECOD: how far in the tails of its columns does a row lie?
//!
//! Li et al.: ECOD: unsupervised outlier detection using empirical cumulative distribution functions (IEEE TKDE 2022).
//!
//! Scores of the training rows are those of PyOD's `ECOD`; new rows are scored against the training rows alone, where
//! PyOD adds the new rows to the distributions first.

use serde::{Deserialize, Serialize};

use super::empirical::{Tail, Tails};
use super::sample::{check_training_rows, check_width};
use super::{Decompose, DetectError, Detector, FittedDetector, Input, contamination_threshold};
use crate::cx::Cx;
use crate::data::Matrix;
use crate::recipe::{DetectorKind, EcodConfig};

const KIND: DetectorKind = DetectorKind::Ecod;

/// A fitted ECOD: the distributions of the columns.
///
/// A value beyond all training values counts as the outermost of them. A constant column adds nothing for its value and
/// ln(rows) for any other. Where there is only one training row, every score is 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ecod {
    tails: Tails,
}

impl Detector for EcodConfig {
    type Fitted = Ecod;

    fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<Ecod, DetectError> {
        Ecod::fit(input.features, cx)
    }

    fn working_bytes(&self, input: Input<'_>) -> u64 {
        Tails::fit_bytes(input.features)
    }

    fn vote_threshold(&self, sorted: &[f64]) -> f64 {
        contamination_threshold(sorted, self.contamination)
    }
}

impl FittedDetector for Ecod {
    /// Sum over the columns of the largest of the left tail, the right tail and the one that the skewness of the column
    /// makes the longer, each as the negative logarithm of a share of the rows; 0 to features × 2 ln(rows).
    fn decision_function(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let x = input.features;
        check_width(x, self.tails.n_features(), KIND)?;
        cx.progress().start("ECOD: score", x.n_rows() as u64);
        self.tails.sum(x, score, cx)
    }
}

impl Decompose for Ecod {
    /// Per column the largest of the three tails, 0 to 2 ln(rows): PyOD's `O`.
    fn parts(&self, x: &Matrix, _own: Option<&[u32]>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        check_width(x, self.tails.n_features(), KIND)?;
        cx.progress().start("ECOD: parts", x.n_rows() as u64);
        self.tails.parts(x, score, cx)
    }
}

impl Ecod {
    /// Sorts the columns of `x`.
    ///
    /// # Errors
    /// When cancelled, without rows, or where a value is not finite.
    pub fn fit(x: &Matrix, cx: &Cx) -> Result<Self, DetectError> {
        check_training_rows(x, KIND)?;
        cx.progress().start("ECOD: fit", x.n_features() as u64);
        Ok(Self { tails: Tails::fit(x, score, cx)? })
    }
}

fn score(tail: Tail) -> f64 {
    tail.left.max(tail.right).max(tail.skewed)
}

#[cfg(test)]
mod tests {
    use super::*;

    // numpy.random.default_rng(1), rounded: a column with a tail right, one with a tail left, a constant, a symmetric one.
    const X: [f64; 48] = [
        1.1, -1.7, 2.5, -1.89, 0.3, -0.2, 2.5, -0.17, 5.4, -0.8, 2.5, -0.42, 0.4, -0.1, 2.5, 0.21, 0.1, -0.9, 2.5,
        0.22, 1.8, -0.5, 2.5, 2.12, 0.5, -0.7, 2.5, -1.11, 0.6, -2.6, 2.5, -0.38, 0.0, -1.1, 2.5, 2.04, 0.8, -0.9, 2.5,
        0.65, 1.0, -2.8, 2.5, 0.66, 0.2, -2.0, 2.5, -0.51,
    ];

    fn assert_close(ours: &[f64], theirs: &[f64]) {
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!((ours - theirs).abs() < 1e-12, "{ours} {theirs}");
        }
    }

    #[test]
    fn scores_are_those_of_pyod() {
        let (x, cx) = (Matrix::unnamed(4, X.to_vec()).unwrap(), Cx::default());
        let fitted = Ecod::fit(&x, &cx).unwrap();
        let ours = fitted.decision_function(Input::from(&x), &cx).unwrap();
        // pyod.models.ecod.ECOD().fit(X).decision_scores_
        let theirs = [
            4.969813299576001,
            3.58351893845611,
            4.45898767581001,
            4.053522567701846,
            3.206224707314642,
            5.662960480135945,
            3.58351893845611,
            3.3603753871419,
            5.152134856369955,
            2.5130775267546968,
            4.969813299576001,
            4.1588830833596715,
        ];
        assert_close(&ours, &theirs);
        // Beyond both ends of three columns, and another value than the constant, where either tail is that of one row.
        let far = fitted.decision_function(Input::from(&Matrix::unnamed(4, vec![9.0, -9.0, 7.0, -9.0]).unwrap()), &cx);
        assert_close(&far.unwrap(), &[4.0 * 12.0_f64.ln()]);
    }

    #[test]
    fn parts_are_those_of_pyod() {
        let (x, cx) = (Matrix::unnamed(4, X.to_vec()).unwrap(), Cx::default());
        let fitted = Ecod::fit(&x, &cx).unwrap();
        let parts = fitted.parts(&x, None, &cx).unwrap();
        // m = pyod.models.ecod.ECOD().fit(X); m.O[:3]
        let theirs = [
            [1.3862943611198906, 1.0986122886681098, 0.0, 2.4849066497880004],
            [1.0986122886681098, 1.791759469228055, 0.0, 0.6931471805599454],
            [2.4849066497880004, 0.8754687373539001, 0.0, 1.0986122886681098],
        ];
        assert_close(&parts[..12], theirs.as_flattened());
        let sums: Vec<f64> = parts.chunks(4).map(|parts| parts.iter().sum()).collect();
        assert_close(&sums, &fitted.decision_function(Input::from(&x), &cx).unwrap());
        assert!(fitted.parts(&x.select(&[]), None, &cx).unwrap().is_empty());
        assert!(fitted.parts(&Matrix::unnamed(3, X.to_vec()).unwrap(), None, &cx).is_err());
    }

    #[test]
    fn one_row_scores_0_and_the_model_is_saved_whole() {
        let (x, cx) = (Matrix::unnamed(4, X[..4].to_vec()).unwrap(), Cx::default());
        let fitted = Ecod::fit(&x, &cx).unwrap();
        assert_eq!(fitted.decision_function(Input::from(&x), &cx).unwrap(), [0.0]);
        let fitted = Ecod::fit(&Matrix::unnamed(3, X.to_vec()).unwrap(), &cx).unwrap();
        let saved: Ecod = ron::from_str(&ron::to_string(&fitted).unwrap()).unwrap();
        assert_eq!(saved, fitted);
    }
}
