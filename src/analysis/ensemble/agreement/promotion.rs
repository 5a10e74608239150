//! Diversity promotion: members that say the same share their weight.

use serde::{Deserialize, Serialize};

use super::{AgreementError, AgreementMatrix};
use crate::recipe::DiversityMetric;

/// Weights after diversity promotion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Promoted {
    /// One weight per member, at least 0, with the sum of the weights given.
    pub weights: Vec<f64>,
    /// What a member kept of its weight because of the others, before all were scaled to the old sum: 1 = all, above 0.
    pub kept: Vec<f64>,
}

/// Lowers the weights of members that say the same as others.
///
/// Two members whose diversity is `threshold` or more are diverse enough and do not count as alike; below it their
/// likeness rises in a straight line to 1 at diversity 0: `s = max(0, 1 - diversity / threshold)`. A member keeps its own
/// share of the weight of all that say the same: `kept_i = w_i / sum_j s_ij w_j`, with `s_ii = 1`. So
///
/// - k identical members of equal weight together weigh as much as one;
/// - of two alike, the heavier keeps more: identical members of weights 3 and 1 become 2.25 and 0.25;
/// - members that are diverse enough keep all, and if all are, the weights stay as they are.
///
/// At the end the weights are scaled to their old sum. The pair counts, not the mean over all others: a copy of one member
/// in a diverse ensemble has a high mean diversity and is still worth nothing. A threshold of 0 lowers exact copies only.
///
/// # Errors
/// [`AgreementError`]: not one weight per member, or a weight that is negative or not finite.
pub fn promote_diversity(
    matrix: &AgreementMatrix,
    weights: &[f64],
    metrics: &[DiversityMetric],
    threshold: f64,
) -> Result<Promoted, AgreementError> {
    if weights.len() != matrix.n_members {
        let expected = matrix.n_members;
        return Err(AgreementError::Lengths { what: "weights", expected, found: weights.len() });
    }
    if let Some(member) = weights.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
        return Err(AgreementError::Weight { member });
    }
    let largest = weights.iter().copied().fold(0.0, f64::max);
    if largest <= 0.0 {
        return Ok(Promoted { weights: weights.to_vec(), kept: vec![1.0; weights.len()] });
    }
    let likeness = |a: usize, b: usize| match matrix.diversity(a, b, metrics) {
        Some(diversity) if diversity < threshold => 1.0 - diversity.max(0.0) / threshold,
        Some(diversity) if diversity <= 0.0 => 1.0,
        _ => 0.0,
    };
    // In units of the largest weight: no sum overflows.
    let units: Vec<f64> = weights.iter().map(|weight| weight / largest).collect();
    let kept_by = |(member, unit): (usize, &f64)| {
        let others = units.iter().enumerate().filter(|(other, _)| *other != member);
        let alike = others.map(|(other, unit)| likeness(member, other) * unit).sum::<f64>();
        // A member without weight has none to lose.
        if *unit > 0.0 { unit / (unit + alike) } else { 1.0 }
    };
    let kept: Vec<f64> = units.iter().enumerate().map(kept_by).collect();
    if kept.iter().all(|kept| *kept == 1.0) {
        return Ok(Promoted { weights: weights.to_vec(), kept });
    }
    let lowered: f64 = units.iter().zip(&kept).map(|(unit, kept)| unit * kept).sum();
    let scale = units.iter().sum::<f64>() / lowered;
    let weights = weights.iter().zip(&kept).map(|(weight, kept)| (weight * kept * scale).min(f64::MAX)).collect();
    Ok(Promoted { weights, kept })
}
