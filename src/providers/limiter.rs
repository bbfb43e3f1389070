//! The limits that all calls to one cloud share: calls in flight, calls a
//! second, and the silence that the cloud itself asked for.
//!
//! Calls stand in line, in two lanes: one that is urgent goes before all normal
//! ones that wait, whether for a place or for the pace, and waits itself for no
//! more than one of the calls in flight to end. Where urgent calls never end,
//! every eighth that passes is a normal one all the same: the normal lane gets
//! slow, and stands still never.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::SignedDuration;
use tokio::{sync::Notify, time::Instant};

use super::{
    lane,
    pace::{Pace, Turn},
};
use crate::{
    config::types::CloudLimits,
    model::{Failure, FailureClass, Priority},
};

/// Of so many calls that pass while normal ones wait, one is normal.
const ONE_NORMAL_IN: u32 = 8;

pub struct Limiter {
    line: Arc<Mutex<Line>>,
}

/// A call in flight, as long as it lives.
pub struct Permit {
    line: Arc<Mutex<Line>>,
}

impl Limiter {
    pub fn new(limits: &CloudLimits) -> Limiter {
        let line = Line {
            free: limits.concurrency.max(1),
            pace: Pace::new(limits.requests_per_second),
            urgent: VecDeque::new(),
            normal: VecDeque::new(),
            urgent_in_a_row: 0,
        };
        Limiter {
            line: Arc::new(Mutex::new(line)),
        }
    }

    /// Waits until one more call may be made, which is in flight as long as
    /// the permit lives. The caller's lane says before whom.
    ///
    /// `Throttled` without any wait while the cloud wants a silence that is too
    /// long to be sat out; nothing was sent then.
    pub async fn admit(&self) -> Result<Permit, Failure> {
        if let Some(wait) = locked(&self.line).pace.too_long(Instant::now()) {
            return Err(frozen(wait));
        }
        let waiter = Waiter::stand_in_line(&self.line, lane::current());
        loop {
            // Bound before the match, so that the lock is not held in its arms.
            let turn = locked(&self.line).turn(&waiter.called, Instant::now());
            match turn {
                None => waiter.called.notified().await,
                Some(Turn::Now) => {
                    return Ok(Permit {
                        line: Arc::clone(&self.line),
                    });
                }
                // An urgent call may come meanwhile and take this turn.
                Some(Turn::At(moment)) => tokio::time::sleep_until(moment).await,
                Some(Turn::TooLate(wait)) => return Err(frozen(wait)),
            }
        }
    }

    /// Keeps all later calls back: the cloud throttled one and would throttle them too.
    pub fn freeze(&self, wait: SignedDuration) {
        let wait = Duration::try_from(wait).unwrap_or_default();
        locked(&self.line).pace.freeze(Instant::now() + wait);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut line = locked(&self.line);
        line.free += 1;
        line.call_next();
    }
}

/// A panic elsewhere leaves a line that is still a line.
fn locked(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

fn frozen(wait: Duration) -> Failure {
    Failure {
        class: FailureClass::Throttled,
        detail: format!(
            "not asked: the cloud wants no calls for another {} s",
            wait.as_secs()
        ),
        retry_after: SignedDuration::try_from(wait).ok(),
    }
}

struct Line {
    /// Calls that may be in flight besides those that are.
    free: usize,
    pace: Pace,
    urgent: VecDeque<Arc<Notify>>,
    normal: VecDeque<Arc<Notify>>,
    /// Urgent calls that passed since a normal one that waited did.
    urgent_in_a_row: u32,
}

impl Line {
    /// `None`: others come before, or there is no place; it will be called.
    fn turn(&mut self, called: &Arc<Notify>, now: Instant) -> Option<Turn> {
        let next = self.next()?;
        if self.free == 0 || !Arc::ptr_eq(next, called) {
            return None;
        }
        let turn = self.pace.turn(now);
        if turn == Turn::Now {
            self.pass();
        }
        Some(turn)
    }

    fn is_urgent_next(&self) -> bool {
        let normal_has_its_turn = !self.normal.is_empty() && self.urgent_in_a_row + 1 >= ONE_NORMAL_IN;
        !self.urgent.is_empty() && !normal_has_its_turn
    }

    fn next(&self) -> Option<&Arc<Notify>> {
        match self.is_urgent_next() {
            true => self.urgent.front(),
            false => self.normal.front(),
        }
    }

    /// The next one goes.
    fn pass(&mut self) {
        self.free -= 1;
        if self.is_urgent_next() {
            self.urgent.pop_front();
            self.urgent_in_a_row = match self.normal.is_empty() {
                true => 0,
                false => self.urgent_in_a_row + 1,
            };
        } else {
            self.normal.pop_front();
            self.urgent_in_a_row = 0;
        }
        self.call_next();
    }

    fn call_next(&self) {
        if let Some(next) = self.next()
            && self.free > 0
        {
            next.notify_one();
        }
    }

    fn lane(&mut self, lane: Priority) -> &mut VecDeque<Arc<Notify>> {
        match lane {
            Priority::Urgent => &mut self.urgent,
            Priority::Normal => &mut self.normal,
        }
    }
}

/// A place in the line, left when the caller stops waiting.
struct Waiter<'a> {
    line: &'a Mutex<Line>,
    lane: Priority,
    called: Arc<Notify>,
}

