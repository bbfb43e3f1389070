//! `revokd check`: every mistake with its place, what is wrong, and a hint.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    process::Command,
};

use serde_json::{Value, json};

use crate::cli_folder::{Answer, Folder, POLICY, keys};

/// One problem, as a person and as a program must see it.
struct Problem<'a> {
    file: &'a str,
    /// Line, column and the text that is underlined, if there is a place.
    place: Option<(u64, u64, &'a str)>,
    message: &'a str,
    hint: Option<&'a str>,
}

/// The folder has this problem and no other.
#[track_caller]
fn assert_only_problem(folder: &Folder, problem: &Problem<'_>) {
    let told = folder.revokd(&["check", "--output", "json"]).expect(3).json();
    let place = problem.place.map(|(line, column, _)| (line, column));
    let expected = json!([{
        "file": problem.file,
        "line": place.map(|(line, _)| line),
        "column": place.map(|(_, column)| column),
        "message": problem.message,
        "hint": problem.hint,
    }]);
    assert_eq!(told["problems"], expected);
    assert_shown(&folder.revokd(&["check"]).expect(3), problem);
}

#[track_caller]
fn assert_shown(answer: &Answer, problem: &Problem<'_>) {
    let shown = &answer.stderr;
    assert!(answer.stdout.is_empty(), "{}", answer.stdout);
    assert!(shown.contains(problem.message), "{shown}");
    if let Some(hint) = problem.hint {
        let start: String = hint.chars().take(60).collect();
        assert!(shown.contains(&format!("help: {start}")), "{shown}");
    }
    match problem.place {
        Some((line, column, underlined)) => {
            let place = format!("[{}:{line}:{column}]", problem.file);
            assert!(shown.contains(&place), "{place} in:\n{shown}");
            assert_eq!(underlined_in(shown), underlined, "{shown}");
        }
        None => assert!(
            shown.contains(&format!("{}: {}", problem.file, problem.message)),
            "{shown}"
        ),
    }
    assert!(
        shown.ends_with("1 problem in the configuration; nothing was done.\n"),
        "{shown}"
    );
}

/// What the first line of marks (`──┬──`) stands under; nothing for a `▲`
/// between two characters.
#[track_caller]
fn underlined_in(shown: &str) -> String {
    let lines: Vec<&str> = shown.lines().collect();
    let is_mark = |c: &char| matches!(c, '─' | '┬');
    let marks = |line: &str| line.trim_start().starts_with('·') && line.contains(['─', '┬', '▲']);
    let at = lines
        .iter()
        .position(|line| marks(line))
        .expect("something is underlined");
    let pairs = lines[at].chars().zip(lines[at - 1].chars());
    pairs.filter(|(mark, _)| is_mark(mark)).map(|(_, c)| c).collect()
}

/// The only problem after a change of the policy.
#[track_caller]
fn assert_mistake(from: &str, to: &str, place: (u64, u64, &str), message: &str, hint: &str) {
    let folder = Folder::new();
    folder.change("policies/a.toml", from, to);
    let problem = Problem {
        file: "policies/a.toml",
        place: Some(place),
        message,
        hint: Some(hint),
    };
    assert_only_problem(&folder, &problem);
}

#[test]
fn a_good_configuration_shows_the_next_fires_in_the_zone_of_the_policy() {
    let folder = Folder::new();
    let told = folder.revokd(&["check", "--output", "json"]).expect(0);
    assert_eq!(told.keys(), ["policies", "problems", "warnings"]);
    let told = told.json();
    assert_eq!(told["problems"], json!([]));
    let policy = &told["policies"][0];
    let known = [
        "clouds",
        "description",
        "enabled",
        "kinds",
        "mode",
        "name",
        "next",
        "resource",
        "schedule",
        "timezone",
    ];
    assert_eq!(keys(policy), known);
    assert_eq!(policy["timezone"], "Asia/Tokyo");
    let next = policy["next"].as_array().expect("the next fires");
    let this_year: i16 = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::get("Asia/Tokyo").expect("a known zone"))
        .year();
    assert_eq!(next.len(), 3);
    let table = folder.revokd(&["check"]).expect(0).stdout;
    for (fire, year) in next.iter().zip(this_year + 1..) {
        let fire = fire.as_str().expect("a text");
        assert!(fire.ends_with(&format!(" {year}-01-01 03:00:00 JST")), "{fire}");
        assert!(table.contains(fire), "{table}");
    }
    assert!(table.ends_with("revokd.toml and 1 policy are good.\n"), "{table}");
}

