//! Looks before and after calls, and what they decide.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::SignedDuration;

use super::{
    Answered, Work,
    rounds::{self, Call, Round},
    settling::{self, Ending},
};
use crate::{
    engine::{
        circuit,
        people::Lists,
        policy::Policy,
        recheck::{self, Presence, Recheck},
    },
    metrics::Seen,
    model::{Failure, Id, Inventory, Kind, PolicyName, Priority, Verdict},
    store::{Claimed, StoreError},
};

/// What was seen of each resource; those are missing that nobody looked at.
type Views = HashMap<Id, Result<Inventory, Failure>>;

/// How old the read of a list may be that a call rests on: who comes back is
/// kept from then on.
const LIST_VALID: SignedDuration = SignedDuration::from_secs(60);

/// How long a task waits for a list that cannot be relied on.
const LIST_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// Looks at the resources of a round that is about to be called. Returns what
/// of it may be called, and what the look settled already. A batch that lost
/// targets is planned anew.
///
/// # Errors
/// The store failed.
pub(super) async fn before(work: &Work, round: Round) -> Result<(Vec<Round>, Vec<Ending>), StoreError> {
    // First, as a read may take longer than the look at a resource is good for.
    let lists = lists(work, &round).await?;
    let stopping = || work.context.stop.is_cancelled() || work.cloud.is_down();
    let views = look_at(work, round.tasks(), stopping).await;
    let looked_at = work.now();
    let (mut calls, mut endings) = (Vec::new(), Vec::new());
    for call in round.calls {
        let size = call.tasks.len();
        let mut left = Vec::with_capacity(size);
        for claimed in call.tasks {
            match before_call(work, &views, &lists, &claimed) {
                None => left.push(claimed),
                Some((verdict, word)) => endings.push(Ending {
                    claimed,
                    verdict,
                    word,
                }),
            }
        }
        if left.is_empty() {
            continue;
        }
        if left.len() == size {
            calls.push(Call {
                batch: call.batch,
                tasks: left,
            });
            continue;
        }
        let reach = work.cloud.handles.revoker.reach(call.batch.kind);
        match rounds::plan_calls(left, reach) {
            Ok(parts) => calls.extend(parts),
            Err(violated) => endings.extend(violated),
        }
    }
    Ok((rounds::of(calls, Some(looked_at)), endings))
}

/// What the sources say that the policies of the round name, each read once for
/// all of its tasks. A policy that changed meanwhile has another digest, and its
/// tasks are cancelled whatever the lists say.
async fn lists(work: &Work, round: &Round) -> Result<Arc<Lists>, StoreError> {
    let (context, rules) = (&work.context, work.context.rules());
    let names: BTreeSet<&PolicyName> = round
        .tasks()
        .map(|claimed| &claimed.task.revocation.evidence.policy)
        .collect();
    let policies = names.into_iter().filter_map(|name| rules.policy(name));
    let policies: Vec<&Policy> = policies.map(AsRef::as_ref).collect();
    let no_older_than = work.now() - LIST_VALID;
    tokio::select! {
        seen = rules.people.lists(context, &policies, no_older_than) => Ok(seen?.lists),
        // Without its lists no policy that names some has anything called.
        () = context.stop.cancelled() => Ok(Arc::default()),
    }
}

/// Looks what came of calls that were answered.
pub(super) async fn after(work: &Work, answered: Vec<Answered>) -> Vec<Ending> {
    let views = look_at(work, answered.iter().map(|one| &one.claimed), || {
        work.cloud.is_down()
    })
    .await;
    let judged = answered.into_iter().map(|one| {
        let revocation = &one.claimed.task.revocation;
        let target = &revocation.target;
        let view = views.get(&target.resource);
        // A job may be older than the configuration of its cloud.
        if let Some(Ok(view)) = view
            && let Some(reason) = recheck::elsewhere(revocation, view)
        {
            return Ending {
                claimed: one.claimed,
                verdict: Verdict::Dead { reason },
                word: "impossible",
            };
        }
        let (presence, look_failed) = match view {
            Some(Ok(view)) => (recheck::presence(target, view), None),
            Some(Err(failure)) => (
                Presence::Unknown("the look after the call failed".to_owned()),
                Some(failure.clone()),
            ),
            None => (Presence::Unknown("the cloud is down".to_owned()), None),
        };
        let word = settling::word(&one.outcome);
        let seen = match &presence {
            Presence::Absent => Seen::Gone,
            Presence::Present => Seen::There,
            Presence::Unknown(_) => Seen::Unknown,
        };
        let metrics = &work.context.metrics;
        metrics.removal_looked_at(&work.cloud.name, word, seen);
        let verdict = settling::verdict(
            work,
            &one.claimed,
            Some((one.outcome, one.job_end)),
            presence,
            look_failed,
        );
        Ending {
            claimed: one.claimed,
            verdict,
            word,
        }
    });
    judged.collect()
}

