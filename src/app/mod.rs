//! The program without a face: its state, its commands and what it keeps between starts. Knows no widget.

pub mod agreement;
pub mod assessment;
pub mod command;
pub mod explained;
pub mod format;
pub mod live_settings;
pub mod main_job;
pub mod overview;
pub mod profile;
pub mod report;
mod rules;
pub mod series;
pub mod settings;
pub mod source;
mod state;
mod store_worker;

pub use command::Command;
pub use rules::RuleChecks;
pub use settings::Settings;
pub use source::Source;
pub use state::{
    App, Dialog, Explaining, Focus, Import, LastRun, Message, MessageKind, Notify, Perspective, Queue, RowQuestion,
    RowStory, Screen, Supposed,
};
