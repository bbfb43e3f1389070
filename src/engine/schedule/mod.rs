//! When a policy runs: a cron line bound to a time zone.
//!
//! The `cron` crate walks the calendar and nothing else. Its own dialect is Quartz (1 is Sunday,
//! both day fields must match), it skips a day whose clock jumps over the job, and it runs a job
//! twice when the clock goes back. So this module reads the line itself, hands the crate plain
//! lists of values, asks it about the wall clock disguised as UTC, and turns its answers into
//! instants by its own rules. It reads no clock: every question carries its `after` or `now`.
//!
//! # The line
//!
//! Five fields are crontab(5): minute, hour, day of month, month, day of week. Six start with the
//! second, seven end with the year (1970 to 2100). The nicknames of crontab(5) are understood,
//! except `@reboot`, which names no time.
//!
//! * Weekday numbers are always those of crontab, 0 to 7 with Sunday at both ends, in ranges, lists
//!   and steps, whatever the number of fields. Names have three letters, in any case, and stand in
//!   ranges and lists too; `fri-sun` ends on the Sunday that follows.
//! * A step needs `*` or a range in front of it. `0/15` is Quartz and is refused, as are `L`, `W`,
//!   `#` and `?`.
//! * A day of month and a day of week that are both restricted are alternatives: `0 0 13 * fri` runs
//!   on every 13th and on every Friday. As in crontab(5), a field that starts with `*` is not a
//!   restriction in this sense, so `0 0 */2 * mon` runs on those odd days that are Mondays.
//!
//! # Changes of the clock
//!
//! A schedule is an *interval* if its second, minute or hour field starts with `*`; any other
//! schedule has *fixed times*, however many of them. This is the rule of Vixie cron, with the
//! second added: `30 0-3 * * *` and `0 2,14 * * *` have fixed times, `*/15 * * * *` is an interval.
//!
//! * **The clock jumps forward** over a stretch of wall clock. Fixed times in the stretch fire
//!   together, once, at the first instant after it, even if that instant belongs to another day or
//!   if the stretch is a whole day: the run was owed. An interval has no fires in the stretch; its
//!   next one is near, unless the other fields confine it to the hour that was skipped.
//! * **The clock goes back** and repeats a stretch. Fixed times fire in the first pass only. An
//!   interval fires in both.
//!
//! Fires are whole seconds, strictly increasing, and do not depend on where the search began.

mod calendar;
mod error;
mod field;
mod line;
mod resolve;
mod splay;
#[cfg(test)]
mod tests;

pub use error::{ScheduleError, ScheduleProblem};
pub use field::FieldKind;
pub use splay::splay;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use calendar::Calendar;
use line::Line;
use resolve::Times;

/// How far ahead a schedule must fire at least once for [`Schedule::check`] to accept it.
///
/// Eight years is the longest wait for a 29 February (from 1896 to 1904, from 2096 to 2104), so nine
/// accept every date that exists. Each is counted as 366 days.
const HORIZON_YEARS: i64 = 9;

/// How long after a fire without success nobody is told, however rare the fires.
const LONGEST_FORGIVEN: SignedDuration = SignedDuration::from_hours(24);

/// A cron line bound to a time zone.
#[derive(Clone, Debug)]
pub struct Schedule {
    text: String,
    zone: TimeZone,
    line: Line,
    calendar: Calendar,
    times: Times,
}

impl Schedule {
    /// Reads a cron line whose fields are meant as wall clock time in `zone`.
    ///
    /// The line may still never fire, which [`Schedule::check`] finds out.
    pub fn parse(line: &str, zone: TimeZone) -> Result<Schedule, ScheduleError> {
        let text = line.to_owned();
        let line = Line::parse(line)?;
        let calendar = Calendar::new(&line);
        let times = Times::of(&line);
        Ok(Schedule {
            text,
            zone,
            line,
            calendar,
            times,
        })
    }

    /// The first fire strictly after `after`, or `None` if there is none until the end of 2100.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let second = whole_second(after);
        let fire = resolve::first_fire_after(&self.calendar, self.times, &self.zone, second)?;
        Timestamp::from_second(fire).ok()
    }

    /// By when a success is owed whose predecessor was at `after`: by the third
    /// fire since then, so that three intervals may fail, however uneven they
    /// are, but at the latest a day after the first. Who runs once a month must
    /// not be silent for three of them. `None` if nothing fires any more.
    pub fn success_owed_by(&self, after: Timestamp) -> Option<Timestamp> {
        let first = self.next_after(after)?;
        let day_later = first.checked_add(LONGEST_FORGIVEN).unwrap_or(Timestamp::MAX);
        let third = self.next_after(first).and_then(|second| self.next_after(second));
        Some(third.map_or(day_later, |third| third.min(day_later)))
    }

    /// The latest fire after `after` and not later than `now`, if there is one: the run that was
    /// missed while nobody watched.
    ///
    /// Whether the next fire after a moment still lies before `now` is true up to the latest fire
    /// and false from there on, so halving the window finds it in a few dozen steps, however often
    /// the schedule fires and however long the window is.
    pub fn latest_in(&self, after: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let not_later_than_now = |moment| self.next_after(moment).filter(|fire| *fire <= now);
        let mut latest = not_later_than_now(after)?;
        let mut none_from = whole_second(now);
        while latest.as_second() < none_from {
            let middle = latest.as_second() + (none_from - latest.as_second()) / 2;
            match not_later_than_now(Timestamp::from_second(middle).ok()?) {
                Some(fire) => latest = fire,
                None => none_from = middle,
            }
        }
        Some(latest)
    }

    /// Refuses a schedule that does not fire within nine years of `now`, such as one for
    /// 30 February or for a year that has passed.
    pub fn check(&self, now: Timestamp) -> Result<(), ScheduleError> {
        let horizon = SignedDuration::from_hours(HORIZON_YEARS * 366 * 24);
        let limit = now.checked_add(horizon).unwrap_or(Timestamp::MAX);
        match self.next_after(now) {
            Some(fire) if fire <= limit => Ok(()),
            _ => Err(self.never_fires(now)),
        }
    }

    /// The time zone of the wall clock that the line is about.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The line as it was written.
    pub fn line(&self) -> &str {
        &self.text
    }

    fn never_fires(&self, now: Timestamp) -> ScheduleError {
        let this_year = now.to_zoned(self.zone.clone()).year();
        let past_years = self.line.year.as_ref().filter(|year| {
            let latest = year.values.last().copied().unwrap_or_default();
            i32::from(latest) < i32::from(this_year)
        });
        let (span, hint) = match past_years {
            Some(year) => (year.span.clone(), "the year has passed"),
            None => (
                0..self.text.len(),
                "no date within nine years has this month, day and year",
            ),
        };
        ScheduleError::new(ScheduleProblem::NeverFires, span).with_hint(hint)
    }
}

/// The second that `moment` lies in. A fire is a whole second, so it is strictly after `moment`
/// exactly if it is after this second.
fn whole_second(moment: Timestamp) -> i64 {
    let truncated = moment.as_second();
    if moment.subsec_nanosecond() < 0 {
        truncated - 1
    } else {
        truncated
    }
}
