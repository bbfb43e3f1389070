//! `revokd schema`

use clap::ValueEnum;

use super::{Exit, output::print_text};
use crate::config::shipped;

/// Print the JSON Schema of policy files, or of revokd.toml
///
/// Editors that know TOML complete keys and show mistakes by it, in files whose
/// first line names it: `#:schema ../schema/policies.schema.json`. It sees less
/// than `revokd check`, and refuses nothing that `check` takes.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  revokd schema > policies.schema.json\n  revokd schema revokd > revokd.schema.json"
)]
pub struct Arguments {
    /// Of which files.
    #[arg(value_enum, value_name = "FILES", default_value_t)]
    of: Of,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Of {
    /// The configuration.
    Revokd,
    /// Policies, and sources of people.
    #[default]
    Policies,
}

pub fn main(arguments: &Arguments) -> anyhow::Result<Exit> {
    let text = match arguments.of {
        Of::Revokd => shipped::SCHEMA_OF_REVOKD,
        Of::Policies => shipped::SCHEMA_OF_POLICIES,
    };
    print_text(text.as_bytes())?;
    Ok(Exit::Done)
}
