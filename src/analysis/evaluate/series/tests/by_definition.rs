//! Against the definitions, taken word for word and slowly, on random series.

use proptest::prelude::*;

use super::super::*;
use crate::cx::Cx;
use crate::data::SeriesOrder;

/// Rows whose labels and flags come in runs, with scores full of ties.
fn series(most: usize) -> impl Strategy<Value = Vec<(bool, bool, f64)>> {
    let piece = (any::<bool>(), any::<bool>(), -3..4_i8, 1..5_usize);
    proptest::collection::vec(piece, 1..most).prop_map(|pieces| {
        let rows = pieces.into_iter().enumerate().flat_map(|(at, (label, flag, score, len))| {
            (0..len).map(move |row| (label, flag, f64::from(score) + ((at * 7 + row * 3) % 4) as f64))
        });
        rows.collect()
    })
}

/// The first row of each maximal run, by looking back one row, with its rows.
fn slow_runs(flags: &[bool]) -> Vec<Vec<usize>> {
    let starts = (0..flags.len()).filter(|&row| flags[row] && (row == 0 || !flags[row - 1]));
    starts.map(|start| (start..flags.len()).take_while(|&row| flags[row]).collect()).collect()
}

/// Areas for one window by the definition: every threshold looks at every row.
fn slow_areas(labels: &[bool], scores: &[f64], width: usize) -> (f64, f64) {
    let (n, half) = (labels.len(), width / 2);
    let events = slow_runs(labels);
    let soft: Vec<f64> = (0..n)
        .map(|row| {
            let mut label = f64::from(u8::from(labels[row]));
            for event in &events {
                let (first, last) = (event[0], event[event.len() - 1]);
                let distance = if row < first { first - row } else { row.saturating_sub(last) };
                if distance > 0 && distance <= half {
                    label += (1.0 - distance as f64 / width as f64).sqrt();
                }
            }
            label.min(1.0)
        })
        .collect();
    let mut areas: Vec<Vec<usize>> = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let (first, last) = (event[0], event[event.len() - 1]);
        let rows: Vec<usize> = (first.saturating_sub(half)..=(last + half).min(n - 1)).collect();
        let before = at.checked_sub(1).map(|at| events[at][events[at].len() - 1]);
        match before {
            Some(before) if before + half >= first.saturating_sub(half) => areas.last_mut().unwrap().extend(rows),
            _ => areas.push(rows),
        }
    }
    let mut sorted = scores.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let mut points = vec![(0.0, 0.0, 1.0)];
    for i in 0..N_THRESHOLDS {
        let rank = ((n - 1) as f64 / 249.0 * i as f64) as usize;
        let threshold = sorted[if i == 249 { n - 1 } else { rank }];
        let pred: Vec<bool> = scores.iter().map(|&score| score >= threshold).collect();
        let sum = |keep: &dyn Fn(usize) -> bool| (0..n).filter(|&row| keep(row)).map(|row| soft[row]).sum::<f64>();
        let n_labels = labels.iter().filter(|&&label| label).count() as f64;
        let hits = sum(&|row| pred[row]);
        let kept = n_labels + sum(&|row| pred[row] && !labels[row]);
        let positives = (n_labels + kept) / 2.0;
        let found = areas.iter().filter(|rows| rows.iter().any(|&row| pred[row])).count();
        let n_pred = pred.iter().filter(|&&pred| pred).count() as f64;
        let tpr = f64::min(hits / positives, 1.0) * found as f64 / areas.len() as f64;
        points.push(((n_pred - hits) / (n as f64 - positives), tpr, hits / n_pred));
    }
    let pr: f64 = points.windows(2).map(|p| (p[1].1 - p[0].1) * p[1].2).sum();
    points.push((1.0, 1.0, 0.0));
    let roc: f64 = points.windows(2).map(|p| (p[1].0 - p[0].0) * (p[1].1 + p[0].1) / 2.0).sum();
    (roc, pr)
}

