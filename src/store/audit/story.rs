//! Whether the records about one task tell a story that can be true, and one
//! that ends in the task as it stands in the queue.

use rusqlite::Statement;

use super::verify::{AuditReport, readable_record};
use crate::{
    model::{AuditRecord, Event, Hold, Task, TaskState},
    store::{StoreError, columns::Micros},
};

/// `select` gives the payloads of one task's records, oldest first; they are
/// read one at a time.
pub(super) fn verify_story(
    report: &mut AuditReport,
    task: &Task,
    policy: &str,
    select: &mut Statement<'_>,
) -> Result<(), StoreError> {
    let mut rows = select.query([task.id])?;
    let mut decided = None;
    let mut last: Option<AuditRecord> = None;
    let mut records = 0_u64;
    while let Some(row) = rows.next()? {
        records += 1;
        // The pass over the chain has named what cannot be read.
        let Some(record) = readable_record(row)? else {
            last = None;
            continue;
        };
        if records == 1 && record.event == Event::Decided {
            compare_decision(report, task, policy, &record);
            decided = Some(record.hold);
        }
        if let Some(last) = &last {
            compare_step(report, task, last, &record, decided.flatten());
        }
        last = Some(record);
    }
    if decided.is_none() {
        report.problem(format!(
            "task {} was never decided: its first record is missing",
            task.id
        ));
    }
    if records == 0 {
        report.problem(format!(
            "task {} is {}, and the audit knows nothing of it",
            task.id, task.state
        ));
    }
    if let Some(last) = &last {
        compare_end(report, "task", task.id, task.state.as_str(), last);
    }
    Ok(())
}

/// Whether what a record led to is what stands there.
pub(super) fn compare_end(report: &mut AuditReport, what: &str, id: i64, state: &str, newest: &AuditRecord) {
    if newest.to.as_deref() != Some(state) {
        report.problem(format!(
            "{what} {id} is {state}, but by record {} it is {}",
            newest.seq,
            newest.to.as_deref().unwrap_or("nothing")
        ));
    }
}

fn compare_step(
    report: &mut AuditReport,
    task: &Task,
    last: &AuditRecord,
    record: &AuditRecord,
    hold: Option<Hold>,
) {
    let (id, seq) = (task.id, record.seq);
    if record.from != last.to {
        report.problem(format!(
            "record {seq} takes task {id} from {}, but by record {} it was {}",
            record.from.as_deref().unwrap_or("nothing"),
            last.seq,
            last.to.as_deref().unwrap_or("nothing")
        ));
    }
    let state = |word: &Option<String>| word.as_deref().and_then(TaskState::parse);
    match (state(&record.from), state(&record.to)) {
        (Some(TaskState::Held), Some(TaskState::Claimed)) if hold != Some(Hold::Grace) => {
            report.problem(format!(
                "task {id} was claimed by record {seq}, but waited for an operator"
            ));
        }
        (Some(TaskState::Held), Some(TaskState::Queued)) if record.event != Event::Allowed => {
            report.problem(format!(
                "task {id} was queued by record {seq}, which no operator allowed"
            ));
        }
        _ => {}
    }
}

fn compare_decision(report: &mut AuditReport, task: &Task, policy: &str, record: &AuditRecord) {
    let id = task.id;
    let revocation = &task.revocation;
    if record.target.as_ref() != Some(&revocation.target) {
        report.problem(format!(
            "task {id} is about {}, which was not decided",
            revocation.target
        ));
    }
    if record.run != Some(task.run) {
        report.problem(format!(
            "task {id} belongs to run {}, which did not decide it",
            task.run
        ));
    }
    if record.policy.as_ref().map(|name| name.as_str()) != Some(policy) {
        report.problem(format!(
            "task {id} belongs to policy {policy}, which did not decide it"
        ));
    }
    if record.evidence.as_ref() != Some(&revocation.evidence) {
        report.problem(format!("the evidence of task {id} is not what was decided on"));
    }
    if record.due_since.map(Micros) != Some(Micros(revocation.due_since)) {
        report.problem(format!(
            "task {id} is due since {}, which was not decided",
            revocation.due_since
        ));
    }
    if Micros(record.at) != Micros(task.decided_at) {
        report.problem(format!(
            "task {id} was decided at {}, but by record {} at {}",
            task.decided_at, record.seq, record.at
        ));
    }
    if task.state == TaskState::Held && record.hold != task.hold {
        report.problem(format!(
            "task {id} is held for {}, but was decided to be held for {}",
            task.hold.map_or("nothing", Hold::as_str),
            record.hold.map_or("nothing", Hold::as_str)
        ));
    }
}
