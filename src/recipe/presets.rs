//! Ready-made recipes to start from.

use super::{
    AdjustmentScale, Baseline, DetectorKind, FeatureSelection, FeaturesConfig, IsolationScoring, NeighborColumns,
    NeighborDistance, OutlierHandling, Recipe, ThresholdAggregation, VotingStrategy, WindowLength,
};

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
                "Rows in time: raw values, rolling statistics and rolling z-scores per entity. Six detectors, of single \
                 values and of whole stretches, joined by the highest of their z-scores; anomalies that last count \
                 more. Calls 2 % of the rows anomalous. Chosen when a time column is found."
            }
            Self::Tabular => {
                "Rows without order: the columns themselves, standardised, no features over time. Isolation forest by \
                 density and nearest neighbours, joined by the higher of their z-scores. Calls 5 % of the rows anomalous. Chosen \
                 when there is no time column."
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
                // An hour, five hours and a day of minutes by five.
                recipe.features.time_series.rolling_statistics.windows = vec![12, 60, 288];
                keep_as_is(&mut recipe);
                highest_of(&mut recipe, &TIMESERIES);
                recipe.ensemble.context.enabled = true;
                let detectors = &mut recipe.detectors;
                detectors.pca_windows.window = WindowLength::AutoAtLeast(125);
                detectors.z_score.baseline = Baseline::Rolling(288);
                let neighbors = &mut detectors.k_nearest_neighbors;
                (neighbors.n_neighbors, neighbors.method) = (50, NeighborDistance::Mean);
                (neighbors.columns, neighbors.max_fit_rows) = (NeighborColumns::Measured, 10_000);
                set_contamination(&mut recipe, 0.02);
            }
            Self::Tabular => {
                recipe.features = FeaturesConfig::raw_only();
                keep_as_is(&mut recipe);
                highest_of(&mut recipe, &TABULAR);
                let forest = &mut recipe.detectors.isolation_forest;
                (forest.n_estimators, forest.scoring) = (300, IsolationScoring::Density);
                let neighbors = &mut recipe.detectors.k_nearest_neighbors;
                (neighbors.n_neighbors, neighbors.max_fit_rows) = (20, 10_000);
                set_contamination(&mut recipe, 0.05);
            }
        }
        recipe
    }
}

/// For single values (neighbours of the measured columns, trend and season, the last day), for the recent past as a whole
/// (forest and Mahalanobis distance over the rolling features), and for the shape of stretches.
const TIMESERIES: [DetectorKind; 6] = [
    DetectorKind::IsolationForest,
    DetectorKind::KNearestNeighbors,
    DetectorKind::Mahalanobis,
    DetectorKind::ZScore,
    DetectorKind::SeasonalResidual,
    DetectorKind::PcaWindows,
];

/// Where rows are thin by many random cuts, and what is far from its neighbours: they err on different rows.
const TABULAR: [DetectorKind; 2] = [DetectorKind::IsolationForest, DetectorKind::KNearestNeighbors];

/// These detectors, each row as abnormal as the one that finds it most abnormal says: an anomaly of one kind is normal to
/// detectors of other kinds, and their average would hide it.
fn highest_of(recipe: &mut Recipe, kinds: &[DetectorKind]) {
    recipe.detectors.enable_only(kinds);
    recipe.ensemble.voting_strategy = VotingStrategy::Maximum;
    recipe.ensemble.dynamic_weighting.enabled = false;
    recipe.ensemble.diversity.enabled = false;
    // Factors of the document make half of what happens by day critical; by their odds the worst still stand out.
    recipe.severity.dynamic_adjustment.scale = AdjustmentScale::Odds;
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
