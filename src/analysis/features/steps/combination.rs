//! One number out of several columns of a row.

use serde::{Deserialize, Serialize};

use crate::analysis::features::FeatureError;
use crate::analysis::features::catalogue::{LookBack, Output};
use crate::analysis::features::input::StepInput;
use crate::analysis::features::step::{FeatureStep, FittedFeatureStep, Machine, StreamRow, run_machines};
use crate::analysis::stats::mean_std;
use crate::cx::Cx;

/// Ratios, differences and products beyond this count as this.
const LIMIT: f64 = 1e150;

/// How columns are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::analysis::features) enum Combine {
    /// The first over the sum of the others; missing where that is 0.
    Ratio,
    /// The first minus the mean of the others, each in its training standard deviations.
    Difference,
    /// Product of all, each centred and in its training standard deviations.
    Product,
}

/// One number out of several columns of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct Combination {
    pub(in crate::analysis::features) how: Combine,
}

/// The same with what the columns are scaled by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct FittedCombination {
    how: Combine,
    /// Mean and standard deviation (1 where it is 0) of each column.
    scales: Vec<(f64, f64)>,
}

impl FittedCombination {
    /// Learns from the training values of the columns.
    pub(in crate::analysis::features) fn fit(how: Combine, columns: &[Vec<f64>]) -> Self {
        let scale = |values: &Vec<f64>| {
            let bounded: Vec<f64> = values.iter().map(|value| value.clamp(-LIMIT, LIMIT)).collect();
            let (mean, std) = mean_std(&bounded);
            (mean, if std > 0.0 && std.is_finite() { std } else { 1.0 })
        };
        Self { how, scales: columns.iter().map(scale).collect() }
    }

    /// The combination of one row; NaN where a value is missing.
    pub(in crate::analysis::features) fn of(&self, values: &[f64]) -> f64 {
        let [first, rest @ ..] = values else { return f64::NAN };
        let scaled = values.iter().zip(&self.scales).map(|(value, (mean, std))| (value - mean) / std);
        let result = match self.how {
            Combine::Ratio => {
                let below: f64 = rest.iter().sum();
                if below == 0.0 { f64::NAN } else { first / below }
            }
            Combine::Difference => {
                let mut scaled = scaled;
                let first = scaled.next().unwrap_or(f64::NAN);
                first - scaled.sum::<f64>() / rest.len().max(1) as f64
            }
            Combine::Product => scaled.product(),
        };
        // An infinite value is missing like any other; an overflow of present ones is not.
        if values.iter().all(|value| value.is_finite()) { result.clamp(-LIMIT, LIMIT) } else { f64::NAN }
    }
}

impl FeatureStep for Combination {
    type Fitted = FittedCombination;

    fn outputs(&self, columns: &[&str]) -> Vec<Output> {
        let [first, rest @ ..] = columns else { return Vec::new() };
        let (name, formula) = match self.how {
            Combine::Ratio => {
                let sum = rest.join(" + ");
                let below = if rest.len() > 1 { format!("({sum})") } else { sum };
                (format!("{first}_per_{}", rest.join("_")), format!("{first} / {below}"))
            }
            Combine::Difference => {
                let mean = if rest.len() > 1 { format!("mean of {}", rest.join(" and ")) } else { rest.join("") };
                let formula = format!("{first} - {mean}, each in its standard deviations from its mean");
                (format!("{first}_minus_{}", rest.join("_")), formula)
            }
            Combine::Product => {
                let formula = format!("{}, each in its standard deviations from its mean", columns.join(" × "));
                (columns.join("_times_"), formula)
            }
        };
        vec![Output::new(name, formula, LookBack::Row)]
    }

    fn fit(&self, input: &StepInput<'_>, cx: &Cx) -> Result<FittedCombination, FeatureError> {
        cx.check()?;
        let columns: Vec<Vec<f64>> = match self.how {
            Combine::Ratio => Vec::new(),
            _ => input.numbers.iter().map(|column| input.training_values(column)).collect(),
        };
        Ok(FittedCombination::fit(self.how, &columns))
    }
}

impl FittedFeatureStep for FittedCombination {
    fn apply(&self, input: &StepInput<'_>, cx: &Cx) -> Result<Vec<Vec<f64>>, FeatureError> {
        Ok(run_machines(1, input, cx, |_| Box::new(self.clone()))?)
    }

    fn machine(&self, _entity: &str) -> Option<Box<dyn Machine>> {
        Some(Box::new(self.clone()))
    }
}

impl Machine for FittedCombination {
    fn push(&mut self, row: StreamRow<'_>, out: &mut [f64]) {
        if let Some(out) = out.first_mut() {
            *out = self.of(row.numbers);
        }
    }
}
