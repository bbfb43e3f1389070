//! What alerts hold the daemon to: who must have run by when, what waits for
//! whom, and whether the audit was looked after.

use std::collections::BTreeMap;

use jiff::Timestamp;
use prometheus::{Gauge, GaugeVec, IntGaugeVec, Registry};

use super::{
    Metrics,
    record::{seconds, signed},
    registry::{gauge, gauge_vec, int_gauge_vec},
};
use crate::{
    model::{CloudName, Mode, PolicyName, Priority, TaskState},
    store::{TaskCount, Waiting},
};

const NO_LABELS: &[&str] = &[];

/// How the tasks of a policy end.
const ENDS: [TaskState; 3] = [TaskState::Done, TaskState::Dead, TaskState::Cancelled];

pub(super) struct PromiseMetrics {
    policy_info: IntGaugeVec,
    success_deadline: GaugeVec,
    tasks_held: IntGaugeVec,
    oldest_queued: GaugeVec,
    /// No series until the first verification: nothing is known before.
    audit_intact: IntGaugeVec,
    audit_last_verified: Gauge,
}

impl PromiseMetrics {
    pub fn new(r: &Registry) -> PromiseMetrics {
        PromiseMetrics {
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
            oldest_queued: gauge_vec(
                r,
                "revokd_oldest_queued_allowed_timestamp_seconds",
                "The earliest moment from which on a task that waits for nobody but the daemon and the cloud could be carried out.",
                &["policy"],
            ),
            audit_intact: int_gauge_vec(
                r,
                "revokd_audit_intact",
                "Whether the last verification of the audit found nothing; absent before the first.",
                &[],
            ),
            audit_last_verified: gauge(
                r,
                "revokd_audit_last_verified_timestamp_seconds",
                "When this process last verified the audit, whatever it found.",
            ),
        }
    }

    /// Replaces what is known of the queue.
    pub fn queue(&self, counts: &[TaskCount], waiting: &[Waiting]) {
        self.tasks_held.reset();
        self.oldest_queued.reset();
        for count in counts {
            if let Some(hold) = count.hold {
                let labels = [count.policy.as_str(), hold.as_str()];
                self.tasks_held
                    .with_label_values(&labels)
                    .add(signed(count.count));
            }
        }
        let mut oldest: BTreeMap<&PolicyName, Timestamp> = BTreeMap::new();
        for waiting in waiting {
            let since = oldest.entry(&waiting.policy).or_insert(waiting.since);
            *since = waiting.since.min(*since);
        }
        for (policy, since) in oldest {
            self.oldest_queued
                .with_label_values(&[policy.as_str()])
                .set(seconds(since));
        }
    }

    pub fn policy_gone(&self, policy: &PolicyName) {
        self.forget_info(policy);
        // Not having been there is fine.
        let _ = self.success_deadline.remove_label_values(&[policy.as_str()]);
        let _ = self.oldest_queued.remove_label_values(&[policy.as_str()]);
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
        let verdict = self.promises.audit_intact.with_label_values(NO_LABELS);
        verdict.set(i64::from(intact));
        self.promises.audit_last_verified.set(seconds(now));
    }

    pub(super) fn touch_promises(&self) {
        let policy = PolicyName::from("p");
        self.policy_in_force(&policy, Mode::Observe, Priority::Normal, &["c".into()]);
        self.success_deadline(&policy, Some(Timestamp::UNIX_EPOCH));
        self.promises.tasks_held.with_label_values(&["p", "brake"]);
        self.audit_verified(true, Timestamp::UNIX_EPOCH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::sample::at, metrics::Queue, model::Hold};

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

    fn queue(held: u64, since: &[&str]) -> Queue {
        let held = TaskCount {
            policy: "p".into(),
            cloud: "c".into(),
            state: TaskState::Held,
            hold: Some(Hold::Brake),
            count: held,
            oldest_due: at("2026-01-01T00:00:00Z"),
        };
        let waiting = since.iter().map(|since| Waiting {
            policy: "p".into(),
            cloud: "c".into(),
            count: 1,
            since: at(since),
        });
        Queue {
            counts: vec![held],
            waiting: waiting.collect(),
            audit_head: 0,
        }
    }

    #[test]
    fn what_is_held_is_not_late_in_the_queue_and_what_waits_is_from_when_it_was_allowed() {
        let metrics = Metrics::new();
        let name = "revokd_oldest_queued_allowed_timestamp_seconds";
        metrics.render_with(&queue(2, &[]));
        assert_eq!(
            series(&metrics, "revokd_tasks_held"),
            ["revokd_tasks_held{hold=\"brake\",policy=\"p\"} 2"]
        );
        assert_eq!(series(&metrics, name), [""; 0]);
        metrics.render_with(&queue(2, &["1970-01-01T00:02:00Z", "1970-01-01T00:01:00Z"]));
        assert_eq!(series(&metrics, name), [format!("{name}{{policy=\"p\"}} 60")]);
    }

    #[test]
    fn pages_that_are_asked_for_at_once_each_tell_their_own_figures() {
        let metrics = Metrics::new();
        let held = |page: &str| {
            let name = "revokd_tasks_held{hold=\"brake\",policy=\"p\"} ";
            let figure = page.lines().find_map(|line| line.strip_prefix(name));
            figure.map(str::to_owned)
        };
        std::thread::scope(|threads| {
            for asker in 1..=4 {
                let metrics = &metrics;
                threads.spawn(move || {
                    for _ in 0..200 {
                        let page = metrics.render_with(&queue(asker, &[]));
                        assert_eq!(held(&page), Some(asker.to_string()));
                    }
                });
            }
        });
    }

    #[test]
    fn of_an_audit_that_nobody_verified_yet_nothing_is_said() {
        let metrics = Metrics::new();
        let told = || metrics.render().contains("\nrevokd_audit_intact ");
        assert!(!told());
        metrics.audit_verified(false, at("2026-01-01T00:00:00Z"));
        assert!(told());
    }
}
