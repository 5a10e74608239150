//! What a coalition of columns is worth: the mean of the function over the background with those columns of the row.

use std::ops::Range;

use crate::analysis::explain::batch::{BatchFn, call, in_blocks};
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;

/// The function, the row explained and what it is compared with.
pub(super) struct Game<'a, E> {
    pub f: &'a BatchFn<'a, E>,
    pub row: &'a [f64],
    pub background: &'a Matrix,
    pub block_rows: usize,
    pub cx: &'a Cx,
}

impl<E: From<Cancelled> + Send> Game<'_, E> {
    /// Whether a column of the row differs from some row of the background.
    pub(super) fn differs(&self, column: usize) -> bool {
        let own = self.row.get(column);
        own.is_some() && self.background.iter_rows().any(|row| row.get(column).is_some_and(|value| Some(value) != own))
    }

    /// The function of the row as it is.
    pub(super) fn value_of_row(&self) -> Result<f64, E> {
        self.cx.check()?;
        Ok(call(self.f, self.row, 1)?.into_iter().sum())
    }

    /// What no player and what all players are worth.
    pub(super) fn ends(&self, columns: &[&[usize]]) -> Result<(f64, f64), E> {
        let base = self.values(columns, 1, |_, _| false)?;
        let width = self.background.n_features();
        let same = |column: &usize| !self.differs(*column) || columns.iter().any(|player| player.contains(column));
        let value = if self.row.len() == width && (0..width).all(|column| same(&column)) {
            self.cx.progress().add(1);
            self.value_of_row()?
        } else {
            self.values(columns, 1, |_, _| true)?.into_iter().sum()
        };
        Ok((base.into_iter().sum(), value))
    }

    /// The worth of coalitions of players, each a set of columns. `contains` says whether one has a player.
    pub(super) fn values(
        &self,
        columns: &[&[usize]],
        n_coalitions: usize,
        contains: impl Fn(usize, usize) -> bool + Sync,
    ) -> Result<Vec<f64>, E> {
        let n = self.background.n_rows();
        let width = self.background.n_features();
        // A block gives the sums of the coalitions it has rows of: few coalitions have rows in two.
        let work = |rows: Range<usize>| {
            let mut inputs = Vec::with_capacity(rows.len() * width);
            for coalition in rows.start / n..rows.end.div_ceil(n) {
                let first = inputs.len();
                let part =
                    rows.start.max(coalition * n) - coalition * n..rows.end.min((coalition + 1) * n) - coalition * n;
                inputs.extend_from_slice(self.background.rows_in(part));
                for (_, columns) in (0..).zip(columns).filter(|(player, _)| contains(coalition, *player)) {
                    self.show(&mut inputs[first..], columns);
                }
            }
            let outputs = call(self.f, &inputs, rows.len())?;
            let mut sums = vec![0.0; rows.end.div_ceil(n) - rows.start / n];
            rows.clone().zip(outputs).for_each(|(at, value)| sums[at / n - rows.start / n] += value);
            self.cx.progress().add((rows.end / n - rows.start / n) as u64);
            Ok::<_, E>((rows.start / n, sums))
        };
        let mut values = vec![0.0; n_coalitions];
        for (first, sums) in in_blocks::<_, E>(n_coalitions * n, self.block_rows, self.cx, work)? {
            values.iter_mut().skip(first).zip(sums).for_each(|(value, sum)| *value += sum);
        }
        values.iter_mut().for_each(|value| *value /= n as f64);
        Ok(values)
    }

    /// Puts columns of the row explained into rows.
    fn show(&self, rows: &mut [f64], columns: &[usize]) {
        for (column, &own) in columns.iter().filter_map(|&column| Some((column, self.row.get(column)?))) {
            rows.chunks_exact_mut(self.background.n_features())
                .filter_map(|row| row.get_mut(column))
                .for_each(|value| *value = own);
        }
    }
}
