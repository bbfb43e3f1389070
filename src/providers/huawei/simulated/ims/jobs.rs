//! How a job stands, by the two calls that tell.

use axum::response::Response;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use crate::{
    providers::huawei::simulated::{
        Shared,
        answers::{self, Problem},
    },
    simulator::{Actor, Job, JobEnd, JobKind},
};

/// With a row for each pair, where the job tells of them.
pub(super) fn show(shared: &Shared, actor: &Actor, id: &str) -> Result<Response, Problem> {
    let job = poll(shared, actor, id)?;
    let mut body = common(&job);
    body["entities"] = json!({"results": results(&job), "sub_jobs_result": [], "sub_jobs_list": []});
    Ok(answers::json(200, &body))
}

/// Without any rows.
pub(super) fn show_progress(shared: &Shared, actor: &Actor, id: &str) -> Result<Response, Problem> {
    let job = poll(shared, actor, id)?;
    let mut body = common(&job);
    body["entities"] = json!({
        "current_task": "",
        "process_percent": if job.worked_at.is_some() { 1.0 } else { 0.5 },
        "sub_jobs_result": [],
        "sub_jobs_list": [],
    });
    Ok(answers::json(200, &body))
}

fn poll(shared: &Shared, actor: &Actor, id: &str) -> Result<Job, Problem> {
    let mut world = shared.world();
    let job = world.poll_job(&actor.project, id, shared.now()).cloned();
    job.ok_or_else(|| Problem::new(400, "IMG.0023", "Failed to query the job"))
}

fn common(job: &Job) -> Value {
    let ending = ending(job);
    let ended_at = job.worked_at.filter(|_| ending.status != RUNNING);
    json!({
        "status": ending.status,
        "job_id": job.id,
        "job_type": match job.kind {
            JobKind::AddMembers => "imsAddImageMembersJob",
            JobKind::RemoveMembers => "imsDelImageMembersJob",
            JobKind::AnswerShares(_) => "imsUpdateImageMembersJob",
        },
        "begin_time": milliseconds(job.begun_at),
        "end_time": ended_at.map(milliseconds),
        "error_code": ending.code,
        "fail_reason": ending.reason,
    })
}

const RUNNING: &str = "RUNNING";

struct Ending {
    status: String,
    code: Option<String>,
    reason: Option<String>,
}

fn ending(job: &Job) -> Ending {
    let word = |status: &str| Ending {
        status: status.to_string(),
        code: None,
        reason: None,
    };
    let failed = |code: &str, reason: &str| Ending {
        status: "FAIL".to_string(),
        code: Some(code.to_string()),
        reason: Some(reason.to_string()),
    };
    if job.worked_at.is_none() {
        return word(RUNNING);
    }
    match &job.end {
        JobEnd::Success => word("SUCCESS"),
        JobEnd::AsItWent | JobEnd::Forgotten if job.undone.is_empty() => word("SUCCESS"),
        JobEnd::AsItWent | JobEnd::Forgotten => match job.kind {
            JobKind::AddMembers => failed("IMG.0112", "Failed to add the members"),
            _ => failed("IMG.0113", "Failed to delete the members"),
        },
        JobEnd::Failure { code, reason } => failed(code, reason),
        JobEnd::Never => word(RUNNING),
        JobEnd::Word(status) => word(status),
    }
}

/// Jobs that remove usually tell of no pair; their words for a pair are not
/// those for a job.
fn results(job: &Job) -> Vec<Value> {
    let tells = job.tells_pairs.unwrap_or(job.kind != JobKind::RemoveMembers);
    if !tells || job.worked_at.is_none() {
        return Vec::new();
    }
    let row = |pair: &(crate::model::Id, crate::model::Id)| {
        let status = if job.undone.contains(pair) {
            "failed"
        } else {
            "success"
        };
        json!({"image_id": pair.0, "project_id": pair.1, "status": status})
    };
    job.pairs.iter().map(row).collect()
}

fn milliseconds(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
        .to_string()
}
