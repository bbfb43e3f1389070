//! One field of a cron line, read into the set of values it stands for.

use std::{collections::BTreeSet, fmt, ops::Range};

use super::error::{ScheduleError, ScheduleProblem};

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Which of the seven fields a value stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// 0 to 59.
    Second,
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 12, or three letters.
    Month,
    /// 0 to 7, where both ends are Sunday, or three letters.
    DayOfWeek,
    /// 1970 to 2100, the years that the `cron` crate knows.
    Year,
}

impl FieldKind {
    pub(super) fn lowest(self) -> u16 {
        match self {
            Self::DayOfMonth | Self::Month => 1,
            Self::Year => 1970,
            Self::Second | Self::Minute | Self::Hour | Self::DayOfWeek => 0,
        }
    }

    pub(super) fn highest(self) -> u16 {
        match self {
            Self::Second | Self::Minute => 59,
            Self::Hour => 23,
            Self::DayOfMonth => 31,
            Self::Month => 12,
            Self::DayOfWeek => 7,
            Self::Year => 2100,
        }
    }

    /// The longest step that can reach a second value. A longer one is always a mistake, such as
    /// `*/60` for "every hour" in the minute field.
    pub(super) fn longest_step(self) -> u16 {
        self.highest() - self.lowest()
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => &MONTHS,
            Self::DayOfWeek => &WEEKDAYS,
            _ => &[],
        }
    }

    fn value_of_name(self, text: &str) -> Option<u16> {
        let index = self
            .names()
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text))?;
        Some(self.lowest() + u16::try_from(index).ok()?)
    }
}

impl fmt::Display for FieldKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
            Self::Year => "year",
        })
    }
}

/// A field that has been read.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// Never empty. Sunday is 0 here, never 7.
    pub values: BTreeSet<u16>,
    /// What crontab(5) asks about a field besides its values.
    pub starts_with_star: bool,
    /// Where the field stands in the line, in bytes.
    pub span: Range<usize>,
}

impl Field {
    /// The field of a line that does not write it, as if it had been written as `value`.
    pub(super) fn implied(value: u16) -> Field {
        Field {
            values: BTreeSet::from([value]),
            starts_with_star: false,
            span: 0..0,
        }
    }

    /// Reads a comma-separated list of `*`, values and ranges, the first and last with an optional
    /// step.
    pub(super) fn parse(kind: FieldKind, text: &str, span: Range<usize>) -> Result<Field, ScheduleError> {
        let reader = Reader { kind, span };
        let mut values = BTreeSet::new();
        for item in text.split(',') {
            values.extend(reader.item(item)?);
        }
        if kind == FieldKind::DayOfWeek && values.remove(&7) {
            values.insert(0);
        }
        Ok(Field {
            values,
            starts_with_star: text.starts_with('*'),
            span: reader.span,
        })
    }
}

/// What every step of reading a field needs for its errors.
struct Reader {
    kind: FieldKind,
    span: Range<usize>,
}

impl Reader {
    fn item(&self, item: &str) -> Result<impl Iterator<Item = u16> + use<>, ScheduleError> {
        if is_quartz(self.kind, item) {
            return Err(self.quartz(item));
        }
        let (base, step) = match item.split_once('/') {
            Some((base, step)) => (base, Some(step)),
            None => (item, None),
        };
        let (first, last) = match base.split_once('-') {
            _ if base == "*" => (self.kind.lowest(), self.kind.highest()),
            Some((first, last)) => self.range(base, first, last)?,
            None if step.is_some() => return Err(self.step_without_range(item, base)),
            None => {
                let value = self.value(base)?;
                (value, value)
            }
        };
        let step = step.map_or(Ok(1), |step| self.step(step))?;
        Ok((first..=last).step_by(usize::from(step)))
    }

    fn range(&self, range: &str, first: &str, last: &str) -> Result<(u16, u16), ScheduleError> {
        let start = self.value(first)?;
        let mut end = self.value(last)?;
        // A week that is written in names ends on the Sunday that follows its start.
        let ends_on_sunday = self.kind == FieldKind::DayOfWeek && last.eq_ignore_ascii_case("sun");
        if ends_on_sunday && start > 0 {
            end = 7;
        }
        if start <= end {
            return Ok((start, end));
        }
        let highest = match self.kind {
            FieldKind::DayOfWeek => 6,
            kind => kind.highest(),
        };
        let lowest = self.kind.lowest();
        let problem = ScheduleProblem::BackwardRange(range.to_owned());
        Err(self.error(problem).with_hint(format!(
            "to run past the end, write `{start}-{highest},{lowest}-{end}`"
        )))
    }

