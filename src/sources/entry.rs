//! From the texts of a source to an entry: the same trimming, the same dates
//! and the same complaints for every type of source.
//!
//! What cannot be understood makes the entry unusable and never something
//! else: a date that is guessed wrong takes somebody's access.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    connection::shortened,
    model::{Entry, Id, Moment, Standing},
};

/// What a source holds about one person, as it is written there.
#[derive(Clone, Debug, Default)]
pub struct RawEntry {
    /// `line 12`, a DN, an id.
    pub place: String,
    /// Blank ones are dropped.
    pub keys: Vec<String>,
    /// `None`: the source has no such field.
    pub gone: Option<bool>,
    /// `None`: no such field is configured. Blank: nothing is said of the
    /// person.
    pub leaves: Option<String>,
    pub returns: Option<String>,
    /// Each may hold several, apart by commas, semicolons or white space.
    pub projects: Vec<String>,
    pub accounts: Vec<String>,
    /// What the source itself found wrong with the entry.
    pub problem: Option<String>,
}

impl RawEntry {
    /// An entry that is not understood at all.
    pub fn unusable(place: String, problem: impl Into<String>) -> RawEntry {
        RawEntry {
            place,
            problem: Some(problem.into()),
            ..RawEntry::default()
        }
    }

    /// `key_field` is what the configuration calls the field that is matched.
    pub fn into_entry(self, key_field: &str) -> Entry {
        let keys = trimmed_keys(&self.keys);
        let has_dates = self.leaves.is_some();
        let leaves = moment("leaving", self.leaves.as_deref());
        let returns = moment("return", self.returns.as_deref());
        let problem = self
            .problem
            .or_else(|| key_problem(&keys, key_field))
            .or_else(|| leaves.clone().err())
            .or_else(|| returns.clone().err());
        let (leaves, returns) = (leaves.unwrap_or(None), returns.unwrap_or(None));
        Entry {
            place: self.place,
            keys,
            standing: match self.gone {
                Some(true) => Standing::Gone,
                Some(false) => Standing::Here,
                None if has_dates => Standing::Here,
                None => Standing::Listed,
            },
            leaves,
            returns,
            projects: ids(&self.projects),
            accounts: ids(&self.accounts),
            problem: problem.or_else(|| order_problem(leaves, returns)),
        }
    }
}

/// Whether a field that says who is gone holds one of the values that mean it.
pub fn is_one_of(text: &str, values: &[String]) -> bool {
    let text = trimmed(text).to_lowercase();
    values.iter().any(|value| trimmed(value).to_lowercase() == text)
}

/// Without white space and invisible characters at its ends, which spreadsheets
/// and mail programs leave behind.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

fn trimmed_keys(raw: &[String]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for key in raw.iter().map(|key| trimmed(key)).filter(|key| !key.is_empty()) {
        if !keys.iter().any(|known| known == key) {
            keys.push(key.to_owned());
        }
    }
    keys
}

fn key_problem(keys: &[String], key_field: &str) -> Option<String> {
    if keys.is_empty() {
        return Some(format!("has no `{key_field}`"));
    }
    let broken = keys.iter().find(|key| key.contains(char::is_control))?;
    let shown = shortened(broken);
    Some(format!(
        "`{key_field}` is {shown:?}, which holds control characters"
    ))
}

fn ids(texts: &[String]) -> Vec<Id> {
    let separates = |c: char| c == ',' || c == ';' || c.is_whitespace();
    let pieces = texts.iter().flat_map(|text| text.split(separates));
    let pieces = pieces.map(trimmed).filter(|piece| !piece.is_empty());
    pieces.map(Id::from).collect()
}

/// Programs that have no date write their first one: 0001-01-01, 1601-01-01,
/// 1899-12-30, 1970-01-01. No account of a cloud is as old as that.
const FIRST_YEAR_MEANT: i16 = 1971;
/// What programs write for never.
const YEAR_OF_NEVER: i16 = 9999;

/// The error is half a sentence about the entry.
fn moment(what: &str, text: Option<&str>) -> Result<Option<Moment>, String> {
    let text = trimmed(text.unwrap_or_default());
    if text.is_empty() {
        return Ok(None);
    }
    let shown = || shortened(text);
    let (Some(date), rest) = (leading_date(text), text.get(10..).unwrap_or_default()) else {
        return Err(format!(
            "the {what} date is {:?}; read are 2026-03-31 and 2026-03-31T17:00:00+02:00",
            shown()
        ));
    };
    if date.year() < FIRST_YEAR_MEANT {
        return Err(format!(
            "the {what} date is {:?}, which programs write where there is none",
            shown()
        ));
    }
    let moment = match rest {
        "" => Some(Moment::Day(date)),
        time if !time.starts_with(['T', 't', ' ']) || time.contains('[') => None,
        // Timestamps end before the last day of that year does.
        _ if date.year() == YEAR_OF_NEVER => return Ok(None),
        _ => text.parse::<Timestamp>().ok().map(Moment::At),
    };
    match moment {
        Some(_) if date.year() == YEAR_OF_NEVER => Ok(None),
        Some(moment) => Ok(Some(moment)),
        None => Err(format!(
            "the {what} date is {:?}; a time is read with its offset, as in {date}T17:00:00+02:00",
            shown()
        )),
    }
}

/// The date that a text begins with, if it is written year, month, day with
/// all their digits.
fn leading_date(text: &str) -> Option<Date> {
    let date = text.get(..10)?;
    let mut written = date.bytes().enumerate();
    let well_formed = written.all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    date.parse().ok().filter(|_| well_formed)
}

/// Somebody who comes back before leaving: one of the dates is of another time.
fn order_problem(leaves: Option<Moment>, returns: Option<Moment>) -> Option<String> {
    let before = match (returns?, leaves?) {
        (Moment::At(returns), Moment::At(leaves)) => returns < leaves,
        (returns, leaves) => day(returns) < day(leaves),
    };
    before.then(|| "the return date is before the leaving date".to_owned())
}

fn day(moment: Moment) -> Date {
    match moment {
        Moment::Day(date) => date,
        Moment::At(time) => time.to_zoned(TimeZone::UTC).date(),
    }
}

#[cfg(test)]
mod tests;
