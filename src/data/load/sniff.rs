//! How is a delimited text laid out: delimiter, line ends, decimal mark, header?

use std::path::Path;

use super::encoding::TextReader;
use super::lines::{Records, Signs, fields};
use super::time::{self, Written};
use super::words::{Number, Words, truth};
use crate::recipe::{CsvConfig, DecimalMark, Delimiter, Header};

/// Records looked at.
const RECORDS: usize = 200;

/// What was found out about a delimited text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) signs: Signs,
    pub(super) decimal_comma: bool,
    pub(super) has_header: bool,
    /// Names of the columns: unique, not empty.
    pub(super) names: Vec<String>,
    /// What was corrected in the names, for people.
    pub(super) note: Option<String>,
}

/// Finds the layout from the head of a text. `whole` says that the head is all there is.
pub(super) fn layout(head: &str, whole: bool, config: &CsvConfig, prefers_tab: bool) -> Layout {
    let quote = u8::try_from(config.quote).unwrap_or(b'"');
    let line_end = if head.contains('\n') || !head.contains('\r') { b'\n' } else { b'\r' };
    let sample = |delimiter| sample(head, whole, Signs { delimiter, quote, line_end }, config.skip_lines);
    let delimiter = match config.delimiter {
        Delimiter::Comma => b',',
        Delimiter::Semicolon => b';',
        Delimiter::Tab => b'\t',
        Delimiter::Pipe => b'|',
        Delimiter::Space => b' ',
        Delimiter::Auto => find_delimiter(&sample, prefers_tab),
    };
    let records = sample(delimiter);
    let signs = Signs { delimiter, quote, line_end };
    let decimal_comma = match config.decimal {
        DecimalMark::Point => false,
        DecimalMark::Comma => true,
        DecimalMark::Auto => delimiter != b',' && has_decimal_comma(&records),
    };
    let words = Words::new(&config.null_values, decimal_comma);
    let has_header = match config.header {
        Header::Present => true,
        Header::Absent => false,
        Header::Auto => first_is_header(&records, &words),
    };
    let (names, note) = names(&records, has_header);
    Layout { signs, decimal_comma, has_header, names, note }
}

/// The fields of the first records. The last record of a cut head is left out: it may be cut too.
fn sample(head: &str, whole: bool, signs: Signs, skip: u32) -> Vec<Vec<String>> {
    let mut sampled = Vec::new();
    let Ok(mut records) = Records::new(TextReader::of_text(head, Path::new("")), signs, skip) else { return sampled };
    while sampled.len() <= RECORDS
        && let Ok(Some((_, record))) = records.next_record()
    {
        sampled.push(fields(record, signs));
    }
    if (!whole || sampled.len() > RECORDS) && sampled.len() > 1 {
        sampled.pop();
    }
    sampled
}

/// The sign that cuts the lines into the same number of fields, at least two, most consistently.
fn find_delimiter(sample: &impl Fn(u8) -> Vec<Vec<String>>, prefers_tab: bool) -> u8 {
    // Where several are as good: a sign that is rare inside fields comes first, the space last.
    let candidates: &[u8] = if prefers_tab { b"\t" } else { b"\t;|, " };
    if !prefers_tab && is_web_log(&sample(b' ')) {
        return b' ';
    }
    let rated = candidates.iter().filter_map(|&delimiter| {
        let records = sample(delimiter);
        let width = usual_width(&records);
        let agreeing = records.iter().filter(|record| record.len() == width).count();
        let share = agreeing * 20 / records.len().max(1);
        // The header has one name less where the rows are named (as R writes them).
        let header_fits = records.first().is_none_or(|first| first.len() == width || first.len() + 1 == width);
        let score = share + if header_fits { 10 } else { 0 };
        (width > 1 && share >= 12)
            .then_some((delimiter, if delimiter == b' ' { score.saturating_sub(15) } else { score }))
    });
    let best = rated.reduce(|best, other| if other.1 > best.1 { other } else { best });
    best.map_or(b',', |(delimiter, _)| delimiter)
}

