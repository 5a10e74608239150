//! The short text form of a parameter: `PATH=a,b,c`, `PATH=lo..hi`, `PATH=lo..hi:log`, `PATH=lo..hi:step=5`.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::space::{Domain, IntegerRange, Parameter, RealRange};

/// Deepest nesting of brackets.
const MAX_DEPTH: usize = 32;

/// Why a text is not a parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// No path, no `=` or nothing after it.
    #[error(
        "\"{0}\" is not of the form PATH=VALUES, e.g. PATH=50,100,200 or PATH=0.01..0.5 or PATH=1e-4..1:log or \
         PATH=50..500:step=50"
    )]
    NotAParameter(String),
    /// The values cannot be read.
    #[error("{path}: {reason}")]
    BadValues {
        /// The path before the `=`.
        path: String,
        /// What is wrong and what would be right.
        reason: String,
    },
}

impl FromStr for Parameter {
    type Err = TextError;

    /// Reads `PATH=VALUES`. Values are choices separated by commas, or a range `lo..hi` with both ends included:
    /// of integers where both ends are integers, else of reals; `:log` and, for integers, `:step=N` may follow.
    ///
    /// A choice is JSON (`0.5`, `"auto"`, `{"fraction":0.5}`, `[64,32]`), a bare word (`auto`), or a word with a
    /// value as in recipe files: `fraction(0.5)` is `{"fraction":0.5}`. Bare words may stand in lists too.
    fn from_str(text: &str) -> Result<Self, TextError> {
        let not_a_parameter = || TextError::NotAParameter(text.to_owned());
        let (path, values) = text.split_once('=').ok_or_else(not_a_parameter)?;
        let (path, values) = (path.trim(), values.trim());
        if path.is_empty() || values.is_empty() {
            return Err(not_a_parameter());
        }
        let domain = domain(values).map_err(|reason| TextError::BadValues { path: path.to_owned(), reason })?;
        Ok(Self { path: path.to_owned(), domain })
    }
}

fn domain(text: &str) -> Result<Domain, String> {
    let parts = split(text, ",")?;
    if parts.len() == 1 {
        match split(text, "..")?.as_slice() {
            [low, rest] => return range(low, rest),
            [_, _, _, ..] => return Err(format!("\"{text}\" has \"..\" more than once")),
            _ => {}
        }
    }
    parts.into_iter().map(value).collect::<Result<_, _>>().map(Domain::Choices)
}

/// Reads `lo` and `hi:log` or `hi:step=5`.
fn range(low: &str, rest: &str) -> Result<Domain, String> {
    let mut options = rest.split(':').map(str::trim);
    let (low, high) = (low.trim(), options.next().unwrap_or_default());
    let (mut log, mut step) = (false, None);
    for option in options {
        match option.split_once('=').map(|(name, n)| (name.trim(), n.trim())) {
            None if option == "log" => log = true,
            Some(("step", n)) => {
                let not_a_step = || format!("\"{n}\" is not a step; give a whole number of at least 1");
                step = Some(n.replace('_', "").parse().map_err(|_| not_a_step())?);
            }
            _ => return Err(format!("\":{option}\" is unknown; after a range come \":log\" or \":step=5\"")),
        }
    }
    if let (Some(min), Some(max)) = (whole(low), whole(high)) {
        return Ok(Domain::Integer(IntegerRange { min, max, step: step.unwrap_or(1), log }));
    }
    if step.is_some() {
        return Err("a step needs whole numbers on both sides of \"..\"; list the values instead".to_owned());
    }
    let bound = |text: &str| {
        number(text).filter(|x| x.is_finite()).ok_or_else(|| {
            format!("\"{text}\" is not a number; a range is written 10..200 or 0.01..0.5 (text with \"..\": in quotes)")
        })
    };
    Ok(Domain::Real(RealRange { min: bound(low)?, max: bound(high)?, log }))
}

fn whole(text: &str) -> Option<i64> {
    text.replace('_', "").parse().ok()
}

/// A number, as the recipe reads one. Words such as `inf` are none.
fn number(text: &str) -> Option<f64> {
    let begins = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let spelled_out = text.contains(|c: char| c.is_alphabetic() && !"eE".contains(c));
    if begins && !spelled_out { text.replace('_', "").parse().ok() } else { None }
}

/// Reads one choice.
fn value(text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("a value is missing between two commas, or at an end".to_owned());
    }
    let json = match serde_json::from_str(text) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    if let Some(whole) = whole(text) {
        return Ok(whole.into());
    }
    if let Some(x) = number(text) {
        return if x.is_finite() { Ok(x.into()) } else { Err(format!("{text} is too large a number")) };
    }
    if let Some(items) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return split(items, ",")?.into_iter().map(value).collect();
    }
    if let Some((name, payload)) = text.strip_suffix(')').and_then(|rest| rest.split_once('('))
        && is_word(name.trim())
    {
        return Ok(Value::Object(Map::from_iter([(name.trim().to_owned(), value(payload)?)])));
    }
    if is_word(text) {
        return Ok(Value::String(text.to_owned()));
    }
    Err(format!("\"{text}\" is neither a word nor JSON ({json}); put text in double quotes"))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains("..") && text.chars().all(|c| c.is_alphanumeric() || "_-./% ".contains(c))
}

/// The parts of a text between separators that stand outside brackets and quotes.
fn split<'a>(text: &'a str, separator: &str) -> Result<Vec<&'a str>, String> {
    let (mut parts, mut begin, mut open) = (Vec::new(), 0, Vec::new());
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => loop {
                match characters.next() {
                    Some((_, '\\')) => drop(characters.next()),
                    Some((_, '"')) => break,
                    Some(_) => {}
                    None => return Err("a double quote is not closed".to_owned()),
                }
            },
            '[' => open.push(']'),
            '{' => open.push('}'),
            '(' => open.push(')'),
            ']' | '}' | ')' if open.last() == Some(&c) => drop(open.pop()),
            ']' | '}' | ')' => return Err(format!("\"{c}\" closes a bracket that is not open")),
            _ if open.is_empty() && at >= begin && text.get(at..).is_some_and(|rest| rest.starts_with(separator)) => {
                parts.push(text.get(begin..at).unwrap_or_default());
                begin = at + separator.len();
            }
            _ => {}
        }
        if open.len() > MAX_DEPTH {
            return Err(format!("brackets are nested more than {MAX_DEPTH} deep"));
        }
    }
    if let Some(bracket) = open.pop() {
        return Err(format!("\"{bracket}\" is missing: a bracket is not closed"));
    }
    let last = text.get(begin..).unwrap_or_default();
    // `[]` is a list of nothing; anything else ends with a value.
    if !(parts.is_empty() && last.trim().is_empty()) {
        parts.push(last);
    }
    Ok(parts)
}

impl fmt::Display for Parameter {
    /// The short text form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.path)?;
        match &self.domain {
            Domain::Choices(values) => {
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if i == 0 { "" } else { "," })?;
                }
                Ok(())
            }
            Domain::Integer(IntegerRange { min, max, step, log }) => {
                write!(f, "{min}..{max}")?;
                if *step != 1 {
                    write!(f, ":step={step}")?;
                }
                write_log(f, *log)
            }
            // The debug form of a real is never that of an integer.
            Domain::Real(RealRange { min, max, log }) => {
                write!(f, "{min:?}..{max:?}")?;
                write_log(f, *log)
            }
        }
    }
}

fn write_log(f: &mut fmt::Formatter<'_>, log: bool) -> fmt::Result {
    if log { write!(f, ":log") } else { Ok(()) }
}
