//! Settings of HBOS.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::votes_by_contamination;

/// Histogram-based outlier score. Names and meaning as in PyOD.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HbosConfig {
    /// Use this detector.
    pub enabled: bool,
    /// Bins of the histogram of each column.
    pub n_bins: HistogramBins,
    /// Added to every density, so that an empty bin has a logarithm. Above 0, at most 1.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub alpha: f64,
    /// How far outside the histogram a value may lie and still count to its last bin, in widths of that bin. Range 0 to
    /// 1. Values farther out count to the lowest bar.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub tol: f64,
    /// Share of rows this detector votes abnormal, for "fired" in alerts. Above 0, at most 0.5.
    #[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0.0))]
    pub contamination: f64,
}

impl Default for HbosConfig {
    fn default() -> Self {
        Self { enabled: false, n_bins: HistogramBins::Count(10), alpha: 0.1, tol: 0.5, contamination: 0.1 }
    }
}

votes_by_contamination!(HbosConfig);

/// Bins of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HistogramBins {
    /// As many per column as its values support (Birgé, Rozenholc 2006); fewer than the square root of the rows.
    Auto,
    /// This many, equally wide. Range 2 to 10000.
    Count(#[schemars(range(min = 2, max = 10_000))] u32),
}
