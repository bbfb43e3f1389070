//! What holds for every command: help, mistakes on the command line, and
//! output that goes to a pipe.

use std::{
    io::Read,
    os::fd::OwnedFd,
    process::{Command, Stdio},
};

use crate::cli_folder::{Folder, answer, revokd};

/// Every command and subcommand, with something that its help must show.
const COMMANDS: &[(&[&str], &str)] = &[
    (&[], "Examples:"),
    (&["check"], "Exits with 3"),
    (&["plan"], "Examples:"),
    (&["explain"], "--cloud <CLOUD>"),
    (&["run"], "Examples:"),
    (&["status"], "--output <OUTPUT>"),
    (&["sources"], "Examples:"),
    (&["sources", "list"], "--output <OUTPUT>"),
    (&["sources", "test"], "--limit <NUMBER>"),
    (&["sources", "accept"], "--yes"),
    (&["runs"], "Commands:"),
    (&["runs", "list"], "--state <STATE>"),
    (&["runs", "show"], "<RUN>"),
    (&["runs", "allow"], "<RUN>"),
    (&["runs", "reject"], "--reason <REASON>"),
    (&["tasks"], "Commands:"),
    (&["tasks", "list"], "--resource <ID>"),
    (&["tasks", "show"], "<TASK>"),
    (&["tasks", "retry"], "<TASK>"),
    (&["tasks", "cancel"], "--reason <REASON>"),
    (&["audit"], "Commands:"),
    (&["audit", "list"], "--task <TASK>"),
    (&["audit", "verify"], "--head <HEAD>"),
    (&["demo"], "--serve"),
    (&["doctor"], "Examples:"),
    (&["init"], "Examples:"),
    (&["simulate"], "Examples:"),
    (&["completions"], "Examples:"),
    (&["man"], "--directory <DIRECTORY>"),
    (&["schema"], "Examples:"),
];

#[test]
fn every_command_has_help_that_fits_a_terminal() {
    for (command, shown) in COMMANDS {
        let answer = answer(revokd(&[command, ["--help"].as_slice()].concat())).expect(0);
        assert!(answer.stdout.contains(shown), "{command:?}:\n{}", answer.stdout);
        assert!(!answer.stdout.contains('\u{1b}'), "{command:?} colours a pipe");
        assert!(
            answer.stdout.lines().all(|line| line.chars().count() <= 100),
            "{command:?}"
        );
    }
}

/// In the short help each option stands on one line with what it does.
#[test]
fn no_option_is_left_without_a_word() {
    for (command, _) in COMMANDS {
        let help = answer(revokd(&[command, ["-h"].as_slice()].concat()))
            .expect(0)
            .stdout;
        for line in help.lines().filter(|line| line.trim_start().starts_with('-')) {
            let (_, told) = line.trim().rsplit_once("  ").unwrap_or_default();
            assert!(
                told.starts_with(char::is_alphabetic),
                "{command:?}: {line}\n{help}"
            );
        }
    }
}

/// A command that the list above forgot would go untested.
#[test]
fn every_listed_command_is_known_here() {
    for group in [vec![], vec!["runs"], vec!["tasks"], vec!["audit"]] {
        let help = answer(revokd(&[group.as_slice(), &["--help"]].concat())).stdout;
        let (_, rest) = help.split_once("Commands:\n").expect("a list of commands");
        let (list, _) = rest.split_once("\n\n").expect("the end of the list");
        let names = list.lines().filter_map(|line| line.split_whitespace().next());
        for name in names.filter(|name| *name != "help") {
            let full = [group.as_slice(), &[name]].concat();
            assert!(COMMANDS.iter().any(|(known, _)| *known == full), "{full:?}");
        }
    }
}

