//! How a function of rows is called on many of them: in blocks, on all threads, until cancelled.

use std::ops::Range;

use rayon::prelude::*;

use crate::cx::{Cancelled, Cx};

/// A function of rows: rows one after another in, one value per row out. Values that it leaves out count as NaN.
pub type BatchFn<'a, E> = dyn Fn(&[f64]) -> Result<Vec<f64>, E> + Sync + 'a;

/// Works on `n_rows` rows, `block_rows` (at least 1) at a time; the results are in the order of the blocks. Looks for a
/// cancel before every block.
pub(super) fn in_blocks<T: Send, E: From<Cancelled> + Send>(
    n_rows: usize,
    block_rows: usize,
    cx: &Cx,
    work: impl Fn(Range<usize>) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let block_rows = block_rows.max(1);
    let block = |block: usize| {
        cx.check()?;
        let start = block * block_rows;
        work(start..n_rows.min(start.saturating_add(block_rows)))
    };
    (0..n_rows.div_ceil(block_rows)).into_par_iter().with_max_len(1).map(block).collect()
}

/// The values of `f` for `n_rows` rows; `fill` appends the rows of a range. Only the rows under way are held.
pub(super) fn evaluate<E: From<Cancelled> + Send>(
    f: &BatchFn<'_, E>,
    n_rows: usize,
    block_rows: usize,
    cx: &Cx,
    fill: impl Fn(Range<usize>, &mut Vec<f64>) + Sync,
) -> Result<Vec<f64>, E> {
    let work = |rows: Range<usize>| {
        let mut inputs = Vec::new();
        fill(rows.clone(), &mut inputs);
        call(f, &inputs, rows.len())
    };
    Ok(in_blocks(n_rows, block_rows, cx, work)?.concat())
}

/// The values of `f` for a block of `n_rows` rows.
pub(super) fn call<E>(f: &BatchFn<'_, E>, rows: &[f64], n_rows: usize) -> Result<Vec<f64>, E> {
    let mut values = f(rows)?;
    values.resize(n_rows, f64::NAN);
    Ok(values)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn blocks_cover_the_rows_in_order_and_stay_small() {
        let largest = AtomicUsize::new(0);
        let f = |rows: &[f64]| {
            largest.fetch_max(rows.len(), Ordering::Relaxed);
            Ok::<_, Cancelled>(rows.iter().map(|value| value * 2.0).collect())
        };
        let fill = |range: Range<usize>, rows: &mut Vec<f64>| rows.extend(range.map(|at| at as f64));
        for (block_rows, most) in [(0, 1), (3, 3), (100, 10)] {
            largest.store(0, Ordering::Relaxed);
            let values = evaluate(&f, 10, block_rows, &Cx::default(), fill).unwrap();
            assert_eq!(values, (0..10).map(|at| f64::from(at) * 2.0).collect::<Vec<_>>());
            assert_eq!(largest.load(Ordering::Relaxed), most);
        }
        assert!(evaluate(&f, 0, 3, &Cx::default(), fill).unwrap().is_empty());
    }

    #[test]
    fn a_cancel_an_error_and_missing_values_come_through() {
        let cx = Cx::default();
        let fill = |range: Range<usize>, rows: &mut Vec<f64>| rows.extend(range.map(|at| at as f64));
        let short = |_: &[f64]| Ok::<_, Cancelled>(vec![1.0]);
        let values = evaluate(&short, 3, 2, &cx, fill).unwrap();
        assert!(values[0] == 1.0 && values[1].is_nan() && values[2] == 1.0);
        cx.cancel();
        assert_eq!(evaluate(&short, 3, 2, &cx, fill), Err(Cancelled));
        assert_eq!(call(&|_: &[f64]| Err::<Vec<f64>, _>(Cancelled), &[], 1), Err(Cancelled));
    }
}
