//! What can be asked of a window, and which kind of window answers it.

use serde::{Deserialize, Serialize};

use super::extremes::ExtremesWindow;
use super::kind::WindowKind;
use super::moments::MomentWindow;
use super::order::OrderWindow;
use super::robust::RobustWindow;
use super::shape::ShapeWindow;
use super::spans::{Extent, Reach};
use super::tail::TailWindow;
use super::trend::{self, Unit};

/// A statistic of a window. Unless it says otherwise the window ends with the row and holds it; "before the row" means
/// that the row itself does not belong to it. NaN where there are too few values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Measure {
    /// Arithmetic mean.
    Mean,
    /// Sample standard deviation (n - 1) of at least two values; exactly 0 for equal ones.
    Std,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Mean of the middle values.
    Median,
    /// Quantile of this level (0 to 1), type 7 of Hyndman and Fan 1996.
    Quantile(f64),
    /// Share of the window's values below the row's, those equal to it (itself included) counted on average: in (0, 1],
    /// 1 for the largest. As `rolling().rank(pct=True)` of pandas. NaN where the row's value is missing.
    PercentileRank,
    /// Bias-corrected skewness of at least three values (Joanes and Gill 1998, G1); NaN for equal ones, as in pandas.
    Skewness,
    /// Bias-corrected excess kurtosis of at least four values (Joanes and Gill 1998, G2); NaN for equal ones.
    Kurtosis,
    /// (value - mean) / standard deviation, both of at least two values before the row; at most `limit` either way.
    /// Where the deviation is 0: 0 for the mean itself, else the limit. NaN where the row's value is missing.
    ZScore {
        /// Bound on the absolute score.
        limit: f64,
    },
    /// 0.6745 (value - median) / MAD, both of at least two values before the row; MAD is the median absolute deviation
    /// from the median (Iglewicz and Hoaglin 1993). Limit, MAD of 0 and missing values as for [`Measure::ZScore`].
    ModifiedZScore {
        /// Bound on the absolute score.
        limit: f64,
    },
    /// -1 where the value is below Q1 - factor (Q3 - Q1), 1 where it is above Q3 + factor (Q3 - Q1), else 0 (Tukey
    /// 1977); quartiles (type 7) of at least two values before the row. NaN where the row's value is missing.
    IqrFlag {
        /// Usually 1.5.
        factor: f64,
    },
    /// Share (0 to 1) of the window's values beyond a level.
    TailShare(Tail),
    /// Mean distance from the level of those beyond it, at least 0; 0 where there is none.
    MeanExcess(Tail),
    /// A curve fitted to the window by least squares over time.
    Trend(Curve, TrendPart),
}

/// The values beyond a fixed level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tail {
    /// In units of the values; finite.
    pub level: f64,
    /// On which side of it.
    pub side: Side,
}

/// A side of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// Values greater than it.
    Above,
    /// Values less than it.
    Below,
}

/// What is fitted to the values of a window over their times. Times that are equal are fine as long as there are more
/// different ones than the degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Curve {
    /// A line.
    Linear,
    /// A polynomial of this degree, 1 to 4 (others are taken as the nearest of these).
    Polynomial(u8),
    /// exp of a line, fitted to the logarithms; there is none where a value of the window is not above 0.
    Exponential,
}

/// What is told of a fitted curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrendPart {
    /// Its slope at the row, per row or per minute. Of an exponential the rate of growth: slope of the logarithm.
    Slope,
    /// The row's value less that of the curve at the row. NaN where the row's value is missing.
    Residual,
    /// Share of the variance that the curve explains, 0 to 1; of an exponential that of the logarithms. 0 where there
    /// is no variance.
    RSquared,
}

/// Statistics of one window over one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Length of the window.
    pub reach: Reach,
    /// Values that a window must hold to give anything.
    pub min_periods: u32,
    /// Which statistics, and the index of each one's output.
    pub outputs: Vec<(Measure, usize)>,
}

/// The kinds of windows. Measures of one family come from one state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Family {
    Order,
    Moments,
    Extremes,
    ZScore,
    Shape,
    Robust,
    Tail(Tail),
    Trend(Curve),
}

impl Measure {
    /// The kind of window that knows this measure.
    pub(super) fn family(self) -> Family {
        match self {
            Self::Mean | Self::Std => Family::Moments,
            Self::Min | Self::Max => Family::Extremes,
            Self::Median | Self::Quantile(_) | Self::PercentileRank => Family::Order,
            Self::Skewness | Self::Kurtosis => Family::Shape,
            Self::ZScore { .. } => Family::ZScore,
            Self::ModifiedZScore { .. } | Self::IqrFlag { .. } => Family::Robust,
            Self::TailShare(tail) | Self::MeanExcess(tail) => Family::Tail(tail),
            Self::Trend(curve, _) => Family::Trend(curve),
        }
    }
}

impl Family {
    /// A window of this kind that has not begun. All `measures` are of this family.
    pub(super) fn window(self, measures: &[Measure], reach: Reach) -> Box<dyn WindowKind> {
        match self {
            Self::Moments | Self::ZScore => Box::new(MomentWindow::new(measures)),
            Self::Extremes => Box::new(ExtremesWindow::new(measures)),
            Self::Order => Box::new(OrderWindow::new(measures)),
            Self::Shape => Box::new(ShapeWindow::new(measures)),
            Self::Robust => Box::new(RobustWindow::new(measures)),
            Self::Tail(tail) => Box::new(TailWindow::new(tail, measures)),
            Self::Trend(curve) => trend::window(curve, measures, Unit::of(reach)),
        }
    }

    /// Which end of the window is open.
    pub(super) fn extent(self) -> Extent {
        match self {
            Self::ZScore | Self::Robust => Extent::BeforeRow,
            _ => Extent::ToRow,
        }
    }

    /// Fewest values that a window of this kind tells anything of.
    pub(super) fn least(self) -> usize {
        match self {
            Self::ZScore | Self::Robust => 2,
            _ => 1,
        }
    }
}

impl Job {
    /// Whether logarithms of the values are needed.
    pub(super) fn needs_logs(&self) -> bool {
        self.outputs.iter().any(|(measure, _)| matches!(measure, Measure::Trend(Curve::Exponential, _)))
    }
}
