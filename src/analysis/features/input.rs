//! What feature steps see of a table: its columns, the order of its rows, and which rows to learn from.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::FeatureError;
use super::layout::Layout;
use crate::data::{SeriesOrder, Table};

/// A table, ready for feature steps.
pub struct FeatureInput<'a> {
    /// The table.
    pub table: &'a Table,
    /// Order of its rows.
    pub order: &'a SeriesOrder,
    pub(super) layout: Layout<'a>,
    /// Name of each entity, in the order of the layout.
    pub(super) entities: Vec<&'a str>,
    training: Option<Vec<bool>>,
    /// Columns as numbers, kept while someone holds them: steps of a column run next to each other.
    columns: Mutex<HashMap<String, Weak<Vec<f64>>>>,
}

impl<'a> FeatureInput<'a> {
    /// A table with its order. `training` says per row whether to learn from it; `None`: from all.
    pub fn new(table: &'a Table, order: &'a SeriesOrder, training: Option<Vec<bool>>) -> Self {
        let layout = Layout::new(order, table.time().unwrap_or_default());
        let name = |group: &'a [u32]| {
            let first = group.first().map_or(0, |&row| row as usize);
            table.entities().map_or("", |entities| entities.name_of(first))
        };
        Self {
            table,
            order,
            entities: layout.entities().map(name).collect(),
            layout,
            training,
            columns: Mutex::default(),
        }
    }

    /// Per row, whether to learn from it; `None`: from all.
    pub fn training(&self) -> Option<&[bool]> {
        self.training.as_deref()
    }

    /// Whether to learn from a row.
    pub(super) fn is_training(&self, row: usize) -> bool {
        self.training.as_ref().is_none_or(|mask| mask.get(row).copied().unwrap_or(false))
    }

    /// A numeric column in table row order; missing and infinite values are NaN.
    ///
    /// # Errors
    /// Where the table has no such numeric column, or another number of rows than the order.
    pub(super) fn numbers(&self, name: &str) -> Result<Arc<Vec<f64>>, FeatureError> {
        let kept = |columns: &HashMap<String, Weak<Vec<f64>>>| columns.get(name).and_then(Weak::upgrade);
        if let Some(column) = kept(&self.columns.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(column);
        }
        let other_table = || FeatureError::OtherTable { column: name.to_owned() };
        let mut column = self.table.numbers(name).ok_or_else(other_table)?;
        if column.len() != self.layout.rows.len() {
            return Err(other_table());
        }
        column.iter_mut().filter(|value| value.is_infinite()).for_each(|value| *value = f64::NAN);
        let column = Arc::new(column);
        let mut columns = self.columns.lock().unwrap_or_else(PoisonError::into_inner);
        columns.insert(name.to_owned(), Arc::downgrade(&column));
        Ok(column)
    }

    /// The training rows of a numeric column, entity after entity in time order; missing is NaN.
    ///
    /// # Errors
    /// As for [`FeatureInput::numbers`].
    pub(super) fn training_column(&self, name: &str) -> Result<Vec<f64>, FeatureError> {
        let column = self.numbers(name)?;
        let rows = self.layout.rows.iter().map(|&row| row as usize).filter(|&row| self.is_training(row));
        Ok(rows.map(|row| column.get(row).copied().unwrap_or(f64::NAN)).collect())
    }

    /// A text column in table row order.
    ///
    /// # Errors
    /// Where the table has no such text column.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<Option<&'a str>>, FeatureError> {
        let texts = self.table.texts(name).filter(|texts| texts.len() == self.layout.rows.len());
        texts.ok_or_else(|| FeatureError::OtherTable { column: name.to_owned() })
    }
}

/// The columns of one step.
pub(super) struct StepInput<'a> {
    /// Its numeric columns, in table row order.
    pub(super) numbers: Vec<Arc<Vec<f64>>>,
    /// Its text columns, in table row order.
    pub(super) texts: Vec<Vec<Option<&'a str>>>,
    pub(super) layout: &'a Layout<'a>,
    /// Name of each entity, in the order of the layout; empty names where there are none.
    pub(super) entities: &'a [&'a str],
    /// Per table row, whether to learn from it; `None`: from all.
    pub(super) training: Option<&'a [bool]>,
}

impl StepInput<'_> {
    /// Number of rows.
    pub(super) fn n_rows(&self) -> usize {
        self.layout.rows.len()
    }

    /// Whether to learn from a row.
    pub(super) fn is_training(&self, row: usize) -> bool {
        self.training.is_none_or(|mask| mask.get(row).copied().unwrap_or(false))
    }

    /// The first numeric column; empty where the step has none.
    pub(super) fn column(&self) -> &[f64] {
        self.numbers.first().map_or(&[], |column| column.as_slice())
    }

    /// The values of a column to learn from, without missing ones, in the order of the table.
    pub(super) fn training_values(&self, column: &[f64]) -> Vec<f64> {
        let present = column.iter().enumerate().filter(|&(row, value)| value.is_finite() && self.is_training(row));
        present.map(|(_, &value)| value).collect()
    }

    /// The training values of each entity in time order, missing ones as NaN, with their times (0 where there is none).
    pub(super) fn training_series(&self, column: &[f64]) -> Vec<(Vec<f64>, Vec<i64>)> {
        let mut position = 0;
        let mut all = Vec::new();
        for group in self.layout.entities() {
            let mut series = (Vec::with_capacity(group.len()), Vec::with_capacity(group.len()));
            for &row in group {
                if self.is_training(row as usize) {
                    series.0.push(column.get(row as usize).copied().unwrap_or(f64::NAN));
                    series.1.push(self.layout.time(position));
                }
                position += 1;
            }
            all.push(series);
        }
        all
    }

    /// Time of each table row; empty where there is none.
    pub(super) fn times_by_row(&self) -> Vec<i64> {
        self.by_row(&self.layout.times)
    }

    /// Number of the entity of each table row.
    pub(super) fn entities_by_row(&self) -> Vec<u32> {
        let mut entities = Vec::with_capacity(self.n_rows());
        for (entity, group) in (0..).zip(&self.layout.groups) {
            entities.resize(group.end, entity);
        }
        self.by_row(&entities)
    }

    /// What is known by position, by table row.
    fn by_row<T: Copy + Default>(&self, by_position: &[T]) -> Vec<T> {
        let mut by_row = vec![T::default(); by_position.len()];
        for (&row, &value) in self.layout.rows.iter().zip(by_position) {
            if let Some(slot) = by_row.get_mut(row as usize) {
                *slot = value;
            }
        }
        by_row
    }

    /// The values of an entity's rows.
    pub(super) fn series(&self, column: &[f64], group: &[u32]) -> Vec<f64> {
        group.iter().map(|&row| column.get(row as usize).copied().unwrap_or(f64::NAN)).collect()
    }

    /// Writes the values of an entity's rows back into a column in table row order.
    pub(super) fn scatter(&self, column: &mut [f64], group: &[u32], values: &[f64]) {
        for (&row, &value) in group.iter().zip(values) {
            if let Some(slot) = column.get_mut(row as usize) {
                *slot = value;
            }
        }
    }
}
