//! Takes due tasks of one cloud from the queue and has them carried out, as
//! many resources at once as the cloud's limits allow.

use std::{collections::VecDeque, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use super::{
    carry_out::{carry_out, hand_back},
    context::{Cloud, Context},
};
use crate::{
    engine::circuit::{Call, Permission},
    model::{Id, Kind},
    store::{Claimed, StoreError},
};

/// Tasks of one resource that one worker takes on at a time.
const GROUP_MAX: usize = 16;
/// Resources in work for each call that the cloud allows at once: while one
/// waits for the disk another may call. The calls themselves are bounded by
/// the provider.
const WORKERS_PER_CALL: usize = 2;
/// How long another process's change of the store may go unnoticed.
const POLL: SignedDuration = SignedDuration::from_secs(1);

/// Works until the context says stop; then finishes what is in flight and
/// hands the rest back.
///
/// # Errors
/// The store failed: without it nothing may be removed.
pub async fn dispatch(context: Arc<Context>, cloud: Arc<Cloud>) -> Result<(), StoreError> {
    let most_workers = cloud.concurrency * WORKERS_PER_CALL;
    let mut workers: JoinSet<Result<(), StoreError>> = JoinSet::new();
    let mut ready: VecDeque<Vec<Claimed>> = VecDeque::new();
    loop {
        while let Some(ended) = workers.try_join_next() {
            ended.expect("a worker does not panic")?;
        }
        if context.stop.is_cancelled() {
            break;
        }
        let permission = permission(&context, &cloud).await;
        if let Permission::Wait { until } = permission {
            // What is waiting in memory goes back: its lease must not run out here.
            give_back(&context, &cloud, &mut ready).await?;
            rest(&context, &cloud, &mut workers, until).await?;
            continue;
        }
        while workers.len() < most_workers
            && let Some(group) = ready.pop_front()
        {
            workers.spawn(carry_out(context.clone(), cloud.clone(), group));
        }
        if ready.is_empty() {
            ready = take(&context, &cloud).await?;
        }
        let wait_for = match ready.is_empty() {
            true => next_look(&context, &cloud).await?,
            false => context.now() + POLL,
        };
        if workers.len() >= most_workers || ready.is_empty() {
            rest(&context, &cloud, &mut workers, wait_for).await?;
        }
    }
    give_back(&context, &cloud, &mut ready).await?;
    while let Some(ended) = workers.join_next().await {
        ended.expect("a worker does not panic")?;
    }
    Ok(())
}

/// Asks the circuit, and makes the probe that a half-open one wants.
async fn permission(context: &Context, cloud: &Cloud) -> Permission {
    let permission = cloud.permission(context.now());
    if permission != Permission::Probe {
        return permission;
    }
    match cloud.handles.reader.probe().await {
        Ok(()) => cloud.answered(Call::Read),
        Err(failure) => cloud.failed(Call::Read, &failure, context.now()),
    }
    match cloud.permission(context.now()) {
        // Failed in a way that says nothing of the cloud: do not spin on it.
        Permission::Probe => Permission::Wait {
            until: context.now() + POLL,
        },
        decided => decided,
    }
}

/// Due tasks, grouped by resource.
async fn take(context: &Context, cloud: &Cloud) -> Result<VecDeque<Vec<Claimed>>, StoreError> {
    let limit = (cloud.concurrency * 8).max(64);
    // Each group costs at most a look, its calls and a second look; nothing
    // that is claimed waits for more than a few groups before it.
    let calls = i32::try_from(GROUP_MAX * 8).unwrap_or(i32::MAX);
    let lease = cloud.longest_call.saturating_mul(calls);
    let claimed = context
        .store
        .claim(cloud.name.clone(), limit, context.now(), lease)
        .await?;
    Ok(group(claimed))
}

fn group(claimed: Vec<Claimed>) -> VecDeque<Vec<Claimed>> {
    let resource = |claimed: &Claimed| -> (Kind, Id) {
        let target = &claimed.task.revocation.target;
        (target.kind, target.resource.clone())
    };
    let mut groups: VecDeque<Vec<Claimed>> = VecDeque::new();
    for one in claimed {
        match groups.back_mut() {
            Some(last) if last.len() < GROUP_MAX && resource(&last[0]) == resource(&one) => last.push(one),
            _ => groups.push_back(vec![one]),
        }
    }
    groups
}

async fn give_back(
    context: &Context,
    cloud: &Cloud,
    ready: &mut VecDeque<Vec<Claimed>>,
) -> Result<(), StoreError> {
    let all: Vec<Claimed> = ready.drain(..).flatten().collect();
    if all.is_empty() {
        return Ok(());
    }
    let why = if cloud.is_down() {
        "the cloud is down"
    } else {
        "the daemon is stopping"
    };
    hand_back(context, all, why).await
}

async fn next_look(context: &Context, cloud: &Cloud) -> Result<Timestamp, StoreError> {
    let poll = context.now() + POLL;
    let due = context.store.next_due(cloud.name.clone()).await?;
    Ok(due.map_or(poll, |due| due.min(poll)))
}

/// Until `until`, or a worker is free, or something came into the queue, or
/// the daemon stops.
async fn rest(
    context: &Context,
    cloud: &Cloud,
    workers: &mut JoinSet<Result<(), StoreError>>,
    until: Timestamp,
) -> Result<(), StoreError> {
    tokio::select! {
        Some(ended) = workers.join_next() => ended.expect("a worker does not panic")?,
        () = cloud.wake.notified() => {}
        () = context.stop.cancelled() => {}
        () = context.clock.sleep_until(until) => {}
    }
    Ok(())
}
