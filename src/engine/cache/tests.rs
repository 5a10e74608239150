//! What the cache promises: a changed step alone is computed again, and files survive and fail well.

use std::time::SystemTime;

use super::*;
use crate::analysis::{features, prepare};
use crate::data::SeriesOrder;
use crate::recipe::{DetectorKind, EvictionPolicy, FeaturesConfig, edit};

fn table(last: f64) -> Table {
    let values = |k: usize| (0..300).map(|i| ((i * (7 + k)) % 31) as f64).collect::<Vec<f64>>();
    let mut changed = values(2);
    changed[299] = last;
    Table::of_features(&[("a", values(1)), ("b", changed)], Some((0..300).map(|i| i * 1_000_000).collect()), None)
}

/// Names of the nodes' first features that had to be computed.
fn computed(cache: &Cache, table: &Table, config: &FeaturesConfig, limits: &CacheConfig) -> Vec<String> {
    let (order, cx) = (SeriesOrder::of(table), Cx::default());
    let input =
        FeatureInput::new(table, &order, prepare::training_rows(table, &Default::default(), None, &cx).unwrap());
    let plan = features::plan(&input, config, &cx).unwrap();
    let mut fresh = Vec::new();
    for node in 0..plan.n_nodes() {
        let result = cache.features(&plan, node, &input, limits, &cx).unwrap();
        let direct = plan.compute_node(node, &input, &cx).unwrap();
        let bits = |columns: &[Vec<f64>]| columns.iter().flatten().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&result.columns.columns), bits(&direct.columns));
        assert_eq!(result.columns.fitted, direct.fitted);
        if result.seconds > 0.0 {
            fresh.push(plan.features[plan.node_features(node).start].name.clone());
        }
    }
    fresh
}

#[test]
fn only_what_changed_is_computed_again() {
    let (cache, limits, mut config) = (Cache::default(), CacheConfig::default(), FeaturesConfig::rolling());
    config.time_series.rolling_statistics.windows = vec![3];
    assert_eq!(computed(&cache, &table(1.0), &config, &limits).len(), 6);
    assert!(computed(&cache, &table(1.0), &config, &limits).is_empty());
    // Another window: the rolling statistics of both columns, not the raw values and z-scores.
    config.time_series.rolling_statistics.windows = vec![4];
    assert_eq!(computed(&cache, &table(1.0), &config, &limits), ["a_mean_4", "b_mean_4"]);
    // One changed value: all features of its column.
    let again = Cache { state: cache.state, disk: None };
    again.state().contents = Contents::default();
    assert_eq!(computed(&again, &table(2.0), &config, &limits), ["b", "b_mean_4", "b_z_60"]);
    let off = CacheConfig { features: false, ..limits };
    assert_eq!(computed(&again, &table(2.0), &config, &off).len(), 6);
}

const LIMITS: Limits = Limits { bytes: 1 << 20, ttl: Duration::from_secs(60), policy: EvictionPolicy::Lru };

fn disk() -> (tempfile::TempDir, Disk) {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::new(folder.path().join("scores"));
    (folder, disk)
}

fn files(folder: &tempfile::TempDir, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.path().join("scores")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|of| of == extension)).collect()
}

#[test]
fn files_keep_every_bit_and_any_damage_is_noticed() {
    let (folder, disk) = disk();
    let columns = [vec![1.5, f64::NAN, -0.0, f64::INFINITY], vec![f64::MIN_POSITIVE; 4]];
    let put = |key| {
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        disk.put(Kind::Scores, key, "words, twelve", &columns, LIMITS).unwrap();
    };
    assert!(disk.get(Kind::Scores, 7, LIMITS).is_none());
    put(7);
    let found = disk.get(Kind::Scores, 7, LIMITS).unwrap();
    let bits = |columns: &[Vec<f64>]| columns.iter().flatten().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!((found.text.as_str(), bits(&found.columns)), ("words, twelve", bits(&columns)));

    let path = files(&folder, "scores").remove(0);
    let whole = std::fs::read(&path).unwrap();
    assert_eq!(whole.len() as u64, file::length("words, twelve", &[&columns[0], &columns[1]]));
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        assert!(disk.get(Kind::Scores, 7, LIMITS).is_none() && !path.exists(), "byte {at}");
    }
    for length in [0, 7, 40, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(disk.get(Kind::Scores, 7, LIMITS).is_none(), "{length} bytes");
    }
    // The file of another key under this one's name.
    put(7);
    std::fs::rename(&path, path.with_file_name("0000000000000008.scores")).unwrap();
    assert!(disk.get(Kind::Scores, 8, LIMITS).is_none());
}

