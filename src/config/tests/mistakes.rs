//! One mistake at a time, and many at once.

use super::*;

/// The only problem of the smallest policy with one line put in after it.
fn mistake(lines: &str) -> Problem {
    let text = format!("{POLICY}{lines}");
    let problems = compile_texts(SMALLEST, &[&text]).expect_err(lines);
    assert_eq!(problems.count(), 1, "{lines}: {problems}");
    problems.iter().next().unwrap().clone()
}

#[track_caller]
fn assert_mistake(lines: &str, message: &str, hint: &str) {
    let problem = mistake(lines);
    assert!(problem.message.contains(message), "{lines}: {}", problem.message);
    let found = problem.hint.clone().unwrap_or_default();
    assert!(found.contains(hint), "{lines}: hint {found}");
}

/// A line, what is said about it, and a part of the hint.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "enabeld = true",
        "unknown key `enabeld` in [[policy]]",
        "did you mean `enabled`?",
    ),
    (
        "priority = \"high\"",
        "unknown priority `high`",
        "known are: normal, urgent",
    ),
    (
        "match.subject_in = \"leavers\"",
        "there is no source `leavers`",
        "[source.leavers]",
    ),
    (
        "mode = \"enforced\"",
        "unknown mode `enforced`",
        "did you mean `enforce`?",
    ),
    ("missed = \"never\"", "unknown choice `never`", "run-once, skip"),
    (
        "timezone = \"Europe/Berln\"",
        "there is no time zone `Europe/Berln`",
        "did you mean `Europe/Berlin`?",
    ),
    (
        "timezone = \"europe/berlin\"",
        "there is no time zone",
        "it is spelt `Europe/Berlin`",
    ),
    (
        "limits.max_percent = 140",
        "`max_percent` must be above 0 and at most 100",
        "percentage",
    ),
    ("limits.max_percent = 0", "`max_percent` must be above 0", ""),
    ("limits.max_percent = nan", "`max_percent` must be above 0", ""),
    (
        "limits.max_revocations = 0",
        "`max_revocations` must be at least 1",
        "",
    ),
    (
        "limits.max_revocations = -5",
        "`max_revocations` must be at least 1",
        "",
    ),
    ("limits.max_per_run = 5", "unknown key `max_per_run`", ""),
    ("limits.grace = 24", "`grace` must be a string", ""),
    (
        "match.created_before = \"3M\"",
        "`M` has no fixed length",
        "write days",
    ),
    (
        "match.created_before = \"1year\"",
        "`year` has no fixed length",
        "write days",
    ),
    (
        "match.created_before = \"-3d\"",
        "`-3d` is no length of time",
        "30d",
    ),
    (
        "match.created_before = \"soon\"",
        "`soon` is no length of time",
        "30d",
    ),
    (
        "match.created_before = \"99999d\"",
        "longer than a hundred years",
        "",
    ),
    (
        "match.status = \"acepted\"",
        "unknown status `acepted`",
        "did you mean `accepted`?",
    ),
    (
        "match.subject = []",
        "`subject` is an empty list",
        "leave the key out",
    ),
    ("match.subject = [\"a\", \"\"]", "`subject` is empty", ""),
    (
        "match.subject = [\"a\", \"[z-a]\"]",
        "`[z-a]` is no pattern",
        "special",
    ),
    ("match.image.tags = [\"[\"]", "`[` is no pattern", ""),
    (
        "match.image.nme = \"x\"",
        "unknown key `nme` in [policy.match.image]",
        "did you mean `name`?",
    ),
    (
        "match.image.size.min = \"10 apples\"",
        "`10 apples` is no size",
        "10GiB",
    ),
    (
        "match.image.size = { min = 5, max = 4 }",
        "`size.min` is above `size.max`",
        "",
    ),
    (
        "match.image.visibility = \"secret\"",
        "unknown visibility `secret`",
        "known are: private",
    ),
    (
        "match.image.protected = \"no\"",
        "`protected` must be true or false",
        "",
    ),
    (
        "match.expires = { tag = \"a\", property = \"b\" }",
        "either a tag or a property",
        "write",
    ),
    ("match.expires = { }", "either a tag or a property", "write"),
    (
        "match.when = 'grant.subject.nme == \"x\"'",
        "`grant.subject` has no field `nme`",
        "id",
    ),
    (
        "match.when = 'now - image.created_at > duration(\"30d\")'",
        "`30d` is no duration",
        "days(30)",
    ),
    ("match.when = 'image.name'", "not true or false", ""),
    (
        "[[policy.exempt]]\nsubject = \"x\"\nreason = \"y\"",
        "lacks `until`",
        "always ends",
    ),
    (
        "[[policy.exempt]]\nsubject = \"x\"\nuntil = 2027-01-31",
        "lacks `reason`",
        "",
    ),
    (
        "[[policy.exempt]]\nuntil = 2027-01-31\nreason = \"y\"",
        "spares nothing",
        "`subject`",
    ),
    (
        "[[policy.exempt]]\nsubject = \"x\"\nuntil = \"2027-01-31\"\nreason = \"y\"",
        "must be a date",
        "without quotes",
    ),
    (
        "[[policy.exempt]]\nsubject = \"x\"\nuntil = 10:00:00\nreason = \"y\"",
        "no day of the calendar",
        "",
    ),
];

