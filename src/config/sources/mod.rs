//! `[source.NAME]`: a list of people from elsewhere, and what it has to show
//! before anything is decided by it.

mod address;
mod demands;
mod directory;
mod document;
mod fields;
mod file;
mod keystone;
mod login;
mod naming;
mod types;

use std::{collections::BTreeMap, time::Duration};

use self::types::Type;
use super::{
    digest::digest,
    people::{List, Source},
    policy::{KnownCloud, NAME_HINT, is_name},
    problem::{Place, Problem, Problems},
    reader::Table,
    secret::Host,
    value::Value,
};
use crate::model::{SourceName, UserKey};

/// A source that a policy can name, also one with something wrong in it: a
/// policy is then not blamed for it.
pub struct KnownSource {
    pub name: String,
    pub place: Place,
    /// Hex SHA-256 of the section.
    pub digest: String,
    /// Keys that are not written, of those by which a list proves that it is
    /// whole.
    pub lacks: Vec<&'static str>,
    /// Whether it says what people owned.
    pub has_projects: bool,
    pub has_accounts: bool,
    /// `None` where something about it is wrong.
    pub source: Option<Source>,
}

/// What a source is read against.
pub struct Around<'a> {
    /// The file that the section stands in, for relative paths.
    pub host: Host<'a>,
    /// `None` if `revokd.toml` could not be read: then none is unknown.
    pub clouds: Option<&'a [KnownCloud]>,
}

/// Reads the sections of one file.
pub fn read(sections: &Value<'_>, around: &Around<'_>) -> Vec<KnownSource> {
    let Some(sections) = sections.table("[source]") else {
        return Vec::new();
    };
    let names = sections.names().into_iter();
    names.map(|value| read_one(&value, around)).collect()
}

/// Refuses a second source of a name, in whichever file.
pub fn refuse_equal_names(known: &[KnownSource], problems: &mut Problems) {
    let mut first: BTreeMap<&str, &KnownSource> = BTreeMap::new();
    for source in known {
        let Some(earlier) = first.get(source.name.as_str()) else {
            first.insert(&source.name, source);
            continue;
        };
        let message = format!("there are two sources of the name `{}`", source.name);
        let hint = format!("the first stands at {}", earlier.place);
        let problem = Problem::at(source.place.clone(), message).label("the second");
        problems.push(problem.hint(hint).other(earlier.place.clone(), "the first"));
    }
}

/// What every type has in common.
const TIMEOUT: Duration = Duration::from_secs(30);
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(600);

fn read_one(value: &Value<'_>, around: &Around<'_>) -> KnownSource {
    if !is_name(value.key) {
        let span = value.key_span.clone();
        let message = "this is no name for a source";
        value.sink.problem(span, message, "no name", Some(NAME_HINT));
    }
    let mut known = KnownSource {
        name: value.key.to_owned(),
        place: value.sink.file.place(value.key_span.clone()),
        digest: String::new(),
        lacks: Vec::new(),
        has_projects: false,
        has_accounts: false,
        source: None,
    };
    let Some(section) = value.table(format!("[source.{}]", value.key)) else {
        return known;
    };
    known.digest = digest(section.entries());
    known.lacks = demands::PROOF
        .iter()
        .copied()
        .filter(|key| !section.has(key))
        .collect();
    known.has_projects = section.has("projects");
    known.has_accounts = section.has("accounts");
    known.source = compile(section, &known, around);
    known
}

fn compile(mut section: Table<'_>, known: &KnownSource, around: &Around<'_>) -> Option<Source> {
    let sink = section.sink;
    let before = sink.count();
    let demands = demands::read(&mut section);
    let timeout = section.take("timeout");
    let timeout = timeout.and_then(|value| value.duration(SHORTEST, LONGEST));
    let list = match types::take(&mut section) {
        Some(kind) => read_list(kind, &mut section, around),
        None => {
            // What else is needed depends on the type, so nothing is said about it.
            types::pass_over(&mut section);
            None
        }
    };
    section.finish();
    let (to, list) = list?;
    (sink.count() == before).then(|| Source {
        name: SourceName::from(known.name.as_str()),
        list,
        to,
        demands,
        timeout: timeout.unwrap_or(TIMEOUT),
        digest: known.digest.clone(),
    })
}

fn read_list(kind: Type, section: &mut Table<'_>, around: &Around<'_>) -> Option<(UserKey, List)> {
    types::refuse_others(section, kind);
    match kind {
        Type::Csv => file::csv(section, &around.host),
        Type::Json => document::json(section, &around.host),
        Type::Http => document::http(section, &around.host),
        Type::Scim => directory::scim(section, &around.host),
        Type::Ldap => directory::ldap(section, &around.host),
        Type::Keystone => keystone::read(section, around.clouds),
    }
}
