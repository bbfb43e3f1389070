//! IAM: `/v3` and `/v3.0`.

use axum::response::Response;
use serde_json::json;

use super::{
    Shared,
    access::Caller,
    answers::{self, Problem},
    dispatch::Incoming,
};

mod catalogue;
mod keys;
mod login;
mod projects;
mod users;

pub(super) fn answer(shared: &Shared, incoming: &Incoming) -> Response {
    let path = incoming.segments();
    let answered = match (incoming.method.as_str(), path.as_slice()) {
        ("GET", ["v3"] | ["v3", ""]) => return version(shared),
        ("POST", ["v3", "auth", "tokens"]) => login::log_in(shared, incoming),
        _ => match shared.caller(incoming) {
            Ok(caller) => route(shared, incoming, &caller, &path),
            Err(problem) => return answers::gateway(&problem),
        },
    };
    answered.unwrap_or_else(|problem| match problem.code.as_str() {
        answers::NO_SUCH_CALL => answers::gateway(&problem),
        _ => answers::identity(shared, &problem),
    })
}

fn route(shared: &Shared, incoming: &Incoming, caller: &Caller, path: &[&str]) -> Result<Response, Problem> {
    match (incoming.method.as_str(), path) {
        ("GET", ["v3", "auth", "tokens"]) => login::validate(shared, incoming),
        ("GET", ["v3", "users"]) => users::list(shared, caller, &incoming.query),
        ("GET", ["v3", "users", user]) => users::show_row(shared, caller, user),
        ("GET", ["v3.0", "OS-USER", "users", user]) => users::show(shared, caller, user),
        ("GET", ["v3", "projects"]) => projects::list(shared, caller, &incoming.query),
        ("GET", ["v3", "projects", project]) => projects::show(shared, caller, project),
        ("GET", ["v3", "auth", "projects"]) => projects::list_reachable(shared, caller),
        ("GET", ["v3", "auth", "domains"]) => projects::list_accounts(shared, caller),
        ("GET", ["v3.0", "OS-CREDENTIAL", "credentials"]) => keys::list(shared, caller, &incoming.query),
        ("POST", ["v3.0", "OS-CREDENTIAL", "credentials"]) => keys::create(shared, caller, incoming),
        ("GET", ["v3.0", "OS-CREDENTIAL", "credentials", key]) => keys::show(shared, caller, key),
        _ => Err(answers::no_such_call()),
    }
}

/// Open to everybody.
fn version(shared: &Shared) -> Response {
    let media_type =
        json!({"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"});
    let version = json!({
        "id": "v3.6",
        "status": "stable",
        "updated": "2016-04-04T00:00:00Z",
        "links": [{"rel": "self", "href": format!("{}/", shared.auth_url())}],
        "media-types": [media_type],
    });
    answers::json(200, &json!({ "version": version }))
}

/// What is about the account as a whole is open to those who act as the
/// account and have a role in it.
fn require_account_role(caller: &Caller) -> Result<(), Problem> {
    if caller.project.is_none() && caller.role.is_some() {
        return Ok(());
    }
    Err(forbidden())
}

fn forbidden() -> Problem {
    let message = "You are not authorized to perform the requested action.";
    Problem::new(403, "IAM.0002", message)
}

fn parameters(query: &str) -> impl Iterator<Item = (String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned()
}

fn invalid(name: &str) -> Problem {
    Problem::new(400, "IAM.0011", format!("Invalid value of parameter {name}."))
}

fn parse_enabled(value: &str) -> Result<bool, Problem> {
    value.to_lowercase().parse().map_err(|_| invalid("enabled"))
}

/// Everything comes in one page, with links nevertheless.
fn links(itself: String) -> serde_json::Value {
    json!({"self": itself, "previous": null, "next": null})
}