#[test]
fn room_and_age_on_disk_are_bounded() {
    let (folder, disk) = disk();
    let column = vec![1.0; 100];
    let put = |key, limits| disk.put(Kind::Scores, key, "", &[&column], limits).unwrap();
    let two = Limits { bytes: 2 * file::length("", &[&column]), ..LIMITS };
    put(1, two);
    put(2, two);
    disk.get(Kind::Scores, 1, two).unwrap();
    put(3, two);
    let kept = [1, 2, 3].map(|key| disk.get(Kind::Scores, key, two).is_some());
    assert_eq!(kept, [true, false, true]);
    put(4, Limits { bytes: 10, ..two });
    assert!(disk.get(Kind::Scores, 4, two).is_none() && files(&folder, "scores").len() == 2);

    // An index that cannot be read is made again: what counts is when the files were written.
    let long_ago = SystemTime::now() - Duration::from_secs(61);
    let old = folder.path().join("scores").join("0000000000000001.scores");
    std::fs::File::options().append(true).open(old).unwrap().set_modified(long_ago).unwrap();
    std::fs::write(folder.path().join("scores").join("index.json"), "{").unwrap();
    assert!(disk.get(Kind::Scores, 1, two).is_none() && disk.get(Kind::Scores, 3, two).is_some());
}

#[test]
fn several_programs_may_use_a_folder_at_once() {
    let (folder, disk) = disk();
    let other = Disk::new(folder.path().join("scores"));
    let half_done = folder.path().join("scores").join("0000000000000001.scores.1-1.part");
    std::thread::scope(|scope| {
        for (disk, start) in [(&disk, 0), (&disk, 100), (&other, 200), (&other, 50)] {
            scope.spawn(move || {
                for key in start..start + 100 {
                    disk.put(Kind::Scores, key, "", &[&[key as f64]], LIMITS).unwrap();
                    disk.get(Kind::Scores, key, LIMITS);
                }
            });
        }
    });
    for key in 0..300 {
        let found = disk.get(Kind::Scores, key, LIMITS).unwrap();
        assert_eq!(found.columns, [[key as f64]]);
    }
    assert_eq!(files(&folder, "part"), [] as [PathBuf; 0]);
    // What a stopped program left goes after a while.
    std::fs::write(&half_done, "").unwrap();
    disk.get(Kind::Scores, 1, LIMITS);
    assert!(half_done.exists());
    let long_ago = SystemTime::now() - Duration::from_secs(4000);
    std::fs::File::options().append(true).open(&half_done).unwrap().set_modified(long_ago).unwrap();
    disk.get(Kind::Scores, 1, LIMITS);
    assert!(!half_done.exists());
}

/// Prepares a table, slowly enough to be worth a file, and scores it. Gives what was not kept.
fn run(
    cache: &Cache,
    table: &Table,
    assignments: &[&str],
    cx: &Cx,
) -> (Arc<Prepared>, Arc<Vec<f64>>, Vec<&'static str>) {
    let mut recipe = Recipe { features: FeaturesConfig::rolling(), ..Recipe::default() };
    recipe.features.time_series.rolling_statistics.windows = vec![3];
    recipe.prepare.feature_selection.max_features = 5;
    assignments.iter().for_each(|assignment| edit::set(&mut recipe, assignment).unwrap());
    let config = &recipe.compute.cache;
    let order = SeriesOrder::of(table);
    let input = FeatureInput::new(table, &order, prepare::training_rows(table, &recipe.prepare, None, cx).unwrap());
    let plan = features::plan(&input, &recipe.features, cx).unwrap();
    let key = cache.prepared_key(&plan, &input, &recipe, cx);
    let mut computed = Vec::new();
    let (prepared, kept) = cache
        .prepared(key, &plan, &input, config, cx, |cx| {
            std::thread::sleep(WORTH_A_FILE);
            cx.warn("prepared with care");
            let source = |node: usize| {
                plan.compute_node(node, &input, cx)
                    .map(|columns| NodeResult { columns: Arc::new(columns), seconds: 0.0 })
            };
            prepare::build(&plan, &input, &recipe.prepare, &source, cx)
        })
        .unwrap();
    if !kept {
        computed.push("matrix");
    }
    let key = StageKey::scores(key, DetectorKind::IsolationForest, &recipe, "cpu");
    let scores = cache.scores(key, table.n_rows(), config, cx).unwrap_or_else(|| {
        computed.push("scores");
        let compute = |cx: &Cx| {
            cx.warn("scored with care");
            Ok::<_, ()>((0..table.n_rows()).map(|row| row as f64 / 7.0).collect())
        };
        cache.compute_scores(key, config, cx, compute).unwrap()
    });
    (prepared, scores, computed)
}

