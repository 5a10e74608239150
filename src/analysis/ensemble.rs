//! From the raw scores of the detectors to one score, a threshold and a severity per row. Cheap: never refits.

use std::sync::Arc;

use super::detect::vote_threshold;
use super::rules::RuleHits;
use super::severity::Severity;
use super::stats::{mean_std, min_max, quantiles};
use crate::recipe::{DetectorKind, Detectors, EnsembleConfig, Normalization, SeverityConfig};

/// Combined score at the threshold between normal and anomalous.
pub const THRESHOLD_SCORE: f64 = 0.3;

/// Raw scores of one detector, one per row of the table.
#[derive(Debug, Clone)]
pub struct DetectorScores {
    /// Which detector.
    pub kind: DetectorKind,
    /// Its `decision_function`, higher = more abnormal.
    pub raw: Arc<Vec<f64>>,
}

/// What a detector says about a row, in comparable terms.
#[derive(Debug, Clone)]
pub struct Member {
    /// Which detector.
    pub kind: DetectorKind,
    /// Its share of the weighted average, 0 to 1.
    pub weight: f64,
    /// Raw score above which it votes abnormal.
    pub vote_threshold: f64,
    normalizer: Normalizer,
}

impl Member {
    /// A raw score of this detector in comparable terms.
    pub fn normalized(&self, raw: f64) -> f64 {
        self.normalizer.apply(raw)
    }
}

/// The combined result, one value per row of the table.
#[derive(Debug, Clone)]
pub struct Combined {
    /// Combined score, 0 to 1; [`THRESHOLD_SCORE`] lies at the threshold.
    pub score: Vec<f64>,
    /// Whether the row is anomalous.
    pub is_anomaly: Vec<bool>,
    /// Severity of the anomalous rows.
    pub severity: Vec<Option<Severity>>,
    /// The detectors, in the order of the score columns.
    pub members: Vec<Member>,
}

/// Combines the scores of the detectors: normalises each, averages them by weight, puts the threshold at the
/// `1 - contamination` quantile of the average, and maps the average to 0..1 around it (see [`ScoreScale`]). A row for
/// which a rule fires is anomalous, and its score at least where the severity of the rule begins.
pub fn combine(
    scores: &[DetectorScores],
    rules: &[RuleHits],
    detectors: &Detectors,
    ensemble: &EnsembleConfig,
    severity: &SeverityConfig,
) -> Combined {
    let total: f64 = scores.iter().map(|s| ensemble.model_weights.get(s.kind)).sum();
    let members: Vec<Member> = scores
        .iter()
        .map(|s| Member {
            kind: s.kind,
            // Without any weight (all zero) the members count alike; a checked recipe has one.
            weight: if total > 0.0 { ensemble.model_weights.get(s.kind) / total } else { 1.0 / scores.len() as f64 },
            vote_threshold: vote_threshold(s.kind, detectors, &s.raw),
            normalizer: Normalizer::fit(&s.raw, ensemble.normalization),
        })
        .collect();

    let n_rows = scores.first().map_or(0, |s| s.raw.len());
    let mut average = vec![0.0; n_rows];
    for (scores, member) in scores.iter().zip(&members) {
        for (sum, &raw) in average.iter_mut().zip(scores.raw.iter()) {
            *sum += member.weight * member.normalized(raw);
        }
    }
    let scale = ScoreScale::fit(&average, ensemble.contamination);
    let mut is_anomaly: Vec<bool> = average.iter().map(|&value| value > scale.threshold).collect();
    let mut score: Vec<f64> = average.into_iter().map(|value| scale.score(value)).collect();
    for rule in rules {
        let least = rule.severity.least_score(severity).max(THRESHOLD_SCORE.next_up());
        for &row in &rule.rows {
            if let (Some(is_anomaly), Some(score)) = (is_anomaly.get_mut(row as usize), score.get_mut(row as usize)) {
                *is_anomaly = true;
                *score = score.max(least);
            }
        }
    }
    let levels = score.iter().zip(&is_anomaly);
    let severity = levels.map(|(&score, &is)| is.then(|| Severity::of_anomaly(score, severity))).collect();
    Combined { score, is_anomaly, severity, members }
}

/// Makes the scores of one detector comparable to those of the others.
#[derive(Debug, Clone)]
enum Normalizer {
    /// (s - center) / scale
    Linear { center: f64, scale: f64 },
    /// Share of these (sorted) scores below s, ties halved.
    Rank(Vec<f64>),
}

impl Normalizer {
    fn fit(scores: &[f64], method: Normalization) -> Self {
        let linear = |center: f64, scale: f64| Self::Linear { center, scale: if scale > 0.0 { scale } else { 1.0 } };
        match method {
            Normalization::ZScore => {
                let (mean, std) = mean_std(scores);
                linear(mean, std)
            }
            Normalization::Minmax => {
                let (min, max) = min_max(scores);
                linear(min, max - min)
            }
            Normalization::Robust => {
                let [q25, median, q75] = quantiles(scores, [0.25, 0.5, 0.75]);
                linear(median, q75 - q25)
            }
            Normalization::Rank => {
                let mut sorted = scores.to_vec();
                sorted.sort_unstable_by(f64::total_cmp);
                Self::Rank(sorted)
            }
        }
    }