/// NAB's score at a threshold by its rules: the best alarm of each window, every alarm outside.
fn slow_nab(series: &[(Vec<f64>, Vec<bool>)], threshold: f64, [hit, miss, false_alarm]: [f64; 3]) -> Option<f64> {
    let sigmoid = |x: f64| 2.0 / (1.0 + (5.0 * x).exp()) - 1.0;
    let (mut raw, mut silent, mut windows) = (0.0, 0.0, 0);
    for (scores, labels) in series {
        let n = scores.len();
        let probation = ((0.15 * n as f64) as usize).min(750);
        let alarm = |row: usize| row >= probation && scores[row] >= threshold;
        let runs = slow_runs(labels);
        for run in &runs {
            let width = run.len() as f64;
            let worth = |row: usize| sigmoid(-((run[run.len() - 1] - row + 1) as f64) / width) / sigmoid(-1.0);
            let best = run.iter().filter(|&&row| alarm(row)).map(|&row| worth(row) * hit).reduce(f64::max);
            let reachable = run.iter().any(|&row| row >= probation);
            raw += best.unwrap_or(if reachable { -miss } else { 0.0 });
            silent -= if reachable { miss } else { 0.0 };
            windows += 1;
        }
        for row in (0..n).filter(|&row| alarm(row) && !labels[row]) {
            let past = runs.iter().rev().find(|run| run[0] < row).map(|run| {
                let x = (row - run[run.len() - 1]) as f64 / (run.len() as f64 - 1.0);
                if x > 3.0 { -1.0 } else { sigmoid(x) }
            });
            raw += past.unwrap_or(-1.0) * false_alarm;
        }
    }
    (windows > 0).then(|| 100.0 * (raw - silent) / (f64::from(windows) * hit - silent))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn areas_of_every_window(rows in series(18), window in 0..12_usize) {
        let labels: Vec<bool> = rows.iter().map(|row| row.0).collect();
        let scores: Vec<f64> = rows.iter().map(|row| row.2).collect();
        let ours = vus(&labels, &scores, window, &Cx::default()).unwrap();
        let both = labels.contains(&true) && labels.contains(&false);
        prop_assert_eq!(ours.is_some(), both);
        if let Some(ours) = ours {
            let slow: Vec<(f64, f64)> = (0..=window).map(|width| slow_areas(&labels, &scores, width)).collect();
            let mean = |part: fn(&(f64, f64)) -> f64| slow.iter().map(part).sum::<f64>() / slow.len() as f64;
            prop_assert!((ours.vus_roc - mean(|areas| areas.0)).abs() < 1e-12);
            prop_assert!((ours.vus_pr - mean(|areas| areas.1)).abs() < 1e-12);
            let last = slow.last().unwrap();
            prop_assert!((ours.r_auc_roc - last.0).abs() < 1e-12 && (ours.r_auc_pr - last.1).abs() < 1e-12);
        }
    }

    #[test]
    fn counts_of_events_rows_and_delays(rows in series(25)) {
        let labels: Vec<bool> = rows.iter().map(|row| row.0).collect();
        let flags: Vec<bool> = rows.iter().map(|row| row.1).collect();
        let (events, alarms) = (slow_runs(&labels), slow_runs(&flags));
        let (found, missed): (Vec<_>, Vec<_>) = events.iter().partition(|run| run.iter().any(|&row| flags[row]));
        let expected = EventCounts {
            events: events.len(),
            found: found.len(),
            alarms: alarms.len(),
            false_alarms: alarms.iter().filter(|run| !run.iter().any(|&row| labels[row])).count(),
            found_rows: found.iter().map(|run| run.len()).sum(),
            missed_rows: missed.iter().map(|run| run.len()).sum(),
            false_rows: rows.iter().filter(|row| row.1 && !row.0).count(),
        };
        let (label_runs, flag_runs) = (Runs::of(&labels), Runs::of(&flags));
        prop_assert_eq!(EventCounts::of(&label_runs, &flag_runs), expected);
        let mut late: Vec<usize> = found.iter().map(|run| run.iter().take_while(|&&row| !flags[row]).count()).collect();
        late.sort_unstable();
        let delay = DetectionDelay::of(&label_runs, &flag_runs, &[]);
        prop_assert_eq!(delay.is_some(), !late.is_empty());
        if let Some(delay) = delay {
            let n = late.len();
            prop_assert!((delay.mean_rows - late.iter().sum::<usize>() as f64 / n as f64).abs() < 1e-12);
            prop_assert_eq!(delay.median_rows, (late[(n - 1) / 2] + late[n / 2]) as f64 / 2.0);
            prop_assert_eq!((delay.mean_secs, delay.median_secs), (None, None));
        }
    }

    #[test]
    fn nab_at_every_threshold_and_at_the_best(all in proptest::collection::vec(series(20), 1..4)) {
        let all: Vec<(Vec<f64>, Vec<bool>)> = all.into_iter()
            .map(|rows| (rows.iter().map(|row| row.2).collect(), rows.iter().map(|row| row.0).collect()))
            .collect();
        let windows: Vec<Runs> = all.iter().map(|(_, labels)| Runs::of(labels)).collect();
        let series = all.iter().zip(&windows).map(|((scores, _), windows)| NabSeries { scores, windows });
        let nab = Nab::new(series, &Cx::default()).unwrap();
        let weights = [[1.0, 1.0, 0.11], [1.0, 1.0, 0.22], [1.0, 2.0, 0.11]];
        for (profile, weights) in NabProfile::ALL.into_iter().zip(weights) {
            let mut best = None::<f64>;
            for step in -8..=17 {
                let threshold = f64::from(step) / 2.0;
                let slow = slow_nab(&all, threshold, weights);
                let ours = nab.at(threshold, profile).score;
                prop_assert_eq!(ours.is_some(), slow.is_some());
                if let (Some(ours), Some(slow)) = (ours, slow) {
                    prop_assert!((ours - slow).abs() < 1e-9, "{ours}, not {slow}");
                    best = Some(best.map_or(slow, |best| best.max(slow)));
                }
            }
            let ours = nab.best(profile);
            prop_assert_eq!(ours.score.is_some(), best.is_some());
            if let (Some(score), Some(best)) = (ours.score, best) {
                prop_assert!((score - best).abs() < 1e-9, "{score}, not {best}");
                let again = nab.at(ours.threshold.unwrap_or(f64::INFINITY), profile);
                prop_assert_eq!(again, ours);
            }
        }
    }

    /// Rows of several entities in any order give the metrics of the series one by one, combined as documented.
    #[test]
    fn entities_are_combined_as_documented(
        all in proptest::collection::vec(series(9), 1..5), shift in 1..50_usize, window in 0..9_usize,
    ) {
        let cx = Cx::default();
        let mut rows: Vec<(u32, i64, (bool, bool, f64))> = Vec::new();
        for (entity, series) in (0..).zip(&all) {
            rows.extend((0..).zip(series).map(|(time, &row)| (entity, 1_000_000 * time, row)));
        }
        let middle = shift % rows.len();
        rows.rotate_left(middle);
        let times: Vec<i64> = rows.iter().map(|row| row.1).collect();
        let codes: Vec<u32> = rows.iter().map(|row| row.0).collect();
        let order = SeriesOrder::new(rows.len(), &times, &codes);
        let labels: Vec<bool> = rows.iter().map(|row| row.2.0).collect();
        let flags: Vec<bool> = rows.iter().map(|row| row.2.1).collect();
        let scores: Vec<f64> = rows.iter().map(|row| row.2.2).collect();
        let table = SeriesRows { order: &order, times: &times, labels: &labels, scores: &scores, flags: &flags };
        let ours = SeriesMetrics::of(&table, window, &cx).unwrap();

        let (mut areas, mut found, mut n_events, mut late, mut reward, mut nab) =
            (Vec::new(), 0, 0, Vec::new(), 0.0, Vec::new());
        for series in &all {
            let labels: Vec<bool> = series.iter().map(|row| row.0).collect();
            let flags: Vec<bool> = series.iter().map(|row| row.1).collect();
            let scores: Vec<f64> = series.iter().map(|row| row.2).collect();
            areas.extend(vus(&labels, &scores, window, &cx).unwrap().map(|v| v.vus_pr));
            for event in slow_runs(&labels) {
                let hits: Vec<usize> = event.iter().copied().filter(|&row| flags[row]).collect();
                let pieces = slow_runs(&flags).iter().filter(|run| run.iter().any(|row| event.contains(row))).count();
                n_events += 1;
                if let Some(first) = hits.first() {
                    found += 1;
                    late.push((first - event[0]) as f64);
                    reward += 0.2 + 0.8 * hits.len() as f64 / event.len() as f64 / pieces as f64;
                }
            }
            nab.push((scores, labels));
        }
        prop_assert_eq!((ours.series, ours.series_with_events), (all.len(), areas.len()));
        prop_assert_eq!(ours.vus.is_some(), !areas.is_empty());
        if let Some(vus) = ours.vus {
            prop_assert!((vus.vus_pr - areas.iter().sum::<f64>() / areas.len() as f64).abs() < 1e-12);
        }
        prop_assert_eq!(ours.events.recall.is_some(), n_events > 0);
        if let (Some(recall), Some(ranges)) = (ours.events.recall, ours.ranges.recall) {
            prop_assert!((recall - f64::from(found) / f64::from(n_events)).abs() < 1e-12);
            prop_assert!((ranges - reward / f64::from(n_events)).abs() < 1e-12);
        }
        prop_assert_eq!(ours.delay.is_some(), !late.is_empty());
        if let Some(delay) = ours.delay {
            // One row is one second here.
            prop_assert!((delay.mean_rows - late.iter().sum::<f64>() / late.len() as f64).abs() < 1e-12);
            prop_assert!((delay.mean_secs.unwrap() - delay.mean_rows).abs() < 1e-9);
            prop_assert_eq!(delay.median_secs, Some(delay.median_rows));
        }
        let standard = ours.nab.standard;
        let slow = slow_nab(&nab, standard.threshold.unwrap_or(f64::INFINITY), [1.0, 1.0, 0.11]);
        prop_assert_eq!(standard.score.is_some(), slow.is_some());
        prop_assert!((standard.score.unwrap_or(0.0) - slow.unwrap_or(0.0)).abs() < 1e-9);
    }
}
