//! How far this machine's clock is from others.

use std::path::Path;

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

use super::finding::Finding;

/// More than that is worth a word.
const WARNED: SignedDuration = SignedDuration::from_secs(30);
/// From here on revokd itself refuses a login: ages are judged by this clock.
const REFUSED: SignedDuration = SignedDuration::from_mins(5);

const MEND: &str = "set this machine's clock by the network: timedatectl set-ntp true";

/// The difference to the `Date` of an answer that came at `now`.
pub fn against(date: Option<&str>, now: Timestamp) -> Finding {
    let parsed = date.and_then(|text| rfc2822::DateTimeParser::new().parse_timestamp(text).ok());
    let Some(theirs) = parsed else {
        let why = "the cloud's answer has no `Date` to hold this clock against";
        return Finding::not_checked("clock", why, "compare it by hand: date -u");
    };
    let ahead = now.duration_since(theirs);
    let seconds = ahead.abs().as_secs();
    let side = if ahead.is_negative() { "behind" } else { "ahead of" };
    let seen = format!("this machine is {seconds} s {side} the cloud");
    if ahead.abs() > REFUSED {
        let seen = format!("{seen}: no login is accepted beyond 300 s, and ages would be judged wrongly");
        Finding::problem("clock", seen, MEND)
    } else if ahead.abs() > WARNED {
        Finding::warning("clock", seen, MEND)
    } else {
        Finding::ok("clock", format!("within {} s of the cloud's", seconds.max(1)))
    }
}

/// What systemd's own client says; others leave no such trace.
pub fn by_network() -> Finding {
    if Path::new("/run/systemd/timesync/synchronized").exists() {
        return Finding::ok("kept by the network", "systemd-timesyncd is synchronized");
    }
    let why = "systemd-timesyncd does not say that it is synchronized; another service may keep the clock";
    Finding::not_checked(
        "kept by the network",
        why,
        "timedatectl show --property=NTPSynchronized",
    )
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Verdict, *};

    fn verdict(date: Option<&str>, now: &str) -> Verdict {
        against(date, now.parse().unwrap()).verdict
    }

    #[test]
    fn a_clock_is_judged_by_its_difference_in_both_directions() {
        let date = Some("Fri, 02 Jan 2026 03:00:00 GMT");
        for (now, expected) in [
            ("2026-01-02T03:00:00Z", Verdict::Ok),
            ("2026-01-02T03:00:30Z", Verdict::Ok),
            ("2026-01-02T03:00:31Z", Verdict::Warning),
            ("2026-01-02T02:59:29Z", Verdict::Warning),
            ("2026-01-02T03:05:00Z", Verdict::Warning),
            ("2026-01-02T03:05:01Z", Verdict::Problem),
            ("2026-01-02T02:54:59Z", Verdict::Problem),
        ] {
            assert_eq!(verdict(date, now), expected, "{now}");
        }
    }

    #[test]
    fn without_a_readable_date_nothing_is_said() {
        assert_eq!(verdict(None, "2026-01-02T03:00:00Z"), Verdict::NotChecked);
        assert_eq!(verdict(Some("soon"), "2026-01-02T03:00:00Z"), Verdict::NotChecked);
    }
}
