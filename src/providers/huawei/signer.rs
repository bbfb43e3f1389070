//! Requests signed with an access key.
//!
//! Clouds lock a key after five wrong signatures in a row. Until one signature
//! was taken, requests go out one at a time, of all sections that sign with the
//! key; after a wrong one, none for a while.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    api::{Ask, Refusal},
    problem::Problem,
    request::{Prepared, Wire},
    signing::{Signable, authorization, sdk_date},
};
use crate::{
    model::{Failure, FailureClass},
    providers::{
        Clock,
        http::Answer,
        lane,
        refusals::{Part, Standing},
        token::skew,
    },
};

/// The clouds refuse signatures that are further off.
const LARGEST_SKEW: SignedDuration = SignedDuration::from_mins(15);

/// No `Debug`: it holds secrets.
pub struct Signer {
    pub access_key: String,
    secret_key: SecretString,
    /// Of a temporary key.
    security_token: Option<SecretString>,
    clock: Clock,
    credential: Arc<Standing>,
    /// Whether the last that was heard of the key here is that it is good.
    proven: AtomicBool,
    part: Mutex<Part>,
}

/// For whom a request is made, as the header that says so.
#[derive(Clone, Copy)]
pub enum Scope<'a> {
    /// Not known yet: the request is to find that out.
    Nobody,
    Account(&'a str),
    Project(&'a str),
}

impl Signer {
    pub fn new(
        access_key: String,
        secret_key: SecretString,
        security_token: Option<SecretString>,
        clock: Clock,
        credential: Arc<Standing>,
    ) -> Signer {
        Signer {
            access_key,
            secret_key,
            security_token,
            clock,
            credential,
            proven: AtomicBool::new(false),
            part: Mutex::default(),
        }
    }

    /// Whether the key ends by itself; such keys cannot be looked up.
    pub fn is_temporary(&self) -> bool {
        self.security_token.is_some()
    }

    /// Sends it, once.
    pub async fn send(
        &self,
        wire: &Wire,
        ask: &Ask<'_>,
        root: Result<&Url, &str>,
        scope: Scope<'_>,
    ) -> Result<Answer, Refusal> {
        let prepared = wire.prepare(ask, root).map_err(Refusal::Failed)?;
        if self.is_proven() {
            return self.send_proven(wire, ask, prepared, scope).await;
        }
        let mut turn = self.credential.turn().await;
        if self.is_proven() {
            drop(turn);
            return self.send_proven(wire, ask, prepared, scope).await;
        }
        let now = (self.clock)();
        if let Some(failure) = turn.forbidden(&self.part(), now) {
            return Err(Refusal::Failed(failure));
        }
        // All who share the key wait for this one, what is urgent among them.
        match lane::urgent(self.send_once(wire, ask, prepared, scope)).await {
            Ok((result, taken)) => {
                if taken {
                    turn.accepted(&mut self.part(), now);
                    self.proven.store(true, Ordering::SeqCst);
                }
                result
            }
            Err(failure) => {
                turn.refused(&mut self.part(), failure.clone(), now);
                Err(Refusal::Failed(failure))
            }
        }
    }

    async fn send_proven(
        &self,
        wire: &Wire,
        ask: &Ask<'_>,
        prepared: Prepared,
        scope: Scope<'_>,
    ) -> Result<Answer, Refusal> {
        match self.send_once(wire, ask, prepared, scope).await {
            Ok((result, taken)) => {
                if taken {
                    self.credential.vouch((self.clock)());
                }
                result
            }
            Err(failure) => {
                // Not only once it is this one's turn: nothing more is to be
                // signed from now on.
                self.proven.store(false, Ordering::SeqCst);
                self.credential.doubt(&self.part(), (self.clock)());
                let mut turn = self.credential.turn().await;
                turn.refused(&mut self.part(), failure.clone(), (self.clock)());
                Err(Refusal::Failed(failure))
            }
        }
    }

    fn is_proven(&self) -> bool {
        self.proven.load(Ordering::SeqCst) && self.credential.is_good()
    }

    fn part(&self) -> MutexGuard<'_, Part> {
        self.part.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What came of it and whether the signature was taken, or an `Err` where
    /// it was refused.
    async fn send_once(
        &self,
        wire: &Wire,
        ask: &Ask<'_>,
        mut prepared: Prepared,
        scope: Scope<'_>,
    ) -> Result<(Result<Answer, Refusal>, bool), Failure> {
        let now = (self.clock)();
        self.sign(ask, &mut prepared, scope, now)?;
        let secret = self.security_token.as_ref().map(ExposeSecret::expose_secret);
        let secrets: Vec<&str> = secret.into_iter().collect();
        let sent = match wire.send(ask, prepared, None, &secrets).await {
            Ok(sent) => sent,
            Err(failure) => return Ok((Err(Refusal::Failed(failure)), false)),
        };
        match sent {
            Ok(answer) => Ok((Ok(answer), true)),
            // The account is locked: nothing is signed until that may be over.
            Err((_, Problem::Other(Refusal::Failed(failure))))
                if failure.class == FailureClass::Unauthenticated =>
            {
                Err(failure)
            }
            Err((answer, Problem::Other(refusal))) => {
                let status = answer.status;
                let taken = !status.is_server_error() && status.as_u16() != 429;
                Ok((Err(refusal), taken))
            }
            Err((answer, Problem::Unauthenticated(failure))) => Err(with_skew(failure, &answer, now)),
        }
    }

    fn sign(
        &self,
        ask: &Ask<'_>,
        prepared: &mut Prepared,
        scope: Scope<'_>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Prepared { url, headers } = prepared;
        let host = match (url.host_str().unwrap_or_default(), url.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let date = sdk_date(now);
        let mut signed = vec![("host", host.as_str()), ("x-sdk-date", &date)];
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        signed.extend(content_type.map(|value| ("content-type", value)));
        match scope {
            Scope::Nobody => {}
            Scope::Account(id) => signed.push(("x-domain-id", id)),
            Scope::Project(id) => signed.push(("x-project-id", id)),
        }
        let security_token = self.security_token.as_ref().map(ExposeSecret::expose_secret);
        signed.extend(security_token.map(|token| ("x-security-token", token)));
        let request = Signable {
            method: ask.method.as_str(),
            path: url.path(),
            query: url.query().unwrap_or_default(),
            headers: &signed,
            body: ask.json.as_deref().unwrap_or_default(),
        };
        let authorization = authorization(&request, &self.access_key, self.secret_key.expose_secret(), &date);
        let mut sent = HeaderMap::new();
        for (name, value) in signed {
            // The connection writes this one, from the same URL.
            if name != "host" {
                sent.insert(HeaderName::from_static(name), header(ask, value)?);
            }
        }
        sent.insert(AUTHORIZATION, header(ask, &authorization)?);
        *headers = sent;
        Ok(())
    }
}

fn header(ask: &Ask<'_>, value: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        let step = ask.operation.step();
        let detail = format!("{step}: the access key, its security token or an id cannot be a header");
        Failure::new(FailureClass::Unauthenticated, detail)
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A wrong clock looks like a wrong key to the cloud; people should not have
/// to guess.
fn with_skew(mut failure: Failure, answer: &Answer, now: Timestamp) -> Failure {
    if let Some(skew) = skew(answer, now).filter(|skew| skew.abs() >= LARGEST_SKEW) {
        let minutes = skew.abs().as_mins();
        let direction = if skew.is_negative() { "behind" } else { "ahead of" };
        let words = format!(" (the clock is {minutes} minutes off: {direction} the cloud's; set it right)");
        failure.detail.push_str(&words);
    }
    failure
}
