//! A source of people as compiled: where it is, how it is read, what it has to
//! show before anything is decided by it.

use std::{path::PathBuf, time::Duration};

use secrecy::SecretString;
use serde_json_path::JsonPath;
use url::Url;

use crate::{
    engine::{people::Demands, policy::Age},
    model::{CloudName, SourceName, UserKey},
};

#[derive(Clone, Debug)]
pub struct Source {
    pub name: SourceName,
    pub list: List,
    /// What of a cloud's user the keys of the list are.
    pub to: UserKey,
    pub demands: Demands,
    /// Of one whole read.
    pub timeout: Duration,
    /// Hex SHA-256 of all keys of the section; part of the digest of each
    /// policy that names the source.
    pub digest: String,
}

#[derive(Clone, Debug)]
pub enum List {
    Csv(Csv),
    Json(Json),
    Http(Http),
    Scim(Scim),
    Ldap(Ldap),
    Keystone(Keystone),
}

/// Which field of an entry says what. `F` is how a field is named: a column,
/// an attribute, a path.
#[derive(Clone, Debug)]
pub struct Fields<F> {
    /// The one that is matched.
    pub key: F,
    /// Who has one of these values is gone, everybody else is here.
    pub gone: Option<Gone<F>>,
    pub leaves: Option<F>,
    pub returns: Option<F>,
    /// Ids of projects and names of accounts that the person owned; several
    /// are separated by commas, semicolons or spaces.
    pub projects: Option<F>,
    pub accounts: Option<F>,
}

#[derive(Clone, Debug)]
pub struct Gone<F> {
    pub field: F,
    /// Compared without regard to case.
    pub values: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Csv {
    pub path: PathBuf,
    pub delimiter: u8,
    pub fields: Fields<String>,
}

#[derive(Clone, Debug)]
pub struct Json {
    pub path: PathBuf,
    pub document: Document,
}

/// How a JSON document holds the list.
#[derive(Clone, Debug)]
pub struct Document {
    /// Leads to the entries, or to the one array of them.
    pub list: JsonPath,
    /// When the list was made, RFC 3339.
    pub made: Option<JsonPath>,
    pub fields: Fields<JsonPath>,
}

#[derive(Clone, Debug)]
pub struct Http {
    pub url: Url,
    pub access: Access,
    pub document: Document,
}

#[derive(Clone, Debug)]
pub struct Scim {
    /// The base, without `/Users`.
    pub url: Url,
    pub access: Access,
    /// Sent as `filter`.
    pub filter: Option<String>,
    pub page_size: u32,
    /// Attribute paths: `userName`, `emails.value`, `name.familyName`, or one
    /// of an extension with its URN. `gone` is `active eq false` besides.
    pub fields: Fields<String>,
}

/// How an HTTP server is reached.
#[derive(Clone, Debug)]
pub struct Access {
    pub login: HttpLogin,
    /// PEM, added to the system's roots.
    pub ca_file: Option<PathBuf>,
    pub allow_http: bool,
}

#[derive(Clone, Debug)]
pub enum HttpLogin {
    None,
    Bearer(SecretString),
    Basic { user: String, password: SecretString },
}

#[derive(Clone, Debug)]
pub struct Ldap {
    /// `ldaps://` or `ldap://`.
    pub url: Url,
    /// Of `ldap://`: begin with TLS before anything else is said. Without it
    /// only loopback is accepted, unless the section says `allow_plain`.
    pub start_tls: bool,
    /// `None` binds anonymously.
    pub bind: Option<LdapBind>,
    pub base: String,
    pub filter: String,
    pub page_size: u32,
    pub ca_file: Option<PathBuf>,
    /// `gone` besides what directories themselves say: `pwdAccountLockedTime`,
    /// `userAccountControl`, `accountExpires`.
    pub fields: Fields<String>,
}

#[derive(Clone, Debug)]
pub struct LdapBind {
    pub dn: String,
    pub password: SecretString,
}

#[derive(Clone, Debug)]
pub struct Keystone {
    /// One of the configuration.
    pub cloud: CloudName,
    pub disabled: bool,
    pub deleted: bool,
    /// Who was not seen for so long is gone; who was never seen is not.
    pub not_seen_for: Option<Age>,
}
