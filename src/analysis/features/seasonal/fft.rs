//! Fourier transform of real numbers, of a length that is a power of two.
//!
//! Half the length as complex numbers, by Stockham's algorithm (radix 4, a last stage of radix 2 where needed): no bit
//! reversal, and inner loops over neighbouring numbers. Errors are of the order of 1e-16 times the square root of the
//! sum of squares.

use std::f64::consts::TAU;

use crate::cx::{Cancelled, Cx};

/// Real and imaginary parts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Complex {
    pub(super) re: Vec<f64>,
    pub(super) im: Vec<f64>,
}

impl Complex {
    fn zeros(n: usize) -> Self {
        Self { re: vec![0.0; n], im: vec![0.0; n] }
    }
}

/// X(k) = Σ x(t) exp(-2πi k t / n) for k = 0 to n / 2, where n, a power of two of at least 4, is the length `values`
/// are brought to with zeros (or cut to).
pub(super) fn real_fft(values: &[f64], n: usize, cx: &Cx) -> Result<Complex, Cancelled> {
    let half = n / 2;
    let mut packed = Complex::zeros(half);
    for ((re, im), pair) in packed.re.iter_mut().zip(&mut packed.im).zip(values.chunks(2)) {
        *re = pair[0];
        *im = pair.get(1).copied().unwrap_or(0.0);
    }
    // exp(-2πi k / n) for k < n / 2: every second one serves the complex transform.
    let waves = roots(n);
    let packed = complex_fft(packed, &waves, cx)?;
    let mut spectrum = Complex::zeros(half + 1);
    for k in 0..=half {
        let (a, b) = (k % half, (half - k) % half);
        let (even_re, even_im) = ((packed.re[a] + packed.re[b]) / 2.0, (packed.im[a] - packed.im[b]) / 2.0);
        let (odd_re, odd_im) = ((packed.im[a] + packed.im[b]) / 2.0, (packed.re[b] - packed.re[a]) / 2.0);
        let (wave_re, wave_im) = if k == half { (-1.0, 0.0) } else { (waves.re[k], waves.im[k]) };
        spectrum.re[k] = even_re + odd_re * wave_re - odd_im * wave_im;
        spectrum.im[k] = even_im + odd_re * wave_im + odd_im * wave_re;
    }
    Ok(spectrum)
}

/// exp(-2πi k / n) for k < n / 2.
fn roots(n: usize) -> Complex {
    let (im, re) = (0..n / 2).map(|k| (-TAU * (k as f64 / n as f64)).sin_cos()).unzip();
    Complex { re, im }
}

/// The transform of complex numbers; `waves` are the roots of twice as many.
fn complex_fft(mut from: Complex, waves: &Complex, cx: &Cx) -> Result<Complex, Cancelled> {
    let n = from.re.len();
    let mut to = Complex::zeros(n);
    // Transforms of length `len` are left, `apart` of them interleaved.
    let (mut len, mut apart) = (n, 1);
    while len > 1 {
        cx.check()?;
        pulp::Arch::new().dispatch(Stage { len, apart, waves, from: &from, to: &mut to });
        let radix = if len.is_multiple_of(4) { 4 } else { 2 };
        (len, apart) = (len / radix, apart * radix);
        std::mem::swap(&mut from, &mut to);
    }
    Ok(from)
}

/// One pass over all numbers. A type of its own, as a closure would not surely be compiled for the vector instructions
/// at hand.
struct Stage<'a> {
    len: usize,
    apart: usize,
    waves: &'a Complex,
    from: &'a Complex,
    to: &'a mut Complex,
}

impl pulp::NullaryFnOnce for Stage<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        if self.len.is_multiple_of(4) { self.radix_4() } else { self.radix_2() }
    }
}

impl Stage<'_> {
    /// exp(-2πi p / len).
    #[inline(always)]
    fn wave(&self, p: usize) -> (f64, f64) {
        let at = p * (2 * self.waves.re.len() / self.len);
        (self.waves.re[at], self.waves.im[at])
    }

    #[inline(always)]
    fn radix_4(self) {
        let (apart, quarter) = (self.apart, self.len / 4);
        let from = self.from;
        for p in 0..quarter {
            let (w1, w2) = (self.wave(p), self.wave(2 * p));
            let to = &mut *self.to;
            let w3 = (w1.0 * w2.0 - w1.1 * w2.1, w1.0 * w2.1 + w1.1 * w2.0);
            let [(a, ai), (b, bi), (c, ci), (d, di)] = std::array::from_fn(|part| {
                let start = apart * (p + part * quarter);
                (&from.re[start..start + apart], &from.im[start..start + apart])
            });
            let written = 4 * apart * p..4 * apart * (p + 1);
            let (y0, rest) = to.re[written.clone()].split_at_mut(apart);
            let (y1, rest) = rest.split_at_mut(apart);
            let (y2, y3) = rest.split_at_mut(apart);
            let (z0, rest) = to.im[written].split_at_mut(apart);
            let (z1, rest) = rest.split_at_mut(apart);
            let (z2, z3) = rest.split_at_mut(apart);
            let (y3, z3) = (&mut y3[..apart], &mut z3[..apart]);
            for q in 0..apart {
                let (sum, sum_i, gap, gap_i) = (a[q] + c[q], ai[q] + ci[q], a[q] - c[q], ai[q] - ci[q]);
                let (other, other_i, turn, turn_i) = (b[q] + d[q], bi[q] + di[q], di[q] - bi[q], b[q] - d[q]);
                (y0[q], z0[q]) = (sum + other, sum_i + other_i);
                let (re, im) = (gap - turn, gap_i - turn_i);
                (y1[q], z1[q]) = (re * w1.0 - im * w1.1, re * w1.1 + im * w1.0);
                let (re, im) = (sum - other, sum_i - other_i);
                (y2[q], z2[q]) = (re * w2.0 - im * w2.1, re * w2.1 + im * w2.0);
                let (re, im) = (gap + turn, gap_i + turn_i);
                (y3[q], z3[q]) = (re * w3.0 - im * w3.1, re * w3.1 + im * w3.0);
            }
        }
    }

    /// The last stage, of transforms of length 2.
    #[inline(always)]
    fn radix_2(self) {
        let (from, to) = (self.from, self.to);
        for (from, to) in [(&from.re, &mut to.re), (&from.im, &mut to.im)] {
            let (a, b) = from.split_at(self.apart);
            let (sums, gaps) = to.split_at_mut(self.apart);
            for (((sum, gap), a), b) in sums.iter_mut().zip(gaps).zip(a).zip(b) {
                (*sum, *gap) = (a + b, a - b);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::noise;
    use super::*;

    #[test]
    fn spectra_are_those_of_the_definition() {
        for n in [4_usize, 8, 16, 32, 64, 128, 256, 512] {
            // With zeros at the end, and with an odd number of values.
            for n_values in [n, n / 2 + 1] {
                let values = noise(n_values, n as u64);
                let spectrum = real_fft(&values, n, &Cx::default()).unwrap();
                assert_eq!(spectrum.re.len(), n / 2 + 1);
                for k in 0..=n / 2 {
                    let angle = |t: usize| -TAU * ((k * t % n) as f64 / n as f64);
                    let sum = |part: fn(f64) -> f64| -> f64 {
                        values.iter().enumerate().map(|(t, value)| value * part(angle(t))).sum()
                    };
                    assert!((spectrum.re[k] - sum(f64::cos)).abs() < 1e-12, "{n} {k}");
                    assert!((spectrum.im[k] - sum(f64::sin)).abs() < 1e-12, "{n} {k}");
                }
            }
        }
    }
}
