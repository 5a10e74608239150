//! Settings of the Mahalanobis distance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::votes_by_contamination;

/// Mahalanobis distance of a row from the mean of the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MahalanobisConfig {
    /// Use this detector.
    pub enabled: bool,
    /// How mean and covariance are estimated.
    pub covariance: Covariance,
    /// Rows that a minimum covariance determinant is first searched among. Only for that covariance.
    pub support_fraction: SupportFraction,
    /// Share of rows this detector votes abnormal, for "fired" in alerts. Above 0, at most 0.5.
    #[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0.0))]
    pub contamination: f64,
}

impl Default for MahalanobisConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            covariance: Covariance::default(),
            support_fraction: SupportFraction::default(),
            contamination: 0.1,
        }
    }
}

votes_by_contamination!(MahalanobisConfig);

/// How mean and covariance are estimated.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Covariance {
    /// From all rows, dividing by their number, as scikit-learn's `EmpiricalCovariance`.
    #[default]
    Empirical,
    /// From the rows that lie closest together, so that abnormal rows do not count: the minimum covariance determinant
    /// by FastMCD (Rousseeuw, Van Driessen 1999), as scikit-learn's `MinCovDet`.
    MinimumCovarianceDeterminant,
}

/// Rows that the minimum covariance determinant is first searched among.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupportFraction {
    /// As few as can be: half of (rows + features + 1).
    #[default]
    Auto,
    /// This share of the rows. Above 0, at most 1; below one half other groups of rows may be found.
    Share(#[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))] f64),
}
