//! What a read leaves on record of its source.

use jiff::{Timestamp, tz::TimeZone};

use super::reading::Reading;
use crate::{
    engine::people::{Now, next_baseline, size},
    model::{Entry, Roll, SourceName, SourceRecord},
};

/// Enough for people to recognise a list by.
const SAMPLE_MAX: usize = 5;

/// The record after a read. Only a good one moves the baseline; one that failed
/// leaves all that is known of the list as it was.
pub(super) fn next(
    source: &SourceName,
    before: Option<SourceRecord>,
    reading: &Reading,
    problem: Option<String>,
    now: Timestamp,
) -> SourceRecord {
    let mut record = before.unwrap_or_else(|| SourceRecord {
        source: source.clone(),
        tried_at: now,
        problem: None,
        entries: None,
        version: None,
        as_of: None,
        last_good: None,
        baseline: None,
        sample: vec![],
    });
    record.tried_at = now;
    record.problem = problem;
    let Ok(roll) = &reading.outcome else {
        return record;
    };
    let entries = size(roll);
    record.entries = Some(entries);
    record.version = Some(roll.version.clone());
    record.as_of = Some(roll.as_of);
    let sample = roll.entries.iter().take(SAMPLE_MAX);
    record.sample = sample.map(|entry| in_short(roll, entry, now)).collect();
    if record.problem.is_none() {
        record.last_good = Some(now);
        record.baseline = Some(next_baseline(record.baseline, entries, now));
    }
    record
}

/// Days are days of UTC here: policies of several zones may name the source.
fn in_short(roll: &Roll, entry: &Entry, now: Timestamp) -> String {
    let standing = match roll.standing(entry, &TimeZone::UTC, now) {
        Now::Unclear(problem) => return format!("{}: {problem}", entry.place),
        Now::Listed => "listed",
        Now::Here => "here",
        Now::Gone { .. } => "gone",
    };
    format!("{} ({standing})", entry.keys.join(", "))
}
