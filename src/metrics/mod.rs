//! Every metric in one struct, with closed labels: policies and clouds are
//! those of the configuration, all else is an enum of the model.
//!
//! `docs/metrics.md` describes each; a test holds the two against each other.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use prometheus::{
    Encoder, Gauge, GaugeVec, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Registry, TextEncoder,
};

use self::registry::{counter_vec, gauge, gauge_vec, histogram, int_gauge, int_gauge_vec, register};
use crate::{
    model::{CloudName, Kind, PolicyName, RunState, RunTotals, TaskState, Verdict},
    providers::calls::{Call, CallResult, Operation},
    store::TaskCount,
};

mod registry;

pub struct Metrics {
    registry: Registry,

    runs: IntCounterVec,
    run_seconds: HistogramVec,
    last_run: GaugeVec,
    last_success: GaugeVec,
    next_run: GaugeVec,
    degraded: IntGaugeVec,
    targets_seen: IntGaugeVec,
    targets_decided: IntGaugeVec,
    targets_spared: IntGaugeVec,
    targets_unreadable: IntGaugeVec,
    gaps: IntGaugeVec,
    evaluation_errors: IntCounterVec,
    brake_trips: IntCounterVec,

    tasks: IntGaugeVec,
    tasks_finished: IntCounterVec,
    oldest_due: GaugeVec,
    attempts: IntCounterVec,
    revocation_lag: HistogramVec,
    removal_calls: IntCounterVec,
    removal_call_targets: HistogramVec,

    requests: IntCounterVec,
    request_seconds: HistogramVec,
    circuit_open: IntGaugeVec,

    reload_ok: IntGauge,
    reload_success: Gauge,
    audit_head: IntGauge,
}

impl Metrics {
    pub fn new() -> Metrics {
        let registry = Registry::new();
        let r = &registry;
        let build = int_gauge_vec(
            r,
            "revokd_build_info",
            "Always 1; the version is a label.",
            &["version"],
        );
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        #[cfg(target_os = "linux")]
        register(r, prometheus::process_collector::ProcessCollector::for_self());

        let lag_buckets = vec![
            60.0,
            300.0,
            900.0,
            1800.0,
            3600.0,
            7200.0,
            21_600.0,
            43_200.0,
            86_400.0,
            172_800.0,
            604_800.0,
            2_592_000.0,
        ];
        let metrics = Metrics {
            runs: counter_vec(
                r,
                "revokd_runs_total",
                "Runs that ended, by how.",
                &["policy", "state"],
            ),
            run_seconds: histogram(
                r,
                "revokd_run_seconds",
                "Time from the start of a run to its decisions being in the queue.",
                &["policy"],
                vec![0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0],
            ),
            last_run: gauge_vec(
                r,
                "revokd_policy_last_run_timestamp_seconds",
                "When the last run of the policy ended, whatever came of it.",
                &["policy"],
            ),
            last_success: gauge_vec(
                r,
                "revokd_policy_last_success_timestamp_seconds",
                "When a run of the policy last saw all there is to see and decided on it.",
                &["policy"],
            ),
            next_run: gauge_vec(
                r,
                "revokd_policy_next_run_timestamp_seconds",
                "When the policy runs next.",
                &["policy"],
            ),
            degraded: int_gauge_vec(
                r,
                "revokd_policy_degraded",
                "1 if the last run could not see or judge everything.",
                &["policy"],
            ),
            targets_seen: int_gauge_vec(
                r,
                "revokd_policy_targets_seen",
                "Targets of the policy's kind that its last run saw.",
                &["policy"],
            ),
            targets_decided: int_gauge_vec(
                r,
                "revokd_policy_targets_decided",
                "Targets that the policy's last run wanted gone.",
                &["policy"],
            ),
            targets_spared: int_gauge_vec(
                r,
                "revokd_policy_targets_spared",
                "Targets that matched in the last run but are exempt or protected.",
                &["policy"],
            ),
            targets_unreadable: int_gauge_vec(
                r,
                "revokd_policy_targets_unreadable",
                "Targets of the last run with a value that could not be judged.",
                &["policy"],
            ),
            gaps: int_gauge_vec(
                r,
                "revokd_policy_gaps",
                "Parts of the clouds that the policy's last run could not see.",
                &["policy"],
            ),
            evaluation_errors: counter_vec(
                r,
                "revokd_evaluation_errors_total",
                "Values that could not be judged (a date that is none, a condition that failed); each kept its target.",
                &["policy"],
            ),
            brake_trips: counter_vec(
                r,
                "revokd_brake_trips_total",
                "Runs held because they wanted more than their limits.",
                &["policy"],
            ),
            tasks: int_gauge_vec(
                r,
                "revokd_tasks",
                "Tasks that are not done, by state.",
                &["policy", "cloud", "state"],
            ),
            tasks_finished: counter_vec(
                r,
                "revokd_tasks_finished_total",
                "Tasks that this process ended, by how.",
                &["policy", "cloud", "state"],
            ),
            oldest_due: gauge_vec(
                r,
                "revokd_oldest_due_timestamp_seconds",
                "The earliest moment at which a task that still waits was due.",
                &["policy"],
            ),
            attempts: counter_vec(
                r,
                "revokd_attempts_total",
                "Tries at tasks, by what came of them.",
                &["cloud", "outcome"],
            ),
            revocation_lag: histogram(
                r,
                "revokd_revocation_lag_seconds",
                "From the moment a target was due to the moment it was seen gone.",
                &["policy"],
                lag_buckets,
            ),
            removal_calls: counter_vec(
                r,
                "revokd_removal_calls_total",
                "Calls that remove something, by what the cloud said.",
                &["cloud", "kind", "outcome"],
            ),
            removal_call_targets: histogram(
                r,
                "revokd_removal_call_targets",
                "Targets of one call that removes something.",
                &["cloud", "kind"],
                vec![
                    1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 1000.0, 2500.0, 10_000.0,
                ],
            ),
            requests: counter_vec(
                r,
                "revokd_cloud_requests_total",
                "Calls to a cloud.",
                &["cloud", "operation", "result"],
            ),
            request_seconds: histogram(
                r,
                "revokd_cloud_request_seconds",
                "Time of calls to a cloud.",
                &["cloud", "operation"],
                vec![0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0],
            ),
            circuit_open: int_gauge_vec(
                r,
                "revokd_cloud_circuit_open",
                "1 while nothing is sent to the cloud because it is down or refuses the login.",
                &["cloud"],
            ),
            reload_ok: int_gauge(
                r,
                "revokd_config_last_reload_successful",
                "0 after a reload that was refused; the configuration before it stays in force.",
            ),
            reload_success: gauge(
                r,
                "revokd_config_last_reload_success_timestamp_seconds",
                "When the configuration in force was loaded.",
            ),
            audit_head: int_gauge(
                r,
                "revokd_audit_head_sequence",
                "Number of the last audit record; it never falls.",
            ),
            registry,
        };
        metrics.reload_ok.set(1);
        metrics
    }

