//! What a request is for, and which service answers it.

use axum::{
    body::Bytes,
    http::{HeaderMap, Method},
    response::Response,
};

use super::{
    Shared,
    access::AUTH_TOKEN,
    answers::{self, Problem, header},
    calls, iam, ims, swr,
};
use crate::{
    providers::simulated::{Asked, Face, Simulation, path},
    simulator::Call,
};

/// A request, read to its end.
pub(super) struct Incoming {
    pub method: Method,
    pub service: Service,
    /// The whole path, cut at the slashes as they were sent, then decoded.
    pub path: Vec<String>,
    /// Path and query as they were sent, which is what signatures are over.
    pub raw_path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Incoming {
    /// The path as it can be matched.
    pub(super) fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Identity,
    Images,
    Registry,
}

impl Service {
    fn of(path: &[String]) -> Service {
        let word = |at: usize| path.get(at).map(String::as_str);
        match (word(0), word(1)) {
            (Some("v2" | "v3"), Some("manage")) => Service::Registry,
            (Some("v3" | "v3.0" | "v5"), _) => Service::Identity,
            _ => Service::Images,
        }
    }
}

impl Face for Shared {
    type Incoming = Incoming;

    fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    fn read(&self, asked: Asked) -> Incoming {
        let path = path::segments(&asked.path);
        Incoming {
            method: asked.method,
            service: Service::of(&path),
            path,
            raw_path: asked.path,
            query: asked.query,
            headers: asked.headers,
            body: asked.body,
        }
    }

    fn call(&self, incoming: &Incoming) -> Call {
        calls::call(incoming)
    }

    fn answer(&self, incoming: &Incoming) -> Response {
        match incoming.service {
            Service::Identity => iam::answer(self, incoming),
            Service::Images => ims::answer(self, incoming),
            Service::Registry => swr::answer(self, incoming),
        }
    }

    fn kill_token(&self, incoming: &Incoming) {
        if let Some(token) = header(&incoming.headers, AUTH_TOKEN) {
            self.tokens().kill(token);
        }
    }

    /// The gateway's codes come in its own form, whatever was asked.
    fn refuse(&self, incoming: &Incoming, status: u16, code: &str) -> Response {
        let problem = Problem::new(status, code, format!("simulated refusal {code}"));
        match incoming.service {
            _ if code.starts_with("APIG") => answers::gateway(&problem),
            Service::Identity => answers::identity(self, &problem),
            Service::Images => answers::images(&problem),
            Service::Registry => swr::refuse(self, incoming, &problem),
        }
    }

    fn too_large(&self) -> Response {
        answers::gateway(&Problem::new(413, "APIGW.0201", "Request entity too large"))
    }
}
