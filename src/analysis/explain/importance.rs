//! Which columns the scores of a whole table depend on: permutation importance.

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::batch::{BatchFn, evaluate};
use crate::analysis::stats::mean_std;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;

/// Settings of permutation importance (Breiman 2001, "Random forests"; Fisher, Rudin and Dominici 2019, "All models are
/// wrong, but many are useful").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermutationImportance {
    /// Shuffles per group, at least 1.
    pub n_repeats: usize,
    /// Seed of the shuffles.
    pub seed: u64,
    /// Rows that the function gets at a time, at least 1. A cancel waits for at most one such block per thread.
    pub block_rows: usize,
}

impl Default for PermutationImportance {
    fn default() -> Self {
        Self { n_repeats: 5, seed: 42, block_rows: 256 }
    }
}

/// A measure of the scores of all rows, such as ROC-AUC; higher is better.
pub type Quality<'a> = dyn Fn(&[f64]) -> f64 + 'a;

/// Mean and population standard deviation over the shuffles.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct OverRepeats {
    /// Mean.
    pub mean: f64,
    /// Standard deviation (n).
    pub std: f64,
}

/// How much depends on a group of columns.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct GroupImportance {
    /// Mean absolute change of the score of a row; at least 0.
    pub change: OverRepeats,
    /// By how much the quality drops, below 0 where it rises; `None` without a measure of quality.
    pub drop: Option<OverRepeats>,
}

impl PermutationImportance {
    /// How much the scores `f` of the rows of `x` change, one group after the other, when the columns of a group are
    /// shuffled together among the rows. `quality` gets all scores in the order of the rows.
    /// All groups get the same shuffles, so that like groups get like importances. Columns that `x` lacks are left out.
    /// A group without columns, or whose columns are the same in every row, gets exactly 0 without a call of `f`; so
    /// does every group where there are fewer than 2 rows. The result does not depend on the threads.
    ///
    /// Progress counts shuffles. Holds three numbers per row and a block of rows per thread.
    ///
    /// # Errors
    /// Those of `f`; [`Cancelled`] as the error of `f`.
    pub fn of_groups<E: From<Cancelled> + Send>(
        &self,
        f: &BatchFn<'_, E>,
        x: &Matrix,
        groups: &[Vec<usize>],
        quality: Option<&Quality<'_>>,
        cx: &Cx,
    ) -> Result<Vec<GroupImportance>, E> {
        let n_repeats = self.n_repeats.max(1);
        cx.progress().start("Permutation importance", (groups.len() * n_repeats) as u64);
        let n = x.n_rows();
        let scores = evaluate(f, n, self.block_rows, cx, |rows, inputs| inputs.extend_from_slice(x.rows_in(rows)))?;
        let at_first = quality.map(|quality| quality(&scores));
        let of_group = |columns: &Vec<usize>| {
            let (mut changes, mut drops) = (Vec::with_capacity(n_repeats), Vec::with_capacity(n_repeats));
            let moves = columns.iter().any(|&column| varies(x, column));
            for repeat in 0..if moves { n_repeats } else { 0 } {
                let from = self.shuffled(n, repeat as u64);
                let shuffled = evaluate(f, n, self.block_rows, cx, |rows, inputs| {
                    for (row, from) in rows.clone().zip(from.get(rows).unwrap_or_default()) {
                        let first = inputs.len();
                        inputs.extend_from_slice(x.row(row));
                        show(&mut inputs[first..], x.row(*from), columns);
                    }
                })?;
                cx.progress().add(1);
                changes.push(scores.iter().zip(&shuffled).map(|(old, new)| (new - old).abs() / n as f64).sum());
                drops.extend(quality.zip(at_first).map(|(quality, at_first)| at_first - quality(&shuffled)));
            }
            cx.progress().add(if moves { 0 } else { n_repeats as u64 });
            Ok(GroupImportance { change: over(&changes), drop: at_first.map(|_| over(&drops)) })
        };
        groups.iter().map(of_group).collect()
    }

    /// The row whose columns each row gets.
    fn shuffled(&self, n: usize, repeat: u64) -> Vec<usize> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(repeat);
        let mut from: Vec<usize> = (0..n).collect();
        from.shuffle(&mut rng);
        from
    }
}

fn over(values: &[f64]) -> OverRepeats {
    let (mean, std) = mean_std(values);
    OverRepeats { mean, std }
}

/// Whether a column has different values.
fn varies(x: &Matrix, column: usize) -> bool {
    let mut values = x.iter_rows().filter_map(|row| row.get(column));
    values.next().is_some_and(|first| values.any(|value| value != first))
}

