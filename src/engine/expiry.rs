//! The end that an image carries itself, read strictly: a value that is no
//! date is reported, never guessed.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

use super::policy::Expiry;
use crate::model::Image;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The policy has no `expires`.
    NotAsked,
    /// The image carries no end.
    Absent,
    /// The first moment after the end, and the value as the image carries it.
    Ends {
        at: Timestamp,
        written: String,
    },
    Unreadable(String),
}

pub fn read(expiry: &Expiry, image: &Image, zone: &TimeZone) -> Reading {
    let (place, values) = match expiry {
        Expiry::Property(name) => {
            let value = image.properties.get(name).map(String::as_str);
            (
                format!("property `{name}`"),
                value.into_iter().collect::<Vec<_>>(),
            )
        }
        Expiry::Tag(key) => {
            let value = |tag: &'_ str| tag.strip_prefix(key.as_str())?.strip_prefix('=').map(str::len);
            let values = image
                .tags
                .iter()
                .filter_map(|tag| value(tag).map(|n| &tag[tag.len() - n..]))
                .collect();
            (format!("tag `{key}`"), values)
        }
    };
    match values.as_slice() {
        [] => Reading::Absent,
        [written] => match end_of(written, zone) {
            Some(at) => Reading::Ends {
                at,
                written: (*written).to_owned(),
            },
            None => Reading::Unreadable(format!(
                "{place} of the image is `{}`, which is no date (like 2026-12-31) and no time (like 2026-12-31T18:00:00Z)",
                written.escape_debug()
            )),
        },
        several => Reading::Unreadable(format!(
            "{place} is there {} times: {}",
            several.len(),
            several.join(", ")
        )),
    }
}

/// A date is good through its whole day; a time without a zone is meant in the
/// policy's.
fn end_of(written: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(moment) = written.parse::<Timestamp>() {
        return Some(moment);
    }
    // A strict shape first: the parser also takes forms that nobody means here.
    let start_of = |date: Date| date.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
    match written.len() {
        10 => start_of(written.parse::<Date>().ok()?.checked_add(1.day()).ok()?),
        16.. if written.as_bytes()[10] == b'T' && !written.contains(['[', 'Z', '+']) => {
            let civil = written.parse::<jiff::civil::DateTime>().ok()?;
            Some(civil.to_zoned(zone.clone()).ok()?.timestamp())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::sample;

    fn tagged(tags: &[&str]) -> Reading {
        let mut image = sample::image("i");
        image.tags = tags.iter().map(ToString::to_string).collect();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        read(&Expiry::Tag("expires".into()), &image, &zone)
    }

    fn ends(tags: &[&str]) -> String {
        match tagged(tags) {
            Reading::Ends { at, .. } => at.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_bare_date_is_good_through_its_day_in_the_policys_zone() {
        assert_eq!(ends(&["team=a", "expires=2026-12-31"]), "2026-12-31T23:00:00Z");
        assert_eq!(ends(&["expires=2026-07-31"]), "2026-07-31T22:00:00Z");
    }

    #[test]
    fn a_time_is_taken_as_it_is_and_without_a_zone_as_the_policys() {
        assert_eq!(ends(&["expires=2026-12-31T18:00:00Z"]), "2026-12-31T18:00:00Z");
        assert_eq!(
            ends(&["expires=2026-12-31T18:00:00+02:00"]),
            "2026-12-31T16:00:00Z"
        );
        assert_eq!(ends(&["expires=2026-12-31T18:00:00"]), "2026-12-31T17:00:00Z");
    }

    #[test]
    fn what_is_no_date_is_reported_and_never_guessed() {
        for odd in [
            "",
            "never",
            "2026-02-30",
            "31.12.2026",
            "2026-13-01",
            "20261231",
            "2026-12",
            "1798675200",
            "2026-W53-4",
            "+2026-1-1",
        ] {
            let reading = tagged(&[&format!("expires={odd}")]);
            assert!(matches!(reading, Reading::Unreadable(_)), "{odd}: {reading:?}");
        }
    }

    #[test]
    fn two_ends_are_reported_and_a_longer_key_is_another_key() {
        assert!(matches!(
            tagged(&["expires=2026-01-01", "expires=2027-01-01"]),
            Reading::Unreadable(_)
        ));
        assert_eq!(
            tagged(&["expires_soon=2026-01-01", "expires", "xexpires=2026-01-01"]),
            Reading::Absent
        );
    }

    #[test]
    fn a_property_is_read_by_its_name() {
        let mut image = sample::image("i");
        image.properties.insert("share_until".into(), "2026-12-31".into());
        let expiry = Expiry::Property("share_until".into());
        assert!(matches!(
            read(&expiry, &image, &TimeZone::UTC),
            Reading::Ends { .. }
        ));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,24}") {
            tagged(&[&format!("expires={text}")]);
        }
    }
}
