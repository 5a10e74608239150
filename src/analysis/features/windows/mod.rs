//! Statistics of sliding windows over one column, entity by entity: a whole column at a time, or row by row.
//!
//! A window counts rows or time; only values that are present belong to it. [`measure`] says what can be asked of one
//! and which kind of window answers: a state in a file of its own, that moves on from row to row ([`kind`]). [`run`]
//! and [`WindowStream`] move the same states.

mod batch;
mod equal;
mod extremes;
mod fit;
mod kind;
mod lanes;
mod measure;
mod moments;
mod order;
mod part;
mod robust;
mod series;
mod shape;
mod sorted;
mod spans;
mod stream;
mod tail;
mod trend;
mod two_stack;

pub use self::batch::run;
pub use self::measure::{Curve, Job, Measure, Side, Tail, TrendPart};
pub use self::spans::Reach;
pub use self::stream::WindowStream;

#[cfg(test)]
mod tests;
