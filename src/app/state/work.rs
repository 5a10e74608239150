//! Reading and running in the background, and taking in what comes of it.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::main_job::{self, Findings, MainJobError, RecipeChange, RecipeChoice};
use super::super::profile::ResultProfile;
use super::super::series::SeriesView;
use super::super::source::Source;
use super::super::store_worker::Request;
use super::{App, Import, LastRun, Loaded, MessageKind, Screen};
use crate::cx::Cx;
use crate::data::load::{self, Preview};
use crate::engine::{Given, Job, JobError, JobEvent};
use crate::recipe::{DataConfig, Preset};
use crate::triage::{Store, feedback};

/// What a job gives at its end.
#[derive(Debug)]
pub(super) enum Output {
    Preview(Preview),
    Loaded(Loaded),
    Findings(Findings),
    View(SeriesView),
    Written(PathBuf),
}

/// What a job gives along the way.
pub(super) type Partial = Findings;

impl App {
    /// Takes in what finished work has to say. Call it every frame; it never blocks.
    pub fn poll(&mut self) {
        while let Some(event) = self.job.as_mut().and_then(Job::poll) {
            match event {
                JobEvent::Partial(findings) => self.show(findings),
                JobEvent::Done(result) => {
                    self.job = None;
                    self.finish(result);
                }
            }
        }
        while let Some(event) = self.view_job.as_mut().and_then(Job::poll) {
            if let JobEvent::Done(result) = event {
                self.view_job = None;
                self.finish(result);
            }
        }
        self.poll_live();
        self.poll_store();
        self.poll_explaining();
        self.refresh_rule_checks();
    }

    fn finish(&mut self, result: Result<Output, JobError>) {
        match result {
            Ok(Output::Preview(preview)) => {
                if let Screen::Import(import) = &mut self.screen {
                    (import.preview, import.error) = (Some(preview), None);
                }
            }
            Ok(Output::Loaded(loaded)) => self.loaded(loaded),
            Ok(Output::Findings(findings)) => self.found(findings),
            Ok(Output::View(view)) => self.view = Some(Arc::new(self.up_to_date(view))),
            Ok(Output::Written(path)) => self.say(MessageKind::Info, format!("Written: {}", path.display())),
            Err(JobError::Cancelled) => self.say(MessageKind::Info, "Cancelled"),
            Err(error) => match &mut self.screen {
                Screen::Import(import) => import.error = Some(error.to_string()),
                _ => self.say(MessageKind::Error, error.to_string()),
            },
        }
    }

    /// The view with the latest result, which may have come in while it was being prepared.
    fn up_to_date(&self, view: SeriesView) -> SeriesView {
        match &self.findings {
            Some(findings) if !view.is_of(findings) => view.with_findings(findings),
            _ => view,
        }
    }

    /// Looks into a file.
    pub(super) fn preview(&mut self, source: Source) {
        let config = DataConfig::default();
        self.screen = Screen::Import(Box::new(Import { source, preview: None, config, error: None }));
        self.refresh_preview();
    }

    /// Looks into the file again, after the window has changed how it is to be read.
    pub fn refresh_preview(&mut self) {
        let Screen::Import(import) = &self.screen else { return };
        let Source::Files(paths) = &import.source else { return };
        let (paths, config) = (paths.clone(), import.config.clone());
        self.start("Looking into the file", Cx::default(), move |_, _| {
            let first = paths.first().ok_or_else(|| JobError::Failed("no file was given".to_owned()))?;
            load::preview(first, &config).map(Output::Preview).map_err(|e| JobError::Failed(e.to_string()))
        });
    }

    pub(super) fn confirm_import(&mut self) {
        if let Screen::Import(import) = &self.screen {
            let (source, config) = (import.source.clone(), import.config.clone());
            self.open(source, config);
        }
    }

    /// Reads a source; what it becomes is run at once.
    pub(super) fn open(&mut self, source: Source, config: DataConfig) {
        let mut recipe = self.recipe.current.clone();
        recipe.data = config.clone();
        let cx = Cx::new(&recipe.compute);
        self.start(&format!("Reading {}", source.name()), cx, move |cx, _| {
            let (table, _) = main_job::load(&source, &recipe, cx).map_err(MainJobError::from)?;
            Ok(Output::Loaded(Loaded { source, table, config }))
        });
    }

