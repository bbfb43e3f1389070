//! The image service: its routes, and the calls on one image.

use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{
    Shared,
    answers::{self, Problem},
    dispatch::Incoming,
    listing, members, patch,
    tokens::header,
};
use crate::{
    model::{Id, Visibility},
    providers::openstack::wire,
    simulator::{Actor, ImageRecord, NewImage, Refusal, Role},
};

pub(super) fn answer(shared: &Shared, incoming: &Incoming) -> Response {
    let path: Vec<&str> = incoming.path.iter().map(String::as_str).collect();
    // Versions are negotiated before anybody is asked for a token.
    match path.as_slice() {
        ["v2"] => return redirected(shared),
        ["v2", ..] => {}
        ["versions"] => return versions(shared, 200),
        _ => return versions(shared, 300),
    }
    let answered = shared
        .actor(&incoming.headers)
        .and_then(|actor| route(shared, incoming, &actor, &path[1..]));
    let accept = header(&incoming.headers, "accept");
    answered.unwrap_or_else(|problem| {
        let response = answers::glance_problem(accept, &problem);
        match (problem.status, allowed_methods(&path[1..])) {
            (405, Some(allowed)) => answers::with_header(response, "allow", allowed),
            _ => response,
        }
    })
}

fn route(shared: &Shared, incoming: &Incoming, actor: &Actor, path: &[&str]) -> Result<Response, Problem> {
    match (incoming.method.as_str(), path) {
        ("GET", ["images"]) => listing::list(shared, actor, &incoming.query),
        ("POST", ["images"]) => create(shared, incoming, actor),
        ("GET", ["images", image]) => show(shared, actor, image),
        ("PATCH", ["images", image]) => patch::change(shared, incoming, actor, image),
        ("DELETE", ["images", image]) => delete(shared, actor, image),
        ("GET", ["images", image, "members"]) => members::list(shared, actor, image),
        ("POST", ["images", image, "members"]) => members::add(shared, incoming, actor, image),
        ("GET", ["images", image, "members", member]) => members::show(shared, actor, image, member),
        ("PUT", ["images", image, "members", member]) => {
            members::update(shared, incoming, actor, image, member)
        }
        ("DELETE", ["images", image, "members", member]) => members::remove(shared, actor, image, member),
        (method, _) if allowed_methods(path).is_some() => Err(Problem::new(
            405,
            format!("The method {method} is not allowed for this resource. "),
        )),
        _ => Err(Problem::new(404, "The resource could not be found.")),
    }
}

fn allowed_methods(path: &[&str]) -> Option<&'static str> {
    match path {
        ["images"] | ["images", _, "members"] => Some("GET, POST"),
        ["images", image] if !image.is_empty() => Some("GET, PATCH, DELETE"),
        ["images", _, "members", _] => Some("GET, PUT, DELETE"),
        _ => None,
    }
}

fn redirected(shared: &Shared) -> Response {
    answers::with_header(
        answers::empty(302),
        "location",
        &format!("{}/v2/", shared.image_root()),
    )
}

fn versions(shared: &Shared, status: u16) -> Response {
    let version = |id: &str, status: &str| {
        let link = json!({"rel": "self", "href": format!("{}/v2/", shared.image_root())});
        json!({"id": id, "status": status, "links": [link]})
    };
    let versions = [version("v2.15", "CURRENT"), version("v2.0", "SUPPORTED")];
    answers::json(status, &json!({ "versions": versions }))
}

fn show(shared: &Shared, actor: &Actor, image: &str) -> Result<Response, Problem> {
    let mut world = shared.world();
    world.settle(shared.now());
    let record = world.show_image(actor, image).map_err(|_| no_image(image))?;
    Ok(answers::json(200, &wire_image(record)))
}

fn delete(shared: &Shared, actor: &Actor, image: &str) -> Result<Response, Problem> {
    let deleted = shared.world().delete_image(actor, image, shared.now());
    match deleted {
        Ok(()) => Ok(answers::empty(204)),
        Err(Refusal::ImageNotFound) => Err(Problem::new(
            404,
            format!("Failed to find image {image} to delete"),
        )),
        Err(Refusal::Protected) => Err(Problem::new(
            403,
            format!("Image {image} is protected and cannot be deleted."),
        )),
        Err(Refusal::InUse) => Err(Problem::new(
            409,
            format!("Image {image} could not be deleted because it is in use: The image cannot be deleted."),
        )),
        Err(Refusal::WrongState) => Err(Problem::new(
            400,
            "Image status transition from pending_delete to pending_delete is not allowed",
        )),
        Err(_) => Err(Problem::new(
            403,
            "You are not authorized to complete delete_image action.",
        )),
    }
}

