//! Sources of people, and policies that name them.

use secrecy::ExposeSecret;

use super::*;
use crate::{
    config::people::{HttpLogin, List, Source},
    model::{Priority, UserKey},
};

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

#[track_caller]
fn assert_mistake(section: &str, message: &str, hint: &str) {
    let problems = mistakes(&[&leavers_of(section)]);
    assert_eq!(problems.count(), 1, "{section}: {problems}");
    let problem = problems.iter().next().unwrap();
    assert!(problem.message.contains(message), "{section}: {problem}");
    let found = problem.hint.clone().unwrap_or_default();
    assert!(found.contains(hint), "{section}: hint {found}");
}

const CSV: &str = "type = \"csv\"\npath = \"l.csv\"\nmatch = { column = \"email\", to = \"user.email\" }";
const JSON: &str = "type = \"json\"\npath = \"l.json\"\nmatch = { path = \"$.mail\", to = \"user.email\" }";
const HTTP: &str = "type = \"http\"\nurl = \"https://hr.example.com/l?all=1\"\nmatch = { path = \"$.id\", to = \"user.id\" }";
const SCIM: &str = "type = \"scim\"\nurl = \"https://id.example.com/scim/v2\"\nmatch = { attribute = \"userName\", to = \"user.name\" }";
const LDAP: &str = "type = \"ldap\"\nurl = \"ldaps://ldap.example.com\"\nbase = \"dc=example\"\nmatch = { attribute = \"mail\", to = \"user.attribute.mail\" }";
const KEYSTONE: &str = "type = \"keystone\"\ncloud = \"one\"";
const ROSTER: &str = "min_entries = 50\nmax_age = \"26h\"\nmax_shrink_percent = 30";

#[test]
fn a_csv_file_is_found_beside_the_file_that_names_it() {
    let found = source(&format!(
        "{CSV}\n{ROSTER}\nmax_unusable = 2\ntimeout = \"5s\"\ndelimiter = \"tab\"\nleaves = \"until\"\nreturns = \"back\"\nprojects = \"p\"\naccounts = \"a\"\ngone = {{ column = \"status\", is = \"left\" }}"
    ));
    assert_eq!(found.to, UserKey::Email);
    assert_eq!(found.timeout.as_secs(), 5);
    assert_eq!(
        (found.demands.min_entries, found.demands.max_unusable),
        (Some(50), 2)
    );
    assert_eq!(found.demands.max_shrink_percent, Some(30.0));
    assert_eq!(found.demands.max_age.as_ref().unwrap().written, "26h");
    assert!(found.demands.prove_absence());
    let List::Csv(csv) = found.list else { panic!("csv") };
    assert_eq!(csv.path, Path::new("policies/l.csv"));
    assert_eq!((csv.delimiter, csv.fields.key.as_str()), (b'\t', "email"));
    let gone = csv.fields.gone.unwrap();
    assert_eq!(
        (gone.field.as_str(), gone.values),
        ("status", vec!["left".to_owned()])
    );
    let named = [
        csv.fields.leaves,
        csv.fields.returns,
        csv.fields.projects,
        csv.fields.accounts,
    ];
    assert_eq!(named.map(Option::unwrap), ["until", "back", "p", "a"]);
    let of_main = format!("{SMALLEST}{HUAWEI}[source.leavers]\n{CSV}\n");
    let policy = naming("\"repository-permission\"", "subject_in = \"leavers\"");
    let loaded = compile_texts(&of_main, &[&policy]).unwrap();
    let List::Csv(csv) = &loaded.config.sources["leavers"].list else {
        panic!("csv")
    };
    assert_eq!(csv.path, Path::new("/nonexistent/l.csv"));
}

#[test]
fn a_file_that_is_not_there_yet_is_worth_a_warning() {
    for text in [CSV, JSON] {
        let warnings = loaded(&[&leavers_of(text)]).warnings.to_string();
        assert!(
            warnings.contains("is not there: until it can be read"),
            "{warnings}"
        );
    }
}

#[test]
fn every_type_has_its_defaults() {
    let List::Http(http) = source(HTTP).list else {
        panic!("http")
    };
    assert!(matches!(http.access.login, HttpLogin::None));
    assert_eq!(http.url.query(), Some("all=1"));
    let List::Scim(scim) = source(SCIM).list else {
        panic!("scim")
    };
    assert_eq!((scim.page_size, scim.filter), (100, None));
    let List::Ldap(ldap) = source(LDAP).list else {
        panic!("ldap")
    };
    assert_eq!(
        (ldap.page_size, ldap.filter.as_str()),
        (500, "(objectClass=person)")
    );
    assert!(ldap.bind.is_none() && !ldap.start_tls);
    assert_eq!(source(LDAP).to, UserKey::Attribute("mail".to_owned()));
    let found = source(KEYSTONE);
    assert_eq!((found.to.clone(), found.timeout.as_secs()), (UserKey::Id, 30));
    let List::Keystone(keystone) = found.list else {
        panic!("keystone")
    };
    assert!(keystone.disabled && keystone.deleted && keystone.not_seen_for.is_none());
}

