//! Logins that were refused, remembered for all that log in with the same
//! credential.
//!
//! Clouds lock an account after a few wrong tries and do not care which section
//! of a configuration they came from. So all sections and lists that show the
//! same secret for the same account share one [`Standing`]: one of them tries
//! at a time, and after a refusal none does for a while.
//!
//! A server that says no may mean the section alone: Keystone answers a good
//! password for a wrong project as it answers a bad password. One bad section
//! must not keep the good ones away for ever. So the one that was refused lets
//! the others go first, and if one of them is accepted, the next refusal of the
//! first is its own.

use std::sync::{
    Arc, Mutex as Plain, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, MutexGuard};

use crate::{config::login::Credential, model::Failure};

/// Four wrong passwords an hour are fewer than clouds lock an account for.
pub const REFUSAL_HOLDS: SignedDuration = SignedDuration::from_mins(15);

/// How much longer the one waits that was refused: longer than a cloud that is
/// down is left without a probe, so that all others had their turn.
const OTHERS_GO_FIRST: SignedDuration = SignedDuration::from_mins(6);

/// What one process knows of credentials. Clones share it.
#[derive(Clone, Default)]
pub struct Refusals {
    known: Arc<Plain<Vec<Known>>>,
}

struct Known {
    credential: Credential,
    standing: Arc<Standing>,
}

/// How a credential stands with its server.
#[derive(Default)]
pub struct Standing {
    /// Whether the last that was heard of it is that it is good.
    good: AtomicBool,
    /// Sections and lists that were ever made with it.
    sharers: AtomicUsize,
    /// Locked for as long as the credential is being tried.
    refusal: Mutex<Option<Refusal>>,
}

/// The right to try the credential, while it lives.
pub struct Turn<'a> {
    standing: &'a Standing,
    refusal: MutexGuard<'a, Option<Refusal>>,
}

/// What one that shares a credential remembers of its own tries.
#[derive(Default)]
pub struct Part {
    /// Whether its last try was refused.
    was_refused: bool,
    refusal: Option<Refusal>,
}

/// Why no login is tried until then.
pub struct Refusal {
    failure: Failure,
    since: Timestamp,
    holds: SignedDuration,
}

impl Refusals {
    /// For one section or list that logs in with the credential. A secret that
    /// was changed makes another one of it, which nobody has refused yet.
    pub fn standing(&self, credential: Credential) -> Arc<Standing> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // What nobody uses any more and nobody refused is worth no memory.
        known.retain(|known| Arc::strong_count(&known.standing) > 1 || known.standing.may_be_refused());
        let found = known.iter().find(|known| known.credential == credential);
        let standing = found.map(|known| Arc::clone(&known.standing));
        let standing = standing.unwrap_or_else(|| {
            let standing = Arc::<Standing>::default();
            known.push(Known {
                credential,
                standing: Arc::clone(&standing),
            });
            standing
        });
        standing.sharers.fetch_add(1, Ordering::SeqCst);
        standing
    }
}

impl Standing {
    /// Whether the last that was heard of it is that it is good.
    pub fn is_good(&self) -> bool {
        self.good.load(Ordering::SeqCst)
    }

    /// Waits until nobody else tries the credential. Those that wait go in the
    /// order in which they came, and each try ends by the time limits of its
    /// own connection: a server that hangs costs those behind it so much for
    /// each before them, and nothing once it answers.
    ///
    /// Whoever has a turn must not ask for another one before it ends.
    pub async fn turn(&self) -> Turn<'_> {
        Turn {
            refusal: self.refusal.lock().await,
            standing: self,
        }
    }

    fn may_be_refused(&self) -> bool {
        self.refusal.try_lock().map_or(true, |refusal| refusal.is_some())
    }
}

impl Turn<'_> {
    /// Why it must not be tried now, if it must not.
    pub fn forbidden(&self, part: &Part, now: Timestamp) -> Option<Failure> {
        let refusals = [self.refusal.as_ref(), part.refusal.as_ref()];
        let holding = refusals.into_iter().flatten().filter_map(|it| it.holding(now));
        holding.max_by_key(|failure| failure.retry_after)
    }

    pub fn accepted(&mut self, part: &mut Part) {
        *part = Part::default();
        *self.refusal = None;
        self.standing.good.store(true, Ordering::SeqCst);
    }

    /// The server said no to the credential, or may have meant that.
    pub fn refused(&mut self, part: &mut Part, failure: Failure, now: Timestamp) {
        let standing = self.standing;
        // Since its last try, another one has shown that the secret is good.
        let is_its_own = part.was_refused && standing.is_good();
        let mut own = Refusal::new(failure.clone(), now);
        if !is_its_own {
            standing.good.store(false, Ordering::SeqCst);
            *self.refusal = Some(Refusal::new(failure, now));
            if standing.sharers.load(Ordering::SeqCst) > 1 {
                own.holds += OTHERS_GO_FIRST;
            }
        }
        *part = Part {
            was_refused: true,
            refusal: Some(own),
        };
    }
}

impl Refusal {
    pub fn new(failure: Failure, since: Timestamp) -> Refusal {
        Refusal::holding_for(REFUSAL_HOLDS, failure, since)
    }

    pub fn holding_for(holds: SignedDuration, failure: Failure, since: Timestamp) -> Refusal {
        Refusal {
            failure,
            since,
            holds,
        }
    }

    /// The remembered refusal, while it holds. A clock that was set back ends it.
    pub fn holding(&self, now: Timestamp) -> Option<Failure> {
        let elapsed = now.duration_since(self.since);
        if elapsed.is_negative() || elapsed >= self.holds {
            return None;
        }
        let wait = self.holds - elapsed;
        Some(Failure {
            class: self.failure.class,
            detail: format!(
                "{} (no new login for another {} s)",
                self.failure.detail,
                wait.as_secs()
            ),
            retry_after: Some(wait),
        })
    }
}

#[cfg(test)]
mod tests;
