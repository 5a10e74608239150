//! The integration tests, as one binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod cli;
mod detectors;
mod engine;
mod evaluation;
mod explain;
mod loading;
mod loading_damaged;
mod parity_detectors;
mod parity_features;
mod parity_metrics;
mod rooms;
#[cfg(feature = "snapshots")]
mod snapshots;
mod triage;
mod window;
mod window_explain;
mod window_explore;
mod window_tune;
