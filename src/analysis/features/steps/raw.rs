//! The raw value of a column.

use serde::{Deserialize, Serialize};

use crate::analysis::features::FeatureError;
use crate::analysis::features::catalogue::{LookBack, Output};
use crate::analysis::features::input::StepInput;
use crate::analysis::features::step::{FeatureStep, FittedFeatureStep, Machine, StreamRow};
use crate::cx::Cx;

/// The value as it is; infinite counts as missing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct Raw;

impl FeatureStep for Raw {
    type Fitted = Self;

    fn outputs(&self, columns: &[&str]) -> Vec<Output> {
        columns.iter().map(|column| Output::new(*column, format!("{column} as it is"), LookBack::Row)).collect()
    }

    fn fit(&self, _input: &StepInput<'_>, _cx: &Cx) -> Result<Self, FeatureError> {
        Ok(Self)
    }
}

impl FittedFeatureStep for Raw {
    fn apply(&self, input: &StepInput<'_>, _cx: &Cx) -> Result<Vec<Vec<f64>>, FeatureError> {
        Ok(vec![input.column().to_vec()])
    }

    fn machine(&self, _entity: &str) -> Option<Box<dyn Machine>> {
        Some(Box::new(Self))
    }
}

impl Machine for Raw {
    fn push(&mut self, row: StreamRow<'_>, out: &mut [f64]) {
        for (out, &value) in out.iter_mut().zip(row.numbers) {
            *out = if value.is_finite() { value } else { f64::NAN };
        }
    }
}
