//! `revokd sources accept`: an operator vouches for a list that shrank.

use std::{
    io::{self, BufRead, IsTerminal},
    sync::Arc,
};

use anyhow::bail;

use super::{configured, read, records};
use crate::{
    cli::{
        Exit, assemble,
        output::{self, moment, print_line},
    },
    config::{people::Source, types::Config},
    daemon::clock::{SharedClock, SystemClock},
    engine::people::{prove, size},
    metrics::Metrics,
    model::{Baseline, Roll},
};

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  revokd sources accept staff\n  revokd sources accept staff --yes")]
pub struct Arguments {
    /// The source, as the configuration names it.
    #[arg(value_name = "SOURCE")]
    name: String,

    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

pub async fn main(config: &Config, arguments: &Arguments) -> anyhow::Result<Exit> {
    let source = configured(config, &arguments.name)?;
    let clock: SharedClock = Arc::new(SystemClock);
    let clouds = assemble::clouds(config, &clock, &Arc::new(Metrics::new()))?;
    let before = records(config).await?.remove(&source.name);
    let before = before.and_then(|record| record.baseline);
    let read = read(source, &clouds, before, clock.as_ref()).await;
    let roll = match &read.roll {
        Ok(roll) => roll.clone(),
        Err(why) => bail!("source {} was not read: {why}", source.name),
    };
    let (Err(why), Some(before)) = (&read.proven, before) else {
        return nothing_to_accept(source, &roll, read.proven.err());
    };
    if let Err(others) = prove(roll.clone(), &source.demands, None, clock.now()) {
        bail!(only_shrink(source, &others));
    }
    print_line(&format!("source {}: {why}", source.name))?;
    print_line(&format!(
        "before: {} entries, on {}; now: {} entries, a list of {}",
        before.entries,
        moment(before.at),
        size(&roll),
        moment(roll.as_of)
    ))?;
    if !arguments.yes && !agreed()? {
        print_line("nothing was changed; say `--yes`, or y when asked on a terminal")?;
        return Ok(Exit::Failed);
    }
    let now = clock.now();
    let baseline = Baseline {
        entries: size(&roll),
        at: now,
    };
    let store = assemble::open_store(&config.daemon)?;
    let accepted = store.accept_source(source.name.clone(), baseline, assemble::actor(), now);
    if !accepted.await? {
        bail!("source {} is not on record any more", source.name);
    }
    print_line(&format!(
        "later reads of source {} are held against {} entries; the next run goes by it",
        source.name, baseline.entries
    ))?;
    Ok(Exit::Done)
}

fn nothing_to_accept(source: &Source, roll: &Roll, why: Option<String>) -> anyhow::Result<Exit> {
    if let Some(why) = why {
        bail!(only_shrink(source, &why));
    }
    let entries = output::count(size(roll), "entry", "entries");
    print_line(&format!(
        "source {} meets its demands with {entries}: there is nothing to accept",
        source.name
    ))?;
    Ok(Exit::Done)
}

/// The figures name the keys that set them.
fn only_shrink(source: &Source, why: &str) -> String {
    format!(
        "source {0}: {why}; only a list that shrank can be accepted: mend the list, or change that key of [source.{0}]",
        source.name
    )
}

fn agreed() -> io::Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    output::tell("Is this list right? Policies will go by it. [y/N] ");
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
