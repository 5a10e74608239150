//! Mutual information of a column with a class, by distances to nearest neighbours.
//!
//! Ross (2014), "Mutual information between discrete and continuous data sets", PLoS ONE 9, with 3 neighbours, in nats,
//! and 0 where the estimate is below, as scikit-learn's `mutual_info_classif`: values are divided by their standard
//! deviation, and noise of 1e-10 of their size tells equal values apart. Its seed decides the last digits for columns
//! with many ties, and nothing else.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::neighbours::{N_NEIGHBOURS, count_within, distance_on_line};
use crate::analysis::stats;
use crate::cx::{Cancelled, Cx};

/// Size of the noise over that of the values.
const NOISE: f64 = 1e-10;

/// Rows worked through between two looks at whether to stop.
const CHECK_EVERY: usize = 8192;

/// Mutual information of a column with a class, 0 or more. Rows without a value, and classes of a single row, are left
/// out. 0 for a constant column and a single class. `classes` has a code per row.
///
/// # Errors
/// When cancelled.
pub(crate) fn with_class(values: &[f64], classes: &[u32], seed: u64, cx: &Cx) -> Result<f64, Cancelled> {
    let present = |(value, _): &(&f64, &u32)| value.is_finite();
    let (mut values, classes): (Vec<f64>, Vec<u32>) = values.iter().zip(classes).filter(present).unzip();
    if !spread(&mut values, &mut ChaCha8Rng::seed_from_u64(seed)) {
        return Ok(0.0);
    }
    cx.check()?;
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    classes.iter().for_each(|class| *counts.entry(*class).or_default() += 1);
    let mut rows: Vec<(f64, u32)> = values.into_iter().zip(classes).collect();
    rows.retain(|(_, class)| counts.get(class).is_some_and(|&count| count > 1));
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    cx.check()?;
    // Per class, where its rows stand among all, rising.
    let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    rows.iter().enumerate().for_each(|(at, (_, class))| members.entry(*class).or_default().push(at));
    let sorted: Vec<f64> = rows.iter().map(|(value, _)| *value).collect();
    let digamma = Digamma::up_to(sorted.len());
    let (mut sum, n) = (0.0, sorted.len() as f64);
    for places in members.values() {
        let of_class: Vec<f64> = places.iter().filter_map(|&at| sorted.get(at)).copied().collect();
        let k = N_NEIGHBOURS.min(of_class.len() - 1);
        let of_all = digamma.of(k) - digamma.of(of_class.len());
        for (i, &at) in places.iter().enumerate() {
            if i % CHECK_EVERY == 0 {
                cx.check()?;
            }
            let radius = just_below(distance_on_line(&of_class, i, k));
            sum += of_all - digamma.of(count_within(&sorted, at, radius));
        }
    }
    Ok(if members.len() < 2 { 0.0 } else { (digamma.of(sorted.len()) + sum / n).max(0.0) })
}

/// Divides values by their standard deviation and tells equal ones apart. False, with nothing done, for a constant.
fn spread(values: &mut [f64], random: &mut ChaCha8Rng) -> bool {
    let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let constant = values.windows(2).all(|pair| pair[0] == pair[1]);
    if constant || largest == 0.0 {
        return false;
    }
    // In units of the largest value no square can overflow.
    values.iter_mut().for_each(|value| *value /= largest);
    let (_, std) = stats::mean_std(values);
    if std == 0.0 {
        return false;
    }
    values.iter_mut().for_each(|value| *value /= std);
    let size = values.iter().map(|value| value.abs()).sum::<f64>() / values.len() as f64;
    for value in values {
        let noise: f64 = StandardNormal.sample(random);
        *value += NOISE * size.max(1.0) * noise;
    }
    true
}

/// The next smaller number; 0 for 0.
fn just_below(distance: f64) -> f64 {
    if distance > 0.0 { distance.next_down() } else { 0.0 }
}

/// The digamma function of whole numbers: sums of reciprocals less Euler's constant.
struct Digamma(Vec<f64>);

impl Digamma {
    fn up_to(most: usize) -> Self {
        let mut value = -0.577_215_664_901_532_9;
        let mut table = vec![f64::NEG_INFINITY];
        for n in 1..=most.max(N_NEIGHBOURS) {
            table.push(value);
            value += 1.0 / n as f64;
        }
        Self(table)
    }

    fn of(&self, n: usize) -> f64 {
        self.0.get(n).copied().unwrap_or(f64::NAN)
    }
}
