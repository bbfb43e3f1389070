//! Whether a list can be relied on: its size, its age, and how far it shrank.

use std::{collections::HashSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::{
    engine::policy::Age,
    model::{Baseline, Entry, Roll, UserKey},
};

/// What a source must show before anything is decided by it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Demands {
    pub min_entries: Option<u64>,
    /// Of the list, not of the read.
    pub max_age: Option<Age>,
    /// Against the last good read.
    pub max_shrink_percent: Option<f64>,
    /// Entries that cannot be used, because they give no key or no readable
    /// date: somebody may be behind each. Only who is missing from a list is
    /// judged by it.
    pub max_unusable: u64,
}

impl Demands {
    /// Whether a list that met them may decide on who is missing from it.
    pub fn prove_absence(&self) -> bool {
        self.min_entries.is_some() && self.max_age.is_some() && self.max_shrink_percent.is_some()
    }
}

/// A whole list that met what was demanded of it.
#[derive(Clone, Debug)]
pub struct Proven {
    roll: Arc<Roll>,
    /// Why it says nothing of who is missing from it, if so.
    not_for_absence: Option<String>,
}

impl Proven {
    pub fn roll(&self) -> &Roll {
        &self.roll
    }

    /// The list as one that may decide on who is missing from it.
    ///
    /// # Errors
    /// Why it may not.
    pub fn for_absence(&self) -> Result<&Proven, String> {
        match &self.not_for_absence {
            None => Ok(self),
            Some(why) => Err(why.clone()),
        }
    }
}

/// How long a list that shrank is still held against its earlier size. Without
/// this a list that loses a little at every read would lose everybody.
const BASELINE_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// How far before its own time a list may claim to have been made: clocks of
/// servers differ.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_mins(10);

/// # Errors
/// Each figure that was not met, as half a sentence.
pub fn prove(
    roll: Arc<Roll>,
    demands: &Demands,
    baseline: Option<Baseline>,
    now: Timestamp,
) -> Result<Proven, String> {
    let figures = [
        too_small(&roll, demands),
        too_old(&roll, demands, now),
        shrunk(&roll, demands, baseline),
        useless(&roll),
    ];
    let unmet: Vec<String> = figures.into_iter().flatten().collect();
    if !unmet.is_empty() {
        return Err(unmet.join("; "));
    }
    Ok(Proven {
        not_for_absence: says_nothing_of_absence(&roll, demands),
        roll,
    })
}

fn says_nothing_of_absence(roll: &Roll, demands: &Demands) -> Option<String> {
    if !demands.prove_absence() {
        return Some(
            "min_entries, max_age and max_shrink_percent have to vouch for its being whole".to_owned(),
        );
    }
    let mut unusable = roll
        .entries
        .iter()
        .filter_map(|entry| Some((entry, flaw(roll, entry)?)));
    let (first, why) = unusable.clone().next()?;
    let (count, most) = (unusable.by_ref().count() as u64, demands.max_unusable);
    (count > most).then(|| {
        format!(
            "entries that cannot be used: {count}, and somebody may be behind each ({}: {why}), but max_unusable is {most}",
            first.place
        )
    })
}

fn too_small(roll: &Roll, demands: &Demands) -> Option<String> {
    let (entries, least) = (size(roll), demands.min_entries?);
    (entries < least).then(|| format!("{entries} entries, but min_entries is {least}"))
}

fn too_old(roll: &Roll, demands: &Demands, now: Timestamp) -> Option<String> {
    let most = demands.max_age.as_ref()?;
    let age = now.duration_since(roll.as_of);
    if age < -CLOCK_SLACK {
        return Some(format!("made at {}, which has not come yet", roll.as_of));
    }
    (age > most.least).then(|| {
        let age = SignedDuration::from_secs(age.as_secs());
        format!("made {age:#} ago, but max_age is {}", most.written)
    })
}

fn shrunk(roll: &Roll, demands: &Demands, baseline: Option<Baseline>) -> Option<String> {
    let (most, before) = (demands.max_shrink_percent?, baseline?);
    let now = size(roll);
    let lost = before.entries.saturating_sub(now);
    let percent = lost as f64 * 100.0 / before.entries.max(1) as f64;
    (percent > most).then(|| {
        format!(
            "{now} entries after {} on {}, which is {percent:.1} % fewer, but max_shrink_percent is {most}",
            before.entries, before.at
        )
    })
}

/// Where nobody can be told, the field that tells them is empty, renamed or
/// hidden from the reader: that nobody is on the list is not what it says.
fn useless(roll: &Roll) -> Option<String> {
    let first = roll.entries.first()?;
    let why = flaw(roll, first)?;
    let none = roll.entries.iter().all(|entry| flaw(roll, entry).is_some());
    let (count, place) = (roll.entries.len(), &first.place);
    none.then(|| format!("none of its entries can be used, and there are {count} ({place}: {why})"))
}

/// How many people a list is about: whom it names twice counts once, and what
/// cannot be used is nobody.
pub fn size(roll: &Roll) -> u64 {
    let usable = roll.entries.iter().filter(|entry| entry.problem.is_none());
    let people: HashSet<String> = usable
        .filter_map(|entry| Some(entry.keys.first()?.to_lowercase()))
        .collect();
    people.len() as u64
}

/// Why nobody can be found by the entry.
fn flaw(roll: &Roll, entry: &Entry) -> Option<String> {
    let is_none = |key: &&String| roll.to == UserKey::Email && !key.contains(['@', '\u{ff20}', '\u{fe6b}']);
    let no_address = entry.keys.iter().find(is_none);
    let no_address = no_address.map(|key| format!("{key:?} is no e-mail address"));
    entry.problem.clone().or(no_address)
}

/// What later reads are held against, once a read of so many entries was good.
pub fn next_baseline(before: Option<Baseline>, entries: u64, now: Timestamp) -> Baseline {
    match before {
        Some(kept) if entries < kept.entries && now.duration_since(kept.at) < BASELINE_KEPT => kept,
        _ => Baseline { entries, at: now },
    }
}
