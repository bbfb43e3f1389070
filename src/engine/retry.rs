//! How long to wait after a try that failed, and when to give up.

use jiff::SignedDuration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryLimits {
    /// Tries that count before a task is given up.
    pub attempts: u32,
    /// The wait before the second try is between nothing and this.
    pub first_delay: SignedDuration,
    /// No computed wait is longer than this; a cloud's `Retry-After` may be.
    pub longest_delay: SignedDuration,
}

impl Default for RetryLimits {
    fn default() -> RetryLimits {
        RetryLimits {
            attempts: 6,
            first_delay: SignedDuration::from_secs(2),
            longest_delay: SignedDuration::from_mins(15),
        }
    }
}
