//! Features of a text column: how frequent, rare and new its words are, what addresses and free texts look like.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::analysis::features::FeatureError;
use crate::analysis::features::catalogue::{LookBack, Output};
use crate::analysis::features::input::StepInput;
use crate::analysis::features::step::{FeatureStep, FittedFeatureStep, Machine, StreamRow, run_machines};
use crate::analysis::features::text::{Categories, Recency, Window, address, shape, text_id, url};
use crate::cx::Cx;

/// Features of one text column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct Words {
    pub(in crate::analysis::features) holds: Holds,
    pub(in crate::analysis::features) frequency: bool,
    pub(in crate::analysis::features) rarity: bool,
    pub(in crate::analysis::features) ordinal: bool,
    /// Names of the words that have a feature of their own, the most frequent of the training rows first.
    pub(in crate::analysis::features) levels: Vec<String>,
    pub(in crate::analysis::features) max_categories: usize,
    /// Rows of the entity that novelty looks at; `None`: no novelty.
    pub(in crate::analysis::features) novelty_rows: Option<u32>,
    /// Whether the parts of addresses and URLs, or the shape of a free text, are told.
    pub(in crate::analysis::features) parts: bool,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::analysis::features) enum Holds {
    Words,
    Addresses,
    Urls,
    FreeText,
}

/// The same with the words of the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct FittedWords {
    settings: Words,
    categories: Categories,
}

impl Holds {
    /// What of a text counts as its word.
    fn word(self, text: &str) -> Option<Cow<'_, str>> {
        match self {
            Self::Words => Some(Cow::Borrowed(text)),
            Self::Addresses => address::network(text).map(Cow::Owned),
            Self::Urls => url::host(text).map(Cow::Owned),
            Self::FreeText => None,
        }
    }

    /// Name of that for people.
    fn word_name(self) -> (&'static str, &'static str) {
        match self {
            Self::Words => ("", "value"),
            Self::Addresses => ("network_", "network (/24 or /64)"),
            Self::Urls => ("host_", "host"),
            Self::FreeText => ("", "text"),
        }
    }

    fn part_names(self) -> &'static [&'static str] {
        match self {
            Self::Words => &[],
            Self::Addresses => &address::NAMES,
            Self::Urls => &url::NAMES,
            Self::FreeText => &shape::NAMES,
        }
    }
}

impl Words {
    fn has_words(&self) -> bool {
        self.holds != Holds::FreeText
    }

    fn part_names(&self) -> &'static [&'static str] {
        if self.parts { self.holds.part_names() } else { &[] }
    }

    fn n_outputs(&self) -> usize {
        self.outputs(&["x"]).len()
    }
}

impl FeatureStep for Words {
    type Fitted = FittedWords;

    fn outputs(&self, columns: &[&str]) -> Vec<Output> {
        let column = columns.first().copied().unwrap_or_default();
        let (prefix, word) = self.holds.word_name();
        let named =
            |name: String, formula: String, look_back| Output::new(format!("{column}_{name}"), formula, look_back);
        let mut outputs = Vec::new();
        if self.has_words() {
            if self.frequency {
                let formula = format!("Share of the training rows with the same {word} of {column}");
                outputs.push(named(format!("{prefix}frequency"), formula, LookBack::Row));
            }
            if self.rarity {
                let formula =
                    format!("-ln of the smoothed share of the training rows with the same {word} of {column}");
                outputs.push(named(format!("{prefix}rarity"), formula, LookBack::Row));
                let formula = format!("1 where no training row has the {word} of {column}, else 0");
                outputs.push(named(format!("{prefix}is_new"), formula, LookBack::Row));
            }
            if self.ordinal {
                let formula = format!("Rank of the {word} of {column} by frequency in the training rows, 0 first");
                outputs.push(named(format!("{prefix}ordinal"), formula, LookBack::Row));
            }
            outputs.extend(self.levels.iter().map(|level| {
                named(
                    format!("is_{level}"),
                    format!("1 where the {word} of {column} is {level}, else 0"),
                    LookBack::Row,
                )
            }));
            if let Some(rows) = self.novelty_rows {
                let last = format!("the entity's last {rows} rows");
                let novelty = [
                    (
                        format!("{prefix}rows_since"),
                        format!("Rows since the entity last had this {word} of {column}, at most {rows}"),
                    ),
                    (format!("{prefix}count_{rows}"), format!("How many of {last} have this {word} of {column}")),
                    (format!("{prefix}distinct_{rows}"), format!("Different {word}s of {column} in {last}")),
                ];
                outputs.extend(novelty.map(|(name, formula)| named(name, formula, LookBack::Rows(rows))));
            }
        }
        outputs.extend(
            self.part_names().iter().map(|name| {
                named((*name).to_owned(), format!("{} of {column}", name.replace('_', " ")), LookBack::Row)
            }),
        );
        outputs
    }

