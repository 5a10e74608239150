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
mod rolling_tails;
mod standing;
mod tails;

pub(crate) use self::bins::Bins;
pub(crate) use self::entropy::Entropy;
pub(crate) use self::moments::Moments;
pub(crate) use self::profile::{ColumnProfile, ProfileConfig};
pub(crate) use self::quantile::{
    NORMAL_MAD, QuantileMethod, absolute_deviations, interquartile_range, quantile, sorted,
};
pub(crate) use self::rolling_entropy::RollingEntropy;
pub(crate) use self::rolling_tails::RollingTails;
pub(crate) use self::tails::{TailStatistics, Tails};

#[cfg(test)]
mod tests;
