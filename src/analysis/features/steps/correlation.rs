//! How two columns move together over windows, at the same time and at lags.

use serde::{Deserialize, Serialize};

use crate::analysis::features::FeatureError;
use crate::analysis::features::catalogue::{LookBack, Output};
use crate::analysis::features::correlation::{LaggedCorrelation, RollingCorrelation};
use crate::analysis::features::input::StepInput;
use crate::analysis::features::plan::Unit;
use crate::analysis::features::step::{FeatureStep, FittedFeatureStep, Machine, StreamRow, run_machines};
use crate::cx::Cx;
use crate::recipe::CorrelationMethod;

/// Fewest pairs that a correlation tells anything of.
const MIN_PAIRS: usize = 3;

/// Rolling correlations of two columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct Correlations {
    pub(in crate::analysis::features) unit: Unit,
    pub(in crate::analysis::features) windows: Vec<u32>,
    /// Of rows at the same time.
    pub(in crate::analysis::features) methods: Vec<CorrelationMethod>,
    /// Lags in rows, Pearson.
    pub(in crate::analysis::features) lags: Vec<u32>,
}

/// One output.
#[derive(Clone, Copy)]
enum Part {
    Together(CorrelationMethod),
    /// The second column follows the first by so many rows.
    FirstLeads(u32),
    /// The first column follows the second.
    SecondLeads(u32),
}

impl Correlations {
    fn parts(&self) -> impl Iterator<Item = (u32, Part)> {
        self.windows.iter().flat_map(|&window| {
            let together = self.methods.iter().map(|&method| Part::Together(method));
            let lagged = self.lags.iter().flat_map(|&lag| [Part::FirstLeads(lag), Part::SecondLeads(lag)]);
            together.chain(lagged).map(move |part| (window, part))
        })
    }

    fn start(&self) -> Box<dyn Machine> {
        let machine = |(window, part)| {
            let reach = self.unit.reach(window);
            let lagged = |lag: u32| LaggedCorrelation::new(CorrelationMethod::Pearson, lag as usize, reach, MIN_PAIRS);
            match part {
                Part::Together(method) => Rolling::Together(RollingCorrelation::new(method, reach, MIN_PAIRS)),
                Part::FirstLeads(lag) => Rolling::FirstLeads(lagged(lag)),
                Part::SecondLeads(lag) => Rolling::SecondLeads(lagged(lag)),
            }
        };
        Box::new(CorrelationMachine(self.parts().map(machine).collect()))
    }
}

impl FeatureStep for Correlations {
    type Fitted = Self;

    fn outputs(&self, columns: &[&str]) -> Vec<Output> {
        let [a, b] = columns else { return Vec::new() };
        let output = |(window, part): (u32, Part)| {
            let span = self.unit.count(window);
            let look_back = |lag: u32| match self.unit {
                Unit::Rows => LookBack::Rows(window + lag),
                Unit::Minutes if lag == 0 => LookBack::Minutes(window),
                // A lag counts rows, whatever time they take.
                Unit::Minutes => LookBack::Past,
            };
            let lagged = |first: &str, second: &str, lag: u32| {
                let formula =
                    format!("Pearson correlation of {second} with {first} {lag} rows earlier, over the last {span}");
                Output::new(format!("{second}_{first}_lag{lag}_{window}"), formula, look_back(lag))
            };
            match part {
                Part::Together(method) => {
                    let (name, title) = match method {
                        CorrelationMethod::Pearson => ("pearson", "Pearson correlation"),
                        CorrelationMethod::Spearman => ("spearman", "Spearman rank correlation"),
                        CorrelationMethod::Kendall => ("kendall", "Kendall's tau-b"),
                    };
                    let formula = format!("{title} of {a} and {b} over the last {span}, this row included");
                    Output::new(format!("{a}_{b}_{name}_{window}"), formula, look_back(0))
                }
                Part::FirstLeads(lag) => lagged(a, b, lag),
                Part::SecondLeads(lag) => lagged(b, a, lag),
            }
        };
        self.parts().map(output).collect()
    }

    fn fit(&self, _input: &StepInput<'_>, _cx: &Cx) -> Result<Self, FeatureError> {
        Ok(self.clone())
    }
}

impl FittedFeatureStep for Correlations {
    fn apply(&self, input: &StepInput<'_>, cx: &Cx) -> Result<Vec<Vec<f64>>, FeatureError> {
        Ok(run_machines(self.parts().count(), input, cx, |_| self.start())?)
    }

    fn machine(&self, _entity: &str) -> Option<Box<dyn Machine>> {
        Some(self.start())
    }
}

#[derive(Clone)]
enum Rolling {
    Together(RollingCorrelation),
    FirstLeads(LaggedCorrelation),
    SecondLeads(LaggedCorrelation),
}

#[derive(Clone)]
struct CorrelationMachine(Vec<Rolling>);

impl Machine for CorrelationMachine {
    fn push(&mut self, row: StreamRow<'_>, out: &mut [f64]) {
        let &[a, b] = row.numbers else { return };
        for (rolling, out) in self.0.iter_mut().zip(out) {
            *out = match rolling {
                Rolling::Together(correlation) => correlation.push(row.time, a, b),
                Rolling::FirstLeads(correlation) => correlation.push(row.time, a, b),
                Rolling::SecondLeads(correlation) => correlation.push(row.time, b, a),
            };
        }
    }
}