/// Puts columns of one row into another.
fn show(row: &mut [f64], from: &[f64], columns: &[usize]) {
    for &column in columns {
        if let (Some(value), Some(other)) = (row.get_mut(column), from.get(column)) {
            *value = *other;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn f(rows: &[f64]) -> Result<Vec<f64>, Cancelled> {
        Ok(rows.chunks_exact(3).map(|x| x[0] * x[1] + x[0]).collect())
    }

    fn table() -> Matrix {
        Matrix::unnamed(3, vec![1.0, 5.0, 2.0, 3.0, -1.0, 2.0, -2.0, 0.5, 2.0, 4.0, 4.0, 2.0]).unwrap()
    }

    /// Some order-dependent measure of the scores.
    fn quality(scores: &[f64]) -> f64 {
        scores[0] - 2.0 * scores[3]
    }

    /// All ways to give four rows the columns of others, by the definition.
    fn brute_force(columns: &[usize]) -> (OverRepeats, OverRepeats) {
        let x = table();
        let first = f(x.values()).unwrap();
        let (mut changes, mut drops) = (Vec::new(), Vec::new());
        for code in 0..256_usize {
            let from: Vec<usize> = (0..4).map(|at| code >> (2 * at) & 3).collect();
            if (0..4).any(|row| !from.contains(&row)) {
                continue;
            }
            let mut rows = x.values().to_vec();
            for (row, from) in from.iter().enumerate() {
                columns.iter().for_each(|column| rows[row * 3 + column] = x.row(*from)[*column]);
            }
            let scores = f(&rows).unwrap();
            changes.push(first.iter().zip(&scores).map(|(a, b)| (a - b).abs()).sum::<f64>() / 4.0);
            drops.push(quality(&first) - quality(&scores));
        }
        assert_eq!(changes.len(), 24);
        (over(&changes), over(&drops))
    }

    #[test]
    fn many_shuffles_come_near_all_of_them() {
        let settings = PermutationImportance { n_repeats: 4000, block_rows: 3, ..PermutationImportance::default() };
        let groups = [vec![0], vec![1], vec![0, 1]];
        let found = settings.of_groups(&f, &table(), &groups, Some(&quality), &Cx::default()).unwrap();
        for (found, group) in found.iter().zip(&groups) {
            let (change, drop) = brute_force(group);
            for (got, want) in [(found.change, change), (found.drop.unwrap(), drop)] {
                assert!((got.mean - want.mean).abs() < 5.0 * want.std / 4000_f64.sqrt(), "{got:?} {want:?}");
                assert!((got.std / want.std - 1.0).abs() < 0.08, "{got:?} {want:?}");
            }
        }
    }

    #[test]
    fn groups_that_cannot_change_anything_cost_nothing() {
        let calls = AtomicUsize::new(0);
        let counted = |rows: &[f64]| {
            calls.fetch_add(1, Ordering::Relaxed);
            f(rows)
        };
        let groups = [vec![2], vec![], vec![9], vec![0, 2], vec![0]];
        let settings = PermutationImportance::default();
        let cx = Cx::default();
        let found = settings.of_groups(&counted, &table(), &groups, Some(&quality), &cx).unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 1 + 5 + 5);
        assert_eq!(cx.progress().read().done, 25);
        let nothing = GroupImportance { change: OverRepeats::default(), drop: Some(OverRepeats::default()) };
        assert_eq!(found[..3], [nothing; 3]);
        // Alike groups get the same.
        assert!(found[3] == found[4] && found[3].change.mean > 0.0);
        for rows in [vec![], vec![1.0, 2.0, 3.0]] {
            let few = Matrix::unnamed(3, rows).unwrap();
            let found = settings.of_groups(&f, &few, &groups, None, &cx).unwrap();
            assert_eq!(found, [GroupImportance::default(); 5]);
        }
        assert!(settings.of_groups(&f, &table(), &[], None, &cx).unwrap().is_empty());
    }

    #[test]
    fn the_result_is_the_same_for_any_number_of_threads_and_follows_the_seed() {
        let of = |threads: usize, seed: u64| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let settings = PermutationImportance { n_repeats: 3, seed, block_rows: 1 };
            pool.install(|| settings.of_groups(&f, &table(), &[vec![0], vec![1]], None, &Cx::default()).unwrap())
        };
        assert_eq!(of(1, 1), of(3, 1));
        assert_ne!(of(1, 1), of(1, 2));
        let cx = Cx::default();
        cx.cancel();
        let settings = PermutationImportance::default();
        assert_eq!(settings.of_groups(&f, &table(), &[vec![0]], None, &cx), Err(Cancelled));
    }
}
