//! The integration tests, as one binary.

mod cli;
mod engine;
mod parity_features;
mod parity_metrics;
mod rooms;
mod triage;
