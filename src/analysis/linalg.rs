//! Small dense linear algebra: eigenvalues of symmetric matrices, and the inverse of a Cholesky factor.
//!
//! Matrices are row-major slices of n × n values.

use smartcore::linalg::basic::arrays::Array as _;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linalg::traits::evd::EVDDecomposable as _;

/// Eigenvalues of a symmetric matrix, descending, and one eigenvector of length 1 per row, in the same order. Takes
/// about 10 n³ operations. `None` where a value is not finite or there are not n × n of them.
pub fn symmetric_eigen(matrix: &[f64], n: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    if matrix.len() != n * n || !matrix.iter().all(|value| value.is_finite()) {
        return None;
    }
    let dense = DenseMatrix::new(n, n, matrix.to_vec(), false).ok()?;
    let found = dense.evd(true).ok()?;
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| found.d[b].total_cmp(&found.d[a]));
    let values = order.iter().map(|&at| found.d[at]).collect();
    let vectors = order.iter().flat_map(|&at| (0..n).map(move |row| (row, at)));
    Some((values, vectors.map(|place| *found.V.get(place)).collect()))
}

/// The inverse of the lower Cholesky factor of a symmetric matrix (its upper triangle is read), and the logarithm of
/// the determinant of the matrix. `None` unless it is positive definite beyond rounding.
pub fn inverse_cholesky(matrix: &[f64], n: usize) -> Option<(Vec<f64>, f64)> {
    if matrix.len() != n * n {
        return None;
    }
    let mut factor = vec![0.0; n * n];
    let mut log_det = 0.0;
    for i in 0..n {
        let (done, rest) = factor.split_at_mut(i * n);
        let row = &mut rest[..n];
        for j in 0..i {
            let other = &done[j * n..(j + 1) * n];
            row[j] = (matrix[j * n + i] - dot(&row[..j], &other[..j])) / other[j];
        }
        let pivot = matrix[i * n + i] - dot(&row[..i], &row[..i]);
        // What is left of a column that the others explain is rounding of about this size.
        let rounding = 8.0 * n as f64 * f64::EPSILON * matrix[i * n + i];
        if !(pivot > rounding && pivot.is_finite()) {
            return None;
        }
        row[i] = pivot.sqrt();
        log_det += pivot.ln();
    }
    let mut inverse = vec![0.0; n * n];
    for i in 0..n {
        let (done, rest) = inverse.split_at_mut(i * n);
        let row = &mut rest[..n];
        for j in 0..i {
            let weight = factor[i * n + j];
            row[..=j].iter_mut().zip(&done[j * n..]).for_each(|(sum, value)| *sum -= weight * value);
        }
        let scale = 1.0 / factor[i * n + i];
        row[..i].iter_mut().for_each(|value| *value *= scale);
        row[i] = scale;
    }
    Some((inverse, log_det))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A symmetric positive definite matrix with eigenvalues between about 1e-3 and n.
    fn example(n: usize) -> Vec<f64> {
        let value = |i: usize, j: usize| (-(i.abs_diff(j) as f64) / 3.0).exp() + if i == j { 1e-3 } else { 0.0 };
        (0..n * n).map(|at| value(at / n, at % n)).collect()
    }

    #[test]
    fn eigenvectors_rebuild_the_matrix() {
        for n in [1, 2, 7, 60] {
            let matrix = example(n);
            let (values, vectors) = symmetric_eigen(&matrix, n).unwrap();
            assert!(values.is_sorted_by(|a, b| a >= b) && values[n - 1] > 0.0);
            for i in 0..n {
                for j in 0..n {
                    let (mut rebuilt, mut unit) = (0.0, 0.0);
                    for k in 0..n {
                        rebuilt += values[k] * vectors[k * n + i] * vectors[k * n + j];
                        unit += vectors[i * n + k] * vectors[j * n + k];
                    }
                    assert!((rebuilt - matrix[i * n + j]).abs() < 1e-12);
                    assert!((unit - if i == j { 1.0 } else { 0.0 }).abs() < 1e-12);
                }
            }
        }
        // numpy.linalg.eigvalsh([[2, 1], [1, 2]])
        let (values, _) = symmetric_eigen(&[2.0, 1.0, 1.0, 2.0], 2).unwrap();
        assert!((values[0] - 3.0).abs() < 1e-14 && (values[1] - 1.0).abs() < 1e-14);
        assert!(symmetric_eigen(&[f64::NAN], 1).is_none());
    }

    #[test]
    fn the_inverse_factor_turns_the_matrix_into_the_identity() {
        for n in [1, 3, 40] {
            let matrix = example(n);
            let (inverse, log_det) = inverse_cholesky(&matrix, n).unwrap();
            let (values, _) = symmetric_eigen(&matrix, n).unwrap();
            assert!((log_det - values.iter().map(|value| value.ln()).sum::<f64>()).abs() < 1e-9);
            for i in 0..n {
                for j in 0..n {
                    let inner = |k: usize| dot(&matrix[k * n..(k + 1) * n], &inverse[j * n..(j + 1) * n]);
                    let product: f64 = (0..n).map(|k| inverse[i * n + k] * inner(k)).sum();
                    assert!((product - if i == j { 1.0 } else { 0.0 }).abs() < 1e-9);
                }
            }
        }
    }

    #[test]
    fn singular_matrices_have_no_inverse() {
        assert!(inverse_cholesky(&[0.0], 1).is_none());
        assert!(inverse_cholesky(&[1.0, 1.0, 1.0, 1.0], 2).is_none());
        let rows = [[1.0, 2.0, 3.3], [0.1, -1.0, 2.0]];
        let product = |i: usize, j: usize| rows[0][i] * rows[0][j] + rows[1][i] * rows[1][j];
        let matrix: Vec<f64> = (0..9).map(|at| product(at / 3, at % 3)).collect();
        assert!(inverse_cholesky(&matrix, 3).is_none());
    }
}
