//! The loops that read the clock, call the engine and do the I/O.
//!
//! A run (collect, evaluate, brake, enqueue) and the dispatch of the queue are
//! two halves that meet in the store alone, so either can be killed at any
//! moment and another process can do its part.

mod audit;
mod carry_out;
pub mod clock;
pub mod collect;
pub mod context;
mod dispatch;
mod health;
mod http;
pub mod judge;
pub mod people;
mod place;
pub mod progress;
pub mod report;
pub mod run;
mod scheduler;
pub mod service;
mod started;
pub mod wake;

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{net::TcpListener, task::JoinSet};

use self::{
    context::{Context, Rules},
    people::NotConnected,
    report::Report,
    service::{Beats, Figures, Service},
};
use crate::{
    config::types::Config,
    engine::policy::Policy,
    model::{Event, Trigger},
    store::{DispatchLock, Note, StoreError},
};

/// How often the queue is asked whether it is empty. Another process may do
/// the work, so nothing here can be told.
const DRAIN_POLL: SignedDuration = SignedDuration::from_millis(100);

const LOCK_POLL: Duration = Duration::from_millis(50);

#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error("store")]
    Store(#[from] StoreError),
    #[error("another revokd (pid {0}) already works on this store")]
    AnotherDaemon(u32),
    #[error("the HTTP listener")]
    Http(#[from] std::io::Error),
    #[error("stopped with work in flight after {0:?}; the next start looks what became of it")]
    StopTimedOut(Duration),
}

/// Why a new configuration is not in force.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    #[error("store")]
    Store(#[from] StoreError),
    /// Those before it stay in force.
    #[error(transparent)]
    Refused(#[from] NotConnected),
}

/// How a one-off pass over the policies ended.
#[derive(Debug)]
pub struct Once {
    pub reports: Vec<Report>,
    pub started_at: Timestamp,
    /// `false` when time ran out or somebody stopped it: the queue still holds
    /// work, which the next pass or the daemon goes on with.
    pub drained: bool,
}

/// Serves until the context says stop: schedule, dispatch, HTTP.
///
/// # Errors
/// Another daemon has the store, the store failed, or the stop took too long.
pub async fn serve(
    context: Arc<Context>,
    listener: TcpListener,
    stop_within: Duration,
) -> Result<(), DaemonError> {
    serve_as(&Arc::new(Service::none()), context, listener, stop_within).await
}

/// The same, and tells the service manager how it goes.
///
/// # Errors
/// Another daemon has the store, the store failed, or the stop took too long.
pub async fn serve_as(
    service: &Arc<Service>,
    context: Arc<Context>,
    listener: TcpListener,
    stop_within: Duration,
) -> Result<(), DaemonError> {
    let Some(_lock) = own_lock(service, &context).await? else {
        return Ok(());
    };
    record(&context, Event::DaemonStarted, env!("CARGO_PKG_VERSION")).await?;
    // Not before the lock is had: who is refused was never ready.
    tracing::info!(
        listen = %listener.local_addr()?, policies = context.rules().policies.len(), clouds = context.clouds.len(),
        "revokd {} is ready", env!("CARGO_PKG_VERSION")
    );
    service.ready(Figures::of(&context).await?);
    let mut loops = all_loops(&context, service.beats());
    let attending = tokio::spawn(service::attend(context.clone(), service.clone()));
    // A client that never ends its request must not keep the daemon from
    // stopping, so this one is not waited for.
    let accepting = service.beats().start("the HTTP server");
    let serving = tokio::spawn(http::serve(context.clone(), listener, accepting));

    // A loop that ends before the stop failed, and must not fail alone.
    let first = loops.join_next().await;
    context.stop.cancel();
    let rest = tokio::time::timeout(stop_within, drain_loops(&mut loops)).await;
    serving.abort();
    attending.abort();
    record(&context, Event::DaemonStopped, "").await?;
    if let Some(ended) = first {
        ended.expect("a loop does not panic")?;
    }
    rest.map_err(|_| DaemonError::StopTimedOut(stop_within))?
}

type Loops = JoinSet<Result<(), DaemonError>>;

fn all_loops(context: &Arc<Context>, beats: &Beats) -> Loops {
    let mut loops = dispatchers(context, beats);
    let scheduling = scheduler::schedule(context.clone(), beats.start("the scheduler"));
    loops.spawn(async { Ok(scheduling.await?) });
    let watching = wake::watch(context.clone(), beats.start("the watcher of the sources"));
    loops.spawn(async {
        watching.await;
        Ok(())
    });
    // No work waits for these, so they need no beat.
    let staying = place::watch(context.clone());
    loops.spawn(async { Ok(staying.await?) });
    let auditing = audit::watch(context.clone());
    loops.spawn(async {
        auditing.await;
        Ok(())
    });
    loops
}

fn dispatchers(context: &Arc<Context>, beats: &Beats) -> Loops {
    let mut loops = JoinSet::new();
    for cloud in context.clouds.values() {
        let beat = beats.start(format!("the dispatcher of {}", cloud.name));
        let dispatching = dispatch::dispatch(context.clone(), cloud.clone(), beat);
        loops.spawn(async { Ok(dispatching.await?) });
    }
    loops
}

async fn drain_loops(loops: &mut Loops) -> Result<(), DaemonError> {
    while let Some(ended) = loops.join_next().await {
        ended.expect("a loop does not panic")?;
    }
    Ok(())
}

/// Runs `policies` once and works until the queue holds nothing that could be
/// done, `within` has passed, or the context says stop. Where a daemon has the
/// store already, it does the work and this only waits for it.
///
/// # Errors
/// The store failed, or the stop took too long.
pub async fn once(
    context: Arc<Context>,
    policies: &[Arc<Policy>],
    within: SignedDuration,
    stop_within: Duration,
) -> Result<Once, DaemonError> {
    let started_at = context.now();
    let mut lock = lock(&context).await?;
    let reports = run::run(&context, policies, Trigger::Operator).await?;
    let mut loops = Loops::new();
    let deadline = started_at.checked_add(within).unwrap_or(Timestamp::MAX);
    let mut drained = false;
    while !drained && !context.stop.is_cancelled() && context.now() < deadline {
        // Whoever had the store may have gone; then the work is ours.
        lock = match lock {
            None => self::lock(&context).await?,
            held => held,
        };
        if lock.is_some() && loops.is_empty() {
            loops = dispatchers(&context, &Beats::every(None));
        }
        tokio::select! {
            () = context.clock.sleep_until(context.now() + DRAIN_POLL) => {}
            () = context.stop.cancelled() => {}
            Some(ended) = loops.join_next() => ended.expect("a loop does not panic")?,
        }
        drained = context.store.is_drained(context.now()).await?;
    }
    context.stop.cancel();
    tokio::time::timeout(stop_within, drain_loops(&mut loops))
        .await
        .map_err(|_| DaemonError::StopTimedOut(stop_within))??;
    Ok(Once {
        reports,
        started_at,
        drained,
    })
}

/// Replaces the policies in force; what is in the queue under changed ones is
/// cancelled when its turn comes, and decided afresh.
///
/// # Errors
/// A source of it cannot be prepared: then nothing is replaced, and the refusal
/// is noted. Or the store could not record it.
pub async fn reload(context: &Context, config: &Config) -> Result<(), ReloadError> {
    let rules = match Rules::of(config, &context.clouds) {
        Ok(rules) => rules,
        Err(why) => {
            reload_refused(context, 1).await?;
            return Err(why.into());
        }
    };
    record(
        context,
        Event::ConfigurationLoaded,
        &format!("{} policies", config.policies.len()),
    )
    .await?;
    let before = context.rules.send_replace(Arc::new(rules));
    for gone in before
        .sources_in_use()
        .difference(&context.rules().sources_in_use())
    {
        context.metrics.source_gone(gone);
    }
    retire(context).await?;
    context.metrics.reloaded(true, context.now());
    Ok(())
}

/// Notes that a new configuration was refused; the old one stays in force.
///
/// # Errors
/// The store could not record it.
pub async fn reload_refused(context: &Context, problems: usize) -> Result<(), StoreError> {
    context.metrics.reloaded(false, context.now());
    record(
        context,
        Event::ConfigurationRefused,
        &format!("{problems} problems"),
    )
    .await
}

/// The right to dispatch, with what a killed process left behind cleared up.
async fn lock(context: &Context) -> Result<Option<DispatchLock>, StoreError> {
    let lock = context.store.dispatch_lock()?;
    if let Some(lock) = &lock {
        let left = context.store.abandon_running(lock, context.now()).await?;
        if !left.runs.is_empty() || !left.tasks.is_empty() {
            tracing::warn!(
                runs = left.runs.len(),
                tasks = left.tasks.len(),
                "found work of a process that was killed: its tasks start by looking what became of them"
            );
        }
        retire(context).await?;
    }
    Ok(lock)
}

/// Ends what nobody can carry out any more, tasks of policies and clouds that
/// are not in the configuration, and forgets sources that are not there either.
async fn retire(context: &Context) -> Result<(), StoreError> {
    let rules = context.rules();
    let sources = rules.people.names().cloned().collect();
    context.store.forget_sources(sources).await?;
    let policies = rules.policies.iter().map(|policy| policy.name.clone()).collect();
    let clouds = context.clouds.keys().cloned().collect();
    let retired = context.store.retire(policies, clouds, context.now()).await?;
    if retired.cancelled > 0 || retired.dead > 0 {
        tracing::warn!(
            cancelled = retired.cancelled,
            dead = retired.dead,
            "ended tasks whose policy or cloud is no longer in the configuration"
        );
    }
    Ok(())
}

/// The lock, once it is free; `None` if the context says stop before.
///
/// A command such as `run --policy` may have taken over the work while no daemon
/// ran. A service manager would start this one again and again and give up in
/// the end, so with one the command is waited for. A person is told at once.
async fn own_lock(service: &Service, context: &Context) -> Result<Option<DispatchLock>, DaemonError> {
    if let Some(lock) = patient_lock(context).await? {
        return Ok(Some(lock));
    }
    if !service.is_heard() {
        return Err(other_daemon(context));
    }
    let pid = context.store.dispatcher_pid().unwrap_or(0);
    tracing::warn!(pid, "another revokd works on this store; waiting until it ends");
    service.waiting_for(pid);
    while !context.stop.is_cancelled() {
        if let Some(lock) = patient_lock(context).await? {
            return Ok(Some(lock));
        }
    }
    Ok(None)
}

/// A command that only asks who has the lock may hold it for a moment.
async fn patient_lock(context: &Context) -> Result<Option<DispatchLock>, StoreError> {
    for _ in 0..10 {
        if let Some(lock) = lock(context).await? {
            return Ok(Some(lock));
        }
        tokio::time::sleep(LOCK_POLL).await;
    }
    Ok(None)
}

fn other_daemon(context: &Context) -> DaemonError {
    DaemonError::AnotherDaemon(context.store.dispatcher_pid().unwrap_or(0))
}

async fn record(context: &Context, event: Event, detail: &str) -> Result<(), StoreError> {
    let note = Note {
        event,
        actor: "revokd".to_owned(),
        policy: None,
        detail: detail.to_owned(),
        now: context.now(),
    };
    context.store.record(note).await
}
