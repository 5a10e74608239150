//! Features that an expert of the field adds.

use serde::{Deserialize, Serialize};

use crate::analysis::features::FeatureError;
use crate::analysis::features::catalogue::{LookBack, Output};
use crate::analysis::features::domain::{self, Cell, Cells, DomainFeature, FittedOp, Rows};
use crate::analysis::features::input::StepInput;
use crate::analysis::features::step::{FeatureStep, FittedFeatureStep, Machine, StreamRow};
use crate::cx::Cx;

/// One feature of a domain pack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct Domain {
    pub(in crate::analysis::features) feature: DomainFeature,
    /// Where the columns of the operation are, in its order: among the numbers or the texts of the step.
    pub(in crate::analysis::features) places: Vec<Place>,
    /// Whether rows have a time.
    pub(in crate::analysis::features) has_time: bool,
}

/// Where a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::analysis::features) enum Place {
    Number(usize),
    Text(usize),
}

/// The same with what was learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct FittedDomain {
    settings: Domain,
    op: FittedOp,
}

impl Place {
    fn cells<'a>(self, input: &'a StepInput<'_>) -> Option<Cells<'a>> {
        Some(match self {
            Self::Number(at) => Cells::Numbers(input.numbers.get(at)?.as_slice()),
            Self::Text(at) => Cells::Texts(input.texts.get(at)?.as_slice()),
        })
    }
}

impl FeatureStep for Domain {
    type Fitted = FittedDomain;

    fn outputs(&self, _columns: &[&str]) -> Vec<Output> {
        let DomainFeature { name, formula, op, .. } = &self.feature;
        let look_back = if op.has_memory() { LookBack::Past } else { LookBack::Row };
        vec![Output::new(name, formula, look_back)]
    }

    fn fit(&self, input: &StepInput<'_>, cx: &Cx) -> Result<FittedDomain, FeatureError> {
        let rows: Vec<usize> = (0..input.n_rows()).filter(|&row| input.is_training(row)).collect();
        let numbers = |at: usize| {
            let column = input.numbers.get(at).map_or(&[][..], |column| column.as_slice());
            rows.iter().map(|&row| column.get(row).copied().unwrap_or(f64::NAN)).collect::<Vec<f64>>()
        };
        let texts = |at: usize| {
            let column = input.texts.get(at).map_or(&[][..], Vec::as_slice);
            rows.iter().map(|&row| column.get(row).copied().flatten()).collect::<Vec<Option<&str>>>()
        };
        // Only the first column is ever learned from.
        let op = self.feature.op.clone();
        let fitted = match self.places.first() {
            Some(&Place::Number(at)) => FittedOp::fit(op, &training(&[Cells::Numbers(&numbers(at))], rows.len()), cx)?,
            Some(&Place::Text(at)) => FittedOp::fit(op, &training(&[Cells::Texts(&texts(at))], rows.len()), cx)?,
            None => FittedOp::fit(op, &training(&[], rows.len()), cx)?,
        };
        Ok(FittedDomain { settings: self.clone(), op: fitted })
    }
}

fn training<'a>(columns: &'a [Cells<'a>], n_rows: usize) -> Rows<'a> {
    Rows { n_rows, times: &[], entities: &[], columns }
}

impl FittedFeatureStep for FittedDomain {
    /// Rows of one user or address count together, whichever entity they belong to.
    const IS_SHARED: bool = true;

    fn apply(&self, input: &StepInput<'_>, cx: &Cx) -> Result<Vec<Vec<f64>>, FeatureError> {
        let columns: Vec<Cells<'_>> = self.settings.places.iter().filter_map(|place| place.cells(input)).collect();
        let (times, entities) = (input.times_by_row(), input.entities_by_row());
        let times = if self.settings.has_time { times.as_slice() } else { &[] };
        let rows = Rows { n_rows: input.n_rows(), times, entities: &entities, columns: &columns };
        Ok(vec![self.op.run(&rows, cx)?])
    }

    fn machine(&self, _entity: &str) -> Option<Box<dyn Machine>> {
        Some(self.start())
    }
}

impl FittedDomain {
    fn start(&self) -> Box<dyn Machine> {
        let Domain { places, has_time, .. } = &self.settings;
        Box::new(DomainMachine { machine: self.op.machine(), places: places.clone(), has_time: *has_time })
    }
}

#[derive(Clone)]
struct DomainMachine {
    machine: domain::Machine,
    places: Vec<Place>,
    has_time: bool,
}

impl Machine for DomainMachine {
    fn push(&mut self, row: StreamRow<'_>, out: &mut [f64]) {
        let cell = |place: &Place| match *place {
            Place::Number(at) => Cell::Number(row.numbers.get(at).copied().unwrap_or(f64::NAN)),
            Place::Text(at) => Cell::Text(row.texts.get(at).copied().flatten()),
        };
        let cells: Vec<Cell<'_>> = self.places.iter().map(cell).collect();
        let time = self.has_time.then_some(row.time);
        let value = self.machine.push(&domain::Row { time, entity: u64::from(row.entity), cells: &cells });
        if let Some(out) = out.first_mut() {
            *out = value;
        }
    }
}
