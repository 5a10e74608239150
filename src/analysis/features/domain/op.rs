//! The operations that features of the domain packs are made of.

use serde::{Deserialize, Serialize};

use crate::analysis::features::text::Window;

/// What is computed from a row and, where the operation has a memory, from rows before it. Columns are named.
///
/// All are causal. NaN or an infinite value in a column that is read counts as missing and gives NaN; so does a
/// missing value of `by`. Where `by` is `None`, rows are told apart by the entity of the table (all are one where it
/// has none).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Op {
    /// Used part of a capacity: used / capacity, or 1 - free / capacity. 0 is empty, 1 is full; not cut off.
    /// NaN where the capacity is not above 0.
    Saturation {
        /// What the column says.
        level: Level,
        /// What there is.
        capacity: Capacity,
    },
    /// What is left: capacity - used, in the unit of the column; not cut off.
    Headroom {
        /// Column of what is used.
        used: String,
        /// What there is.
        capacity: Capacity,
    },
    /// top / (sum of bottom). NaN where the sum is 0; a quotient beyond the range of f64 is cut to it. With the top
    /// among the bottom it is a share.
    Ratio {
        /// Numerator.
        top: Source,
        /// Terms of the denominator.
        bottom: Vec<Source>,
    },
    /// (sum of top over the window) / (sum of all of bottom over the window), over rows with the same `by`. Rows
    /// with a missing part are left out of both sums, and get the ratio of the rows before them. NaN where the sum
    /// of bottom is 0.
    WindowRatio {
        /// Numerator.
        top: Source,
        /// Terms of the denominator.
        bottom: Vec<Source>,
        /// Column whose values tell rows apart.
        by: Option<String>,
        /// Rows that count.
        window: Window,
    },
    /// Increase of a counter per second since the entity's previous row with a value. A fall is a reset: the new
    /// value is the increase. NaN in the first row, and where no time has passed.
    Rate {
        /// Column of the counter.
        counter: String,
    },
    /// Rows of the window, over all of the table, that have this row's value of `by`. With a time it is how many came
    /// from it in that time, without it its part of the latest rows. At least 1.
    RowCount {
        /// Column of the value.
        by: String,
        /// Rows that count.
        window: Window,
    },
    /// Different values of a column in the window, among the rows with the same `by`.
    DistinctCount {
        /// Column whose values are counted.
        column: String,
        /// Column whose values tell rows apart.
        by: Option<String>,
        /// Rows that count.
        window: Window,
    },
    /// 1 where the value has not come with this `by` before, else 0. The first row of all is new. Forgets the values
    /// that have not come for longest once there are very many (see [`super::keyed::Keyed`]).
    NewValue {
        /// Column of the value.
        column: String,
        /// Column whose values tell rows apart.
        by: Option<String>,
    },
    /// Surprise of the value in nats by how often it came on the training rows; see
    /// [`Categories::rarity`](crate::analysis::features::text::Categories::rarity).
    RareValue {
        /// Column of the value.
        column: String,
    },
    /// How many standard deviations the value is from the mean of the latest `n_values` earlier values with the same
    /// `by`. NaN for the first three. See [`super::history::History`] for values that never vary.
    OwnHistory {
        /// Column of the value.
        column: String,
        /// Column whose values tell rows apart.
        by: Option<String>,
        /// Earlier values that count.
        n_values: usize,
    },
    /// Something the clock says; see [`ClockPart`].
    Clock {
        /// What.
        part: ClockPart,
        /// Where the time is.
        when: When,
    },
}

/// What a column says about the use of a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Level {
    /// It holds what is used.
    Used(String),
    /// It holds what is free.
    Free(String),
}

/// How much of a resource there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Capacity {
    /// Always this much: 100 of percent, 1 of a fraction.
    Constant(f64),
    /// As much as a column says.
    Column(String),
}

