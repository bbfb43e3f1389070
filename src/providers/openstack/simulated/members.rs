//! The calls on the members of an image.

use axum::response::Response;
use serde_json::Value;

use super::{
    Shared,
    answers::{self, Problem},
    dispatch::Incoming,
};
use crate::{
    model::{Member, MemberStatus},
    providers::openstack::wire,
    simulator::{Actor, Refusal},
};

pub(super) fn list(shared: &Shared, actor: &Actor, image: &str) -> Result<Response, Problem> {
    let mut world = shared.world();
    world.settle(shared.now());
    let members = world
        .list_members(actor, image)
        .map_err(|refusal| match refusal {
            Refusal::NotShared => Problem::new(
                403,
                format!("Not allowed to list members for image {image}: Only shared images have members."),
            ),
            other => problem(other, "list", image, ""),
        })?;
    let answer = wire::MembersResponse {
        members: members
            .into_iter()
            .map(|member| wire_member(image, member))
            .collect(),
        schema: "/v2/schemas/members".to_string(),
    };
    drop(world);
    Ok(answers::json(200, &answer))
}

pub(super) fn show(shared: &Shared, actor: &Actor, image: &str, member: &str) -> Result<Response, Problem> {
    let mut world = shared.world();
    world.settle(shared.now());
    let row = world
        .show_member(actor, image, member)
        .map_err(|refusal| match refusal {
            // This call alone hides a refusal behind "not found".
            Refusal::NotShared => Problem::new(404, "Only shared images have members."),
            other => problem(other, "show", image, member),
        })?;
    Ok(answers::json(200, &wire_member(image, row)))
}

pub(super) fn add(
    shared: &Shared,
    incoming: &Incoming,
    actor: &Actor,
    image: &str,
) -> Result<Response, Problem> {
    let body = body(incoming)?;
    let member = match body.get("member") {
        None => return Err(Problem::new(400, "Member to be added not specified")),
        Some(Value::String(member)) if !member.is_empty() => member,
        Some(_) => return Err(Problem::new(400, "Member can't be empty")),
    };
    let mut world = shared.world();
    let added = world.add_member(actor, image, member, shared.now());
    let row = added.map_err(|refusal| problem(refusal, "create", image, member))?;
    Ok(answers::json(200, &wire_member(image, row)))
}

pub(super) fn update(
    shared: &Shared,
    incoming: &Incoming,
    actor: &Actor,
    image: &str,
    member: &str,
) -> Result<Response, Problem> {
    let body = body(incoming)?;
    let word = body
        .get("status")
        .ok_or_else(|| Problem::new(400, "Status not specified"))?;
    let status = word.as_str().and_then(MemberStatus::parse);
    let mut world = shared.world();
    let refused = |refusal| problem(refusal, "update", image, member);
    let Some(status) = status else {
        // The service learns that the word is none only when it stores it,
        // after all other checks.
        let row = world.show_member(actor, image, member).map_err(refused)?.clone();
        world
            .answer_share(actor, image, member, row.status, row.updated_at)
            .map_err(refused)?;
        let message = "Incorrect request: Status must be \"pending\", \"accepted\" or \"rejected\".";
        return Err(Problem::new(400, message));
    };
    let row = world
        .answer_share(actor, image, member, status, shared.now())
        .map_err(refused)?;
    Ok(answers::json(200, &wire_member(image, row)))
}

pub(super) fn remove(shared: &Shared, actor: &Actor, image: &str, member: &str) -> Result<Response, Problem> {
    let removed = shared.world().remove_member(actor, image, member, shared.now());
    removed.map_err(|refusal| problem(refusal, "delete", image, member))?;
    Ok(answers::empty(204))
}

fn body(incoming: &Incoming) -> Result<Value, Problem> {
    if incoming.body.is_empty() {
        return Err(Problem::new(400, "Body expected in request."));
    }
    serde_json::from_slice(&incoming.body).map_err(|_| Problem::new(400, "Malformed JSON in request body."))
}

fn problem(refusal: Refusal, doing: &str, image: &str, member: &str) -> Problem {
    match refusal {
        Refusal::ImageNotFound => Problem::new(404, format!("Image {image} not found.")),
        Refusal::MemberNotFound => Problem::new(
            404,
            format!("{member} not found in the member list of the image {image}."),
        ),
        Refusal::AlreadyMember => {
            Problem::new(409, format!("Member {member} is duplicated for image {image}"))
        }
        Refusal::MemberQuotaReached { quota } => Problem::new(
            413,
            format!(
                "Image member limit exceeded for image {image}: The limit has been exceeded on the number of \
                 allowed image members for this image. Attempted: {}, Maximum: {quota}:",
                quota + 1
            ),
        ),
        Refusal::NotShared => Problem::new(403, format!("Not allowed to {doing} members for image {image}.")),
        _ => {
            let action = match doing {
                "create" => "add_member",
                "update" => "modify_member",
                _ => "delete_member",
            };
            Problem::new(
                403,
                format!("You are not authorized to complete {action} action."),
            )
        }
    }
}

fn wire_member(image: &str, member: &Member) -> wire::Member {
    wire::Member {
        image_id: image.to_string(),
        member_id: member.project.to_string(),
        status: member.status.as_str().to_string(),
        created_at: member.created_at,
        updated_at: member.updated_at,
        schema: Some("/v2/schemas/member".to_string()),
    }
}
