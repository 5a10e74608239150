//! Do whole files become the right tables?

#![allow(clippy::unwrap_used, reason = "a test may fail so")]

use std::path::{Path, PathBuf};

use tarsier::cx::Cx;
use tarsier::data::load::{open, preview};
use tarsier::data::{Role, Table, write};
use tarsier::recipe::{ColumnChoice, ColumnType, ComputeConfig, DataConfig, TextEncoding, TimeFormat};

/// A folder with files that goes away in the end.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/files").join(name)
}

fn read_with(content: impl AsRef<[u8]>, name: &str, config: &DataConfig) -> (Result<Table, String>, Vec<String>) {
    let folder = Folder::new();
    let cx = Cx::default();
    let table = open(&[folder.put(name, content)], config, &cx).map_err(|error| error.to_string());
    (table, cx.warnings())
}

fn read(content: &str) -> Table {
    read_with(content, "t.csv", &DataConfig::default()).0.unwrap()
}

fn error(content: impl AsRef<[u8]>, name: &str) -> String {
    read_with(content, name, &DataConfig::default()).0.map(|_| ()).unwrap_err()
}

fn roles(table: &Table) -> Vec<(&str, Role)> {
    table.columns.iter().map(|c| (c.name.as_str(), c.role)).collect()
}

fn fact<'a>(table: &'a Table, name: &str) -> &'a str {
    table.format.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str())
}

/// The same numbers, with missing ones (NaN) equal.
fn same(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
}

#[test]
fn a_benchmark_table_has_features_and_a_label() {
    let table = read("f0,f1,label\n50,0.5,1\n53,-1e-3,0\n37,.25,0\n");
    assert_eq!(roles(&table), [("f0", Role::Feature), ("f1", Role::Feature), ("label", Role::Label)]);
    assert_eq!(table.label(), Some(&[true, false, false][..]));
    assert_eq!(table.numbers("f1").unwrap(), [0.5, -0.001, 0.25]);
    assert!(table.time().is_none() && table.entities().is_none());
    assert_eq!((table.name.as_str(), fact(&table, "delimiter")), ("t.csv", "comma"));
}

#[test]
fn a_time_series_has_times() {
    let table = read("timestamp,value\n2015-09-08 11:39:00,73\n2015-09-08 11:44:00,62\n2015-09-08 11:59:00,63\n");
    assert_eq!(roles(&table), [("timestamp", Role::Time), ("value", Role::Feature)]);
    assert_eq!(table.time().unwrap()[..2], [1_441_712_340_000_000, 1_441_712_640_000_000]);
    assert_eq!(table.quality.median_step_micros, Some(300_000_000));
    assert_eq!((table.quality.n_gaps, table.time_text(0).as_str()), (1, "2015-09-08T11:39:00Z"));
}

#[test]
fn a_european_export_is_understood() {
    let text = "Zeit;Gerät;Wert;Menge\r\n08.09.2015 11:39:00;a;1,5;3\r\n08.09.2015 11:44:00;b;-0,25;4\r\n";
    let encoded = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    let (table, _) = read_with(encoded, "t.csv", &DataConfig::default());
    let table = table.unwrap();
    assert_eq!(fact(&table, "encoding"), "windows-1252");
    assert_eq!((fact(&table, "delimiter"), fact(&table, "decimal mark")), ("semicolon", "comma"));
    assert_eq!(roles(&table)[..2], [("Zeit", Role::Time), ("Gerät", Role::Text)]);
    assert_eq!(table.numbers("Wert").unwrap(), [1.5, -0.25]);
}

