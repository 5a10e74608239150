//! A column's name as words: what it counts, in which unit, and per which time.

/// A name taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Name {
    /// Lower-case words, with abbreviations and run-together words written out ([`written_out`]), without what is in
    /// the other fields.
    pub(super) words: Vec<String>,
    /// The unit of bytes that is named: `bytes`, `kb`, `mib`, … In `words` it is the word `bytes`.
    pub(super) byte_unit: Option<String>,
    /// `second` of `bytes_per_sec`, `MB/s`, `pps`.
    pub(super) per: Option<&'static str>,
}

impl Name {
    /// Splits a name at whatever is neither letter nor digit, where the case changes (`CPUUtilization`) and between
    /// letters and digits (`load1`). `/` is "per", `%` is "percent".
    pub(super) fn new(text: &str) -> Self {
        let mut name = Self::default();
        for word in split(text) {
            match written_out(&word) {
                [] => name.push(&word),
                words => words.iter().for_each(|word| name.push(word)),
            }
        }
        name
    }

    fn push(&mut self, word: &str) {
        let last = self.words.last().map(String::as_str);
        let follows_per = last == Some("per");
        // The s of `disk_io_mb_s` is a second; that of anything else is not.
        let is_rate = follows_per || (word == "s" && last == Some("bytes"));
        if let (true, Some(period)) = (is_rate, period(word)) {
            self.per = Some(period);
            if follows_per {
                self.words.pop();
            }
        } else if is_byte_unit(word) {
            self.words.push("bytes".to_owned());
            self.byte_unit = Some(word.to_owned());
        } else {
            self.words.push(word.to_owned());
        }
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|own| own == word)
    }

    /// Whether it has a word of a list with blanks between them.
    pub(super) fn has_any(&self, words: &str) -> bool {
        words.split_whitespace().any(|word| self.has(word))
    }
}

