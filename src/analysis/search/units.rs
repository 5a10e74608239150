//! How values become coordinates, and coordinates values: every domain is the interval 0 to 1 to a sampler.
//!
//! A range of reals is stretched over the interval, by its logarithm where it is logarithmic. Integers and choices
//! part the interval into cells: equal ones, or, for a logarithmic range, from `ln(v - 0.5)` to `ln(v + 0.5)`.

use serde_json::Value;

use super::space::{Domain, IntegerRange, Parameter, Point, RealRange, Space};

/// Where a value lies in its domain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Coordinate {
    /// The number of the choice.
    Choice(usize),
    /// The part of the unit interval that means this value.
    Number(Cell),
}

/// A part of the unit interval. For a real number, it is one point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    pub(super) low: f64,
    /// Where the value itself lies.
    pub(super) centre: f64,
    pub(super) high: f64,
}

impl Space {
    /// The point at these coordinates, each 0 to 1; one for each parameter.
    pub(super) fn point_at_units(&self, units: &[f64]) -> Point {
        let value = |(parameter, &unit): (&Parameter, &f64)| (parameter.path.clone(), parameter.domain.at_unit(unit));
        self.parameters().iter().zip(units).map(value).collect()
    }

    /// Where a point lies, by parameter. `None` for a point outside the space.
    pub(super) fn coordinates(&self, point: &Point) -> Option<Vec<Coordinate>> {
        self.parameters().iter().map(|parameter| parameter.domain.coordinate(point.get(&parameter.path)?)).collect()
    }
}

impl Domain {
    /// Number of different values. `None`: infinite.
    pub(super) fn n_values(&self) -> Option<u128> {
        match self {
            Self::Choices(values) => Some(values.len() as u128),
            Self::Integer(range) => Some(range.n_values()),
            Self::Real(range) => (range.min == range.max).then_some(1),
        }
    }

    /// The value of this number in the order of the domain.
    pub(super) fn value_at(&self, number: u128) -> Option<Value> {
        match self {
            Self::Choices(values) => values.get(usize::try_from(number).ok()?).cloned(),
            Self::Integer(range) => (number < range.n_values()).then(|| range.value_at(number).into()),
            Self::Real(range) => (number == 0 && range.min == range.max).then(|| range.min.into()),
        }
    }

    /// The number of a value in the order of a finite domain.
    pub(super) fn number_of(&self, value: &Value) -> Option<u128> {
        match self {
            Self::Choices(values) => values.iter().position(|choice| choice == value).map(|choice| choice as u128),
            Self::Integer(range) => range.number_of(value),
            Self::Real(range) => (range.min == range.max && range.holds(value)).then_some(0),
        }
    }

    /// The value at a coordinate, 0 to 1. A domain of more than 2^53 integers has some that no coordinate means.
    pub(super) fn at_unit(&self, unit: f64) -> Value {
        match self {
            Self::Choices(values) => {
                let choice = (unit * values.len() as f64) as usize;
                values.get(choice).or(values.last()).cloned().unwrap_or(Value::Null)
            }
            Self::Integer(range) => range.at_unit(unit).into(),
            Self::Real(range) => range.at_unit(unit).into(),
        }
    }

    /// Where a value lies. `None` for a value outside the domain.
    pub(super) fn coordinate(&self, value: &Value) -> Option<Coordinate> {
        match self {
            Self::Choices(values) => values.iter().position(|choice| choice == value).map(Coordinate::Choice),
            Self::Integer(range) => range.number_of(value).map(|number| Coordinate::Number(range.cell(number))),
            Self::Real(range) => {
                let unit = range.holds(value).then(|| range.unit_of(value.as_f64().unwrap_or(range.min)))?;
                Some(Coordinate::Number(Cell { low: unit, centre: unit, high: unit }))
            }
        }
    }

