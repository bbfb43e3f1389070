//! What every loop of the daemon is handed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::{
    clock::SharedClock,
    people::{NotConnected, People, named_by},
    progress::Progress,
    wake::Wake,
};
use crate::{
    config::types::Config,
    engine::{
        circuit::{Call, Circuit, Permission},
        policy::{Policy, Protection},
        retry::RetryLimits,
    },
    metrics::Metrics,
    model::{CloudName, Failure, PolicyName, Priority, SourceName},
    providers,
    store::{Store, StoreError},
};

pub struct Context {
    pub store: Store,
    pub clouds: BTreeMap<CloudName, Arc<Cloud>>,
    /// The policies in force; a reload replaces them whole.
    pub rules: watch::Sender<Arc<Rules>>,
    pub retry: RetryLimits,
    pub decision_valid: SignedDuration,
    pub metrics: Arc<Metrics>,
    pub clock: SharedClock,
    /// In `[0, 1)`.
    pub random: Arc<dyn Fn() -> f64 + Send + Sync>,
    pub progress: Arc<Progress>,
    pub wake: Wake,
    pub stop: CancellationToken,
}

impl Context {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn rules(&self) -> Arc<Rules> {
        self.rules.borrow().clone()
    }

    /// Makes the series of the sources in use exist, with what an earlier
    /// process put on record.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) async fn remember_sources(&self) -> Result<(), StoreError> {
        for source in self.rules().sources_in_use() {
            self.metrics.source_exists(&source);
            if let Some(record) = self.store.source_record(source).await? {
                self.metrics.source_recorded(&record);
            }
        }
        Ok(())
    }

    /// A reload may have taken a source away while it was read: what was put on
    /// show of it since is taken back. To be called after that, so that either
    /// this or the reload comes last.
    pub(super) fn forget_if_unused(&self, source: &SourceName) {
        if !self.rules().sources_in_use().contains(source) {
            self.metrics.source_gone(source);
        }
    }

    /// Something came into the queue.
    pub fn wake_dispatchers(&self) {
        for cloud in self.clouds.values() {
            cloud.wake.notify_one();
        }
    }
}

pub struct Rules {
    pub policies: Vec<Arc<Policy>>,
    pub protection: Protection,
    pub people: People,
}

impl Rules {
    /// # Errors
    /// A source cannot be prepared, as when its certificate is none.
    pub fn of(config: &Config, clouds: &BTreeMap<CloudName, Arc<Cloud>>) -> Result<Rules, NotConnected> {
        Ok(Rules {
            policies: config.policies.iter().cloned().map(Arc::new).collect(),
            protection: config.daemon.protect.clone(),
            people: People::connect(&config.sources, clouds)?,
        })
    }

    pub fn policy(&self, name: &PolicyName) -> Option<&Arc<Policy>> {
        self.policies.iter().find(|policy| policy.name == *name)
    }

    /// Those that a policy names which is not disabled: no other is ever read.
    pub fn sources_in_use(&self) -> BTreeSet<SourceName> {
        let enabled = self.policies.iter().filter(|policy| policy.enabled);
        enabled.flat_map(|policy| named_by(policy)).cloned().collect()
    }
}

/// One cloud, with what the daemon remembers of its health.
pub struct Cloud {
    pub name: CloudName,
    pub handles: providers::Cloud,
    pub concurrency: usize,
    /// The longest that one call may take, its wait for the rate limit
    /// included; leases are measured by it.
    pub longest_call: SignedDuration,
    circuit: Mutex<Circuit>,
    pub wake: Notify,
    looks: [Semaphore; 2],
    metrics: Arc<Metrics>,
}

impl Cloud {
    pub fn new(
        name: CloudName,
        handles: providers::Cloud,
        concurrency: usize,
        longest_call: SignedDuration,
        metrics: Arc<Metrics>,
        now: Timestamp,
    ) -> Cloud {
        metrics.cloud_exists(&name);
        Cloud {
            name,
            handles,
            concurrency,
            longest_call,
            circuit: Mutex::new(Circuit::new(now)),
            wake: Notify::new(),
            looks: [(); 2].map(|()| Semaphore::new(concurrency.max(1))),
            metrics,
        }
    }

    /// Looks at many resources for one batch, at once; those that come later
    /// wait their turn, the urgent ones never for normal ones.
    pub fn looks(&self, priority: Priority) -> &Semaphore {
        let [normal, urgent] = &self.looks;
        match priority {
            Priority::Normal => normal,
            Priority::Urgent => urgent,
        }
    }

    pub fn permission(&self, now: Timestamp) -> Permission {
        self.circuit(|circuit| circuit.permission(now))
    }

    pub fn is_down(&self) -> bool {
        self.circuit(|circuit| circuit.is_open())
    }

    pub fn down_reason(&self) -> String {
        self.circuit(|circuit| circuit.reason().to_owned())
    }

    pub fn answered(&self, call: Call, now: Timestamp) {
        let was_down = self.circuit(|circuit| {
            let was_down = circuit.is_open();
            circuit.answered(call, now);
            was_down
        });
        if was_down {
            tracing::info!(cloud = %self.name, "the cloud answers again");
        }
        self.metrics.circuit(&self.name, false);
    }

    pub fn failed(&self, call: Call, failure: &Failure, now: Timestamp) {
        let (was_down, is_down) = self.circuit(|circuit| {
            let was_down = circuit.is_open();
            circuit.failed(call, failure.class, &failure.detail, now);
            (was_down, circuit.is_open())
        });
        if is_down && !was_down {
            tracing::warn!(cloud = %self.name, reason = %failure, "the cloud is down: nothing is sent until it answers a probe");
        }
        self.metrics.circuit(&self.name, is_down);
    }

    fn circuit<T>(&self, look: impl FnOnce(&mut Circuit) -> T) -> T {
        // A panic elsewhere leaves a circuit that is still a circuit.
        look(&mut self.circuit.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
