//! What happens to a task after a try: one total function from what the cloud
//! did, and what a look showed, to a verdict.

use jiff::{SignedDuration, Timestamp};

use super::recheck::Presence;
use crate::model::{Failure, FailureClass, Outcome, Verdict};

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
            first_delay: SignedDuration::from_secs(10),
            longest_delay: SignedDuration::from_mins(15),
        }
    }
}

/// One try: the call's outcome (`None` if a look before it already failed or
/// sufficed) and where the target stood afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    pub outcome: Option<Outcome>,
    pub presence: Presence,
    /// The failure of a look, if one failed.
    pub look_failed: Option<Failure>,
    /// How the job of the call ended, if it had one, in words for people.
    pub job_end: Option<String>,
    /// Whether an earlier try may have taken effect: that is not forgotten
    /// because a look failed since.
    pub called_before: bool,
    /// Which try that counts this is, from 1.
    pub number: u32,
    /// Which try at all, from 1: waits grow with those that do not count too.
    pub of_all: u32,
}

/// `jitter` is in `[0, 1)`; `cloud_down` says that the cloud as a whole is
/// known to be out of order, so that the try says nothing about the task.
pub fn decide(tried: &Try, limits: &RetryLimits, cloud_down: bool, jitter: f64, now: Timestamp) -> Verdict {
    let called = tried.called_before
        || matches!(
            &tried.outcome,
            Some(Outcome::Accepted | Outcome::Submitted(_) | Outcome::NotThere)
                | Some(Outcome::Failed(Failure {
                    class: FailureClass::Interrupted | FailureClass::Unavailable,
                    ..
                }))
        );
    if tried.presence == Presence::Absent {
        return Verdict::Done {
            note: gone_note(tried.outcome.as_ref()).to_owned(),
        };
    }
    let note = note(tried);
    if let Some(Outcome::Failed(Failure {
        class: FailureClass::Refused,
        ..
    })) = &tried.outcome
    {
        return Verdict::Dead { reason: note };
    }
    let failure = failure(tried);
    let burned = burns(failure.map(|failure| failure.class)) && !cloud_down;
    if burned && tried.number >= limits.attempts {
        return Verdict::Dead {
            reason: format!("given up after {} tries: {note}", tried.number),
        };
    }
    let computed = backoff(tried.of_all, limits, jitter);
    let wished = failure
        .and_then(|failure| failure.retry_after)
        .unwrap_or_default();
    let not_before = now.checked_add(computed.max(wished)).unwrap_or(Timestamp::MAX);
    Verdict::Again {
        not_before,
        called,
        burned,
        note,
    }
}

/// Exponential with full jitter: between nothing and `first_delay` doubled
/// with each try, never over `longest_delay`.
pub fn backoff(number: u32, limits: &RetryLimits, jitter: f64) -> SignedDuration {
    let doublings = number.saturating_sub(1).min(62);
    let most = limits.first_delay.as_secs_f64() * 2f64.powi(doublings as i32);
    SignedDuration::from_secs_f64(most.min(limits.longest_delay.as_secs_f64()) * jitter.clamp(0.0, 1.0))
}

fn gone_note(outcome: Option<&Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Accepted | Outcome::Submitted(_)) => "removed, and seen gone",
        Some(Outcome::Failed(_) | Outcome::Poisoned(_)) => "seen gone after a call whose answer was lost",
        Some(Outcome::NotThere) | None => "was gone already",
    }
}

/// The failure that decides: of the call, else of the look.
fn failure(tried: &Try) -> Option<&Failure> {
    match &tried.outcome {
        Some(Outcome::Failed(failure) | Outcome::Poisoned(failure)) => Some(failure),
        _ => tried.look_failed.as_ref(),
    }
}

fn note(tried: &Try) -> String {
    match (&tried.outcome, &tried.presence, &tried.look_failed) {
        (Some(Outcome::Failed(failure) | Outcome::Poisoned(failure)), _, _) | (None, _, Some(failure)) => {
            failure.to_string()
        }
        (Some(Outcome::Accepted | Outcome::Submitted(_)), Presence::Present, _) => match &tried.job_end {
            None => "the cloud accepted the call, but it is still there".to_owned(),
            Some(end) => format!("{end}, but it is still there"),
        },
        (Some(Outcome::NotThere), Presence::Present, _) => {
            "the cloud says that it is not there, yet lists it: does the account own it?".to_owned()
        }
        (_, _, Some(failure)) => format!("called, but not seen gone: {failure}"),
        (_, Presence::Unknown(reason), _) => format!("not seen gone: {reason}"),
        (None, _, None) => "not tried".to_owned(),
        (_, Presence::Absent, _) => "gone".to_owned(),
    }
}

