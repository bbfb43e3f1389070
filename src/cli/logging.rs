//! The log: one line per event on standard error.

mod line;

use std::{
    fs::File,
    io::{self, IsTerminal},
    os::{fd::AsFd, unix::fs::MetadataExt},
};

use anyhow::Context;
use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use self::line::Lines;
pub use self::line::{on_one_line, steers};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One object a line, with `time`, `level`, `message` and the fields.
    Json,
}

/// The daemon tells what it does; other commands speak for themselves and log
/// only what is wrong.
pub fn start(filter: Option<&str>, format: Format, daemon: bool) -> anyhow::Result<()> {
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
    let lines = Lines {
        format,
        on_journal: is_on_journal(),
        colour: io::stderr().is_terminal() && !no_colour,
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // Its own complaint would go to the same closed pipe, and panic.
        .log_internal_errors(false)
        .event_format(lines)
        .init();
    Ok(())
}

/// Whether standard error goes to the journal of systemd, which reads the level
/// of a line from its begin. A variable that was inherited by a process whose
/// standard error goes elsewhere does not count.
pub fn is_on_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    let stderr = io::stderr();
    let Ok(file) = stderr.as_fd().try_clone_to_owned().map(File::from) else {
        return false;
    };
    file.metadata()
        .is_ok_and(|file| is_stream(&stream, file.dev(), file.ino()))
}

fn is_stream(stream: &str, device: u64, inode: u64) -> bool {
    let numbers = stream.split_once(':');
    numbers
        .is_some_and(|(of_device, of_inode)| of_device.parse() == Ok(device) && of_inode.parse() == Ok(inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_stream_is_the_journal() {
        assert!(is_stream("9:31415", 9, 31415));
        for other in ["9:31416", "8:31415", "9", "", "9:", "a:b"] {
            assert!(!is_stream(other, 9, 31415), "{other:?}");
        }
    }
}
