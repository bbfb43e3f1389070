//! Every request comes through here: read, counted, befallen by faults, and
//! handed to the service it is for.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::Method,
    response::Response,
};

use super::{Asked, Face, answers, connection::Line};
use crate::simulator::{Effect, JobScript, Left, RetryAfter};

const LONGEST_BODY: usize = 1 << 20;

/// Every answer carries the time of the world, as real services tell theirs.
pub(super) async fn serve<F: Face>(
    State(face): State<Arc<F>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    let response = respond(face.as_ref(), &line, request).await;
    answers::with_header(response, "date", &answers::http_date(face.simulation().now()))
}

async fn respond<F: Face>(face: &F, line: &Line, request: Request) -> Response {
    let simulation = face.simulation();
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return face.too_large();
    };
    let is_head = parts.method == Method::HEAD;
    let incoming = face.read(Asked {
        method: parts.method,
        path: parts.uri.path().to_string(),
        query: parts.uri.query().unwrap_or_default().to_string(),
        headers: parts.headers,
        body,
    });
    let call = face.call(&incoming);
    let in_flight = simulation.requests.begin(call.clone(), parts.uri.to_string());

    let mut cut_after_bytes = None;
    for effect in simulation.faults.befalling(&call) {
        match effect {
            Effect::Latency(time) => wait(face, time).await,
            Effect::CutAfter => cut_after_bytes = Some(0),
            Effect::CutWithin(bytes) => cut_after_bytes = Some(bytes),
            Effect::TokenDies => face.kill_token(&incoming),
            Effect::JobFails => simulation.world().script_next_job(JobScript {
                left: Left::Everything,
                ..JobScript::default()
            }),
            Effect::CutBefore => {
                line.cut();
                return answers::empty(500);
            }
            effect => {
                let response = instead(face, &incoming, effect);
                in_flight.answered(response.status().as_u16());
                return response;
            }
        }
    }
    let mut response = face.answer(&incoming);
    if is_head {
        *response.body_mut() = Body::empty();
    }
    match cut_after_bytes {
        Some(bytes) => line.cut_after(bytes),
        None => in_flight.answered(response.status().as_u16()),
    }
    response
}

/// What a fault answers in place of the service.
fn instead<F: Face>(face: &F, incoming: &F::Incoming, effect: Effect) -> Response {
    match effect {
        Effect::Status(status) => broken(status),
        Effect::StatusRetryAfter(status, RetryAfter::Seconds(seconds)) => {
            answers::with_header(broken(status), "retry-after", &seconds.to_string())
        }
        Effect::StatusRetryAfter(status, RetryAfter::At(at)) => {
            answers::with_header(broken(status), "retry-after", &answers::http_date(at))
        }
        Effect::Body {
            status,
            content_type,
            text,
        } => answers::text(status, Some(&content_type), text),
        Effect::Code { status, code } => face.refuse(incoming, status, &code),
        Effect::RedirectTo(address) => answers::with_header(answers::empty(307), "location", &address),
        Effect::Latency(_)
        | Effect::CutBefore
        | Effect::CutAfter
        | Effect::CutWithin(_)
        | Effect::TokenDies
        | Effect::JobFails => answers::empty(500),
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

async fn wait<F: Face>(face: &F, time: Duration) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = face.simulation().stopping.cancelled() => {}
    }
}
