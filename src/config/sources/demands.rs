//! What a list must show before anything is decided by it.

use std::time::Duration;

use crate::{
    config::{matcher::age, reader::Table, value::Value},
    engine::{people::Demands, policy::Age},
};

/// The keys by which a list proves that it is whole.
pub const PROOF: &[&str] = &["min_entries", "max_age", "max_shrink_percent"];

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(36_500 * 86_400);

pub fn read(section: &mut Table<'_>) -> Demands {
    let min_entries = section.take("min_entries");
    let max_age = section.take("max_age");
    let max_shrink_percent = section.take("max_shrink_percent");
    let max_unusable = section.take("max_unusable");
    Demands {
        min_entries: min_entries.and_then(|value| value.integer(1, u64::MAX)),
        max_age: max_age.and_then(|value| positive(&value)),
        max_shrink_percent: max_shrink_percent.and_then(|value| percent(&value)),
        max_unusable: max_unusable
            .and_then(|value| value.integer(0, u64::MAX))
            .unwrap_or_default(),
    }
}

/// No list is younger than no time at all.
pub fn positive(value: &Value<'_>) -> Option<Age> {
    let found = age(value)?;
    value.duration(SHORTEST, LONGEST)?;
    Some(found)
}

/// A list that may lose all of its entries demands nothing.
fn percent(value: &Value<'_>) -> Option<f64> {
    let percent = value.number()?;
    if (0.0..100.0).contains(&percent) {
        return Some(percent);
    }
    let hint = "of the entries of the last good read; 0 means that the list never shrinks";
    value.problem(
        "`max_shrink_percent` must be at least 0 and below 100",
        "out of range",
        Some(hint),
    );
    None
}
