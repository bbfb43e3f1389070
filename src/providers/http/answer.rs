//! A whole answer, and the failure that it means where it is no success.

use jiff::SignedDuration;
use reqwest::{StatusCode, header::HeaderMap};
use serde::de::DeserializeOwned;

use super::{Step, status};
use crate::model::{Failure, FailureClass};

/// An answer of any status. No `Debug`: bodies may hold secrets.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub retry_after: Option<SignedDuration>,
    body: Vec<u8>,
    words: Option<String>,
    step: Step,
}

impl Answer {
    pub(super) fn new(
        step: Step,
        status: StatusCode,
        headers: HeaderMap,
        body: Vec<u8>,
        words: Option<String>,
        retry_after: Option<SignedDuration>,
    ) -> Answer {
        Answer {
            status,
            headers,
            retry_after,
            body,
            words,
            step,
        }
    }

    /// The class of an answer that is no success.
    pub fn class(&self) -> Option<FailureClass> {
        (!self.status.is_success()).then(|| status::classify(self.status, self.retry_after))
    }

    /// The value that a success of exactly this status carries; anything else
    /// is a failure, and so is a success of another kind.
    pub fn json<T: DeserializeOwned>(&self, expected: StatusCode) -> Result<T, Failure> {
        if self.status != expected {
            return Err(self.failure());
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            // The error's own words would quote the body, which may hold a token.
            let (line, column) = (error.line(), error.column());
            self.malformed(&format!("not understood, at line {line}, column {column}"))
        })
    }

    /// The beginning of the body of an answer that is no success. It may echo
    /// what the request carried, so no message may quote it.
    pub fn error_body(&self) -> &[u8] {
        if self.status.is_success() { &[] } else { &self.body }
    }

    /// What this answer means to a caller that cannot use it.
    pub fn failure(&self) -> Failure {
        let mut detail = format!("the cloud answered {}", self.status);
        if let Some(words) = &self.words {
            detail.push_str(": ");
            detail.push_str(words);
        }
        let class = self.class().unwrap_or(FailureClass::Malformed);
        let mut failure = self.step.failure(class, &detail);
        failure.retry_after = self.retry_after;
        failure
    }

    /// A success that is none, and why.
    pub fn malformed(&self, why: &str) -> Failure {
        self.step.failure(FailureClass::Malformed, why)
    }
}
