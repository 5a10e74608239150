//! How much memory the program uses.

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

/// Memory of the program and of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryUse {
    /// Resident memory of this program, in bytes.
    pub process_bytes: u64,
    /// Memory of the machine, in bytes.
    pub total_bytes: u64,
}

/// Memory used now.
pub fn memory_use() -> MemoryUse {
    // A system that cannot be asked shows as zero.
    let Ok(mut system) = System::new() else { return MemoryUse::default() };
    system.refresh_memory();
    let process_bytes = sysinfo::get_current_pid().map_or(0, |pid| {
        let what = ProcessRefreshKind::nothing().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, what);
        system.process(pid).map_or(0, sysinfo::Process::memory)
    });
    MemoryUse { process_bytes, total_bytes: system.total_memory() }
}

/// Most resident memory the program has had so far, in megabytes (2²⁰ bytes). Where the system keeps no such record,
/// the memory used now.
pub fn peak_memory_mb() -> f64 {
    let recorded = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| {
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    });
    recorded.map_or_else(|| memory_use().process_bytes as f64 / (1024.0 * 1024.0), |kib| kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_grows_with_what_is_held() {
        let before = peak_memory_mb();
        let block = vec![1u8; 64 << 20];
        assert!(std::hint::black_box(&block).iter().step_by(4096).all(|&b| b == 1));
        assert!(peak_memory_mb() >= before && memory_use().process_bytes > 60 << 20);
    }
}
