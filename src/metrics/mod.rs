//! Every metric in one struct, with closed labels: policies, clouds and sources
//! are those of the configuration, all else is an enum of the model.
//!
//! `docs/metrics.md` describes each; a test holds the two against each other.

use std::sync::{Mutex, PoisonError};

use prometheus::{
    Encoder, Gauge, GaugeVec, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Registry, TextEncoder,
};

use self::registry::{counter_vec, gauge, gauge_vec, histogram, int_gauge, int_gauge_vec, register};

mod looks;
mod promises;
mod record;
mod registry;
mod sources;

pub use self::{looks::Seen, record::Queue, sources::SourceResult};
use self::{promises::PromiseMetrics, sources::SourceMetrics};

pub struct Metrics {
    registry: Registry,
    /// Held while the figures of the queue are replaced and a page is written.
    page: Mutex<()>,

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
    targets_returned: IntCounterVec,

    tasks: IntGaugeVec,
    tasks_finished: IntCounterVec,
    oldest_due: GaugeVec,
    attempts: IntCounterVec,
    revocation_lag: HistogramVec,
    removal_calls: IntCounterVec,
    removal_call_targets: HistogramVec,
    removal_looks: IntCounterVec,

    sources: SourceMetrics,
    promises: PromiseMetrics,

    requests: IntCounterVec,
    request_seconds: HistogramVec,
    circuit_open: IntGaugeVec,

    reload_ok: IntGauge,
    reload_success: Gauge,
    audit_head: IntGauge,
    clock: Gauge,
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
            targets_returned: counter_vec(
                r,
                "revokd_targets_returned_total",
                "Targets that were decided on anew within a day after they were seen gone.",
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
            removal_looks: counter_vec(
                r,
                "revokd_removal_looks_total",
                "Targets that were looked at after a call for them.",
                &["cloud", "outcome", "seen"],
            ),
            sources: SourceMetrics::new(r),
            promises: PromiseMetrics::new(r),
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
            clock: gauge(
                r,
                "revokd_clock_timestamp_seconds",
                "What the daemon's clock said when the page was made.",
            ),
            registry,
            page: Mutex::default(),
        };
        metrics.reload_ok.set(1);
        metrics
    }

    /// The text exposition format, version 0.0.4.
    pub fn render(&self) -> String {
        // A panic elsewhere leaves figures that the next page replaces.
        let _page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        self.write()
    }

    /// The same with these figures of the queue, whoever else asks meanwhile.
    pub fn render_with(&self, queue: &Queue) -> String {
        let _page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        self.queue(queue);
        self.write()
    }

    fn write(&self) -> String {
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
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}
