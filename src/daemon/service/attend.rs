//! Keeps the manager told: the status, and that the daemon lives.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Beat, Figures, Service};
use crate::{daemon::context::Context, store::StoreError};

/// How often the figures are looked at; they are sent only where they changed.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Goes on until it is dropped, also while the daemon stops: what is in flight
/// then may take longer than the watchdog waits.
pub async fn attend(context: Arc<Context>, service: Arc<Service>) {
    if !service.is_heard() {
        return;
    }
    // Neither waits for another: a store that does not answer stops the writer's
    // beat and the figures, and the rest says so.
    tokio::join!(
        keep_status(&context, &service),
        tell_the_stop(&context, &service),
        feed_watchdog(&context, &service),
    );
}

async fn tell_the_stop(context: &Context, service: &Service) {
    context.stop.cancelled().await;
    service.stopping();
}

async fn keep_status(context: &Context, service: &Service) {
    loop {
        tokio::select! {
            () = service.look_again.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        match Figures::of(context).await {
            Ok(figures) => service.refresh(figures),
            Err(error) => {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "reading the queue for the status failed"
                );
            }
        }
    }
}

async fn feed_watchdog(context: &Context, service: &Service) {
    let Some(watchdog) = service.watchdog else {
        return;
    };
    let writer = service.beats.start("the store's writer");
    tokio::join!(
        ask_writer(context, &writer, watchdog / 6),
        ping(service, watchdog)
    );
}

/// The writer's beat is that it answers.
async fn ask_writer(context: &Context, writer: &Beat, every: Duration) {
    loop {
        match context.store.ping().await {
            // The thread is gone, and nothing can be written any more.
            Err(StoreError::Closed) => {}
            // A disk that refuses is no writer that hangs: others tell of it.
            Ok(()) | Err(_) => writer.beat(),
        }
        tokio::time::sleep(every).await;
    }
}

/// Pings as long as every loop beats. Nothing else may: a daemon that lives
/// and does nothing is worse than one that is started again.
async fn ping(service: &Service, watchdog: Duration) {
    let mut still = Still::default();
    loop {
        let stale = service.beats.stale(Instant::now(), watchdog / 2);
        if stale.is_empty() {
            service.is_alive();
        }
        still.tell(stale);
        tokio::time::sleep(watchdog / 4).await;
    }
}

/// Who was told to stand still, so that it is told once.
#[derive(Default)]
pub(super) struct Still(BTreeSet<String>);

impl Still {
    fn tell(&mut self, stale: Vec<String>) {
        let (news, gone) = self.turn_to(stale);
        for name in news {
            tracing::error!(name, "a loop stands still: the watchdog is not fed any more");
        }
        for name in gone {
            tracing::info!(name, "the loop goes on");
        }
    }

    /// Who stands still since the last turn, and who no longer does.
    pub(super) fn turn_to(&mut self, stale: Vec<String>) -> (Vec<String>, Vec<String>) {
        let now: BTreeSet<String> = stale.into_iter().collect();
        let news = now.difference(&self.0).cloned().collect();
        let gone = self.0.difference(&now).cloned().collect();
        self.0 = now;
        (news, gone)
    }
}
