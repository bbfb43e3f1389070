//! One image: its form, showing it, deleting it.

use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::Value;

use super::problem;
use crate::{
    model::Visibility,
    providers::huawei::{
        simulated::{
            Shared,
            answers::{self, Problem},
        },
        wire::ims,
    },
    simulator::{Actor, ImageRecord, Refusal},
};

pub(super) const ENTERPRISE_PROJECT: &str = "enterprise_project_id";

pub(super) fn show(shared: &Shared, actor: &Actor, image: &str) -> Result<Response, Problem> {
    let mut world = shared.world();
    world.settle(shared.now());
    let shown = world.show_image(actor, image);
    let record = shown.map_err(|refusal| problem(shared, &refusal, image, ""))?;
    Ok(answers::json(200, &wire_image(shared, record)))
}

/// Always 204 where it is taken on; the image may stay visible for a while.
pub(super) fn delete(shared: &Shared, actor: &Actor, image: &str) -> Result<Response, Problem> {
    let deleted = shared.world().delete_image(actor, image, shared.now());
    deleted.map_err(|refusal| match refusal {
        Refusal::ImageNotFound if !shared.is_open_telekom_cloud() => {
            Problem::new(400, "IMG.0027", "The image does not exist")
        }
        other => problem(shared, &other, image, ""),
    })?;
    Ok(answers::empty(204))
}

/// Images are private until somebody is a member, and again when nobody is.
pub(super) fn visibility(record: &ImageRecord) -> Visibility {
    match record.visibility {
        Visibility::Public => Visibility::Public,
        Visibility::Shared if !record.members().is_empty() => Visibility::Shared,
        _ => Visibility::Private,
    }
}

pub(super) fn image_type(record: &ImageRecord) -> &'static str {
    match visibility(record) {
        Visibility::Public => "gold",
        Visibility::Shared => "shared",
        _ => "private",
    }
}

pub(super) fn enterprise_project(record: &ImageRecord) -> &str {
    let project = record.properties.get(ENTERPRISE_PROJECT);
    project.map_or("0", String::as_str)
}

pub(super) fn wire_image(shared: &Shared, record: &ImageRecord) -> ims::Image {
    let id = record.id().to_string();
    let link = format!("/v2/images/{id}");
    let created_at = record.created_at().to_string();
    let fields: [(&str, Value); 18] = [
        ("file", format!("{link}/file").into()),
        ("self", link.into()),
        ("schema", "/v2/schemas/image".into()),
        ("active_at", created_at.clone().into()),
        ("min_disk", 40.into()),
        ("min_ram", 0.into()),
        ("max_ram", "0".into()),
        ("size", 0.into()),
        ("container_format", "bare".into()),
        ("disk_format", "zvhd2".into()),
        ("virtual_env_type", "FusionCompute".into()),
        ("__os_type", "Linux".into()),
        ("__os_bit", "64".into()),
        ("__os_version", "Other Linux(64 bit)".into()),
        ("__isregistered", "true".into()),
        ("__whole_image", "false".into()),
        ("__support_kvm", "true".into()),
        ("__data_origin", "file".into()),
    ];
    let mut more: BTreeMap<String, Value> = fields.map(|(key, value)| (key.to_string(), value)).into();
    for (key, value) in &record.properties {
        // A property cannot take the place of a field.
        more.entry(key.clone()).or_insert_with(|| value.clone().into());
    }
    if !shared.is_open_telekom_cloud() {
        let project = enterprise_project(record).into();
        more.insert(ENTERPRISE_PROJECT.to_string(), project);
    }
    ims::Image {
        id,
        name: record.name.clone(),
        owner: record.owner().to_string(),
        status: record.status.clone(),
        visibility: visibility(record).as_str().to_string(),
        protected: record.protected,
        tags: record.tags.clone(),
        created_at,
        updated_at: record.updated_at.to_string(),
        image_size: record.size.map(|bytes| bytes.to_string()),
        image_type: Some(image_type(record).to_string()),
        os_hidden: None,
        more,
    }
}
