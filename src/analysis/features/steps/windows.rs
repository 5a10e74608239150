//! Statistics of windows over one column.

use serde::{Deserialize, Serialize};

use super::{Z_FLAG, flag};
use crate::analysis::features::FeatureError;
use crate::analysis::features::catalogue::{LookBack, Output};
use crate::analysis::features::input::StepInput;
use crate::analysis::features::plan::Unit;
use crate::analysis::features::step::{FeatureStep, FittedFeatureStep, Machine, StreamRow};
use crate::analysis::features::windows::{self, Curve, Job, Measure, Side, Tail, TrendPart, WindowStream};
use crate::analysis::stats::quantiles;
use crate::cx::Cx;

/// Windows over one column, with what is wanted of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct Windows {
    /// What lengths count.
    pub(in crate::analysis::features) unit: Unit,
    /// Lengths, and what is wanted.
    pub(in crate::analysis::features) wants: Vec<(u32, Want)>,
    /// Values that a window must hold.
    pub(in crate::analysis::features) min_periods: u32,
    /// Share of a window that must have passed since the entity's first row.
    pub(in crate::analysis::features) min_history: f64,
    /// Whether windows hold the changes from the entity's value before, instead of the values.
    pub(in crate::analysis::features) of_changes: bool,
}

/// What is wanted of a window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) enum Want {
    /// A measure, ready to be taken.
    Measure(Measure),
    /// Square of the standard deviation.
    Variance,
    /// -1 or 1 where the z-score against the window before the row is beyond 3.
    ZFlag,
    /// Share of the window above this quantile of the training rows.
    TailShare(f64),
    /// How far those above this quantile of the training rows lie above it, on average.
    MeanExcess(f64),
}

/// The same with the levels of the tails known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct FittedWindows {
    unit: Unit,
    measures: Vec<(u32, Measure, After)>,
    min_periods: u32,
    min_history: f64,
    of_changes: bool,
}

/// What is done with a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum After {
    Nothing,
    Square,
    Flag,
}

impl Want {
    /// The tail that it is about.
    fn tail(self) -> Option<f64> {
        match self {
            Self::TailShare(level) | Self::MeanExcess(level) => Some(level),
            _ => None,
        }
    }

    fn fitted(self, tail: f64) -> (Measure, After) {
        let tail = Tail { level: tail, side: Side::Above };
        match self {
            Self::Measure(measure) => (measure, After::Nothing),
            Self::Variance => (Measure::Std, After::Square),
            Self::ZFlag => (Measure::ZScore { limit: 2.0 * Z_FLAG }, After::Flag),
            Self::TailShare(_) => (Measure::TailShare(tail), After::Nothing),
            Self::MeanExcess(_) => (Measure::MeanExcess(tail), After::Nothing),
        }
    }

    /// End of the feature's name.
    fn suffix(self, window: u32) -> String {
        let curve = |curve| match curve {
            Curve::Linear => "linear".to_owned(),
            Curve::Polynomial(degree) => format!("poly{degree}"),
            Curve::Exponential => "exp".to_owned(),
        };
        let part = |part| match part {
            TrendPart::Slope => "slope",
            TrendPart::Residual => "residual",
            TrendPart::RSquared => "r2",
        };
        let stem = match self {
            Self::Measure(measure) => match measure {
                Measure::Mean => "mean".to_owned(),
                Measure::Std => "std".to_owned(),
                Measure::Min => "min".to_owned(),
                Measure::Max => "max".to_owned(),
                Measure::Median => "median".to_owned(),
                Measure::Quantile(level) => format!("q{}", percent(level)),
                Measure::PercentileRank => "rank".to_owned(),
                Measure::Skewness => "skew".to_owned(),
                Measure::Kurtosis => "kurt".to_owned(),
                Measure::ZScore { .. } => "z".to_owned(),
                Measure::ModifiedZScore { .. } => "modified_z".to_owned(),
                Measure::IqrFlag { .. } => "iqr_flag".to_owned(),
                Measure::TailShare(_) => "tail_share".to_owned(),
                Measure::MeanExcess(_) => "tail_excess".to_owned(),
                Measure::Trend(of, what) => format!("{}_{}", curve(of), part(what)),
            },
            Self::Variance => "var".to_owned(),
            Self::ZFlag => "z_flag".to_owned(),
            Self::TailShare(_) => "tail_share".to_owned(),
            Self::MeanExcess(_) => "tail_excess".to_owned(),
        };
        format!("{stem}_{window}")
    }

