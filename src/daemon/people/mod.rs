//! The lists of people that policies name: read when a run or a call needs
//! them, proven, and put on record.
//!
//! A list that could not be read, or does not meet its demands, is never
//! replaced by an older one: it decides nothing until a read is good again.

mod reading;
mod record;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::join_all;
use jiff::Timestamp;
use tokio::sync::Mutex as Turn;

use self::reading::Reading;
use super::{
    clock::Clock,
    context::{Cloud, Context},
};
use crate::{
    config::people::Source as Configured,
    engine::{
        people::{Demands, Lists, Proven},
        policy::Policy,
    },
    model::{Baseline, CloudName, PolicyName, SourceName},
    sources::{self, ConnectError, Source},
    store::StoreError,
};

/// All sources of the configuration, with what was last read of each.
#[derive(Default)]
pub struct People {
    sources: BTreeMap<SourceName, Watched>,
    /// Why policies could not be judged by their lists, as it was last told.
    told: Mutex<BTreeMap<PolicyName, Vec<String>>>,
}

#[derive(Debug, thiserror::Error)]
#[error("preparing source {source_name}")]
pub struct NotConnected {
    source_name: SourceName,
    #[source]
    why: ConnectError,
}

/// One source, and its last read.
struct Watched {
    name: SourceName,
    demands: Demands,
    timeout: Duration,
    digest: String,
    source: Arc<dyn Source>,
    /// Held while the source is glanced at, so that a disk that does not answer
    /// costs one thread and not one for each glance.
    glancing: Arc<Turn<()>>,
    /// Held while the list is read: who comes meanwhile waits for that read
    /// instead of making another.
    last: Turn<Option<Reading>>,
}

/// What lists said that were asked for together.
#[derive(Clone, Default)]
pub struct Seen {
    pub lists: Arc<Lists>,
    /// Entries that cannot be used, each as a sentence with its place.
    unusable: BTreeMap<SourceName, Vec<String>>,
}

/// The sources that a policy names, some perhaps twice.
pub fn named_by(policy: &Policy) -> impl Iterator<Item = &SourceName> {
    policy
        .matcher
        .subject_in
        .iter()
        .chain(&policy.matcher.subject_not_in)
}

impl People {
    pub fn of(sources: impl IntoIterator<Item = (Configured, Arc<dyn Source>)>) -> People {
        let watched = sources.into_iter().map(|(configured, source)| {
            let watched = Watched {
                name: configured.name.clone(),
                demands: configured.demands,
                timeout: configured.timeout,
                digest: configured.digest,
                source,
                glancing: Arc::default(),
                last: Turn::default(),
            };
            (configured.name, watched)
        });
        People {
            sources: watched.collect(),
            told: Mutex::default(),
        }
    }

    /// # Errors
    /// What keeps a source from being read at all.
    pub fn connect(
        sources: &BTreeMap<SourceName, Configured>,
        clouds: &BTreeMap<CloudName, Arc<Cloud>>,
    ) -> Result<People, NotConnected> {
        let reader_of = |cloud: &CloudName| {
            let cloud = clouds.get(cloud)?;
            Some(cloud.handles.reader.clone())
        };
        let connect = |configured: &Configured| match sources::connect(configured, &reader_of) {
            Ok(source) => Ok((configured.clone(), source)),
            Err(why) => Err(NotConnected {
                source_name: configured.name.clone(),
                why,
            }),
        };
        let connected: Result<Vec<_>, _> = sources.values().map(connect).collect();
        Ok(People::of(connected?))
    }

    pub fn names(&self) -> impl Iterator<Item = &SourceName> {
        self.sources.keys()
    }

    /// The lists that `policies` name, all asked at once. A read that began
    /// before `no_older_than`, or before the source changed at a glance, is made
    /// again; one that goes on is waited for. Each new read is put on record.
    ///
    /// # Errors
    /// The store failed: without its record a list that shrank later would be
    /// held against nothing.
    pub async fn lists(
        &self,
        context: &Context,
        policies: &[&Policy],
        no_older_than: Timestamp,
    ) -> Result<Seen, StoreError> {
        let asked = self.named(policies).map(|watched| async move {
            let list = watched.list(context, no_older_than).await?;
            Ok((watched, list))
        });
        let asked: Result<Vec<_>, StoreError> = join_all(asked).await.into_iter().collect();
        Ok(Seen::of(asked?))
    }

    /// The same without a record of it: for a plan, which changes nothing.
    pub async fn peek(
        &self,
        clock: &dyn Clock,
        policies: &[&Policy],
        baselines: &BTreeMap<SourceName, Baseline>,
    ) -> Seen {
        let asked = self.named(policies).map(|watched| async move {
            let glance = watched.glance().await;
            let reading = watched.read(clock.now(), glance).await;
            let baseline = baselines.get(&watched.name).copied();
            (watched, reading.proven(&watched.demands, baseline, clock.now()))
        });
        Seen::of(join_all(asked).await)
    }

