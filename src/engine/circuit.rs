//! Whether a cloud as a whole is worth calling.
//!
//! A cloud that is down must cost its tasks no tries: once a few calls in a
//! row failed in a way that says so, nothing is taken from the queue for it
//! until a cheap probe gets through.

use jiff::{SignedDuration, Timestamp};

use crate::model::FailureClass;

/// Failures in a row that open the circuit.
const FAILURES_TO_OPEN: u32 = 5;
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(5);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(5);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circuit {
    state: State,
    /// Times it opened without a good call between; lengthens the pause.
    opened: u32,
    /// The last failure, for people.
    reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Timestamp },
}

impl Default for State {
    fn default() -> State {
        State::Closed { failures: 0 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Closed: call.
    Call,
    /// Half-open: one probe decides.
    Probe,
    /// Open: nothing before this moment.
    Wait { until: Timestamp },
}

impl Circuit {
    pub fn permission(&self, now: Timestamp) -> Permission {
        match self.state {
            State::Closed { .. } => Permission::Call,
            State::Open { until } if now < until => Permission::Wait { until },
            State::Open { .. } => Permission::Probe,
        }
    }

    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// Why it opened last.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The cloud answered a call, whatever it said about the target.
    pub fn answered(&mut self) {
        *self = Circuit::default();
    }

    /// A call failed; only what speaks of the cloud as a whole counts.
    pub fn failed(&mut self, class: FailureClass, detail: &str, now: Timestamp) {
        let weight = match class {
            FailureClass::Unreachable | FailureClass::Unavailable | FailureClass::Interrupted => 1,
            // One refused login says all; trying it again locks the account.
            FailureClass::Unauthenticated => FAILURES_TO_OPEN,
            FailureClass::Throttled => return,
            FailureClass::Conflict | FailureClass::Refused | FailureClass::Malformed => {
                return self.answered();
            }
        };
        let failures = match self.state {
            State::Closed { failures } => failures + weight,
            State::Open { .. } => FAILURES_TO_OPEN,
        };
        if failures < FAILURES_TO_OPEN {
            self.state = State::Closed { failures };
            return;
        }
        self.reason = detail.to_owned();
        // Calls that were in flight when it opened do not open it again.
        if self.permission(now) == Permission::Call || self.permission(now) == Permission::Probe {
            let pause = FIRST_PAUSE
                .saturating_mul(1 << self.opened.min(10))
                .min(LONGEST_PAUSE);
            self.opened += 1;
            self.state = State::Open {
                until: now.checked_add(pause).unwrap_or(Timestamp::MAX),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn after(seconds: i64) -> Timestamp {
        NOW + SignedDuration::from_secs(seconds)
    }

    fn broken(times: u32) -> Circuit {
        let mut circuit = Circuit::default();
        for _ in 0..times {
            circuit.failed(FailureClass::Unavailable, "503", NOW);
        }
        circuit
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_a_good_call_starts_the_count_again() {
        assert_eq!(broken(4).permission(NOW), Permission::Call);
        assert_eq!(broken(5).permission(NOW), Permission::Wait { until: after(5) });
        let mut circuit = broken(4);
        circuit.answered();
        circuit.failed(FailureClass::Unavailable, "503", NOW);
        assert_eq!(circuit.permission(NOW), Permission::Call);
    }

    #[test]
    fn after_the_pause_a_probe_decides_and_a_failed_one_waits_longer() {
        let mut circuit = broken(5);
        assert_eq!(circuit.permission(after(5)), Permission::Probe);
        circuit.failed(FailureClass::Unreachable, "refused", after(5));
        assert_eq!(
            circuit.permission(after(5)),
            Permission::Wait { until: after(15) }
        );
        circuit.answered();
        assert_eq!(circuit.permission(after(5)), Permission::Call);
    }

    #[test]
    fn calls_in_flight_when_it_opened_do_not_lengthen_the_pause() {
        assert_eq!(broken(50), broken(5));
    }

    #[test]
    fn a_refused_login_opens_it_at_once_and_a_refused_target_never() {
        let mut circuit = Circuit::default();
        circuit.failed(FailureClass::Unauthenticated, "401", NOW);
        assert!(circuit.is_open());
        let mut circuit = broken(4);
        circuit.failed(FailureClass::Refused, "403", NOW);
        assert_eq!(circuit, Circuit::default());
    }

    #[test]
    fn the_pause_is_bounded_however_long_the_cloud_is_down() {
        let mut circuit = broken(5);
        let mut now = NOW;
        for _ in 0..50 {
            let Permission::Wait { until } = circuit.permission(now) else {
                panic!("should wait")
            };
            assert!(until.duration_since(now) <= LONGEST_PAUSE);
            now = until;
            circuit.failed(FailureClass::Unreachable, "refused", now);
        }
    }
}