#[test]
fn another_start_finds_matrix_scores_and_what_was_said_about_them() {
    let folder = tempfile::tempdir().unwrap();
    let start = |value: f64, assignments: &[&str]| {
        let cx = Cx::default();
        let (prepared, scores, computed) =
            run(&Cache::on_disk(folder.path().to_owned()), &table(value), assignments, &cx);
        (prepared, scores, computed, cx.warnings())
    };
    let first = start(1.0, &[]);
    let second = start(1.0, &[]);
    assert_eq!((first.2, second.2), (vec!["matrix", "scores"], vec![]));
    assert_eq!((&first.0, &first.1), (&second.0, &second.1));
    assert!(first.3.contains(&"prepared with care".into()) && first.3.contains(&"scored with care".into()));
    let sorted = |mut warnings: Vec<String>| {
        warnings.sort();
        warnings
    };
    assert_eq!(sorted(first.3), sorted(second.3));
    // What the results depend on, and what they do not.
    let computed = |value: f64, assignment: &str| start(value, &[assignment]).2;
    let (all, scores, none) = (vec!["matrix", "scores"], vec!["scores"], Vec::<&str>::new());
    assert_eq!(computed(2.0, "compute.threads=1"), all);
    assert_eq!(computed(1.0, "prepare.feature_scaling=robust"), all);
    assert_eq!(computed(1.0, "prepare.feature_selection.max_features=4"), all);
    assert_eq!(computed(1.0, "features.time_series.rolling_statistics.windows=[4]"), all);
    assert_eq!(computed(1.0, "detectors.isolation_forest.n_estimators=7"), scores);
    // The seed takes part in selecting features.
    assert_eq!(computed(1.0, "compute.seed=7"), all);
    for same in [
        "compute.threads=1",
        "compute.memory_limit_mb=512",
        "detectors.isolation_forest.contamination=0.3",
        "ensemble.contamination=0.3",
        "detectors.one_class_svm.nu=0.3",
    ] {
        assert_eq!(computed(1.0, same), none, "{same}");
    }
    assert_eq!(computed(1.0, "compute.cache.disk_mb=0"), all);
    assert_eq!(computed(1.0, "compute.cache.predictions=false"), scores);
    // Files of other shapes are no results.
    for kind in [Kind::Matrix, Kind::Scores] {
        for path in folder::kept_files(folder.path()).unwrap().iter().filter(|path| Kind::of(path) == Some(kind)) {
            let key = u64::from_str_radix(path.file_stem().unwrap().to_str().unwrap(), 16).unwrap();
            file::write(path, key, "[]", &[&[1.0]]).unwrap();
        }
    }
    assert_eq!(start(1.0, &[]).2, all);
}

#[test]
fn a_disk_that_refuses_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("file");
    std::fs::write(&in_the_way, "").unwrap();
    let cx = Cx::default();
    let cache = Cache::on_disk(in_the_way);
    assert_eq!(run(&cache, &table(1.0), &[], &cx).2, ["matrix", "scores"]);
    let warnings = cx.warnings().into_iter().filter(|warning| warning.contains("compute.cache.disk_mb")).count();
    assert_eq!(warnings, 1);
    // In memory everything is kept.
    assert!(run(&cache, &table(1.0), &[], &cx).2.is_empty());
}

#[test]
fn the_folder_can_be_looked_at_and_cleared() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(cache_use(folder.path()).unwrap().iter().map(|kind| kind.n_files).sum::<u64>(), 0);
    let cache = Cache::on_disk(folder.path().to_owned());
    run(&cache, &table(1.0), &[], &Cx::default());
    std::fs::write(folder.path().join("scores").join("of others.txt"), "mine").unwrap();
    let counts =
        |folder: &std::path::Path| cache_use(folder).unwrap().iter().map(|kind| kind.n_files).collect::<Vec<_>>();
    let config = CacheConfig::default();
    cache.keep_explanations(StageKey(7), "why", &config, &Cx::default());
    assert_eq!(counts(folder.path()), [0, 1, 1, 1]);
    assert!(cache_use(folder.path()).unwrap()[2].bytes > 300 * 8);
    clear_cache(folder.path()).unwrap();
    assert_eq!(counts(folder.path()), [0, 0, 0, 0]);
    assert!(folder.path().join("scores").join("of others.txt").exists());
}

#[test]
fn explanations_come_back_where_they_may() {
    let folder = tempfile::tempdir().unwrap();
    let (config, cx) = (CacheConfig::default(), Cx::default());
    let start = || Cache::on_disk(folder.path().to_owned());
    start().keep_explanations(StageKey(7), "[\"latency\"]", &config, &cx);
    assert_eq!(start().explanations(StageKey(7), 86_400, &config).as_deref(), Some("[\"latency\"]"));
    assert_eq!(start().explanations(StageKey(8), 86_400, &config), None);
    assert_eq!(start().explanations(StageKey(7), 0, &config), None, "the recipe keeps none");
    assert_eq!(start().explanations(StageKey(7), 86_400, &CacheConfig { disk_mb: 0, ..config }), None);
    assert_eq!(Cache::default().explanations(StageKey(7), 86_400, &CacheConfig::default()), None);
}
