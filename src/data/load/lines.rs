//! How is delimited text cut into records and fields, honouring quotes?

use super::LoadError;
use super::encoding::TextReader;

/// Longest record, in bytes. A longer one is a quote left open, or no text at all.
const LONGEST: usize = 16 * 1024 * 1024;

/// The signs that structure a delimited text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signs {
    pub(super) delimiter: u8,
    pub(super) quote: u8,
    /// `\n` (with or without a `\r` before it), or `\r` alone.
    pub(super) line_end: u8,
}

/// The records of a text, one after the other. Empty lines are passed over.
pub(super) struct Records {
    reader: TextReader,
    signs: Signs,
    next_line: u64,
}

impl Records {
    /// The records after the first `skip` lines.
    pub(super) fn new(reader: TextReader, signs: Signs, skip: u32) -> Result<Self, LoadError> {
        let mut records = Self { reader, signs, next_line: 1 };
        for _ in 0..skip {
            let Some(end) = records.find_line_end()? else { break };
            records.reader.consume(end, 1);
            records.next_line += 1;
        }
        Ok(records)
    }

    /// The next record and the line it begins at.
    pub(super) fn next_record(&mut self) -> Result<Option<(u64, &str)>, LoadError> {
        loop {
            let Some(first) = self.find_line_end()? else { return Ok(None) };
            let line_no = self.next_line;
            let line = self.reader.text().as_bytes().get(..first).unwrap_or_default();
            if line.iter().all(u8::is_ascii_whitespace) && self.signs.delimiter != b'\t' || line.is_empty() {
                self.next_line += 1;
                self.reader.consume(first, 1);
                continue;
            }
            let mut end = first;
            self.next_line += 1;
            if line.contains(&self.signs.quote) {
                end = self.find_record_end(line_no)?;
                let inside = self.reader.text().as_bytes().get(..end).unwrap_or_default();
                self.next_line += inside.iter().filter(|&&b| b == self.signs.line_end).count() as u64;
            }
            let record = self.reader.consume(end, 1);
            return Ok(Some((line_no, record.strip_suffix('\r').unwrap_or(record))));
        }
    }

    /// Whether some bytes of the text meant nothing in its encoding.
    pub(super) fn damaged(&self) -> bool {
        self.reader.damaged()
    }

    /// Position of the end of the first line; `None` when the text is used up.
    fn find_line_end(&mut self) -> Result<Option<usize>, LoadError> {
        let mut searched = 0;
        loop {
            let text = self.reader.text();
            let rest = text.get(searched..).unwrap_or_default();
            if let Some(found) = rest.find(char::from(self.signs.line_end)) {
                return Ok(Some(searched + found));
            }
            if self.reader.ended() {
                return Ok(if text.is_empty() { None } else { Some(text.len()) });
            }
            searched = text.len();
            self.grow(searched, "this line is")?;
        }
    }

    /// Position of the end of a record whose first line holds quotes.
    fn find_record_end(&mut self, line: u64) -> Result<usize, LoadError> {
        loop {
            let text = self.reader.text();
            match record_end(text.as_bytes(), self.signs) {
                Some(end) => return Ok(end),
                None if self.reader.ended() => {
                    let quote = char::from(self.signs.quote);
                    return Err(LoadError::line(
                        self.reader.path(),
                        line,
                        format!("a field opens with {quote} and does not close"),
                        "close it, or set data.csv.quote to a sign the file does not use",
                    ));
                }
                None => {
                    let length = text.len();
                    self.grow(length, "a field is opened by a quote here and")?;
                }
            }
        }
    }

    fn grow(&mut self, length: usize, what: &str) -> Result<(), LoadError> {
        if length > LONGEST {
            return Err(LoadError::line(
                self.reader.path(),
                self.next_line,
                format!("{what} longer than {} MB", LONGEST / 1024 / 1024),
                "check that this is delimited text, or set data.csv.quote",
            ));
        }
        self.reader.fill()
    }
}

/// Position of the first line end outside quotes; the end of the text where there is none. `None`: a quote is open.
fn record_end(text: &[u8], signs: Signs) -> Option<usize> {
    let (mut quoted, mut at_start) = (false, true);
    for (i, &byte) in text.iter().enumerate() {
        if byte == signs.quote && (quoted || at_start) {
            // A doubled quote inside closes and opens again: the state comes out right.
            at_start = quoted;
            quoted = !quoted;
        } else if !quoted {
            if byte == signs.line_end {
                return Some(i);
            }
            at_start = byte == signs.delimiter || (at_start && byte == b' ');
        }
    }
    if quoted { None } else { Some(text.len()) }
}

/// A field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// Its text: without quotes, or trimmed where it has none.
    pub(super) text: &'a str,
    /// Whether it was in quotes.
    pub(super) quoted: bool,
}

