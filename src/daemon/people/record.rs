//! What a read leaves on record of its source.

use jiff::Timestamp;

use super::reading::Reading;
use crate::{
    engine::people::next_baseline,
    model::{Entry, SourceName, SourceRecord, Standing},
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
    let entries = roll.entries.len() as u64;
    record.entries = Some(entries);
    record.version = Some(roll.version.clone());
    record.as_of = Some(roll.as_of);
    record.sample = roll.entries.iter().take(SAMPLE_MAX).map(in_short).collect();
    if record.problem.is_none() {
        record.last_good = Some(now);
        record.baseline = Some(next_baseline(record.baseline, entries, now));
    }
    record
}

fn in_short(entry: &Entry) -> String {
    let standing = match (&entry.problem, entry.standing) {
        (Some(problem), _) => return format!("{}: {problem}", entry.place),
        (None, Standing::Listed) => "listed",
        (None, Standing::Here) => "here",
        (None, Standing::Gone) => "gone",
    };
    format!("{} ({standing})", entry.keys.join(", "))
}