    fn loaded(&mut self, loaded: Loaded) {
        if let Source::Files(paths) = &loaded.source {
            paths.iter().for_each(|path| self.settings.remember(path));
        }
        let has_time = loaded.table.time().is_some();
        // A recipe from a file stays; a scratch one becomes the preset that fits the data.
        let base = self.recipe.path.is_some().then(|| self.recipe.current.clone());
        let changes = vec![RecipeChange::Data(Box::new(loaded.config.clone()))];
        if let Ok(recipe) = (RecipeChoice { base, changes }).recipe(has_time) {
            let label = format!("preset {}", Preset::for_data(has_time).name());
            if self.recipe.path.is_some() {
                self.recipe.edit(recipe, "columns".to_owned());
            } else {
                self.recipe = super::RecipeDocument::new(recipe, None);
                self.say(MessageKind::Info, format!("{} rows read; {label} chosen", loaded.table.n_rows()));
            }
        }
        self.forget_result();
        self.view = None;
        self.queue.forget();
        self.data = Some(loaded);
        self.screen = Screen::Work;
        self.build_view(None);
        self.refresh_queue();
        self.run();
    }

    pub(super) fn run(&mut self) {
        let Some(loaded) = &self.data else {
            self.say(MessageKind::Info, "Open a file or a sample first.");
            return;
        };
        if self.recipe.current.data != loaded.config {
            let (source, config) = (loaded.source.clone(), self.recipe.current.data.clone());
            self.open(source, config);
            return;
        }
        let recipe = match self.recipe.current.clone().checked() {
            Ok(recipe) => recipe,
            Err(problems) => return self.say(MessageKind::Error, problems.to_string()),
        };
        let (table, engine) = (Arc::clone(&loaded.table), Arc::clone(&self.engine));
        let cx = Cx::new(&recipe.compute);
        let database = self.settings.database();
        self.start("Running", cx, move |cx, on_partial| {
            // A run without what people said is better than none; what is wrong with the database is told elsewhere.
            let known = Store::open(&database).and_then(|store| feedback(&store, &table)).unwrap_or_default();
            let given = Given { feedback: known, ..Given::default() };
            let findings =
                main_job::run(&engine, &table, &recipe, &given, cx, on_partial).map_err(MainJobError::from)?;
            Ok(Output::Findings(findings))
        });
    }

    /// A run has ended: show it and keep its alerts.
    fn found(&mut self, findings: Findings) {
        for warning in &findings.snapshot.warnings {
            self.say(MessageKind::Warning, warning.clone());
        }
        self.show(findings.clone());
        let snapshot = &findings.snapshot;
        let (recipe, n_anomalies) = (snapshot.recipe.clone(), snapshot.n_anomalies());
        self.last_run = Some(LastRun { recipe, n_anomalies, n_alerts: findings.alerts.len() });
        // Settings may have been changed while the run was under way.
        self.recombine();
        self.ask_store(Request::Record(findings));
    }

    /// Shows a result, which may be partial.
    fn show(&mut self, findings: Findings) {
        if let Some(view) = &self.view {
            self.view = Some(Arc::new(view.with_findings(&findings)));
        }
        self.profile = Some(Arc::new(ResultProfile::of(&findings)));
        self.findings = Some(findings);
    }

    pub(super) fn show_entity(&mut self, entity: Option<String>) {
        self.build_view(entity);
    }

    /// Prepares the plots of an entity in the background.
    fn build_view(&mut self, entity: Option<String>) {
        let Some(loaded) = &self.data else { return };
        let table = Arc::clone(&loaded.table);
        let findings = self.findings.clone();
        let notify = Arc::clone(&self.notify);
        let job = Job::spawn(
            "Preparing plots",
            Cx::default(),
            move || notify(),
            move |cx, _| {
                let view = SeriesView::build(&table, entity.as_deref(), cx).map_err(|_| JobError::Cancelled)?;
                Ok(Output::View(match &findings {
                    Some(findings) => view.with_findings(findings),
                    None => view,
                }))
            },
        );
        match job {
            Ok(job) => self.view_job = Some(job),
            Err(error) => self.say(MessageKind::Error, error.to_string()),
        }
    }

    /// Starts a job; one under way is cancelled.
    pub(super) fn start<W>(&mut self, title: &str, cx: Cx, work: W)
    where
        W: FnOnce(&Cx, &(dyn Fn(Partial) + Sync)) -> Result<Output, JobError> + Send + 'static,
    {
        let notify = Arc::clone(&self.notify);
        match Job::spawn(title, cx, move || notify(), work) {
            Ok(job) => self.job = Some(job),
            Err(error) => self.say(MessageKind::Error, error.to_string()),
        }
    }

    fn forget_result(&mut self) {
        self.findings = None;
        self.profile = None;
        self.last_run = None;
        self.forget_explanations();
    }

    pub(super) fn close_data(&mut self) {
        self.data = None;
        self.forget_result();
        self.view = None;
        self.job = None;
        self.queue.forget();
        self.screen = Screen::Start;
    }
}
