//! What a free text looks like, without knowing what it says.

use std::collections::BTreeMap;

/// Names of the features of [`shape`], in its order.
pub(crate) const NAMES: [&str; 8] = [
    "length",
    "n_words",
    "digit_share",
    "upper_share",
    "punctuation_share",
    "non_ascii_share",
    "entropy_bits",
    "longest_run",
];

/// The shape of a text. All NaN where it is missing, all 0 where it is empty.
///
/// A character is a Unicode scalar value. In order: number of characters; words between white space; share of the
/// characters (0 to 1) that are the digits 0-9, upper case, ASCII punctuation, outside ASCII; Shannon entropy of the
/// characters in bits per character, -Σ p log₂ p; length of the longest run of one character.
pub(crate) fn shape(text: Option<&str>) -> [f64; 8] {
    let Some(text) = text else { return [f64::NAN; 8] };
    let (mut n_chars, mut digits, mut upper, mut punctuation, mut non_ascii) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    let (mut run, mut longest, mut last) = (0_u64, 0_u64, None);
    let mut ascii = [0_u64; 128];
    let mut others: BTreeMap<char, u64> = BTreeMap::new();
    for c in text.chars() {
        n_chars += 1;
        digits += u64::from(c.is_ascii_digit());
        upper += u64::from(c.is_uppercase());
        punctuation += u64::from(c.is_ascii_punctuation());
        match ascii.get_mut(c as usize) {
            Some(count) => *count += 1,
            None => {
                non_ascii += 1;
                *others.entry(c).or_default() += 1;
            }
        }
        run = if last == Some(c) { run + 1 } else { 1 };
        longest = longest.max(run);
        last = Some(c);
    }
    let total = n_chars.max(1) as f64;
    let surprise = |&count: &u64| {
        let p = count as f64 / total;
        p * -p.log2()
    };
    let entropy: f64 = ascii.iter().chain(others.values()).filter(|&&count| count > 0).map(surprise).sum();
    let share = |count: u64| count as f64 / total;
    [
        n_chars as f64,
        text.split_whitespace().count() as f64,
        share(digits),
        share(upper),
        share(punctuation),
        share(non_ascii),
        // A text of one repeated character has -0.
        entropy + 0.0,
        longest as f64,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_of_texts_by_hand() {
        assert_eq!(shape(Some("")), [0.0; 8]);
        assert!(shape(None).iter().all(|value| value.is_nan()));
        assert_eq!(shape(Some("aaaa")), [4.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 4.0]);
        assert_eq!(shape(Some("abcd")), [4.0, 1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 1.0]);
        assert_eq!(shape(Some("É1É1")), [4.0, 1.0, 0.5, 0.5, 0.0, 0.5, 1.0, 1.0]);
        let shape = shape(Some("Hi, you!!  "));
        assert_eq!(shape[..6], [11.0, 2.0, 0.0, 1.0 / 11.0, 3.0 / 11.0, 0.0]);
        assert_eq!(shape[7], 2.0);
    }

    #[test]
    fn entropy_agrees_with_scipy() {
        // [scipy.stats.entropy(list(collections.Counter(s).values()), base=2) for s in texts]
        let cases = [
            ("Failed password for root from 10.0.0.1", 3.9129523567804125),
            ("mississippi", 1.8230679822736608),
            ("x", 0.0),
            ("日本語日本", 1.5219280948873626),
            ("GET /index.php?id=1%27%20OR%201=1", 4.309101316131472),
            ("e3b0c44298fc1c149afbf4c8996fb924", 3.4383072359050906),
        ];
        assert_eq!(NAMES[6], "entropy_bits");
        for (text, bits) in cases {
            assert!((shape(Some(text))[6] - bits).abs() < 1e-12, "{text}: {}", shape(Some(text))[6]);
        }
    }
}