    fn apply(&self, raw: f64) -> f64 {
        match self {
            Self::Linear { center, scale } => (raw - center) / scale,
            Self::Rank(sorted) => {
                let below = sorted.partition_point(|&s| s < raw);
                let up_to = sorted.partition_point(|&s| s <= raw);
                (below + up_to) as f64 / (2 * sorted.len().max(1)) as f64
            }
        }
    }
}

/// Maps the weighted average to a score from 0 to 1 whose meaning does not depend on the data: [`THRESHOLD_SCORE`]
/// is the threshold, and above it the score grows with the excess over the threshold, measured in distances from the
/// median to the threshold: `0.3 + 0.7 (1 - (1 + u/2)^-2)`. An average twice as far from the median as the threshold
/// (u = 1) gets 0.69, one five times as far (u = 4) gets 0.92. Strictly increasing, so that no order is lost.
struct ScoreScale {
    lowest: f64,
    threshold: f64,
    unit: f64,
}

impl ScoreScale {
    fn fit(average: &[f64], contamination: f64) -> Self {
        let (lowest, highest) = min_max(average);
        let [median, threshold] = quantiles(average, [0.5, 1.0 - contamination]);
        // Where half the rows share one score the distance is nothing, and the whole range takes its place.
        let unit = [threshold - median, threshold - lowest, highest - lowest].into_iter().find(|&u| u > 0.0);
        Self { lowest, threshold, unit: unit.unwrap_or(1.0) }
    }

    fn score(&self, value: f64) -> f64 {
        if value > self.threshold {
            let excess = (value - self.threshold) / self.unit;
            THRESHOLD_SCORE + (1.0 - THRESHOLD_SCORE) * (1.0 - (1.0 + excess / 2.0).powi(-2))
        } else if self.threshold > self.lowest {
            THRESHOLD_SCORE * (value - self.lowest) / (self.threshold - self.lowest)
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: DetectorKind, raw: Vec<f64>) -> DetectorScores {
        DetectorScores { kind, raw: Arc::new(raw) }
    }

    fn combined(scores: &[DetectorScores], ensemble: &EnsembleConfig) -> Combined {
        combine(scores, &[], &Detectors::default(), ensemble, &SeverityConfig::default())
    }

    #[test]
    fn weights_count_by_their_ratio_and_contamination_sets_the_share() {
        let up: Vec<f64> = (0..100).map(f64::from).collect();
        let down: Vec<f64> = up.iter().rev().copied().collect();
        let scores = [column(DetectorKind::IsolationForest, up), column(DetectorKind::LocalOutlierFactor, down)];
        let mut ensemble = EnsembleConfig { contamination: 0.05, ..EnsembleConfig::default() };
        let result = combined(&scores, &ensemble);
        // 0.3 against 0.2: the forest wins, so the last rows are anomalous.
        assert!((result.members[0].weight - 0.6).abs() < 1e-12);
        let anomalous: Vec<usize> = (0..100).filter(|&i| result.is_anomaly[i]).collect();
        assert_eq!(anomalous, [95, 96, 97, 98, 99]);
        ensemble.model_weights.isolation_forest = 0.0;
        assert!(combined(&scores, &ensemble).is_anomaly[0]);
    }

    #[test]
    fn score_keeps_the_order_and_says_where_the_threshold_is() {
        let raw: Vec<f64> = (0..1000).map(|i| (f64::from(i) / 100.0).exp()).collect();
        for normalization in [Normalization::ZScore, Normalization::Minmax, Normalization::Robust, Normalization::Rank]
        {
            let ensemble = EnsembleConfig { normalization, ..EnsembleConfig::default() };
            let result = combined(&[column(DetectorKind::IsolationForest, raw.clone())], &ensemble);
            assert!(result.score.is_sorted_by(|a, b| a < b));
            assert!(result.score.iter().all(|s| (0.0..=1.0).contains(s)));
            assert!(result.score.iter().zip(&result.is_anomaly).all(|(&s, &is)| is == (s > THRESHOLD_SCORE)));
            assert!(result.severity.iter().zip(&result.is_anomaly).all(|(s, &is)| s.is_some() == is));
        }
    }

    #[test]
    fn a_rule_raises_rows_to_its_severity_and_lowers_none() {
        let raw: Vec<f64> = (0..100).map(f64::from).collect();
        let scores = [column(DetectorKind::IsolationForest, raw)];
        let ensemble = EnsembleConfig { contamination: 0.05, ..EnsembleConfig::default() };
        let plain = combined(&scores, &ensemble);
        let hits = |severity, rows: &[u32]| RuleHits { name: String::new(), severity, rows: rows.to_vec() };
        let rules = [hits(Severity::High, &[3, 99]), hits(Severity::Low, &[7])];
        let ruled = combine(&scores, &rules, &Detectors::default(), &ensemble, &SeverityConfig::default());
        assert_eq!((ruled.severity[3], ruled.severity[7]), (Some(Severity::High), Some(Severity::Low)));
        assert!(ruled.score[7] > THRESHOLD_SCORE && ruled.score[99] >= plain.score[99]);
        let changed: Vec<usize> = (0..100).filter(|&i| plain.is_anomaly[i] != ruled.is_anomaly[i]).collect();
        assert_eq!(changed, [3, 7]);
    }

    #[test]
    fn equal_scores_are_not_anomalous() {
        for n in [0, 1, 50] {
            let result = combined(&[column(DetectorKind::IsolationForest, vec![0.5; n])], &EnsembleConfig::default());
            assert!(result.is_anomaly.iter().all(|is| !is) && result.score.iter().all(|&s| s == 0.0));
        }
    }
}
