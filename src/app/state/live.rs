//! Live tuning: the settings that need no refit act on the scores at hand, in the background, the latest wish first.

use std::sync::Arc;

use super::super::main_job::Findings;
use super::super::profile::ResultProfile;
use super::super::series::SeriesView;
use super::{App, MessageKind};
use crate::cx::Cx;
use crate::engine::{Engine, Job, JobEvent};
use crate::recipe::{CheckedRecipe, Recipe};

/// The last whole run: what live changes are held against.
#[derive(Debug, Clone)]
pub struct LastRun {
    /// The recipe it was made with.
    pub recipe: CheckedRecipe,
    /// Number of anomalous rows it found.
    pub n_anomalies: usize,
    /// Number of alerts it found.
    pub n_alerts: usize,
}

/// A result under other live settings, ready to be shown.
#[derive(Debug)]
pub(super) struct Recombined {
    findings: Findings,
    profile: ResultProfile,
    view: Option<SeriesView>,
}

/// Recombining under way, and whether the settings have changed again since it began.
#[derive(Debug, Default)]
pub(super) struct Live {
    job: Option<Job<Recombined>>,
    is_outdated: bool,
}

impl App {
    /// Whether the recipe differs from the one the last run was made with, so that running again would change
    /// something: the result or the stored alerts.
    pub fn is_result_stale(&self) -> bool {
        self.last_run.as_ref().is_some_and(|run| *run.recipe != self.recipe.current)
    }

    /// Whether the recipe differs from that of the last run in settings that act only after a refit.
    pub fn needs_refit(&self) -> bool {
        self.last_run
            .as_ref()
            .is_some_and(|run| run.recipe.with_scoring_of(&self.recipe.current) != self.recipe.current)
    }

    /// Applies the current ensemble, votes, severity and alert settings to the scores at hand, without a refit and
    /// without touching the stored alerts. Works in the background. Does nothing while the recipe has problems or a
    /// run is under way.
    pub fn recombine(&mut self) {
        let Some(wanted) = self.live_recipe() else { return };
        let Some(findings) = self.findings.clone() else { return };
        if *findings.snapshot.recipe == *wanted {
            return;
        }
        if self.live.job.is_some() {
            self.live.is_outdated = true;
            return;
        }
        self.live.is_outdated = false;
        let (notify, view) = (Arc::clone(&self.notify), self.view.clone());
        let job = Job::spawn(
            "Recombining",
            Cx::default(),
            move || notify(),
            move |_, _| {
                let findings = Findings::of(Engine::recombine(&findings.snapshot, &wanted));
                let profile = ResultProfile::of(&findings);
                let view = view.map(|view| view.with_findings(&findings));
                Ok(Recombined { findings, profile, view })
            },
        );
        match job {
            Ok(job) => self.live.job = Some(job),
            Err(error) => self.say(MessageKind::Error, error.to_string()),
        }
    }

    /// The recipe of the last run with the live settings as they are now; `None` where it could not run.
    fn live_recipe(&self) -> Option<CheckedRecipe> {
        let run = self.last_run.as_ref().filter(|_| !self.is_busy())?;
        let recipe: Recipe = run.recipe.with_scoring_of(&self.recipe.current);
        recipe.checked().ok()
    }

    pub(super) fn poll_live(&mut self) {
        let Some(JobEvent::Done(result)) = self.live.job.as_mut().and_then(Job::poll) else { return };
        self.live.job = None;
        match result {
            // A run or other data came in between: what was recombined is no longer on show.
            Ok(done) if self.is_current(&done.findings) => {
                // The plots may show another entity by now.
                if let (Some(view), Some(shown)) = (done.view, &self.view)
                    && view.entity == shown.entity
                {
                    self.view = Some(Arc::new(view));
                }
                self.findings = Some(done.findings);
                self.profile = Some(Arc::new(done.profile));
                self.explain_again();
            }
            Ok(_) => {}
            Err(error) => self.say(MessageKind::Error, error.to_string()),
        }
        if self.live.is_outdated {
            self.recombine();
        }
    }

    fn is_current(&self, recombined: &Findings) -> bool {
        let started = |findings: &Findings| findings.snapshot.started_at_micros;
        !self.is_busy() && self.findings.as_ref().is_some_and(|shown| started(shown) == started(recombined))
    }

    /// Whether live changes are still being worked in.
    pub fn is_recombining(&self) -> bool {
        self.live.job.is_some()
    }
}
