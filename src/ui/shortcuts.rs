//! Which shortcut was pressed: turns the keys of a frame into triggers, and keeps them from the widgets.

use eframe::egui::{Context, Event, Key, Modifiers, Popup};

use crate::app::command::{Binding, Shortcut, Trigger, bindings};
use crate::app::{App, Command, Perspective, Screen};

/// Reads shortcuts. Remembers what had the keyboard when the last frame ended, because a text field lets go of it at
/// the very Escape that should not do anything else.
#[derive(Debug, Default)]
pub(super) struct Shortcuts {
    text_had_focus: bool,
    popup_was_open: bool,
}

impl Shortcuts {
    /// The triggers of this frame. Call it before anything is drawn. `is_modal` says that a dialog has the keyboard:
    /// then only Escape counts.
    pub(super) fn read(&self, ctx: &Context, app: &App, is_modal: bool) -> Vec<Trigger> {
        let text_has_focus = self.text_had_focus && ctx.text_edit_focused();
        let is_letter_time = matches!(app.screen, Screen::Work)
            && app.settings.perspective != Perspective::Tune
            && !text_has_focus
            && !self.popup_was_open;
        let applies = |binding: &Binding| {
            let shortcut = &binding.shortcut;
            if shortcut.key == "Escape" {
                // First a menu, then (behind a dialog) a text field lets go.
                return !self.popup_was_open && (is_modal || !self.text_had_focus);
            }
            let edits_text = matches!(binding.trigger, Trigger::Do(Command::Undo | Command::Redo));
            !is_modal
                && match (shortcut.command, shortcut.key) {
                    (true, _) => !(edits_text && text_has_focus),
                    (false, "?") => !text_has_focus,
                    (false, _) => is_letter_time,
                }
        };
        let candidates: Vec<Binding> = bindings().into_iter().filter(applies).collect();
        ctx.input_mut(|input| take(&mut input.events, &candidates))
    }

    /// Notes what has the keyboard. Call it when everything has been drawn.
    pub(super) fn remember(&mut self, ctx: &Context) {
        self.text_had_focus = ctx.text_edit_focused();
        self.popup_was_open = Popup::is_any_open(ctx);
    }
}

/// Takes the keys that match out of the events, together with the text they would type.
fn take(events: &mut Vec<Event>, candidates: &[Binding]) -> Vec<Trigger> {
    let mut triggers = Vec::new();
    let mut took_text = false;
    events.retain(|event| {
        let Event::Key { key, pressed: true, modifiers, .. } = event else { return true };
        let Some(hit) = candidates.iter().find(|binding| matches(&binding.shortcut, *key, *modifiers)) else {
            return true;
        };
        took_text |= !hit.shortcut.command && hit.shortcut.key != "Escape";
        triggers.push(hit.trigger.clone());
        false
    });
    if took_text {
        events.retain(|event| !matches!(event, Event::Text(_)));
    }
    triggers
}

fn matches(shortcut: &Shortcut, key: Key, modifiers: Modifiers) -> bool {
    // Where a sign such as ? or / sits, and whether it takes Shift, depends on the keyboard.
    let is_sign = !shortcut.key.chars().all(char::is_alphanumeric);
    Key::from_name(shortcut.key) == Some(key)
        && modifiers.command == shortcut.command
        && (is_sign || modifiers.shift == shortcut.shift)
        && !modifiers.alt
}

/// The shortcut of a trigger, for menus and tooltips.
pub(super) fn of(trigger: &Trigger) -> Option<String> {
    bindings().iter().find(|binding| binding.trigger == *trigger).map(|binding| binding.shortcut.to_string())
}

/// The shortcut of a command.
pub(super) fn of_command(command: &Command) -> Option<String> {
    of(&Trigger::Do(command.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::command::Question;

    fn press(key: Key, modifiers: Modifiers) -> Event {
        Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers }
    }

    #[test]
    fn every_binding_is_a_key_of_the_window() {
        for binding in bindings() {
            assert!(Key::from_name(binding.shortcut.key).is_some(), "{}", binding.label);
        }
    }

    #[test]
    fn keys_are_told_apart_by_their_modifiers_and_type_no_text() {
        let ctrl = Modifiers::COMMAND;
        let mut events = vec![
            press(Key::S, ctrl | Modifiers::SHIFT),
            press(Key::Questionmark, Modifiers::SHIFT),
            Event::Text("?".into()),
            press(Key::Z, Modifiers::NONE),
        ];
        let triggers = take(&mut events, &bindings());
        assert_eq!(triggers, [Trigger::SaveAsDialog, Trigger::Do(Command::Ask(Question::Shortcuts))]);
        assert_eq!(events, [press(Key::Z, Modifiers::NONE)]);
    }
}
