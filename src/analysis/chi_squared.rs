//! The chi-squared distribution.
//!
//! Press et al.: Numerical recipes, 3rd edition (2007), section 6.2.

/// Probability of a value of at most `x`, for `df` degrees of freedom (above 0). Exact to about 1e-13.
pub fn cdf(x: f64, df: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let (a, x) = (df / 2.0, x / 2.0);
    let scale = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 { scale * series(a, x) } else { 1.0 - scale * continued_fraction(a, x) }
}

/// The value with that probability (0 up to, but not, 1) of being at most as large.
pub fn quantile(probability: f64, df: f64) -> f64 {
    let (mut low, mut high) = (0.0, df + 10.0);
    while cdf(high, df) < probability {
        (low, high) = (high, high * 2.0);
    }
    // Halving until no number lies between.
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return high;
        }
        if cdf(middle, df) < probability { low = middle } else { high = middle }
    }
}

fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
    while term > sum * f64::EPSILON {
        n += 1.0;
        term *= x / n;
        sum += term;
    }
    sum
}

/// By the method of Lentz.
fn continued_fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let mut c = f64::MAX;
    let mut d = 1.0 / b;
    let mut fraction = d;
    let mut i = 0.0;
    loop {
        i += 1.0;
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / (an * d + b);
        c = b + an / c;
        fraction *= d * c;
        if (d * c - 1.0).abs() <= f64::EPSILON || i > 1e5 {
            return fraction;
        }
    }
}

/// Logarithm of the gamma function of half a whole number or any other value above 0: Stirling's series after moving
/// up to at least 15.
fn ln_gamma(value: f64) -> f64 {
    let (mut z, mut below) = (value, 1.0);
    while z < 15.0 {
        below *= z;
        z += 1.0;
    }
    let inverse = 1.0 / z;
    let square = inverse * inverse;
    let series = inverse
        * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square * (1.0 / 1680.0 - square / 1188.0))));
    (z - 0.5) * z.ln() - z + 0.5 * std::f64::consts::TAU.ln() + series - below.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_scipy() {
        // scipy.stats.chi2.cdf(x, df)
        for (x, df, expected) in CDF {
            assert!((cdf(x, df) - expected).abs() < 1e-13, "{x} {df} {}", cdf(x, df));
        }
        // scipy.stats.chi2.ppf(p, df)
        for (p, df, expected) in PPF {
            assert!((quantile(p, df) / expected - 1.0).abs() < 1e-12, "{p} {df} {}", quantile(p, df));
        }
    }

    const CDF: [(f64, f64, f64); 6] = [
        (0.1, 1.0, 0.24817036595415076),
        (3.0, 2.0, 0.7768698398515702),
        (9.34, 10.0, 0.499831196826531),
        (25.0, 12.0, 0.9851771254025584),
        (150.0, 168.0, 0.16287624469766776),
        (-1.0, 3.0, 0.0),
    ];
    const PPF: [(f64, f64, f64); 5] = [
        (0.5, 1.0, 0.454936423119572),
        (0.975, 1.0, 5.023886187314888),
        (0.975, 10.0, 20.483177350807388),
        (0.5000174, 10.0, 9.342005151867648),
        (0.975, 166.0, 203.56724227213627),
    ];
}