#[test]
fn a_disabled_policy_is_checked_and_has_no_next_run() {
    let folder = Folder::new();
    folder.write("policies/a.toml", format!("{POLICY}enabled = false\n"));
    let told = folder.revokd(&["check", "--output", "json"]).expect(0).json();
    assert_eq!(told["policies"][0]["enabled"], false);
    assert_eq!(told["policies"][0]["next"], json!([]));
    assert!(folder.revokd(&["check"]).expect(0).stdout.contains("disabled"));
}

#[test]
fn a_misspelt_key_is_underlined_and_the_right_one_suggested() {
    let folder = Folder::new();
    folder.change("policies/a.toml", "schedule", "scedule");
    let told = folder.revokd(&["check", "--output", "json"]).expect(3).json();
    let expected = json!([
        {"file": "policies/a.toml", "line": 1, "column": 1, "message": "[[policy]] lacks `schedule`",
         "hint": "five fields as in crontab(5): schedule = \"*/15 * * * *\""},
        {"file": "policies/a.toml", "line": 4, "column": 1, "message": "unknown key `scedule` in [[policy]]",
         "hint": "did you mean `schedule`?"},
    ]);
    assert_eq!(told["problems"], expected);
    let shown = folder.revokd(&["check"]).expect(3).stderr;
    let (_, second) = shown.split_once("unknown key").expect("the second problem");
    assert!(second.contains("policies/a.toml:4:1"), "{shown}");
    assert_eq!(underlined_in(second), "scedule");
}

#[test]
fn an_unknown_kind() {
    assert_mistake(
        "\"image-share\"",
        "\"image-shares\"",
        (7, 12, "\"image-shares\""),
        "unknown kind `image-shares`",
        "did you mean `image-share`?",
    );
}

#[test]
fn a_limit_that_the_kind_cannot_honour() {
    assert_mistake(
        "\"image-share\"\nmatch.granted_before = \"30d\"",
        "\"image\"\nmatch.created_before = \"30d\"\nlimits.max_per_resource = 5",
        (9, 8, "max_per_resource"),
        "`max_per_resource` counts subjects; kind `image` has none",
        "use max_revocations",
    );
}

#[test]
fn a_percentage_above_100() {
    assert_mistake(
        "match",
        "limits.max_percent = 140\nmatch",
        (8, 22, "140"),
        "`max_percent` must be above 0 and at most 100",
        "a percentage of what the policy can see, for example 20",
    );
}

#[test]
fn a_zone_that_does_not_exist() {
    assert_mistake(
        "Asia/Tokyo",
        "Asia/Tokio",
        (5, 12, "\"Asia/Tokio\""),
        "there is no time zone `Asia/Tokio`",
        "did you mean `Asia/Tokyo`?",
    );
}

#[test]
fn a_schedule_that_never_fires() {
    assert_mistake(
        "0 3 1 1 *",
        "0 3 30 2 *",
        (4, 13, "0 3 30 2 *"),
        "the schedule does not fire within nine years",
        "no date within nine years has this month, day and year",
    );
}

#[test]
fn an_unknown_cloud() {
    assert_mistake(
        "[\"nowhere\"]",
        "[\"nowere\"]",
        (6, 11, "\"nowere\""),
        "there is no cloud `nowere`",
        "did you mean `nowhere`?",
    );
}

#[test]
fn two_policies_of_one_name_point_at_each_other() {
    let folder = Folder::new();
    folder.write("policies/b.toml", POLICY);
    let problem = Problem {
        file: "policies/b.toml",
        place: Some((2, 8, "\"yearly\"")),
        message: "there are two policies of the name `yearly`",
        hint: Some("the first stands at policies/a.toml:2:8"),
    };
    assert_only_problem(&folder, &problem);
    let shown = folder.revokd(&["check"]).stderr;
    assert!(shown.contains("[policies/a.toml:2:8]"), "{shown}");
}