/// Whether every record has a field such as `[10/Oct/2000:13:55:36 -0700]`. Such lines often hold commas, too.
fn is_web_log(records: &[Vec<String>]) -> bool {
    let is_time = |field: &String| field.contains('/') && Written::WebLog.parse(field, 0).is_some();
    !records.is_empty() && records.iter().all(|record| record.iter().any(is_time))
}

/// The most frequent number of fields (the larger of equally frequent ones).
fn usual_width(records: &[Vec<String>]) -> usize {
    let mut counts = std::collections::BTreeMap::new();
    for record in records {
        *counts.entry(record.len()).or_insert(0_usize) += 1;
    }
    counts.into_iter().max_by_key(|&(width, n)| (n, width)).map_or(0, |(width, _)| width)
}

fn has_decimal_comma(records: &[Vec<String>]) -> bool {
    let with = |mark: u8| {
        let is_number = |field: &&String| {
            let digits = field.bytes().filter(u8::is_ascii_digit).count();
            let marks = field.bytes().filter(|&b| b == mark).count();
            let signs = field.bytes().filter(|b| b"+-eE".contains(b)).count();
            digits > 0 && marks == 1 && digits + marks + signs == field.len()
        };
        records.iter().flatten().filter(is_number).count()
    };
    with(b',') > with(b'.')
}

/// A value that no header holds: a number, a truth value or a time.
fn is_value(field: &str, words: &Words) -> bool {
    let number = words.number(field).is_some_and(|n| !matches!(n, Number::Float(v) if v.is_nan()));
    number || truth(field).is_some() || is_time(field)
}

fn is_time(field: &str) -> bool {
    field.bytes().filter(u8::is_ascii_digit).count() >= 4 && time::find(&[field]).is_some()
}

fn first_is_header(records: &[Vec<String>], words: &Words) -> bool {
    let Some((first, rest)) = records.split_first() else { return false };
    if first.iter().all(String::is_empty) || first.iter().any(|field| is_value(field, words)) {
        return false;
    }
    let column = |i: usize| rest.iter().filter_map(move |record| record.get(i)).filter(|field| !field.is_empty());
    let has_values = (0..usual_width(rest)).any(|i| {
        let n = column(i).filter(|field| !words.is_null(field)).count();
        n > 0 && column(i).filter(|field| is_value(field, words)).count() * 2 > n
    });
    // Nothing but words: a header is a row whose words are all different and none comes again below.
    has_values || {
        let different: std::collections::HashSet<&String> = first.iter().collect();
        different.len() == first.len() && first.iter().enumerate().all(|(i, name)| column(i).all(|field| field != name))
    }
}

/// Names of the columns, unique and not empty, and what was corrected.
fn names(records: &[Vec<String>], has_header: bool) -> (Vec<String>, Option<String>) {
    let Some((first, rest)) = records.split_first() else { return (Vec::new(), None) };
    if !has_header {
        return ((1..=usual_width(records)).map(|i| format!("column_{i}")).collect(), None);
    }
    let mut given = first.clone();
    let mut notes = Vec::new();
    if !rest.is_empty()
        && rest.iter().all(|record| record.len() == first.len() + 1 && record.last().is_some_and(|f| !f.is_empty()))
    {
        given.insert(0, String::new());
        notes.push("the first column has no name".to_string());
    }
    let (names, renamed) = unique(&given);
    notes.extend(renamed);
    (names, (!notes.is_empty()).then(|| notes.join("; ")))
}

/// Makes names unique (`x`, `x_2`) and fills in empty ones (`column_3`). Also says what was changed.
pub(super) fn unique(given: &[String]) -> (Vec<String>, Option<String>) {
    let mut used: std::collections::HashSet<String> = given.iter().cloned().collect();
    let mut seen = std::collections::HashSet::new();
    let mut changed = Vec::new();
    let mut names = Vec::with_capacity(given.len());
    for (i, name) in given.iter().enumerate() {
        let base = if name.is_empty() { format!("column_{}", i + 1) } else { name.clone() };
        let taken = if name.is_empty() { used.contains(&base) } else { !seen.insert(name.clone()) };
        let free = |n: &usize| !used.contains(&format!("{base}_{n}"));
        let new = if taken { format!("{base}_{}", (2..).find(free).unwrap_or(2)) } else { base };
        if &new != name && !name.is_empty() {
            changed.push(format!("\"{name}\" comes again and is called \"{new}\""));
        }
        used.insert(new.clone());
        seen.insert(new.clone());
        names.push(new);
    }
    (names, (!changed.is_empty()).then(|| changed.join("; ")))
}

