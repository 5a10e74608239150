//! The measured columns as series: in their own units, with gaps filled, for detectors that look at stretches of time.

use rayon::prelude::*;

use super::PrepareError;
use crate::analysis::features::{FeatureError, FeaturePlan};
use crate::cx::Cx;
use crate::data::{Feature, Matrix, SeriesOrder, Table};

/// Values beyond this count as this, so that sums of squares stay finite.
const LIMIT: f64 = 1e150;

/// The raw columns of a plan, rows × columns in the order of the table. A gap is bridged by a straight line between its
/// neighbours in time of the same entity; before the first and after the last value that value stands, and 0 where
/// there is none. Infinite values count as missing.
///
/// # Errors
/// When cancelled, when the matrix would exceed the memory limit, or when the table is not the plan's.
pub fn measures(table: &Table, plan: &FeaturePlan, order: &SeriesOrder, cx: &Cx) -> Result<Matrix, PrepareError> {
    let (n_rows, n_columns) = (table.n_rows(), plan.n_sources());
    // The matrix, and every column once more on its way there.
    let needed = (n_rows as u64).saturating_mul(n_columns as u64).saturating_mul(16);
    if needed > cx.memory_limit_bytes {
        let (needed_mb, limit_mb) = (needed.div_ceil(1 << 20), cx.memory_limit_bytes >> 20);
        return Err(PrepareError::TooLarge { n_rows, n_features: n_columns, needed_mb, limit_mb });
    }
    let column = |source: usize| {
        cx.check()?;
        let name = plan.source_name(source);
        let other_table = || PrepareError::Features(FeatureError::OtherTable { column: name.to_owned() });
        let mut values = table.numbers(name).filter(|values| values.len() == n_rows).ok_or_else(other_table)?;
        order.groups().for_each(|group| fill_gaps(&mut values, group));
        Ok::<_, PrepareError>(values)
    };
    let columns: Vec<Vec<f64>> = (0..n_columns).into_par_iter().map(column).collect::<Result<_, _>>()?;
    cx.check()?;
    let mut data = vec![0.0; n_rows * n_columns];
    for (at, column) in columns.iter().enumerate() {
        data.iter_mut().skip(at).step_by(n_columns).zip(column).for_each(|(target, &value)| *target = value);
    }
    let names: Vec<Feature> = (0..n_columns)
        .map(|source| plan.source_name(source).to_owned())
        .map(|name| Feature { name: name.clone(), source: name })
        .collect();
    let no_features = || PrepareError::Features(FeatureError::NoFeatures { reason: "the plan is empty".into() });
    Matrix::new(names, data).ok_or_else(no_features)
}

/// Fills what is missing of one entity's values, whose row numbers in time order are `group`.
fn fill_gaps(values: &mut [f64], group: &[u32]) {
    let mut before: Option<(usize, f64)> = None;
    for (at, &row) in group.iter().enumerate() {
        let Some(value) = values.get(row as usize).copied().filter(|value| value.is_finite()) else { continue };
        let value = value.clamp(-LIMIT, LIMIT);
        let start = before.map_or(0, |(at, _)| at + 1);
        for (step, &gap) in group.get(start..at).unwrap_or_default().iter().enumerate() {
            let share = (step + 1) as f64 / (at - start + 1) as f64;
            let filled = before.map_or(value, |(_, before)| before + (value - before) * share);
            set(values, gap, filled);
        }
        set(values, row, value);
        before = Some((at, value));
    }
    let start = before.map_or(0, |(at, _)| at + 1);
    for &row in group.get(start..).unwrap_or_default() {
        set(values, row, before.map_or(0.0, |(_, before)| before));
    }
}

fn set(values: &mut [f64], row: u32, value: f64) {
    if let Some(target) = values.get_mut(row as usize) {
        *target = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::features;
    use crate::recipe::FeaturesConfig;

    #[test]
    fn gaps_are_bridged_within_an_entity() {
        let nan = f64::NAN;
        // Entities take turns; the second has a gap at both ends, the first one in the middle.
        let mixed = vec![1.0, nan, nan, 5.0, f64::INFINITY, 6.0, 4.0, nan];
        let empty = vec![nan; 8];
        let time = (0..8).map(|i| i * 1_000_000).collect();
        let codes = (0..8).map(|i| i % 2).collect();
        let table = Table::of_features(
            &[("mixed", mixed), ("huge", vec![1e300; 8]), ("empty", empty)],
            Some(time),
            Some(codes),
        );
        let cx = Cx::default();
        let plan = features::plan(&table, &FeaturesConfig::default(), &cx).unwrap();
        let x = measures(&table, &plan, &SeriesOrder::of(&table), &cx).unwrap();
        let column = |at: usize| x.iter_rows().map(|row| row[at]).collect::<Vec<_>>();
        assert_eq!(column(0), [1.0, 5.0, 2.0, 5.0, 3.0, 6.0, 4.0, 6.0]);
        assert_eq!(column(1), [LIMIT; 8]);
        assert_eq!(column(2), [0.0; 8]);
        let mut small = cx.clone();
        small.memory_limit_bytes = 64;
        assert!(matches!(
            measures(&table, &plan, &SeriesOrder::of(&table), &small),
            Err(PrepareError::TooLarge { .. })
        ));
    }
}
