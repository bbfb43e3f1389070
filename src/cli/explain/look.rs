//! What an explanation is made of: one look at the clouds, one read of each
//! source, and what every policy makes of both.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Asked, Explained, GrantRow, Identity, PolicyRow, SourceRow, TaskRow,
    wanted::{concerned, wanted},
};
use crate::{
    cli::{
        assemble,
        gap::GapRow,
        progress,
        sources::{Read, idle_policies, read, records},
    },
    config::types::Config,
    daemon::{
        clock::{Clock, SharedClock, SystemClock},
        collect::{Collection, look_at},
        context::Cloud,
        judge::{Judged, judge},
        progress::Progress,
    },
    engine::{
        brake,
        people::Lists,
        policy::Policy,
        reach::{
            Grant, LookedAt, Users, Who, explain, fates, images_looked_at, list_words,
            repositories_looked_at, who,
        },
    },
    metrics::Metrics,
    model::{CloudName, Revocation, Roll, SourceName, TaskState, User},
    store::{Ids, Store, TaskFilter},
};

pub struct Look {
    now: Timestamp,
    collection: Collection,
    sources: BTreeMap<SourceName, Read>,
    /// Of each cloud that was seen: all of its users, or why they were not told.
    users: BTreeMap<CloudName, Result<Vec<User>, String>>,
}

pub async fn look(config: &Config, named: Option<&str>, asked: &Asked) -> anyhow::Result<Look> {
    let clock: SharedClock = Arc::new(SystemClock);
    let clouds = assemble::clouds(config, &clock, &Arc::new(Metrics::new()))?;
    let records = records(config).await?;
    let mut sources = BTreeMap::new();
    let is_person = asked.kind().is_none();
    let judged_by: BTreeSet<&SourceName> = concerned(config, asked)
        .flat_map(|policy| policy.matcher.sources())
        .collect();
    let read_ones = config.sources.values();
    // Any list may say who a person is.
    for source in read_ones.filter(|source| is_person || judged_by.contains(&source.name)) {
        let baseline = records.get(&source.name).and_then(|record| record.baseline);
        let read = read(source, &clouds, baseline, clock.as_ref()).await;
        sources.insert(source.name.clone(), read);
    }
    let wanted = wanted(config, named, asked, &sources)?;
    let progress = Arc::new(Progress::default());
    let shown = progress::show(progress.clone());
    let collection = look_at(&clouds, clock.as_ref(), &progress, wanted).await;
    let users = match is_person {
        true => users(&collection, &clouds, clock.as_ref()).await,
        false => BTreeMap::new(),
    };
    drop(shown);
    Ok(Look {
        now: clock.now(),
        collection,
        sources,
        users,
    })
}

async fn users(
    collection: &Collection,
    clouds: &BTreeMap<CloudName, Arc<Cloud>>,
    clock: &dyn Clock,
) -> BTreeMap<CloudName, Result<Vec<User>, String>> {
    let mut users = BTreeMap::new();
    for name in collection.inventories.keys() {
        if let Some(cloud) = clouds.get(name) {
            let listed = cloud.handles.reader.users(false, clock.now()).await;
            users.insert(name.clone(), listed.map_err(|failure| failure.to_string()));
        }
    }
    users
}

impl Look {
    pub async fn explain(&self, config: &Config, asked: &Asked) -> anyhow::Result<Explained> {
        let clouds: Vec<Users> = self
            .collection
            .inventories
            .iter()
            .map(|(name, inventory)| Users::of(inventory, self.others(name)))
            .collect();
        let rolls: Vec<&Roll> = self.rolls().collect();
        let meant = match asked {
            Asked::User(word) => who(word, &clouds, &rolls, self.now),
            Asked::Project(id) => Who::of_project(id, &rolls),
            Asked::Account(name) => Who::of_account(name, &rolls),
        };
        let lists = Lists::of(
            self.sources
                .iter()
                .map(|(name, read)| (name.clone(), read.proven.clone())),
        );
        let judged = self.judge(config, asked, &lists);
        let store = match config.daemon.store.exists() {
            true => Some(assemble::open_store(&config.daemon)?),
            false => None,
        };
        let grants = self.grants(&meant, &judged);
        let heard: BTreeSet<&str> = grants
            .iter()
            .flat_map(|grant| grant.said.iter().map(|said| said.policy.as_str()))
            .collect();
        // It is told too which policy has no word yet.
        let idle = |judged: &Judged| !judged.unproven.is_empty();
        let told = judged
            .iter()
            .filter(|(policy, judged)| heard.contains(policy.name.as_str()) || idle(judged));
        let policies = told
            .map(|(policy, judged)| PolicyRow::of(policy, judged, self.now))
            .collect();
        let mut rows = Vec::new();
        for grant in grants {
            let tasks = match &store {
                Some(store) => tasks_about(store, &grant).await?,
                None => vec![],
            };
            rows.push(GrantRow { grant, tasks });
        }
        let inventories = self.collection.inventories.values();
        let gaps = inventories.clone().flat_map(|inventory| &inventory.gaps);
        let looked_at = self.looked_at(asked);
        let is_own = looked_at.iter().any(|seen| seen.is_own);
        Ok(Explained {
            known: !meant.is_nobody() || !rows.is_empty() || is_own,
            identities: self.identities(&meant),
            sources: self.says(config, &meant, &clouds),
            grants: rows,
            policies,
            users_not_listed: self.not_listed(),
            gaps: gaps.chain(&self.collection.blind).map(GapRow::of).collect(),
            // What is public would be told of every account again.
            clouds: match asked {
                Asked::User(_) => inventories.map(|inventory| explain(&meant, inventory)).collect(),
                Asked::Project(_) | Asked::Account(_) => vec![],
            },
            looked_at,
            asked: asked.clone(),
        })
    }

