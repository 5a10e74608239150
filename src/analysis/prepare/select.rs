//! Which features reach the detectors: chosen while they pass by, so that only the chosen ones are held.

use serde::{Deserialize, Serialize};

use crate::analysis::ranking::{f_test, with_class};
use crate::cx::{Cancelled, Cx};
use crate::recipe::{FeatureSelection, SelectionMethod};

/// Rows that scores and correlations are estimated on.
const SAMPLE_ROWS: usize = 4096;

/// What became of a feature.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The detectors see it.
    #[default]
    Kept,
    /// It has one value throughout.
    Constant,
    /// Its mean does not differ between the labels: the p value of the F test.
    Unrelated(f64),
    /// It repeats another feature: its name, and the absolute correlation.
    Repeats(String, f64),
    /// Others tell more, and there is room for so many only.
    Outranked,
    /// It is not among the names to keep.
    NotNamed,
}

impl Fate {
    /// Whether the detectors see the feature.
    pub fn is_kept(&self) -> bool {
        *self == Self::Kept
    }
}

/// Chooses features one after the other.
pub(super) struct Selector<'a> {
    config: &'a FeatureSelection,
    capacity: usize,
    /// Rows of the sample, ascending.
    rows: Vec<u32>,
    /// Their labels, where features are ranked by them.
    labels: Option<Vec<u32>>,
    kept: Vec<Candidate>,
}

/// A feature on the sample.
pub(super) struct Candidate {
    pub(super) feature: usize,
    name: String,
    /// How much it tells; higher is better.
    score: f64,
    /// p value of the F test, where that ranks.
    p_value: f64,
    /// Its sample with mean 0 and length 1; empty where it is constant.
    direction: Vec<f32>,
}

impl<'a> Selector<'a> {
    /// A selector that keeps at most `capacity` features. `training` are the rows to learn from, `None` all of `n_rows`.
    pub(super) fn new(
        config: &'a FeatureSelection,
        capacity: usize,
        n_rows: usize,
        training: Option<&[u32]>,
        label: Option<&[bool]>,
        cx: &Cx,
    ) -> Self {
        let by_label = config.uses_labels();
        let label = label.filter(|_| by_label).filter(|label| label.contains(&true) && label.contains(&false));
        if by_label && label.is_none() {
            cx.warn("features were selected by how much they vary, as there are no labels of both kinds");
        } else if by_label {
            cx.warn("features were selected by the labels: figures of accuracy on the same rows are too good");
        }
        let all: Vec<u32>;
        let training = match training {
            Some(rows) => rows,
            None => {
                all = (0..u32::try_from(n_rows).unwrap_or(u32::MAX)).collect();
                &all
            }
        };
        let is_true = |row: u32| label.is_some_and(|label| label.get(row as usize).copied().unwrap_or(false));
        // Anomalies are few: up to a quarter of the sample is theirs, so that the estimate sees enough of them.
        let (rare, common): (Vec<u32>, Vec<u32>) = training.iter().partition(|&&row| is_true(row));
        let mut rows = evenly(&rare, SAMPLE_ROWS / 4);
        rows.extend(evenly(&common, SAMPLE_ROWS - rows.len()));
        rows.sort_unstable();
        let labels = label.map(|_| rows.iter().map(|&row| u32::from(is_true(row))).collect());
        Self { config, capacity: capacity.max(1), rows, labels, kept: Vec::new() }
    }

    /// Looks at a feature. Independent of all others, so features can be looked at side by side.
    pub(super) fn look(&self, feature: usize, name: &str, values: &[f64], cx: &Cx) -> Result<Candidate, Cancelled> {
        let mut sample: Vec<f64> =
            self.rows.iter().map(|&row| values.get(row as usize).copied().unwrap_or(f64::NAN)).collect();
        let present: Vec<f64> = sample.iter().copied().filter(|value| value.is_finite()).collect();
        let mean = present.iter().map(|value| value / present.len() as f64).sum::<f64>();
        sample.iter_mut().filter(|value| !value.is_finite()).for_each(|value| *value = mean);
        let largest = sample.iter().map(|value| (value - mean).abs()).fold(0.0, f64::max);
        let is_constant = !(largest.is_finite() && largest > 1e-12 * mean.abs() && largest > 0.0);
        let mut direction = Vec::new();
        if !is_constant {
            let length = sample.iter().map(|value| ((value - mean) / largest).powi(2)).sum::<f64>().sqrt();
            direction = sample.iter().map(|value| ((value - mean) / largest / length) as f32).collect();
        }
        let mut p_value = 0.0;
        let score = match (&self.labels, self.config.method) {
            _ if is_constant => 0.0,
            (Some(labels), SelectionMethod::FTest) => {
                let test = f_test(&sample, labels);
                p_value = test.p;
                test.f
            }
            (Some(labels), _) => with_class(&sample, labels, cx.seed, cx)?,
            (None, SelectionMethod::Correlation | SelectionMethod::Named) => 0.0,
            (None, _) => varied(&mut present.clone()),
        };
        Ok(Candidate { feature, name: name.to_owned(), score, p_value, direction })
    }

