//! Statistics of sliding windows over the rows of one entity as they come.

use super::kind::{Held, RowView, WindowKind};
use super::measure::Job;
use super::part::Part;
use super::series::{cleaned, log};
use super::spans::Extent;

/// Fewest values that are dropped at a time.
const FEWEST_DROPPED: usize = 64;

/// The windows of one column of one entity. Gives the same bits, row by row, as [`super::run`] over all rows.
///
/// Its memory is bounded by the longest window: at most about four times (five where an exponential trend is asked
/// for) 8 bytes for each of twice the present values in it, and what each kind keeps: up to 15 numbers per value.
#[derive(Clone)]
pub struct WindowStream {
    running: Vec<Running>,
    values: Vec<f64>,
    /// As long as the values, or empty where not needed.
    logs: Vec<f64>,
    rows: Vec<i64>,
    times: Vec<i64>,
    /// Number of values dropped.
    offset: usize,
    /// Number of rows so far.
    n_rows: i64,
    first_time: i64,
    with_logs: bool,
}

/// A part with its state.
#[derive(Clone)]
struct Running {
    part: Part,
    window: Box<dyn WindowKind>,
    /// First value of the window.
    start: usize,
    row_out: Vec<f64>,
}

impl WindowStream {
    /// Windows that have not begun. The arguments are those of [`super::run`].
    pub fn new(jobs: &[Job], min_history: f64) -> Self {
        let running =
            |part: Part| Running { window: part.window(), start: 0, row_out: vec![f64::NAN; part.outputs.len()], part };
        Self {
            running: Part::of_jobs(jobs, min_history).into_iter().map(running).collect(),
            values: Vec::new(),
            logs: Vec::new(),
            rows: Vec::new(),
            times: Vec::new(),
            offset: 0,
            n_rows: 0,
            first_time: 0,
            with_logs: jobs.iter().any(Job::needs_logs),
        }
    }

    /// Takes in the next row: its time in microseconds, which must not be before that of the last one (any number
    /// where all windows count rows), and its value, NaN where missing. Writes each output to its index of `out`;
    /// indices that `out` does not have are left out.
    pub fn push(&mut self, time_micros: i64, value: f64, out: &mut [f64]) {
        let value = cleaned(value);
        let row = self.n_rows;
        if row == 0 {
            self.first_time = time_micros;
        }
        self.n_rows += 1;
        let n_before = self.n_values();
        if value.is_finite() {
            self.values.push(value);
            self.rows.push(row);
            self.times.push(time_micros);
            if self.with_logs {
                self.logs.push(log(value));
            }
        }
        let n_now = self.n_values();
        let held = Held { values: &self.values, logs: &self.logs, at: &[], offset: self.offset };
        for Running { part, window, start, row_out } in &mut self.running {
            let (at, first, now) =
                if part.bounds.in_rows { (&self.rows, 0, row) } else { (&self.times, self.first_time, time_micros) };
            let end = if part.bounds.extent == Extent::ToRow { n_now } else { n_before };
            while *start < end && part.bounds.is_past(at[*start - self.offset], now) {
                *start += 1;
            }
            row_out.fill(f64::NAN);
            let span = *start..end;
            if !span.is_empty() && span.len() >= part.least && part.bounds.is_warm(first, now) {
                window.slide(Held { at, ..held }, span, RowView { value, at: now }, row_out);
            }
            for (&output, &value) in part.outputs.iter().zip(row_out.iter()) {
                if let Some(slot) = out.get_mut(output) {
                    *slot = value;
                }
            }
        }
        self.drop_old();
    }

    /// Values held at the moment; at most about twice those in the longest window.
    pub fn n_held(&self) -> usize {
        self.values.len()
    }

    fn n_values(&self) -> usize {
        self.offset + self.values.len()
    }

    /// Drops what has left all windows, once that is half of what is held.
    fn drop_old(&mut self) {
        let start = self.running.iter().map(|running| running.start).min().unwrap_or(self.n_values());
        let n_old = start - self.offset;
        if n_old < FEWEST_DROPPED.max(self.values.len() / 2) {
            return;
        }
        self.values.drain(..n_old);
        self.rows.drain(..n_old);
        self.times.drain(..n_old);
        self.logs.drain(..n_old.min(self.logs.len()));
        self.offset = start;
    }
}
