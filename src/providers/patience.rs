//! Repeating a read a few times before it becomes a gap.
//!
//! Only reads: the attempts of a removal belong to the queue, which remembers
//! them.

use std::time::Duration;

use crate::model::{Failure, FailureClass};

/// How often and how long a read is tried.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub tries: u32,
    /// Before the second try; doubled for each one after it.
    pub first_wait: Duration,
    /// A cloud that wants a longer wait is given up at once.
    pub longest_wait: Duration,
}

impl Patience {
    /// One try, where somebody else decides about another.
    pub const NONE: Patience = Patience {
        tries: 1,
        first_wait: Duration::ZERO,
        longest_wait: Duration::ZERO,
    };

    /// The first success, or the last failure, of `read`.
    pub async fn read<T, F>(self, mut read: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut tried = 0;
        loop {
            let failure = match read().await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            tried += 1;
            match self.wait_before_next(tried, &failure) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(failure),
            }
        }
    }

    fn wait_before_next(self, tried: u32, failure: &Failure) -> Option<Duration> {
        if tried >= self.tries || !is_passing(failure.class) {
            return None;
        }
        let computed = self.first_wait * 2_u32.saturating_pow(tried - 1);
        let wished = failure.retry_after.and_then(|wait| Duration::try_from(wait).ok());
        let wait = computed.min(self.longest_wait).max(wished.unwrap_or_default());
        (wait <= self.longest_wait).then_some(wait)
    }
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            tries: 3,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
        }
    }
}

/// Whether the next try of the same read may fare better.
pub fn is_passing(class: FailureClass) -> bool {
    match class {
        FailureClass::Unreachable
        | FailureClass::Interrupted
        | FailureClass::Throttled
        | FailureClass::Unavailable => true,
        FailureClass::Conflict
        | FailureClass::Refused
        | FailureClass::Unauthenticated
        | FailureClass::Malformed => false,
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn failure(class: FailureClass, retry_after_secs: Option<i64>) -> Failure {
        Failure {
            retry_after: retry_after_secs.map(SignedDuration::from_secs),
            ..Failure::new(class, "no")
        }
    }

    #[test]
    fn waits_double_and_heed_the_cloud_up_to_a_bound() {
        let patience = Patience::default();
        let wait = |tried, retry_after| {
            patience.wait_before_next(tried, &failure(FailureClass::Throttled, retry_after))
        };
        assert_eq!(wait(1, None), Some(Duration::from_millis(500)));
        assert_eq!(wait(2, None), Some(Duration::from_secs(1)));
        assert_eq!(wait(3, None), None, "three tries in all");
        assert_eq!(wait(1, Some(7)), Some(Duration::from_secs(7)));
        assert_eq!(wait(1, Some(31)), None, "a gap is better than a long wait");
    }

    #[test]
    fn what_stays_as_it_is_is_not_tried_again() {
        let patience = Patience::default();
        for class in FailureClass::ALL.iter().copied() {
            let wait = patience.wait_before_next(1, &failure(class, None));
            assert_eq!(wait.is_some(), is_passing(class), "{class}");
        }
        assert_eq!(
            Patience::NONE.wait_before_next(1, &failure(FailureClass::Unavailable, None)),
            None
        );
    }
}
