//! What an alert keeps of the explanation of its peak: the columns that make the score, and the detectors.

use serde::{Deserialize, Serialize};

use super::alert::{NewAlert, number_or_nan};
use crate::cx::Cx;
use crate::engine::{ColumnShare, ExplainError, Explainer, Explanation, Snapshot};

/// Columns kept per alert.
const MOST_COLUMNS: usize = 6;

/// Share of the score below which a column is not kept: it would read "0 %".
const LEAST_SHARE: f64 = 0.005;

/// Alerts explained at a time.
const BATCH: usize = 16;

/// What makes the score of an alert's peak what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertExplanation {
    /// Name of the method.
    pub method: String,
    /// The combined score, 0 to 1.
    pub score: f64,
    /// The score where nothing is known of the row.
    pub base: f64,
    /// The columns that raise it by at least 0.5 % of its rise, the one that does most first.
    pub columns: Vec<ExplainedColumn>,
    /// Title of each detector and its share of what raises the score, 0 to 1, the largest first.
    pub detectors: Vec<(String, f64)>,
    /// The most similar normal row, from 0.
    #[serde(default)]
    pub nearest_normal: Option<u32>,
}

/// What a column adds to a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainedColumn {
    /// Name of the column, or of the rule.
    pub column: String,
    /// Its value; NaN where it is missing or no number.
    #[serde(deserialize_with = "number_or_nan")]
    pub value: f64,
    /// Its value where it is text, else empty.
    #[serde(default)]
    pub text: String,
    /// Typical values: 5 % are below, and 5 % above; NaN where that is not known.
    #[serde(deserialize_with = "number_or_nan")]
    pub low: f64,
    /// See `low`.
    #[serde(deserialize_with = "number_or_nan")]
    pub high: f64,
    /// Whether typical is at this hour of the day.
    pub at_this_hour: bool,
    /// What it adds to the score.
    pub contribution: f64,
    /// Its share of what raises the score, 0 to 1.
    pub share: f64,
    /// What was made from it, the largest part first.
    pub features: Vec<ExplainedFeature>,
}

/// What a feature adds to the share of its column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainedFeature {
    /// Name of the feature.
    pub feature: String,
    /// What it is, to be read after the name of its column.
    pub phrase: String,
    /// Its value.
    #[serde(deserialize_with = "number_or_nan")]
    pub value: f64,
    /// Its median over the training rows.
    #[serde(deserialize_with = "number_or_nan")]
    pub usual: f64,
    /// What it adds to the score.
    pub contribution: f64,
}

impl ExplainedColumn {
    /// Typical values from and to, where they are known.
    pub fn typical(&self) -> Option<(f64, f64)> {
        (self.low.is_finite() && self.high.is_finite()).then_some((self.low, self.high))
    }

    /// Whether it is a rule instead of a column.
    pub fn is_rule(&self) -> bool {
        self.features.iter().all(|feature| feature.feature == self.column) && self.column.starts_with("rule \"")
    }
}

impl AlertExplanation {
    /// Of an explanation of a combined score, by column.
    pub fn new(explained: &Explanation, columns: &[ColumnShare], nearest_normal: Option<u32>) -> Self {
        let raised: f64 = explained.detectors.iter().map(|share| share.contribution.max(0.0)).sum();
        let share = |contribution: f64| if raised > 0.0 { contribution.max(0.0) / raised } else { 0.0 };
        let detectors = explained.detectors.iter().map(|d| (d.kind.title().to_owned(), share(d.contribution)));
        let columns = columns.iter().filter(|column| column.share >= LEAST_SHARE).take(MOST_COLUMNS);
        Self {
            method: explained.method.name().to_owned(),
            score: explained.score,
            base: explained.base,
            columns: columns.map(explained_column).collect(),
            detectors: detectors.collect(),
            nearest_normal,
        }
    }
}

fn explained_column(column: &ColumnShare) -> ExplainedColumn {
    let feature = |feature: &crate::engine::FeatureShare| ExplainedFeature {
        feature: feature.feature.clone(),
        phrase: feature.phrase.clone(),
        value: feature.value,
        usual: feature.usual,
        contribution: feature.contribution,
    };
    ExplainedColumn {
        column: column.source.clone(),
        value: column.value,
        text: column.text.clone(),
        low: column.typical.map_or(f64::NAN, |typical| typical.low),
        high: column.typical.map_or(f64::NAN, |typical| typical.high),
        at_this_hour: column.typical.is_some_and(|typical| typical.at_this_hour),
        contribution: column.contribution,
        share: column.share,
        features: column.features.iter().map(feature).collect(),
    }
}

/// Explains the peaks of the first alerts, as many as the recipe says. `on_batch` receives the alerts explained so far
/// after every few.
///
/// # Errors
/// See [`ExplainError`]; alerts explained by then have been handed over.
pub fn explain_alerts(
    explainer: &Explainer,
    snapshot: &Snapshot,
    alerts: &[NewAlert],
    cx: &Cx,
    on_batch: &mut dyn FnMut(&[NewAlert]),
) -> Result<Vec<NewAlert>, ExplainError> {
    let n = alerts.len().min(snapshot.recipe.explanation.max_alerts as usize);
    cx.progress().start("Explaining alerts", n as u64);
    let mut explained = Vec::with_capacity(n);
    for batch in alerts.get(..n).unwrap_or_default().chunks(BATCH) {
        let rows: Vec<u32> = batch.iter().map(|alert| alert.episode.peak_row).collect();
        let found = explainer.explain_for_people(snapshot, &rows, cx)?;
        for (alert, (explanation, columns)) in batch.iter().zip(found) {
            let nearest = explainer.nearest_normal(alert.episode.peak_row).map(|nearest| nearest.row);
            let explanation = Some(AlertExplanation::new(&explanation, &columns, nearest));
            explained.push(NewAlert { explanation, ..alert.clone() });
        }
        cx.progress().add(batch.len() as u64);
        on_batch(&explained);
    }
    Ok(explained)
}
