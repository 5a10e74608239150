//! What would the detectors say, were some values of a row others?
//!
//! The values are those of the columns as they were read. The features of the row are made anew from them and the rows
//! before, as on live data; detectors of series look again at the series with the new value in it.

use std::collections::HashMap;
use std::sync::Arc;

use super::{ExplainError, Explainer};
use crate::analysis::ensemble::RowScorer;
use crate::analysis::features::EntityState;
use crate::analysis::features::catalogue::LookBack;
use crate::analysis::prepare::FittedPreparation;
use crate::cx::Cx;
use crate::data::Table;
use crate::engine::Snapshot;
use crate::recipe::DetectorKind;

/// Rows before a row that are looked at for features that look at all of them.
const MOST_ROWS: usize = 4096;

/// Rows more than a feature says it looks at.
const SPARE_ROWS: usize = 2;

/// Difference up to which a feature made anew is the one of the run.
const ROUNDING: f64 = 1e-6;

/// A row whose values can be changed.
pub struct WhatIf {
    pub(super) explainer: Arc<Explainer>,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) row: u32,
    time: i64,
    /// Numeric columns that features come from, and their values in the row; NaN where one is missing.
    columns: Vec<String>,
    values: Vec<f64>,
    /// Columns of text likewise.
    texts: Vec<(String, Option<String>)>,
    /// Where the entity stands before the row; `None` where it is not known how the features are made.
    before: Option<EntityState>,
    /// Per feature of the plan, its place in the matrix.
    places: HashMap<usize, usize>,
    /// Features that cannot be made anew from the rows before; they keep their values.
    held: Vec<bool>,
    /// What detectors see of the row as it is.
    numbers: Vec<f64>,
}

impl std::fmt::Debug for WhatIf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WhatIf").field("row", &self.row).field("values", &self.values).finish_non_exhaustive()
    }
}

/// What the detectors would say.
#[derive(Debug, Clone, PartialEq)]
pub struct WhatIfResult {
    /// Per detector its raw score, as it is and as it would be.
    pub detectors: Vec<(DetectorKind, f64, f64)>,
    /// The combined score as it is.
    pub before: f64,
    /// The combined score as it would be.
    pub after: f64,
    /// Whether the row would be anomalous.
    pub is_anomaly: bool,
}

impl WhatIf {
    /// Makes ready to change values of a row.
    ///
    /// # Errors
    /// When cancelled, or where there is no such row.
    pub fn new(explainer: &Arc<Explainer>, snapshot: &Arc<Snapshot>, row: u32, cx: &Cx) -> Result<Self, ExplainError> {
        explainer.check_row(row)?;
        let fitted = &snapshot.prepared.fitted;
        let numbers = explainer.detectors.numbers(explainer.features(), &[row], cx)?;
        let rows = history_rows(explainer, &snapshot.table, fitted, row);
        let history = History::read(explainer, &snapshot.table, fitted, &rows);
        let (time, values, texts) = history.row(rows.len().saturating_sub(1));
        let mut what_if = Self {
            explainer: Arc::clone(explainer),
            snapshot: Arc::clone(snapshot),
            row,
            time,
            values,
            texts: history.texts.iter().map(|(name, _)| name.clone()).zip(texts).collect(),
            before: before(snapshot, &history, row, cx)?,
            columns: history.columns,
            places: fitted.kept.iter().enumerate().map(|(at, &place)| (place, at)).collect(),
            held: vec![true; explainer.features().n_features()],
            numbers: numbers.row(0).to_vec(),
        };
        for (at, anew) in what_if.features(&what_if.values, |_| true) {
            let known = what_if.numbers.get(at).copied().unwrap_or(f64::NAN);
            if let Some(held) = what_if.held.get_mut(at) {
                *held = (anew - known).abs() > ROUNDING * (1.0 + known.abs());
            }
        }
        Ok(what_if)
    }

    /// The columns whose values can be changed.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The values of the columns as they are; NaN where one is missing.
    pub fn values(&self) -> Vec<f64> {
        self.values.clone()
    }

    /// Features that keep their values whatever is changed, as they need other rows than those before this one.
    pub fn held_features(&self) -> impl Iterator<Item = &str> {
        let names = self.explainer.features().features().iter().zip(&self.held);
        names.filter(|(_, held)| **held).map(|(feature, _)| feature.name.as_str())
    }

