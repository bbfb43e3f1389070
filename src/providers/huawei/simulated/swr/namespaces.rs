//! `/v2/manage/namespaces`

use axum::response::Response;
use serde::Deserialize;

use super::{
    Context, Doing, Problem,
    access::number,
    done, names,
    problems::{invalid, refused},
    query::Parameters,
};
use crate::{
    model::Level,
    providers::huawei::{
        simulated::answers,
        wire::swr::{Namespace, NamespaceList},
    },
    simulator::registry::NamespaceRecord,
};

/// All at once.
pub(super) fn list(context: &Context<'_>) -> Result<Response, Problem> {
    let plain = Parameters::of_query(&context.incoming.query);
    let filter = plain.filter()?;
    let exact = plain.get("namespace");
    let (part, mode) = match &filter {
        Some(filter) => (filter.get("namespace"), filter.get("mode")),
        None => (None, plain.get("mode")),
    };
    let world = context.shared.world();
    let namespaces = world.list_namespaces(&context.actor).into_iter();
    let wanted = |name: &str| {
        let as_filtered = part.is_none_or(|part| name.contains(part));
        as_filtered && (filter.is_some() || exact.is_none_or(|exact| name == exact))
    };
    let rows = namespaces
        .filter(|(namespace, level)| {
            wanted(namespace.name().as_str()) && (level.is_some() || mode == Some("visible"))
        })
        // No document tells the level of one who may only see it.
        .map(|(namespace, level)| wire_namespace(namespace, level.unwrap_or(Level::Read)));
    let list = NamespaceList {
        namespaces: rows.collect(),
    };
    Ok(answers::json(200, &list))
}

pub(super) fn show(context: &Context<'_>, name: &str) -> Result<Response, Problem> {
    let world = context.shared.world();
    let shown = world.show_namespace(&context.actor, name);
    let (namespace, level) = shown.map_err(|refusal| refused(Doing::Namespace, refusal))?;
    Ok(answers::json(200, &wire_namespace(namespace, level)))
}

#[derive(Deserialize)]
struct NewNamespace {
    namespace: String,
}

pub(super) fn create(context: &Context<'_>) -> Result<Response, Problem> {
    let NewNamespace { namespace } = serde_json::from_slice(&context.incoming.body)
        .map_err(|_| invalid("the body names no organization"))?;
    names::check_namespace(&namespace)?;
    let created = context
        .shared
        .world()
        .create_namespace(&context.actor, &namespace);
    created.map_err(|refusal| refused(Doing::Namespace, refusal))?;
    Ok(done(201))
}

pub(super) fn delete(context: &Context<'_>, name: &str) -> Result<Response, Problem> {
    let now = context.shared.now();
    let deleted = context.shared.world().delete_namespace(&context.actor, name, now);
    deleted.map_err(|refusal| refused(Doing::Namespace, refusal))?;
    Ok(done(204))
}

fn wire_namespace(namespace: &NamespaceRecord, level: Level) -> Namespace {
    Namespace {
        id: namespace.id(),
        name: namespace.name().to_string(),
        creator_name: namespace.creator().name.clone(),
        auth: number(level),
    }
}
