//! Settings of the one-class SVM.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One-class SVM. Names and meaning as in scikit-learn and LIBSVM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OneClassSvmConfig {
    /// Use this detector.
    pub enabled: bool,
    /// Upper bound on the share of training rows outside the region, lower bound on the share of support vectors. Above 0, at most 1.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub nu: f64,
    /// Kernel: how alike two rows are.
    pub kernel: SvmKernel,
    /// Factor in the rbf, poly and sigmoid kernels.
    pub gamma: Gamma,
    /// Degree of the poly kernel. Range 1 to 20.
    #[schemars(range(min = 1, max = 20))]
    pub degree: u32,
    /// Constant in the poly and sigmoid kernels. Range -1e12 to 1e12.
    #[schemars(range(min = -1e12, max = 1e12))]
    pub coef0: f64,
    /// Tolerance of the solver: it stops when no pair of rows violates the optimality conditions by more. Range 1e-12 to 1.
    #[schemars(range(min = 1e-12, max = 1.0))]
    pub tol: f64,
    /// Leave rows out of the search that have settled at a bound, until the end. Faster, same result within the tolerance.
    pub shrinking: bool,
    /// Most memory for kernel rows, in megabytes; of that at most 64 where there are up to 32 features, whose rows are as
    /// quickly computed as read. Range 1 to 65536. With up to 32 features no more than 64 are used, as rows are then as quick to compute as to read.
    #[schemars(range(min = 1, max = 65_536))]
    pub cache_size_mb: u32,
    /// Most rows to fit on; above it a seeded sample of this size is used, which the run reports. 0: no limit.
    pub max_fit_rows: u64,
    /// Whether many rows get an approximate machine instead of the exact one.
    pub approximation: SvmApproximation,
    /// Rows to fit on above which the approximation is used.
    pub approximate_above: u64,
    /// Rows that the approximation places kernels around. Range 1 to 1000.
    #[schemars(range(min = 1, max = 1000))]
    pub n_components: u32,
}

impl Default for OneClassSvmConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            nu: 0.1,
            kernel: SvmKernel::Rbf,
            gamma: Gamma::Scale,
            degree: 3,
            coef0: 0.0,
            tol: 0.001,
            shrinking: true,
            cache_size_mb: 200,
            max_fit_rows: 20_000,
            approximation: SvmApproximation::None,
            approximate_above: 20_000,
            n_components: 300,
        }
    }
}

impl super::Votes for OneClassSvmConfig {
    /// Nothing to take over: the machine votes where its own boundary lies.
    fn set_votes_of(&mut self, _other: &Self) {}
}

/// Kernel of the one-class SVM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SvmKernel {
    /// exp(-gamma |x - y|²).
    #[default]
    Rbf,
    /// x·y.
    Linear,
    /// (gamma x·y + coef0)^degree.
    Poly,
    /// tanh(gamma x·y + coef0).
    Sigmoid,
}

/// Factor gamma in a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gamma {
    /// 1 / (number of features * variance of the whole matrix).
    #[default]
    Scale,
    /// 1 / number of features.
    Auto,
    /// This number, above 0.
    Value(#[schemars(extend("exclusiveMinimum" = 0.0))] f64),
}

/// Whether many rows get an approximate machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SvmApproximation {
    /// Always the exact machine.
    #[default]
    None,
    /// Nyström (Williams, Seeger 2001) where there are more than `approximate_above` rows to fit on: the machine is a sum of kernels around a
    /// seeded sample of `n_components` rows. The run reports it with its measured agreement with an exact machine.
    Nystroem,
}
