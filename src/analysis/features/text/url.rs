//! What a URL looks like. A small tolerant reader: every text has features, whatever is wrong with it.

use super::address;

/// Names of the features of [`features`], in its order.
pub(crate) const NAMES: [&str; 10] = [
    "length",
    "path_depth",
    "n_query_params",
    "host_length",
    "n_subdomains",
    "is_ip_host",
    "has_port",
    "is_https",
    "host_digit_share",
    "escaped_share",
];

/// The parts of a URL, as they stand in the text (RFC 3986, section 3). Empty where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Url<'a> {
    /// `https`.
    pub(crate) scheme: &'a str,
    /// Name or address without user, port and brackets.
    pub(crate) host: &'a str,
    /// Digits after the host.
    pub(crate) port: &'a str,
    /// From the first slash after the host.
    pub(crate) path: &'a str,
    /// Between `?` and `#`.
    pub(crate) query: &'a str,
}

impl<'a> Url<'a> {
    /// Takes a text apart. Without `scheme://` or a leading `//`, what is before the first slash is a host if it has a
    /// dot or a port, or is `localhost`; else everything is path. Blanks around the text are left out.
    pub(crate) fn parse(text: &'a str) -> Self {
        let text = text.trim();
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let (hierarchy, query) = text.split_once('?').unwrap_or((text, ""));
        let (scheme, rest) = match hierarchy.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme, Some(rest)),
            _ => ("", hierarchy.strip_prefix("//")),
        };
        let path_at = |text: &str| text.find(['/', '\\']).unwrap_or(text.len());
        let (authority, path) = match rest {
            Some(rest) => rest.split_at(path_at(rest)),
            None => {
                let (first, path) = hierarchy.split_at(path_at(hierarchy));
                if looks_like_host(first) { (first, path) } else { ("", hierarchy) }
            }
        };
        let (host, port) = host_and_port(authority);
        Self { scheme, host, port, path, query }
    }
}

/// The parts of a URL as numbers. All NaN where the text is missing.
///
/// In order: characters in all; non-empty parts of the path; non-empty `&`-separated parts of the query; characters of
/// the host; labels of the host before the last two (0 for an address); the host is an IP address (0 or 1); a port is
/// given; the scheme is https; share of the host's characters that are digits (0 without host); share of all
/// characters that belong to a `%xx` escape.
pub(crate) fn features(text: Option<&str>) -> [f64; 10] {
    let Some(text) = text else { return [f64::NAN; 10] };
    let text = text.trim();
    let url = Url::parse(text);
    let n_chars = text.chars().count();
    let is_ip = address::parse(url.host).is_some();
    let labels = url.host.split('.').filter(|label| !label.is_empty()).count();
    let host_chars = url.host.chars().count();
    let digits = url.host.bytes().filter(u8::is_ascii_digit).count();
    let flag = |set: bool| f64::from(u8::from(set));
    [
        n_chars as f64,
        url.path.split(['/', '\\']).filter(|part| !part.is_empty()).count() as f64,
        url.query.split('&').filter(|part| !part.is_empty()).count() as f64,
        host_chars as f64,
        if is_ip { 0.0 } else { labels.saturating_sub(2) as f64 },
        flag(is_ip),
        flag(!url.port.is_empty()),
        flag(url.scheme.eq_ignore_ascii_case("https")),
        digits as f64 / host_chars.max(1) as f64,
        3.0 * n_escapes(text) as f64 / n_chars.max(1) as f64,
    ]
}

/// The host as a category: lower case, without a dot at its end. `None` where the text has no host.
pub(crate) fn host(text: &str) -> Option<String> {
    let host = Url::parse(text).host;
    let host = host.strip_suffix('.').unwrap_or(host);
    (!host.is_empty()).then(|| host.to_lowercase())
}

/// A letter, then letters, digits, `+`, `-` and `.`.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// Whether a text without scheme begins with a host rather than a path.
fn looks_like_host(text: &str) -> bool {
    let (host, port) = host_and_port(text);
    let is_name = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b) || !b.is_ascii());
    let inner_dot = host.trim_matches('.').contains('.') && !host.contains("..");
    is_name && !host.is_empty() && (inner_dot || !port.is_empty() || host == "localhost")
}

