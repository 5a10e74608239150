//! What can be said of a result without labels: how alike the detectors are, how stable the scores, how tight the rows.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::EvaluationError;
use crate::analysis::detect::{self, FittedDetector as _, Input};
use crate::analysis::evaluate::agreement::{Agreement, Stability};
use crate::analysis::evaluate::level_sets::{ExcessMass, MassVolume, UniformRows, feature_subsets};
use crate::cx::Cx;
use crate::data::Matrix;
use crate::engine::run::{Engine, Given, RunError};
use crate::engine::snapshot::Snapshot;
use crate::recipe::{CheckedRecipe, DetectorKind};

/// Random stream of the halves of the rows; others use the low ones.
const HALVES_STREAM: u64 = 1 << 42;
/// Rows that excess mass and mass volume are measured on, at most, at even steps.
const MOST_MASS_ROWS: usize = 10_000;
/// Beyond this many features uniform rows miss the data, and the mean over subsets of five takes their place (Goix 2016).
const MOST_FEATURES: usize = 8;
const N_SUBSETS: usize = 10;
const FEATURES_PER_SUBSET: usize = 5;

/// What can be said without labels.
#[derive(Debug, Clone, Serialize)]
pub struct Unlabelled {
    /// The detectors, in the order of the matrices.
    pub detectors: Vec<&'static str>,
    /// How alike their scores are; `None` for a single detector.
    pub agreement: Option<Agreement>,
    /// Cohen's kappa of their votes, row after row; `None` where both call all rows the same.
    pub kappa: Vec<Option<f64>>,
    /// How alike the combined scores are when the detectors learn from other halves of the rows with other seeds.
    pub stability: Option<Stability>,
    /// How tightly each detector encloses the rows; detectors of series are left out.
    pub mass: Vec<MassReport>,
}

/// How tightly a detector encloses the rows (Goix 2016).
#[derive(Debug, Clone, Serialize)]
pub struct MassReport {
    /// Name of the detector.
    pub detector: &'static str,
    /// Area under the excess-mass curve, the larger the better; `None` where the uniform rows miss the data.
    pub excess_mass: Option<f64>,
    /// Area under the mass-volume curve, the smaller the better.
    pub mass_volume: Option<f64>,
}

impl Engine {
    pub(super) fn unlabelled(&self, snapshot: &Snapshot, cx: &Cx) -> Result<Unlabelled, EvaluationError> {
        let columns: Vec<&[f64]> = snapshot.scores.iter().map(|scores| &scores.raw[..]).collect();
        let share = snapshot.recipe.ensemble.contamination;
        let enough = columns.len() > 1 && snapshot.table.n_rows() > 1;
        let agreement = if enough { Some(Agreement::of(&columns, share, cx)?) } else { None };
        let n = columns.len();
        let votes = snapshot.combined.votes.as_ref();
        let kappa =
            |i: usize| votes.and_then(|votes| votes.agreement.pair(i / n, i % n)).and_then(|pair| pair.cohen_kappa);
        Ok(Unlabelled {
            detectors: snapshot.scores.iter().map(|scores| scores.kind.name()).collect(),
            agreement,
            kappa: (0..n * n).map(kappa).collect(),
            stability: stability(self, snapshot, cx)?,
            mass: mass(snapshot, cx)?,
        })
    }
}

/// Runs with other seeds over random halves of the rows, and how alike their combined scores are.
pub(in crate::engine) fn stability(
    engine: &Engine,
    snapshot: &Snapshot,
    cx: &Cx,
) -> Result<Option<Stability>, EvaluationError> {
    let config = &snapshot.recipe.evaluation;
    let (n_rows, n_runs) = (snapshot.table.n_rows(), config.stability_runs);
    if n_runs < 2 || n_rows < 4 {
        return Ok(None);
    }
    let mut columns = Vec::new();
    for run in 0..n_runs {
        let seed = snapshot.recipe.compute.seed.wrapping_add(u64::from(run) + 1);
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(HALVES_STREAM);
        let half: Vec<bool> = (0..n_rows).map(|_| random.random()).collect();
        let mut recipe = snapshot.recipe.clone().into_inner();
        recipe.compute.seed = seed;
        // Only the seed has changed: the recipe is as valid as before.
        let Ok(recipe) = recipe.checked() else { continue };
        let given = Given { training: Some(half), ..Given::default() };
        columns.push(engine.run(&snapshot.table, &recipe, &given, cx, &|_| {})?.combined.score.clone());
    }
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    Ok(Agreement::of(&columns, snapshot.recipe.ensemble.contamination, cx)?.stability())
}

/// The mean excess mass of the detectors that have one.
pub(in crate::engine) fn excess_mass(snapshot: &Snapshot, cx: &Cx) -> Result<Option<f64>, EvaluationError> {
    let areas: Vec<f64> = mass(snapshot, cx)?.iter().filter_map(|report| report.excess_mass).collect();
    Ok((!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64))
}

fn mass(snapshot: &Snapshot, cx: &Cx) -> Result<Vec<MassReport>, EvaluationError> {
    let config = &snapshot.recipe.evaluation;
    let matrix = &snapshot.prepared.matrix;
    if config.uniform_rows == 0 || matrix.n_rows() < 2 {
        return Ok(Vec::new());
    }
    let step = matrix.n_rows().div_ceil(MOST_MASS_ROWS).max(1);
    let rows: Vec<u32> = (0..u32::try_from(matrix.n_rows()).unwrap_or(u32::MAX)).step_by(step).collect();
    let sample = matrix.select(&rows);
    let views: Vec<Matrix> = if sample.n_features() <= MOST_FEATURES {
        vec![sample]
    } else {
        let subsets = feature_subsets(sample.n_features(), N_SUBSETS, FEATURES_PER_SUBSET, cx.seed);
        subsets.iter().filter_map(|features| sample.select_features(features)).collect()
    };
    let uniform = views
        .iter()
        .map(|view| UniformRows::draw(view, config.uniform_rows as usize, cx))
        .collect::<Result<Vec<_>, _>>()
        .map_err(RunError::from)?;
    let kinds = snapshot.recipe.detectors.enabled().filter(|&kind| !detect::uses_series(kind));
    kinds.map(|kind| of_detector(kind, &snapshot.recipe, &views, &uniform, cx)).collect()
}

/// A detector, fitted on each view of the rows. A mean over the views that have an area.
fn of_detector(
    kind: DetectorKind,
    recipe: &CheckedRecipe,
    views: &[Matrix],
    uniform: &[UniformRows],
    cx: &Cx,
) -> Result<MassReport, EvaluationError> {
    let (mut excess, mut volume) = (Vec::new(), Vec::new());
    for (view, uniform) in views.iter().zip(uniform) {
        let input = Input::from(view);
        let score = || {
            let fitted = detect::fit(kind, &recipe.detectors, input, cx)?;
            Ok::<_, detect::DetectError>((
                fitted.training_scores(input, cx)?,
                fitted.decision_function(Input::from(&uniform.rows), cx)?,
            ))
        };
        let (scores, uniform) = score().map_err(RunError::from)?;
        excess.extend(ExcessMass::of(&scores, &uniform).and_then(|curve| curve.area));
        volume.extend(MassVolume::of(&scores, &uniform).map(|curve| curve.area));
    }
    let mean = |areas: &[f64]| (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64);
    Ok(MassReport { detector: kind.name(), excess_mass: mean(&excess), mass_volume: mean(&volume) })
}
