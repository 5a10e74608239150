//! How well scores agree with labels.

/// Metrics of one score column against the labels.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Metrics {
    /// Chance that an anomaly scores above a normal row. 0 to 1, 0.5 is guessing.
    pub roc_auc: f64,
    /// Mean precision over the anomalies found, from the highest score down. 0 to 1, the share of anomalies is guessing.
    pub average_precision: f64,
}

impl Metrics {
    /// Metrics of `scores` (higher = more abnormal). `None` unless both kinds of rows exist and lengths agree.
    pub fn of(labels: &[bool], scores: &[f64]) -> Option<Self> {
        let groups = tied_groups(labels, scores)?;
        Some(Self { roc_auc: roc_auc(&groups), average_precision: average_precision(&groups) })
    }
}

/// Counts of anomalies and normal rows with one score, from the highest score down.
struct Tied {
    anomalies: f64,
    normals: f64,
}

fn tied_groups(labels: &[bool], scores: &[f64]) -> Option<Vec<Tied>> {
    let n_anomalies = labels.iter().filter(|&&label| label).count();
    if labels.len() != scores.len() || n_anomalies == 0 || n_anomalies == labels.len() {
        return None;
    }
    let mut rows: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let groups = rows.chunk_by(|a, b| a.0 == b.0).map(|group| {
        let anomalies = group.iter().filter(|(_, label)| *label).count();
        Tied { anomalies: anomalies as f64, normals: (group.len() - anomalies) as f64 }
    });
    Some(groups.collect())
}

/// Area under the ROC curve by the trapezoid rule, which halves ties (scikit-learn's `roc_auc_score`).
fn roc_auc(groups: &[Tied]) -> f64 {
    let (mut found, mut area, mut normals) = (0.0, 0.0, 0.0);
    for group in groups {
        area += group.normals * (found + 0.5 * group.anomalies);
        found += group.anomalies;
        normals += group.normals;
    }
    area / (found * normals)
}

/// Sum over thresholds of precision times the recall gained there (scikit-learn's `average_precision_score`).
fn average_precision(groups: &[Tied]) -> f64 {
    let n_anomalies: f64 = groups.iter().map(|group| group.anomalies).sum();
    let (mut found, mut seen, mut sum) = (0.0, 0.0, 0.0);
    for group in groups {
        found += group.anomalies;
        seen += group.anomalies + group.normals;
        sum += group.anomalies / n_anomalies * (found / seen);
    }
    sum
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
    }
}