    fn value(&self, text: &str) -> Result<u16, ScheduleError> {
        if text.is_empty() {
            return Err(self.error(ScheduleProblem::MissingValue(self.kind)));
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.number(text);
        }
        if let Some(value) = self.kind.value_of_name(text) {
            return Ok(value);
        }
        let field = self.kind;
        let is_word = text.chars().all(char::is_alphabetic);
        if is_word && !field.names().is_empty() {
            let name = text.to_owned();
            return Err(self
                .error(ScheduleProblem::UnknownName { field, name })
                .with_hint(format!("the names are {}", field.names().join(", "))));
        }
        let text = text.to_owned();
        Err(self.error(ScheduleProblem::NotAValue { field, text }))
    }

    fn number(&self, digits: &str) -> Result<u16, ScheduleError> {
        let field = self.kind;
        digits
            .parse()
            .ok()
            .filter(|number| (field.lowest()..=field.highest()).contains(number))
            .ok_or_else(|| {
                let value = digits.to_owned();
                self.error(ScheduleProblem::OutOfRange { field, value })
            })
    }

    fn step(&self, text: &str) -> Result<u16, ScheduleError> {
        let field = self.kind;
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let step = text.parse().ok().filter(|_| is_number);
        step.filter(|step| (1..=field.longest_step()).contains(step))
            .ok_or_else(|| {
                let step = text.to_owned();
                self.error(ScheduleProblem::Step { field, step })
            })
    }

    fn step_without_range(&self, item: &str, base: &str) -> ScheduleError {
        let highest = self.kind.highest();
        let step = &item[base.len()..];
        let problem = ScheduleProblem::StepWithoutRange(item.to_owned());
        let error = self.error(problem);
        match self.value(base) {
            Ok(value) => error.with_hint(format!("write `{value}-{highest}{step}` or `*{step}`")),
            Err(_) => error.with_hint(format!("write `*{step}`")),
        }
    }

    fn quartz(&self, item: &str) -> ScheduleError {
        let hint = if item == "?" {
            "write `*` as in crontab(5)"
        } else {
            "write days and weekdays as in crontab(5), which has no `L`, `W`, `#` or `?`"
        };
        let problem = ScheduleProblem::Quartz(item.to_owned());
        self.error(problem).with_hint(hint)
    }

    fn error(&self, problem: ScheduleProblem) -> ScheduleError {
        ScheduleError::new(problem, self.span.clone())
    }
}

