//! Answers, and the many forms in which the services say no.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use serde::Serialize;

use crate::providers::openstack::wire::{GlanceError, KeystoneError, KeystoneErrorBody};

/// A refusal on its way to an error body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub status: u16,
    pub message: String,
}

impl Problem {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Problem {
        Problem {
            status,
            message: message.into(),
        }
    }
}

pub(super) fn empty(status: u16) -> Response {
    text(status, None, String::new())
}

pub(super) fn json(status: u16, body: &impl Serialize) -> Response {
    let body = serde_json::to_string(body).expect("answers have string keys and finite numbers");
    text(status, Some("application/json"), body)
}

pub(super) fn text(status: u16, content_type: Option<&str>, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    // A status that is none can only come from a fault that asks for one.
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(content_type) = content_type {
        with_header(response, CONTENT_TYPE.as_str(), content_type)
    } else {
        response
    }
}

pub(super) fn with_header(mut response: Response, name: &'static str, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The identity service's form: always JSON, the code a number.
pub(super) fn keystone_problem(problem: &Problem) -> Response {
    let body = KeystoneError {
        error: KeystoneErrorBody {
            code: problem.status.into(),
            message: problem.message.clone(),
            title: Some(phrase(problem.status).to_string()),
        },
    };
    json(problem.status, &body)
}

/// The image service's form, which depends on what the client accepts: HTML
/// for everything, JSON for JSON, plain text where nothing is said. The code
/// is text, and the message holds line breaks in HTML even inside of JSON.
pub(super) fn glance_problem(accept: Option<&str>, problem: &Problem) -> Response {
    let accept = accept.unwrap_or_default();
    let status_line = format!("{} {}", problem.status, phrase(problem.status));
    let message = escaped(&problem.message);
    if accept.contains("html") || accept.contains("*/*") {
        let body = format!(
            "<html>\n <head>\n  <title>{status_line}</title>\n </head>\n <body>\n  <h1>{status_line}</h1>\n  \
             {message}<br /><br />\n\n\n\n </body>\n</html>"
        );
        text(problem.status, Some("text/html; charset=UTF-8"), body)
    } else if accept.contains("application/json") {
        let body = GlanceError {
            code: status_line,
            title: phrase(problem.status).to_string(),
            message: format!("{message}<br /><br />\n\n\n"),
        };
        json(problem.status, &body)
    } else {
        let body = format!("{status_line}\n\n{}\n\n   ", problem.message);
        text(problem.status, Some("text/plain; charset=UTF-8"), body)
    }
}

pub(super) fn phrase(status: u16) -> &'static str {
    match status {
        // The services still use the name that RFC 2616 gave it.
        413 => "Request Entity Too Large",
        _ => StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Unknown"),
    }
}

fn escaped(message: &str) -> String {
    message
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
