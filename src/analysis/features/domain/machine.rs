//! Runs an operation row by row, and over a whole table as the same rows one after another.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::clock::Moment;
use super::counter::Counter;
use super::history::History;
use super::keyed::Keyed;
use super::op::{Capacity, ClockPart, Level, Op, Source, When};
use super::window_sum::WindowSum;
use crate::analysis::features::text::{
    Categories, DEFAULT_MAX_KEPT, Place, Recency, Window, number_id, pair_id, text_id,
};
use crate::cx::{Cancelled, Cx};

/// Rows between two looks at the cancel flag.
const ROWS_PER_CHECK: usize = 1 << 12;
/// Values are summed in this scale, so that a sum of huge ones is finite. It is a power of two, so nothing is rounded
/// (but for values below 1e-289).
const SUM_SCALE: f64 = 1.0 / (1_u64 << 63) as f64;

/// A value of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell<'a> {
    /// A number; NaN where it is missing.
    Number(f64),
    /// A text; `None` where it is missing.
    Text(Option<&'a str>),
}

impl Cell<'_> {
    /// The number; NaN where it is missing, infinite or a text.
    fn number(self) -> f64 {
        match self {
            Self::Number(value) if value.is_finite() => value + 0.0,
            _ => f64::NAN,
        }
    }

    fn id(self) -> Option<u64> {
        match self {
            Self::Number(value) => number_id(value),
            Self::Text(text) => text.map(text_id),
        }
    }

    /// The value as a category: numbers as they are written.
    fn category(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Number(_) => Some(self.number()).filter(|v| !v.is_nan()).map(|v| Cow::Owned(v.to_string())),
            Self::Text(text) => text.map(Cow::Borrowed),
        }
    }
}

/// A row as an operation sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    /// Microseconds since 1970 (UTC); `None` where the table has no time or the row's is missing.
    pub(crate) time: Option<i64>,
    /// The entity of the row; the same for all where the table has none.
    pub(crate) entity: u64,
    /// The values of [`Op::columns`], in that order.
    pub(crate) cells: &'a [Cell<'a>],
}

impl Row<'_> {
    fn number(&self, slot: usize) -> f64 {
        self.cells.get(slot).map_or(f64::NAN, |cell| cell.number())
    }

    fn id(&self, slot: usize) -> Option<u64> {
        self.cells.get(slot).and_then(|cell| cell.id())
    }

    /// What tells rows apart: the value of a column, else the entity.
    fn key(&self, by: Option<usize>) -> Option<u64> {
        by.map_or(Some(self.entity), |slot| self.id(slot))
    }
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cells<'a> {
    /// NaN where missing.
    Numbers(&'a [f64]),
    /// `None` where missing.
    Texts(&'a [Option<&'a str>]),
}

impl<'a> Cells<'a> {
    fn get(self, row: usize) -> Cell<'a> {
        match self {
            Self::Numbers(values) => Cell::Number(values.get(row).copied().unwrap_or(f64::NAN)),
            Self::Texts(values) => Cell::Text(values.get(row).copied().flatten()),
        }
    }
}

/// The rows of a table that an operation runs over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    /// Number of rows.
    pub(crate) n_rows: usize,
    /// Time per row in microseconds; empty where the table has none.
    pub(crate) times: &'a [i64],
    /// Entity per row; empty where the table has none.
    pub(crate) entities: &'a [u32],
    /// The columns of [`Op::columns`], in that order.
    pub(crate) columns: &'a [Cells<'a>],
}

/// An operation with what it learned on the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FittedOp {
    op: Op,
    /// Of the first column, where the operation needs them.
    categories: Option<Categories>,
}

impl FittedOp {
    /// Learns what the operation needs from the training rows. Most need nothing.
    ///
    /// # Errors
    /// When cancelled.
    pub(crate) fn fit(op: Op, training: &Rows, cx: &Cx) -> Result<Self, Cancelled> {
        let mut categories = None;
        if let (true, Some(&column)) = (op.is_fitted(), training.columns.first()) {
            categories = Some(match column {
                Cells::Texts(texts) => Categories::fit(texts.iter().copied(), DEFAULT_MAX_KEPT, cx)?,
                Cells::Numbers(numbers) => {
                    let names: Vec<Option<String>> =
                        numbers.iter().map(|&v| Cell::Number(v).category().map(Cow::into_owned)).collect();
                    Categories::fit(names.iter().map(Option::as_deref), DEFAULT_MAX_KEPT, cx)?
                }
            });
        }
        Ok(Self { op, categories })
    }

