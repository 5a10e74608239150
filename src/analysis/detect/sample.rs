//! Which rows a detector is fitted on: are there any, and a seeded sample where there are too many.

use std::borrow::Cow;

use rand::SeedableRng as _;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::DetectError;
use crate::cx::Cx;
use crate::data::Matrix;
use crate::recipe::{DetectorKind, Recipe, edit};

/// Values that one thread looks through at a time.
const CHECKED_VALUES: usize = 1 << 16;

/// Random stream of the sample; detectors use the low ones for their own parts.
const STREAM: u64 = u64::MAX;

/// The rows to fit on: all of `x`, or a sample of `max_fit_rows` rows without replacement, in the order of `x`, where
/// there are more. A sample is reported as a warning. 0: no limit. Detectors with the same limit get the same sample.
pub(crate) fn fit_rows<'a>(x: &'a Matrix, max_fit_rows: u64, kind: DetectorKind, cx: &Cx) -> Cow<'a, Matrix> {
    match sampled_rows(x.n_rows(), max_fit_rows, kind, cx) {
        Some(rows) => Cow::Owned(x.select(&rows)),
        None => Cow::Borrowed(x),
    }
}

/// How many rows [`fit_rows`] takes of `n`.
pub(crate) fn n_fit_rows(n: usize, max_fit_rows: u64) -> usize {
    match usize::try_from(max_fit_rows) {
        Ok(limit) if limit > 0 => n.min(limit),
        _ => n,
    }
}

/// Bytes of the values of the rows that [`fit_rows`] takes of `x`.
pub(crate) fn fit_bytes(x: &Matrix, max_fit_rows: u64) -> u64 {
    8 * (n_fit_rows(x.n_rows(), max_fit_rows) as u64).saturating_mul(x.n_features() as u64)
}

/// The numbers of the rows that [`fit_rows`] takes of `n`, in order; `None`: all.
pub(crate) fn sampled_rows(n: usize, max_fit_rows: u64, kind: DetectorKind, cx: &Cx) -> Option<Vec<u32>> {
    let limit = n_fit_rows(n, max_fit_rows);
    // Row numbers are 32 bits wide; a table of more rows does not fit in memory with its features.
    let n_u32 = u32::try_from(n).ok().filter(|_| limit < n)?;
    let mut rng = ChaCha8Rng::seed_from_u64(cx.seed);
    rng.set_stream(STREAM);
    let mut rows: Vec<u32> = index::sample(&mut rng, n_u32 as usize, limit).iter().map(|row| row as u32).collect();
    rows.sort_unstable();
    cx.warn(format!(
        "{} was fitted on a sample of {limit} of {n} rows (detectors.{}.max_fit_rows)",
        kind.title(),
        kind.name()
    ));
    Some(rows)
}

/// Refuses training rows that no detector can learn from.
///
/// # Errors
/// [`DetectError::Unusable`] without rows, or where a value is not finite.
pub(crate) fn check_training_rows(x: &Matrix, kind: DetectorKind) -> Result<(), DetectError> {
    let unusable = |reason| Err(DetectError::Unusable { detector: kind.title(), reason });
    if x.n_rows() == 0 {
        return unusable("there are no rows to fit on; give it data with at least one row".to_owned());
    }
    let broken = |(chunk, values): (usize, &[f64])| {
        let all_finite = values.iter().fold(true, |all, value| all & value.is_finite());
        let at = if all_finite { None } else { values.iter().position(|value| !value.is_finite()) };
        at.map(|at| chunk * CHECKED_VALUES + at)
    };
    if let Some(at) = x.values().par_chunks(CHECKED_VALUES).enumerate().find_map_first(broken) {
        let feature = x.features().get(at % x.n_features()).map_or("", |feature| &feature.name);
        let row = at / x.n_features() + 1;
        return unusable(format!("feature {feature} is not a finite number in row {row}; impute missing values first"));
    }
    Ok(())
}

