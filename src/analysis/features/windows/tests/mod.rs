//! What windows promise: by definition, against pandas and numpy, and that batch and stream agree.

mod definition;
mod edges;
mod peers;
mod stream;

use super::*;
use crate::analysis::features::layout::Layout;
use crate::cx::Cx;
use crate::data::SeriesOrder;

const MINUTE: i64 = 60_000_000;
const TAIL: Tail = Tail { level: 1.5, side: Side::Above };
const LOW_TAIL: Tail = Tail { level: 0.5, side: Side::Below };
const PARTS: [TrendPart; 3] = [TrendPart::Slope, TrendPart::Residual, TrendPart::RSquared];

/// One of everything.
fn all_measures() -> Vec<Measure> {
    use Measure::*;
    let mut all = vec![
        Mean,
        Std,
        Min,
        Max,
        Median,
        Quantile(0.05),
        Quantile(0.9),
        PercentileRank,
        Skewness,
        Kurtosis,
        ZScore { limit: 20.0 },
        ModifiedZScore { limit: 20.0 },
        IqrFlag { factor: 1.5 },
        TailShare(TAIL),
        MeanExcess(TAIL),
        TailShare(LOW_TAIL),
        MeanExcess(LOW_TAIL),
    ];
    let curves = [Curve::Linear, Curve::Polynomial(2), Curve::Polynomial(3), Curve::Polynomial(4), Curve::Exponential];
    all.extend(curves.iter().flat_map(|&curve| PARTS.map(|part| Trend(curve, part))));
    all
}

/// The same measures for windows of each reach, numbered through.
fn jobs(reaches: &[Reach], measures: &[Measure], min_periods: u32) -> Vec<Job> {
    let job = |(j, &reach): (usize, &Reach)| {
        let outputs = measures.iter().enumerate().map(|(k, &measure)| (measure, j * measures.len() + k)).collect();
        Job { reach, min_periods, outputs }
    };
    reaches.iter().enumerate().map(job).collect()
}

/// All outputs in order.
fn batch(rows: &Rows, jobs: &[Job], min_history: f64) -> Vec<Vec<f64>> {
    let order = SeriesOrder::new(rows.values.len(), &rows.times, &rows.codes);
    let mut outputs = run(jobs, min_history, &Layout::new(&order, &rows.times), &rows.values, &Cx::default()).unwrap();
    outputs.sort_by_key(|&(output, _)| output);
    assert!(outputs.iter().enumerate().all(|(i, &(output, _))| i == output));
    outputs.into_iter().map(|(_, column)| column).collect()
}

/// One measure over windows of rows of one entity.
fn of_rows(values: &[f64], window: usize, measure: Measure) -> Vec<f64> {
    batch(&Rows::regular(values.to_vec()), &jobs(&[Reach::Rows(window)], &[measure], 1), 0.0).remove(0)
}

#[derive(Debug, Clone)]
struct Rows {
    values: Vec<f64>,
    times: Vec<i64>,
    codes: Vec<u32>,
}

impl Rows {
    /// One entity with a row a minute.
    fn regular(values: Vec<f64>) -> Self {
        let times = (0..values.len() as i64).map(|minute| minute * MINUTE).collect();
        Self { codes: vec![0; values.len()], values, times }
    }

    /// Whether row `a` comes before row `b` of the same entity.
    fn before(&self, a: usize, b: usize) -> bool {
        self.codes[a] == self.codes[b] && (self.times[a], a) < (self.times[b], b)
    }

    /// The rows up to and including a row, of its entity, newest last.
    fn past(&self, row: usize) -> Vec<usize> {
        let mut past: Vec<usize> = (0..self.values.len()).filter(|&a| a == row || self.before(a, row)).collect();
        past.sort_by_key(|&a| (self.times[a], a));
        past
    }
}

/// A walk of `n` steps with ties, the same each time.
fn walk(n: usize) -> Vec<f64> {
    let mut state = 1u64;
    let mut value = 0.0;
    let mut step = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        value += (state >> 60) as f64 - 7.5;
        value
    };
    (0..n).map(|_| step()).collect()
}

/// The same with a value missing here and there.
fn walk_with_gaps(n: usize) -> Vec<f64> {
    walk(n).into_iter().enumerate().map(|(i, value)| if i % 17 == 3 { f64::NAN } else { value }).collect()
}

fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan()))
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * b.abs().max(1.0)
}
