//! Carries out claimed tasks: look, call, look again, settle.
//!
//! The tries were recorded when the tasks were claimed. Nothing is called that
//! a look just before does not still bear out, and nothing is done that a look
//! after it does not show gone.

use std::{collections::VecDeque, sync::Arc};

use futures::stream::{FuturesUnordered, StreamExt};
use jiff::{SignedDuration, Timestamp};

pub use self::settling::hand_back;
use self::{
    rounds::{Call, Round},
    settling::{Ending, settle},
};
use super::context::{Cloud, Context};
use crate::{
    engine::{batches, circuit},
    model::{Failure, FailureClass, JobId, Outcome},
    store::{Claimed, StoreError, Submission},
};

mod jobs;
mod looks;
mod rounds;
mod settling;

#[cfg(test)]
pub(super) mod tests;

pub use jobs::JOB_AT_MOST;

/// How old the look may be that a call rests on. Batches that were planned
/// together, or are parts of one that was refused, wait for each other, and what
/// is granted anew meanwhile must stay.
const LOOK_VALID: SignedDuration = SignedDuration::from_secs(30);

/// Tasks that one worker takes on together: of one cloud and one kind, and of
/// one job if the first has one.
pub struct Group {
    pub tasks: Vec<Claimed>,
    /// No call is begun from then on: the rest of the lease is for the looks
    /// that show what came of the calls before.
    pub begin_before: Timestamp,
    /// How long the tasks are kept once a job of the cloud is at them.
    pub lease: SignedDuration,
}

/// What everything that is done for a group is handed.
struct Work {
    context: Arc<Context>,
    cloud: Arc<Cloud>,
    begin_before: Timestamp,
    lease: SignedDuration,
}

impl Work {
    fn now(&self) -> Timestamp {
        self.context.now()
    }

    /// Whether a call may rest on a look that was made then.
    fn is_fresh(&self, looked_at: Option<Timestamp>) -> bool {
        looked_at.is_some_and(|at| self.now().duration_since(at) <= LOOK_VALID)
    }

    /// Why nothing more is to be begun, if so.
    fn held_back(&self) -> Option<&'static str> {
        if self.context.stop.is_cancelled() || self.cloud.is_down() {
            Some("left for later")
        } else if self.now() >= self.begin_before {
            Some("its turn came too late: it is looked at again first")
        } else {
            None
        }
    }
}

/// # Errors
/// The store failed: without it nothing may be removed.
pub async fn carry_out(context: Arc<Context>, cloud: Arc<Cloud>, group: Group) -> Result<(), StoreError> {
    let Some(first) = group.tasks.first() else {
        return Ok(());
    };
    let (kind, job) = (first.task.revocation.target.kind, first.task.job.clone());
    let reach = cloud.handles.revoker.reach(kind);
    let work = Work {
        context,
        cloud,
        begin_before: group.begin_before,
        lease: group.lease,
    };
    if let Some(job) = job {
        return ask_for_job(&work, &job, group.tasks).await;
    }
    match rounds::plan(group.tasks, reach) {
        Ok(rounds) => work_off(&work, rounds.into()).await,
        Err(endings) => settle(&work.context, endings).await,
    }
}

/// Rounds go side by side, and each settles its own tasks: none waits for
/// another. What a round leaves to do goes before the others, while its look is
/// fresh.
///
/// A batch of n targets takes at most 2n calls however it is refused: after a
/// call, only parts of it that share nothing and are smaller are called, so the
/// calls form a tree with at most n leaves.
async fn work_off(work: &Work, mut waiting: VecDeque<Round>) -> Result<(), StoreError> {
    let mut under_way = FuturesUnordered::new();
    loop {
        while under_way.len() < work.cloud.concurrency.max(1)
            && let Some(round) = waiting.pop_front()
        {
            under_way.push(carry_out_round(work, round));
        }
        let Some(left) = under_way.next().await else {
            return Ok(());
        };
        for round in left?.into_iter().rev() {
            waiting.push_front(round);
        }
    }
}

/// Returns what is left to do: halves of a batch that was refused, and parts of
/// one that the look broke up.
async fn carry_out_round(work: &Work, round: Round) -> Result<Vec<Round>, StoreError> {
    if let Some(why) = work.held_back() {
        hand_back(&work.context, round.into_tasks().collect(), why).await?;
        return Ok(vec![]);
    }
    let (mut rounds, settled) = match work.is_fresh(round.looked_at) {
        true => (vec![round], vec![]),
        false => looks::before(work, round).await?,
    };
    let rest = rounds.split_off(rounds.len().min(1));
    let first = async {
        match rounds.pop() {
            Some(first) => call_all(work, first).await,
            None => Ok(vec![]),
        }
    };
    let (settled, left) = futures::join!(settle(&work.context, settled), first);
    settled?;
    Ok(left?.into_iter().chain(rest).collect())
}

