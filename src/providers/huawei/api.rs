//! One request to one of the services: signed or with a token, its answer
//! classified by the services' own codes.

use reqwest::Method;

use crate::{
    model::{Caller, Failure, FailureClass},
    providers::{calls::Operation, http::Answer},
};

/// Which service is asked; each has a host of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// IAM, as the account.
    Identity,
    /// IMS, as the project.
    Images,
    /// SWR, as the project.
    Registry,
}

/// What to ask for.
pub struct Ask<'a> {
    pub operation: Operation,
    pub method: Method,
    pub service: Service,
    /// Begins with a slash; each segment is percent-encoded already.
    pub path: String,
    /// Not encoded.
    pub query: Vec<(&'a str, String)>,
    pub json: Option<Vec<u8>>,
}

/// Why an answer is no success.
#[derive(Debug)]
pub enum Refusal {
    /// The service says that the thing is not there: a 404 whose code says so,
    /// or a 400 with a code that means gone. It proves nothing by itself.
    NotThere(Failure),
    /// An id somewhere in the request is not known or not well-formed.
    WrongId(Failure),
    Failed(Failure),
}

/// The session with one cloud that all its calls share.
pub struct Api {}

impl Api {
    /// Sends it once; after an answer that a new token may cure, once more.
    pub async fn send(&self, _ask: &Ask<'_>) -> Result<Answer, Refusal> {
        Err(Refusal::Failed(Failure::new(
            FailureClass::Unreachable,
            "not connected",
        )))
    }

    /// Who the daemon is, with the endpoints of the services that it has.
    pub async fn caller(&self) -> Result<Caller, Failure> {
        Err(Failure::new(FailureClass::Unreachable, "not connected"))
    }
}
