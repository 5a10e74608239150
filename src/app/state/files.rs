//! Recipe files, and exports of results.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::main_job::{self, MainJobError};
use super::super::report;
use super::work::Output;
use super::{App, MessageKind, RecipeDocument};
use crate::cx::Cx;
use crate::engine::JobError;
use crate::recipe::Recipe;

impl App {
    pub(super) fn open_recipe(&mut self, path: PathBuf) {
        match Recipe::load(&path) {
            Ok(mut recipe) => {
                if let Some(loaded) = &self.data {
                    // The columns of the data that is open stay as they were read.
                    recipe.data = loaded.config.clone();
                }
                self.recipe = RecipeDocument::new(recipe, Some(path));
                self.say(MessageKind::Info, "Recipe opened. Run to apply it.");
            }
            Err(error) => self.say(MessageKind::Error, error.to_string()),
        }
    }

    /// Writes the recipe; `None` means the file it came from.
    pub(super) fn save_recipe(&mut self, path: Option<PathBuf>) {
        let Some(path) = path.or_else(|| self.recipe.path.clone()) else {
            self.say(MessageKind::Info, "Choose a file name first: File, Save recipe as.");
            return;
        };
        match self.recipe.current.save(&path) {
            Ok(()) => {
                self.recipe.saved = self.recipe.current.clone();
                self.say(MessageKind::Info, format!("Recipe saved: {}", path.display()));
                self.recipe.path = Some(path);
            }
            Err(error) => self.say(MessageKind::Error, error.to_string()),
        }
    }

    pub(super) fn export_scores(&mut self, path: PathBuf) {
        let Some(findings) = self.whole_findings() else { return };
        self.start("Writing scores", Cx::default(), move |_, _| {
            report::write_scores(&path, &findings.snapshot).map_err(|e| JobError::Failed(e.to_string()))?;
            Ok(Output::Written(path))
        });
    }

    pub(super) fn export_report(&mut self, path: PathBuf) {
        let Some(findings) = self.whole_findings() else { return };
        let (cx, explainer) = (Cx::new(&findings.snapshot.recipe.compute), self.explaining.explainer());
        let engine = Arc::clone(&self.engine);
        self.start("Writing the report", cx, move |cx, _| {
            let explained = main_job::explained(&engine, findings, explainer, true, cx).map_err(MainJobError::from)?;
            report::write_html(&path, &explained.findings, explained.overview.as_ref())
                .map_err(|e| JobError::Failed(e.to_string()))?;
            Ok(Output::Written(path))
        });
    }

    /// The findings, unless there are none or a job is under way (an export must not stop a run).
    fn whole_findings(&mut self) -> Option<super::super::main_job::Findings> {
        if self.is_busy() {
            self.say(MessageKind::Info, "Wait for the work under way to end, or cancel it.");
            return None;
        }
        if self.findings.is_none() {
            self.say(MessageKind::Info, "Nothing to export yet: run first.");
        }
        self.findings.clone()
    }
}
