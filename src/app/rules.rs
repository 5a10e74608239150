//! Checks the rules of the recipe against the data that is open, while they are being written.

use std::sync::Arc;

use crate::analysis::features::{self, FeatureInput, FeaturePlan};
use crate::analysis::{prepare, rules};
use crate::cx::Cx;
use crate::data::{SeriesOrder, Table};
use crate::engine::{Job, JobError, JobEvent};
use crate::recipe::{FeaturesConfig, PrepareConfig, Recipe, RuleConfig};

/// What is known of the rules of a recipe on the data that is open.
#[derive(Debug, Default)]
pub struct RuleChecks {
    /// Names an expression may use: columns, then features. Empty without data, and columns only until it is known which
    /// features there are.
    pub names: Vec<String>,
    /// What is wrong with each rule's expression; `None` where nothing is, or where that is not known yet.
    pub problems: Vec<Option<String>>,
    planned: Option<Planned>,
    checked: Vec<RuleConfig>,
}

/// The features of the data under the settings, or the job that finds out.
#[derive(Debug)]
struct Planned {
    table: Arc<Table>,
    features: FeaturesConfig,
    prepare: PrepareConfig,
    job: Option<Job<Option<FeaturePlan>>>,
    plan: Option<FeaturePlan>,
}

impl RuleChecks {
    /// Looks again where rules, features or data are others than last time. Never waits: which features there are is found
    /// out in the background, and `notify` is called when it is known; a rule then takes a millisecond at most.
    pub fn refresh(&mut self, recipe: &Recipe, table: Option<&Arc<Table>>, notify: &Arc<dyn Fn() + Send + Sync>) {
        let Some(table) = table else {
            if self.planned.is_some() {
                *self = Self::default();
            }
            return;
        };
        let is_same = |planned: &Planned| {
            Arc::ptr_eq(&planned.table, table)
                && planned.features == recipe.features
                && planned.prepare == recipe.prepare
        };
        let is_new = !self.planned.as_ref().is_some_and(is_same);
        if is_new {
            self.planned = Some(Planned::start(table, recipe, notify));
        }
        let Some(planned) = &mut self.planned else { return };
        let is_known_now = planned.poll();
        if !is_new && !is_known_now && self.checked == recipe.rules {
            return;
        }
        let columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let made = planned.plan.iter().flat_map(|plan| &plan.features).map(|feature| feature.name.clone());
        let made: Vec<String> = made.filter(|name| !columns.contains(name)).collect();
        self.names = columns.into_iter().chain(made).collect();
        let problem = |rule: &RuleConfig| {
            let result = planned.plan.as_ref().map(|plan| rules::check(&rule.expression, table, plan));
            result.and_then(Result::err).map(|error| error.to_string())
        };
        self.problems = recipe.rules.iter().map(problem).collect();
        self.checked.clone_from(&recipe.rules);
    }
}

impl Planned {
    fn start(table: &Arc<Table>, recipe: &Recipe, notify: &Arc<dyn Fn() + Send + Sync>) -> Self {
        let (own_table, features, prepare) = (Arc::clone(table), recipe.features.clone(), recipe.prepare.clone());
        let work = {
            let (table, config, prepare) = (Arc::clone(table), features.clone(), prepare.clone());
            move |cx: &Cx, _: &(dyn Fn(()) + Sync)| {
                let order = SeriesOrder::of(&table);
                let training = prepare::training_rows(&table, &prepare, None, cx).map_err(|_| JobError::Cancelled)?;
                // Data that no feature can be made of is reported by the run.
                Ok(features::plan(&FeatureInput::new(&table, &order, training), &config, cx).ok())
            }
        };
        let notify = Arc::clone(notify);
        // Without a thread the rules stay unchecked until the run, which says what is wrong with them.
        let job = Job::spawn("features", Cx::default(), move || notify(), work).ok();
        Self { table: own_table, features, prepare, job, plan: None }
    }

    /// Whether the plan has become known just now.
    fn poll(&mut self) -> bool {
        let Some(JobEvent::Done(result)) = self.job.as_mut().and_then(Job::poll) else { return false };
        self.job = None;
        self.plan = result.ok().flatten();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_found_as_soon_as_data_is_open() {
        let rule = |expression: &str| RuleConfig { expression: expression.into(), ..RuleConfig::default() };
        let mut recipe = Recipe { rules: vec![rule("cpu > 1"), rule("cqu > 1")], ..Recipe::default() };
        let mut checks = RuleChecks::default();
        let (sender, receiver) = std::sync::mpsc::channel();
        let sender = std::sync::Mutex::new(sender);
        let notify: Arc<dyn Fn() + Send + Sync> = Arc::new(move || sender.lock().unwrap().send(()).unwrap());
        checks.refresh(&recipe, None, &notify);
        assert!(checks.problems.is_empty());
        let table = Arc::new(Table::of_features(&[("cpu", vec![1.0, 2.0])], Some(vec![0, 1]), None));
        checks.refresh(&recipe, Some(&table), &notify);
        assert_eq!((checks.names.first().map(String::as_str), checks.problems.len()), (Some("cpu"), 2));
        receiver.recv().unwrap();
        checks.refresh(&recipe, Some(&table), &notify);
        assert!(checks.problems[0].is_none() && checks.problems[1].as_ref().unwrap().contains("did you mean cpu"));
        assert!(checks.names.starts_with(&["cpu".to_owned()]) && checks.names.contains(&"cpu_mean_5".to_owned()));
        // Rules alone are checked at once.
        recipe.rules[1].expression = "cpu > cpu_mean_5".into();
        checks.refresh(&recipe, Some(&table), &notify);
        assert_eq!(checks.problems, [None, None]);
    }
}
