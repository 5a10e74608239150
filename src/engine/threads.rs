//! One thread budget: that of a run, and those of libraries, which read theirs from the environment.

/// Threads of a run that may use at most `most`: never more than there are cores. 0: one per core.
pub(super) fn n_threads(most: u32) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if most == 0 { cores } else { cores.min(most as usize) }
}

/// Sets the pools that libraries keep beside that of a run: tables are read by at most `threads` threads (0: one per
/// core), and a single tensor operation by one, since rows are what is worked on in parallel here, and a network's small
/// matrices lose more to waiting than they gain (measured: training takes twice as long on two threads).
///
/// These pools are made once and serve the whole program: a later recipe with another number changes the threads of its
/// run only. Call it once, before any other thread exists.
pub fn set_library_threads(threads: u32) {
    // SAFETY: the caller promises that no other thread exists, so nobody reads the environment meanwhile.
    #[expect(unsafe_code, reason = "these pools are configured by environment variables only")]
    unsafe {
        std::env::set_var("RAYON_NUM_THREADS", "1");
        std::env::set_var("POLARS_MAX_THREADS", n_threads(threads).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_more_threads_than_cores() {
        let cores = n_threads(0);
        assert!(cores >= 1);
        assert_eq!([n_threads(1), n_threads(1024)], [1, cores]);
    }
}
