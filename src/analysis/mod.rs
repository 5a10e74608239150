//! Pure computation, without files, database, clock or window: the same input and seed give the same bits.

pub mod chi_squared;
pub mod detect;
pub mod device;
pub mod ensemble;
pub mod evaluate;
pub mod explain;
pub mod features;
pub mod linalg;
pub(crate) mod normal;
pub mod prepare;
pub mod pyramid;
mod ranking;
pub mod rules;
pub mod search;
pub mod severity;
pub mod stats;
