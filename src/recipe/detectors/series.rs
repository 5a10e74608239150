//! Settings that several detectors of series share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a value is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// All training rows of the entity.
    #[default]
    Global,
    /// This many rows of the entity just before the row, itself left out. Rows with fewer than 10 rows before them
    /// (or fewer than this many, if that is less) score 0. Range 2 to 100000.
    Rolling(#[schemars(range(min = 2, max = 100_000))] u32),
}

/// Length of the windows a series is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowLength {
    /// The period of the column: the lag from 6 to 303 rows at the highest peak of the autocorrelation of its longest
    /// series, 125 where there is none. At most a quarter of that series.
    #[default]
    Auto,
    /// As auto, but at least this many rows, and at most a quarter of that series. Range 4 to 4096.
    AutoAtLeast(#[schemars(range(min = 4, max = 4096))] u32),
    /// This many rows. Range 4 to 4096.
    Rows(#[schemars(range(min = 4, max = 4096))] u32),
}

/// Which row the score of a window goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowAlign {
    /// The row in the middle: sharpest in time, but looks half a window ahead. Rows at both ends take the score of the
    /// nearest window.
    #[default]
    Center,
    /// The last row: nothing after a row counts, as live scoring needs it. Rows before the first whole window score 0.
    End,
}
