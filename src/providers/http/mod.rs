//! One bounded request: the only place that talks to a cloud.
//!
//! It knows limits, waits and statuses, and nothing of what is being asked. It
//! never repeats a request: whoever knows that a repetition is harmless does.

mod answer;
mod status;

use std::error::Error;

use jiff::SignedDuration;
use reqwest::{
    Client, Method, Response,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use tokio::time::Instant;
use url::Url;

pub use self::answer::Answer;
use super::{
    Clock,
    calls::{Call, CallResult, Observer, Operation},
    limiter::Limiter,
};
pub use crate::connection::{BadCertificate, ConnectError, Glimpse, Unseen, is_allowed, origin, shortened};
use crate::{
    config::types::Cloud,
    connection::{self, BodyError, Connection, build_client},
    model::{Failure, FailureClass},
};

/// The connections to one cloud, with the limits on them.
pub struct Http {
    client: Client,
    limiter: Limiter,
    clock: Clock,
    observer: Observer,
    max_body_bytes: usize,
}

/// What to ask for. No `Debug`: it holds secrets.
pub struct Request<'a> {
    pub operation: Operation,
    pub method: Method,
    pub url: Url,
    /// Sent as `X-Auth-Token`.
    pub token: Option<&'a str>,
    /// In place of what is sent otherwise.
    pub headers: HeaderMap,
    pub json: Option<Vec<u8>>,
    /// What no message may show, besides the token.
    pub secrets: &'a [&'a str],
}

fn connection(config: &Cloud) -> Connection<'_> {
    let limits = &config.limits;
    Connection {
        url: &config.auth_url,
        ca_file: config.ca_file.as_deref(),
        connect_timeout: limits.connect_timeout,
        request_timeout: limits.request_timeout,
        idle_connections: limits.concurrency,
    }
}

/// What a server of the cloud shows without a login: one request, over TLS as
/// all others are, with no credential in it.
pub async fn glimpse(config: &Cloud, url: &Url) -> Result<Glimpse, Unseen> {
    let to = Connection {
        url,
        ..connection(config)
    };
    connection::glimpse(&to).await
}

impl Http {
    pub fn new(config: &Cloud, clock: Clock, observer: Observer) -> Result<Http, ConnectError> {
        Ok(Http {
            client: build_client(&connection(config))?,
            limiter: Limiter::new(&config.limits),
            clock,
            observer,
            max_body_bytes: config.limits.max_body,
        })
    }

    /// Keeps later calls back for a while: the cloud throttles in its own words.
    pub fn freeze(&self, wait: SignedDuration) {
        self.limiter.freeze(wait);
    }

    /// Sends one request once the limits allow it, and reads the whole answer.
    ///
    /// Any status is an `Ok`. `Unreachable` and `Throttled` mean that nothing
    /// was sent, `Interrupted` that it may have taken effect.
    pub async fn send(&self, request: Request<'_>) -> Result<Answer, Failure> {
        let permit = self.limiter.admit().await.map_err(|mut failure| {
            failure.detail = format!("{}: {}", request.operation.step(), failure.detail);
            failure
        })?;
        let operation = request.operation;
        let started = Instant::now();
        // In a box, since every call around this one, and there are many, would
        // hold the whole of it on its stack.
        let answer = Box::pin(self.exchange(request)).await;
        (self.observer)(Call {
            operation,
            result: call_result(&answer),
            seconds: started.elapsed().as_secs_f64(),
        });
        // Before the permit goes: whoever waits for it is to be kept back.
        if let Ok(answer) = &answer
            && answer.class() == Some(FailureClass::Throttled)
            && let Some(wait) = answer.retry_after
        {
            self.limiter.freeze(wait);
        }
        drop(permit);
        answer
    }

    async fn exchange(&self, request: Request<'_>) -> Result<Answer, Failure> {
        let step = Step {
            operation: request.operation,
            // The query is left out: it is long, and some clouds hide keys there.
            line: format!("{} {}", request.method, request.url.path()),
            server: connection::host_and_port(&request.url),
        };
        let mut secrets = request.secrets.to_vec();
        secrets.extend(request.token);

        let mut builder = self.client.request(request.method, request.url);
        builder = builder.header(ACCEPT, "application/json");
        if let Some(token) = request.token {
            let mut value = HeaderValue::from_str(token)
                .map_err(|_| step.failure(FailureClass::Unauthenticated, "the token cannot be a header"))?;
            value.set_sensitive(true);
            builder = builder.header("X-Auth-Token", value);
        }
        if let Some(json) = request.json {
            builder = builder.header(CONTENT_TYPE, "application/json").body(json);
        }
        builder = builder.headers(request.headers);
        let response = match builder.send().await {
            Ok(response) => response,
            Err(error) => return Err(step.transport_failure(error, &secrets)),
        };
        self.answer(step, response, &secrets).await
    }

    async fn answer(&self, step: Step, mut response: Response, secrets: &[&str]) -> Result<Answer, Failure> {
        let status = response.status();
        let retry_after = status::retry_after(response.headers(), (self.clock)());
        let headers = std::mem::take(response.headers_mut());
        if !status.is_success() {
            let body = connection::read_start(response).await;
            let words = connection::server_words(&body, secrets);
            return Ok(Answer::new(step, status, headers, body, words, retry_after));
        }
        match connection::read_whole(response, &headers, self.max_body_bytes).await {
            Ok(body) => Ok(Answer::new(step, status, headers, body, None, retry_after)),
            Err(BodyError::TooLarge) => {
                let detail = format!("an answer of more than {} bytes is refused", self.max_body_bytes);
                Err(step.failure(FailureClass::Malformed, &detail))
            }
            Err(BodyError::Transport(error)) => Err(step.transport_failure(error, secrets)),
        }
    }
}

/// What messages about one request begin with.
struct Step {
    operation: Operation,
    /// Method and path.
    line: String,
    /// For failures below the answer: a path is found on many servers.
    server: String,
}

impl Step {
    fn failure(&self, class: FailureClass, detail: &str) -> Failure {
        let step = self.operation.step();
        Failure::new(class, format!("{step}: {}: {detail}", self.line))
    }

    fn transport_failure(&self, error: reqwest::Error, secrets: &[&str]) -> Failure {
        let class = if error.is_connect() {
            FailureClass::Unreachable
        } else if error.is_builder() || (error.is_decode() && !broke_off(&error)) {
            FailureClass::Malformed
        } else {
            FailureClass::Interrupted
        };
        let what = match class {
            FailureClass::Unreachable => "cannot connect to",
            FailureClass::Malformed => "cannot decode the answer of",
            _ if error.is_timeout() => "no whole answer in time from",
            _ => "no whole answer from",
        };
        let cause = connection::scrubbed(&innermost_cause(&error), secrets);
        self.failure(class, &format!("{what} {} ({cause})", self.server))
    }
}

/// Whether a body failed below its encoding: the connection, not the content.
fn broke_off(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<hyper::Error>() {
            return true;
        }
        source = cause.source();
    }
    error.is_timeout()
}

/// The only cause that says something; those around it repeat that it failed.
fn innermost_cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn call_result(answer: &Result<Answer, Failure>) -> CallResult {
    match answer {
        Ok(answer) if answer.status.as_u16() == 404 => CallResult::NotThere,
        Ok(answer) => answer.class().map_or(CallResult::Ok, CallResult::Failed),
        Err(failure) => CallResult::Failed(failure.class),
    }
}
