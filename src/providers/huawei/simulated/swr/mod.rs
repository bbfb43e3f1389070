//! SWR: `/v2/manage`, and what newer clouds have under `/v3/manage`.
//!
//! The project of a token only picks the region: namespaces belong to the
//! account, and what a caller may do is the registry's own affair.

use axum::response::Response;
use serde_json::json;

use self::problems::Doing;
use super::{
    Shared,
    access::Caller,
    answers::{self, header},
    dispatch::Incoming,
};
use crate::{
    config::types::Flavour,
    providers::simulated::answers::empty,
    simulator::registry::{Place, RegistryActor},
};

pub(super) use super::answers::Problem;

mod access;
mod listing;
mod names;
mod namespaces;
mod problems;
mod query;
mod repositories;
mod rows;
mod shares;

/// How the registry speaks, where clouds differ or the documents leave it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistryOptions {
    /// A list of permissions holds the caller's own among the others.
    pub others_include_caller: bool,
    /// The caller's own permission is `null`, whatever it is.
    pub hides_own_level: bool,
    /// A list without rows is `null`, and so is a permission without a row.
    pub nulls: bool,
    /// Even a `GET` is refused without a `Content-Type`.
    pub content_type_required: bool,
    /// Repositories and tags on a page when no limit is asked for.
    pub page_default: usize,
    /// Larger limits are refused.
    pub page_max: usize,
    /// Accounts that a repository's list names at most; no second page exists.
    pub listed_shares_max: usize,
    /// Repositories can be listed by marker as well.
    pub lists_by_marker: bool,
    /// Refusals about shares are no list and hold one code.
    pub share_refusals_are_flat: bool,
}

impl RegistryOptions {
    /// What differs between the flavours, and the likelier traps.
    pub fn of(flavour: Flavour) -> RegistryOptions {
        let newer = flavour == Flavour::HuaweiCloud;
        RegistryOptions {
            others_include_caller: true,
            hides_own_level: false,
            nulls: true,
            content_type_required: true,
            page_default: 100,
            page_max: 1000,
            listed_shares_max: 100,
            lists_by_marker: newer,
            share_refusals_are_flat: newer,
        }
    }
}

/// Everything a call needs beside its own names.
struct Context<'a> {
    shared: &'a Shared,
    incoming: &'a Incoming,
    actor: RegistryActor,
}

impl Context<'_> {
    fn options(&self) -> &RegistryOptions {
        &self.shared.options.registry
    }
}

pub(super) fn answer(shared: &Shared, incoming: &Incoming) -> Response {
    let caller = match shared.caller(incoming) {
        Ok(caller) => caller,
        Err(problem) => return answers::gateway(&problem),
    };
    let answered = check(shared, incoming, &caller).and_then(|actor| {
        let context = Context {
            shared,
            incoming,
            actor,
        };
        route(&context, &incoming.segments())
    });
    answered.unwrap_or_else(|problem| refuse(shared, incoming, &problem))
}

/// In the form that the call has.
pub(super) fn refuse(shared: &Shared, incoming: &Incoming, problem: &Problem) -> Response {
    let of_share = incoming.path.iter().any(|segment| segment == "access-domains");
    if of_share && shared.options.registry.share_refusals_are_flat {
        let body = json!({"errorCode": problem.code, "errorMessage": problem.message});
        return answers::json(problem.status, &body);
    }
    answers::registry(shared, problem)
}

fn check(shared: &Shared, incoming: &Incoming, caller: &Caller) -> Result<RegistryActor, Problem> {
    if caller.project.is_none() {
        return Err(problems::unavailable());
    }
    let media_type = header(&incoming.headers, "content-type").unwrap_or_default();
    let is_json = media_type.to_lowercase().contains("application/json");
    if !is_json && (shared.options.registry.content_type_required || !media_type.is_empty()) {
        return Err(problems::invalid("Content-Type must be application/json"));
    }
    let actor = shared.world().registry_actor(caller.user.as_str());
    actor.ok_or_else(problems::unavailable)
}

fn route(context: &Context<'_>, path: &[&str]) -> Result<Response, Problem> {
    if path.iter().any(|segment| segment.contains('/')) {
        return Err(problems::no_such_url());
    }
    let method = context.incoming.method.as_str();
    match (method, path) {
        ("GET", ["v3", "manage", "repos"]) if context.options().lists_by_marker => {
            listing::by_marker(context)
        }
        ("GET", ["v2", "manage", "repos"]) => listing::own(context),
        ("GET", ["v2", "manage", "shared-repositories"]) => listing::shared(context),
        ("GET", ["v2", "manage", "namespaces"]) => namespaces::list(context),
        ("POST", ["v2", "manage", "namespaces"]) => namespaces::create(context),
        (_, ["v2", "manage", "namespaces", namespace, below @ ..]) if !namespace.is_empty() => {
            names::check_namespace(namespace)?;
            in_namespace(context, method, namespace, below)
        }
        _ => Err(problems::no_such_url()),
    }
}

fn in_namespace(
    context: &Context<'_>,
    method: &str,
    namespace: &str,
    path: &[&str],
) -> Result<Response, Problem> {
    match (method, path) {
        ("GET", []) => namespaces::show(context, namespace),
        ("DELETE", []) => namespaces::delete(context, namespace),
        (_, ["access"]) => permissions(context, method, Place::Namespace(namespace)),
        ("POST", ["repos"]) => repositories::create(context, namespace),
        (_, ["repos" | "repositories", "", ..]) => Err(problems::no_such_url()),
        (_, [word @ ("repos" | "repositories"), name, below @ ..]) => {
            let name = name.replace('$', "/");
            names::check_repository(&name)?;
            in_repository(context, method, (namespace, &name), word, below)
        }
        _ => Err(problems::no_such_url()),
    }
}

/// Some calls want the one word for repositories, some the other.
fn in_repository(
    context: &Context<'_>,
    method: &str,
    repository: (&str, &str),
    word: &str,
    path: &[&str],
) -> Result<Response, Problem> {
    match (method, word, path) {
        ("GET", "repos", []) => repositories::show(context, repository),
        ("PATCH", "repos", []) => repositories::change(context, repository),
        ("DELETE", "repos", []) => repositories::delete(context, repository),
        ("GET", "repos", ["tags"]) => listing::tags(context, repository),
        (_, "repos", ["access"]) => {
            permissions(context, method, Place::Repository(repository.0, repository.1))
        }
        ("GET", "repositories", ["access-domains"]) => shares::list(context, repository),
        ("POST", "repositories", ["access-domains"]) => shares::create(context, repository),
        (_, "repositories", ["access-domains", account]) if !account.is_empty() => match method {
            "GET" => shares::show(context, repository, account),
            "PATCH" => shares::change(context, repository, account),
            "DELETE" => shares::delete(context, repository, account),
            _ => Err(problems::no_such_url()),
        },
        _ => Err(problems::no_such_url()),
    }
}

fn permissions(context: &Context<'_>, method: &str, place: Place<'_>) -> Result<Response, Problem> {
    match method {
        "GET" => access::show(context, place),
        "POST" => access::grant(context, place),
        "PATCH" => access::change(context, place),
        "DELETE" => access::remove(context, place),
        _ => Err(problems::no_such_url()),
    }
}

/// What the calls that change something and succeed answer with.
fn done(status: u16) -> Response {
    match status {
        204 => empty(204),
        _ => answers::json(status, &json!({})),
    }
}
