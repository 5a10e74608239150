//! From what detectors add to the combined score, and what features add to the score of each detector, to what features
//! add to the combined score.
//!
//! Chen, Lundberg, Lee: Explaining a series of models by propagating Shapley values (Nature Communications 2022): each
//! detector's share is handed down in proportion to what made its own score (the rescale rule of DeepLIFT). Sums are kept.

use super::Attribution;

/// Part of the sum of absolute contributions below which their sum is rounding.
const ROUNDING: f64 = 1e-9;

/// What the players add to a value that is made of other values. `joint` says what each of these adds, `parts` what the
/// players add to each of them, in the same order; all have the same players. Standard errors are those of the parts.
pub fn propagate(joint: &Attribution, parts: &[Attribution]) -> Attribution {
    let n_players = parts.iter().map(|part| part.contributions.len()).max().unwrap_or(0);
    let mut contributions = vec![0.0; n_players];
    let mut variances = vec![0.0; n_players];
    for (&share, part) in joint.contributions.iter().zip(parts) {
        for (sum, add) in contributions.iter_mut().zip(handed_down(share, part)) {
            *sum += add;
        }
        let sum: f64 = part.contributions.iter().sum();
        if !is_rounding(sum, part) {
            for (variance, error) in variances.iter_mut().zip(&part.standard_errors) {
                *variance += (error * share / sum).powi(2);
            }
        }
    }
    let is_exact = parts.iter().all(|part| part.standard_errors.is_empty());
    let standard_errors = if is_exact { Vec::new() } else { variances.into_iter().map(f64::sqrt).collect() };
    Attribution { base: joint.base, value: joint.value, contributions, standard_errors }
}

/// A share, divided as the contributions are.
fn handed_down(share: f64, part: &Attribution) -> Vec<f64> {
    let sum: f64 = part.contributions.iter().sum();
    if !is_rounding(sum, part) {
        return part.contributions.iter().map(|contribution| contribution * (share / sum)).collect();
    }
    // Contributions that cancel out say nothing about the direction, but still about who is concerned.
    let size: f64 = part.contributions.iter().map(|contribution| contribution.abs()).sum();
    let n = part.contributions.len().max(1) as f64;
    let divided = |contribution: &f64| if size > 0.0 { share * contribution.abs() / size } else { share / n };
    part.contributions.iter().map(divided).collect()
}

fn is_rounding(sum: f64, part: &Attribution) -> bool {
    let size: f64 = part.contributions.iter().map(|contribution| contribution.abs()).sum();
    sum.abs() <= ROUNDING * size || sum == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(base: f64, contributions: &[f64]) -> Attribution {
        let value = base + contributions.iter().sum::<f64>();
        Attribution { base, value, contributions: contributions.to_vec(), standard_errors: Vec::new() }
    }

    #[test]
    fn a_linear_combination_of_linear_models_is_exact() {
        // f = 2 (3 a - b) + 0.5 (b + 4 c) at a = 1, b = 2, c = 3 against zeros: a 6, b -4 + 1, c 6.
        let parts = [exact(0.0, &[3.0, -2.0, 0.0]), exact(0.0, &[0.0, 2.0, 12.0])];
        let joint = exact(0.0, &[2.0, 7.0]);
        let found = propagate(&joint, &parts);
        assert_eq!(found.contributions, [6.0, -3.0, 6.0]);
        assert_eq!((found.base, found.value), (0.0, 9.0));
    }

    #[test]
    fn sums_are_kept_where_contributions_cancel_out() {
        let joint = exact(0.1, &[0.5, 0.2]);
        let found = propagate(&joint, &[exact(1.0, &[2.0, -2.0]), exact(0.0, &[0.0, 0.0])]);
        assert_eq!(found.contributions, [0.35, 0.35]);
    }

    #[test]
    fn errors_are_handed_down_in_proportion() {
        let sampled = Attribution { standard_errors: vec![0.1, 0.2], ..exact(0.0, &[1.0, 3.0]) };
        let found = propagate(&exact(0.0, &[8.0, 1.0]), &[sampled, exact(0.0, &[1.0, 0.0])]);
        assert_eq!(found.contributions, [3.0, 6.0]);
        assert_eq!(found.standard_errors, [0.2, 0.4]);
        assert!(propagate(&exact(0.0, &[1.0]), &[exact(0.0, &[1.0, 0.0])]).standard_errors.is_empty());
    }
}
