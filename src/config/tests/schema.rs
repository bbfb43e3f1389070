//! The JSON Schemas of `config/schema` and the parser know the same keys, the
//! same words, and the same keys of each kind and type.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::Value as Json;

use super::*;
use crate::{
    config::shipped::{SCHEMA_OF_POLICIES, SCHEMA_OF_REVOKD},
    model::{Kind, Level, MemberStatus, Mode, Priority, UserState, Visibility},
};

type Words = BTreeSet<String>;

thread_local! {
    /// Titles of sections and the keys that were asked for in them.
    static TAKEN: RefCell<BTreeMap<String, Words>> = RefCell::default();
}

/// The reader tells of each key that it knows in a section.
pub fn note(title: &str, key: &str) {
    let title = match title.split_once('.') {
        Some(("[clouds", _)) => "[clouds.NAME]",
        Some(("[source", _)) => "[source.NAME]",
        _ => title,
    };
    TAKEN.with_borrow_mut(|taken| taken.entry(title.to_owned()).or_default().insert(key.to_owned()));
}

/// Every way to log in that the examples of the documents lack.
const LOGINS: &str = r#"
[clouds.by-id]
provider = "openstack"
auth_url = "https://keystone.example.com/v3"
auth = { method = "application-credential", id = "a", secret_env = "SECRET" }
[clouds.by-name]
provider = "openstack"
auth_url = "https://keystone.example.com/v3"
auth = { method = "application-credential", name = "a", user = "u", secret_env = "SECRET" }
[clouds.by-token]
provider = "openstack"
auth_url = "https://keystone.example.com/v3"
project = "p"
endpoints = { image = "https://glance.example.com" }
auth = { method = "token", token_env = "SECRET" }
[clouds.by-key]
provider = "huawei"
auth_url = "https://iam.example.com/v3"
region = "r"
domain = "d"
project = "p"
endpoints = { swr = "https://swr.example.com" }
auth = { method = "ak-sk", access_key_env = "SECRET", secret_key_env = "SECRET" }
"#;

/// Fields of entries by every word that names one.
const SOURCES: &str = r#"
[source.csv]
type = "csv"
path = "x.csv"
match = { column = "a", to = "user.id" }
gone = { column = "b", is = "c" }
[source.ldap]
type = "ldap"
url = "ldaps://ldap.example.com"
base = "dc=example"
match = { attribute = "a", to = "user.id" }
gone = { attribute = "b", is = "c" }
"#;

/// Where a section stands in the schemas.
const SECTIONS: &[(&str, &[&str])] = &[
    ("this file", &["revokd:", "policies:"]),
    ("[daemon]", &["revokd:/properties/daemon"]),
    ("[daemon.retry]", &["revokd:/properties/daemon/properties/retry"]),
    ("[clouds.NAME]", &["revokd:/definitions/cloud"]),
    ("`auth`", &["revokd:/definitions/auth"]),
    ("`endpoints`", &["revokd:/definitions/cloud/properties/endpoints"]),
    ("[source.NAME]", &["revokd:/definitions/source"]),
    ("`match`", &["revokd:/definitions/source/properties/match"]),
    ("`gone`", &["revokd:/definitions/source/properties/gone"]),
    ("[[policy]]", &["policies:/definitions/policy"]),
    ("[policy.match]", &["policies:/definitions/match"]),
    (
        "[policy.match.image]",
        &["policies:/definitions/match/properties/image"],
    ),
    (
        "`size`",
        &["policies:/definitions/match/properties/image/properties/size"],
    ),
    (
        "[policy.match.user]",
        &["policies:/definitions/match/properties/user"],
    ),
    ("`expires`", &["policies:/definitions/match/properties/expires"]),
    (
        "[policy.limits]",
        &["policies:/definitions/policy/properties/limits"],
    ),
    ("[[policy.exempt]]", &["policies:/definitions/exempt"]),
    (
        "`image` of [[policy.exempt]]",
        &["policies:/definitions/exempt/properties/image"],
    ),
];

/// `FILE:POINTER`
fn at(place: &str) -> Json {
    let (file, pointer) = place.split_once(':').unwrap();
    let text = match file {
        "revokd" => SCHEMA_OF_REVOKD,
        _ => SCHEMA_OF_POLICIES,
    };
    let schema: Json = serde_json::from_str(text).unwrap();
    let found = schema.pointer(pointer);
    found.unwrap_or_else(|| panic!("nothing at {place}")).clone()
}

