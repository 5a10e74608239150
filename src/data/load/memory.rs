//! Does what is to be read fit into the memory?

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use super::LoadError;
use crate::cx::Cx;

const MB: u64 = 1024 * 1024;

/// Refuses what needs more bytes than the recipe allows or than the machine has free.
pub(super) fn check(needed: u64, cx: &Cx) -> Result<(), LoadError> {
    refuse(needed, cx.memory_limit_bytes, "compute.memory_limit_mb")?;
    if needed > 64 * MB {
        refuse(needed, free(), "memory that is free now")?;
    }
    Ok(())
}

/// Refuses to go on when what is held exceeds what the recipe allows.
pub(super) fn check_held(held: u64, cx: &Cx) -> Result<(), LoadError> {
    refuse(held, cx.memory_limit_bytes, "compute.memory_limit_mb")
}

fn refuse(needed: u64, limit: u64, name: &'static str) -> Result<(), LoadError> {
    if needed <= limit {
        return Ok(());
    }
    Err(LoadError::Memory { needed_mb: needed.div_ceil(MB), limit_mb: limit / MB, limit: name })
}

/// Bytes the machine (or the container this runs in) has free.
fn free() -> u64 {
    let what = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    // Where it cannot be known, the limit of the recipe alone holds.
    let Ok(system) = System::new_with_specifics(what) else { return u64::MAX };
    let of_machine = match system.available_memory() {
        0 => u64::MAX,
        bytes => bytes,
    };
    let of_container = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory.saturating_sub(limits.rss));
    of_machine.min(of_container)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_numbers_and_the_ways_out() {
        let mut cx = Cx::default();
        cx.memory_limit_bytes = 64 * MB;
        assert!(check(64 * MB, &cx).is_ok());
        let text = check(65 * MB, &cx).unwrap_err().to_string();
        for part in ["65 MB", "64 MB", "compute.memory_limit_mb", "data.sample_rows"] {
            assert!(text.contains(part), "{text}");
        }
        cx.memory_limit_bytes = u64::MAX;
        assert!(check(u64::MAX / 2, &cx).is_err());
    }
}
