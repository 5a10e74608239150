//! How scores are explained.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How scores are explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExplanationConfig {
    /// Explain scores. Off: alerts only tell which features deviate, and rows cannot be asked about.
    pub enable_explainability: bool,
    /// Ways of explaining that may be asked for.
    pub explainability_methods: Vec<ExplainabilityMethod>,
    /// Explain the alerts of a run without being asked, the worst first.
    pub enable_automated_explanations: bool,
    /// Alerts of a run that are explained without being asked. Range 0 to 100000.
    #[schemars(range(min = 0, max = 100_000))]
    pub max_alerts: u32,
    /// Seconds for which an explanation is kept for the next time it is asked for. Range 0 to 31536000; 0: never.
    #[schemars(range(min = 0, max = 31_536_000))]
    pub explanation_cache_ttl: u32,
    /// Which rows a row is held against.
    pub background: Background,
    /// Rows it is held against, at even steps of those. Range 1 to 10000; the time of sampled explanations grows with it.
    #[schemars(range(min = 1, max = 10_000))]
    pub background_rows: u32,
    /// KernelSHAP looks at every coalition of fewer features than this, and at a sample of more. Range 1 to 16.
    #[schemars(range(min = 1, max = 16))]
    pub exact_below: u32,
    /// Coalitions that KernelSHAP samples. Range 16 to 1000000; the error falls with the root of it.
    #[schemars(range(min = 16, max = 1_000_000))]
    pub n_samples: u32,
    /// Rows around the row that the local model of LIME is fitted to. Range 50 to 1000000.
    #[schemars(range(min = 50, max = 1_000_000))]
    pub lime_samples: u32,
    /// Times that each column is shuffled for its permutation importance. Range 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub importance_repeats: u32,
    /// Rows that permutation importance is measured on, at even steps of all. Range 10 to 1000000.
    #[schemars(range(min = 10, max = 1_000_000))]
    pub importance_rows: u32,
}

impl Default for ExplanationConfig {
    fn default() -> Self {
        Self {
            enable_explainability: true,
            explainability_methods: ExplainabilityMethod::ALL.to_vec(),
            enable_automated_explanations: true,
            max_alerts: 1000,
            explanation_cache_ttl: 86_400,
            background: Background::Normal,
            background_rows: 32,
            exact_below: 12,
            n_samples: 2048,
            lime_samples: 5000,
            importance_repeats: 5,
            importance_rows: 1000,
        }
    }
}

/// A way of explaining.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExplainabilityMethod {
    /// Shapley values, and the exact parts of scores that are sums (Lundberg, Lee 2017).
    Shap,
    /// A linear model of the score around one row (Ribeiro, Singh, Guestrin 2016).
    Lime,
    /// How much each column matters to the scores of the whole run.
    FeatureImportance,
}

impl ExplainabilityMethod {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Shap, Self::Lime, Self::FeatureImportance];

    /// Name in recipes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shap => "shap",
            Self::Lime => "lime",
            Self::FeatureImportance => "feature_importance",
        }
    }
}

/// Which rows a row is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Background {
    /// Rows learned from that are not anomalous: what makes the row differ from what is normal?
    #[default]
    Normal,
    /// All rows learned from: what makes the row differ from the average?
    Training,
}
