//! The formulas of the kernels.

use serde::{Deserialize, Serialize};

use super::panels::Shape;
use crate::analysis::detect::coordinate::LIMIT;

/// Largest power of ten of a kernel value.
const LARGEST_POWER: f64 = 280.0;

/// A kernel. Names and formulas as in scikit-learn and LIBSVM.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Kernel {
    /// exp(-gamma |x - y|²).
    Rbf { gamma: f64 },
    /// x·y.
    Linear,
    /// (gamma x·y + coef0)^degree.
    Poly { gamma: f64, degree: u32, coef0: f64 },
    /// tanh(gamma x·y + coef0).
    Sigmoid { gamma: f64, coef0: f64 },
}

impl Kernel {
    pub(super) fn shape(self) -> Shape {
        match self {
            Self::Rbf { .. } => Shape::Exp2,
            Self::Linear => Shape::Identity,
            Self::Poly { degree, .. } => Shape::Power(degree),
            Self::Sigmoid { .. } => Shape::Tanh,
        }
    }

    /// What coordinates are multiplied by.
    pub(crate) fn scale(self) -> f64 {
        match self {
            Self::Rbf { gamma } => (gamma * std::f64::consts::LOG2_E).sqrt(),
            Self::Linear | Self::Poly { .. } | Self::Sigmoid { .. } => 1.0,
        }
    }

    /// What x·y is multiplied by.
    pub(super) fn factor(self) -> f64 {
        match self {
            Self::Rbf { .. } => 2.0,
            Self::Linear => 1.0,
            Self::Poly { gamma, .. } => gamma,
            Self::Sigmoid { gamma, .. } => gamma * 2.0 * std::f64::consts::LOG2_E,
        }
    }

    /// What is added to x·y on the side of x.
    pub(super) fn query_offset(self, squared_norm: f64) -> f64 {
        match self {
            Self::Rbf { .. } => -squared_norm,
            Self::Linear => 0.0,
            Self::Poly { coef0, .. } => coef0,
            Self::Sigmoid { coef0, .. } => coef0 * 2.0 * std::f64::consts::LOG2_E,
        }
    }

    /// Largest coordinate that counts as itself: kernel values up to 1e280 are finite with all that is done to them.
    pub(crate) fn limit(self, n_features: usize) -> f64 {
        match self {
            Self::Rbf { .. } => LIMIT,
            Self::Linear => (10.0_f64.powf(LARGEST_POWER) / n_features as f64).sqrt(),
            Self::Poly { gamma, degree, coef0 } => {
                let largest = 10.0_f64.powf(LARGEST_POWER / f64::from(degree.max(1)));
                ((largest - coef0.abs()).max(1.0) / (gamma * n_features as f64)).sqrt().min(LIMIT)
            }
            Self::Sigmoid { gamma, .. } => (1e280 / (gamma.max(1.0) * n_features as f64)).sqrt(),
        }
    }

    /// A power of two near the largest kernel value among points of this squared norm, by which kernel rows in f32 are
    /// divided.
    pub(super) fn unit(self, largest_norm: f64) -> f64 {
        let largest = match self {
            Self::Rbf { .. } | Self::Sigmoid { .. } => return 1.0,
            Self::Linear => largest_norm,
            Self::Poly { gamma, degree, coef0 } => (gamma * largest_norm + coef0.abs()).powf(f64::from(degree)),
        };
        largest.max(1e-280).log2().round().exp2()
    }

    /// Kernel of a point with itself.
    pub(super) fn diagonal(self, squared_norm: f64) -> f64 {
        match self {
            Self::Rbf { .. } => 1.0,
            Self::Linear => squared_norm,
            Self::Poly { gamma, degree, coef0 } => (gamma * squared_norm + coef0).powf(f64::from(degree)),
            Self::Sigmoid { gamma, coef0 } => (gamma * squared_norm + coef0).tanh(),
        }
    }
}
