//! What every piece of work carries: cancellation, progress, warnings, seed and limits.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::recipe::{ComputeConfig, ComputeDevice};

/// The work was cancelled by the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// Context of a piece of work. Clones share the cancel flag, the progress and the warnings.
#[derive(Debug, Clone)]
pub struct Cx {
    cancel: Arc<AtomicBool>,
    progress: Arc<Progress>,
    warnings: Arc<Mutex<Vec<String>>>,
    /// Seed of everything random.
    pub seed: u64,
    /// Rows to work on at a time.
    pub chunk_rows: usize,
    /// Memory the work may use, with what is held beside it, in bytes.
    pub memory_limit_bytes: u64,
    /// Memory that is held beside the work as long as it lasts, in bytes: the program, the table, earlier stages.
    pub held_bytes: u64,
    /// Where dense arithmetic was asked to run.
    pub device: ComputeDevice,
}

impl Cx {
    /// A context with the limits of a recipe.
    pub fn new(compute: &ComputeConfig) -> Self {
        Self {
            cancel: Arc::default(),
            progress: Arc::default(),
            warnings: Arc::default(),
            seed: compute.seed,
            chunk_rows: compute.chunk_size.max(1) as usize,
            memory_limit_bytes: u64::from(compute.memory_limit_mb) * 1024 * 1024,
            held_bytes: 0,
            device: compute.device,
        }
    }

    /// The same work under the limits of another recipe: flag, progress and warnings stay shared.
    #[must_use]
    pub fn with_limits(&self, compute: &ComputeConfig) -> Self {
        let fresh = Self::new(compute);
        Self {
            cancel: Arc::clone(&self.cancel),
            progress: Arc::clone(&self.progress),
            warnings: Arc::clone(&self.warnings),
            ..fresh
        }
    }

    /// The same work with so many more bytes held beside it.
    #[must_use]
    pub fn with_held(&self, bytes: u64) -> Self {
        Self { held_bytes: self.held_bytes.saturating_add(bytes), ..self.clone() }
    }

    /// Bytes the work may still take.
    pub fn free_bytes(&self) -> u64 {
        self.memory_limit_bytes.saturating_sub(self.held_bytes)
    }

    /// Where so many bytes more would exceed the limit: the megabytes needed in all, and the limit, likewise.
    pub fn excess_mb(&self, bytes: u64) -> Option<(u64, u64)> {
        let needed_mb = self.held_bytes.saturating_add(bytes).div_ceil(1 << 20);
        (bytes > self.free_bytes()).then_some((needed_mb, self.memory_limit_bytes >> 20))
    }

    /// The same work with a list of warnings of its own, to be told which of them a part of the work gives.
    #[must_use]
    pub fn with_own_warnings(&self) -> Self {
        Self { warnings: Arc::default(), ..self.clone() }
    }

    /// The same work with progress and warnings of its own: for small steps that nobody watches.
    #[must_use]
    pub fn aside(&self) -> Self {
        Self { progress: Arc::default(), warnings: Arc::default(), ..self.clone() }
    }

    /// Asks the work to stop. It does so at its next check, within 100 ms.
    pub fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }

    /// Fails once the work has been cancelled. Cheap: call it at least every few milliseconds of work.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.cancel.load(Ordering::Relaxed) { Err(Cancelled) } else { Ok(()) }
    }

    /// Progress of the stage under way.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Notes something the user should know about the result. The same text is kept once.
    pub fn warn(&self, text: impl Into<String>) {
        let text = text.into();
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.contains(&text) {
            warnings.push(text);
        }
    }

    /// The warnings so far.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Default for Cx {
    fn default() -> Self {
        Self::new(&ComputeConfig::default())
    }
}

/// How far the stage under way has come. Read from any thread at any time.
#[derive(Debug, Default)]
pub struct Progress {
    stage: Mutex<String>,
    done: AtomicU64,
    total: AtomicU64,
}

/// A reading of [`Progress`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProgressReading {
    /// The stage under way, for people: "Isolation forest: fit".
    pub stage: String,
    /// Steps done.
    pub done: u64,
    /// Steps in all; 0 where that is not known.
    pub total: u64,
}

impl Progress {
    /// Begins a stage of `total` steps (0: not known).
    pub fn start(&self, stage: impl Into<String>, total: u64) {
        let mut name = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        *name = stage.into();
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// Counts steps done.
    pub fn add(&self, steps: u64) {
        self.done.fetch_add(steps, Ordering::Relaxed);
    }

    /// The state now.
    pub fn read(&self) -> ProgressReading {
        ProgressReading {
            stage: self.stage.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            done: self.done.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_cancel_progress_and_warnings() {
        let cx = Cx::default();
        let other = cx.with_limits(&ComputeConfig { seed: 9, ..ComputeConfig::default() });
        other.cancel();
        other.warn("odd");
        other.warn("odd");
        other.progress().start("fit", 10);
        other.progress().add(3);
        assert_eq!(cx.check(), Err(Cancelled));
        assert_eq!(cx.warnings(), ["odd"]);
        assert_eq!(cx.progress().read(), ProgressReading { stage: "fit".into(), done: 3, total: 10 });
        assert_eq!((cx.seed, other.seed), (42, 9));
        let apart = cx.with_own_warnings();
        apart.warn("strange");
        assert_eq!((cx.warnings().len(), apart.warnings().len()), (1, 1));
    }

    #[test]
    fn what_is_held_counts_towards_the_limit() {
        let cx = Cx::new(&ComputeConfig { memory_limit_mb: 100, ..ComputeConfig::default() });
        let cx = cx.with_held(20 << 20).with_held(10 << 20);
        assert_eq!(cx.free_bytes(), 70 << 20);
        assert_eq!(cx.excess_mb(70 << 20), None);
        assert_eq!(cx.excess_mb((70 << 20) + 1), Some((101, 100)));
        assert_eq!(cx.with_held(u64::MAX).excess_mb(0), None);
    }
}
