//! Everything a user can do, once: menus, shortcuts, buttons, tests and the shortcut sheet all speak these commands.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::settings::ThemeChoice;
use super::{Perspective, RowQuestion, Source};
use crate::analysis::severity::Severity;
use crate::recipe::{Preset, Recipe};
use crate::triage::{TriageAction, Verdict};

/// Something a user can do.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Look into a file before it is read: columns, types, roles.
    Preview(Source),
    /// Read a source and run the recipe over it.
    OpenAndRun(Source),
    /// Read the source being previewed, with the choices made there, and run.
    ConfirmImport,
    /// Back to the start screen.
    CloseData,
    /// Run the recipe over the data.
    Run,
    /// Stop the job under way.
    Cancel,
    /// Show a perspective.
    Show(Perspective),
    /// Show everything light, dark, or as the desktop does.
    Theme(ThemeChoice),
    /// Take a file off the list of recent ones.
    ForgetRecent(PathBuf),
    /// Change the recipe. Steps with the same label in a row (dragging a slider) are one step of undo.
    EditRecipe {
        /// The recipe from now on.
        recipe: Box<Recipe>,
        /// What was changed, such as the path of a setting.
        label: String,
    },
    /// Start over from a preset.
    UsePreset(Preset),
    /// Read a recipe file.
    OpenRecipe(PathBuf),
    /// Write the recipe to its file.
    SaveRecipe,
    /// Write the recipe to this file.
    SaveRecipeAs(PathBuf),
    /// Take back the latest change: of the recipe in Tune, of alerts elsewhere.
    Undo,
    /// Do again what was taken back.
    Redo,
    /// Select an alert.
    Select(i64),
    /// Select the next alert of the list.
    NextAlert,
    /// Select the previous alert of the list.
    PreviousAlert,
    /// Mark or unmark the selected alert for actions on several.
    ToggleMark,
    /// Mark exactly these alerts for actions on several.
    Mark(BTreeSet<i64>),
    /// Act on the marked alerts, or on the selected one.
    Triage(TriageAction),
    /// Show the alerts that match the filter being typed.
    Search(String),
    /// Show alerts that are closed, too.
    ShowClosed(bool),
    /// Show only alerts of these severities; all where empty.
    FilterSeverities(Vec<Severity>),
    /// Explain a row.
    Explain(RowQuestion),
    /// Explain the peak of the selected alert.
    ExplainSelected,
    /// Close the explanation.
    StopExplaining,
    /// Try other values of the row that is explained, one for each column that can be changed.
    Suppose(Vec<f64>),
    /// Go back to the values of that row as they are.
    SupposeNothing,
    /// Show the rows of this entity in the plots; all rows where `None`.
    ShowEntity(Option<String>),
    /// Show an alert in the plots.
    Reveal(i64),
    /// Show a row in the plots.
    RevealRow(u32),
    /// Write scores of every row to a CSV or Parquet file.
    ExportScores(PathBuf),
    /// Write an HTML report.
    ExportReport(PathBuf),
    /// Open a dialog: shortcuts, about, note, close.
    Ask(Question),
    /// Close the dialog.
    Dismiss,
    /// Leave although there are unsaved changes.
    DiscardAndQuit,
    /// Leave; asks first when there are unsaved changes.
    Quit,
}

/// A dialog a command can open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// The list of shortcuts.
    Shortcuts,
    /// About the program.
    About,
    /// A note to write on the selected alert.
    Note,
    /// The verdict to close the selected alert with.
    Verdict,
}

/// A key with its modifiers. `command` is Ctrl, or Cmd on a Mac.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shortcut {
    /// Ctrl, or Cmd on a Mac.
    pub command: bool,
    /// Shift.
    pub shift: bool,
    /// Name of the key: "O", "F5", "Escape".
    pub key: &'static str,
}

impl Shortcut {
    const fn plain(key: &'static str) -> Self {
        Self { command: false, shift: false, key }
    }

    const fn command(key: &'static str) -> Self {
        Self { command: true, shift: false, key }
    }
}

