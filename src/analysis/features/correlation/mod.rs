//! Correlation of two columns: of whole columns, over sliding windows, and at lags.
//!
//! Rows where one of the two values is missing (NaN or infinite) are left out: pairwise complete, as in pandas. A
//! correlation lies in -1 to 1. It is not defined, and NaN, for fewer than two pairs and where one of the two columns
//! is constant over the pairs.

mod cross;
mod global;
mod inversions;
mod kendall;
mod ordered;
mod pearson;
mod rolling;
mod rolling_pearson;
mod rolling_ranks;
mod window;

pub use self::cross::{CrossForm, LaggedCorrelation, cross_correlation};
pub use self::global::{correlation, correlation_matrix};
pub use self::rolling::{RollingCorrelation, rolling_correlation};

#[cfg(test)]
mod tests;