    fn formula(self, column: &str, unit: Unit, window: u32) -> String {
        let span = unit.count(window);
        let over = |what: &str| format!("{what} of {column} over the last {span}, this row included");
        let per = if unit == Unit::Minutes { "minute" } else { "row" };
        match self {
            Self::Measure(measure) => match measure {
                Measure::Mean => over("Mean"),
                Measure::Std => over("Standard deviation (n - 1)"),
                Measure::Min => over("Smallest value"),
                Measure::Max => over("Largest value"),
                Measure::Median => over("Median"),
                Measure::Quantile(level) => over(&format!("{} % quantile", percent(level))),
                Measure::PercentileRank => {
                    format!("Share of the values of {column} over the last {span} at or below this one")
                }
                Measure::Skewness => over("Skewness (corrected for bias)"),
                Measure::Kurtosis => over("Excess kurtosis (corrected for bias)"),
                Measure::ZScore { limit } => format!(
                    "({column} - its mean) / its standard deviation, both over the {span} before this row; at most \
                     {limit} either way"
                ),
                Measure::ModifiedZScore { limit } => format!(
                    "0.6745 ({column} - its median) / its median absolute deviation, both over the {span} before this \
                     row; at most {limit} either way"
                ),
                Measure::IqrFlag { factor } => format!(
                    "-1 or 1 where {column} is more than {factor} interquartile ranges outside the quartiles of the \
                     {span} before this row, else 0"
                ),
                Measure::TailShare(_) | Measure::MeanExcess(_) => over("Tail"),
                Measure::Trend(curve, part) => {
                    let curve = match curve {
                        Curve::Linear => "a line".to_owned(),
                        Curve::Polynomial(degree) => format!("a polynomial of degree {degree}"),
                        Curve::Exponential => "an exponential curve".to_owned(),
                    };
                    let fitted = format!("{curve} fitted to {column} over the last {span}");
                    match part {
                        TrendPart::Slope => format!("Slope per {per}, at this row, of {fitted}"),
                        TrendPart::Residual => format!("{column} minus {fitted}"),
                        TrendPart::RSquared => format!("Share of the variance explained by {fitted}"),
                    }
                }
            },
            Self::Variance => over("Variance (n - 1)"),
            Self::ZFlag => format!(
                "-1 or 1 where {column} is more than {Z_FLAG} standard deviations from its mean, both over the {span} \
                 before this row, else 0"
            ),
            Self::TailShare(level) => {
                over(&format!("Share above the {} % quantile of the training rows", percent(level)))
            }
            Self::MeanExcess(level) => over(&format!(
                "Mean distance above the {} % quantile of the training rows, of those above it,",
                percent(level)
            )),
        }
    }
}

/// A level from 0 to 1 in percent, as short as it can be written: "5", "97.5".
fn percent(level: f64) -> String {
    format!("{}", (level * 1e6).round() / 1e4)
}

impl FeatureStep for Windows {
    type Fitted = FittedWindows;

    fn outputs(&self, columns: &[&str]) -> Vec<Output> {
        let column = columns.first().copied().unwrap_or_default();
        let look_back = |window| match self.unit {
            Unit::Rows => LookBack::Rows(window),
            Unit::Minutes => LookBack::Minutes(window),
        };
        let (stem, of) = match self.of_changes {
            true => (format!("{column}_change"), format!("the changes of {column}")),
            false => (column.to_owned(), column.to_owned()),
        };
        let output = |&(window, want): &(u32, Want)| {
            let name = format!("{stem}_{}", want.suffix(window));
            Output::new(name, want.formula(&of, self.unit, window), look_back(window))
        };
        self.wants.iter().map(output).collect()
    }

