//! Whom the lists of the demo name, and what became of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use crate::{
    cli::{output, sources},
    config::{people::Source, types::Config},
    daemon::context::Context,
    engine::{
        people::{Matching, Now, Person},
        policy::Policy,
    },
    model::{CloudName, Entry, Id, Kind, Moment, Priority, Roll, Task, TaskState, User},
};

/// An entry of a list, as a policy that takes people from it has it.
#[derive(Serialize)]
pub struct Listed {
    pub policy: String,
    pub urgent: bool,
    pub source: String,
    /// Where it stands there.
    pub place: String,
    pub person: String,
    /// What the list says of the person, in words.
    pub said: String,
    /// Some cloud of the policy has a user whom it names.
    pub known: bool,
    /// What was removed for it and seen gone.
    pub gone: BTreeMap<Kind, u64>,
}

/// Every entry of the lists that policies take people from.
///
/// # Errors
/// A list cannot be read, or the users of a cloud cannot.
pub async fn listed(context: &Context, config: &Config, tasks: &[Task]) -> anyhow::Result<Vec<Listed>> {
    let mut all = Vec::new();
    for policy in context.rules().policies.iter().filter(|policy| policy.enabled) {
        let named = policy.matcher.subject_in.iter();
        for source in named.filter_map(|name| config.sources.get(name)) {
            all.extend(of_source(context, policy, source, tasks).await?);
        }
    }
    Ok(all)
}

async fn of_source(
    context: &Context,
    policy: &Policy,
    source: &Source,
    tasks: &[Task],
) -> anyhow::Result<Vec<Listed>> {
    let read = sources::read(source, &context.clouds, None, context.clock.as_ref()).await;
    let roll = read
        .roll
        .map_err(|why| anyhow::anyhow!("source {}: {why}", source.name))?;
    let mut known = BTreeSet::new();
    for cloud in policy.clouds.iter().filter_map(|name| context.clouds.get(name)) {
        let users = cloud.handles.reader.users(false, context.now()).await?;
        known.extend(places_of_users(context, policy, &roll, &cloud.name, &users));
    }
    let entries = roll.entries.iter().map(|entry| {
        let of_entry = |task: &&Task| {
            let evidence = &task.revocation.evidence;
            let mut lists = evidence.listed_in.iter();
            let is_listed = |place: &Option<String>| place.as_ref() == Some(&entry.place);
            evidence.policy == policy.name
                && task.state == TaskState::Done
                && lists.any(|list| list.source == source.name && is_listed(&list.place))
        };
        let mut gone = BTreeMap::new();
        for task in tasks.iter().filter(of_entry) {
            *gone.entry(task.revocation.target.kind).or_default() += 1;
        }
        Listed {
            policy: policy.name.to_string(),
            urgent: policy.priority == Priority::Urgent,
            source: source.name.to_string(),
            place: entry.place.clone(),
            person: entry.keys.join(", "),
            said: said(context, policy, &roll, entry),
            known: known.contains(&entry.place),
            gone,
        }
    });
    Ok(entries.collect())
}

/// The places of the entries that name a user of the cloud.
fn places_of_users(
    context: &Context,
    policy: &Policy,
    roll: &Roll,
    cloud: &CloudName,
    users: &[User],
) -> Vec<String> {
    let people: HashMap<&Id, Person> = users.iter().map(|user| (&user.id, Person::of(user))).collect();
    let matching = Matching::of(roll, cloud, &people, policy.zone(), context.now());
    let known = matching.of_entries().filter(|(_, ids)| !ids.is_empty());
    known.map(|(entry, _)| entry.place.clone()).collect()
}

fn said(context: &Context, policy: &Policy, roll: &Roll, entry: &Entry) -> String {
    let standing = roll.standing(entry, policy.zone(), context.now());
    match (standing, entry.leaves, entry.returns) {
        (Now::Unclear(why), ..) => why,
        (Now::Gone { .. }, Some(left), _) => format!("left {}", day(left)),
        (Now::Gone { .. } | Now::Listed, ..) => "left".to_owned(),
        (Now::Here, _, Some(back)) => format!("returns {}", day(back)),
        (Now::Here, Some(leaves), None) => format!("leaves {}", day(leaves)),
        (Now::Here, None, None) => "is there".to_owned(),
    }
}

fn day(moment: Moment) -> String {
    match moment {
        Moment::Day(day) => day.to_string(),
        Moment::At(at) => output::moment(at),
    }
}
