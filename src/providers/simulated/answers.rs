//! Answers, whatever service they are of.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

pub(in crate::providers) fn empty(status: u16) -> Response {
    text(status, None, String::new())
}

pub(in crate::providers) fn json(status: u16, body: &impl Serialize) -> Response {
    let body = serde_json::to_string(body).expect("answers have string keys and finite numbers");
    text(status, Some("application/json"), body)
}

pub(in crate::providers) fn text(status: u16, content_type: Option<&str>, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    // A status that is none can only come from a fault that asks for one.
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(content_type) = content_type {
        with_header(response, CONTENT_TYPE.as_str(), content_type)
    } else {
        response
    }
}

pub(in crate::providers) fn with_header(mut response: Response, name: &'static str, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

pub(in crate::providers) fn phrase(status: u16) -> &'static str {
    match status {
        // The services still use the name that RFC 2616 gave it.
        413 => "Request Entity Too Large",
        _ => StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Unknown"),
    }
}

/// The form of times in the headers of HTTP.
pub(in crate::providers) fn http_date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

/// A header of the request, where it is text.
pub(in crate::providers) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
