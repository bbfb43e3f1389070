//! The configuration: whether it loads, and what `check` accepts and that still
//! does nothing.

use super::finding::Finding;
use crate::{
    cli::output,
    config::{
        Loaded,
        types::{Cloud, Config, HuaweiLogin, Provider, ProviderName},
    },
    engine::policy::{Policy, Protection},
    model::{CloudName, Kind, Mode, Service},
};

/// Of a configuration that loads.
pub fn findings(loaded: &Loaded, file: &str) -> Vec<Finding> {
    let config = &loaded.config;
    let count = output::count(config.policies.len() as u64, "policy", "policies");
    let mut findings = vec![Finding::ok("loads", format!("{file} with {count}"))];
    findings.extend(loaded.warnings.iter().map(|warning| {
        let place = warning
            .place
            .as_ref()
            .map_or(warning.file.clone(), ToString::to_string);
        let mend = warning.hint.clone().unwrap_or_else(|| "revokd check".to_owned());
        Finding::warning("warning", format!("{place}: {}", warning.message), mend)
    }));
    findings.push(policies(&config.policies));
    for (name, cloud) in &config.clouds {
        let kinds = kinds_on(config, name);
        findings.extend(not_used(name, &kinds));
        findings.extend(no_endpoint(name, cloud, &kinds));
    }
    findings.extend(protects_nothing(config));
    findings
}

/// What enabled policies remove on a cloud, none twice.
pub fn kinds_on(config: &Config, cloud: &CloudName) -> Vec<Kind> {
    let policies = config.policies.iter().filter(|policy| policy.enabled);
    let policies: Vec<&Policy> = policies.filter(|policy| policy.clouds.contains(cloud)).collect();
    let all = config
        .clouds
        .get(cloud)
        .map_or(&[][..], |cloud| cloud.provider.kinds());
    let wanted = |kind: &&Kind| policies.iter().any(|policy| policy.kinds.contains(kind));
    all.iter().filter(wanted).copied().collect()
}

fn policies(policies: &[Policy]) -> Finding {
    let enabled: Vec<&Policy> = policies.iter().filter(|policy| policy.enabled).collect();
    let observing = enabled
        .iter()
        .filter(|policy| policy.mode == Mode::Observe)
        .count();
    let seen = format!(
        "{} of {} enabled, {observing} of them only observe",
        enabled.len(),
        output::count(policies.len() as u64, "policy", "policies")
    );
    if enabled.is_empty() {
        let seen = format!("{seen}: nothing will ever run");
        return Finding::warning(
            "policies",
            seen,
            "set `enabled = true` in a policy, or leave the line out",
        );
    }
    if observing == enabled.len() {
        let seen = format!("{seen}: nothing will be removed");
        let mend = "look at what they want (revokd plan), then write `mode = \"enforce\"`";
        return Finding::warning("policies", seen, mend);
    }
    Finding::ok("policies", seen)
}

fn not_used(name: &CloudName, kinds: &[Kind]) -> Option<Finding> {
    let seen = format!("no enabled policy names cloud {name}");
    let mend = format!("name it in `clouds` of a policy, or leave out [clouds.{name}]");
    kinds
        .is_empty()
        .then(|| Finding::warning("unused cloud", seen, mend))
}

/// With an access key comes no catalogue, so that addresses are told, or made
/// of the one of the identity service.
fn no_endpoint(name: &CloudName, cloud: &Cloud, kinds: &[Kind]) -> Option<Finding> {
    let Provider::Huawei(huawei) = &cloud.provider else {
        return None;
    };
    let host = cloud.auth_url.host_str().unwrap_or_default();
    if !matches!(huawei.login, HuaweiLogin::AccessKey { .. }) || host.starts_with("iam.") {
        return None;
    }
    let lacks = |service, url: bool| !url && kinds.iter().any(|kind| kind.service() == service);
    let missing = [
        ("image", lacks(Service::Images, cloud.endpoints.image.is_some())),
        (
            "swr",
            lacks(Service::Registry, cloud.endpoints.registry.is_some()),
        ),
    ];
    let missing: Vec<&str> = missing
        .iter()
        .filter(|(_, lacks)| *lacks)
        .map(|(key, _)| *key)
        .collect();
    if missing.is_empty() {
        return None;
    }
    let keys = missing.join("` and `");
    let seen =
        format!("cloud {name} logs in with an access key, which brings no catalogue: `{keys}` is not known");
    let mend = format!("write `{keys}` into [clouds.{name}.endpoints]");
    Some(Finding::problem("endpoints", seen, mend))
}

