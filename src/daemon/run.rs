//! One run of a policy: collect, evaluate, brake, enqueue.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{
    collect::{Collection, collect},
    context::{Context, Rules},
};
use crate::{
    engine::{
        brake::{self, Trip},
        evaluate::{Evaluation, Spared, Unreadable, evaluate},
        policy::{Policy, Protection},
        reconcile::{Reconciled, reconcile},
    },
    model::{Gap, Hold, Mode, RunId, RunState, RunTotals, Trigger},
    store::{Begun, Conclusion, Enqueue, NewRun, RunError},
};

/// At most this many single remarks go into the notes of a run.
const NOTES_MAX: usize = 20;
/// A run that began longer ago is not under way any more: its process was killed.
const RUN_AT_MOST: SignedDuration = SignedDuration::from_hours(3);

/// What a policy made of a collection: everything a person needs to judge it,
/// before anything is queued.
#[derive(Debug)]
pub struct Judged {
    pub evaluation: Evaluation,
    pub gaps: Vec<Gap>,
    /// No cloud of the policy could be seen at all.
    pub blind: bool,
}

pub fn judge(policy: &Policy, collection: &Collection, protection: &Protection, now: Timestamp) -> Judged {
    let mut evaluation = Evaluation::default();
    let mut seen_any = false;
    for inventory in collection.of(policy) {
        seen_any = true;
        evaluation.join(evaluate(policy, inventory, protection, now));
    }
    Judged {
        evaluation,
        gaps: collection.gaps(policy),
        blind: !seen_any,
    }
}

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
    /// What a person should know beside the figures.
    pub notes: Vec<String>,
}

/// Runs `policies` on one look at their clouds.
///
/// # Errors
/// The store could not be written; what was decided until then stays.
pub async fn run(
    context: &Context,
    policies: &[Arc<Policy>],
    trigger: Trigger,
) -> Result<Vec<Report>, RunError> {
    let mut begun = Vec::new();
    let mut reports = Vec::new();
    for policy in policies {
        let new = NewRun {
            policy: policy.name.clone(),
            policy_digest: policy.digest.clone(),
            mode: policy.mode,
            trigger,
            now: context.now(),
        };
        match context.store.begin_run(new, RUN_AT_MOST).await? {
            Begun::Started(run) => begun.push((policy, run, context.now())),
            Begun::Overlaps(other) => reports.push(overlapping(policy, other)),
        }
    }
    let wanted: Vec<&Policy> = begun.iter().map(|(policy, ..)| policy.as_ref()).collect();
    let collection = tokio::select! {
        collection = collect(&context.clouds, context.clock.as_ref(), &context.progress, &wanted) => Some(Arc::new(collection)),
        () = context.stop.cancelled() => None,
    };
    let rules = context.rules();
    for (policy, run, started) in begun {
        let report = match &collection {
            Some(collection) => conclude(context, &rules, policy, run, collection).await?,
            None => {
                fail(
                    context,
                    policy,
                    run,
                    vec!["stopped before the clouds were read".to_owned()],
                )
                .await?
            }
        };
        let now = context.now();
        let took = now.duration_since(started);
        context
            .metrics
            .run_ended(&policy.name, report.state, report.totals, took, now);
        announce(&report);
        reports.push(report);
    }
    context.wake_dispatchers();
    Ok(reports)
}

async fn conclude(
    context: &Context,
    rules: &Arc<Rules>,
    policy: &Arc<Policy>,
    run: RunId,
    collection: &Arc<Collection>,
) -> Result<Report, RunError> {
    let now = context.now();
    let judged = {
        let (policy, rules, collection) = (policy.clone(), rules.clone(), collection.clone());
        // Millions of comparisons are no work for a thread that serves I/O.
        tokio::task::spawn_blocking(move || judge(&policy, &collection, &rules.protection, now))
            .await
            .expect("evaluation is a pure function that does not panic")
    };
    if judged.blind {
        let notes = judged.gaps.iter().map(ToString::to_string).collect();
        let mut report = fail(context, policy, run, notes).await?;
        report.gaps = judged.gaps;
        return Ok(report);
    }
    let live = context.store.live(policy.name.clone()).await?;
    let reconciled = reconcile(&policy.digest, &judged.evaluation, &collection.inventories, &live);
    let trips = brake::trips(&policy.limits, judged.evaluation.seen, &reconciled.fresh);
    let enqueue = enqueue(policy, &reconciled, &trips, now);
    let held = matches!(
        enqueue,
        Enqueue::Hold {
            hold: Hold::Approval | Hold::Brake,
            ..
        }
    );
    if matches!(
        enqueue,
        Enqueue::Hold {
            hold: Hold::Brake,
            ..
        }
    ) {
        context.metrics.brake_tripped(&policy.name);
    }
    let mut totals = totals(&judged);
    let notes = notes(&judged, &reconciled, &trips);
    let state = if held { RunState::Held } else { RunState::Finished };
    let finished = context
        .store
        .finish_run(Conclusion {
            run,
            state,
            totals,
            notes: notes.iter().cloned().chain(kept(&judged)).collect(),
            revocations: reconciled
                .fresh
                .iter()
                .map(|&revocation| revocation.clone())
                .collect(),
            enqueue,
            supersede: reconciled.replaces,
            release: reconciled.release.clone(),
            now,
        })
        .await?;
    totals.queued = finished.queued;
    let waits = if held { Some(run) } else { reconciled.still_held };
    Ok(Report {
        policy: policy.clone(),
        run: Some(run),
        state,
        totals,
        gaps: judged.gaps,
        spared: judged.evaluation.spared,
        unreadable: judged.evaluation.unreadable,
        waits,
        notes,
    })
}

