//! When the next call to a cloud may be made: its rate, and the silence that
//! the cloud itself asked for.

use std::time::Duration;

use tokio::time::Instant;

/// A silence longer than this is not sat out: the caller is told how long it
/// lasts, because it may hold a lease that would run out meanwhile.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Evenly spaced calls: without bursts, no window of the cloud's own counting
/// can see more than its share.
pub(super) struct Pace {
    interval: Duration,
    next: Option<Instant>,
    frozen_until: Option<Instant>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Go; the slot is taken.
    Now,
    /// Ask again then.
    At(Instant),
    TooLate(Duration),
}

impl Pace {
    pub fn new(requests_per_second: Option<u32>) -> Pace {
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

    /// Whether a call may go now; if so its slot is taken.
    pub fn turn(&mut self, now: Instant) -> Turn {
        if let Some(wait) = self.silence(now) {
            return if wait > LONGEST_WAIT {
                Turn::TooLate(wait)
            } else {
                Turn::At(now + wait)
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

    /// How much longer nothing may be sent, if so.
    fn silence(&self, now: Instant) -> Option<Duration> {
        let until = self.frozen_until.filter(|until| *until > now)?;
        Some(until - now)
    }

    /// How long the silence lasts, if that is too long to be sat out.
    pub fn too_long(&self, now: Instant) -> Option<Duration> {
        self.silence(now).filter(|wait| *wait > LONGEST_WAIT)
    }

    pub fn freeze(&mut self, until: Instant) {
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
}
