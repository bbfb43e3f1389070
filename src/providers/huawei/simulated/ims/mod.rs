//! IMS: `/v1` and `/v2`.
//!
//! The calls that Glance has too ("native") answer as Glance does on one
//! flavour and with codes of their own on the other.

use axum::response::Response;
use serde_json::json;

use super::{
    Shared,
    access::Caller,
    answers::{self, Problem},
    dispatch::Incoming,
};
use crate::simulator::{Actor, Refusal, Role};

mod batch;
mod image;
mod jobs;
mod listing;
mod members;
mod patch;

pub(super) fn answer(shared: &Shared, incoming: &Incoming) -> Response {
    let path = incoming.segments();
    if let ("GET", [] | [""]) = (incoming.method.as_str(), path.as_slice()) {
        return versions(shared);
    }
    let caller = match shared.caller(incoming) {
        Ok(caller) => caller,
        Err(problem) => return answers::gateway(&problem),
    };
    let is_native = path.starts_with(&["v2", "images"]);
    let answered = actor(&caller).and_then(|actor| route(shared, incoming, &actor, &path));
    answered.unwrap_or_else(|problem| match problem.code.as_str() {
        answers::NO_SUCH_CALL => answers::gateway(&problem),
        _ if is_native && shared.is_open_telekom_cloud() => answers::glance(&problem),
        _ => answers::images(&problem),
    })
}

fn route(shared: &Shared, incoming: &Incoming, actor: &Actor, path: &[&str]) -> Result<Response, Problem> {
    let query = incoming.query.as_str();
    match (incoming.method.as_str(), path) {
        ("GET", ["v2", "cloudimages"]) => listing::list(shared, actor, query),
        ("PATCH", ["v2", "cloudimages", image]) => patch::change(shared, incoming, actor, image),
        ("GET", ["v2", "images"]) => listing::list_natively(shared, actor, query),
        ("GET", ["v2", "images", image]) => image::show(shared, actor, image),
        ("DELETE", ["v2", "images", image]) => image::delete(shared, actor, image),
        ("GET", ["v2", "images", image, "members"]) => members::list(shared, actor, image, query),
        ("POST", ["v2", "images", image, "members"]) => members::add(shared, incoming, actor, image),
        ("GET", ["v2", "images", image, "members", member]) => members::show(shared, actor, image, member),
        ("PUT", ["v2", "images", image, "members", member]) => {
            members::update(shared, incoming, actor, image, member)
        }
        ("DELETE", ["v2", "images", image, "members", member]) => {
            members::remove(shared, actor, image, member)
        }
        ("POST" | "DELETE" | "PUT", ["v1", "cloudimages", "members"]) => {
            batch::submit(shared, incoming, actor)
        }
        ("GET", ["v1", project, "jobs", job]) => {
            require_own_project(actor, project)?;
            jobs::show(shared, actor, job)
        }
        // The rest is newer than what one flavour has.
        _ if shared.is_open_telekom_cloud() => Err(answers::no_such_call()),
        ("GET", ["v1", "cloudimages", "job", job]) => jobs::show_progress(shared, actor, job),
        ("GET", ["v1", project, "cloudimages", image, "members"]) => {
            require_own_project(actor, project)?;
            members::list(shared, actor, image, query)
        }
        ("GET", ["v1", project, "cloudimages", image, "members", member]) => {
            require_own_project(actor, project)?;
            members::show(shared, actor, image, member)
        }
        _ => Err(answers::no_such_call()),
    }
}

/// A project's administrator has no more power over images than its members.
fn actor(caller: &Caller) -> Result<Actor, Problem> {
    let role = match caller.role {
        Some(Role::Admin) => Some(Role::Member),
        other => other,
    };
    let actor = caller.project.clone().zip(role);
    let (project, role) =
        actor.ok_or_else(|| Problem::new(403, "IMG.0026", "The token is not for a project"))?;
    Ok(Actor { project, role })
}

fn require_own_project(actor: &Actor, project: &str) -> Result<(), Problem> {
    if actor.project.as_str() == project {
        return Ok(());
    }
    Err(Problem::new(400, "IMG.0030", "Project id and token do not match"))
}

/// Open to everybody.
fn versions(shared: &Shared) -> Response {
    let link = json!({"rel": "self", "href": format!("{}/v2/", shared.root())});
    let version = json!({"id": "v2.2", "status": "CURRENT", "links": [link]});
    answers::json(300, &json!({"versions": [version]}))
}

/// How a call on one image, or one of its members, is refused.
fn problem(shared: &Shared, refusal: &Refusal, image: &str, member: &str) -> Problem {
    let no_image = || Problem::new(404, "IMG.0027", format!("No image found with ID {image}"));
    let permanent = |status_as_glance: u16, code: &str, message: String| {
        let status = if shared.is_open_telekom_cloud() {
            status_as_glance
        } else {
            400
        };
        Problem::new(status, code, message)
    };
    match refusal {
        Refusal::ImageNotFound => no_image(),
        Refusal::MemberNotFound => Problem::new(
            404,
            "IMG.0113",
            format!("{member} not found in the member list of the image {image}."),
        ),
        Refusal::AlreadyMember => Problem::new(
            409,
            "IMG.0112",
            format!("The member {member} already exists for image {image}"),
        ),
        Refusal::NotShared => permanent(403, "IMG.0089", format!("Image {image} cannot be shared")),
        Refusal::MemberQuotaReached { quota } => permanent(
            413,
            "IMG.0088",
            format!("The image may have {quota} members at most"),
        ),
        Refusal::Protected => permanent(
            403,
            "IMG.0028",
            format!("Image {image} is protected and cannot be deleted."),
        ),
        Refusal::InUse => permanent(409, "IMG.0046", format!("Image {image} is in use")),
        Refusal::WrongState => permanent(400, "IMG.0046", format!("Image {image} is being deleted")),
        Refusal::NotAllowed => permanent(
            403,
            "IMG.0047",
            "Only the image owner has the permission".to_string(),
        ),
        Refusal::UnknownMarker | Refusal::HiddenMarker => {
            Problem::new(400, "IMG.0027", "The marker is no image".to_string())
        }
    }
}

fn parameters(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn bad_parameter(name: &str) -> Problem {
    Problem::new(400, "IMG.0001", format!("Invalid value of parameter {name}"))
}

fn bad_body(code: &str) -> Problem {
    Problem::new(400, code, "The request body is invalid")
}