fn create(shared: &Shared, incoming: &Incoming, actor: &Actor) -> Result<Response, Problem> {
    let body: Map<String, Value> = serde_json::from_slice(&incoming.body)
        .map_err(|_| Problem::new(400, "Malformed JSON in request body."))?;
    if actor.role == Role::Reader {
        return Err(Problem::new(
            403,
            "You are not authorized to complete add_image action.",
        ));
    }
    let now = shared.now();
    let mut image = NewImage::shared("", &actor.project, now);
    image.status = "queued".to_string();
    image.size = None;
    for (key, value) in body {
        read_field(&mut image, key, value)?;
    }
    if image.visibility == Visibility::Public && actor.role != Role::Admin {
        return Err(Problem::new(
            403,
            "You are not authorized to complete publicize_image action.",
        ));
    }
    let mut world = shared.world();
    if let Some(id) = &image.id
        && world.image(id.as_str()).is_some()
    {
        return Err(Problem::new(409, format!("Image ID {id} already exists!")));
    }
    let id = world.add_image(image);
    let record = world.image(id.as_str()).ok_or_else(|| no_image(id.as_str()))?;
    let location = format!("{}/v2/images/{id}", shared.image_root());
    Ok(answers::with_header(
        answers::json(201, &wire_image(record)),
        "location",
        &location,
    ))
}

fn read_field(image: &mut NewImage, key: String, value: Value) -> Result<(), Problem> {
    match (key.as_str(), value) {
        ("id", Value::String(id)) => image.id = Some(Id::from(id)),
        ("name", Value::Null) => {}
        ("name", Value::String(name)) => image.name = name,
        ("visibility", Value::String(word)) => {
            image.visibility = Visibility::parse(&word).ok_or_else(|| invalid("visibility"))?;
        }
        ("protected", Value::Bool(protected)) => image.protected = protected,
        ("os_hidden", Value::Bool(hidden)) => image.hidden = hidden,
        ("tags", value) => image.tags = text_list(value).ok_or_else(|| invalid("tags"))?,
        // The world's images have no data, so nothing hangs on their form.
        ("container_format" | "disk_format" | "min_disk" | "min_ram", _) => {}
        ("owner", Value::String(owner)) if owner == image.owner.as_str() => {}
        ("owner" | "status" | "size" | "created_at" | "updated_at" | "self" | "file" | "schema", _) => {
            return Err(Problem::new(403, format!("Attribute '{key}' is read-only.")));
        }
        (_, Value::String(text)) => drop(image.properties.insert(key, text)),
        _ => return Err(invalid(&key)),
    }
    Ok(())
}

pub(super) fn text_list(value: Value) -> Option<Vec<String>> {
    serde_json::from_value(value).ok()
}

pub(super) fn invalid(key: &str) -> Problem {
    Problem::new(
        400,
        format!("Provided object does not match schema 'image': bad value of '{key}'"),
    )
}

pub(super) fn no_image(image: &str) -> Problem {
    Problem::new(404, format!("No image found with ID {image}"))
}

pub(super) fn wire_image(record: &ImageRecord) -> wire::Image {
    let id = record.id().to_string();
    let link = format!("/v2/images/{id}");
    let mut more: BTreeMap<String, Value> = [
        ("container_format", "bare".into()),
        ("disk_format", "qcow2".into()),
        ("min_disk", 0.into()),
        ("min_ram", 0.into()),
        ("checksum", Value::Null),
        ("os_hash_algo", Value::Null),
        ("os_hash_value", Value::Null),
        ("virtual_size", Value::Null),
        ("file", format!("{link}/file").into()),
        ("self", link.into()),
        ("schema", "/v2/schemas/image".into()),
    ]
    .map(|(key, value)| (key.to_string(), value))
    .into();
    for (key, value) in &record.properties {
        // A property cannot take the place of a field.
        more.entry(key.clone()).or_insert_with(|| value.clone().into());
    }
    wire::Image {
        id,
        name: (!record.name.is_empty()).then(|| record.name.clone()),
        owner: Some(record.owner().to_string()),
        status: record.status.clone(),
        visibility: record.visibility.as_str().to_string(),
        protected: record.protected,
        os_hidden: record.hidden,
        size: record.size,
        tags: record.tags.clone(),
        created_at: record.created_at(),
        updated_at: record.updated_at,
        more,
    }
}
