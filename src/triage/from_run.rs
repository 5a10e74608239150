//! From the result of a run to the alerts found in it: episodes, who voted, and what deviates.

use super::alert::{Assessment, DetectorVote, FeatureDeviation, NewAlert};
use super::episode::{Episode, ScoredRows, group};
use crate::analysis::rules::RuleHits;
use crate::engine::Snapshot;

/// The alerts of a result, worst first.
pub fn alerts_of(snapshot: &Snapshot) -> Vec<NewAlert> {
    let table = &snapshot.table;
    let rows = ScoredRows {
        order: &snapshot.surroundings.order,
        time: table.time(),
        entities: table.entities(),
        score: &snapshot.combined.score,
        severity: &snapshot.combined.severity,
    };
    let episodes = group(&rows, &snapshot.recipe.alerts);
    episodes.into_iter().map(|episode| alert(snapshot, episode)).collect()
}

fn alert(snapshot: &Snapshot, episode: Episode) -> NewAlert {
    let votes = votes(snapshot, episode.peak_row as usize);
    let top_features = deviations(snapshot, episode.peak_row as usize);
    let fires = |rule: &&RuleHits| episode.rows.iter().any(|&row| rule.contains(row));
    let rules = snapshot.surroundings.rules.iter().filter(fires).map(|rule| rule.name.clone()).collect();
    let assessment = assessment(snapshot, &episode);
    NewAlert { episode, fired: votes, rules, top_features, assessment, explanation: None }
}

/// How the worst row of an episode was judged.
fn assessment(snapshot: &Snapshot, episode: &Episode) -> Assessment {
    let (config, row) = (&snapshot.recipe.severity, episode.worst_row as usize);
    let score = snapshot.combined.score.get(row).copied().unwrap_or(episode.peak_score);
    let adjusted = snapshot.surroundings.circumstances.adjusted(row, score, config);
    Assessment {
        base: adjusted.base,
        factors: adjusted.factors(&config.dynamic_adjustment).collect(),
        priority: episode.severity.priority(config),
        response_minutes: episode.severity.response_minutes(config),
        probability: snapshot.certainty.probability.as_ref().and_then(|column| column.get(row)).copied(),
        confidence: snapshot.certainty.confidence.as_ref().and_then(|confidence| confidence.combined.get(row)).copied(),
    }
}

/// What each detector says about a row.
fn votes(snapshot: &Snapshot, row: usize) -> Vec<DetectorVote> {
    let members = snapshot.scores.iter().zip(&snapshot.combined.members);
    members
        .filter_map(|(scores, member)| {
            let score = *scores.raw.get(row)?;
            Some(DetectorVote {
                detector: scores.kind.name().to_owned(),
                score,
                normalized: member.normalized(score),
                voted: score > member.vote_threshold,
            })
        })
        .collect()
}

/// The features of a row that lie furthest from what is typical, in standard deviations; at most one per raw
/// column first, so that ten statistics of one spike do not hide the others.
fn deviations(snapshot: &Snapshot, row: usize) -> Vec<FeatureDeviation> {
    let (matrix, fitted) = (&snapshot.prepared.matrix, &snapshot.prepared.fitted);
    let columns = matrix.features().iter().zip(&fitted.features).zip(matrix.row(row));
    let mut all: Vec<FeatureDeviation> = columns
        .map(|((feature, fitted), &scaled)| {
            let value = fitted.raw_value(scaled);
            let deviation = if fitted.std > 0.0 { (value - fitted.median) / fitted.std } else { 0.0 };
            let (feature, source) = (feature.name.clone(), feature.source.clone());
            FeatureDeviation { feature, source, value, typical: fitted.median, deviation }
        })
        .collect();
    all.sort_by(|a, b| b.deviation.abs().total_cmp(&a.deviation.abs()));
    let n = snapshot.recipe.alerts.top_features as usize;
    let mut sources = std::collections::HashSet::new();
    let (mut leading, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|d| sources.insert(d.source.clone()));
    leading.truncate(n);
    let room = n - leading.len();
    leading.extend(rest.into_iter().take(room));
    leading
}
