//! How far do two machines put rows in the same order?

/// Spearman's rank correlation, equal values with their mean rank; 1 where either knows one value only.
pub(super) fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let (mut both, mut a_alone, mut b_alone) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(&b) {
        both += (a - mean) * (b - mean);
        a_alone += (a - mean) * (a - mean);
        b_alone += (b - mean) * (b - mean);
    }
    if a_alone > 0.0 && b_alone > 0.0 { both / (a_alone * b_alone).sqrt() } else { 1.0 }
}

/// Ranks from 0.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + (equal.len() as f64 - 1.0) / 2.0;
        equal.iter().for_each(|&at| ranks[at] = rank);
        first += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_correlation_is_that_of_scipy() {
        // scipy.stats.spearmanr([1, 2, 2, 5, 3, 0], [10, 9, 30, 40, 9, 1])
        let got = spearman(&[1.0, 2.0, 2.0, 5.0, 3.0, 0.0], &[10.0, 9.0, 30.0, 40.0, 9.0, 1.0]);
        assert!((got - 0.6029411764705883).abs() < 1e-12, "{got}");
        assert_eq!(spearman(&[1.0, 2.0], &[3.0, -1.0]), -1.0);
        assert_eq!(spearman(&[1.0, 1.0], &[3.0, -1.0]), 1.0);
    }
}
