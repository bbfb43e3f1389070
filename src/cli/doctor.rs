//! `revokd doctor`: all that could keep revokd from its work, and how to mend
//! it. It changes nothing.

mod clock;
pub mod cloud;
mod finding;

use std::{path::Path, sync::Arc};

use super::{Exit, Output, assemble, output};
use crate::daemon::clock::{SharedClock, SystemClock};
pub use finding::{Finding, Group, Verdict, print};

/// Look for all that could keep revokd from its work; say how to mend it
///
/// Looks at the configuration, files, the store, the daemon, the clock, each
/// cloud and each list of people. Changes nothing anywhere, and tries each login
/// once. Exits with 0 if there is no problem, with 1 if there is one.
#[derive(clap::Args)]
pub struct Arguments {
    /// Look at this cloud alone, and at nothing else.
    #[arg(long, value_name = "NAME")]
    cloud: Option<String>,

    /// For people or for programs.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn main(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let Some(loaded) = assemble::load_or_show(config) else {
        return Ok(Exit::ConfigurationInvalid);
    };
    let clock: SharedClock = Arc::new(SystemClock);
    let mut groups = Vec::new();
    for (name, one) in &loaded.config.clouds {
        if arguments
            .cloud
            .as_deref()
            .is_some_and(|wanted| wanted != name.as_str())
        {
            continue;
        }
        let examined = cloud::examine(name, one, &cloud::Wanted::everything(one), &clock).await;
        groups.push(Group {
            title: format!("cloud {name}"),
            findings: examined.findings,
        });
    }
    print(&groups)?;
    output::tell("");
    Ok(match finding::count(&groups, Verdict::Problem) {
        0 => Exit::Done,
        _ => Exit::Failed,
    })
}
