//! `GET /v3/users`, and one user: `GET /v3/users/{user_id}`, and with more to
//! tell `GET /v3.0/OS-USER/users/{user_id}`.

use axum::response::Response;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::{forbidden, invalid, links, parameters, parse_enabled, require_account_role};
use crate::{
    providers::huawei::simulated::{
        Shared,
        access::Caller,
        answers::{self, Problem},
    },
    simulator::User,
};

/// Without a word about it, only the enabled users.
pub(super) fn list(shared: &Shared, caller: &Caller, query: &str) -> Result<Response, Problem> {
    require_account_role(caller)?;
    let (mut enabled, mut name) = (true, None);
    for (key, value) in parameters(query) {
        match key.as_str() {
            "domain_id" if value != caller.account.as_str() => return Err(forbidden()),
            "enabled" => enabled = parse_enabled(&value)?,
            "name" => name = Some(value),
            // In this world no password expires.
            "password_expires_at" if !value.contains(':') => return Err(invalid(&key)),
            _ => {}
        }
    }
    let world = shared.world();
    let users = world.users().filter(|user| {
        user.account == caller.account
            && user.enabled == enabled
            && name.as_ref().is_none_or(|name| *name == user.name)
    });
    let users: Vec<Value> = users.map(|user| row(shared, user)).collect();
    let url = format!(
        "{}/users?domain_id={}&enabled={enabled}",
        shared.auth_url(),
        caller.account
    );
    Ok(answers::json(200, &json!({"links": links(url), "users": users})))
}

fn row(shared: &Shared, user: &User) -> Value {
    let mut row = json!({
        "id": user.id,
        "name": user.name,
        "domain_id": user.account,
        "enabled": user.enabled,
        "description": attribute(user, "description"),
        "last_project_id": user.home.as_ref().map_or("", |home| home.as_str()),
        "password_expires_at": null,
        "pwd_status": false,
        "pwd_strength": "high",
        "links": {"self": format!("{}/users/{}", shared.auth_url(), user.id)},
    });
    if shared.options.lists_emails && !user.email.is_empty() {
        row["email"] = user.email.clone().into();
    }
    row
}

fn attribute<'a>(user: &'a User, name: &str) -> &'a str {
    user.attributes.get(name).map_or("", String::as_str)
}

/// Less than [`show`] tells.
pub(super) fn show_row(shared: &Shared, caller: &Caller, id: &str) -> Result<Response, Problem> {
    let user = user_of(shared, caller, id)?;
    Ok(answers::json(200, &json!({"user": row(shared, &user)})))
}

/// Open to whoever may list users, and to the user.
fn user_of(shared: &Shared, caller: &Caller, id: &str) -> Result<User, Problem> {
    if caller.user.as_str() != id {
        require_account_role(caller)?;
    }
    let world = shared.world();
    let user = world.user(id).filter(|user| user.account == caller.account);
    let not_found = || Problem::new(404, "IAM.0004", format!("Could not find user: {id}."));
    user.cloned().ok_or_else(not_found)
}

pub(super) fn show(shared: &Shared, caller: &Caller, id: &str) -> Result<Response, Problem> {
    let user = user_of(shared, caller, id)?;
    let mut body = json!({
        "id": user.id,
        "name": user.name,
        "domain_id": user.account,
        "enabled": user.enabled,
        "is_domain_owner": user.account_owner,
        "access_mode": "default",
        "areacode": "",
        "phone": "",
        "email": user.email,
        "description": "",
        "xuser_id": "",
        "xuser_type": "",
        "pwd_status": false,
        "pwd_strength": "Strong",
        "create_time": null,
        "update_time": null,
        "pwd_create_time": null,
        "modify_pwd_time": null,
        "last_login_time": user.last_login.map(without_zone),
        "last_pwd_auth_time": user.last_login.map(without_zone),
        "links": {"self": format!("{}/users/{}", shared.auth_url(), user.id)},
    });
    for (name, text) in &user.attributes {
        body[name] = text.clone().into();
    }
    Ok(answers::json(200, &json!({ "user": body })))
}

/// A space, no zone, one digit after the second.
fn without_zone(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%d %H:%M:%S.%1f")
        .to_string()
}