    /// Decides on the next feature of the plan. Returns what became of it, and those that had to give way to it.
    pub(super) fn offer(&mut self, candidate: Candidate) -> (Fate, Vec<(usize, Fate)>) {
        if self.config.method == SelectionMethod::Named {
            let is_named = self.config.names.contains(&candidate.name);
            return (if is_named { Fate::Kept } else { Fate::NotNamed }, Vec::new());
        }
        if candidate.direction.is_empty() {
            return (Fate::Constant, Vec::new());
        }
        if candidate.p_value > self.config.max_p_value {
            return (Fate::Unrelated(candidate.p_value), Vec::new());
        }
        let limit = self.config.max_correlation;
        let mut alike = Vec::new();
        if limit < 1.0 {
            for (at, kept) in self.kept.iter().enumerate() {
                let correlation = dot(&kept.direction, &candidate.direction).abs();
                if correlation > limit {
                    alike.push((at, correlation));
                }
            }
        }
        let better = |&&(at, _): &&(usize, f64)| self.kept.get(at).is_some_and(|kept| kept.score >= candidate.score);
        if let Some(&(at, correlation)) = alike.iter().find(better) {
            let name = self.kept.get(at).map_or_else(String::new, |kept| kept.name.clone());
            return (Fate::Repeats(name, correlation), Vec::new());
        }
        let mut gone = Vec::new();
        for &(at, correlation) in alike.iter().rev() {
            let kept = self.kept.remove(at);
            gone.push((kept.feature, Fate::Repeats(candidate.name.clone(), correlation)));
        }
        if self.kept.len() >= self.capacity {
            // The last of the worst gives way, so that the plan's order decides between equals.
            let worst = (0..self.kept.len()).rev().min_by(|&a, &b| self.kept[a].score.total_cmp(&self.kept[b].score));
            match worst {
                Some(at) if self.kept[at].score < candidate.score => {
                    gone.push((self.kept.remove(at).feature, Fate::Outranked));
                }
                _ => return (Fate::Outranked, gone),
            }
        }
        self.kept.push(candidate);
        (Fate::Kept, gone)
    }
}

/// Some of the rows, evenly spread, all where there are few.
fn evenly(rows: &[u32], n: usize) -> Vec<u32> {
    if rows.len() <= n {
        return rows.to_vec();
    }
    (0..n).filter_map(|i| rows.get(i * rows.len() / n).copied()).collect()
}

/// Share of the values that differ from the most frequent one.
fn varied(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let most = values.chunk_by(|a, b| a == b).map(<[f64]>::len).max().unwrap_or(0);
    if values.is_empty() { 0.0 } else { 1.0 - most as f64 / values.len() as f64 }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    let mut lanes = [0.0_f32; 16];
    for (a, b) in a.chunks(16).zip(b.chunks(16)) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().map(|&lane| f64::from(lane)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(n: usize, step: f64) -> Vec<f64> {
        (0..n).map(|i| (i as f64 * step).sin()).collect()
    }

    fn fates(config: &FeatureSelection, capacity: usize, columns: &[Vec<f64>], label: Option<&[bool]>) -> Vec<Fate> {
        let cx = Cx::default();
        let mut selector = Selector::new(config, capacity, columns[0].len(), None, label, &cx);
        let mut fates = vec![Fate::Kept; columns.len()];
        for (i, column) in columns.iter().enumerate() {
            let candidate = selector.look(i, &format!("f{i}"), column, &cx).unwrap();
            let (fate, gone) = selector.offer(candidate);
            fates[i] = fate;
            gone.into_iter().for_each(|(feature, fate)| fates[feature] = fate);
        }
        fates
    }

    #[test]
    fn repeats_and_constants_are_left_out_in_the_order_of_the_plan() {
        let config = FeatureSelection { method: SelectionMethod::Correlation, ..FeatureSelection::default() };
        let a = wave(500, 0.3);
        let copy: Vec<f64> = a.iter().map(|v| 1e6 - 3.0 * v).collect();
        let got = fates(&config, 10, &[a, copy, vec![4.0; 500], wave(500, 1.7)], None);
        assert!(matches!(&got[1], Fate::Repeats(name, r) if name == "f0" && *r > 0.999), "{got:?}");
        assert_eq!((&got[0], &got[2], &got[3]), (&Fate::Kept, &Fate::Constant, &Fate::Kept));
    }

    #[test]
    fn the_most_telling_stay_where_room_is_short() {
        let label: Vec<bool> = (0..2000).map(|i| i % 20 == 0).collect();
        let telling: Vec<f64> =
            wave(2000, 0.9).iter().zip(&label).map(|(v, &l)| v * 0.1 + f64::from(u8::from(l))).collect();
        let config = FeatureSelection::default();
        let got = fates(&config, 1, &[wave(2000, 0.7), telling, wave(2000, 2.1)], Some(&label));
        assert_eq!(got, [Fate::Outranked, Fate::Kept, Fate::Outranked]);
        // Without labels what varies most stays, and of equals the first.
        let mostly_zero: Vec<f64> = (0..2000).map(|i| if i % 9 == 0 { f64::from(i) } else { 0.0 }).collect();
        let got = fates(&config, 1, &[mostly_zero, wave(2000, 0.7), wave(2000, 2.1)], None);
        assert_eq!(got, [Fate::Outranked, Fate::Kept, Fate::Outranked]);
    }

    #[test]
    fn named_features_stay_whatever_they_are() {
        let config = FeatureSelection {
            method: SelectionMethod::Named,
            names: vec!["f1".into()],
            ..FeatureSelection::default()
        };
        let got = fates(&config, 1, &[wave(50, 0.1), vec![1.0; 50]], None);
        assert_eq!(got, [Fate::NotNamed, Fate::Kept]);
    }
}
