//! Trend, seasons and residual of one column.

use serde::{Deserialize, Serialize};

use crate::analysis::features::FeatureError;
use crate::analysis::features::catalogue::{LookBack, Output};
use crate::analysis::features::input::StepInput;
use crate::analysis::features::per_entity::PerEntity;
use crate::analysis::features::seasonal::classical::{self, Model};
use crate::analysis::features::seasonal::mstl::{MstlConfig, mstl};
use crate::analysis::features::seasonal::profile::{Clock, ProfileState, SeasonalProfile};
use crate::analysis::features::seasonal::stl::{StlConfig, stl};
use crate::analysis::features::seasonal::{Decomposition, SeasonalError};
use crate::analysis::features::step::{FeatureStep, FittedFeatureStep, Machine, StreamRow, run_machines};
use crate::cx::Cx;
use crate::recipe::{SeasonalMethod, SeasonalModel};

/// A decomposition of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct Seasonal {
    pub(in crate::analysis::features) method: SeasonalMethod,
    pub(in crate::analysis::features) model: SeasonalModel,
    /// Periods in rows, ascending, each with its name for people.
    pub(in crate::analysis::features) periods: Vec<(usize, String)>,
    /// Microseconds from row to row; `None`: phases count rows.
    pub(in crate::analysis::features) step_micros: Option<i64>,
    pub(in crate::analysis::features) robust: bool,
}

/// The decomposition with what it learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct FittedSeasonal {
    settings: Seasonal,
    /// Of the trailing method.
    profiles: Option<PerEntity<SeasonalProfile>>,
}

impl Seasonal {
    fn n_outputs(&self) -> usize {
        self.periods.len() + 2
    }

    fn rows(&self) -> Vec<usize> {
        self.periods.iter().map(|&(rows, _)| rows).collect()
    }

    /// The decomposition of a whole series, which looks ahead.
    fn whole(&self, values: &[f64], cx: &Cx) -> Result<Decomposition, SeasonalError> {
        let period = self.periods.first().map_or(0, |&(rows, _)| rows);
        let model = match self.model {
            SeasonalModel::Additive => Model::Additive,
            SeasonalModel::Multiplicative => Model::Multiplicative,
        };
        match self.method {
            SeasonalMethod::Classical => classical::decompose(values, period, model),
            SeasonalMethod::Stl => stl(values, &StlConfig { robust: self.robust, ..StlConfig::new(period) }, cx),
            SeasonalMethod::Mstl => {
                let config = MstlConfig::new(&self.rows());
                let stl = StlConfig { robust: self.robust, ..config.stl.clone() };
                mstl(values, &MstlConfig { stl, ..config }, cx)
            }
            SeasonalMethod::Trailing | SeasonalMethod::None => {
                Err(SeasonalError::TooShort { n_rows: values.len(), period })
            }
        }
    }
}

impl FeatureStep for Seasonal {
    type Fitted = FittedSeasonal;

    fn outputs(&self, columns: &[&str]) -> Vec<Output> {
        let column = columns.first().copied().unwrap_or_default();
        let longest = self.periods.last().map_or("", |(_, name)| name.as_str());
        let (by, look_back) = match self.method {
            SeasonalMethod::Trailing => ("training rows of the same phase", LookBack::Past),
            SeasonalMethod::Classical => ("centred moving averages", LookBack::Future),
            SeasonalMethod::Stl => ("loess (STL)", LookBack::Future),
            SeasonalMethod::Mstl => ("loess (MSTL)", LookBack::Future),
            SeasonalMethod::None => return Vec::new(),
        };
        let trend = match self.method {
            SeasonalMethod::Trailing => format!("Mean of {column} over the last {longest}"),
            _ => format!("Slow part of {column}, by {by}"),
        };
        let mut outputs = vec![Output::new(format!("{column}_trend"), trend, look_back)];
        outputs.extend(self.periods.iter().map(|(_, name)| {
            let formula = format!("What of {column} repeats every {name}, by {by}");
            let look_back = if self.method == SeasonalMethod::Trailing { LookBack::Row } else { look_back };
            Output::new(format!("{column}_season_{name}"), formula, look_back)
        }));
        let rest = format!("What is left of {column} without trend and seasons");
        outputs.push(Output::new(format!("{column}_residual"), rest, look_back));
        outputs
    }

