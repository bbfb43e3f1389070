//! From wall clock readings to instants, across the changes of a zone's clock.
//!
//! Between two changes a wall clock runs evenly, so a reading there is one instant. The search goes
//! from one such stretch to the next and decides at each border what a jump forward owes and what a
//! step back repeats. Answers grow strictly because instants, not readings, are what is walked.
//!
//! All times are seconds: instants since the start of 1970 in UTC, readings as in `calendar`.

use jiff::{Timestamp, tz::TimeZone};

use super::{calendar::Calendar, line::Line};

/// How a schedule wants to be treated when the clock changes; the definition is in the head of the
/// parent module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    /// Skipped readings are made up for, repeated ones count once.
    Fixed,
    /// Skipped readings are gone, repeated ones count twice.
    Interval,
}

impl Times {
    pub(super) fn of(line: &Line) -> Times {
        let time_of_day = [&line.second, &line.minute, &line.hour];
        if time_of_day.iter().any(|field| field.starts_with_star) {
            Times::Interval
        } else {
            Times::Fixed
        }
    }
}

/// The first instant after `after` at which a schedule fires.
pub(super) fn first_fire_after(
    calendar: &Calendar,
    times: Times,
    zone: &TimeZone,
    after: i64,
) -> Option<i64> {
    let mut stretch = Stretch::around(zone, after)?;
    // The first stretch may end with the very next second, so `after` itself is looked up in it.
    let mut earliest = after + 1;
    loop {
        let mut reading = earliest + stretch.offset;
        if times == Times::Fixed {
            reading = reading.max(stretch.first_new_reading);
        }
        let found = calendar.at_or_after(reading)?;
        let Some(change) = stretch.end.filter(|end| found >= end.instant + stretch.offset) else {
            return Some(found - stretch.offset);
        };
        let skipped = found < change.instant + change.offset;
        if skipped && times == Times::Fixed {
            return Some(change.instant);
        }
        // The next stretch may repeat readings from before `found`, so none is passed over.
        stretch = Stretch::around(zone, change.instant)?;
        earliest = change.instant;
    }
}

/// A time without a change of the zone's clock, as seen from one instant in it.
struct Stretch {
    offset: i64,
    /// The first reading of this stretch that the one before it did not show already.
    first_new_reading: i64,
    /// The change that ends the stretch, if there is one.
    end: Option<Change>,
}

/// The instant from which on a new offset from UTC holds.
#[derive(Clone, Copy)]
struct Change {
    instant: i64,
    offset: i64,
}

impl Stretch {
    /// `None` if `instant` is beyond the range of timestamps.
    fn around(zone: &TimeZone, instant: i64) -> Option<Stretch> {
        let timestamp = Timestamp::from_second(instant).ok()?;
        let following_second = Timestamp::from_second(instant + 1).ok()?;
        let start = zone.preceding(following_second).next();
        let end = zone.following(timestamp).next();
        Some(Stretch {
            offset: offset_at(zone, timestamp),
            first_new_reading: start
                .and_then(|start| first_new_reading(zone, start.timestamp()))
                .unwrap_or(i64::MIN),
            end: end.map(|end| Change {
                instant: end.timestamp().as_second(),
                offset: i64::from(end.offset().seconds()),
            }),
        })
    }
}

/// The reading that the clock was about to show when it changed at `start`.
fn first_new_reading(zone: &TimeZone, start: Timestamp) -> Option<i64> {
    let before = Timestamp::from_second(start.as_second() - 1).ok()?;
    Some(start.as_second() + offset_at(zone, before))
}

fn offset_at(zone: &TimeZone, timestamp: Timestamp) -> i64 {
    i64::from(zone.to_offset(timestamp).seconds())
}