    /// Place of a column among [`WhatIf::columns`].
    ///
    /// # Errors
    /// [`ExplainError::NoColumn`].
    pub fn place_of(&self, column: &str) -> Result<usize, ExplainError> {
        let place = self.columns.iter().position(|known| known == column);
        place.ok_or_else(|| ExplainError::NoColumn { column: column.to_owned(), known: self.columns.join(", ") })
    }

    /// The scores with other values, one for each of [`WhatIf::columns`].
    ///
    /// # Errors
    /// When cancelled.
    pub fn evaluate(&self, values: &[f64], cx: &Cx) -> Result<WhatIfResult, ExplainError> {
        let explainer = &self.explainer;
        let mut numbers = self.numbers.clone();
        let is_changed = |name: &str| {
            let place = self.columns.iter().position(|column| column == name);
            place.is_some_and(|place| differ(values.get(place), self.values.get(place)))
        };
        for (at, feature) in self.features(values, is_changed) {
            if let (Some(number), Some(false)) = (numbers.get_mut(at), self.held.get(at)) {
                *number = feature;
            }
        }
        self.put_series(values, &mut numbers, cx)?;
        let raw = explainer.scores_of_numbers(&numbers, self.row, cx)?;
        let known = explainer.raw_scores(self.row);
        let scorer = explainer.scorer(&self.snapshot, self.row);
        let after = scorer.score(&raw);
        let kinds = self.snapshot.scores.iter().map(|scores| scores.kind);
        Ok(WhatIfResult {
            detectors: kinds.zip(known.iter().zip(raw)).map(|(kind, (&before, after))| (kind, before, after)).collect(),
            before: scorer.score(&known),
            after,
            is_anomaly: RowScorer::is_anomaly(after),
        })
    }

    /// The prepared features that come from columns that have changed: place in the matrix and value.
    fn features(&self, values: &[f64], is_changed: impl Fn(&str) -> bool) -> Vec<(usize, f64)> {
        let fitted = &self.snapshot.prepared.fitted;
        let (Some(source), Some(before)) = (&fitted.source, &self.before) else { return Vec::new() };
        let number = |name: &str| {
            let place = self.columns.iter().position(|column| column == name);
            place.and_then(|place| values.get(place)).copied().unwrap_or(f64::NAN)
        };
        let text = |name: &str| self.texts.iter().find(|(column, _)| column == name)?.1.as_deref();
        let scaled = |(place, value): (usize, f64)| {
            let at = *self.places.get(&place)?;
            Some((at, fitted.features.get(at)?.scaled_value(value)))
        };
        source.try_next(before, is_changed, self.time, number, text).into_iter().filter_map(scaled).collect()
    }

    /// Replaces what detectors of series say, where a column they look at has changed.
    fn put_series(&self, values: &[f64], numbers: &mut [f64], cx: &Cx) -> Result<(), ExplainError> {
        let detectors = &self.explainer.detectors;
        let Some(measures) = &detectors.measures else { return Ok(()) };
        let (mut measured, mut is_changed) = (measures.row(self.row as usize).to_vec(), false);
        for (at, column) in self.columns.iter().enumerate() {
            let (new, old) = (values.get(at).copied(), self.values.get(at).copied());
            let place = measures.features().iter().position(|feature| &feature.name == column);
            // A missing value stays what the gap was filled with.
            if let (Some(new), Some(place)) = (new.filter(|new| new.is_finite() && Some(*new) != old), place)
                && let Some(measured) = measured.get_mut(place)
            {
                (*measured, is_changed) = (new, true);
            }
        }
        if !is_changed {
            return Ok(());
        }
        let input = detectors.input(self.explainer.features());
        let series = detectors.models.iter().filter_map(|model| model.as_scores_columns());
        let mut start = self.explainer.features().n_features();
        for series in series {
            let scores = series.column_scores_with(input, self.row, &measured, detectors.fitted_on_all, cx)?;
            if let Some(numbers) = numbers.get_mut(start..start + scores.len()) {
                numbers.copy_from_slice(&scores);
            }
            start += scores.len();
        }
        Ok(())
    }
}

/// Whether two values differ; missing ones do not.
fn differ(a: Option<&f64>, b: Option<&f64>) -> bool {
    a.is_some_and(|a| b.is_none_or(|b| a != b && !(a.is_nan() && b.is_nan())))
}