/// Makes the calls of a round one after the other, then looks once for all.
/// Those whose turn comes when the look before them is too old are left.
async fn call_all(work: &Work, round: Round) -> Result<Vec<Round>, StoreError> {
    let (mut endings, mut answered, mut left) = (Vec::new(), Vec::new(), Vec::new());
    let mut outlived = Vec::new();
    for call in round.calls {
        if let Some(why) = work.held_back() {
            let tasks = call.tasks.into_iter();
            endings.extend(tasks.map(|claimed| Ending::not_called(&work.context, claimed, why)));
            continue;
        }
        if !work.is_fresh(round.looked_at) {
            outlived.push(call);
            continue;
        }
        match make(work, call).await? {
            Made::Answered(some) => answered.extend(some),
            Made::Split(halves) => left.extend(rounds::of(halves.into(), round.looked_at)),
            Made::Ended(some) => endings.extend(some),
        }
    }
    left.extend(rounds::of(outlived, round.looked_at));
    endings.extend(looks::after(work, answered).await);
    settle(&work.context, endings).await?;
    Ok(left)
}

/// A task that a call was made for, before anybody looked what came of it.
struct Answered {
    claimed: Claimed,
    outcome: Outcome,
    /// How the job of the call ended, in words.
    job_end: Option<String>,
}

enum Made {
    Answered(Vec<Answered>),
    /// Refused because of a part of it: the parts are to be called.
    Split([Call; 2]),
    /// Nothing is left to do or to look at.
    Ended(Vec<Ending>),
}

/// Makes the one call for a batch, and waits for its job if it has one.
async fn make(work: &Work, call: Call) -> Result<Made, StoreError> {
    let (cloud, kind, size) = (&work.cloud, call.batch.kind, call.batch.len());
    let targets = call.tasks.iter().map(|claimed| &claimed.task.revocation.target);
    if let Err(wrong) = batches::check(&call.batch, targets) {
        return Ok(Made::Ended(rounds::violated(call.tasks, &wrong)));
    }
    let outcome = cloud.handles.revoker.revoke(&call.batch).await;
    match &outcome {
        Outcome::Accepted | Outcome::Submitted(_) | Outcome::NotThere => {
            cloud.answered(circuit::Call::Remove, work.now());
        }
        Outcome::Failed(failure) | Outcome::Poisoned(failure) => {
            cloud.failed(circuit::Call::Remove, failure, work.now());
        }
    }
    let word = settling::word(&outcome);
    work.context.metrics.removal_called(&cloud.name, kind, size, word);
    match outcome {
        Outcome::Submitted(job) => submitted(work, call.tasks, job).await,
        Outcome::Poisoned(failure) => Ok(match call.halves() {
            Ok(halves) => {
                let tasks: Vec<_> = halves.iter().flat_map(|half| &half.tasks).collect();
                let tasks = settling::ids(tasks.into_iter());
                tracing::warn!(
                    cloud = %cloud.name, targets = size, tasks, reason = %failure,
                    "a batch was refused because of a part of it, and is halved"
                );
                Made::Split(halves)
            }
            // Alone it is no batch that could be split: it is this one.
            Err(tasks) => {
                let refused = Failure {
                    class: FailureClass::Refused,
                    ..failure
                };
                Made::Answered(answered(tasks, &Outcome::Failed(refused), None))
            }
        }),
        outcome => Ok(Made::Answered(answered(call.tasks, &outcome, None))),
    }
}

/// Puts the job on record before anything else, then waits for it.
async fn submitted(work: &Work, tasks: Vec<Claimed>, job: JobId) -> Result<Made, StoreError> {
    let now = work.now();
    let submission = Submission {
        tasks: tasks
            .iter()
            .map(|claimed| (claimed.task.id, claimed.lease))
            .collect(),
        job: job.clone(),
        until: now.checked_add(work.lease).unwrap_or(Timestamp::MAX),
        now,
    };
    let held = work.context.store.submitted(submission).await?;
    let mut ours = Vec::with_capacity(tasks.len());
    for (mut claimed, held) in tasks.into_iter().zip(held) {
        if held {
            claimed.task.job = Some(job.clone());
            ours.push(claimed);
        } else {
            settling::taken_over(&claimed);
        }
    }
    Ok(match wait_for_job(work, ours, &job).await {
        Ok(answered) => Made::Answered(answered),
        Err(under_way) => Made::Ended(under_way),
    })
}

/// What a job was begun for by an earlier try, or by a process that is gone:
/// the call was made, so none is made before the job is over and a look shows
/// what it left.
async fn ask_for_job(work: &Work, job: &JobId, tasks: Vec<Claimed>) -> Result<(), StoreError> {
    let endings = match wait_for_job(work, tasks, job).await {
        Ok(answered) => looks::after(work, answered).await,
        Err(under_way) => under_way,
    };
    settle(&work.context, endings).await
}

/// # Errors
/// It is not over, and is to be asked for again.
async fn wait_for_job(work: &Work, tasks: Vec<Claimed>, job: &JobId) -> Result<Vec<Answered>, Vec<Ending>> {
    let end = match jobs::end(work, job).await {
        None if jobs::is_outlived(work, &tasks) => Some(jobs::never_told(job)),
        end => end,
    };
    match end {
        Some(end) => Ok(answered(tasks, &Outcome::Submitted(job.clone()), Some(end))),
        None => {
            let under_way = |claimed| Ending::under_way(&work.context, claimed);
            Err(tasks.into_iter().map(under_way).collect())
        }
    }
}

fn answered(tasks: Vec<Claimed>, outcome: &Outcome, job_end: Option<String>) -> Vec<Answered> {
    let answered = tasks.into_iter().map(|claimed| Answered {
        claimed,
        outcome: outcome.clone(),
        job_end: job_end.clone(),
    });
    answered.collect()
}
