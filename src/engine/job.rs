//! Work in the background: one thread per job, with progress, rate, time left, cancel, and panics caught.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use crate::cx::{Cx, ProgressReading};

/// Why a job ended without a result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// The user cancelled it.
    #[error("cancelled")]
    Cancelled,
    /// It failed; the text says why and what to do.
    #[error("{0}")]
    Failed(String),
    /// It panicked. The program goes on; the settings are kept.
    #[error("an internal error stopped the work: {0}; nothing was changed, please report it with the recipe")]
    Panicked(String),
}

/// A piece of work on its own thread, giving `P` along the way and `T` at the end.
#[derive(Debug)]
pub struct Job<T, P = ()> {
    title: String,
    cx: Cx,
    results: Receiver<Message<T, P>>,
    started: Instant,
    stage: ProgressReading,
    stage_started: Instant,
    is_done: bool,
}

#[derive(Debug)]
enum Message<T, P> {
    Partial(P),
    Done(Result<T, JobError>),
}

/// What a job has to say when it is polled.
#[derive(Debug)]
pub enum JobEvent<T, P> {
    /// A result so far.
    Partial(P),
    /// It has ended.
    Done(Result<T, JobError>),
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq)]
pub struct JobProgress {
    /// What is being done.
    pub stage: String,
    /// Share of the stage done, 0 to 1; `None` where it is not known.
    pub fraction: Option<f64>,
    /// Steps per second in this stage.
    pub rate: f64,
    /// Time left in this stage, by the rate so far.
    pub left: Option<Duration>,
    /// Time since the job began.
    pub elapsed: Duration,
}

impl<T: Send + 'static, P: Send + 'static> Job<T, P> {
    /// Starts `work`. `notify` is called, on the job's thread, whenever there is something to poll.
    ///
    /// # Errors
    /// When the machine refuses a thread.
    pub fn spawn<W, N>(title: &str, cx: Cx, notify: N, work: W) -> Result<Self, JobError>
    where
        W: FnOnce(&Cx, &(dyn Fn(P) + Sync)) -> Result<T, JobError> + Send + 'static,
        N: Fn() + Send + Sync + 'static,
    {
        let (sender, results) = channel();
        let inner = cx.clone();
        let run = move || {
            let partial_sender = std::sync::Mutex::new(sender.clone());
            let on_partial = |partial: P| {
                let sender = partial_sender.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                // Nobody listens any more when the window has dropped the job; the work ends at its next check.
                let _ = sender.send(Message::Partial(partial));
                notify();
            };
            let result = catch_unwind(AssertUnwindSafe(|| work(&inner, &on_partial)))
                .unwrap_or_else(|panic| Err(JobError::Panicked(panic_text(&*panic))));
            let _ = sender.send(Message::Done(result));
            notify();
        };
        std::thread::Builder::new()
            .name(format!("job: {title}"))
            .spawn(run)
            .map_err(|e| JobError::Failed(format!("cannot start a thread: {e}; close other programs and try again")))?;
        let now = Instant::now();
        let stage = ProgressReading::default();
        Ok(Self { title: title.to_owned(), cx, results, started: now, stage, stage_started: now, is_done: false })
    }

    /// What the job does, for people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Asks the job to stop.
    pub fn cancel(&self) {
        self.cx.cancel();
    }

    /// The next thing the job has to say, if any. Never blocks.
    pub fn poll(&mut self) -> Option<JobEvent<T, P>> {
        let result = match self.results.try_recv() {
            Ok(Message::Partial(partial)) => return Some(JobEvent::Partial(partial)),
            Ok(Message::Done(result)) => result,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(JobError::Failed("the work ended without a result".to_owned())),
        };
        self.is_done = true;
        Some(JobEvent::Done(result))
    }

    /// How far the job is now. Call it regularly: the rate is measured between calls.
    pub fn progress(&mut self) -> JobProgress {
        let reading = self.cx.progress().read();
        if reading.stage != self.stage.stage {
            self.stage_started = Instant::now();
        }
        self.stage = reading;
        let (done, total) = (self.stage.done as f64, self.stage.total as f64);
        let in_stage = self.stage_started.elapsed().as_secs_f64();
        let rate = if in_stage > 0.0 { done / in_stage } else { 0.0 };
        let left = (total > 0.0 && rate > 0.0 && in_stage > 0.5)
            .then(|| Duration::try_from_secs_f64((total - done).max(0.0) / rate).ok())
            .flatten();
        JobProgress {
            stage: self.stage.stage.clone(),
            fraction: (total > 0.0).then(|| (done / total).clamp(0.0, 1.0)),
            rate,
            left,
            elapsed: self.started.elapsed(),
        }
    }
}

/// A job dropped before its end is not wanted any more. After it, its context may serve other work.
impl<T, P> Drop for Job<T, P> {
    fn drop(&mut self) {
        if !self.is_done {
            self.cx.cancel();
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_job_dropped_before_its_end_is_cancelled() {
        let cx = Cx::default();
        let done: Job<(), u32> = Job::spawn("short", cx.clone(), || {}, |_, _| Ok(())).unwrap();
        assert_eq!(wait(done).1, Ok(()));
        assert_eq!(cx.check(), Ok(()));
        drop(Job::<(), u32>::spawn("unwanted", cx.clone(), || {}, |_, _| Ok(())).unwrap());
        assert!(cx.check().is_err());
    }

    fn wait<T: Send + 'static>(mut job: Job<T, u32>) -> (Vec<u32>, Result<T, JobError>) {
        let mut partial = Vec::new();
        loop {
            match job.poll() {
                Some(JobEvent::Partial(p)) => partial.push(p),
                Some(JobEvent::Done(result)) => return (partial, result),
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    #[test]
    fn gives_partial_results_then_the_result() {
        let job = Job::spawn(
            "count",
            Cx::default(),
            || {},
            |_, partial| {
                partial(1);
                partial(2);
                Ok("done")
            },
        );
        assert_eq!(wait(job.unwrap()), (vec![1, 2], Ok("done")));
    }

    #[test]
    fn a_panic_is_an_error_and_not_the_end() {
        let job: Job<(), u32> = Job::spawn("boom", Cx::default(), || {}, |_, _| panic!("kaboom")).unwrap();
        let (_, result) = wait(job);
        assert_eq!(result, Err(JobError::Panicked("kaboom".into())));
    }

    #[test]
    fn cancel_reaches_the_work_and_progress_is_seen() {
        let mut job: Job<(), u32> = Job::spawn(
            "long",
            Cx::default(),
            || {},
            |cx, _| {
                cx.progress().start("turning", 10);
                cx.progress().add(5);
                loop {
                    cx.check().map_err(|_| JobError::Cancelled)?;
                    std::thread::sleep(Duration::from_millis(1));
                }
            },
        )
        .unwrap();
        while job.progress().fraction != Some(0.5) {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(job.progress().stage, "turning");
        job.cancel();
        assert_eq!(wait(job).1, Err(JobError::Cancelled));
    }
}
