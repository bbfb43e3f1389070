//! Tokens of Keystone, and of clouds whose identity service is built like it:
//! what the answer to a login gives, and how long it is good for.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};

use super::{calls::Operation, http::Answer};
use crate::model::{Failure, FailureClass};

/// A token is left this long before it expires, so that none expires on its way.
const LONGEST_MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// More than clocks that are kept by NTP ever differ.
const LARGEST_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A token and what it gives access to. No `Debug`: it is a secret.
pub struct Token<A> {
    secret: SecretString,
    pub access: A,
    /// From then on another one is fetched first; `None` for a token that
    /// nothing can replace, or whose end cannot be told by this clock.
    stale_at: Option<Timestamp>,
    worked: AtomicBool,
}

impl<A> Token<A> {
    pub fn new(secret: SecretString, access: A, stale_at: Option<Timestamp>) -> Token<A> {
        Token {
            secret,
            access,
            stale_at,
            worked: AtomicBool::new(false),
        }
    }

    pub fn expose(&self) -> &str {
        self.secret.expose_secret()
    }

    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.stale_at.is_some_and(|moment| now >= moment)
    }

    /// Notes that a service has taken it.
    pub fn has_worked(&self) {
        self.worked.store(true, Ordering::Relaxed);
    }

    pub fn ever_worked(&self) -> bool {
        self.worked.load(Ordering::Relaxed)
    }
}

/// How a login went wrong.
pub enum LoginFailure {
    /// The cloud says no to the credential, or may mean that: asking again may
    /// lock the account, whatever the token would be for.
    WrongCredential(Failure),
    /// The cloud, or its catalogue, says no to this use of the credential:
    /// asking again says it again.
    Refused(Failure),
    /// Worth another try by whoever comes next.
    Passing(Failure),
}

/// The token in the answer to a login.
///
/// # Errors
/// Also where the clocks disagree, because ages are judged by this machine's.
pub fn granted(answer: &Answer, now: Timestamp) -> Result<SecretString, LoginFailure> {
    if !answer.status.is_success() {
        return Err(refusal(answer));
    }
    refuse_skew(answer, now, Operation::Login).map_err(LoginFailure::Passing)?;
    let value = answer
        .headers
        .get("x-subject-token")
        .and_then(|value| value.to_str().ok());
    let value = value.filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| answer.malformed("no token in the answer"));
    Ok(SecretString::from(value.map_err(LoginFailure::Passing)?))
}

/// When a token that ends at `expires_at` is left for another one.
pub fn stale_at(expires_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let life = expires_at.duration_since(now);
    // Expired on arrival means that the clocks disagree: logging in before
    // every call would not help, so the cloud's 401 decides instead.
    (life > SignedDuration::ZERO).then(|| expires_at - LONGEST_MARGIN.min(life / 10))
}

/// How far this machine's clock is ahead of the one that an answer shows.
pub fn skew(answer: &Answer, now: Timestamp) -> Option<SignedDuration> {
    let date = answer.headers.get("date").and_then(|value| value.to_str().ok());
    let date = date.and_then(|text| rfc2822::DateTimeParser::new().parse_timestamp(text).ok());
    date.map(|date| now.duration_since(date))
}

/// Ages are judged by this machine's clock. One that is far ahead makes young
/// shares old, so nothing is done until the clocks agree.
pub fn refuse_skew(answer: &Answer, now: Timestamp, operation: Operation) -> Result<(), Failure> {
    match skew(answer, now) {
        Some(skew) if skew.abs() > LARGEST_SKEW => Err(Failure::new(
            FailureClass::Unavailable,
            format!(
                "{}: this machine's clock differs from the cloud's by {skew:#}; set one of them right",
                operation.step()
            ),
        )),
        _ => Ok(()),
    }
}

fn refusal(answer: &Answer) -> LoginFailure {
    let mut failure = answer.failure();
    match failure.class {
        FailureClass::Unauthenticated | FailureClass::Refused | FailureClass::Conflict => {
            failure.class = FailureClass::Unauthenticated;
            match answer.status {
                // These speak of what the token was to be for.
                StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::CONFLICT => {
                    LoginFailure::Refused(failure)
                }
                _ => LoginFailure::WrongCredential(failure),
            }
        }
        _ => LoginFailure::Passing(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_left_shortly_before_its_end() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let stale = |seconds| {
            let end = now + SignedDuration::from_secs(seconds);
            stale_at(end, now).map(|moment| moment.duration_since(now).as_secs())
        };
        assert_eq!(stale(3600), Some(3540));
        assert_eq!(stale(100), Some(90));
        assert_eq!(stale(0), None);
        assert_eq!(stale(-3600), None);
    }
}
