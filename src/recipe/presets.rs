//! Ready-made recipes to start from.

use super::{FeatureSelection, FeaturesConfig, OutlierHandling, Recipe, ThresholdAggregation};

/// A ready-made recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// For rows in time.
    Timeseries,
    /// For rows without an order.
    Tabular,
    /// The four models, settings and weights of the requirements document, unchanged.
    Document,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 3] = [Self::Timeseries, Self::Tabular, Self::Document];

    /// Name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Timeseries => "timeseries",
            Self::Tabular => "tabular",
            Self::Document => "document",
        }
    }

    /// The preset of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// What it is for and how it differs from the default recipe.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Timeseries => {
                "Rows in time: raw values, rolling statistics and rolling z-scores per entity. Calls 2 % of the rows \
                 anomalous; detectors other than the forest are fitted on at most 10,000 rows. Chosen when a time \
                 column is found."
            }
            Self::Tabular => {
                "Rows without order: the columns themselves, standardised, no features over time. Calls 5 % of the \
                 rows anomalous. Chosen when there is no time column."
            }
            Self::Document => {
                "The requirements document unchanged: isolation forest 0.3, one-class SVM 0.3, local outlier factor \
                 0.2, autoencoder 0.2, contamination 0.1. Equal to the default recipe."
            }
        }
    }

    /// The preset for data with or without a time column.
    pub const fn for_data(has_time: bool) -> Self {
        if has_time { Self::Timeseries } else { Self::Tabular }
    }

    /// The recipe.
    pub fn recipe(self) -> Recipe {
        let mut recipe = Recipe::default();
        match self {
            Self::Document => {}
            Self::Timeseries => {
                recipe.features = FeaturesConfig::rolling();
                keep_as_is(&mut recipe);
                set_contamination(&mut recipe, 0.02);
                // Rolling features are many: this keeps a first look within seconds at hardly any loss.
                let detectors = &mut recipe.detectors;
                detectors.one_class_svm.max_fit_rows = 10_000;
                detectors.local_outlier_factor.max_fit_rows = 10_000;
                detectors.autoencoder.max_fit_rows = 10_000;
            }
            Self::Tabular => {
                recipe.features = FeaturesConfig::raw_only();
                keep_as_is(&mut recipe);
                set_contamination(&mut recipe, 0.05);
            }
        }
        recipe
    }
}

/// Every feature reaches the detectors, with its extremes.
fn keep_as_is(recipe: &mut Recipe) {
    recipe.prepare.outlier_handling = OutlierHandling::Keep;
    recipe.prepare.feature_selection = FeatureSelection::off();
}

/// One contamination for the combined score, where it is exact, and for the votes of the detectors that have one.
fn set_contamination(recipe: &mut Recipe, contamination: f64) {
    recipe.ensemble.threshold_aggregation = ThresholdAggregation::Combined;
    recipe.ensemble.contamination = contamination;
    recipe.detectors.set_vote_share(contamination);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Contamination;

    #[test]
    fn presets_are_valid_and_found_by_name() {
        for preset in Preset::ALL {
            assert_eq!(preset.recipe().check(), []);
            assert_eq!(Preset::from_name(preset.name()), Some(preset));
        }
    }

    #[test]
    fn document_holds_the_documents_numbers() {
        let recipe = Preset::Document.recipe();
        let w = &recipe.ensemble.model_weights;
        assert_eq!((w.isolation_forest, w.one_class_svm, w.local_outlier_factor, w.autoencoder), (0.3, 0.3, 0.2, 0.2));
        let d = &recipe.detectors;
        assert_eq!(
            (d.isolation_forest.n_estimators, d.isolation_forest.contamination),
            (100, Contamination::Share(0.1))
        );
        assert_eq!((d.one_class_svm.nu, d.local_outlier_factor.n_neighbors), (0.1, 20));
        assert_eq!((d.autoencoder.epochs, d.autoencoder.batch_size, d.autoencoder.learning_rate), (100, 32, 0.001));
        assert_eq!(d.autoencoder.hidden_layers, [64, 32, 16, 32, 64]);
    }
}
