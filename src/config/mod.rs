//! Configuration and policies: TOML in, values that cannot be wrong out.
//!
//! Nothing is guessed and nothing ignored: an unknown key, a limit a kind
//! cannot honour or a time zone that does not exist is a problem with a place
//! and a hint. All problems of all files come at once, since the next one is
//! otherwise only found after another try.

pub mod files;
pub mod login;
pub mod people;
pub mod problem;
pub mod shipped;
pub mod source;
pub mod types;

mod address;
mod auth;
mod ca_file;
mod chosen_clouds;
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
mod policy_names;
mod protect;
mod reader;
mod registry_names;
mod secret;
mod sources;
mod subject_lists;
mod tree;
mod value;

use std::{collections::BTreeMap, path::Path};

use files::Files;
use jiff::Timestamp;
use policy::{KnownCloud, Named, Surroundings};
pub use policy_names::policy_names;
pub use problem::Problems;

use problem::Problem;
use reader::Table;
use secret::Host;
use sources::KnownSource;
use tree::Tree;
use types::{Cloud, Config, Daemon};
use value::Value;

use crate::{
    engine::{
        patterns::Patterns,
        policy::{Policy, Protection},
    },
    model::CloudName,
};

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
    let file = match files::read_source(path) {
        Ok(file) => file,
        Err(problem) => {
            problems.push(*problem);
            return Err(problems);
        }
    };
    let tree = Tree::parse(&file);
    let daemon = tree.root().and_then(|root| main_file(root, &host).daemon);
    tree.tell(&mut problems, &mut warnings);
    daemon.ok_or(problems)
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
    let parse = |file| Tree::parse(file);
    let main_tree = files.config.as_ref().map(parse);
    let policy_trees: Vec<Tree<'_>> = files.policies.iter().map(parse).collect();
    let all_read = files.problems.is_empty();
    let all_parsed = main_tree
        .iter()
        .chain(&policy_trees)
        .all(|tree| tree.root().is_some());
    let host = |base| Host { base, environment };

    let mut main = main_tree
        .as_ref()
        .and_then(|tree| Some(main_file(tree.root()?, &host(&files.base))));
    // What clouds there are is only known if the file could be read, and what
    // sources there are if all of them could.
    let clouds = main.as_mut().map(|main| std::mem::take(&mut main.known_clouds));
    let sources_of = |sections: Option<Value<'_>>, base| {
        let (host, clouds) = (host(base), clouds.as_deref());
        sections.map_or_else(Vec::new, |sections| {
            sources::read(&sections, &sources::Around { host, clouds })
        })
    };
    let sections = main.as_mut().and_then(|main| main.sources.take());
    let mut known = sources_of(sections, &files.base);
    let mut roots: Vec<Table<'_>> = Vec::new();
    for tree in &policy_trees {
        if let Some(mut root) = tree.root() {
            known.extend(sources_of(root.take("source"), tree.folder()));
            roots.push(root);
        }
    }
    let around = Surroundings {
        now,
        clouds: clouds.as_deref(),
        sources: (all_read && all_parsed).then_some(known.as_slice()),
    };
    let policies = roots.into_iter().flat_map(|root| policy_file(root, &around));
    let named: Vec<Named> = policies.collect();
    let main = main.map(|main| (main.daemon, main.clouds));

    let (mut problems, mut warnings) = (files.problems, Problems::default());
    if let Some(tree) = main_tree {
        tree.tell(&mut problems, &mut warnings);
    }
    let before = problems.count();
    for tree in policy_trees {
        tree.tell(&mut problems, &mut warnings);
    }
    if named.is_empty() && all_read && problems.count() == before {
        let hint = "a policy begins with [[policy]]";
        problems.push(Problem::of_file(files.policies_from, "there is no policy in any file").hint(hint));
    }
    let main = main.and_then(|(daemon, clouds)| Some((daemon?, clouds)));
    assemble(main, known, named, problems, warnings)
}

/// What holds only between files, and the whole if all of it holds.
fn assemble(
    main: Option<(Daemon, BTreeMap<CloudName, Cloud>)>,
    known: Vec<KnownSource>,
    named: Vec<Named>,
    mut problems: Problems,
    mut warnings: Problems,
) -> Result<Loaded, Problems> {
    sources::refuse_equal_names(&known, &mut problems);
    refuse_equal_names(&named, &mut problems);
    refuse_the_lost(&known, &named, &mut problems);
    let mut policies: Vec<Policy> = named.into_iter().filter_map(|named| named.policy).collect();
    let protect = main.as_ref().map(|(daemon, _)| &daemon.protect);
    for policy in &mut policies {
        policy.matcher.needs_attributes |= keeps_by_address(policy, protect);
    }
    warn_of_unused(&known, &policies, &mut warnings);
    let sources = known.into_iter().filter_map(|known| known.source);
    match main {
        Some((daemon, clouds)) if problems.is_empty() => Ok(Loaded {
            config: Config {
                daemon,
                clouds,
                sources: sources.map(|source| (source.name.clone(), source)).collect(),
                policies,
            },
            warnings,
        }),
        _ => Err(problems),
    }
}

/// Whether somebody is kept by an address, which only the identity service tells.
fn keeps_by_address(policy: &Policy, protect: Option<&Protection>) -> bool {
    let protected = protect.and_then(|protect| protect.users.as_ref());
    let exempt = policy.exemptions.iter();
    let exempt = exempt.filter_map(|exemption| exemption.subject.as_ref());
    exempt.chain(protected).any(Patterns::mention_addresses)
}

/// What `revokd.toml` says.
struct Main<'a> {
    /// `None` where something about it is wrong.
    daemon: Option<Daemon>,
    clouds: BTreeMap<CloudName, Cloud>,
    /// Also those with something wrong.
    known_clouds: Vec<KnownCloud>,
    /// Sections that are read once the clouds are known.
    sources: Option<Value<'a>>,
}

fn main_file<'a>(mut root: Table<'a>, host: &Host<'_>) -> Main<'a> {
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
    let sources = root.take("source");
    root.finish();
    Main {
        daemon,
        clouds,
        known_clouds,
        sources,
    }
}

const CLOUDS_HINT: &str =
    "at least one cloud is needed, in a section [clouds.NAME]; `revokd init` writes one";

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

/// Whatever keeps a policy or a source from being compiled was reported with it;
/// should that ever fail, it must still not vanish in silence.
fn refuse_the_lost(known: &[KnownSource], named: &[Named], problems: &mut Problems) {
    if !problems.is_empty() {
        return;
    }
    let policies = named.iter().filter(|named| named.policy.is_none());
    let policies = policies.map(|lost| (&lost.place, "policy"));
    let sources = known.iter().filter(|known| known.source.is_none());
    let sources = sources.map(|lost| (&lost.place, "source"));
    for (place, what) in policies.chain(sources) {
        let message = format!("this {what} could not be compiled");
        problems.push(Problem::at(place.clone(), message));
    }
}

/// A list that nobody asks for may be a name that somebody mistyped elsewhere.
fn warn_of_unused(known: &[KnownSource], policies: &[Policy], warnings: &mut Problems) {
    let names = |policy: &Policy, source: &KnownSource| {
        let mut named = policy.matcher.sources();
        named.any(|name| name.as_str() == source.name)
    };
    for source in known {
        if !policies.iter().any(|policy| names(policy, source)) {
            let message = format!("no policy names source `{}`", source.name);
            let hint = "a policy names it by match.subject_in or match.subject_not_in";
            warnings.push(
                Problem::at(source.place.clone(), message)
                    .label("unused")
                    .hint(hint),
            );
        }
    }
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
