//! `POST`, `DELETE` and `PUT /v1/cloudimages/members`: every image with every
//! project, by a job.

use std::collections::BTreeSet;

use axum::response::Response;
use serde::Deserialize;

use super::{
    bad_body,
    members::{answered_status, make_shareable},
};
use crate::{
    model::{Id, Visibility},
    providers::huawei::{
        simulated::{
            Shared,
            answers::{self, Problem},
            dispatch::Incoming,
        },
        wire::ims::{JobSubmitted, MemberBatch},
    },
    simulator::{Actor, JobKind, Role, World},
};

/// The recipient's answer to several shares.
#[derive(Deserialize)]
struct Answers {
    images: Vec<String>,
    project_id: String,
    status: String,
}

/// What is wrong anywhere refuses the whole request, before there is a job.
pub(super) fn submit(shared: &Shared, incoming: &Incoming, actor: &Actor) -> Result<Response, Problem> {
    if incoming.body.is_empty() {
        return Err(bad_body("IMG.0007"));
    }
    let (kind, images, projects) = match incoming.method.as_str() {
        "PUT" => {
            let answers: Answers = parsed(incoming)?;
            let status = answered_status(&answers.status).ok_or_else(|| bad_body("IMG.0001"))?;
            if answers.project_id != actor.project.as_str() {
                return Err(Problem::new(400, "IMG.0067", "The project id is invalid"));
            }
            let kind = JobKind::AnswerShares(status);
            (kind, answers.images, vec![answers.project_id])
        }
        method => {
            let kind = if method == "POST" {
                JobKind::AddMembers
            } else {
                JobKind::RemoveMembers
            };
            let batch: MemberBatch = parsed(incoming)?;
            (kind, batch.images, batch.projects)
        }
    };
    check_lists(shared, &images, &projects)?;
    if actor.role == Role::Reader {
        return Err(Problem::new(403, "IMG.0026", "No permission to share images"));
    }
    let mut world = shared.world();
    world.settle(shared.now());
    for image in &images {
        check_image(&world, actor, kind, image)?;
    }
    if kind == JobKind::AddMembers {
        if projects.iter().any(|project| project == actor.project.as_str()) {
            return Err(Problem::new(
                400,
                "IMG.0076",
                "An image cannot be shared with its owner",
            ));
        }
        images
            .iter()
            .for_each(|image| make_shareable(&mut world, actor, image));
    }
    let pairs: BTreeSet<(Id, Id)> = images
        .iter()
        .flat_map(|image| projects.iter().map(move |project| (image, project)))
        .map(|(image, project)| (Id::from(image.as_str()), Id::from(project.as_str())))
        .collect();
    let job = world.begin_job(actor, kind, pairs.into_iter().collect(), shared.now());
    let submitted = JobSubmitted {
        job_id: job.to_string(),
    };
    Ok(answers::json(200, &submitted))
}

fn parsed<T: serde::de::DeserializeOwned>(incoming: &Incoming) -> Result<T, Problem> {
    serde_json::from_slice(&incoming.body).map_err(|_| bad_body("IMG.0001"))
}

fn check_lists(shared: &Shared, images: &[String], projects: &[String]) -> Result<(), Problem> {
    let most = shared.options.batch_max;
    let is_good = |list: &[String]| !list.is_empty() && list.len() <= most;
    if !is_good(images) || !is_good(projects) {
        return Err(bad_body("IMG.0001"));
    }
    if projects.iter().any(String::is_empty) {
        return Err(Problem::new(400, "IMG.0067", "The project id is invalid"));
    }
    Ok(())
}

fn check_image(world: &World, actor: &Actor, kind: JobKind, image: &str) -> Result<(), Problem> {
    let unknown = || Problem::new(400, "IMG.0066", format!("The image id {image} is invalid"));
    let record = world.show_image(actor, image).map_err(|_| unknown())?;
    if matches!(kind, JobKind::AnswerShares(_)) {
        return Ok(());
    }
    if *record.owner() != actor.project {
        let message = "Only the image owner has the permission";
        return Err(Problem::new(400, "IMG.0047", message));
    }
    if record.visibility == Visibility::Public {
        return Err(Problem::new(400, "IMG.0089", "A public image cannot be shared"));
    }
    Ok(())
}
