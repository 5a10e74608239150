//! Weights that follow how well each detector did lately.

use rayon::prelude::*;

use super::column::DetectorScores;
use super::{Feedback, Member};
use crate::recipe::DynamicWeighting;

const MICROS_PER_SEC: i64 = 1_000_000;

/// The weight of every detector in every window of time; of each window they add up to 1.
#[derive(Debug)]
pub(super) struct RowWeights<'a> {
    /// Windows × detectors.
    table: Vec<f64>,
    n_members: usize,
    /// Window of each row; `None`: there is one for all.
    windows: Option<&'a [u32]>,
}

impl<'a> RowWeights<'a> {
    /// The same weights for all rows.
    pub(super) fn fixed(members: &[Member]) -> Self {
        let table = members.iter().map(|member| member.weight).collect();
        Self { table, n_members: members.len(), windows: None }
    }

    /// The weights of the detectors times a factor for each window and detector.
    pub(super) fn by_window(members: &[Member], factors: &[f64], windows: &'a Windows) -> Self {
        let n_members = members.len().max(1);
        let weigh = |factors: &[f64]| {
            let weights: Vec<f64> =
                members.iter().zip(factors).map(|(member, factor)| member.weight * factor).collect();
            let total: f64 = weights.iter().sum();
            weights.into_iter().map(move |weight| if total > 0.0 { weight / total } else { 0.0 })
        };
        let table = factors.chunks_exact(n_members).flat_map(weigh).collect();
        Self { table, n_members, windows: Some(&windows.of_row) }
    }

    /// These weights for all rows, as they are in one row.
    pub(super) fn of_row(weights: &[f64]) -> RowWeights<'static> {
        RowWeights { table: weights.to_vec(), n_members: weights.len(), windows: None }
    }

    /// Windows × detectors.
    pub(super) fn table(&self) -> &[f64] {
        &self.table
    }

    /// The rows from `first` on in stretches of equal weights: how many rows, and the weight of each detector.
    #[inline(always)]
    pub(super) fn stretches(&self, first: usize, n: usize) -> impl Iterator<Item = (usize, &[f64])> {
        let of_window = |window: u32| {
            let start = window as usize * self.n_members;
            self.table.get(start..start + self.n_members).unwrap_or_default()
        };
        let windows = self.windows.map(|windows| windows.get(first..first + n).unwrap_or_default());
        let whole = windows.is_none().then(|| (n, of_window(0)));
        let cut = windows.unwrap_or_default().chunk_by(|a, b| a == b);
        whole.into_iter().chain(cut.map(move |rows| (rows.len(), of_window(rows.first().copied().unwrap_or(0)))))
    }
}

/// Time cut into windows of equal length; those without rows do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    of_row: Vec<u32>,
    n: usize,
}

impl Windows {
    /// The windows of rows with these times, in microseconds since 1970.
    pub fn new(times: &[i64], window_secs: u32) -> Self {
        let length = i64::from(window_secs.max(1)) * MICROS_PER_SEC;
        let keys: Vec<i64> = times.iter().map(|time| time.div_euclid(length)).collect();
        let mut distinct = keys.clone();
        distinct.dedup();
        distinct.sort_unstable();
        distinct.dedup();
        let number = |key: &i64| u32::try_from(distinct.binary_search(key).unwrap_or(0)).unwrap_or(u32::MAX);
        Self { of_row: keys.par_iter().map(number).collect(), n: distinct.len() }
    }

    /// The window of a row.
    pub(super) fn of(&self, row: usize) -> usize {
        self.of_row.get(row).map_or(0, |&window| window as usize)
    }
}

/// For each window and detector the factor of its weight: how well its votes agreed in the window before with the
/// ensemble, and before this window with the feedback of people, over the mean of that for all detectors.
///
/// Agreement is (1 + hits) / (2 + tries): of the rows that the detector or the ensemble calls abnormal, those that both
/// do. A feedback counts for `feedback_rows` rows. Without any row to judge by a detector keeps its weight.
pub(super) fn factors(
    columns: &[DetectorScores],
    members: &[Member],
    consensus: &[bool],
    windows: &Windows,
    feedback: &[Feedback],
    config: &DynamicWeighting,
) -> Vec<f64> {
    let count = |(column, member): (&DetectorScores, &Member)| {
        let (mut tries, mut hits) = (vec![0_u32; windows.n], vec![0_u32; windows.n]);
        for ((&raw, &consensus), &window) in column.raw.iter().zip(consensus).zip(&windows.of_row) {
            let voted = raw > member.vote_threshold;
            // Most rows are normal to all: this is one comparison for them.
            if (voted | consensus)
                && let (Some(tries), Some(hits)) = (tries.get_mut(window as usize), hits.get_mut(window as usize))
            {
                *tries += 1;
                *hits += u32::from(voted & consensus);
            }
        }
        agreement_before(&tries, &hits, column, member, windows, feedback, f64::from(config.feedback_rows))
    };
    let agreement: Vec<Vec<f64>> =
        columns.par_iter().zip(members).with_max_len(1).map(|(column, member)| count((column, member))).collect();
    let mut factors = Vec::with_capacity(windows.n * members.len());
    for window in 0..windows.n {
        let at = |agreement: &Vec<f64>| agreement.get(window).copied().unwrap_or(0.5);
        let mean = agreement.iter().map(at).sum::<f64>() / agreement.len().max(1) as f64;
        factors.extend(agreement.iter().map(|agreement| at(agreement) / mean));
    }
    factors
}

/// The agreement of a detector before each window.
fn agreement_before(
    tries: &[u32],
    hits: &[u32],
    column: &DetectorScores,
    member: &Member,
    windows: &Windows,
    feedback: &[Feedback],
    feedback_rows: f64,
) -> Vec<f64> {
    let mut judged = vec![(0.0, 0.0); windows.n];
    for feedback in feedback {
        let row = feedback.row as usize;
        let (Some(&raw), Some(&window)) = (column.raw.get(row), windows.of_row.get(row)) else { continue };
        if let Some((tries, hits)) = judged.get_mut(window as usize) {
            *tries += feedback_rows;
            *hits += if (raw > member.vote_threshold) == feedback.is_anomaly { feedback_rows } else { 0.0 };
        }
    }
    let mut by_people = (0.0, 0.0);
    let before = |window: usize, counts: &[u32]| {
        window.checked_sub(1).and_then(|before| counts.get(before)).copied().map_or(0.0, f64::from)
    };
    let mut agreement = Vec::with_capacity(windows.n);
    for (window, judged) in judged.into_iter().enumerate() {
        let (tries, hits) = (before(window, tries) + by_people.0, before(window, hits) + by_people.1);
        agreement.push((1.0 + hits) / (2.0 + tries));
        by_people = (by_people.0 + judged.0, by_people.1 + judged.1);
    }
    agreement
}