    fn fit(&self, input: &StepInput<'_>, cx: &Cx) -> Result<FittedWords, FeatureError> {
        let texts = input.texts.first().map_or(&[][..], Vec::as_slice);
        let words: Vec<Option<Cow<'_, str>>> = texts
            .iter()
            .enumerate()
            .filter(|&(row, _)| self.has_words() && input.is_training(row))
            .map(|(_, text)| text.and_then(|text| self.holds.word(text)))
            .collect();
        let categories = Categories::fit(words.iter().map(Option::as_deref), self.max_categories, cx)?;
        Ok(FittedWords { settings: self.clone(), categories })
    }
}

impl FittedFeatureStep for FittedWords {
    fn apply(&self, input: &StepInput<'_>, cx: &Cx) -> Result<Vec<Vec<f64>>, FeatureError> {
        let shared = Arc::new(self.clone());
        let start = |_: &str| Box::new(WordMachine::new(Arc::clone(&shared))) as Box<dyn Machine>;
        Ok(run_machines(self.settings.n_outputs(), input, cx, start)?)
    }

    fn machine(&self, _entity: &str) -> Option<Box<dyn Machine>> {
        Some(Box::new(WordMachine::new(Arc::new(self.clone()))))
    }
}

#[derive(Clone)]
struct WordMachine {
    fitted: Arc<FittedWords>,
    recency: Option<Recency>,
}

impl WordMachine {
    fn new(fitted: Arc<FittedWords>) -> Self {
        let window = |rows: u32| Window { rows: rows as usize, micros: None };
        let recency = fitted.settings.novelty_rows.map(|rows| Recency::new(window(rows)));
        Self { fitted, recency }
    }
}

impl Machine for WordMachine {
    fn push(&mut self, row: StreamRow<'_>, out: &mut [f64]) {
        let FittedWords { settings, categories } = &*self.fitted;
        let text = row.texts.first().copied().flatten();
        let mut out = out.iter_mut();
        let mut put = |value: f64| {
            if let Some(out) = out.next() {
                *out = value;
            }
        };
        if settings.has_words() {
            let word = text.and_then(|text| settings.holds.word(text));
            let place = categories.place(word.as_deref());
            if settings.frequency {
                put(categories.frequency(place));
            }
            if settings.rarity {
                put(categories.rarity(place));
                put(Categories::is_new(place));
            }
            if settings.ordinal {
                put(categories.ordinal(place));
            }
            for (rank, _) in (0..).zip(&settings.levels) {
                put(Categories::is_level(place, rank));
            }
            if let Some(recency) = &mut self.recency {
                let seen = recency.push(word.as_deref().map(text_id), row.time);
                put(seen.rows_since);
                put(seen.count);
                put(seen.n_distinct);
            }
        }
        if settings.parts {
            match settings.holds {
                Holds::Words => {}
                Holds::Addresses => address::features(text).into_iter().for_each(put),
                Holds::Urls => url::features(text).into_iter().for_each(put),
                Holds::FreeText => shape::shape(text).into_iter().for_each(put),
            }
        }
    }
}
