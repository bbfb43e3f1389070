//! What all simulated clouds share: a world behind real HTTP on loopback, with
//! faults, a log of what was asked, and connections that can be cut.
//!
//! What a service answers is the business of each [`Face`].

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method},
    response::Response,
};
use jiff::Timestamp;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use self::connection::CuttableListener;
use super::Clock;
use crate::simulator::{Call, Faults, Requests, World};

pub(super) mod answers;
mod connection;
mod dispatch;
pub(super) mod path;

/// A request, read to its end, with its path and query as they were sent.
pub(super) struct Asked {
    pub method: Method,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The services of one cloud.
pub(super) trait Face: Send + Sync + 'static {
    /// A request, as these services see it.
    type Incoming: Send + Sync;

    fn simulation(&self) -> &Simulation;

    fn read(&self, asked: Asked) -> Self::Incoming;

    /// What the request is about, for faults and counters.
    fn call(&self, incoming: &Self::Incoming) -> Call;

    fn answer(&self, incoming: &Self::Incoming) -> Response;

    /// Makes the token of the request invalid, if it has one.
    fn kill_token(&self, incoming: &Self::Incoming);

    /// A refusal in the form of the service that was asked.
    fn refuse(&self, incoming: &Self::Incoming, status: u16, code: &str) -> Response;

    fn too_large(&self) -> Response;
}

/// What all requests share. Locks are held for moments, never while waiting.
pub(super) struct Simulation {
    world: Mutex<World>,
    pub faults: Faults,
    pub requests: Requests,
    pub address: SocketAddr,
    clock: Clock,
    stopping: CancellationToken,
}

impl Simulation {
    /// # Errors
    /// The address cannot be bound.
    pub(super) async fn bind(
        world: World,
        listen: SocketAddr,
        clock: Clock,
    ) -> io::Result<(TcpListener, Simulation)> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let simulation = Simulation {
            world: Mutex::new(world),
            faults: Faults::default(),
            requests: Requests::default(),
            address,
            clock,
            stopping: CancellationToken::new(),
        };
        Ok((listener, simulation))
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running server. Dropping it stops it.
pub(super) struct Serving {
    stopping: CancellationToken,
    server: Option<JoinHandle<()>>,
}

impl Serving {
    pub(super) fn start<F: Face>(listener: TcpListener, face: Arc<F>) -> Serving {
        let stopping = face.simulation().stopping.clone();
        let service = Router::new()
            .fallback(dispatch::serve::<F>)
            .with_state(face)
            .into_make_service_with_connect_info::<connection::Line>();
        let stopped = stopping.clone().cancelled_owned();
        let server = axum::serve(CuttableListener::new(listener), service).with_graceful_shutdown(stopped);
        // Serving ends only when it is told to; its result says nothing more.
        let server = tokio::spawn(async move { drop(server.await) });
        Serving {
            stopping,
            server: Some(server),
        }
    }

    /// Lets the requests in flight finish, then closes every connection.
    pub(super) async fn stop(mut self) {
        self.stopping.cancel();
        if let Some(server) = self.server.take() {
            // The task ends by itself; a panic in it is a failed test already.
            drop(server.await);
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}
