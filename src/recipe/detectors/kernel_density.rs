//! Settings of the kernel density estimate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::votes_by_contamination;

/// Gaussian kernel density, as in scipy's `gaussian_kde`: the score is minus the logarithm of the density.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KernelDensityConfig {
    /// Use this detector.
    pub enabled: bool,
    /// Width of the kernel, as a factor on the spread of the training rows.
    pub bandwidth: Bandwidth,
    /// Share of rows this detector votes abnormal, for "fired" in alerts. Above 0, at most 0.5.
    #[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0.0))]
    pub contamination: f64,
    /// Most rows to fit on; above it a seeded sample of this size is used, which the run reports. 0: no limit.
    pub max_fit_rows: u64,
}

impl Default for KernelDensityConfig {
    fn default() -> Self {
        Self { enabled: false, bandwidth: Bandwidth::Silverman, contamination: 0.1, max_fit_rows: 20_000 }
    }
}

votes_by_contamination!(KernelDensityConfig);

/// Width of the kernel: its covariance is that of the n training rows (n - 1 in the denominator) times this squared.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bandwidth {
    /// n^(-1 / (d + 4)) for d features (Scott 1992).
    Scott,
    /// (n (d + 2) / 4)^(-1 / (d + 4)) for d features (Silverman 1986).
    #[default]
    Silverman,
    /// This number, above 0.
    Value(#[schemars(extend("exclusiveMinimum" = 0.0))] f64),
}
