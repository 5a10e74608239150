//! How evenly the values of a window spread over bins.

use serde::{Deserialize, Serialize};

use crate::analysis::features::FeatureError;
use crate::analysis::features::catalogue::{LookBack, Output};
use crate::analysis::features::distribution::{Bins, Entropy, RollingEntropy};
use crate::analysis::features::input::StepInput;
use crate::analysis::features::plan::Unit;
use crate::analysis::features::step::{FeatureStep, FittedFeatureStep, Machine, StreamRow, run_machines};
use crate::cx::Cx;

/// Fewest values whose spread tells anything.
const MIN_VALUES: usize = 2;

/// Entropies of windows over one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct Entropies {
    pub(in crate::analysis::features) unit: Unit,
    pub(in crate::analysis::features) windows: Vec<u32>,
    pub(in crate::analysis::features) bins: usize,
    pub(in crate::analysis::features) kinds: Vec<Entropy>,
}

/// The same with the bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct FittedEntropies {
    settings: Entropies,
    /// `None` where there was no value to learn from.
    bins: Option<Bins>,
}

impl FeatureStep for Entropies {
    type Fitted = FittedEntropies;

    fn outputs(&self, columns: &[&str]) -> Vec<Output> {
        let column = columns.first().copied().unwrap_or_default();
        let mut outputs = Vec::new();
        for &window in &self.windows {
            let span = self.unit.count(window);
            let look_back = match self.unit {
                Unit::Rows => LookBack::Rows(window),
                Unit::Minutes => LookBack::Minutes(window),
            };
            outputs.extend(self.kinds.iter().map(|kind| {
                let (name, title) = match kind {
                    Entropy::Shannon => ("shannon", "Shannon entropy".to_owned()),
                    Entropy::ShannonBits => ("shannon_bits", "Shannon entropy in bits".to_owned()),
                    Entropy::Renyi { order } => ("renyi", format!("Rényi entropy of order {order}")),
                    Entropy::Tsallis { order } => ("tsallis", format!("Tsallis entropy of order {order}")),
                };
                let formula = format!("{title} of {column} over the last {span}, in {} bins", self.bins);
                Output::new(format!("{column}_{name}_{window}"), formula, look_back)
            }));
        }
        outputs
    }

    fn fit(&self, input: &StepInput<'_>, cx: &Cx) -> Result<FittedEntropies, FeatureError> {
        cx.check()?;
        let bins = Bins::equal_width(&input.training_values(input.column()), self.bins);
        Ok(FittedEntropies { settings: self.clone(), bins })
    }
}

impl FittedFeatureStep for FittedEntropies {
    fn apply(&self, input: &StepInput<'_>, cx: &Cx) -> Result<Vec<Vec<f64>>, FeatureError> {
        let n_outputs = self.settings.windows.len() * self.settings.kinds.len();
        let fresh = self.start();
        Ok(run_machines(n_outputs, input, cx, |_| Box::new(fresh.clone()))?)
    }

    fn machine(&self, _entity: &str) -> Option<Box<dyn Machine>> {
        Some(Box::new(self.start()))
    }
}

impl FittedEntropies {
    fn start(&self) -> EntropyMachine {
        let settings = &self.settings;
        let window = |bins: &Bins, window: u32| {
            RollingEntropy::new(bins.clone(), &settings.kinds, settings.unit.reach(window), MIN_VALUES)
        };
        let windows = self.bins.iter().flat_map(|bins| settings.windows.iter().map(|&w| window(bins, w)));
        EntropyMachine { windows: windows.collect(), n_kinds: settings.kinds.len() }
    }
}

#[derive(Clone)]
struct EntropyMachine {
    windows: Vec<RollingEntropy>,
    n_kinds: usize,
}

impl Machine for EntropyMachine {
    fn push(&mut self, row: StreamRow<'_>, out: &mut [f64]) {
        let value = row.numbers.first().copied().unwrap_or(f64::NAN);
        for (window, out) in self.windows.iter_mut().zip(out.chunks_mut(self.n_kinds.max(1))) {
            window.push(row.time, value, out);
        }
    }
}
