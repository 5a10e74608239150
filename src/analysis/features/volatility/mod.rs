//! Volatility: how widely a series swings now, from its own past only.
//!
//! [`Ewm`] needs no fit; a [`Garch`] model is fitted on training rows. Both are then state machines, one per entity,
//! pushed one value at a time: a batch is a loop over `push`, so that batch and stream agree bit for bit. The state of
//! one entity is a handful of numbers.

mod ewm;
mod garch;
mod likelihood;
mod optimise;

pub use self::ewm::{Ewm, EwmMoments, EwmSpec};
pub use self::garch::{Garch, GarchError, GarchSpec, GarchState, MeanModel, Movement, VarianceModel, Volatility};

#[cfg(test)]
mod tests;
