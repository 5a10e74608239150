//! How much a counter has grown since it was last read.

/// A counter of one entity. The state is one value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Counter {
    /// Last value and its time in microseconds.
    last: Option<(f64, i64)>,
}

/// What a reading of a counter gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Growth {
    /// Since the last reading, in the unit of the counter; NaN in the first one.
    pub(crate) increase: f64,
    /// The increase per second; NaN also where no time has passed.
    pub(crate) per_second: f64,
}

impl Counter {
    /// Takes in the next value. A fall means that the counter began again at 0, so the new value is the increase (as
    /// `increase()` and `rate()` of Prometheus see it, without their extrapolation). A missing or negative value is no
    /// reading: it gives NaN, and the next increase spans the gap.
    pub(crate) fn push(&mut self, value: f64, time: i64) -> Growth {
        let nothing = Growth { increase: f64::NAN, per_second: f64::NAN };
        if !(value.is_finite() && value >= 0.0) {
            return nothing;
        }
        let Some((last, before)) = self.last.replace((value, time)) else { return nothing };
        let increase = if value < last { value } else { value - last };
        let seconds = time.saturating_sub(before) as f64 / 1e6;
        let per_second = if seconds > 0.0 { (increase / seconds).min(f64::MAX) } else { f64::NAN };
        Growth { increase, per_second }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_resets_and_bridges_gaps() {
        let readings = [
            (10.0, 0),
            (40.0, 10),
            (40.0, 20),
            (5.0, 30),
            (f64::NAN, 40),
            (-1.0, 45),
            (25.0, 50),
            (26.0, 50),
            (30.0, 49),
        ];
        let mut counter = Counter::default();
        let growth: Vec<Growth> = readings.iter().map(|&(value, s)| counter.push(value, s * 1_000_000)).collect();
        let increases: Vec<String> = growth.iter().map(|g| g.increase.to_string()).collect();
        assert_eq!(increases, ["NaN", "30", "0", "5", "NaN", "NaN", "20", "1", "4"]);
        let rates: Vec<String> = growth.iter().map(|g| g.per_second.to_string()).collect();
        assert_eq!(rates, ["NaN", "3", "0", "0.5", "NaN", "NaN", "1", "NaN", "NaN"]);
    }

    #[test]
    fn huge_values_stay_finite() {
        let mut counter = Counter::default();
        counter.push(0.0, i64::MIN);
        assert!(counter.push(1e300, i64::MAX).per_second.is_finite());
        let mut counter = Counter::default();
        counter.push(0.0, 0);
        assert_eq!(counter.push(1e305, 1).per_second, f64::MAX);
    }
}
