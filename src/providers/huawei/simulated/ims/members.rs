//! The members of one image, one at a time.

use axum::response::Response;
use serde_json::{Value, json};

use super::{bad_body, bad_parameter, parameters, problem};
use crate::{
    model::{Id, Member, MemberStatus, Visibility},
    providers::huawei::{
        simulated::{
            Shared,
            answers::{self, Problem},
            dispatch::Incoming,
        },
        wire::ims::NewMember,
    },
    simulator::{Actor, Refusal, World},
};

const LONGEST_PAGE: usize = 1000;

/// Paged on one flavour only.
pub(super) fn list(shared: &Shared, actor: &Actor, image: &str, query: &str) -> Result<Response, Problem> {
    let mut world = shared.world();
    world.settle(shared.now());
    let listed = world
        .list_members(actor, image)
        .and_then(|members| match members.is_empty() {
            // An image without members is private.
            true => Err(Refusal::NotShared),
            false => Ok(members),
        });
    let rows: Vec<Value> = match listed {
        Ok(members) => members
            .into_iter()
            .map(|member| row(shared, image, member))
            .collect(),
        // One flavour says that there are none, the other that there can be none.
        Err(Refusal::NotShared) if !shared.is_open_telekom_cloud() => Vec::new(),
        Err(refusal) => return Err(problem(shared, &refusal, image, "")),
    };
    drop(world);
    let schema = "/v2/schemas/members";
    if shared.is_open_telekom_cloud() {
        return Ok(answers::json(200, &json!({"members": rows, "schema": schema})));
    }
    let (mut limit, mut first) = (shared.options.member_page_default, 0);
    for (name, value) in parameters(query) {
        let bad = || bad_parameter(&name);
        match name.as_str() {
            "limit" => {
                let given = value.parse::<usize>().ok();
                let given = given.filter(|given| (1..=LONGEST_PAGE).contains(given));
                limit = given.ok_or_else(bad)?;
            }
            "marker" => first = position_of(&value).ok_or_else(bad)?,
            _ => {}
        }
    }
    let (all, shown): (usize, Vec<Value>) = (rows.len(), rows.into_iter().skip(first).take(limit).collect());
    let next = first + shown.len();
    let mut page_info = json!({"current_count": shown.len()});
    if next < all {
        page_info["next_marker"] = marker_at(next).into();
    }
    let body = json!({"members": shown, "schema": schema, "page_info": page_info});
    Ok(answers::json(200, &body))
}

/// No id, and with characters that a query must encode, as the service's own
/// markers have.
fn marker_at(position: usize) -> String {
    format!("bWVtYmVy+{position}==")
}

fn position_of(marker: &str) -> Option<usize> {
    let position = marker.strip_prefix("bWVtYmVy+")?.strip_suffix("==")?;
    position.parse().ok()
}

pub(super) fn show(shared: &Shared, actor: &Actor, image: &str, member: &str) -> Result<Response, Problem> {
    let mut world = shared.world();
    world.settle(shared.now());
    let shown = world.show_member(actor, image, member);
    let found = shown.map_err(|refusal| not_shared_is_not_found(shared, &refusal, image, member))?;
    Ok(answers::json(200, &row(shared, image, found)))
}

pub(super) fn add(
    shared: &Shared,
    incoming: &Incoming,
    actor: &Actor,
    image: &str,
) -> Result<Response, Problem> {
    let NewMember { member } = body(incoming)?;
    if member == actor.project.as_str() {
        return Err(Problem::new(
            400,
            "IMG.0076",
            "An image cannot be shared with its owner",
        ));
    }
    let mut world = shared.world();
    make_shareable(&mut world, actor, image);
    let added = world.add_member(actor, image, &member, shared.now());
    let added = added.map_err(|refusal| problem(shared, &refusal, image, &member))?;
    Ok(answers::json(200, &row(shared, image, added)))
}

/// A private image of one's own needs no change before it is shared.
pub(super) fn make_shareable(world: &mut World, actor: &Actor, image: &str) {
    if let Some(record) = world.image_mut(image)
        && *record.owner() == actor.project
        && record.visibility == Visibility::Private
    {
        record.visibility = Visibility::Shared;
    }
}

/// Only accepting and rejecting; nobody goes back to `pending`.
pub(super) fn answered_status(word: &str) -> Option<MemberStatus> {
    MemberStatus::parse(word).filter(|status| *status != MemberStatus::Pending)
}

pub(super) fn update(
    shared: &Shared,
    incoming: &Incoming,
    actor: &Actor,
    image: &str,
    member: &str,
) -> Result<Response, Problem> {
    let body: Value = body(incoming)?;
    let status = body["status"].as_str().and_then(answered_status);
    let status = status.ok_or_else(|| bad_body("IMG.0001"))?;
    let mut world = shared.world();
    let answered = world.answer_share(actor, image, member, status, shared.now());
    let answered = answered.map_err(|refusal| not_shared_is_not_found(shared, &refusal, image, member))?;
    Ok(answers::json(200, &row(shared, image, answered)))
}

pub(super) fn remove(shared: &Shared, actor: &Actor, image: &str, member: &str) -> Result<Response, Problem> {
    let removed = shared.world().remove_member(actor, image, member, shared.now());
    removed.map_err(|refusal| match refusal {
        Refusal::NotShared if !shared.is_open_telekom_cloud() => {
            problem(shared, &Refusal::MemberNotFound, image, member)
        }
        other => problem(shared, &other, image, member),
    })?;
    Ok(answers::empty(204))
}

fn not_shared_is_not_found(shared: &Shared, refusal: &Refusal, image: &str, member: &str) -> Problem {
    match refusal {
        // Members may sleep in it; as Glance does, one flavour says so.
        Refusal::NotShared if shared.is_open_telekom_cloud() => {
            Problem::new(404, "IMG.0113", "Only shared images have members.")
        }
        Refusal::NotShared => problem(shared, &Refusal::MemberNotFound, image, member),
        other => problem(shared, other, image, member),
    }
}

fn body<T: serde::de::DeserializeOwned>(incoming: &Incoming) -> Result<T, Problem> {
    if incoming.body.is_empty() {
        return Err(bad_body("IMG.0007"));
    }
    serde_json::from_slice(&incoming.body).map_err(|_| bad_body("IMG.0001"))
}

/// One flavour tells of what kind a member is.
fn row(shared: &Shared, image: &str, member: &Member) -> Value {
    let id: &Id = &member.project;
    let mut row = json!({
        "image_id": image,
        "member_id": id,
        "status": member.status.as_str(),
        "created_at": member.created_at,
        "updated_at": member.updated_at,
        "schema": "/v2/schemas/member",
    });
    if !shared.is_open_telekom_cloud() {
        row["member_type"] = "project".into();
    }
    row
}
