//! What is learned of each entity and of all together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::FeatureError;
use super::input::StepInput;

/// With more entities than this, all are held against what was learned of all together.
const MOST_ENTITIES: usize = 1000;

/// Something learned of each entity, known by its name, and of all together for entities that are new or too short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PerEntity<T> {
    /// `None` where there was nothing to learn from.
    pooled: Option<T>,
    /// Empty where there was only one entity.
    own: BTreeMap<String, T>,
}

/// The training values of an entity in time order (missing: NaN), and their times.
pub(super) type EntitySeries = (Vec<f64>, Vec<i64>);

impl<T> PerEntity<T> {
    /// Learns from the training rows of a column. `learn` gives `None` where some series tell nothing; `is_own` says
    /// whether it is about a single one of several entities.
    ///
    /// # Errors
    /// Those of `learn`.
    pub(super) fn learn(
        input: &StepInput<'_>,
        mut learn: impl FnMut(&[EntitySeries], bool) -> Result<Option<T>, FeatureError>,
    ) -> Result<Self, FeatureError> {
        let series = input.training_series(input.column());
        let pooled = learn(&series, false)?;
        let mut own = BTreeMap::new();
        if (2..=MOST_ENTITIES).contains(&series.len()) {
            for (name, series) in input.entities.iter().zip(series.chunks(1)) {
                if let Some(learned) = learn(series, true)? {
                    own.insert((*name).to_owned(), learned);
                }
            }
        }
        Ok(Self { pooled, own })
    }

    /// What to hold an entity against.
    pub(super) fn of(&self, entity: &str) -> Option<&T> {
        self.own.get(entity).or(self.pooled.as_ref())
    }
}
