//! Seasonal profile: trend, season and residual of a row from what came before it.
//!
//! The causal stand-in for the decompositions, for live use and for batches without a look ahead. What repeats is
//! learned once on training rows; every row is then taken apart by a trailing mean and that profile.

use serde::{Deserialize, Serialize};

use super::moving::TrailingMean;
use super::{Decomposition, Seasonal, SeasonalError, require};
use crate::cx::{Cancelled, Cx};

/// Rows between two looks at the cancel flag.
const CHECK_ROWS: usize = 4096;

/// Beyond this, a sum over a period could overflow.
const HUGE: f64 = 1e300;

/// What tells the phase of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// The rows of its entity before it: the first row an entity ever pushes is at phase 0, rows with a missing value
    /// count.
    Rows,
    /// Its time: ⌊time / step⌋ modulo the period, so a period is `period x step` long whatever rows are absent.
    Time {
        /// Microseconds per row; at least 1.
        step_micros: i64,
    },
}

impl Clock {
    fn phase(self, row: u64, time_micros: i64, period: usize) -> usize {
        match self {
            Self::Rows => (row % period as u64) as usize,
            Self::Time { step_micros } => time_micros.div_euclid(step_micros).rem_euclid(period as i64) as usize,
        }
    }
}

/// A row taken apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parts {
    /// Mean of the last values, without seasons where there are several; NaN while there are too few.
    pub trend: f64,
    /// Value - trend - all seasons; NaN while there is no trend.
    pub residual: f64,
}

/// Profiles learned on training rows.
///
/// With one period: trend = mean of the last `period` present values, the row's own included; season = the profile at
/// the row's phase, that is the mean of value - trend over the training rows of that phase; residual = value - trend -
/// season. With several, ascending, each period works on what the seasons before it left, as MSTL does in one round;
/// the trend is the last one's, that is the mean of the last (longest) `period` values without the other seasons.
///
/// The profile is not centred: a steady rise puts the trailing mean behind by half a period of rise, and that is part
/// of every phase, so that the residual of a series like the training rows is about 0. A phase that no training row has
/// takes the mean over all rows. A constant series has profile and residual 0. Values beyond ±1e300 count as ±1e300.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeasonalProfile {
    clock: Clock,
    /// Per period, ascending, the season of each phase.
    profiles: Vec<Vec<f64>>,
}

impl SeasonalProfile {
    /// Learns from training rows: per entity the values (missing: NaN or infinite) and the times in microseconds
    /// (empty where the clock counts rows), both in time order. All entities share the profiles: give those of one
    /// scale, or one alone.
    ///
    /// # Errors
    /// No period, or a period below 2; a step below 1; no entity with two of the longest period of present values;
    /// cancelled.
    pub fn fit(periods: &[usize], clock: Clock, entities: &[(&[f64], &[i64])], cx: &Cx) -> Result<Self, SeasonalError> {
        let mut periods = periods.to_vec();
        periods.sort_unstable();
        periods.dedup();
        let listed = || format!("{periods:?}");
        require(periods.first().is_some_and(|&period| period >= 2), "periods", listed(), "must be at least 2 each")?;
        if let Clock::Time { step_micros } = clock {
            require(step_micros >= 1, "step_micros", step_micros, "must be at least 1")?;
        }
        let longest = periods.last().copied().unwrap_or(0);
        let present = |values: &[f64]| values.iter().filter(|value| value.is_finite()).count();
        let n_rows = entities.iter().map(|(values, _)| present(values)).max().unwrap_or(0);
        if n_rows / 2 < longest {
            return Err(SeasonalError::TooShort { n_rows, period: longest });
        }
        let mut fitted = Self { clock, profiles: Vec::new() };
        for period in periods {
            let profile = fitted.next_profile(period, entities, cx)?;
            fitted.profiles.push(profile);
        }
        Ok(fitted)
    }

