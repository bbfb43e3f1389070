//! Carries out the tasks of one resource: look, call, look again, settle.
//!
//! The tries were recorded when the tasks were claimed. Nothing is called that
//! the first look does not still bear out, and nothing is done that the second
//! look does not show gone.

use std::sync::Arc;

use super::{
    context::{Cloud, Context},
    progress::Ended,
};
use crate::{
    engine::{
        circuit::Call,
        recheck::{self, Presence, Recheck},
        retry::{self, Try},
    },
    model::{Batch, Failure, Inventory, Outcome, Verdict},
    store::{Claimed, Settlement, StoreError},
};

/// `group` holds tasks of one kind and one resource.
pub async fn carry_out(
    context: Arc<Context>,
    cloud: Arc<Cloud>,
    group: Vec<Claimed>,
) -> Result<(), StoreError> {
    let first = match look(&context, &cloud, &group[0]).await {
        Ok(view) => view,
        Err(failure) => {
            let settled = group.into_iter().map(|claimed| {
                let presence = Presence::Unknown("the look before the call failed".to_owned());
                let verdict = verdict(&context, &cloud, &claimed, None, presence, Some(failure.clone()));
                (claimed, verdict, failure.class.as_str())
            });
            let settled = settled.collect();
            return settle(&context, settled).await;
        }
    };
    let mut settled = Vec::new();
    let mut called = Vec::new();
    for claimed in group {
        match before_call(&context, &cloud, &first, &claimed) {
            Some((verdict, word)) => settled.push((claimed, verdict, word)),
            None if context.stop.is_cancelled() || cloud.is_down() => {
                let verdict = not_called(&context, &claimed, "left for later");
                settled.push((claimed, verdict, "not-called"));
            }
            None => {
                let outcome = call(&context, &cloud, &claimed).await;
                called.push((claimed, outcome));
            }
        }
    }
    settled.extend(after_calls(&context, &cloud, called).await);
    settle(&context, settled).await
}

/// Returns tasks that nothing was done about; it costs them no try.
pub async fn hand_back(context: &Context, group: Vec<Claimed>, why: &str) -> Result<(), StoreError> {
    let settled = group.into_iter().map(|claimed| {
        let verdict = not_called(context, &claimed, why);
        (claimed, verdict, "not-called")
    });
    let settled = settled.collect();
    settle(context, settled).await
}

async fn look(context: &Context, cloud: &Cloud, claimed: &Claimed) -> Result<Inventory, Failure> {
    let target = &claimed.task.revocation.target;
    let seen = cloud
        .handles
        .reader
        .look(
            target.kind,
            &target.resource,
            target.subject.as_slice(),
            context.now(),
        )
        .await;
    match &seen {
        Ok(_) => cloud.answered(Call::Read),
        Err(failure) => cloud.failed(Call::Read, failure, context.now()),
    }
    seen
}

/// What the look before the call settles already; `None`: make the call.
fn before_call(
    context: &Context,
    cloud: &Cloud,
    view: &Inventory,
    claimed: &Claimed,
) -> Option<(Verdict, &'static str)> {
    let task = &claimed.task;
    // The rules of this moment: a reload may have come during the calls before.
    let rules = context.rules();
    let policy = rules.policy(&task.revocation.evidence.policy).map(Arc::as_ref);
    let now = context.now();
    match recheck::recheck(task, policy, view, &rules.protection, context.decision_valid, now) {
        Recheck::Proceed => None,
        Recheck::Gone => {
            let note = if claimed.called {
                "seen gone after an earlier try"
            } else {
                "was gone already"
            };
            Some((
                Verdict::Done {
                    note: note.to_owned(),
                },
                "gone",
            ))
        }
        Recheck::Cancel(reason) => Some((Verdict::Cancelled { reason }, "no-reason")),
        Recheck::Dead(reason) => Some((Verdict::Dead { reason }, "impossible")),
        Recheck::Wait(note) => {
            let not_before = now
                + context
                    .retry
                    .longest_delay
                    .min(jiff::SignedDuration::from_mins(1));
            Some((
                Verdict::Again {
                    not_before,
                    called: true,
                    burned: false,
                    note,
                },
                "waiting",
            ))
        }
        Recheck::Unknown(reason) => {
            let verdict = verdict(context, cloud, claimed, None, Presence::Unknown(reason), None);
            Some((verdict, "unknown"))
        }
    }
}

