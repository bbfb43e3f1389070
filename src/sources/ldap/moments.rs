//! The ways in which directories write a moment.

use jiff::{SignedDuration, Span, Timestamp, civil::date};

use crate::model::Moment;

/// What a GeneralizedTime (`20260331150000Z`) is in RFC 3339, which all sources
/// read; `None`: this is none. A fraction of a second is left out.
pub fn rfc3339(generalized: &str) -> Option<String> {
    let digits = generalized.bytes().take_while(u8::is_ascii_digit).count();
    let (time, rest) = generalized.split_at(digits);
    if ![10, 12, 14].contains(&digits) {
        return None;
    }
    let part = |from: usize| time.get(from..from + 2).unwrap_or("00");
    // A fraction may be one of an hour or a minute; only of a second is it small.
    let rest = match rest.strip_prefix(['.', ',']) {
        Some(fraction) if digits == 14 => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        Some(_) => return None,
        None => rest,
    };
    let signed = rest.starts_with(['+', '-']) && rest[1..].bytes().all(|byte| byte.is_ascii_digit());
    let offset = match rest.len() {
        _ if rest == "Z" => rest.to_owned(),
        3 if signed => format!("{rest}:00"),
        5 if signed => format!("{}:{}", &rest[..3], &rest[3..]),
        _ => return None,
    };
    let (year, month, day) = (&time[..4], part(4), part(6));
    Some(format!(
        "{year}-{month}-{day}T{}:{}:{}{offset}",
        part(8),
        part(10),
        part(12)
    ))
}

/// Of Active Directory: steps of 100 ns since 1601. `None` is never, which is
/// written as 0, as the largest number there is, and in effect as any number
/// behind all calendars.
///
/// # Errors
/// Half a sentence where this is no such number.
pub fn of_ticks(text: &str) -> Result<Option<Moment>, &'static str> {
    const TICKS_IN_A_SECOND: i64 = 10_000_000;
    const FROM_1601_TO_1970_SECONDS: i64 = 11_644_473_600;
    let ticks: i64 = text.trim().parse().map_err(|_| "is not a number")?;
    if ticks < 0 {
        return Err("is before all time");
    }
    if ticks == 0 || ticks == i64::MAX {
        return Ok(None);
    }
    let seconds = ticks / TICKS_IN_A_SECOND - FROM_1601_TO_1970_SECONDS;
    let nanoseconds = i32::try_from(ticks % TICKS_IN_A_SECOND * 100);
    let nanoseconds = nanoseconds.map_err(|_| "is not a time")?;
    let since_1970 = SignedDuration::new(seconds, nanoseconds);
    Ok(Timestamp::from_duration(since_1970).ok().map(Moment::At))
}

/// Of `shadow(5)`: days since 1970. Some programs refuse the account on that day
/// already and some only after it; what is certain is the day after, so the day
/// counts as the last one. `None` is never: -1, and 0, which is never to some
/// programs and 1970 to others.
///
/// # Errors
/// Half a sentence where this is no such number.
pub fn of_days(text: &str) -> Result<Option<Moment>, &'static str> {
    let days: i64 = text.trim().parse().map_err(|_| "is not a number")?;
    match days {
        ..-1 => Err("is before all time"),
        -1 | 0 => Ok(None),
        // What is behind the calendar never comes.
        _ => {
            let day = |span: Span| date(1970, 1, 1).checked_add(span).ok();
            Ok(Span::new().try_days(days).ok().and_then(day).map(Moment::Day))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        Moment::At(text.parse().unwrap())
    }

    #[test]
    fn generalized_times_become_what_every_source_reads() {
        for (generalized, expected) in [
            ("20260331150000Z", Some("2026-03-31T15:00:00Z")),
            ("20260331150000.0Z", Some("2026-03-31T15:00:00Z")),
            ("20260331150000,25+0200", Some("2026-03-31T15:00:00+02:00")),
            ("202603311500Z", Some("2026-03-31T15:00:00Z")),
            ("2026033115-05", Some("2026-03-31T15:00:00-05:00")),
            ("2026033115.5Z", None),
            ("2026-03-31", None),
            ("20260331", None),
            ("20260331150000", None),
            ("20260331150000é2", None),
            ("", None),
        ] {
            assert_eq!(rfc3339(generalized).as_deref(), expected, "{generalized}");
        }
    }

    #[test]
    fn ticks_of_active_directory_are_counted_from_1601() {
        assert_eq!(
            of_ticks("116444736000000000"),
            Ok(Some(at("1970-01-01T00:00:00Z")))
        );
        assert_eq!(
            of_ticks("134193888000000000"),
            Ok(Some(at("2026-03-31T00:00:00Z")))
        );
        assert_eq!(
            of_ticks("134193888005000000"),
            Ok(Some(at("2026-03-31T00:00:00.5Z")))
        );
    }

    #[test]
    fn ticks_that_mean_never_are_no_date() {
        for never in ["0", "9223372036854775807", "9223372036854775806"] {
            assert_eq!(of_ticks(never), Ok(None), "{never}");
        }
        for wrong in ["", "-1", "9223372036854775808", "2026-03-31", "1e9"] {
            assert!(of_ticks(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_day_of_a_shadow_account_is_its_last() {
        let day = |text: &str| Ok(Some(Moment::Day(text.parse().unwrap())));
        assert_eq!(of_days("1"), day("1970-01-02"));
        assert_eq!(of_days("20543"), day("2026-03-31"));
        for never in ["0", "-1", "99999999"] {
            assert_eq!(of_days(never), Ok(None), "{never}");
        }
        for wrong in ["", "-2", "soon"] {
            assert!(of_days(wrong).is_err(), "{wrong}");
        }
    }
}
