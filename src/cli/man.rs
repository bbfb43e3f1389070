//! `revokd man`

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Command;
use clap_mangen::{
    Man,
    roff::{Roff, bold, italic, roman},
};

use super::{
    Exit,
    output::{print_line, print_text},
};

/// Print the manual page, or write one page for each command
///
/// The package installs all of them.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  revokd man | man -l -\n  revokd man --directory /usr/local/share/man/man8"
)]
pub struct Arguments {
    /// Write a page for each command here, made if need be.
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
}

/// System administration: most commands want the rights of the daemon.
const SECTION: &str = "8";

pub fn main(arguments: &Arguments, command: Command) -> anyhow::Result<Exit> {
    let pages = pages(command).context("writing the manual pages")?;
    match &arguments.directory {
        None => {
            for page in pages.iter().take(1) {
                print_text(page.text.as_bytes())?;
            }
        }
        Some(directory) => {
            write(directory, &pages).with_context(|| format!("writing to {}", directory.display()))?;
            print_line(&format!("{} pages in {}", pages.len(), directory.display()))?;
        }
    }
    Ok(Exit::Done)
}

struct Page {
    file_name: String,
    text: String,
}

/// The page of the program first, then those of its commands.
fn pages(command: Command) -> io::Result<Vec<Page>> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let program = command.clone();
    let mut pages = Vec::new();
    add_pages(&program, &[], &command, &mut pages)?;
    Ok(pages)
}

/// `above` are the titles of the pages that lead here.
fn add_pages(
    program: &Command,
    above: &[String],
    command: &Command,
    pages: &mut Vec<Page>,
) -> io::Result<()> {
    let title = title(command);
    pages.push(Page {
        file_name: format!("{title}.{SECTION}"),
        text: page(program, above, command)?,
    });
    let above = [above, &[title]].concat();
    for below in command.get_subcommands() {
        add_pages(program, &above, below, pages)?;
    }
    Ok(())
}

/// `revokd-runs-allow`
fn title(command: &Command) -> String {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
        .to_owned()
}

fn page(program: &Command, above: &[String], command: &Command) -> io::Result<String> {
    let man = Man::new(command.clone()).section(SECTION);
    let mut text = heading(program, command).into_bytes();
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    let mut rest = Roff::default();
    examples(&mut rest, command);
    exit_status(&mut rest);
    if above.is_empty() {
        environment(&mut rest, command);
        files(&mut rest);
    }
    see_also(&mut rest, above, command);
    rest.to_writer(&mut text)?;
    let text = String::from_utf8(text).map_err(io::Error::other)?;
    Ok(in_ascii(&text))
}

/// The first line. There is no date in it: the same sources give the same page.
/// (The generator leaves an empty date out, and what follows moves up.)
fn heading(program: &Command, command: &Command) -> String {
    let (title, version) = (title(command), program.get_version().unwrap_or_default());
    format!(".TH {title} {SECTION} \"\" \"revokd {version}\" \"System Administration\"\n")
}

/// Not every formatter reads UTF-8, and all know this way to write it.
fn in_ascii(text: &str) -> String {
    let escaped = |c: char| match c.is_ascii() {
        true => c.to_string(),
        false => format!("\\[u{:04X}]", u32::from(c)),
    };
    text.chars().map(escaped).collect()
}

/// What stands below the help of a command, as it stands there: columns and all.
fn examples(roff: &mut Roff, command: &Command) {
    let Some(after) = command.get_after_help() else {
        return;
    };
    let after = after.to_string();
    // Told by EXIT STATUS at length.
    let after = after.split("\nExit codes:").next().unwrap_or_default();
    roff.control("SH", ["EXAMPLES"]);
    roff.control("nf", []);
    for line in after.trim_end().lines().filter(|line| *line != "Examples:") {
        if line.is_empty() {
            roff.control("sp", []);
        } else {
            roff.text([roman(line)]);
        }
    }
    roff.control("fi", []);
}

fn exit_status(roff: &mut Roff) {
    roff.control("SH", ["EXIT STATUS"]);
    for exit in Exit::ALL {
        term(roff, &exit.code().to_string(), meaning(exit));
    }
}

/// A sentence for each, as docs/operations.md has it.
fn meaning(exit: Exit) -> &'static str {
    match exit {
        Exit::Done => "Everything asked for was done.",
        Exit::Failed => {
            "Something failed or could not be seen, or work was left when time ran out; the output says what."
        }
        Exit::Usage => "The command line means nothing.",
        Exit::ConfigurationInvalid => "A problem in the configuration or a policy; nothing was done.",
        Exit::Held => "A run waits for an operator: `revokd runs list --state held`.",
        Exit::DeadTasks => {
            "Everything was tried, and some tasks were given up: `revokd tasks list --state dead`."
        }
    }
}

fn environment(roff: &mut Roff, program: &Command) {
    roff.control("SH", ["ENVIRONMENT"]);
    for option in program.get_arguments() {
        if let (Some(variable), Some(long)) = (option.get_env(), option.get_long()) {
            let text = format!("Stands for --{long} where the command line does not have it.");
            term(roff, &variable.to_string_lossy(), &text);
        }
    }
    term(
        roff,
        "NO_COLOR",
        "Anything but an empty value: no colours on a terminal.",
    );
    term(
        roff,
        "CREDENTIALS_DIRECTORY",
        "Set by systemd: where secrets that the configuration names are looked for first.",
    );
}

