//! Computes the features of one raw column, window by window, in parallel.

use std::ops::Range;

use rayon::prelude::*;

use super::median::MedianWindow;
use super::moments::{self, MomentWindow};
use super::series::{Extent, Layout, Reach, Series, Spans, spans};
use super::slide::{Extremes, Slider};
use crate::cx::{Cancelled, Cx};
use crate::recipe::Statistic;

/// Positions between two looks at the cancel flag; a millisecond or less of work.
const CHECK_EVERY: usize = 8192;

/// What is computed over one window. Each statistic comes with the index of its output.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Job {
    /// Statistics of a window that ends at the row.
    Rolling {
        /// Length of the window.
        reach: Reach,
        /// Which statistics, and where they go.
        outputs: Vec<(Statistic, usize)>,
        /// Values that a window must hold.
        min_periods: u32,
    },
    /// The value against the window before the row.
    ZScore {
        /// Length of the window.
        reach: Reach,
        /// Bound on the absolute z-score.
        limit: f64,
        /// Where it goes.
        output: usize,
    },
}

/// An output with its index, in table row order.
type Output = (usize, Vec<f64>);

/// A part of a job that one thread does: the statistics that one pass over the windows gives.
struct Task<'a> {
    job: &'a Job,
    spans: &'a Spans,
    family: Family,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Moments,
    Extremes,
    Median,
    ZScore,
}

/// The family that a statistic belongs to.
fn family_of(statistic: Statistic) -> Family {
    match statistic {
        Statistic::Mean | Statistic::Std => Family::Moments,
        Statistic::Min | Statistic::Max => Family::Extremes,
        Statistic::Median => Family::Median,
    }
}

/// What all tasks of a column read.
struct Input<'a> {
    layout: &'a Layout<'a>,
    column: &'a [f64],
    values: &'a [f64],
    scaled: Option<(Vec<f64>, f64)>,
    cx: &'a Cx,
}

/// Runs the jobs over a column in table row order (missing = NaN). `min_history` is that of the recipe.
pub(super) fn run(
    jobs: &[Job],
    min_history: f64,
    layout: &Layout,
    column: &[f64],
    cx: &Cx,
) -> Result<Vec<Output>, Cancelled> {
    let series = Series::new(layout, column);
    let windows: Vec<Spans> = jobs.par_iter().map(|job| job.spans(layout, &series, min_history)).collect();
    cx.check()?;
    let input = Input { layout, column, values: &series.values, scaled: moments::scaled(&series.values), cx };
    let tasks: Vec<Task> = jobs.iter().zip(&windows).flat_map(|(job, spans)| job.tasks(spans)).collect();
    let outputs: Result<Vec<Vec<Output>>, Cancelled> = tasks.par_iter().map(|task| task.run(&input)).collect();
    Ok(outputs?.into_iter().flatten().collect())
}

impl Job {
    fn spans(&self, layout: &Layout, series: &Series, min_history: f64) -> Spans {
        match self {
            Self::Rolling { reach, .. } => spans(layout, series, *reach, Extent::ToRow, min_history),
            Self::ZScore { reach, .. } => spans(layout, series, *reach, Extent::BeforeRow, min_history),
        }
    }

    fn tasks<'a>(&'a self, spans: &'a Spans) -> Vec<Task<'a>> {
        // The slowest first, so that no thread is left with it at the end.
        let families = match self {
            Self::Rolling { outputs, .. } => [Family::Median, Family::Moments, Family::Extremes]
                .into_iter()
                .filter(|&family| outputs.iter().any(|&(statistic, _)| family_of(statistic) == family))
                .collect(),
            Self::ZScore { .. } => vec![Family::ZScore],
        };
        families.into_iter().map(|family| Task { job: self, spans, family }).collect()
    }
}

impl Task<'_> {
    fn run(&self, input: &Input) -> Result<Vec<Output>, Cancelled> {
        let outputs = match self.job {
            Job::ZScore { limit, output, .. } => vec![(*output, self.z_scores(input, *limit)?)],
            Job::Rolling { outputs, min_periods, .. } => {
                let wanted = outputs.iter().copied().filter(|&(statistic, _)| family_of(statistic) == self.family);
                self.rolling(input, *min_periods, &wanted.collect::<Vec<_>>())?
            }
        };
        input.cx.progress().add(outputs.len() as u64);
        Ok(outputs)
    }

    fn rolling(
        &self,
        input: &Input,
        min_periods: u32,
        wanted: &[(Statistic, usize)],
    ) -> Result<Vec<Output>, Cancelled> {
        let least = min_periods.max(1);
        let mut columns = [vec![], vec![]];
        for (column, _) in columns.iter_mut().zip(wanted) {
            *column = vec![f64::NAN; input.column.len()];
        }
        let [first, second] = &mut columns;
        let first_is = |statistic| wanted.first().is_some_and(|&(s, _)| s == statistic);
        match self.family {
            Family::Moments => {
                let mut window = MomentWindow::new(input.values, input.scaled.as_ref());
                let (mean, std) = if first_is(Statistic::Mean) { (first, second) } else { (second, first) };
                self.walk(input, least, |row, span| {
                    let moments = window.slide(span);
                    put(mean, row, || moments.mean());
                    if span.end - span.start >= 2 {
                        put(std, row, || moments.std());
                    }
                })?;
            }
            Family::Extremes => {
                let mut window = Slider::<Extremes>::new(input.values);
                let (min, max) = if first_is(Statistic::Min) { (first, second) } else { (second, first) };
                self.walk(input, least, |row, span| {
                    let (extremes, _) = window.slide(span);
                    put(min, row, || extremes.min);
                    put(max, row, || extremes.max);
                })?;
            }
            Family::Median | Family::ZScore => {
                let longest = self.spans.iter().map(|span| span.end - span.start).max().unwrap_or(0);
                let mut window = MedianWindow::new(input.values, longest);
                self.walk(input, least, |row, span| put(first, row, || window.slide(span)))?;
            }
        }
        Ok(columns.into_iter().zip(wanted).map(|(column, &(_, output))| (output, column)).collect())
    }

    fn z_scores(&self, input: &Input, limit: f64) -> Result<Vec<f64>, Cancelled> {
        let mut window = MomentWindow::new(input.values, input.scaled.as_ref());
        let mut scores = vec![f64::NAN; input.column.len()];
        self.walk(input, 2, |row, span| {
            let moments = window.slide(span);
            let value = input.column[row];
            if value.is_finite() {
                scores[row] = moments.z_score(value, limit);
            }
        })?;
        Ok(scores)
    }

    /// Visits every row whose window holds at least `least` values, in series order.
    fn walk(&self, input: &Input, least: u32, mut visit: impl FnMut(usize, &Range<u32>)) -> Result<(), Cancelled> {
        for (rows, spans) in input.layout.rows.chunks(CHECK_EVERY).zip(self.spans.chunks(CHECK_EVERY)) {
            input.cx.check()?;
            for (&row, span) in rows.iter().zip(spans) {
                if span.end - span.start >= least {
                    visit(row as usize, span);
                }
            }
        }
        Ok(())
    }
}

/// Writes a value if the column is wanted at all (an unwanted one is empty).
fn put(column: &mut [f64], row: usize, value: impl FnOnce() -> f64) {
    if let Some(slot) = column.get_mut(row) {
        *slot = value();
    }
}
