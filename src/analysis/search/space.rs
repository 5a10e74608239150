//! What is searched: parameters, each with the values it may take.

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One value for each parameter, by path, in the order of the space.
pub type Point = Map<String, Value>;

/// A setting to search and the values it may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Path of the setting, such as `detectors.isolation_forest.n_estimators`.
    pub path: String,
    /// The values it may take.
    pub domain: Domain,
}

/// The values a parameter may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    /// One of these, without an order.
    Choices(Vec<Value>),
    /// A whole number.
    Integer(IntegerRange),
    /// A number.
    Real(RealRange),
}

/// Whole numbers `min`, `min + step`, … up to `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntegerRange {
    /// Least value.
    pub min: i64,
    /// Largest value, itself included where the steps meet it.
    pub max: i64,
    /// Distance between neighbours, at least 1. Only 1 with `log`.
    #[serde(default = "one")]
    pub step: u64,
    /// Whether a ratio matters, not a difference: 10 to 20 is then as likely as 100 to 200. Needs `min` above 0.
    #[serde(default)]
    pub log: bool,
}

/// Numbers from `min` to `max`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RealRange {
    /// Least value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Whether a ratio matters, not a difference. Needs `min` above 0.
    #[serde(default)]
    pub log: bool,
}

fn one() -> u64 {
    1
}

/// One thing wrong with a space or with the settings of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the parameter, or name of the setting.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Everything wrong with a space or with the settings of a search. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0.len();
        write!(f, "the search has {n} problem{}", if n == 1 { "" } else { "s" })?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// Parameters without problems, at least one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Parameter>", into = "Vec<Parameter>")]
pub struct Space(Vec<Parameter>);

impl TryFrom<Vec<Parameter>> for Space {
    type Error = Problems;

    fn try_from(parameters: Vec<Parameter>) -> Result<Self, Problems> {
        Self::new(parameters)
    }
}

impl From<Space> for Vec<Parameter> {
    fn from(space: Space) -> Self {
        space.0
    }
}

impl Space {
    /// Checks the parameters.
    ///
    /// # Errors
    /// Every problem at once: no parameter, a path empty or used twice, no or repeated choices, a range that is
    /// upside down, not finite or logarithmic from 0 or below, a step of 0, a step with `log`.
    pub fn new(parameters: Vec<Parameter>) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: String| problems.push(Problem { path: path.to_owned(), message });
        if parameters.is_empty() {
            problem("space", "there is nothing to search; give at least one parameter".to_owned());
        }
        let mut paths = HashSet::new();
        for (i, Parameter { path, domain }) in parameters.iter().enumerate() {
            if path.trim().is_empty() {
                problem(&format!("parameter {}", i + 1), "its path is empty; name the setting to search".to_owned());
            } else if !paths.insert(path) {
                problem(path, "is given twice; give each setting once".to_owned());
            }
            domain.check(&mut |message| problem(path, message));
        }
        if problems.is_empty() { Ok(Self(parameters)) } else { Err(Problems(problems)) }
    }

    /// The parameters, in order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.0
    }

    /// Number of different points. `None`: infinite, or more than fit 128 bits.
    pub fn n_points(&self) -> Option<u128> {
        self.0.iter().try_fold(1u128, |n, parameter| n.checked_mul(parameter.domain.n_values()?))
    }

    /// The same space with ranges of reals, and logarithmic ranges of integers, cut into at most `steps` values (at
    /// least 1; ends included) at equal distances or equal ratios. It is finite: the points of a grid search.
    pub fn grid(&self, steps: u32) -> Self {
        let cut = |Parameter { path, domain }: &Parameter| Parameter { path: path.clone(), domain: domain.cut(steps) };
        Self(self.0.iter().map(cut).collect())
    }

    /// The point of this number, the last parameter changing fastest. `None` from [`Space::n_points`] on.
    pub fn point_at(&self, number: u128) -> Option<Point> {
        if number >= self.n_points()? {
            return None;
        }
        let mut rest = number;
        let mut values = Vec::with_capacity(self.0.len());
        for Parameter { path, domain } in self.0.iter().rev() {
            let n = domain.n_values()?;
            values.push((path.clone(), domain.value_at(rest % n)?));
            rest /= n;
        }
        Some(values.into_iter().rev().collect())
    }

    /// The number of a point in the order of [`Space::point_at`]. `None` for an infinite space or a point outside it.
    pub fn number_of(&self, point: &Point) -> Option<u128> {
        self.n_points()?;
        self.0.iter().try_fold(0, |number, Parameter { path, domain }| {
            Some(number * domain.n_values()? + domain.number_of(point.get(path)?)?)
        })
    }

    /// The path that keeps a point out of this space: missing, not searched here, or with a value outside its domain.
    pub fn misfit(&self, point: &Point) -> Option<String> {
        let outside = |Parameter { path, domain }: &&Parameter| {
            point.get(path).is_none_or(|value| domain.coordinate(value).is_none())
        };
        let unknown = |path: &&String| self.0.iter().all(|parameter| parameter.path != **path);
        let missed = self.0.iter().find(outside).map(|parameter| &parameter.path);
        missed.or_else(|| point.keys().find(unknown)).cloned()
    }
}

impl Domain {
    fn check(&self, problem: &mut dyn FnMut(String)) {
        match self {
            Self::Choices(values) => {
                if values.is_empty() {
                    problem("has no choices; give at least one value".to_owned());
                }
                for (i, value) in values.iter().enumerate() {
                    if values.iter().take(i).any(|other| other == value) {
                        problem(format!("lists {value} twice; list each value once"));
                    }
                }
            }
            Self::Integer(range) => {
                let IntegerRange { min, max, step, log } = *range;
                check_order(min, max, problem);
                if step == 0 {
                    problem("its step is 0; give at least 1".to_owned());
                }
                if log && step > 1 {
                    problem("has both a step and log; give one of them".to_owned());
                }
                if log && min <= 0 {
                    problem(format!("is logarithmic from {min}; begin above 0"));
                }
            }
            Self::Real(range) => {
                let RealRange { min, max, log } = *range;
                if !min.is_finite() || !max.is_finite() {
                    problem(format!("goes from {min} to {max}; give finite numbers"));
                }
                check_order(min, max, problem);
                if log && min <= 0.0 {
                    problem(format!("is logarithmic from {min}; begin above 0"));
                }
            }
        }
    }
}

fn check_order<T: PartialOrd + fmt::Display>(min: T, max: T, problem: &mut dyn FnMut(String)) {
    if min > max {
        problem(format!("goes from {min} down to {max}; give the smaller number first"));
    }
}
