//! One `[[policy]]`: from its section to a value that cannot be wrong.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    chosen_clouds::Chosen,
    digest::{digest, with_sources},
    exemption, kinds, matcher,
    problem::{Place, Problem},
    reader::{Table, did_you_mean},
    sources::KnownSource,
    types::ProviderName,
    value::Text,
};
use crate::{
    engine::{
        policy::{Limits, Match, Missed, Policy},
        schedule::Schedule,
    },
    model::{CloudName, Kind, Mode, PolicyName, Priority},
};

/// What a policy is read against.
pub struct Surroundings<'a> {
    pub now: Timestamp,
    /// `None` if `revokd.toml` could not be read: then none is unknown.
    pub clouds: Option<&'a [KnownCloud]>,
    /// `None` if a file could not be read: then none is unknown.
    pub sources: Option<&'a [KnownSource]>,
}

/// A cloud that a policy can name.
pub struct KnownCloud {
    pub name: CloudName,
    /// `None` where the file does not tell.
    pub provider: Option<ProviderName>,
}

pub const NAMELESS_HINT: &str = "every policy has a name of its own: name = \"partner-shares-lapse\"";

/// A policy with the place of its name, for finding two of one name.
pub struct Named {
    pub name: String,
    pub place: Place,
    /// `None` where something about it is wrong.
    pub policy: Option<Policy>,
}

const DAY: Duration = Duration::from_secs(86_400);

/// Reads one policy. Everything wrong is reported; a policy comes out only if
/// nothing was.
pub fn read(mut table: Table<'_>, around: &Surroundings<'_>) -> Option<Named> {
    let before = table.sink.count();
    let digest = digest(table.entries());
    let name = table
        .require("name", NAMELESS_HINT)
        .and_then(|value| value.text());
    if let Some(name) = &name {
        check_name(name);
    }
    let description = table.take("description").and_then(|value| value.text());
    let enabled = table
        .take("enabled")
        .and_then(|value| value.boolean())
        .unwrap_or(true);
    let zone = zone(&mut table);
    let schedule = schedule(&mut table, zone.clone(), around.now);
    let clouds = Chosen::read(&mut table, around.clouds);
    let kinds = kinds::read(&mut table, clouds.as_ref());
    let mode = mode(&mut table);
    let priority = priority(&mut table);
    let missed = missed(&mut table);
    let hint = "say what must go, for example: match.granted_before = \"30d\"";
    let matching = table
        .require("match", hint)
        .and_then(|value| value.table("[policy.match]"));
    let matcher = matching.map(|section| matcher::read(section, &kinds, around.sources));
    let limits = table
        .take("limits")
        .and_then(|value| value.table("[policy.limits]"));
    let limits = limits.map_or_else(Limits::default, |section| read_limits(section, &kinds));
    let exempt = table
        .take("exempt")
        .map(|value| value.tables("[[policy.exempt]]"));
    let exempt = exempt.into_iter().flatten();
    let exemptions = exempt
        .filter_map(|section| exemption::read(section, &kinds, zone.as_ref(), around.now))
        .collect();
    let sink = table.sink;
    table.finish();
    let name = name?;
    let place = sink.file.place(name.span.clone());
    let clean = sink.count() == before;
    if clean && !enabled {
        warn_of_disabled(&name);
    }
    if clean && priority == Some(Priority::Urgent) && limits.grace > SignedDuration::ZERO {
        warn_of_patience(&name);
    }
    let compile = || {
        let matcher = matcher?;
        Some(Policy {
            name: PolicyName::from(name.text),
            description: description.map_or_else(String::new, |text| text.text.to_owned()),
            digest: with_sources(digest, digests_of(&matcher, around.sources)),
            enabled,
            schedule: schedule?,
            missed: missed.unwrap_or_default(),
            clouds: clouds?.with(&kinds),
            kinds,
            mode: mode.unwrap_or(Mode::Observe),
            priority: priority.unwrap_or(Priority::Normal),
            matcher,
            limits,
            exemptions,
        })
    };
    let policy = if clean { compile() } else { None };
    Some(Named {
        name: name.text.to_owned(),
        place,
        policy,
    })
}

fn warn_of_disabled(name: &Text<'_>) {
    let place = name.sink.file.place(name.span.clone());
    let message = format!("policy `{}` is disabled and does nothing", name.text);
    name.sink.warn(Problem::at(place, message).label("disabled"));
}

/// What is urgent is measured by when it was due, and its grace counts.
fn warn_of_patience(name: &Text<'_>) {
    let place = name.sink.file.place(name.span.clone());
    let message = format!("policy `{}` is urgent and waits for its grace to pass", name.text);
    let hint =
        "the alerts on urgent policies count from when access was due: leave `grace` or the priority out";
    name.sink.warn(
        Problem::at(place, message)
            .label("urgent, with a grace")
            .hint(hint),
    );
}

fn mode(table: &mut Table<'_>) -> Option<Mode> {
    let modes: Vec<(&str, Mode)> = Mode::ALL.iter().map(|mode| (mode.as_str(), *mode)).collect();
    table.take("mode")?.text()?.word("mode", &modes)
}

