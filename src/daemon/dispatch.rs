//! Takes due tasks of one cloud from the queue and has them carried out, as
//! many at once as the cloud's limits allow.
//!
//! Each cloud has workers of its own, so that one that hangs takes none from
//! another; and of each cloud what is urgent has workers of its own.

use std::{collections::HashMap, sync::Arc};

use futures::{FutureExt, TryFutureExt};
use jiff::{SignedDuration, Timestamp};

use self::workers::Workers;
use super::{
    carry_out::{Group, JOB_AT_MOST, hand_back},
    context::{Cloud, Context},
    service::Beat,
};
use crate::{
    engine::circuit::{Call, Permission},
    model::{Id, JobId, Kind, Priority, Reach},
    providers::lane,
    store::{Claimed, StoreError},
};

mod workers;

/// Tasks of one resource that one worker takes on at a time where each of them
/// costs a call.
const GROUP_MAX: usize = 16;
/// Tasks of a kind that are claimed together where one call removes several:
/// the more are planned together, the fewer calls they take. They are in
/// memory, and a claim of them holds up the store for a fraction of a second.
const PLANNED_TOGETHER: usize = 4096;
/// Workers for each call that the cloud allows at once: while one waits for the
/// disk another may call. The calls themselves are bounded by the provider.
const WORKERS_PER_CALL: usize = 2;
/// How long another process's change of the store may go unnoticed.
const POLL: SignedDuration = SignedDuration::from_secs(1);

/// Works until the context says stop; then finishes what is in flight and
/// hands the rest back.
///
/// # Errors
/// The store failed: without it nothing may be removed.
pub async fn dispatch(context: Arc<Context>, cloud: Arc<Cloud>, beat: Beat) -> Result<(), StoreError> {
    let mut dispatcher = Dispatcher {
        urgent: Workers::new(Priority::Urgent, cloud.concurrency.max(1)),
        normal: Workers::new(Priority::Normal, cloud.concurrency * WORKERS_PER_CALL),
        context,
        cloud,
        beat,
    };
    dispatcher.work().await?;
    dispatcher.give_back().await?;
    for workers in [&mut dispatcher.urgent, &mut dispatcher.normal] {
        while let Some(ended) = dispatcher.beat.waiting(workers.next_ended()).await {
            ended?;
        }
    }
    Ok(())
}

/// What is urgent has workers and a claim of its own: however much normal work
/// is claimed or with a worker, nothing of it has to end first.
struct Dispatcher {
    context: Arc<Context>,
    cloud: Arc<Cloud>,
    urgent: Workers,
    normal: Workers,
    beat: Beat,
}

impl Dispatcher {
    async fn work(&mut self) -> Result<(), StoreError> {
        loop {
            self.beat.beat();
            self.urgent.take_back_ended()?;
            self.normal.take_back_ended()?;
            if self.context.stop.is_cancelled() {
                return Ok(());
            }
            if let Permission::Wait { until } = self.permission().await {
                // What is waiting in memory goes back: its lease must not run out here.
                self.give_back().await?;
                self.rest(until).await?;
                continue;
            }
            // On every turn: only what is urgent itself may stand before it.
            self.urgent.start_ready(&self.context, &self.cloud);
            let urgent_at = match self.urgent.ready.is_empty() {
                true => self.look_for_urgent().await?,
                false => self.context.now() + POLL,
            };
            self.urgent.start_ready(&self.context, &self.cloud);
            self.normal.start_ready(&self.context, &self.cloud);
            if self.normal.ready.is_empty() {
                self.take(Priority::Normal).await?;
            }
            let normal_at = match self.normal.ready.is_empty() {
                true => self.next_look(Priority::Normal).await?,
                false => self.context.now() + POLL,
            };
            if self.urgent.is_at_rest() && self.normal.is_at_rest() {
                self.rest(urgent_at.min(normal_at)).await?;
            }
        }
    }

    /// Claims what is urgent and due, and says when to look again. Mostly there
    /// is nothing, which a reader tells without standing in line to write.
    async fn look_for_urgent(&mut self) -> Result<Timestamp, StoreError> {
        let next = self.next_look(Priority::Urgent).await?;
        if next > self.context.now() {
            return Ok(next);
        }
        self.take(Priority::Urgent).await?;
        // There may be more of it than is claimed at once.
        Ok(match self.urgent.ready.is_empty() {
            true => self.context.now() + POLL,
            false => self.context.now(),
        })
    }

