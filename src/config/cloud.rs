//! `[clouds.NAME]`: one cloud, and the account the daemon has there.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use url::{Host as UrlHost, Url};

use super::{
    auth, clouds_yaml,
    reader::Table,
    secret::Host,
    types::{Cloud, CloudLimits, Endpoints, Provider},
    value::{Text, Value},
};

/// As written.
#[derive(Clone, Copy)]
enum ProviderName {
    OpenStack,
}

const PROVIDERS: &[(&str, ProviderName)] = &[("openstack", ProviderName::OpenStack)];
/// Bytes; the bundle of all public authorities is a quarter of it.
const LARGEST_CA_FILE: u64 = 1 << 20;
const INTERFACES: &[(&str, &str)] = &[("public", "public"), ("internal", "internal"), ("admin", "admin")];

/// Reads one cloud. The name is checked as well: it becomes a metric label.
pub fn read(value: &Value<'_>, host: &Host<'_>) -> Option<Cloud> {
    check_name(value);
    let mut section = value.table(format!("[clouds.{}]", value.key))?;
    let from_yaml = section.take("cloud");
    let clouds_file = section.take("clouds_file");
    let provider = match (&from_yaml, section.take("provider")) {
        (Some(_), None) => Some(ProviderName::OpenStack),
        (None, None) => section
            .require("provider", "write: provider = \"openstack\"")
            .and(None),
        (_, Some(provider)) => provider.text().and_then(|text| text.word("provider", PROVIDERS)),
    };
    let allow_http = section
        .take("allow_http")
        .and_then(|value| value.boolean())
        .unwrap_or(false);
    let account = match from_yaml {
        Some(name) => account_of_yaml(&mut section, &name, clouds_file.as_ref(), allow_http, host),
        None => {
            if let Some(file) = clouds_file {
                file.problem(
                    "`clouds_file` does nothing without `cloud`",
                    "alone",
                    Some("add: cloud = \"NAME\""),
                );
            }
            account_of_toml(&mut section, allow_http, host)
        }
    };
    let region = section.take("region").and_then(|value| value.text());
    let interface = section.take("interface").and_then(|value| value.text());
    let interface = interface.and_then(|text| text.word("interface", INTERFACES));
    let ca_file = section.take("ca_file").and_then(|value| ca_file(&value, host));
    let endpoints = section
        .take("endpoints")
        .and_then(|value| value.table("`endpoints`"));
    let image_endpoint = endpoints.and_then(|endpoints| image_endpoint(endpoints, allow_http));
    let limits = limits(&mut section);
    section.finish();
    let account = account?;
    Some(Cloud {
        provider: match provider? {
            ProviderName::OpenStack => Provider::OpenStack(account.auth),
        },
        auth_url: account.auth_url,
        region: region.map(|text| text.text.to_owned()).or(account.region),
        interface: interface
            .map(str::to_owned)
            .or(account.interface)
            .unwrap_or_else(|| "public".to_owned()),
        endpoints: Endpoints {
            image: image_endpoint,
            registry: None,
        },
        allow_http,
        ca_file: ca_file.or(account.ca_file),
        limits,
    })
}

fn check_name(value: &Value<'_>) {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if value.key.is_empty() || value.key.len() > 63 || !value.key.chars().all(good) {
        let hint = "names are up to 63 letters, digits, dots, hyphens and underscores";
        let span = value.key_span.clone();
        value
            .sink
            .problem(span, "this is no name for a cloud", "no name", Some(hint));
    }
}

fn account_of_toml(
    section: &mut Table<'_>,
    allow_http: bool,
    host: &Host<'_>,
) -> Option<clouds_yaml::Account> {
    let hint = "where the cloud's identity service is: auth_url = \"https://keystone.example.com/v3\"";
    let auth_url = section
        .require("auth_url", hint)
        .and_then(|value| address(&value.text()?, allow_http));
    let hint = "say how to log in, in a section [clouds.NAME.auth]";
    let auth = match section
        .require("auth", hint)
        .and_then(|value| value.table("`auth`"))
    {
        Some(login) => auth::read(login, section, host),
        None => {
            auth::pass_over(section);
            None
        }
    };
    Some(clouds_yaml::Account {
        auth_url: auth_url?,
        auth: auth?,
        region: None,
        interface: None,
        ca_file: None,
    })
}

