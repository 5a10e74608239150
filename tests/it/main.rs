//! The integration tests, as one binary.

mod cli;
mod detectors;
mod engine;
mod loading;
mod loading_damaged;
mod parity_detectors;
mod parity_features;
mod parity_metrics;
mod rooms;
mod triage;
mod window;
mod window_explore;
