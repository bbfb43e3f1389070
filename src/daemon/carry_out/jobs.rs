//! Waiting for a job of the cloud. What it says about itself decides nothing:
//! it only tells when it is worth looking.

use jiff::SignedDuration;

use super::Work;
use crate::{
    engine::circuit::Call,
    model::{Failure, JobId, JobStatus},
    store::Claimed,
};

/// Jobs end within seconds. One that takes longer than this is taken for dead:
/// what it was to remove is looked at, and what is left is called for again.
pub const JOB_AT_MOST: SignedDuration = SignedDuration::from_mins(5);

/// Before the first question and between the later ones.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(10);

/// How the job ended, in words for people; `None` if it is to be asked for
/// later, because the daemon stops or the cloud is down.
///
/// A question that fails is asked again: the job goes on all the same.
pub(super) async fn end(work: &Work, job: &JobId) -> Option<String> {
    let (context, cloud) = (&work.context, &work.cloud);
    let deadline = work.now() + JOB_AT_MOST;
    let mut wait = FIRST_WAIT;
    loop {
        tokio::select! {
            () = context.stop.cancelled() => {}
            () = context.clock.sleep_until((work.now() + wait).min(deadline)) => {}
        }
        if context.stop.is_cancelled() || cloud.is_down() {
            return None;
        }
        wait = wait.saturating_mul(2).min(LONGEST_WAIT);
        let asked = cloud.handles.revoker.job(job).await;
        match &asked {
            Ok(_) => cloud.answered(Call::Read, work.now()),
            Err(failure) => cloud.failed(Call::Read, failure, work.now()),
        }
        match asked {
            Ok(JobStatus::Ended { succeeded, detail }) => return Some(ended(job, succeeded, &detail)),
            Ok(JobStatus::Unknown(detail)) => {
                return Some(format!(
                    "the cloud does not know its job {job} any more: {detail}"
                ));
            }
            Ok(JobStatus::Running) if work.now() >= deadline => return Some(never_ended(job, None)),
            Err(failure) if work.now() >= deadline => return Some(never_ended(job, Some(&failure))),
            Ok(JobStatus::Running) | Err(_) => {}
        }
    }
}

/// Whether the decisions behind a job are too old for a call by now. Then it is
/// asked for no more, although it never told its end: each time that the
/// question fails the cloud is taken for down, and what works about it would
/// close the circuit again for ever.
pub(super) fn is_outlived(work: &Work, tasks: &[Claimed]) -> bool {
    let (now, valid) = (work.now(), work.context.decision_valid);
    let is_old = |claimed: &Claimed| now.duration_since(claimed.task.allowed_from) > valid;
    !work.context.stop.is_cancelled() && tasks.iter().all(is_old)
}

pub(super) fn never_told(job: &JobId) -> String {
    format!("the cloud never told how its job {job} ended")
}

fn ended(job: &JobId, succeeded: bool, detail: &str) -> String {
    let how = if succeeded { "succeeded" } else { "failed" };
    match detail {
        "" => format!("the cloud's job {job} {how}"),
        detail => format!("the cloud's job {job} {how} ({detail})"),
    }
}

fn never_ended(job: &JobId, failure: Option<&Failure>) -> String {
    let end = format!("the cloud's job {job} never ended: {JOB_AT_MOST:#} are over");
    match failure {
        None => end,
        Some(failure) => format!("{end}, and the last question failed ({failure})"),
    }
}
