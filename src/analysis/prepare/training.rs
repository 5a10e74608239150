//! Which rows everything is learned from.

use super::transform::{OutlierLimits, OutlierRule};
use crate::cx::{Cancelled, Cx};
use crate::data::{Role, Table};
use crate::recipe::{ColumnType, MissingValues, OutlierHandling, PrepareConfig, TrainingRows};

/// Fewest rows to learn from: where the settings leave fewer, a step back is taken.
const FEWEST: usize = 10;

/// The rows to learn from, per table row; `None`: all. They are those of [`TrainingRows`], without rows that lack a measured
/// value where missing values are dropped, and without rows with an extreme one where outliers are removed. Where too
/// few would be left, such rows stay in, with a warning. `within` leaves out further rows.
///
/// # Errors
/// When cancelled.
pub fn training_rows(
    table: &Table,
    config: &PrepareConfig,
    within: Option<&[bool]>,
    cx: &Cx,
) -> Result<Option<Vec<bool>>, Cancelled> {
    let mut mask = match (earliest(table, config.training_rows), within) {
        (Some(earliest), Some(within)) => Some(earliest.iter().zip(within).map(|(a, b)| *a && *b).collect()),
        (earliest, within) => earliest.or_else(|| within.map(<[bool]>::to_vec)),
    };
    let cleaned = [
        (config.missing_values == MissingValues::Drop, "prepare.missing_values = drop", None),
        match config.outlier_handling {
            OutlierHandling::Remove(most) => {
                (true, "prepare.outlier_handling = remove", Some(OutlierRule::ZScore(most)))
            }
            OutlierHandling::RemoveIqr(most) => {
                (true, "prepare.outlier_handling = remove_iqr", Some(OutlierRule::Iqr(most)))
            }
            _ => (false, "", None),
        },
    ];
    for (_, setting, rule) in cleaned.into_iter().filter(|(wanted, ..)| *wanted) {
        let before = mask.clone().unwrap_or_else(|| vec![true; table.n_rows()]);
        let mut after = before.clone();
        for column in table.columns.iter().filter(|c| c.role == Role::Feature && c.kind != ColumnType::Text) {
            cx.check()?;
            let Some(values) = table.numbers(&column.name) else { continue };
            match rule {
                None => keep(&mut after, &values, f64::is_finite),
                Some(rule) => {
                    let learned = values.iter().zip(&before).filter(|(_, learned)| **learned);
                    let learned: Vec<f64> = learned.map(|(&value, _)| value).collect();
                    let limits = OutlierLimits::fit(&learned, rule);
                    keep(&mut after, &values, |value| limits.allows(value));
                }
            }
        }
        let (n_before, n_after) = (count(&before), count(&after));
        if n_after < FEWEST.min(n_before) {
            cx.warn(format!("{setting} would leave {n_after} of {n_before} rows to learn from; none was left out"));
        } else if n_after < n_before {
            cx.warn(format!("{setting}: {} of {n_before} rows are scored but not learned from", n_before - n_after));
            mask = Some(after);
        }
    }
    Ok(mask)
}

/// Takes out rows whose value is not good.
fn keep(mask: &mut [bool], values: &[f64], is_good: impl Fn(f64) -> bool) {
    for (keep, &value) in mask.iter_mut().zip(values) {
        *keep &= is_good(value);
    }
}

fn count(mask: &[bool]) -> usize {
    mask.iter().filter(|&&kept| kept).count()
}

/// The earliest rows of all entities together, so that nothing is learned from what was the future of another.
fn earliest(table: &Table, training: TrainingRows) -> Option<Vec<bool>> {
    let TrainingRows::First(share) = training else { return None };
    let n_rows = table.n_rows();
    let n_training = ((n_rows as f64 * share).ceil() as usize).clamp(1, n_rows.max(1));
    let times = table.time().unwrap_or_default();
    let mut rows: Vec<usize> = (0..n_rows).collect();
    rows.sort_by_key(|&row| times.get(row).copied().unwrap_or(0));
    let mut mask = vec![false; n_rows];
    for &row in rows.iter().take(n_training) {
        if let Some(learned) = mask.get_mut(row) {
            *learned = true;
        }
    }
    Some(mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(config: &PrepareConfig, values: Vec<f64>, time: Option<Vec<i64>>) -> Option<Vec<bool>> {
        let table = Table::of_features(&[("x", values)], time, None);
        training_rows(&table, config, None, &Cx::default()).unwrap()
    }

    #[test]
    fn the_earliest_share_is_learned_from() {
        let config = PrepareConfig { training_rows: TrainingRows::First(0.5), ..PrepareConfig::default() };
        assert_eq!(rows(&config, vec![0.0; 4], Some(vec![30, 10, 40, 20])), Some(vec![false, true, false, true]));
        assert_eq!(rows(&config, vec![0.0; 3], None), Some(vec![true, true, false]));
        assert_eq!(rows(&PrepareConfig::default(), vec![0.0; 3], None), None);
    }

    #[test]
    fn incomplete_and_extreme_rows_are_left_out_unless_too_few_remain() {
        let drop = PrepareConfig { missing_values: MissingValues::Drop, ..PrepareConfig::default() };
        let mut values: Vec<f64> = (0..30).map(f64::from).collect();
        values[3] = f64::NAN;
        let mask = rows(&drop, values.clone(), None).unwrap();
        assert_eq!(mask.iter().position(|&learned| !learned), Some(3));
        assert_eq!(mask.iter().filter(|&&learned| learned).count(), 29);
        assert_eq!(rows(&drop, vec![f64::NAN; 30], None), None);

        let remove = PrepareConfig { outlier_handling: OutlierHandling::Remove(3.0), ..PrepareConfig::default() };
        values[7] = 1e6;
        let mask = rows(&remove, values, None).unwrap();
        assert_eq!(mask.iter().position(|&learned| !learned), Some(7));
        assert_eq!(rows(&remove, vec![5.0; 30], None), None);
    }
}