/// Refuses work that would hold more memory than the recipe allows.
///
/// # Errors
/// [`DetectError::Unusable`] where `needed` bytes more than what is held exceed the limit.
pub(crate) fn check_memory(needed: u64, kind: DetectorKind, cx: &Cx) -> Result<(), DetectError> {
    let Some((needed_mb, limit_mb)) = cx.excess_mb(needed) else { return Ok(()) };
    let settings = edit::to_tree(&Recipe::default());
    let samples = settings.pointer(&format!("/detectors/{}/max_fit_rows", kind.name())).is_some();
    let fewer = if samples {
        format!("set detectors.{}.max_fit_rows to fewer rows", kind.name())
    } else {
        "read a sample with data.sample_rows".to_owned()
    };
    let reason = format!(
        "with what is held beside it, it needs {needed_mb} MB for these rows, more than compute.memory_limit_mb = \
         {limit_mb}; {fewer}, use fewer features, or raise compute.memory_limit_mb"
    );
    Err(DetectError::Unusable { detector: kind.title(), reason })
}

/// Refuses rows of another width than the training rows.
///
/// # Errors
/// [`DetectError::Unusable`] where the numbers of features differ.
pub(crate) fn check_width(x: &Matrix, n_features: usize, kind: DetectorKind) -> Result<(), DetectError> {
    if x.n_features() == n_features {
        return Ok(());
    }
    let reason = format!(
        "it was fitted on {n_features} features and the rows to score have {}; use the same feature settings for both",
        x.n_features()
    );
    Err(DetectError::Unusable { detector: kind.title(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(n: u32) -> Matrix {
        Matrix::unnamed(1, (0..n).map(f64::from).collect()).unwrap()
    }

    #[test]
    fn a_sample_is_seeded_sorted_without_repeats_and_reported() {
        let (x, cx) = (counting(1000), Cx::default());
        let sample = fit_rows(&x, 100, DetectorKind::OneClassSvm, &cx);
        assert_eq!(sample.n_rows(), 100);
        assert!(sample.values().is_sorted_by(|a, b| a < b));
        assert_eq!(sample, fit_rows(&x, 100, DetectorKind::LocalOutlierFactor, &Cx::default()));
        let other = Cx::new(&crate::recipe::ComputeConfig { seed: 7, ..Default::default() });
        assert_ne!(sample, fit_rows(&x, 100, DetectorKind::OneClassSvm, &other));
        assert_eq!(
            cx.warnings(),
            ["One-class SVM was fitted on a sample of 100 of 1000 rows (detectors.one_class_svm.max_fit_rows)"]
        );
    }

    #[test]
    fn few_rows_or_no_limit_mean_all_rows_and_no_warning() {
        let (x, cx) = (counting(10), Cx::default());
        for limit in [0, 10, 11] {
            assert_eq!(*fit_rows(&x, limit, DetectorKind::OneClassSvm, &cx), x);
        }
        assert!(cx.warnings().is_empty());
    }

    #[test]
    fn unusable_rows_are_named() {
        let kind = DetectorKind::IsolationForest;
        let empty = check_training_rows(&counting(0), kind).unwrap_err().to_string();
        assert!(empty.contains("Isolation forest") && empty.contains("no rows"), "{empty}");
        let x = Matrix::unnamed(2, vec![1.0, 2.0, 3.0, f64::NAN]).unwrap();
        let nan = check_training_rows(&x, kind).unwrap_err().to_string();
        assert!(nan.contains("f1") && nan.contains("row 2"), "{nan}");
        let mut cx = Cx::default();
        cx.memory_limit_bytes = 1 << 20;
        assert!(check_memory(1 << 20, kind, &cx).is_ok());
        let large = check_memory((5 << 20) - 1, kind, &cx).unwrap_err().to_string();
        assert!(large.contains("needs 5 MB") && large.contains("data.sample_rows"), "{large}");
        let large = check_memory(5 << 20, DetectorKind::OneClassSvm, &cx).unwrap_err().to_string();
        assert!(large.contains("detectors.one_class_svm.max_fit_rows"), "{large}");
        assert!(check_width(&x, 2, kind).is_ok());
        assert!(check_width(&x, 3, kind).unwrap_err().to_string().contains("3 features"));
    }
}
