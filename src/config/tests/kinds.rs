//! Policies of several kinds, and of the registry.

use super::*;
use crate::model::{Kind, Level, UserState};

/// A policy of some kinds with a match.
fn policy(resource: &str, lines: &str) -> String {
    format!(
        "[[policy]]\nname = \"a\"\nschedule = \"5 * * * *\"\nclouds = \"otc\"\nresource = {resource}\n{lines}\n"
    )
}

fn compiled(resource: &str, lines: &str) -> crate::engine::policy::Policy {
    let loaded = compile_texts(HUAWEI, &[&policy(resource, lines)]);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{resource} {lines}: {problems}"));
    loaded.config.policies[0].clone()
}

/// The only problem, with its hint.
#[track_caller]
fn mistake(resource: &str, lines: &str) -> String {
    let problems = compile_texts(HUAWEI, &[&policy(resource, lines)]).expect_err(lines);
    assert_eq!(problems.count(), 1, "{resource} {lines}: {problems}");
    problems.to_string()
}

const PERMISSIONS: &str = "[\"namespace-permission\", \"repository-permission\"]";

#[test]
fn one_policy_can_be_of_several_kinds() {
    let policy = compiled(
        PERMISSIONS,
        "match.user.state = [\"disabled\", \"deleted\"]\nmatch.level = \"write\"",
    );
    assert_eq!(
        policy.kinds,
        [Kind::RepositoryPermission, Kind::NamespacePermission]
    );
    assert_eq!(
        policy.matcher.user.state,
        Some(vec![UserState::Disabled, UserState::Deleted])
    );
    assert_eq!(policy.matcher.level, Some(vec![Level::Write]));
    let needs = policy.needs();
    assert!(needs.permissions && !needs.images && !needs.shares);
}

#[test]
fn keys_of_the_registry_are_read() {
    let policy = compiled(
        "\"repository-permission\"",
        "match = { namespace = \"team-*\", repository = [\"team/sub/api\", \"x\"], created_before = \"1d\", \
         user = { id = \"a*\", name = \"b\" } }\nlimits.max_per_resource = 3",
    );
    let matcher = &policy.matcher;
    assert!(matcher.namespace.as_ref().is_some_and(|p| p.matches("team-a")));
    assert!(
        matcher
            .repository
            .as_ref()
            .is_some_and(|p| p.matches("team/sub/api"))
    );
    assert!(matcher.user.id.as_ref().is_some_and(|p| p.matches("abc")));
    assert!(matcher.user.name.as_ref().is_some_and(|p| p.matches("b")));
    assert!(matcher.created_before.is_some());
    let share = compiled(
        "\"repository-share\"",
        "match = { account = \"partner-*\", deadline_passed = true, granted_before = \"2d\" }",
    );
    assert!(
        share
            .matcher
            .account
            .as_ref()
            .is_some_and(|p| p.matches("partner-1"))
    );
    assert_eq!(share.matcher.deadline_passed, Some(true));
}

/// Kinds, a key, and a part of what is said.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "\"repository-permission\"",
        "granted_before = \"3d\"",
        "no cloud tells when a permission was granted",
    ),
    (
        "\"namespace-permission\"",
        "created_before = \"3d\"",
        "no cloud tells the age of a namespace",
    ),
    (
        "\"namespace-permission\"",
        "updated_before = \"3d\"",
        "kind `namespace-permission` has none",
    ),
    (
        "\"repository-share\"",
        "status = \"accepted\"",
        "`deadline_passed`",
    ),
    (
        "\"repository-permission\"",
        "status = \"accepted\"",
        "`user.state`",
    ),
    (
        "\"repository-share\"",
        "image.name = \"x\"",
        "the name is `repository`",
    ),
    ("\"repository-share\"", "expires.tag = \"x\"", "`deadline_passed`"),
    ("\"repository-share\"", "level = \"read\"", "nothing else"),
    (
        "\"repository-share\"",
        "user.state = \"disabled\"",
        "the account is `account`",
    ),
    ("\"image-share\"", "user.name = \"x\"", "the project is `subject`"),
    ("\"image-share\"", "namespace = \"x\"", "`image.name`"),
    ("\"image\"", "repository = \"x\"", "`image.name`"),
    (
        "\"namespace-permission\"",
        "repository = \"x\"",
        "covers all repositories",
    ),
    ("\"repository-permission\"", "account = \"x\"", "`user.name`"),
    ("\"image\"", "deadline_passed = true", "`expires`"),
    (
        PERMISSIONS,
        "repository = \"x\"",
        "kind `namespace-permission` has none",
    ),
    (
        "[\"image\", \"image-share\"]",
        "granted_before = \"3d\"",
        "kind `image` has none",
    ),
];

#[test]
fn a_key_that_one_of_the_kinds_cannot_honour_is_refused() {
    for (resource, line, message) in REFUSED.iter().copied() {
        let told = mistake(resource, &format!("match.{line}"));
        assert!(told.contains(message), "{resource} {line}: {told}");
    }
    let told = mistake(
        "[\"image\", \"image-share\"]",
        "match.image.name = \"x\"\nlimits.max_per_resource = 1",
    );
    assert!(told.contains("kind `image` has none"), "{told}");
}

