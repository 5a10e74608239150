//! Tests of the search as a whole; helpers that all of them use.

mod parzen;
mod samplers;
mod space;
mod study;
mod text;

use crate::recipe::{SearchMethod, TuningConfig};
use std::time::Duration;

use super::*;

/// The space of some parameters in their short text form.
fn space(parameters: &[&str]) -> Space {
    Space::new(parameters.iter().map(|text| text.parse().unwrap()).collect()).unwrap()
}

/// Settings that go through all trials.
fn settings(method: SearchMethod, seed: u64, trials: u32) -> TuningConfig {
    TuningConfig { method, seed, trials, enable_early_stopping: false, ..Default::default() }
}

fn finished(proposal: Proposal, objective: f64) -> Trial {
    Trial::new(proposal, Status::Finished, vec![objective], 0, Duration::ZERO)
}

/// Goes on with a study until it ends.
fn run(study: &mut Study, objective: impl Fn(&Point) -> f64) -> StopReason {
    loop {
        match study.propose(Duration::ZERO) {
            Ok(proposal) => {
                let value = objective(&proposal.values);
                study.tell(finished(proposal, value)).unwrap();
            }
            Err(reason) => return reason,
        }
    }
}

fn number(point: &Point, path: &str) -> f64 {
    point[path].as_f64().unwrap()
}
