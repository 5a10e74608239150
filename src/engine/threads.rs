//! One thread budget: the libraries with pools of their own read theirs from the environment.

/// Sets the pools that libraries keep beside that of a run: tables are read by `threads` threads (0: one per core), and
/// a single tensor operation by one, since rows are what is worked on in parallel here, and a network's small matrices
/// lose more to waiting than they gain (measured: training takes twice as long on two threads).
///
/// Call it once, before any other thread exists.
pub fn set_library_threads(threads: u32) {
    // SAFETY: the caller promises that no other thread exists, so nobody reads the environment meanwhile.
    #[expect(unsafe_code, reason = "these pools are configured by environment variables only")]
    unsafe {
        std::env::set_var("RAYON_NUM_THREADS", "1");
        if threads > 0 {
            std::env::set_var("POLARS_MAX_THREADS", threads.to_string());
        }
    }
}
