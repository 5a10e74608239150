//! How restless a column is now.

use serde::{Deserialize, Serialize};

use crate::analysis::features::FeatureError;
use crate::analysis::features::catalogue::{LookBack, Output};
use crate::analysis::features::input::StepInput;
use crate::analysis::features::per_entity::PerEntity;
use crate::analysis::features::step::{FeatureStep, FittedFeatureStep, Machine, StreamRow, run_machines};
use crate::analysis::features::volatility::{
    Ewm, EwmSpec, Garch, GarchError, GarchSpec, GarchState, MeanModel, Movement, VarianceModel,
};
use crate::cx::Cx;
use crate::recipe::VolatilityOf;

/// Exponentially weighted deviations, and a fitted model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct Swings {
    pub(in crate::analysis::features) of: VolatilityOf,
    /// Spans of the exponentially weighted deviations, in rows.
    pub(in crate::analysis::features) spans: Vec<u32>,
    pub(in crate::analysis::features) arch: bool,
    pub(in crate::analysis::features) garch: bool,
}

/// The same with what was learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct FittedSwings {
    settings: Swings,
    /// The models asked for.
    models: Vec<PerEntity<Garch>>,
}

impl Swings {
    fn n_outputs(&self) -> usize {
        self.spans.len() + 2 * self.models().count()
    }

    fn models(&self) -> impl Iterator<Item = (VarianceModel, &'static str)> {
        let arch = self.arch.then_some((VarianceModel::Arch, "arch"));
        arch.into_iter().chain(self.garch.then_some((VarianceModel::Garch, "garch")))
    }

    fn what(&self, column: &str) -> String {
        match self.of {
            VolatilityOf::Differences => format!("the changes of {column} from row to row"),
            VolatilityOf::Values => column.to_owned(),
        }
    }
}

impl FeatureStep for Swings {
    type Fitted = FittedSwings;

    fn outputs(&self, columns: &[&str]) -> Vec<Output> {
        let column = columns.first().copied().unwrap_or_default();
        let what = self.what(column);
        let mut outputs: Vec<Output> = self
            .spans
            .iter()
            .map(|span| {
                let formula = format!("Exponentially weighted standard deviation of {what}, span {span} rows");
                Output::new(format!("{column}_ewm_std_{span}"), formula, LookBack::Past)
            })
            .collect();
        for (_, name) in self.models() {
            let model = if name == "arch" { "an ARCH(1) model" } else { "a GARCH(1,1) model" };
            let sigma = format!("Standard deviation of {what} that {model} expects before the row");
            let standard = format!("{what} in units of what {model} expects");
            outputs.push(Output::new(format!("{column}_{name}_sigma"), sigma, LookBack::Past));
            outputs.push(Output::new(format!("{column}_{name}_residual"), standard, LookBack::Past));
        }
        outputs
    }

    fn fit(&self, input: &StepInput<'_>, cx: &Cx) -> Result<FittedSwings, FeatureError> {
        let movement = match self.of {
            VolatilityOf::Differences => Movement::Differences,
            VolatilityOf::Values => Movement::Values,
        };
        let mut models = Vec::new();
        for (variance, name) in self.models() {
            let spec = GarchSpec { variance, mean: MeanModel::Constant, movement };
            models.push(PerEntity::learn(input, |series, is_own| {
                let values: Vec<&[f64]> = series.iter().map(|(values, _)| values.as_slice()).collect();
                match Garch::fit(&values, spec, cx) {
                    Ok(model) => Ok(Some(model)),
                    Err(GarchError::Cancelled) => Err(FeatureError::Cancelled),
                    Err(_) if is_own => Ok(None),
                    Err(error) => {
                        cx.warn(format!("features.time_series.volatility has no {name} model for a column: {error}"));
                        Ok(None)
                    }
                }
            })?);
        }
        Ok(FittedSwings { settings: self.clone(), models })
    }
}

impl FittedFeatureStep for FittedSwings {
    fn apply(&self, input: &StepInput<'_>, cx: &Cx) -> Result<Vec<Vec<f64>>, FeatureError> {
        Ok(run_machines(self.settings.n_outputs(), input, cx, |entity| self.start(entity))?)
    }

    fn machine(&self, entity: &str) -> Option<Box<dyn Machine>> {
        Some(self.start(entity))
    }
}

impl FittedSwings {
    fn start(&self, entity: &str) -> Box<dyn Machine> {
        let ewm = |&span: &u32| Ewm::new(EwmSpec { span: f64::from(span), adjust: true, bias: false });
        Box::new(SwingMachine {
            of: self.settings.of,
            last: f64::NAN,
            ewms: self.settings.spans.iter().map(ewm).collect(),
            models: self.models.iter().map(|models| models.of(entity).map(Garch::start)).collect(),
        })
    }
}

#[derive(Clone)]
struct SwingMachine {
    of: VolatilityOf,
    /// Value of the last row that had one.
    last: f64,
    ewms: Vec<Ewm>,
    models: Vec<Option<GarchState>>,
}

impl Machine for SwingMachine {
    fn push(&mut self, row: StreamRow<'_>, out: &mut [f64]) {
        let value = row.numbers.first().copied().unwrap_or(f64::NAN);
        let swing = match self.of {
            VolatilityOf::Values => value,
            VolatilityOf::Differences => value - self.last,
        };
        if value.is_finite() {
            self.last = value;
        }
        let mut out = out.iter_mut();
        for (ewm, out) in self.ewms.iter_mut().zip(&mut out) {
            *out = ewm.push(swing).std;
        }
        for model in &mut self.models {
            let (Some(sigma), Some(residual)) = (out.next(), out.next()) else { return };
            // The model takes differences itself.
            if let Some(model) = model {
                let expected = model.push(value);
                (*sigma, *residual) = (expected.sigma, expected.residual);
            }
        }
    }
}