#[test]
fn encodings_are_found_or_set() {
    let text = "name,wert\nü,1\nö,2\n";
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let marked = [b"\xff\xfe".to_vec(), utf16(text)].concat();
    let bom = [b"\xef\xbb\xbf".to_vec(), text.as_bytes().to_vec()].concat();
    for (bytes, encoding) in [(marked, "UTF-16LE"), (utf16(text), "UTF-16LE"), (bom, "UTF-8"), (text.into(), "UTF-8")] {
        let table = read_with(bytes, "t.csv", &DataConfig::default()).0.unwrap();
        assert_eq!((fact(&table, "encoding"), table.text("name", 1)), (encoding, "ö".to_string()));
        assert_eq!(table.columns[0].name, "name");
    }
    let mut config = DataConfig::default();
    config.csv.encoding = TextEncoding::Label("shift_jis".into());
    let japanese = encoding_rs::SHIFT_JIS.encode("名,v\nあ,1\n").0.into_owned();
    assert_eq!(read_with(japanese, "t.csv", &config).0.unwrap().columns[0].name, "名");
    config.csv.encoding = TextEncoding::Label("klingon".into());
    assert!(read_with("a\n1\n", "t.csv", &config).0.unwrap_err().contains("data.csv.encoding"));
    // A character that is no ASCII only far behind the head.
    let late = format!("a,b\n{}x,é\n", "1,2\n".repeat(200_000));
    let late = encoding_rs::WINDOWS_1252.encode(&late).0.into_owned();
    let table = read_with(late, "t.csv", &DataConfig::default()).0.unwrap();
    assert_eq!((table.n_rows(), table.text("b", 200_000).as_str()), (200_001, ""));
    assert_eq!(fact(&table, "encoding"), "windows-1252");
}

#[test]
fn a_web_log_is_a_table() {
    let line = |s: usize| {
        let host = s % 3;
        format!("10.0.0.{host} - - [10/Oct/2000:13:55:{s:02} -0700] \"GET /a, b HTTP/1.0\" 200 {}\n", 100 + s)
    };
    let text: String = (0..40).map(line).collect();
    let table = read_with(text, "access.log", &DataConfig::default()).0.unwrap();
    assert_eq!(fact(&table, "header"), "none");
    assert_eq!(table.column_with(Role::Time).unwrap().name, "column_4");
    assert_eq!(table.time_text(0), "2000-10-10T20:55:00Z");
    assert_eq!(table.entities().unwrap().names, ["10.0.0.0", "10.0.0.1", "10.0.0.2"]);
    assert_eq!(table.numbers("column_7").unwrap()[39], 139.0);
}

#[test]
fn odd_lines_are_told_and_nothing_is_lost() {
    let (table, warnings) = read_with("a,b,c\n1,2,3\n4,5\n\n6,7,8,\n", "t.csv", &DataConfig::default());
    let table = table.unwrap();
    assert!(same(&table.numbers("c").unwrap(), &[3.0, f64::NAN, 8.0]));
    assert!(warnings.iter().any(|w| w.contains("1 lines have fewer") && w.contains("line 3 with 2")), "{warnings:?}");
    let told = error("a,b\n1,2\n3,4,5\n", "t.csv");
    assert!(told.starts_with("line 3: there are 3 fields where 2 columns are expected"), "{told}");
    assert!(told.contains("data.csv.delimiter") && told.ends_with("t.csv)"), "{told}");
    assert!(error("a,b\n1,\"2\n3,4\n", "t.csv").starts_with("line 2: a field opens with \""));
    let quoted = read("a,note\n1,\"two\nlines, \"\"and\"\" a comma\"\n2,x\n");
    assert_eq!(quoted.text("note", 0), "two\nlines, \"and\" a comma");
}

#[test]
fn names_line_ends_and_skipped_lines() {
    let (table, _) = read_with("x,,x\r1,2,3\r4,5,6\r", "t.csv", &DataConfig::default());
    assert_eq!(table.unwrap().feature_names().collect::<Vec<_>>(), ["x", "column_2", "x_2"]);
    let mut config = DataConfig::default();
    config.csv.skip_lines = 2;
    let (table, _) = read_with("Report\nof today\na\tb\n1\t2\n", "t.tsv", &config);
    assert_eq!(table.unwrap().feature_names().collect::<Vec<_>>(), ["a", "b"]);
    let single = read("value\n1\n2\n4\n");
    assert_eq!((single.n_rows(), single.feature_names().count()), (3, 1));
}

