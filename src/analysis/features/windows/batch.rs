//! Statistics of sliding windows over a whole column, in parallel.

use rayon::prelude::*;

use super::kind::{RowView, Span};
use super::measure::Job;
use super::part::Part;
use super::series::{Series, cleaned};
use super::spans::{Stretch, stretches};
use crate::analysis::features::layout::Layout;
use crate::cx::{Cancelled, Cx};

/// An output with its index, in table row order.
pub(super) type Output = (usize, Vec<f64>);

/// What all parts of a job read.
struct Input<'a> {
    layout: &'a Layout<'a>,
    column: &'a [f64],
    series: Series,
    cx: &'a Cx,
}

/// Runs the jobs over a column in table row order (missing = NaN; infinite values count as missing). Windows give
/// nothing until `min_history` (0 to 1) of their reach has passed since the first row of their entity.
///
/// Each output is a full column in table row order, NaN where it is missing. The same bits whatever the number of
/// threads, and the same as those of a [`super::WindowStream`] per entity.
///
/// # Errors
/// When cancelled.
pub fn run(
    jobs: &[Job],
    min_history: f64,
    layout: &Layout<'_>,
    column: &[f64],
    cx: &Cx,
) -> Result<Vec<Output>, Cancelled> {
    cx.check()?;
    let series = Series::new(layout, column, jobs.iter().any(Job::needs_logs));
    let input = Input { layout, column, series, cx };
    let parts = Part::of_jobs(jobs, min_history);
    let outputs: Result<Vec<Vec<Output>>, Cancelled> =
        parts.par_iter().with_max_len(1).map(|part| part.run(&input)).collect();
    Ok(outputs?.into_iter().flatten().collect())
}

impl Part {
    /// The outputs of this part, in table row order.
    fn run(&self, input: &Input<'_>) -> Result<Vec<Output>, Cancelled> {
        let mut window = self.window();
        let held = input.series.held(self.bounds.in_rows);
        let n_rows = input.column.len();
        // Where rows are in series order, columns grow as they are written; else rows are scattered over them.
        let n_begun = if input.layout.is_in_order { 0 } else { n_rows };
        let new_column = || {
            let mut column = Vec::with_capacity(n_rows);
            column.resize(n_begun, 0.0);
            column
        };
        let mut columns: Vec<Vec<f64>> = self.outputs.iter().map(|_| new_column()).collect();
        let mut scratch: Vec<Vec<f64>> = columns.iter().map(|_| Vec::new()).collect();
        let mut row_out = vec![f64::NAN; self.outputs.len()];
        stretches(input.layout, &input.series, self.bounds, |positions, stretch| {
            input.cx.check()?;
            let mut out: Vec<&mut [f64]> = if input.layout.is_in_order {
                columns.iter_mut().for_each(|column| column.resize(positions.end, 0.0));
                columns.iter_mut().map(|column| &mut column[positions.clone()]).collect()
            } else {
                scratch.iter_mut().for_each(|buffer| buffer.resize(positions.len(), 0.0));
                scratch.iter_mut().map(|buffer| &mut buffer[..positions.len()]).collect()
            };
            let is_done = match &stretch {
                Stretch::Run(first) => first.len() >= self.least && window.slide_run(held, first.clone(), &mut out),
                Stretch::Spans(_) => false,
            };
            if !is_done {
                for (i, p) in positions.clone().enumerate() {
                    let span: Span = match &stretch {
                        Stretch::Run(first) => first.start + i..first.end + i,
                        Stretch::Spans(spans) => spans[i].clone(),
                    };
                    row_out.fill(f64::NAN);
                    if !span.is_empty() && span.len() >= self.least {
                        window.slide(held, span, input.row(p, self.bounds.in_rows), &mut row_out);
                    }
                    out.iter_mut().zip(&row_out).for_each(|(column, &value)| column[i] = value);
                }
            }
            if !input.layout.is_in_order {
                for (column, buffer) in columns.iter_mut().zip(&scratch) {
                    for (&row, &value) in input.layout.rows[positions.clone()].iter().zip(buffer) {
                        column[row as usize] = value;
                    }
                }
            }
            Ok(())
        })?;
        Ok(self.outputs.iter().copied().zip(columns).collect())
    }
}

impl Input<'_> {
    fn row(&self, position: usize, in_rows: bool) -> RowView {
        RowView {
            value: cleaned(self.column[self.layout.rows[position] as usize]),
            at: if in_rows { position as i64 } else { self.layout.times[position] },
        }
    }
}