fn files(roff: &mut Roff) {
    roff.control("SH", ["FILES"]);
    for (path, text) in [
        (
            "/etc/revokd/revokd.toml",
            "The configuration. Paths in it are relative to it.",
        ),
        (
            "/etc/revokd/policies/",
            "The policies, one or more in each *.toml.",
        ),
        (
            "/etc/revokd/secrets/",
            "Passwords and tokens, one in each file, for root alone.",
        ),
        (
            "/var/lib/revokd/revokd.db",
            "The store: the queue, the runs and the audit.",
        ),
        (
            "/usr/share/doc/revokd/",
            "The policy reference, the operations manual and examples.",
        ),
    ] {
        term(roff, path, text);
    }
}

fn term(roff: &mut Roff, term: &str, text: &str) {
    roff.control("TP", []);
    roff.text([bold(term)]);
    roff.text([roman(text)]);
}

/// What leads here, what is below, and for the program what runs it.
fn see_also(roff: &mut Roff, above: &[String], command: &Command) {
    let below = command.get_subcommands().map(title);
    let mut pages: Vec<(String, &str)> = above.iter().cloned().chain(below).map(ours).collect();
    if above.is_empty() {
        pages.extend([("journalctl".to_owned(), "1"), ("systemctl".to_owned(), "1")]);
    }
    roff.control("SH", ["SEE ALSO"]);
    let mut line = Vec::new();
    for (number, (title, section)) in pages.into_iter().enumerate() {
        if number > 0 {
            line.push(roman(", "));
        }
        line.extend([italic(title), roman(format!("({section})"))]);
    }
    roff.text(line);
}

fn ours(title: String) -> (String, &'static str) {
    (title, SECTION)
}

fn write(directory: &Path, pages: &[Page]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    for page in pages {
        fs::write(directory.join(&page.file_name), &page.text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn all() -> Vec<(String, String)> {
        let pages = pages(Cli::command()).unwrap().into_iter();
        pages.map(|page| (page.file_name, page.text)).collect()
    }

    #[test]
    fn every_command_has_a_page_that_its_group_leads_to() {
        let pages = all();
        assert_eq!(pages[0].0, "revokd.8");
        for name in ["revokd-check.8", "revokd-runs.8", "revokd-runs-allow.8"] {
            assert!(pages.iter().any(|(known, _)| known == name), "{name}");
        }
        let of = |name: &str| &pages.iter().find(|(known, _)| known == name).unwrap().1;
        assert!(of("revokd.8").contains("\\fIrevokd\\-runs\\fR(8)"));
        assert!(of("revokd-runs.8").contains("\\fIrevokd\\-runs\\-allow\\fR(8)"));
        assert!(of("revokd-runs-allow.8").contains("\\fIrevokd\\-runs\\fR(8)"));
    }

    #[test]
    fn every_page_has_the_sections_that_readers_look_for() {
        for (name, text) in all() {
            for section in [
                "NAME",
                "SYNOPSIS",
                "DESCRIPTION",
                "OPTIONS",
                "\"EXIT STATUS\"",
                "\"SEE ALSO\"",
            ] {
                let heading = format!("\n.SH {section}\n");
                assert_eq!(text.matches(&heading).count(), 1, "{name} and {section}");
            }
        }
    }

    #[test]
    fn the_page_of_the_program_names_its_files_and_variables() {
        let text = &all()[0].1;
        for word in [
            ".SH FILES",
            ".SH ENVIRONMENT",
            "REVOKD_CONFIG",
            "REVOKD_LOG",
            "/etc/revokd",
        ] {
            assert!(text.contains(word), "{word}\n{text}");
        }
        assert!(!text.contains("Exit codes:"), "they are told once");
    }

    #[test]
    fn exit_codes_mean_what_the_operations_manual_says() {
        let manual = include_str!("../../docs/operations.md");
        for exit in Exit::ALL {
            let row = manual
                .lines()
                .find(|line| line.starts_with(&format!("| {} |", exit.code())));
            let told = row.and_then(|row| row.trim_end_matches(" |").rsplit(" | ").next());
            assert_eq!(told, Some(meaning(exit)));
        }
    }

    #[test]
    fn a_page_is_ascii_and_names_the_version_in_its_heading() {
        assert_eq!(in_ascii("4711:9f\u{2026}"), "4711:9f\\[u2026]");
        for (name, text) in all() {
            assert!(text.is_ascii(), "{name}");
            let title = name.trim_end_matches(".8");
            let version = env!("CARGO_PKG_VERSION");
            let heading = format!(".TH {title} 8 \"\" \"revokd {version}\" \"System Administration\"\n");
            assert!(text.starts_with(&heading), "{name}\n{text}");
        }
    }

    #[test]
    fn pages_are_written_under_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let pages = pages(Cli::command()).unwrap();
        let directory = folder.path().join("man/man8");
        write(&directory, &pages).unwrap();
        for page in pages {
            assert_eq!(
                fs::read_to_string(directory.join(page.file_name)).unwrap(),
                page.text
            );
        }
    }
}
