//! The smallest change that makes a row normal: as few inputs as possible, each moved as little as possible towards a
//! value that is known to be normal.
//!
//! Wachter, Mittelstadt, Russell: Counterfactual explanations without opening the black box (2017). The search is greedy:
//! inputs are taken in until the row is normal, then each is left out again if it can be, then each is moved back as far
//! as the row stays normal.

/// Steps of halving the way of one input: to 1/64 of it.
const HALVINGS: usize = 6;

/// Inputs tried one at a time as the first to change.
const MOST_FIRST: usize = 8;

/// Finds how far to move each input, 0 (as it is) to 1 (to its target), so that the row is normal. `score` gives the score
/// of the row with inputs moved so far; `None` ends the search (cancelled, or out of time). `is_normal` judges it. At most
/// `most` inputs are moved; the first ones are tried first.
///
/// Returns `None` where moving all of `most` inputs does not make the row normal, or where the search was ended before
/// anything was found.
pub fn search(
    n_inputs: usize,
    most: usize,
    mut score: impl FnMut(&[f64]) -> Option<f64>,
    is_normal: impl Fn(f64) -> bool,
) -> Option<Vec<f64>> {
    let mut moved = vec![0.0; n_inputs];
    // Which one helps most alone?
    let mut order: Vec<usize> = (0..n_inputs).collect();
    let mut alone: Vec<(f64, usize)> = Vec::new();
    for &input in order.iter().take(MOST_FIRST) {
        alone.push((score(&with(&moved, input, 1.0))?, input));
    }
    alone.sort_by(|a, b| a.0.total_cmp(&b.0));
    order.splice(..alone.len(), alone.iter().map(|&(_, input)| input));
    let mut is_found = false;
    for &input in order.iter().take(most) {
        moved = with(&moved, input, 1.0);
        if is_normal(score(&moved)?) {
            is_found = true;
            break;
        }
    }
    if !is_found {
        return None;
    }
    let changed: Vec<usize> = order.iter().copied().filter(|&input| moved.get(input) == Some(&1.0)).collect();
    // From here on what has been found is good enough where time runs out.
    for &input in changed.iter().take(changed.len() - 1) {
        let without = with(&moved, input, 0.0);
        match score(&without) {
            Some(value) if is_normal(value) => moved = without,
            Some(_) => {}
            None => return Some(moved),
        }
    }
    for &input in changed.iter().filter(|&&input| moved_to(&moved, input) > 0.0).collect::<Vec<_>>() {
        let (mut too_little, mut enough) = (0.0, moved_to(&moved, input));
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(too_little, enough);
            match score(&with(&moved, input, middle)) {
                Some(value) if is_normal(value) => enough = middle,
                Some(_) => too_little = middle,
                None => return Some(with(&moved, input, enough)),
            }
        }
        moved = with(&moved, input, enough);
    }
    Some(moved)
}

fn moved_to(moved: &[f64], input: usize) -> f64 {
    moved.get(input).copied().unwrap_or(0.0)
}

fn with(moved: &[f64], input: usize, to: f64) -> Vec<f64> {
    let mut moved = moved.to_vec();
    if let Some(moved) = moved.get_mut(input) {
        *moved = to;
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_input_that_suffices_is_moved_just_far_enough() {
        // Input 2 alone takes 10 off the score of 12; normal is below 5: 0.7 of the way.
        let score = |moved: &[f64]| Some(12.0 - moved[0] - 10.0 * moved[2]);
        let found = search(3, 3, score, |score| score < 5.0).unwrap();
        assert_eq!((found[0], found[1]), (0.0, 0.0));
        assert!(found[2] > 0.7 && found[2] <= 0.7 + 1.0 / 64.0, "{found:?}");
    }

    #[test]
    fn inputs_that_are_not_needed_stay() {
        // 1 helps most alone, but 0 and 2 are needed together and suffice.
        let score = |moved: &[f64]| {
            let both = moved[0].min(moved[2]);
            Some(10.0 - 2.0 * moved[1] - 8.0 * both - 0.1 * (moved[0] + moved[2]))
        };
        let found = search(3, 3, score, |score| score < 2.5).unwrap();
        assert_eq!(found[1], 0.0);
        assert!(found[0] > 0.8 && found[2] > 0.8, "{found:?}");
    }

    #[test]
    fn no_change_is_found_where_there_is_none_or_no_time() {
        assert_eq!(search(2, 2, |_| Some(9.0), |score| score < 5.0), None);
        assert_eq!(search(2, 1, |moved: &[f64]| Some(9.0 - 3.0 * (moved[0] + moved[1])), |s| s < 5.0), None);
        assert_eq!(search(0, 4, |_| Some(9.0), |score| score < 5.0), None);
        let mut left = 4;
        let hurried = |moved: &[f64]| {
            left -= 1;
            (left > 0).then(|| 9.0 - 6.0 * moved[0])
        };
        // Found after two looks, halved once, then stopped.
        assert_eq!(search(1, 1, hurried, |score| score < 7.0), Some(vec![0.5]));
        assert_eq!(search(1, 1, |_| None, |_| true), None);
    }
}
