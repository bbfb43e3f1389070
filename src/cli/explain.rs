//! `revokd explain`

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use anyhow::bail;
use serde::Serialize;

use super::{
    Exit, Output, assemble,
    gap::GapRow,
    output::{self, moment, print_json, print_line},
    progress,
};
use crate::{
    config::types::{Config, ProviderName},
    daemon::{
        clock::{SharedClock, SystemClock},
        collect::{Collection, look_at},
        progress::Progress,
    },
    engine::reach::{Explanation, Person, UNKNOWABLE, explain},
    metrics::Metrics,
    model::{CloudName, Kind, Needs},
};

/// Show all ways of a user into the registries; removes nothing
///
/// Looks at every cloud that has a registry: permissions on namespaces and
/// repositories, public repositories, shares with other accounts. Says what
/// cannot be known. Exits with 1 if a part of a cloud could not be seen.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  revokd explain build-bot\n  revokd explain 9c61004714024f9586705d090530f9fa --cloud registry"
)]
pub struct Arguments {
    /// The user's id, or the name as lists of permissions write it.
    #[arg(value_name = "USER")]
    user: String,

    /// One cloud; all that have a registry if none is named.
    #[arg(long, value_name = "CLOUD")]
    cloud: Option<String>,

    /// For people or for programs.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// The scope of a gap that hides all of a cloud.
const WHOLE_CLOUD: &str = "cloud";

#[derive(Serialize)]
struct Explained<'a> {
    user: &'a str,
    clouds: Vec<Explanation>,
    gaps: BTreeSet<GapRow>,
}

pub async fn main(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let Some(loaded) = assemble::load_or_show(config) else {
        return Ok(Exit::ConfigurationInvalid);
    };
    let names = registries(&loaded.config, arguments.cloud.as_deref())?;
    let clock: SharedClock = Arc::new(SystemClock);
    let clouds = assemble::clouds(&loaded.config, &clock, &Arc::new(Metrics::new()))?;
    let progress = Arc::new(Progress::default());
    let shown = progress::show(progress.clone());
    let needs = Needs::of(Kind::NamespacePermission)
        .and(Needs::of(Kind::RepositoryPermission))
        .and(Needs::of(Kind::RepositoryShare));
    let wanted: BTreeMap<&CloudName, Needs> = names.into_iter().map(|name| (name, needs)).collect();
    let collection = look_at(&clouds, clock.as_ref(), &progress, wanted).await;
    drop(shown);
    let explained = Explained::of(&arguments.user, &collection);
    match arguments.output {
        Output::Json => print_json(&explained)?,
        Output::Table => explained.lines().iter().try_for_each(|line| print_line(line))?,
    }
    // Smaller gaps are told with what is not known of their cloud.
    for gap in explained.gaps.iter().filter(|gap| gap.scope == WHOLE_CLOUD) {
        output::tell(&format!("{gap}\n"));
    }
    Ok(match explained.all_was_seen() {
        true => Exit::Done,
        false => Exit::Failed,
    })
}

/// The clouds that have a registry, or the named one.
fn registries<'a>(config: &'a Config, named: Option<&str>) -> anyhow::Result<Vec<&'a CloudName>> {
    let has_registry = |provider: ProviderName| provider.kinds().contains(&Kind::RepositoryPermission);
    if let Some(named) = named {
        let Some((name, cloud)) = config.clouds.get_key_value(named) else {
            let known: Vec<&str> = config.clouds.keys().map(CloudName::as_str).collect();
            bail!("there is no cloud {named:?}; there are: {}", known.join(", "));
        };
        let provider = cloud.provider.name();
        if !has_registry(provider) {
            bail!("cloud {named:?} is {provider} and has no registry");
        }
        return Ok(vec![name]);
    }
    let all = config.clouds.iter();
    let all = all.filter(|(_, cloud)| has_registry(cloud.provider.name()));
    let names: Vec<&CloudName> = all.map(|(name, _)| name).collect();
    if names.is_empty() {
        bail!("no cloud of the configuration has a registry");
    }
    Ok(names)
}

