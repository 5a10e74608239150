//! Which columns belong together: pairs for correlations, and the combinations worth making.

use super::builder::Builder;
use crate::analysis::features::FeatureError;
use crate::analysis::features::input::FeatureInput;
use crate::analysis::features::profile::leading_pairs;
use crate::analysis::features::steps::combination::{Combination, Combine, FittedCombination};
use crate::analysis::features::steps::correlation::Correlations;
use crate::analysis::ranking::{preference, top, with_class};
use crate::cx::Cx;
use crate::recipe::{CorrelationMethod, FeaturesConfig, Interactions};

/// Rows that decide.
const SAMPLE_ROWS: usize = 1024;

/// Columns looked at: those that show most of the data.
const MOST_COLUMNS: usize = 30;

/// Columns that are combined: with more, the number of combinations explodes.
const MOST_COMBINED: usize = 8;

/// The training rows that decide, and their columns.
struct Sample<'a> {
    names: Vec<&'a str>,
    columns: Vec<Vec<f64>>,
    /// Labels of the rows, where there are labels of both kinds.
    classes: Option<Vec<u32>>,
}

/// Adds rolling correlations of pairs of columns, and combinations of columns.
pub(super) fn plan(
    builder: &mut Builder,
    input: &FeatureInput<'_>,
    config: &FeaturesConfig,
    numeric: &[&str],
    cx: &Cx,
) -> Result<(), FeatureError> {
    let (statistical, interactions) = (&config.statistical, &config.interactions);
    let of_pairs = &statistical.correlation;
    let correlates = statistical.enabled && of_pairs.enabled;
    let interacts = interactions.enabled && interactions.correlations;
    if numeric.len() < 2 || !(correlates || interactions.enabled) {
        return Ok(());
    }
    let sample = Sample::of(input, numeric, cx)?;
    if let Some(unit) = builder.unit {
        let mut methods = if correlates { of_pairs.methods.clone() } else { Vec::new() };
        if interacts && !methods.contains(&CorrelationMethod::Pearson) {
            methods.insert(0, CorrelationMethod::Pearson);
        }
        let lags = if correlates { of_pairs.cross_correlation_lags.clone() } else { Vec::new() };
        // Interactions alone ask for the longest window only.
        let (windows, setting) = match correlates {
            true => (statistical.windows.clone(), "features.statistical.correlation"),
            false => (statistical.windows.iter().copied().max().into_iter().collect(), "features.interactions"),
        };
        for (a, b) in sample.pairs(of_pairs.max_pairs as usize, cx)? {
            let step = Correlations { unit, windows: windows.clone(), methods: methods.clone(), lags: lags.clone() };
            builder.add(setting, step, &[a, b], &[]);
        }
    }
    if interactions.enabled {
        for (how, columns) in sample.combinations(interactions, cx)? {
            builder.add("features.interactions", Combination { how }, &columns, &[]);
        }
    }
    Ok(())
}

