//! The parts that jobs fall into: each is one state and what comes from it.

use super::kind::WindowKind;
use super::measure::{Family, Job, Measure};
use super::spans::{Bounds, Reach};

/// Statistics of one window that come from one state.
#[derive(Clone)]
pub(super) struct Part {
    family: Family,
    reach: Reach,
    measures: Vec<Measure>,
    /// Index of the output of each measure.
    pub(super) outputs: Vec<usize>,
    /// Fewest values that give anything.
    pub(super) least: usize,
    pub(super) bounds: Bounds,
}

impl Part {
    /// The parts of all jobs, in the order in which they are asked for.
    pub(super) fn of_jobs(jobs: &[Job], min_history: f64) -> Vec<Self> {
        let mut parts = Vec::new();
        for job in jobs {
            let first = parts.len();
            for &(measure, output) in &job.outputs {
                let family = measure.family();
                let known = parts[first..].iter_mut().find(|part: &&mut Self| part.family == family);
                if let Some(part) = known {
                    part.measures.push(measure);
                    part.outputs.push(output);
                    continue;
                }
                parts.push(Self {
                    family,
                    reach: job.reach,
                    measures: vec![measure],
                    outputs: vec![output],
                    least: family.least().max(job.min_periods as usize),
                    bounds: Bounds::new(job.reach, family.extent(), min_history),
                });
            }
        }
        parts
    }

    /// A state that has not begun.
    pub(super) fn window(&self) -> Box<dyn WindowKind> {
        self.family.window(&self.measures, self.reach)
    }
}