async fn call(context: &Context, cloud: &Cloud, claimed: &Claimed) -> Outcome {
    let target = &claimed.task.revocation.target;
    let outcome = cloud.handles.revoker.revoke(&Batch::of_one(target)).await;
    match &outcome {
        Outcome::Accepted | Outcome::Submitted(_) | Outcome::NotThere => cloud.answered(Call::Remove),
        Outcome::Failed(failure) | Outcome::Poisoned(failure) => {
            cloud.failed(Call::Remove, failure, context.now())
        }
    }
    outcome
}

async fn after_calls(
    context: &Context,
    cloud: &Cloud,
    called: Vec<(Claimed, Outcome)>,
) -> Vec<(Claimed, Verdict, &'static str)> {
    let Some((first, _)) = called.first() else {
        return vec![];
    };
    let second = look(context, cloud, first).await;
    let judged = called.into_iter().map(|(claimed, outcome)| {
        let (presence, look_failed) = match &second {
            Ok(view) => (recheck::presence(&claimed.task.revocation.target, view), None),
            Err(failure) => (
                Presence::Unknown("the look after the call failed".to_owned()),
                Some(failure.clone()),
            ),
        };
        let word = match &outcome {
            Outcome::Accepted => "accepted",
            Outcome::Submitted(_) => "submitted",
            Outcome::Poisoned(_) => "poisoned",
            Outcome::NotThere => "not-there",
            Outcome::Failed(failure) => failure.class.as_str(),
        };
        let verdict = verdict(context, cloud, &claimed, Some(outcome), presence, look_failed);
        (claimed, verdict, word)
    });
    judged.collect()
}

fn verdict(
    context: &Context,
    cloud: &Cloud,
    claimed: &Claimed,
    outcome: Option<Outcome>,
    presence: Presence,
    look_failed: Option<Failure>,
) -> Verdict {
    let tried = Try {
        outcome,
        presence,
        look_failed,
        called_before: claimed.called,
        number: claimed.attempt,
        of_all: claimed.tries,
    };
    retry::decide(
        &tried,
        &context.retry,
        cloud.is_down(),
        (context.random)(),
        context.now(),
    )
}

fn not_called(context: &Context, claimed: &Claimed, why: &str) -> Verdict {
    Verdict::Again {
        not_before: context.now(),
        called: claimed.called,
        burned: false,
        note: why.to_owned(),
    }
}

async fn settle(context: &Context, settled: Vec<(Claimed, Verdict, &'static str)>) -> Result<(), StoreError> {
    let now = context.now();
    let settlements = settled.iter().map(|(claimed, verdict, word)| Settlement {
        task: claimed.task.id,
        lease: claimed.lease,
        verdict: verdict.clone(),
        outcome: (*word).to_owned(),
        now,
    });
    let held = context.store.settle(settlements.collect()).await?;
    let mut ended = Ended::default();
    for ((claimed, verdict, word), held) in settled.iter().zip(held) {
        let target = &claimed.task.revocation.target;
        if !held {
            tracing::warn!(task = claimed.task.id, %target, "another worker took the task over; this try counts for nothing");
            continue;
        }
        let revocation = &claimed.task.revocation;
        context.metrics.attempt_ended(&target.cloud, word);
        context.metrics.task_ended(
            &revocation.evidence.policy,
            &target.cloud,
            verdict,
            revocation.due_since,
            now,
        );
        log(claimed, verdict);
        match verdict {
            Verdict::Done { .. } => ended.done += 1,
            Verdict::Dead { .. } => ended.dead += 1,
            Verdict::Cancelled { .. } => ended.cancelled += 1,
            Verdict::Again { .. } | Verdict::UnderWay { .. } => ended.again += 1,
        }
    }
    context.progress.tried(ended);
    Ok(())
}

fn log(claimed: &Claimed, verdict: &Verdict) {
    let task = &claimed.task;
    let target = &task.revocation.target;
    let policy = &task.revocation.evidence.policy;
    let (id, run, attempt) = (task.id, task.run, claimed.attempt);
    match verdict {
        Verdict::Done { note } => tracing::info!(task = id, run, %policy, %target, attempt, "done: {note}"),
        Verdict::Cancelled { reason } => {
            tracing::info!(task = id, run, %policy, %target, "cancelled: {reason}")
        }
        Verdict::Dead { reason } => {
            tracing::error!(task = id, run, %policy, %target, attempt, "given up: {reason}")
        }
        Verdict::UnderWay { note, not_before } => {
            tracing::info!(task = id, run, %policy, %target, attempt, %not_before, "under way: {note}");
        }
        Verdict::Again { note, not_before, .. } => {
            tracing::warn!(task = id, run, %policy, %target, attempt, %not_before, "to be tried again: {note}");
        }
    }
}
