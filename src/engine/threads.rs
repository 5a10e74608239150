//! One thread budget for the pools that read it from the environment.

/// Limits the pool that reads tables to `threads`. Call it before any other thread exists and before any table is
/// read; 0 leaves it at one per core.
pub fn limit_reading_threads(threads: u32) {
    if threads > 0 {
        // SAFETY: the caller promises that no other thread exists, so nobody reads the environment meanwhile.
        #[expect(unsafe_code, reason = "the pool is configured by an environment variable only")]
        unsafe {
            std::env::set_var("POLARS_MAX_THREADS", threads.to_string());
        }
    }
}
