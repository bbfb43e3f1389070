//! `/metrics`, `/healthz` and `/readyz`, on loopback unless configured
//! otherwise.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::net::TcpListener;

use super::{context::Context, health};

/// Answers until the context says stop.
///
/// # Errors
/// The listener broke.
pub async fn serve(context: Arc<Context>, listener: TcpListener) -> std::io::Result<()> {
    let stop = context.stop.clone();
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(context);
    axum::serve(listener, router)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

async fn metrics(State(context): State<Arc<Context>>) -> Response {
    if let Err(error) = health::refresh_queue_metrics(&context).await {
        tracing::error!(%error, "reading the queue for /metrics failed");
        return (StatusCode::INTERNAL_SERVER_ERROR, "the store cannot be read\n").into_response();
    }
    let headers = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (headers, context.metrics.render()).into_response()
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
