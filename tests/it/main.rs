//! The integration tests, as one binary.

mod cli;
mod engine;
mod parity_features;
mod rooms;
mod triage;
