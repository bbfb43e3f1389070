//! Questions about a job.

use serde_json::json;

use super::setup::{Client, cloud, refused};
use crate::{
    config::types::Flavour,
    model::{Failure, FailureClass, JobStatus},
    providers::scripted::{Answer, body, json as answer, status},
};

async fn ask(reply: Answer) -> Result<JobStatus, Failure> {
    let server = cloud(move |_| reply.clone().into()).await;
    let client = Client::with(&server, |_, huawei| {
        huawei.flavour = Flavour::OpenTelekomCloud;
    });
    let status = client.cloud.revoker.job(&"ff80".into()).await;
    let calls = server.data_calls();
    assert!(
        calls.iter().all(|call| call == "GET /v1/p1/jobs/ff80"),
        "{calls:?}"
    );
    status
}

#[tokio::test]
async fn a_job_is_asked_for_by_its_project() {
    // As the documents show a removal that is over: nothing says what is gone.
    let entities = json!({"results": [], "sub_jobs_result": [], "sub_jobs_list": []});
    let over = answer(json!({
        "status": "SUCCESS", "job_id": "ff80", "job_type": "imsDelImageMembersJob", "entities": entities,
        "begin_time": "04-Jun-2015 18:11:06:586", "end_time": "", "error_code": null, "fail_reason": null,
    }));
    assert!(matches!(
        ask(over).await,
        Ok(JobStatus::Ended { succeeded: true, .. })
    ));
    let running = answer(json!({"status": "INIT", "job_id": "ff80", "entities": null}));
    assert_eq!(ask(running).await, Ok(JobStatus::Running));
}

#[tokio::test]
async fn a_job_that_is_not_told_about_is_unknown() {
    for reply in [
        status(404),
        status(400),
        status(403),
        refused(400, "IMG.0023"),
        refused(400, "IMG.0031"),
        refused(400, "IMG.0121"),
    ] {
        assert!(matches!(ask(reply).await, Ok(JobStatus::Unknown(_))));
    }
}

#[tokio::test]
async fn huawei_cloud_is_asked_without_the_project_first() {
    let running = answer(json!({"status": "RUNNING", "job_id": "ff80"}));
    for (first, calls) in [(running.clone(), 1), (status(404), 2)] {
        let running = running.clone();
        let server = cloud(move |asked| match asked.path.contains("/cloudimages/job/") {
            true => first.clone().into(),
            false => running.clone().into(),
        })
        .await;
        let client = Client::with(&server, |_, huawei| huawei.flavour = Flavour::HuaweiCloud);
        let status = client.cloud.revoker.job(&"ff80".into()).await;
        assert_eq!(status, Ok(JobStatus::Running));
        let both = ["GET /v1/cloudimages/job/ff80", "GET /v1/p1/jobs/ff80"];
        assert_eq!(server.data_calls(), both[..calls]);
    }
}

#[tokio::test]
async fn no_answer_is_no_status() {
    for (reply, class) in [
        (status(401), FailureClass::Unauthenticated),
        (status(429), FailureClass::Throttled),
        (status(500), FailureClass::Unavailable),
        (body(200, "{}"), FailureClass::Malformed),
        (
            answer(json!({"status": "SUCCESS", "job_id": "other"})),
            FailureClass::Malformed,
        ),
    ] {
        assert_eq!(ask(reply).await.unwrap_err().class, class);
    }
}
