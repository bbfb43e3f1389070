//! The one token that all calls to a cloud share.
//!
//! Clouds lock accounts and throttle logins, so a login is made by one call
//! for all that wait, once per expired token, and not again after a refusal.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::keystone::{LoginFailure, Token, login};
use crate::{
    config::types::{Auth, Cloud},
    model::Failure,
    providers::{Clock, http::Http},
};

/// Four wrong passwords an hour are fewer than clouds lock an account for.
const REFUSAL_HOLDS: SignedDuration = SignedDuration::from_mins(15);

/// Logging in works, but its tokens are not taken: no danger to the account,
/// and perhaps the services have merely not heard of them yet.
const DISTRUST_HOLDS: SignedDuration = SignedDuration::from_mins(1);

pub struct Session {
    http: Arc<Http>,
    config: Cloud,
    auth: Auth,
    clock: Clock,
    state: Mutex<State>,
    /// Logins that have ended; tells a waiting call that one was made for it.
    logins: AtomicU64,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    /// How the last login failed, if it did.
    failure: Option<Failure>,
    refusal: Option<Refusal>,
}

/// Why no login is tried until then.
struct Refusal {
    failure: Failure,
    since: Timestamp,
    holds: SignedDuration,
}

impl Session {
    pub fn new(http: Arc<Http>, config: Cloud, auth: Auth, clock: Clock) -> Session {
        Session {
            http,
            config,
            auth,
            clock,
            state: Mutex::default(),
            logins: AtomicU64::new(0),
        }
    }

    /// A token that is not about to expire, from a login if need be.
    pub async fn token(&self) -> Result<Arc<Token>, Failure> {
        let logins_seen = self.logins.load(Ordering::SeqCst);
        let mut state = self.state.lock().await;
        let now = (self.clock)();
        match &state.token {
            Some(token) if !token.is_stale(now) => Ok(Arc::clone(token)),
            _ => self.login(&mut state, logins_seen, now).await,
        }
    }

    /// Another token after a 401 to a call with `rejected`. Of many calls that
    /// come with the same token, the first logs in.
    pub async fn renew(&self, rejected: &Arc<Token>, answer: Failure) -> Result<Arc<Token>, Failure> {
        let logins_seen = self.logins.load(Ordering::SeqCst);
        let mut state = self.state.lock().await;
        let now = (self.clock)();
        if let Some(token) = &state.token
            && !Arc::ptr_eq(token, rejected)
        {
            return Ok(Arc::clone(token));
        }
        state.token = None;
        if matches!(self.auth, Auth::Token { .. }) {
            let detail = format!(
                "{} (the token was made elsewhere and cannot be renewed)",
                answer.detail
            );
            let failure = Failure { detail, ..answer };
            state.refuse(failure.clone(), now, REFUSAL_HOLDS);
            return Err(failure);
        }
        self.login(&mut state, logins_seen, now).await
    }

    /// Notes a 401 to a token that came from a renewal. One that the cloud has
    /// never taken shows that logging in does not help.
    pub async fn distrust(&self, rejected: &Arc<Token>, failure: &Failure) {
        let mut state = self.state.lock().await;
        let is_current = state
            .token
            .as_ref()
            .is_some_and(|token| Arc::ptr_eq(token, rejected));
        if is_current && !rejected.ever_worked() {
            state.token = None;
            state.refuse(failure.clone(), (self.clock)(), DISTRUST_HOLDS);
        }
    }

    async fn login(
        &self,
        state: &mut State,
        logins_seen: u64,
        now: Timestamp,
    ) -> Result<Arc<Token>, Failure> {
        if let Some(failure) = state.refused(now) {
            return Err(failure);
        }
        // While this call waited, the login that it waited for has failed.
        if self.logins.load(Ordering::SeqCst) != logins_seen
            && let Some(failure) = &state.failure
        {
            return Err(failure.clone());
        }
        let outcome = login(&self.http, &self.config, &self.auth, now).await;
        self.logins.fetch_add(1, Ordering::SeqCst);
        let failure = match outcome {
            Ok(token) => {
                let token = Arc::new(token);
                *state = State {
                    token: Some(Arc::clone(&token)),
                    ..State::default()
                };
                return Ok(token);
            }
            Err(LoginFailure::Refused(failure)) => {
                state.refuse(failure.clone(), now, REFUSAL_HOLDS);
                failure
            }
            Err(LoginFailure::Passing(failure)) => failure,
        };
        state.failure = Some(failure.clone());
        Err(failure)
    }
}

impl State {
    fn refuse(&mut self, failure: Failure, since: Timestamp, holds: SignedDuration) {
        self.refusal = Some(Refusal {
            failure,
            since,
            holds,
        });
    }

    /// The remembered refusal, while it holds. A clock that was set back ends it.
    fn refused(&self, now: Timestamp) -> Option<Failure> {
        let refusal = self.refusal.as_ref()?;
        let elapsed = now.duration_since(refusal.since);
        if elapsed.is_negative() || elapsed >= refusal.holds {
            return None;
        }
        let wait = refusal.holds - elapsed;
        Some(Failure {
            class: refusal.failure.class,
            detail: format!(
                "{} (no new login for another {} s)",
                refusal.failure.detail,
                wait.as_secs()
            ),
            retry_after: Some(wait),
        })
    }
}