#[test]
fn a_syntax_error() {
    let folder = Folder::new();
    folder.write("policies/b.toml", "[[policy]\nname = \"x\"\n");
    let problem = Problem {
        file: "policies/b.toml",
        place: Some((1, 10, "")),
        message: "unclosed array table, expected `]`",
        hint: Some("this is not TOML; the rest of the file was not looked at"),
    };
    assert_only_problem(&folder, &problem);
}

/// A file that cannot be read at all is named, for want of a place in it.
#[track_caller]
fn assert_unreadable(folder: &Folder, file: &str, message: &str) {
    let problem = Problem {
        file,
        place: None,
        message,
        hint: None,
    };
    assert_only_problem(folder, &problem);
}

#[test]
fn a_file_that_is_no_utf_8() {
    let folder = Folder::new();
    folder.write("policies/b.toml", b"# fine\nname = \"\xff\"\n");
    let message = "is not UTF-8: the byte at position 15, in line 2, begins no character";
    assert_unreadable(&folder, "policies/b.toml", message);
}

#[test]
fn a_file_of_ten_megabytes() {
    let folder = Folder::new();
    folder.write("policies/b.toml", vec![b'#'; 10 << 20]);
    assert_unreadable(&folder, "policies/b.toml", "is larger than 1 MiB");
}

#[test]
fn a_directory_where_a_file_should_be() {
    let folder = Folder::new();
    fs::create_dir(folder.path("policies/b.toml")).expect("a directory");
    assert_unreadable(&folder, "policies/b.toml", "is a directory, not a file");
}

#[test]
fn an_empty_folder_of_policies() {
    let folder = Folder::new();
    fs::remove_file(folder.path("policies/a.toml")).expect("the policy");
    assert_unreadable(&folder, "policies", "is an empty folder: it holds no *.toml file");
}

#[test]
fn no_folder_of_policies() {
    let folder = Folder::new();
    fs::remove_dir_all(folder.path("policies")).expect("the policies");
    assert_unreadable(
        &folder,
        "policies",
        "does not exist; it is where the policies should be",
    );
}

#[test]
fn a_configuration_that_is_not_there() {
    let folder = Folder::new();
    fs::remove_file(folder.path("revokd.toml")).expect("the configuration");
    assert_unreadable(&folder, "revokd.toml", "there is no such file");
}

#[test]
fn a_password_in_the_configuration_is_refused_and_masked() {
    let folder = Folder::new();
    folder.change(
        "revokd.toml",
        "password_file = \"password\"",
        "password = \"correct horse\"",
    );
    let problem = Problem {
        file: "revokd.toml",
        place: Some((9, 1, "password")),
        message: "a secret does not belong into this file",
        hint: Some("put it into a file and name that: password_file = \"…\"; or password_env = \"VARIABLE\""),
    };
    assert_only_problem(&folder, &problem);
    for output in ["table", "json"] {
        let answer = folder.revokd(&["check", "--output", output]);
        assert!(!answer.stderr.contains("horse") && !answer.stdout.contains("horse"));
    }
    let shown = folder.revokd(&["check"]).stderr;
    assert!(shown.contains("password = ***************"), "{shown}");
}

/// A folder with problems in three files.
fn bad_folder() -> Folder {
    let folder = Folder::new();
    folder.change("revokd.toml", "project =", "projet =");
    folder.change(
        "policies/a.toml",
        "match",
        "mode = \"enforced\"\nlimits.max_percent = 140\nmatch",
    );
    folder.write("policies/b.toml", "not TOML");
    folder
}

fn places(told: &Value) -> Vec<String> {
    let problems = told["problems"].as_array().expect("problems");
    let place = |problem: &Value| {
        let file = problem["file"].as_str().unwrap_or_default();
        format!("{file}:{}:{}", problem["line"], problem["column"])
    };
    problems.iter().map(place).collect()
}

#[test]
fn all_problems_of_all_files_come_at_once() {
    let folder = bad_folder();
    let told = folder.revokd(&["check", "--output", "json"]).expect(3).json();
    let expected = [
        "revokd.toml:1:1",
        "revokd.toml:4:1",
        "policies/a.toml:8:8",
        "policies/a.toml:9:22",
        "policies/b.toml:1:5",
    ];
    assert_eq!(places(&told), expected, "{told}");
    assert_eq!(told["policies"], json!([]));
    let shown = folder.revokd(&["check"]).expect(3).stderr;
    for place in expected {
        assert!(shown.contains(&format!("[{place}]")), "{place} in:\n{shown}");
    }
    assert!(
        shown.ends_with("5 problems in the configuration; nothing was done.\n"),
        "{shown}"
    );
}