#[test]
fn words_and_sections_of_the_registry_are_checked() {
    for (resource, lines, message) in [
        (PERMISSIONS, "match.user.state = \"gone\"", "unknown state `gone`"),
        (PERMISSIONS, "match.user = {}", "`user` says nothing"),
        (
            PERMISSIONS,
            "match.user.enabled = false",
            "unknown key `enabled` in [policy.match.user]",
        ),
        (PERMISSIONS, "match.level = \"admin\"", "unknown level `admin`"),
        (
            "\"repository-share\"",
            "match.deadline_passed = \"yes\"",
            "must be true or false",
        ),
        ("[]", "match.when = \"true\"", "`resource` is an empty list"),
        (
            "[\"image\", \"image\"]",
            "match.when = \"true\"",
            "kind `image` is named twice",
        ),
        (
            "[\"image\", \"imag\"]",
            "match.granted_before = \"3d\"",
            "unknown kind `imag`",
        ),
        (
            "[\"image-share\", \"image\"]",
            "match.when = 'grant.status == \"x\"'",
            "targets of kind `image` have no grant",
        ),
    ] {
        let told = mistake(resource, lines);
        assert!(told.contains(message), "{lines}: {told}");
    }
}

#[test]
fn names_that_no_registry_can_hold_are_refused_where_they_stand() {
    for (lines, message, part) in [
        ("match.repository = \"team$api\"", "write the slash", "$"),
        ("match.repository = [\"ok\", \"Api\"]", "lower case", "A"),
        ("match.repository = \"a--b\"", "side by side", "--"),
        ("match.repository = \"a*/$\"", "no repository holds `$`", "$"),
        (
            "match.namespace = \"team/api\"",
            "what stands behind the namespace",
            "/",
        ),
        (
            "match.namespace = \"1team\"",
            "begins with a lower case letter",
            "1",
        ),
    ] {
        let text = policy("\"repository-permission\"", lines);
        let problems = compile_texts(HUAWEI, &[&text]).expect_err(lines);
        assert_eq!(problems.count(), 1, "{problems}");
        let problem = problems.iter().next().unwrap();
        assert!(problem.to_string().contains(message), "{lines}: {problem}");
        assert_eq!(
            &text[problem.place.as_ref().unwrap().span.clone()],
            part,
            "{lines}"
        );
    }
}

fn exempting(resource: &str, line: &str) -> String {
    let lines =
        format!("match.when = \"true\"\n[[policy.exempt]]\n{line}\nuntil = 2027-01-31\nreason = \"r\"");
    policy(resource, &lines)
}

#[test]
fn exemptions_spare_what_the_kinds_have() {
    for (resource, line) in [
        (PERMISSIONS, "resource = \"team\""),
        (PERMISSIONS, "resource = \"team/sub/api\""),
        (PERMISSIONS, "subject = \"a1*\""),
        ("\"repository-share\"", "resource = \"team/*\""),
        ("\"image\"", "resource = \"71C6\""),
    ] {
        let loaded = compile_texts(HUAWEI, &[&exempting(resource, line)]);
        assert_eq!(loaded.unwrap().config.policies[0].exemptions.len(), 1, "{line}");
    }
    for (resource, line, message) in [
        ("\"repository-share\"", "resource = \"team\"", "NAMESPACE/*"),
        (
            "\"namespace-permission\"",
            "resource = \"team/api\"",
            "no namespace holds `/`",
        ),
        (PERMISSIONS, "resource = \"team$api\"", "holds `$`"),
        (PERMISSIONS, "image.name = \"x\"", "NAMESPACE/REPOSITORY"),
    ] {
        let problems = compile_texts(HUAWEI, &[&exempting(resource, line)]).expect_err(line);
        assert_eq!(problems.count(), 1, "{line}: {problems}");
        assert!(problems.to_string().contains(message), "{line}: {problems}");
    }
}

#[test]
fn a_kind_that_a_cloud_lacks_is_refused_with_the_cloud() {
    let both = format!("{SMALLEST}{HUAWEI}");
    let text = policy(PERMISSIONS, "match.level = \"read\"");
    assert!(compile_texts(&both, &[&text]).is_ok());
    for clouds in ["\"one\"", "[\"*\", \"one\"]", "[\"otc\", \"one\"]"] {
        let problems = compile_texts(&both, &[&text.replace("\"otc\"", clouds)]).expect_err(clouds);
        assert_eq!(problems.count(), 1, "{problems}");
        let problem = problems.iter().next().unwrap();
        assert!(
            problem
                .message
                .contains("cloud `one` is OpenStack and has no namespaces"),
            "{problem}"
        );
        assert!(
            problem.hint.as_ref().is_some_and(|hint| hint.contains("huawei")),
            "{problem}"
        );
    }
    // A cloud with another mistake is known for what it is all the same.
    let broken = both.replace("project = \"p\"\n", "");
    let found = mistakes_of(&broken, &[&text.replace("\"otc\"", "\"one\"")]);
    assert!(
        found.len() == 2 && found[1].contains("has no namespaces"),
        "{found:?}"
    );
}

#[test]
fn all_clouds_are_taken_for_what_each_of_them_has() {
    let both = format!("{SMALLEST}{HUAWEI}");
    let clouds = |config: &str, resource: &str| {
        let text = policy(resource, "match.subject = \"x\"").replace("\"otc\"", "\"*\"");
        let loaded = compile_texts(config, &[&text])?;
        let names = loaded.config.policies[0].clouds.iter().map(ToString::to_string);
        Ok::<Vec<String>, Problems>(names.collect())
    };
    assert_eq!(clouds(&both, PERMISSIONS).unwrap(), ["otc"]);
    assert_eq!(
        clouds(&both, "[\"image-share\", \"repository-share\"]").unwrap(),
        ["one", "otc"]
    );
    let problems = clouds(SMALLEST, "[\"image-share\", \"repository-share\"]").expect_err("no registry");
    assert_eq!(problems.count(), 1, "{problems}");
    assert!(
        problems.to_string().contains("no cloud has repositories"),
        "{problems}"
    );
}
