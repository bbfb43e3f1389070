//! Whether a cloud as a whole is worth calling.
//!
//! A cloud that is down must cost its tasks no tries: once a few calls in a
//! row failed in a way that says so, nothing is taken from the queue for it
//! until a cheap probe gets through.
//!
//! And where nothing was heard of a cloud for long, a login is tried: a secret
//! that is wrong since the last restart has to show before the night on which
//! it matters. No service is asked then, as there may be one that nobody uses.

use jiff::{SignedDuration, Timestamp};

use crate::model::FailureClass;

/// Failures in a row, of reading or of removing, that open the circuit.
const FAILURES_TO_OPEN: u32 = 5;
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(5);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(5);
/// Silence after which a login is tried. No shorter: a daemon that fails soon
/// after each start must never come to log in, since clouds lock accounts.
const QUIET: SignedDuration = SignedDuration::from_mins(15);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circuit {
    /// When a call or a login last ended, or the cloud was first to be called.
    heard_at: Timestamp,
    open_until: Option<Timestamp>,
    reading: Side,
    removing: Side,
    /// The last failure that counted, for people.
    reason: String,
}

/// Reading and removing are counted apart: a cloud whose lists work and whose
/// deletions all fail is down for our purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Read,
    Remove,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Side {
    failures: u32,
    /// Times it opened the circuit without a good call between; lengthens the
    /// pause.
    opened: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Closed: call.
    Call,
    /// Half-open: one probe decides.
    Probe,
    /// Closed, and not heard of for long: call if a login succeeds.
    LogIn,
    /// Open: nothing before this moment.
    Wait { until: Timestamp },
}

impl Circuit {
    pub fn new(now: Timestamp) -> Circuit {
        Circuit {
            heard_at: now,
            open_until: None,
            reading: Side::default(),
            removing: Side::default(),
            reason: String::new(),
        }
    }

    pub fn permission(&self, now: Timestamp) -> Permission {
        match self.open_until {
            None if now.duration_since(self.heard_at) < QUIET => Permission::Call,
            None => Permission::LogIn,
            Some(until) if now < until => Permission::Wait { until },
            Some(_) => Permission::Probe,
        }
    }

    pub fn is_open(&self) -> bool {
        self.open_until.is_some()
    }

    /// Why it opened last.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The cloud answered a call, whatever it said about the target.
    pub fn answered(&mut self, call: Call, now: Timestamp) {
        *self.side(call) = Side::default();
        self.open_until = None;
        self.heard_at = now;
    }

    /// A call failed; only what speaks of the cloud as a whole counts.
    pub fn failed(&mut self, call: Call, class: FailureClass, detail: &str, now: Timestamp) {
        let weight = match class {
            FailureClass::Unreachable | FailureClass::Unavailable | FailureClass::Interrupted => 1,
            // One refused login says all; trying it again locks the account.
            FailureClass::Unauthenticated => FAILURES_TO_OPEN,
            FailureClass::Throttled => {
                self.heard_at = now;
                return;
            }
            FailureClass::Conflict | FailureClass::Refused | FailureClass::Malformed => {
                return self.answered(call, now);
            }
        };
        // Calls that were in flight when it opened do not open it again.
        if matches!(self.permission(now), Permission::Wait { .. }) {
            return;
        }
        let side = self.side(call);
        side.failures += weight;
        if side.failures < FAILURES_TO_OPEN {
            return;
        }
        let pause = FIRST_PAUSE
            .saturating_mul(1 << side.opened.min(10))
            .min(LONGEST_PAUSE);
        side.opened += 1;
        // After the pause, one more failure is enough to open it again.
        side.failures = FAILURES_TO_OPEN - 1;
        self.open_until = Some(now.checked_add(pause).unwrap_or(Timestamp::MAX));
        self.reason = detail.to_owned();
    }

