//! Tree or matrix product? A count on a sample of rows says how much a tree could leave out.

use rayon::prelude::*;

use super::axes::Axes;
use crate::cx::{Cancelled, Cx};

/// Up to this many values measuring all pairs takes no longer than the best that a tree can do.
const SMALL: usize = 750_000;

/// Rows of the sample, and those of them that look for neighbours among the others.
const SAMPLE: usize = 1024;
const SEEKERS: usize = 64;

/// Neighbours usually looked for.
const NEIGHBORS: usize = 20;

/// Nanoseconds that a tree needs for a row, and for each point that projections cannot rule out.
const TREE_ROW: f64 = 11_000.0;
const TREE_POINT: f64 = 5.0;

/// Nanoseconds that the product needs for a row, and for each value of all points.
const PRODUCT_ROW: f64 = 6_000.0;
const PRODUCT_VALUE: f64 = 1.0 / 150.0;

/// Whether measuring all pairs of `n` points of `d` coordinates is best, whatever they are.
pub(super) fn is_small(n: usize, d: usize) -> bool {
    n.saturating_mul(d) <= SMALL
}

/// Whether measuring all pairs of the points takes less time than a tree of their projections.
///
/// The times are those of one machine; what they are compared by is counted, so that the choice is always the same.
pub(super) fn is_product_faster(d: usize, points: &[f64], axes: &Axes, cx: &Cx) -> Result<bool, Cancelled> {
    let n = points.len() / d;
    let sample: Vec<f64> = points.chunks_exact(d).step_by(n.div_ceil(SAMPLE)).flatten().copied().collect();
    let (n_sample, m) = (sample.len() / d, axes.n_coordinates());
    let projected = axes.project(&sample, cx)?;
    // As many neighbours in the sample as the usual number is in all rows.
    let neighbors = (NEIGHBORS * n_sample).div_ceil(n);
    let step = n_sample.div_ceil(SEEKERS);
    let open: Vec<usize> = (0..n_sample)
        .into_par_iter()
        .step_by(step)
        .map(|seeker| {
            cx.check()?;
            let mut squares = squares(d, &sample, seeker);
            squares.swap_remove(seeker);
            let rank = neighbors.min(squares.len()).saturating_sub(1);
            let (_, &mut bound, _) = squares.select_nth_unstable_by(rank, f64::total_cmp);
            Ok(self::squares(m, &projected, seeker).into_iter().filter(|&square| square <= bound).count())
        })
        .collect::<Result<_, Cancelled>>()?;
    let share = open.iter().sum::<usize>() as f64 / (open.len() * n_sample) as f64;
    let tree = TREE_ROW + TREE_POINT * share * n as f64;
    Ok(PRODUCT_ROW + PRODUCT_VALUE * (n * d) as f64 <= tree)
}

/// Squared distances of all points from one of them.
fn squares(d: usize, points: &[f64], seeker: usize) -> Vec<f64> {
    let own = &points[seeker * d..(seeker + 1) * d];
    let square = |point: &[f64]| point.iter().zip(own).map(|(a, b)| (a - b) * (a - b)).sum();
    points.chunks_exact(d).map(square).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_for_points_with_few_directions() {
        // A linear congruential generator (Knuth), its upper bits.
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        };
        let (n, d) = (40_000, 40);
        let noise: Vec<f64> = (0..n * d).map(|_| random()).collect();
        let line: Vec<f64> = (0..n)
            .flat_map(|_| {
                let along = random();
                (0..d).map(move |f| along * (f + 1) as f64)
            })
            .collect();
        let cx = Cx::default();
        let choose = |points: &[f64]| is_product_faster(d, points, &Axes::new(d, points, &cx).unwrap(), &cx).unwrap();
        assert!(choose(&noise) && !choose(&line));
        assert!(!is_small(n, d) && is_small(n / 4, d));
    }
}
