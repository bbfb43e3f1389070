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
    model::{Gap, Hold, Mode, Revocation, RunId, RunState, RunTotals, Target, TaskState, Trigger},
    store::{Begun, Conclusion, Enqueue, NewRun, RunError, StoreError},
};

/// At most this many single remarks go into the notes of a run.
const NOTES_MAX: usize = 20;

/// A run that reads for longer is given up; one that is on record as running
/// for longer lost its process.
const RUN_AT_MOST: SignedDuration = SignedDuration::from_hours(2);
const RUN_MARGIN: SignedDuration = SignedDuration::from_mins(10);

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

/// A run that could not be brought to its end. It stays on record as running,
/// until a later one finds it there for too long, or the next start.
#[derive(Debug, thiserror::Error)]
enum RunFailure {
    #[error("the store")]
    Store(#[from] StoreError),
    #[error("concluding the run")]
    Conclude(#[from] RunError),
    #[error("evaluating the policy")]
    Evaluate(#[from] tokio::task::JoinError),
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

impl Report {
    fn failed(policy: &Arc<Policy>, notes: Vec<String>) -> Report {
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
            notes,
        }
    }
}

/// Runs `policies` on one look at their clouds.
///
/// # Errors
/// The store could not be written; what was decided until then stays.
pub async fn run(
    context: &Context,
    policies: &[Arc<Policy>],
    trigger: Trigger,
) -> Result<Vec<Report>, StoreError> {
    let mut begun = Vec::new();
    let mut reports = Vec::new();
    for policy in policies {
        let new = NewRun {
            policy: policy.name.clone(),
            policy_digest: policy.digest.clone(),
            mode: policy.mode,
            trigger,
            at_most: RUN_AT_MOST + RUN_MARGIN,
            now: context.now(),
        };
        match context.store.begin_run(new).await? {
            Begun::Started(run) => begun.push((policy, run, context.now())),
            Begun::Overlaps(other) => reports.push(overlapping(policy, other)),
        }
    }
    let wanted: Vec<&Policy> = begun.iter().map(|(policy, ..)| policy.as_ref()).collect();
    let collection = collect_within(context, &wanted).await;
    let rules = context.rules();
    for (policy, run, started) in begun {
        let concluded = match &collection {
            Ok(collection) => conclude(context, &rules, policy, run, collection).await,
            Err(reason) => fail(context, policy, run, vec![reason.clone()]).await,
        };
        // One policy that cannot be brought to its end leaves the others alone.
        let report = concluded.unwrap_or_else(|error| {
            let notes = vec![format!("{:#}", anyhow::Error::from(error))];
            Report {
                run: Some(run),
                ..Report::failed(policy, notes)
            }
        });
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

/// # Errors
/// Why the clouds were not read to the end.
async fn collect_within(context: &Context, wanted: &[&Policy]) -> Result<Arc<Collection>, String> {
    let deadline = context.now() + RUN_AT_MOST;
    let (clock, progress) = (context.clock.as_ref(), &context.progress);
    tokio::select! {
        collection = collect(&context.clouds, clock, progress, wanted) => Ok(Arc::new(collection)),
        () = context.stop.cancelled() => Err("stopped before the clouds were read".to_owned()),
        () = context.clock.sleep_until(deadline) => {
            Err(format!("the clouds were not read within {RUN_AT_MOST:#}"))
        }
    }
}

async fn conclude(
    context: &Context,
    rules: &Arc<Rules>,
    policy: &Arc<Policy>,
    run: RunId,
    collection: &Arc<Collection>,
) -> Result<Report, RunFailure> {
    let now = context.now();
    let (judged, collection) = judge_with_memory(context, rules, policy, collection, now).await?;
    if judged.blind {
        let notes = judged.gaps.iter().map(ToString::to_string).collect();
        let report = fail(context, policy, run, notes).await?;
        return Ok(Report {
            gaps: judged.gaps,
            ..report
        });
    }
    let live = context.store.live(policy.name.clone()).await?;
    let valid = context.decision_valid;
    let (evaluation, inventories) = (&judged.evaluation, &collection.inventories);
    let mut reconciled = reconcile(&policy.digest, evaluation, inventories, &live, valid, now);
    let elsewhere = context.store.live_elsewhere(policy.name.clone()).await?;
    let mut left = leave(&mut reconciled.fresh, |target| {
        elsewhere.get(target).is_some_and(|state| is_on_its_way(*state))
    });
    let trips = brake::trips(&policy.limits, evaluation.seen, &reconciled.fresh);
    let mut enqueue = enqueue(policy, &reconciled, &trips, now);
    if !matches!(enqueue, Enqueue::Queue { .. }) {
        // What waits with another policy waits there as well as here.
        left += leave(&mut reconciled.fresh, |target| elsewhere.contains_key(target));
        if reconciled.fresh.is_empty() {
            enqueue = Enqueue::Nothing;
        }
    }
    let hold = match enqueue {
        Enqueue::Hold { hold, .. } => Some(hold),
        Enqueue::Nothing | Enqueue::Queue { .. } => None,
    };
    if hold == Some(Hold::Brake) {
        context.metrics.brake_tripped(&policy.name);
    }
    let held = matches!(hold, Some(Hold::Approval | Hold::Brake));
    let state = if held { RunState::Held } else { RunState::Finished };
    let mut totals = totals(&judged);
    let mut notes = notes(&judged, &reconciled, &trips, left);
    let conclusion = Conclusion {
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
    };
    let finished = context.store.finish_run(conclusion).await?;
    totals.queued = finished.queued;
    if finished.taken_over > 0 {
        notes.push(format!(
            "{} taken over from another policy, where they waited",
            finished.taken_over
        ));
    }
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

/// Judges, and judges again where revokd itself once removed what is there
/// again: such a share is as young as that removal at most.
async fn judge_with_memory(
    context: &Context,
    rules: &Arc<Rules>,
    policy: &Arc<Policy>,
    collection: &Arc<Collection>,
    now: Timestamp,
) -> Result<(Judged, Arc<Collection>), RunFailure> {
    let judged = judge_aside(policy, rules, collection, now).await?;
    let decided = judged.evaluation.revocations.iter();
    let decided = decided.map(|revocation| (revocation.target.clone(), revocation.evidence.granted_at));
    let removed = context.store.removed_since(decided.collect()).await?;
    if removed.is_empty() {
        return Ok((judged, collection.clone()));
    }
    let collection = Arc::new(collection.with_grants_after(&removed));
    Ok((judge_aside(policy, rules, &collection, now).await?, collection))
}

/// Millions of comparisons are no work for a thread that serves I/O.
async fn judge_aside(
    policy: &Arc<Policy>,
    rules: &Arc<Rules>,
    collection: &Arc<Collection>,
    now: Timestamp,
) -> Result<Judged, RunFailure> {
    let (policy, rules, collection) = (policy.clone(), rules.clone(), collection.clone());
    let judging = tokio::task::spawn_blocking(move || judge(&policy, &collection, &rules.protection, now));
    Ok(judging.await?)
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
        Mode::Enforce if !trips.is_empty() || reconciled.replaces_braked => Enqueue::Hold {
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

fn notes(judged: &Judged, reconciled: &Reconciled, trips: &[Trip], left: usize) -> Vec<String> {
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
    if left > 0 {
        notes.push(format!(
            "{left} left to another policy, which has them in the queue"
        ));
    }
    let gaps = judged.gaps.iter().take(NOTES_MAX);
    notes.extend(gaps.map(|gap| format!("not seen: {gap}")));
    notes
}

/// Takes out of `fresh` what is left to another policy, and counts it. A target
/// is in the queue once: counted as new, it would hold a run in which an
/// operator finds nothing.
fn leave(fresh: &mut Vec<&Revocation>, is_left: impl Fn(&Target) -> bool) -> usize {
    let before = fresh.len();
    fresh.retain(|revocation| !is_left(&revocation.target));
    before - fresh.len()
}

/// What is held or was given up by one policy, another one may carry out.
fn is_on_its_way(state: TaskState) -> bool {
    matches!(
        state,
        TaskState::Queued | TaskState::Claimed | TaskState::Verifying
    )
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
) -> Result<Report, RunFailure> {
    let report = Report {
        run: Some(run),
        ..Report::failed(policy, notes)
    };
    let conclusion = Conclusion {
        run,
        state: report.state,
        totals: report.totals,
        notes: report.notes.clone(),
        revocations: vec![],
        enqueue: Enqueue::Nothing,
        supersede: None,
        release: vec![],
        now: context.now(),
    };
    context.store.finish_run(conclusion).await?;
    Ok(report)
}

fn overlapping(policy: &Arc<Policy>, other: RunId) -> Report {
    tracing::warn!(policy = %policy.name, run = other, "the policy is still running; this fire is left out");
    let notes = vec![format!("run {other} of the policy is still going on")];
    Report {
        state: RunState::Running,
        ..Report::failed(policy, notes)
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
