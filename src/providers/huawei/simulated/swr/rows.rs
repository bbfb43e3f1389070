//! How repositories and tags look on the wire; each call has names of its own
//! for the same things.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::Context;
use crate::{
    providers::huawei::wire::swr::Repository,
    simulator::{
        World,
        registry::{Listed, TagRecord},
    },
};

/// With its nine digits, even where they are zero.
pub(super) fn nanoseconds(at: Timestamp) -> String {
    let utc = at.to_zoned(TimeZone::UTC);
    utc.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string()
}

/// `status` says something of received shares alone.
pub(super) fn listed(
    context: &Context<'_>,
    world: &World,
    (namespace, repository): Listed<'_>,
    status: bool,
    total: usize,
) -> Value {
    let tags: Vec<String> = repository.tags.iter().map(|tag| tag.name.clone()).collect();
    let row = Repository {
        name: repository.name().to_string(),
        namespace: namespace.name().to_string(),
        domain_name: owner_name(world, (namespace, repository)),
        category: repository.category.clone(),
        description: repository.description.clone(),
        size: repository.size(),
        is_public: repository.public,
        num_images: count(tags.len()),
        num_download: repository.downloads,
        created_at: nanoseconds(repository.created_at),
        updated_at: nanoseconds(repository.updated_at),
        path: path(context, (namespace, repository)),
        internal_path: internal_path((namespace, repository)),
        tags: (!tags.is_empty() || !context.options().nulls).then_some(tags),
        total_range: Some(count(total)),
    };
    let mut row = json!(row);
    row["status"] = status.into();
    row["logo"] = "".into();
    row["url"] = "".into();
    row
}

pub(super) fn listed_by_marker(world: &World, (namespace, repository): Listed<'_>) -> Value {
    json!({
        "id": repository.id(),
        "name": repository.name(),
        "namespace_name": namespace.name(),
        "domain_name": owner_name(world, (namespace, repository)),
        "category": repository.category,
        "description": repository.description,
        "size": repository.size(),
        "is_public": repository.public,
        "num_images": repository.tags.len(),
        "num_download": repository.downloads,
        "created_at": nanoseconds(repository.created_at),
        "updated_at": nanoseconds(repository.updated_at),
        "status": false,
    })
}

pub(super) fn alone(context: &Context<'_>, (namespace, repository): Listed<'_>) -> Value {
    json!({
        "id": repository.id(),
        "ns_id": namespace.id(),
        "name": repository.name(),
        "category": repository.category,
        "description": repository.description,
        "creator_id": repository.creator.user,
        "creator_name": repository.creator.name,
        "size": repository.size(),
        "is_public": repository.public,
        "num_images": repository.tags.len(),
        "num_download": repository.downloads,
        "url": "",
        "path": path(context, (namespace, repository)),
        "internal_path": internal_path((namespace, repository)),
        "created": nanoseconds(repository.created_at),
        "updated": nanoseconds(repository.updated_at),
        "domain_id": namespace.account(),
        "priority": 0,
    })
}

pub(super) fn tag(context: &Context<'_>, listed: Listed<'_>, number: usize, tag: &TagRecord) -> Value {
    let image = format!("{:064x}", listed.1.id() * 1000 + count(number));
    json!({
        "id": number + 1,
        "repo_id": listed.1.id(),
        "Tag": tag.name,
        "image_id": image,
        "manifest": "",
        "digest": format!("sha256:{image}"),
        "schema": 2,
        "path": format!("{}:{}", path(context, listed), tag.name),
        "internal_path": format!("{}:{}", internal_path(listed), tag.name),
        "size": tag.size,
        "is_trusted": false,
        "created": nanoseconds(tag.created_at),
        "updated": nanoseconds(tag.updated_at),
        "deleted": null,
        "domain_id": listed.0.account(),
        "scanned": false,
        "tag_type": 0,
    })
}

fn owner_name(world: &World, (namespace, _): Listed<'_>) -> String {
    let account = world.account(namespace.account().as_str());
    account.map_or_else(String::new, |account| account.name.clone())
}

/// What a container runtime would pull; nobody answers there.
fn path(context: &Context<'_>, (namespace, repository): Listed<'_>) -> String {
    let region = &context.shared.options.region;
    format!("swr.{region}.example/{}/{}", namespace.name(), repository.name())
}

fn internal_path((namespace, repository): Listed<'_>) -> String {
    format!("10.0.0.1:20202/{}/{}", namespace.name(), repository.name())
}

fn count(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}
