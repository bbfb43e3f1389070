//! Projects and accounts, and who may reach them.

use axum::response::Response;
use serde_json::{Value, json};

use super::{forbidden, invalid, links, parameters, parse_enabled, require_account_role};
use crate::{
    model::Id,
    providers::huawei::simulated::{
        Shared,
        access::Caller,
        answers::{self, Problem},
    },
    simulator::Project,
};

pub(super) fn list(shared: &Shared, caller: &Caller, query: &str) -> Result<Response, Problem> {
    require_account_role(caller)?;
    let (mut name, mut parent, mut enabled) = (None, None, true);
    let (mut page, mut per_page) = (None, None);
    for (key, value) in parameters(query) {
        let number = || value.parse::<usize>().ok().filter(|number| *number > 0);
        match key.as_str() {
            "domain_id" if value != caller.account.as_str() => return Err(forbidden()),
            "name" => name = Some(value),
            "parent_id" => parent = Some(Id::from(value)),
            "enabled" => enabled = parse_enabled(&value)?,
            "page" => page = Some(number().ok_or_else(|| invalid(&key))?),
            "per_page" => {
                let number = number().filter(|number| *number <= 5000);
                per_page = Some(number.ok_or_else(|| invalid(&key))?);
            }
            _ => {}
        }
    }
    let world = shared.world();
    // All projects are enabled, and lie right below their account.
    let found = world.projects().filter(|project| {
        enabled
            && project.account == caller.account
            && name.as_ref().is_none_or(|name| *name == project.name)
            && parent.as_ref().is_none_or(|parent| *parent == project.account)
    });
    let found: Vec<Value> = found.map(|project| row(shared, project)).collect();
    let shown = match (page, per_page) {
        (None, None) => found,
        (Some(page), Some(rows)) => found.into_iter().skip((page - 1) * rows).take(rows).collect(),
        _ => return Err(invalid("page")),
    };
    let url = format!("{}/projects", shared.auth_url());
    Ok(answers::json(
        200,
        &json!({"links": links(url), "projects": shown}),
    ))
}

pub(super) fn show(shared: &Shared, caller: &Caller, id: &str) -> Result<Response, Problem> {
    let world = shared.world();
    let project = world
        .project(id)
        .filter(|project| project.account == caller.account);
    let not_found = || Problem::new(404, "IAM.0004", format!("Could not find project: {id}."));
    let project = project.ok_or_else(not_found)?;
    Ok(answers::json(200, &json!({"project": row(shared, project)})))
}

/// Those in which the user has a role; nothing else is asked.
pub(super) fn list_reachable(shared: &Shared, caller: &Caller) -> Result<Response, Problem> {
    let world = shared.world();
    let user = world.user(caller.user.as_str()).ok_or_else(forbidden)?;
    let reachable = world.projects().filter(|project| {
        project.account == user.account && (user.account_owner || user.roles.contains_key(&project.id))
    });
    let projects: Vec<Value> = reachable.map(|project| row(shared, project)).collect();
    let url = format!("{}/auth/projects", shared.auth_url());
    Ok(answers::json(
        200,
        &json!({"links": links(url), "projects": projects}),
    ))
}

/// The user's own account, and no other.
pub(super) fn list_accounts(shared: &Shared, caller: &Caller) -> Result<Response, Problem> {
    let world = shared.world();
    let account = world.account(caller.account.as_str()).ok_or_else(forbidden)?;
    let row = json!({
        "id": account.id,
        "name": account.name,
        "enabled": true,
        "description": "",
        "links": {"self": format!("{}/domains/{}", shared.auth_url(), account.id)},
    });
    let url = format!("{}/auth/domains", shared.auth_url());
    Ok(answers::json(
        200,
        &json!({"links": links(url), "domains": [row]}),
    ))
}

fn row(shared: &Shared, project: &Project) -> Value {
    json!({
        "id": project.id,
        "name": project.name,
        "domain_id": project.account,
        "parent_id": project.account,
        "enabled": true,
        "is_domain": false,
        "description": "",
        "links": {"self": format!("{}/projects/{}", shared.auth_url(), project.id)},
    })
}
