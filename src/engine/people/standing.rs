//! Whether a person of a list is there at a moment, and since when not.

use jiff::{Timestamp, tz::TimeZone};

use crate::model::{Entry, Moment, Roll, Standing};

/// What a list says of one of its people, now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Now {
    Here,
    Gone {
        since: Timestamp,
    },
    /// On a list that says nothing but who is on it.
    Listed,
    /// Nothing can be decided by it.
    Unclear(String),
}

impl Roll {
    /// Days of the entry are days of `zone`.
    ///
    /// The leaving day itself is still one there. Who comes back is not gone,
    /// from when on the return is known.
    pub fn standing(&self, entry: &Entry, zone: &TimeZone, now: Timestamp) -> Now {
        if let Some(problem) = &entry.problem {
            return Now::Unclear(problem.clone());
        }
        if entry.returns.is_some() {
            return Now::Here;
        }
        match (
            entry.leaves.and_then(|leaves| end_of(leaves, zone)),
            entry.standing,
        ) {
            (None, _) if entry.leaves.is_some() => Now::Here,
            (Some(left), _) if now < left => Now::Here,
            (Some(left), _) => Now::Gone { since: left },
            (None, Standing::Here) => Now::Here,
            (None, Standing::Gone) => Now::Gone { since: self.as_of },
            (None, Standing::Listed) => Now::Listed,
        }
    }
}

/// `None` where time ends before it.
fn end_of(moment: Moment, zone: &TimeZone) -> Option<Timestamp> {
    match moment {
        Moment::At(at) => Some(at),
        Moment::Day(day) => {
            let next = day.tomorrow().ok()?;
            Some(next.to_zoned(zone.clone()).ok()?.timestamp())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::people::tests::{entry, roll};
    use crate::engine::sample::at;

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").expect("a zone")
    }

    fn leaves(leaves: Moment, standing: Standing) -> Entry {
        Entry {
            leaves: Some(leaves),
            standing,
            ..entry("ann")
        }
    }

    #[test]
    fn the_leaving_day_is_still_a_day_there_in_the_zone_of_the_policy() {
        let entry = leaves(Moment::Day(jiff::civil::date(2026, 3, 31)), Standing::Here);
        let standing = |now| roll(vec![]).standing(&entry, &berlin(), at(now));
        assert_eq!(standing("2026-03-31T21:59:59Z"), Now::Here);
        let since = at("2026-03-31T22:00:00Z");
        assert_eq!(standing("2026-03-31T22:00:00Z"), Now::Gone { since });
        let in_utc = roll(vec![]).standing(&entry, &TimeZone::UTC, at("2026-03-31T22:00:00Z"));
        assert_eq!(in_utc, Now::Here);
    }

    #[test]
    fn a_leaving_date_to_come_goes_before_what_the_list_says_now() {
        let entry = leaves(Moment::At(at("2026-06-02T00:00:00Z")), Standing::Gone);
        let now = at("2026-06-01T00:00:00Z");
        assert_eq!(roll(vec![]).standing(&entry, &berlin(), now), Now::Here);
    }

    #[test]
    fn who_comes_back_is_not_gone() {
        for standing in [Standing::Listed, Standing::Here, Standing::Gone] {
            let entry = Entry {
                returns: Some(Moment::Day(jiff::civil::date(2026, 9, 1))),
                ..leaves(Moment::Day(jiff::civil::date(2026, 3, 31)), standing)
            };
            let now = at("2026-06-01T00:00:00Z");
            assert_eq!(roll(vec![]).standing(&entry, &berlin(), now), Now::Here);
        }
    }

    #[test]
    fn without_dates_the_list_has_the_word() {
        let now = at("2026-06-01T00:00:00Z");
        let said = |standing| {
            let entry = Entry {
                standing,
                ..entry("ann")
            };
            roll(vec![]).standing(&entry, &berlin(), now)
        };
        assert_eq!(said(Standing::Listed), Now::Listed);
        assert_eq!(said(Standing::Here), Now::Here);
        let since = roll(vec![]).as_of;
        assert_eq!(said(Standing::Gone), Now::Gone { since });
    }
}
