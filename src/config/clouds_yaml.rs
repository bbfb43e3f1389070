//! An account out of a `clouds.yaml`, the file OpenStack's own tools share.
//!
//! Such files hold settings for many tools, so keys that are of no use here
//! are passed over; one that would make the connection less safe is not.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{
    reader::did_you_mean,
    secret::Host,
    types::{Auth, CredentialName, Domain, Named},
};

/// Bytes.
const LARGEST: u64 = 1 << 20;

/// What a cloud's section otherwise says itself.
pub struct Account {
    pub auth_url: Url,
    pub auth: Auth,
    pub region: Option<String>,
    pub interface: Option<String>,
    pub ca_file: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
struct CloudsFile {
    #[serde(default)]
    clouds: BTreeMap<String, Entry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: BTreeMap<String, Option<String>>,
    auth_type: Option<String>,
    region_name: Option<String>,
    interface: Option<String>,
    cacert: Option<String>,
    verify: Option<bool>,
    insecure: Option<bool>,
}

/// Reads the cloud of that name. Without a file, the usual places are tried.
///
/// # Errors
/// A sentence for people, without any value from the file.
pub fn read(name: &str, file: Option<PathBuf>, host: &Host<'_>) -> Result<Account, String> {
    let path = match file {
        Some(path) => path,
        None => usual_places(host)
            .into_iter()
            .find(|path| path.exists())
            .ok_or("there is no clouds.yaml in any of the usual places")?,
    };
    let mut clouds = parse(&path)?.clouds;
    let shown = path.display();
    let Some(mut entry) = clouds.remove(name) else {
        let names: Vec<&str> = clouds.keys().map(String::as_str).collect();
        return Err(format!(
            "{shown} has no cloud `{name}`; {}",
            did_you_mean(name, &names)
        ));
    };
    let beside = path.with_file_name("secure.yaml");
    if beside.exists() {
        let secret = parse(&beside)?.clouds.remove(name).unwrap_or_default();
        entry
            .auth
            .extend(secret.auth.into_iter().filter(|(_, value)| value.is_some()));
    }
    account(entry, path.parent().unwrap_or(Path::new(".")))
        .map_err(|reason| format!("{shown}: cloud `{name}` {reason}"))
}

fn usual_places(host: &Host<'_>) -> Vec<PathBuf> {
    if let Some(named) = (host.environment)("OS_CLIENT_CONFIG_FILE") {
        return vec![PathBuf::from(named)];
    }
    let home = (host.environment)("HOME").map(|home| Path::new(&home).join(".config/openstack/clouds.yaml"));
    let here = [PathBuf::from("clouds.yaml")];
    let system = [PathBuf::from("/etc/openstack/clouds.yaml")];
    here.into_iter().chain(home).chain(system).collect()
}

/// An error of the parser may quote the file, which holds secrets; only the
/// place is told.
fn parse(path: &Path) -> Result<CloudsFile, String> {
    let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    let file = File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    file.take(LARGEST + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() as u64 > LARGEST {
        return Err(format!("{} is larger than {} MiB", path.display(), LARGEST >> 20));
    }
    serde_saphyr::from_str(&text).map_err(|error| match error.location() {
        Some(place) => format!(
            "{}:{}:{}: not a clouds.yaml",
            path.display(),
            place.line(),
            place.column()
        ),
        None => format!("{}: not a clouds.yaml", path.display()),
    })
}

fn account(entry: Entry, base: &Path) -> Result<Account, String> {
    if entry.verify == Some(false) || entry.insecure == Some(true) {
        return Err(
            "switches off the check of certificates; name the authority's file in `cacert` instead"
                .to_owned(),
        );
    }
    let auth_url = text(&entry, "auth_url").ok_or("lacks auth.auth_url")?;
    let auth_url = Url::parse(&auth_url).map_err(|_| "has an auth.auth_url that is no address")?;
    let ca_file = entry.cacert.as_ref().map(|path| base.join(path));
    if let Some(path) = ca_file.as_ref().filter(|path| !path.is_file()) {
        return Err(format!("names a cacert that cannot be read: {}", path.display()));
    }
    Ok(Account {
        auth_url,
        auth: auth(&entry)?,
        region: entry.region_name.clone(),
        interface: entry.interface.clone(),
        ca_file,
    })
}

fn auth(entry: &Entry) -> Result<Auth, String> {
    let given = |key| text(entry, key).is_some();
    let method = match entry.auth_type.as_deref() {
        None if given("application_credential_secret") => "v3applicationcredential",
        None if given("token") && !given("password") => "token",
        None => "password",
        Some(method) => method,
    };
    let secret = |key: &str| match text(entry, key) {
        Some(secret) => Ok(SecretString::from(secret)),
        None => Err(format!("lacks auth.{key}")),
    };
    match method {
        "password" | "v3password" => Ok(Auth::Password {
            user: named(entry, "user_id", &["username", "user_name"], "user")?,
            password: secret("password")?,
            project: project(entry)?,
        }),
        "v3applicationcredential" => {
            let credential = match (
                text(entry, "application_credential_id"),
                text(entry, "application_credential_name"),
            ) {
                (Some(id), _) => CredentialName::Id(id),
                (None, Some(name)) => {
                    let user = named(entry, "user_id", &["username", "user_name"], "user")?;
                    CredentialName::Name { name, user }
                }
                (None, None) => return Err("lacks auth.application_credential_id".to_owned()),
            };
            Ok(Auth::ApplicationCredential {
                credential,
                secret: secret("application_credential_secret")?,
            })
        }
        "token" | "v3token" => Ok(Auth::Token {
            token: secret("token")?,
            project: project(entry)?,
        }),
        other => Err(format!(
            "has the auth_type `{other}`; known are: password, v3password, v3applicationcredential, token, v3token"
        )),
    }
}

fn project(entry: &Entry) -> Result<Named, String> {
    let names = ["project_name", "tenant_name"];
    named(entry, "project_id", &names, "project")
        .or_else(|error| text(entry, "tenant_id").map(Named::Id).ok_or(error))
}

fn named(entry: &Entry, id: &str, names: &[&str], what: &str) -> Result<Named, String> {
    if let Some(id) = text(entry, id) {
        return Ok(Named::Id(id));
    }
    let name = names
        .iter()
        .find_map(|key| text(entry, key))
        .ok_or_else(|| format!("lacks auth.{} and auth.{id}", names[0]))?;
    let by_id = [format!("{what}_domain_id"), "domain_id".to_owned()];
    let by_name = [format!("{what}_domain_name"), "domain_name".to_owned()];
    let specific = text(entry, &by_id[0])
        .map(Domain::Id)
        .or_else(|| text(entry, &by_name[0]).map(Domain::Name));
    let general = || {
        text(entry, &by_id[1])
            .map(Domain::Id)
            .or_else(|| text(entry, &by_name[1]).map(Domain::Name))
    };
    let domain = specific
        .or_else(general)
        .unwrap_or_else(|| Domain::Name("Default".to_owned()));
    Ok(Named::Name { name, domain })
}

fn text(entry: &Entry, key: &str) -> Option<String> {
    entry
        .auth
        .get(key)
        .cloned()
        .flatten()
        .filter(|text| !text.is_empty())
}
