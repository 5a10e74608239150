//! From detector scores to alerts: combination, threshold, severity and episodes. Nothing here needs a refit.

mod alerts;
mod confidence;
mod ensemble;
mod severity;
mod threshold;

pub use alerts::AlertsConfig;
pub use confidence::{CalibrationConfig, CalibrationMethod, ConfidenceConfig, ConfidenceMethod, Uncertainty};
pub use ensemble::{
    ContextConfig, DiversityConfig, DiversityMetric, DynamicWeighting, EnsembleConfig, Normalization, StackingConfig,
    VotingStrategy,
};
pub use severity::{
    AdjustmentScale, BusinessHours, ResponseMinutes, SeverityAdjustment, SeverityConfig, SeverityPriority,
};
pub use threshold::{ThresholdAggregation, ThresholdMethod};
