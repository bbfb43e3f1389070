//! What `[clouds.NAME]` holds beside the rest where the provider is `huawei`.

use toml::de::DeValue;
use url::Url;

use super::{
    huawei_auth,
    reader::Table,
    secret::Host,
    types::{Flavour, Huawei},
    value::{Text, Value},
};

/// As written.
const FLAVOURS: &[(&str, Flavour)] = &[
    ("huawei-cloud", Flavour::HuaweiCloud),
    ("open-telekom-cloud", Flavour::OpenTelekomCloud),
];
const OPEN_TELEKOM_CLOUD: &str = ".otc.t-systems.com";
/// What the registry's documents ask for.
const CONTENT_TYPE: &str = "application/json;charset=utf8";

const KEYS: &[&str] = &["flavour", "enterprise_project", "registry_content_type"];

/// Reads the keys out of a cloud's section, and the login out of its own.
pub fn read(
    login: Option<Table<'_>>,
    cloud: &mut Table<'_>,
    auth_url: Option<&Url>,
    host: &Host<'_>,
) -> Option<Huawei> {
    for key in ["project_domain", "project_domain_id"] {
        let message = format!("`{key}` is a key of provider `openstack`");
        cloud.refuse(key, &message, Some("here the account is `domain`"));
    }
    let login = match login {
        Some(login) => huawei_auth::read(login, cloud, host),
        None => {
            huawei_auth::pass_over(cloud);
            None
        }
    };
    let flavour = cloud
        .take("flavour")
        .map(|value| value.text()?.word("flavour", FLAVOURS));
    let enterprise_project = cloud
        .take("enterprise_project")
        .map(|value| enterprise_project(&value));
    let content_type = cloud
        .take("registry_content_type")
        .map(|value| content_type(&value.text()?));
    let flavour = flavour.unwrap_or_else(|| Some(flavour_at(auth_url?)))?;
    let enterprise_project =
        enterprise_project.unwrap_or_else(|| Some(all_enterprise_projects(flavour).map(str::to_owned)))?;
    Some(Huawei {
        flavour,
        login: login?,
        enterprise_project,
        registry_content_type: content_type.unwrap_or_else(|| Some(CONTENT_TYPE.to_owned()))?,
    })
}

/// Refuses the keys in the section of another provider.
pub fn refuse_keys(cloud: &mut Table<'_>) {
    for key in KEYS {
        let message = format!("`{key}` is a key of provider `huawei`");
        cloud.refuse(key, &message, Some("leave it out"));
    }
    for key in ["domain", "domain_id"] {
        let message = format!("`{key}` is a key of provider `huawei`");
        let hint = "here the domain of the project is `project_domain`, that of the user `user_domain`";
        cloud.refuse(key, &message, Some(hint));
    }
}

/// Takes the keys, of which it is not known whether they are wanted.
pub fn pass_over(cloud: &mut Table<'_>) {
    for key in KEYS {
        cloud.take(key);
    }
    huawei_auth::pass_over(cloud);
}

fn flavour_at(auth_url: &Url) -> Flavour {
    match auth_url
        .host_str()
        .is_some_and(|host| host.ends_with(OPEN_TELEKOM_CLOUD))
    {
        true => Flavour::OpenTelekomCloud,
        false => Flavour::HuaweiCloud,
    }
}

/// What makes the image list hold the images of all enterprise projects.
fn all_enterprise_projects(flavour: Flavour) -> Option<&'static str> {
    match flavour {
        Flavour::HuaweiCloud => Some("all_granted_eps"),
        Flavour::OpenTelekomCloud => None,
    }
}

/// Here an empty text means something: none is sent.
fn enterprise_project(value: &Value<'_>) -> Option<Option<String>> {
    match value.value {
        DeValue::String(text) if text.is_empty() => Some(None),
        _ => Some(Some(value.text()?.text.to_owned())),
    }
}

/// The registry takes JSON, and differs only in how it wants the charset told.
fn content_type(text: &Text<'_>) -> Option<String> {
    let (kind, parameter) = match text.text.split_once(';') {
        Some((kind, parameter)) => (kind, Some(parameter)),
        None => (text.text, None),
    };
    let is_charset = |parameter: &str| {
        let name = parameter.trim().strip_prefix("charset=");
        let good = |c: char| c.is_ascii_alphanumeric() || c == '-';
        name.is_some_and(|name| !name.is_empty() && name.chars().all(good))
    };
    if kind.trim() == "application/json" && parameter.is_none_or(is_charset) {
        return Some(text.text.trim().to_owned());
    }
    let hint = format!("write {CONTENT_TYPE:?}, another charset, or \"application/json\"");
    text.problem(
        "the registry takes `application/json` with or without a charset, and nothing else",
        "not taken",
        Some(&hint),
    );
    None
}
