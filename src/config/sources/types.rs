//! The types of sources, and which key means something for which of them.

use crate::config::reader::Table;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Csv,
    Json,
    Http,
    Scim,
    Ldap,
    Keystone,
}

impl Type {
    pub fn as_str(self) -> &'static str {
        TYPES
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("", |(word, _)| word)
    }
}

const TYPES: &[(&str, Type)] = &[
    ("csv", Type::Csv),
    ("json", Type::Json),
    ("http", Type::Http),
    ("scim", Type::Scim),
    ("ldap", Type::Ldap),
    ("keystone", Type::Keystone),
];

/// The type that a section names.
pub fn take(section: &mut Table<'_>) -> Option<Type> {
    let hint = "write: type = \"csv\", \"json\", \"http\", \"scim\", \"ldap\" or \"keystone\"";
    section.require("type", hint)?.text()?.word("type", TYPES)
}

/// Refuses what only other types have.
pub fn refuse_others(section: &mut Table<'_>, kind: Type) {
    for (key, kinds, hint) in KEYS {
        if !kinds.contains(&kind) {
            let owners: Vec<String> = kinds.iter().map(|kind| format!("`{}`", kind.as_str())).collect();
            let message = format!(
                "`{key}` is a key of type {}; this source is `{}`",
                owners.join(", "),
                kind.as_str()
            );
            section.refuse(key, &message, Some(hint));
        }
    }
}

/// Takes every key that some type has.
pub fn pass_over(section: &mut Table<'_>) {
    for (key, _, _) in KEYS {
        section.take(key);
    }
    section.take("match");
}

const FILES: &[Type] = &[Type::Csv, Type::Json];
const DOCUMENTS: &[Type] = &[Type::Json, Type::Http];
const WEB: &[Type] = &[Type::Http, Type::Scim];
const SERVERS: &[Type] = &[Type::Http, Type::Scim, Type::Ldap];
const DIRECTORIES: &[Type] = &[Type::Scim, Type::Ldap];
const WITH_FIELDS: &[Type] = &[Type::Csv, Type::Json, Type::Http, Type::Scim, Type::Ldap];
const LDAP: &[Type] = &[Type::Ldap];
const KEYSTONE: &[Type] = &[Type::Keystone];

const FIELDS_HINT: &str = "a cloud's own users have no such field; leave it out";
const LOGIN_HINT: &str =
    "leave it out; LDAP logs in with `bind_dn` and `password_file`, a cloud as its section says";

/// A key, the types that can honour it, and what the others do instead.
const KEYS: &[(&str, &[Type], &str)] = &[
    ("path", FILES, "a server is named by `url`, a cloud by `cloud`"),
    ("delimiter", &[Type::Csv], "only a CSV file has one; leave it out"),
    (
        "list",
        DOCUMENTS,
        "only a JSON document needs to be told where its list is",
    ),
    (
        "made",
        DOCUMENTS,
        "of a file its own time counts, of a directory the time of the answer",
    ),
    ("url", SERVERS, "a file is named by `path`, a cloud by `cloud`"),
    ("token_file", WEB, LOGIN_HINT),
    ("token_env", WEB, LOGIN_HINT),
    ("token", WEB, LOGIN_HINT),
    ("user", WEB, LOGIN_HINT),
    (
        "password_file",
        SERVERS,
        "only servers are logged in at; leave it out",
    ),
    (
        "password_env",
        SERVERS,
        "only servers are logged in at; leave it out",
    ),
    ("password", SERVERS, "only servers are logged in at; leave it out"),
    ("ca_file", SERVERS, "a file needs none, and a cloud has its own"),
    (
        "allow_http",
        WEB,
        "with LDAP it is `allow_plain`; a cloud has its own",
    ),
    ("filter", DIRECTORIES, "say who is gone with `gone`"),
    (
        "page_size",
        DIRECTORIES,
        "only directories are read in pages; leave it out",
    ),
    ("start_tls", LDAP, "only LDAP has it; leave it out"),
    ("base", LDAP, "only LDAP has it; leave it out"),
    ("bind_dn", LDAP, "with HTTP it is `user`, or a token"),
    ("allow_plain", LDAP, "with HTTP it is `allow_http`"),
    (
        "cloud",
        KEYSTONE,
        "only the users of a cloud need it; leave it out",
    ),
    ("disabled", KEYSTONE, "say who is gone with `gone`"),
    ("deleted", KEYSTONE, "say who is gone with `gone`"),
    (
        "not_seen_for",
        KEYSTONE,
        "only a cloud tells when its users were last seen",
    ),
    (
        "gone",
        WITH_FIELDS,
        "who is gone is said by `disabled`, `deleted` and `not_seen_for`",
    ),
    ("leaves", WITH_FIELDS, FIELDS_HINT),
    ("returns", WITH_FIELDS, FIELDS_HINT),
    ("projects", WITH_FIELDS, FIELDS_HINT),
    ("accounts", WITH_FIELDS, FIELDS_HINT),
];
