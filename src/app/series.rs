//! What the plots draw: the columns of one entity (or of all rows) in time order, each with its pyramid.

use std::sync::Arc;

use super::main_job::Findings;
use crate::analysis::pyramid::Pyramid;
use crate::analysis::severity::Severity;
use crate::cx::{Cancelled, Cx};
use crate::data::{SeriesOrder, Table};
use crate::triage::{AlertSummary, Episode, NewAlert};

/// The rows of one entity in time order, ready to be drawn. Without a time column the rows are in file order and the
/// horizontal axis is the row index. Clones share the columns.
#[derive(Debug, Clone)]
pub struct SeriesView {
    /// The entity shown; `None` where the table has none.
    pub entity: Option<String>,
    /// Row index in the table of each point.
    pub rows: Arc<Vec<u32>>,
    /// Position of each point on the horizontal axis, never falling: seconds since 1970-01-01 UTC, or the row index.
    pub x: Arc<Vec<f64>>,
    /// Whether the horizontal axis is time.
    pub is_time: bool,
    /// The feature columns.
    pub columns: Arc<Vec<Series>>,
    /// Combined score of the points, once there is a result.
    pub score: Option<Arc<Pyramid>>,
    /// The episodes of a result among these rows, from left to right. They never overlap.
    pub episodes: Arc<Vec<EpisodeSpan>>,
    /// The alerts of that result.
    pub alerts: Option<Arc<Vec<NewAlert>>>,
}

/// One column of a [`SeriesView`].
#[derive(Debug, Clone)]
pub struct Series {
    /// Name of the column.
    pub name: String,
    /// Its values in the order of the view.
    pub pyramid: Pyramid,
}

/// An episode on the horizontal axis of a [`SeriesView`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpisodeSpan {
    /// Position of the first anomalous row.
    pub from: f64,
    /// Position of the last one.
    pub to: f64,
    /// Position of the one with the highest score.
    pub peak: f64,
    /// Index of that row among the points of the view.
    pub peak_index: usize,
    /// Severity of the peak.
    pub severity: Severity,
    /// Score of the peak, 0 to 1.
    pub score: f64,
    /// First and last anomalous row in the table.
    pub rows: (u32, u32),
    /// Index of its alert among those of the result.
    pub alert: usize,
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
        Ok(Self {
            entity,
            rows: Arc::new(rows),
            x: Arc::new(x),
            is_time: table.time().is_some(),
            columns: Arc::new(columns),
            score: None,
            episodes: Arc::default(),
            alerts: None,
        })
    }

    /// The same view with the scores and episodes of a result.
    #[must_use]
    pub fn with_findings(&self, findings: &Findings) -> Self {
        let score = Pyramid::new(pick(&findings.snapshot.combined.score, &self.rows).collect());
        Self {
            score: Some(Arc::new(score)),
            episodes: Arc::new(self.spans(&findings.alerts)),
            alerts: Some(Arc::clone(&findings.alerts)),
            ..self.clone()
        }
    }

    /// Whether these are the scores and episodes of a result.
    pub fn is_of(&self, findings: &Findings) -> bool {
        self.alerts.as_ref().is_some_and(|alerts| Arc::ptr_eq(alerts, &findings.alerts))
    }

    /// Index range of the points between two positions of the horizontal axis, with one more on either side so that
    /// lines reach the edge.
    pub fn visible(&self, from: f64, to: f64) -> std::ops::Range<usize> {
        let start = self.x.partition_point(|&x| x < from).saturating_sub(1);
        let end = (self.x.partition_point(|&x| x <= to) + 1).min(self.x.len());
        start..end.max(start)
    }

    /// First and last position; `None` without rows.
    pub fn extent(&self) -> Option<(f64, f64)> {
        Some((*self.x.first()?, *self.x.last()?))
    }

    /// Index of the point nearest to a position; `None` without rows.
    pub fn nearest(&self, at: f64) -> Option<usize> {
        let right = self.x.partition_point(|&x| x < at);
        let distance = |i: usize| self.x.get(i).map(|x| (x - at).abs());
        match (right.checked_sub(1).and_then(distance), distance(right)) {
            (Some(left), Some(to_right)) if left <= to_right => Some(right - 1),
            (_, Some(_)) => Some(right),
            (Some(_), None) => Some(right - 1),
            (None, None) => None,
        }
    }

    /// The episodes that reach into a stretch of the horizontal axis.
    pub fn episodes_in(&self, from: f64, to: f64) -> &[EpisodeSpan] {
        let start = self.episodes.partition_point(|episode| episode.to < from);
        let end = self.episodes.partition_point(|episode| episode.from <= to);
        self.episodes.get(start..end).unwrap_or_default()
    }

    /// The episodes among the rows of this view.
    fn spans(&self, alerts: &[NewAlert]) -> Vec<EpisodeSpan> {
        let episodes = alerts.iter().map(|alert| &alert.episode).enumerate();
        let of_entity = episodes.filter(|(_, episode)| episode.entity == self.entity);
        let mut spans: Vec<EpisodeSpan> = of_entity.filter_map(|(i, episode)| self.span(episode, i)).collect();
        spans.sort_by(|a, b| a.from.total_cmp(&b.from).then(a.to.total_cmp(&b.to)));
        spans
    }

    fn span(&self, episode: &Episode, alert: usize) -> Option<EpisodeSpan> {
        let place = |row: u32, time: Option<i64>| time.map_or(f64::from(row), |t| t as f64 / 1e6);
        let peak = place(episode.peak_row, episode.peak_time);
        let first = self.x.partition_point(|&x| x < peak);
        let same = self.rows.iter().zip(self.x.iter()).skip(first).take_while(|&(_, &x)| x <= peak);
        let offset = same.map(|(&row, _)| row).position(|row| row == episode.peak_row)?;
        Some(EpisodeSpan {
            from: place(episode.start_row, episode.start_time),
            to: place(episode.end_row, episode.end_time),
            peak,
            peak_index: first + offset,
            severity: episode.severity,
            score: episode.peak_score,
            rows: (episode.start_row, episode.end_row),
            alert,
        })
    }
}

