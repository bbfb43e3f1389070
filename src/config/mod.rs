//! Configuration and policies: TOML in, values that cannot be wrong out.
//!
//! Nothing is guessed and nothing ignored: an unknown key, a limit a kind
//! cannot honour or a time zone that does not exist is a problem with a place
//! and a hint. All problems of all files come at once, since the next one is
//! otherwise only found after another try.

pub mod files;
pub mod people;
pub mod problem;
pub mod shipped;
pub mod source;
pub mod types;

mod address;
mod auth;
mod ca_file;
mod cloud;
mod cloud_limits;
mod clouds_yaml;
mod daemon;
mod digest;
mod duration;
mod exemption;
mod huawei;
mod huawei_auth;
mod image_match;
mod kinds;
mod match_keys;
mod matcher;
mod policy;
mod protect;
mod reader;
mod registry_names;
mod secret;
mod value;

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use toml::de::DeTable;

use files::Files;
use policy::{KnownCloud, Named, Surroundings};
pub use problem::Problems;

use problem::Problem;
use reader::{Sink, Table};
use secret::Host;
use source::SourceFile;
use types::{Cloud, Config, Daemon};

use crate::model::CloudName;

/// A configuration that holds, and what is worth a word about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    pub warnings: Problems,
}

/// Reads `revokd.toml`, the policies it names and the secrets both name.
///
/// # Errors
/// Everything that is wrong, in all files.
pub fn load(
    path: &Path,
    now: Timestamp,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, Problems> {
    compile(Files::read(path), now, environment)
}

/// Reads `[daemon]` alone, for commands that need nothing but the store: a
/// broken policy or a missing secret must not keep an operator from the queue.
///
/// # Errors
/// What is wrong with the file or the section.
pub fn load_daemon(path: &Path, environment: &dyn Fn(&str) -> Option<String>) -> Result<Daemon, Problems> {
    let (mut problems, mut warnings) = (Problems::default(), Problems::default());
    let base = path.parent().unwrap_or(Path::new(""));
    let host = Host { base, environment };
    let main = match files::read_source(path) {
        Ok(file) => inspect(&file, &mut problems, &mut warnings, |root| main_file(root, &host)),
        Err(problem) => {
            problems.push(*problem);
            None
        }
    };
    main.and_then(|main| main.daemon).ok_or(problems)
}

/// Compiles texts that were read before. Secrets and certificates that they
/// name are still read from disk.
///
/// # Errors
/// Everything that is wrong, in all files.
pub fn compile(
    files: Files,
    now: Timestamp,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, Problems> {
    let all_read = files.problems.is_empty();
    let mut problems = files.problems;
    let mut warnings = Problems::default();
    let host = Host {
        base: &files.base,
        environment,
    };
    let main = match &files.config {
        Some(file) => inspect(file, &mut problems, &mut warnings, |root| main_file(root, &host)),
        None => None,
    };
    // What clouds there are is only known if the file could be read.
    let clouds = main.as_ref().map(|main| main.known_clouds.as_slice());
    let around = Surroundings { now, clouds };
    let mut named: Vec<Named> = Vec::new();
    let before = problems.count();
    for file in &files.policies {
        let found = inspect(file, &mut problems, &mut warnings, |root| {
            policy_file(root, &around)
        });
        named.extend(found.unwrap_or_default());
    }
    refuse_equal_names(&named, &mut problems);
    // Whatever keeps a policy from being compiled was reported with it; should
    // that ever fail, the policy must still not vanish in silence.
    if problems.is_empty() {
        for lost in named.iter().filter(|named| named.policy.is_none()) {
            problems.push(Problem::at(
                lost.place.clone(),
                "this policy could not be compiled",
            ));
        }
    }
    if named.is_empty() && all_read && problems.count() == before {
        let hint = "a policy begins with [[policy]]";
        problems.push(Problem::of_file(files.policies_from, "there is no policy in any file").hint(hint));
    }
    let policies = named.into_iter().filter_map(|named| named.policy).collect();
    match main.and_then(|main| Some((main.daemon?, main.clouds))) {
        Some((daemon, clouds)) if problems.is_empty() => Ok(Loaded {
            config: Config {
                daemon,
                clouds,
                sources: BTreeMap::new(),
                policies,
            },
            warnings,
        }),
        _ => Err(problems),
    }
}

/// Parses one file and hands its root to `read`, unless it is no TOML.
fn inspect<T>(
    file: &SourceFile,
    problems: &mut Problems,
    warnings: &mut Problems,
    read: impl FnOnce(Table<'_>) -> T,
) -> Option<T> {
    let (tree, errors) = DeTable::parse_recoverable(file.text());
    // One syntax error makes others appear; only the first is certain.
    if let Some(error) = errors.first() {
        let place = file.place(error.span().unwrap_or(0..0));
        let message = error.message().trim().replace('\n', ", ");
        problems.push(
            Problem::at(place, message).hint("this is not TOML; the rest of the file was not looked at"),
        );
        return None;
    }
    let sink = Sink::new(file.clone());
    let found = read(Table::new(&sink, "this file", 0..0, tree.get_ref()));
    let (mut more_problems, more_warnings) = sink.into_parts();
    more_problems.sort();
    problems.append(more_problems);
    warnings.append(more_warnings);
    Some(found)
}

/// What `revokd.toml` says.
struct Main {
    /// `None` where something about it is wrong.
    daemon: Option<Daemon>,
    clouds: BTreeMap<CloudName, Cloud>,
    /// Also those with something wrong.
    known_clouds: Vec<KnownCloud>,
}

fn main_file(mut root: Table<'_>, host: &Host<'_>) -> Main {
    let section = root.take("daemon").map(|value| value.table("[daemon]"));
    let daemon = match section {
        Some(section) => section.and_then(|section| daemon::read(Some(section), host)),
        None => daemon::read(None, host),
    };
    let mut clouds = BTreeMap::new();
    let mut known_clouds = Vec::new();
    if let Some(section) = root
        .require("clouds", CLOUDS_HINT)
        .and_then(|value| value.table("[clouds]"))
    {
        if section.is_empty() {
            let span = section.span.clone();
            section
                .sink
                .problem(span, "there is no cloud", "empty", Some(CLOUDS_HINT));
        }
        for value in section.names() {
            let name = CloudName::from(value.key);
            let (provider, cloud) = cloud::read(&value, host);
            known_clouds.push(KnownCloud {
                name: name.clone(),
                provider,
            });
            clouds.extend(cloud.map(|cloud| (name, cloud)));
        }
    }
    let hint = "policies stand in files of their own, in the directory that `daemon.policies` names";
    root.refuse(
        "policy",
        "there is no place for policies in this file",
        Some(hint),
    );
    root.finish();
    Main {
        daemon,
        clouds,
        known_clouds,
    }
}

const CLOUDS_HINT: &str = "at least one cloud is needed, in a section [clouds.NAME]";

fn policy_file(mut root: Table<'_>, around: &Surroundings<'_>) -> Vec<Named> {
    let mut found = Vec::new();
    if let Some(value) = root.take("policy") {
        for table in value.tables("[[policy]]") {
            found.extend(policy::read(table, around));
        }
    }
    for key in ["daemon", "clouds"] {
        root.refuse(key, "this section belongs into revokd.toml", None);
    }
    root.finish();
    found
}

fn refuse_equal_names(named: &[Named], problems: &mut Problems) {
    let mut first: BTreeMap<&str, &Named> = BTreeMap::new();
    for policy in named {
        if let Some(earlier) = first.get(policy.name.as_str()) {
            let message = format!("there are two policies of the name `{}`", policy.name);
            let hint = format!("the first stands at {}", earlier.place);
            let problem = Problem::at(policy.place.clone(), message)
                .label("the second")
                .hint(hint);
            problems.push(problem.other(earlier.place.clone(), "the first"));
        } else {
            first.insert(&policy.name, policy);
        }
    }
}

#[cfg(test)]
mod tests;
