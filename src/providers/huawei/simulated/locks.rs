//! Who was refused too often and is locked out for a while.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::Shared;

/// By user id or access key.
#[derive(Default)]
pub(super) struct Locks(HashMap<String, Refused>);

#[derive(Default)]
struct Refused {
    in_a_row: usize,
    locked_until: Option<Timestamp>,
}

impl Shared {
    pub(super) fn is_locked(&self, who: &str) -> bool {
        let now = self.now();
        let locks = self.locks();
        let until = locks.0.get(who).and_then(|refused| refused.locked_until);
        until.is_some_and(|until| now < until)
    }

    pub(super) fn count_refusal(&self, who: &str, lock_time: SignedDuration) {
        let now = self.now();
        let mut locks = self.locks();
        let refused = locks.0.entry(who.to_string()).or_default();
        if refused.locked_until.is_some_and(|until| until <= now) {
            *refused = Refused::default();
        }
        refused.in_a_row += 1;
        if refused.in_a_row >= self.options.attempts_before_lock {
            refused.locked_until = Some(now + lock_time);
        }
    }

    pub(super) fn forget_refusals(&self, who: &str) {
        self.locks().0.remove(who);
    }
}
