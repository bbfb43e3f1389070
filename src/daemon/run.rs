//! One run of a policy: collect, evaluate, brake, enqueue.

use std::{collections::HashSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{
    collect::{Collection, collect},
    context::{Context, Rules},
    judge::{Judged, judge_with_memory},
    people::{Seen, named_by},
    report::{Report, announce, kept, notes, overlapping, totals, undecided},
};
use crate::{
    engine::{
        brake::{self, Trip},
        policy::Policy,
        reconcile::{Reconciled, reconcile},
    },
    model::{Hold, LiveTask, Mode, Priority, Revocation, RunId, RunState, Target, Trigger},
    providers::lane,
    store::{Begun, Conclusion, Enqueue, NewRun, RunError, StoreError},
};

/// A run that reads for longer is given up; one that is on record as running
/// for longer lost its process.
const RUN_AT_MOST: SignedDuration = SignedDuration::from_hours(2);
const RUN_MARGIN: SignedDuration = SignedDuration::from_mins(10);

/// What is decided on again so soon after it was seen gone was given back.
const RETURNED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// A run that could not be brought to its end. It stays on record as running,
/// until a later one finds it there for too long, or the next start.
#[derive(Debug, thiserror::Error)]
pub enum RunFailure {
    #[error("the store")]
    Store(#[from] StoreError),
    #[error("concluding the run")]
    Conclude(#[from] RunError),
    #[error("evaluating the policy")]
    Evaluate(#[from] tokio::task::JoinError),
}

/// What the policies of one run are judged by.
struct Sight {
    collection: Arc<Collection>,
    /// Or why no list can be used: what was read could not be put on record.
    people: Result<Seen, String>,
}

/// Runs `policies` on one look at their clouds and one read of their sources.
///
/// # Errors
/// The store could not be written; what was decided until then stays.
pub async fn run(
    context: &Context,
    policies: &[Arc<Policy>],
    trigger: Trigger,
) -> Result<Vec<Report>, StoreError> {
    // A list has to be as new as the wish for the run: it may be the reason.
    let asked_at = context.now();
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
    let rules_before = context.rules();
    let sight = look_within(context, &rules_before, &wanted, asked_at).await;
    let rules = context.rules();
    for (policy, run, started) in begun {
        let concluded = match &sight {
            Ok(sight) => conclude(context, &rules, policy, run, sight).await,
            Err(reason) => fail(context, policy, run, vec![reason.clone()]).await,
        };
        let report = match concluded {
            Ok(report) => report,
            Err(error) => break_off(context, policy, run, error).await,
        };
        let now = context.now();
        let took = now.duration_since(started);
        context
            .metrics
            .run_ended(&policy.name, report.state, report.totals, took, now);
        owe_the_next(context, &report, now);
        announce(&report, &rules.people);
        reports.push(report);
    }
    context.wake_dispatchers();
    Ok(reports)
}

/// A policy that a reload took away during its run owes nothing any more, and
/// what the run just put on show would alert until a restart. Asked after it
/// was put there: whichever of the two comes last sees the other.
fn owe_the_next(context: &Context, report: &Report, now: Timestamp) {
    let (rules, name) = (context.rules(), &report.policy.name);
    for source in named_by(&report.policy) {
        context.forget_if_unused(source);
    }
    match rules.policy(name).filter(|policy| policy.enabled) {
        None => context.metrics.policy_gone(name),
        Some(in_force) if report.is_success() => {
            let deadline = in_force.schedule.success_owed_by(now);
            context.metrics.success_deadline(name, deadline);
        }
        Some(_) => {}
    }
}

/// Looks at the clouds and reads the sources, side by side.
///
/// # Errors
/// Why they were not read to the end.
async fn look_within(
    context: &Context,
    rules: &Rules,
    wanted: &[&Policy],
    asked_at: Timestamp,
) -> Result<Sight, String> {
    let deadline = context.now() + RUN_AT_MOST;
    let (clock, progress) = (context.clock.as_ref(), &context.progress);
    let lane = wanted.iter().map(|policy| policy.priority).max();
    let collecting = collect(&context.clouds, clock, progress, wanted);
    let reading = rules.people.lists(context, wanted, asked_at);
    // A source may be a cloud's own users, and its calls are as urgent.
    let looking = async { tokio::join!(collecting, reading) };
    let looking = lane::within(lane.unwrap_or(Priority::Normal), looking);
    tokio::select! {
        (collection, seen) = looking => Ok(Sight {
            collection: Arc::new(collection),
            people: seen.map_err(|error| format!("putting the sources on record: {error}")),
        }),
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
    sight: &Sight,
) -> Result<Report, RunFailure> {
    let now = context.now();
    let nothing = Seen::default();
    let seen = match &sight.people {
        Ok(seen) => seen,
        Err(reason) if named_by(policy).next().is_some() => {
            return fail(context, policy, run, vec![reason.clone()]).await;
        }
        Err(_) => &nothing,
    };
    let (judged, collection) =
        judge_with_memory(context, rules, policy, &sight.collection, &seen.lists, now).await?;
    if !judged.unproven.is_empty() {
        context.metrics.run_unproven(&policy.name);
        let report = fail(context, policy, run, judged.unproven).await?;
        return Ok(Report {
            unproven: true,
            ..report
        });
    }
    if judged.blind {
        let notes = judged.gaps.iter().map(ToString::to_string).collect();
        let report = fail(context, policy, run, notes).await?;
        return Ok(Report {
            gaps: judged.gaps,
            ..report
        });
    }
    for source in named_by(policy) {
        let disputed = judged.evaluation.disputed.iter().filter(|(of, _)| of == source);
        context.metrics.source_disputed(source, disputed.count() as u64);
    }
    decide(context, policy, run, judged, &collection, seen, now).await
}

/// What was judged, held against the queue and the brake, becomes tasks.
async fn decide(
    context: &Context,
    policy: &Arc<Policy>,
    run: RunId,
    judged: Judged,
    collection: &Collection,
    seen: &Seen,
    now: Timestamp,
) -> Result<Report, RunFailure> {
    let live = context.store.live(policy.name.clone()).await?;
    let valid = context.decision_valid;
    let (evaluation, inventories) = (&judged.evaluation, &collection.inventories);
    let decided = evaluation.revocations.iter();
    let decided = decided.map(|revocation| revocation.target.clone()).collect();
    let elsewhere = context.store.live_elsewhere(policy.name.clone(), decided).await?;
    let mut reconciled = reconcile(policy, evaluation, inventories, &live, &elsewhere, valid, now);
    let trips = brake::trips(&policy.limits, evaluation.seen, &reconciled.fresh);
    let mut enqueue = enqueue(policy, &reconciled, &trips, now);
    if !matches!(enqueue, Enqueue::Queue { .. }) {
        // What waits with another policy waits there as well as here.
        reconciled.leave(|target| elsewhere.contains_key(target));
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
    let mut notes = notes(&judged, &reconciled, &trips);
    notes.extend(undecided(&judged, seen, policy));
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
        priority: policy.priority,
        supersede: reconciled.replaces,
        release: reconciled.release.clone(),
        now,
    };
    let returned = returned(context, policy, &reconciled.fresh, &live).await?;
    let finished = context.store.finish_run(conclusion).await?;
    context.metrics.targets_returned(&policy.name, returned);
    totals.queued = finished.queued;
    notes.extend(finished.notes());
    let (state, waits) = match finished.held {
        true => (RunState::Held, Some(run)),
        false => (RunState::Finished, reconciled.still_held),
    };
    Ok(Report {
        policy: policy.clone(),
        run: Some(run),
        state,
        totals,
        gaps: judged.gaps,
        spared: judged.evaluation.spared,
        unreadable: judged.evaluation.unreadable,
        waits,
        unproven: false,
        notes,
    })
}

/// How many of the new decisions are about what was given back. What somebody
/// gives back again and again is removed each time, which no other figure shows.
///
/// What is in the queue already was counted when it came there, though a run
/// that replaces another decides on it anew. What was removed while the clouds
/// were read may have been seen before that, and did not come back.
async fn returned(
    context: &Context,
    policy: &Policy,
    fresh: &[&Revocation],
    live: &[LiveTask],
) -> Result<u64, StoreError> {
    if policy.mode == Mode::Observe {
        return Ok(0);
    }
    let live: HashSet<&Target> = live.iter().map(|task| &task.target).collect();
    let seen = fresh
        .iter()
        .map(|revocation| (&revocation.target, revocation.evidence.observed_at))
        .filter(|(target, _)| !live.contains(target));
    let wanted = seen.clone();
    let wanted = wanted.map(|(target, at)| (target.clone(), at - RETURNED_WITHIN));
    let removed = context.store.removed_since(wanted.collect()).await?;
    let returned = seen.filter(|(target, at)| removed.get(target).is_some_and(|removed| removed < at));
    Ok(returned.count() as u64)
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

/// One policy that cannot be brought to its end leaves the others alone.
async fn break_off(context: &Context, policy: &Arc<Policy>, run: RunId, error: RunFailure) -> Report {
    let notes = vec![format!("{:#}", anyhow::Error::from(error))];
    match fail(context, policy, run, notes.clone()).await {
        Ok(report) => report,
        // The store itself is the trouble: the record goes on saying that the
        // run is under way, until a later run or the next start fails it.
        Err(_) => Report {
            run: Some(run),
            ..Report::failed(policy, notes)
        },
    }
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
        priority: policy.priority,
        supersede: None,
        release: vec![],
        now: context.now(),
    };
    context.store.finish_run(conclusion).await?;
    Ok(report)
}
