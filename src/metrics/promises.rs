//! What alerts hold the daemon to: who must have run by when, what waits for
//! whom, and whether the audit was looked after.

use std::collections::BTreeMap;

use jiff::Timestamp;
use prometheus::{Gauge, GaugeVec, IntGauge, IntGaugeVec, Registry};

use super::{
    Metrics,
    record::{seconds, signed},
    registry::{gauge, gauge_vec, int_gauge, int_gauge_vec},
};
use crate::{
    model::{CloudName, Mode, PolicyName, Priority, TaskState},
    store::TaskCount,
};

/// How the tasks of a policy end.
const ENDS: [TaskState; 3] = [TaskState::Done, TaskState::Dead, TaskState::Cancelled];

pub(super) struct PromiseMetrics {
    policy_info: IntGaugeVec,
    success_deadline: GaugeVec,
    tasks_held: IntGaugeVec,
    oldest_queued_due: GaugeVec,
    audit_intact: IntGauge,
    audit_last_verified: Gauge,
}

impl PromiseMetrics {
    pub fn new(r: &Registry) -> PromiseMetrics {
        let metrics = PromiseMetrics {
            policy_info: int_gauge_vec(
                r,
                "revokd_policy_info",
                "Always 1; mode and priority of the policy are labels.",
                &["policy", "mode", "priority"],
            ),
            success_deadline: gauge_vec(
                r,
                "revokd_policy_success_deadline_timestamp_seconds",
                "When the policy will have gone without success for too long: three fires of its schedule, or a day after one.",
                &["policy"],
            ),
            tasks_held: int_gauge_vec(
                r,
                "revokd_tasks_held",
                "Tasks that are held, by what they wait for.",
                &["policy", "hold"],
            ),
            oldest_queued_due: gauge_vec(
                r,
                "revokd_oldest_queued_due_timestamp_seconds",
                "The earliest moment at which a task that waits for nobody but the daemon and the cloud was due.",
                &["policy"],
            ),
            audit_intact: int_gauge(
                r,
                "revokd_audit_intact",
                "0 after a verification of the audit that found something.",
            ),
            audit_last_verified: gauge(
                r,
                "revokd_audit_last_verified_timestamp_seconds",
                "When this process last verified the audit, whatever it found.",
            ),
        };
        metrics.audit_intact.set(1);
        metrics
    }

    /// Replaces what is known of the queue.
    pub fn queue(&self, counts: &[TaskCount]) {
        self.tasks_held.reset();
        self.oldest_queued_due.reset();
        let mut oldest: BTreeMap<&PolicyName, Timestamp> = BTreeMap::new();
        for count in counts {
            if let Some(hold) = count.hold {
                let labels = [count.policy.as_str(), hold.as_str()];
                self.tasks_held
                    .with_label_values(&labels)
                    .add(signed(count.count));
            }
            if !matches!(count.state, TaskState::Held | TaskState::Dead) {
                let due = oldest.entry(&count.policy).or_insert(count.oldest_due);
                *due = count.oldest_due.min(*due);
            }
        }
        for (policy, due) in oldest {
            self.oldest_queued_due
                .with_label_values(&[policy.as_str()])
                .set(seconds(due));
        }
    }

    pub fn policy_gone(&self, policy: &PolicyName) {
        self.forget_info(policy);
        // Not having been there is fine.
        let _ = self.success_deadline.remove_label_values(&[policy.as_str()]);
        let _ = self.oldest_queued_due.remove_label_values(&[policy.as_str()]);
    }

    fn forget_info(&self, policy: &PolicyName) {
        for mode in Mode::ALL {
            for priority in Priority::ALL {
                let labels = [policy.as_str(), mode.as_str(), priority.as_str()];
                let _ = self.policy_info.remove_label_values(&labels);
            }
        }
    }
}

