//! What ending in a node says about a row: how long its path was, or how dense the node is.
//!
//! Both grow with how ordinary the row is, and both are added over the trees.

use super::tree::Node;

/// Expected path length of an unsuccessful search in a binary tree of `n` rows, c(n) of Liu et al. (2008), eq. 1.
pub fn average_path_length(n: u32) -> f64 {
    const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;
    match n {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let n = f64::from(n);
            2.0 * ((n - 1.0).ln() + EULER_GAMMA) - 2.0 * (n - 1.0) / n
        }
    }
}

/// Per node: edges from the root, plus the expected rest of the path in a leaf.
pub(super) fn path_lengths(nodes: &[Node], n_samples: &[u32], depths: &[u32]) -> Vec<f64> {
    let rest = |at: usize| if nodes[at].left as usize == at { average_path_length(n_samples[at]) } else { 0.0 };
    depths.iter().enumerate().map(|(at, &depth)| f64::from(depth) + rest(at)).collect()
}

/// Per node: log of its share of the rows of the tree over its share of the volume. `log_volumes`: the log of the
/// latter, 0 for the root, which comes first.
pub(super) fn log_densities(n_samples: &[u32], log_volumes: &[f64]) -> Vec<f64> {
    let rows = f64::from(n_samples.first().copied().unwrap_or(1));
    n_samples.iter().zip(log_volumes).map(|(&here, log_volume)| (f64::from(here) / rows).ln() - log_volume).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_path_lengths_are_those_of_the_formula() {
        // Harmonic numbers by hand: c(n) = 2 H(n - 1) - 2 (n - 1) / n, with ln(n - 1) + gamma for H as in the paper.
        assert_eq!((average_path_length(0), average_path_length(1), average_path_length(2)), (0.0, 0.0, 1.0));
        assert!((average_path_length(3) - 1.207_392_357_589_6).abs() < 1e-12);
        assert!((average_path_length(256) - 10.244_770_920_119).abs() < 1e-10);
    }

    #[test]
    fn a_density_is_the_share_of_the_rows_over_the_share_of_the_volume() {
        // 8 rows; a quarter of the volume holds 6 of them, half of that quarter 1 of the 6.
        let found = log_densities(&[8, 6, 2, 1, 5], &[1.0_f64, 0.25, 0.75, 0.125, 0.125].map(f64::ln));
        for (found, density) in found.iter().zip([1.0_f64, 3.0, 1.0 / 3.0, 1.0, 5.0]) {
            assert!((found - density.ln()).abs() < 1e-15, "{found} {density}");
        }
    }
}
