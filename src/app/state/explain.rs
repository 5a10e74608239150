//! Explanations in the background: first those of the alerts of a run, worst first; between them whatever row is asked
//! about; and what would be, were its values others.

use std::sync::Arc;

use super::super::main_job::{self, Findings};
use super::super::store_worker::Request;
use super::{App, MessageKind};
use crate::cx::Cx;
use crate::engine::{
    ColumnShare, Counterfactual, Engine, ExplainError, Explainer, Explanation, Job, JobError, JobEvent, JobProgress,
    Method, NearestNormal, Snapshot, Target, WhatIf, WhatIfResult,
};
use crate::recipe::DetectorKind;
use crate::triage::{NewAlert, RunId, explain_alerts};

/// Alerts explained between two writes to the database.
const WRITE_EVERY: usize = 64;

/// Which row is asked about, and how its score is to be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowQuestion {
    /// Row of the table, from 0.
    pub row: u32,
    /// Which score.
    pub target: Target,
    /// By which method; `None`: the best one.
    pub method: Option<Method>,
}

/// Everything there is to say of a row.
#[derive(Debug, Clone)]
pub struct RowStory {
    /// What was asked.
    pub question: RowQuestion,
    /// Why the score is what it is.
    pub explanation: Arc<Explanation>,
    /// The same by column, the one that raises the score most first.
    pub columns: Vec<ColumnShare>,
    /// Methods that can explain this score, the best one first.
    pub methods: Vec<Method>,
    /// The most similar normal row.
    pub nearest: Option<NearestNormal>,
    /// The values of the columns of `what_if` in that row; empty where there is none.
    pub nearest_values: Vec<f64>,
    /// The smallest change that would make the row normal.
    pub counterfactual: Option<Counterfactual>,
    /// The row, ready for other values.
    pub what_if: Arc<WhatIf>,
    /// Lowest and highest value of each column of `what_if` over the normal rows, as far as it is known.
    pub ranges: Vec<(f64, f64)>,
    /// Lowest and highest raw score of each detector in the run.
    pub score_ranges: Vec<(DetectorKind, (f64, f64))>,
}

/// What would be with other values of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Supposed {
    /// One value for each column that can be changed.
    pub values: Vec<f64>,
    /// What the detectors would say; `None` while that is being found out for the first time.
    pub result: Option<WhatIfResult>,
}

/// What the alerts' explanations come to along the way.
enum Partial {
    Ready(Arc<Explainer>),
    Explained(Vec<NewAlert>),
}

/// Explanations: those on show, and those under way.
#[derive(Default)]
pub struct Explaining {
    /// What is known of the row asked about.
    pub story: Option<Arc<RowStory>>,
    /// The question that is being worked on.
    pub asked: Option<RowQuestion>,
    /// Why the question has no answer.
    pub problem: Option<String>,
    /// Other values of the row on show, once somebody has tried some.
    pub supposed: Option<Supposed>,
    explainer: Option<Arc<Explainer>>,
    alerts: Option<Job<(), Partial>>,
    progress: Option<JobProgress>,
    run: Option<RunId>,
    row: Option<Job<RowStory>>,
    what_if: Option<Job<WhatIfResult>>,
    /// Values have changed since the result under way was asked for.
    is_outdated: bool,
}

impl Explaining {
    /// Who explains the result on show; `None` while that is being made ready.
    pub(super) fn explainer(&self) -> Option<Arc<Explainer>> {
        self.explainer.clone()
    }

    /// How far the alerts' explanations are; `None` where none are under way.
    pub fn alerts_progress(&self) -> Option<&JobProgress> {
        self.progress.as_ref()
    }

    /// Whether the question is being worked on, or waits for what is being made ready.
    pub fn is_answering(&self) -> bool {
        self.row.is_some() || (self.explainer.is_none() && self.alerts.is_some())
    }

    /// Whether anything is being explained.
    pub fn is_busy(&self) -> bool {
        self.alerts.is_some() || self.row.is_some() || self.what_if.is_some()
    }

    /// Forgets the question and its answer.
    fn leave(&mut self) {
        (self.asked, self.story, self.supposed, self.problem) = (None, None, None, None);
        (self.row, self.what_if, self.is_outdated) = (None, None, false);
    }
}

