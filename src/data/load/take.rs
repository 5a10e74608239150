//! Which rows of the files are read: all, or an even sample?

/// Which rows to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Take {
    /// Every row.
    All,
    /// So many rows from the beginning.
    First(u64),
    /// None: rows are only counted.
    Nothing,
    /// `wanted` of `total` rows, evenly spread. Row `i` of the file at hand is row `before + i` of them all.
    Even { wanted: u64, total: u64, before: u64 },
}

impl Take {
    /// `wanted` of `total` rows; all where 0 or more than there are is wanted.
    pub(super) fn new(wanted: u64, total: u64) -> Self {
        if wanted == 0 || wanted >= total { Self::All } else { Self::Even { wanted, total, before: 0 } }
    }

    /// The same choice for a file that comes after `rows` more rows.
    pub(super) fn after(self, rows: u64) -> Self {
        match self {
            Self::All | Self::First(_) | Self::Nothing => self,
            Self::Even { wanted, total, before } => Self::Even { wanted, total, before: before + rows },
        }
    }

    /// Whether neither this row nor any after it is read.
    pub(super) fn is_past(&self, row: u64) -> bool {
        matches!(self, Self::First(n) if row >= *n)
    }

    /// Whether a row of the file at hand is read.
    pub(super) fn keeps(&self, row: u64) -> bool {
        match *self {
            Self::All => true,
            Self::First(n) => row < n,
            Self::Nothing => false,
            Self::Even { wanted, total, before } => {
                // One row in each of `wanted` stretches of equal length: the last of each.
                let stretch = |row: u64| u128::from(row) * u128::from(wanted) / u128::from(total);
                stretch(before + row) != stretch(before + row + 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_as_many_rows_as_wanted_are_kept_evenly() {
        for (wanted, total) in [(1, 7), (3, 10), (7, 8), (100, 1001)] {
            let take = Take::new(wanted, total);
            let kept: Vec<u64> = (0..total).filter(|&row| take.keeps(row)).collect();
            assert_eq!(kept.len() as u64, wanted);
            let steps: Vec<u64> = kept.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(steps.iter().all(|&step| step == total / wanted || step == total / wanted + 1), "{kept:?}");
            // Split over two files, the same rows are kept.
            let split = total / 3;
            let second = (0..total - split).filter(|&row| take.after(split).keeps(row)).map(|row| row + split);
            let both: Vec<u64> = (0..split).filter(|&row| take.keeps(row)).chain(second).collect();
            assert_eq!(both, kept);
        }
        assert_eq!(Take::new(0, 5), Take::All);
        assert_eq!(Take::new(5, 5), Take::All);
    }
}
