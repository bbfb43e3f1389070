//! Signs of life of the loops: which of them stands still?
//!
//! Measured on the monotonic clock. The wall clock can be set, and no step of
//! it may look like a loop that hangs.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

type Last = Arc<Mutex<BTreeMap<String, Instant>>>;

/// When each loop that goes on beat last.
#[derive(Clone)]
pub struct Beats {
    /// `None`: nobody asks.
    every: Option<Duration>,
    last: Last,
}

/// One loop's beat; dropping it says that the loop is over.
pub struct Beat {
    name: String,
    every: Option<Duration>,
    last: Last,
}

impl Beats {
    pub fn every(every: Option<Duration>) -> Beats {
        Beats {
            every,
            last: Arc::default(),
        }
    }

    /// A loop of this name goes on from now.
    pub fn start(&self, name: impl Into<String>) -> Beat {
        let beat = Beat {
            name: name.into(),
            every: self.every,
            last: self.last.clone(),
        };
        beat.beat();
        beat
    }

    /// The loops whose last beat is longer ago than `after`.
    pub fn stale(&self, now: Instant, after: Duration) -> Vec<String> {
        let last = locked(&self.last);
        let stale = last
            .iter()
            .filter(|(_, last)| now.saturating_duration_since(**last) > after);
        stale.map(|(name, _)| name.clone()).collect()
    }
}

impl Beat {
    /// The loop came by here.
    pub fn beat(&self) {
        self.beat_at(Instant::now());
    }

    /// Waits for something that may take its time, and beats meanwhile: a loop
    /// that has nothing to do, or waits for a call, does not stand still.
    pub async fn waiting<T>(&self, something: impl Future<Output = T>) -> T {
        let Some(every) = self.every else {
            return something.await;
        };
        let mut something = pin!(something);
        loop {
            self.beat();
            tokio::select! {
                biased;
                got = &mut something => {
                    self.beat();
                    return got;
                }
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    fn beat_at(&self, now: Instant) {
        let mut all = locked(&self.last);
        match all.get_mut(&self.name) {
            Some(last) => *last = now,
            None => drop(all.insert(self.name.clone(), now)),
        }
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        locked(&self.last).remove(&self.name);
    }
}

fn locked(last: &Last) -> MutexGuard<'_, BTreeMap<String, Instant>> {
    last.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    #[test]
    fn the_loop_that_did_not_beat_for_too_long_is_named_and_no_other() {
        let beats = Beats::every(None);
        let began = Instant::now();
        let (scheduler, dispatcher) = (beats.start("scheduler"), beats.start("dispatcher of prod"));
        scheduler.beat_at(began);
        dispatcher.beat_at(began);
        assert_eq!(beats.stale(began + LIMIT, LIMIT), [""; 0]);
        scheduler.beat_at(began + LIMIT);
        let later = began + LIMIT + Duration::from_millis(1);
        assert_eq!(beats.stale(later, LIMIT), ["dispatcher of prod"]);
        assert_eq!(beats.stale(began + 3 * LIMIT, LIMIT).len(), 2);
        dispatcher.beat_at(later);
        assert_eq!(beats.stale(later, LIMIT), [""; 0]);
    }

    #[test]
    fn a_loop_that_is_over_is_not_missed() {
        let beats = Beats::every(None);
        let beat = beats.start("scheduler");
        let much_later = Instant::now() + 10 * LIMIT;
        assert_eq!(beats.stale(much_later, LIMIT), ["scheduler"]);
        drop(beat);
        assert_eq!(beats.stale(much_later, LIMIT), [""; 0]);
    }

    #[test]
    fn a_moment_before_the_beat_is_not_stale() {
        let beats = Beats::every(None);
        let began = Instant::now();
        let beat = beats.start("scheduler");
        beat.beat_at(began + LIMIT);
        assert_eq!(beats.stale(began, Duration::ZERO), [""; 0]);
    }

    #[tokio::test]
    async fn whoever_waits_beats_until_what_it_waited_for_is_there() {
        let every = Duration::from_millis(1);
        let beats = Beats::every(Some(every));
        let beat = beats.start("dispatcher of prod");
        let last = || *locked(&beats.last).get("dispatcher of prod").unwrap();
        let began = last();
        let until_it_beat_thrice = async {
            let (mut seen, mut before) = (0, began);
            while seen < 3 {
                tokio::task::yield_now().await;
                if last() > before {
                    (seen, before) = (seen + 1, last());
                }
            }
            "call"
        };
        assert_eq!(beat.waiting(until_it_beat_thrice).await, "call");
    }
}
