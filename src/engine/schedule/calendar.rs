//! The `cron` crate, kept to the one thing it is good at: walking the calendar.
//!
//! Times in here are wall clock readings, as seconds since a wall clock showed the start of 1970.
//! The crate takes them for UTC, so that it never meets a change of the clock.

use std::{collections::BTreeSet, str::FromStr};

use chrono::{DateTime, Utc};

use super::{
    field::{Field, FieldKind},
    line::Line,
};

/// The wall clock readings that a line matches.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    /// The crate demands that day of month and day of week both match. Where crontab means either
    /// of them, there are two patterns, each with one of the fields open.
    patterns: Vec<cron::Schedule>,
}

impl Calendar {
    pub(super) fn new(line: &Line) -> Calendar {
        let day_of_month = list(FieldKind::DayOfMonth, &line.day_of_month.values);
        let day_of_week = quartz_weekdays(&line.day_of_week);
        let either = !line.day_of_month.starts_with_star && !line.day_of_week.starts_with_star;
        let patterns = if either {
            vec![
                pattern(line, &day_of_month, "*"),
                pattern(line, "*", &day_of_week),
            ]
        } else {
            vec![pattern(line, &day_of_month, &day_of_week)]
        };
        Calendar { patterns }
    }

    /// The first matching reading not before `reading`, or `None` after the year 2100.
    pub(super) fn at_or_after(&self, reading: i64) -> Option<i64> {
        // The crate takes a year for unsigned, and knows none before 1970.
        let before = DateTime::<Utc>::from_timestamp(reading.max(0) - 1, 0)?;
        self.patterns
            .iter()
            .filter_map(|pattern| pattern.after(&before).next())
            .map(|found| found.timestamp())
            .min()
    }
}

fn pattern(line: &Line, day_of_month: &str, day_of_week: &str) -> cron::Schedule {
    let second = list(FieldKind::Second, &line.second.values);
    let minute = list(FieldKind::Minute, &line.minute.values);
    let hour = list(FieldKind::Hour, &line.hour.values);
    let month = list(FieldKind::Month, &line.month.values);
    let year = match &line.year {
        Some(year) => list(FieldKind::Year, &year.values),
        None => "*".to_owned(),
    };
    let text = format!("{second} {minute} {hour} {day_of_month} {month} {day_of_week} {year}");
    cron::Schedule::from_str(&text).expect("the crate takes lists of values that are in range")
}

/// The crate numbers weekdays as Quartz does, from Sunday as 1.
fn quartz_weekdays(field: &Field) -> String {
    let values = field.values.iter().map(|day| day + 1).collect();
    list(FieldKind::DayOfWeek, &values)
}

fn list(kind: FieldKind, values: &BTreeSet<u16>) -> String {
    // The crate walks an open field faster than a list of everything.
    let number_of_values = match kind {
        FieldKind::DayOfWeek => 7,
        kind => usize::from(kind.highest() - kind.lowest()) + 1,
    };
    if values.len() == number_of_values {
        return "*".to_owned();
    }
    let values: Vec<String> = values.iter().map(u16::to_string).collect();
    values.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(line: &str, reading: &str) -> String {
        let calendar = Calendar::new(&Line::parse(line).unwrap());
        let reading: DateTime<Utc> = format!("{reading}Z").parse().unwrap();
        let found = calendar.at_or_after(reading.timestamp());
        found.map_or_else(
            || "never".to_owned(),
            |found| {
                let found = DateTime::<Utc>::from_timestamp(found, 0).unwrap();
                found.format("%a %Y-%m-%d %H:%M:%S").to_string()
            },
        )
    }

    #[test]
    fn weekdays_and_days_of_month_mean_what_crontab_means() {
        let from = "2026-11-22T12:00:00";
        for (line, expected) in [
            ("0 3 * * *", "Mon 2026-11-23 03:00:00"),
            ("0 0 9 * * 1", "Mon 2026-11-23 09:00:00"),
            ("0 0 9 * * 0", "Sun 2026-11-29 09:00:00"),
            ("0 0 9 * * 7", "Sun 2026-11-29 09:00:00"),
            ("0 0 9 * * sat", "Sat 2026-11-28 09:00:00"),
            // Either field is enough when both are restricted.
            ("0 0 0 13 * Fri", "Fri 2026-11-27 00:00:00"),
            ("0 0 0 24 * Fri", "Tue 2026-11-24 00:00:00"),
            // A field that starts with a star does not count as restricted.
            ("0 0 */2 * mon", "Mon 2026-11-23 00:00:00"),
            ("0 0 */2 * tue", "Tue 2026-12-01 00:00:00"),
            ("0 0 13 * */5", "Sun 2026-12-13 00:00:00"),
            ("0 0 29 2 *", "Tue 2028-02-29 00:00:00"),
            ("0 0 30 2 *", "never"),
            ("5 0 3 * * * 2020", "never"),
            ("5 0 3 1 1 * 2030,2040", "Tue 2030-01-01 03:00:05"),
        ] {
            assert_eq!(first(line, from), expected, "{line}");
        }
    }

    #[test]
    fn the_reading_itself_counts_and_the_edges_hold() {
        assert_eq!(
            first("0 3 * * *", "2026-11-22T03:00:00"),
            "Sun 2026-11-22 03:00:00"
        );
        assert_eq!(
            first("0 3 * * *", "2026-12-31T03:00:01"),
            "Fri 2027-01-01 03:00:00"
        );
        assert_eq!(
            first("0 3 * * *", "-0044-03-15T00:00:00"),
            "Thu 1970-01-01 03:00:00"
        );
        assert_eq!(first("0 3 * * *", "2100-12-31T03:00:01"), "never");
        assert_eq!(first("0 3 * * *", "9999-12-31T03:00:01"), "never");
    }
}
