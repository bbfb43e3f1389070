//! Tables for people, JSON for programs.

use std::io::{self, BufWriter, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{Cell, ContentArrangement, Table, presets};
use jiff::Timestamp;
use serde::Serialize;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people; fits the terminal.
    #[default]
    Table,
    /// One object; its keys are stable.
    Json,
}

/// Prints one JSON object, piece by piece: it may be larger than what it tells
/// of. A reader that went away is no error.
pub fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = serde_json::to_writer_pretty(&mut out, value)
        .map_err(io::Error::from)
        .and_then(|()| writeln!(out))
        .and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Like `println!`, but a closed pipe ends the output quietly.
pub fn print_line(line: &str) -> anyhow::Result<()> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

pub fn print_error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

/// Whether diagnostics may be coloured.
pub fn colour_on_stderr() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !refused
}

/// Columns of the terminal, or a width that reads well in a file.
pub fn width() -> usize {
    Table::new().width().map_or(100, usize::from)
}

pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(head.map(Cell::new));
    if table.width().is_none() {
        table.set_width(140);
    }
    for row in rows {
        table.add_row(row);
    }
    table.to_string()
}

/// A moment to the second, in UTC, as every listing shows it.
pub fn moment(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

pub fn moment_or_dash(value: Option<Timestamp>) -> String {
    value.map_or_else(|| "-".to_owned(), moment)
}

/// `1 share`, `2 shares`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