#[test]
fn servers_are_logged_in_at_by_token_or_password() {
    for text in [HTTP, SCIM] {
        let login = |lines: &str| match source(&format!("{text}\n{lines}")).list {
            List::Http(http) => http.access.login,
            List::Scim(scim) => scim.access.login,
            other => panic!("{other:?}"),
        };
        let HttpLogin::Bearer(token) = login("token_env = \"SECRET\"") else {
            panic!("{text}")
        };
        assert_eq!(token.expose_secret(), "hunter2");
        let HttpLogin::Basic { user, password } = login("user = \"u\"\npassword_env = \"SECRET\"") else {
            panic!("{text}")
        };
        assert_eq!((user.as_str(), password.expose_secret()), ("u", "hunter2"));
    }
    let List::Ldap(ldap) = source(&format!("{LDAP}\nbind_dn = \"cn=r\"\npassword_env = \"SECRET\"")).list
    else {
        panic!("ldap")
    };
    assert_eq!(ldap.bind.unwrap().dn, "cn=r");
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
        "\"won\"",
        "there is no cloud `won`",
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
fn a_line_that_stays_on_this_machine_need_not_be_encrypted() {
    for (good, part, instead) in [
        (HTTP, "https://hr.example.com", "http://127.0.0.1:8080"),
        (SCIM, "https://id.example.com", "http://localhost:8080"),
        (LDAP, "ldaps://ldap.example.com", "ldap://127.0.0.1:389"),
        (LDAP, "ldaps://ldap.example.com", "ldap://[::1]:389"),
        (
            LDAP,
            "ldaps://ldap.example.com\"",
            "ldap://ldap.example.com\"\nstart_tls = true",
        ),
        (
            LDAP,
            "ldaps://ldap.example.com\"",
            "ldap://ldap.example.com\"\nallow_plain = true",
        ),
        (HTTP, "url = \"https", "allow_http = true\nurl = \"http"),
    ] {
        source(&good.replace(part, instead));
    }
}

#[test]
fn the_position_of_a_mistake_in_a_path_is_told() {
    let text = leavers_of(&JSON.replace("$.mail", "$.mail[!]"));
    let problems = mistakes(&[&text]);
    let place = problems.iter().next().unwrap().place.clone().unwrap();
    assert_eq!(&text[place.span.clone()], "!");
}

#[test]
fn a_secret_in_an_address_is_warned_of_and_not_shown() {
    let text = leavers_of(&HTTP.replace("all=1", "api_key=abc123"));
    let warnings = loaded(&[&text]).warnings;
    assert!(
        warnings
            .to_string()
            .contains("`api_key` in this address looks like a secret"),
        "{warnings}"
    );
    assert!(!warnings.render_warnings(false, 100).contains("abc123"));
}

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
fn names_of_sources_are_checked() {
    let text = leavers_of(SCIM).replace("[source.leavers]", "[source.\"-x\"]");
    let found = mistakes(&[&text]).to_string();
    assert!(found.contains("this is no name for a source"), "{found}");
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
fn a_broken_source_is_not_told_again_with_its_policies() {
    assert_mistake(&SCIM.replace("https", "gopher"), "is neither https nor http", "");
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

#[test]
fn the_token_to_wake_policies_is_long_enough_or_refused() {
    let config = |token: &'static str| {
        let config = SourceFile::new(
            "revokd.toml",
            format!("[daemon]\nwake_token_env = \"T\"\n{SMALLEST}"),
        );
        let policies = vec![SourceFile::new("policies/0.toml", POLICY)];
        let files = Files::of_texts(Path::new("/nonexistent"), config, policies);
        let environment = move |name: &str| match name {
            "T" => Some(token.to_owned()),
            other => environment(other),
        };
        compile(files, now(), &environment)
    };
    let token = config("0123456789abcdef").unwrap().config.daemon.wake_token;
    assert_eq!(token.unwrap().expose_secret(), "0123456789abcdef");
    for (token, message) in [
        ("0123456789abcde", "shorter than 16 characters"),
        ("0123456789abc def", "what no header can carry"),
    ] {
        let problems = config(token).expect_err(message);
        assert!(problems.to_string().contains(message), "{problems}");
        assert!(!problems.to_string().contains("0123456789"));
    }
    assert!(policy_compiled(POLICY).config.daemon.wake_token.is_none());
    let literal = mistakes_of(&format!("[daemon]\nwake_token = \"x\"\n{SMALLEST}"), &[POLICY]);
    assert_eq!(
        literal,
        ["revokd.toml:2:1 a secret does not belong into this file"]
    );
}

#[test]
fn commands_beside_the_daemon_need_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("revokd.toml");
    std::fs::write(
        &path,
        format!("[daemon]\nwake_token_file = \"absent\"\n{SMALLEST}"),
    )
    .unwrap();
    let daemon = load_daemon(&path, &environment).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(daemon.wake_token.is_none());
    assert!(load(&path, now(), &environment).is_err());
}
