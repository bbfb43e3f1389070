//! `PATCH /v2/images/{id}`: a list of operations, all done or none.

use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Shared,
    answers::{self, Problem},
    dispatch::Incoming,
    images::{invalid, no_image, text_list, wire_image},
    tokens::header,
};
use crate::{
    model::Visibility,
    simulator::{Actor, ImageChange, ImageRecord, Refusal},
};

const MEDIA_TYPE: &str = "application/openstack-images-v2.1-json-patch";

#[derive(Deserialize)]
struct Operation {
    op: String,
    path: String,
    #[serde(default)]
    value: Value,
}

pub(super) fn change(
    shared: &Shared,
    incoming: &Incoming,
    actor: &Actor,
    image: &str,
) -> Result<Response, Problem> {
    let media_type = header(&incoming.headers, "content-type").unwrap_or_default();
    if media_type != MEDIA_TYPE {
        let message = format!(
            "The request media type {media_type} is not supported by this server. Image PATCH expects \
             Content-Type one of: {MEDIA_TYPE}"
        );
        return Err(Problem::new(415, message));
    }
    let operations: Vec<Operation> = serde_json::from_slice(&incoming.body)
        .map_err(|_| Problem::new(400, "Request body must be a JSON array of operation objects."))?;

    let mut world = shared.world();
    world.settle(shared.now());
    let record = world.show_image(actor, image).map_err(|_| no_image(image))?;
    let changes: Result<Vec<_>, _> = operations
        .into_iter()
        .map(|operation| read(operation, record))
        .collect();
    let changed = world.change_image(actor, image, changes?, shared.now());
    let record = changed.map_err(|refusal| match refusal {
        Refusal::ImageNotFound => no_image(image),
        _ => Problem::new(403, "You are not authorized to complete modify_image action."),
    })?;
    Ok(answers::json(200, &wire_image(record)))
}

fn read(operation: Operation, record: &ImageRecord) -> Result<ImageChange, Problem> {
    let Operation { op, path, value } = operation;
    if !["add", "remove", "replace"].contains(&op.as_str()) {
        let message =
            format!("Invalid operation: `{op}`. It must be one of the following: add, remove, replace.");
        return Err(Problem::new(400, message));
    }
    let key = path
        .strip_prefix('/')
        .filter(|key| !key.is_empty() && !key.contains('/'));
    let key =
        key.ok_or_else(|| Problem::new(400, format!("Invalid JSON pointer for this resource: '{path}'")))?;
    match (key, op.as_str()) {
        ("name" | "visibility" | "protected" | "os_hidden" | "tags", "remove") => {
            Err(Problem::new(403, format!("Property {key} may not be removed.")))
        }
        ("name" | "visibility" | "protected" | "os_hidden" | "tags", _) => {
            field(key, value).ok_or_else(|| invalid(key))
        }
        (read_only, _) if READ_ONLY.contains(&read_only) => {
            Err(Problem::new(403, format!("Attribute '{key}' is read-only.")))
        }
        (_, "remove" | "replace") if !record.properties.contains_key(key) => {
            Err(Problem::new(409, format!("Property {key} does not exist.")))
        }
        (_, "remove") => Ok(ImageChange::RemoveProperty(key.to_string())),
        _ => match value {
            Value::String(text) => Ok(ImageChange::SetProperty(key.to_string(), text)),
            _ => Err(invalid(key)),
        },
    }
}

/// The last five can be changed in a real cloud; here nothing hangs on them.
const READ_ONLY: &[&str] = &[
    "id",
    "status",
    "size",
    "virtual_size",
    "checksum",
    "created_at",
    "updated_at",
    "self",
    "file",
    "schema",
    "owner",
    "container_format",
    "disk_format",
    "min_disk",
    "min_ram",
];

fn field(key: &str, value: Value) -> Option<ImageChange> {
    match key {
        "name" => value.as_str().map(|name| ImageChange::Name(name.to_string())),
        "visibility" => value
            .as_str()
            .and_then(Visibility::parse)
            .map(ImageChange::Visibility),
        "protected" => value.as_bool().map(ImageChange::Protected),
        "os_hidden" => value.as_bool().map(ImageChange::Hidden),
        _ => text_list(value).map(ImageChange::Tags),
    }
}
