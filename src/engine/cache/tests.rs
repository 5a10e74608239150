//! What the cache promises: a changed step alone is computed again, and files survive and fail well.

use super::*;
use crate::analysis::{features, prepare};
use crate::data::SeriesOrder;
use crate::recipe::{EvictionPolicy, FeaturesConfig};

fn table(last: f64) -> Table {
    let values = |k: usize| (0..300).map(|i| ((i * (7 + k)) % 31) as f64).collect::<Vec<f64>>();
    let mut changed = values(2);
    changed[299] = last;
    Table::of_features(&[("a", values(1)), ("b", changed)], Some((0..300).map(|i| i * 1_000_000).collect()), None)
}

/// Names of the nodes' first features that had to be computed.
fn computed(cache: &Cache, table: &Table, config: &FeaturesConfig, limits: &CacheConfig) -> Vec<String> {
    let (order, cx) = (SeriesOrder::of(table), Cx::default());
    let input = FeatureInput::new(table, &order, prepare::training_rows(table, &Default::default(), &cx).unwrap());
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

#[test]
fn files_survive_and_damage_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::new(folder.path().join("features"));
    let limits = Limits { bytes: 1 << 20, ttl: Duration::from_secs(60), policy: EvictionPolicy::Lru };
    let table = table(1.0);
    let (order, cx) = (SeriesOrder::of(&table), Cx::default());
    let input = FeatureInput::new(&table, &order, None);
    let plan = features::plan(&input, &FeaturesConfig::rolling(), &cx).unwrap();
    let columns = plan.compute_node(1, &input, &cx).unwrap();
    assert!(disk.get(7, limits).is_none());
    disk.put(7, &columns, limits).unwrap();
    let found = disk.get(7, limits).unwrap();
    assert_eq!(format!("{found:?}"), format!("{columns:?}"));

    let path = folder.path().join("features").join("0000000000000007.features");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert!(disk.get(7, limits).is_none() && !path.exists());

    disk.put(7, &columns, limits).unwrap();
    std::fs::write(&path, &bytes[..100]).unwrap();
    assert!(disk.get(7, limits).is_none());

    // Room for two: the one used longest ago goes.
    let two = Limits { bytes: 2 * disk::bytes_of(&columns), ..limits };
    for key in [1, 2] {
        disk.put(key, &columns, two).unwrap();
    }
    disk.get(1, two).unwrap();
    disk.put(3, &columns, two).unwrap();
    assert!(disk.get(2, two).is_none() && disk.get(1, two).is_some() && disk.get(3, two).is_some());
    // Too old, or an index that cannot be read: absent.
    std::fs::write(folder.path().join("features").join("index.json"), "{").unwrap();
    assert!(disk.get(1, two).is_none());
    assert_eq!(
        std::fs::read_dir(folder.path().join("features"))
            .unwrap()
            .filter(|f| f.as_ref().unwrap().path().extension().unwrap() == "features")
            .count(),
        0
    );
}
