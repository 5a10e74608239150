//! Vectors of f32 or f64 behind one name, so that kernels are written once for both.

use pulp::{Arch, Simd, WithSimd, bytemuck};

/// A number that vector registers hold: f32 or f64.
pub(super) trait Real: bytemuck::Pod + Send + Sync + PartialOrd {
    /// A register full of them.
    type Lanes<S: Simd>: Copy;

    /// Zero.
    const ZERO: Self;

    /// Terms between 0 and 1 that may be added up before rounding errors matter.
    const ADDENDS: usize;

    /// Rounds a number to this type; infinite where it is too large.
    fn from_f64(value: f64) -> Self;
    /// The number as f64, without loss.
    fn to_f64(self) -> f64;
    /// Views numbers as registers. What does not fill one at the end is left out.
    fn lanes<S: Simd>(values: &[Self]) -> &[Self::Lanes<S>];
    /// Views numbers as registers to write to.
    fn lanes_mut<S: Simd>(values: &mut [Self]) -> &mut [Self::Lanes<S>];
    /// The same number in every lane.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Lanes<S>;
    /// a + b.
    fn add<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>) -> Self::Lanes<S>;
    /// a - b.
    fn sub<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>) -> Self::Lanes<S>;
    /// a · b.
    fn mul<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>) -> Self::Lanes<S>;
    /// a / b.
    fn div<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>) -> Self::Lanes<S>;
    /// a · b + c, rounded once where the machine can.
    fn mul_add<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>, c: Self::Lanes<S>) -> Self::Lanes<S>;
    /// c - a · b, rounded once where the machine can.
    fn mul_sub<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>, c: Self::Lanes<S>) -> Self::Lanes<S>;
    /// 2^x for x at most the largest exponent; below the smallest normal exponent the smallest normal number.
    /// Relative error: 1 unit in the last place or two. 2^0 is exactly 1. Without branches.
    fn exp2<S: Simd>(simd: S, x: Self::Lanes<S>) -> Self::Lanes<S>;
    /// The smaller of a and b, lane by lane.
    fn min<S: Simd>(simd: S, a: Self::Lanes<S>, b: Self::Lanes<S>) -> Self::Lanes<S>;
}

/// 2^r = 1 + c₀r + c₁r² + … for |r| ≤ ½: the polynomial with the smallest largest relative error (Remez), 2.5e-9.
#[allow(clippy::approx_constant, clippy::excessive_precision, reason = "the best polynomial, not the constants")]
const EXP2_F32: [f32; 6] = [0.693_147_2, 0.240_226_51, 0.055_503_27, 0.009_618_057, 0.001_340_042_8, 0.000_154_614_45];

/// The same to a relative error of 2.9e-16.
#[allow(clippy::approx_constant, clippy::excessive_precision, reason = "the best polynomial, not the constants")]
const EXP2_F64: [f64; 10] = [
    0.693_147_180_559_949_98,
    0.240_226_506_959_100_98,
    0.055_504_108_664_447_72,
    0.009_618_129_107_606_889,
    0.001_333_355_823_016_499_7,
    0.000_154_035_304_417_360_5,
    0.000_015_252_657_260_200_837,
    1.321_544_258_792_168_9e-6,
    1.020_868_970_029_583_1e-7,
    7.072_585_949_269_224e-9,
];

macro_rules! real {
    ($real:ident, $lanes:ident, $as_simd:ident, $as_mut_simd:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident,
     $div:ident, $mul_add:ident, $negate_mul_add:ident, $min:ident, $max:ident, $exp2:ident, $addends:literal) => {
        impl Real for $real {
            type Lanes<S: Simd> = S::$lanes;

            const ZERO: Self = 0.0;
            const ADDENDS: usize = $addends;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as Self
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn lanes<S: Simd>(values: &[Self]) -> &[S::$lanes] {
                S::$as_simd(values).0
            }

            #[inline(always)]
            fn lanes_mut<S: Simd>(values: &mut [Self]) -> &mut [S::$lanes] {
                S::$as_mut_simd(values).0
            }

            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> S::$lanes {
                simd.$splat(value)
            }

            #[inline(always)]
            fn add<S: Simd>(simd: S, a: S::$lanes, b: S::$lanes) -> S::$lanes {
                simd.$add(a, b)
            }

            #[inline(always)]
            fn sub<S: Simd>(simd: S, a: S::$lanes, b: S::$lanes) -> S::$lanes {
                simd.$sub(a, b)
            }

            #[inline(always)]
            fn mul<S: Simd>(simd: S, a: S::$lanes, b: S::$lanes) -> S::$lanes {
                simd.$mul(a, b)
            }

            #[inline(always)]
            fn div<S: Simd>(simd: S, a: S::$lanes, b: S::$lanes) -> S::$lanes {
                simd.$div(a, b)
            }

            #[inline(always)]
            fn mul_add<S: Simd>(simd: S, a: S::$lanes, b: S::$lanes, c: S::$lanes) -> S::$lanes {
                simd.$mul_add(a, b, c)
            }

            #[inline(always)]
            fn mul_sub<S: Simd>(simd: S, a: S::$lanes, b: S::$lanes, c: S::$lanes) -> S::$lanes {
                simd.$negate_mul_add(a, b, c)
            }

            #[inline(always)]
            fn exp2<S: Simd>(simd: S, x: S::$lanes) -> S::$lanes {
                $exp2(simd, x)
            }

            #[inline(always)]
            fn min<S: Simd>(simd: S, a: S::$lanes, b: S::$lanes) -> S::$lanes {
                simd.$min(a, b)
            }
        }
    };
}