    /// The profile of one period more, on what the others leave.
    fn next_profile(&self, period: usize, entities: &[(&[f64], &[i64])], cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        let mut phases = vec![RunningMean::default(); period];
        let mut all = RunningMean::default();
        for (values, times) in entities {
            let mut trend = TrailingMean::new(period);
            for (row, &value) in values.iter().enumerate() {
                if row.is_multiple_of(CHECK_ROWS) {
                    cx.check()?;
                }
                let time = times.get(row).copied().unwrap_or(0);
                let rest = value.clamp(-HUGE, HUGE) - self.seasons(row as u64, time).sum::<f64>();
                if let Some(trend) = value.is_finite().then(|| trend.push(rest)).flatten() {
                    phases[self.clock.phase(row as u64, time, period)].add(rest - trend);
                    all.add(rest - trend);
                }
            }
        }
        Ok(phases.iter().map(|phase| if phase.n > 0.0 { phase.mean } else { all.mean }).collect())
    }

    /// The seasons at a row, periods ascending.
    fn seasons(&self, row: u64, time_micros: i64) -> impl Iterator<Item = f64> {
        self.profiles.iter().map(move |profile| profile[self.clock.phase(row, time_micros, profile.len())])
    }

    /// The periods, ascending.
    pub fn periods(&self) -> impl ExactSizeIterator<Item = usize> {
        self.profiles.iter().map(Vec::len)
    }

    /// The state of an entity of which no row has been seen.
    pub fn start(&self) -> ProfileState {
        ProfileState { row: 0, trend: TrailingMean::new(self.periods().last().unwrap_or(1)) }
    }

    /// Takes the next row of an entity apart. `seasons` takes one number per period, ascending. A missing value (NaN or
    /// infinite) gives NaN everywhere; it counts as a row, but leaves the trend as it is.
    pub fn push(&self, state: &mut ProfileState, value: f64, time_micros: i64, seasons: &mut [f64]) -> Parts {
        let row = state.row;
        state.row += 1;
        if !value.is_finite() {
            seasons.fill(f64::NAN);
            return Parts { trend: f64::NAN, residual: f64::NAN };
        }
        let value = value.clamp(-HUGE, HUGE);
        let mut rest = value;
        let mut last = 0.0;
        for (to, season) in seasons.iter_mut().zip(self.seasons(row, time_micros)) {
            *to = season;
            rest -= std::mem::replace(&mut last, season);
        }
        let trend = state.trend.push(rest).unwrap_or(f64::NAN);
        Parts { trend, residual: rest - last - trend }
    }

    /// Takes all rows of an entity apart, from its first on: the same bits as [`Self::push`] row by row.
    ///
    /// # Errors
    /// When cancelled.
    pub fn apply(&self, values: &[f64], times: &[i64], cx: &Cx) -> Result<Decomposition, Cancelled> {
        let part = || Vec::with_capacity(values.len());
        let (mut trend, mut residual) = (part(), part());
        let mut seasonal: Vec<Seasonal> = self.periods().map(|period| Seasonal { period, values: part() }).collect();
        let mut seasons = vec![0.0; seasonal.len()];
        let mut state = self.start();
        for (row, &value) in values.iter().enumerate() {
            if row.is_multiple_of(CHECK_ROWS) {
                cx.check()?;
            }
            let parts = self.push(&mut state, value, times.get(row).copied().unwrap_or(0), &mut seasons);
            trend.push(parts.trend);
            residual.push(parts.residual);
            seasonal.iter_mut().zip(&seasons).for_each(|(part, &season)| part.values.push(season));
        }
        Ok(Decomposition { trend, seasonal, residual, weights: None })
    }
}

/// What an entity's rows so far leave behind: about two of the longest period in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileState {
    /// Rows so far.
    row: u64,
    /// Of the last values without all seasons but the last.
    trend: TrailingMean,
}

/// A mean that never overflows.
#[derive(Debug, Clone, Copy, Default)]
struct RunningMean {
    n: f64,
    mean: f64,
}

