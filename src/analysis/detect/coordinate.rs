//! How far out a coordinate counts.

/// Coordinates beyond this count as this: sums of squares of differences then stay finite.
pub(crate) const LIMIT: f64 = 1e150;

/// A coordinate for distances: the value itself, unless its square would overflow.
#[inline]
pub(crate) fn coordinate(value: f64) -> f64 {
    value.clamp(-LIMIT, LIMIT)
}

#[cfg(test)]
mod tests {
    use super::coordinate;

    #[test]
    fn squares_of_differences_stay_finite() {
        let far = coordinate(1e300) - coordinate(f64::MIN);
        assert!((far * far).is_finite() && coordinate(-2.5) == -2.5);
    }
}
