//! What has to be looked at to answer for somebody.

use std::collections::BTreeMap;

use anyhow::bail;

use super::Asked;
use crate::{
    cli::sources::Read,
    config::types::{Cloud, Config},
    engine::policy::Policy,
    model::{CloudName, Kind, Needs, SourceName, UserKey},
};

/// The policies that may have something to say of what is asked about.
pub fn concerned<'a>(config: &'a Config, asked: &Asked) -> impl Iterator<Item = &'a Policy> {
    let kind = asked.kind();
    let enabled = config.policies.iter().filter(|policy| policy.enabled);
    enabled.filter(move |policy| kind.is_none_or(|kind| policy.kinds.contains(&kind)))
}

/// What to look at on which clouds.
///
/// # Errors
/// There is no such cloud, or none that can have such grants.
pub fn wanted<'a>(
    config: &'a Config,
    named: Option<&str>,
    asked: &Asked,
    sources: &BTreeMap<SourceName, Read>,
) -> anyhow::Result<BTreeMap<&'a CloudName, Needs>> {
    if let Some(named) = named.filter(|named| !config.clouds.contains_key(*named)) {
        let known: Vec<&str> = config.clouds.keys().map(CloudName::as_str).collect();
        bail!("there is no cloud {named:?}; there are: {}", known.join(", "));
    }
    let chosen = config.clouds.iter();
    let chosen = chosen.filter(|(name, _)| named.is_none_or(|named| named == name.as_str()));
    match asked {
        Asked::User(word) => Ok(for_a_person(config, chosen, word, sources)),
        Asked::Project(_) => for_shares(config, chosen, asked, Kind::ImageShare),
        Asked::Account(_) => for_shares(config, chosen, asked, Kind::RepositoryShare),
    }
}

/// All ways into registries, and what enabled policies judge.
fn for_a_person<'a>(
    config: &'a Config,
    chosen: impl Iterator<Item = (&'a CloudName, &'a Cloud)>,
    word: &str,
    sources: &BTreeMap<SourceName, Read>,
) -> BTreeMap<&'a CloudName, Needs> {
    let rolls = || sources.values().filter_map(|read| read.roll.as_ref().ok());
    // Images are shared with projects: they matter where a list says whose.
    let tells_projects = rolls().any(|roll| roll.entries.iter().any(|entry| !entry.projects.is_empty()));
    let by_attributes =
        word.contains('@') || rolls().any(|roll| matches!(roll.to, UserKey::Email | UserKey::Attribute(_)));
    let mut wanted = BTreeMap::new();
    for (name, cloud) in chosen {
        let kinds = cloud.provider.kinds().iter();
        let registry = kinds.filter(|kind| kind.subject().is_some() && **kind != Kind::ImageShare);
        let needs = registry.fold(Needs::default(), |needs, kind| needs.and(Needs::of(*kind)));
        let enabled = config.policies.iter().filter(|policy| policy.enabled);
        let judging = enabled.filter(|policy| {
            let about_people = policy.kinds.iter().any(|kind| match kind {
                Kind::Image => false,
                Kind::ImageShare => tells_projects,
                _ => true,
            });
            about_people && policy.clouds.contains(name)
        });
        let needs = judging.fold(needs, |needs, policy| needs.and(policy.needs()));
        wanted.insert(
            name,
            Needs {
                attributes: needs.permissions && (needs.attributes || by_attributes),
                ..needs
            },
        );
    }
    wanted
}

/// The shares of one kind wherever there can be any, whether a policy is about
/// them or not.
fn for_shares<'a>(
    config: &'a Config,
    chosen: impl Iterator<Item = (&'a CloudName, &'a Cloud)>,
    asked: &Asked,
    kind: Kind,
) -> anyhow::Result<BTreeMap<&'a CloudName, Needs>> {
    let mut wanted = BTreeMap::new();
    for (name, _) in chosen.filter(|(_, cloud)| cloud.provider.kinds().contains(&kind)) {
        let judging = concerned(config, asked).filter(|policy| policy.clouds.contains(name));
        // A policy is judged by all that its run would look at.
        let needs = judging.fold(Needs::of(kind), |needs, policy| needs.and(policy.needs()));
        wanted.insert(name, needs);
    }
    if wanted.is_empty() {
        bail!("no cloud that could be asked has anything of the kind {kind}");
    }
    Ok(wanted)
}
