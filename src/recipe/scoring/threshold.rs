//! Where the threshold between normal and anomalous lies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the threshold between normal and anomalous lies on a column of scores.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdMethod {
    /// The share `contamination` of the rows lies above.
    #[default]
    Contamination,
    /// This percentile of the scores. Range 50 to 100.
    Percentile(#[schemars(range(min = 50.0, max = 100.0))] f64),
    /// q75 + this factor times (q75 - q25), Tukey's fence. Range 0 to 100.
    Iqr(#[schemars(range(min = 0.0, max = 100.0))] f64),
    /// The mean plus this many standard deviations. Range 0 to 100.
    Gaussian(#[schemars(range(min = 0.0, max = 100.0))] f64),
    /// As low as this number of alerts per day of data allows (per 1000 rows where there is no time column). Taken from
    /// the combined score, whatever `threshold_aggregation` says. Above 0, at most 100000.
    AlertRate(#[schemars(range(max = 100000.0), extend("exclusiveMinimum" = 0.0))] f64),
}

/// Whose scores the threshold is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdAggregation {
    /// The combined score of all rows: with contamination exactly that share of the rows is anomalous.
    Combined,
    /// The mean of the detectors' thresholds, each taken from its normalised scores of the training rows. Where several
    /// must agree, fewer rows than the contamination are anomalous. Stacking always uses the combined score.
    #[default]
    Mean,
    /// The median of the detectors' thresholds.
    Median,
    /// The highest of the detectors' thresholds: few alerts.
    Max,
    /// The lowest of the detectors' thresholds: many alerts.
    Min,
}