/// The words of a name in lower case, as they stand there.
fn split(text: &str) -> Vec<String> {
    // The v of a version belongs to the abbreviation before it.
    let text = text.replace("IPv", "Ipv");
    let chars: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    let mut last = ' ';
    for (i, &c) in chars.iter().enumerate() {
        let next_is_lower = chars.get(i + 1).is_some_and(|next| next.is_lowercase());
        let begins = !c.is_alphanumeric()
            || c.is_numeric() != last.is_numeric()
            || (c.is_uppercase() && (last.is_lowercase() || (last.is_uppercase() && next_is_lower)));
        if begins && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        match c {
            '%' => words.push("percent".to_owned()),
            '/' if !words.is_empty() => words.push("per".to_owned()),
            c if c.is_alphanumeric() => word.extend(c.to_lowercase()),
            _ => {}
        }
        last = c;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn period(word: &str) -> Option<&'static str> {
    Some(match word {
        "s" | "sec" | "secs" | "second" | "seconds" => "second",
        "m" | "min" | "mins" | "minute" | "minutes" => "minute",
        "h" | "hr" | "hour" | "hours" => "hour",
        "d" | "day" | "days" => "day",
        _ => return None,
    })
}

fn is_byte_unit(word: &str) -> bool {
    matches!(word, "bytes" | "kb" | "mb" | "gb" | "tb" | "kib" | "mib" | "gib" | "tib")
}

/// What an abbreviation, a synonym or a run-together word stands for; empty for all others.
fn written_out(word: &str) -> &'static [&'static str] {
    match word {
        // Quantities.
        "pct" | "prct" | "perc" | "percentage" => &["percent"],
        "util" | "utilisation" | "utilized" | "utilised" => &["utilization"],
        "avg" | "mean" => &["average"],
        "cnt" | "n" => &["count"],
        "tot" => &["total"],
        "len" => &["length"],
        "num" | "nbr" | "nr" | "no" => &["number"],
        "sec" | "secs" | "seconds" => &["second"],
        "byte" | "byts" | "octet" | "octets" => &["bytes"],
        "kilobytes" | "kbytes" => &["kb"],
        "megabytes" | "mbytes" => &["mb"],
        "gigabytes" | "gbytes" => &["gb"],
        "bps" | "kbps" | "mbps" | "gbps" => &["bits", "per", "second"],
        "pps" => &["packets", "per", "second"],
        // Machines.
        "mem" | "ram" => &["memory"],
        "processor" => &["cpu"],
        "iowait" => &["io", "wait"],
        "cores" | "cpus" | "vcpu" | "vcpus" | "ncpu" | "ncpus" | "nproc" => &["cpu", "count"],
        "filesystem" | "fs" | "storage" => &["disk"],
        "avail" | "freeable" => &["available"],
        "loadavg" => &["load", "average"],
        "memfree" => &["memory", "free"],
        "memused" => &["memory", "used"],
        "memtotal" => &["memory", "total"],
        // Network.
        "rx" | "recv" | "rcv" | "rcvd" | "received" | "receives" | "in" | "inbound" | "incoming" | "ingress"
        | "download" | "downstream" => &["receive"],
        "tx" | "xmit" | "send" | "sent" | "transmitted" | "out" | "outbound" | "outgoing" | "egress" | "upload"
        | "upstream" => &["transmit"],
        "source" => &["src"],
        "destination" | "dest" => &["dst"],
        "originator" => &["orig"],
        "responder" => &["resp"],
        "forward" => &["fwd"],
        "backward" => &["bwd"],
        "addr" => &["address"],
        "ipv" => &["ip"],
        "ipaddr" | "ipaddress" => &["ip", "address"],
        "srcip" | "saddr" | "srcaddr" => &["src", "ip"],
        "dstip" | "daddr" | "dstaddr" => &["dst", "ip"],
        "dport" | "dstport" | "dsport" => &["dst", "port"],
        "sbytes" => &["src", "bytes"],
        "dbytes" => &["dst", "bytes"],
        "spkts" => &["src", "packets"],
        "dpkts" => &["dst", "packets"],
        "sloss" => &["src", "lost"],
        "dloss" => &["dst", "lost"],
        "pkt" | "pkts" | "packet" | "segs" => &["packets"],
        "err" | "errs" | "error" => &["errors"],
        "drop" | "drops" | "discard" | "discards" | "discarded" => &["dropped"],
        "loss" => &["lost"],
        "retrans" | "retransmit" | "retransmits" | "retransmission" | "retransmissions" | "rexmit" => {
            &["retransmitted"]
        }
        "conn" | "conns" | "connection" => &["connections"],
        // Logins.
        "username" | "usr" => &["user", "name"],
        "userid" | "uid" => &["user", "id"],
        "useragent" | "ua" => &["user", "agent"],
        "login" | "logon" | "logons" | "signin" | "signins" => &["logins"],
        "fail" | "fails" | "failure" | "failures" => &["failed"],
        "successful" | "succeeded" | "successes" => &["success"],
        // Business.
        "customerid" | "custid" => &["customer", "id"],
        "cust" => &["customer"],
        "amt" => &["amount"],
        "qty" => &["quantity"],
        "trx" | "txn" | "txns" | "transactions" => &["transaction"],
        "refunds" | "refunded" | "chargeback" | "chargebacks" => &["refund"],
        "discounts" | "rebate" | "rebates" => &["discount"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(name: &str) -> String {
        Name::new(name).words.join(" ")
    }

    #[test]
    fn splits_and_writes_out() {
        let cases = [
            ("cpu_percent", "cpu percent"),
            ("CPUUtilization", "cpu utilization"),
            ("node_memory_MemAvailable_bytes", "node memory memory available bytes"),
            ("node_load15", "node load 15"),
            ("% Processor Time", "percent cpu time"),
            ("\\Processor(_Total)\\% Idle Time", "cpu total percent idle time"),
            ("node_netstat_Tcp_RetransSegs", "node netstat tcp retransmitted packets"),
            ("IPV4_SRC_ADDR", "ip 4 src address"),
            ("IPv4Address", "ip 4 address"),
            ("id.orig_h", "id orig h"),
            ("srcip", "src ip"),
            ("TargetUserName", "target user name"),
            ("User-Agent", "user agent"),
            ("n_transactions_24h", "count transaction 24 h"),
            ("Down/Up Ratio", "down per up ratio"),
            ("IOWait", "io wait"),
            ("%iowait", "percent io wait"),
            ("accuracy", "accuracy"),
            ("discount", "discount"),
            ("", ""),
            ("_%_", "percent"),
            ("größe", "größe"),
        ];
        for (name, expected) in cases {
            assert_eq!(words(name), expected, "{name}");
        }
    }

    #[test]
    fn finds_units_and_periods() {
        let parts = |name| {
            let name = Name::new(name);
            (name.words.join(" "), name.byte_unit, name.per)
        };
        let unit = |unit: &str| Some(unit.to_owned());
        assert_eq!(parts("Memory Used (MB)"), ("memory used bytes".to_owned(), unit("mb"), None));
        assert_eq!(parts("disk_io_mb_s"), ("disk io bytes".to_owned(), unit("mb"), Some("second")));
        assert_eq!(parts(" Flow Bytes/s"), ("flow bytes".to_owned(), unit("bytes"), Some("second")));
        assert_eq!(parts("errors_per_min"), ("errors".to_owned(), None, Some("minute")));
        assert_eq!(parts("pps"), ("packets".to_owned(), None, Some("second")));
        assert_eq!(parts("mbps"), ("bits".to_owned(), None, Some("second")));
        assert_eq!(parts("response_min"), ("response min".to_owned(), None, None));
        assert_eq!(parts("minutes_played"), ("minutes played".to_owned(), None, None));
        assert_eq!(parts("price_per_item"), ("price per item".to_owned(), None, None));
    }
}
