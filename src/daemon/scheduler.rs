//! Starts the run of each policy when its schedule says so.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::{context::Context, people::named_by, run::run, service::Beat, started::Started};
use crate::{
    engine::{
        policy::{Missed, Policy},
        schedule::splay,
    },
    model::{PolicyName, RunState, Trigger},
    store::{RunFilter, StoreError},
};

type Agenda = BTreeMap<PolicyName, Next>;

/// When a policy runs next, and for which fire of its schedule.
#[derive(Clone, Debug)]
struct Next {
    policy: Arc<Policy>,
    fire: Timestamp,
    /// The fire, set off a little so that policies do not start together.
    start: Timestamp,
    trigger: Trigger,
}

/// The agenda is looked at again this often at least: the wall clock can be
/// set back, and what was planned by the wrong one would stay far away.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// How long a policy that was woken waits for its run in another process.
const WAKE_AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// Why the scheduler turns to its agenda.
enum Turn {
    Stop,
    Woken(BTreeSet<PolicyName>),
    Rules,
    Ripe,
}

/// Works until the context says stop.
///
/// # Errors
/// The store failed.
pub async fn schedule(context: Arc<Context>, beat: Beat) -> Result<(), StoreError> {
    let mut rules_changed = context.rules.subscribe();
    let mut started = Started::default();
    let mut agenda = plan(&context, None).await?;
    loop {
        let due = agenda.values().map(|next| next.start).min();
        let wait = due.unwrap_or(Timestamp::MAX).min(context.now() + LOOK_AGAIN);
        let next = async {
            tokio::select! {
                () = context.stop.cancelled() => Turn::Stop,
                woken = started.ended() => Turn::Woken(woken.into_iter().collect()),
                () = context.wake.told() => Turn::Woken(context.wake.take()),
                // The sender is part of the context, so this is always a change.
                _ = rules_changed.changed() => Turn::Rules,
                () = context.clock.sleep_until(wait) => Turn::Ripe,
            }
        };
        match beat.waiting(next).await {
            Turn::Stop => break,
            Turn::Woken(woken) => start_woken(&context, woken, &mut started),
            Turn::Rules => agenda = plan(&context, Some(agenda)).await?,
            Turn::Ripe => start_ripe(&context, &mut agenda, &mut started),
        }
    }
    beat.waiting(started.all_ended()).await;
    Ok(())
}

fn start_ripe(context: &Arc<Context>, agenda: &mut Agenda, started: &mut Started) {
    let now = context.now();
    let names: Vec<PolicyName> = agenda.keys().cloned().collect();
    for name in names {
        let Some(next) = agenda.remove(&name) else {
            continue;
        };
        if next.start <= now {
            let later = after(context, &next.policy, next.fire.max(now));
            agenda.extend(later.map(|later| (name.clone(), later)));
            started.start(name, start(context.clone(), next));
            continue;
        }
        // Planned by a clock that was set back since: the sooner one holds.
        let sooner = after(context, &next.policy, now).filter(|sooner| sooner.start < next.start);
        agenda.insert(name, sooner.unwrap_or(next));
    }
}

/// Starts policies beside their schedule, which stays as it is. One that runs
/// already does so once more afterwards.
fn start_woken(context: &Arc<Context>, woken: impl IntoIterator<Item = PolicyName>, started: &mut Started) {
    let rules = context.rules();
    for name in woken {
        let Some(policy) = rules.policy(&name).filter(|policy| policy.enabled) else {
            continue;
        };
        if started.is_free(&name) {
            started.start(name, run_woken(context.clone(), policy.clone()));
        }
    }
}

async fn run_woken(context: Arc<Context>, policy: Arc<Policy>) {
    let name = &policy.name;
    match run(&context, std::slice::from_ref(&policy), Trigger::Wake).await {
        // Another process runs it, and may have looked too early.
        Ok(reports) if reports.iter().any(|report| report.run.is_none()) => {
            tokio::select! {
                () = context.stop.cancelled() => {}
                () = context.clock.sleep_until(context.now() + WAKE_AGAIN) => context.wake.wake(name.clone()),
            }
        }
        Ok(_) => {}
        Err(error) => {
            tracing::error!(policy = %name, error = &error as &dyn std::error::Error, "the run broke off");
        }
    }
}

/// Runs one policy. A run that fails leaves the others alone; its fire is not
/// remembered, so that a restart makes up for it.
async fn start(context: Arc<Context>, next: Next) {
    let policy = next.policy.name.clone();
    let remembered = match run(&context, std::slice::from_ref(&next.policy), next.trigger).await {
        Ok(reports) if reports.iter().any(|report| report.state == RunState::Failed) => Ok(()),
        Ok(_) => context.store.set_last_fire(policy.clone(), next.fire).await,
        Err(error) => Err(error),
    };
    if let Err(error) = remembered {
        tracing::error!(%policy, error = &error as &dyn std::error::Error, "the run broke off");
    }
}

