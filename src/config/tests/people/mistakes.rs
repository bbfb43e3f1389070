//! One mistake in a source at a time.

use super::*;

#[track_caller]
fn assert_mistake(section: &str, message: &str, hint: &str) {
    let problems = mistakes(&[&leavers_of(section)]);
    assert_eq!(problems.count(), 1, "{section}: {problems}");
    let problem = problems.iter().next().unwrap();
    assert!(problem.message.contains(message), "{section}: {problem}");
    let found = problem.hint.clone().unwrap_or_default();
    assert!(found.contains(hint), "{section}: hint {found}");
}

/// A good section, a line put behind it, what is said, and a part of the hint.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    (CSV, "colum = 1", "unknown key `colum` in [source.leavers]", ""),
    (
        CSV,
        "url = \"x\"",
        "`url` is a key of type `http`, `scim`, `ldap`; this source is `csv`",
        "`path`",
    ),
    (
        LDAP,
        "allow_http = true",
        "`allow_http` is a key of type `http`, `scim`",
        "allow_plain",
    ),
    (
        KEYSTONE,
        "leaves = \"x\"",
        "`leaves` is a key of type",
        "leave it out",
    ),
    (
        KEYSTONE,
        "match = { attribute = \"x\", to = \"user.id\" }",
        "users of a cloud have no `attribute`",
        "user.id",
    ),
    (
        KEYSTONE,
        "not_seen_for = \"90d\"",
        "cloud `one` is OpenStack, which does not tell",
        "leave it out",
    ),
    (
        KEYSTONE,
        "disabled = false\ndeleted = false",
        "takes nobody for gone",
        "not_seen_for",
    ),
    (CSV, "delimiter = \";;\"", "`delimiter` must be one sign", "tab"),
    (CSV, "delimiter = \"x\"", "`delimiter` must be one sign", "tab"),
    (
        CSV,
        "gone = { path = \"$.s\", is = \"x\" }",
        "named by `column`, not by `path`",
        "column = ",
    ),
    (
        CSV,
        "gone = { column = \"s\" }",
        "`gone` lacks `is`",
        "terminated",
    ),
    (CSV, "min_entries = 0", "`min_entries` must be at least 1", ""),
    (CSV, "max_age = \"0s\"", "`max_age` must be between 1s", ""),
    (CSV, "max_age = \"1M\"", "`M` has no fixed length", ""),
    (
        CSV,
        "max_shrink_percent = 100",
        "at least 0 and below 100",
        "never shrinks",
    ),
    (CSV, "max_shrink_percent = nan", "at least 0 and below 100", ""),
    (
        CSV,
        "timeout = \"11m\"",
        "`timeout` must be between 1s and 10m",
        "",
    ),
    (JSON, "list = \"$.a[\"", "is no JSONPath", "RFC 9535"),
    (JSON, "made = \"made_at\"", "is no JSONPath", "$.made_at"),
    (
        HTTP,
        "token = \"x\"",
        "a secret does not belong into this file",
        "token_file",
    ),
    (
        HTTP,
        "user = \"u\"",
        "lacks `password_file` or `password_env`",
        "",
    ),
    (
        HTTP,
        "password_env = \"SECRET\"",
        "has a `password_env` and no `user`",
        "token_file",
    ),
    (
        HTTP,
        "user = \"u\"\npassword_env = \"SECRET\"\ntoken_env = \"SECRET\"",
        "a token and a user are both given",
        "keep",
    ),
    (
        HTTP,
        "token_env = \"UNSET\"",
        "the environment variable `UNSET` is not set",
        "",
    ),
    (
        SCIM,
        "page_size = 1001",
        "`page_size` must be between 1 and 1000",
        "",
    ),
    (
        LDAP,
        "filter = \"(mail=*\"",
        "this is no LDAP filter",
        "parentheses",
    ),
    (LDAP, "filter = \"(a=b)(c=d)\"", "this is no LDAP filter", ""),
    (LDAP, "filter = \"(a=\\u0000)\"", "this is no LDAP filter", ""),
    (
        LDAP,
        "start_tls = true",
        "is encrypted from the beginning",
        "ldap://",
    ),
    (
        LDAP,
        "bind_dn = \"cn=r\"",
        "lacks `password_file` or `password_env`",
        "",
    ),
    (
        LDAP,
        "password_env = \"SECRET\"",
        "has a password and no `bind_dn`",
        "bind_dn",
    ),
    (
        LDAP,
        "leaves = \"end date\"",
        "`end date` is no name of an attribute",
        "",
    ),
];