#[test]
fn types_are_those_of_the_whole_column() {
    let mut text = String::from("late,code,mixed,flag\n");
    (0..3000).for_each(|i| text += &format!("{i},{i},{}.5,{}\n", i, i % 2 == 0));
    text += "oops,a7,inf,\n";
    (0..3000).for_each(|i| text += &format!("{i},b{i},NaN,true\n"));
    let (table, warnings) = read_with(&text, "t.csv", &DataConfig::default());
    let table = table.unwrap();
    let kinds: Vec<ColumnType> = table.columns.iter().map(|c| c.kind).collect();
    assert_eq!(kinds, [ColumnType::Number, ColumnType::Text, ColumnType::Number, ColumnType::Boolean]);
    assert_eq!((table.text("code", 2999).as_str(), table.text("code", 3000).as_str()), ("2999", "a7"));
    assert!(
        warnings.iter().any(|w| w.contains("\"late\": 1 value") && w.contains("\"oops\" in row 3001")),
        "{warnings:?}"
    );
    let mixed = &table.quality.columns[2];
    assert_eq!((mixed.n_missing, mixed.n_infinite), (3000, 1));
    assert_eq!(table.quality.columns[3].n_missing, 1);
}

#[test]
fn choices_of_the_recipe_are_kept_exactly() {
    let column = |name: &str| ColumnChoice::Column(name.into());
    let text = "when,device,port,v\n01022025,007,080,1\n02022025,007,443,2\n03022025,7,443,3\n";
    let config = DataConfig {
        time: column("when"),
        time_format: TimeFormat::Pattern("%d%m%Y".into()),
        entity: column("device"),
        column_types: [("port".to_string(), ColumnType::Text)].into(),
        ..DataConfig::default()
    };
    let table = read_with(text, "t.csv", &config).0.unwrap();
    assert_eq!(table.time_text(0), "2025-02-01T00:00:00Z");
    assert_eq!(table.entities().unwrap().names, ["007", "7"]);
    assert_eq!(table.text("port", 0), "080");
    assert_eq!(table.feature_names().collect::<Vec<_>>(), ["v"]);
}

#[test]
fn what_is_no_table_is_told() {
    for (content, name, told) in [
        (&b""[..], "t.csv", "empty"),
        (b" \n\n", "t.csv", "empty"),
        (b"a,b\n", "t.csv", "a header but no row"),
        (b"\x7fELF\x02\x01\x00\x00\x00\x13\x00", "t.csv", "neither text nor"),
        (b"\xff\xd8\xff\xe0\x10\x01\x02\x03\x04\xfe", "t.jpg", "neither text nor"),
        (b"\x1f\x8b\x08\x00", "t.csv.gz", "gunzip"),
        (b"PAR1 and no more", "t.parquet", "not a readable Parquet file"),
        (b"Obj\x01\x04", "t.avro", "not a readable Avro file"),
        (b"[{\"a\":1},2]", "t.json", "line 1: this element is no object"),
        (b"[1,2]", "t.json", "elements of this array are no objects"),
        (b"{\"a\":1}", "t.json", "there are no rows"),
        (b"{\"a\":[1,2],\"b\":[1]}", "t.json", "\"a\" has 2 values, \"b\" has 1"),
        (b"{\"a\":[{\"x\":1}],\"b\":[{\"x\":1}]}", "t.json", "several tables: \"a\", \"b\""),
        (b"[{\"a\":1},\n{\"a\":", "t.json", "line 2: EOF"),
        (b"{\"a\":1}\n{\"a\" 2}\n", "t.ndjson", "line 2: expected `:`"),
        (b"{\"a\":1}\n3\n", "t.ndjson", "line 2: this is no object"),
    ] {
        let error = error(content, name);
        assert!(error.contains(told), "{name}: {error}");
    }
    let missing = open(&["/no/such/file.csv".into()], &DataConfig::default(), &Cx::default()).unwrap_err().to_string();
    assert!(missing.contains("no such file"), "{missing}");
    assert!(open(&[], &DataConfig::default(), &Cx::default()).is_err());
}

