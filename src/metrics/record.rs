//! What happens in the daemon, put into the metrics it changes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Metrics;
use crate::{
    model::{CloudName, Kind, PolicyName, Revocation, RunState, RunTotals, TaskState, Verdict},
    providers::calls::{Call, CallResult, Operation},
    store::{TaskCount, Waiting},
};

/// What one reading of the store says of the queue.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    pub counts: Vec<TaskCount>,
    /// What waits for nobody but the daemon and the cloud.
    pub waiting: Vec<Waiting>,
    pub audit_head: i64,
}

impl Metrics {
    /// Makes the series of a policy exist before anything happened to it, so
    /// that an alert can tell zero from absent.
    pub fn policy_exists(&self, policy: &PolicyName) {
        let policy = policy.as_str();
        for state in [RunState::Finished, RunState::Held, RunState::Failed] {
            self.runs.with_label_values(&[policy, state.as_str()]);
        }
        for gauge in [&self.last_run, &self.last_success, &self.next_run] {
            gauge.with_label_values(&[policy]);
        }
        self.degraded.with_label_values(&[policy]);
        self.evaluation_errors.with_label_values(&[policy]);
        self.brake_trips.with_label_values(&[policy]);
        self.targets_returned.with_label_values(&[policy]);
        self.revocation_lag.with_label_values(&[policy]);
    }

    pub fn cloud_exists(&self, cloud: &CloudName) {
        self.circuit_open.with_label_values(&[cloud.as_str()]);
        self.removals_exist(cloud);
    }

    /// A policy that is gone from the configuration leaves no series that an
    /// alert would wait on for ever.
    pub fn policy_gone(&self, policy: &PolicyName) {
        let labels = [policy.as_str()];
        for gauge in [
            &self.last_run,
            &self.last_success,
            &self.next_run,
            &self.oldest_due,
        ] {
            // Not having been there is fine.
            let _ = gauge.remove_label_values(&labels);
        }
        for gauge in [
            &self.degraded,
            &self.targets_seen,
            &self.targets_decided,
            &self.targets_spared,
            &self.targets_unreadable,
            &self.gaps,
        ] {
            let _ = gauge.remove_label_values(&labels);
        }
        self.leaver_policy_gone(policy);
        self.promises.policy_gone(policy);
    }

    pub fn run_ended(
        &self,
        policy: &PolicyName,
        state: RunState,
        totals: RunTotals,
        took: SignedDuration,
        now: Timestamp,
    ) {
        self.last_run_was(policy, state, totals, now);
        let policy = [policy.as_str()];
        self.runs.with_label_values(&[policy[0], state.as_str()]).inc();
        self.run_seconds
            .with_label_values(&policy)
            .observe(took.as_secs_f64());
        if state != RunState::Failed && totals.gaps == 0 {
            self.last_success.with_label_values(&policy).set(seconds(now));
        }
        self.evaluation_errors
            .with_label_values(&policy)
            .inc_by(totals.unreadable);
    }

    /// What the last run that ended came to, in this process or in one before
    /// it: what it could not see stays unseen through a restart.
    pub fn last_run_was(&self, policy: &PolicyName, state: RunState, totals: RunTotals, ended_at: Timestamp) {
        let policy = [policy.as_str()];
        self.last_run.with_label_values(&policy).set(seconds(ended_at));
        self.degraded
            .with_label_values(&policy)
            .set(i64::from(totals.is_degraded(state)));
        self.targets_seen
            .with_label_values(&policy)
            .set(signed(totals.seen));
        self.targets_decided
            .with_label_values(&policy)
            .set(signed(totals.decided));
        self.targets_spared
            .with_label_values(&policy)
            .set(signed(totals.spared));
        self.targets_unreadable
            .with_label_values(&policy)
            .set(signed(totals.unreadable));
        self.gaps.with_label_values(&policy).set(signed(totals.gaps));
    }

    /// From the store at start: what happened before this process lived.
    pub fn remember_success(&self, policy: &PolicyName, at: Timestamp) {
        self.last_success
            .with_label_values(&[policy.as_str()])
            .set(seconds(at));
    }

    pub fn next_run(&self, policy: &PolicyName, at: Option<Timestamp>) {
        self.next_run
            .with_label_values(&[policy.as_str()])
            .set(at.map_or(0.0, seconds));
    }

    pub fn brake_tripped(&self, policy: &PolicyName) {
        self.brake_trips.with_label_values(&[policy.as_str()]).inc();
    }

    pub fn targets_returned(&self, policy: &PolicyName, targets: u64) {
        self.targets_returned
            .with_label_values(&[policy.as_str()])
            .inc_by(targets);
    }

    /// What the daemon takes for now: it decides by it how old things are.
    pub fn clock_says(&self, now: Timestamp) {
        self.clock.set(seconds(now));
    }

