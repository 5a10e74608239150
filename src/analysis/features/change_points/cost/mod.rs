//! How far the rows of a segment are from being alike: the costs that searches add up.

pub(super) mod direct;
mod double;
mod kernel;
mod medians;
mod moments;

use std::ops::Range;

pub(super) use self::kernel::Kernel;
use self::medians::Medians;
use self::moments::Moments;
use super::signal::Signal;
use super::sweep::Sweep;
use super::{ChangePointError, Model};
use crate::cx::{Cancelled, Cx};

/// Added to the variances of the normal cost, so that constant segments do not cost -inf (as in ruptures).
pub(super) const SMALL_BIAS: f64 = 1e-6;

/// Rows between two looks at the cancel flag.
const CHECK_ROWS: usize = 1024;

/// The cost of any segment of a signal. Segments are not empty and lie within the signal.
pub(super) trait Cost {
    /// Of one segment.
    fn of(&self, rows: Range<usize>, cx: &Cx) -> Result<f64, Cancelled>;

    /// Of the two parts of a segment, for each row at which it may be cut (ascending, inside the segment).
    fn parts(&self, rows: Range<usize>, cuts: &[usize], cx: &Cx) -> Result<Vec<(f64, f64)>, Cancelled> {
        let part = |(i, &cut): (usize, &usize)| {
            if i % CHECK_ROWS == 0 {
                cx.check()?;
            }
            Ok((self.of(rows.start..cut, cx)?, self.of(cut..rows.end, cx)?))
        };
        cuts.iter().enumerate().map(part).collect()
    }

    /// Of two neighbouring segments together. Each comes with its own cost.
    fn merged(&self, left: &Segment, right: &Segment, cx: &Cx) -> Result<f64, Cancelled> {
        self.of(left.rows.start..right.rows.end, cx)
    }

    /// Of many segments at a time that end at the same row.
    fn sweep(&self) -> Box<dyn Sweep + '_>;
}

/// A segment and its cost.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Segment {
    pub(super) rows: Range<usize>,
    pub(super) cost: f64,
}

/// Shortest segment that a cost is defined for.
pub(super) fn min_size(model: Model) -> usize {
    match model {
        Model::L2 | Model::Rbf { .. } => 1,
        Model::L1 | Model::Normal { .. } => 2,
    }
}

/// Prepares a cost for a signal.
pub(super) fn prepare<'a>(model: Model, signal: &'a Signal, cx: &Cx) -> Result<Box<dyn Cost + 'a>, ChangePointError> {
    Ok(match model {
        Model::L1 => Box::new(Medians::new(signal, cx)?),
        Model::L2 => Box::new(Moments::l2(signal)),
        Model::Rbf { gamma } => Box::new(Kernel::new(signal, gamma, cx)?),
        Model::Normal { small_bias } => Box::new(Moments::normal(signal, small_bias)),
    })
}
