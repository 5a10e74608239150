//! The settings that act without a refit, in words for people, and which of them do nothing at present, and why.

use serde::Serialize;

use super::main_job::Findings;
use crate::recipe::{EnsembleConfig, Normalization, ThresholdAggregation, ThresholdMethod, VotingStrategy, schema};

/// The voting strategies with their names for people.
pub const VOTING_STRATEGIES: [(VotingStrategy, &str); 6] = [
    (VotingStrategy::WeightedAverage, "Weighted average"),
    (VotingStrategy::ConfidenceWeighted, "Confidence-weighted"),
    (VotingStrategy::MajorityVote, "Majority vote"),
    (VotingStrategy::Maximum, "Maximum"),
    (VotingStrategy::AverageOfMaximum, "Average of maxima"),
    (VotingStrategy::Stacking, "Stacking"),
];

/// The normalisations with their names for people.
pub const NORMALIZATIONS: [(Normalization, &str); 5] = [
    (Normalization::ZScore, "Z-score"),
    (Normalization::Robust, "Robust (quartiles)"),
    (Normalization::Minmax, "Smallest to largest"),
    (Normalization::Rank, "Rank"),
    (Normalization::Gaussian, "Gaussian"),
];

/// Whose scores the threshold can be taken from, with names for people.
pub const AGGREGATIONS: [(ThresholdAggregation, &str); 5] = [
    (ThresholdAggregation::Combined, "Combined score"),
    (ThresholdAggregation::Mean, "Mean of detectors"),
    (ThresholdAggregation::Median, "Median of detectors"),
    (ThresholdAggregation::Max, "Highest of detectors"),
    (ThresholdAggregation::Min, "Lowest of detectors"),
];

/// The threshold methods with their names for people, each with the value to begin with.
pub fn threshold_methods(config: &EnsembleConfig, has_time: bool) -> [(ThresholdMethod, &'static str); 5] {
    // The percentile that calls as many rows anomalous as the share does, so that changing over changes nothing yet.
    let percentile = ((1.0 - config.contamination) * 1e4).round() / 100.0;
    [
        (ThresholdMethod::Contamination, "Share of rows"),
        (ThresholdMethod::Percentile(percentile), "Percentile"),
        (ThresholdMethod::Iqr(1.5), "Interquartile range"),
        (ThresholdMethod::Gaussian(3.0), "Standard deviations"),
        (ThresholdMethod::AlertRate(10.0), if has_time { "Alerts per day" } else { "Alerts per 1,000 rows" }),
    ]
}

/// Lengths a window of dynamic weights can be chosen from, in seconds: 5 minutes to 30 days.
pub const WINDOWS_SECS: [u32; 9] = [300, 900, 3600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000];

/// What the recipe's own documentation says of a setting of the ensemble, such as `dynamic_weighting.window_secs`.
pub fn about(setting: &str) -> String {
    node(setting).map(schema::description).unwrap_or_default()
}

/// What the recipe's own documentation says of one choice of such a setting.
pub fn about_choice(setting: &str, choice: &impl Serialize) -> String {
    let variants = node(setting).and_then(schema::variants).unwrap_or_default();
    let name = name_of(choice);
    variants.into_iter().find(|variant| variant.name == name).map(|variant| variant.description).unwrap_or_default()
}

fn node(setting: &str) -> Option<&'static serde_json::Value> {
    let ensemble = schema::field(schema::recipe_schema(), "ensemble")?;
    setting.split('.').try_fold(ensemble, schema::field)
}

/// Name of a choice in files.
fn name_of(choice: &impl Serialize) -> String {
    match serde_json::to_value(choice) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Object(fields)) => fields.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}

/// What the settings act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// Number of detectors with scores.
    pub n_detectors: usize,
    /// Whether the rows have times.
    pub has_time: bool,
    /// Whether there are labels of both kinds.
    pub has_labels: bool,
}

impl Basis {
    /// That of a result.
    pub fn of(findings: &Findings) -> Self {
        let table = &findings.snapshot.table;
        let labels = table.label().unwrap_or_default();
        Self {
            n_detectors: findings.snapshot.scores.len(),
            has_time: table.time().is_some(),
            has_labels: labels.contains(&true) && labels.contains(&false),
        }
    }
}

/// A setting, or several that belong together, that may do nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveSetting {
    /// Method of the threshold, and its parameter.
    Threshold,
    /// Whose scores the threshold is taken from.
    ThresholdAggregation,
    /// Detectors per group.
    GroupSize,
    /// How large the weights are, beside being 0 or not.
    Weights,
    /// Weights that follow how well each detector did.
    DynamicWeighting,
    /// Less weight for detectors that say the same.
    Diversity,
}

/// Why a setting does nothing at present; `None` where it acts.
pub fn idle(setting: LiveSetting, config: &EnsembleConfig, basis: Basis) -> Option<&'static str> {
    let is_stacked = config.voting_strategy == VotingStrategy::Stacking && basis.has_labels;
    let is_maximum = matches!(config.voting_strategy, VotingStrategy::Maximum | VotingStrategy::AverageOfMaximum);
    let is_majority = config.voting_strategy == VotingStrategy::MajorityVote;
    let of_weights = || match () {
        () if is_stacked => Some("Stacking learns its own weights from the labels."),
        () if is_maximum => Some("The highest score counts whole: a weight only says whether a detector takes part."),
        () => None,
    };
    let of_several = || match () {
        () if !config.enabled => Some("The detectors are not combined: one decides alone."),
        () if basis.n_detectors < 2 => Some("It takes at least two detectors."),
        () => None,
    };
    match setting {
        LiveSetting::Threshold if is_majority => {
            Some("A majority vote has a threshold of its own: how many detectors must agree.")
        }
        LiveSetting::ThresholdAggregation if is_majority => {
            Some("A majority vote has a threshold of its own: how many detectors must agree.")
        }
        LiveSetting::ThresholdAggregation if is_stacked => {
            Some("Stacking always takes the threshold from the combined score.")
        }
        LiveSetting::ThresholdAggregation if matches!(config.threshold_method, ThresholdMethod::AlertRate(_)) => {
            Some("Alerts are always counted on the combined score.")
        }
        LiveSetting::Threshold | LiveSetting::ThresholdAggregation => None,
        LiveSetting::GroupSize => of_several(),
        LiveSetting::Weights => of_weights(),
        LiveSetting::DynamicWeighting if !basis.has_time => Some("The data has no time column."),
        LiveSetting::DynamicWeighting if is_majority => Some("In a majority vote every detector has one vote."),
        LiveSetting::DynamicWeighting | LiveSetting::Diversity => of_several().or_else(of_weights),
    }
}

