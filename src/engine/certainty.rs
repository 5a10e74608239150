//! How sure a result is: the probability that each row is an anomaly, and the confidence in its score.

use std::sync::Arc;

use super::snapshot::Snapshot;
use crate::analysis::detect::NearestRows;
use crate::analysis::ensemble::calibrate::{
    Calibration, CalibrationError, GaussianUnification, Isotonic, OutlierMixture, Platt,
};
use crate::analysis::ensemble::confidence::{
    Confidence, ConfidenceError, DropoutPasses, MemberColumn, NeighbourDistances, Neighbours, UsualErrors,
};
use crate::cx::{Cancelled, Cx};
use crate::recipe::{CalibrationConfig, CalibrationMethod, ConfidenceMethod};

/// Rows that a calibration is learned from, at most, at even steps: more change nothing that can be seen.
const MOST_CALIBRATION_ROWS: usize = 100_000;

/// How sure a result is, per row.
#[derive(Debug, Clone, Default)]
pub struct Certainty {
    /// How scores became probabilities; `None`: switched off, or nothing to learn from.
    pub calibration: Option<Calibration>,
    /// Probability that the row is an anomaly, 0 to 1.
    pub probability: Option<Vec<f64>>,
    /// Confidence in the score; `None`: switched off, or nothing to judge by.
    pub confidence: Option<Confidence>,
}

/// What was found beside the scores to judge them by. Needs no other settings of the ensemble.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The rows with the most similar features.
    pub nearest: Option<Arc<NearestRows>>,
    /// The autoencoder under dropout.
    pub dropout: Option<Dropout>,
}

/// The reconstruction error of every row over passes with dropout. Rows without passes count as certain.
#[derive(Debug, Clone)]
pub struct Dropout {
    pub(super) mean: Arc<Vec<f64>>,
    pub(super) std: Arc<Vec<f64>>,
}

impl Certainty {
    /// How sure a result is.
    ///
    /// # Errors
    /// When cancelled.
    pub(super) fn of(snapshot: &Snapshot, cx: &Cx) -> Result<Self, Cancelled> {
        let config = &snapshot.recipe.ensemble;
        let score = &snapshot.combined.score;
        let calibration = if config.calibration.enabled {
            calibration(score, snapshot.table.label(), &config.calibration, cx)?
        } else {
            None
        };
        let probability = calibration.as_ref().map(|calibration| calibration.probabilities(score, cx)).transpose()?;
        let confidence = if config.confidence.enabled { confidence(snapshot, cx)? } else { None };
        Ok(Self { calibration, probability, confidence })
    }
}

/// Learns probabilities from the labels, where the method wants them and there are both kinds, else without.
fn calibration(
    score: &[f64],
    labels: Option<&[bool]>,
    config: &CalibrationConfig,
    cx: &Cx,
) -> Result<Option<Calibration>, Cancelled> {
    let step = score.len().div_ceil(MOST_CALIBRATION_ROWS).max(1);
    let scores: Vec<f64> = score.iter().step_by(step).copied().collect();
    let labels: Option<Vec<bool>> = labels.map(|labels| labels.iter().step_by(step).copied().collect());
    let learned = match (config.method, &labels) {
        (CalibrationMethod::PlattScaling, Some(labels)) => {
            Platt::fit(&scores, labels, None, cx).map(Calibration::Platt)
        }
        (CalibrationMethod::IsotonicRegression, Some(labels)) => {
            Isotonic::fit(&scores, labels, None, cx).map(Calibration::Isotonic)
        }
        (CalibrationMethod::GaussianUnification, _) => {
            GaussianUnification::fit(&scores).map(Calibration::GaussianUnification)
        }
        _ => OutlierMixture::fit(&scores, cx).map(Calibration::OutlierMixture),
    };
    match learned {
        Ok(calibration) => Ok(Some(calibration)),
        Err(CalibrationError::Cancelled) => Err(Cancelled),
        Err(CalibrationError::OneClass { .. }) => match OutlierMixture::fit(&scores, cx) {
            Err(CalibrationError::Cancelled) => Err(Cancelled),
            mixture => Ok(mixture.ok().map(Calibration::OutlierMixture)),
        },
        // No rows: nothing to be sure of.
        Err(_) => Ok(None),
    }
}

fn confidence(snapshot: &Snapshot, cx: &Cx) -> Result<Option<Confidence>, Cancelled> {
    let config = &snapshot.recipe.ensemble.confidence;
    let wants = |method| config.methods.contains(&method);
    let mut columns = Vec::new();
    if wants(ConfidenceMethod::EnsembleVariance) {
        for (scores, member) in snapshot.scores.iter().zip(&snapshot.combined.members) {
            let Ok(unified) = GaussianUnification::fit(&scores.raw) else { continue };
            columns.push((member.weight, unified.probabilities(&scores.raw, cx)?));
        }
    }
    let members: Vec<MemberColumn<'_>> =
        columns.iter().map(|(weight, probabilities)| MemberColumn { weight: *weight, probabilities }).collect();
    let dropout = snapshot.evidence.dropout.as_ref().filter(|_| wants(ConfidenceMethod::ModelUncertainty));
    let usual = dropout.map(|dropout| UsualErrors::fit(&dropout.mean));
    let passes = dropout.zip(usual.as_ref()).map(|(dropout, usual)| DropoutPasses {
        mean: &dropout.mean,
        std: &dropout.std,
        usual,
    });
    let nearest = snapshot.evidence.nearest.as_deref().filter(|_| wants(ConfidenceMethod::NeighborhoodSimilarity));
    let neighbours = nearest.map(|nearest| Neighbours {
        scores: &snapshot.combined.score,
        indices: &nearest.rows,
        k: nearest.k,
        distances: Some(NeighbourDistances { values: &nearest.distances, usual: nearest.usual }),
    });
    match Confidence::new(snapshot.combined.score.len(), &members, passes, neighbours, cx) {
        Ok(confidence) => Ok(Some(confidence)),
        Err(ConfidenceError::Cancelled) => Err(Cancelled),
        // One detector and no neighbours: nothing to judge by.
        Err(_) => Ok(None),
    }
}