    fn fit(&self, input: &StepInput<'_>, cx: &Cx) -> Result<FittedWindows, FeatureError> {
        cx.check()?;
        let wants_tail = self.wants.iter().any(|(_, want)| want.tail().is_some());
        let values = if wants_tail { input.training_values(input.column()) } else { Vec::new() };
        let measure = |&(window, want): &(u32, Want)| {
            // Without any value there is no tail, and nothing to be beyond it.
            let level = want.tail().map_or(0.0, |level| quantiles(&values, [level])[0]);
            let (measure, after) = want.fitted(if level.is_finite() { level } else { 0.0 });
            (window, measure, after)
        };
        let measures = self.wants.iter().map(measure).collect();
        Ok(FittedWindows {
            unit: self.unit,
            measures,
            min_periods: self.min_periods,
            min_history: self.min_history,
            of_changes: self.of_changes,
        })
    }
}

impl FittedWindows {
    /// One job per length.
    fn jobs(&self) -> Vec<Job> {
        let mut jobs: Vec<Job> = Vec::new();
        for (output, &(window, measure, _)) in self.measures.iter().enumerate() {
            let reach = self.unit.reach(window);
            match jobs.iter_mut().find(|job| job.reach == reach) {
                Some(job) => job.outputs.push((measure, output)),
                None => {
                    let outputs = vec![(measure, output)];
                    jobs.push(Job { reach, min_periods: self.min_periods, outputs });
                }
            }
        }
        jobs
    }
}

impl After {
    fn apply(self, value: f64) -> f64 {
        match self {
            _ if value.is_nan() => value,
            Self::Nothing => value,
            Self::Square => (value * value).min(f64::MAX),
            Self::Flag => flag(value),
        }
    }
}

impl FittedFeatureStep for FittedWindows {
    fn apply(&self, input: &StepInput<'_>, cx: &Cx) -> Result<Vec<Vec<f64>>, FeatureError> {
        let mut columns = vec![Vec::new(); self.measures.len()];
        let changes;
        let column = match self.of_changes {
            true => {
                changes = changes_of(input);
                &changes
            }
            false => input.column(),
        };
        for (output, values) in windows::run(&self.jobs(), self.min_history, input.layout, column, cx)? {
            if let Some(column) = columns.get_mut(output) {
                *column = values;
            }
        }
        for (column, &(_, _, after)) in columns.iter_mut().zip(&self.measures) {
            if after != After::Nothing {
                column.iter_mut().for_each(|value| *value = after.apply(*value));
            }
        }
        Ok(columns)
    }

    fn machine(&self, _entity: &str) -> Option<Box<dyn Machine>> {
        let after = self.measures.iter().map(|&(_, _, after)| after).collect();
        let stream = WindowStream::new(&self.jobs(), self.min_history);
        Some(Box::new(WindowMachine { stream, after, changes: self.of_changes.then(Changes::default) }))
    }
}

/// Change from the last value that was there.
#[derive(Clone, Default)]
struct Changes {
    last: Option<f64>,
}

impl Changes {
    fn push(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            return f64::NAN;
        }
        self.last.replace(value).map_or(f64::NAN, |last| value - last)
    }
}

/// The changes of a column, in table row order.
fn changes_of(input: &StepInput<'_>) -> Vec<f64> {
    let mut changes = vec![f64::NAN; input.n_rows()];
    for group in input.layout.entities() {
        let mut state = Changes::default();
        let values: Vec<f64> = input.series(input.column(), group).into_iter().map(|value| state.push(value)).collect();
        input.scatter(&mut changes, group, &values);
    }
    changes
}

#[derive(Clone)]
struct WindowMachine {
    changes: Option<Changes>,
    stream: WindowStream,
    after: Vec<After>,
}

impl Machine for WindowMachine {
    fn push(&mut self, row: StreamRow<'_>, out: &mut [f64]) {
        let mut value = row.numbers.first().copied().unwrap_or(f64::NAN);
        if let Some(changes) = &mut self.changes {
            value = changes.push(value);
        }
        self.stream.push(row.time, value, out);
        for (out, after) in out.iter_mut().zip(&self.after) {
            *out = after.apply(*out);
        }
    }
}
