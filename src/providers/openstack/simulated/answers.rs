//! The many forms in which the services say no.

use axum::response::Response;

use crate::providers::{
    openstack::wire::{GlanceError, KeystoneError, KeystoneErrorBody},
    simulated::answers::phrase,
};

pub(super) use crate::providers::simulated::answers::{empty, json, text, with_header};

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

fn escaped(message: &str) -> String {
    message
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
