//! Checks the rules of the recipe against the data that is open, while they are being written.

use std::sync::Arc;

use crate::analysis::{features, rules};
use crate::cx::Cx;
use crate::data::Table;
use crate::recipe::{FeaturesConfig, Recipe, RuleConfig};

/// What is known of the rules of a recipe on the data that is open.
#[derive(Debug, Clone, Default)]
pub struct RuleChecks {
    /// Names an expression may use: columns, then features. Empty without data.
    pub names: Vec<String>,
    /// What is wrong with each rule's expression; `None` where nothing is, or where no data is open.
    pub problems: Vec<Option<String>>,
    of: Option<(Arc<Table>, FeaturesConfig, Vec<RuleConfig>)>,
}

impl RuleChecks {
    /// Looks again where rules, features or data are others than last time. Takes a millisecond per rule at most, as no
    /// row is looked at.
    pub fn refresh(&mut self, recipe: &Recipe, table: Option<&Arc<Table>>) {
        let Some(table) = table else {
            *self = Self::default();
            return;
        };
        let is_same = |(of, features, rules): &(Arc<Table>, FeaturesConfig, Vec<RuleConfig>)| {
            Arc::ptr_eq(of, table) && *features == recipe.features && *rules == recipe.rules
        };
        if self.of.as_ref().is_some_and(is_same) {
            return;
        }
        let columns = table.columns.iter().map(|column| column.name.clone());
        let plan = features::plan(table, &recipe.features, &Cx::default()).ok();
        let made = plan.iter().flat_map(|plan| &plan.features).map(|feature| feature.name.clone());
        let columns: Vec<String> = columns.collect();
        let made: Vec<String> = made.filter(|name| !columns.contains(name)).collect();
        self.names = columns.into_iter().chain(made).collect();
        let problem = |rule: &RuleConfig| {
            let result = plan.as_ref().map(|plan| rules::check(&rule.expression, table, plan));
            result.and_then(Result::err).map(|error| error.to_string())
        };
        self.problems = recipe.rules.iter().map(problem).collect();
        self.of = Some((Arc::clone(table), recipe.features.clone(), recipe.rules.clone()));
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
        checks.refresh(&recipe, None);
        assert!(checks.problems.is_empty());
        let table = Arc::new(Table::of_features(&[("cpu", vec![1.0, 2.0])], Some(vec![0, 1]), None));
        checks.refresh(&recipe, Some(&table));
        assert!(checks.problems[0].is_none() && checks.problems[1].as_ref().unwrap().contains("did you mean cpu"));
        assert!(checks.names.starts_with(&["cpu".to_owned()]) && checks.names.contains(&"cpu_mean_5".to_owned()));
        recipe.rules[1].expression = "cpu > cpu_mean_5".into();
        checks.refresh(&recipe, Some(&table));
        assert_eq!(checks.problems, [None, None]);
    }
}