    fn looked_at(&self, asked: &Asked) -> Vec<LookedAt> {
        let inventories = self.collection.inventories.values();
        match asked {
            Asked::User(_) => vec![],
            Asked::Project(id) => inventories.map(|seen| images_looked_at(id, seen)).collect(),
            Asked::Account(name) => inventories
                .map(|seen| repositories_looked_at(name, seen))
                .collect(),
        }
    }

    fn others(&self, cloud: &CloudName) -> &[User] {
        let listed = self.users.get(cloud).and_then(|listed| listed.as_ref().ok());
        listed.map_or(&[], Vec::as_slice)
    }

    fn rolls(&self) -> impl Iterator<Item = &Roll> {
        let rolls = self.sources.values().filter_map(|read| read.roll.as_ref().ok());
        rolls.map(AsRef::as_ref)
    }

    fn judge<'a>(&self, config: &'a Config, asked: &Asked, lists: &Lists) -> Vec<(&'a Policy, Judged)> {
        let (protection, now) = (&config.daemon.protect, self.now);
        concerned(config, asked)
            .map(|policy| (policy, judge(policy, &self.collection, protection, lists, now)))
            .collect()
    }

    fn grants(&self, meant: &Who, judged: &[(&Policy, Judged)]) -> Vec<Grant> {
        let evaluations: Vec<_> = judged
            .iter()
            .map(|(policy, judged)| (*policy, &judged.evaluation))
            .collect();
        let inventories = self.collection.inventories.values();
        inventories
            .flat_map(|inventory| fates(meant, inventory, &evaluations))
            .collect()
    }

    fn identities(&self, meant: &Who) -> Vec<Identity> {
        let mut identities = Vec::new();
        for (name, inventory) in &self.collection.inventories {
            for id in meant.users_of(name) {
                let mut told = inventory.users.iter().chain(self.others(name));
                if let Some(user) = told.find(|user| user.id == *id) {
                    identities.push(Identity {
                        cloud: name.clone(),
                        id: id.clone(),
                        name: user.name.clone(),
                        email: user.email.clone(),
                        state: user.state,
                    });
                }
            }
        }
        identities
    }

    fn says<'a>(&'a self, config: &Config, meant: &Who, clouds: &[Users<'a>]) -> Vec<SourceRow> {
        let row = |(name, read): (&SourceName, &'a Read)| SourceRow {
            source: name.clone(),
            not_proven: read.proven.as_ref().err().cloned(),
            says: read.roll.as_ref().map_or_else(
                |_| vec![],
                |roll| {
                    let zone = idle_policies(config, name)
                        .first()
                        .map_or(TimeZone::UTC, |policy| policy.zone().clone());
                    list_words(meant, roll, clouds, &zone, self.now)
                },
            ),
        };
        self.sources.iter().map(row).collect()
    }

    fn not_listed(&self) -> Vec<String> {
        let each = self.users.iter();
        each.filter_map(|(cloud, listed)| {
            let why = listed.as_ref().err()?;
            Some(format!(
                "not known on cloud {cloud}: users who hold nothing there, as they could not be listed: {why}"
            ))
        })
        .collect()
    }
}

/// Tasks about the grant that are not over.
async fn tasks_about(store: &Store, grant: &Grant) -> anyhow::Result<Vec<TaskRow>> {
    const NEWEST: usize = 1000;
    let filter = TaskFilter {
        cloud: Some(grant.cloud.clone()),
        resource: Some(Ids::One(grant.resource.clone())),
        subject: Some(Ids::One(grant.subject.clone())),
        ..TaskFilter::default()
    };
    let target = grant.target();
    let tasks = store.tasks(filter, NEWEST).await?;
    let live = tasks.iter().filter(|task| {
        let is_over = matches!(task.state, TaskState::Done | TaskState::Cancelled);
        !is_over && task.revocation.target == target
    });
    Ok(live
        .map(|task| TaskRow {
            id: task.id,
            policy: task.revocation.evidence.policy.to_string(),
            state: task.state.to_string(),
            hold: task.hold.map(|hold| hold.to_string()),
        })
        .collect())
}

impl PolicyRow {
    fn of(policy: &Policy, judged: &Judged, now: Timestamp) -> PolicyRow {
        let wanted: Vec<&Revocation> = judged.evaluation.revocations.iter().collect();
        let trips = brake::trips(&policy.limits, judged.evaluation.seen, &wanted);
        let next = policy.schedule.next_after(now).map(|next| {
            let next = next.to_zoned(policy.zone().clone());
            next.strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string()
        });
        PolicyRow {
            name: policy.name.to_string(),
            mode: policy.mode.to_string(),
            next_run: next,
            grace: policy.limits.grace.as_secs(),
            brake: trips.iter().map(ToString::to_string).collect(),
            unproven: judged.unproven.clone(),
        }
    }
}