fn account_of_yaml(
    section: &mut Table<'_>,
    name: &Value<'_>,
    clouds_file: Option<&Value<'_>>,
    allow_http: bool,
    host: &Host<'_>,
) -> Option<clouds_yaml::Account> {
    for key in [
        "auth_url",
        "auth",
        "project",
        "project_id",
        "project_domain",
        "project_domain_id",
    ] {
        let message = format!("`{key}` comes from clouds.yaml when `cloud` is given");
        section.refuse(key, &message, Some("keep one of the two"));
    }
    let name = name.text()?;
    let file = match clouds_file {
        Some(value) => Some(host.base.join(value.text()?.text)),
        None => None,
    };
    match clouds_yaml::read(name.text, file, host) {
        Ok(account) => match unsafe_address(&account.auth_url, allow_http) {
            None => Some(account),
            Some((message, hint)) => {
                name.problem(format!("its auth_url {message}"), "here", Some(hint));
                None
            }
        },
        Err(reason) => {
            name.problem(reason, "not usable", None);
            None
        }
    }
}

fn image_endpoint(mut endpoints: Table<'_>, allow_http: bool) -> Option<Url> {
    let image = endpoints
        .take("image")
        .and_then(|value| address(&value.text()?, allow_http));
    endpoints.finish();
    image
}

fn address(text: &Text<'_>, allow_http: bool) -> Option<Url> {
    let Ok(url) = Url::parse(text.text) else {
        text.problem(
            "this is no address",
            "no address",
            Some("write: https://HOST/PATH"),
        );
        return None;
    };
    match unsafe_address(&url, allow_http) {
        None => Some(url),
        Some((message, hint)) => {
            text.problem(format!("this address {message}"), "here", Some(hint));
            None
        }
    }
}

/// Why an address must not be used, and what to do about it.
fn unsafe_address(url: &Url, allow_http: bool) -> Option<(&'static str, &'static str)> {
    let loopback = match url.host() {
        Some(UrlHost::Domain(name)) => name == "localhost",
        Some(UrlHost::Ipv4(address)) => address.is_loopback(),
        Some(UrlHost::Ipv6(address)) => address.is_loopback(),
        None => return Some(("names no host", "write: https://HOST/PATH")),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Some((
            "holds credentials",
            "they belong into the cloud's auth section and a secret file",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Some(("has a query or a fragment", "write: https://HOST/PATH"));
    }
    match url.scheme() {
        "https" => None,
        "http" if loopback || allow_http => None,
        "http" => Some((
            "is not encrypted",
            "use https; if it must be, add to the cloud: allow_http = true",
        )),
        _ => Some(("is neither https nor http", "write: https://HOST/PATH")),
    }
}

fn ca_file(value: &Value<'_>, host: &Host<'_>) -> Option<PathBuf> {
    let text = value.text()?;
    let path = host.base.join(text.text);
    match certificates(&path) {
        Ok(()) => Some(path),
        Err(reason) => {
            let message = format!("{} {reason}", path.display());
            text.problem(
                message,
                "not usable",
                Some("a PEM file; relative paths are relative to this file"),
            );
            None
        }
    }
}

/// Whether a file holds certificates, as far as can be told at a glance.
fn certificates(path: &Path) -> Result<(), String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err("is not a file".to_owned());
    }
    let mut text = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(LARGEST_CA_FILE)
        .read_to_end(&mut text)
        .map_err(unreadable)?;
    let mark = b"-----BEGIN CERTIFICATE-----";
    match text.windows(mark.len()).any(|window| window == mark) {
        true => Ok(()),
        false => Err("holds no certificate".to_owned()),
    }
}

fn limits(section: &mut Table<'_>) -> CloudLimits {
    let mut limits = CloudLimits::default();
    let shortest = Duration::from_millis(100);
    let longest = Duration::from_secs(3600);
    if let Some(calls) = section
        .take("concurrency")
        .and_then(|value| value.integer(1, 256))
    {
        limits.concurrency = usize::try_from(calls).unwrap_or(limits.concurrency);
    }
    if let Some(rate) = section
        .take("requests_per_second")
        .and_then(|value| value.integer(1, 100_000))
    {
        limits.requests_per_second = u32::try_from(rate).ok();
    }
    if let Some(time) = section
        .take("connect_timeout")
        .and_then(|value| value.duration(shortest, longest))
    {
        limits.connect_timeout = time;
    }
    if let Some(time) = section
        .take("request_timeout")
        .and_then(|value| value.duration(shortest, longest))
    {
        limits.request_timeout = time;
    }
    if let Some(size) = section
        .take("page_size")
        .and_then(|value| value.integer(1, 10_000))
    {
        limits.page_size = u32::try_from(size).unwrap_or(limits.page_size);
    }
    limits
}
