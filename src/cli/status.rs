//! `revokd status`: one screen that says whether it works, what is next, what
//! is stuck and what waits for somebody.
//!
//! The store tells what was decided and what became of it. What a daemon alone
//! knows, such as a cloud that is down, is asked of the daemon.

mod ask;
mod facts;
mod item;
mod needs;
mod read;
mod screen;
#[cfg(test)]
mod tests;
mod wrap;

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
};

use jiff::Timestamp;

use self::{
    facts::Status,
    screen::{Line, Style},
};
use super::{
    Exit, Output, assemble,
    output::{print_json, print_line},
};
use crate::{
    config::{self, types::Daemon},
    store::Store,
};

/// Show at a glance: does it work, what is next, what is stuck, what needs you
///
/// Asks the store, and a running daemon at the address of `[daemon] listen`.
/// Exits with 0 whatever it has to tell, or with 3 if the configuration does not
/// load; programs read `verdict` with --output json: working, needs-you or
/// not-working.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  revokd status\n  revokd status --output json")]
pub struct Arguments {
    /// For people or for programs.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn main(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let now = Timestamp::now();
    match assemble::load(config, now) {
        Ok(loaded) => {
            assemble::show_warnings(&loaded.warnings);
            let daemon = &loaded.config.daemon;
            let store = existing_store(daemon)?;
            let asked = ask_the_daemon(daemon, store.as_ref()).await?;
            let status = read::status(Some(&loaded.config), store.as_ref(), asked, now).await?;
            show(&status, arguments.output)?;
            Ok(Exit::Done)
        }
        Err(problems) => {
            assemble::show(&problems);
            // A daemon goes on with the policies it had, and whoever mends the
            // files needs to know how it does.
            if let Some(daemon) = load_daemon(config)
                && let Some(store) = existing_store(&daemon)?
            {
                let asked = ask_the_daemon(&daemon, Some(&store)).await?;
                show(
                    &read::status(None, Some(&store), asked, now).await?,
                    arguments.output,
                )?;
            }
            Ok(Exit::ConfigurationInvalid)
        }
    }
}

/// Its problems were shown with those of the whole.
fn load_daemon(config: &Path) -> Option<Daemon> {
    config::load_daemon(config, &|name| std::env::var(name).ok()).ok()
}

/// None is made: it would belong to whoever asked.
fn existing_store(daemon: &Daemon) -> anyhow::Result<Option<Store>> {
    assemble::has_store(daemon)?
        .then(|| assemble::open_store(daemon))
        .transpose()
}

/// Nobody is asked where nobody works on the store: another revokd may have
/// the address.
async fn ask_the_daemon(daemon: &Daemon, store: Option<&Store>) -> anyhow::Result<Option<ask::Asked>> {
    let Some(store) = store else {
        return Ok(None);
    };
    let None = store.dispatch_lock()? else {
        return Ok(None);
    };
    let pid = store.dispatcher_pid().unwrap_or_default();
    Ok(Some(ask::daemon(pid, daemon.listen).await))
}

fn show(status: &Status, output: Output) -> anyhow::Result<()> {
    match output {
        Output::Json => print_json(status),
        Output::Table => {
            let coloured = colour_on_stdout();
            screen::lines(status)
                .iter()
                .try_for_each(|line| print(line, coloured))
        }
    }
}

fn colour_on_stdout() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !refused
}

/// The text itself goes through what makes it harmless; only what is put
/// around it may steer a terminal.
fn print(line: &Line, coloured: bool) -> anyhow::Result<()> {
    let code = match line.style {
        Style::Plain => None,
        Style::Heading => Some("1"),
        Style::Good => Some("1;32"),
        Style::Warning => Some("1;33"),
        Style::Bad => Some("1;31"),
    };
    match code.filter(|_| coloured) {
        None => print_line(&line.text),
        Some(code) => {
            steer(&format!("\u{1b}[{code}m"));
            print_line(&line.text)?;
            steer("\u{1b}[0m");
            Ok(())
        }
    }
}

/// A terminal that went away is noticed by the text.
fn steer(code: &str) {
    drop(io::stdout().lock().write_all(code.as_bytes()));
}
