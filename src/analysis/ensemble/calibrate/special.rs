//! The exponential, logistic and error functions, without branches, so that the compiler works on columns with SIMD.
//!
//! No fused multiply-add: a value alone and the same value in a column give the same bits on every machine.

use rayon::prelude::*;

use crate::cx::{Cancelled, Cx};

/// Rows that one thread works on at a time.
const CHUNK_ROWS: usize = 1 << 13;

/// Runs `work`, compiled for the widest SIMD of the machine; it should be `#[inline(always)]`, with loops rather than
/// iterator closures inside, since those would be compiled apart.
#[inline(always)]
pub(in crate::analysis::ensemble) fn with_simd(work: impl FnMut()) {
    struct Work<F>(F);
    impl<F: FnMut()> pulp::WithSimd for Work<F> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: pulp::Simd>(mut self, _: S) {
            // By reference: a closure that is called by value gets a function of its own around it.
            (self.0)();
        }
    }
    pulp::Arch::new().dispatch(Work(work));
}

/// `f` of each value. `f` should be `#[inline(always)]`, without branches, and own what it needs.
pub(in crate::analysis::ensemble) fn map_column(
    values: &[f64],
    cx: &Cx,
    f: impl Fn(f64) -> f64 + Copy + Sync,
) -> Result<Vec<f64>, Cancelled> {
    let mut mapped = vec![0.0; values.len()];
    mapped.par_chunks_mut(CHUNK_ROWS).zip(values.par_chunks(CHUNK_ROWS)).try_for_each(|(mapped, values)| {
        cx.check()?;
        with_simd(
            #[inline(always)]
            || {
                // A copy, which no store into the column can change: else the loop has to look at its fields each time.
                let curve = f;
                for (mapped, value) in mapped.iter_mut().zip(values) {
                    *mapped = curve(*value);
                }
            },
        );
        Ok(())
    })?;
    Ok(mapped)
}

/// `1 / (1 + exp(-x))`: the probability of log-odds `x`. Within 1e-15 relative; at least 3e-308.
#[inline(always)]
pub(in crate::analysis::ensemble) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

/// `exp(x)` within 4e-16 relative, for `x` held in -708 to 709, where the result is an ordinary number.
///
/// `x` is split into a multiple of ln 2, which goes into the exponent, and a rest of at most ln 2 / 2 (Cody, Waite
/// 1980), for which the Taylor series is exact after 13 terms.
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    /// Adding it leaves a whole number in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    // ln 2, in two parts: a product of the first with a whole number below 2^11 is exact.
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const ONE_BITS: u64 = 1023 << 52;
    let x = x.clamp(-708.0, 709.0);
    let rounded = x * std::f64::consts::LOG2_E + ROUND;
    let power = rounded - ROUND;
    let rest = (x - power * LN_2_HIGH) - power * LN_2_LOW;
    let mut sum = 1.0 / 6_227_020_800.0;
    for factorial in [479_001_600.0, 39_916_800.0, 3_628_800.0, 362_880.0, 40_320.0, 5040.0, 720.0, 120.0] {
        sum = sum * rest + 1.0 / factorial;
    }
    sum = ((((sum * rest + 1.0 / 24.0) * rest + 1.0 / 6.0) * rest + 0.5) * rest + 1.0) * rest + 1.0;
    sum * f64::from_bits((rounded.to_bits() << 52).wrapping_add(ONE_BITS))
}

