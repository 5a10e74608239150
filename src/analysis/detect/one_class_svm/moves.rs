//! The loops over all rows that each move of the solver costs.

use pulp::Arch;

/// Curvature assumed for a pair of rows that the kernel cannot tell apart, as LIBSVM does.
const TAU: f64 = 1e-12;

/// Rows after which it is noted where the largest violation was.
const BLOCK: usize = 512;

/// Rows worked on side by side.
const LANES: usize = 16;

/// Second derivative of the objective along a pair of rows: their kernels with themselves and with each other. Where it
/// is not above 0, as with kernels that are not positive definite, a little above 0.
#[inline]
pub(super) fn curvature(diagonal_i: f64, diagonal_j: f64, kernel: f32) -> f64 {
    let curvature = diagonal_i + diagonal_j - 2.0 * f64::from(kernel);
    if curvature > 0.0 { curvature } else { TAU }
}

/// The last row with the least gradient among those below the upper bound.
pub(super) fn find_largest(gradient: &[f64], alpha: &[f64]) -> Option<usize> {
    let mut best = (f64::INFINITY, None);
    for (at, (&gradient, &alpha)) in gradient.iter().zip(alpha).enumerate() {
        if alpha < 1.0 && gradient <= best.0 {
            best = (gradient, Some(at));
        }
    }
    best.1
}

/// Adds kernel rows times changes of weight to the gradient, and finds the row as [`find_largest`] does in the same pass.
/// Weights and kernel rows beyond the gradient are left out.
pub(super) fn update(gradient: &mut [f64], alpha: &[f64], rows: [(&[f32], f64); 2]) -> Option<usize> {
    let n = gradient.len();
    let alpha = &alpha[..n];
    let mut best = (f64::INFINITY, 0);
    Arch::new().dispatch(|| {
        let [(a, change_a), (b, change_b)] = rows.map(|(row, change)| (&row[..n], change));
        let kernels = a.chunks(BLOCK).zip(b.chunks(BLOCK));
        for (at, ((gradient, alpha), (a, b))) in
            gradient.chunks_mut(BLOCK).zip(alpha.chunks(BLOCK)).zip(kernels).enumerate()
        {
            let least = update_block(gradient, alpha, (a, change_a), (b, change_b));
            if least <= best.0 {
                best = (least, at * BLOCK);
            }
        }
    });
    let block = best.1..gradient.len().min(best.1 + BLOCK);
    find_largest(&gradient[block.clone()], &alpha[block]).map(|at| best.1 + at)
}

/// Returns the least gradient of a row below the upper bound.
#[inline(always)]
fn update_block(gradient: &mut [f64], alpha: &[f64], a: (&[f32], f64), b: (&[f32], f64)) -> f64 {
    let mut least = [f64::INFINITY; LANES];
    let (whole, rest) = gradient.as_chunks_mut::<LANES>();
    let n = whole.len();
    let (alphas, rest_alpha) = alpha.as_chunks::<LANES>();
    let kernels = a.0.as_chunks::<LANES>().0.iter().zip(b.0.as_chunks::<LANES>().0);
    for ((gradient, alpha), (row_a, row_b)) in whole.iter_mut().zip(alphas).zip(kernels) {
        for lane in 0..LANES {
            gradient[lane] += f64::from(row_a[lane]) * a.1 + f64::from(row_b[lane]) * b.1;
            let here = if alpha[lane] < 1.0 { gradient[lane] } else { f64::INFINITY };
            least[lane] = if here < least[lane] { here } else { least[lane] };
        }
    }
    let rest_kernels = a.0[n * LANES..].iter().zip(&b.0[n * LANES..]);
    for ((gradient, &alpha), (&row_a, &row_b)) in rest.iter_mut().zip(rest_alpha).zip(rest_kernels) {
        *gradient += f64::from(row_a) * a.1 + f64::from(row_b) * b.1;
        if alpha < 1.0 {
            least[0] = least[0].min(*gradient);
        }
    }
    least.into_iter().fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_follows_the_move_and_the_worst_row_is_found() {
        for n in [1, 15, 16, 17, 511, 512, 530, 1100] {
            // What stands beyond the first n belongs to rows left out.
            let long = n + 37;
            let alpha: Vec<f64> = (0..long).map(|i| [0.0, 0.5, 1.0][i % 3]).collect();
            let row = |step: usize| -> Vec<f32> { (0..long).map(|i| (i * step % 101) as f32 / 101.0).collect() };
            let (a, b) = (row(7), row(29));
            let before: Vec<f64> = (0..n).map(|i| (i * 13 % 89) as f64).collect();
            let mut gradient = before.clone();
            let found = update(&mut gradient, &alpha, [(&a, 3.0), (&b, -2.0)]);
            let expected: Vec<f64> =
                (0..n).map(|i| before[i] + 3.0 * f64::from(a[i]) - 2.0 * f64::from(b[i])).collect();
            assert!(gradient.iter().zip(&expected).all(|(got, want)| (got - want).abs() < 1e-12), "{n}");
            let worst =
                (0..n).filter(|&i| alpha[i] < 1.0).min_by(|&i, &j| expected[i].total_cmp(&expected[j]).then(j.cmp(&i)));
            assert_eq!(found, worst, "{n}");
        }
        assert_eq!(update(&mut [1.0], &[1.0], [(&[0.0], 0.0); 2]), None);
    }
}