#[test]
fn every_mistake_of_a_policy_is_named_with_a_hint() {
    for (lines, message, hint) in MISTAKES.iter().copied() {
        assert_mistake(lines, message, hint);
    }
}

fn changed(from: &str, to: &str) -> Vec<String> {
    assert!(POLICY.contains(from), "{from}");
    mistakes_of(SMALLEST, &[&POLICY.replace(from, to)])
}

#[test]
fn what_a_policy_must_say_is_asked_for() {
    for (from, to, message) in [
        ("name = \"a\"\n", "", "lacks `name`"),
        ("schedule = \"*/15 * * * *\"\n", "", "lacks `schedule`"),
        ("clouds = [\"one\"]\n", "", "lacks `clouds`"),
        ("resource = \"image-share\"\n", "", "lacks `resource`"),
        ("match.granted_before = \"30d\"\n", "", "lacks `match`"),
        (
            "match.granted_before = \"30d\"\n",
            "match = {}",
            "would match everything",
        ),
        ("\"a\"", "\"Not a name\"", "no name for a policy"),
        ("[\"one\"]", "[\"on\"]", "there is no cloud `on`"),
        ("image-share", "image-shares", "unknown kind `image-shares`"),
        ("*/15 * * * *", "0 0 30 2 *", ""),
        ("*/15 * * * *", "every day", ""),
    ] {
        let found = changed(from, to);
        assert_eq!(found.len(), 1, "{to}: {found:?}");
        assert!(found[0].contains(message), "{to}: {found:?}");
    }
}

#[test]
fn keys_and_limits_of_grants_are_refused_for_images() {
    let policy = POLICY
        .replace("image-share", "image")
        .replace("match.granted_before = \"30d\"", "");
    let policy = format!(
        "{policy}match.status = \"accepted\"\nmatch.subject = \"x\"\nmatch.granted_before = \"3d\"\n\
         match.when = 'grant.status == \"x\"'\nlimits.max_per_resource = 5\n\
         [[policy.exempt]]\nsubject = \"x\"\nuntil = 2027-01-01\nreason = \"r\"\n"
    );
    let found = mistakes_of(SMALLEST, &[&policy]);
    for message in [
        "`status` is about members; kind `image` has none",
        "`subject` is about members; kind `image` has none",
        "`granted_before` is the age of a grant; kind `image` has none",
        "`grant` is unknown here: targets of kind `image` have no grant",
        "`max_per_resource` counts subjects; kind `image` has none",
        "`subject` is about grants; kind `image` has none",
    ] {
        assert!(
            found.iter().any(|told| told.contains(message)),
            "{message}: {found:?}"
        );
    }
    assert_eq!(found.len(), 6, "{found:?}");
}

