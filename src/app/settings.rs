//! What the program remembers between starts: appearance, recent files, where alerts are kept.

use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use serde::{Deserialize, Serialize};

use super::Perspective;

/// Most recent files remembered.
const MAX_RECENT: usize = 12;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ThemeChoice {
    /// As the desktop.
    System,
    /// Light on dark.
    #[default]
    Dark,
    /// Dark on light.
    Light,
}

/// What the program remembers between starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light or dark.
    pub theme: ThemeChoice,
    /// Size of everything in the window. 1 is normal; 0.5 to 3.
    pub zoom: f32,
    /// Perspective shown last.
    pub perspective: Perspective,
    /// Files opened, latest first.
    pub recent: Vec<PathBuf>,
    /// Database of alerts; the usual place where none is set.
    pub database: Option<PathBuf>,
    /// Name that actions on alerts are recorded under; the login name where none is set.
    pub author: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::default(),
            zoom: 1.0,
            perspective: Perspective::default(),
            recent: Vec::new(),
            database: None,
            author: None,
        }
    }
}

impl Settings {
    /// Reads the settings; the defaults where there is no file. A file that cannot be read is kept as it is and
    /// reported in the second value.
    pub fn load(path: &Path) -> (Self, Option<String>) {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return (Self::default(), None),
            Err(e) => return (Self::default(), Some(format!("Settings could not be read ({e}); defaults are used."))),
        };
        match ron::from_str::<Self>(&text) {
            Ok(settings) => (Self { zoom: settings.zoom.clamp(0.5, 3.0), ..settings }, None),
            Err(e) => {
                (Self::default(), Some(format!("Settings have an error at {}; defaults are used.", e.span.start)))
            }
        }
    }

    /// Writes the settings in one step, making the folder where needed.
    ///
    /// # Errors
    /// When the folder or file cannot be written.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let text =
            ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::default()).map_err(std::io::Error::other)?;
        let draft = path.with_extension("tmp");
        std::fs::write(&draft, text)?;
        std::fs::rename(draft, path)
    }

    /// Puts a file at the top of the recent ones.
    pub fn remember(&mut self, file: &Path) {
        self.recent.retain(|known| known != file);
        self.recent.insert(0, file.to_owned());
        self.recent.truncate(MAX_RECENT);
    }

    /// Name that actions are recorded under.
    pub fn author(&self) -> String {
        let login = || std::env::var("USER").or_else(|_| std::env::var("USERNAME")).ok();
        self.author.clone().or_else(login).filter(|name| !name.is_empty()).unwrap_or_else(|| "me".to_owned())
    }

    /// Database of alerts.
    pub fn database(&self) -> PathBuf {
        self.database.clone().unwrap_or_else(default_database)
    }
}

/// Usual place of the settings file.
pub fn default_settings_file() -> PathBuf {
    folder(|dirs| dirs.config_dir().to_owned()).join("settings.ron")
}

/// Usual place of the alerts database.
pub fn default_database() -> PathBuf {
    folder(|dirs| dirs.data_dir().to_owned()).join("alerts.sqlite")
}

/// The usual folder of results that are kept between starts.
pub fn default_cache_folder() -> PathBuf {
    folder(|dirs| dirs.cache_dir().to_owned())
}

/// The folder of kept results of a program with the settings of a file: the usual one for the usual file, else beside it.
pub(super) fn cache_folder(settings_file: &Path) -> PathBuf {
    if settings_file == default_settings_file() {
        default_cache_folder()
    } else {
        settings_file.with_file_name("cache")
    }
}

/// A folder of the platform's convention; the current one where the platform names no home.
fn folder(which: impl Fn(&ProjectDirs) -> PathBuf) -> PathBuf {
    ProjectDirs::from("", "", "tarsier").map_or_else(PathBuf::new, |dirs| which(&dirs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survive_a_restart_and_tolerate_a_broken_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("settings.ron");
        assert_eq!(Settings::load(&path), (Settings::default(), None));
        let mut settings = Settings { theme: ThemeChoice::Light, zoom: 1.5, ..Settings::default() };
        settings.remember(Path::new("/a.csv"));
        settings.remember(Path::new("/b.csv"));
        settings.remember(Path::new("/a.csv"));
        settings.save(&path).unwrap();
        assert_eq!(Settings::load(&path), (settings.clone(), None));
        assert_eq!(settings.recent, [Path::new("/a.csv"), Path::new("/b.csv")]);
        std::fs::write(&path, "(zoom: oops").unwrap();
        let (loaded, problem) = Settings::load(&path);
        assert_eq!(loaded, Settings::default());
        assert!(problem.unwrap().contains("error at"));
    }
}
