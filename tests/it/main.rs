//! Tests of the program as a whole, in one binary.

mod cli;
mod engine;
mod parity_features;
mod rooms;
