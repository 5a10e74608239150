//! Which columns say how full a resource is, and how much of it there is in all.

use super::name::Name;
use super::op::{Capacity, Level};
use super::rule::{Column, DERIVED, FILLERS, lists, scope};

/// Words of a resource, the narrower ones first: swap is memory on a disk.
const RESOURCES: &[(Resource, &str)] = &[
    (Resource::Swap, "swap"),
    (Resource::Memory, "memory heap"),
    (Resource::Disk, "disk partition"),
    (Resource::Cpu, "cpu"),
];

/// Words of the part of a resource that is measured, read from the top. A resource and `percent` alone is what is used.
const PARTS: &[(Part, &str)] = &[
    (Part::Available, "available remaining"),
    (Part::Free, "free idle"),
    (Part::Used, "used usage utilization busy occupied"),
    (Part::Total, "total size capacity"),
];

/// Words of columns that are about a resource but not about how full it is.
const NOT_A_LEVEL: &str = "\
    limit quota threshold target alert change delta diff score rank benchmark io iops read reads write writes \
    written ops operations latency wait queue temperature temp fault faults page pages errors receive transmit \
    bandwidth speed cached buffers credit credits request requests throttled frequency mhz ghz count cores model id \
    type second ms per ratio rate failed age cost price";

/// Words of the modes that processor time is split into; each alone says little about saturation.
const CPU_MODES: &str = "user system sys nice steal irq softirq guest kernel privileged interrupt dpc";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    Cpu,
    Memory,
    Disk,
    Swap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Used,
    Free,
    /// Free, and what the system would give back: the better measure of the two.
    Available,
    Total,
}

/// A column that says how full a resource is.
pub(super) struct Gauge<'a> {
    pub(super) resource: Resource,
    pub(super) part: Part,
    pub(super) column: &'a Column<'a>,
    /// The largest value it can have, where the name and the values say so.
    pub(super) full: Option<f64>,
    /// Tells `/` from `/home`, one processor from the next.
    scope: Vec<&'a str>,
}

impl Gauge<'_> {
    pub(super) fn level(&self) -> Level {
        match self.part {
            Part::Used | Part::Total => Level::Used(self.column.id()),
            Part::Free | Part::Available => Level::Free(self.column.id()),
        }
    }

    fn is_same_thing(&self, other: &Gauge) -> bool {
        self.resource == other.resource && self.scope == other.scope
    }
}

/// How full what is, if a column says so.
pub(super) fn gauge<'a>(column: &'a Column<'a>) -> Option<Gauge<'a>> {
    let (name, facts) = (&column.name, column.facts);
    // `% Processor Time`, but not the seconds of `cpu_time`.
    let is_time = name.has("time") && !name.has("percent");
    let is_number = facts.text.is_none() && facts.min >= 0.0;
    if !is_number || is_time || name.per.is_some() || name.has_any(NOT_A_LEVEL) {
        return None;
    }
    let resource = resource(name)?;
    let part = part(name, resource)?;
    let full = if part == Part::Total { None } else { full(column, resource) };
    let is_own = |word: &str| {
        lists(FILLERS, word)
            || lists(DERIVED, word)
            || RESOURCES.iter().any(|(_, words)| lists(words, word))
            || PARTS.iter().any(|(_, words)| lists(words, word))
    };
    Some(Gauge { resource, part, column, full, scope: scope(name, is_own) })
}

fn resource(name: &Name) -> Option<Resource> {
    // sar names the idle processor by `%idle` alone.
    if name.words == ["percent", "idle"] {
        return Some(Resource::Cpu);
    }
    RESOURCES.iter().find(|(_, words)| name.has_any(words)).map(|&(resource, _)| resource)
}

fn part(name: &Name, resource: Resource) -> Option<Part> {
    let is_cpu = resource == Resource::Cpu;
    if is_cpu && name.has_any(CPU_MODES) && !name.has_any("usage utilization used") {
        return None;
    }
    // `cpu`, `cpu0`, `cpu_avg`, `CPU_Load`; but `cpu_load_5` is a load average.
    let is_plain = |word: &String| {
        let is_number = word.parse::<u16>().is_ok() && !name.has("load");
        lists("cpu load max min average", word) || lists(FILLERS, word) || is_number
    };
    let is_plain_cpu = is_cpu && name.words.iter().all(is_plain);
    match PARTS.iter().find(|(_, words)| name.has_any(words)).map(|&(part, _)| part) {
        // Not how many processors there are, but all of them together (the `_Total` of Windows).
        Some(Part::Total) if is_cpu || name.has("percent") => Some(Part::Used),
        None if is_plain_cpu || name.has("percent") => Some(Part::Used),
        named => named,
    }
}

/// 100 for percent, 1 for a fraction. A percentage is named so, or is the use of a processor, and its values fit.
fn full(column: &Column, resource: Resource) -> Option<f64> {
    let max = column.facts.max;
    let name = &column.name;
    let fits = |full: f64| max <= full * 1.005;
    if name.byte_unit.is_some() {
        None
    } else if name.has("percent") {
        fits(100.0).then_some(100.0)
    } else if name.has("utilization") || resource == Resource::Cpu {
        if fits(1.0) { Some(1.0) } else { fits(100.0).then_some(100.0) }
    } else {
        None
    }
}

/// What the resource of a gauge has in all: 100 %, or a column of the same thing in the same unit that is never
/// smaller. Nothing where a better gauge of the same thing is there.
pub(super) fn capacity(gauge: &Gauge, gauges: &[Gauge]) -> Option<Capacity> {
    if let Some(full) = gauge.full {
        return Some(Capacity::Constant(full));
    }
    let same = |other: &&Gauge| other.is_same_thing(gauge);
    let has = |is: &dyn Fn(&Gauge) -> bool| gauges.iter().filter(same).any(is);
    let is_second_best = has(&|other| other.full.is_some())
        || (gauge.part == Part::Free && has(&|other| other.part == Part::Available))
        || (gauge.part != Part::Used && has(&|other| other.part == Part::Used));
    if gauge.part == Part::Total || is_second_best {
        return None;
    }
    let (facts, unit) = (gauge.column.facts, &gauge.column.name.byte_unit);
    let is_total = |other: &&Gauge| {
        other.part == Part::Total && other.column.name.byte_unit == *unit && other.column.facts.max * 1.01 >= facts.max
    };
    gauges.iter().filter(same).find(is_total).map(|total| Capacity::Column(total.column.id()))
}