fn priority(table: &mut Table<'_>) -> Option<Priority> {
    let priorities: Vec<(&str, Priority)> = Priority::ALL
        .iter()
        .map(|priority| (priority.as_str(), *priority))
        .collect();
    table.take("priority")?.text()?.word("priority", &priorities)
}

/// Names and digests of the sources that a match names.
fn digests_of<'a>(matcher: &Match, sources: Option<&'a [KnownSource]>) -> Vec<(&'a str, &'a str)> {
    let sources = sources.unwrap_or_default().iter();
    let named = |source: &&KnownSource| matcher.sources().any(|name| name.as_str() == source.name);
    let named = sources.filter(named);
    named
        .map(|source| (source.name.as_str(), source.digest.as_str()))
        .collect()
}

fn missed(table: &mut Table<'_>) -> Option<Missed> {
    let choices = [("run-once", Missed::RunOnce), ("skip", Missed::Skip)];
    table.take("missed")?.text()?.word("choice", &choices)
}

fn check_name(name: &Text<'_>) {
    if !is_name(name.text) {
        name.problem("this is no name for a policy", "no name", Some(NAME_HINT));
    }
}

pub const NAME_HINT: &str =
    "names are up to 63 letters, digits, hyphens, dots and underscores, and begin with a letter or digit";

/// Whether a policy or a source may have this name.
pub fn is_name(name: &str) -> bool {
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    begins_well && name.chars().all(good) && name.len() <= 63
}

fn zone(table: &mut Table<'_>) -> Option<TimeZone> {
    let Some(value) = table.take("timezone") else {
        return Some(TimeZone::UTC);
    };
    let text = value.text()?;
    // `TimeZone::get` takes names in any case; the database's own spelling is
    // asked for, so that files look alike.
    let found = TimeZone::get(text.text).ok();
    match found {
        Some(zone) if zone.iana_name() == Some(text.text) => Some(zone),
        _ => {
            let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let message = format!("there is no time zone `{}`", text.text);
            text.problem(message, "unknown time zone", Some(&zone_hint(text.text, &names)));
            None
        }
    }
}

/// `names` are those that the machine knows.
fn zone_hint(written: &str, names: &[&str]) -> String {
    if !names.iter().any(|name| name.contains('/')) {
        return "this machine has no time zones: install the package tzdata; the default is UTC".to_owned();
    }
    let same = |name: &&&str| name.eq_ignore_ascii_case(written);
    if let Some(name) = names.iter().find(same) {
        return format!("it is spelt `{name}`");
    }
    Some(did_you_mean(written, names))
        .filter(|hint| hint.starts_with("did"))
        .unwrap_or_else(|| "zones are named like Europe/Berlin; the default is UTC".to_owned())
}

fn schedule(table: &mut Table<'_>, zone: Option<TimeZone>, now: Timestamp) -> Option<Schedule> {
    let hint = "five fields as in crontab(5): schedule = \"*/15 * * * *\"";
    let text = table.require("schedule", hint)?.text()?;
    let known_zone = zone.is_some();
    let checked = Schedule::parse(text.text, zone.unwrap_or(TimeZone::UTC)).and_then(|schedule| {
        schedule.check(now)?;
        Ok(schedule)
    });
    match checked {
        Ok(schedule) => known_zone.then_some(schedule),
        Err(error) => {
            let span = text.part(error.span.clone());
            text.sink
                .problem(span, error.to_string(), "here", error.hint.as_deref());
            None
        }
    }
}

fn read_limits(mut section: Table<'_>, kinds: &[Kind]) -> Limits {
    let mut limits = Limits::default();
    if let Some(most) = section
        .take("max_revocations")
        .and_then(|value| value.integer(1, u64::MAX))
    {
        limits.max_revocations = most;
    }
    if let Some(value) = section.take("max_percent")
        && let Some(percent) = value.number()
    {
        match percent > 0.0 && percent <= 100.0 {
            true => limits.max_percent = percent,
            false => {
                let hint = "a percentage of what the policy can see, for example 20";
                value.problem(
                    "`max_percent` must be above 0 and at most 100",
                    "out of range",
                    Some(hint),
                );
            }
        }
    }
    if let Some(kind) = kinds.iter().find(|kind| kind.subject().is_none()) {
        let message = format!("`max_per_resource` counts subjects; kind `{kind}` has none");
        section.refuse("max_per_resource", &message, Some("use max_revocations"));
    } else {
        let most = section.take("max_per_resource");
        limits.max_per_resource = most.and_then(|value| value.integer(1, u64::MAX));
    }
    if let Some(grace) = section
        .take("grace")
        .and_then(|value| value.duration(Duration::ZERO, 3650 * DAY))
    {
        limits.grace = signed(grace);
    }
    section.finish();
    limits
}

/// Lengths of time in files are bounded far below what a signed one holds.
pub fn signed(length: Duration) -> SignedDuration {
    SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_for_a_time_zone_is_about_the_name_or_the_machine() {
        let known = ["Europe/Berlin", "UTC"];
        assert_eq!(zone_hint("europe/berlin", &known), "it is spelt `Europe/Berlin`");
        assert!(zone_hint("Europe/Berln", &known).contains("Europe/Berlin"));
        assert!(zone_hint("here", &known).contains("named like"));
        assert!(zone_hint("Europe/Berlin", &["UTC"]).contains("tzdata"));
    }
}