impl App {
    /// Explains the alerts of a run that was recorded, where the recipe says so, and makes ready for questions.
    pub(super) fn explain_alerts_of(&mut self, run: RunId) {
        let Some(findings) = self.findings.clone() else { return };
        let config = &findings.snapshot.recipe.explanation;
        self.explaining.explainer = None;
        if !config.enable_explainability || !findings.snapshot.pending.is_empty() {
            return;
        }
        self.explaining.run = Some(run);
        let notify = Arc::clone(&self.notify);
        let engine = Arc::clone(&self.engine);
        let work =
            move |cx: &Cx, on_partial: &(dyn Fn(Partial) + Sync)| explain_all(&engine, &findings, cx, on_partial);
        match Job::spawn("Explaining alerts", Cx::default(), move || notify(), work) {
            Ok(job) => self.explaining.alerts = Some(job),
            Err(error) => self.say(MessageKind::Error, error.to_string()),
        }
    }

    /// Explains a row in the background; the latest question wins.
    pub(super) fn explain_row(&mut self, question: RowQuestion) {
        let explaining = &mut self.explaining;
        if explaining.asked == Some(question) && explaining.problem.is_none() {
            return;
        }
        explaining.asked = Some(question);
        explaining.problem = None;
        explaining.row = None;
        if explaining.story.as_ref().is_some_and(|story| story.question.row != question.row) {
            explaining.story = None;
            explaining.supposed = None;
            explaining.what_if = None;
        }
        self.ask_for_story();
    }

    /// Explains the peak of the selected alert.
    pub(super) fn explain_selected(&mut self) {
        match self.queue.selected.and_then(|id| self.queue.alert(id)) {
            Some(alert) => {
                let row = alert.peak_row;
                self.explain_row(RowQuestion { row, target: Target::Combined, method: None });
            }
            None => self.say(MessageKind::Info, "Select an alert first."),
        }
    }

    /// Another alert is selected: where one was being explained, the other one is.
    pub(super) fn explanation_follows(&mut self) {
        if self.explaining.asked.is_none() {
            return;
        }
        if self.queue.selected.is_some() {
            self.explain_selected();
        } else {
            self.stop_explaining();
        }
    }

    /// Closes the explanation.
    pub(super) fn stop_explaining(&mut self) {
        self.explaining.leave();
    }

    /// Starts on the question, once there is somebody to answer it.
    fn ask_for_story(&mut self) {
        let (Some(question), Some(findings)) = (self.explaining.asked, self.findings.clone()) else { return };
        let is_allowed = findings.snapshot.recipe.explanation.enable_explainability;
        let is_able = |known: &Arc<Explainer>| is_allowed && known.is_of(&findings.snapshot);
        let Some(explainer) = self.explaining.explainer.clone().filter(is_able) else { return };
        let notify = Arc::clone(&self.notify);
        let work = move |cx: &Cx, _: &(dyn Fn(()) + Sync)| {
            story(&explainer, &findings.snapshot, question, cx).map_err(job_error)
        };
        match Job::spawn("Explaining the row", Cx::default(), move || notify(), work) {
            Ok(job) => self.explaining.row = Some(job),
            Err(error) => self.explaining.problem = Some(error.to_string()),
        }
    }

    /// Tries other values of the row on show: one for each column that can be changed.
    pub(super) fn suppose(&mut self, values: Vec<f64>) {
        let result = self.explaining.supposed.take().and_then(|supposed| supposed.result);
        self.explaining.supposed = Some(Supposed { values, result });
        if self.explaining.what_if.is_some() {
            self.explaining.is_outdated = true;
            return;
        }
        self.ask_what_if();
    }

    /// Goes back to the values as they are.
    pub(super) fn suppose_nothing(&mut self) {
        self.explaining.supposed = None;
        self.explaining.what_if = None;
        self.explaining.is_outdated = false;
    }

    fn ask_what_if(&mut self) {
        let explaining = &mut self.explaining;
        explaining.is_outdated = false;
        let (Some(story), Some(supposed)) = (&explaining.story, &explaining.supposed) else { return };
        let (what_if, values, notify) = (Arc::clone(&story.what_if), supposed.values.clone(), Arc::clone(&self.notify));
        let work = move |cx: &Cx, _: &(dyn Fn(()) + Sync)| what_if.evaluate(&values, cx).map_err(job_error);
        match Job::spawn("What if", Cx::default(), move || notify(), work) {
            Ok(job) => explaining.what_if = Some(job),
            Err(error) => explaining.problem = Some(error.to_string()),
        }
    }