#[test]
fn every_command_refuses_a_bad_configuration_and_does_nothing() {
    let folder = bad_folder();
    let before = folder.contents();
    let shown = folder.revokd(&["check"]).expect(3).stderr;
    let commands: [&[&str]; 6] = [
        &["plan"],
        &["plan", "--output", "json"],
        &["run", "--once"],
        &["run", "--once", "--output", "json"],
        &["run"],
        &["status"],
    ];
    for command in commands {
        let answer = folder.revokd(command).expect(3);
        assert_eq!(answer.stderr, shown, "{command:?}");
        assert_eq!(answer.stdout, "", "{command:?}");
    }
    assert_eq!(folder.contents(), before, "nothing is written");
}

/// Whoever has to stop something at night must not mend a policy first.
#[test]
fn what_works_on_the_queue_needs_no_good_policy_but_a_store() {
    let folder = bad_folder();
    let before = folder.contents();
    let commands: [&[&str]; 8] = [
        &["runs", "list"],
        &["runs", "show", "1"],
        &["runs", "allow", "1"],
        &["tasks", "list"],
        &["tasks", "retry", "1"],
        &["tasks", "cancel", "1"],
        &["audit", "list"],
        &["audit", "verify"],
    ];
    for command in commands {
        let answer = folder.revokd(command).expect(1);
        assert!(
            answer.stderr.contains("nothing has run yet"),
            "{command:?}: {}",
            answer.stderr
        );
    }
    assert_eq!(folder.contents(), before, "nothing is written");
}

#[test]
fn checking_writes_nothing() {
    let folder = Folder::new();
    let before = folder.contents();
    folder.revokd(&["check"]).expect(0);
    assert_eq!(folder.contents(), before);
}

#[test]
fn a_warning_does_not_make_a_configuration_bad() {
    let folder = Folder::new();
    let listen = "[daemon]\nlisten = \"0.0.0.0:9469\"\n\n[clouds.nowhere]";
    folder.change("revokd.toml", "[clouds.nowhere]", listen);
    let answer = folder.revokd(&["check", "--output", "json"]).expect(0).json();
    assert_eq!(answer["warnings"][0]["line"], 2);
    assert_eq!(answer["warnings"][0]["column"], 10);
    let shown = folder.revokd(&["check"]).expect(0).stderr;
    assert!(shown.contains("without a password"), "{shown}");
}

#[test]
fn a_password_that_others_can_read_is_warned_about() {
    let folder = Folder::new();
    let open = Permissions::from_mode(0o644);
    fs::set_permissions(folder.path("password"), open).expect("the password's file");
    let shown = folder.revokd(&["check"]).expect(0).stderr;
    assert!(
        shown.contains("password can be read by every user of this machine"),
        "{shown}"
    );
    assert_eq!(underlined_in(&shown), "\"password\"");
    assert!(shown.contains("help: chmod o-r password"), "{shown}");
}

/// Through `script`, which gives the program a terminal.
#[test]
fn colour_is_for_terminals_that_want_it() {
    let folder = bad_folder();
    let on_a_terminal = |no_colour: &str| {
        let line = format!("{} check", env!("CARGO_BIN_EXE_revokd"));
        let mut script = Command::new("script");
        script
            .args(["-qec", &line, "/dev/null"])
            .current_dir(folder.path(""))
            .env("REVOKD_CONFIG", "revokd.toml")
            .env("TERM", "xterm")
            .env("NO_COLOR", no_colour);
        let output = script.output().expect("`script` of util-linux is needed");
        assert_eq!(output.status.code(), Some(3));
        String::from_utf8(output.stdout).expect("output in UTF-8")
    };
    assert!(on_a_terminal("").contains("\u{1b}["));
    let plain = on_a_terminal("1");
    assert!(
        plain.contains("policies/a.toml:9:22") && !plain.contains('\u{1b}'),
        "{plain}"
    );
}
