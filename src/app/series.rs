//! What the plots draw: the columns of one entity (or of all rows) in time order, each with its pyramid.

use std::sync::Arc;

use crate::analysis::pyramid::Pyramid;
use crate::cx::{Cancelled, Cx};
use crate::data::{SeriesOrder, Table};
use crate::engine::Snapshot;

/// The rows of one entity in time order, ready to be drawn. Without a time column the rows are in file order and the
/// horizontal axis is the row number.
#[derive(Debug, Clone)]
pub struct SeriesView {
    /// The entity shown; `None` where the table has none.
    pub entity: Option<String>,
    /// Row number in the table of each point.
    pub rows: Vec<u32>,
    /// Position of each point on the horizontal axis: seconds since 1970-01-01 UTC, or the row number.
    pub x: Vec<f64>,
    /// Whether the horizontal axis is time.
    pub is_time: bool,
    /// The feature columns.
    pub columns: Vec<Series>,
    /// Combined score of the points, once there is a result.
    pub score: Option<Pyramid>,
}

/// One column of a [`SeriesView`].
#[derive(Debug, Clone)]
pub struct Series {
    /// Name of the column.
    pub name: String,
    /// Its values in the order of the view.
    pub pyramid: Pyramid,
}

impl SeriesView {
    /// Prepares the rows of an entity (the first one where `None` and the table has entities) for drawing.
    ///
    /// # Errors
    /// When cancelled.
    pub fn build(table: &Arc<Table>, entity: Option<&str>, cx: &Cx) -> Result<Self, Cancelled> {
        let n_columns = table.feature_names().count() as u64;
        cx.progress().start("Preparing plots", n_columns);
        let (entity, rows) = rows_of(table, entity);
        let x = match table.time() {
            Some(time) => pick(time, &rows).map(|t| t as f64 / 1e6).collect(),
            None => rows.iter().map(|&row| f64::from(row)).collect(),
        };
        let mut columns = Vec::new();
        for name in table.feature_names() {
            cx.check()?;
            let values = table.numbers(name).unwrap_or_default();
            let pyramid = Pyramid::new(pick(&values, &rows).collect());
            columns.push(Series { name: name.to_owned(), pyramid });
            cx.progress().add(1);
        }
        Ok(Self { entity, rows, x, is_time: table.time().is_some(), columns, score: None })
    }

    /// The same view with the scores of a result.
    #[must_use]
    pub fn with_scores(&self, snapshot: &Snapshot) -> Self {
        let score = Pyramid::new(pick(&snapshot.combined.score, &self.rows).collect());
        Self { score: Some(score), ..self.clone() }
    }

    /// Index range of the points between two positions of the horizontal axis, with one more on either side so that
    /// lines reach the edge.
    pub fn visible(&self, from: f64, to: f64) -> std::ops::Range<usize> {
        let start = self.x.partition_point(|&x| x < from).saturating_sub(1);
        let end = (self.x.partition_point(|&x| x <= to) + 1).min(self.x.len());
        start..end.max(start)
    }
}

fn rows_of(table: &Table, entity: Option<&str>) -> (Option<String>, Vec<u32>) {
    let order = SeriesOrder::of(table);
    let Some(entities) = table.entities() else { return (None, order.rows().to_vec()) };
    let name_of = |rows: &[u32]| rows.first().map(|&row| entities.name_of(row as usize));
    let group = order.groups().find(|rows| entity.is_none() || name_of(rows) == entity).unwrap_or_default();
    (name_of(group).map(str::to_owned), group.to_vec())
}

fn pick<'a, T: Copy>(values: &'a [T], rows: &'a [u32]) -> impl Iterator<Item = T> + 'a {
    rows.iter().filter_map(|&row| values.get(row as usize).copied())
}