/// Hands over every field of a record in turn, and returns how many there were.
pub(super) fn for_each_field(record: &str, signs: Signs, mut take: impl FnMut(usize, Field<'_>)) -> usize {
    let spaces = signs.delimiter == b' ';
    let mut rest = if spaces { record.trim() } else { record };
    let mut n = 0;
    loop {
        let opening = rest.trim_start_matches(' ');
        let next = match opening.as_bytes().first() {
            Some(&b) if b == signs.quote => quoted_field(opening, signs, n, &mut take),
            Some(b'[') if spaces => bracketed_field(opening, n, &mut take),
            _ => None,
        };
        let after = next.unwrap_or_else(|| plain_field(rest, signs, n, &mut take));
        n += 1;
        match after {
            Some(after) => rest = if spaces { after.trim_start_matches(' ') } else { after },
            None => return n,
        }
    }
}

/// What follows the field, if anything does.
type Rest<'a> = Option<&'a str>;

fn plain_field<'a>(rest: &'a str, signs: Signs, n: usize, take: &mut impl FnMut(usize, Field<'_>)) -> Rest<'a> {
    let end = rest.as_bytes().iter().position(|&b| b == signs.delimiter);
    let (text, after) = match end.and_then(|end| rest.split_at_checked(end)) {
        Some((text, after)) => (text, after.get(1..)),
        None => (rest, None),
    };
    take(n, Field { text: text.trim_ascii(), quoted: false });
    after
}

/// A field in quotes. `None` where the quote does not close (the caller takes the text as it stands).
fn quoted_field<'a>(
    rest: &'a str,
    signs: Signs,
    n: usize,
    take: &mut impl FnMut(usize, Field<'_>),
) -> Option<Rest<'a>> {
    let quote = char::from(signs.quote);
    let inner = rest.get(1..)?;
    let close = inner.find(quote)?;
    let simple = inner.get(close + 1..)?;
    let ends = |after: &'a str| -> Option<Rest<'a>> {
        let after = if signs.delimiter == b' ' { after } else { after.trim_start_matches(' ') };
        if after.is_empty() {
            Some(None)
        } else {
            (after.as_bytes().first() == Some(&signs.delimiter)).then(|| after.get(1..))
        }
    };
    if let Some(after) = ends(simple) {
        take(n, Field { text: inner.get(..close)?, quoted: true });
        return Some(after);
    }
    // Doubled quotes inside, or text after the closing quote: put the field together.
    let mut text = String::new();
    let mut chars = inner.char_indices().peekable();
    let mut quoted = true;
    while let Some((i, c)) = chars.next() {
        if c == quote && quoted {
            if chars.next_if(|&(_, next)| next == quote).is_some() {
                text.push(quote);
            } else {
                quoted = false;
            }
        } else if !quoted && c == char::from(signs.delimiter) {
            take(n, Field { text: text.trim_end(), quoted: true });
            return Some(inner.get(i + 1..));
        } else {
            text.push(c);
        }
    }
    if quoted {
        return None;
    }
    take(n, Field { text: &text, quoted: true });
    Some(None)
}

/// `[10/Oct/2000:13:55:36 -0700]`: web servers put the time in brackets between fields divided by spaces.
fn bracketed_field<'a>(rest: &'a str, n: usize, take: &mut impl FnMut(usize, Field<'_>)) -> Option<Rest<'a>> {
    let close = rest.find(']')?;
    let after = rest.get(close + 1..)?;
    if !(after.is_empty() || after.starts_with(' ')) {
        return None;
    }
    take(n, Field { text: rest.get(1..close)?, quoted: false });
    Some(after.get(1..))
}

/// The fields of a record, as owned text.
pub(super) fn fields(record: &str, signs: Signs) -> Vec<String> {
    let mut fields = Vec::new();
    for_each_field(record, signs, |_, field| fields.push(field.text.to_string()));
    fields
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const COMMA: Signs = Signs { delimiter: b',', quote: b'"', line_end: b'\n' };

    fn records(text: &str, signs: Signs, skip: u32) -> Vec<(u64, String)> {
        let mut records = Records::new(TextReader::of_text(text, Path::new("t")), signs, skip).unwrap();
        let mut all = Vec::new();
        while let Some((line, text)) = records.next_record().unwrap() {
            all.push((line, text.to_string()));
        }
        all
    }

    #[test]
    fn records_end_at_line_ends_outside_quotes() {
        let own = |all: &[(u64, &str)]| all.iter().map(|&(n, t)| (n, t.to_string())).collect::<Vec<_>>();
        assert_eq!(records("a,b\r\n\r\n1,2\r\n3,4", COMMA, 0), own(&[(1, "a,b"), (3, "1,2"), (4, "3,4")]));
        assert_eq!(
            records("t\na\n1,\"x\ny\"\n2,5\" disk\n", COMMA, 1),
            own(&[(2, "a"), (3, "1,\"x\ny\""), (5, "2,5\" disk")])
        );
        assert_eq!(records("a\rb\r", Signs { line_end: b'\r', ..COMMA }, 0), own(&[(1, "a"), (2, "b")]));
        assert_eq!(records("", COMMA, 3), own(&[]));
    }

    #[test]
    fn an_open_quote_is_told_with_its_line() {
        let mut records = Records::new(TextReader::of_text("a\n\"b\nc\n", Path::new("t")), COMMA, 0).unwrap();
        records.next_record().unwrap();
        assert!(records.next_record().unwrap_err().to_string().starts_with("line 2: "));
    }

    #[test]
    fn fields_honour_quotes_spaces_and_brackets() {
        assert_eq!(fields("a, b ,\"c,d\", \"e\"\"f\" ,", COMMA), ["a", "b", "c,d", "e\"f", ""]);
        assert_eq!(fields("\"a\"b,5\" disk,\"open", COMMA), ["ab", "5\" disk", "\"open"]);
        let space = Signs { delimiter: b' ', ..COMMA };
        assert_eq!(
            fields(" 1.2.3.4  - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200", space),
            ["1.2.3.4", "-", "10/Oct/2000:13:55:36 -0700", "GET / HTTP/1.0", "200"]
        );
        assert_eq!(fields("", COMMA), [""]);
    }
}
