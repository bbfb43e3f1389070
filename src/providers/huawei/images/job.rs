//! How a job stands. Neither its success nor its failure says which shares are
//! gone: the member lists do.

use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::{
    super::api::{Api, Ask, Refusal, Service},
    malformed, path_segment,
};
use crate::{
    model::{Failure, FailureClass, Id, JobId, JobStatus},
    providers::{calls::Operation, http::shortened},
};

/// Of a job, what can be relied on: its lists and times come in many forms.
#[derive(Deserialize)]
struct Job {
    status: String,
    job_id: Option<String>,
    error_code: Option<String>,
    fail_reason: Option<String>,
}

/// Asks by the call that the flavour prefers, and by the other one where that
/// does not know the job.
pub async fn job(api: &Api, project: &Id, job: &JobId) -> Result<JobStatus, Failure> {
    let operation = Operation::ShowJob;
    let project = path_segment(operation, "project", project.as_str())?;
    let segment = path_segment(operation, "job", job.as_str())?;
    if api.differences().tells_progress_of_jobs {
        let told = ask(api, job, format!("/v1/cloudimages/job/{segment}")).await?;
        if !matches!(told, JobStatus::Unknown(_)) {
            return Ok(told);
        }
    }
    ask(api, job, format!("/v1/{project}/jobs/{segment}")).await
}

/// A job that the service will not tell about is one to stop asking about: how
/// long it keeps them is not documented.
async fn ask(api: &Api, job: &JobId, path: String) -> Result<JobStatus, Failure> {
    let operation = Operation::ShowJob;
    let ask = Ask {
        operation,
        method: Method::GET,
        service: Service::Images,
        path,
        query: Vec::new(),
        json: None,
    };
    let answer = match api.send(&ask).await {
        Ok(answer) => answer,
        Err(Refusal::NotThere(failure) | Refusal::WrongId(failure)) => {
            return Ok(JobStatus::Unknown(failure.detail));
        }
        Err(Refusal::Failed(failure)) if failure.class == FailureClass::Refused => {
            return Ok(JobStatus::Unknown(failure.detail));
        }
        Err(Refusal::Failed(failure)) => return Err(failure),
    };
    let told: Job = answer.json(StatusCode::OK)?;
    let named = told.job_id.as_deref().unwrap_or_default();
    if !named.is_empty() && named != job.as_str() {
        return Err(malformed(operation, "the cloud answered with another job"));
    }
    Ok(status(told))
}

fn status(job: Job) -> JobStatus {
    let ended = |succeeded| JobStatus::Ended {
        succeeded,
        detail: detail(&job),
    };
    match job.status.to_ascii_uppercase().as_str() {
        "SUCCESS" => ended(true),
        "FAIL" => ended(false),
        _ => JobStatus::Running,
    }
}

fn detail(job: &Job) -> String {
    let words = [&job.error_code, &job.fail_reason];
    let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
    let words = words.join(": ");
    let mut detail = format!("the job ended as {}", shortened(&job.status));
    if !words.is_empty() {
        detail.push_str(&format!(" ({})", shortened(&words)));
    }
    detail
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(status_word: &str, more: serde_json::Value) -> JobStatus {
        let mut job = json!({"status": status_word, "job_id": "j", "job_type": "imsDelImageMembersJob"});
        for (key, value) in more.as_object().unwrap() {
            job[key] = value.clone();
        }
        status(serde_json::from_value(job).unwrap())
    }

    #[test]
    fn two_words_end_a_job_and_no_other_does() {
        let nothing = || json!({});
        for word in ["SUCCESS", "success", "Success"] {
            let detail = format!("the job ended as {word}");
            let succeeded = true;
            assert_eq!(read(word, nothing()), JobStatus::Ended { succeeded, detail });
        }
        for word in ["FAIL", "fail"] {
            let detail = format!("the job ended as {word}");
            let succeeded = false;
            assert_eq!(read(word, nothing()), JobStatus::Ended { succeeded, detail });
        }
        for word in ["INIT", "RUNNING", "running", "", "WAITING", "failed", "finished"] {
            assert_eq!(read(word, nothing()), JobStatus::Running, "{word:?}");
        }
    }

    #[test]
    fn a_failed_job_is_told_with_its_reason() {
        let more = json!({"error_code": "IMG.0113", "fail_reason": "delete member failed"});
        let JobStatus::Ended { detail, .. } = read("FAIL", more) else {
            panic!("it ended");
        };
        assert_eq!(detail, "the job ended as FAIL (IMG.0113: delete member failed)");
    }

    #[test]
    fn no_time_and_no_list_of_results_is_needed() {
        for (begin, end) in [
            (json!("04-Jun-2015 18:11:06:586"), json!("")),
            (json!("2024-05-01T09:00:00.100Z"), json!(null)),
        ] {
            for entities in [
                json!(null),
                json!({}),
                json!({"results": [{"status": "success"}]}),
            ] {
                let more = json!({"begin_time": begin, "end_time": end, "entities": entities,
                    "error_code": null, "fail_reason": null});
                assert!(matches!(read("SUCCESS", more), JobStatus::Ended { .. }));
            }
        }
    }
}