impl std::fmt::Display for Shortcut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let command = match (self.command, cfg!(target_os = "macos")) {
            (true, true) => "⌘",
            (true, false) => "Ctrl+",
            (false, _) => "",
        };
        // Where a sign sits, and whether it takes Shift, depends on the keyboard.
        let shift = if self.shift && self.key.chars().all(char::is_alphanumeric) { "Shift+" } else { "" };
        write!(f, "{command}{shift}{}", self.key)
    }
}

/// What a shortcut does.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// Carries out a command.
    Do(Command),
    /// Opens the file dialog for data.
    OpenDialog,
    /// Opens the file dialog for saving the recipe.
    SaveAsDialog,
    /// Moves the cursor to the search field.
    FocusSearch,
}

/// A line of the shortcut sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// The key.
    pub shortcut: Shortcut,
    /// What it does, for people.
    pub label: &'static str,
    /// Group in the sheet.
    pub group: &'static str,
    /// What it does.
    pub trigger: Trigger,
}

/// Every shortcut. Single letters rest while text is typed.
pub fn bindings() -> Vec<Binding> {
    use Command as C;
    let line = |group, shortcut, label, trigger| Binding { shortcut, label, group, trigger };
    let program = |shortcut, label, trigger| line("Program", shortcut, label, trigger);
    let queue = |key, label, command| line("Alerts", Shortcut::plain(key), label, Trigger::Do(command));
    vec![
        program(Shortcut::command("O"), "Open data", Trigger::OpenDialog),
        program(Shortcut::command("R"), "Run", Trigger::Do(C::Run)),
        program(Shortcut::plain("Escape"), "Cancel, go back, close a dialog", Trigger::Do(C::Cancel)),
        program(Shortcut::command("S"), "Save the recipe", Trigger::Do(C::SaveRecipe)),
        program(Shortcut { command: true, shift: true, key: "S" }, "Save the recipe as", Trigger::SaveAsDialog),
        program(Shortcut::command("1"), "Explore", Trigger::Do(C::Show(Perspective::Explore))),
        program(Shortcut::command("2"), "Triage", Trigger::Do(C::Show(Perspective::Triage))),
        program(Shortcut::command("3"), "Tune", Trigger::Do(C::Show(Perspective::Tune))),
        program(Shortcut::command("Z"), "Undo", Trigger::Do(C::Undo)),
        program(Shortcut { command: true, shift: true, key: "Z" }, "Redo", Trigger::Do(C::Redo)),
        program(Shortcut::command("W"), "Close the data", Trigger::Do(C::CloseData)),
        program(Shortcut::command("Q"), "Quit", Trigger::Do(C::Quit)),
        program(
            Shortcut { command: false, shift: true, key: "?" },
            "Show shortcuts",
            Trigger::Do(C::Ask(Question::Shortcuts)),
        ),
        queue("J", "Next alert", C::NextAlert),
        queue("K", "Previous alert", C::PreviousAlert),
        queue("E", "Explain further, try other values", C::ExplainSelected),
        queue("X", "Mark for an action on several", C::ToggleMark),
        queue("A", "Acknowledge", C::Triage(TriageAction::Acknowledge)),
        queue("C", "Close with a verdict", C::Ask(Question::Verdict)),
        queue("R", "Reopen", C::Triage(TriageAction::Reopen)),
        queue("N", "Write a note", C::Ask(Question::Note)),
        line("Alerts", Shortcut::plain("/"), "Search", Trigger::FocusSearch),
    ]
}

/// Verdicts an alert can be closed with, with the digit that chooses each.
pub fn verdict_keys() -> Vec<(char, Verdict)> {
    ('1'..='9').zip(Verdict::ALL).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_commands_share_a_shortcut() {
        let bindings = bindings();
        for (i, a) in bindings.iter().enumerate() {
            let clash = bindings.iter().skip(i + 1).find(|b| b.shortcut == a.shortcut);
            assert_eq!(clash.map(|b| b.label), None, "{} ({})", a.shortcut, a.label);
        }
    }
}
