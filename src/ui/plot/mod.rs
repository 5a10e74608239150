//! Plots of long series: linked panels over one stretch of time, drawn with as many strokes as there are pixels.

pub(crate) mod axis;
pub(crate) mod bands;
pub(crate) mod navigation;
pub(crate) mod panel;
mod range;
pub(crate) mod spark;
pub(crate) mod strip;
pub(crate) mod trace;

pub(crate) use navigation::Navigation;
pub(crate) use range::{History, Range};

/// Room for labels left of everything that shares the horizontal axis.
pub(crate) const GUTTER: f32 = 92.0;
