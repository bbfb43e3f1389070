//! Sources of people, and policies that name them.

mod mistakes;
mod reading;

use super::*;
use crate::{config::people::Source, model::Priority};

/// A policy that names a source, with what is put behind it.
fn naming(resource: &str, matching: &str) -> String {
    format!(
        "[[policy]]\nname = \"a\"\nschedule = \"5 * * * *\"\nclouds = \"otc\"\nresource = {resource}\nmatch = {{ {matching} }}\n"
    )
}

fn leavers_of(source: &str) -> String {
    format!(
        "{}[source.leavers]\n{source}\n",
        naming("\"repository-permission\"", "subject_in = \"leavers\"")
    )
}

fn loaded(texts: &[&str]) -> Loaded {
    let both = format!("{SMALLEST}{HUAWEI}");
    compile_texts(&both, texts).unwrap_or_else(|problems| panic!("{texts:?}: {problems}"))
}

fn source(section: &str) -> Source {
    loaded(&[&leavers_of(section)]).config.sources["leavers"].clone()
}

fn mistakes(texts: &[&str]) -> Problems {
    compile_texts(&format!("{SMALLEST}{HUAWEI}"), texts).expect_err("there is a mistake")
}

const CSV: &str = "type = \"csv\"\npath = \"l.csv\"\nmatch = { column = \"email\", to = \"user.email\" }";
const JSON: &str = "type = \"json\"\npath = \"l.json\"\nmatch = { path = \"$.mail\", to = \"user.email\" }";
const HTTP: &str = "type = \"http\"\nurl = \"https://hr.example.com/l?all=1\"\nmatch = { path = \"$.id\", to = \"user.id\" }";
const SCIM: &str = "type = \"scim\"\nurl = \"https://id.example.com/scim/v2\"\nmatch = { attribute = \"userName\", to = \"user.name\" }";
const LDAP: &str = "type = \"ldap\"\nurl = \"ldaps://ldap.example.com\"\nbase = \"dc=example\"\nmatch = { attribute = \"mail\", to = \"user.attribute.mail\" }";
const KEYSTONE: &str = "type = \"keystone\"\ncloud = \"one\"";
const ROSTER: &str = "min_entries = 50\nmax_age = \"26h\"\nmax_shrink_percent = 30";

#[test]
fn sources_and_policies_may_stand_in_any_files() {
    let policy = naming(
        "\"repository-permission\"",
        "subject_in = [\"leavers\", \"others\"]",
    );
    let sources = format!("[source.leavers]\n{SCIM}\n[source.others]\n{KEYSTONE}\n");
    let loaded = loaded(&[&policy, &sources]);
    assert_eq!(loaded.warnings.count(), 0, "{}", loaded.warnings);
    let policy = &loaded.config.policies[0];
    let names: Vec<&str> = policy
        .matcher
        .subject_in
        .iter()
        .map(|name| name.as_str())
        .collect();
    assert_eq!(names, ["leavers", "others"]);
    assert_eq!(
        (policy.priority, policy.needs().attributes),
        (Priority::Normal, false)
    );
}

#[test]
fn two_sources_of_one_name_are_told_with_both_places() {
    let first = format!("[source.leavers]\n{SCIM}\n");
    let policy = leavers_of(SCIM);
    let problems = mistakes(&[&first, &policy]);
    assert_eq!(problems.count(), 1, "{problems}");
    let problem = problems.iter().next().unwrap();
    assert_eq!(problem.message, "there are two sources of the name `leavers`");
    assert!(
        problem
            .to_string()
            .contains("the first stands at policies/0.toml:1:9"),
        "{problem}"
    );
    assert!(problem.other.is_some());
    assert_eq!(
        told(&problems)[0],
        "policies/1.toml:7:9 there are two sources of the name `leavers`"
    );
}

#[test]
fn a_source_that_nobody_names_is_warned_of() {
    let loaded = loaded(&[&format!("{}[source.staff]\n{SCIM}\n", leavers_of(SCIM))]);
    assert!(
        loaded
            .warnings
            .to_string()
            .contains("no policy names source `staff`")
    );
    assert_eq!(loaded.warnings.count(), 1);
}

#[test]
fn an_unknown_source_is_told_with_the_nearest_one() {
    let text = leavers_of(SCIM).replace("subject_in = \"leavers\"", "subject_in = \"leaver\"");
    let problems = mistakes(&[&text]);
    assert_eq!(
        told(&problems),
        ["policies/0.toml:6:24 there is no source `leaver`"]
    );
    assert!(problems.to_string().contains("did you mean `leavers`?"));
    // A file that could not be read may hold it.
    let problems = mistakes(&[&text, "[source"]);
    assert_eq!(problems.count(), 1, "{problems}");
}

