//! What a request is for, and which service answers it.

use axum::{
    body::Bytes,
    http::{HeaderMap, Method},
    response::Response,
};

use super::{
    Shared,
    answers::{self, Problem},
    images, keystone,
    tokens::{AUTH_TOKEN, header},
};
use crate::{
    model::Id,
    providers::simulated::{
        Asked, Face, Simulation,
        path::{below, segments},
    },
    simulator::{Call, CallKind},
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

impl Face for Shared {
    type Incoming = Incoming;

    fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    fn read(&self, asked: Asked) -> Incoming {
        let (service, path) = place(self, &asked.path);
        Incoming {
            method: asked.method,
            service,
            path,
            query: asked.query,
            headers: asked.headers,
            body: asked.body,
        }
    }

    fn call(&self, incoming: &Incoming) -> Call {
        call(incoming)
    }

    fn answer(&self, incoming: &Incoming) -> Response {
        let response = match incoming.service {
            Service::Identity => keystone::answer(self, incoming),
            Service::Image => images::answer(self, incoming),
            Service::None => answers::text(404, Some("text/html"), "<h1>Not Found</h1>\n".to_string()),
        };
        if response.status() != 401 {
            return response;
        }
        let challenge = format!("Keystone uri=\"{}\"", self.auth_url());
        answers::with_header(response, "www-authenticate", &challenge)
    }

    fn kill_token(&self, incoming: &Incoming) {
        if let Some(token) = header(&incoming.headers, AUTH_TOKEN) {
            self.tokens().kill(token);
        }
    }

    fn refuse(&self, incoming: &Incoming, status: u16, code: &str) -> Response {
        let problem = Problem::new(status, code);
        match incoming.service {
            Service::Identity => answers::keystone_problem(&problem),
            _ => answers::glance_problem(header(&incoming.headers, "accept"), &problem),
        }
    }

    fn too_large(&self) -> Response {
        answers::glance_problem(None, &Problem::new(413, "The body is too large"))
    }
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

fn call(incoming: &Incoming) -> Call {
    let path: Vec<&str> = incoming.path.iter().map(String::as_str).collect();
    let method = incoming.method.as_str();
    let (kind, image, member) = match (incoming.service, method, path.as_slice()) {
        (Service::Identity, "POST", ["auth", "tokens"]) => (CallKind::Login, None, None),
        (Service::Identity, "GET", ["users"]) => (CallKind::ListUsers, None, None),
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
        resources: image.map(Id::from).into_iter().collect(),
        subjects: member.map(Id::from).into_iter().collect(),
    }
}
