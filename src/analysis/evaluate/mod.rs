//! How good scores and alarms are: against labels, and without any.
//!
//! With labels, [`Ranked`] orders the rows once; from it come the curves, the areas under them, the best threshold and
//! what the first k rows hold. [`Confusion`] judges alarms at one threshold. [`bootstrap`] says how sure these numbers
//! are, [`folds`] splits rows so that a detector is never judged on rows it has learned from.
//!
//! For time series, [`series`] judges whole events and forgives what is nearly right: VUS, events, ranges, NAB.
//!
//! Without labels, [`level_sets`] asks how tightly low scores enclose the data, and [`agreement`] whether several runs
//! or detectors say the same.
//!
//! Scores are finite and higher means more abnormal; a label is `true` for an anomaly. 0 and -0 are the same score.

pub mod agreement;
mod areas;
pub mod bootstrap;
mod confusion;
mod curves;
mod error;
pub mod folds;
pub mod level_sets;
mod metrics;
mod ranked;
pub mod series;
mod thin;

pub use self::confusion::Confusion;
pub use self::curves::{PrecisionRecallCurve, RocCurve};
pub use self::error::EvaluateError;
pub use self::metrics::Metrics;
pub use self::ranked::{BestF1, Ranked};
pub use self::thin::thinned;

#[cfg(test)]
mod tests;
