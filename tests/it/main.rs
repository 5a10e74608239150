//! The integration tests: one binary, one file per subject.

mod detectors;
mod parity_detectors;