    fn side(&mut self, call: Call) -> &mut Side {
        match call {
            Call::Read => &mut self.reading,
            Call::Remove => &mut self.removing,
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
        let mut circuit = Circuit::new(NOW);
        for _ in 0..times {
            circuit.failed(Call::Read, FailureClass::Unavailable, "503", NOW);
        }
        circuit
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_a_good_call_starts_the_count_again() {
        assert_eq!(broken(4).permission(NOW), Permission::Call);
        assert_eq!(broken(5).permission(NOW), Permission::Wait { until: after(5) });
        let mut circuit = broken(4);
        circuit.answered(Call::Read, NOW);
        circuit.failed(Call::Read, FailureClass::Unavailable, "503", NOW);
        assert_eq!(circuit.permission(NOW), Permission::Call);
    }

    #[test]
    fn deletions_that_all_fail_open_it_though_every_look_works() {
        let mut circuit = Circuit::new(NOW);
        for _ in 0..5 {
            circuit.answered(Call::Read, NOW);
            circuit.failed(Call::Remove, FailureClass::Unavailable, "503", NOW);
        }
        assert_eq!(circuit.permission(NOW), Permission::Wait { until: after(5) });
        // The probe is a look, and works; the next deletion shows the truth.
        circuit.answered(Call::Read, NOW);
        assert_eq!(circuit.permission(after(5)), Permission::Call);
        circuit.failed(Call::Remove, FailureClass::Unavailable, "503", after(5));
        assert_eq!(
            circuit.permission(after(5)),
            Permission::Wait { until: after(15) }
        );
    }

    #[test]
    fn after_the_pause_a_probe_decides_and_a_failed_one_waits_longer() {
        let mut circuit = broken(5);
        assert_eq!(circuit.permission(after(5)), Permission::Probe);
        circuit.failed(Call::Read, FailureClass::Unreachable, "refused", after(5));
        assert_eq!(
            circuit.permission(after(5)),
            Permission::Wait { until: after(15) }
        );
        circuit.answered(Call::Read, NOW);
        assert_eq!(circuit.permission(after(5)), Permission::Call);
    }

    #[test]
    fn calls_in_flight_when_it_opened_do_not_lengthen_the_pause() {
        assert_eq!(broken(50), broken(5));
    }

    #[test]
    fn a_refused_login_opens_it_at_once_and_a_refused_target_never() {
        let mut circuit = Circuit::new(NOW);
        circuit.failed(Call::Read, FailureClass::Unauthenticated, "401", NOW);
        assert!(circuit.is_open());
        let mut circuit = broken(4);
        circuit.failed(Call::Read, FailureClass::Refused, "403", NOW);
        assert_eq!(circuit, Circuit::new(NOW));
    }

    #[test]
    fn a_login_is_tried_where_nothing_was_heard_for_a_quarter_of_an_hour() {
        let quiet = QUIET.as_secs();
        let mut circuit = Circuit::new(NOW);
        assert_eq!(circuit.permission(after(quiet - 1)), Permission::Call);
        assert_eq!(circuit.permission(after(quiet)), Permission::LogIn);
        circuit.answered(Call::Read, after(quiet));
        assert_eq!(circuit.permission(after(2 * quiet - 1)), Permission::Call);
        assert_eq!(circuit.permission(after(2 * quiet)), Permission::LogIn);
        for class in [FailureClass::Throttled, FailureClass::Refused] {
            let mut circuit = Circuit::new(NOW);
            circuit.failed(Call::Read, class, "429", after(quiet));
            assert_eq!(
                circuit.permission(after(quiet)),
                Permission::Call,
                "{class:?} is an answer"
            );
        }
    }

    #[test]
    fn logins_are_tried_until_it_is_an_answer_or_an_outage() {
        let (mut circuit, now) = (Circuit::new(NOW), NOW + QUIET);
        for _ in 0..5 {
            assert_eq!(circuit.permission(now), Permission::LogIn);
            circuit.failed(Call::Read, FailureClass::Unreachable, "refused", now);
        }
        assert!(matches!(circuit.permission(now), Permission::Wait { .. }));
        let mut circuit = Circuit::new(NOW);
        circuit.failed(Call::Read, FailureClass::Unauthenticated, "401", now);
        assert!(matches!(circuit.permission(now), Permission::Wait { .. }));
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
            circuit.failed(Call::Read, FailureClass::Unreachable, "refused", now);
        }
    }
}
