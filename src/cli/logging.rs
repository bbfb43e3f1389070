//! The log: one line per event on standard error.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

/// The daemon tells what it does; other commands speak for themselves and log
/// only what is wrong.
pub fn start(filter: Option<&str>, daemon: bool) -> anyhow::Result<()> {
    // Each start would tell that there is nothing to migrate.
    let default = if daemon {
        "info,refinery_core=warn"
    } else {
        "error"
    };
    let filter = EnvFilter::builder()
        .parse(filter.unwrap_or(default))
        .context("reading --log")?;
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && !no_colour)
        .with_target(false)
        // Its own complaint would go to the same closed pipe, and panic.
        .log_internal_errors(false)
        .init();
    Ok(())
}