    /// Takes in explanations that are done.
    pub(super) fn poll_explaining(&mut self) {
        self.explaining.progress = self.explaining.alerts.as_mut().map(Job::progress);
        while let Some(event) = self.explaining.alerts.as_mut().and_then(Job::poll) {
            match event {
                JobEvent::Partial(Partial::Ready(explainer)) => {
                    self.explaining.explainer = Some(explainer);
                    self.ask_for_story();
                }
                JobEvent::Partial(Partial::Explained(alerts)) => {
                    if let Some(run_id) = self.explaining.run {
                        self.ask_store(Request::Explain { run_id, alerts });
                    }
                }
                JobEvent::Done(result) => {
                    self.explaining.alerts = None;
                    if let Err(error @ (JobError::Failed(_) | JobError::Panicked(_))) = result {
                        self.say(MessageKind::Warning, format!("The alerts could not be explained: {error}"));
                    }
                }
            }
        }
        if let Some(JobEvent::Done(result)) = self.explaining.row.as_mut().and_then(Job::poll) {
            self.explaining.row = None;
            match result {
                Ok(story) => {
                    self.explaining.story = Some(Arc::new(story));
                    if self.explaining.supposed.is_some() {
                        self.ask_what_if();
                    }
                }
                Err(JobError::Cancelled) => {}
                Err(error) => self.explaining.problem = Some(error.to_string()),
            }
        }
        if let Some(JobEvent::Done(result)) = self.explaining.what_if.as_mut().and_then(Job::poll) {
            self.explaining.what_if = None;
            match (result, &mut self.explaining.supposed) {
                (Ok(result), Some(supposed)) => supposed.result = Some(result),
                (Err(JobError::Cancelled), _) | (_, None) => {}
                (Err(error), _) => self.explaining.problem = Some(error.to_string()),
            }
            if self.explaining.is_outdated {
                self.ask_what_if();
            }
        }
    }

    /// The settings of the combination have changed: what is on show has to be found again.
    pub(super) fn explain_again(&mut self) {
        if let Some(question) = self.explaining.asked.take() {
            self.explain_row(question);
        }
    }

    /// Forgets the explanations of a result that is no longer there.
    pub(super) fn forget_explanations(&mut self) {
        self.explaining = Explaining::default();
    }
}

/// Makes ready, then explains alert after alert.
fn explain_all(
    engine: &Engine,
    findings: &Findings,
    cx: &Cx,
    on_partial: &(dyn Fn(Partial) + Sync),
) -> Result<(), JobError> {
    let snapshot = &findings.snapshot;
    let mut alerts = findings.alerts.to_vec();
    let is_wanted = snapshot.recipe.explanation.enable_automated_explanations;
    let is_kept = is_wanted && main_job::take_kept(engine, snapshot, &mut alerts);
    if is_kept {
        alerts.retain(|alert| alert.explanation.is_some());
        on_partial(Partial::Explained(alerts));
    }
    cx.progress().start("Making ready to explain", 0);
    // One thread is left to the window.
    let explainer = Arc::new(Explainer::new(snapshot, 1, cx).map_err(job_error)?);
    on_partial(Partial::Ready(Arc::clone(&explainer)));
    if is_kept || !is_wanted {
        return Ok(());
    }
    let mut written = 0;
    let mut on_batch = |explained: &[NewAlert]| {
        if let Some(fresh) = explained.get(written..).filter(|fresh| fresh.len() >= WRITE_EVERY || written == 0) {
            on_partial(Partial::Explained(fresh.to_vec()));
            written = explained.len();
        }
    };
    let explained = explain_alerts(&explainer, snapshot, &findings.alerts, cx, &mut on_batch).map_err(job_error)?;
    main_job::keep(engine, snapshot, &explained, cx);
    match explained.get(written..) {
        Some(rest) if !rest.is_empty() => on_partial(Partial::Explained(rest.to_vec())),
        _ => {}
    }
    Ok(())
}

fn story(
    explainer: &Arc<Explainer>,
    snapshot: &Arc<Snapshot>,
    question: RowQuestion,
    cx: &Cx,
) -> Result<RowStory, ExplainError> {
    let RowQuestion { row, target, method } = question;
    let explanation = explainer.explain(snapshot, row, target, method, cx)?;
    let what_if = Arc::new(WhatIf::new(explainer, snapshot, row, cx)?);
    let nearest = explainer.nearest_normal(row);
    let value = |column: &String| nearest.map(|nearest| explainer.column_value(column, nearest.row));
    Ok(RowStory {
        question,
        columns: explainer.by_column(&explanation),
        methods: explainer.methods(target)?,
        nearest,
        nearest_values: what_if.columns().iter().filter_map(value).collect(),
        counterfactual: what_if.counterfactual(cx)?,
        ranges: what_if.columns().iter().map(|column| explainer.range_of(column)).collect(),
        score_ranges: snapshot.scores.iter().map(|scores| (scores.kind, extent(&scores.raw))).collect(),
        explanation,
        what_if,
    })
}

/// Lowest and highest score.
fn extent(scores: &[f64]) -> (f64, f64) {
    scores.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &score| (low.min(score), high.max(score)))
}

fn job_error(error: ExplainError) -> JobError {
    if error == ExplainError::Cancelled { JobError::Cancelled } else { JobError::Failed(error.to_string()) }
}
