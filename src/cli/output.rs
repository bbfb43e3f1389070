//! Tables for people, JSON for programs.

use std::io::{self, BufWriter, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Table, Width, presets};
use jiff::Timestamp;
use serde::Serialize;

use super::logging;

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
    match writeln!(io::stdout().lock(), "{}", harmless(line)) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Prints a text of our own as it is, which may hold what no line of a listing
/// may: tabs of a script, for example.
pub fn print_text(text: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

pub fn print_error(error: &anyhow::Error) {
    match logging::is_on_journal() {
        true => tell(&format!(
            "<3>error: {}\n",
            logging::on_one_line(&format!("{error:#}"))
        )),
        false => tell(&format!("error: {error:#}\n")),
    }
}

/// As many as were asked for of one more than that. A list that is cut shows it:
/// what is not in it may be there all the same.
pub fn newest<T>(mut found: Vec<T>, limit: usize) -> Vec<T> {
    if found.len() > limit {
        found.truncate(limit);
        tell(&format!(
            "there are more than these, the newest {limit}: --limit shows more\n"
        ));
    }
    found
}

/// Like `eprint!`, which panics where nobody reads: what was told to nobody
/// must not change how a command ends.
pub fn tell(text: &str) {
    drop(io::stderr().lock().write_all(harmless(text).as_bytes()));
}

/// The same for a text that has its colours already.
pub fn tell_coloured(text: &str) {
    drop(
        io::stderr()
            .lock()
            .write_all(harmless_but_coloured(text).as_bytes()),
    );
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
    let rows: Vec<[String; N]> = rows
        .into_iter()
        .map(|row| row.map(|cell| harmless(&cell)))
        .collect();
    let longest_words = longest_words(&head, &rows);
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(head.map(Cell::new));
    if table.width().is_none() {
        table.set_width(140);
    }
    let width = table.width().map_or(usize::MAX, usize::from);
    table.add_rows(rows);
    for (column, least) in table.column_iter_mut().zip(least_widths(longest_words, width)) {
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
    }
    table.to_string()
}

/// Names come from clouds and their users: none may move the cursor of the
/// terminal on which somebody decides.
fn harmless(text: &str) -> String {
    let escape = |c: char| match c {
        '\n' => c.to_string(),
        c if logging::steers(c) => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Keeps what does nothing but colour, and ends of lines as other systems write
/// them.
fn harmless_but_coloured(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut parts = text.split(COLOUR);
    let mut clean = parts.next().map(harmless).unwrap_or_default();
    for part in parts {
        let codes = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        match codes.strip_prefix('m') {
            Some(rest) => {
                clean.push_str(COLOUR);
                clean.push_str(&part[..part.len() - rest.len()]);
                clean.push_str(&harmless(rest));
            }
            None => clean.push_str(&harmless(&format!("{COLOUR}{part}"))),
        }
    }
    clean
}

/// What begins a sequence that colours; digits and an `m` end it.
const COLOUR: &str = "\u{1b}[";

/// Around the content of each cell.
const PADDING: usize = 2;
/// The longest kind of id. An id that is broken over two lines cannot be copied
/// or searched for; longer words are paths in texts.
const ID: usize = 36;
/// What a text in the last column needs to be read at all.
const TEXT: usize = 12;

/// Widths that break no id, if all of them fit. The last column, which holds
/// texts, makes do with what the others leave.
fn least_widths<const N: usize>(longest_words: [usize; N], width: usize) -> Vec<u16> {
    let mut least = longest_words.map(|word| word.min(ID) + PADDING);
    let Some((last, others)) = least.split_last_mut() else {
        return Vec::new();
    };
    // Between two columns there is a space.
    let left = width.saturating_sub(others.iter().sum::<usize>() + others.len());
    if left < (*last).min(TEXT + PADDING) {
        return Vec::new();
    }
    *last = left.min(*last);
    least
        .iter()
        .filter_map(|width| u16::try_from(*width).ok())
        .collect()
}

fn longest_words<const N: usize>(head: &[&str; N], rows: &[[String; N]]) -> [usize; N] {
    let longest = |text: &str| text.split_whitespace().map(|word| word.chars().count()).max();
    std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].as_str());
        let words = cells.chain([head[column]]).filter_map(longest);
        words.max().unwrap_or_default()
    })
}

/// A moment to the second, in UTC, as every listing shows it.
pub fn moment(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

pub fn moment_or_dash(value: Option<Timestamp>) -> String {
    value.map_or_else(|| "-".to_owned(), moment)
}

/// Joined by commas.
pub fn words<T: ToString>(words: &[T]) -> String {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    words.join(", ")
}

/// `1 share`, `2 shares`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_broken_only_where_they_cannot_fit() {
        assert_eq!(least_widths([4, 36, 50], 100), [6, 38, 38]);
        assert_eq!(least_widths([4, 36, 50], 62), [6, 38, 16]);
        assert!(least_widths([4, 36, 50], 52).is_empty());
        assert_eq!(least_widths([4, 36, 5], 53), [6, 38, 7]);
    }

    #[test]
    fn no_table_is_wider_than_a_file_should_be() {
        let id = "1a82e79b-05b5-4aeb-b5ba-4eb728dd632c";
        let text = "a text that goes on and on, and on ".repeat(5);
        for columns in [id, text.as_str(), &id.repeat(9)] {
            let row = ["1", id, columns, id, &text].map(str::to_owned);
            let table = table(["a", "b", "c", "d", "e"], [row]);
            assert!(table.lines().all(|line| line.chars().count() <= 140), "{table}");
        }
    }

    #[test]
    fn what_is_told_cannot_steer_a_terminal() {
        let foreign = "cloud\u{1b}[2J \u{9b}2J\rforged\u{202e}\u{7}\nnext";
        let expected = r"cloud\u{1b}[2J \u{9b}2J\rforged\u{202e}\u{7}";
        assert_eq!(harmless(foreign), format!("{expected}\nnext"));
        assert_eq!(harmless_but_coloured(foreign), format!("{expected}\nnext"));
    }

    #[test]
    fn colours_stay_where_they_are_meant_and_nowhere_else() {
        let coloured = "\u{1b}[31m×\u{1b}[0m here\r\n\u{1b}[38;5;1mthere\u{1b}[m";
        assert_eq!(harmless_but_coloured(coloured), coloured.replace('\r', ""));
        assert_eq!(harmless("\u{1b}[31mred"), r"\u{1b}[31mred");
        for other in ["[31", "[?25lm", "]0;title", "[1;", "[3Am", "[", ""] {
            let told = harmless_but_coloured(&format!("\u{1b}{other}"));
            assert_eq!(told, format!(r"\u{{1b}}{other}"));
        }
    }
}