/// Where the new decisions of a run go.
fn enqueue(policy: &Policy, reconciled: &Reconciled, trips: &[Trip], now: Timestamp) -> Enqueue {
    let not_before = now.checked_add(policy.limits.grace).unwrap_or(Timestamp::MAX);
    match policy.mode {
        Mode::Observe => Enqueue::Nothing,
        _ if reconciled.fresh.is_empty() => Enqueue::Nothing,
        Mode::Approve => Enqueue::Hold {
            hold: Hold::Approval,
            not_before,
        },
        Mode::Enforce if !trips.is_empty() => Enqueue::Hold {
            hold: Hold::Brake,
            not_before,
        },
        Mode::Enforce if not_before > now => Enqueue::Hold {
            hold: Hold::Grace,
            not_before,
        },
        Mode::Enforce => Enqueue::Queue { not_before: now },
    }
}

fn totals(judged: &Judged) -> RunTotals {
    RunTotals {
        seen: judged.evaluation.seen,
        decided: judged.evaluation.revocations.len() as u64,
        queued: 0,
        spared: judged.evaluation.spared.len() as u64,
        unreadable: judged.evaluation.unreadable.len() as u64,
        gaps: judged.gaps.len() as u64,
    }
}

fn notes(judged: &Judged, reconciled: &Reconciled, trips: &[Trip]) -> Vec<String> {
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
    let gaps = judged.gaps.iter().take(NOTES_MAX);
    notes.extend(gaps.map(|gap| format!("not seen: {gap}")));
    notes
}

/// What matched or might have, and was kept.
fn kept(judged: &Judged) -> impl Iterator<Item = String> {
    let unreadable = judged.evaluation.unreadable.iter().take(NOTES_MAX);
    let unreadable = unreadable.map(|value| format!("kept, not judged: {}: {}", value.target, value.problem));
    let spared = judged.evaluation.spared.iter().take(NOTES_MAX);
    unreadable.chain(spared.map(|spared| format!("kept: {}: {}", spared.target, spared.reason)))
}

async fn fail(
    context: &Context,
    policy: &Arc<Policy>,
    run: RunId,
    notes: Vec<String>,
) -> Result<Report, RunError> {
    let totals = RunTotals {
        gaps: notes.len() as u64,
        ..RunTotals::default()
    };
    context
        .store
        .finish_run(Conclusion {
            run,
            state: RunState::Failed,
            totals,
            notes: notes.clone(),
            revocations: vec![],
            enqueue: Enqueue::Nothing,
            supersede: None,
            release: vec![],
            now: context.now(),
        })
        .await?;
    Ok(Report {
        policy: policy.clone(),
        run: Some(run),
        state: RunState::Failed,
        totals,
        gaps: vec![],
        spared: vec![],
        unreadable: vec![],
        waits: None,
        notes,
    })
}

fn overlapping(policy: &Arc<Policy>, other: RunId) -> Report {
    tracing::warn!(policy = %policy.name, run = other, "the policy is still running; this fire is left out");
    Report {
        policy: policy.clone(),
        run: None,
        state: RunState::Running,
        totals: RunTotals::default(),
        gaps: vec![],
        spared: vec![],
        unreadable: vec![],
        waits: None,
        notes: vec![format!("run {other} of the policy is still going on")],
    }
}

fn announce(report: &Report) {
    let totals = &report.totals;
    let (policy, run) = (&report.policy.name, report.run.unwrap_or_default());
    match report.state {
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