/// First and last position of an alert on the horizontal axis.
pub fn alert_extent(alert: &AlertSummary) -> (f64, f64) {
    match (alert.start_time, alert.end_time) {
        (Some(start), Some(end)) => (start as f64 / 1e6, end as f64 / 1e6),
        _ => (f64::from(alert.start_row), f64::from(alert.end_row)),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn view(x: &[f64], episodes: &[(f64, f64)]) -> SeriesView {
        let episode = |(i, &(from, to)): (usize, &(f64, f64))| EpisodeSpan {
            from,
            to,
            peak: from,
            peak_index: 0,
            severity: Severity::Low,
            score: 0.4,
            rows: (0, 0),
            alert: i,
        };
        SeriesView {
            entity: None,
            rows: Arc::new((0..x.len() as u32).collect()),
            x: Arc::new(x.to_vec()),
            is_time: true,
            columns: Arc::default(),
            score: None,
            episodes: Arc::new(episodes.iter().enumerate().map(episode).collect()),
            alerts: None,
        }
    }

    #[test]
    fn points_of_a_stretch_reach_one_beyond_its_edges() {
        let view = view(&[0.0, 1.0, 2.0, 2.0, 5.0], &[]);
        assert_eq!(view.visible(1.5, 3.0), 1..5);
        assert_eq!(view.visible(2.0, 2.0), 1..5);
        assert_eq!(view.visible(9.0, 10.0), 4..5);
        assert_eq!(view.visible(-9.0, -8.0), 0..1);
    }

    #[test]
    fn the_nearest_point_is_on_either_side() {
        let view = view(&[0.0, 10.0, 20.0], &[]);
        let nearest = [-5.0, 4.0, 6.0, 14.9, 99.0].map(|at| view.nearest(at));
        assert_eq!(nearest, [0, 0, 1, 1, 2].map(Some));
        assert_eq!(self::view(&[], &[]).nearest(1.0), None);
    }

    #[test]
    fn episodes_of_a_stretch_are_those_that_reach_into_it() {
        let view = view(&[0.0, 100.0], &[(0.0, 10.0), (20.0, 20.0), (30.0, 60.0), (70.0, 80.0)]);
        let found = |from, to| view.episodes_in(from, to).iter().map(|episode| episode.alert).collect::<Vec<_>>();
        assert_eq!(found(10.0, 40.0), [0, 1, 2]);
        assert_eq!(found(40.0, 50.0), [2]);
        assert_eq!(found(61.0, 69.0), [0; 0]);
    }
}
