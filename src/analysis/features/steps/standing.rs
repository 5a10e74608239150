//! Where a value stands among the training values of its column.

use serde::{Deserialize, Serialize};

use super::{FENCE, Z_FLAG, flag};
use crate::analysis::features::FeatureError;
use crate::analysis::features::catalogue::{LookBack, Output};
use crate::analysis::features::distribution::{ColumnProfile, ProfileConfig};
use crate::analysis::features::input::StepInput;
use crate::analysis::features::step::{FeatureStep, FittedFeatureStep, Machine, StreamRow, run_machines};
use crate::cx::Cx;
use crate::recipe::OutlierMethod;

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct Standing {
    pub(in crate::analysis::features) parts: Vec<Part>,
    /// Bound on z-scores.
    pub(in crate::analysis::features) limit: f64,
    /// Where the upper tail begins: a quantile of the training values.
    pub(in crate::analysis::features) tail_level: f64,
}

/// What is told of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::analysis::features) enum Part {
    ZScore,
    PercentileRank,
    Outlier(OutlierMethod),
    /// How far it lies in the tails.
    TailExcess,
}

/// The same with what was learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct FittedStanding {
    settings: Standing,
    /// `None` where there was no value to learn from.
    profile: Option<ColumnProfile>,
}

impl FeatureStep for Standing {
    type Fitted = FittedStanding;

    fn outputs(&self, columns: &[&str]) -> Vec<Output> {
        let column = columns.first().copied().unwrap_or_default();
        let output = |part: &Part| {
            let (name, formula) = match part {
                Part::ZScore => ("z", format!("({column} - mean) / standard deviation of the training rows")),
                Part::PercentileRank => ("rank", format!("Share of the training rows with {column} at or below this")),
                Part::Outlier(OutlierMethod::Iqr) => {
                    let fence = "1.5 interquartile ranges outside the quartiles of the training rows, else 0";
                    ("iqr_flag", format!("-1 or 1 where {column} is more than {fence}"))
                }
                Part::Outlier(OutlierMethod::ZScore) => {
                    let beyond = "3 standard deviations from the mean of the training rows, else 0";
                    ("z_flag", format!("-1 or 1 where {column} is more than {beyond}"))
                }
                Part::Outlier(OutlierMethod::ModifiedZScore) => {
                    let formula = "median) / median absolute deviation of the training rows";
                    ("modified_z", format!("0.6745 ({column} - {formula}"))
                }
                Part::TailExcess => {
                    let level = (self.tail_level * 1e4).round() / 100.0;
                    let beyond = format!("the {level} % quantile of the training rows (negative: below the lower one)");
                    ("tail", format!("How far {column} lies beyond {beyond}"))
                }
            };
            Output::new(format!("{column}_global_{name}"), formula, LookBack::Row)
        };
        self.parts.iter().map(output).collect()
    }

    fn fit(&self, input: &StepInput<'_>, cx: &Cx) -> Result<FittedStanding, FeatureError> {
        // What is only for display is left out.
        let config = ProfileConfig {
            quantile_levels: Vec::new(),
            tail_level: self.tail_level,
            entropy_bins: 1,
            entropies: Vec::new(),
        };
        let profile = ColumnProfile::fit(&config, &input.training_values(input.column()), cx)?;
        Ok(FittedStanding { settings: self.clone(), profile })
    }
}

impl FittedFeatureStep for FittedStanding {
    fn apply(&self, input: &StepInput<'_>, cx: &Cx) -> Result<Vec<Vec<f64>>, FeatureError> {
        Ok(run_machines(self.settings.parts.len(), input, cx, |_| Box::new(self.clone()))?)
    }

    fn machine(&self, _entity: &str) -> Option<Box<dyn Machine>> {
        Some(Box::new(self.clone()))
    }
}

impl Machine for FittedStanding {
    fn push(&mut self, row: StreamRow<'_>, out: &mut [f64]) {
        let (Some(profile), Some(&value)) = (&self.profile, row.numbers.first()) else { return };
        let limit = self.settings.limit;
        for (out, part) in out.iter_mut().zip(&self.settings.parts) {
            *out = match part {
                Part::ZScore => profile.z_score(value, limit),
                Part::PercentileRank => profile.percentile_rank(value),
                Part::Outlier(OutlierMethod::Iqr) => profile.iqr_flag(value, FENCE),
                Part::Outlier(OutlierMethod::ZScore) => flag(profile.z_score(value, 2.0 * Z_FLAG)),
                Part::Outlier(OutlierMethod::ModifiedZScore) => profile.modified_z_score(value, limit),
                Part::TailExcess => profile.tails.excess(value),
            };
        }
    }
}
