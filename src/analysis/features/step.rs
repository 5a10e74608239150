//! The steps that make features: one contract for all, and their list.

use serde::{Deserialize, Serialize};

use super::FeatureError;
use super::catalogue::Output;
use super::input::StepInput;
use super::steps;
use crate::cx::{Cancelled, Cx};

/// Rows between two looks at the cancel flag in a plain loop; well below a millisecond of work.
pub(super) const CHECK_EVERY: usize = 4096;

/// A row as a stream sees it: the columns of one step.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamRow<'a> {
    /// Number of the row's entity; the same for all where there are none.
    pub(super) entity: u32,
    /// Microseconds since 1970-01-01 UTC; 0 where there is no time.
    pub(super) time: i64,
    /// The numeric columns; missing is NaN.
    pub(super) numbers: &'a [f64],
    /// The text columns.
    pub(super) texts: &'a [Option<&'a str>],
}

/// Makes the features of one entity's rows, one row after the other.
pub(super) trait Machine: Copied + Send + Sync {
    /// Takes the next row of the entity and writes its features (NaN: missing) into `out`, one per output of the step.
    fn push(&mut self, row: StreamRow<'_>, out: &mut [f64]);
}

/// A machine that can be copied as it stands, to try rows that did not come.
pub(super) trait Copied {
    fn copied(&self) -> Box<dyn Machine>;
}

impl<T: Machine + Clone + 'static> Copied for T {
    fn copied(&self) -> Box<dyn Machine> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Machine> {
    fn clone(&self) -> Self {
        (**self).copied()
    }
}

/// A step with its settings.
pub(super) trait FeatureStep {
    /// What fitting gives.
    type Fitted: FittedFeatureStep;

    /// Its outputs over the columns of that name, in order.
    fn outputs(&self, columns: &[&str]) -> Vec<Output>;

    /// Learns from the training rows.
    ///
    /// # Errors
    /// When cancelled.
    fn fit(&self, input: &StepInput<'_>, cx: &Cx) -> Result<Self::Fitted, FeatureError>;
}

/// A fitted step.
pub(super) trait FittedFeatureStep {
    /// Whether one machine sees the rows of all entities, in time order, instead of one machine per entity.
    const IS_SHARED: bool = false;

    /// One column per output, in table row order; NaN where the feature is missing. The same bits whatever the number of
    /// threads.
    ///
    /// # Errors
    /// When cancelled.
    fn apply(&self, input: &StepInput<'_>, cx: &Cx) -> Result<Vec<Vec<f64>>, FeatureError>;

    /// A machine for the rows of the entity of that name that gives the same bits row by row; `None` where the step looks
    /// ahead.
    fn machine(&self, entity: &str) -> Option<Box<dyn Machine>>;
}

/// One line per step: its name in the enums, and its module under `steps`.
macro_rules! with_steps {
    ($callback:ident) => {
        $callback! {
            Raw, raw::Raw;
            Windows, windows::Windows;
            Seasonal, seasonal::Seasonal;
            FourierTerms, fourier::FourierTerms;
            Changes, change_points::Changes;
            Swings, volatility::Swings;
            Standing, standing::Standing;
            Entropies, entropy::Entropies;
            Correlations, correlation::Correlations;
            Combination, combination::Combination;
            Words, words::Words;
            Domain, domain::Domain;
        }
    };
}

macro_rules! define_steps {
    ($($name:ident, $module:ident::$config:ident;)*) => {
        /// A step of any kind.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub(super) enum Step {
            $($name(steps::$module::$config),)*
        }

        /// A fitted step of any kind.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub(super) enum FittedStep {
            $($name(<steps::$module::$config as FeatureStep>::Fitted),)*
        }

        impl Step {
            pub(super) fn outputs(&self, columns: &[&str]) -> Vec<Output> {
                match self { $(Self::$name(step) => step.outputs(columns),)* }
            }

            pub(super) fn fit(&self, input: &StepInput<'_>, cx: &Cx) -> Result<FittedStep, FeatureError> {
                Ok(match self { $(Self::$name(step) => FittedStep::$name(step.fit(input, cx)?),)* })
            }
        }

        impl FittedStep {
            pub(super) fn apply(&self, input: &StepInput<'_>, cx: &Cx) -> Result<Vec<Vec<f64>>, FeatureError> {
                match self { $(Self::$name(step) => step.apply(input, cx),)* }
            }

            pub(super) fn machine(&self, entity: &str) -> Option<Box<dyn Machine>> {
                match self { $(Self::$name(step) => step.machine(entity),)* }
            }

            pub(super) fn is_shared(&self) -> bool {
                match self {
                    $(Self::$name(_) => <<steps::$module::$config as FeatureStep>::Fitted as FittedFeatureStep>::IS_SHARED,)*
                }
            }
        }

        $(impl From<steps::$module::$config> for Step {
            fn from(step: steps::$module::$config) -> Self {
                Self::$name(step)
            }
        })*
    };
}

with_steps!(define_steps);

/// Runs machines over all entities: the batch form of a step that has no faster one.
pub(super) fn run_machines(
    n_outputs: usize,
    input: &StepInput<'_>,
    cx: &Cx,
    mut start: impl FnMut(&str) -> Box<dyn Machine>,
) -> Result<Vec<Vec<f64>>, Cancelled> {
    let mut runner = Runner::new(n_outputs, input);
    for (entity, group) in (0..).zip(&input.layout.groups) {
        let mut machine = start(input.entities.get(entity as usize).copied().unwrap_or_default());
        for position in group.clone() {
            runner.push(&mut *machine, entity, position, cx)?;
        }
    }
    Ok(runner.columns)
}

/// Hands rows to machines and collects what they give.
struct Runner<'a> {
    input: &'a StepInput<'a>,
    numbers: Vec<f64>,
    texts: Vec<Option<&'a str>>,
    out: Vec<f64>,
    columns: Vec<Vec<f64>>,
    n_pushed: usize,
}

impl<'a> Runner<'a> {
    fn new(n_outputs: usize, input: &'a StepInput<'a>) -> Self {
        Self {
            input,
            numbers: vec![f64::NAN; input.numbers.len()],
            texts: vec![None; input.texts.len()],
            out: vec![f64::NAN; n_outputs],
            columns: vec![vec![f64::NAN; input.n_rows()]; n_outputs],
            n_pushed: 0,
        }
    }

    fn push(&mut self, machine: &mut dyn Machine, entity: u32, position: usize, cx: &Cx) -> Result<(), Cancelled> {
        if self.n_pushed.is_multiple_of(CHECK_EVERY) {
            cx.check()?;
        }
        self.n_pushed += 1;
        let layout = self.input.layout;
        let Some(row) = layout.rows.get(position).map(|&row| row as usize) else { return Ok(()) };
        for (value, column) in self.numbers.iter_mut().zip(&self.input.numbers) {
            *value = column.get(row).copied().unwrap_or(f64::NAN);
        }
        for (text, column) in self.texts.iter_mut().zip(&self.input.texts) {
            *text = column.get(row).copied().flatten();
        }
        self.out.fill(f64::NAN);
        let time = layout.time(position);
        machine.push(StreamRow { entity, time, numbers: &self.numbers, texts: &self.texts }, &mut self.out);
        for (column, &value) in self.columns.iter_mut().zip(&self.out) {
            if let Some(slot) = column.get_mut(row) {
                *slot = value;
            }
        }
        Ok(())
    }
}
