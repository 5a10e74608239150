//! Features row by row, as live data needs them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::step::{Machine, StreamRow};
use super::{FeatureError, FeaturePlan, FittedNode};

/// A plan with everything it learned from the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedFeatures {
    /// Which features there are.
    pub plan: FeaturePlan,
    /// The nodes of the plan, fitted, in its order.
    pub nodes: Vec<FittedNode>,
}

impl FittedFeatures {
    /// The features of rows that come one at a time.
    ///
    /// # Errors
    /// [`FeatureError::LooksAhead`] where a feature needs later rows.
    pub fn stream(&self) -> Result<FeatureStream<'_>, FeatureError> {
        self.plan.check_live()?;
        let shared = |node: &FittedNode| if node.0.is_shared() { node.0.machine("") } else { None };
        Ok(FeatureStream {
            fitted: self,
            shared: self.nodes.iter().map(shared).collect(),
            entities: HashMap::new(),
            numbers: Vec::new(),
            out: Vec::new(),
        })
    }
}

/// Computes features row by row: the same bits as the batch gives for rows in the same order. Holds, per entity, what the
/// longest window needs.
pub struct FeatureStream<'a> {
    fitted: &'a FittedFeatures,
    /// Machines that see the rows of all entities.
    shared: Machines,
    entities: HashMap<String, Entity>,
    numbers: Vec<f64>,
    out: Vec<f64>,
}

/// Machines at the places of their nodes.
type Machines = Vec<Option<Box<dyn Machine>>>;

/// An entity of which rows have come.
struct Entity {
    /// In the order in which entities first came.
    number: u32,
    machines: Machines,
}

impl FeatureStream<'_> {
    /// The features of the next row of the entity of that name (empty where there are none), in the order of the plan; NaN where one is missing. `time` in
    /// microseconds since 1970-01-01 UTC must not fall (0 where there is none; within an entity is enough but for the
    /// features of domain packs). `number` and `text` give
    /// a raw column's value by name.
    pub fn push<'t>(
        &mut self,
        entity: &str,
        time: i64,
        number: impl Fn(&str) -> f64,
        text: impl Fn(&str) -> Option<&'t str>,
    ) -> &[f64] {
        let fitted = self.fitted;
        if !self.entities.contains_key(entity) {
            let own = |node: &FittedNode| if node.0.is_shared() { None } else { node.0.machine(entity) };
            let number = u32::try_from(self.entities.len()).unwrap_or(u32::MAX);
            let machines = fitted.nodes.iter().map(own).collect();
            self.entities.insert(entity.to_owned(), Entity { number, machines });
        }
        let Some(Entity { number: known_as, machines }) = self.entities.get_mut(entity) else { return &[] };
        let machines = machines.iter_mut().zip(&mut self.shared).map(|(own, shared)| own.as_mut().or(shared.as_mut()));
        self.out.clear();
        self.out.resize(fitted.plan.features.len(), f64::NAN);
        for (machine, node) in machines.zip(&fitted.plan.nodes) {
            self.numbers.clear();
            self.numbers.extend(node.numbers.iter().map(|name| {
                let value = number(name);
                if value.is_finite() { value } else { f64::NAN }
            }));
            let texts: Vec<Option<&str>> = node.texts.iter().map(|name| text(name)).collect();
            if let (Some(machine), Some(out)) = (machine, self.out.get_mut(node.outputs.clone())) {
                machine.push(StreamRow { entity: *known_as, time, numbers: &self.numbers, texts: &texts }, out);
            }
        }
        &self.out
    }
}
