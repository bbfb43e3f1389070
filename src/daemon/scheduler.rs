//! Starts the run of each policy when its schedule says so.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::{
    context::{Context, Rules},
    run::{Report, run},
};
use crate::{
    engine::{
        policy::{Missed, Policy},
        schedule::splay,
    },
    model::{PolicyName, RunState, Trigger},
    store::{RunError, StoreError},
};

/// When a policy runs next, and for which fire of its schedule.
#[derive(Clone, Debug)]
struct Next {
    policy: Arc<Policy>,
    fire: Timestamp,
    /// The fire, set off a little so that policies do not start together.
    start: Timestamp,
    trigger: Trigger,
}

/// Works until the context says stop.
///
/// # Errors
/// The store failed.
pub async fn schedule(context: Arc<Context>) -> Result<(), RunError> {
    let mut rules_changed = context.rules.subscribe();
    let mut running: JoinSet<Result<(), RunError>> = JoinSet::new();
    let mut agenda = plan(&context, &context.rules(), BTreeMap::new()).await?;
    loop {
        let due = agenda.values().map(|next| next.start).min();
        let wait = context.clock.sleep_until(due.unwrap_or(Timestamp::MAX));
        tokio::select! {
            () = context.stop.cancelled() => break,
            Some(ended) = running.join_next() => ended.expect("a run does not panic")?,
            changed = rules_changed.changed() => {
                if changed.is_ok() {
                    agenda = plan(&context, &context.rules(), agenda).await?;
                }
            }
            () = wait => {
                let now = context.now();
                let ripe: Vec<PolicyName> =
                    agenda.iter().filter(|(_, next)| next.start <= now).map(|(name, _)| name.clone()).collect();
                for name in ripe {
                    let Some(next) = agenda.remove(&name) else { continue };
                    if let Some(later) = after(&context, &next.policy, next.fire.max(now)) {
                        agenda.insert(name, later);
                    }
                    running.spawn(start(context.clone(), next));
                }
            }
        }
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("a run does not panic")?;
    }
    Ok(())
}

/// The fire counts as heeded when its run is over: one that a stop or a crash
/// cut short is missed, and made up for at the next start.
async fn start(context: Arc<Context>, next: Next) -> Result<(), RunError> {
    let reports = run(&context, std::slice::from_ref(&next.policy), next.trigger).await?;
    let cut_short = |report: &Report| context.stop.is_cancelled() && report.state == RunState::Failed;
    if !reports
        .iter()
        .any(|report| report.run.is_none() || cut_short(report))
    {
        let name = next.policy.name.clone();
        context.store.set_last_fire(name, next.fire).await?;
    }
    Ok(())
}

/// The next run of every enabled policy. What was planned for a policy that
/// did not change stays.
async fn plan(
    context: &Context,
    rules: &Rules,
    mut before: BTreeMap<PolicyName, Next>,
) -> Result<BTreeMap<PolicyName, Next>, StoreError> {
    let mut agenda = BTreeMap::new();
    for policy in rules.policies.iter().filter(|policy| policy.enabled) {
        context.metrics.policy_exists(&policy.name);
        if let Some(last) = context.store.last_success(policy.name.clone()).await? {
            context.metrics.remember_success(&policy.name, last);
        }
        let next = match before.remove(&policy.name) {
            Some(next) if next.policy.digest == policy.digest => Some(next),
            _ => match missed(context, policy).await? {
                Some(made_up) => Some(made_up),
                None => after(context, policy, context.now()),
            },
        };
        context
            .metrics
            .next_run(&policy.name, next.as_ref().map(|next| next.start));
        agenda.extend(next.map(|next| (policy.name.clone(), next)));
    }
    for gone in before.keys() {
        context.metrics.policy_gone(gone);
    }
    Ok(agenda)
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
