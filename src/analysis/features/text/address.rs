//! What an IP address says about itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Names of the features of [`features`], in its order.
pub(crate) const NAMES: [&str; 6] =
    ["ip_version", "is_private", "is_loopback", "is_link_local", "is_multicast", "is_global"];

/// The address a text holds. Blanks around it, a port (`10.0.0.1:22`, `[::1]:22`), brackets, a zone (`fe80::1%eth0`)
/// and a prefix length (`10.0.0.0/8`) are left out. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is IPv4.
pub(crate) fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.split_once('/').map_or(text, |(address, _)| address);
    let bare = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(bare);
    let bare = bare.split_once('%').map_or(bare, |(address, _)| address);
    let address = bare.parse().ok().or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()))?;
    Some(IpAddr::to_canonical(&address))
}

/// The version (4 or 6), and as 0 or 1: private (RFC 1918, RFC 4193), loopback, link-local, multicast, and global
/// (none of these, nor unspecified, reserved, shared, for documentation or for benchmarks). All NaN where the text is
/// missing or holds no address.
pub(crate) fn features(text: Option<&str>) -> [f64; 6] {
    let Some(address) = text.and_then(parse) else { return [f64::NAN; 6] };
    let (version, private, link_local, special) = match address {
        IpAddr::V4(v4) => (4.0, v4.is_private(), v4.is_link_local(), is_special_v4(v4)),
        IpAddr::V6(v6) => (6.0, v6.is_unique_local(), v6.is_unicast_link_local(), is_special_v6(v6)),
    };
    let (loopback, multicast) = (address.is_loopback(), address.is_multicast());
    let global = !(private || link_local || loopback || multicast || special);
    let flag = |set: bool| f64::from(u8::from(set));
    [version, flag(private), flag(loopback), flag(link_local), flag(multicast), flag(global)]
}

/// The network an address is in, as a category: the /24 of IPv4, the /64 of IPv6. `None` where the text holds no
/// address.
pub(crate) fn network(text: &str) -> Option<String> {
    Some(match parse(text)? {
        IpAddr::V4(v4) => format!("{}/24", Ipv4Addr::from_bits(v4.to_bits() & !0xff)),
        IpAddr::V6(v6) => format!("{}/64", Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    })
}

/// Addresses of the IANA special-purpose registry (RFC 6890) that no other feature names.
fn is_special_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    matches!((a, b, c), (0 | 240..=255, ..) | (100, 64..=127, _) | (192, 0, 0) | (198, 18 | 19, _))
        || address.is_documentation()
}

