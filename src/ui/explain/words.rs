//! Explanations in words: what is explained, and how much its parts add.

use crate::app::format::NONE;
use crate::engine::Target;

/// What is explained, to begin a sentence.
pub(crate) fn target(target: Target) -> &'static str {
    match target {
        Target::Combined => "Combined score",
        Target::Detector(kind) => kind.title(),
    }
}

/// A number that adds to others up to `largest`, with its sign: "+0.571", "−12.4".
pub(crate) fn signed(value: f64, largest: f64) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let sign = if value < 0.0 { '−' } else { '+' };
    format!("{sign}{}", plain(value.abs(), largest))
}

/// A number with as many decimals as its neighbours up to `largest` need.
pub(crate) fn plain(value: f64, largest: f64) -> String {
    match largest.abs() {
        l if l >= 1e6 || (l > 0.0 && l < 1e-3) => format!("{value:.2e}"),
        l if l >= 100.0 => format!("{value:.0}"),
        l if l >= 10.0 => format!("{value:.1}"),
        l if l > 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_signs_and_the_decimals_of_their_neighbours() {
        assert_eq!([signed(0.5714, 0.6), signed(-0.02, 0.6), signed(-12.44, 57.0)], ["+0.571", "−0.020", "−12.4"]);
        assert_eq!([plain(0.78, 0.9), plain(3.456, 4.0), plain(1234.5, 2000.0)], ["0.780", "3.46", "1234"]);
        assert_eq!([signed(f64::NAN, 1.0), plain(0.000_12, 0.000_2)], ["–", "1.20e-4"]);
    }
}
