//! Tarsier: a workbench for finding and working through anomalies.
//!
//! The rooms, in the order the data flows; a room imports only rooms above it:
//!
//! - [`recipe`]: what to do, as one typed tree of settings
//! - [`cx`]: what every piece of work carries: cancellation, progress, warnings, seed
//! - [`data`]: tables, their columns and quality; reading and writing files; samples
//! - [`analysis`]: pure computation: features, preparation, detectors, ensemble, evaluation
//! - [`engine`]: runs a recipe over data, in the background or not
//! - [`triage`]: episodes, alerts and the store that keeps them
//! - [`app`]: state and commands of the program; knows no widget
//! - [`ui`] and [`cli`]: the two faces

pub mod analysis;
pub mod app;
pub mod cli;
pub mod cx;
pub mod data;
pub mod engine;
pub mod recipe;
pub mod triage;
pub mod ui;
