//! Every request comes through here: read, counted, befallen by faults, and
//! handed to the service it is for.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, Method},
    response::Response,
};
use jiff::{Timestamp, tz::TimeZone};
use percent_encoding::percent_decode_str;

use super::{
    Shared,
    answers::{self, Problem},
    connection::Line,
    images, keystone,
    tokens::{self, AUTH_TOKEN},
};
use crate::{
    model::Id,
    simulator::{Call, CallKind, Effect, RetryAfter},
};

/// A request, read to its end.
pub(super) struct Incoming {
    pub method: Method,
    pub service: Service,
    /// The path below the service's root, decoded.
    pub path: Vec<String>,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Identity,
    Image,
    /// Under a prefix the image service does not own the root.
    None,
}

const LONGEST_BODY: usize = 1 << 20;

/// Every answer carries the time of the world, as real services tell theirs.
pub(super) async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    let response = respond(&shared, &line, request).await;
    answers::with_header(response, "date", &http_date((shared.options.clock)()))
}

async fn respond(shared: &Shared, line: &Line, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return answers::glance_problem(None, &Problem::new(413, "The body is too large"));
    };
    let (service, path) = place(shared, parts.uri.path());
    let incoming = Incoming {
        method: parts.method,
        service,
        path,
        query: parts.uri.query().unwrap_or_default().to_string(),
        headers: parts.headers,
        body,
    };
    let call = call(&incoming);
    let in_flight = shared.requests.begin(call.clone(), parts.uri.to_string());

    let mut cut_after_bytes = None;
    for effect in shared.faults.befalling(&call) {
        match effect {
            Effect::Latency(time) => wait(shared, time).await,
            Effect::CutAfter => cut_after_bytes = Some(0),
            Effect::CutWithin(bytes) => cut_after_bytes = Some(bytes),
            Effect::TokenDies => {
                if let Some(token) = tokens::header(&incoming.headers, AUTH_TOKEN) {
                    shared.tokens().kill(token);
                }
            }
            Effect::CutBefore => {
                line.cut();
                return answers::empty(500);
            }
            effect => {
                let response = instead(effect);
                in_flight.answered(response.status().as_u16());
                return response;
            }
        }
    }
    let response = answer(shared, &incoming);
    match cut_after_bytes {
        Some(bytes) => line.cut_after(bytes),
        None => in_flight.answered(response.status().as_u16()),
    }
    response
}

fn answer(shared: &Shared, incoming: &Incoming) -> Response {
    let mut response = match incoming.service {
        Service::Identity => keystone::answer(shared, incoming),
        Service::Image => images::answer(shared, incoming),
        Service::None => answers::text(404, Some("text/html"), "<h1>Not Found</h1>\n".to_string()),
    };
    if response.status() == 401 {
        let challenge = format!("Keystone uri=\"{}\"", shared.auth_url());
        response = answers::with_header(response, "www-authenticate", &challenge);
    }
    if incoming.method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}

/// What a fault answers in place of the service.
fn instead(effect: Effect) -> Response {
    match effect {
        Effect::Status(status) => broken(status),
        Effect::StatusRetryAfter(status, RetryAfter::Seconds(seconds)) => {
            answers::with_header(broken(status), "retry-after", &seconds.to_string())
        }
        Effect::StatusRetryAfter(status, RetryAfter::At(at)) => {
            answers::with_header(broken(status), "retry-after", &http_date(at))
        }
        Effect::Body {
            status,
            content_type,
            text,
        } => answers::text(status, Some(&content_type), text),
        Effect::RedirectTo(address) => answers::with_header(answers::empty(307), "location", &address),
        Effect::Latency(_)
        | Effect::CutBefore
        | Effect::CutAfter
        | Effect::CutWithin(_)
        | Effect::TokenDies => answers::empty(500),
    }
}

/// An error page of no service in particular, as a proxy would send it.
fn broken(status: u16) -> Response {
    let body = format!(
        "<html><body><h1>{status} {}</h1></body></html>\n",
        answers::phrase(status)
    );
    answers::text(status, Some("text/html"), body)
}

async fn wait(shared: &Shared, time: Duration) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = shared.stopping.cancelled() => {}
    }
}

fn http_date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

fn place(shared: &Shared, path: &str) -> (Service, Vec<String>) {
    if let Some(below) = below("/v3", path) {
        return (Service::Identity, segments(below));
    }
    let prefix = shared.options.path_prefix.as_deref().unwrap_or_default();
    match below(prefix, path) {
        Some(below) => (Service::Image, segments(below)),
        None => (Service::None, Vec::new()),
    }
}

fn below<'a>(prefix: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(prefix)
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `/v2/` has an empty segment at its end, which makes it another path than `/v2`.
fn segments(path: &str) -> Vec<String> {
    let decoded = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    path.split('/').skip(1).map(decoded).collect()
}

fn call(incoming: &Incoming) -> Call {
    let path: Vec<&str> = incoming.path.iter().map(String::as_str).collect();
    let method = incoming.method.as_str();
    let (kind, image, member) = match (incoming.service, method, path.as_slice()) {
        (Service::Identity, "POST", ["auth", "tokens"]) => (CallKind::Login, None, None),
        (Service::Identity, ..) => (CallKind::OtherIdentity, None, None),
        (_, "GET", ["v2", "images"]) => (CallKind::ListImages, None, None),
        (_, "GET", ["v2", "images", image]) => (CallKind::ShowImage, Some(*image), None),
        (_, "DELETE", ["v2", "images", image]) => (CallKind::DeleteImage, Some(*image), None),
        (_, "GET", ["v2", "images", image, "members"]) => (CallKind::ListMembers, Some(*image), None),
        (_, "DELETE", ["v2", "images", image, "members", member]) => {
            (CallKind::RemoveMember, Some(*image), Some(*member))
        }
        (_, _, ["v2", "images", image, "members", member]) => {
            (CallKind::OtherData, Some(*image), Some(*member))
        }
        (_, _, ["v2", "images", image, ..]) => (CallKind::OtherData, Some(*image), None),
        _ => (CallKind::OtherData, None, None),
    };
    Call {
        kind,
        method: method.to_string(),
        image: image.map(Id::from),
        member: member.map(Id::from),
    }
}