impl<'a> Explained<'a> {
    fn of(user: &'a str, collection: &Collection) -> Explained<'a> {
        let inventories = collection.inventories.values();
        let gaps = inventories.clone().flat_map(|inventory| &inventory.gaps);
        Explained {
            user,
            gaps: gaps.chain(&collection.blind).map(GapRow::of).collect(),
            clouds: inventories.map(|inventory| explain(user, inventory)).collect(),
        }
    }

    fn all_was_seen(&self) -> bool {
        let unread = |cloud: &Explanation| cloud.unknown.iter().any(|what| what != UNKNOWABLE);
        self.gaps.is_empty() && !self.clouds.iter().any(unread)
    }

    /// What people are shown.
    fn lines(&self) -> Vec<String> {
        let people = self.clouds.iter().flat_map(|cloud| {
            let one = |person| (&cloud.cloud, person);
            cloud.people.iter().map(one).collect::<Vec<_>>()
        });
        let mut lines: Vec<String> = people.map(|(cloud, person)| sentence(cloud, person)).collect();
        if lines.is_empty() {
            let as_far = match self.all_was_seen() {
                true => "",
                false => ", as far as could be seen",
            };
            lines.push(format!("no permission names the user {:?}{as_far}", self.user));
        }
        let ways: Vec<[String; 5]> = self.clouds.iter().flat_map(ways).collect();
        if !ways.is_empty() {
            lines.push(output::table(
                ["cloud", "who", "through", "resource", "level"],
                ways,
            ));
        }
        for cloud in &self.clouds {
            let unknown = cloud.unknown.iter();
            lines.extend(unknown.map(|what| format!("not known on cloud {}: {what}", cloud.cloud)));
        }
        lines
    }
}

fn sentence(cloud: &CloudName, person: &Person) -> String {
    let state = person.state.map_or(
        "the identity service did not tell the state".to_owned(),
        |state| state.to_string(),
    );
    let owner = match person.account_owner {
        Some(true) => "; owns the account: reaches everything, and is never revoked",
        _ => "",
    };
    format!(
        "user {} ({}) on cloud {cloud}: {state}{owner}",
        called(person),
        person.id
    )
}

/// Every name that a list writes: a user may have been renamed.
fn called(person: &Person) -> String {
    let names: Vec<&str> = person.names.iter().map(String::as_str).collect();
    names.join(", ")
}

/// One row for each way in: cloud, who, through, resource, level.
fn ways(explanation: &Explanation) -> Vec<[String; 5]> {
    let row = |who: &str, through: &str, resource: String, level: &str| {
        [explanation.cloud.as_str(), who, through, &resource, level].map(str::to_owned)
    };
    let mut rows = Vec::new();
    for person in &explanation.people {
        let who = format!("{}\n{}", called(person), person.id);
        rows.extend(person.namespaces.iter().map(|has| {
            let repositories = output::count(has.repositories, "repository", "repositories");
            let resource = format!("{}\n(all of it: {repositories})", has.namespace);
            row(&who, "permission on the namespace", resource, has.level.as_str())
        }));
        rows.extend(person.repositories.iter().map(|has| {
            let resource = has.repository.to_string();
            row(&who, "permission on the repository", resource, has.level.as_str())
        }));
    }
    let public = explanation.public.iter();
    rows.extend(public.map(|id| row("anyone", "the repository is public", id.to_string(), "read")));
    rows.extend(explanation.shared.iter().map(|share| {
        let until = match share.deadline {
            Some(deadline) if share.over => format!("its deadline is over: {}", moment(deadline)),
            Some(deadline) => format!("until {}", moment(deadline)),
            None => "without an end".to_owned(),
        };
        let who = format!("users of account {}", share.account);
        let through = format!("share with the account, {until}");
        let level = if share.over { "none" } else { "read" };
        row(&who, &through, share.repository.to_string(), level)
    }));
    rows
}

#[cfg(test)]
mod tests;
