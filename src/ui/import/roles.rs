//! What choosing a role or a type for a column means for the settings.

use crate::data::Role;
use crate::data::load::ColumnPreview;
use crate::recipe::{ColumnChoice, ColumnType, DataConfig};

/// Every role, in the order of the menu.
pub(super) const ROLES: [Role; 6] = [Role::Time, Role::Entity, Role::Label, Role::Feature, Role::Text, Role::Ignored];
/// Every type, in the order of the menu.
pub(super) const TYPES: [ColumnType; 4] = [ColumnType::Number, ColumnType::Boolean, ColumnType::Time, ColumnType::Text];

/// Name of a role.
pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Time => "Time",
        Role::Entity => "Entity",
        Role::Label => "Label",
        Role::Feature => "Feature",
        Role::Text => "Text",
        Role::Ignored => "Ignored",
    }
}

/// What a role means.
pub(super) fn role_meaning(role: Role) -> &'static str {
    match role {
        Role::Time => "When the row was. One column at most.",
        Role::Entity => "Whose row it is: host, customer, sensor. One column at most.",
        Role::Label => "The truth: anomalous or not. For metrics only. One column at most.",
        Role::Feature => "A number the detectors look at.",
        Role::Text => "Words, addresses or free text, described by features of their own.",
        Role::Ignored => "Left out.",
    }
}

/// Name of a type.
pub(super) fn type_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Number => "number",
        ColumnType::Boolean => "boolean",
        ColumnType::Time => "time",
        ColumnType::Text => "text",
    }
}

/// Whether a column can have a role: features are numbers, text is text.
pub(super) fn can_be(column: &ColumnPreview, role: Role) -> bool {
    match role {
        Role::Feature => matches!(column.kind, ColumnType::Number | ColumnType::Boolean),
        Role::Text => column.kind == ColumnType::Text,
        Role::Time | Role::Entity | Role::Label | Role::Ignored => true,
    }
}

/// Gives a column a role. Time, entity and label move from the column that had them.
pub(super) fn set_role(config: &mut DataConfig, column: &ColumnPreview, role: Role) {
    let name = &column.name;
    // The role it has now, chosen or guessed, is given up for good.
    if let Some(choice) = choice_of(config, column.role) {
        *choice = ColumnChoice::None;
    }
    config.ignore.retain(|ignored| ignored != name);
    if let Some(choice) = choice_of(config, role) {
        *choice = ColumnChoice::Column(name.clone());
    }
    if role == Role::Ignored {
        config.ignore.push(name.clone());
    }
    // Where features are listed by name, the list has to say so; without a list every number and text is one.
    let is_used = matches!(role, Role::Feature | Role::Text);
    if is_used && !config.features.is_empty() && !config.features.contains(name) {
        config.features.push(name.clone());
    }
    if !is_used {
        config.features.retain(|feature| feature != name);
    }
}

fn choice_of(config: &mut DataConfig, role: Role) -> Option<&mut ColumnChoice> {
    match role {
        Role::Time => Some(&mut config.time),
        Role::Entity => Some(&mut config.entity),
        Role::Label => Some(&mut config.label),
        Role::Feature | Role::Text | Role::Ignored => None,
    }
}

/// Gives a column a type; `None` is the one that was detected.
pub(super) fn set_type(config: &mut DataConfig, column: &ColumnPreview, kind: Option<ColumnType>) {
    match kind {
        Some(kind) => drop(config.column_types.insert(column.name.clone(), kind)),
        None => drop(config.column_types.remove(&column.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, role: Role) -> ColumnPreview {
        ColumnPreview { name: name.into(), kind: ColumnType::Number, role, missing_share: 0.0, samples: Vec::new() }
    }

    fn chosen(name: &str) -> ColumnChoice {
        ColumnChoice::Column(name.into())
    }

    #[test]
    fn one_column_has_one_role() {
        let (host, cpu) = (column("host", Role::Entity), column("cpu", Role::Feature));
        let mut config = DataConfig::default();
        set_role(&mut config, &cpu, Role::Entity);
        assert_eq!(config.entity, chosen("cpu"));
        set_role(&mut config, &host, Role::Ignored);
        assert_eq!((config.entity.clone(), config.ignore.clone()), (ColumnChoice::None, vec!["host".to_owned()]));
        set_role(&mut config, &column("host", Role::Ignored), Role::Label);
        assert_eq!((config.label.clone(), config.ignore.len()), (chosen("host"), 0));
    }

    #[test]
    fn features_listed_by_name_stay_listed() {
        let cpu = column("cpu", Role::Ignored);
        let mut config = DataConfig { features: vec!["disk".into()], ..DataConfig::default() };
        set_role(&mut config, &cpu, Role::Feature);
        assert_eq!(config.features, ["disk", "cpu"]);
        set_role(&mut config, &column("cpu", Role::Feature), Role::Ignored);
        assert_eq!((config.features, config.ignore), (vec!["disk".to_owned()], vec!["cpu".to_owned()]));
    }
}
