//! Costs straight from their definitions.
//!
//! Sums are taken in the order in which numpy takes them. Costs of two cuts that are equal in theory (common for the
//! l1 cost, and for whole numbers) then differ by the same rounding errors as in ruptures, and so does the choice.

/// Values that numpy adds up in one block.
const BLOCK: usize = 128;

/// Running sums of a block.
const LANES: usize = 8;

/// Sum of the terms of some values as numpy takes it over a contiguous array: pairwise, in blocks of running sums.
fn sum(values: &[f64], term: impl Fn(f64) -> f64 + Copy) -> f64 {
    if values.len() > BLOCK {
        let half = values.len() / 2;
        let (left, right) = values.split_at(half - half % LANES);
        return sum(left, term) + sum(right, term);
    }
    let (blocks, rest) = values.as_chunks::<LANES>();
    let total = blocks.split_first().map_or(0.0, |(first, blocks)| {
        let mut r = first.map(term);
        for block in blocks {
            for (sum, &value) in r.iter_mut().zip(block) {
                *sum += term(value);
            }
        }
        ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
    });
    rest.iter().fold(total, |total, &value| total + term(value))
}

/// Sum over the columns of their variances (n). `rows` holds at least one row.
pub(super) fn variance(rows: &[f64], n_columns: usize) -> f64 {
    let n = (rows.len() / n_columns) as f64;
    let square = |mean: f64| move |value: f64| (value - mean) * (value - mean);
    if n_columns == 1 {
        let mean = sum(rows, |value| value) / n;
        return sum(rows, square(mean)) / n;
    }
    // Down the columns of several, numpy adds row by row.
    let of_column = |column: usize| {
        let values = rows.iter().skip(column).step_by(n_columns);
        let mean = values.clone().sum::<f64>() / n;
        values.map(|&value| square(mean)(value)).sum::<f64>() / n
    };
    let variances: Vec<f64> = (0..n_columns).map(of_column).collect();
    sum(&variances, |value| value)
}

/// Sum of the absolute deviations from a value for each column.
pub(super) fn absolute_deviations(rows: &[f64], centres: &[f64]) -> f64 {
    if let &[centre] = centres {
        return sum(rows, |value| (value - centre).abs());
    }
    let deviations: Vec<f64> =
        rows.iter().zip(centres.iter().cycle()).map(|(value, centre)| (value - centre).abs()).collect();
    sum(&deviations, |value| value)
}

/// Median of some values, as numpy has it; NaN of none. Changes their order.
pub(in super::super) fn median(values: &mut [f64]) -> f64 {
    let n = values.len();
    if n == 0 {
        return f64::NAN;
    }
    let (below, &mut middle, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return middle;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (lower + middle) / 2.0
}
