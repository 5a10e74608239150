//! Settings of features of columns that hold words, addresses or free text.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Features of columns that hold words, addresses or free text. What a column holds is recognised by its values; columns
/// in which nearly every value is different (identifiers) give none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TextFeatures {
    /// Make these features.
    pub enabled: bool,
    /// Share of training rows that hold the same word.
    pub frequency: bool,
    /// Rarity of the word in the training rows: -ln of its smoothed share.
    pub rarity: bool,
    /// Rank of the word by frequency, 0 for the most frequent: an encoding that knows nothing of labels.
    pub ordinal: bool,
    /// One 0/1 feature for each of the most frequent words, at most this many. Range 0 to 50.
    #[schemars(range(min = 0, max = 50))]
    pub one_hot_levels: u32,
    /// Most words remembered per column; the others count as new. Range 2 to 1000000.
    #[schemars(range(min = 2, max = 1_000_000))]
    pub max_categories: u32,
    /// Rows since the entity last had this word, how often it had it, and how many different words, over the last rows.
    pub novelty: bool,
    /// Rows that novelty looks back. Range 2 to 100000.
    #[schemars(range(min = 2, max = 100_000))]
    pub novelty_rows: u32,
    /// Length, words, digits, capitals, punctuation and disorder of free text.
    pub shape: bool,
    /// Parts of IP addresses and URLs.
    pub addresses: bool,
}

impl Default for TextFeatures {
    fn default() -> Self {
        Self {
            enabled: true,
            frequency: true,
            rarity: true,
            ordinal: false,
            one_hot_levels: 0,
            max_categories: 1000,
            novelty: true,
            novelty_rows: 100,
            shape: true,
            addresses: true,
        }
    }
}
