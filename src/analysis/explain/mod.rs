//! Explanations: which inputs make a score what it is.

pub mod batch;
mod chain;
pub mod counterfactual;
pub mod global;
pub mod importance;
pub mod kernel_shap;
pub mod lime;
pub mod shapley;
pub mod tree_shap;

use serde::{Deserialize, Serialize};

pub use self::chain::propagate;

/// How much each player (a feature, a column, a detector) moves a value away from a base: `base` plus the sum of the
/// contributions is `value`, to rounding where exact.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Attribution {
    /// The value where nothing is known of the players.
    pub base: f64,
    /// The value explained.
    pub value: f64,
    /// One per player; above 0: raises the value.
    pub contributions: Vec<f64>,
    /// Standard error of each contribution; empty where they are exact.
    pub standard_errors: Vec<f64>,
}
