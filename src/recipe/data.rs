//! Which columns mean what, and how a file is read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a file becomes a table: roles of its columns, types, and the details of its format.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// Column that holds the time of each row.
    pub time: ColumnChoice,
    /// Column that says whose row it is (host, customer, sensor). Rolling features and episodes stay within one entity.
    pub entity: ColumnChoice,
    /// Column that holds the truth (1, true or "anomaly" = anomalous; of two other numbers the larger). Used for metrics
    /// only, never as a feature.
    pub label: ColumnChoice,
    /// Columns to use as features. Empty: every numeric or boolean column without another role.
    pub features: Vec<String>,
    /// Columns to leave out.
    pub ignore: Vec<String>,
    /// Types that override what was detected, by column name, e.g. {"port": text}.
    pub column_types: BTreeMap<String, ColumnType>,
    /// How times are written.
    pub time_format: TimeFormat,
    /// Offset from UTC, in minutes, of times written without a zone. Range -840 to 840.
    #[schemars(range(min = -840, max = 840))]
    pub utc_offset_minutes: i32,
    /// Read an even sample of this many rows instead of the whole file. 0: read everything, and refuse a file that
    /// does not fit the memory limit.
    pub sample_rows: u64,
    /// Details of CSV and TSV files.
    pub csv: CsvConfig,
}

/// A column chosen by name, by the program, or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnChoice {
    /// Guessed from names and values.
    #[default]
    Auto,
    /// No such column.
    None,
    /// This column.
    Column(String),
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// A measured or counted quantity.
    Number,
    /// True or false, used as 1 and 0.
    Boolean,
    /// A point in time.
    Time,
    /// Words or codes.
    Text,
}

/// How times are written in the time column.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// Detected from the values.
    #[default]
    Auto,
    /// Seconds since 1970-01-01 UTC, with or without a fraction.
    EpochSeconds,
    /// Milliseconds since 1970-01-01 UTC.
    EpochMilliseconds,
    /// Microseconds since 1970-01-01 UTC.
    EpochMicroseconds,
    /// Nanoseconds since 1970-01-01 UTC.
    EpochNanoseconds,
    /// ISO 8601, with or without a zone: 2025-03-01T12:30:00Z, 2025-03-01 12:30:00.5+02:00.
    Iso8601,
    /// A strftime pattern, e.g. pattern("%d/%b/%Y:%H:%M:%S %z") for the common log format.
    Pattern(String),
}

/// Details of CSV and TSV files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CsvConfig {
    /// Character between fields.
    pub delimiter: Delimiter,
    /// Mark between whole and fraction.
    pub decimal: DecimalMark,
    /// Character around fields that contain the delimiter; two of them inside mean one. Exactly one ASCII character.
    pub quote: char,
    /// Encoding of the text.
    pub encoding: TextEncoding,
    /// Whether the first line holds the names of the columns.
    pub header: Header,
    /// Lines to skip before the header. Range 0 to 10000.
    #[schemars(range(min = 0, max = 10_000))]
    pub skip_lines: u32,
    /// Words that mean "missing", besides the empty field.
    pub null_values: Vec<String>,
}

impl Default for CsvConfig {
    fn default() -> Self {
        Self {
            delimiter: Delimiter::Auto,
            decimal: DecimalMark::Auto,
            quote: '"',
            encoding: TextEncoding::Auto,
            header: Header::Auto,
            skip_lines: 0,
            null_values: ["NA", "N/A", "NaN", "nan", "null", "NULL", "None", "-", "?"].map(String::from).to_vec(),
        }
    }
}

/// Character between the fields of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delimiter {
    /// Detected from the first lines.
    #[default]
    Auto,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// The tab character.
    Tab,
    /// `|`
    Pipe,
    /// A space.
    Space,
}

/// Mark between the whole and the fractional part of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// Detected from the first lines.
    #[default]
    Auto,
    /// 1234.5
    Point,
    /// 1234,5
    Comma,
}

/// Encoding of a text file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextEncoding {
    /// By byte order mark, else UTF-8 if valid, else guessed from the bytes.
    #[default]
    Auto,
    /// A WHATWG label such as label("windows-1252"), label("utf-16le") or label("shift_jis").
    Label(String),
}

/// Whether the first line holds the names of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Header {
    /// Detected: a first line without numbers above lines with numbers.
    #[default]
    Auto,
    /// The first line is a header.
    Present,
    /// The first line is data; columns are called column_1, column_2 and so on.
    Absent,
}