/// Whether an item is one of Quartz's day expressions: `?`, `6#3`, `L`, `LW`, `L-3`, `15W`, `5L`,
/// `friL`. Month and weekday names have these letters too (`jul`, `wed`), so what stands before the
/// letter decides.
fn is_quartz(kind: FieldKind, item: &str) -> bool {
    let item = item.to_ascii_lowercase();
    let is_day = matches!(kind, FieldKind::DayOfMonth | FieldKind::DayOfWeek);
    let is_last = matches!(item.as_str(), "l" | "w" | "lw") || item.starts_with("l-");
    let has_suffix = item.strip_suffix(['l', 'w']).is_some_and(|day| {
        let is_number = !day.is_empty() && day.bytes().all(|byte| byte.is_ascii_digit());
        is_number || WEEKDAYS.contains(&day)
    });
    item.contains(['?', '#']) || (is_day && (is_last || has_suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(kind: FieldKind, text: &str) -> Vec<u16> {
        Field::parse(kind, text, 0..text.len())
            .unwrap()
            .values
            .into_iter()
            .collect()
    }

    fn problem(kind: FieldKind, text: &str) -> (String, Option<String>) {
        let error = Field::parse(kind, text, 3..3 + text.len()).unwrap_err();
        assert_eq!(error.span, 3..3 + text.len());
        (error.message(), error.hint)
    }

    #[test]
    fn lists_ranges_and_steps_become_values() {
        assert_eq!(values(FieldKind::Minute, "5"), [5]);
        assert_eq!(values(FieldKind::Minute, "007"), [7]);
        assert_eq!(values(FieldKind::Minute, "*/15,7"), [0, 7, 15, 30, 45]);
        assert_eq!(values(FieldKind::Hour, "8-10,22-23"), [8, 9, 10, 22, 23]);
        assert_eq!(values(FieldKind::Hour, "9-17/4"), [9, 13, 17]);
        assert_eq!(values(FieldKind::DayOfMonth, "*/10"), [1, 11, 21, 31]);
        assert_eq!(values(FieldKind::Month, "*/4,DEC"), [1, 5, 9, 12]);
        assert_eq!(values(FieldKind::Month, "jul-Sep"), [7, 8, 9]);
        assert_eq!(values(FieldKind::Year, "2026-2028"), [2026, 2027, 2028]);
    }

    #[test]
    fn weekday_numbers_are_those_of_crontab() {
        for (text, expected) in [
            ("0", vec![0]),
            ("7", vec![0]),
            ("1", vec![1]),
            ("1-5", vec![1, 2, 3, 4, 5]),
            ("5-7", vec![0, 5, 6]),
            ("0-7", vec![0, 1, 2, 3, 4, 5, 6]),
            ("*", vec![0, 1, 2, 3, 4, 5, 6]),
            ("*/2", vec![0, 2, 4, 6]),
            ("0-6/2", vec![0, 2, 4, 6]),
            ("1-7/2", vec![0, 1, 3, 5]),
            ("mon,WED,Sun", vec![0, 1, 3]),
            ("sun-tue", vec![0, 1, 2]),
            ("fri-sun", vec![0, 5, 6]),
            ("sun-sun", vec![0]),
        ] {
            assert_eq!(values(FieldKind::DayOfWeek, text), expected, "{text}");
        }
    }

    #[test]
    fn wrong_values_are_named_with_their_field() {
        for (kind, text, expected) in [
            (FieldKind::Minute, "60", "minute 60 is not between 0 and 59"),
            (FieldKind::Hour, "3,24", "hour 24 is not between 0 and 23"),
            (
                FieldKind::DayOfMonth,
                "0",
                "day of month 0 is not between 1 and 31",
            ),
            (FieldKind::Month, "13", "month 13 is not between 1 and 12"),
            (
                FieldKind::DayOfWeek,
                "1-8",
                "day of week 8 is not between 0 and 7",
            ),
            (FieldKind::Year, "1969", "year 1969 is not between 1970 and 2100"),
            (
                FieldKind::Minute,
                "99999999999999999999",
                "minute 99999999999999999999 is not between 0 and 59",
            ),
            (FieldKind::Minute, "-5", "minute lacks a value"),
            (FieldKind::Minute, "1,,2", "minute lacks a value"),
            (FieldKind::Minute, "+5", "minute cannot be `+5`"),
            (FieldKind::Hour, "noon", "hour cannot be `noon`"),
            (FieldKind::Hour, "**", "hour cannot be `**`"),
            (FieldKind::Hour, "1-2-3", "hour cannot be `2-3`"),
        ] {
            assert_eq!(problem(kind, text).0, expected, "{text}");
        }
    }

    #[test]
    fn unknown_names_list_the_known_ones() {
        let (message, hint) = problem(FieldKind::DayOfWeek, "mon-froday");
        assert_eq!(message, "unknown day of week `froday`");
        assert_eq!(hint.unwrap(), "the names are sun, mon, tue, wed, thu, fri, sat");
        let (message, hint) = problem(FieldKind::Month, "mrz");
        assert_eq!(message, "unknown month `mrz`");
        assert!(hint.unwrap().contains("mar"));
    }

    #[test]
    fn backward_ranges_are_refused_with_the_way_round() {
        let (message, hint) = problem(FieldKind::Hour, "22-2");
        assert_eq!(message, "the range `22-2` runs backwards");
        assert_eq!(hint.unwrap(), "to run past the end, write `22-23,0-2`");
        let (_, hint) = problem(FieldKind::DayOfWeek, "fri-mon");
        assert_eq!(hint.unwrap(), "to run past the end, write `5-6,0-1`");
        assert_eq!(values(FieldKind::DayOfWeek, "5-6,0-1"), [0, 1, 5, 6]);
    }

    #[test]
    fn steps_must_leave_a_second_value_in_reach() {
        for step in ["0", "60", "", "x", "+5", "-1", "5/5"] {
            let (message, _) = problem(FieldKind::Minute, &format!("*/{step}"));
            let expected = format!("the step of minute is a number between 1 and 59, not `{step}`");
            assert_eq!(message, expected);
        }
        let (message, hint) = problem(FieldKind::Minute, "5/15");
        assert_eq!(message, "the step in `5/15` has no range in front of it");
        assert_eq!(hint.unwrap(), "write `5-59/15` or `*/15`");
        let (_, hint) = problem(FieldKind::Minute, "/15");
        assert_eq!(hint.unwrap(), "write `*/15`");
    }

    #[test]
    fn quartz_is_told_apart_from_names() {
        for item in ["L", "W", "LW", "l-3", "15W", "5L", "friL", "6#3", "?", "1,L"] {
            for kind in [FieldKind::DayOfMonth, FieldKind::DayOfWeek] {
                let (message, hint) = problem(kind, item);
                assert!(message.contains("Quartz"), "{item}: {message}");
                assert!(hint.unwrap().contains("crontab(5)"));
            }
        }
        assert!(problem(FieldKind::Hour, "?").0.contains("Quartz"));
        assert_eq!(values(FieldKind::Month, "jul"), [7]);
        assert_eq!(values(FieldKind::DayOfWeek, "wed"), [3]);
        assert!(problem(FieldKind::DayOfWeek, "pool").0.contains("unknown"));
    }
}