#[test]
fn every_form_of_json_is_the_same_table() {
    let forms = [
        (
            "t.json",
            "[{\"t\":\"2025-01-01\",\"v\":1,\"m\":{\"cpu\":0.5}},{\"t\":\"2025-01-02\",\"v\":null,\"m\":{\"cpu\":\"1.5\"}}]",
        ),
        (
            "t.json",
            "{\"meta\":{\"n\":2},\"data\":[{\"t\":\"2025-01-01\",\"v\":1,\"m.cpu\":0.5},{\"t\":\"2025-01-02\",\"m.cpu\":1.5}]}",
        ),
        ("t.json", "{\"t\":[\"2025-01-01\",\"2025-01-02\"],\"v\":[1,null],\"m.cpu\":[0.5,1.5]}"),
        (
            "t.ndjson",
            "\u{feff}{\"t\":\"2025-01-01\",\"v\":1,\"m\":{\"cpu\":0.5}}\n\n{\"t\":\"2025-01-02\",\"v\":\"NA\",\"m\":{\"cpu\":1.5}}\n",
        ),
    ];
    for (name, text) in forms {
        let table = read_with(text, name, &DataConfig::default()).0.unwrap();
        assert_eq!(roles(&table), [("t", Role::Time), ("v", Role::Feature), ("m.cpu", Role::Feature)], "{text}");
        assert!(same(&table.numbers("v").unwrap(), &[1.0, f64::NAN]), "{text}");
        assert_eq!(table.numbers("m.cpu").unwrap(), [0.5, 1.5], "{text}");
    }
    let mixed =
        read_with("[{\"a\":1},{\"a\":\"x\"},{\"a\":true,\"b\":[1,2]}]", "t.json", &DataConfig::default()).0.unwrap();
    let texts: Vec<String> = (0..3).map(|row| mixed.text("a", row)).collect();
    assert_eq!((texts, mixed.text("b", 2)), (vec!["1".into(), "x".into(), "true".into()], "[1,2]".to_string()));
}

/// The files were written by pyarrow and fastavro.
#[test]
fn typed_files_written_by_others_are_read() {
    for (name, n_rows) in [("types.parquet", 50), ("types.avro", 50), ("deflate.avro", 50)] {
        let cx = Cx::default();
        let table = open(&[fixture(name)], &DataConfig::default(), &cx).unwrap();
        assert_eq!(table.n_rows(), n_rows, "{name}");
        assert_eq!(table.column_with(Role::Time).unwrap().name, "time", "{name}");
        assert_eq!(table.time_text(49), "2025-01-01T04:05:00Z", "{name}");
        assert_eq!(table.entities().unwrap().names, ["web-0", "web-1"], "{name}");
        assert_eq!(table.label().unwrap().iter().position(|&l| l), Some(40), "{name}");
        let cpu = table.numbers("cpu").unwrap();
        assert!(cpu[7].is_nan() && cpu[9] == 4.5 && cpu.len() == 50, "{name}");
        assert_eq!(table.numbers("count").unwrap()[49], 49.0, "{name}");
        assert_eq!(table.numbers("up").unwrap()[..4], [0.0, 1.0, 1.0, 0.0], "{name}");
        if name == "types.parquet" {
            assert_eq!(table.text("zone", 1), "2025-01-01T00:05:00Z");
            assert_eq!(table.text("day", 1), "2025-01-01T00:00:00Z");
            assert_eq!(table.text("cat", 1), "b");
            let told = "\"tags\", \"price\", \"nest\"";
            assert!(cx.warnings().iter().any(|w| w.contains(told)), "{:?}", cx.warnings());
        }
    }
}

