//! The integration tests, one binary.

mod parity_features;
