//! `GET /v3.0/OS-CREDENTIAL/credentials`, and one of them by its access key.
//! Temporary keys are known to neither. `POST` makes a pair of keys.

use axum::response::Response;
use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{parameters, require_account_role};
use crate::{
    providers::huawei::simulated::{
        Shared,
        access::Caller,
        answers::{self, Problem},
        dispatch::Incoming,
    },
    simulator::AccessKey,
};

/// Whose key it is; open to its user and to whoever may list users.
pub(super) fn show(shared: &Shared, caller: &Caller, access_key: &str) -> Result<Response, Problem> {
    let world = shared.world();
    let not_found = || {
        Problem::new(
            404,
            "IAM.0004",
            format!("Could not find credential {access_key}."),
        )
    };
    let key = world.access_key(access_key).filter(|key| {
        let user = world.user(key.user.as_str());
        key.security_token.is_none() && user.is_some_and(|user| user.account == caller.account)
    });
    let key = key.ok_or_else(not_found)?;
    if key.user != caller.user {
        require_account_role(caller)?;
    }
    Ok(answers::json(200, &json!({"credential": row(key)})))
}

/// The keys of one user; without a word of whom, the caller's own.
pub(super) fn list(shared: &Shared, caller: &Caller, query: &str) -> Result<Response, Problem> {
    let named = parameters(query).find(|(name, _)| name == "user_id");
    let user = named.map_or_else(|| caller.user.clone(), |(_, id)| id.as_str().into());
    if user != caller.user {
        require_account_role(caller)?;
    }
    let world = shared.world();
    let in_account = world
        .user(user.as_str())
        .is_some_and(|user| user.account == caller.account);
    let keys = world.access_keys();
    let shown = keys.filter(|key| in_account && key.user == user && key.security_token.is_none());
    let rows: Vec<Value> = shown.map(row).collect();
    Ok(answers::json(200, &json!({ "credentials": rows })))
}

#[derive(Deserialize)]
struct NewKeys {
    credential: KeysOf,
}

#[derive(Deserialize)]
struct KeysOf {
    user_id: String,
}

/// The only answer that ever holds the secret half.
pub(super) fn create(shared: &Shared, caller: &Caller, incoming: &Incoming) -> Result<Response, Problem> {
    let new: NewKeys = serde_json::from_slice(&incoming.body)
        .map_err(|_| Problem::new(400, "IAM.0011", "Request body is invalid."))?;
    let id = new.credential.user_id;
    if id != caller.user.as_str() {
        require_account_role(caller)?;
    }
    let mut world = shared.world();
    let user = world.user(&id).filter(|user| user.account == caller.account);
    let not_found = || Problem::new(404, "IAM.0004", format!("Could not find user: {id}."));
    let user = user.ok_or_else(not_found)?.id.clone();
    let key = world.add_access_key(&user, shared.now());
    let mut made = row(&key);
    made["secret"] = key.secret_key.into();
    Ok(answers::json(201, &json!({ "credential": made })))
}

fn row(key: &AccessKey) -> Value {
    json!({
        "access": key.access_key,
        "user_id": key.user,
        "status": if key.enabled { "active" } else { "inactive" },
        "create_time": microseconds(key.created_at),
        "description": "",
    })
}

/// The form the service gives, with its six digits even where they are zero.
pub(super) fn microseconds(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%dT%H:%M:%S.%6fZ")
        .to_string()
}
