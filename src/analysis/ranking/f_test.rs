//! The F test of a column against a class: how far the means of the classes lie apart (one-way analysis of variance).

use std::collections::BTreeMap;

use super::beta::f_tail;

/// What the test says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FTest {
    /// Variance between the classes over that within them; the largest number where there is none within.
    pub(crate) f: f64,
    /// Probability of so large a value where all classes have one mean.
    pub(crate) p: f64,
}

/// Tests one column, as scikit-learn's `f_classif`. Rows without a value are left out. For a constant, fewer than two
/// classes, or no more rows than classes: `f = 0`, `p = 1`. `classes` has a code per row.
pub(crate) fn f_test(values: &[f64], classes: &[u32]) -> FTest {
    let none = FTest { f: 0.0, p: 1.0 };
    let mut groups: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    let (mut low, mut high) = (f64::MAX, f64::MIN);
    for (&value, &class) in values.iter().zip(classes).filter(|(value, _)| value.is_finite()) {
        groups.entry(class).or_default().push(value);
        (low, high) = (low.min(value), high.max(value));
    }
    let (n, n_groups) = (groups.values().map(Vec::len).sum::<usize>(), groups.len());
    if low >= high || n_groups < 2 || n <= n_groups {
        return none;
    }
    // In units of the largest value, and about a value in their midst: no square overflows, and a large mean costs no
    // precision.
    let unit = low.abs().max(high.abs());
    let middle = low / unit * 0.5 + high / unit * 0.5;
    let means: Vec<f64> = groups.values_mut().map(|group| centre(group, unit, middle)).collect();
    let total: f64 = groups.values().zip(&means).map(|(group, mean)| group.len() as f64 * mean).sum();
    let mean = total / n as f64;
    let (mut between, mut within) = (0.0, 0.0);
    for (group, group_mean) in groups.values().zip(&means) {
        between += group.len() as f64 * (group_mean - mean).powi(2);
        within += group.iter().map(|value| (value - group_mean).powi(2)).sum::<f64>();
    }
    let (numerator, denominator) = ((n_groups - 1) as f64, (n - n_groups) as f64);
    let f = ((between / numerator) / (within / denominator)).min(f64::MAX);
    if f.is_nan() { none } else { FTest { f, p: f_tail(f, numerator, denominator) } }
}

/// Scales and shifts the values; their mean then.
fn centre(values: &mut [f64], unit: f64, middle: f64) -> f64 {
    values.iter_mut().for_each(|value| *value = *value / unit - middle);
    values.iter().sum::<f64>() / values.len() as f64
}