/// Name of a delimiter, for people.
pub(super) fn delimiter_name(delimiter: u8) -> &'static str {
    match delimiter {
        b',' => "comma",
        b';' => "semicolon",
        b'\t' => "tab",
        b'|' => "pipe",
        _ => "space",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(text: &str) -> Layout {
        layout(text, true, &CsvConfig::default(), false)
    }

    fn delimiter(text: &str) -> &'static str {
        delimiter_name(auto(text).signs.delimiter)
    }

    #[test]
    fn the_delimiter_is_the_consistent_one() {
        assert_eq!(delimiter("a,b\n1,2\n3,4\n"), "comma");
        assert_eq!(delimiter("a;b;c\n1,5;2,5;3,5\n4,5;5,5;6,5\n"), "semicolon");
        assert_eq!(delimiter("1,5;2,5;3,5\n4,5;5,5;6,5\n"), "semicolon");
        assert_eq!(delimiter("a\tb c\n1\t2 3\n"), "tab");
        assert_eq!(delimiter("a|b\n1|x,y\n2|z\n"), "pipe");
        assert_eq!(delimiter("t,v\n2015-09-08 11:39:00,73\n2015-09-08 11:44:00,62\n"), "comma");
        assert_eq!(delimiter("a b\n1 2\n3 4\n"), "space");
        assert_eq!(delimiter("\"a;b\",c\n\"1;2\",3\n\"x\",3\n"), "comma");
        assert_eq!(delimiter("value\n1\n2\n"), "comma");
        assert_eq!(delimiter("a,note\n1,x; y\n2,z; w\n3,u\n"), "comma");
        assert_eq!(
            delimiter(
                "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 23\n10.0.0.2 - - [10/Oct/2000:13:55:37 -0700] \"GET /a, b HTTP/1.0\" 200 5\n"
            ),
            "space"
        );
    }

    #[test]
    fn the_decimal_mark_is_the_more_frequent_one() {
        assert!(auto("a;b\n1,5;2\n-3,25;4\n").decimal_comma);
        assert!(!auto("a;b\n1.5;2\n3;4\n").decimal_comma);
        assert!(!auto("a,b\n1,5\n").decimal_comma);
        assert!(!auto("a;b\n1;2\n").decimal_comma);
    }

    #[test]
    fn a_header_has_words_above_values() {
        for text in ["a,b\n1,2\n", "time,note\n2015-01-01,x\n", "a\nx\ny\n", "host,ok\nw,true\n", "a,b\n"] {
            assert!(auto(text).has_header, "{text}");
        }
        for text in ["1,2\n3,4\n", "x,1\ny,2\n", "2015-01-01,x\n", "x\nx\ny\n", "true,a\nfalse,b\n", ""] {
            assert!(!auto(text).has_header, "{text}");
        }
        let set = |header| layout("1,2\n3,4\n", true, &CsvConfig { header, ..CsvConfig::default() }, false);
        assert_eq!(set(Header::Present).names, ["1", "2"]);
        assert_eq!(set(Header::Absent).names, ["column_1", "column_2"]);
    }

    #[test]
    fn names_become_unique_and_full() {
        let given = ["x", "", "x", "x_2", "x", "column_2"].map(String::from);
        assert_eq!(unique(&given).0, ["x", "column_2_2", "x_3", "x_2", "x_4", "column_2"]);
        let rows = auto("a,b\n1,2,3\n4,5,6\n");
        assert_eq!(rows.names, ["column_1", "a", "b"]);
    }

    #[test]
    fn lines_may_end_in_carriage_returns() {
        assert_eq!(auto("a,b\r1,2\r").signs.line_end, b'\r');
        assert_eq!(auto("a,b\r\n1,2\r\n").signs.line_end, b'\n');
        let skipped = layout("title\n\na,b\n1,2\n", true, &CsvConfig { skip_lines: 2, ..CsvConfig::default() }, false);
        assert_eq!(skipped.names, ["a", "b"]);
    }
}
