//! `GET /v3.0/OS-CREDENTIAL/credentials/{access_key}`.

use axum::response::Response;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

use super::require_account_role;
use crate::providers::huawei::simulated::{
    Shared,
    access::Caller,
    answers::{self, Problem},
};

/// Whose key it is; open to its user and to whoever may list users. Temporary
/// keys are known to nobody.
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
    let credential = json!({
        "access": key.access_key,
        "user_id": key.user,
        "status": if key.enabled { "active" } else { "inactive" },
        "create_time": microseconds(key.created_at),
        "description": "",
    });
    Ok(answers::json(200, &json!({ "credential": credential })))
}

/// The form the service gives, with its six digits even where they are zero.
pub(super) fn microseconds(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%dT%H:%M:%S.%6fZ")
        .to_string()
}
