//! Pure computation, without files, database, clock or window: the same input and seed give the same bits.

pub mod detect;
pub mod features;
pub mod prepare;
pub mod severity;
