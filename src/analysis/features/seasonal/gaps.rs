//! Gaps: how does a series with missing values become one that can be decomposed, and the parts of it again?

use super::SeasonalError;

/// Values beyond this are worked on in smaller units, so that no sum over a window overflows.
const HUGE: f64 = 1e250;

/// A power of two, so that nothing is rounded.
const SMALL_UNIT: f64 = 1.0 / (1_u128 << 100) as f64 / (1_u128 << 100) as f64;

/// The series with each run of missing values (NaN or infinite) replaced by the straight line between its neighbours;
/// runs at the ends take the nearest value. As `numpy.interp` over the row numbers. All zeros where no value is
/// present. Needs the future.
pub fn fill(values: &[f64]) -> Vec<f64> {
    let mut filled = values.to_vec();
    let mut last: Option<usize> = None;
    for (at, &value) in values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        let before = last.map_or(value, |last| values[last]);
        let (from, steps) = last.map_or((0, at), |last| (last + 1, at - last));
        for (step, gap) in filled[from..at].iter_mut().enumerate() {
            let share = (step + 1) as f64 / steps as f64;
            *gap = if last.is_some() { before * (1.0 - share) + value * share } else { value };
        }
        last = Some(at);
    }
    let (from, value) = last.map_or((0, 0.0), |last| (last + 1, values[last]));
    filled[from..].fill(value);
    filled
}

/// A series without gaps that knows where they were.
#[derive(Debug, Clone)]
pub(super) struct Gapless {
    /// Finite values, in a unit in which sums do not overflow.
    pub(super) values: Vec<f64>,
    missing: Vec<usize>,
    unit: f64,
}

impl Gapless {
    /// The series filled as [`fill`] does.
    pub(super) fn new(values: &[f64]) -> Result<Self, SeasonalError> {
        let missing: Vec<usize> =
            values.iter().enumerate().filter(|(_, value)| !value.is_finite()).map(|(at, _)| at).collect();
        if missing.len() == values.len() {
            return Err(SeasonalError::NoValues { n_rows: values.len() });
        }
        let mut values = fill(values);
        let huge = values.iter().any(|value| value.abs() > HUGE);
        let unit = if huge { SMALL_UNIT } else { 1.0 };
        if huge {
            values.iter_mut().for_each(|value| *value *= unit);
        }
        Ok(Self { values, missing, unit })
    }

    /// Makes a part missing where the value was.
    pub(super) fn blank(&self, part: &mut [f64]) {
        self.missing.iter().for_each(|&at| part[at] = f64::NAN);
    }

    /// The same, and back to the unit of the values.
    pub(super) fn restore(&self, part: &mut [f64]) {
        if self.unit != 1.0 {
            part.iter_mut().for_each(|value| *value /= self.unit);
        }
        self.blank(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_become_straight_lines() {
        let gap = f64::NAN;
        // numpy.interp(range(9), [1, 2, 6, 7], [2, 3, 5, -1])
        let values = [gap, 2.0, 3.0, gap, f64::INFINITY, gap, 5.0, -1.0, gap];
        assert_eq!(fill(&values), [2.0, 2.0, 3.0, 3.5, 4.0, 4.5, 5.0, -1.0, -1.0]);
        assert_eq!(fill(&[gap, gap]), [0.0, 0.0]);
        assert_eq!(fill(&[]), [0.0; 0]);
        assert_eq!(fill(&[-1.7e308, gap, 1.7e308]), [-1.7e308, 0.0, 1.7e308]);
    }

    #[test]
    fn gaps_and_units_come_back() {
        let gapless = Gapless::new(&[1e300, f64::NAN, 3e300]).unwrap();
        assert!(gapless.values.iter().all(|value| value.abs() < HUGE));
        let mut part = gapless.values.clone();
        gapless.restore(&mut part);
        assert_eq!((part[0], part[2]), (1e300, 3e300));
        assert!(part[1].is_nan());
        assert_eq!(Gapless::new(&[f64::NAN]).unwrap_err(), SeasonalError::NoValues { n_rows: 1 });
    }
}
