//! The limits that all calls to one cloud share: calls in flight, calls a
//! second, and the silence that the cloud itself asked for.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::SignedDuration;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{
    config::types::CloudLimits,
    model::{Failure, FailureClass},
};

/// A silence longer than this is not sat out: the caller is told how long it
/// lasts, because it may hold a lease that would run out meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

pub struct Limiter {
    in_flight: Arc<Semaphore>,
    pace: Mutex<Pace>,
}

impl Limiter {
    pub fn new(limits: &CloudLimits) -> Limiter {
        Limiter {
            in_flight: Arc::new(Semaphore::new(limits.concurrency.max(1))),
            pace: Mutex::new(Pace::new(limits.requests_per_second)),
        }
    }

    /// Waits until one more call may be made, which is in flight as long as
    /// the permit lives.
    ///
    /// `Throttled` without any wait while the cloud wants a silence longer
    /// than [`LONGEST_WAIT`]; nothing was sent then.
    pub async fn admit(&self) -> Result<OwnedSemaphorePermit, Failure> {
        let permit = Arc::clone(&self.in_flight).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        loop {
            // Bound before the match, so that the lock is not held in its arms.
            let turn = self.pace().turn(Instant::now());
            match turn {
                Turn::Now => return Ok(permit),
                Turn::At(moment) => tokio::time::sleep_until(moment).await,
                Turn::TooLate(wait) => return Err(frozen(wait)),
            }
        }
    }

    /// Keeps all later calls back: the cloud throttled one and would throttle them too.
    pub fn freeze(&self, wait: SignedDuration) {
        let wait = Duration::try_from(wait).unwrap_or_default();
        self.pace().freeze(Instant::now() + wait);
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn frozen(wait: Duration) -> Failure {
    Failure {
        class: FailureClass::Throttled,
        detail: format!(
            "not asked: the cloud wants no calls for another {} s",
            wait.as_secs()
        ),
        retry_after: SignedDuration::try_from(wait).ok(),
    }
}

/// Evenly spaced calls: without bursts, no window of the cloud's own counting
/// can see more than its share.
struct Pace {
    interval: Duration,
    next: Option<Instant>,
    frozen_until: Option<Instant>,
}

#[derive(Debug, PartialEq, Eq)]
enum Turn {
    /// Go; the slot is taken.
    Now,
    /// Ask again then.
    At(Instant),
    TooLate(Duration),
}

impl Pace {
    fn new(requests_per_second: Option<u32>) -> Pace {
        let interval = match requests_per_second {
            None | Some(0) => Duration::ZERO,
            Some(rate) => Duration::from_secs(1) / rate,
        };
        Pace {
            interval,
            next: None,
            frozen_until: None,
        }
    }

    fn turn(&mut self, now: Instant) -> Turn {
        if let Some(until) = self.frozen_until.filter(|until| *until > now) {
            let wait = until - now;
            return if wait > LONGEST_WAIT {
                Turn::TooLate(wait)
            } else {
                Turn::At(until)
            };
        }
        match self.next.filter(|next| *next > now) {
            Some(next) => Turn::At(next),
            None => {
                self.next = Some(now + self.interval);
                Turn::Now
            }
        }
    }

    fn freeze(&mut self, until: Instant) {
        self.frozen_until = self.frozen_until.max(Some(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_spaced_by_the_rate() {
        let start = Instant::now();
        let mut pace = Pace::new(Some(10));
        assert_eq!(pace.turn(start), Turn::Now);
        let second = start + Duration::from_millis(100);
        assert_eq!(pace.turn(start), Turn::At(second));
        assert_eq!(pace.turn(second), Turn::Now);
        let late = start + Duration::from_secs(5);
        assert_eq!(pace.turn(late), Turn::Now);
        assert_eq!(
            pace.turn(late),
            Turn::At(late + Duration::from_millis(100)),
            "no burst after a pause"
        );
    }

    #[test]
    fn without_a_rate_nothing_waits() {
        let now = Instant::now();
        let mut pace = Pace::new(None);
        assert!((0..100).all(|_| pace.turn(now) == Turn::Now));
    }

    #[test]
    fn a_silence_holds_every_call_and_only_ever_grows() {
        let now = Instant::now();
        let mut pace = Pace::new(None);
        pace.freeze(now + Duration::from_secs(20));
        pace.freeze(now + Duration::from_secs(5));
        assert_eq!(pace.turn(now), Turn::At(now + Duration::from_secs(20)));
        assert_eq!(pace.turn(now + Duration::from_secs(20)), Turn::Now);
    }

    #[tokio::test]
    async fn a_long_silence_is_told_and_not_sat_out() {
        let limiter = Limiter::new(&CloudLimits::default());
        limiter.freeze(SignedDuration::from_mins(10));
        let failure = limiter.admit().await.expect_err("the cloud is frozen");
        assert_eq!(failure.class, FailureClass::Throttled);
        assert!(failure.retry_after > Some(SignedDuration::from_mins(9)));
    }
}
