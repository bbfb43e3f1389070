//! Ending shares: one by a call that is over with its answer, several by a call
//! that begins a job.
//!
//! The call for several takes two lists and ends the share of every image in
//! the one with every project in the other, which is what a batch is.

use reqwest::{Method, StatusCode};

use super::{
    super::{
        api::{Api, Ask, Refusal, Service},
        wire::ims::{JobSubmitted, MemberBatch},
    },
    image_path, outcome_of_one, path_segment,
};
use crate::{
    config::types::CloudLimits,
    model::{Failure, FailureClass, Id, JobId, Outcome, Reach},
    providers::calls::Operation,
};

/// Several shares are ended by two requests at least: the call, and a question
/// about its job.
pub fn reach(limits: &CloudLimits) -> Reach {
    Reach {
        resources: limits.batch_resources,
        subjects: limits.batch_subjects,
        requests: 2,
    }
}

pub async fn remove_share(api: &Api, image: &Id, project: &Id) -> Outcome {
    match member_path(image, project) {
        Ok(path) => {
            let ask = delete(Operation::RemoveMember, path, None);
            outcome_of_one(api.send(&ask).await)
        }
        Err(failure) => Outcome::Failed(failure),
    }
}

/// At least two shares: of every image with every project.
pub async fn remove_shares(api: &Api, images: &[Id], projects: &[Id]) -> Outcome {
    let words = |ids: &[Id]| ids.iter().map(Id::to_string).collect();
    let body = MemberBatch {
        images: words(images),
        projects: words(projects),
        ..MemberBatch::default()
    };
    let json = serde_json::to_vec(&body).expect("lists of strings are always JSON");
    let path = "/v1/cloudimages/members".to_owned();
    match api
        .send(&delete(Operation::RemoveMembers, path, Some(json)))
        .await
    {
        // Without a job to ask about it is still an answer that the call was taken.
        Ok(answer) => match answer.json::<JobSubmitted>(StatusCode::OK) {
            Ok(job) if !job.job_id.is_empty() => Outcome::Submitted(JobId::from(job.job_id)),
            _ => Outcome::Accepted,
        },
        Err(Refusal::NotThere(failure) | Refusal::WrongId(failure)) => Outcome::Poisoned(failure),
        Err(Refusal::Failed(failure)) if is_about_some(failure.class) => Outcome::Poisoned(failure),
        Err(Refusal::Failed(failure)) => Outcome::Failed(failure),
    }
}

/// Whether a refusal of the whole may be about a few: the service checks all
/// images before it begins, and refuses for one that is encrypted, exported,
/// or no longer ours what it would do for the others. Halving costs a call
/// where that is not so, and ends with single calls whose answers are clear.
fn is_about_some(class: FailureClass) -> bool {
    matches!(class, FailureClass::Refused | FailureClass::Conflict)
}

fn member_path(image: &Id, project: &Id) -> Result<String, Failure> {
    let operation = Operation::RemoveMember;
    let image = image_path(operation, image)?;
    let project = path_segment(operation, "project", project.as_str())?;
    Ok(format!("{image}/members/{project}"))
}

fn delete(operation: Operation, path: String, json: Option<Vec<u8>>) -> Ask<'static> {
    Ask {
        operation,
        method: Method::DELETE,
        service: Service::Images,
        path,
        query: Vec::new(),
        json,
    }
}
