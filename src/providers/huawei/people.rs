//! All users of the account with everything that IAM tells of them.

use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

use super::{iam::Iam, wire::iam::UserDetailBody};
use crate::{
    model::{Failure, FailureClass, Id, User, UserState},
    providers::users,
};

/// The zone of a last login is not told: no zone is further than this from UTC.
const ZONE_SLACK: SignedDuration = SignedDuration::from_hours(24);

const MISSING_RIGHT: &str = "listing users takes Security Administrator, or `iam:users:listUsers` and \
     `iam:users:getUser`, for the account as a whole";

/// All users by id; `needs_details` asks for each by itself.
///
/// # Errors
/// Also where a single user could not be read: a part of a list is none.
pub async fn users(iam: &Iam<'_>, needs_details: bool, now: Timestamp) -> Result<Vec<User>, Failure> {
    let listed = iam.users().await.map_err(with_missing_right)?;
    let mut users: Vec<User> = match needs_details {
        false => listed.into_values().collect(),
        true => {
            let calls = stream::iter(listed).map(|(_, user)| asked_about(iam, user, now));
            let calls = calls.buffer_unordered(iam.limits.concurrency.max(1));
            calls.try_collect().await.map_err(with_missing_right)?
        }
    };
    users.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(users)
}

/// What the answer about one user says, and the list where it says more.
pub fn detailed(listed: Option<&User>, detail: UserDetailBody) -> User {
    let UserDetailBody {
        id,
        name,
        enabled,
        more,
        ..
    } = detail;
    let (email, attributes) = users::told(more);
    let is_listed_enabled = listed.is_some_and(|listed| listed.state == UserState::Enabled);
    User {
        id: Id::from(id),
        name,
        email: email.or_else(|| listed.and_then(|listed| listed.email.clone())),
        attributes: match listed {
            Some(listed) => users::joined(listed, attributes),
            None => attributes,
        },
        // Between the two the user was changed; nobody is called disabled in
        // doubt.
        state: users::state(enabled || is_listed_enabled),
        last_seen: None,
    }
}

async fn asked_about(iam: &Iam<'_>, listed: User, now: Timestamp) -> Result<User, Failure> {
    let Some(detail) = iam.user(&listed.id).await? else {
        let why = format!("user {} is in it, but not there by its id", listed.id);
        return Err(users::incomplete(&why));
    };
    let last_login = detail.last_login_time.as_deref();
    let last_login = last_login.and_then(|text| latest_meant(text, now));
    // Who signs requests with a key may not be seen to sign in.
    let last_seen = match last_login {
        Some(at) if !iam.has_active_key(&listed.id).await? => Some(at),
        _ => None,
    };
    Ok(User {
        last_seen,
        ..detailed(Some(&listed), detail)
    })
}

/// The latest moment that a time without a zone can mean, which is not after
/// `now`. `None` for what is no such time.
fn latest_meant(text: &str, now: Timestamp) -> Option<Timestamp> {
    let written: civil::DateTime = text.trim().parse().ok()?;
    let as_utc = written.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let latest = as_utc.checked_add(ZONE_SLACK).ok()?;
    Some(latest.min(now))
}

fn with_missing_right(mut failure: Failure) -> Failure {
    if failure.class == FailureClass::Refused {
        failure.detail = format!("{} ({MISSING_RIGHT})", failure.detail);
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_zone_is_taken_for_the_latest_it_can_mean() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let latest = |text| latest_meant(text, now).map(|at| at.to_string());
        assert_eq!(
            latest("2020-07-08 02:19:03.0").as_deref(),
            Some("2020-07-09T02:19:03Z")
        );
        assert_eq!(
            latest("2025-12-31 12:00:00.0").as_deref(),
            Some("2026-01-01T00:00:00Z")
        );
        for text in ["", "null", "yesterday", "2020-13-01 00:00:00.0"] {
            assert_eq!(latest(text), None, "{text}");
        }
    }
}
