//! The standard normal distribution.

/// Probability of a value of at most `x`. Exact to about 1e-12 of it.
///
/// Below 4: West (2005), "Better approximations to cumulative normal functions", Wilmott, after Hart (1968). Beyond, where
/// that is exact in absolute terms only: the continued fraction, Abramowitz and Stegun (1964), 26.2.14.
pub(crate) fn cdf(x: f64) -> f64 {
    let size = x.abs();
    let tail = if size > 37.0 {
        0.0
    } else if size < 4.0 {
        let numerator = polynomial(
            size,
            [
                3.526_249_659_989_11e-2,
                0.700_383_064_443_688,
                6.373_962_203_531_65,
                33.912_866_078_383,
                112.079_291_497_871,
                221.213_596_169_931,
                220.206_867_912_376,
            ],
        );
        let denominator = polynomial(
            size,
            [
                8.838_834_764_831_84e-2,
                1.755_667_163_182_64,
                16.064_177_579_207,
                86.780_732_202_946_1,
                296.564_248_779_674,
                637.333_633_378_831,
                793.826_512_519_948,
                440.413_735_824_752,
            ],
        );
        (-size * size / 2.0).exp() * numerator / denominator
    } else {
        let fraction = (1..=60).rev().fold(size, |fraction, k| size + f64::from(k) / fraction);
        (-size * size / 2.0).exp() / fraction / std::f64::consts::TAU.sqrt()
    };
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// The value with that probability (above 0, below 1) of being at most as large. Exact to about 1e-15 of it.
///
/// Wichura (1988), "Algorithm AS 241", Applied Statistics 37.
pub(crate) fn quantile(probability: f64) -> f64 {
    let centred = probability - 0.5;
    if centred.abs() <= 0.425 {
        let r = 0.180_625 - centred * centred;
        let numerator = polynomial(
            r,
            [
                2_509.080_928_730_122_7,
                33_430.575_583_588_13,
                67_265.770_927_008_7,
                45_921.953_931_549_87,
                13_731.693_765_509_46,
                1_971.590_950_306_551_3,
                133.141_667_891_784_38,
                3.387_132_872_796_366_5,
            ],
        );
        let denominator = polynomial(
            r,
            [
                5_226.495_278_852_545,
                28_729.085_735_721_943,
                39_307.895_800_092_71,
                21_213.794_301_586_597,
                5_394.196_021_424_751,
                687.187_007_492_057_9,
                42.313_330_701_600_91,
                1.0,
            ],
        );
        return centred * numerator / denominator;
    }
    let r = (-probability.min(1.0 - probability).ln()).sqrt();
    let size = if r <= 5.0 {
        let r = r - 1.6;
        let numerator = polynomial(
            r,
            [
                7.745_450_142_783_414e-4,
                0.022_723_844_989_269_184,
                0.241_780_725_177_450_6,
                1.270_458_252_452_368_4,
                3.647_848_324_763_204_5,
                5.769_497_221_460_691,
                4.630_337_846_156_546,
                1.423_437_110_749_683_5,
            ],
        );
        let denominator = polynomial(
            r,
            [
                1.050_750_071_644_416_9e-9,
                5.475_938_084_995_345e-4,
                0.015_198_666_563_616_457,
                0.148_103_976_427_480_08,
                0.689_767_334_985_1,
                1.676_384_830_183_803_8,
                2.053_191_626_637_759,
                1.0,
            ],
        );
        numerator / denominator
    } else {
        let r = r - 5.0;
        let numerator = polynomial(
            r,
            [
                2.010_334_399_292_288_1e-7,
                2.711_555_568_743_487_6e-5,
                0.001_242_660_947_388_078_4,
                0.026_532_189_526_576_124,
                0.296_560_571_828_504_87,
                1.784_826_539_917_291_3,
                5.463_784_911_164_114,
                6.657_904_643_501_103,
            ],
        );
        let denominator = polynomial(
            r,
            [
                2.044_263_103_389_939_8e-15,
                1.421_511_758_316_446e-7,
                1.846_318_317_510_054_8e-5,
                7.868_691_311_456_133e-4,
                0.014_875_361_290_850_615,
                0.136_929_880_922_735_8,
                0.599_832_206_555_888,
                1.0,
            ],
        );
        numerator / denominator
    };
    size.copysign(centred)
}

/// Coefficients from the highest power down.
fn polynomial<const N: usize>(x: f64, coefficients: [f64; N]) -> f64 {
    coefficients.into_iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scipy() {
        // scipy.stats.norm.cdf(x)
        for (x, want) in CDF {
            assert!((cdf(x) - want).abs() <= 1e-12 * want, "{x}: {} {want}", cdf(x));
        }
        // scipy.stats.norm.ppf(p)
        for (p, want) in QUANTILES {
            assert!((quantile(p) - want).abs() <= 2e-14 * want.abs(), "{p}: {} {want}", quantile(p));
        }
        assert_eq!((cdf(-50.0), cdf(50.0), quantile(0.5)), (0.0, 1.0, 0.0));
    }

    const CDF: [(f64, f64); 15] = [
        (-30.0, 4.906713927147908e-198),
        (-8.0, 6.22096057427174e-16),
        (-7.2, 3.010627981117422e-13),
        (-7.0, 1.279812543885835e-12),
        (-4.5, 3.3976731247300535e-06),
        (-2.0, 0.022750131948179195),
        (-0.7, 0.24196365222307303),
        (-0.001, 0.49960105778608893),
        (0.0, 0.5),
        (0.3, 0.6179114221889526),
        (1.0, 0.8413447460685429),
        (1.96, 0.9750021048517795),
        (3.3, 0.9995165758576162),
        (5.0, 0.9999997133484281),
        (7.1, 0.9999999999993762),
    ];

    const QUANTILES: [(f64, f64); 16] = [
        (1e-300, -37.0470962993612),
        (1e-20, -9.262340089798409),
        (1e-12, -7.034483825301131),
        (1e-09, -5.9978070150076865),
        (1e-07, -5.1993375821928165),
        (0.0001, -3.7190164854556804),
        (0.01, -2.3263478740408408),
        (0.07, -1.4757910281791706),
        (0.0751, -1.4388253927525403),
        (0.2, -0.8416212335729142),
        (0.49, -0.02506890825871106),
        (0.7, 0.5244005127080407),
        (0.925, 1.4395314709384563),
        (0.93, 1.475791028179171),
        (0.999, 3.090232306167813),
        (0.9999999, 5.199337582290661),
    ];
}
