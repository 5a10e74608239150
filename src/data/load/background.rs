//! How is a library that neither checks for cancelling nor survives every damaged file kept in check?

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use polars::prelude::PolarsResult;

use super::LoadError;
use crate::cx::Cx;

/// Runs `read` on a thread of its own. Cancelling returns at once (the thread ends by itself), and a panic in it means
/// that the file is damaged.
pub(super) fn run<T: Send + 'static>(
    path: &Path,
    format: &str,
    cx: &Cx,
    read: impl FnOnce() -> PolarsResult<T> + Send + 'static,
) -> Result<T, LoadError> {
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new().name(format!("read {format}")).spawn(move || {
        // The receiver is gone when the work was cancelled: nobody wants the result then.
        let _ = sender.send(read());
    });
    let thread = thread.map_err(|e| LoadError::io(path, &e))?;
    loop {
        match receiver.recv_timeout(Duration::from_millis(20)) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => return Err(LoadError::damaged(path, format, error)),
            Err(RecvTimeoutError::Timeout) => cx.check()?,
            Err(RecvTimeoutError::Disconnected) => {
                let panic = thread.join().err();
                let text = panic.as_ref().and_then(|panic| {
                    panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied())
                });
                return Err(LoadError::damaged(path, format, text.unwrap_or("its content contradicts itself")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_damaged_file_and_cancelling_does_not_wait() {
        let cx = Cx::default();
        let path = Path::new("x.parquet");
        assert_eq!(run(path, "Parquet", &cx, || Ok(7)).unwrap(), 7);
        let error = run::<u8>(path, "Parquet", &cx, || panic!("odd length")).unwrap_err().to_string();
        assert!(error.contains("not a readable Parquet file: odd length"), "{error}");
        cx.cancel();
        let (sender, receiver) = channel::<u8>();
        let error = run(path, "Parquet", &cx, move || Ok(receiver.recv().unwrap_or(0))).unwrap_err();
        assert!(matches!(error, LoadError::Cancelled(_)));
        drop(sender);
    }
}