/// Whether a try counts. What says nothing about the task itself (no way to
/// the cloud, its throttle, our login) does not use up its tries; the age of
/// the decision bounds those.
fn burns(class: Option<FailureClass>) -> bool {
    !matches!(
        class,
        Some(FailureClass::Unreachable | FailureClass::Throttled | FailureClass::Unauthenticated)
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn tried(outcome: Option<Outcome>, presence: Presence, number: u32) -> Try {
        Try {
            outcome,
            presence,
            look_failed: None,
            job_end: None,
            called_before: false,
            number,
            of_all: number,
        }
    }

    fn failed(class: FailureClass) -> Option<Outcome> {
        Some(Outcome::Failed(Failure::new(class, "x")))
    }

    fn verdict(tried: &Try) -> Verdict {
        decide(tried, &RetryLimits::default(), false, 0.5, NOW)
    }

    #[test]
    fn only_what_was_seen_gone_is_done() {
        assert!(matches!(
            verdict(&tried(Some(Outcome::Accepted), Presence::Absent, 1)),
            Verdict::Done { .. }
        ));
        for outcome in [Outcome::Accepted, Outcome::NotThere] {
            for presence in [Presence::Present, Presence::Unknown("x".into())] {
                let verdict = verdict(&tried(Some(outcome.clone()), presence, 1));
                assert!(
                    matches!(
                        verdict,
                        Verdict::Again {
                            called: true,
                            burned: true,
                            ..
                        }
                    ),
                    "{verdict:?}"
                );
            }
        }
    }

    #[test]
    fn a_lost_answer_is_done_if_the_target_is_gone_and_tried_again_if_not() {
        let lost = failed(FailureClass::Interrupted);
        assert!(matches!(
            verdict(&tried(lost.clone(), Presence::Absent, 1)),
            Verdict::Done { .. }
        ));
        assert!(matches!(
            verdict(&tried(lost, Presence::Present, 1)),
            Verdict::Again { called: true, .. }
        ));
    }

    #[test]
    fn a_refusal_is_final_at_once_and_keeps_the_clouds_words() {
        let refused = verdict(&tried(failed(FailureClass::Refused), Presence::Present, 1));
        assert_eq!(refused, Verdict::Dead { reason: "x".into() });
    }

    #[test]
    fn what_says_nothing_about_the_task_never_kills_it() {
        for class in [
            FailureClass::Unreachable,
            FailureClass::Throttled,
            FailureClass::Unauthenticated,
        ] {
            let verdict = verdict(&tried(failed(class), Presence::Present, 99));
            assert!(
                matches!(verdict, Verdict::Again { burned: false, .. }),
                "{class}: {verdict:?}"
            );
        }
    }

    #[test]
    fn the_last_try_that_counts_kills_unless_the_cloud_is_down() {
        let last = tried(failed(FailureClass::Unavailable), Presence::Present, 6);
        assert!(matches!(verdict(&last), Verdict::Dead { .. }));
        let down = decide(&last, &RetryLimits::default(), true, 0.5, NOW);
        assert!(matches!(down, Verdict::Again { burned: false, .. }));
    }

    #[test]
    fn waits_grow_with_tries_that_do_not_count() {
        let wait_of = |of_all| {
            let throttled = Try {
                of_all,
                ..tried(failed(FailureClass::Throttled), Presence::Present, 1)
            };
            match verdict(&throttled) {
                Verdict::Again { not_before, .. } => not_before.duration_since(NOW),
                other => panic!("{other:?}"),
            }
        };
        assert!(wait_of(6) > wait_of(1) * 10);
    }

    #[test]
    fn what_a_job_left_goes_back_with_the_jobs_words() {
        let left = Try {
            job_end: Some("the job failed: quota".into()),
            ..tried(Some(Outcome::Submitted("j".into())), Presence::Present, 1)
        };
        let Verdict::Again { note, called, .. } = verdict(&left) else {
            panic!("should go back");
        };
        assert_eq!(
            (note.as_str(), called),
            ("the job failed: quota, but it is still there", true)
        );
    }

    #[test]
    fn a_call_that_may_have_worked_is_not_forgotten_when_a_look_fails() {
        let blind = Try {
            called_before: true,
            ..tried(None, Presence::Unknown("x".into()), 2)
        };
        assert!(matches!(verdict(&blind), Verdict::Again { called: true, .. }));
    }

    #[test]
    fn the_clouds_own_wish_is_honoured_when_it_is_longer() {
        let failure = Failure {
            retry_after: Some(SignedDuration::from_secs(1800)),
            ..Failure::new(FailureClass::Throttled, "slow down")
        };
        let again = verdict(&tried(Some(Outcome::Failed(failure)), Presence::Present, 1));
        let Verdict::Again { not_before, .. } = again else {
            panic!("{again:?}")
        };
        assert_eq!(not_before, NOW + SignedDuration::from_secs(1800));
    }

    proptest! {
        #[test]
        fn the_wait_stays_between_nothing_and_its_bounds(number in 0u32..1000, jitter in 0f64..1.0) {
            let limits = RetryLimits::default();
            let wait = backoff(number, &limits, jitter);
            prop_assert!(wait >= SignedDuration::ZERO && wait <= limits.longest_delay);
            let doubled = limits.first_delay.as_secs_f64() * 2f64.powi(number.saturating_sub(1).min(40) as i32);
            prop_assert!(wait.as_secs_f64() <= doubled + 1e-6);
        }

        #[test]
        fn no_try_is_done_unless_the_target_was_seen_absent(
            kind in 0usize..11, number in 1u32..10, known in any::<bool>(), down in any::<bool>(), jitter in 0f64..1.0,
        ) {
            let outcome = match kind {
                0 => None,
                1 => Some(Outcome::Accepted),
                2 => Some(Outcome::NotThere),
                n => failed(FailureClass::ALL[n - 3]),
            };
            let presence = if known { Presence::Present } else { Presence::Unknown("x".into()) };
            let verdict = decide(&tried(outcome, presence, number), &RetryLimits::default(), down, jitter, NOW);
            let done = matches!(verdict, Verdict::Done { .. });
            prop_assert!(!done);
        }
    }
}