    /// What the sources show without being read, each with the digest of its
    /// configuration; those are missing of which nothing can be told.
    pub async fn glances(&self, names: &BTreeSet<SourceName>) -> BTreeMap<SourceName, (String, String)> {
        let watched = names.iter().filter_map(|name| self.sources.get(name));
        let glances = watched.map(|watched| async move {
            let glance = watched.glance().await?;
            Some((watched.name.clone(), (watched.digest.clone(), glance)))
        });
        join_all(glances).await.into_iter().flatten().collect()
    }

    /// Whether it is news that the policy cannot be judged, for these reasons.
    /// Other figures in the same words are none: a list that is too old is older
    /// at each run.
    pub fn is_news(&self, policy: &PolicyName, reasons: &[String]) -> bool {
        let without_figures = |reason: &String| {
            let words = reason.split(' ').filter(|word| !word.contains(char::is_numeric));
            words.collect::<Vec<_>>().join(" ")
        };
        let words: Vec<String> = reasons.iter().map(without_figures).collect();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(policy.clone(), words.clone()) != Some(words)
    }

    /// Whether the policy could not be judged before, and now can.
    pub fn is_proven_again(&self, policy: &PolicyName) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.remove(policy).is_some()
    }

    /// A policy may name what is not there any more after a reload: its lists
    /// lack it, and so it cannot be judged.
    fn named(&self, policies: &[&Policy]) -> impl Iterator<Item = &Watched> {
        let names: BTreeSet<&SourceName> = policies.iter().flat_map(|policy| named_by(policy)).collect();
        names.into_iter().filter_map(|name| self.sources.get(name))
    }
}

impl Seen {
    fn of<'a>(each: impl IntoIterator<Item = (&'a Watched, Result<Proven, String>)>) -> Seen {
        let mut unusable = BTreeMap::new();
        let lists = each.into_iter().map(|(watched, list)| {
            if let Ok(list) = &list {
                let entries = list.roll().entries.iter();
                let sentences = entries.filter_map(|entry| {
                    let problem = entry.problem.as_ref()?;
                    Some(format!("source {}: {}: {problem}", watched.name, entry.place))
                });
                unusable.insert(watched.name.clone(), sentences.collect());
            }
            (watched.name.clone(), list)
        });
        let lists = Arc::new(Lists::of(lists.collect::<Vec<_>>()));
        Seen { lists, unusable }
    }

    /// What a person should know of the entries of the policy's lists that
    /// decide on nobody.
    pub fn unusable<'a>(&'a self, policy: &'a Policy) -> impl Iterator<Item = &'a String> {
        let names: BTreeSet<&SourceName> = named_by(policy).collect();
        names
            .into_iter()
            .filter_map(|name| self.unusable.get(name))
            .flatten()
    }
}

impl Watched {
    async fn list(
        &self,
        context: &Context,
        no_older_than: Timestamp,
    ) -> Result<Result<Proven, String>, StoreError> {
        let mut last = self.last.lock().await;
        let glance = self.glance().await;
        let before = context.store.source_record(self.name.clone()).await?;
        let baseline = before.as_ref().and_then(|record| record.baseline);
        // One of a time to come was read before the clock was set back, and nobody
        // knows how old it is.
        let in_time = no_older_than..=context.now().max(no_older_than);
        let kept = last.as_ref();
        let is_good_enough = |kept: &&Reading| {
            in_time.contains(&kept.begun) && kept.glance == glance || kept.forbids_another(context.now())
        };
        if let Some(kept) = kept.filter(is_good_enough) {
            return Ok(kept.proven(&self.demands, baseline, context.now()));
        }
        // What was read before says nothing any more, even if this is broken off.
        *last = None;
        let reading = self.read(context.now(), glance).await;
        let now = context.now();
        let proven = reading.proven(&self.demands, baseline, now);
        let problem = reading::problem(&self.demands, &proven);
        let record = record::next(&self.name, before, &reading, problem, now);
        let result = reading.result(record.problem.as_ref());
        context.metrics.source_read(&record, result, reading.unusable());
        context.forget_if_unused(&self.name);
        context.store.record_source(record).await?;
        *last = Some(reading);
        Ok(proven)
    }

    async fn read(&self, now: Timestamp, glance: Option<String>) -> Reading {
        let outcome = match tokio::time::timeout(self.timeout, self.source.read(now)).await {
            Ok(Ok(roll)) => Ok(Arc::new(roll)),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(format!("was not read within {:?}", self.timeout).into()),
        };
        Reading {
            begun: now,
            glance,
            outcome,
        }
    }

    /// A file may lie on a disk that does not answer.
    async fn glance(&self) -> Option<String> {
        let (source, turn) = (self.source.clone(), self.glancing.clone());
        let glance = async {
            let turn = turn.lock_owned().await;
            let glance = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                source.glance()
            });
            glance.await.ok().flatten()
        };
        let glance = tokio::time::timeout(self.timeout, glance).await;
        glance.ok().flatten()
    }
}

#[cfg(test)]
pub(super) mod tests;
