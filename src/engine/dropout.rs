//! How the highest reconstruction errors move when parts of the autoencoder are left out.

use crate::analysis::detect::DetectError;
use crate::analysis::detect::autoencoder::Autoencoder;
use crate::cx::Cx;
use crate::data::Matrix;

/// Two columns.
pub(super) type MeanAndStd = (Vec<f64>, Vec<f64>);

/// Mean and standard deviation of every row's error over passes with dropout. Only the `most` rows with the highest errors
/// get passes; for the others the mean is the error itself and the standard deviation 0. `None` where the model makes no
/// passes.
pub(super) fn of_highest(
    model: &Autoencoder,
    x: &Matrix,
    errors: &[f64],
    most: usize,
    cx: &Cx,
) -> Result<Option<MeanAndStd>, DetectError> {
    let mut rows: Vec<u32> = (0..u32::try_from(errors.len()).unwrap_or(u32::MAX)).collect();
    let error = |row: u32| errors.get(row as usize).copied().unwrap_or(0.0);
    if rows.len() > most {
        rows.sort_unstable_by(|&a, &b| error(b).total_cmp(&error(a)).then(a.cmp(&b)));
        rows.truncate(most);
        rows.sort_unstable();
    }
    let Some(found) = model.uncertainty(&x.select(&rows), cx)? else { return Ok(None) };
    let (mut mean, mut std) = (errors.to_vec(), vec![0.0; errors.len()]);
    for (&row, of_row) in rows.iter().zip(found) {
        if let (Some(mean), Some(std)) = (mean.get_mut(row as usize), std.get_mut(row as usize)) {
            (*mean, *std) = (of_row.mean, of_row.std);
        }
    }
    Ok(Some((mean, std)))
}
