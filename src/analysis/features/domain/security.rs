//! Events of users: failed logins, who comes from where, what is rare, new or at odd hours.

use super::name::Name;
use super::op::{ClockPart, Op, Source};
use super::rule::{Cast, Column, Holds, Rule, cast, first};
use super::{Context, Wish};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    UserAgent,
    Source,
    Country,
    Process,
    EventId,
    FailedCount,
    SuccessCount,
    LoginCount,
    Outcome,
    User,
}

const NOT_A_NAME: &str = "\
    count number total percent time age bytes per ratio rate score type domain sid guid role group level logins \
    created email rating";
const NOT_A_COUNT: &str = "per ratio percent id time timestamp type is duration user host";
const NOT_AN_ADDRESS: &str = "dst resp is attack count port version proto mac email";
const NOT_A_PROCESS: &str = "id pid count time cpu memory total percent url size parent";
const OUTCOMES: &str = "success failed outcome result status event action logins authentication";

const RULES: &[Rule<Role>] = &[
    rule(Role::UserAgent, &["user", "agent"], NOT_A_NAME, Holds::Text),
    rule(Role::UserAgent, &["browser"], NOT_A_NAME, Holds::Text),
    rule(Role::Source, &["src orig client remote", "ip host h"], NOT_AN_ADDRESS, Holds::Text),
    rule(Role::Source, &["src orig client remote", "address"], NOT_AN_ADDRESS, Holds::Address),
    rule(Role::Source, &["ip"], NOT_AN_ADDRESS, Holds::Text),
    rule(Role::Country, &["country"], NOT_A_NAME, Holds::Text),
    rule(Role::Process, &["process image executable exe command cmd"], NOT_A_PROCESS, Holds::Text),
    rule(Role::EventId, &["event", "id code"], "record", Holds::Category),
    rule(Role::FailedCount, &["failed", "logins authentication auth"], NOT_A_COUNT, Holds::Count),
    rule(Role::SuccessCount, &["success", "logins authentication auth"], NOT_A_COUNT, Holds::Count),
    rule(Role::LoginCount, &["logins"], NOT_A_COUNT, Holds::Count),
    rule(Role::Outcome, &[OUTCOMES], "code time count reason http", Holds::Category),
    rule(Role::User, &["user account principal"], NOT_A_NAME, Holds::Category),
];

/// Words of a value that say that a login failed.
const FAILING: &str = "failed denied invalid rejected refused unauthorized incorrect";

/// Windows: an account failed to log on, and did.
const LOGON_FAILED: &str = "4625";
const LOGON: &str = "4624";

const fn rule(role: Role, all: &'static [&'static str], none: &'static str, holds: Holds) -> Rule<Role> {
    Rule { role, all, none, holds }
}

/// Where failures are told: the column, and the parts of the ratio.
struct Failures<'a> {
    column: &'a Column<'a>,
    top: Source,
    bottom: Vec<Source>,
}

pub(super) fn features(columns: &[Column], context: &Context) -> Vec<Wish> {
    let casts = cast(columns, RULES);
    let is_target = |cast: &&Cast<Role>| cast.role == Role::User && cast.column.name.has("target");
    let user = casts.iter().find(is_target).map(|cast| cast.column).or_else(|| first(&casts, Role::User));
    let source = first(&casts, Role::Source);
    let failures = failures(&casts, user.is_some() || source.is_some());
    let mut wishes = Vec::new();
    if let Some(failures) = &failures {
        wishes.push(failed_share(failures, source.or(user), context));
    }
    wishes.extend(users_and_sources(user, source, context));
    for role in [Role::Country, Role::Process] {
        if let (Some(user), Some(column)) = (user, first(&casts, role)) {
            wishes.push(first_time(column, user));
        }
    }
    let has = |role: Role| first(&casts, role).is_some();
    let parts = [user.is_some(), source.is_some(), failures.is_some(), has(Role::Process), has(Role::UserAgent)];
    let is_event_log = parts.into_iter().filter(|&part| part).count() >= 2;
    if is_event_log {
        let names = [Role::User, Role::Process, Role::Country, Role::UserAgent];
        let rare =
            |cast: &Cast<Role>| (format!("{}_rarity", cast.column.label()), Op::RareValue { column: cast.column.id() });
        wishes.extend(casts.iter().filter(|cast| names.contains(&cast.role)).map(rare));
    }
    let counts_logins = has(Role::LoginCount) || has(Role::FailedCount) || has(Role::SuccessCount);
    if let (true, Some(when)) = ((is_event_log && user.is_some()) || counts_logins, context.when(columns)) {
        wishes.push(("off_hours".to_owned(), Op::Clock { part: ClockPart::OffHours, when }));
    }
    wishes
}