/// Looks once at each resource of `tasks`, which are of one kind; not at those
/// whose turn comes when `no_more` holds.
async fn look_at<'a>(
    work: &Work,
    tasks: impl Iterator<Item = &'a Claimed>,
    no_more: impl Fn() -> bool,
) -> Views {
    let mut subjects: BTreeMap<&Id, (Kind, Vec<Id>)> = BTreeMap::new();
    // A group is of one priority, as it was claimed.
    let mut priority = Priority::Normal;
    for claimed in tasks {
        priority = claimed.task.priority;
        let target = &claimed.task.revocation.target;
        let of_resource = subjects.entry(&target.resource).or_insert((target.kind, vec![]));
        of_resource.1.extend(target.subject.clone());
    }
    let alone = subjects.len() == 1;
    let no_more = &no_more;
    let looks = subjects
        .into_iter()
        .map(|(resource, (kind, subjects))| async move {
            // All looks of a batch stand in line together, so that the first of
            // them is not old when the last is made.
            let _permit = match alone {
                true => None,
                false => Some(work.cloud.looks(priority).acquire().await),
            };
            if !alone && no_more() {
                return None;
            }
            let seen = look(work, kind, resource, &subjects).await;
            Some((resource.clone(), seen))
        });
    let seen = futures::future::join_all(looks).await;
    seen.into_iter().flatten().collect()
}

async fn look(work: &Work, kind: Kind, resource: &Id, subjects: &[Id]) -> Result<Inventory, Failure> {
    let (cloud, now) = (&work.cloud, work.now());
    let seen = cloud.handles.reader.look(kind, resource, subjects, now).await;
    match &seen {
        Ok(_) => cloud.answered(circuit::Call::Read, work.now()),
        Err(failure) => cloud.failed(circuit::Call::Read, failure, work.now()),
    }
    seen
}

/// What the look before the call settles already; `None`: make the call.
fn before_call(
    work: &Work,
    views: &Views,
    lists: &Lists,
    claimed: &Claimed,
) -> Option<(Verdict, &'static str)> {
    let (context, task) = (&work.context, &claimed.task);
    let view = match views.get(&task.revocation.target.resource) {
        Some(Ok(view)) => view,
        Some(Err(failure)) => {
            let presence = Presence::Unknown("the look before the call failed".to_owned());
            let verdict = settling::verdict(work, claimed, None, presence, Some(failure.clone()));
            return Some((verdict, failure.class.as_str()));
        }
        None => {
            let verdict = settling::not_called(context, claimed, "left for later");
            return Some((verdict, "not-called"));
        }
    };
    // The rules of this moment: a reload may have come during the calls before.
    let rules = context.rules();
    let policy = rules.policy(&task.revocation.evidence.policy);
    let (policy, now) = (policy.map(AsRef::as_ref), context.now());
    let unproven = policy.map_or_else(Vec::new, |policy| lists.unproven(policy));
    match recheck::recheck(
        task,
        policy,
        view,
        &rules.protection,
        lists,
        context.decision_valid,
        now,
    ) {
        // That a directory is down for an hour says nothing about the task.
        Recheck::Proceed | Recheck::Unknown(_) if !unproven.is_empty() => {
            let not_before = now + LIST_AGAIN;
            let verdict = settling::not_called_until(not_before, claimed, &unproven.join("; "));
            Some((verdict, "not-called"))
        }
        Recheck::Proceed => None,
        Recheck::Gone => {
            let note = match claimed.called {
                true => "seen gone after an earlier try",
                false => "was gone already",
            };
            let note = note.to_owned();
            Some((Verdict::Done { note }, "gone"))
        }
        Recheck::Cancel(reason) => Some((Verdict::Cancelled { reason }, "no-reason")),
        Recheck::Dead(reason) => Some((Verdict::Dead { reason }, "impossible")),
        Recheck::Wait(note) => Some((settling::wait(context, note), "waiting")),
        Recheck::Unknown(reason) => {
            let verdict = settling::verdict(work, claimed, None, Presence::Unknown(reason), None);
            Some((verdict, "unknown"))
        }
    }
}
