//! The integration tests, as one binary.

mod loading;
mod loading_damaged;