fn failed_share(failures: &Failures, by: Option<&Column>, context: &Context) -> Wish {
    let per = by.map_or_else(String::new, |by| format!("_per_{}", by.label()));
    let op = Op::WindowRatio {
        top: failures.top.clone(),
        bottom: failures.bottom.clone(),
        by: by.map(Column::id),
        window: context.key_window(),
    };
    (format!("{}_failed_share{per}", failures.column.label()), op)
}

fn users_and_sources(user: Option<&Column>, source: Option<&Column>, context: &Context) -> Vec<Wish> {
    let (Some(user), Some(source)) = (user, source) else { return Vec::new() };
    let distinct = |of: &Column, by: &Column| {
        let op = Op::DistinctCount { column: of.id(), by: Some(by.id()), window: context.key_window() };
        (format!("{}_distinct_per_{}", of.label(), by.label()), op)
    };
    vec![distinct(user, source), distinct(source, user), first_time(source, user)]
}

fn first_time(column: &Column, user: &Column) -> Wish {
    let op = Op::NewValue { column: column.id(), by: Some(user.id()) };
    (format!("{}_new_for_{}", column.label(), user.label()), op)
}

/// What says how many logins failed: counts of them, the event id of Windows, or a column of outcomes. The last only
/// in a table of users or sources, or where its name says that it is about logins.
fn failures<'a>(casts: &'a [Cast<'a, Role>], has_actors: bool) -> Option<Failures<'a>> {
    let value = |column: &Column| Source::Value(column.id());
    if let Some(failed) = first(casts, Role::FailedCount) {
        let bottom = if let Some(all) = first(casts, Role::LoginCount) {
            Some(vec![value(all)])
        } else {
            first(casts, Role::SuccessCount).map(|success| vec![value(failed), value(success)])
        };
        return bottom.map(|bottom| Failures { column: failed, top: value(failed), bottom });
    }
    let has_value = |column: &Column, value: &str| column.facts.top_values.iter().any(|top| top == value);
    if let Some(column) = first(casts, Role::EventId).filter(|column| has_value(column, LOGON_FAILED)) {
        let is = |value: &str| Source::Is { column: column.id(), values: vec![value.to_owned()] };
        return Some(Failures { column, top: is(LOGON_FAILED), bottom: vec![is(LOGON_FAILED), is(LOGON)] });
    }
    let outcomes = casts.iter().filter(|cast| cast.role == Role::Outcome).map(|cast| cast.column);
    let is_about_logins = |column: &&Column| has_actors || column.name.has_any("logins authentication");
    outcomes.filter(is_about_logins).find_map(|column| {
        let top = failing(column)?;
        Some(Failures { column, top, bottom: vec![Source::One] })
    })
}

/// 1 where a column of outcomes says that it failed.
fn failing(column: &Column) -> Option<Source> {
    let facts = column.facts;
    let (says_success, says_failed) = (column.name.has("success"), column.name.has("failed"));
    if facts.text.is_none() {
        let is_flag = facts.n_distinct == 2 && facts.min == 0.0 && facts.max == 1.0;
        return match (is_flag, says_success, says_failed) {
            (true, true, false) => Some(Source::Complement(column.id())),
            (true, false, true) => Some(Source::Value(column.id())),
            _ => None,
        };
    }
    let means_failed = |value: &&String| {
        let words = Name::new(value);
        let is_no = words.has_any("false no number 0") && says_success && !says_failed;
        let is_yes = words.has_any("true yes 1") && says_failed && !says_success;
        words.has_any(FAILING) || is_no || is_yes
    };
    let values: Vec<String> = facts.top_values.iter().filter(means_failed).cloned().collect();
    let tells_apart = !values.is_empty() && values.len() < facts.top_values.len();
    tells_apart.then(|| Source::Is { column: column.id(), values })
}
