//! `/metrics`, `/healthz` and `/readyz`, on loopback unless configured
//! otherwise; and, where a token is configured, the way to wake a policy.

mod connections;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;
use tokio::net::TcpListener;

use self::connections::BOUNDS;
use super::{context::Context, health, service::Beat};
use crate::model::PolicyName;

/// Answers until the context says stop. Whoever accepts has nothing to do for
/// most of the time, so its beat is that it is polled.
pub async fn serve(context: Arc<Context>, listener: TcpListener, beat: Beat) {
    let stop = context.stop.clone();
    let answering = connections::answer(router(context), listener, BOUNDS, stop);
    beat.waiting(answering).await;
}

fn router(context: Arc<Context>) -> Router {
    let mut router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz));
    if context.wake.is_open() {
        router = router.route("/v1/wake/{policy}", post(wake));
    }
    router.with_state(context)
}

/// Has a policy run now. Takes no body. Whoever asks often has no more of it:
/// a policy that waits for its run, or has one under way, runs once more.
async fn wake(
    State(context): State<Arc<Context>>,
    Path(policy): Path<String>,
    headers: HeaderMap,
) -> Response {
    // Before anything else, so that a stranger learns no name.
    if !bearer(&headers).is_some_and(|token| context.wake.admits(token)) {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
        return (
            challenge,
            refusal(StatusCode::UNAUTHORIZED, "the token is missing or wrong"),
        )
            .into_response();
    }
    let name = PolicyName::from(policy);
    match context.rules().policy(&name) {
        None => refusal(StatusCode::NOT_FOUND, "there is no such policy"),
        Some(policy) if !policy.enabled => refusal(StatusCode::CONFLICT, "the policy is disabled"),
        Some(_) => {
            tracing::info!(policy = %name, "woken over HTTP: the policy runs now");
            context.wake.wake(name.clone());
            (StatusCode::ACCEPTED, Json(json!({ "woken": name }))).into_response()
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn refusal(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}

async fn metrics(State(context): State<Arc<Context>>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    match health::metrics_page(&context).await {
        Ok(page) => (headers, page).into_response(),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "reading the queue for /metrics failed"
            );
            (StatusCode::INTERNAL_SERVER_ERROR, "the store cannot be read\n").into_response()
        }
    }
}

/// The process works: the store answers and takes writes.
async fn healthz(State(context): State<Arc<Context>>) -> Response {
    answer(health::store_works(&context).await)
}

/// The process does its job: the store works and no cloud is down.
async fn readyz(State(context): State<Arc<Context>>) -> Response {
    let problems = match health::store_works(&context).await {
        Ok(()) => health::clouds_down(&context),
        Err(problem) => vec![problem],
    };
    answer(if problems.is_empty() {
        Ok(())
    } else {
        Err(problems.join("\n"))
    })
}

fn answer(health: Result<(), String>) -> Response {
    match health {
        Ok(()) => (StatusCode::OK, "ok\n").into_response(),
        Err(problems) => (StatusCode::SERVICE_UNAVAILABLE, format!("{problems}\n")).into_response(),
    }
}

#[cfg(test)]
mod tests;