    /// Asks the circuit, and tries what it wants to know first.
    async fn permission(&self) -> Permission {
        let (context, cloud) = (&self.context, &self.cloud);
        let reader = &cloud.handles.reader;
        let permission = cloud.permission(context.now());
        let tried = match permission {
            Permission::Call | Permission::Wait { .. } => return permission,
            Permission::Probe => reader.probe(),
            Permission::LogIn => reader.caller().map_ok(drop).boxed(),
        };
        let tried = async {
            tokio::select! {
                // What is urgent waits for the answer as well.
                tried = lane::urgent(tried) => Some(tried),
                // No answer would change anything any more.
                () = context.stop.cancelled() => None,
            }
        };
        match self.beat.waiting(tried).await {
            Some(Ok(())) => cloud.answered(Call::Read, context.now()),
            Some(Err(failure)) => cloud.failed(Call::Read, &failure, context.now()),
            None => {}
        }
        match cloud.permission(context.now()) {
            // Failed in a way that says nothing of the cloud: do not spin on it.
            Permission::Probe | Permission::LogIn => Permission::Wait {
                until: context.now() + POLL,
            },
            decided => decided,
        }
    }

    /// Claims due tasks.
    async fn take(&mut self, priority: Priority) -> Result<(), StoreError> {
        let (now, lease) = (self.context.now(), self.lease());
        let claim = self.context.store.claim(
            self.cloud.name.clone(),
            priority,
            self.wanted(priority),
            now,
            lease,
        );
        let claimed = claim.await?;
        let revoker = &self.cloud.handles.revoker;
        let groups = group(claimed, |kind| revoker.reach(kind)).into_iter();
        let groups = groups.map(|tasks| Group {
            tasks,
            begin_before: now.checked_add(lease / 2).unwrap_or(Timestamp::MAX),
            lease,
        });
        match priority {
            Priority::Urgent => self.urgent.put_in_line(groups),
            Priority::Normal => self.normal.put_in_line(groups),
        }
        Ok(())
    }

    /// How many tasks of each kind may be claimed now.
    fn wanted(&self, priority: Priority) -> Vec<(Kind, usize)> {
        let workers = match priority {
            Priority::Urgent => &self.urgent,
            Priority::Normal => &self.normal,
        };
        let mut wanted = Vec::new();
        for kind in Kind::ALL {
            let in_work = workers.in_work(*kind);
            if !is_wide(self.cloud.handles.revoker.reach(*kind)) {
                wanted.push((*kind, (self.cloud.concurrency * 8).max(64)));
            } else if in_work <= PLANNED_TOGETHER {
                // A second lot may be planned while jobs of the first go on,
                // and no more: what is claimed stands in memory.
                wanted.push((*kind, PLANNED_TOGETHER));
            }
        }
        wanted
    }

    /// A worker looks at each resource of its calls, calls, perhaps waits for
    /// a job, and looks again; nothing that is claimed waits for more than a few
    /// workers before it. A call is begun in the first half of the lease only,
    /// so it is the looks that this has to be long enough for.
    fn lease(&self) -> SignedDuration {
        let reaches = Kind::ALL
            .iter()
            .map(|kind| self.cloud.handles.revoker.reach(*kind));
        let (mut resources, mut waiting) = (GROUP_MAX, SignedDuration::ZERO);
        for reach in reaches.filter(|reach| is_wide(*reach)) {
            resources = resources.max(reach.resources);
            waiting = JOB_AT_MOST.saturating_mul(2);
        }
        let calls = i32::try_from(resources * 8).unwrap_or(i32::MAX);
        self.cloud
            .longest_call
            .saturating_mul(calls)
            .saturating_add(waiting)
    }

    async fn give_back(&mut self) -> Result<(), StoreError> {
        let mut all = self.urgent.empty();
        all.extend(self.normal.empty());
        if all.is_empty() {
            return Ok(());
        }
        let why = match self.context.stop.is_cancelled() {
            true => "the daemon is stopping",
            false => "the cloud is down",
        };
        hand_back(&self.context, all, why).await
    }