    /// The domain of a grid: see [`Space::grid`].
    pub(super) fn cut(&self, steps: u32) -> Self {
        let last = f64::from(steps.max(2) - 1);
        let units = (0..steps.max(1)).map(|i| f64::from(i) / last);
        let mut values: Vec<Value> = match self {
            Self::Real(range) => units.map(|unit| range.at_unit(unit).into()).collect(),
            Self::Integer(IntegerRange { min, max, log: true, .. }) => {
                let range = RealRange { min: *min as f64, max: *max as f64, log: true };
                units.map(|unit| (range.at_unit(unit).round() as i64).clamp(*min, *max).into()).collect()
            }
            other => return other.clone(),
        };
        // Neighbours of a narrow range fall together.
        values.dedup();
        Self::Choices(values)
    }
}

impl IntegerRange {
    fn n_values(&self) -> u128 {
        u128::from(self.max.abs_diff(self.min) / self.step.max(1)) + 1
    }

    fn value_at(&self, number: u128) -> i64 {
        let value = i128::from(self.min) + (number.min(self.n_values() - 1) * u128::from(self.step)) as i128;
        i64::try_from(value).unwrap_or(self.max)
    }

    fn number_of(&self, value: &Value) -> Option<u128> {
        let value = value.as_i64().filter(|value| (self.min..=self.max).contains(value))?;
        let distance = value.abs_diff(self.min);
        distance.is_multiple_of(self.step).then(|| u128::from(distance / self.step))
    }

    fn at_unit(&self, unit: f64) -> i64 {
        if self.log {
            let (low, high) = self.log_bounds();
            return (between(low, high, unit).exp().round() as i64).clamp(self.min, self.max);
        }
        self.value_at((unit * self.n_values() as f64) as u128)
    }

    fn cell(&self, number: u128) -> Cell {
        if self.log {
            let (low, high) = self.log_bounds();
            let value = self.value_at(number) as f64;
            // Neighbours of the largest integers are the same real number.
            if high <= low {
                return Cell { low: 0.0, centre: 0.5, high: 1.0 };
            }
            let unit = |edge: f64| ((edge.ln() - low) / (high - low)).clamp(0.0, 1.0);
            return Cell { low: unit(value - 0.5), centre: unit(value), high: unit(value + 0.5) };
        }
        let (number, n) = (number as f64, self.n_values() as f64);
        Cell { low: number / n, centre: (number + 0.5) / n, high: (number + 1.0) / n }
    }

    fn log_bounds(&self) -> (f64, f64) {
        ((self.min as f64 - 0.5).ln(), (self.max as f64 + 0.5).ln())
    }
}

impl RealRange {
    fn holds(&self, value: &Value) -> bool {
        value.as_f64().is_some_and(|value| (self.min..=self.max).contains(&value))
    }

    fn at_unit(&self, unit: f64) -> f64 {
        let value = if self.log {
            between(self.min.ln(), self.max.ln(), unit).exp()
        } else {
            between(self.min, self.max, unit)
        };
        // The ends are met exactly, and rounding does not leave the range.
        if unit <= 0.0 {
            self.min
        } else if unit >= 1.0 {
            self.max
        } else {
            value.clamp(self.min, self.max)
        }
    }

    fn unit_of(self, value: f64) -> f64 {
        let (low, high, value) =
            if self.log { (self.min.ln(), self.max.ln(), value.ln()) } else { (self.min, self.max, value) };
        // A range from -1e308 to 1e308 is wider than the largest number; half of it is not.
        let scale = if (high - low).is_finite() { 1.0 } else { 0.5 };
        let width = high * scale - low * scale;
        if width > 0.0 { ((value * scale - low * scale) / width).clamp(0.0, 1.0) } else { 0.5 }
    }
}

/// From `low` at 0 to `high` at 1, without overflow.
fn between(low: f64, high: f64, unit: f64) -> f64 {
    low * (1.0 - unit) + high * unit
}
