//! Rows at which the last segment may begin, and the choice among them: the inner loop of all exact searches.

use pulp::Arch;

use super::sweep::compact;

/// Values looked at together.
const LANES: usize = 8;

/// Which candidate is best, and how good it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Choice {
    pub(super) index: usize,
    pub(super) value: f64,
}

/// The least of `values + (costs + penalty)`; the first of equals. Infinite where there is none.
pub(super) fn least(values: &[f64], costs: &[f64], penalty: f64, totals: &mut Vec<f64>) -> Choice {
    totals.resize(costs.len().min(values.len()), 0.0);
    let value = Arch::new().dispatch(|| add_up(values, costs, penalty, totals));
    let index = Arch::new().dispatch(|| position(totals, value)).unwrap_or(0);
    Choice { index, value }
}

#[inline(always)]
fn add_up(values: &[f64], costs: &[f64], penalty: f64, totals: &mut [f64]) -> f64 {
    let n = totals.len();
    let (values, costs) = (&values[..n], &costs[..n]);
    let smaller = |a: f64, b: f64| if a < b { a } else { b };
    let mut least = [f64::INFINITY; LANES];
    let (totals, totals_rest) = totals.as_chunks_mut::<LANES>();
    let ((values, values_rest), (costs, costs_rest)) = (values.as_chunks::<LANES>(), costs.as_chunks::<LANES>());
    for ((totals, values), costs) in totals.iter_mut().zip(values).zip(costs) {
        for lane in 0..LANES {
            totals[lane] = values[lane] + (costs[lane] + penalty);
            least[lane] = smaller(totals[lane], least[lane]);
        }
    }
    let mut best = least.into_iter().fold(f64::INFINITY, |best, value| smaller(value, best));
    for ((total, value), cost) in totals_rest.iter_mut().zip(values_rest).zip(costs_rest) {
        *total = value + (cost + penalty);
        best = smaller(*total, best);
    }
    best
}

/// Where a value is first.
#[inline(always)]
fn position(values: &[f64], wanted: f64) -> Option<usize> {
    let holds = |chunk: &[f64]| chunk.iter().fold(false, |found, &value| found | (value == wanted));
    let chunk = values.chunks(8 * LANES).position(holds)? * 8 * LANES;
    values[chunk..].iter().position(|&value| value == wanted).map(|at| chunk + at)
}

/// Rows at which the last segment may begin, oldest first, and the best value of the rows before each (PELT:
/// Killick, Fearnhead and Eckley, 2012).
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Candidates {
    starts: Vec<usize>,
    /// Infinite once a candidate is ruled out.
    values: Vec<f64>,
    totals: Vec<f64>,
    n_ready: usize,
    n_pruned: usize,
}

impl Candidates {
    /// Adds a candidate: the next row, numbered `start`.
    pub(super) fn open(&mut self, start: usize, value: f64) {
        self.starts.push(start);
        self.values.push(value);
    }

    /// Number of candidates, with those ruled out that have not been dropped yet.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The row a candidate stands for.
    pub(super) fn start(&self, index: usize) -> usize {
        self.starts.get(index).copied().unwrap_or(0)
    }

    /// How many of the candidates, from the oldest, leave a segment of at least `min_size` rows up to `end`.
    pub(super) fn ready(&mut self, end: usize, min_size: usize) -> usize {
        while self.starts.get(self.n_ready).is_some_and(|start| start + min_size <= end) {
            self.n_ready += 1;
        }
        self.n_ready
    }

    /// The best candidate by the costs of the last segment, and rules out those that can never be best again: as in
    /// ruptures, those worse by more than the penalty.
    pub(super) fn choose(&mut self, costs: &[f64], penalty: f64) -> Choice {
        let choice = least(&self.values, costs, penalty, &mut self.totals);
        let limit = choice.value + penalty;
        self.n_pruned = Arch::new().dispatch(|| prune(&mut self.values, &self.totals, limit));
        choice
    }

    /// Makes `value` the zero of all values. Only their differences matter.
    pub(super) fn rebase(&mut self, value: f64) {
        self.values.iter_mut().for_each(|other| *other -= value);
    }

    /// Which candidates to keep, once so many are ruled out that dropping them pays.
    pub(super) fn worth_keeping(&self) -> Option<Vec<bool>> {
        let pays = self.n_pruned > 8 + self.len() / 8;
        pays.then(|| self.values.iter().map(|&value| value < f64::INFINITY).collect())
    }

    /// Drops the oldest candidates that are not to be kept.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        self.n_ready -= keep.iter().take(self.n_ready).filter(|&&keep| !keep).count();
        compact(&mut self.starts, keep);
        compact(&mut self.values, keep);
        self.n_pruned = 0;
    }
}

/// Makes infinite the values whose total is beyond the limit. Returns how many those are.
#[inline(always)]
fn prune(values: &mut [f64], totals: &[f64], limit: f64) -> usize {
    let mut n_pruned = 0;
    // In most blocks there are none: then the values are not touched.
    for (values, totals) in values.chunks_mut(8 * LANES).zip(totals.chunks(8 * LANES)) {
        let n_beyond: u64 = totals.iter().map(|&total| u64::from(total > limit)).sum();
        if n_beyond > 0 {
            n_pruned += n_beyond as usize;
            for (value, &total) in values.iter_mut().zip(totals) {
                *value = if total > limit { f64::INFINITY } else { *value };
            }
        }
    }
    n_pruned
}
