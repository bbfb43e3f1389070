//! `[clouds.NAME]`: one cloud, and the account the daemon has there.

use std::path::PathBuf;

use url::Url;

use super::{
    address, auth, ca_file, cloud_limits, clouds_yaml, huawei,
    reader::Table,
    secret::Host,
    types::{Cloud, Endpoints, Provider, ProviderName},
    value::Value,
};

const PROVIDERS: &[(&str, ProviderName)] = &[
    ("openstack", ProviderName::OpenStack),
    ("huawei", ProviderName::Huawei),
];
const INTERFACES: &[(&str, &str)] = &[("public", "public"), ("internal", "internal"), ("admin", "admin")];

/// Reads one cloud; its provider is known even where something else is wrong.
/// The name is checked as well: it becomes a metric label.
pub fn read(value: &Value<'_>, host: &Host<'_>) -> (Option<ProviderName>, Option<Cloud>) {
    check_name(value);
    let Some(mut section) = value.table(format!("[clouds.{}]", value.key)) else {
        return (None, None);
    };
    let from_yaml = section.take("cloud");
    let provider = provider(&mut section, from_yaml.is_some());
    let cloud = compile(section, from_yaml.as_ref(), provider, host);
    (provider, cloud)
}

/// Where it is and how to log in there, from whichever file.
struct Account {
    provider: Provider,
    auth_url: Url,
    region: Option<String>,
    interface: Option<String>,
    ca_file: Option<PathBuf>,
}

fn compile(
    mut section: Table<'_>,
    from_yaml: Option<&Value<'_>>,
    provider: Option<ProviderName>,
    host: &Host<'_>,
) -> Option<Cloud> {
    let allow_http = section
        .take("allow_http")
        .and_then(|value| value.boolean())
        .unwrap_or(false);
    let clouds_file = section.take("clouds_file");
    let account = match from_yaml {
        Some(name) => account_of_yaml(&mut section, name, clouds_file.as_ref(), allow_http, host),
        None => {
            if let Some(file) = clouds_file {
                file.problem(
                    "`clouds_file` does nothing without `cloud`",
                    "alone",
                    Some("add: cloud = \"NAME\""),
                );
            }
            account_of_toml(&mut section, provider, allow_http, host)
        }
    };
    let region = region(&mut section, provider);
    let interface = section.take("interface").and_then(|value| value.text());
    let interface = interface.and_then(|text| text.word("interface", INTERFACES));
    let ca_file = section
        .take("ca_file")
        .and_then(|value| ca_file::read(&value, host));
    let endpoints = section
        .take("endpoints")
        .and_then(|value| value.table("`endpoints`"))
        .map(|table| endpoints(table, provider, allow_http))
        .unwrap_or_default();
    let limits = cloud_limits::read(&mut section, provider);
    section.finish();
    let account = account?;
    Some(Cloud {
        provider: account.provider,
        auth_url: account.auth_url,
        region: region.or(account.region),
        interface: interface
            .map(str::to_owned)
            .or(account.interface)
            .unwrap_or_else(|| "public".to_owned()),
        endpoints,
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

fn provider(section: &mut Table<'_>, from_yaml: bool) -> Option<ProviderName> {
    if !from_yaml {
        let hint = "write: provider = \"openstack\" or \"huawei\"";
        return section
            .require("provider", hint)?
            .text()?
            .word("provider", PROVIDERS);
    }
    let Some(value) = section.take("provider") else {
        return Some(ProviderName::OpenStack);
    };
    let provider = value.text()?.word("provider", PROVIDERS)?;
    if provider == ProviderName::Huawei {
        let hint = "leave `cloud` out, and write the account's keys into this section";
        value.problem(
            "clouds.yaml is for OpenStack: an account of Huawei Cloud stands in this file",
            "not with `cloud`",
            Some(hint),
        );
    }
    Some(provider)
}

/// Huawei's catalogues hold every region, so there it must be said.
fn region(section: &mut Table<'_>, provider: Option<ProviderName>) -> Option<String> {
    let value = match provider {
        Some(ProviderName::Huawei) => section.require("region", "where its services are: region = \"eu-de\""),
        Some(ProviderName::OpenStack) | None => section.take("region"),
    };
    Some(value?.text()?.text.to_owned())
}

fn account_of_toml(
    section: &mut Table<'_>,
    provider: Option<ProviderName>,
    allow_http: bool,
    host: &Host<'_>,
) -> Option<Account> {
    let hint = match provider {
        Some(ProviderName::Huawei) => {
            "where its identity service is: auth_url = \"https://iam.eu-de.otc.t-systems.com/v3\""
        }
        Some(ProviderName::OpenStack) | None => {
            "where the cloud's identity service is: auth_url = \"https://keystone.example.com/v3\""
        }
    };
    let auth_url = section
        .require("auth_url", hint)
        .and_then(|value| address::read(&value.text()?, allow_http));
    let hint = "say how to log in, in a section [clouds.NAME.auth]";
    let login = section
        .require("auth", hint)
        .and_then(|value| value.table("`auth`"));
    let provider = match provider {
        Some(ProviderName::OpenStack) => {
            huawei::refuse_keys(section);
            match login {
                Some(login) => auth::read(login, section, host).map(Provider::OpenStack),
                None => {
                    auth::pass_over(section);
                    None
                }
            }
        }
        Some(ProviderName::Huawei) => {
            huawei::read(login, section, auth_url.as_ref(), host).map(Provider::Huawei)
        }
        None => {
            // What else is needed depends on the provider, so nothing is said about it.
            auth::pass_over(section);
            huawei::pass_over(section);
            None
        }
    };
    Some(Account {
        provider: provider?,
        auth_url: auth_url?,
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
) -> Option<Account> {
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
    huawei::refuse_keys(section);
    let name = name.text()?;
    let file = match clouds_file {
        Some(value) => Some(host.base.join(value.text()?.text)),
        None => None,
    };
    let account = match clouds_yaml::read(name.text, file, host) {
        Ok(account) => account,
        Err(reason) => {
            name.problem(reason, "not usable", None);
            return None;
        }
    };
    if let Some((message, hint)) = address::unsafe_address(&account.auth_url, allow_http) {
        name.problem(format!("its auth_url {message}"), "here", Some(hint));
        return None;
    }
    Some(Account {
        provider: Provider::OpenStack(account.auth),
        auth_url: account.auth_url,
        region: account.region,
        interface: account.interface,
        ca_file: account.ca_file,
    })
}

fn endpoints(mut section: Table<'_>, provider: Option<ProviderName>, allow_http: bool) -> Endpoints {
    let image = section
        .take("image")
        .and_then(|value| address::read(&value.text()?, allow_http));
    let registry = match provider {
        Some(ProviderName::OpenStack) => {
            section.refuse("swr", "OpenStack has no registry", Some("leave it out"));
            None
        }
        Some(ProviderName::Huawei) | None => section
            .take("swr")
            .and_then(|value| address::read(&value.text()?, allow_http)),
    };
    section.finish();
    Endpoints { image, registry }
}
