//! Hyperparameter search: which points to try next, and what the values told so far say.
//!
//! A [`Study`] proposes points of a [`Space`] and is told what each was worth (higher is better). It knows nothing of
//! what the values mean, runs nothing and reads no clock. The proposal for a trial depends only on the seed, the
//! number of the trial and the trials before it, so that a study taken up again goes on as if it had never stopped.

mod importance;
mod parzen;
mod sampler;
mod settings;
mod space;
mod study;
mod text;
mod tpe;
mod trial;
mod units;

pub use self::importance::Importance;
pub use self::space::{Domain, IntegerRange, Parameter, Point, Problem, Problems, RealRange, Space};
pub use self::study::{BestSoFar, StopReason, Study, TellError};
pub use self::text::TextError;
pub use self::trial::{Proposal, Status, StoredTrials, Trial, read_trials};

#[cfg(test)]
mod tests;
