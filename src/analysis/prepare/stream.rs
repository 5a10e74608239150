//! Rows as detectors see them, one at a time: features, completed, transformed and scaled.

use std::collections::HashMap;

use super::FittedPreparation;
use crate::analysis::features::{FeatureError, FeatureStream};
use crate::recipe::{Imputation, MissingValues};

/// Prepares rows that come one at a time: the same bits as the matrix has for rows in the same order.
pub struct PreparationStream<'a> {
    fitted: &'a FittedPreparation,
    features: FeatureStream<'a>,
    /// Per entity, the last value of each feature of the matrix; where missing values take that.
    last: HashMap<String, Vec<f64>>,
    row: Vec<f64>,
}

impl FittedPreparation {
    /// The rows of live data as detectors see them.
    ///
    /// # Errors
    /// [`FeatureError::LooksAhead`] where a feature or the filling of gaps needs later rows, [`FeatureError::NoFeatures`]
    /// where it is not known how the features are computed.
    pub fn stream(&self) -> Result<PreparationStream<'_>, FeatureError> {
        if self.missing_values == MissingValues::Interpolate {
            return Err(FeatureError::LooksAhead {
                features: "the filling of gaps by straight lines".to_owned(),
                settings: "prepare.missing_values = interpolate".to_owned(),
            });
        }
        let unknown = || FeatureError::NoFeatures { reason: "the preparation was fitted without its features".into() };
        let features = self.source.as_ref().ok_or_else(unknown)?.stream()?;
        Ok(PreparationStream { fitted: self, features, last: HashMap::new(), row: Vec::new() })
    }
}

impl PreparationStream<'_> {
    /// The next row of an entity, one value per feature of the matrix. For the arguments see [`FeatureStream::push`].
    pub fn push<'t>(
        &mut self,
        entity: &str,
        time: i64,
        number: impl Fn(&str) -> f64,
        text: impl Fn(&str) -> Option<&'t str>,
    ) -> &[f64] {
        let all = self.features.push(entity, time, number, text);
        let carries = self.fitted.imputation == Imputation::Forward;
        let n_features = self.fitted.features.len();
        let last = match self.last.get_mut(entity) {
            Some(last) => last,
            None => self.last.entry(entity.to_owned()).or_insert(vec![f64::NAN; if carries { n_features } else { 0 }]),
        };
        self.row.clear();
        for (at, (fitted, &place)) in self.fitted.features.iter().zip(&self.fitted.kept).enumerate() {
            let mut value = all.get(place).copied().unwrap_or(f64::NAN);
            if let Some(last) = last.get_mut(at) {
                if value.is_finite() {
                    *last = value;
                } else {
                    value = *last;
                }
            }
            self.row.push(fitted.scaled_value(value));
        }
        &self.row
    }
}