impl<'a> Sample<'a> {
    fn of(input: &FeatureInput<'_>, numeric: &[&'a str], cx: &Cx) -> Result<Self, FeatureError> {
        let rows: Vec<usize> = (0..input.table.n_rows()).filter(|&row| input.is_training(row)).collect();
        let step = rows.len().div_ceil(SAMPLE_ROWS).max(1);
        let rows: Vec<usize> = rows.into_iter().step_by(step).collect();
        let mut columns = Vec::new();
        for name in numeric {
            cx.check()?;
            let values = input.numbers(name)?;
            columns.push(rows.iter().map(|&row| values.get(row).copied().unwrap_or(f64::NAN)).collect::<Vec<f64>>());
        }
        // A few of many columns, in the order of the table.
        let mut chosen = preference(&columns, MOST_COLUMNS, cx)?;
        chosen.sort_unstable();
        let names = chosen.iter().filter_map(|&at| numeric.get(at).copied()).collect();
        let columns = chosen.iter().filter_map(|&at| columns.get(at).cloned()).collect();
        let classes: Option<Vec<u32>> = input
            .table
            .label()
            .map(|label| rows.iter().map(|&row| u32::from(label.get(row).copied().unwrap_or(false))).collect());
        Ok(Self { names, columns, classes: classes.filter(|c| c.contains(&0) && c.contains(&1)) })
    }

    fn columns_of(&self, of: &[usize]) -> Vec<Vec<f64>> {
        of.iter().filter_map(|&at| self.columns.get(at).cloned()).collect()
    }

    /// The pairs that correlate most, at most so many.
    fn pairs(&self, most: usize, cx: &Cx) -> Result<Vec<(&'a str, &'a str)>, FeatureError> {
        let columns: Vec<&[f64]> = self.columns.iter().map(Vec::as_slice).collect();
        let name = |at: usize| self.names.get(at).copied();
        let pairs = leading_pairs(&columns, most, cx)?;
        Ok(pairs.into_iter().filter_map(|(a, b)| name(a).zip(name(b))).collect())
    }

    /// The combinations worth making, the best first: by what they tell of the label, or by how much they vary and how
    /// little they repeat.
    fn combinations(&self, config: &Interactions, cx: &Cx) -> Result<Vec<(Combine, Vec<&'a str>)>, FeatureError> {
        let mut best = preference(&self.columns, MOST_COMBINED, cx)?;
        best.sort_unstable();
        let candidates = candidates(&best, config);
        let mut values = Vec::with_capacity(candidates.len());
        for (how, of) in &candidates {
            cx.check()?;
            let columns = self.columns_of(of);
            let present = |column: &Vec<f64>| column.iter().copied().filter(|v| v.is_finite()).collect();
            let fitted = FittedCombination::fit(*how, &columns.iter().map(present).collect::<Vec<Vec<f64>>>());
            let n_rows = columns.first().map_or(0, Vec::len);
            let row = |row: usize| -> Vec<f64> { columns.iter().filter_map(|c| c.get(row).copied()).collect() };
            values.push((0..n_rows).map(|at| fitted.of(&row(at))).collect::<Vec<f64>>());
        }
        let most = config.max_features as usize;
        let order = match &self.classes {
            Some(classes) => {
                let told: Result<Vec<f64>, _> =
                    values.iter().map(|values| with_class(values, classes, cx.seed, cx)).collect();
                top(&told?, most)
            }
            // What the columns tell alone comes first, so that combinations which repeat them come last.
            None => {
                let all: Vec<&[f64]> = self.columns.iter().chain(&values).map(Vec::as_slice).collect();
                let order = preference(&all, most + self.columns.len(), cx)?;
                let combined = order.into_iter().filter_map(|at| at.checked_sub(self.columns.len()));
                combined.take(most).collect::<Vec<usize>>()
            }
        };
        let named = |of: &[usize]| of.iter().filter_map(|&at| self.names.get(at).copied()).collect();
        Ok(order.into_iter().filter_map(|at| candidates.get(at)).map(|(how, of)| (*how, named(of))).collect())
    }
}

/// All combinations of two columns up to the depth asked for: ratios and differences with each column first, products once.
fn candidates(columns: &[usize], config: &Interactions) -> Vec<(Combine, Vec<usize>)> {
    let mut all = Vec::new();
    for depth in 2..=config.max_interaction_depth as usize {
        for subset in subsets(columns, depth) {
            if config.products {
                all.push((Combine::Product, subset.clone()));
            }
            for first in 0..subset.len() {
                let mut turned = subset.clone();
                let front = turned.remove(first);
                turned.insert(0, front);
                if config.ratios {
                    all.push((Combine::Ratio, turned.clone()));
                }
                // The other way round a difference of two only changes its sign.
                if config.differences && (depth > 2 || first == 0) {
                    all.push((Combine::Difference, turned));
                }
            }
        }
    }
    all
}

/// The subsets of that size, in order.
fn subsets(of: &[usize], size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, &first) in of.iter().enumerate() {
        for mut rest in subsets(of.get(at + 1..).unwrap_or_default(), size - 1) {
            rest.insert(0, first);
            all.push(rest);
        }
    }
    all
}
