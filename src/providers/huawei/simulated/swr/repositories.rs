//! One repository: shown, made, changed, deleted.

use axum::response::Response;
use serde::Deserialize;

use super::{
    Context, Doing, Problem, done, names,
    problems::{invalid, refused},
    rows,
};
use crate::{
    providers::huawei::simulated::answers,
    simulator::registry::{NewRepository, RegistryRefusal, RepositoryChange},
};

pub(super) fn show(context: &Context<'_>, (namespace, name): (&str, &str)) -> Result<Response, Problem> {
    let world = context.shared.world();
    let listed = world
        .show_repository(&context.actor, namespace, name)
        .map_err(problem)?;
    Ok(answers::json(200, &rows::alone(context, listed)))
}

#[derive(Deserialize)]
struct CreateRepository {
    repository: String,
    is_public: bool,
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

pub(super) fn create(context: &Context<'_>, namespace: &str) -> Result<Response, Problem> {
    let given: CreateRepository = serde_json::from_slice(&context.incoming.body)
        .map_err(|_| invalid("the body needs repository and is_public"))?;
    names::check_repository(&given.repository)?;
    let new = NewRepository {
        name: given.repository,
        public: given.is_public,
        category: known_category(given.category)?.unwrap_or_else(|| "other".to_string()),
        description: given.description.unwrap_or_default(),
    };
    let now = context.shared.now();
    let mut world = context.shared.world();
    world
        .create_repository(&context.actor, namespace, new, now)
        .map_err(problem)?;
    Ok(done(201))
}

#[derive(Deserialize)]
struct ChangeRepository {
    #[serde(default)]
    is_public: Option<bool>,
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

pub(super) fn change(context: &Context<'_>, (namespace, name): (&str, &str)) -> Result<Response, Problem> {
    let given: ChangeRepository = serde_json::from_slice(&context.incoming.body)
        .map_err(|_| invalid("the body is no change of a repository"))?;
    let change = RepositoryChange {
        public: given.is_public,
        category: known_category(given.category)?,
        description: given.description,
    };
    let now = context.shared.now();
    let mut world = context.shared.world();
    world
        .change_repository(&context.actor, namespace, name, change, now)
        .map_err(problem)?;
    Ok(done(201))
}

pub(super) fn delete(context: &Context<'_>, (namespace, name): (&str, &str)) -> Result<Response, Problem> {
    let now = context.shared.now();
    let mut world = context.shared.world();
    world
        .delete_repository(&context.actor, namespace, name, now)
        .map_err(problem)?;
    Ok(done(204))
}

const CATEGORIES: &[&str] = &[
    "app_server",
    "linux",
    "framework_app",
    "database",
    "lang",
    "windows",
    "arm",
    "other",
];

fn known_category(category: Option<String>) -> Result<Option<String>, Problem> {
    match category {
        Some(category) if !CATEGORIES.contains(&category.as_str()) => Err(invalid("category is unknown")),
        category => Ok(category),
    }
}

fn problem(refusal: RegistryRefusal) -> Problem {
    refused(Doing::Repository, refusal)
}