/// The next run of every enabled policy. `before` is the agenda so far, or
/// `None` when the process starts: only then can a fire have been missed. What
/// was planned for a policy that did not change stays.
async fn plan(context: &Context, before: Option<Agenda>) -> Result<Agenda, StoreError> {
    let starting = before.is_none();
    context.remember_sources().await?;
    let mut before = before.unwrap_or_default();
    let mut agenda = Agenda::new();
    for policy in &context.rules().policies {
        let name = policy.name.clone();
        if !policy.enabled {
            // What is enabled later has missed nothing meanwhile.
            context.store.set_last_fire(name, context.now()).await?;
            continue;
        }
        context.metrics.policy_exists(&name);
        context
            .metrics
            .policy_in_force(&name, policy.mode, policy.priority, &policy.clouds);
        if named_by(policy).next().is_some() {
            context.metrics.leaver_policy_exists(&name);
        }
        if !before.contains_key(&name) {
            remember_last_run(context, &name).await?;
        }
        let last_success = context.store.last_success(name.clone()).await?;
        if let Some(last) = last_success {
            context.metrics.remember_success(&name, last);
        }
        if !before
            .get(&name)
            .is_some_and(|next| is_same_schedule(&next.policy, policy))
        {
            let since = owes_since(context, &name, last_success, starting).await?;
            let deadline = policy.schedule.success_owed_by(since);
            context.metrics.success_deadline(&name, deadline);
        }
        let planned = before
            .remove(&name)
            .filter(|next| next.policy.digest == policy.digest);
        let next = match planned {
            Some(next) => Some(next),
            None if starting => match missed(context, policy).await? {
                Some(made_up) => Some(made_up),
                None => after(context, policy, context.now()),
            },
            None => {
                context.store.set_last_fire(name.clone(), context.now()).await?;
                after(context, policy, context.now())
            }
        };
        context
            .metrics
            .next_run(&name, next.as_ref().map(|next| next.start));
        agenda.extend(next.map(|next| (name, next)));
    }
    for gone in before.keys() {
        context.metrics.policy_gone(gone);
    }
    Ok(agenda)
}

/// A policy that runs once a month and saw nothing the last time is as blind
/// after a restart as before.
async fn remember_last_run(context: &Context, policy: &PolicyName) -> Result<(), StoreError> {
    let of_policy = RunFilter {
        policy: Some(policy.clone()),
        ..RunFilter::default()
    };
    // The newest may be under way, in another process; then the one before it
    // is the last that ended.
    let runs = context.store.runs(of_policy, 2).await?;
    let ended = runs.iter().find_map(|run| Some((run, run.finished_at?)));
    if let Some((run, at)) = ended {
        context.metrics.last_run_was(policy, run.state, run.totals, at);
    }
    Ok(())
}

/// From when on a policy owes successes: from its last one, and before there was
/// any from when it came into force. What a reload brought begins anew; a
/// restart forgives nothing.
async fn owes_since(
    context: &Context,
    policy: &PolicyName,
    last_success: Option<Timestamp>,
    starting: bool,
) -> Result<Timestamp, StoreError> {
    if !starting {
        return Ok(context.now());
    }
    if let Some(last) = last_success {
        return Ok(last);
    }
    let first_run = context.store.first_run(policy.clone()).await?;
    let came_into_force = context.store.last_fire(policy.clone()).await?;
    let earliest = first_run.into_iter().chain(came_into_force).min();
    Ok(earliest.unwrap_or_else(|| context.now()))
}

fn is_same_schedule(one: &Policy, other: &Policy) -> bool {
    let (one, other) = (&one.schedule, &other.schedule);
    one.line() == other.line() && one.zone() == other.zone()
}

/// One run that makes up for all the fires that passed while nothing ran. A
/// policy that never ran has missed nothing.
async fn missed(context: &Context, policy: &Arc<Policy>) -> Result<Option<Next>, StoreError> {
    let now = context.now();
    let Some(last_fire) = context.store.last_fire(policy.name.clone()).await? else {
        // From now on there is something to have missed.
        context.store.set_last_fire(policy.name.clone(), now).await?;
        return Ok(None);
    };
    let Some(fire) = policy.schedule.latest_in(last_fire, now) else {
        return Ok(None);
    };
    match policy.missed {
        Missed::Skip => {
            tracing::info!(policy = %policy.name, missed = %fire, "a fire passed while nothing ran; skipped, as the policy says");
            Ok(None)
        }
        Missed::RunOnce => {
            tracing::info!(policy = %policy.name, missed = %fire, "a fire passed while nothing ran; made up for now");
            let start = now
                .checked_add(splay(policy.name.as_str(), now, policy.schedule.next_after(now)))
                .unwrap_or(now);
            Ok(Some(Next {
                policy: policy.clone(),
                fire,
                start,
                trigger: Trigger::Missed,
            }))
        }
    }
}

fn after(context: &Context, policy: &Arc<Policy>, moment: Timestamp) -> Option<Next> {
    let fire = policy.schedule.next_after(moment)?;
    let offset = splay(policy.name.as_str(), fire, policy.schedule.next_after(fire));
    let start = fire.checked_add(offset).unwrap_or(fire);
    context.metrics.next_run(&policy.name, Some(start));
    Some(Next {
        policy: policy.clone(),
        fire,
        start,
        trigger: Trigger::Schedule,
    })
}