#[test]
fn all_problems_of_all_files_come_at_once_with_their_places() {
    let first = "[[policy]]\nname = \"a\"\ndescription = \"A.\"\nscedule = \"* * * * *\"\nclouds = [\"one\"]\n\
                 resource = \"image-share\"\nmode = \"kill\"\n[policy.match]\n\"ümlaut\" = 1\n\"granted_before\" =   30\n";
    let second = "[[policy]\nname = \"b\"\n";
    let config = SMALLEST.replace("[clouds.one]", "[daemon]\nlisten = 5\n[clouds.one]");
    let found = mistakes_of(&config, &[first, second, POLICY]);
    assert_eq!(
        found,
        [
            "revokd.toml:3:10 `listen` must be a string",
            "policies/0.toml:1:1 [[policy]] lacks `schedule`",
            "policies/0.toml:4:1 unknown key `scedule` in [[policy]]",
            "policies/0.toml:7:8 unknown mode `kill`",
            "policies/0.toml:9:1 unknown key `ümlaut` in [policy.match]",
            "policies/0.toml:10:22 `granted_before` must be a string",
            "policies/1.toml:1:10 unclosed array table, expected `]`",
            "policies/2.toml:3:8 there are two policies of the name `a`",
        ]
    );
}

#[test]
fn a_misspelt_key_suggests_the_right_one_and_is_underlined() {
    let text = POLICY.replace("schedule", "scedule");
    let problems = compile_texts(SMALLEST, &[&text]).unwrap_err();
    let shown = problems.render(false, 100);
    assert!(shown.contains("did you mean `schedule`?"), "{shown}");
    assert!(shown.contains("policies/0.toml:5:1"), "{shown}");
    assert!(shown.contains("scedule = \"*/15 * * * *\""), "{shown}");
    assert!(!shown.contains('\u{1b}'), "no colour was asked for");
    assert!(problems.render(true, 100).contains('\u{1b}'));
    let json = problems.to_json();
    assert_eq!(json[1]["line"], 5);
    assert_eq!(json[1]["column"], 1);
    assert_eq!(json[1]["hint"], "did you mean `schedule`?");
}

#[test]
fn the_wrong_part_of_a_cron_line_or_condition_is_pointed_at() {
    let problem = mistake("match.when = 'true || image.nme == \"x\"'");
    let place = problem.place.unwrap();
    let part = &place.file.text()[place.span.clone()];
    assert!(part.contains("nme") || part == ".", "{part}");
}

#[test]
fn two_policies_of_one_name_show_both_places() {
    let problems = compile_texts(SMALLEST, &[POLICY, POLICY]).unwrap_err();
    let shown = problems.render(false, 100);
    assert!(
        shown.contains("policies/0.toml:3:8") && shown.contains("policies/1.toml:3:8"),
        "{shown}"
    );
}

#[test]
fn no_policy_and_no_cloud_are_problems() {
    assert_eq!(
        mistakes_of(SMALLEST, &["# nothing"]),
        ["the policy files there is no policy in any file"]
    );
    assert_eq!(mistakes_of("", &["# nothing"]).len(), 2);
    assert!(mistakes_of("", &[POLICY])[0].contains("lacks `clouds`"));
    assert!(mistakes_of("[clouds]\n", &[POLICY])[0].contains("there is no cloud"));
    assert!(mistakes_of(&format!("{SMALLEST}{POLICY}"), &[POLICY])[0].contains("no place for policies"));
}

#[test]
fn a_terminal_follows_no_escape_sequence_of_a_file() {
    let problem = mistake("\"\\u001b[2Jx\" = 1");
    assert!(
        problem.message.contains("unknown key `?[2Jx`"),
        "{}",
        problem.message
    );
    let problems = compile_texts(SMALLEST, &["# \u{1b}[2J\nx = 1"]).unwrap_err();
    assert!(!problems.render(false, 80).contains('\u{1b}'));
}
