//! The contributions that fit the pairs of coalitions best, and how sure they are.
//!
//! With z the flags of a coalition S and y = (v(S) - v(S')) / 2 for its complement S', the weighted regression with the
//! sum constraint is that of y - (s - d / 2) Δ / d on u = z - s / d over contributions ψ = φ - Δ / d that add up to 0.

use super::coalitions::{Pairs, Stratum};
use crate::analysis::detect::cholesky::{Cholesky, dot};
use crate::cx::{Cancelled, Cx};

/// Contributions and their standard errors; the latter are empty where no coalition is missing.
pub(super) struct Fit {
    pub contributions: Vec<f64>,
    pub standard_errors: Vec<f64>,
}

/// Fits contributions that add up to `total` to half the difference between the worth of each coalition and of its
/// complement.
pub(super) fn fit(pairs: &Pairs, halves: &[f64], total: f64, cx: &Cx) -> Result<Fit, Cancelled> {
    let d = pairs.n_players;
    let even = total / d as f64;
    // The lower triangle.
    let mut gram = vec![0.0; d * (d + 1) / 2];
    let mut psi = vec![0.0; d];
    let mut trace = 0.0;
    for ((flags, weight), half) in pairs.iter().zip(weights(pairs)).zip(halves) {
        cx.check()?;
        let (u, y) = centred(flags, *half, even);
        trace += weight * dot(&u, &u);
        let mut rest = gram.as_mut_slice();
        for (at, (own, sum)) in u.iter().zip(&mut psi).enumerate() {
            let (line, after) = rest.split_at_mut(at + 1);
            line.iter_mut().zip(&u).for_each(|(sum, other)| *sum += weight * own * other);
            *sum += weight * own * y;
            rest = after;
        }
    }
    // The matrix is blind to adding the same to all. As many times the matrix of ones as its other eigenvalues are on
    // average makes it regular and leaves solutions that add up to 0 as they are.
    let ones = trace / ((d - 1) * d) as f64;
    gram.iter_mut().for_each(|value| *value += ones);
    let Some(factor) = Cholesky::new(&gram, 0.0, f64::MIN_POSITIVE, cx)? else {
        // Never: all coalitions of one player are there, which is enough for a regular matrix.
        return Ok(Fit { contributions: vec![even; d], standard_errors: vec![f64::INFINITY; d] });
    };
    factor.solve(&mut psi);
    // Rounding only.
    let off = psi.iter().sum::<f64>() / d as f64;
    psi.iter_mut().for_each(|value| *value -= off);
    let is_whole = pairs.strata.iter().all(Stratum::is_whole);
    let standard_errors = if is_whole { Vec::new() } else { standard_errors(pairs, halves, even, &psi, &factor, cx)? };
    Ok(Fit { contributions: psi.into_iter().map(|value| even + value).collect(), standard_errors })
}

/// Standard errors of a regression on a stratified sample without replacement, by linearisation (Binder 1983, "On the
/// variances of asymptotically normal estimators from complex surveys"): the variance within strata of what a pair
/// moves the contributions by, with the finite population correction. Residuals are enlarged by their leverage
/// (MacKinnon and White 1985, HC2).
fn standard_errors(
    pairs: &Pairs,
    halves: &[f64],
    even: f64,
    psi: &[f64],
    factor: &Cholesky,
    cx: &Cx,
) -> Result<Vec<f64>, Cancelled> {
    let d = pairs.n_players;
    // In units of the largest difference, whose square may be beyond a number's range.
    let unit = halves.iter().fold(0.0_f64, |most, half| most.max(half.abs()));
    let unit = if unit > 0.0 { unit } else { 1.0 };
    let mut variances = vec![0.0; d];
    let mut taken = pairs.iter().zip(weights(pairs)).zip(halves);
    for stratum in &pairs.strata {
        let n = stratum.n_taken as f64;
        let (mut means, mut squares) = (vec![0.0; d], vec![0.0; d]);
        for (at, ((flags, weight), half)) in taken.by_ref().take(stratum.n_taken).enumerate() {
            cx.check()?;
            if stratum.is_whole() {
                continue;
            }
            let (u, y) = centred(flags, *half, even);
            let mut moves = u.clone();
            factor.solve(&mut moves);
            let leverage = weight * dot(&u, &moves);
            let residual = (y - dot(&u, psi)) / unit / (1.0 - leverage).max(0.1).sqrt();
            for ((mean, square), direction) in means.iter_mut().zip(&mut squares).zip(&moves) {
                let moved = stratum.weight * residual * direction;
                let off = moved - *mean;
                *mean += off / (at + 1) as f64;
                *square += off * (moved - *mean);
            }
        }
        if !stratum.is_whole() {
            let missing = 1.0 - n / stratum.n_all;
            variances.iter_mut().zip(squares).for_each(|(sum, square)| *sum += missing * square / (n - 1.0) / n);
        }
    }
    Ok(variances.into_iter().map(|variance| unit * variance.sqrt()).collect())
}

/// The weight of each pair: that of its stratum, shared by those taken of it.
fn weights(pairs: &Pairs) -> impl Iterator<Item = f64> {
    pairs
        .strata
        .iter()
        .flat_map(|stratum| std::iter::repeat_n(stratum.weight / stratum.n_taken as f64, stratum.n_taken))
}

/// The flags less their mean, and the difference less what even contributions explain.
fn centred(flags: &[bool], half: f64, even: f64) -> (Vec<f64>, f64) {
    let d = flags.len() as f64;
    let size = flags.iter().filter(|&&is_in| is_in).count() as f64;
    (flags.iter().map(|&is_in| f64::from(is_in) - size / d).collect(), half - (size - d / 2.0) * even)
}