fn properties(place: &str) -> Words {
    let section = at(place);
    assert_eq!(
        section["additionalProperties"],
        Json::Bool(false),
        "{place} takes anything"
    );
    section["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

fn enumerated(place: &str) -> Words {
    let words = at(place);
    let words = words.as_array().unwrap().iter();
    words.map(|word| word.as_str().unwrap().to_owned()).collect()
}

fn spelt<T: ToString>(all: &[T]) -> Words {
    all.iter().map(ToString::to_string).collect()
}

#[test]
fn the_schemas_and_the_parser_know_the_same_keys() {
    let config = include_str!("../../../config/revokd.toml");
    let reference = include_str!("../../../docs/policy-reference.md");
    let blocks = reference.split("```toml\n").skip(1);
    let examples: Vec<&str> = blocks.map(|block| block.split("```").next().unwrap()).collect();
    TAKEN.take();
    // Passwords in files are missing here, which keeps no key from being read.
    drop(compile_texts(config, &examples));
    compile_texts(LOGINS, &[&POLICY.replace("one", "by-id"), SOURCES])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
    let taken = TAKEN.take();
    let mut known = BTreeMap::new();
    for (title, places) in SECTIONS {
        let keys: Words = places.iter().flat_map(|place| properties(place)).collect();
        known.insert((*title).to_owned(), keys);
    }
    assert_eq!(taken, known);
}

#[test]
fn what_both_files_take_is_written_alike() {
    for name in [
        "text",
        "texts",
        "duration",
        "name",
        "json-path",
        "scim-attribute",
        "ldap-attribute",
        "address",
        "source",
    ] {
        let of = |file| at(&format!("{file}:/definitions/{name}"));
        assert_eq!(of("revokd"), of("policies"), "{name}");
    }
    assert_eq!(at("revokd:/properties/source"), at("policies:/properties/source"));
}

#[test]
fn words_of_the_model_are_those_of_the_schemas() {
    for (place, words) in [
        ("policy/properties/resource/anyOf/0/enum", spelt(Kind::ALL)),
        ("policy/properties/mode/enum", spelt(Mode::ALL)),
        ("policy/properties/priority/enum", spelt(Priority::ALL)),
        ("match/properties/status/anyOf/0/enum", spelt(MemberStatus::ALL)),
        ("match/properties/level/anyOf/0/enum", spelt(Level::ALL)),
        (
            "match/properties/user/properties/state/anyOf/0/enum",
            spelt(UserState::ALL),
        ),
        (
            "match/properties/image/properties/visibility/anyOf/0/enum",
            spelt(Visibility::ALL),
        ),
    ] {
        let place = format!("policies:/definitions/{place}");
        assert_eq!(enumerated(&place), words, "{place}");
        if let Some(single) = place.strip_suffix("0/enum") {
            assert_eq!(enumerated(&format!("{single}1/items/enum")), words, "{place}");
        }
    }
}

/// The words that the parser names where it is given one that is like none.
fn told_words(config: &str, policy: &str) -> Words {
    let problems = compile_texts(config, &[policy]).expect_err("there is no such word");
    let hints = problems.iter().filter_map(|problem| problem.hint.as_deref());
    let known = hints
        .filter_map(|hint| hint.strip_prefix("known are: "))
        .next()
        .unwrap_or_else(|| panic!("{problems}"));
    known.split(", ").map(str::to_owned).collect()
}

#[test]
fn words_of_the_parser_are_those_of_the_schemas() {
    let wrong = "\"qqqqqqqqqqqqqqqq\"";
    let method = "cloud/else/allOf";
    let method_of = |position| {
        format!("revokd:/definitions/{method}/{position}/then/properties/auth/properties/method/enum")
    };
    let cloud = |key| format!("revokd:/definitions/cloud/properties/{key}/enum");
    let added = |config: &str, key: &str| config.replacen("\"\n", &format!("\"\n{key} = {wrong}\n"), 1);
    for (place, config, policy) in [
        (
            cloud("provider"),
            SMALLEST.replace("\"openstack\"", wrong),
            POLICY.to_owned(),
        ),
        (
            cloud("interface"),
            added(SMALLEST, "interface"),
            POLICY.to_owned(),
        ),
        (cloud("flavour"), added(HUAWEI, "flavour"), POLICY.to_owned()),
        (
            method_of(0),
            SMALLEST.replace("\"password\"", wrong),
            POLICY.to_owned(),
        ),
        (
            method_of(1),
            HUAWEI.replace("\"password\"", wrong),
            POLICY.to_owned(),
        ),
        (
            "revokd:/definitions/source/properties/type/enum".to_owned(),
            SMALLEST.to_owned(),
            format!("{POLICY}\n[source.a]\ntype = {wrong}"),
        ),
        (
            "policies:/definitions/policy/properties/missed/enum".to_owned(),
            SMALLEST.to_owned(),
            format!("{POLICY}missed = {wrong}\n"),
        ),
    ] {
        assert_eq!(enumerated(&place), told_words(&config, &policy), "{place}");
    }
    let both = [method_of(0), method_of(1)];
    let both: Words = both.iter().flat_map(|place| enumerated(place)).collect();
    assert_eq!(
        enumerated("revokd:/definitions/auth/properties/method/enum"),
        both
    );
}

/// Keys that a condition of a schema refuses.
fn refused(place: &str) -> Words {
    let section = at(place);
    let properties = section.as_object().unwrap().iter();
    let refused = properties.filter(|(_, schema)| **schema == Json::Bool(false));
    refused.map(|(key, _)| key.clone()).collect()
}

#[test]
fn keys_that_a_kind_cannot_honour_are_those_that_the_schema_refuses() {
    let conditions = at("policies:/definitions/policy/allOf");
    let conditions = conditions.as_array().unwrap();
    assert_eq!(conditions.len(), Kind::ALL.len());
    for (position, condition) in conditions.iter().enumerate() {
        let kind = condition["if"]["properties"]["resource"]["anyOf"][0]["const"].as_str();
        let kind = kind.unwrap();
        let keys = properties("policies:/definitions/match").into_iter();
        let unable = keys.filter(|key| {
            let policy = POLICY.replace("image-share", kind);
            let policy = policy.replace("granted_before = \"30d\"", &format!("{key} = 1"));
            let told = mistakes_of(&format!("{SMALLEST}{HUAWEI}"), &[&policy.replace("one", "otc")]);
            told.iter()
                .any(|told| told.contains(&format!("kind `{kind}` has none")))
        });
        let place = format!("policies:/definitions/policy/allOf/{position}/then/properties/match/properties");
        assert_eq!(unable.collect::<Words>(), refused(&place), "{kind}");
    }
}

#[test]
fn keys_that_a_type_of_source_lacks_are_those_that_the_schema_refuses() {
    let types = enumerated("revokd:/definitions/source/properties/type/enum");
    let conditions = at("revokd:/definitions/source/allOf");
    let conditions = conditions.as_array().unwrap();
    assert_eq!(conditions.len(), types.len());
    for (position, condition) in conditions.iter().enumerate() {
        let kind = condition["if"]["properties"]["type"]["const"].as_str().unwrap();
        let keys = properties("revokd:/definitions/source").into_iter();
        let foreign = keys.filter(|key| key != "type").filter(|key| {
            let source = format!("{POLICY}\n[source.a]\ntype = \"{kind}\"\n{key} = 1\n");
            let told = mistakes_of(SMALLEST, &[&source]);
            told.iter()
                .any(|told| told.contains(&format!("`{key}` is a key of type")))
        });
        let place = format!("revokd:/definitions/source/allOf/{position}/then/properties");
        assert_eq!(foreign.collect::<Words>(), refused(&place), "{kind}");
    }
}

#[test]
fn every_shipped_file_leads_to_its_schema() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let mut files = vec![folder.join("revokd.toml")];
    let policies = std::fs::read_dir(folder.join("policies")).unwrap().flatten();
    files.extend(policies.map(|entry| entry.path()));
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    assert!(files.len() > 10);
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let line = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("#:schema "));
        let schema = path
            .parent()
            .unwrap()
            .join(line.unwrap_or_else(|| panic!("{}", path.display())));
        let schema = std::fs::read_to_string(schema).unwrap();
        let expected = match path.ends_with("revokd.toml") {
            true => SCHEMA_OF_REVOKD,
            false => SCHEMA_OF_POLICIES,
        };
        assert_eq!(schema, expected, "{}", path.display());
    }
}
