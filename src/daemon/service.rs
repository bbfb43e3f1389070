//! revokd as a service of systemd: what its manager is told, and when.
//!
//! Everything here does nothing where no manager listens.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sd_notify::NotifyState;
use tokio::sync::{Notify, watch};

pub use self::{
    attend::attend,
    beats::{Beat, Beats},
    figures::Figures,
};

mod attend;
mod beats;
mod figures;

#[cfg(test)]
mod tests;

/// Sends one datagram to the manager.
pub type Tell = Arc<dyn Fn(&[NotifyState<'_>]) + Send + Sync>;

/// How often a start that goes on asks for more time.
const START_STEP: Duration = Duration::from_secs(20);

/// The loops beat this often at least, also where the manager waits long.
const BEAT_AT_LEAST_EVERY: Duration = Duration::from_secs(2);

const STOPPING: &str = "stopping: calls in flight are finished, the rest stays in the queue";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Starting,
    Ready,
    Stopping,
}

/// The service manager, if there is one.
pub struct Service {
    tell: Option<Tell>,
    watchdog: Option<Duration>,
    beats: Beats,
    phase: watch::Sender<Phase>,
    said: Mutex<Said>,
    look_again: Notify,
}

#[derive(Default)]
struct Said {
    figures: Figures,
    /// How many problems the last configuration had that was not taken.
    refused: Option<usize>,
    /// The status that the manager has.
    status: String,
}

impl Service {
    /// As the environment says.
    pub fn of_environment() -> Service {
        if std::env::var_os("NOTIFY_SOCKET").is_none() {
            return Service::none();
        }
        let tell = |states: &[NotifyState<'_>]| {
            if let Err(error) = sd_notify::notify(states) {
                tracing::warn!(%error, "telling systemd failed");
            }
        };
        Service::of(Some(Arc::new(tell)), sd_notify::watchdog_enabled())
    }

    /// Nobody listens.
    pub fn none() -> Service {
        Service::of(None, None)
    }

    /// `watchdog` is how long the manager waits for a sign of life.
    pub fn of(tell: Option<Tell>, watchdog: Option<Duration>) -> Service {
        let watchdog = watchdog.filter(|_| tell.is_some());
        Service {
            tell,
            watchdog,
            beats: Beats::every(watchdog.map(|watchdog| (watchdog / 8).min(BEAT_AT_LEAST_EVERY))),
            phase: watch::Sender::new(Phase::Starting),
            said: Mutex::default(),
            look_again: Notify::new(),
        }
    }

    pub fn beats(&self) -> &Beats {
        &self.beats
    }

    /// Asks for more time until the daemon is ready: a large store may take its
    /// time to be brought up to date, and a start that is cut short has to begin
    /// that anew.
    pub async fn ask_for_time(&self) {
        let step = u32::try_from(START_STEP.as_micros()).unwrap_or(u32::MAX);
        let asking = async {
            loop {
                self.send(&[NotifyState::ExtendTimeoutUsec(step.saturating_mul(2))]);
                tokio::time::sleep(START_STEP).await;
            }
        };
        tokio::select! {
            () = self.until_ready() => {}
            () = asking => {}
        }
    }

    /// The start goes on once that process ends.
    pub fn waiting_for(&self, pid: u32) {
        let status = format!("waiting for another revokd (pid {pid}) that works on the store");
        self.send(&[NotifyState::Status(&status)]);
    }

    /// The daemon does its job from now on.
    pub fn ready(&self, figures: Figures) {
        let status = self.said(|said| {
            said.figures = figures;
            said.renewed()
        });
        self.send(&[NotifyState::Ready, NotifyState::Status(&status)]);
        self.phase.send_replace(Phase::Ready);
    }

    /// Resolves once the daemon has said that it is ready: what is asked of it
    /// before has to wait.
    pub async fn until_ready(&self) {
        // The sender is here, so this cannot fail.
        drop(
            self.phase
                .subscribe()
                .wait_for(|phase| *phase >= Phase::Ready)
                .await,
        );
    }

    /// A new configuration is being read. `reloaded` has to follow.
    pub fn reloading(&self) {
        // What the manager measures the answer by has to come with it.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.send(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "reading the monotonic clock failed"),
        }
    }

    /// `refused`: how many problems the new configuration has, if it is not
    /// taken. That stays in the status until a good one comes.
    pub fn reloaded(&self, refused: Option<usize>) {
        if self.is_stopping() {
            return;
        }
        let status = self.said(|said| {
            said.refused = refused;
            said.renewed()
        });
        self.send(&[NotifyState::Ready, NotifyState::Status(&status)]);
        self.look_again.notify_one();
    }

    pub fn stopping(&self) {
        self.phase.send_replace(Phase::Stopping);
        self.send(&[NotifyState::Stopping, NotifyState::Status(STOPPING)]);
    }

    /// Tells the figures where they say something new.
    fn refresh(&self, figures: Figures) {
        if self.is_stopping() {
            return;
        }
        let news = self.said(|said| {
            let before = said.status.clone();
            said.figures = figures;
            Some(said.renewed()).filter(|status| *status != before)
        });
        if let Some(status) = news {
            self.send(&[NotifyState::Status(&status)]);
        }
    }

    fn is_alive(&self) {
        self.send(&[NotifyState::Watchdog]);
    }

    fn is_stopping(&self) -> bool {
        *self.phase.borrow() == Phase::Stopping
    }

    /// Whether there is a manager at all.
    pub fn is_heard(&self) -> bool {
        self.tell.is_some()
    }

    fn send(&self, states: &[NotifyState<'_>]) {
        if let Some(tell) = &self.tell {
            tell(states);
        }
    }

    fn said<T>(&self, change: impl FnOnce(&mut Said) -> T) -> T {
        let mut said: MutexGuard<'_, Said> = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut said)
    }
}

impl Said {
    fn renewed(&mut self) -> String {
        self.status = self.figures.status(self.refused);
        self.status.clone()
    }
}
