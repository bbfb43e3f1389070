//! What directories themselves say of an account, whoever makes them.
//!
//! Only what an administrator did counts as gone. A lock that wrong passwords
//! set passes, and anybody can set it for anybody.

use jiff::{Timestamp, tz::TimeZone};

use super::{attributes::Attributes, moments};
use crate::{connection::shortened, model::Moment};

/// OpenLDAP, by the draft on password policies.
const LOCKED: &str = "pwdAccountLockedTime";
/// Active Directory.
const CONTROL: &str = "userAccountControl";
const EXPIRES: &str = "accountExpires";
/// 389 Directory Server and FreeIPA.
const ACCOUNT_LOCK: &str = "nsAccountLock";
/// eDirectory.
const DISABLED: &str = "loginDisabled";
/// POSIX accounts.
const SHADOW_EXPIRE: &str = "shadowExpire";

/// Asked for by name, because some of them are operational and come no other way.
pub const ATTRIBUTES: [&str; 6] = [LOCKED, CONTROL, EXPIRES, ACCOUNT_LOCK, DISABLED, SHADOW_EXPIRE];

#[derive(Debug, PartialEq, Eq)]
pub struct State {
    pub gone: bool,
    pub leaves: Option<Moment>,
}

/// An entry without any of these attributes is of somebody who is there.
///
/// # Errors
/// Half a sentence about an attribute that is not understood.
pub fn state(attributes: &Attributes) -> Result<State, String> {
    let gone = [
        read(attributes, LOCKED, locked_for_good)?,
        read(attributes, CONTROL, disabled)?,
        read(attributes, ACCOUNT_LOCK, boolean)?,
        read(attributes, DISABLED, boolean)?,
    ];
    let expires = read(attributes, EXPIRES, moments::of_ticks)?.flatten();
    let shadow = read(attributes, SHADOW_EXPIRE, moments::of_days)?.flatten();
    Ok(State {
        gone: gone.into_iter().flatten().any(|gone| gone),
        leaves: earlier(expires, shadow),
    })
}

/// An account ends with the first of its ends. A day ends in the zone of the
/// policy, which is not known here; by UTC it is off by no more than the zone,
/// and only where the two are that close.
pub fn earlier(one: Option<Moment>, other: Option<Moment>) -> Option<Moment> {
    let end = |moment: &Moment| match moment {
        Moment::At(time) => *time,
        Moment::Day(day) => {
            let end = day.tomorrow().and_then(|next| next.to_zoned(TimeZone::UTC));
            end.map_or(Timestamp::MAX, |end| end.timestamp())
        }
    };
    one.into_iter().chain(other).min_by_key(end)
}

fn read<T>(
    attributes: &Attributes,
    name: &str,
    understand: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Option<T>, String> {
    let Some(text) = attributes.text(name)? else {
        return Ok(None);
    };
    let understood = understand(text).map_err(|why| {
        let shown = shortened(text);
        format!("`{name}` is {shown:?}, which {why}")
    });
    understood.map(Some)
}

/// `000001010000Z`, a time in the year 0, is what an administrator sets. Any
/// other is when wrong passwords locked the account.
fn locked_for_good(text: &str) -> Result<bool, &'static str> {
    let time = moments::rfc3339(text).ok_or("is not a time")?;
    if time.starts_with("0000-01-01T00:00:00") {
        return Ok(true);
    }
    let parsed = time.parse::<Timestamp>();
    parsed.map(|_| false).map_err(|_| "is not a time")
}

/// Flags in a number that some servers write with a sign. The one for a lockout
/// (0x10) is not looked at.
fn disabled(text: &str) -> Result<bool, &'static str> {
    const ACCOUNTDISABLE: i64 = 0x2;
    let flags: i64 = text.trim().parse().map_err(|_| "is not a number")?;
    Ok(flags & ACCOUNTDISABLE != 0)
}

fn boolean(text: &str) -> Result<bool, &'static str> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("is neither TRUE nor FALSE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[(&str, &str)]) -> Result<State, String> {
        let mut attributes = Attributes::default();
        for (name, value) in values {
            attributes.add(name, vec![value.as_bytes().to_vec()]);
        }
        state(&attributes)
    }

    fn gone(name: &str, value: &str) -> bool {
        of(&[(name, value)]).unwrap().gone
    }

    #[test]
    fn only_a_lock_for_good_of_openldap_is_gone() {
        assert!(gone("pwdAccountLockedTime", "000001010000Z"));
        assert!(gone("pwdAccountLockedTime", "00000101000000Z"));
        assert!(
            !gone("pwdAccountLockedTime", "20261121093000Z"),
            "locked by wrong passwords"
        );
        assert!(
            !gone("pwdAccountLockedTime", "20261121093000.123456Z"),
            "with a fraction"
        );
    }

    #[test]
    fn a_disabled_account_of_active_directory_is_gone_and_a_locked_out_one_is_not() {
        for (flags, expected) in [
            ("512", false),
            ("514", true),
            ("66050", true),
            ("528", false),
            ("530", true),
            ("0", false),
            ("-2147483646", true),
        ] {
            assert_eq!(gone("userAccountControl", flags), expected, "{flags}");
        }
    }

    #[test]
    fn locks_of_389_and_edirectory_are_gone() {
        for name in ["nsAccountLock", "nsaccountlock", "loginDisabled"] {
            assert!(gone(name, "TRUE") && gone(name, "true"), "{name}");
            assert!(!gone(name, "FALSE"), "{name}");
        }
    }

    #[test]
    fn an_account_that_expires_leaves_then() {
        let expires = of(&[("accountExpires", "134193888000000000")]).unwrap();
        let at = Moment::At("2026-03-31T00:00:00Z".parse().unwrap());
        assert_eq!((expires.gone, expires.leaves), (false, Some(at)));
        let never = of(&[("accountExpires", "9223372036854775807")]).unwrap();
        assert_eq!(never.leaves, None);
    }

    #[test]
    fn the_first_of_two_ends_counts() {
        let day = Moment::Day("2026-03-30".parse().unwrap());
        let both = of(&[
            ("accountExpires", "134193888000000001"),
            ("shadowExpire", "20542"),
        ]);
        assert_eq!(both.unwrap().leaves, Some(day));
        let later = of(&[
            ("accountExpires", "134193887999990000"),
            ("shadowExpire", "20542"),
        ]);
        assert!(matches!(later.unwrap().leaves, Some(Moment::At(_))));
    }

    #[test]
    fn whoever_has_no_state_is_there() {
        assert_eq!(
            of(&[("mail", "ada@example.org")]),
            Ok(State {
                gone: false,
                leaves: None
            })
        );
    }

    #[test]
    fn a_state_that_is_not_understood_is_a_problem_and_no_state() {
        for (name, value) in [
            ("pwdAccountLockedTime", "yes"),
            ("pwdAccountLockedTime", "20269921093000Z"),
            ("userAccountControl", "0x202"),
            ("userAccountControl", ""),
            ("accountExpires", "never"),
            ("nsAccountLock", "1"),
            ("loginDisabled", ""),
            ("shadowExpire", "soon"),
        ] {
            let problem = of(&[(name, value)]).unwrap_err();
            assert!(problem.contains(name), "{problem}");
        }
        assert!(of(&[("nsAccountLock", "TRUE"), ("nsAccountLock", "FALSE")]).is_err());
    }
}
