//! `revokd sources`

mod accept;
mod list;
mod reading;
mod test;

use std::path::Path;

use clap::Subcommand;

pub use self::reading::{Read, read, records};
use super::{Exit, Output, assemble};
use crate::{
    config::{
        people::{List, Source},
        types::Config,
    },
    engine::policy::Policy,
    model::{SourceName, SourceRecord},
};

/// Show the lists of people, and whether they can be relied on
///
/// Without a command: what is on record of each, from the last reads of the
/// daemon or of `run --once`; nothing is read. Exits with 1 if a source that an
/// enabled policy names is not proven.
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  revokd sources\n  revokd sources test leavers\n  revokd sources accept staff"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// For people or for programs.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Subcommand)]
enum Command {
    /// What is on record of each source
    #[command(after_help = "Examples:\n  revokd sources list\n  revokd sources list --output json")]
    List {
        /// For people or for programs.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Read a source now, and show how its entries match; records nothing
    ///
    /// Exits with 1 if it could not be read, or is not proven.
    Test(test::Arguments),
    /// Take a list that shrank for what it is from now on
    ///
    /// Only the shrink can be accepted; every other figure is changed in the
    /// configuration, or the list is mended.
    Accept(accept::Arguments),
}

pub async fn main(config: &Path, arguments: Arguments) -> anyhow::Result<Exit> {
    let Some(loaded) = assemble::load_or_show(config) else {
        return Ok(Exit::ConfigurationInvalid);
    };
    match arguments.command {
        None => list::main(&loaded.config, arguments.output).await,
        Some(Command::List { output }) => list::main(&loaded.config, output).await,
        Some(Command::Test(arguments)) => test::main(&loaded.config, &arguments).await,
        Some(Command::Accept(arguments)) => accept::main(&loaded.config, &arguments).await,
    }
}

/// Enabled policies that do nothing while the source is not proven.
pub fn idle_policies<'a>(config: &'a Config, source: &SourceName) -> Vec<&'a Policy> {
    let policies = config.policies.iter().filter(|policy| policy.enabled);
    policies.filter(|policy| how(policy, source).is_some()).collect()
}

/// Why nothing is decided by the source, as the record has it; `None`: it is
/// proven.
pub fn not_proven(record: Option<&SourceRecord>) -> Option<String> {
    match record {
        None => Some("not read yet".to_owned()),
        Some(record) => record.problem.clone(),
    }
}

/// How a policy uses the source: who is on it goes, or who is not.
fn how(policy: &Policy, source: &SourceName) -> Option<&'static str> {
    let is_in = policy.matcher.subject_in.contains(source);
    let is_not_in = policy.matcher.subject_not_in.contains(source);
    match (is_in, is_not_in) {
        (true, true) => Some("in, not in"),
        (true, false) => Some("in"),
        (false, true) => Some("not in"),
        (false, false) => None,
    }
}

fn type_of(source: &Source) -> &'static str {
    match source.list {
        List::Csv(_) => "csv",
        List::Json(_) => "json",
        List::Http(_) => "http",
        List::Scim(_) => "scim",
        List::Ldap(_) => "ldap",
        List::Keystone(_) => "keystone",
    }
}

fn configured<'a>(config: &'a Config, name: &str) -> anyhow::Result<&'a Source> {
    config.sources.get(name).ok_or_else(|| {
        let known: Vec<&str> = config.sources.keys().map(SourceName::as_str).collect();
        match known.is_empty() {
            true => anyhow::anyhow!("there is no source {name:?}; the configuration has none"),
            false => anyhow::anyhow!("there is no source {name:?}; there are: {}", known.join(", ")),
        }
    })
}