#[test]
fn each_mistake_in_a_source_is_told_with_a_hint() {
    for (good, line, message, hint) in MISTAKES.iter().copied() {
        assert_mistake(&format!("{good}\n{line}"), message, hint);
    }
}

#[test]
fn an_authority_for_a_line_without_tls_is_refused() {
    let plain = LDAP.replace("ldaps://ldap.example.com", "ldap://127.0.0.1");
    assert_mistake(
        &format!("{plain}\nca_file = \"ca.pem\""),
        "`ca_file` does nothing without TLS",
        "start_tls",
    );
}

/// A good section, a part of it, what stands there instead, and what is said.
const REPLACED: &[(&str, &str, &str, &str, &str)] = &[
    (
        CSV,
        "\"csv\"",
        "\"cvs\"",
        "unknown type `cvs`",
        "did you mean `csv`?",
    ),
    (
        CSV,
        "type = \"csv\"\n",
        "",
        "[source.leavers] lacks `type`",
        "keystone",
    ),
    (
        CSV,
        "path = \"l.csv\"\n",
        "",
        "[source.leavers] lacks `path`",
        "leavers.csv",
    ),
    (
        CSV,
        "column =",
        "attribute =",
        "named by `column`, not by `attribute`",
        "column = ",
    ),
    (
        CSV,
        "user.email",
        "user.department",
        "`user.department` is nothing of a cloud's user",
        "user.attribute.department",
    ),
    (
        CSV,
        "user.email",
        "user.mail",
        "nothing of a cloud's user",
        "did you mean `user.email`?",
    ),
    (CSV, "user.email", "email", "nothing of a cloud's user", ""),
    (JSON, "$.mail", "$.mail[?", "is no JSONPath", "RFC 9535"),
    (HTTP, "https", "http", "is not encrypted", "allow_http"),
    (HTTP, "https", "ftp", "is neither https nor http", ""),
    (
        HTTP,
        "hr.example",
        "u:p@hr.example",
        "holds credentials",
        "secret file",
    ),
    (SCIM, "scim/v2", "scim/v2/Users/", "ends with /Users", "base"),
    (SCIM, "scim/v2", "scim/v2?a=b", "has a query", "filter"),
    (LDAP, "ldaps", "ldap", "is not encrypted", "start_tls = true"),
    (
        LDAP,
        "ldap.example.com",
        "ldap.example.com/dc=x",
        "says more than where",
        "base",
    ),
    (
        LDAP,
        "base = \"dc=example\"\n",
        "",
        "[source.leavers] lacks `base`",
        "dc=",
    ),
    (
        KEYSTONE,
        "\"one\"",
        "\"on\"",
        "there is no cloud `on`",
        "did you mean `one`?",
    ),
];

#[test]
fn each_wrong_value_of_a_source_is_told_with_a_hint() {
    for (good, part, instead, message, hint) in REPLACED.iter().copied() {
        assert_mistake(&good.replace(part, instead), message, hint);
    }
}

#[test]
fn the_position_of_a_mistake_in_a_path_is_told() {
    let text = leavers_of(&JSON.replace("$.mail", "$.mail[!]"));
    let problems = mistakes(&[&text]);
    let place = problems.iter().next().unwrap().place.clone().unwrap();
    assert_eq!(&text[place.span.clone()], "[");
}

#[test]
fn names_of_sources_are_checked() {
    let text = leavers_of(SCIM).replace("[source.leavers]", "[source.\"-x\"]");
    let found = mistakes(&[&text]).to_string();
    assert!(found.contains("this is no name for a source"), "{found}");
}

#[test]
fn a_broken_source_is_not_told_again_with_its_policies() {
    assert_mistake(&SCIM.replace("https", "gopher"), "is neither https nor http", "");
}
