//! What each metric means, in a sentence for people.

/// Which values are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// The higher the better.
    Higher,
    /// The lower the better.
    Lower,
}

/// A metric as people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Where it is in [`SeriesMetrics`](super::SeriesMetrics): field names joined by dots.
    pub field: &'static str,
    /// Name on screen.
    pub name: &'static str,
    /// What it says, in a sentence.
    pub meaning: &'static str,
    /// Which values are good.
    pub better: Better,
}

const fn higher(field: &'static str, name: &'static str, meaning: &'static str) -> Metric {
    Metric { field, name, meaning, better: Better::Higher }
}

const fn lower(field: &'static str, name: &'static str, meaning: &'static str) -> Metric {
    Metric { field, name, meaning, better: Better::Lower }
}

/// The metrics worth showing, the most trusted first.
pub const METRICS: [Metric; 20] = [
    higher(
        "vus.vus_pr",
        "VUS-PR",
        "How purely the highest scores lie on events or close to them, over all thresholds and tolerances; 1 is \
         perfect, guessing is about the share of rows in or near events.",
    ),
    higher(
        "vus.vus_roc",
        "VUS-ROC",
        "How well scores separate events and their surroundings from the rest, over all thresholds and tolerances; \
         1 is perfect, guessing is about 0.5.",
    ),
    higher("vus.r_auc_pr", "R-AUC-PR", "As VUS-PR, with the whole tolerance only."),
    higher("vus.r_auc_roc", "R-AUC-ROC", "As VUS-ROC, with the whole tolerance only."),
    higher(
        "events.precision",
        "Event precision",
        "Of the events found and the false alarms together, the share that are events found.",
    ),
    higher("events.recall", "Event recall", "Share of the events in which at least one row was reported."),
    higher("events.f1", "Event F1", "Event precision and event recall in one number, the harmonic mean."),
    lower("counts.false_alarms", "False alarms", "Alarms, runs of reported rows, that touch no event."),
    lower(
        "delay.mean_rows",
        "Mean delay (rows)",
        "Rows from the start of an event to its first report, on average over the events found.",
    ),
    lower(
        "delay.median_rows",
        "Median delay (rows)",
        "Rows from the start of an event to its first report, for the middle one of the events found.",
    ),
    lower(
        "delay.mean_secs",
        "Mean delay (s)",
        "Seconds from the start of an event to its first report, on average over the events found.",
    ),
    lower(
        "delay.median_secs",
        "Median delay (s)",
        "Seconds from the start of an event to its first report, for the middle one of the events found.",
    ),
    higher(
        "ranges.precision",
        "Range precision",
        "How much of each alarm lies on an event, less where it spans several events, on average over the alarms.",
    ),
    higher(
        "ranges.recall",
        "Range recall",
        "How much of each event was reported, less where it was in pieces, with 0.2 for being found at all, on \
         average over the events.",
    ),
    higher("ranges.f1", "Range F1", "Range precision and range recall in one number, the harmonic mean."),
    higher(
        "nab.standard.score",
        "NAB",
        "Numenta score: 100 reports each event at its start and nothing else, 0 reports nothing; at the best \
         threshold.",
    ),
    higher(
        "nab.reward_low_fp_rate.score",
        "NAB, few false alarms",
        "Numenta score where a false alarm costs twice as much; at the best threshold.",
    ),
    higher(
        "nab.reward_low_fn_rate.score",
        "NAB, few missed",
        "Numenta score where a missed event costs twice as much; at the best threshold.",
    ),
    higher(
        "nab.standard.windows_hit",
        "NAB, events hit",
        "Events reported at the threshold that is best for the Numenta score.",
    ),
    higher(
        "point_adjusted_f1",
        "Point-adjusted F1",
        "Flattering: F1 per row after one reported row has counted for its whole event; random scores can do well, so \
         use it only beside published numbers.",
    ),
];
