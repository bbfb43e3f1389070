//! The only place in which the daemon reads the clock.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

/// Time, handed in, so that tests can turn it.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;

    /// Resolves once `now` has reached `moment`.
    fn sleep_until(&self, moment: Timestamp) -> BoxFuture<'static, ()>;
}

pub type SharedClock = Arc<dyn Clock>;

#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep_until(&self, moment: Timestamp) -> BoxFuture<'static, ()> {
        // The wall clock can be set while we sleep: look again at least once a
        // minute instead of trusting one long sleep.
        Box::pin(async move {
            loop {
                let left = moment.duration_since(Timestamp::now());
                if left <= SignedDuration::ZERO {
                    return;
                }
                let step = Duration::try_from(left)
                    .unwrap_or_default()
                    .min(Duration::from_secs(60));
                tokio::time::sleep(step).await;
            }
        })
    }
}
