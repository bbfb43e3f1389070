//! A cron line, split into its fields.

use std::ops::Range;

use super::{
    error::{ScheduleError, ScheduleProblem},
    field::{Field, FieldKind},
};

const FIELDS: [FieldKind; 7] = [
    FieldKind::Second,
    FieldKind::Minute,
    FieldKind::Hour,
    FieldKind::DayOfMonth,
    FieldKind::Month,
    FieldKind::DayOfWeek,
    FieldKind::Year,
];

const FIELDS_HINT: &str = "five fields are minute, hour, day of month, month and day of week; \
                           six start with the second; seven end with the year";

/// The nicknames of crontab(5) and the lines they stand for.
const NICKNAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// The fields of a line, whichever of its forms it was written in.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub second: Field,
    pub minute: Field,
    pub hour: Field,
    pub day_of_month: Field,
    pub month: Field,
    pub day_of_week: Field,
    /// `None` means every year.
    pub year: Option<Field>,
}

impl Line {
    pub(super) fn parse(text: &str) -> Result<Line, ScheduleError> {
        let words = words(text);
        match words.as_slice() {
            [] => {
                let error = ScheduleError::new(ScheduleProblem::Empty, 0..text.len());
                Err(error.with_hint(FIELDS_HINT))
            }
            [(nickname, span)] if nickname.starts_with('@') => from_nickname(nickname, span),
            words => from_words(words, text.len()),
        }
    }
}

/// The words of a line and the bytes they occupy.
fn words(text: &str) -> Vec<(&str, Range<usize>)> {
    let mut words = Vec::new();
    let mut offset = 0;
    for piece in text.split(char::is_whitespace) {
        let end = offset + piece.len();
        if !piece.is_empty() {
            words.push((piece, offset..end));
        }
        // The separator may have more than one byte, as a pasted no-break space has.
        let separator = text[end..].chars().next().map_or(0, char::len_utf8);
        offset = end + separator;
    }
    words
}

fn from_nickname(nickname: &str, span: &Range<usize>) -> Result<Line, ScheduleError> {
    let known = NICKNAMES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(nickname));
    if let Some((_, line)) = known {
        return Line::parse(line);
    }
    if nickname.eq_ignore_ascii_case("@reboot") {
        let error = ScheduleError::new(ScheduleProblem::Reboot, span.clone());
        return Err(error.with_hint("write the times at which the policy should run"));
    }
    let problem = ScheduleProblem::UnknownNickname(nickname.to_owned());
    let names = NICKNAMES.map(|(name, _)| name).join(", ");
    Err(ScheduleError::new(problem, span.clone()).with_hint(format!("the nicknames are {names}")))
}

fn from_words(words: &[(&str, Range<usize>)], length: usize) -> Result<Line, ScheduleError> {
    let kinds = match words.len() {
        5 => &FIELDS[1..6],
        6 => &FIELDS[..6],
        7 => &FIELDS[..],
        count => {
            let problem = ScheduleProblem::FieldCount(count);
            return Err(ScheduleError::new(problem, 0..length).with_hint(FIELDS_HINT));
        }
    };
    // Reading by kind rather than by position keeps the three forms in one place.
    let read = |kind: FieldKind| -> Result<Option<Field>, ScheduleError> {
        let position = kinds.iter().position(|candidate| *candidate == kind);
        let Some((text, span)) = position.map(|position| &words[position]) else {
            return Ok(None);
        };
        Field::parse(kind, text, span.clone()).map(Some)
    };
    let required = |kind: FieldKind| -> Result<Field, ScheduleError> {
        Ok(read(kind)?.expect("every form of a line has the five fields of crontab"))
    };
    Ok(Line {
        second: read(FieldKind::Second)?.unwrap_or_else(|| Field::implied(0)),
        minute: required(FieldKind::Minute)?,
        hour: required(FieldKind::Hour)?,
        day_of_month: required(FieldKind::DayOfMonth)?,
        month: required(FieldKind::Month)?,
        day_of_week: required(FieldKind::DayOfWeek)?,
        year: read(FieldKind::Year)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> ScheduleError {
        Line::parse(text).unwrap_err()
    }

    #[test]
    fn five_six_and_seven_fields_are_read() {
        let five = Line::parse("\t1 2  3 4 5 ").unwrap();
        assert!(five.second.values.contains(&0));
        assert!(five.minute.values.contains(&1));
        assert!(five.day_of_week.values.contains(&5));
        assert_eq!(five.hour.span, 3..4);
        let six = Line::parse("1 2 3 4 5 6").unwrap();
        assert!(six.second.values.contains(&1));
        assert!(six.day_of_week.values.contains(&6));
        assert!(six.year.is_none());
        let seven = Line::parse("1 2 3 4 5 6 2030").unwrap();
        assert!(seven.year.unwrap().values.contains(&2030));
    }

    #[test]
    fn every_other_number_of_fields_is_refused() {
        for (text, count) in [("3", 1), ("0 3 * *", 4), ("0 0 3 * * * 2030 x", 8)] {
            let error = refused(text);
            assert_eq!(error.problem, ScheduleProblem::FieldCount(count));
            assert_eq!(error.span, 0..text.len());
            assert!(error.hint.unwrap().contains("day of week"));
        }
        assert_eq!(refused("").problem, ScheduleProblem::Empty);
        assert_eq!(refused(" \t ").problem, ScheduleProblem::Empty);
    }

    #[test]
    fn the_span_is_that_of_the_offending_field() {
        for (text, word) in [
            ("0 25 * * *", "25"),
            ("  0 3 * foo *", "foo"),
            ("0 0 3 ? * *", "?"),
            ("0\u{a0}3 * * 1-9", "1-9"),
            ("0 0 3 * * * 1812", "1812"),
            ("0 3 * * * root", "root"),
        ] {
            assert_eq!(&text[refused(text).span], word, "{text}");
        }
    }

    #[test]
    fn nicknames_are_those_of_crontab_without_reboot() {
        for (nickname, line) in NICKNAMES {
            let nickname = Line::parse(&nickname.to_uppercase()).unwrap();
            let line = Line::parse(line).unwrap();
            assert_eq!(format!("{nickname:?}"), format!("{line:?}"));
        }
        let error = refused(" @reboot");
        assert_eq!(error.message(), "`@reboot` names no time");
        assert_eq!(error.span, 1..8);
        assert!(error.hint.is_some());
        let error = refused("@fortnightly");
        assert_eq!(error.message(), "unknown nickname `@fortnightly`");
        assert!(error.hint.unwrap().contains("@weekly"));
    }
}
