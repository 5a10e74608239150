//! Where the level or spread of a column changed, and what the segment since then is like.

use serde::{Deserialize, Serialize};

use crate::analysis::features::FeatureError;
use crate::analysis::features::catalogue::{LookBack, Output};
use crate::analysis::features::change_points::{
    self, ChangePointError, Model, OnlineCost, OnlineFit, OnlinePelt, Penalty, Search, SegmentRow, Settings, Signal,
    Stop, segment_features,
};
use crate::analysis::features::input::StepInput;
use crate::analysis::features::per_entity::PerEntity;
use crate::analysis::features::step::{FeatureStep, FittedFeatureStep, Machine, StreamRow, run_machines};
use crate::cx::Cx;
use crate::recipe::{ChangeCost, ChangeMethod, ChangePenalty};

const N_OUTPUTS: usize = 4;

/// Change points of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct Changes {
    pub(in crate::analysis::features) method: ChangeMethod,
    /// Whether the whole series is segmented at once.
    pub(in crate::analysis::features) looks_ahead: bool,
    pub(in crate::analysis::features) cost: ChangeCost,
    pub(in crate::analysis::features) penalty: ChangePenalty,
    pub(in crate::analysis::features) min_size: u32,
}

/// The same with what it learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct FittedChanges {
    settings: Changes,
    /// Of the method that looks back only.
    online: Option<PerEntity<OnlineFit>>,
}

impl Changes {
    /// The price of a change, or how many there are to be.
    fn penalty(&self) -> Result<Penalty, usize> {
        match self.penalty {
            ChangePenalty::Bic => Ok(Penalty::Bic),
            ChangePenalty::Aic => Ok(Penalty::Aic),
            ChangePenalty::Value(value) => Ok(Penalty::Value(value)),
            ChangePenalty::Changes(n) => Err(n as usize),
        }
    }

    /// The segments of a whole series, which looks ahead.
    fn whole(&self, values: &[f64], cx: &Cx) -> Result<Vec<SegmentRow>, ChangePointError> {
        let model = match self.cost {
            ChangeCost::L2 => Model::L2,
            ChangeCost::L1 => Model::L1,
            ChangeCost::Normal => Model::Normal { small_bias: true },
            ChangeCost::Rbf => Model::Rbf { gamma: None },
        };
        let signal = Signal::new(values, 1);
        let stop = match self.penalty() {
            Ok(penalty) => Stop::Penalty(penalty.value(model, &signal, cx)?),
            Err(n_changes) => Stop::Changes(n_changes),
        };
        let search = match (self.method, stop) {
            (ChangeMethod::Pelt, Stop::Penalty(penalty)) => Search::Pelt(penalty),
            (ChangeMethod::Pelt, Stop::Changes(n_changes)) => Search::Dynp(n_changes),
            (ChangeMethod::Binseg, stop) => Search::Binseg(stop),
            (ChangeMethod::Bottomup, stop) => Search::BottomUp(stop),
        };
        let settings = Settings { model, min_size: self.min_size as usize, jump: 1 };
        Ok(segment_features(values, &change_points::find(&signal, &settings, search, cx)?))
    }
}

impl FeatureStep for Changes {
    type Fitted = FittedChanges;

    fn outputs(&self, columns: &[&str]) -> Vec<Output> {
        let column = columns.first().copied().unwrap_or_default();
        let name = match self.method {
            ChangeMethod::Pelt => "pelt",
            ChangeMethod::Binseg => "binseg",
            ChangeMethod::Bottomup => "bottomup",
        };
        let look_back = if self.looks_ahead { LookBack::Future } else { LookBack::Past };
        let output = |suffix: &str, what: String| Output::new(format!("{column}_{name}_{suffix}"), what, look_back);
        vec![
            output("since_change", format!("Rows since the last change point of {column}, by {name}")),
            output("segment_mean", format!("Mean of {column} since its last change point, by {name}")),
            output("segment_std", format!("Standard deviation of {column} since its last change point, by {name}")),
            output("from_segment", format!("{column} minus its mean since the last change point, by {name}")),
        ]
    }

    fn fit(&self, input: &StepInput<'_>, cx: &Cx) -> Result<FittedChanges, FeatureError> {
        let mut online = None;
        if let (false, Ok(penalty)) = (self.looks_ahead, self.penalty()) {
            // The recipe's check leaves only these two costs to this method.
            let cost = if self.cost == ChangeCost::Normal { OnlineCost::Normal } else { OnlineCost::L2 };
            online = Some(PerEntity::learn(input, |series, is_own| {
                let values: Vec<&[f64]> = series.iter().map(|(values, _)| values.as_slice()).collect();
                match OnlineFit::new(&values, cost, penalty, self.min_size as usize) {
                    Ok(fit) => Ok(Some(fit)),
                    Err(ChangePointError::Cancelled) => Err(FeatureError::Cancelled),
                    Err(_) if is_own => Ok(None),
                    Err(error) => {
                        cx.warn(format!("features.time_series.change_points has no values for a column: {error}"));
                        Ok(None)
                    }
                }
            })?);
        }
        Ok(FittedChanges { settings: self.clone(), online })
    }
}

impl FittedFeatureStep for FittedChanges {
    fn apply(&self, input: &StepInput<'_>, cx: &Cx) -> Result<Vec<Vec<f64>>, FeatureError> {
        if !self.settings.looks_ahead {
            return Ok(run_machines(N_OUTPUTS, input, cx, |entity| self.online(entity))?);
        }
        let mut columns = vec![vec![f64::NAN; input.n_rows()]; N_OUTPUTS];
        for group in input.layout.entities() {
            let values = input.series(input.column(), group);
            let rows = match self.settings.whole(&values, cx) {
                Ok(rows) => rows,
                Err(ChangePointError::Cancelled) => return Err(FeatureError::Cancelled),
                Err(error) => {
                    cx.warn(format!("features.time_series.change_points leaves out an entity: {error}"));
                    continue;
                }
            };
            for (output, column) in columns.iter_mut().enumerate() {
                let part: Vec<f64> = rows.iter().map(|row| parts(row)[output]).collect();
                input.scatter(column, group, &part);
            }
        }
        Ok(columns)
    }

    fn machine(&self, entity: &str) -> Option<Box<dyn Machine>> {
        (!self.settings.looks_ahead).then(|| self.online(entity))
    }
}

impl FittedChanges {
    fn online(&self, entity: &str) -> Box<dyn Machine> {
        let fitted = self.online.as_ref().and_then(|online| online.of(entity));
        Box::new(Online(fitted.map(OnlinePelt::new)))
    }
}

fn parts(row: &SegmentRow) -> [f64; N_OUTPUTS] {
    [row.rows_since_change, row.mean, row.std, row.deviation]
}

#[derive(Clone)]
struct Online(Option<OnlinePelt>);

impl Machine for Online {
    fn push(&mut self, row: StreamRow<'_>, out: &mut [f64]) {
        let Some(pelt) = &mut self.0 else { return };
        let segment = pelt.push(row.numbers.first().copied().unwrap_or(f64::NAN));
        out.iter_mut().zip(parts(&segment)).for_each(|(out, part)| *out = part);
    }
}