impl RunningMean {
    fn add(&mut self, value: f64) {
        self.n += 1.0;
        self.mean += (value - self.mean) / self.n;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::noise;
    use super::*;

    const MINUTE: i64 = 60_000_000;

    fn fit(periods: &[usize], clock: Clock, values: &[f64], times: &[i64]) -> SeasonalProfile {
        SeasonalProfile::fit(periods, clock, &[(values, times)], &Cx::default()).unwrap()
    }

    /// The profile of one period by its definition, and the trend at each row.
    fn plain(values: &[f64], period: usize) -> (Vec<f64>, Vec<f64>) {
        let trend = |row: usize| {
            let last: Vec<f64> =
                values[..=row].iter().rev().copied().filter(|value| value.is_finite()).take(period).collect();
            let known = values[row].is_finite() && last.len() == period;
            if known { last.iter().sum::<f64>() / period as f64 } else { f64::NAN }
        };
        let trend: Vec<f64> = (0..values.len()).map(trend).collect();
        let profile = |phase: usize| {
            let rest = (phase..values.len()).step_by(period).map(|row| values[row] - trend[row]);
            let rest: Vec<f64> = rest.filter(|rest| rest.is_finite()).collect();
            rest.iter().sum::<f64>() / rest.len() as f64
        };
        ((0..period).map(profile).collect(), trend)
    }

    #[test]
    fn parts_are_those_of_the_definition() {
        let mut values: Vec<f64> = noise(90, 1).iter().zip(0..).map(|(v, t)| v + f64::from(t % 6)).collect();
        [3, 4, 40, 41, 42].into_iter().for_each(|row| values[row] = f64::NAN);
        let cx = Cx::default();
        let (profile, trend) = plain(&values, 6);
        let parts = fit(&[6], Clock::Rows, &values, &[]).apply(&values, &[], &cx).unwrap();
        let close = |got: f64, expected: f64| (got - expected).abs() < 1e-12 || (got.is_nan() && expected.is_nan());
        for row in 0..values.len() {
            let season = if values[row].is_nan() { f64::NAN } else { profile[row % 6] };
            assert!(close(parts.seasonal[0].values[row], season), "{row}");
            assert!(close(parts.trend[row], trend[row]), "{row}");
            assert!(close(parts.residual[row], values[row] - trend[row] - season), "{row}");
        }
        // The second period works on what the first left, and its trend is the one shown.
        let both = fit(&[15, 6], Clock::Rows, &values, &[]).apply(&values, &[], &cx).unwrap();
        let rest: Vec<f64> = values.iter().enumerate().map(|(row, value)| value - profile[row % 6]).collect();
        let (second, trend) = plain(&rest, 15);
        assert_eq!(both.seasonal.iter().map(|season| season.period).collect::<Vec<_>>(), [6, 15]);
        for row in 0..values.len() {
            assert!(close(both.trend[row], trend[row]), "{row}");
            assert!(close(both.residual[row], rest[row] - trend[row] - second[row % 15]), "{row}");
        }
    }

    #[test]
    fn the_clock_may_be_time() {
        // Half-hourly rows, of which some are absent: by time, the season stays where it is.
        let times: Vec<i64> = (0..400).filter(|t| t % 7 != 3).map(|t| (t - 50) * 30 * MINUTE + 5).collect();
        let value = |&time: &i64| f64::from(u8::from(time.rem_euclid(6 * 60 * MINUTE) < 60 * MINUTE));
        let values: Vec<f64> = times.iter().map(value).collect();
        let clock = Clock::Time { step_micros: 30 * MINUTE };
        let fitted = fit(&[12], clock, &values, &times);
        let parts = fitted.apply(&values, &times, &Cx::default()).unwrap();
        // Two of twelve phases are 1. The trailing mean differs by what is absent only.
        assert!(parts.residual[20..].iter().all(|rest| rest.abs() < 0.15), "{:?}", &parts.residual[20..]);
        let by_rows = fit(&[12], Clock::Rows, &values, &[]).apply(&values, &[], &Cx::default()).unwrap();
        assert!(by_rows.residual[20..].iter().any(|rest| rest.abs() > 0.5));
    }

    #[test]
    fn odd_training_rows() {
        let cx = Cx::default();
        // A phase that is never present takes the mean over all rows.
        let gaps: Vec<f64> = (0..40).map(|t| if t % 4 == 2 { f64::NAN } else { f64::from(t) }).collect();
        let fitted = fit(&[4], Clock::Rows, &gaps, &[]);
        let profile = &fitted.profiles[0];
        let rests: Vec<f64> = plain(&gaps, 4).1.iter().zip(&gaps).map(|(trend, value)| value - trend).collect();
        let known: Vec<f64> = rests.into_iter().filter(|rest| rest.is_finite()).collect();
        assert!((profile[2] - known.iter().sum::<f64>() / known.len() as f64).abs() < 1e-12);
        for value in [0.0, 7.0, 1e300, -1.7e308] {
            let parts = fit(&[5], Clock::Rows, &[value; 20], &[]).apply(&[value; 20], &[], &cx).unwrap();
            assert!(parts.residual[4..].iter().all(|rest| rest.abs() <= 1e-15 * value.abs()));
            assert!(parts.trend[..4].iter().all(|trend| trend.is_nan()));
        }
        let fit =
            |periods: &[usize], clock, values: &[f64]| SeasonalProfile::fit(periods, clock, &[(values, &[])], &cx);
        let short = SeasonalError::TooShort { n_rows: 9, period: 5 };
        assert_eq!(fit(&[2, 5], Clock::Rows, &[1.0; 9]).unwrap_err(), short);
        assert!(fit(&[2, 5], Clock::Rows, &[1.0; 10]).is_ok());
        for (periods, clock) in [(&[][..], Clock::Rows), (&[1], Clock::Rows), (&[2], Clock::Time { step_micros: 0 })] {
            assert!(matches!(fit(periods, clock, &[1.0; 10]), Err(SeasonalError::Setting { .. })));
        }
    }

    proptest! {
        /// The future changes nothing, and a stream that is stored and taken up again gives the bits of a batch.
        #[test]
        fn rows_depend_on_the_past_only(
            values in prop::collection::vec(prop_oneof![5 => -1e3_f64..1e3, 1 => Just(f64::NAN)], 30..80),
            cut in 0_usize..80,
            other in -1e6_f64..1e6,
        ) {
            let cut = cut.min(values.len());
            let training = noise(60, 3);
            let fitted = fit(&[3, 8], Clock::Rows, &training, &[]);
            let text = ron::to_string(&fitted).unwrap();
            prop_assert_eq!(&ron::from_str::<SeasonalProfile>(&text).unwrap(), &fitted);
            let cx = Cx::default();
            let batch = fitted.apply(&values, &[], &cx).unwrap();
            let mut changed = values.clone();
            changed[cut..].fill(other);
            let changed = fitted.apply(&changed, &[], &cx).unwrap();
            let mut state = fitted.start();
            let mut seasons = [0.0; 2];
            for (row, &value) in values.iter().enumerate().take(cut) {
                if row == cut / 2 {
                    state = ron::from_str(&ron::to_string(&state).unwrap()).unwrap();
                }
                let parts = fitted.push(&mut state, value, 0, &mut seasons);
                for (got, of_batch, of_changed) in [
                    (parts.trend, batch.trend[row], changed.trend[row]),
                    (parts.residual, batch.residual[row], changed.residual[row]),
                    (seasons[0], batch.seasonal[0].values[row], changed.seasonal[0].values[row]),
                    (seasons[1], batch.seasonal[1].values[row], changed.seasonal[1].values[row]),
                ] {
                    prop_assert_eq!(got.to_bits(), of_batch.to_bits());
                    prop_assert_eq!(got.to_bits(), of_changed.to_bits());
                }
            }
        }
    }
}
