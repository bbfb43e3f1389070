//! The daemon with all its loops, inside the test's process.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use revokd::{
    daemon::{self, DaemonError, clock::Clock, context::Context},
    model::{RunState, TaskState},
    store::RunFilter,
};
use tokio::{net::TcpListener, task::JoinHandle};

use super::stage::Stage;

pub struct Serving {
    pub context: Arc<Context>,
    pub address: String,
    loops: JoinHandle<Result<(), DaemonError>>,
}

impl Stage {
    pub async fn serve(&self) -> Serving {
        self.serve_for(Duration::from_secs(60)).await
    }

    /// With a limit on how long its stop may take.
    pub async fn serve_for(&self, stop_within: Duration) -> Serving {
        let context = self.context();
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port on loopback");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let serving = daemon::serve(context.clone(), listener, stop_within);
        let serving = Serving {
            context,
            address,
            loops: tokio::spawn(serving),
        };
        self.quiet(&serving).await;
        serving
    }

    /// Turns the clock by `by` in steps, and lets the daemon do at each all
    /// that it then has to do.
    pub async fn pass_time(&self, serving: &Serving, by: SignedDuration, step: SignedDuration) {
        let end = self.clock.now() + by;
        while self.clock.now() < end {
            self.clock.advance_to((self.clock.now() + step).min(end));
            self.quiet(serving).await;
        }
    }

    /// Waits, while the clock stands, until the daemon has nothing to do but to
    /// wait for it: all loops sleep, no run and no call is under way.
    pub async fn quiet(&self, serving: &Serving) {
        let mut seen = 0;
        while seen < 3 {
            self.until_standing("the daemon is at rest", async || self.is_at_rest(serving).await)
                .await;
            seen += 1;
            tokio::time::sleep(Duration::from_millis(1)).await;
            if !self.is_at_rest(serving).await {
                seen = 0;
            }
        }
    }

    /// The next moment that somebody sleeps until, but for the dispatchers, who
    /// look about once a second.
    pub fn next_fire(&self) -> Option<Timestamp> {
        let soon = self.clock.now() + SignedDuration::from_secs(1);
        self.clock
            .slept_until()
            .into_iter()
            .filter(|until| *until > soon)
            .min()
    }

    async fn is_at_rest(&self, serving: &Serving) -> bool {
        if serving.loops.is_finished() {
            return true;
        }
        // What was handed to the store before is in it after this.
        self.store().ping().await.expect("a store that takes writes");
        // The schedule, one dispatcher for each cloud, and who glances at lists.
        let watched = usize::from(!serving.context.rules().sources_in_use().is_empty());
        let loops = 1 + serving.context.clouds.len() + watched;
        let now = self.clock.now();
        let asleep = self
            .clock
            .slept_until()
            .iter()
            .filter(|until| **until > now)
            .count();
        if asleep < loops || self.requests_in_flight() > 0 {
            return false;
        }
        let running = RunFilter {
            state: Some(RunState::Running),
            ..RunFilter::default()
        };
        let running = self.store().runs(running, 1).await.expect("reading the runs");
        running.is_empty() && self.count(TaskState::Claimed).await == 0
    }
}

impl Serving {
    /// Asks it to stop and waits until it has.
    pub async fn stop(self) -> Result<(), DaemonError> {
        self.context.stop.cancel();
        self.loops.await.expect("the daemon does not panic")
    }

    /// Ends it where it stands, as a crash would.
    pub async fn crash(self) {
        self.loops.abort();
        // An aborted task ends with an error that says just that.
        drop(self.loops.await);
    }
}