/// How many detectors with a weight must agree in a majority vote, and of how many.
pub fn majority(config: &EnsembleConfig, n_heard: usize) -> (usize, usize) {
    let least = (config.majority_threshold * n_heard as f64 - 1e-9).ceil().max(1.0);
    (least as usize, n_heard)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASIS: Basis = Basis { n_detectors: 4, has_time: true, has_labels: false };

    fn with(strategy: VotingStrategy) -> EnsembleConfig {
        EnsembleConfig { voting_strategy: strategy, ..EnsembleConfig::default() }
    }

    /// Every choice of the recipe can be chosen, and says what it is.
    #[test]
    fn choices_are_whole() {
        fn check<T: Serialize>(setting: &str, choices: &[(T, &str)]) {
            let variants = schema::variants(node(setting).unwrap()).unwrap();
            let mut wanted: Vec<&str> = variants.iter().map(|variant| variant.name).collect();
            let mut named: Vec<String> = choices.iter().map(|(choice, _)| name_of(choice)).collect();
            wanted.sort_unstable();
            named.sort_unstable();
            assert_eq!(named, wanted, "{setting}");
            assert!(choices.iter().all(|(choice, _)| !about_choice(setting, choice).is_empty()), "{setting}");
        }
        check("voting_strategy", &VOTING_STRATEGIES);
        check("normalization", &NORMALIZATIONS);
        check("threshold_aggregation", &AGGREGATIONS);
        check("threshold_method", &threshold_methods(&EnsembleConfig::default(), true));
        assert!(about("dynamic_weighting.window_secs").starts_with("Length of a window"));
    }

    #[test]
    fn starting_values_of_thresholds_have_no_problems() {
        let recipe = crate::recipe::Recipe::default();
        for (method, name) in threshold_methods(&recipe.ensemble, false) {
            let mut recipe = recipe.clone();
            recipe.ensemble.threshold_method = method;
            assert_eq!(recipe.check(), [], "{name}");
        }
        assert_eq!(threshold_methods(&recipe.ensemble, true)[1].0, ThresholdMethod::Percentile(90.0));
    }

    #[test]
    fn what_does_nothing_is_known() {
        use LiveSetting as L;
        let all = [L::Threshold, L::ThresholdAggregation, L::GroupSize, L::Weights, L::DynamicWeighting, L::Diversity];
        let idle_of = |config: &EnsembleConfig, basis: Basis| -> Vec<LiveSetting> {
            all.into_iter().filter(|&setting| idle(setting, config, basis).is_some()).collect()
        };
        assert_eq!(idle_of(&with(VotingStrategy::WeightedAverage), BASIS), []);
        assert_eq!(idle_of(&with(VotingStrategy::ConfidenceWeighted), BASIS), []);
        let majority = idle_of(&with(VotingStrategy::MajorityVote), BASIS);
        assert_eq!(majority, [L::Threshold, L::ThresholdAggregation, L::DynamicWeighting]);
        let unweighted = [L::Weights, L::DynamicWeighting, L::Diversity];
        assert_eq!(idle_of(&with(VotingStrategy::Maximum), BASIS), unweighted);
        assert_eq!(idle_of(&with(VotingStrategy::AverageOfMaximum), BASIS), unweighted);
        assert_eq!(idle_of(&with(VotingStrategy::Stacking), BASIS), [], "without labels it is the weighted average");
        let labelled = Basis { has_labels: true, ..BASIS };
        let stacked = idle_of(&with(VotingStrategy::Stacking), labelled);
        assert_eq!(stacked, [L::ThresholdAggregation, L::Weights, L::DynamicWeighting, L::Diversity]);
        let rate = EnsembleConfig { threshold_method: ThresholdMethod::AlertRate(1.0), ..EnsembleConfig::default() };
        assert_eq!(idle_of(&rate, BASIS), [L::ThresholdAggregation]);
        let alone = Basis { n_detectors: 1, has_time: false, ..BASIS };
        let average = with(VotingStrategy::WeightedAverage);
        assert_eq!(idle_of(&average, alone), [L::GroupSize, L::DynamicWeighting, L::Diversity]);
        let uncombined = EnsembleConfig { enabled: false, ..average };
        assert_eq!(idle_of(&uncombined, BASIS), [L::GroupSize, L::DynamicWeighting, L::Diversity]);
    }

    #[test]
    fn majorities_are_whole_detectors() {
        let least = |share: f64, n: usize| {
            majority(&EnsembleConfig { majority_threshold: share, ..EnsembleConfig::default() }, n).0
        };
        assert_eq!([least(0.5, 4), least(0.51, 4), least(0.6, 5), least(0.01, 4), least(1.0, 3)], [2, 3, 3, 1, 3]);
    }
}