#[test]
fn a_command_line_that_means_nothing_exits_with_2() {
    let folder = Folder::new();
    let before = folder.contents();
    let mistakes: [(&[&str], &str); 14] = [
        (&[], "Usage:"),
        (&["chek"], "'check'"),
        (&["plan", "--outptu", "json"], "'--output'"),
        (&["plan", "--output", "yaml"], "table, json"),
        (&["run", "yearly"], "--once"),
        (&["run", "--within", "5m"], "--once"),
        (&["run", "--once", "--within", "soon"], "--within"),
        (&["runs", "list", "--state", "done"], "running, finished, held"),
        (&["runs", "show", "first"], "first"),
        (&["tasks", "list", "--state", "open"], "held, queued, claimed"),
        (&["simulate", "--fault", "login=never"], "--help"),
        (&["simulate", "--projects", "5"], "--images"),
        (
            &["simulate", "--cloud", "azure"],
            "both, openstack, huawei-cloud, open-telekom-cloud",
        ),
        (
            &["simulate", "--cloud", "huawei-cloud", "--images", "5"],
            "--images",
        ),
    ];
    for (arguments, told) in mistakes {
        let answer = folder.revokd(arguments).expect(2);
        assert!(answer.stderr.contains(told), "{arguments:?}:\n{}", answer.stderr);
        assert_eq!(answer.stdout, "", "{arguments:?}");
    }
    assert_eq!(folder.contents(), before, "nothing is written");
}

#[test]
fn a_log_filter_that_means_nothing_exits_with_2() {
    let answer = Folder::new().revokd(&["--log", "revokd=loud", "check"]).expect(2);
    assert!(
        answer.stderr.starts_with("error: reading --log"),
        "{}",
        answer.stderr
    );
}

#[test]
fn an_unknown_policy_is_named_together_with_the_known_ones() {
    let folder = Folder::new();
    let before = folder.contents();
    for command in [["plan"].as_slice(), &["run", "--once"]] {
        let answer = folder.revokd(&[command, &["weekly"]].concat()).expect(1);
        assert_eq!(
            answer.stderr,
            "error: there is no policy \"weekly\"; there are: yearly\n"
        );
        assert_eq!(answer.stdout, "");
    }
    assert_eq!(folder.contents(), before, "nothing is written");
}

#[test]
fn the_version_is_that_of_the_package() {
    let told = answer(revokd(&["--version"])).expect(0).stdout;
    assert_eq!(told, format!("revokd {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_pipe_gets_no_colour() {
    let folder = Folder::new();
    folder.write("policies/b.toml", "not TOML");
    let bad = folder.revokd(&["check"]).expect(3);
    folder.write("policies/b.toml", "");
    let good = folder.revokd(&["check"]).expect(0);
    let failed = folder.revokd(&["run", "--once"]).expect(1);
    for answer in [bad, good, failed] {
        assert!(!answer.stderr.contains('\u{1b}') && !answer.stdout.contains('\u{1b}'));
    }
}

/// A pipe whose reader went away, as with `| head -1`.
fn closed_pipe() -> OwnedFd {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[test]
fn a_reader_that_went_away_changes_no_exit_code() {
    let good = Folder::new();
    let bad = Folder::new();
    bad.write("policies/b.toml", "not TOML");
    let commands: [(&Folder, &[&str], i32); 12] = [
        (&good, &["--help"], 0),
        (&good, &["check"], 0),
        (&good, &["check", "--output", "json"], 0),
        (&bad, &["check"], 3),
        (&good, &["plan"], 1),
        (&good, &["plan", "weekly"], 1),
        (&good, &["run", "--once"], 1),
        (&good, &["bogus"], 2),
        (&good, &["completions", "bash"], 0),
        (&good, &["completions", "zsh"], 0),
        (&good, &["man"], 0),
        (&good, &["schema"], 0),
    ];
    for (folder, arguments, code) in commands {
        let mut command = folder.command(arguments);
        command.stdout(closed_pipe()).stderr(closed_pipe());
        let status = command.status().expect("the program starts");
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn the_output_can_be_cut_by_head() {
    let folder = Folder::new();
    let line = format!("{} check 2>&1 | head -n 1", env!("CARGO_BIN_EXE_revokd"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(folder.path(""));
    shell.env("REVOKD_CONFIG", "revokd.toml").stdout(Stdio::piped());
    let mut shell = shell.spawn().expect("a shell");
    let mut shown = String::new();
    let mut stdout = shell.stdout.take().expect("its output");
    stdout.read_to_string(&mut shown).expect("text");
    assert!(shell.wait().expect("an end").success());
    assert_eq!(shown.lines().count(), 1);
    assert!(!shown.contains("panicked"), "{shown}");
}
