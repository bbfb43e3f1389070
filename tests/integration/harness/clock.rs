//! A clock that stands until it is turned.
//!
//! The runtime's paused time is of no use here: it leaps ahead while real
//! sockets and the thread of the store are at work.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use revokd::daemon::clock::Clock;
use tokio::sync::watch;

pub struct ManualClock {
    now: watch::Sender<Timestamp>,
    sleepers: Arc<Sleepers>,
}

#[derive(Default)]
struct Sleepers {
    next: AtomicU64,
    until: Mutex<BTreeMap<u64, Timestamp>>,
}

/// One who sleeps, until dropped.
struct Sleeper {
    all: Arc<Sleepers>,
    number: u64,
}

impl ManualClock {
    pub fn starting_at(now: Timestamp) -> Arc<ManualClock> {
        Arc::new(ManualClock {
            now: watch::Sender::new(now),
            sleepers: Arc::default(),
        })
    }

    pub fn advance(&self, by: SignedDuration) {
        self.advance_to(self.now() + by);
    }

    /// Wakes all who wait for this moment or an earlier one.
    pub fn advance_to(&self, moment: Timestamp) {
        self.now.send_modify(|now| *now = moment.max(*now));
    }

    /// The moments that somebody sleeps until.
    pub fn slept_until(&self) -> Vec<Timestamp> {
        self.sleepers.lock().values().copied().collect()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn sleep_until(&self, moment: Timestamp) -> BoxFuture<'static, ()> {
        let mut now = self.now.subscribe();
        let sleepers = self.sleepers.clone();
        Box::pin(async move {
            let sleeper = Sleeper::until(sleepers, moment);
            if now.wait_for(|now| *now >= moment).await.is_err() {
                // The clock is gone, and with it everybody who could turn it.
                futures::future::pending::<()>().await;
            }
            drop(sleeper);
        })
    }
}

impl Sleepers {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Timestamp>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sleeper {
    fn until(all: Arc<Sleepers>, moment: Timestamp) -> Sleeper {
        let number = all.next.fetch_add(1, Ordering::SeqCst);
        all.lock().insert(number, moment);
        Sleeper { all, number }
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.all.lock().remove(&self.number);
    }
}
