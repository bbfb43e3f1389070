//! What the documents say is true.
//!
//! - **A block of shell is a block of `sh`, and it is run**, line by line, in
//!   the order of the document, in one world for each document: the folder has
//!   a `revokd.toml` that leads to two simulated clouds, `revokd` finds it
//!   without `--config`, run 17 is held, task 4711 is dead, and
//!   ann@example.com is on the list `leavers`. `USER` stands for her, `NAME` for
//!   that list. `revokd run` and `revokd simulate` go on beside what follows.
//! - **A command ends with 0**, unless its line has a comment `# exits 4`, or
//!   before the block stands `<!-- exits 4: revokd the command -->`. A pass
//!   (`run --once`, `run --policy`) may end with 4 or 5 as well.
//! - **What needs more than that** (root, systemd, a package) has before its
//!   block `<!-- run by tests/systemd -->` or another file or folder, which has
//!   to hold each of the commands, or to name the document that it takes them
//!   from.
//! - Code within text, and the examples of help pages, must mean something to
//!   the program; they are not run.
//! - Every guarantee is described, and whatever file a description names as its
//!   module or its test is there.

mod blocks;
mod executed;
mod guarantees;
mod world;

use crate::cli_folder::{answer, revokd};

/// The documents, and what the program says about itself.
fn texts() -> Vec<(String, String)> {
    let mut texts = blocks::documents();
    let with_examples = [
        "plan",
        "explain",
        "run",
        "simulate",
        "doctor",
        "init",
        "schema",
        "completions",
        "sources",
        "check",
        "status",
        "runs",
        "tasks",
        "audit",
        "demo",
        "man",
    ];
    let commands = with_examples.map(|command| [command]);
    for command in std::iter::once(&[][..]).chain(commands.iter().map(<[&str; 1]>::as_slice)) {
        let help = answer(revokd(&[command, &["--help"]].concat())).expect(0).stdout;
        texts.push((format!("{command:?} --help"), examples(&help)));
    }
    texts
}

/// The examples of a help page as a block of a document; what explains one
/// stands two spaces behind it.
fn examples(help: &str) -> String {
    let (_, rest) = help.split_once("Examples:\n").expect("examples");
    let (block, _) = rest.split_once("\n\n").unwrap_or((rest, ""));
    let commands = block.lines().filter_map(|line| line.trim().split("   ").next());
    format!("```sh\n{}\n```\n", commands.collect::<Vec<_>>().join("\n"))
}

/// All calls of the program in blocks of shell and in code within text.
fn calls(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut language = None;
    for line in text.replace("\\\n", " ").lines() {
        let line = line.trim();
        match (line.strip_prefix("```"), language.as_deref()) {
            (Some(_), Some(_)) => language = None,
            (Some(begun), None) => language = Some(begun.to_owned()),
            (None, Some("sh" | "console" | "bash" | "shell" | "")) => found.extend(shell(line)),
            (None, Some(_)) => {}
            (None, None) => found.extend(line.split('`').skip(1).step_by(2).filter_map(call)),
        }
    }
    found
}

/// The calls in one line of shell.
fn shell(line: &str) -> Vec<Vec<String>> {
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let line = line.split(" #").next().unwrap_or_default();
    let parts = line.split(['|', ';', '&']);
    parts.filter_map(|part| call(part.trim())).collect()
}

/// The arguments of a call such as `sudo -u revokd revokd runs allow 17`; `None`
/// for anything else. A name for a value (`ID`) becomes a value.
fn call(text: &str) -> Option<Vec<String>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_program = |word: &&str| matches!(*word, "revokd" | "/usr/bin/revokd" | "target/release/revokd");
    let arguments = match words.as_slice() {
        ["cargo", "run", rest @ ..] => rest.split(|word| *word == "--").nth(1)?,
        ["sudo", "-u", "revokd", rest @ ..] | ["sudo", rest @ ..] | rest => {
            let (program, arguments) = rest.split_first()?;
            is_program(program).then_some(arguments)?
        }
    };
    let is_placeholder = |word: &str| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase());
    let value = |word: &&str| match word.trim_matches(['"', '\'']) {
        "HEAD" => format!("1:{}", "9f".repeat(32)),
        word if is_placeholder(word) => "1".to_owned(),
        word => word.to_owned(),
    };
    let until_redirected = arguments.iter().take_while(|word| !word.contains(['<', '>']));
    Some(until_redirected.map(value).collect())
}

#[test]
fn every_call_that_is_shown_can_be_made() {
    let mut tried = 0;
    for (document, text) in texts() {
        for arguments in calls(&text) {
            // Read from the left, so that a flag that is not there is found first.
            let mut all: Vec<&str> = arguments.iter().map(String::as_str).collect();
            all.push("--help");
            let answer = answer(revokd(&all));
            assert_eq!(
                answer.code,
                Some(0),
                "{}: revokd {}\n{}",
                document,
                arguments.join(" "),
                answer.stderr
            );
            tried += 1;
        }
    }
    assert!(tried >= 15, "only {tried} calls were found");
}

#[test]
fn calls_are_found_where_documents_show_them() {
    let text = "Try `revokd runs show ID` or:\n```sh\n$ sudo -u revokd revokd status  # now\n\
                revokd plan | head\ncargo run --release -- demo --serve\nls\n```\n\
                ```toml\nrevokd = 1\n```\n`revokd_tasks` is a metric\n";
    let expected: [&[&str]; 4] = [
        &["runs", "show", "1"],
        &["status"],
        &["plan"],
        &["demo", "--serve"],
    ];
    assert_eq!(calls(text), expected);
    let gone = answer(revokd(&["plan", "--no-such-flag", "--help"]));
    assert_eq!(gone.code, Some(2), "a flag that is not there is found");
}
