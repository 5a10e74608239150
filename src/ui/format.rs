//! Numbers, sizes and times as people read them.

use std::time::Duration;

use crate::app::format::fmt_count;

/// A difference with its sign: "+3", "−2", "±0".
pub(crate) fn difference(now: usize, before: usize) -> String {
    match now.cmp(&before) {
        std::cmp::Ordering::Greater => format!("+{}", fmt_count(now - before)),
        std::cmp::Ordering::Less => format!("−{}", fmt_count(before - now)),
        std::cmp::Ordering::Equal => "±0".to_owned(),
    }
}

/// A share as a percentage with as many digits as it takes to tell it from 0.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        p if p == 0.0 || p >= 9.95 => format!("{p:.0} %"),
        p if p >= 0.095 => format!("{p:.1} %"),
        p => format!("{p:.2} %"),
    }
}

/// A size in memory or on disk: "512 B", "4.0 MB", "1.5 GB" (powers of 1024).
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1024.0;
    let mut unit = "KB";
    for next in UNITS.into_iter().skip(1) {
        if value < 999.5 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// A waiting time: "8 s", "3:05", "1:02:09".
pub(crate) fn clock(duration: Duration) -> String {
    let secs = duration.as_secs();
    match (secs / 3600, secs / 60 % 60, secs % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m}:{s:02}"),
        (h, m, s) => format!("{h}:{m:02}:{s:02}"),
    }
}

/// A measured time: "0.3 ms", "42 ms", "1.25 s", "95 s".
pub(crate) fn seconds(secs: f64) -> String {
    match secs {
        s if s < 0.001 => format!("{:.1} ms", s * 1e3),
        s if s < 0.9995 => format!("{:.0} ms", s * 1e3),
        s if s < 9.995 => format!("{s:.2} s"),
        s => format!("{s:.0} s"),
    }
}

/// A rate: "950 /s", "1.2k /s", "3.4M /s".
pub(crate) fn rate(per_sec: f64) -> String {
    match per_sec {
        r if r >= 999_500.0 => format!("{:.1}M /s", r / 1e6),
        r if r >= 999.5 => format!("{:.1}k /s", r / 1e3),
        r => format!("{r:.0} /s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_a_sign() {
        assert_eq!([difference(5, 2), difference(2, 5), difference(2, 2)], ["+3", "−3", "±0"]);
    }

    #[test]
    fn shares_sizes_and_times() {
        assert_eq!([0.0, 0.5, 0.052, 0.002, 0.0004].map(percent), ["0 %", "50 %", "5.2 %", "0.2 %", "0.04 %"]);
        assert_eq!([900, 1024, 5 << 20, 3 << 29].map(bytes), ["900 B", "1.0 KB", "5.0 MB", "1.5 GB"]);
        assert_eq!([8, 185, 3729].map(|s| clock(Duration::from_secs(s))), ["8 s", "3:05", "1:02:09"]);
        assert_eq!([0.0003, 0.042, 1.25, 95.2].map(seconds), ["0.3 ms", "42 ms", "1.25 s", "95 s"]);
        assert_eq!([950.0, 1200.0, 3.4e6].map(rate), ["950 /s", "1.2k /s", "3.4M /s"]);
    }
}
