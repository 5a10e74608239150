//! An explanation in the terms of the data: features rolled up to the column they come from, each with what is usual.

use std::sync::Arc;

use super::{ExplainError, Explainer, Explanation, Typical};
use crate::analysis::features::catalogue::{Entry, LookBack};
use crate::cx::Cx;
use crate::engine::Snapshot;

/// Features named per column.
const MOST_FEATURES: usize = 3;

const MICROS_PER_MINUTE: i64 = 60_000_000;

/// What a column adds to a score, by all that was made from it.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnShare {
    /// Which column; the name of the rule for a rule.
    pub source: String,
    /// Its value in the row; NaN where it is missing or no number.
    pub value: f64,
    /// Its value as text where it is no number; else empty.
    pub text: String,
    /// What is usual; `None` where there are too few normal rows, or no numbers.
    pub typical: Option<Typical>,
    /// What it adds to the score, above or below 0.
    pub contribution: f64,
    /// Standard error of that, where it was sampled: the root of the sum of squares of its features'.
    pub standard_error: Option<f64>,
    /// Its share of all that raises the score, 0 to 1; 0 where it lowers it.
    pub share: f64,
    /// What was made from it, the largest part first, at most three.
    pub features: Vec<FeatureShare>,
}

/// A feature within its column.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureShare {
    /// Name of the feature.
    pub feature: String,
    /// What it is, to be read after the name of the column: "its 30-minute mean".
    pub phrase: String,
    /// Its value in its own units.
    pub value: f64,
    /// Its median over the training rows; NaN where it has none.
    pub usual: f64,
    /// What it adds.
    pub contribution: f64,
}

/// An explanation, and the same by column.
pub type ByColumn = (Arc<Explanation>, Vec<ColumnShare>);

impl Explainer {
    /// An explanation by column, the one that raises the score most first.
    pub fn by_column(&self, explained: &Explanation) -> Vec<ColumnShare> {
        let mut columns: Vec<ColumnShare> = Vec::new();
        for part in &explained.contributions {
            let source = if part.source.is_empty() { &part.feature } else { &part.source };
            let at = columns.iter().position(|column| column.source == *source).unwrap_or_else(|| {
                columns.push(self.empty_share(source, explained.row, part.source.is_empty()));
                columns.len() - 1
            });
            let Some(column) = columns.get_mut(at) else { continue };
            column.contribution += part.contribution;
            if let Some(error) = part.standard_error {
                column.standard_error = Some(column.standard_error.unwrap_or(0.0).hypot(error));
            }
            if column.features.len() < MOST_FEATURES && part.contribution > 0.0 {
                column.features.push(FeatureShare {
                    feature: part.feature.clone(),
                    phrase: self.phrase(&part.feature, source),
                    value: part.value,
                    usual: self.usual(&part.feature),
                    contribution: part.contribution,
                });
            }
        }
        let raised: f64 = columns.iter().map(|column| column.contribution.max(0.0)).sum();
        for column in &mut columns {
            column.share = if raised > 0.0 { column.contribution.max(0.0) / raised } else { 0.0 };
        }
        columns.sort_by(|a, b| b.contribution.total_cmp(&a.contribution));
        for column in columns.iter_mut().filter(|column| column.share > 0.0) {
            column.typical = self.typical(&column.source, explained.row);
        }
        columns
    }

    /// The columns that say what the combined scores of some rows are made of, by the quickest method.
    ///
    /// # Errors
    /// See [`ExplainError`].
    pub fn explain_for_people(
        &self,
        snapshot: &Snapshot,
        rows: &[u32],
        cx: &Cx,
    ) -> Result<Vec<ByColumn>, ExplainError> {
        let explained = self.explain_rows(snapshot, rows, super::Target::Combined, None, cx)?;
        let with_columns = |explained: Arc<Explanation>| {
            cx.check()?;
            let columns = self.by_column(&explained);
            Ok((explained, columns))
        };
        explained.into_iter().map(with_columns).collect()
    }

    fn empty_share(&self, source: &str, row: u32, is_rule: bool) -> ColumnShare {
        let is_number = !is_rule && self.column(source).is_some();
        ColumnShare {
            source: source.to_owned(),
            value: if is_number { self.column_value(source, row) } else { f64::NAN },
            text: if is_number || is_rule { String::new() } else { self.fitted.table.text(source, row as usize) },
            typical: None,
            contribution: 0.0,
            standard_error: None,
            share: 0.0,
            features: Vec::new(),
        }
    }

    fn usual(&self, feature: &str) -> f64 {
        let place = self.features().features().iter().position(|known| known.name == feature);
        place.map_or(f64::NAN, |place| self.fitted.prepared.fitted.typical(place))
    }