    /// A machine that has seen no row. Its memory is bounded: see [`Keyed`] for what is kept by key.
    pub(crate) fn machine(&self) -> Machine {
        let columns = self.op.columns();
        // The columns were listed by the operation itself, so each has its slot.
        let slot = |name: &str| columns.iter().position(|&column| column == name).unwrap_or(usize::MAX);
        let by_slot = |by: &Option<String>| by.as_deref().map(slot);
        let reader = |source: &Source| Reader::new(source, slot);
        let limit = |capacity: &Capacity| match capacity {
            Capacity::Constant(value) => Limit::Constant(*value),
            Capacity::Column(column) => Limit::Column(slot(column)),
        };
        let part = match &self.op {
            Op::Saturation { level, capacity } => Part::Saturation {
                column: slot(level.column()),
                is_free: matches!(level, Level::Free(_)),
                limit: limit(capacity),
            },
            Op::Headroom { used, capacity } => Part::Headroom { column: slot(used), limit: limit(capacity) },
            Op::Ratio { top, bottom } => Part::Ratio { top: reader(top), bottom: bottom.iter().map(reader).collect() },
            Op::WindowRatio { top, bottom, by, window } => Part::WindowRatio {
                top: reader(top),
                bottom: bottom.iter().map(reader).collect(),
                by: by_slot(by),
                window: *window,
                sums: Keyed::default(),
            },
            Op::Rate { counter } => Part::Rate { counter: slot(counter), states: Keyed::default() },
            Op::RowCount { by, window } => Part::RowCount { by: slot(by), rows: Recency::new(*window) },
            Op::DistinctCount { column, by, window } => {
                Part::DistinctCount { column: slot(column), by: by_slot(by), window: *window, rows: Keyed::default() }
            }
            Op::NewValue { column, by } => {
                Part::NewValue { column: slot(column), by: by_slot(by), seen: Keyed::default() }
            }
            Op::RareValue { column } => Part::RareValue { column: slot(column), rarities: self.rarities() },
            Op::OwnHistory { column, by, n_values } => Part::OwnHistory {
                column: slot(column),
                by: by_slot(by),
                n_values: *n_values,
                histories: Keyed::default(),
            },
            Op::Clock { part, when: When::HourColumn(column) } => Part::Hour { part: *part, column: slot(column) },
            Op::Clock { part, when: When::RowTime { offset_minutes } } => {
                Part::Time { part: *part, offset_minutes: *offset_minutes }
            }
        };
        Machine { latest: 0, part }
    }

    fn rarities(&self) -> Option<Rarities> {
        let categories = self.categories.as_ref()?;
        let rarity = |name: &str| (name.to_owned(), categories.rarity(categories.place(Some(name))));
        let known = categories.names().map(rarity).collect();
        Some(Rarities { known, unseen: categories.rarity(Place::Unseen) })
    }

    /// The feature of every row of a table, in table order: the rows pushed by time (ties in table order).
    ///
    /// # Errors
    /// When cancelled.
    pub(crate) fn run(&self, table: &Rows, cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        let mut order: Vec<usize> = (0..table.n_rows).collect();
        let time = |row: usize| table.times.get(row).copied();
        if !order.is_sorted_by_key(|&row| time(row)) {
            order.sort_by_key(|&row| time(row));
        }
        let mut machine = self.machine();
        let mut cells = vec![Cell::Number(f64::NAN); table.columns.len()];
        let mut output = vec![f64::NAN; table.n_rows];
        for (n_done, row) in order.into_iter().enumerate() {
            if n_done % ROWS_PER_CHECK == 0 {
                cx.check()?;
            }
            for (cell, column) in cells.iter_mut().zip(table.columns) {
                *cell = column.get(row);
            }
            let entity = table.entities.get(row).copied().map_or(0, u64::from);
            let value = machine.push(&Row { time: time(row), entity, cells: &cells });
            if let Some(place) = output.get_mut(row) {
                *place = value;
            }
        }
        Ok(output)
    }
}

/// An operation at work. Rows of all entities go through the same machine, in the order of time.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// Time of the latest row that had one.
    latest: i64,
    part: Part,
}

/// An operation with slots for its columns, and its memory. Slots are places in [`Row::cells`].
#[derive(Debug, Clone)]
enum Part {
    Saturation { column: usize, is_free: bool, limit: Limit },
    Headroom { column: usize, limit: Limit },
    Ratio { top: Reader, bottom: Vec<Reader> },
    WindowRatio { top: Reader, bottom: Vec<Reader>, by: Option<usize>, window: Window, sums: Keyed<WindowSum> },
    Rate { counter: usize, states: Keyed<Counter> },
    RowCount { by: usize, rows: Recency },
    DistinctCount { column: usize, by: Option<usize>, window: Window, rows: Keyed<Recency> },
    NewValue { column: usize, by: Option<usize>, seen: Keyed<bool> },
    RareValue { column: usize, rarities: Option<Rarities> },
    OwnHistory { column: usize, by: Option<usize>, n_values: usize, histories: Keyed<History> },
    Hour { part: ClockPart, column: usize },
    Time { part: ClockPart, offset_minutes: i32 },
}

/// Rarity by category, looked up faster than in [`Categories`].
#[derive(Debug, Clone)]
struct Rarities {
    known: HashMap<String, f64>,
    unseen: f64,
}

