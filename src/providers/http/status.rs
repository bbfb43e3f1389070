//! What a status means, before anybody looks at the body.

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};

use crate::model::FailureClass;

/// No cloud's wish keeps the daemon away for longer than this.
const LONGEST_RETRY_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// The class of a status that is no success. 404 is left to those who know
/// what was asked for; where it reaches this, the request was a wrong one.
pub fn classify(status: StatusCode, wait: Option<SignedDuration>) -> FailureClass {
    match status.as_u16() {
        401 => FailureClass::Unauthenticated,
        // The server gave up on reading the request; nothing is wrong with it.
        408 => FailureClass::Unavailable,
        409 => FailureClass::Conflict,
        429 => FailureClass::Throttled,
        // Proxies throttle with 413 as well, and then say for how long.
        413 if wait.is_some() => FailureClass::Throttled,
        400..=499 => FailureClass::Refused,
        500..=599 => FailureClass::Unavailable,
        _ => FailureClass::Malformed,
    }
}

/// The wait that an answer asks for, in seconds or until a date, between
/// nothing and one hour.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match value.parse::<f64>() {
        Ok(seconds) if seconds.is_nan() => return None,
        Ok(seconds) => {
            let seconds = seconds.clamp(0.0, LONGEST_RETRY_AFTER.as_secs_f64());
            SignedDuration::from_secs_f64(seconds)
        }
        Err(_) => {
            let parser = rfc2822::DateTimeParser::new();
            parser.parse_timestamp(value).ok()?.duration_since(now)
        }
    };
    Some(wait.clamp(SignedDuration::ZERO, LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_class() {
        let class = |status| classify(StatusCode::from_u16(status).unwrap(), None);
        for (status, expected) in [
            (300, FailureClass::Malformed),
            (301, FailureClass::Malformed),
            (400, FailureClass::Refused),
            (401, FailureClass::Unauthenticated),
            (403, FailureClass::Refused),
            (405, FailureClass::Refused),
            (408, FailureClass::Unavailable),
            (409, FailureClass::Conflict),
            (410, FailureClass::Refused),
            (413, FailureClass::Refused),
            (429, FailureClass::Throttled),
            (500, FailureClass::Unavailable),
            (503, FailureClass::Unavailable),
            (599, FailureClass::Unavailable),
            (700, FailureClass::Malformed),
        ] {
            assert_eq!(class(status), expected, "{status}");
        }
        let wait = Some(SignedDuration::from_secs(1));
        assert_eq!(
            classify(StatusCode::PAYLOAD_TOO_LARGE, wait),
            FailureClass::Throttled
        );
    }

    #[test]
    fn retry_after_is_read_in_both_forms_and_bounded() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let wait = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            retry_after(&headers, now).map(|wait| wait.as_secs())
        };
        for (value, expected) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("0", Some(0)),
            ("-5", Some(0)),
            ("99999999999999999999999", Some(3600)),
            ("inf", Some(3600)),
            ("NaN", None),
            ("soon", None),
            ("", None),
            ("Fri, 02 Jan 2026 03:05:05 GMT", Some(60)),
            ("Fri, 02 Jan 2026 03:00:00 GMT", Some(0)),
            ("Sat, 03 Jan 2026 03:00:00 GMT", Some(3600)),
        ] {
            assert_eq!(wait(value), expected, "{value:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
