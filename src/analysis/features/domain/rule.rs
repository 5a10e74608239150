//! Which role a column plays: tables of words, read from the top.

use super::facts::ColumnFacts;
use super::name::Name;
use crate::analysis::features::text::TextKind;

/// Words of a column that is already a comparison or a summary; it is not compared again.
pub(super) const DERIVED: &str = "\
    per ratio rate vs versus average median min max std stddev var variance delta diff difference change share score \
    zscore log percentile mad";

/// Words that say nothing about which thing is measured.
pub(super) const FILLERS: &str = "\
    total count number of the sum node network cumulative counter bytes packets metric value percent used usage \
    utilization";

/// What the values of a column must be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Numbers, none negative, not all the same.
    Quantity,
    /// The same, and not just 0 and 1.
    Count,
    /// Texts or whole numbers that come again.
    Category,
    /// Texts that come again.
    Text,
    /// IP addresses that come again. A source may also have a street.
    Address,
    /// Numbers, more than two different ones.
    Number,
}

/// Whether a list of words, with blanks between them, has this one.
pub(super) fn lists(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|listed| listed == word)
}

/// A column plays a role if its name has a word of each group of `all` and none of `none`, and its values are such.
/// The first group says what is measured; its words do not count for the scope.
#[derive(Debug)]
pub(super) struct Rule<R: 'static> {
    pub(super) role: R,
    /// Lists of words.
    pub(super) all: &'static [&'static str],
    /// A list of words.
    pub(super) none: &'static str,
    pub(super) holds: Holds,
}

/// A column and its name taken apart.
#[derive(Debug)]
pub(super) struct Column<'a> {
    pub(super) facts: &'a ColumnFacts,
    pub(super) name: Name,
}

impl Column<'_> {
    pub(super) fn id(&self) -> String {
        self.facts.name.clone()
    }

    /// Words for names of features: the name without blanks around.
    pub(super) fn label(&self) -> &str {
        self.facts.name.trim()
    }

    pub(super) fn is_derived(&self) -> bool {
        self.name.has_any(DERIVED)
    }
}

/// A column in its role.
#[derive(Debug)]
pub(super) struct Cast<'a, R> {
    pub(super) role: R,
    pub(super) column: &'a Column<'a>,
    /// The words that tell this column from others of its role (`receive`, `eth`, `0`), sorted.
    pub(super) scope: Vec<&'a str>,
}

/// The role of each column that has one, in the order of the columns: that of the first rule it meets.
pub(super) fn cast<'a, R: Copy>(columns: &'a [Column<'a>], rules: &[Rule<R>]) -> Vec<Cast<'a, R>> {
    columns.iter().filter_map(|column| rules.iter().find_map(|rule| rule.cast(column))).collect()
}

impl<R: Copy> Rule<R> {
    fn cast<'a>(&self, column: &'a Column<'a>) -> Option<Cast<'a, R>> {
        let name = &column.name;
        let facts = column.facts;
        let holds = match self.holds {
            Holds::Quantity => facts.is_quantity(),
            Holds::Count => facts.is_quantity() && facts.max > 1.0,
            Holds::Category => facts.is_category(),
            Holds::Text => facts.text.is_some() && facts.is_category(),
            Holds::Address => facts.text == Some(TextKind::Address) && facts.is_category(),
            Holds::Number => facts.text.is_none() && facts.n_distinct > 2,
        };
        if !holds || name.has_any(self.none) || !self.all.iter().all(|group| name.has_any(group)) {
            return None;
        }
        let measured = self.all.first().copied().unwrap_or_default();
        let is_own = |word: &str| lists(measured, word) || lists(FILLERS, word);
        Some(Cast { role: self.role, column, scope: scope(name, is_own) })
    }
}

/// The words of a name that are not `left_out`, sorted, each once.
pub(super) fn scope(name: &Name, left_out: impl Fn(&str) -> bool) -> Vec<&str> {
    let mut scope: Vec<&str> = name.words.iter().map(String::as_str).filter(|word| !left_out(word)).collect();
    scope.sort_unstable();
    scope.dedup();
    scope
}

/// The first column in a role.
pub(super) fn first<'a, R: PartialEq>(casts: &'a [Cast<'a, R>], role: R) -> Option<&'a Column<'a>> {
    casts.iter().find(|cast| cast.role == role).map(|cast| cast.column)
}