/// A number taken from a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Source {
    /// 1 in every row.
    One,
    /// The value of a column.
    Value(String),
    /// 1 - the value, for flags that say the opposite.
    Complement(String),
    /// Increase of a counter since the entity's previous row with a value, resets as in [`Op::Rate`]. NaN in the
    /// first row.
    Increase(String),
    /// 1 where the column is one of these values (upper and lower case are the same), else 0. Numbers are compared as
    /// they are written, whole ones without a point: `4625`.
    Is {
        /// Column of the value.
        column: String,
        /// Values.
        values: Vec<String>,
    },
}

/// What of the time is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ClockPart {
    /// 1 outside 08:00 to 18:00 from Monday to Friday, else 0. By the hour alone where only an hour is known.
    OffHours,
    /// 1 on Saturday and Sunday, else 0. NaN where only an hour is known.
    Weekend,
    /// 1 from 00:00 to 06:00, else 0.
    Night,
    /// sin(2π · time of day): morning is positive.
    HourSin,
    /// cos(2π · time of day): night is positive.
    HourCos,
}

/// Where the time of a row is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum When {
    /// The time of the row, moved by this many minutes from UTC to local time.
    RowTime {
        /// Positive east of Greenwich.
        offset_minutes: i32,
    },
    /// A column with the hour of day, 0 to 24 (24 is 0).
    HourColumn(String),
}

impl Op {
    /// The columns that are read, each once, in the order in which rows give their cells.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let mut named: Vec<Option<&str>> = Vec::new();
        match self {
            Self::Saturation { level, capacity } => named.extend([Some(level.column()), capacity.column()]),
            Self::Headroom { used, capacity } => named.extend([Some(used.as_str()), capacity.column()]),
            Self::Ratio { top, bottom } => named.extend([top].into_iter().chain(bottom).map(Source::column)),
            Self::WindowRatio { top, bottom, by, .. } => {
                named.extend([top].into_iter().chain(bottom).map(Source::column));
                named.push(by.as_deref());
            }
            Self::Rate { counter } => named.push(Some(counter)),
            Self::RowCount { by, .. } => named.push(Some(by)),
            Self::DistinctCount { column, by, .. }
            | Self::NewValue { column, by }
            | Self::OwnHistory { column, by, .. } => {
                named.extend([Some(column.as_str()), by.as_deref()]);
            }
            Self::RareValue { column } => named.push(Some(column)),
            Self::Clock { when: When::HourColumn(column), .. } => named.push(Some(column)),
            Self::Clock { when: When::RowTime { .. }, .. } => {}
        }
        let mut columns = Vec::new();
        for column in named.into_iter().flatten() {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        columns
    }

    /// Whether rows before this one count.
    pub(crate) fn has_memory(&self) -> bool {
        let counts = |source: &Source| matches!(source, Source::Increase(_));
        match self {
            Self::Saturation { .. } | Self::Headroom { .. } | Self::RareValue { .. } | Self::Clock { .. } => false,
            Self::Ratio { top, bottom } => counts(top) || bottom.iter().any(counts),
            _ => true,
        }
    }

    /// Whether something has to be learned on training rows first.
    pub(crate) fn is_fitted(&self) -> bool {
        matches!(self, Self::RareValue { .. })
    }
}

impl Level {
    /// The column that holds it.
    pub(crate) fn column(&self) -> &str {
        let (Self::Used(column) | Self::Free(column)) = self;
        column
    }
}

impl Capacity {
    /// The column that holds it, if one does.
    pub(crate) fn column(&self) -> Option<&str> {
        match self {
            Self::Constant(_) => None,
            Self::Column(column) => Some(column),
        }
    }
}

impl Source {
    /// The column that is read, if one is.
    pub(crate) fn column(&self) -> Option<&str> {
        match self {
            Self::One => None,
            Self::Value(column) | Self::Complement(column) | Self::Increase(column) | Self::Is { column, .. } => {
                Some(column)
            }
        }
    }
}