/// The rows that the features of a row look at, and the row, in time order.
fn history_rows(explainer: &Explainer, table: &Table, fitted: &FittedPreparation, row: u32) -> Vec<u32> {
    let place = explainer.places.find(row, &explainer.detectors.order);
    let before = place.series.get(..=place.place).unwrap_or_default();
    let time_of = |row: u32| table.time().and_then(|times| times.get(row as usize)).copied().unwrap_or(0);
    let reach = |look_back: LookBack| match look_back {
        // What looks ahead is not made anew.
        LookBack::Row | LookBack::Future => 1,
        LookBack::Rows(n) => n as usize,
        LookBack::Minutes(minutes) => {
            let since = time_of(row) - i64::from(minutes) * 60_000_000;
            before.iter().rev().take_while(|&&row| time_of(row) >= since).count()
        }
        LookBack::Past => MOST_ROWS,
    };
    let entries = fitted.source.as_ref().map_or(&[][..], |source| source.plan.entries.as_slice());
    let kept = fitted.kept.iter().filter_map(|&at| entries.get(at));
    let longest = kept.map(|entry| reach(entry.look_back)).max().unwrap_or(1) + SPARE_ROWS;
    before.get(before.len().saturating_sub(longest)..).unwrap_or_default().to_vec()
}

/// Rows of an entity as they were read.
struct History {
    times: Vec<i64>,
    /// Numeric columns that features come from, and the values of each.
    columns: Vec<String>,
    numbers: Vec<Vec<f64>>,
    texts: Vec<(String, Vec<Option<String>>)>,
}

impl History {
    fn read(explainer: &Explainer, table: &Table, fitted: &FittedPreparation, rows: &[u32]) -> Self {
        let plan = fitted.source.as_ref().map(|source| &source.plan);
        let columns = plan.map_or_else(Vec::new, |plan| plan.sources().to_vec());
        let numbers_of = |name: &String| -> Vec<f64> {
            let values = explainer.column(name).unwrap_or_default();
            rows.iter().map(|&row| values.get(row as usize).copied().unwrap_or(f64::NAN)).collect()
        };
        let mut names: Vec<&str> =
            plan.into_iter().flat_map(|plan| (0..plan.n_nodes()).flat_map(|node| plan.node_columns(node))).collect();
        names.sort_unstable();
        names.dedup();
        let texts_of = |name: &str| {
            let texts = table.texts(name)?;
            let text = |&row: &u32| texts.get(row as usize).copied().flatten().map(str::to_owned);
            Some((name.to_owned(), rows.iter().map(text).collect()))
        };
        let time = |&row: &u32| table.time().and_then(|times| times.get(row as usize)).copied().unwrap_or(0);
        Self {
            times: rows.iter().map(time).collect(),
            numbers: columns.iter().map(numbers_of).collect(),
            columns,
            texts: names.into_iter().filter_map(texts_of).collect(),
        }
    }

    /// Time, numbers and texts of a row.
    fn row(&self, at: usize) -> (i64, Vec<f64>, Vec<Option<String>>) {
        let number = |values: &Vec<f64>| values.get(at).copied().unwrap_or(f64::NAN);
        let text = |(_, texts): &(String, Vec<Option<String>>)| texts.get(at).cloned().flatten();
        let time = self.times.get(at).copied().unwrap_or(0);
        (time, self.numbers.iter().map(number).collect(), self.texts.iter().map(text).collect())
    }
}

/// Where an entity stands before the last row of its history.
fn before(snapshot: &Snapshot, history: &History, row: u32, cx: &Cx) -> Result<Option<EntityState>, ExplainError> {
    let fitted = &snapshot.prepared.fitted;
    let Some(source) = &fitted.source else { return Ok(None) };
    let entity = snapshot.table.entities().map_or("", |entities| entities.name_of(row as usize));
    let mut state = source.entity(entity, |feature| fitted.kept.contains(&feature));
    for at in 0..history.times.len().saturating_sub(1) {
        cx.check()?;
        let number = |name: &str| {
            let values = history.columns.iter().position(|column| column == name);
            values.and_then(|place| history.numbers.get(place)?.get(at)).copied().unwrap_or(f64::NAN)
        };
        let text = |name: &str| {
            let (_, texts) = history.texts.iter().find(|(column, _)| column == name)?;
            texts.get(at)?.as_deref()
        };
        source.take(&mut state, history.times.get(at).copied().unwrap_or(0), number, text);
    }
    Ok(Some(state))
}
