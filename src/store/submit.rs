//! A call that the cloud took and works on: its job is on record as soon as it
//! is known, so that whoever comes next asks for the job instead of calling again.

use jiff::Timestamp;

use super::{
    Store,
    claim::LeaseToken,
    entry::Entry,
    error::StoreError,
    transition::{self, Cause, Lease, Next, PROGRAM},
    writer::Tx,
};
use crate::model::{Event, JobId, TaskId, TaskState};

/// The tasks of one call, and the job that is at them now.
#[derive(Clone, Debug)]
pub struct Submission {
    pub tasks: Vec<(TaskId, LeaseToken)>,
    pub job: JobId,
    /// The worker keeps the tasks until then, to wait for the job.
    pub until: Timestamp,
    pub now: Timestamp,
}

impl Store {
    /// Keeps the job of claimed tasks, each with its audit record, in one
    /// transaction. `false` stands where the lease was no longer the task's:
    /// nothing was changed there.
    pub async fn submitted(&self, submission: Submission) -> Result<Vec<bool>, StoreError> {
        let submit_all = move |tx: &Tx<'_>| {
            let tasks = submission.tasks.iter();
            tasks
                .map(|(task, lease)| submit(tx, *task, *lease, &submission))
                .collect()
        };
        self.shared.writer.submit(submit_all).await
    }
}

fn submit(
    tx: &Tx<'_>,
    task: TaskId,
    LeaseToken(number): LeaseToken,
    submission: &Submission,
) -> Result<bool, StoreError> {
    let Some(entry) = Entry::read(tx, task)?.filter(|entry| entry.lease == Some(number)) else {
        return Ok(false);
    };
    let detail = format!("the cloud's job {} is at it", submission.job);
    let next = Next {
        note: Some(&detail),
        lease: Lease::Kept {
            number,
            until: submission.until,
        },
        job: Some(submission.job.clone()),
        ..Next::of(&entry, TaskState::Submitted)
    };
    let cause = Cause {
        event: Event::Submitted,
        actor: PROGRAM,
        detail: &detail,
        now: submission.now,
    };
    transition::change_task(tx, &entry, &next, cause)?;
    Ok(true)
}