    /// The text exposition format, version 0.0.4.
    pub fn render(&self) -> String {
        let mut buffer = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut buffer)
            .expect("writing to memory cannot fail, and names and labels are fixed");
        String::from_utf8_lossy(&buffer).into_owned()
    }

    /// Names of all metrics with their help texts; series that nothing has
    /// touched yet are included.
    pub fn describe() -> Vec<(String, String)> {
        let metrics = Metrics::new();
        metrics.touch_all();
        metrics
            .registry
            .gather()
            .into_iter()
            .map(|family| (family.name().to_owned(), family.help().to_owned()))
            .collect()
    }

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
        self.revocation_lag.with_label_values(&[policy]);
    }

    pub fn cloud_exists(&self, cloud: &CloudName) {
        self.circuit_open.with_label_values(&[cloud.as_str()]);
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
    }

    pub fn run_ended(
        &self,
        policy: &PolicyName,
        state: RunState,
        totals: RunTotals,
        took: SignedDuration,
        now: Timestamp,
    ) {
        let policy = [policy.as_str()];
        let degraded = totals.gaps > 0 || totals.unreadable > 0;
        self.runs.with_label_values(&[policy[0], state.as_str()]).inc();
        self.run_seconds
            .with_label_values(&policy)
            .observe(took.as_secs_f64());
        self.last_run.with_label_values(&policy).set(seconds(now));
        if state != RunState::Failed && totals.gaps == 0 {
            self.last_success.with_label_values(&policy).set(seconds(now));
        }
        self.degraded
            .with_label_values(&policy)
            .set(i64::from(degraded || state == RunState::Failed));
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
        self.evaluation_errors
            .with_label_values(&policy)
            .inc_by(totals.unreadable);
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

    /// A verdict that ends a task; the lag is observed only for what is gone.
    pub fn task_ended(
        &self,
        policy: &PolicyName,
        cloud: &CloudName,
        verdict: &Verdict,
        due_since: Timestamp,
        now: Timestamp,
    ) {
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
            let lag = now.duration_since(due_since).as_secs_f64().max(0.0);
            self.revocation_lag
                .with_label_values(&[policy.as_str()])
                .observe(lag);
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

    /// Replaces what is known of the queue, from one reading of the store.
    pub fn queue(&self, counts: &[TaskCount], audit_head: i64) {
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
        self.audit_head.set(audit_head);
    }

    fn touch_all(&self) {
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
        self.queue(&[count], 0);
        self.attempt_ended(&cloud, "accepted");
        self.removal_called(&cloud, Kind::ImageShare, 1, "accepted");
        self.task_ended(
            &policy,
            &cloud,
            &Verdict::Done { note: String::new() },
            epoch,
            epoch,
        );
        let call = Call {
            operation: Operation::Login,
            result: CallResult::Ok,
            seconds: 0.0,
        };
        self.called(&cloud, &call);
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

fn seconds(moment: Timestamp) -> f64 {
    moment.as_duration().as_secs_f64()
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