impl Waiter<'_> {
    fn stand_in_line(line: &Mutex<Line>, lane: Priority) -> Waiter<'_> {
        let called = Arc::new(Notify::new());
        locked(line).lane(lane).push_back(Arc::clone(&called));
        Waiter { line, lane, called }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut line = locked(self.line);
        let lane = line.lane(self.lane);
        let place = lane.iter().position(|called| Arc::ptr_eq(called, &self.called));
        if let Some(place) = place {
            lane.remove(place);
            // It may have been called, and the call must not be lost with it.
            line.call_next();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        pin::{Pin, pin},
        task::Poll,
    };

    use futures::future::{BoxFuture, FutureExt};

    use super::*;

    type Asking<'a> = BoxFuture<'a, Result<Permit, Failure>>;

    fn limiter(concurrency: usize, requests_per_second: Option<u32>) -> Limiter {
        Limiter::new(&CloudLimits {
            concurrency,
            requests_per_second,
            ..CloudLimits::default()
        })
    }

    /// A call that already stands in line, if it could not pass at once.
    async fn asking(limiter: &Limiter, lane: Priority) -> Asking<'_> {
        let mut asking = lane::within(lane, limiter.admit()).boxed();
        assert!(!is_through(&mut asking).await, "there is no place yet");
        asking
    }

    async fn is_through(asking: &mut Asking<'_>) -> bool {
        poll_fn(|context| Poll::Ready(Pin::new(&mut *asking).poll(context).is_ready())).await
    }

    #[tokio::test]
    async fn an_urgent_call_overtakes_normal_ones_that_wait_for_a_place() {
        let limiter = limiter(1, None);
        let in_flight = limiter.admit().await.unwrap();
        let mut first = asking(&limiter, Priority::Normal).await;
        let _second = asking(&limiter, Priority::Normal).await;
        let urgent = asking(&limiter, Priority::Urgent).await;
        drop(in_flight);
        assert!(!is_through(&mut first).await);
        let permit = urgent.await.unwrap();
        assert!(!is_through(&mut first).await);
        drop(permit);
        assert!(first.await.is_ok());
    }

    #[tokio::test]
    async fn an_urgent_call_overtakes_normal_ones_that_wait_for_the_pace() {
        let limiter = limiter(8, Some(1));
        let _in_flight = limiter.admit().await.unwrap();
        let normal = asking(&limiter, Priority::Normal).await;
        let urgent = asking(&limiter, Priority::Urgent).await;
        let passed = Mutex::new(Vec::new());
        let note = async |name, asking: Asking<'_>| {
            let permit = asking.await.unwrap();
            passed.lock().unwrap().push(name);
            permit
        };
        futures::join!(note("normal", normal), note("urgent", urgent));
        assert_eq!(*passed.lock().unwrap(), ["urgent", "normal"]);
    }

    #[tokio::test]
    async fn endless_urgent_calls_let_every_eighth_be_a_normal_one() {
        let limiter = limiter(1, None);
        let mut permit = limiter.admit().await.unwrap();
        let mut normal: VecDeque<_> = VecDeque::new();
        let mut urgent: VecDeque<_> = VecDeque::new();
        for _ in 0..3 {
            normal.push_back(asking(&limiter, Priority::Normal).await);
        }
        for _ in 0..30 {
            urgent.push_back(asking(&limiter, Priority::Urgent).await);
        }
        let mut passed = String::new();
        for _ in 0..24 {
            drop(permit);
            let first_normal = pin!(normal.front_mut().expect("three are enough"));
            let first_urgent = pin!(urgent.front_mut().expect("thirty are enough"));
            permit = tokio::select! {
                passing = first_normal => {
                    normal.pop_front();
                    passed.push('n');
                    passing.unwrap()
                }
                passing = first_urgent => {
                    urgent.pop_front();
                    passed.push('u');
                    passing.unwrap()
                }
            };
        }
        assert_eq!(passed, "uuuuuuun".repeat(3));
    }

    #[tokio::test]
    async fn whoever_stops_waiting_holds_nobody_up() {
        let limiter = limiter(1, None);
        let in_flight = limiter.admit().await.unwrap();
        let urgent = asking(&limiter, Priority::Urgent).await;
        let normal = asking(&limiter, Priority::Normal).await;
        drop(in_flight);
        drop(urgent);
        assert!(normal.await.is_ok());
    }

    #[tokio::test]
    async fn no_more_calls_are_in_flight_than_allowed() {
        let limiter = limiter(2, None);
        let first = limiter.admit().await.unwrap();
        let _second = limiter.admit().await.unwrap();
        let mut third = asking(&limiter, Priority::Urgent).await;
        assert!(!is_through(&mut third).await);
        drop(first);
        assert!(third.await.is_ok());
    }

    #[tokio::test]
    async fn a_long_silence_is_told_and_not_sat_out() {
        let limiter = Limiter::new(&CloudLimits::default());
        limiter.freeze(SignedDuration::from_mins(10));
        let Err(failure) = limiter.admit().await else {
            panic!("the cloud is frozen");
        };
        assert_eq!(failure.class, FailureClass::Throttled);
        assert!(failure.retry_after > Some(SignedDuration::from_mins(9)));
    }

    #[tokio::test]
    async fn a_long_silence_is_told_to_those_who_wait_already() {
        let limiter = limiter(1, None);
        let in_flight = limiter.admit().await.unwrap();
        let first = asking(&limiter, Priority::Normal).await;
        let second = asking(&limiter, Priority::Urgent).await;
        limiter.freeze(SignedDuration::from_mins(10));
        drop(in_flight);
        let (first, second) = futures::join!(first, second);
        assert!(first.is_err() && second.is_err());
    }
}
