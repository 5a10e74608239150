//! The two numbers that judge a whole ranking, for any threshold that may be chosen later.

use super::ranked::Ranked;
use crate::cx::Cx;

/// Metrics of one score column against the labels.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Metrics {
    /// Chance that an anomaly scores above a normal row. 0 to 1, 0.5 is guessing.
    pub roc_auc: f64,
    /// Mean precision over the anomalies found, from the highest score down. 0 to 1, the share of anomalies is
    /// guessing.
    pub average_precision: f64,
}

impl Metrics {
    /// Metrics of `scores` (finite, higher = more abnormal). `None` unless both kinds of rows exist, lengths agree and
    /// all scores are finite.
    pub fn of(labels: &[bool], scores: &[f64]) -> Option<Self> {
        let ranked = Ranked::new(labels, scores, &Cx::default()).ok()?;
        Some(Self { roc_auc: ranked.roc_auc(), average_precision: ranked.average_precision() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_computed_case_with_a_tie() {
        let labels = [true, false, true, false, false];
        let scores = [0.9, 0.8, 0.5, 0.5, 0.1];
        let m = Metrics::of(&labels, &scores).unwrap();
        // First anomaly beats 3 normals; the second loses one, ties one, beats one: 4.5 of 6.
        assert!((m.roc_auc - 4.5 / 6.0).abs() < 1e-15);
        // Recall 1/2 at precision 1, then 1/2 at precision 2/4.
        assert!((m.average_precision - 0.75).abs() < 1e-15);
    }

    #[test]
    fn one_kind_of_row_has_no_metrics() {
        assert_eq!(Metrics::of(&[true, true], &[1.0, 2.0]), None);
        assert_eq!(Metrics::of(&[true, false], &[1.0]), None);
        assert_eq!(Metrics::of(&[true, false], &[1.0, f64::NAN]), None);
        assert_eq!(Metrics::of(&[], &[]), None);
    }
}
