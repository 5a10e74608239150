//! How the values of a column are distributed: moments, quantiles, tails and entropy, and where one value stands.
//!
//! Missing values (NaN, infinite) are left out. What looks at all values is for training rows and for display; what is
//! learned from training rows ([`ColumnProfile`], [`Bins`], [`Tails`]) is stored, and applied row by row.

mod bins;
mod entropy;
mod moments;
mod profile;
mod quantile;
mod rolling_entropy;
mod standing;
mod tails;

pub use self::bins::Bins;
pub use self::entropy::Entropy;
pub use self::moments::Moments;
pub use self::profile::{ColumnProfile, ProfileConfig};
pub use self::quantile::{NORMAL_MAD, QuantileMethod, absolute_deviations, interquartile_range, quantile, sorted};
pub use self::rolling_entropy::RollingEntropy;
pub use self::tails::{TailStatistics, Tails};

#[cfg(test)]
mod tests;