    pub fn attempt_ended(&self, cloud: &CloudName, outcome: &str) {
        self.attempts.with_label_values(&[cloud.as_str(), outcome]).inc();
    }

    /// One call for so many targets, and a word for what the cloud said.
    pub fn removal_called(&self, cloud: &CloudName, kind: Kind, targets: usize, outcome: &str) {
        let (cloud, kind) = (cloud.as_str(), kind.as_str());
        self.removal_calls
            .with_label_values(&[cloud, kind, outcome])
            .inc();
        self.removal_call_targets
            .with_label_values(&[cloud, kind])
            .observe(targets as f64);
    }

    /// A verdict that ends a task; the lags are observed only for what is gone.
    pub fn task_ended(&self, revocation: &Revocation, verdict: &Verdict, now: Timestamp) {
        let (policy, cloud) = (&revocation.evidence.policy, &revocation.target.cloud);
        let state = match verdict {
            Verdict::Done { .. } => TaskState::Done,
            Verdict::Dead { .. } => TaskState::Dead,
            Verdict::Cancelled { .. } => TaskState::Cancelled,
            Verdict::Again { .. } | Verdict::UnderWay { .. } => return,
        };
        self.tasks_finished
            .with_label_values(&[policy.as_str(), cloud.as_str(), state.as_str()])
            .inc();
        if state == TaskState::Done {
            let lag = now.duration_since(revocation.due_since).as_secs_f64().max(0.0);
            self.revocation_lag
                .with_label_values(&[policy.as_str()])
                .observe(lag);
            self.leaver_gone(&revocation.evidence, now);
        }
    }

    pub fn called(&self, cloud: &CloudName, call: &Call) {
        let (cloud, operation) = (cloud.as_str(), call.operation.as_str());
        self.requests
            .with_label_values(&[cloud, operation, call.result.as_str()])
            .inc();
        self.request_seconds
            .with_label_values(&[cloud, operation])
            .observe(call.seconds);
    }

    pub fn circuit(&self, cloud: &CloudName, open: bool) {
        self.circuit_open
            .with_label_values(&[cloud.as_str()])
            .set(i64::from(open));
    }

    pub fn reloaded(&self, ok: bool, now: Timestamp) {
        self.reload_ok.set(i64::from(ok));
        if ok {
            self.reload_success.set(seconds(now));
        }
    }

    /// Replaces what is known of the queue, by steps that nobody may see.
    pub(super) fn queue(&self, queue: &Queue) {
        let counts = &queue.counts;
        self.tasks.reset();
        self.oldest_due.reset();
        let mut oldest: BTreeMap<&PolicyName, Timestamp> = BTreeMap::new();
        for count in counts {
            let labels = [count.policy.as_str(), count.cloud.as_str(), count.state.as_str()];
            self.tasks.with_label_values(&labels).add(signed(count.count));
            let due = oldest.entry(&count.policy).or_insert(count.oldest_due);
            *due = count.oldest_due.min(*due);
        }
        for (policy, due) in oldest {
            self.oldest_due
                .with_label_values(&[policy.as_str()])
                .set(seconds(due));
        }
        self.promises.queue(counts, &queue.waiting);
        self.audit_head.set(queue.audit_head);
    }

    pub(super) fn touch_all(&self) {
        let policy = PolicyName::from("p");
        let cloud = CloudName::from("c");
        let epoch = Timestamp::UNIX_EPOCH;
        self.policy_exists(&policy);
        self.cloud_exists(&cloud);
        self.run_ended(
            &policy,
            RunState::Finished,
            RunTotals::default(),
            SignedDuration::ZERO,
            epoch,
        );
        let count = TaskCount {
            policy: policy.clone(),
            cloud: cloud.clone(),
            state: TaskState::Queued,
            hold: None,
            count: 1,
            oldest_due: epoch,
        };
        let waiting = Waiting {
            policy: policy.clone(),
            cloud: cloud.clone(),
            count: 1,
            since: epoch,
        };
        self.queue(&Queue {
            counts: vec![count],
            waiting: vec![waiting],
            audit_head: 0,
        });
        self.attempt_ended(&cloud, "accepted");
        self.removal_called(&cloud, Kind::ImageShare, 1, "accepted");
        let finished = [policy.as_str(), cloud.as_str(), TaskState::Done.as_str()];
        self.tasks_finished.with_label_values(&finished);
        self.touch_sources();
        self.touch_promises();
        let call = Call {
            operation: Operation::Login,
            result: CallResult::Ok,
            seconds: 0.0,
        };
        self.called(&cloud, &call);
    }
}

pub(super) fn seconds(moment: Timestamp) -> f64 {
    moment.as_duration().as_secs_f64()
}

pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
