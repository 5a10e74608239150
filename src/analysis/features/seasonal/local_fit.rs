//! Local fit: the weighted line (or mean) around one place, from the weights of its window to the fitted value.
//!
//! All of it is inlined into the caller, which chooses the vector instructions.

/// Standard deviation of the distances up to which a mean is fitted, not a line.
pub(super) fn least_spread(n: usize) -> f64 {
    0.001 * (n as f64 - 1.0)
}

/// Tricube weights around a place of what lies in the window, up to the distance `reach`.
#[inline(always)]
pub(super) fn tricube(place: usize, (first, last): (usize, usize), reach: f64, weights: &mut Vec<f64>) {
    let (nearly_none, nearly_all) = (0.001 * reach, 0.999 * reach);
    let start = first as f64 - place as f64;
    weights.clear();
    weights.resize(last + 1 - first, 0.0);
    let mut at = 0;
    // Counted in i32, which vectors can turn into floats.
    weights.iter_mut().for_each(|weight| {
        let distance = (start + f64::from(at)).abs();
        at += 1;
        let share = distance / reach;
        let rest = 1.0 - share * share * share;
        let inside = if distance <= nearly_none { 1.0 } else { rest * rest * rest };
        *weight = if distance <= nearly_all { inside } else { 0.0 };
    });
}

/// The factors of Σ w y and Σ w d y in a fit, from Σ w, Σ w d and Σ w d²; `least`: from which standard deviation of
/// the distances a line is fitted (`None`: never). NaN where all weights are 0.
#[inline(always)]
pub(super) fn factors([s0, s1, s2]: [f64; 3], least: Option<f64>) -> [f64; 2] {
    if s0 <= 0.0 {
        return [f64::NAN, 0.0];
    }
    let mean = s1 / s0;
    let variance = s2 / s0 - mean * mean;
    if least.is_some_and(|least| variance > 0.0 && variance.sqrt() > least) {
        let slope = -mean / variance;
        [(1.0 - mean * slope) / s0, slope / s0]
    } else {
        [1.0 / s0, 0.0]
    }
}

/// Turns weights into the filter that gives the fit. The first weight is at the distance `start`.
#[inline(always)]
pub(super) fn to_filter(weights: &mut [f64], start: f64, least: Option<f64>) {
    let (mut s0, mut s1, mut s2) = ([0.0; 8], [0.0; 8], [0.0; 8]);
    let mut distances: [f64; 8] = std::array::from_fn(|lane| start + lane as f64);
    let (blocks, rest) = weights.as_chunks::<8>();
    // One loop per sum: each becomes one instruction.
    for block in blocks {
        let mut terms = *block;
        s0.iter_mut().zip(&terms).for_each(|(sum, term)| *sum += term);
        terms.iter_mut().zip(&distances).for_each(|(term, distance)| *term *= distance);
        s1.iter_mut().zip(&terms).for_each(|(sum, term)| *sum += term);
        terms.iter_mut().zip(&distances).for_each(|(term, distance)| *term *= distance);
        s2.iter_mut().zip(&terms).for_each(|(sum, term)| *sum += term);
        distances.iter_mut().for_each(|distance| *distance += 8.0);
    }
    let mut sums = [s0, s1, s2].map(|lanes| lanes.iter().sum::<f64>());
    for (&weight, distance) in rest.iter().zip(distances) {
        sums[0] += weight;
        sums[1] += weight * distance;
        sums[2] += weight * distance * distance;
    }
    let [f0, f1] = factors(sums, least);
    let mut at = 0;
    weights.iter_mut().for_each(|weight| {
        *weight *= f0 + f1 * (start + f64::from(at));
        at += 1;
    });
}

/// Σ a b.
#[inline(always)]
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 16];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (a, b) in a.iter().zip(b) {
        sums.iter_mut().zip(a).zip(b).for_each(|((sum, a), b)| *sum += a * b);
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

/// Interleaved series with robustness weights of their own around one place.
pub(super) struct Side<'a> {
    pub(super) values: &'a [f64],
    pub(super) robust: &'a [f64],
    pub(super) stride: usize,
    /// By distance; one per value in the window.
    pub(super) weights: &'a [f64],
    /// Of the first value in the window from the place.
    pub(super) distance: f64,
    /// As in [`factors`].
    pub(super) least: Option<f64>,
}

impl Side<'_> {
    /// Fits `L` series next to each other, of which the first has its first value in the window at `start`.
    #[inline(always)]
    pub(super) fn fit<const L: usize>(&self, start: usize, fits: &mut [f64; L]) {
        let mut sums = [[0.0; L]; 5];
        for (row, &kernel) in self.weights.iter().enumerate() {
            let from = start + row * self.stride;
            let distance = self.distance + row as f64;
            let (values, robust) = (&self.values[from..from + L], &self.robust[from..from + L]);
            for lane in 0..L {
                let weight = kernel * robust[lane];
                sums[0][lane] += weight;
                sums[1][lane] += weight * distance;
                sums[2][lane] += weight * distance * distance;
                sums[3][lane] += weight * values[lane];
                sums[4][lane] += weight * distance * values[lane];
            }
        }
        let [s0, s1, s2, t0, t1] = sums;
        for lane in 0..L {
            let [f0, f1] = factors([s0[lane], s1[lane], s2[lane]], self.least);
            fits[lane] = t0[lane] * f0 + t1[lane] * f1;
        }
    }
}