impl Metrics {
    /// What a policy is from now on; a policy never has two of these series.
    /// What becomes of its tasks is counted from zero, so that the first that
    /// ends shows as an increase.
    pub fn policy_in_force(&self, policy: &PolicyName, mode: Mode, priority: Priority, clouds: &[CloudName]) {
        self.promises.forget_info(policy);
        let labels = [policy.as_str(), mode.as_str(), priority.as_str()];
        self.promises.policy_info.with_label_values(&labels).set(1);
        for cloud in clouds {
            for state in ENDS {
                let labels = [policy.as_str(), cloud.as_str(), state.as_str()];
                self.tasks_finished.with_label_values(&labels);
            }
        }
    }

    /// `None` for a policy that runs too few more times: it owes nothing.
    pub fn success_deadline(&self, policy: &PolicyName, at: Option<Timestamp>) {
        let deadline = &self.promises.success_deadline;
        match at {
            Some(at) => deadline.with_label_values(&[policy.as_str()]).set(seconds(at)),
            // Not having been there is fine.
            None => drop(deadline.remove_label_values(&[policy.as_str()])),
        }
    }

    pub fn audit_verified(&self, intact: bool, now: Timestamp) {
        self.promises.audit_intact.set(i64::from(intact));
        self.promises.audit_last_verified.set(seconds(now));
    }

    pub(super) fn touch_promises(&self) {
        let policy = PolicyName::from("p");
        self.policy_in_force(&policy, Mode::Observe, Priority::Normal, &["c".into()]);
        self.success_deadline(&policy, Some(Timestamp::UNIX_EPOCH));
        self.promises.tasks_held.with_label_values(&["p", "brake"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::sample::at, model::Hold};

    fn series(metrics: &Metrics, name: &str) -> Vec<String> {
        let text = metrics.render();
        let of_name = text.lines().filter(|line| line.starts_with(&format!("{name}{{")));
        of_name.map(str::to_owned).collect()
    }

    #[test]
    fn a_policy_that_changed_has_one_series_and_one_that_is_gone_has_none() {
        let (metrics, policy) = (Metrics::new(), PolicyName::from("p"));
        metrics.policy_in_force(&policy, Mode::Observe, Priority::Normal, &[]);
        metrics.policy_in_force(&policy, Mode::Enforce, Priority::Urgent, &[]);
        metrics.success_deadline(&policy, Some(at("2026-01-01T00:00:00Z")));
        assert_eq!(
            series(&metrics, "revokd_policy_info"),
            ["revokd_policy_info{mode=\"enforce\",policy=\"p\",priority=\"urgent\"} 1"]
        );
        metrics.policy_gone(&policy);
        assert_eq!(series(&metrics, "revokd_policy_info"), [""; 0]);
        assert_eq!(
            series(&metrics, "revokd_policy_success_deadline_timestamp_seconds"),
            [""; 0]
        );
    }

    #[test]
    fn what_is_held_or_dead_is_not_late_in_the_queue() {
        let count = |state, hold, due| TaskCount {
            policy: "p".into(),
            cloud: "c".into(),
            state,
            hold,
            count: 2,
            oldest_due: at(due),
        };
        let metrics = Metrics::new();
        let late = "2026-01-01T00:00:00Z";
        let waits = [
            count(TaskState::Held, Some(Hold::Brake), late),
            count(TaskState::Dead, None, late),
        ];
        metrics.queue(&waits, 0);
        assert_eq!(
            series(&metrics, "revokd_tasks_held"),
            ["revokd_tasks_held{hold=\"brake\",policy=\"p\"} 2"]
        );
        let name = "revokd_oldest_queued_due_timestamp_seconds";
        assert_eq!(series(&metrics, name), [""; 0]);
        metrics.queue(&[count(TaskState::Verifying, None, "1970-01-01T00:01:00Z")], 0);
        assert_eq!(series(&metrics, name), [format!("{name}{{policy=\"p\"}} 60")]);
        assert_eq!(series(&metrics, "revokd_tasks_held"), [""; 0]);
    }
}
