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

/// How many interquartile ranges outside the quartiles an outlier begins (Tukey 1977).
pub(super) const FENCE: f64 = 1.5;

/// From where a z-score flags an outlier.
const Z_FLAG: f64 = 3.0;

/// -1 or 1 where a z-score flags an outlier, else 0; NaN where it is missing.
fn flag(z_score: f64) -> f64 {
    match z_score {
        z if z.is_nan() => z,
        z if z.abs() > Z_FLAG => z.signum(),
        _ => 0.0,
    }
}
