//! The house rules: which room imports which, and who may name which library.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in the order the data flows; each may use those before it.
const ROOMS: [&str; 9] = ["recipe", "cx", "data", "analysis", "engine", "triage", "app", "ui", "cli"];

/// A source file and its code without comments and tests.
struct Source {
    path: String,
    code: String,
}

impl Source {
    fn room(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap()
    }

    fn names(&self, library: &str) -> bool {
        let mut rest = self.code.as_str();
        while let Some(at) = rest.find(library) {
            let before = rest[..at].chars().next_back();
            let after = rest[at + library.len()..].chars().next();
            let inside_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            if !inside_word(before) && !inside_word(after) {
                return true;
            }
            rest = &rest[at + library.len()..];
        }
        false
    }
}

fn sources() -> Vec<Source> {
    fn visit(folder: &Path, root: &Path, out: &mut Vec<Source>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, root, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
                let code =
                    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
                let path = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                out.push(Source { path, code });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut out = Vec::new();
    visit(&root, &root, &mut out);
    out.retain(|source| source.path != "lib.rs" && !source.path.ends_with("/tests.rs"));
    assert!(out.len() > 30, "sources not found");
    out
}

#[test]
fn rooms_use_only_rooms_before_them() {
    let mut broken = Vec::new();
    for source in sources() {
        let Some(own) = ROOMS.iter().position(|room| *room == source.room()) else { continue };
        for used in source.code.split("crate::").skip(1) {
            let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let Some(at) = ROOMS.iter().position(|room| *room == used) else { continue };
            // The two faces never use each other.
            let allowed = at <= own && !(own == 8 && at == 7);
            if !allowed {
                broken.push(format!("{} uses {used}", source.path));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn libraries_stay_in_their_rooms() {
    let rules: [(&str, &[&str]); 6] = [
        ("rusqlite", &["triage/store"]),
        ("rusqlite_migration", &["triage/store"]),
        ("egui", &["ui/"]),
        ("eframe", &["ui/"]),
        ("polars", &["data/", "analysis/features", "analysis/prepare"]),
        ("clap", &["cli/"]),
    ];
    let mut broken = Vec::new();
    for source in sources() {
        for (library, homes) in rules {
            if source.names(library) && !homes.iter().any(|home| source.path.starts_with(home)) {
                broken.push(format!("{} names {library}", source.path));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn analysis_knows_no_clock_files_or_threads_of_its_own() {
    let forbidden =
        ["Instant", "SystemTime", "std::fs", "TcpStream", "UdpSocket", "std::thread::spawn", "chrono::Utc", "println!"];
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| source.room() == "analysis") {
        broken.extend(
            forbidden.iter().filter(|word| source.code.contains(**word)).map(|word| format!("{}: {word}", source.path)),
        );
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_file_says_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let silent: Vec<String> = sources()
        .into_iter()
        .map(|source| source.path)
        .filter(|path| !fs::read_to_string(root.join(path)).unwrap().starts_with("//!"))
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}