#[test]
fn several_files_are_one_table() {
    let folder = Folder::new();
    let one = folder.put("a/web.csv", "time,cpu,up\n2025-01-01,1,true\n2025-01-02,2,true\n");
    let two = folder.put("b/db.csv", "up,time,cpu\nfalse,2025-01-01,0.5\n");
    let paths = [one.clone(), two.clone()];
    let table = open(&paths, &DataConfig::default(), &Cx::default()).unwrap();
    assert_eq!(table.numbers("cpu").unwrap(), [1.0, 2.0, 0.5]);
    assert_eq!(table.column_with(Role::Entity).unwrap().name, "file");
    let names: Vec<&str> = (0..3).map(|row| table.entities().unwrap().name_of(row)).collect();
    assert_eq!((names, table.name.as_str()), (vec!["web", "web", "db"], "web.csv and 1 more"));
    let none = DataConfig { entity: ColumnChoice::None, ..DataConfig::default() };
    assert_eq!(open(&paths, &none, &Cx::default()).unwrap().columns.len(), 3);
    let other = folder.put("other.csv", "time,mem\n2025-01-01,1\n");
    let error = open(&[one, other], &DataConfig::default(), &Cx::default()).unwrap_err().to_string();
    assert!(error.contains("missing: \"cpu\", \"up\"; unexpected: \"mem\"") && error.contains("other.csv"), "{error}");
}

#[test]
fn an_even_sample_is_the_same_whatever_the_format() {
    let folder = Folder::new();
    let csv: String = (0..1000).map(|i| format!("{i},\"{}\"\n", i * 2)).collect();
    let csv = folder.put("t.csv", format!("i,v\n{csv}"));
    let whole = open(std::slice::from_ref(&csv), &DataConfig::default(), &Cx::default()).unwrap();
    let parquet = folder.0.path().join("t.parquet");
    write::table(&parquet, &whole).unwrap();
    let lines: String = (0..1000).map(|i| format!("{{\"i\":{i},\"v\":{}}}\n", i * 2)).collect();
    let lines = folder.put("t.ndjson", lines);
    let list = |from, to| (from..to).map(|i| format!("{{\"i\":{i},\"v\":{}}}", i * 2)).collect::<Vec<_>>().join(",");
    let json = folder.put("t.json", format!("[{}]", list(0, 1000)));
    let halves = vec![
        folder.put("h1.json", format!("[{}]", list(0, 300))),
        folder.put("h2.json", format!("[{}]", list(300, 1000))),
    ];
    let config = DataConfig { sample_rows: 7, ..DataConfig::default() };
    for paths in [vec![csv], vec![parquet], vec![lines], vec![json], halves] {
        let sample = open(&paths, &config, &Cx::default()).unwrap();
        assert_eq!(sample.numbers("i").unwrap(), [142.0, 285.0, 428.0, 571.0, 714.0, 857.0, 999.0], "{paths:?}");
        assert_eq!(sample.numbers("v").unwrap()[6], 1998.0);
    }
    let sample = open(&[fixture("types.avro")], &config, &Cx::default()).unwrap();
    assert_eq!(sample.numbers("count").unwrap(), [7.0, 14.0, 21.0, 28.0, 35.0, 42.0, 49.0]);
}

#[test]
fn a_file_that_does_not_fit_is_refused_unless_sampled() {
    let folder = Folder::new();
    let path = folder.put("t.csv", format!("a,b\n{}", "1234567,7654321\n".repeat(5_000_000)));
    let cx = Cx::new(&ComputeConfig { memory_limit_mb: 64, ..ComputeConfig::default() });
    let error = open(std::slice::from_ref(&path), &DataConfig::default(), &cx).unwrap_err().to_string();
    for part in ["64 MB", "compute.memory_limit_mb", "data.sample_rows"] {
        assert!(error.contains(part), "{error}");
    }
    let config = DataConfig { sample_rows: 1000, ..DataConfig::default() };
    assert_eq!(open(&[path], &config, &cx).unwrap().n_rows(), 1000);
}

