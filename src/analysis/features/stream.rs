//! Features row by row, as live data needs them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::plan::Node;
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

/// Where an entity stands after some of its rows, to try what its next row could be.
#[derive(Clone)]
pub struct EntityState {
    /// At the places of the nodes; `None` for nodes that look ahead, that see the rows of all entities, or that are of no
    /// interest.
    machines: Machines,
}

impl FittedFeatures {
    /// An entity before its first row, with the nodes of which `is_wanted` gives a feature (by its place in the plan).
    pub fn entity(&self, name: &str, is_wanted: impl Fn(usize) -> bool) -> EntityState {
        let machine = |(fitted, node): (&FittedNode, &Node)| {
            let is_of_use = !fitted.0.is_shared() && node.outputs.clone().any(&is_wanted);
            if is_of_use { fitted.0.machine(name) } else { None }
        };
        EntityState { machines: self.nodes.iter().zip(&self.plan.nodes).map(machine).collect() }
    }

    /// Moves on by a row that came. `number` and `text` give a raw column's value by name.
    pub fn take<'t>(
        &self,
        state: &mut EntityState,
        time: i64,
        number: impl Fn(&str) -> f64,
        text: impl Fn(&str) -> Option<&'t str>,
    ) {
        let mut out = Vec::new();
        for (machine, node) in state.machines.iter_mut().zip(&self.plan.nodes) {
            if let Some(machine) = machine {
                push(&mut **machine, node, time, &number, &text, &mut out);
            }
        }
    }

    /// The features that a next row would have which come from a column that `is_changed`: each with its place in the plan.
    /// The state stays what it is.
    pub fn try_next<'t>(
        &self,
        state: &EntityState,
        is_changed: impl Fn(&str) -> bool,
        time: i64,
        number: impl Fn(&str) -> f64,
        text: impl Fn(&str) -> Option<&'t str>,
    ) -> Vec<(usize, f64)> {
        let (mut found, mut out) = (Vec::new(), Vec::new());
        for (machine, node) in state.machines.iter().zip(&self.plan.nodes) {
            let is_touched = || node.numbers.iter().chain(&node.texts).any(|column| is_changed(column));
            if let Some(machine) = machine.as_ref().filter(|_| is_touched()) {
                push(&mut *machine.clone(), node, time, &number, &text, &mut out);
                found.extend(node.outputs.clone().zip(out.iter().copied()));
            }
        }
        found
    }
}

/// Gives a machine a row of its entity, the only one there is; its features are in `out` then.
fn push<'t>(
    machine: &mut dyn Machine,
    node: &Node,
    time: i64,
    number: &impl Fn(&str) -> f64,
    text: &impl Fn(&str) -> Option<&'t str>,
    out: &mut Vec<f64>,
) {
    let finite = |value: f64| if value.is_finite() { value } else { f64::NAN };
    let numbers: Vec<f64> = node.numbers.iter().map(|name| finite(number(name))).collect();
    let texts: Vec<Option<&str>> = node.texts.iter().map(|name| text(name)).collect();
    out.clear();
    out.resize(node.outputs.len(), f64::NAN);
    machine.push(StreamRow { entity: 0, time, numbers: &numbers, texts: &texts }, out);
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
