//! Fourier terms: sine and cosine waves of a known period and its fractions.

use std::f64::consts::TAU;

use super::{SeasonalError, require};

/// Most waves of a period.
const MAX_ORDER: u32 = 1000;

/// sin(2πk t / period) and cos(2πk t / period) for k = 1 to the order: sin 1, cos 1, sin 2, …, as
/// `statsmodels.tsa.deterministic.Fourier`. Causal: a row's terms depend on its own t only.
#[derive(Debug, Clone, PartialEq)]
pub struct Fourier {
    period: Period,
    order: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Period {
    Rows(f64),
    Micros(i64),
}

impl Fourier {
    /// Waves over row numbers, `period` in rows, not necessarily whole.
    ///
    /// # Errors
    /// An order of 0, above 1000 or above half the period (such waves look the same as slower ones).
    pub fn of_rows(period: f64, order: u32) -> Result<Self, SeasonalError> {
        require((1..=MAX_ORDER).contains(&order), "order", order, "must be 1 to 1000")?;
        let twice = 2.0 * f64::from(order);
        require(period.is_finite() && period >= twice, "period", period, "must be at least 2 x order")?;
        Ok(Self { period: Period::Rows(period), order })
    }

    /// Waves over time, `period_secs` in seconds (kept to the microsecond). With rows more than half the period / order
    /// apart, fast waves look the same as slower ones.
    ///
    /// # Errors
    /// An order of 0 or above 1000, a period of less than a microsecond or more than 1e12 seconds.
    pub fn of_time(period_secs: f64, order: u32) -> Result<Self, SeasonalError> {
        require((1..=MAX_ORDER).contains(&order), "order", order, "must be 1 to 1000")?;
        let micros = (period_secs * 1e6).round();
        let must = "must be from a microsecond to 1e12 seconds";
        require((1.0..=1e18).contains(&micros), "period", period_secs, must)?;
        Ok(Self { period: Period::Micros(micros as i64), order })
    }

    /// Number of terms: two times the order.
    pub fn n_terms(&self) -> usize {
        2 * self.order as usize
    }

    /// The terms at `t`: a row number, or microseconds since the epoch. `terms` holds [`Self::n_terms`] numbers.
    ///
    /// k t is reduced modulo the period in whole numbers (row numbers with a period that is not whole: exactly up to
    /// 2^53), so times far from 0 are as exact as those near it: to 1e-15.
    pub fn write(&self, t: i64, terms: &mut [f64]) {
        for (k, term) in (1..=self.order).zip(terms.chunks_exact_mut(2)) {
            (term[0], term[1]) = (self.share(t, k) * TAU).sin_cos();
        }
    }

    /// The terms of many rows, column by column.
    pub fn columns(&self, times: &[i64]) -> Vec<Vec<f64>> {
        let mut columns = vec![Vec::with_capacity(times.len()); self.n_terms()];
        let mut terms = vec![0.0; self.n_terms()];
        for &t in times {
            self.write(t, &mut terms);
            columns.iter_mut().zip(&terms).for_each(|(column, &term)| column.push(term));
        }
        columns
    }

    /// k t / period modulo 1.
    fn share(&self, t: i64, k: u32) -> f64 {
        match self.period {
            Period::Rows(period) => (t as f64).rem_euclid(period) * f64::from(k) % period / period,
            Period::Micros(period) => {
                // 64 bits nearly always hold the product, and divide much faster.
                let (within, k) = (t.rem_euclid(period), i64::from(k));
                let wide = || (i128::from(within) * i128::from(k) % i128::from(period)) as i64;
                let within = within.checked_mul(k).map_or_else(wide, |product| product % period);
                within as f64 / period as f64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_times_lose_nothing() {
        let day = Fourier::of_time(86_400.0, 30).unwrap();
        let (mut near, mut far) = (vec![0.0; 60], vec![0.0; 60]);
        for within in [0, 1, 12_345_678_901, 86_399_999_999] {
            day.write(within, &mut near);
            for days in [-100_000, 1, 20_000, 100_000_000] {
                day.write(within + days * 86_400_000_000, &mut far);
                assert_eq!(near, far);
            }
        }
        // Hand-computed: a quarter and a twelfth of a day.
        day.write(1_700_006_400_000_000 + 21_600_000_000, &mut far);
        for (got, expected) in far.iter().zip([1.0, 0.0, 0.0, -1.0, -1.0, 0.0, 0.0, 1.0]) {
            assert!((got - expected).abs() < 1e-14);
        }
        day.write(7_200_000_000, &mut far);
        assert!((far[0] - 0.5).abs() < 1e-15 && (far[1] - 0.75_f64.sqrt()).abs() < 1e-15);
        // Rows with a period that is not whole: 4e15 + 3 is 3 after a whole number of periods of 12.5.
        let rows = Fourier::of_rows(12.5, 2).unwrap();
        let columns = rows.columns(&[3, 4_000_000_000_000_003]);
        assert!(columns.iter().all(|column| column[0] == column[1]));
        // Longer than 64 bits.
        let long = Fourier::of_time(1e12, 1000).unwrap();
        let mut terms = vec![0.0; 2000];
        long.write(250_000_000_000_000_000, &mut terms);
        assert!((terms[1996] + 1.0).abs() < 1e-12 && terms[1999] == 1.0, "{:?}", &terms[1996..]);
    }

    #[test]
    fn periods_and_orders_are_checked() {
        assert!(Fourier::of_rows(24.0, 12).is_ok());
        for waves in [
            Fourier::of_rows(24.0, 13),
            Fourier::of_rows(24.0, 0),
            Fourier::of_rows(f64::NAN, 1),
            Fourier::of_time(0.0, 1),
            Fourier::of_time(f64::INFINITY, 1),
            Fourier::of_time(60.0, 1001),
        ] {
            assert!(matches!(waves, Err(SeasonalError::Setting { .. })), "{waves:?}");
        }
    }
}
