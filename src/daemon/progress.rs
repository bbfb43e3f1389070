//! How far the work has come, for whoever shows it to people.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::Notify;

use crate::providers;

#[derive(Debug, Default)]
pub struct Progress {
    collected: Mutex<std::collections::BTreeMap<String, providers::Progress>>,
    done: AtomicU64,
    dead: AtomicU64,
    cancelled: AtomicU64,
    again: AtomicU64,
    /// Told at every change.
    pub changed: Notify,
}

/// Ends of tries since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    pub done: u64,
    pub dead: u64,
    pub cancelled: u64,
    /// Tries that will be repeated.
    pub again: u64,
}

impl Progress {
    pub fn collecting(&self, cloud: &str, progress: providers::Progress) {
        self.lock().insert(cloud.to_owned(), progress);
        self.changed.notify_waiters();
    }

    /// The sum over all clouds.
    pub fn collected(&self) -> providers::Progress {
        self.lock()
            .values()
            .fold(providers::Progress::default(), |sum, one| providers::Progress {
                images: sum.images + one.images,
                member_lists: sum.member_lists + one.member_lists,
                member_lists_expected: both(sum.member_lists_expected, one.member_lists_expected),
                repositories: sum.repositories + one.repositories,
                access_lists: sum.access_lists + one.access_lists,
                access_lists_expected: both(sum.access_lists_expected, one.access_lists_expected),
            })
    }

    pub fn tried(&self, ended: Ended) {
        self.done.fetch_add(ended.done, Ordering::Relaxed);
        self.dead.fetch_add(ended.dead, Ordering::Relaxed);
        self.cancelled.fetch_add(ended.cancelled, Ordering::Relaxed);
        self.again.fetch_add(ended.again, Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    pub fn ended(&self) -> Ended {
        Ended {
            done: self.done.load(Ordering::Relaxed),
            dead: self.dead.load(Ordering::Relaxed),
            cancelled: self.cancelled.load(Ordering::Relaxed),
            again: self.again.load(Ordering::Relaxed),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, std::collections::BTreeMap<String, providers::Progress>> {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn both(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (None, only) | (only, None) => only,
        (Some(a), Some(b)) => Some(a + b),
    }
}
