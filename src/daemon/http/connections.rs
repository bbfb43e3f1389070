//! Few connections at once, and each for a short while: whoever can connect
//! must not be able to use up the files that the process may have open, without
//! which the store cannot be opened.

use std::{io, pin::pin, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// What those who connect may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Further connections wait in the backlog of the listener.
    pub at_once: usize,
    /// From the connection to the end of the request's head.
    pub head_within: Duration,
    /// From the connection to the end of the answer.
    pub whole_within: Duration,
}

/// Prometheus and the one who wakes need two connections, and give up
/// themselves after about ten seconds.
pub const BOUNDS: Bounds = Bounds {
    at_once: 32,
    head_within: Duration::from_secs(5),
    whole_within: Duration::from_secs(30),
};

/// How long nothing is accepted after a refusal that has nothing to do with the
/// one who connects, as when no more files may be open.
const PAUSE: Duration = Duration::from_secs(1);

/// Answers until `stop`; ends when the connections that were open then have
/// ended, each within its bounds. Dropped before, it cuts them.
pub async fn answer(router: Router, listener: TcpListener, bounds: Bounds, stop: CancellationToken) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = open.join_next() => {}
            stream = accept(&listener), if open.len() < bounds.at_once => {
                open.spawn(attend(stream, router.clone(), bounds, stop.clone()));
            }
        }
    }
    drop(listener);
    while open.join_next().await.is_some() {}
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "accepting an HTTP connection failed"
                );
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

/// One request, one answer: a connection that is kept for the next request
/// would be one that others wait for.
async fn attend(stream: TcpStream, router: Router, bounds: Bounds, stop: CancellationToken) {
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head_within)
        .keep_alive(false);
    let serving = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let whole = async {
        let mut serving = pin!(serving);
        tokio::select! {
            ended = serving.as_mut() => return ended,
            () = stop.cancelled() => {}
        }
        serving.as_mut().graceful_shutdown();
        serving.await
    };
    match tokio::time::timeout(bounds.whole_within, whole).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(
            error = &error as &dyn std::error::Error,
            "an HTTP connection ended early"
        ),
        Err(_) => tracing::debug!("an HTTP connection was cut: it took too long"),
    }
}

#[cfg(test)]
mod tests;