/// Entries about what no configured cloud has.
fn protects_nothing(config: &Config) -> Option<Finding> {
    let providers = config.clouds.values().map(|cloud| cloud.provider.name());
    let has_registry = providers.into_iter().any(|name| name == ProviderName::Huawei);
    let words = of_registry(&config.daemon.protect);
    if has_registry || words.is_empty() {
        return None;
    }
    let seen = format!(
        "`protect` has entries for {}, and no cloud has a registry whose access they could keep",
        words.join(", ")
    );
    let mend = "leave them out, or add the cloud that they were meant for";
    Some(Finding::warning("protect", seen, mend))
}

fn of_registry(protect: &Protection) -> Vec<&'static str> {
    let lists = [
        ("users", &protect.users),
        ("accounts", &protect.accounts),
        ("namespaces", &protect.namespaces),
        ("repositories", &protect.repositories),
    ];
    let there = lists.into_iter().filter(|(_, list)| list.is_some());
    there.map(|(word, _)| word).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{super::finding::Verdict, *};
    use crate::config::{compile, files::Files, source::SourceFile};

    fn loaded(cloud: &str, daemon: &str, policy: &str) -> Loaded {
        let config = format!("[daemon]\n{daemon}\n[clouds.a]\n{cloud}\n");
        let policy = format!(
            "[[policy]]\nname = \"p\"\nschedule = \"@daily\"\nclouds = [\"a\"]\nresource = \"image-share\"\n\
             match.granted_before = \"30d\"\n{policy}\n"
        );
        let files = Files::of_texts(
            Path::new("/nowhere"),
            SourceFile::new("revokd.toml", config),
            vec![SourceFile::new("p.toml", policy)],
        );
        let environment = |name: &str| (name == "SECRET").then(|| "secret-of-tests".to_owned());
        compile(files, "2026-01-01T00:00:00Z".parse().unwrap(), &environment)
            .unwrap_or_else(|problems| panic!("{problems}"))
    }

    const OPENSTACK: &str = "provider = \"openstack\"\nauth_url = \"https://a.example/v3\"\nproject = \"p\"\n\
                             [clouds.a.auth]\nmethod = \"password\"\nuser = \"u\"\npassword_env = \"SECRET\"";

    fn of(loaded: &Loaded, check: &str) -> Option<Verdict> {
        let findings = findings(loaded, "revokd.toml");
        findings
            .into_iter()
            .find(|finding| finding.check == check)
            .map(|finding| finding.verdict)
    }

    #[test]
    fn policies_that_remove_nothing_are_told() {
        let enforce = loaded(OPENSTACK, "", "mode = \"enforce\"");
        assert_eq!(of(&enforce, "policies"), Some(Verdict::Ok));
        assert_eq!(of(&enforce, "unused cloud"), None);
        assert_eq!(of(&loaded(OPENSTACK, "", ""), "policies"), Some(Verdict::Warning));
        let disabled = loaded(OPENSTACK, "", "enabled = false");
        assert_eq!(of(&disabled, "policies"), Some(Verdict::Warning));
        assert_eq!(of(&disabled, "unused cloud"), Some(Verdict::Warning));
    }

    #[test]
    fn an_access_key_without_addresses_is_a_problem() {
        let cloud = |url: &str, endpoints: &str| {
            format!(
                "provider = \"huawei\"\nregion = \"eu-de\"\nauth_url = \"{url}\"\nproject_id = \"p\"\n\
                 [clouds.a.auth]\nmethod = \"ak-sk\"\naccess_key = \"AK\"\nsecret_key_env = \"SECRET\"\n{endpoints}"
            )
        };
        let told = |url: &str, endpoints: &str| of(&loaded(&cloud(url, endpoints), "", ""), "endpoints");
        assert_eq!(told("https://proxy.example/v3", ""), Some(Verdict::Problem));
        let endpoints = "[clouds.a.endpoints]\nimage = \"https://ims.example\"";
        assert_eq!(told("https://proxy.example/v3", endpoints), None);
        assert_eq!(told("https://iam.eu-de.otc.t-systems.com/v3", ""), None);
    }

    #[test]
    fn what_is_protected_where_there_is_none_is_told() {
        let told = |protect: &str| of(&loaded(OPENSTACK, protect, ""), "protect");
        assert_eq!(told("protect = [\"namespace:prod\"]"), Some(Verdict::Warning));
        assert_eq!(told("protect = [\"project:p\"]"), None);
    }
}
