//! `PATCH /v2/cloudimages/{image_id}`: a list of operations, all done or none.

use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::{bad_body, image::wire_image, problem};
use crate::{
    model::Visibility,
    providers::huawei::simulated::{
        Shared,
        answers::{self, Problem},
        dispatch::Incoming,
    },
    simulator::{Actor, ImageChange},
};

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
    let operations: Option<Vec<Operation>> = serde_json::from_slice(&incoming.body).ok();
    let changes: Option<Vec<ImageChange>> =
        operations.and_then(|operations| operations.into_iter().map(read).collect());
    let changes = changes.ok_or_else(|| bad_body("IMG.0001"))?;
    let mut world = shared.world();
    let changed = world.change_image(actor, image, changes, shared.now());
    let record = changed.map_err(|refusal| problem(shared, &refusal, image, ""))?;
    Ok(answers::json(200, &wire_image(shared, record)))
}

fn read(operation: Operation) -> Option<ImageChange> {
    let Operation { op, path, value } = operation;
    let key = path.strip_prefix('/').filter(|key| !key.is_empty())?;
    let removes = match op.as_str() {
        "add" | "replace" => false,
        "remove" => true,
        _ => return None,
    };
    let text = || value.as_str().map(ToString::to_string);
    match key {
        "name" if !removes => text().map(ImageChange::Name),
        "visibility" if !removes => {
            let visibility = value.as_str().and_then(Visibility::parse);
            visibility.map(ImageChange::Visibility)
        }
        // The vendor's own client sends every value as text.
        "protected" if !removes => {
            let word = text().and_then(|text| text.parse().ok());
            value.as_bool().or(word).map(ImageChange::Protected)
        }
        "tags" if !removes => serde_json::from_value(value).ok().map(ImageChange::Tags),
        "name" | "visibility" | "protected" | "tags" | "id" | "owner" | "status" | "size" | "created_at"
        | "updated_at" => None,
        _ if removes => Some(ImageChange::RemoveProperty(key.to_string())),
        _ => text().map(|text| ImageChange::SetProperty(key.to_string(), text)),
    }
}
