//! The measured columns as series: in their own units, with gaps filled, for detectors that look at stretches of time.

use rayon::prelude::*;

use super::{LIMIT, PrepareError, fill};
use crate::analysis::features::{FeatureError, FeaturePlan};
use crate::cx::Cx;
use crate::data::{Feature, Matrix, SeriesOrder, Table};

/// The raw columns of a plan, rows × columns in the order of the table. A gap is bridged by a straight line between its
/// neighbours in time of the same entity; before the first and after the last value that value stands, and 0 where
/// there is none. Infinite values count as missing.
///
/// # Errors
/// When cancelled, when the matrix would exceed the memory limit, or when the table is not the plan's.
pub fn measures(table: &Table, plan: &FeaturePlan, order: &SeriesOrder, cx: &Cx) -> Result<Matrix, PrepareError> {
    let (n_rows, n_columns) = (table.n_rows(), plan.sources().len());
    // The matrix, and every column once more on its way there.
    let needed = (n_rows as u64).saturating_mul(n_columns as u64).saturating_mul(16);
    if let Some((needed_mb, limit_mb)) = cx.excess_mb(needed) {
        return Err(PrepareError::TooLarge { n_rows, n_features: n_columns, needed_mb, limit_mb });
    }
    let column = |source: usize| {
        cx.check()?;
        let name = plan.sources().get(source).map_or("", String::as_str);
        let other_table = || PrepareError::Features(FeatureError::OtherTable { column: name.to_owned() });
        let mut values = table.numbers(name).filter(|values| values.len() == n_rows).ok_or_else(other_table)?;
        fill::linear(&mut values, order, LIMIT);
        values.iter_mut().filter(|value| !value.is_finite()).for_each(|value| *value = 0.0);
        Ok::<_, PrepareError>(values)
    };
    let columns: Vec<Vec<f64>> = (0..n_columns).into_par_iter().map(column).collect::<Result<_, _>>()?;
    cx.check()?;
    let mut data = vec![0.0; n_rows * n_columns];
    for (at, column) in columns.iter().enumerate() {
        data.iter_mut().skip(at).step_by(n_columns).zip(column).for_each(|(target, &value)| *target = value);
    }
    let feature = |name: &String| Feature { name: name.clone(), source: name.clone() };
    let names: Vec<Feature> = plan.sources().iter().map(feature).collect();
    let no_features = || PrepareError::Features(FeatureError::NoFeatures { reason: "the plan is empty".into() });
    Matrix::new(names, data).ok_or_else(no_features)
}
