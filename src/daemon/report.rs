//! How a run ended, in figures and in sentences.

use std::sync::Arc;

use super::{
    judge::Judged,
    people::{People, Seen},
};
use crate::{
    engine::{
        brake::Trip,
        evaluate::{Spared, Unreadable},
        policy::Policy,
        reconcile::Reconciled,
    },
    model::{Gap, RunId, RunState, RunTotals},
};

/// At most this many single remarks go into the notes of a run.
const NOTES_MAX: usize = 20;

/// At most this many remarks on the entries of lists: they stay as they are
/// from run to run.
const ENTRIES_MAX: usize = 5;

/// How one run ended.
#[derive(Clone, Debug)]
pub struct Report {
    pub policy: Arc<Policy>,
    /// `None` where the policy was still running.
    pub run: Option<RunId>,
    pub state: RunState,
    pub totals: RunTotals,
    pub gaps: Vec<Gap>,
    /// Matched, and kept all the same.
    pub spared: Vec<Spared>,
    /// Kept, because a value could not be judged.
    pub unreadable: Vec<Unreadable>,
    /// The run that an operator has to allow or reject, if there is one.
    pub waits: Option<RunId>,
    /// A list that the policy decides by could not be relied on, so that
    /// nothing was judged.
    pub unproven: bool,
    /// What a person should know beside the figures.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether all there is to see was seen and decided on.
    pub(super) fn is_success(&self) -> bool {
        self.state != RunState::Failed && self.totals.gaps == 0
    }

    pub(super) fn failed(policy: &Arc<Policy>, notes: Vec<String>) -> Report {
        Report {
            policy: policy.clone(),
            run: None,
            state: RunState::Failed,
            totals: RunTotals {
                gaps: notes.len() as u64,
                ..RunTotals::default()
            },
            gaps: vec![],
            spared: vec![],
            unreadable: vec![],
            waits: None,
            unproven: false,
            notes,
        }
    }
}

pub(super) fn totals(judged: &Judged) -> RunTotals {
    RunTotals {
        seen: judged.evaluation.seen,
        decided: judged.evaluation.revocations.len() as u64,
        queued: 0,
        spared: judged.evaluation.spared.len() as u64,
        unreadable: judged.evaluation.unreadable.len() as u64,
        gaps: judged.gaps.len() as u64,
    }
}

pub(super) fn notes(judged: &Judged, reconciled: &Reconciled, trips: &[Trip]) -> Vec<String> {
    let mut notes: Vec<String> = trips.iter().map(|trip| format!("brake: {trip}")).collect();
    if let Some(run) = reconciled.still_held {
        notes.push(format!("run {run} still waits for an operator"));
    }
    if let Some(run) = reconciled.replaces {
        notes.push(format!("replaces run {run}, which waited for an operator"));
    }
    if reconciled.dead > 0 {
        notes.push(format!(
            "{} given up earlier and not tried again by themselves (tasks list --state dead)",
            reconciled.dead
        ));
    }
    if reconciled.left > 0 {
        notes.push(format!(
            "{} left to another policy, which has them in the queue",
            reconciled.left
        ));
    }
    let gaps = judged.gaps.iter().take(NOTES_MAX);
    notes.extend(gaps.map(|gap| format!("not seen: {gap}")));
    notes
}

/// Entries of the policy's lists that decide on nobody.
pub(super) fn undecided(judged: &Judged, seen: &Seen, policy: &Policy) -> Vec<String> {
    let disputed = judged.evaluation.disputed.iter();
    let disputed = disputed.map(|(source, sentence)| format!("source {source}: {sentence}"));
    let unusable = seen.unusable(policy).cloned();
    let mut entries = few(disputed);
    entries.extend(few(unusable));
    entries
}

fn few(mut sentences: impl Iterator<Item = String>) -> Vec<String> {
    let mut few: Vec<String> = sentences.by_ref().take(ENTRIES_MAX).collect();
    let more = sentences.count();
    if more > 0 {
        few.push(format!("and {more} more entries of which nobody is decided on"));
    }
    few
}

/// What matched or might have, and was kept.
pub(super) fn kept(judged: &Judged) -> impl Iterator<Item = String> {
    let unreadable = judged.evaluation.unreadable.iter().take(NOTES_MAX);
    let unreadable = unreadable.map(|value| format!("kept, not judged: {}: {}", value.target, value.problem));
    let spared = judged.evaluation.spared.iter().take(NOTES_MAX);
    unreadable.chain(spared.map(|spared| format!("kept: {}: {}", spared.target, spared.reason)))
}

pub(super) fn overlapping(policy: &Arc<Policy>, other: RunId) -> Report {
    tracing::warn!(policy = %policy.name, run = other, "the policy is still running; this fire is left out");
    let notes = vec![format!("run {other} of the policy is still going on")];
    Report {
        state: RunState::Running,
        ..Report::failed(policy, notes)
    }
}

pub(super) fn announce(report: &Report, people: &People) {
    let totals = &report.totals;
    let (policy, run) = (&report.policy.name, report.run.unwrap_or_default());
    if !report.unproven && report.run.is_some() && people.is_proven_again(policy) {
        tracing::info!(%policy, run, "the lists of the policy can be relied on again");
    }
    match report.state {
        RunState::Failed if report.unproven => unproven(report, people),
        RunState::Held => tracing::warn!(
            %policy, run, seen = totals.seen, decided = totals.decided,
            "held: nothing is removed until `revokd runs allow {run}` or `revokd runs reject {run}`"
        ),
        RunState::Failed => tracing::error!(%policy, run, reason = report.notes.join("; "), "the run failed"),
        _ => tracing::info!(
            %policy, run, seen = totals.seen, decided = totals.decided, queued = totals.queued, spared = totals.spared,
            unreadable = totals.unreadable, gaps = totals.gaps, mode = %report.policy.mode, "run ended"
        ),
    }
    for note in report.notes.iter().filter(|_| report.state != RunState::Failed) {
        tracing::info!(%policy, run, "{note}");
    }
}

/// The bell rings once: a directory that is down for a day is no news every
/// five minutes.
fn unproven(report: &Report, people: &People) {
    let (policy, run) = (&report.policy.name, report.run.unwrap_or_default());
    let reason = report.notes.join("; ");
    match people.is_news(policy, &report.notes) {
        true => tracing::warn!(%policy, run, reason, "nothing is decided until its lists can be relied on"),
        false => tracing::info!(%policy, run, reason, "its lists can still not be relied on"),
    }
}