/// Host and port of `user:password@host:port`.
fn host_and_port(authority: &str) -> (&str, &str) {
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    if let Some((host, after)) = place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, after.strip_prefix(':').filter(|port| is_port(port)).unwrap_or(""));
    }
    match place.rsplit_once(':') {
        Some((host, port)) if is_port(port) => (host, port),
        Some((host, "")) => (host, ""),
        _ => (place, ""),
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Number of `%xx` with two hexadecimal digits.
fn n_escapes(text: &str) -> usize {
    let is_escape = |w: &&[u8]| matches!(w, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
    text.as_bytes().windows(3).filter(is_escape).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_agree_with_urllib_of_python() {
        // u = urllib.parse.urlsplit(s); (s, u.scheme, u.hostname or "", str(u.port or ""), u.path, u.query)
        let cases = [
            ("https://example.com", "https", "example.com", "", "", ""),
            (
                "http://www.example.com:8080/a/b/c.html?x=1&y=2#frag",
                "http",
                "www.example.com",
                "8080",
                "/a/b/c.html",
                "x=1&y=2",
            ),
            ("ftp://user:pw@files.example.org/pub/", "ftp", "files.example.org", "", "/pub/", ""),
            ("https://[2001:db8::1]:443/p?q", "https", "2001:db8::1", "443", "/p", "q"),
            ("http://10.1.2.3/admin?cmd=ls%20-la", "http", "10.1.2.3", "", "/admin", "cmd=ls%20-la"),
            ("https://example.com?only=query", "https", "example.com", "", "", "only=query"),
            ("//cdn.example.com/x.js", "", "cdn.example.com", "", "/x.js", ""),
            ("/just/a/path?and=query", "", "", "", "/just/a/path", "and=query"),
            ("wss://a-b.c_d.example.co.uk:9443/socket", "wss", "a-b.c_d.example.co.uk", "9443", "/socket", ""),
            ("http://example.com#frag?notquery", "http", "example.com", "", "", ""),
            ("http://example.com/a?b?c", "http", "example.com", "", "/a", "b?c"),
        ];
        for (text, scheme, host, port, path, query) in cases {
            assert_eq!(Url::parse(text), Url { scheme, host, port, path, query }, "{text}");
        }
    }

    #[test]
    fn features_by_hand() {
        assert_eq!(
            features(Some("https://a.b.example.com:8443/x//y%20z/?q=1&&r=%2F#top")),
            [53.0, 2.0, 2.0, 15.0, 2.0, 0.0, 1.0, 1.0, 0.0, 6.0 / 53.0]
        );
        assert_eq!(features(Some("http://10.0.0.1/")), [16.0, 0.0, 0.0, 8.0, 0.0, 1.0, 0.0, 0.0, 5.0 / 8.0, 0.0]);
        assert_eq!(features(Some("/index.php?id=1"))[..4], [15.0, 1.0, 1.0, 0.0]);
        assert_eq!(features(Some("")), [0.0; 10]);
        assert!(features(None).iter().all(|value| value.is_nan()));
    }

    #[test]
    fn names_stand_in_the_order_of_the_features() {
        let of = |text, name| NAMES.iter().position(|own| *own == name).map(|i| features(Some(text))[i]);
        assert_eq!(of("https://example.com/", "is_https"), Some(1.0));
        assert_eq!(of("https://example.com:1/", "has_port"), Some(1.0));
        assert_eq!(of("//1.2.3.4/", "is_ip_host"), Some(1.0));
        assert_eq!(of("/%20%20", "escaped_share"), Some(6.0 / 7.0));
    }

    #[test]
    fn odd_texts_have_hosts_where_one_can_be_seen() {
        let cases = [
            ("example.com/a", Some("example.com")),
            ("EXAMPLE.com.", Some("example.com")),
            ("localhost:8080/x", Some("localhost")),
            ("//cdn.example.org/lib.js", Some("cdn.example.org")),
            ("http://user:p@ss@evil.com/", Some("evil.com")),
            ("http://[::1]:80/", Some("::1")),
            ("http://[::1", Some("[:")),
            ("https://", None),
            ("://", None),
            ("http:///path", None),
            ("mailto:someone", None),
            ("readme", None),
            ("../up.txt", None),
            ("", None),
            ("?", None),
            ("#", None),
            ("a b.c/d", None),
            ("http://bücher.de/x", Some("bücher.de")),
            ("http://host:port/", Some("host:port")),
        ];
        for (text, expected) in cases {
            assert_eq!(host(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_finite_features(text in "[ -~é%/:@.\\[\\]?#&]{0,40}") {
            let features = features(Some(&text));
            prop_assert!(features.iter().all(|value| value.is_finite() && *value >= 0.0));
            prop_assert!(features[5..].iter().all(|value| *value <= 1.0));
        }
    }
}
