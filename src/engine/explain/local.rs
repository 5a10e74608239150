//! A linear model of a score around one row.

use super::attribute::BLOCK_ROWS;
use super::{ExplainError, Explainer, Explanation, Method, Target};
use crate::analysis::explain::Attribution;
use crate::analysis::explain::lime::Lime;
use crate::cx::Cx;
use crate::data::Matrix;
use crate::engine::Snapshot;

impl Explainer {
    /// LIME of a row: contributions are the effect of each number times its distance from the mean of the background. The
    /// base is what the model leaves of the score.
    pub(super) fn local_model(
        &self,
        snapshot: &Snapshot,
        row: u32,
        target: Target,
        cx: &Cx,
    ) -> Result<Explanation, ExplainError> {
        let config = &snapshot.recipe.explanation;
        let lime = Lime {
            n_samples: config.lime_samples as usize,
            seed: snapshot.recipe.compute.seed,
            block_rows: BLOCK_ROWS,
            ..Lime::default()
        };
        let numbers = self.detectors.numbers(self.features(), &[row], cx)?;
        let (width, scorer) = (numbers.n_features(), self.scorer(snapshot, row));
        let detector = match target {
            Target::Combined => None,
            Target::Detector(kind) => Some(self.place_of(kind)?),
        };
        let names = self.features().shared_features();
        let f = |rows: &[f64]| {
            let own = vec![row; rows.len() / width];
            match detector {
                None => self.combined_scores(&scorer, rows, width, &own, cx),
                Some(detector) => self.detectors.scores(detector, rows, width, &own, &names, cx),
            }
        };
        cx.progress().start("LIME", 0);
        let (mean, std) = moments(&self.background_numbers);
        let model = lime.explain(&f, numbers.row(0), &mean, &std, cx)?;
        let of_player =
            |player: &super::Player| player.numbers.iter().filter_map(|&at| model.contributions.get(at)).sum::<f64>();
        let contributions: Vec<f64> = self.players.iter().map(of_player).collect();
        let base = model.value - contributions.iter().sum::<f64>();
        let found = Attribution { base, value: model.value, contributions, standard_errors: Vec::new() };
        let explained = self.explanation(row, target, Method::Lime, &found);
        let explained = Explanation { fit: model.r_squared, ..explained };
        Ok(match target {
            Target::Combined => super::combined::with_rules(explained, snapshot, &scorer),
            Target::Detector(_) => explained,
        })
    }
}

/// Mean and standard deviation (n) of each column.
fn moments(x: &Matrix) -> (Vec<f64>, Vec<f64>) {
    let (n, d) = (x.n_rows().max(1) as f64, x.n_features());
    let mut mean = vec![0.0; d];
    x.iter_rows().for_each(|row| mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value / n));
    let mut variance = vec![0.0; d];
    for row in x.iter_rows() {
        let parts = variance.iter_mut().zip(row.iter().zip(&mean));
        parts.for_each(|(variance, (value, mean))| *variance += (value - mean).powi(2) / n);
    }
    (mean, variance.into_iter().map(f64::sqrt).collect())
}
