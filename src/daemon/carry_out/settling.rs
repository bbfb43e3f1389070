//! The end of tries: the verdict, its place in the store, the metrics, the log.

use jiff::{SignedDuration, Timestamp};

use super::{Context, StoreError, Work};
use crate::{
    daemon::progress::Ended,
    engine::{
        recheck::Presence,
        retry::{self, Try},
    },
    model::{Failure, Outcome, Verdict},
    store::{Claimed, Settlement},
};

/// How one try ends.
pub(super) struct Ending {
    pub claimed: Claimed,
    pub verdict: Verdict,
    /// A word for what came of it: for the attempt and the metrics.
    pub word: &'static str,
}

impl Ending {
    pub fn not_called(context: &Context, claimed: Claimed, why: &str) -> Ending {
        Ending {
            verdict: not_called(context, &claimed, why),
            claimed,
            word: "not-called",
        }
    }

    /// The cloud's job goes on, and is to be asked for again.
    pub fn under_way(context: &Context, claimed: Claimed) -> Ending {
        let verdict = Verdict::UnderWay {
            not_before: context.now(),
            note: match &claimed.task.job {
                Some(job) => format!("the cloud's job {job} is to be asked for again"),
                None => "the cloud works on it".to_owned(),
            },
        };
        Ending {
            claimed,
            verdict,
            word: "under-way",
        }
    }
}

/// Returns tasks that nothing was done about; it costs them no try.
///
/// # Errors
/// The store failed.
pub async fn hand_back(context: &Context, tasks: Vec<Claimed>, why: &str) -> Result<(), StoreError> {
    let endings = tasks.into_iter().map(|claimed| match claimed.task.job {
        Some(_) => Ending::under_way(context, claimed),
        None => Ending::not_called(context, claimed, why),
    });
    settle(context, endings.collect()).await
}

pub(super) fn not_called(context: &Context, claimed: &Claimed, why: &str) -> Verdict {
    not_called_until(context.now(), claimed, why)
}

pub(super) fn not_called_until(not_before: Timestamp, claimed: &Claimed, why: &str) -> Verdict {
    Verdict::Again {
        not_before,
        called: claimed.called,
        burned: false,
        note: why.to_owned(),
    }
}

/// The cloud is still at what was done before: look again soon.
pub(super) fn wait(context: &Context, note: String) -> Verdict {
    let longest = context.retry.longest_delay.min(SignedDuration::from_mins(1));
    Verdict::Again {
        not_before: context.now() + longest,
        called: true,
        burned: false,
        note,
    }
}

/// `called` is what came of a call, if one was made, with the end of its job.
pub(super) fn verdict(
    work: &Work,
    claimed: &Claimed,
    called: Option<(Outcome, Option<String>)>,
    presence: Presence,
    look_failed: Option<Failure>,
) -> Verdict {
    let (outcome, job_end) = called.unzip();
    let tried = Try {
        outcome,
        presence,
        look_failed,
        job_end: job_end.flatten(),
        called_before: claimed.called,
        number: claimed.attempt,
        of_all: claimed.tries,
    };
    let (context, is_down) = (&work.context, work.cloud.is_down());
    retry::decide(&tried, &context.retry, is_down, (context.random)(), context.now())
}

pub(super) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "accepted",
        Outcome::Submitted(_) => "submitted",
        Outcome::Poisoned(_) => "poisoned",
        Outcome::NotThere => "not-there",
        Outcome::Failed(failure) => failure.class.as_str(),
    }
}

pub(super) async fn settle(context: &Context, endings: Vec<Ending>) -> Result<(), StoreError> {
    let now = context.now();
    let settlements = endings.iter().map(|ending| Settlement {
        task: ending.claimed.task.id,
        lease: ending.claimed.lease,
        verdict: ending.verdict.clone(),
        outcome: ending.word.to_owned(),
        now,
    });
    let held = context.store.settle(settlements.collect()).await?;
    let mut ended = Ended::default();
    for (ending, held) in endings.iter().zip(held) {
        let Ending {
            claimed,
            verdict,
            word,
        } = ending;
        if !held {
            taken_over(claimed);
            continue;
        }
        let revocation = &claimed.task.revocation;
        context.metrics.attempt_ended(&revocation.target.cloud, word);
        context.metrics.task_ended(revocation, verdict, now);
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

/// Tasks of one call whose ids are logged; of more it is said that there are.
const TASKS_NAMED: usize = 20;

/// The ids of tasks that share a call, for the log.
pub(super) fn ids<'a>(tasks: impl ExactSizeIterator<Item = &'a Claimed>) -> String {
    let more = tasks.len().saturating_sub(TASKS_NAMED);
    let mut ids: Vec<String> = tasks
        .take(TASKS_NAMED)
        .map(|claimed| claimed.task.id.to_string())
        .collect();
    if more > 0 {
        ids.push(format!("and {more} more"));
    }
    ids.join(",")
}

pub(super) fn taken_over(claimed: &Claimed) {
    let (task, revocation) = (&claimed.task, &claimed.task.revocation);
    let (id, run, policy, target) = (task.id, task.run, &revocation.evidence.policy, &revocation.target);
    tracing::warn!(task = id, run, %policy, %target, "another worker took the task over; this try counts for nothing");
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