#[test]
fn a_roster_without_its_proof_is_refused() {
    for (proof, lacking) in [
        ("", "it lacks `min_entries`, `max_age`, `max_shrink_percent`"),
        (
            "min_entries = 5\nmax_age = \"1d\"",
            "it lacks `max_shrink_percent`",
        ),
    ] {
        let text = leavers_of(&format!("{SCIM}\n{proof}")).replace("subject_in", "subject_not_in");
        let problems = mistakes(&[&text]);
        assert_eq!(problems.count(), 1, "{problems}");
        let problem = problems.iter().next().unwrap();
        assert!(problem.message.contains(lacking), "{problem}");
        assert!(
            problem
                .to_string()
                .contains("the source stands at policies/0.toml:7:9"),
            "{problem}"
        );
        assert!(problem.other.is_some());
    }
    let text = leavers_of(&format!("{SCIM}\n{ROSTER}")).replace("subject_in", "subject_not_in");
    let good = loaded(&[&text]);
    assert_eq!(good.warnings.count(), 0, "{}", good.warnings);
    assert_eq!(good.config.policies[0].matcher.subject_not_in.len(), 1);
    let warned = loaded(&[&text.replace("= 50", "= 1")]).warnings.to_string();
    assert!(
        warned.contains("one entry is enough for source `leavers`"),
        "{warned}"
    );
}

/// Kinds, a match, the source, and what is said.
const UNFIT: &[(&str, &str, &str, &str, &str)] = &[
    (
        "\"image\"",
        "subject_in = \"leavers\"",
        SCIM,
        "`subject_in` is about people who have access; kind `image` has none",
        "owner",
    ),
    (
        "\"image-share\"",
        "subject_in = \"leavers\"",
        SCIM,
        "kind `image-share` needs `projects` of source `leavers`",
        "policies/0.toml:7:9",
    ),
    (
        "[\"repository-permission\", \"repository-share\"]",
        "subject_in = \"leavers\"",
        SCIM,
        "needs `accounts` of source `leavers`",
        "accounts = ",
    ),
    (
        "\"image-share\"",
        "subject_not_in = \"leavers\"",
        SCIM,
        "`subject_not_in` is about users; kind `image-share` has none",
        "says nothing of projects",
    ),
    (
        "\"repository-permission\"",
        "subject_in = []",
        SCIM,
        "`subject_in` is an empty list",
        "",
    ),
    (
        "\"repository-permission\"",
        "subject_in = [\"leavers\", \"leavers\"]",
        SCIM,
        "source `leavers` is named twice",
        "",
    ),
];

#[test]
fn lists_that_say_nothing_of_a_kind_are_refused() {
    for (resource, matching, source, message, hint) in UNFIT.iter().copied() {
        let text = format!("{}[source.leavers]\n{source}\n", naming(resource, matching));
        let problems = mistakes(&[&text]);
        assert_eq!(problems.count(), 1, "{problems}");
        let told = problems.to_string();
        assert!(
            told.contains(message) && told.contains(hint),
            "{matching}: {told}"
        );
    }
    let both = naming(
        "\"namespace-permission\"",
        "subject_in = \"leavers\", subject_not_in = \"leavers\"",
    );
    let problems = mistakes(&[&format!("{both}[source.leavers]\n{SCIM}\n{ROSTER}\n")]);
    assert!(
        problems.to_string().contains("is named by `subject_in` too"),
        "{problems}"
    );
    let owned = naming(
        "[\"image-share\", \"repository-share\"]",
        "subject_in = \"leavers\"",
    );
    loaded(&[&format!(
        "{owned}[source.leavers]\n{SCIM}\nprojects = \"p\"\naccounts = \"a\"\n"
    )]);
}

#[test]
fn what_only_the_identity_service_tells_is_asked_for_where_a_list_needs_it() {
    for (text, needed) in [(SCIM, false), (KEYSTONE, false), (LDAP, true), (CSV, true)] {
        let policy = loaded(&[&leavers_of(text)]).config.policies.remove(0);
        assert_eq!(policy.needs().attributes, needed, "{text}");
    }
    let owned = naming("\"image-share\"", "subject_in = \"leavers\"");
    let of_shares = loaded(&[&format!("{owned}[source.leavers]\n{CSV}\nprojects = \"p\"\n")]);
    assert!(!of_shares.config.policies[0].needs().attributes);
}

#[test]
fn an_edited_source_is_another_policy() {
    let digest = |text: &str| loaded(&[text]).config.policies[0].digest.clone();
    let one = digest(&leavers_of(SCIM));
    assert_eq!(one, digest(&leavers_of(&format!("# A remark.\n{SCIM}"))));
    assert_ne!(one, digest(&leavers_of(&format!("{SCIM}\nmin_entries = 3"))));
    let unused = format!("{}[source.other]\n{LDAP}\n", leavers_of(SCIM));
    assert_eq!(one, digest(&unused));
}

#[test]
fn an_urgent_policy_says_so() {
    let text = leavers_of(SCIM).replace("name = \"a\"", "name = \"a\"\npriority = \"urgent\"");
    assert_eq!(loaded(&[&text]).config.policies[0].priority, Priority::Urgent);
}
