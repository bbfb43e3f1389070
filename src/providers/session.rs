//! The one token that all calls to a cloud for one purpose share.
//!
//! Clouds lock accounts and throttle logins, so a login is made by one call
//! for all that wait, once per expired token, and not again after a refusal,
//! whoever heard it of those that show the same credential.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::{
    Clock, lane,
    refusals::{Part, Refusal, Standing},
    token::{LoginFailure, Token},
};
use crate::model::Failure;

/// Logging in works, but its tokens are not taken: no danger to the account,
/// and perhaps the services have merely not heard of them yet.
const DISTRUST_HOLDS: SignedDuration = SignedDuration::from_mins(1);

/// How to log in somewhere, for one purpose.
pub trait Login: Send + Sync {
    /// What a token gives access to.
    type Access: Send + Sync;

    /// Logs in, once.
    fn log_in(
        &self,
        now: Timestamp,
    ) -> impl Future<Output = Result<Token<Self::Access>, LoginFailure>> + Send;

    /// Whether another token can be had after a rejected one.
    fn can_renew(&self) -> bool;
}

pub struct Session<L: Login> {
    login: L,
    clock: Clock,
    /// Shared with all that show the same credential.
    credential: Arc<Standing>,
    state: Mutex<State<L::Access>>,
    /// Logins that have ended; tells a waiting call that one was made for it.
    logins: AtomicU64,
}

struct State<A> {
    token: Option<Arc<Token<A>>>,
    /// How the last login failed, if it did.
    failure: Option<Failure>,
    /// Of this use of the credential, which says nothing about any other.
    refusal: Option<Refusal>,
    part: Part,
}

impl<L: Login> Session<L> {
    pub fn new(login: L, clock: Clock, credential: Arc<Standing>) -> Session<L> {
        Session {
            login,
            clock,
            credential,
            state: Mutex::new(State {
                token: None,
                failure: None,
                refusal: None,
                part: Part::default(),
            }),
            logins: AtomicU64::new(0),
        }
    }

    /// A token that is not about to expire, from a login if need be.
    pub async fn token(&self) -> Result<Arc<Token<L::Access>>, Failure> {
        let logins_seen = self.logins.load(Ordering::SeqCst);
        let mut state = self.state.lock().await;
        let now = (self.clock)();
        match &state.token {
            Some(token) if !token.is_stale(now) => Ok(Arc::clone(token)),
            _ => self.login(&mut state, logins_seen).await,
        }
    }

    /// Another token after a 401 to a call with `rejected`. Of many calls that
    /// come with the same token, the first logs in.
    pub async fn renew(
        &self,
        rejected: &Arc<Token<L::Access>>,
        answer: Failure,
    ) -> Result<Arc<Token<L::Access>>, Failure> {
        let logins_seen = self.logins.load(Ordering::SeqCst);
        let mut state = self.state.lock().await;
        let now = (self.clock)();
        if let Some(token) = &state.token
            && !Arc::ptr_eq(token, rejected)
        {
            return Ok(Arc::clone(token));
        }
        state.token = None;
        if !self.login.can_renew() {
            let detail = format!(
                "{} (the token was made elsewhere and cannot be renewed)",
                answer.detail
            );
            let failure = Failure { detail, ..answer };
            state.refusal = Some(Refusal::new(failure.clone(), now));
            return Err(failure);
        }
        self.login(&mut state, logins_seen).await
    }

    /// Notes a 401 to a token that came from a renewal. One that the cloud has
    /// never taken shows that logging in does not help.
    pub async fn distrust(&self, rejected: &Arc<Token<L::Access>>, failure: &Failure) {
        let mut state = self.state.lock().await;
        let is_current = state
            .token
            .as_ref()
            .is_some_and(|token| Arc::ptr_eq(token, rejected));
        if is_current && !rejected.ever_worked() {
            state.token = None;
            let now = (self.clock)();
            state.refusal = Some(Refusal::holding_for(DISTRUST_HOLDS, failure.clone(), now));
        }
    }

    async fn login(
        &self,
        state: &mut State<L::Access>,
        logins_seen: u64,
    ) -> Result<Arc<Token<L::Access>>, Failure> {
        // Always the state first, then the turn, and nothing else after it:
        // no two calls can wait for each other.
        let mut turn = self.credential.turn().await;
        // The wait for the turn may have been a long one.
        let now = (self.clock)();
        let of_this_use = state.refusal.as_ref().and_then(|refusal| refusal.holding(now));
        if let Some(failure) = turn.forbidden(&state.part, now).or(of_this_use) {
            return Err(failure);
        }
        // While this call waited, the login that it waited for has failed.
        if self.logins.load(Ordering::SeqCst) != logins_seen
            && let Some(failure) = &state.failure
        {
            return Err(failure.clone());
        }
        // Whoever comes meanwhile waits for this login, urgent calls among them.
        let outcome = Box::pin(lane::urgent(self.login.log_in(now))).await;
        self.logins.fetch_add(1, Ordering::SeqCst);
        let failure = match outcome {
            Ok(token) => {
                let token = Arc::new(token);
                turn.accepted(&mut state.part, now);
                state.token = Some(Arc::clone(&token));
                (state.failure, state.refusal) = (None, None);
                return Ok(token);
            }
            Err(LoginFailure::WrongCredential(failure)) => {
                turn.refused(&mut state.part, failure.clone(), now);
                failure
            }
            Err(LoginFailure::Refused(failure)) => {
                state.refusal = Some(Refusal::new(failure.clone(), now));
                failure
            }
            Err(LoginFailure::Passing(failure)) => failure,
        };
        state.failure = Some(failure.clone());
        Err(failure)
    }
}
