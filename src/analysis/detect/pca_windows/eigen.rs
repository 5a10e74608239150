//! Eigenvectors of a covariance matrix.

use crate::cx::{Cancelled, Cx};

/// Most sweeps over all pairs; six to ten are usual.
const MAX_SWEEPS: usize = 40;

/// Cosine between two rows from which they count as orthogonal.
const TOLERANCE: f64 = 1e-15;

/// Eigenvalues (descending, at least 0) and unit eigenvectors of a symmetric positive semidefinite matrix, `n` × `n` row
/// after row. The largest entry of each vector is positive, as in scikit-learn. Vectors of eigenvalue 0 are left out.
///
/// One-sided Jacobi (Hestenes 1958): rows are rotated in pairs until all are orthogonal; then their lengths are the
/// eigenvalues and their directions the vectors.
pub(super) fn eigenvectors(mut matrix: Vec<f64>, n: usize, cx: &Cx) -> Result<Vec<(f64, Vec<f64>)>, Cancelled> {
    let mut rows: Vec<&mut [f64]> = matrix.chunks_exact_mut(n.max(1)).collect();
    let largest = rows.iter().map(|row| dot(row, row)).fold(0.0, f64::max);
    // Rows this small are rounding errors of a matrix of lower rank.
    let nothing = largest * 1e-30;
    for _ in 0..MAX_SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            cx.check()?;
            let (head, tail) = rows.split_at_mut(p + 1);
            let Some(a) = head.last_mut() else { continue };
            for b in tail {
                rotated |= pulp::Arch::new().dispatch(|| orthogonalize(a, b, nothing));
            }
        }
        if !rotated {
            break;
        }
    }
    let mut found: Vec<(f64, Vec<f64>)> = rows
        .iter()
        .map(|row| (dot(row, row), row))
        .filter(|&(squared, _)| squared > nothing && squared > 0.0)
        .map(|(squared, row)| (squared.sqrt(), unit(row, squared.sqrt())))
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(found)
}

/// Rotates two rows so that they become orthogonal; whether they were not.
#[inline(always)]
fn orthogonalize(a: &mut [f64], b: &mut [f64], nothing: f64) -> bool {
    let (aa, bb, ab) = (dot(a, a), dot(b, b), dot(a, b));
    if aa <= nothing || bb <= nothing || ab.abs() <= TOLERANCE * (aa * bb).sqrt() {
        return false;
    }
    let zeta = (bb - aa) / (2.0 * ab);
    let tangent = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
    let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
    let sine = cosine * tangent;
    for (a, b) in a.iter_mut().zip(b) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
    true
}

/// The row with length 1 and its largest entry positive.
fn unit(row: &[f64], length: f64) -> Vec<f64> {
    let largest =
        row.iter().copied().fold(0.0_f64, |largest, value| if value.abs() > largest.abs() { value } else { largest });
    row.iter().map(|value| value / length.copysign(largest)).collect()
}

#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        sums.iter_mut().zip(a).zip(b).for_each(|((sum, a), b)| *sum += a * b);
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::super::super::series::tests::noise;
    use super::*;

    /// bᵀ b for random rows b.
    fn covariance(n: usize, n_rows: usize) -> Vec<f64> {
        let b = noise(n * n_rows, 7);
        let entry = |i: usize, j: usize| (0..n_rows).map(|row| b[row * n + i] * b[row * n + j]).sum();
        (0..n * n).map(|at| entry(at / n, at % n)).collect()
    }

    #[test]
    fn vectors_satisfy_their_equation_and_are_orthonormal() {
        for (n, n_rows, rank) in [(2, 5, 2), (9, 30, 9), (40, 100, 40), (12, 5, 5)] {
            let matrix = covariance(n, n_rows);
            let found = eigenvectors(matrix.clone(), n, &Cx::default()).unwrap();
            assert_eq!(found.len(), rank);
            let scale = found[0].0;
            for (at, (value, vector)) in found.iter().enumerate() {
                for (row, entry) in matrix.chunks_exact(n).zip(vector) {
                    assert!((dot(row, vector) - value * entry).abs() < 1e-12 * scale, "{n} {at}");
                }
                for (other, (_, second)) in found.iter().enumerate() {
                    let expected = f64::from(u8::from(at == other));
                    assert!((dot(vector, second) - expected).abs() < 1e-9, "{n} {at} {other}");
                }
                assert!(
                    vector.iter().copied().fold(f64::MIN, f64::max) >= -vector.iter().copied().fold(f64::MAX, f64::min)
                );
            }
            assert!(found.is_sorted_by(|a, b| a.0 >= b.0));
            let trace: f64 = (0..n).map(|i| matrix[i * n + i]).sum();
            assert!((found.iter().map(|(value, _)| value).sum::<f64>() - trace).abs() < 1e-12 * trace);
        }
    }

    #[test]
    fn a_hand_computed_case_and_nothing() {
        let found = eigenvectors(vec![2.0, -1.0, -1.0, 2.0], 2, &Cx::default()).unwrap();
        let half = 0.5_f64.sqrt();
        assert!((found[0].0 - 3.0).abs() < 1e-12 && (found[1].0 - 1.0).abs() < 1e-12);
        assert!((found[1].1[0] - half).abs() < 1e-12 && (found[1].1[1] - half).abs() < 1e-12);
        assert!(eigenvectors(vec![0.0; 9], 3, &Cx::default()).unwrap().is_empty());
    }
}
