//! Sines and cosines of the time of a row.

use serde::{Deserialize, Serialize};

use crate::analysis::features::FeatureError;
use crate::analysis::features::catalogue::{LookBack, Output};
use crate::analysis::features::input::StepInput;
use crate::analysis::features::seasonal::fourier::Fourier;
use crate::analysis::features::step::{FeatureStep, FittedFeatureStep, Machine, StreamRow, run_machines};
use crate::cx::Cx;

/// Waves of one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct FourierTerms {
    pub(in crate::analysis::features) period_secs: f64,
    /// Name of the period for people.
    pub(in crate::analysis::features) name: String,
    /// Number of waves.
    pub(in crate::analysis::features) terms: u32,
}

impl FourierTerms {
    fn fourier(&self) -> Option<Fourier> {
        Fourier::of_time(self.period_secs, self.terms).ok()
    }
}

impl FeatureStep for FourierTerms {
    type Fitted = Self;

    fn outputs(&self, _columns: &[&str]) -> Vec<Output> {
        let Self { name, .. } = self;
        let waves = (1..=self.terms).flat_map(|k| [("sin", k), ("cos", k)]);
        let output = |(wave, k): (&str, u32)| {
            let formula = format!("{wave}(2 pi {k} t / {name}) of the time t of the row");
            Output::new(format!("time_{wave}{k}_{name}"), formula, LookBack::Row)
        };
        waves.map(output).collect()
    }

    fn fit(&self, _input: &StepInput<'_>, _cx: &Cx) -> Result<Self, FeatureError> {
        Ok(self.clone())
    }
}

impl FittedFeatureStep for FourierTerms {
    fn apply(&self, input: &StepInput<'_>, cx: &Cx) -> Result<Vec<Vec<f64>>, FeatureError> {
        let machine = |_: &str| Box::new(Waves(self.fourier())) as Box<dyn Machine>;
        Ok(run_machines(2 * self.terms as usize, input, cx, machine)?)
    }

    fn machine(&self, _entity: &str) -> Option<Box<dyn Machine>> {
        Some(Box::new(Waves(self.fourier())))
    }
}

#[derive(Clone)]
struct Waves(Option<Fourier>);

impl Machine for Waves {
    fn push(&mut self, row: StreamRow<'_>, out: &mut [f64]) {
        if let Some(fourier) = &self.0 {
            fourier.write(row.time, out);
        }
    }
}