#[derive(Debug, Clone, Copy)]
enum Limit {
    Constant(f64),
    Column(usize),
}

impl Limit {
    fn read(self, row: &Row) -> f64 {
        match self {
            Self::Constant(value) => value,
            Self::Column(slot) => row.number(slot),
        }
    }
}

impl Machine {
    /// Takes in the next row and gives its feature. The time of a row without one is that of the row before.
    pub(crate) fn push(&mut self, row: &Row) -> f64 {
        self.latest = row.time.unwrap_or(self.latest);
        let now = self.latest;
        match &mut self.part {
            Part::Saturation { column, is_free, limit } => {
                let capacity = limit.read(row);
                let part = if capacity > 0.0 { quotient(row.number(*column), capacity) } else { f64::NAN };
                if *is_free { 1.0 - part } else { part }
            }
            Part::Headroom { column, limit } => within_range(limit.read(row) - row.number(*column)),
            Part::Ratio { top, bottom } => {
                let top = top.read(row, now);
                let parts = bottom.iter_mut().map(|part| part.read(row, now) * SUM_SCALE).sum::<f64>();
                quotient(top * SUM_SCALE, parts)
            }
            Part::WindowRatio { top, bottom, by, window, sums } => {
                let top = top.read(row, now) * SUM_SCALE;
                let parts = bottom.iter_mut().map(|part| part.read(row, now) * SUM_SCALE).sum::<f64>();
                let Some(key) = row.key(*by) else { return f64::NAN };
                let values = (!top.is_nan() && !parts.is_nan()).then_some([top, parts]);
                let [top, parts] = sums.state(key, || WindowSum::new(*window)).push(values, now);
                quotient(top, parts)
            }
            Part::Rate { counter, states } => {
                states.state(row.entity, Counter::default).push(row.number(*counter), now).per_second
            }
            Part::RowCount { by, rows } => rows.push(row.id(*by), now).count,
            Part::DistinctCount { column, by, window, rows } => {
                let Some(key) = row.key(*by) else { return f64::NAN };
                rows.state(key, || Recency::new(*window)).push(row.id(*column), now).n_distinct
            }
            Part::NewValue { column, by, seen } => {
                let (Some(key), Some(id)) = (row.key(*by), row.id(*column)) else { return f64::NAN };
                let is_known = seen.state(pair_id(key, id), || false);
                f64::from(u8::from(!std::mem::replace(is_known, true)))
            }
            Part::RareValue { column, rarities } => {
                let (Some(rarities), Some(category)) = (rarities, row.cells.get(*column).and_then(Cell::category))
                else {
                    return f64::NAN;
                };
                rarities.known.get(&*category).copied().unwrap_or(rarities.unseen)
            }
            Part::OwnHistory { column, by, n_values, histories } => {
                let Some(key) = row.key(*by) else { return f64::NAN };
                histories.state(key, || History::new(*n_values)).push(row.number(*column))
            }
            Part::Hour { part, column } => Moment::of_hour(row.number(*column)).map_or(f64::NAN, |m| m.part(*part)),
            Part::Time { part, offset_minutes } => {
                row.time.map_or(f64::NAN, |time| Moment::of_time(time, *offset_minutes).part(*part))
            }
        }
    }
}

/// A [`Source`] with the slot of its column, and the counters of each entity where it needs them.
#[derive(Debug, Clone)]
enum Reader {
    One,
    Value(usize),
    Complement(usize),
    Increase(usize, Keyed<Counter>),
    Is(usize, Vec<String>),
}

impl Reader {
    fn new(source: &Source, slot: impl Fn(&str) -> usize) -> Self {
        match source {
            Source::One => Self::One,
            Source::Value(column) => Self::Value(slot(column)),
            Source::Complement(column) => Self::Complement(slot(column)),
            Source::Increase(column) => Self::Increase(slot(column), Keyed::default()),
            Source::Is { column, values } => Self::Is(slot(column), values.clone()),
        }
    }

    fn read(&mut self, row: &Row, now: i64) -> f64 {
        match self {
            Self::One => 1.0,
            Self::Value(slot) => row.number(*slot),
            Self::Complement(slot) => 1.0 - row.number(*slot),
            Self::Increase(slot, counters) => {
                counters.state(row.entity, Counter::default).push(row.number(*slot), now).increase
            }
            Self::Is(slot, values) => match row.cells.get(*slot).and_then(Cell::category) {
                None => f64::NAN,
                Some(category) => f64::from(u8::from(values.iter().any(|value| same_word(value, &category)))),
            },
        }
    }
}

/// Whether two texts are the same but for the case of ASCII letters and blanks around.
fn same_word(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

/// a / b; NaN where b is 0 or either is missing.
fn quotient(a: f64, b: f64) -> f64 {
    if b == 0.0 { f64::NAN } else { within_range(a / b) }
}

/// Cuts what is beyond the range of f64 to it. NaN stays NaN.
fn within_range(value: f64) -> f64 {
    value.clamp(-f64::MAX, f64::MAX)
}
