//! The steps that make features, one file each.

pub(super) mod change_points;
pub(super) mod combination;
pub(super) mod correlation;
pub(super) mod domain;
pub(super) mod entropy;
pub(super) mod fourier;
pub(super) mod raw;
pub(super) mod seasonal;
pub(super) mod standing;
pub(super) mod volatility;
pub(super) mod windows;
pub(super) mod words;