#[test]
fn cancelling_ends_the_reading() {
    let folder = Folder::new();
    let path = folder.put("t.csv", "a,b\n1,2\n");
    let cx = Cx::default();
    cx.cancel();
    for path in [path, fixture("types.parquet"), fixture("types.avro")] {
        let error = open(&[path], &DataConfig::default(), &cx).unwrap_err();
        assert_eq!(error.to_string(), "cancelled");
    }
}

#[test]
fn what_is_written_can_be_read_again() {
    let folder = Folder::new();
    let source = open(&[fixture("types.parquet")], &DataConfig::default(), &Cx::default()).unwrap();
    for name in ["copy.csv", "copy.parquet"] {
        let path = folder.0.path().join(name);
        write::table(&path, &source).unwrap();
        let copy = open(&[path], &DataConfig::default(), &Cx::default()).unwrap();
        assert_eq!(copy.time(), source.time(), "{name}");
        assert_eq!((copy.entities(), copy.label()), (source.entities(), source.label()), "{name}");
        for feature in source.feature_names() {
            assert!(same(&copy.numbers(feature).unwrap(), &source.numbers(feature).unwrap()), "{name} {feature}");
        }
    }
    let scores = vec![0.1 + 0.2; 50];
    let path = folder.0.path().join("scores.parquet");
    write::scores(&path, &source, &[write::ScoreColumn::numbers("score", scores.clone())]).unwrap();
    let back = open(&[path], &DataConfig::default(), &Cx::default()).unwrap();
    assert_eq!(back.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["row", "time", "host", "score"]);
    assert_eq!((back.time(), back.numbers("score").unwrap()), (source.time(), scores));
}

#[test]
fn a_preview_shows_the_head() {
    let folder = Folder::new();
    let rows: String = (0..5000)
        .map(|i| format!("{},web-{},{}\n", 1_700_000_000 + i, i % 3, if i % 2 == 0 { "" } else { "07" }))
        .collect();
    let path = folder.put("t.csv", "ts,host,v\n".to_string() + &rows);
    let seen = preview(&path, &DataConfig::default()).unwrap();
    assert_eq!(seen.rows.len(), 200);
    assert_eq!(seen.rows[1], ["1700000001", "web-1", "07"]);
    assert!(seen.n_rows_estimated.abs_diff(5000) < 100, "{}", seen.n_rows_estimated);
    let columns: Vec<_> = seen.columns.iter().map(|c| (c.name.as_str(), c.kind, c.role)).collect();
    let expected = [
        ("ts", ColumnType::Time, Role::Time),
        ("host", ColumnType::Text, Role::Entity),
        ("v", ColumnType::Number, Role::Feature),
    ];
    assert_eq!(columns, expected);
    assert_eq!((seen.columns[2].missing_share, seen.columns[1].samples.len()), (0.5, 3));
    let facts: Vec<&str> = seen.format.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["delimiter", "decimal mark", "encoding", "header", "quote", "time format"] {
        assert!(facts.contains(&name), "{facts:?}");
    }
    let wrong = DataConfig { time: ColumnChoice::Column("zeit".into()), ..DataConfig::default() };
    let told = preview(&path, &wrong).unwrap().warnings;
    assert!(told.iter().any(|w| w.contains("there is no column \"zeit\"")), "{told:?}");
    for name in ["types.parquet", "types.avro"] {
        let seen = preview(&fixture(name), &DataConfig::default()).unwrap();
        assert_eq!((seen.rows.len(), seen.n_rows_estimated, seen.rows[0][1].as_str()), (50, 50, "web-0"));
    }
}
