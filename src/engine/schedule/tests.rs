//! The schedule as a whole: tables of known cases here, laws and an independent oracle beside.

mod properties;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{Schedule, ScheduleProblem};

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn schedule(line: &str, zone_name: &str) -> Schedule {
    Schedule::parse(line, zone(zone_name)).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The next fires after an instant, as wall clock with offset.
fn fires(line: &str, zone_name: &str, after: &str, count: usize) -> Vec<String> {
    let schedule = schedule(line, zone_name);
    walk(&schedule, instant(after))
        .take(count)
        .map(|fire| {
            let fire = fire.to_zoned(schedule.zone().clone());
            fire.strftime("%m-%dT%H:%M:%S%:z").to_string()
        })
        .collect()
}

fn walk(schedule: &Schedule, after: Timestamp) -> impl Iterator<Item = Timestamp> {
    std::iter::successors(schedule.next_after(after), |fire| schedule.next_after(*fire))
}

#[test]
fn a_skipped_fixed_time_fires_after_the_gap() {
    // Berlin goes from 02:00+01 to 03:00+02.
    let before = "2026-03-28T12:00:00Z";
    assert_eq!(
        fires("30 2 * * *", "Europe/Berlin", before, 2),
        ["03-29T03:00:00+02:00", "03-30T02:30:00+02:00"]
    );
    // Not even the last second before the gap is too late to ask.
    assert_eq!(
        fires("0 2 * * *", "Europe/Berlin", "2026-03-29T00:59:59Z", 2),
        ["03-29T03:00:00+02:00", "03-30T02:00:00+02:00"]
    );
    // Several skipped times, and one at the end of the gap, are one fire.
    assert_eq!(
        fires("0,30 1-3 * * *", "Europe/Berlin", before, 5),
        [
            "03-29T01:00:00+01:00",
            "03-29T01:30:00+01:00",
            "03-29T03:00:00+02:00",
            "03-29T03:30:00+02:00",
            "03-30T01:00:00+02:00"
        ]
    );
    // Santiago skips midnight itself.
    assert_eq!(
        fires("0 0 * * *", "America/Santiago", "2026-09-05T12:00:00Z", 2),
        ["09-06T01:00:00-03:00", "09-07T00:00:00-03:00"]
    );
    // Nuuk skips the last hour of a Saturday; the run that it was owed falls on Sunday.
    assert_eq!(
        fires("30 23 * * sat", "America/Nuuk", "2026-03-28T12:00:00Z", 2),
        ["03-29T00:00:00-01:00", "04-04T23:30:00-01:00"]
    );
    // Apia skipped Friday, 30 December 2011.
    assert_eq!(
        fires("0 12 * * fri", "Pacific/Apia", "2011-12-24T00:00:00Z", 2),
        ["12-31T00:00:00+14:00", "01-06T12:00:00+14:00"]
    );
    // Lord Howe skips half an hour.
    assert_eq!(
        fires("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2),
        ["10-04T02:30:00+11:00", "10-05T02:15:00+11:00"]
    );
}

#[test]
fn an_interval_does_not_fire_in_a_gap() {
    assert_eq!(
        fires("50 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 2),
        ["03-29T01:50:00+01:00", "03-29T03:50:00+02:00"]
    );
    assert_eq!(
        fires("*/20 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 1),
        ["03-30T02:00:00+02:00"]
    );
}

#[test]
fn a_repeated_fixed_time_fires_in_the_first_pass_only() {
    let before = "2026-10-24T12:00:00Z";
    assert_eq!(
        fires("30 2 * * *", "Europe/Berlin", before, 2),
        ["10-25T02:30:00+02:00", "10-26T02:30:00+01:00"]
    );
    assert_eq!(
        fires("0 2-3 * * *", "Europe/Berlin", before, 3),
        [
            "10-25T02:00:00+02:00",
            "10-25T03:00:00+01:00",
            "10-26T02:00:00+01:00"
        ]
    );
    // Asking between the passes, and in the second one, changes nothing.
    for after in [
        "2026-10-25T00:40:00Z",
        "2026-10-25T01:00:00Z",
        "2026-10-25T01:15:00Z",
    ] {
        assert_eq!(
            fires("30 2 * * *", "Europe/Berlin", after, 1),
            ["10-26T02:30:00+01:00"]
        );
    }
    assert_eq!(
        fires("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", 2),
        ["04-05T01:45:00+11:00", "04-06T01:45:00+10:30"]
    );
}

#[test]
fn an_interval_fires_in_both_passes_in_order() {
    assert_eq!(
        fires("*/30 * * * *", "Europe/Berlin", "2026-10-24T23:59:59Z", 5),
        [
            "10-25T02:00:00+02:00",
            "10-25T02:30:00+02:00",
            "10-25T02:00:00+01:00",
            "10-25T02:30:00+01:00",
            "10-25T03:00:00+01:00"
        ]
    );
    // 02:50+02:00 is followed by the second 02:00, which the cron crate alone loses.
    assert_eq!(
        fires("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:50:00Z", 1),
        ["10-25T02:00:00+01:00"]
    );
    assert_eq!(
        fires("45 * * * *", "Australia/Lord_Howe", "2026-04-04T14:30:00Z", 3),
        [
            "04-05T01:45:00+11:00",
            "04-05T01:45:00+10:30",
            "04-05T02:45:00+10:30"
        ]
    );
    // The hour that Nuuk repeats ends on another day than it began.
    assert_eq!(
        fires("*/59 23 * * sat", "America/Nuuk", "2033-10-29T12:00:00Z", 5),
        [
            "10-29T23:00:00-01:00",
            "10-29T23:59:00-01:00",
            "10-29T23:00:00-02:00",
            "10-29T23:59:00-02:00",
            "11-05T23:00:00-02:00"
        ]
    );
    // Casablanca suspends its summer time for Ramadan.
    assert_eq!(
        fires("30 * * * *", "Africa/Casablanca", "2026-02-15T01:00:00Z", 3),
        [
            "02-15T02:30:00+01:00",
            "02-15T02:30:00+00:00",
            "02-15T03:30:00+00:00"
        ]
    );
}

#[test]
fn fractions_of_a_second_and_the_ends_of_time_are_harmless() {
    let daily = schedule("0 3 * * *", "UTC");
    let fire = instant("2026-01-01T03:00:00Z");
    let nanosecond = SignedDuration::from_nanos(1);
    assert_eq!(daily.next_after(fire - nanosecond), Some(fire));
    let next = Some(instant("2026-01-02T03:00:00Z"));
    assert_eq!(daily.next_after(fire), next);
    assert_eq!(daily.next_after(fire + nanosecond), next);
    assert_eq!(
        daily.next_after(Timestamp::MIN),
        Some(instant("1970-01-01T03:00:00Z"))
    );
    assert_eq!(daily.next_after(instant("2100-12-31T03:00:00Z")), None);
    assert_eq!(daily.next_after(Timestamp::MAX), None);
    let before_1970 = instant("1969-12-31T23:59:59.5Z");
    assert_eq!(
        schedule("* * * * * *", "UTC").next_after(before_1970),
        Some(instant("1970-01-01T00:00:00Z"))
    );
}

#[test]
fn a_missed_run_is_found_at_once_however_long_the_outage() {
    let each_second = schedule("* * * * * *", "Europe/Berlin");
    let (after, now) = (instant("2016-01-01T00:00:00Z"), instant("2026-11-21T10:00:00.7Z"));
    let latest = Some(instant("2026-11-21T10:00:00Z"));
    assert_eq!(each_second.latest_in(after, now), latest);

    let daily = schedule("0 3 * * *", "UTC");
    let fire = instant("2026-11-21T03:00:00Z");
    let second = SignedDuration::from_secs(1);
    assert_eq!(daily.latest_in(after, fire), Some(fire));
    assert_eq!(daily.latest_in(fire - second, fire), Some(fire));
    assert_eq!(daily.latest_in(fire, fire + second), None);
    assert_eq!(daily.latest_in(fire, fire), None);
    assert_eq!(daily.latest_in(fire + second, fire), None);
    assert_eq!(
        daily.latest_in(Timestamp::MIN, Timestamp::MAX),
        Some(instant("2100-12-31T03:00:00Z"))
    );
}

#[test]
fn a_schedule_that_never_fires_is_refused() {
    let now = instant("2026-11-21T10:00:00Z");
    let check = |line: &str| schedule(line, "Europe/Berlin").check(now);
    for line in [
        "0 0 29 2 *",
        "0 0 31 12 *",
        "* * * * *",
        "0 0 0 1 1 * 2035",
        "@yearly",
    ] {
        assert_eq!(check(line), Ok(()), "{line}");
    }
    for line in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 0 1 1 * 2036"] {
        let error = check(line).unwrap_err();
        assert_eq!(error.problem, ScheduleProblem::NeverFires);
        assert_eq!(error.span, 0..line.len());
    }
    let line = "5 0 3 * * * 2020";
    let error = check(line).unwrap_err();
    assert_eq!(&line[error.span], "2020");
    assert_eq!(error.hint.unwrap(), "the year has passed");
    // Restricting the weekday as well makes it an alternative, and so it fires.
    assert_eq!(check("0 0 30 2 mon"), Ok(()));
    // The longest wait for a leap day.
    let schedule = schedule("0 0 29 2 *", "UTC");
    assert!(schedule.check(instant("1896-03-01T00:00:00Z")).is_err());
    assert_eq!(schedule.check(instant("2092-03-01T00:00:00Z")), Ok(()));
}

#[test]
fn the_line_and_the_zone_are_kept() {
    let schedule = schedule(" @daily ", "Asia/Tehran");
    assert_eq!(schedule.line(), " @daily ");
    assert_eq!(schedule.zone().iana_name(), Some("Asia/Tehran"));
}

#[test]
fn three_intervals_may_fail_but_no_more_than_a_day_after_the_first_fire() {
    let owed = |line, after| {
        let owed = schedule(line, "Europe/Berlin").success_owed_by(instant(after));
        owed.map_or_else(|| "never".to_owned(), |by| by.to_string())
    };
    assert_eq!(
        owed("*/15 * * * *", "2026-11-20T08:01:00Z"),
        "2026-11-20T08:45:00Z"
    );
    // Every twelve hours is the rarest of which three may fail.
    assert_eq!(
        owed("0 0,12 * * *", "2026-11-20T00:00:00Z"),
        "2026-11-21T11:00:00Z"
    );
    assert_eq!(owed("0 9 * * *", "2026-11-20T08:00:10Z"), "2026-11-22T08:00:00Z");
    // A success on a Friday is good until Tuesday.
    assert_eq!(
        owed("0 9 * * mon-fri", "2026-11-20T08:00:10Z"),
        "2026-11-24T08:00:00Z"
    );
    assert_eq!(owed("0 0 1 * *", "2026-11-20T08:00:00Z"), "2026-12-01T23:00:00Z");
    // The last fire is owed as well.
    let last = "0 0 9 1 1 * 2027,2028";
    assert_eq!(owed(last, "2027-06-01T00:00:00Z"), "2028-01-02T08:00:00Z");
    assert_eq!(owed(last, "2028-06-01T00:00:00Z"), "never");
}
