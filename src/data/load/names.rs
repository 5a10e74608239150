//! What does the name of a column suggest it is for?

/// Words of a name, in lower case: `eventTime_UTC` is `event`, `time`, `utc`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The name with nothing but its letters and digits, in lower case.
fn squeezed(name: &str) -> String {
    words(name).concat()
}

/// Whether a column of texts with this name may well be times.
pub(super) fn hints_time(name: &str) -> bool {
    const TIMES: [&str; 9] = ["time", "timestamp", "date", "datetime", "ts", "created", "occurred", "when", "epoch"];
    hints_epoch(name) || words(name).iter().any(|word| TIMES.contains(&word.as_str()))
}

/// Whether numbers in a column of this name may be counts since 1970. Stricter than [`hints_time`]: `response_time`
/// is a duration.
pub(super) fn hints_epoch(name: &str) -> bool {
    const TIMES: [&str; 26] = [
        "time",
        "timestamp",
        "ts",
        "date",
        "datetime",
        "epoch",
        "epochtime",
        "epochms",
        "epochs",
        "unixtime",
        "unixtimestamp",
        "unix",
        "created",
        "createdat",
        "createdtime",
        "updatedat",
        "eventtime",
        "eventts",
        "occurredat",
        "timems",
        "timeus",
        "timens",
        "timesec",
        "tsms",
        "tsus",
        "tsns",
    ];
    let name = squeezed(name);
    TIMES.contains(&name.as_str()) || name.starts_with("timestamp") || name.ends_with("timestamp")
}

/// Whether the name is one given to the truth.
pub(super) fn hints_label(name: &str) -> bool {
    const LABELS: [&str; 19] = [
        "label",
        "labels",
        "isanomaly",
        "anomaly",
        "anomalous",
        "isanomalous",
        "isoutlier",
        "outlier",
        "class",
        "target",
        "y",
        "fraud",
        "isfraud",
        "groundtruth",
        "truth",
        "attack",
        "isattack",
        "anomalylabel",
        "islabel",
    ];
    LABELS.contains(&squeezed(name).as_str())
}

/// Whether the name says whose row it is: all its words are such things or what identifies them.
/// `host_name` and `customerId` do, `server_load` and `user_agent` do not.
pub(super) fn hints_entity(name: &str) -> bool {
    let words = words(name);
    let things = words.iter().filter(|word| is_thing(word)).count();
    things > 0 && words.iter().all(|word| is_thing(word) || is_identifier(word))
}

fn is_thing(word: &str) -> bool {
    const THINGS: [&str; 38] = [
        "host",
        "hostname",
        "server",
        "servername",
        "device",
        "deviceid",
        "sensor",
        "sensorid",
        "user",
        "username",
        "userid",
        "customer",
        "customerid",
        "account",
        "accountid",
        "instance",
        "instanceid",
        "machine",
        "machineid",
        "node",
        "client",
        "clientid",
        "merchant",
        "merchantid",
        "card",
        "asset",
        "station",
        "vehicle",
        "engine",
        "turbine",
        "pump",
        "meter",
        "entity",
        "entityid",
        "tenant",
        "pod",
        "site",
        "series",
    ];
    THINGS.contains(&word)
}

fn is_identifier(word: &str) -> bool {
    const IDENTIFIERS: [&str; 16] = [
        "id", "ids", "name", "no", "nr", "num", "number", "key", "code", "uid", "uuid", "ip", "address", "addr", "src",
        "source",
    ];
    IDENTIFIERS.contains(&word)
}

/// Whether the name is that of a property: its values may look like identifiers (`t2.micro`) and be none.
pub(super) fn hints_property(name: &str) -> bool {
    const PROPERTIES: [&str; 18] = [
        "type", "kind", "class", "category", "status", "state", "level", "severity", "version", "model", "method",
        "protocol", "code", "result", "size", "unit", "os", "agent",
    ];
    words(name).iter().any(|word| PROPERTIES.contains(&word.as_str()))
}

/// Whether a column of this name that counts up row by row says nothing.
pub(super) fn hints_row_number(name: &str) -> bool {
    const NUMBERS: [&str; 13] = [
        "id",
        "index",
        "idx",
        "row",
        "rowid",
        "rowno",
        "rownum",
        "rownumber",
        "rowindex",
        "recordid",
        "no",
        "nr",
        "column1",
    ];
    let name = squeezed(name);
    NUMBERS.contains(&name.as_str()) || name.starts_with("unnamed")
}

/// Whether a text looks like the identifier of something: one word of letters and digits such as `web-01`, or an address.
pub(super) fn looks_like_id(text: &str) -> bool {
    let one_word = text.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    let mixed = text.bytes().any(|b| b.is_ascii_digit()) && text.chars().any(char::is_alphabetic);
    (one_word && mixed && text.parse::<f64>().is_err()) || text.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(hint: fn(&str) -> bool, yes: &[&str], no: &[&str]) {
        yes.iter().for_each(|name| assert!(hint(name), "{name}"));
        no.iter().for_each(|name| assert!(!hint(name), "{name}"));
    }

    #[test]
    fn names_hint_at_roles() {
        all(
            hints_time,
            &["timestamp", "@timestamp", "Event Time", "createdAt", "order_date", "ts"],
            &["value", "ratio", "tsunami"],
        );
        all(
            hints_epoch,
            &["time", "Timestamp_ms", "event_ts", "unix_time"],
            &["response_time", "time_taken", "uptime", "c0"],
        );
        all(
            hints_label,
            &["label", "is_anomaly", "Class", "y", "isFraud"],
            &["labeled_by", "yes", "value", "class_size"],
        );
        all(
            hints_entity,
            &["host", "host_name", "customerId", "sensor", "Device ID", "client_ip", "server"],
            &["server_load", "user_agent", "value", "id", "name", "sensor_1", "status", "user_count"],
        );
        all(hints_property, &["instance_type", "HTTP status", "osVersion"], &["where", "instance", "typed"]);
        all(hints_row_number, &["id", "Unnamed: 0", "row", "index"], &["value", "grid", "rows_read"]);
        all(
            looks_like_id,
            &["web-01", "10.0.0.1", "a3f9"],
            &["ok", "12", "3.5", "1e5", "1.10.24", "12:30", "GET /a 1", "web"],
        );
    }
}