real! {
    f32, f32s, as_simd_f32s, as_mut_simd_f32s, splat_f32s, add_f32s, sub_f32s, mul_f32s, div_f32s,
    mul_add_e_f32s, negate_mul_add_e_f32s, min_f32s, max_f32s, exp2_f32, 4
}
real! {
    f64, f64s, as_simd_f64s, as_mut_simd_f64s, splat_f64s, add_f64s, sub_f64s, mul_f64s, div_f64s,
    mul_add_e_f64s, negate_mul_add_e_f64s, min_f64s, max_f64s, exp2_f64, 1024
}

#[inline(always)]
fn exp2_f32<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // 1.5 · 2^23 rounds to a whole number n, which then stands in the low bits; 127 is the bias of the exponent.
    let round = simd.splat_f32s(12_582_912.0 + 127.0);
    let x = simd.max_f32s(x, simd.splat_f32s(-126.0));
    let shifted = simd.add_f32s(x, round);
    let r = simd.sub_f32s(x, simd.sub_f32s(shifted, round));
    let mut series = simd.splat_f32s(0.0);
    for &coefficient in EXP2_F32.iter().rev() {
        series = simd.mul_add_e_f32s(series, r, simd.splat_f32s(coefficient));
    }
    series = simd.mul_add_e_f32s(series, r, simd.splat_f32s(1.0));
    let bits = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(23));
    simd.mul_f32s(series, simd.transmute_f32s_u32s(bits))
}

#[inline(always)]
fn exp2_f64<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    // 1.5 · 2^52 rounds to a whole number n. Adding n to 1.5 · 2^20 then puts it into the low bits of the upper half,
    // as the lower half counts 2^-32 each; a shift by 20 within halves moves it, with the bias, to the exponent.
    let round = simd.splat_f64s(6_755_399_441_055_744.0);
    let place = simd.splat_f64s(1_572_864.0 + 1023.0);
    let x = simd.max_f64s(x, simd.splat_f64s(-1022.0));
    let n = simd.sub_f64s(simd.add_f64s(x, round), round);
    let r = simd.sub_f64s(x, n);
    let mut series = simd.splat_f64s(0.0);
    for &coefficient in EXP2_F64.iter().rev() {
        series = simd.mul_add_e_f64s(series, r, simd.splat_f64s(coefficient));
    }
    series = simd.mul_add_e_f64s(series, r, simd.splat_f64s(1.0));
    let mut power = simd.add_f64s(n, place);
    if size_of::<S::u32s>() == size_of::<S::f64s>() {
        power = bytemuck::cast(simd.wrapping_dyn_shl_u32s(bytemuck::cast(power), simd.splat_u32s(20)));
    } else {
        // A machine without vectors: a register of halves is half as wide.
        let numbers: &mut [u64] = bytemuck::cast_slice_mut(std::slice::from_mut(&mut power));
        numbers.iter_mut().for_each(|number| *number <<= 20);
    }
    simd.mul_f64s(series, power)
}

/// Replaces each number x by 2^x, as [`Real::exp2`] does. Their number is a multiple of 8.
pub(crate) fn exp2(values: &mut [f64]) {
    Arch::new().dispatch(Exp2(values));
}

struct Exp2<'a, T>(&'a mut [T]);

impl<T: Real> WithSimd for Exp2<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for value in T::lanes_mut::<S>(self.0) {
            *value = T::exp2(simd, *value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_agree_with_the_standard_library() {
        let exponents: Vec<f64> = (0..160_000).map(|i| f64::from(i) * -0.006_387_1).collect();
        let mut ours = exponents.clone();
        pulp::Arch::new().dispatch(Exp2(&mut ours));
        let mut plain = exponents.clone();
        pulp::Scalar.vectorize(Exp2(&mut plain));
        for ((ours, plain), exponent) in ours.iter().zip(&plain).zip(&exponents) {
            let expected = exponent.exp2();
            assert!((ours - expected).abs() <= 1e-15 * expected, "{exponent}: {ours}");
            assert!((plain - expected).abs() <= 1e-15 * expected, "{exponent}: {plain}");
        }
        let mut narrow: Vec<f32> = exponents[..19_200].iter().map(|&x| x as f32).collect();
        let wide: Vec<f64> = narrow.iter().map(|&x| f64::from(x).exp2()).collect();
        pulp::Arch::new().dispatch(Exp2(&mut narrow));
        for (ours, expected) in narrow.iter().zip(&wide) {
            assert!((f64::from(*ours) - expected).abs() <= 2.4e-7 * expected, "{ours} {expected}");
        }
    }

    #[test]
    fn ends_of_the_range() {
        let mut values = [0.0_f64, -1022.0, -1e300, f64::NEG_INFINITY, 100.0, 0.0, 0.0, 0.0];
        pulp::Arch::new().dispatch(Exp2(&mut values));
        assert_eq!(values[..5], [1.0, f64::MIN_POSITIVE, f64::MIN_POSITIVE, f64::MIN_POSITIVE, 100.0_f64.exp2()]);
        let mut values = [0.0_f32; 16];
        values[..3].copy_from_slice(&[0.0, -126.0, f32::NEG_INFINITY]);
        pulp::Arch::new().dispatch(Exp2(&mut values));
        assert_eq!(values[..3], [1.0, f32::MIN_POSITIVE, f32::MIN_POSITIVE]);
    }
}
