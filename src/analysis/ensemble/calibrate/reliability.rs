//! How well probabilities match what happened: reliability diagram, Brier score, calibration error, log loss.

use serde::{Deserialize, Serialize};

use super::CalibrationError;

/// How well probabilities match the labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// The bins that hold rows, by rising probability. Well calibrated probabilities equal the share of anomalies.
    pub bins: Vec<ReliabilityBin>,
    /// Mean squared difference of probability and label (Brier 1950), 0 to 1, lower is better; sklearn
    /// `brier_score_loss`.
    pub brier_score: f64,
    /// Mean over rows of the difference between probability and share of anomalies in the bin, 0 to 1 (Naeini, Cooper,
    /// Hauskrecht 2015).
    pub expected_calibration_error: f64,
    /// Mean of `-ln` of the probability of what happened, at least 0; probabilities are held `f64::EPSILON` away from 0
    /// and 1, as in sklearn `log_loss`.
    pub log_loss: f64,
}

/// The rows whose probability lies in one stretch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Lower and upper end; a row on an edge counts to the bin below it.
    pub edges: (f64, f64),
    /// Number of rows.
    pub n_rows: u64,
    /// Mean of their probabilities.
    pub mean_probability: f64,
    /// Share of anomalies among them, 0 to 1.
    pub anomaly_share: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    rows: u64,
    anomalies: u64,
    probability: f64,
}

/// Compares probabilities, 0 to 1, with labels, over `n_bins` (at least 1) equally wide bins.
///
/// The bins are those of sklearn `calibration_curve(strategy="uniform")`.
///
/// # Errors
/// [`CalibrationError`]: no rows, lengths that differ, a probability outside 0 to 1.
pub fn reliability(probabilities: &[f64], labels: &[bool], n_bins: u32) -> Result<Reliability, CalibrationError> {
    let n = probabilities.len();
    if n == 0 {
        return Err(CalibrationError::NoRows);
    }
    if labels.len() != n {
        return Err(CalibrationError::Lengths { what: "labels", expected: n, found: labels.len() });
    }
    let n_bins = n_bins.max(1);
    let edge = |bin: usize| bin as f64 / f64::from(n_bins);
    let mut counts = vec![Count::default(); n_bins as usize];
    let (mut squares, mut log_loss) = (0.0, 0.0);
    for (row, (&probability, &label)) in probabilities.iter().zip(labels).enumerate() {
        if !(0.0..=1.0).contains(&probability) {
            return Err(CalibrationError::NotAProbability { row });
        }
        let of_truth = if label { probability } else { 1.0 - probability };
        squares += (1.0 - of_truth) * (1.0 - of_truth);
        log_loss -= of_truth.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
        // Rounding of the product can be one bin off.
        let mut bin = ((probability * f64::from(n_bins)) as usize).min(counts.len() - 1);
        if probability <= edge(bin) {
            bin = bin.saturating_sub(1);
        } else if probability > edge(bin + 1) {
            bin += 1;
        }
        if let Some(count) = counts.get_mut(bin) {
            count.rows += 1;
            count.anomalies += u64::from(label);
            count.probability += probability;
        }
    }
    let bins: Vec<ReliabilityBin> = counts
        .iter()
        .enumerate()
        .filter(|(_, count)| count.rows > 0)
        .map(|(bin, count)| ReliabilityBin {
            edges: (edge(bin), edge(bin + 1)),
            n_rows: count.rows,
            mean_probability: count.probability / count.rows as f64,
            anomaly_share: count.anomalies as f64 / count.rows as f64,
        })
        .collect();
    let n = n as f64;
    let gaps = bins.iter().map(|bin| bin.n_rows as f64 * (bin.mean_probability - bin.anomaly_share).abs());
    let expected_calibration_error = gaps.sum::<f64>() / n;
    Ok(Reliability { bins, brier_score: squares / n, expected_calibration_error, log_loss: log_loss / n })
}