/// As [`is_special_v4`]: all that is outside 2000::/3, and the documentation prefixes within.
fn is_special_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    a & 0xe000 != 0x2000 || (a, b) == (0x2001, 0x0db8) || (a, b & 0xf000) == (0x3fff, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_ipaddress_module_of_python() {
        // a = ipaddress.ip_address(s); (s, a.version, int(a.is_loopback), int(a.is_link_local), int(a.is_multicast),
        // int(a.is_global and not a.is_multicast), str(ipaddress.ip_network(s + ("/24" or "/64"), strict=False)))
        let cases = [
            ("8.8.8.8", 4, 0, 0, 0, 1, "8.8.8.0/24"),
            ("10.1.2.3", 4, 0, 0, 0, 0, "10.1.2.0/24"),
            ("127.0.0.53", 4, 1, 0, 0, 0, "127.0.0.0/24"),
            ("169.254.9.1", 4, 0, 1, 0, 0, "169.254.9.0/24"),
            ("224.0.0.251", 4, 0, 0, 1, 0, "224.0.0.0/24"),
            ("239.255.255.250", 4, 0, 0, 1, 0, "239.255.255.0/24"),
            ("192.0.2.7", 4, 0, 0, 0, 0, "192.0.2.0/24"),
            ("198.51.100.9", 4, 0, 0, 0, 0, "198.51.100.0/24"),
            ("203.0.113.200", 4, 0, 0, 0, 0, "203.0.113.0/24"),
            ("100.64.0.1", 4, 0, 0, 0, 0, "100.64.0.0/24"),
            ("100.128.0.1", 4, 0, 0, 0, 1, "100.128.0.0/24"),
            ("0.0.0.0", 4, 0, 0, 0, 0, "0.0.0.0/24"),
            ("255.255.255.255", 4, 0, 0, 0, 0, "255.255.255.0/24"),
            ("240.0.0.1", 4, 0, 0, 0, 0, "240.0.0.0/24"),
            ("198.18.5.5", 4, 0, 0, 0, 0, "198.18.5.0/24"),
            ("1.1.1.1", 4, 0, 0, 0, 1, "1.1.1.0/24"),
            ("172.32.0.1", 4, 0, 0, 0, 1, "172.32.0.0/24"),
            ("193.99.144.80", 4, 0, 0, 0, 1, "193.99.144.0/24"),
            ("::1", 6, 1, 0, 0, 0, "::/64"),
            ("::", 6, 0, 0, 0, 0, "::/64"),
            ("fe80::1234", 6, 0, 1, 0, 0, "fe80::/64"),
            ("ff02::1", 6, 0, 0, 1, 0, "ff02::/64"),
            ("2001:4860:4860::8888", 6, 0, 0, 0, 1, "2001:4860:4860::/64"),
            ("2001:db8::1", 6, 0, 0, 0, 0, "2001:db8::/64"),
            ("fd12:3456:789a:1::1", 6, 0, 0, 0, 0, "fd12:3456:789a:1::/64"),
            ("2a00:1450:4001:81b:1:2:3:4", 6, 0, 0, 0, 1, "2a00:1450:4001:81b::/64"),
            ("2606:4700::1111", 6, 0, 0, 0, 1, "2606:4700::/64"),
        ];
        for (text, version, loopback, link_local, multicast, global, prefix) in cases {
            let [v, _, lo, ll, mc, gl] = features(Some(text));
            assert_eq!(
                [v, lo, ll, mc, gl],
                [version, loopback, link_local, multicast, global].map(f64::from),
                "{text}"
            );
            assert_eq!(network(text).as_deref(), Some(prefix));
        }
    }

    #[test]
    fn private_is_rfc_1918_and_rfc_4193() {
        assert_eq!(NAMES[1], "is_private");
        let private = |text| features(Some(text))[1];
        for text in ["10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.4.4", "fd00::1", "fc12::"] {
            assert_eq!(private(text), 1.0, "{text}");
        }
        for text in ["11.0.0.0", "172.32.0.1", "172.15.9.9", "192.169.0.1", "127.0.0.1", "fe80::1", "2a00::1"] {
            assert_eq!(private(text), 0.0, "{text}");
        }
    }

    #[test]
    fn tolerates_what_comes_with_an_address_and_refuses_what_is_none() {
        let ten = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
        for text in ["10.0.0.1", " 10.0.0.1\n", "10.0.0.1:22", "10.0.0.1/8", "::ffff:10.0.0.1", "[::ffff:10.0.0.1]:80"]
        {
            assert_eq!(parse(text), ten, "{text}");
        }
        for text in ["fe80::1", "fe80::1%eth0", "[fe80::1]", "[fe80::1]:443", "fe80::1/64", "FE80:0:0:0:0:0:0:1"] {
            assert_eq!(parse(text), Some(IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1))), "{text}");
        }
        for text in
            ["", " ", "-", "10.0.0", "10.0.0.256", "10.0.0.1.2", "host", "1234", "::1::", "[", "[]", "%", "/", "é"]
        {
            assert_eq!(parse(text), None, "{text}");
            assert!(features(Some(text)).iter().all(|value| value.is_nan()));
            assert_eq!(network(text), None);
        }
        assert!(features(None).iter().all(|value| value.is_nan()));
    }
}
