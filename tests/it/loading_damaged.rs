//! Does a damaged file of any kind end in an error, never in a panic?

#![allow(clippy::unwrap_used, reason = "a test may fail so")]

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use tarsier::cx::Cx;
use tarsier::data::load::{open, preview};
use tarsier::recipe::{ComputeConfig, DataConfig};

/// A file of each kind.
static FILES: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    let fixture = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/files").join(name);
        std::fs::read(path).unwrap()
    };
    vec![
        ("t.csv", b"time,host,\"a \"\"b\",c\n2025-01-01 00:00:00,x-1,1.5,2\n2025-01-01T00:05:00Z,x-1,inf,\n,x-2,NaN,7\n".to_vec()),
        ("t.csv", "Zeit;Wert;é\r\n08.09.2015 11:39;1,5;\"x;\ny\"\r\n09.09.2015 11:39;-2,5;z\r\n".as_bytes().to_vec()),
        ("t.log", b"10.0.0.1 - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200\n10.0.0.1 - [10/Oct/2000:13:55:37 -0700] \"GET\" 404\n".to_vec()),
        ("t.json", b"{\"meta\":{\"n\":1},\"data\":[{\"ts\":1700000000,\"v\":1.5,\"m\":{\"a\":[1]}},{\"ts\":1700000300,\"v\":null}]}".to_vec()),
        ("t.json", b"{\"a\":[1,2.5,\"x\"],\"b\":[true,false,null]}".to_vec()),
        ("t.ndjson", b"{\"ts\":\"2025-01-01\",\"v\":1}\n{\"ts\":\"2025-01-02\",\"v\":\"2\"}\n".to_vec()),
        ("t.parquet", fixture("types.parquet")),
        ("t.avro", fixture("types.avro")),
        ("t.avro", fixture("deflate.avro")),
    ]
});

/// A change of a file: a byte set, a piece taken out, a piece repeated, or the end cut off.
#[derive(Debug, Clone)]
enum Change {
    Set(usize, u8),
    Remove(usize, usize),
    Repeat(usize, usize),
    Cut(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = || any::<prop::sample::Index>().prop_map(|i| i.index(1 << 20));
    prop_oneof![
        6 => (at(), any::<u8>()).prop_map(|(i, byte)| Change::Set(i, byte)),
        1 => (at(), 1..20_usize).prop_map(|(i, n)| Change::Remove(i, n)),
        1 => (at(), 1..20_usize).prop_map(|(i, n)| Change::Repeat(i, n)),
        1 => at().prop_map(Change::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let len = bytes.len().max(1);
    match *change {
        Change::Set(i, byte) => bytes.iter_mut().skip(i % len).take(1).for_each(|b| *b = byte),
        Change::Remove(i, n) => drop(bytes.drain((i % len).min(bytes.len())..(i % len + n).min(bytes.len()))),
        Change::Repeat(i, n) => {
            let piece: Vec<u8> = bytes.iter().skip(i % len).take(n).copied().collect();
            bytes.splice((i % len).min(bytes.len())..(i % len).min(bytes.len()), piece);
        }
        Change::Cut(i) => bytes.truncate(i % len),
    }
}

proptest! {
    // The same cases each time; longer searches are a matter of other seeds and more cases.
    #![proptest_config(ProptestConfig {
        cases: 400,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn damaged_files_never_panic(which in 0..9_usize, changes in prop::collection::vec(change(), 1..8), sampled in any::<bool>()) {
        let (name, bytes) = &FILES[which];
        let mut bytes = bytes.clone();
        changes.iter().for_each(|change| apply(&mut bytes, change));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let cx = Cx::new(&ComputeConfig { memory_limit_mb: 256, ..ComputeConfig::default() });
        let config = DataConfig { sample_rows: u64::from(sampled), ..DataConfig::default() };
        if let Err(error) = open(std::slice::from_ref(&path), &config, &cx) {
            prop_assert!(!error.to_string().is_empty());
        }
        let _ = preview(&path, &config);
    }
}
