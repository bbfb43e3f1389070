//! Logins that were refused, remembered for all that log in with the same
//! credential.
//!
//! Clouds lock an account after a few wrong tries and do not care which section
//! of a configuration they came from. So all sections that show the same secret
//! for the same account share one [`Standing`]: one of them tries at a time, and
//! after a refusal none does for a while.
//!
//! A server that says no may mean the section alone: Keystone answers a good
//! password for a wrong project as it answers a bad password. Bad sections must
//! not keep the good ones away. So those that were refused let the others go
//! first, and where one of those was accepted meanwhile, the next refusal is the
//! matter of the one that is refused again.

use std::sync::{
    Arc, Mutex as Plain, PoisonError,
    atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, MutexGuard};

use crate::{config::login::Credential, model::Failure};

/// Four wrong passwords an hour are fewer than clouds lock an account for.
pub const REFUSAL_HOLDS: SignedDuration = SignedDuration::from_mins(15);

/// How much longer those wait that were refused: longer than a cloud that is
/// down is left without a probe, so that all others had their turn.
const OTHERS_GO_FIRST: SignedDuration = SignedDuration::from_mins(6);

/// How long a credential that was accepted is taken for good: as long as one
/// that was refused before may have to wait for its next try.
const VOUCHED_FOR: SignedDuration = SignedDuration::from_mins(21);

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
pub struct Standing {
    /// Whether the last that was heard of it is that it is good.
    good: AtomicBool,
    /// When it was accepted last, in seconds of Unix time.
    accepted_at_s: AtomicI64,
    /// Sections that were ever made with it.
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
    /// Of its last try, if that was refused.
    refusal: Option<Refusal>,
}

/// Why no login is tried until then.
pub struct Refusal {
    failure: Failure,
    since: Timestamp,
    holds: SignedDuration,
}

impl Refusals {
    /// For one section that logs in with the credential. A secret that
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

impl Default for Standing {
    fn default() -> Standing {
        Standing {
            good: AtomicBool::new(false),
            accepted_at_s: AtomicI64::new(Timestamp::MIN.as_second()),
            sharers: AtomicUsize::new(0),
            refusal: Mutex::default(),
        }
    }
}

impl Standing {
    /// Whether the last that was heard of it is that it is good.
    pub fn is_good(&self) -> bool {
        self.good.load(Ordering::SeqCst)
    }

    /// It was accepted, as anybody may tell who uses it without a turn.
    pub fn vouch(&self, now: Timestamp) {
        self.accepted_at_s.fetch_max(now.as_second(), Ordering::SeqCst);
    }

    /// It may have gone bad: whoever used it without a turn has to wait for one.
    pub fn doubt(&self, part: &Part, now: Timestamp) {
        if !self.is_matter_of(part, now) {
            self.good.store(false, Ordering::SeqCst);
        }
    }

    /// Whether one more refusal says something of this part alone: since the last
    /// one, and not long ago, another part has shown that the secret is good.
    fn is_matter_of(&self, part: &Part, now: Timestamp) -> bool {
        let Some(last) = &part.refusal else {
            return false;
        };
        let accepted_at_s = self.accepted_at_s.load(Ordering::SeqCst);
        let lately = now.as_second().saturating_sub(accepted_at_s) < VOUCHED_FOR.as_secs();
        lately && last.since.as_second() <= accepted_at_s
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
        let alone = self.standing.sharers.load(Ordering::SeqCst) < 2;
        let after_the_others = match part.refusal.is_none() || alone {
            true => SignedDuration::ZERO,
            false => OTHERS_GO_FIRST,
        };
        let shared = self.refusal.as_ref();
        let shared = shared.and_then(|refusal| refusal.holding_longer(after_the_others, now));
        let own = part.refusal.as_ref().and_then(|refusal| refusal.holding(now));
        [shared, own]
            .into_iter()
            .flatten()
            .max_by_key(|failure| failure.retry_after)
    }

    pub fn accepted(&mut self, part: &mut Part, now: Timestamp) {
        *part = Part::default();
        *self.refusal = None;
        self.standing.good.store(true, Ordering::SeqCst);
        self.standing.vouch(now);
    }

    /// The server said no to the credential, or may have meant that.
    pub fn refused(&mut self, part: &mut Part, failure: Failure, now: Timestamp) {
        if !self.standing.is_matter_of(part, now) {
            self.standing.good.store(false, Ordering::SeqCst);
            *self.refusal = Some(Refusal::new(failure.clone(), now));
        }
        part.refusal = Some(Refusal::new(failure, now));
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
        self.holding_longer(SignedDuration::ZERO, now)
    }

    fn holding_longer(&self, by: SignedDuration, now: Timestamp) -> Option<Failure> {
        let (elapsed, holds) = (now.duration_since(self.since), self.holds + by);
        if elapsed.is_negative() || elapsed >= holds {
            return None;
        }
        let wait = holds - elapsed;
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