    fn fit(&self, input: &StepInput<'_>, cx: &Cx) -> Result<FittedSeasonal, FeatureError> {
        let mut profiles = None;
        if self.method == SeasonalMethod::Trailing {
            let clock = self.step_micros.map_or(Clock::Rows, |step_micros| Clock::Time { step_micros });
            profiles = Some(PerEntity::learn(input, |series, is_own| {
                let entities: Vec<(&[f64], &[i64])> =
                    series.iter().map(|(values, times)| (values.as_slice(), times.as_slice())).collect();
                match SeasonalProfile::fit(&self.rows(), clock, &entities, cx) {
                    Ok(profile) => Ok(Some(profile)),
                    Err(SeasonalError::Cancelled) => Err(FeatureError::Cancelled),
                    // Held against all together then.
                    Err(_) if is_own => Ok(None),
                    Err(error) => {
                        cx.warn(format!("features.time_series.seasonal_analysis has no values for a column: {error}"));
                        Ok(None)
                    }
                }
            })?);
        }
        Ok(FittedSeasonal { settings: self.clone(), profiles })
    }
}

impl FittedFeatureStep for FittedSeasonal {
    fn apply(&self, input: &StepInput<'_>, cx: &Cx) -> Result<Vec<Vec<f64>>, FeatureError> {
        let n_outputs = self.settings.n_outputs();
        if self.settings.method == SeasonalMethod::Trailing {
            return Ok(run_machines(n_outputs, input, cx, |entity| self.trailing(entity))?);
        }
        let mut columns = vec![vec![f64::NAN; input.n_rows()]; n_outputs];
        for group in input.layout.entities() {
            let values = input.series(input.column(), group);
            let parts = match self.settings.whole(&values, cx) {
                Ok(parts) => parts,
                Err(SeasonalError::Cancelled) => return Err(FeatureError::Cancelled),
                Err(error) => {
                    cx.warn(format!("features.time_series.seasonal_analysis leaves out an entity: {error}"));
                    continue;
                }
            };
            let seasons = self.settings.periods.iter().map(|&(rows, _)| {
                parts.seasonal.iter().find(|season| season.period == rows).map(|season| &season.values)
            });
            let all = std::iter::once(Some(&parts.trend)).chain(seasons).chain([Some(&parts.residual)]);
            for (column, part) in columns.iter_mut().zip(all) {
                input.scatter(column, group, part.map_or(&[], Vec::as_slice));
            }
        }
        Ok(columns)
    }

    fn machine(&self, entity: &str) -> Option<Box<dyn Machine>> {
        (self.settings.method == SeasonalMethod::Trailing).then(|| self.trailing(entity))
    }
}

impl FittedSeasonal {
    fn trailing(&self, entity: &str) -> Box<dyn Machine> {
        let profile = self.profiles.as_ref().and_then(|profiles| profiles.of(entity));
        let state = profile.map(|profile| (profile.start(), profile.clone()));
        Box::new(Trailing { state })
    }
}

#[derive(Clone)]
struct Trailing {
    state: Option<(ProfileState, SeasonalProfile)>,
}

impl Machine for Trailing {
    fn push(&mut self, row: StreamRow<'_>, out: &mut [f64]) {
        let (Some((state, profile)), [trend, seasons @ .., residual]) = (&mut self.state, out) else { return };
        let value = row.numbers.first().copied().unwrap_or(f64::NAN);
        let parts = profile.push(state, value, row.time, seasons);
        (*trend, *residual) = (parts.trend, parts.residual);
    }
}