    async fn next_look(&self, priority: Priority) -> Result<Timestamp, StoreError> {
        let poll = self.context.now() + POLL;
        let wanted = self.wanted(priority).into_iter();
        let kinds = wanted.map(|(kind, _)| kind).collect();
        let due = self
            .context
            .store
            .next_due(self.cloud.name.clone(), priority, kinds)
            .await?;
        Ok(due.map_or(poll, |due| due.min(poll)))
    }

    /// Until `until`, or a worker is free, or something came into the queue, or
    /// the daemon stops.
    async fn rest(&mut self, until: Timestamp) -> Result<(), StoreError> {
        let (urgent, normal) = (&mut self.urgent, &mut self.normal);
        let something = async {
            tokio::select! {
                Some(ended) = urgent.next_ended() => ended,
                Some(ended) = normal.next_ended() => ended,
                () = self.cloud.wake.notified() => Ok(()),
                () = self.context.stop.cancelled() => Ok(()),
                () = self.context.clock.sleep_until(until) => Ok(()),
            }
        };
        self.beat.waiting(something).await
    }
}

/// One call of the kind may remove several targets.
fn is_wide(reach: Reach) -> bool {
    reach.resources > 1 || reach.subjects > 1
}

/// Tasks of one job together; of the others those that one call could serve,
/// or where each costs a call, a few of one resource.
fn group(claimed: Vec<Claimed>, reach: impl Fn(Kind) -> Reach) -> Vec<Vec<Claimed>> {
    let mut groups: Vec<Vec<Claimed>> = Vec::new();
    let mut open: HashMap<(Kind, Option<JobId>, Option<Id>), usize> = HashMap::new();
    for one in claimed {
        let target = &one.task.revocation.target;
        let reach = reach(target.kind);
        let (job, most) = match is_wide(reach) || one.task.job.is_some() {
            true => (one.task.job.clone(), usize::MAX),
            false => (None, GROUP_MAX),
        };
        let by_resource = job.is_none() && reach.resources == 1;
        let resource = by_resource.then(|| target.resource.clone());
        let key = (target.kind, job, resource);
        let group = open.get(&key).and_then(|index| groups.get_mut(*index));
        match group.filter(|group| group.len() < most) {
            Some(group) => group.push(one),
            None => {
                open.insert(key, groups.len());
                groups.push(vec![one]);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::carry_out::tests::scene::Scene;

    /// The targets of each group, as "image000 of project000".
    fn grouped(claimed: Vec<Claimed>, reach: Reach) -> Vec<Vec<String>> {
        let name = |claimed: &Claimed| {
            let target = &claimed.task.revocation.target;
            let subject = target.subject.as_ref().unwrap();
            format!("{} of {subject}", target.resource)
        };
        let groups = group(claimed, |_| reach);
        let names = groups.iter().map(|group| group.iter().map(name).collect());
        names.collect()
    }

    fn sizes(claimed: Vec<Claimed>, reach: Reach) -> Vec<usize> {
        grouped(claimed, reach).iter().map(Vec::len).collect()
    }

    #[tokio::test]
    async fn what_one_call_may_remove_is_planned_together() {
        let by_pairs = Reach {
            resources: 100,
            subjects: 100,
            requests: 2,
        };
        let by_subjects = Reach {
            resources: 1,
            ..by_pairs
        };
        let claimed = Scene::new(3, 20).await.claim().await;
        assert_eq!(sizes(claimed.clone(), by_pairs), [60]);
        assert_eq!(sizes(claimed.clone(), by_subjects), [20, 20, 20]);
        assert_eq!(sizes(claimed, Reach::ONE), [16, 4, 16, 4, 16, 4]);
    }

    #[tokio::test]
    async fn what_one_job_is_at_stays_together_whatever_one_call_reaches() {
        let mut claimed = Scene::new(4, 1).await.claim().await;
        claimed[1].task.job = Some("j".into());
        claimed[3].task.job = Some("j".into());
        let (first, third) = ("image000 of project000", "image002 of project000");
        let job = ["image001 of project000", "image003 of project000"];
        assert_eq!(
            grouped(claimed, Reach::ONE),
            [vec![first], job.to_vec(), vec![third]]
        );
    }
}