    fn phrase(&self, feature: &str, source: &str) -> String {
        if feature.ends_with(super::inputs::OVER_TIME) {
            return "its course over time".to_owned();
        }
        let plan = self.fitted.prepared.fitted.source.as_ref().map(|source| &source.plan);
        let entry = plan.and_then(|plan| plan.entries.iter().find(|entry| entry.name == feature));
        let step = self.fitted.table.quality.median_step_micros.filter(|step| *step > 0);
        entry.map_or_else(|| feature.to_owned(), |entry| phrase(entry, source, step))
    }
}

/// What a feature is, to be read after the name of its column.
fn phrase(entry: &Entry, source: &str, step_micros: Option<i64>) -> String {
    if entry.formula == format!("{source} as it is") {
        return "its value".to_owned();
    }
    let Some(span) = span(entry.look_back, step_micros) else { return in_words(&entry.formula, source) };
    let over = format!(" of {source} over the last ");
    let named = [
        ("Mean", "mean"),
        ("Median", "median"),
        ("Standard deviation (n - 1)", "spread"),
        ("Smallest value", "lowest value"),
        ("Largest value", "highest value"),
        ("Sum", "sum"),
    ];
    match entry.formula.split_once(&over).map(|(statistic, _)| statistic) {
        Some(statistic) => {
            let known = named.iter().find(|(formula, _)| *formula == statistic).map(|(_, name)| (*name).to_owned());
            let name = known.unwrap_or_else(|| lower_first(statistic));
            format!("its {name} over {span}")
        }
        None if entry.formula.starts_with(&format!("({source} - its mean) / its standard deviation")) => {
            format!("its jump against the last {span}")
        }
        None => in_words(&entry.formula, source),
    }
}

/// A formula, read after the name of its column.
fn in_words(formula: &str, source: &str) -> String {
    let short = formula.split(['(', ',', ';']).next().unwrap_or_default().trim();
    let without = short.replace(&format!(" of {source}"), "");
    match () {
        () if short.is_empty() => formula.to_owned(),
        () if without.starts_with(char::is_alphabetic) => format!("its {}", lower_first(&without)),
        () => without,
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// How long a window is, in the units people use: rows count as time where their distance is known.
fn span(look_back: LookBack, step_micros: Option<i64>) -> Option<String> {
    let minutes = match (look_back, step_micros) {
        (LookBack::Minutes(minutes), _) => i64::from(minutes),
        (LookBack::Rows(rows), Some(step)) if i64::from(rows).saturating_mul(step) >= MICROS_PER_MINUTE => {
            i64::from(rows).saturating_mul(step) / MICROS_PER_MINUTE
        }
        (LookBack::Rows(rows), _) => return Some(format!("{rows} rows")),
        _ => return None,
    };
    Some(match minutes {
        1440 => "a day".to_owned(),
        60 => "an hour".to_owned(),
        m if m % 1440 == 0 => format!("{} days", m / 1440),
        m if m % 60 == 0 => format!("{} hours", m / 60),
        m => format!("{m} minutes"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(formula: &str, look_back: LookBack) -> Entry {
        Entry {
            name: "f".into(),
            formula: formula.into(),
            sources: vec!["cpu".into()],
            look_back,
            setting: String::new(),
        }
    }

    #[test]
    fn features_are_told_as_people_would() {
        let five_minutes = Some(5 * MICROS_PER_MINUTE);
        let told = |formula: &str, look_back| phrase(&entry(formula, look_back), "cpu", five_minutes);
        assert_eq!(told("cpu as it is", LookBack::Row), "its value");
        let mean = "Mean of cpu over the last 12 rows, this row included";
        assert_eq!(told(mean, LookBack::Rows(12)), "its mean over an hour");
        let largest = "Largest value of cpu over the last 288 rows, this row included";
        assert_eq!(told(largest, LookBack::Rows(288)), "its highest value over a day");
        let z =
            "(cpu - its mean) / its standard deviation, both over the 60 rows before this row; at most 20 either way";
        assert_eq!(told(z, LookBack::Rows(60)), "its jump against the last 5 hours");
        assert_eq!(
            told("Skewness of cpu over the last 30 minutes", LookBack::Minutes(30)),
            "its skewness over 30 minutes"
        );
        assert_eq!(told("Logarithm of cpu", LookBack::Row), "its logarithm");
        let since = "Standard deviation of cpu since its last change point (PELT)";
        assert_eq!(told(since, LookBack::Past), "its standard deviation since its last change point");
        assert_eq!(told("Slope per row, fitted over 60 rows", LookBack::Rows(60)), "its slope per row");
        assert_eq!(told("1 where cpu is above its fence, else 0", LookBack::Row), "1 where cpu is above its fence");
        assert_eq!(phrase(&entry(mean, LookBack::Rows(12)), "cpu", None), "its mean over 12 rows");
    }
}
