//! The forms in which the services and the gateway before them say no.

use axum::response::Response;
use serde_json::json;

use super::Shared;
use crate::providers::{
    openstack::wire::{GlanceError, KeystoneError, KeystoneErrorBody},
    simulated::answers::phrase,
};

pub(super) use crate::providers::simulated::answers::{empty, header, json, with_header};

/// A refusal on its way to an error body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub status: u16,
    /// Such as `IMG.0027`.
    pub code: String,
    pub message: String,
}

impl Problem {
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Problem {
        Problem {
            status,
            code: code.to_string(),
            message: message.into(),
        }
    }
}

/// A path or method that the gateway does not know.
pub(super) const NO_SUCH_CALL: &str = "APIGW.0101";

pub(super) fn no_such_call() -> Problem {
    let message = "The API does not exist or has not been published in the environment";
    Problem::new(404, NO_SUCH_CALL, message)
}

/// The gateway's form, the same before every service.
pub(super) fn gateway(problem: &Problem) -> Response {
    let request_id = "5a1fd9b8c3e04e7a9d2f6b1c00000001";
    let body = json!({
        "error_code": problem.code,
        "error_msg": problem.message,
        "request_id": request_id,
    });
    with_header(json(problem.status, &body), "x-request-id", request_id)
}

/// The identity service's form: Keystone's on Open Telekom Cloud.
pub(super) fn identity(shared: &Shared, problem: &Problem) -> Response {
    if shared.is_open_telekom_cloud() {
        let body = KeystoneError {
            error: KeystoneErrorBody {
                code: problem.status.into(),
                message: problem.message.clone(),
                title: Some(phrase(problem.status).to_string()),
            },
        };
        return json(problem.status, &body);
    }
    let body = json!({"error_code": problem.code, "error_msg": problem.message});
    json(problem.status, &body)
}

/// The image service's own form.
pub(super) fn images(problem: &Problem) -> Response {
    let body = json!({"error": {"message": problem.message, "code": problem.code}});
    json(problem.status, &body)
}

/// The image service's form of the calls that Glance has too, where they
/// answer as Glance does.
pub(super) fn glance(problem: &Problem) -> Response {
    let title = phrase(problem.status);
    let body = GlanceError {
        code: format!("{} {title}", problem.status),
        title: title.to_string(),
        message: format!("{}<br /><br />\n\n\n", problem.message),
    };
    json(problem.status, &body)
}

/// The registry's form: an array of one on Open Telekom Cloud.
pub(super) fn registry(shared: &Shared, problem: &Problem) -> Response {
    let item = json!({"errorCode": problem.code, "errorMessage": problem.message, "detail": ""});
    if shared.is_open_telekom_cloud() {
        return json(problem.status, &json!([item]));
    }
    let body = json!({
        "errors": [item],
        "error_code": problem.code,
        "error_msg": problem.message,
        "details": [],
    });
    json(problem.status, &body)
}