/// The error function of `x`, or 0 where `x` is below 0; within 4e-16.
///
/// Rational approximations of Cody (1969), "Rational Chebyshev approximations for the error function".
#[inline(always)]
pub(super) fn erf_above_zero(x: f64) -> f64 {
    const SMALL_ABOVE: [f64; 5] = [
        1.857_777_061_846_031_5e-1,
        3.161_123_743_870_565_6,
        1.138_641_541_510_501_6e2,
        3.774_852_376_853_02e2,
        3.209_377_589_138_469_5e3,
    ];
    const SMALL_BELOW: [f64; 5] =
        [1.0, 2.360_129_095_234_412e1, 2.440_246_379_344_441_7e2, 1.282_616_526_077_372_3e3, 2.844_236_833_439_171e3];
    const LARGE_ABOVE: [f64; 9] = [
        2.153_115_354_744_038_5e-8,
        5.641_884_969_886_701e-1,
        8.883_149_794_388_376,
        6.611_919_063_714_163e1,
        2.986_351_381_974_001e2,
        8.819_522_212_417_69e2,
        1.712_047_612_634_070_6e3,
        2.051_078_377_826_071_5e3,
        1.230_339_354_797_997_2e3,
    ];
    const LARGE_BELOW: [f64; 9] = [
        1.0,
        1.574_492_611_070_983_5e1,
        1.176_939_508_913_125e2,
        5.371_811_018_620_099e2,
        1.621_389_574_566_690_2e3,
        3.290_799_235_733_459_6e3,
        4.362_619_090_143_247e3,
        3.439_367_674_143_721_6e3,
        1.230_339_354_803_749_4e3,
    ];
    // At 6 the function is 1 in double precision.
    let x = x.clamp(0.0, 6.0);
    let small = x * polynomial(SMALL_ABOVE, x * x) / polynomial(SMALL_BELOW, x * x);
    let large = 1.0 - exp(-x * x) * polynomial(LARGE_ABOVE, x) / polynomial(LARGE_BELOW, x);
    if x <= 0.46875 { small } else { large }
}

/// Coefficient of the highest power first.
#[inline(always)]
fn polynomial<const N: usize>(coefficients: [f64; N], x: f64) -> f64 {
    let mut sum = 0.0;
    for coefficient in coefficients {
        sum = sum * x + coefficient;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_function_is_that_of_scipy() {
        // scipy.special.erf
        for (x, expected) in [
            (0.0, 0.0),
            (1e-300, 1.1283791670955126e-300),
            (1e-3, 0.0011283787909692363),
            (0.2, 0.22270258921047847),
            (0.46875, 0.492613473217938),
            (0.47, 0.49374505088608206),
            (1.0, 0.8427007929497148),
            (2.5, 0.999593047982555),
            (4.5, 0.9999999998033839),
            (5.5, 0.9999999999999926),
            (7.0, 1.0),
            (1e300, 1.0),
            (-0.5, 0.0),
        ] {
            let got = erf_above_zero(x);
            assert!((got - expected).abs() <= 3e-16 * expected.sqrt(), "erf({x}) = {got}");
        }
    }

    #[test]
    fn the_exponential_is_that_of_the_standard_library() {
        for step in -70_800..70_900 {
            let x = f64::from(step) * 0.01;
            let (got, expected) = (exp(x), x.exp());
            assert!((got / expected - 1.0).abs() < 4.5e-16, "exp({x}) = {got}, not {expected}");
        }
        assert!(exp(-1e300) > 0.0 && exp(-1e300) < 1e-300 && exp(1e300).is_finite() && exp(0.0) == 1.0);
    }

    #[test]
    fn the_logistic_function_is_symmetric_and_bounded() {
        // scipy.special.expit
        for (x, expected) in [(0.0, 0.5), (1.5, 0.8175744761936437), (-20.0, 2.0611536181902037e-9)] {
            assert!((logistic(x) / expected - 1.0).abs() < 1e-15, "{x}");
        }
        assert_eq!((logistic(f64::INFINITY), logistic(1e300)), (1.0, 1.0));
        assert!(logistic(-1e300) > 0.0 && logistic(f64::NEG_INFINITY) < 1e-300);
    }

    #[test]
    fn a_column_gives_the_bits_of_its_values() {
        let values: Vec<f64> = (0..20_000).map(|i| f64::from(i).sin() * 50.0).collect();
        let logits = map_column(&values, &Cx::default(), logistic).unwrap();
        let erfs = map_column(&values, &Cx::default(), erf_above_zero).unwrap();
        for (row, value) in values.iter().enumerate() {
            assert_eq!(logits[row].to_bits(), logistic(*value).to_bits());
            assert_eq!(erfs[row].to_bits(), erf_above_zero(*value).to_bits());
        }
        let cx = Cx::default();
        cx.cancel();
        assert_eq!(map_column(&values, &cx, logistic), Err(Cancelled));
    }
}
