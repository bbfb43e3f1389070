//! What there is to see of lists of people, and of the access of who left.

use jiff::Timestamp;
use prometheus::{GaugeVec, HistogramVec, IntCounterVec, IntGaugeVec, Registry};

use super::{
    Metrics,
    record::{seconds, signed},
    registry::{counter_vec, gauge_vec, histogram, int_gauge_vec},
};
use crate::model::{Evidence, PolicyName, SourceName, SourceRecord};

pub(super) struct SourceMetrics {
    entries: IntGaugeVec,
    unusable_entries: IntGaugeVec,
    disputed_entries: IntGaugeVec,
    proof_met: IntGaugeVec,
    last_success: GaugeVec,
    list_timestamp: GaugeVec,
    reads: IntCounterVec,
    unproven_runs: IntCounterVec,
    pub(super) leaver_lag: HistogramVec,
}

/// What came of one read of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceResult {
    /// Whole, and it met its demands.
    Good,
    /// Whole, and it did not, or has more unusable entries than a list may that
    /// is to decide on who is missing.
    Unproven,
    Failed,
}

impl SourceResult {
    const ALL: [SourceResult; 3] = [SourceResult::Good, SourceResult::Unproven, SourceResult::Failed];

    fn as_str(self) -> &'static str {
        match self {
            SourceResult::Good => "good",
            SourceResult::Unproven => "unproven",
            SourceResult::Failed => "failed",
        }
    }
}

impl SourceMetrics {
    pub fn new(r: &Registry) -> SourceMetrics {
        let source = &["source"];
        SourceMetrics {
            entries: int_gauge_vec(
                r,
                "revokd_source_entries",
                "Entries of the last whole read of the source.",
                source,
            ),
            unusable_entries: int_gauge_vec(
                r,
                "revokd_source_unusable_entries",
                "Entries of the last whole read that cannot be used, and decide on nobody.",
                source,
            ),
            disputed_entries: int_gauge_vec(
                r,
                "revokd_source_disputed_entries",
                "Entries of which the last run could not tell whom or what they mean, and which decided on nobody.",
                source,
            ),
            proof_met: int_gauge_vec(
                r,
                "revokd_source_proof_met",
                "1 if the last read of the source was whole and met its demands.",
                source,
            ),
            last_success: gauge_vec(
                r,
                "revokd_source_last_success_timestamp_seconds",
                "When the source was last read whole and met its demands.",
                source,
            ),
            list_timestamp: gauge_vec(
                r,
                "revokd_source_list_timestamp_seconds",
                "When the list of the last whole read was made.",
                source,
            ),
            reads: counter_vec(
                r,
                "revokd_source_reads_total",
                "Reads of the source, by what came of them.",
                &["source", "result"],
            ),
            unproven_runs: counter_vec(
                r,
                "revokd_policy_unproven_runs_total",
                "Runs that decided nothing because a list could not be relied on.",
                &["policy"],
            ),
            leaver_lag: histogram(
                r,
                "revokd_leaver_lag_seconds",
                "From the moment a list said that somebody left to the moment the access was seen gone.",
                &["policy"],
                vec![
                    5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 21_600.0,
                    86_400.0,
                ],
            ),
        }
    }

    fn gauges(&self) -> [&IntGaugeVec; 4] {
        [
            &self.entries,
            &self.unusable_entries,
            &self.disputed_entries,
            &self.proof_met,
        ]
    }
}

impl Metrics {
    /// Makes the series of a source exist before it is read, so that an alert
    /// can tell never from absent.
    pub fn source_exists(&self, source: &SourceName) {
        let label = [source.as_str()];
        for gauge in self.sources.gauges() {
            gauge.with_label_values(&label);
        }
        for gauge in [&self.sources.last_success, &self.sources.list_timestamp] {
            gauge.with_label_values(&label);
        }
        for result in SourceResult::ALL {
            self.sources
                .reads
                .with_label_values(&[source.as_str(), result.as_str()]);
        }
    }

    pub fn source_gone(&self, source: &SourceName) {
        let label = [source.as_str()];
        for gauge in self.sources.gauges() {
            // Not having been there is fine.
            let _ = gauge.remove_label_values(&label);
        }
        for gauge in [&self.sources.last_success, &self.sources.list_timestamp] {
            let _ = gauge.remove_label_values(&label);
        }
        for result in SourceResult::ALL {
            let labels = [source.as_str(), result.as_str()];
            let _ = self.sources.reads.remove_label_values(&labels);
        }
    }

    /// What is on record of the source, from this process or one before it.
    pub fn source_recorded(&self, record: &SourceRecord) {
        let label = [record.source.as_str()];
        let sources = &self.sources;
        let met = record.last_good.is_some() && record.problem.is_none();
        sources.proof_met.with_label_values(&label).set(i64::from(met));
        if let Some(entries) = record.entries {
            sources.entries.with_label_values(&label).set(signed(entries));
        }
        if let Some(made) = record.as_of {
            sources
                .list_timestamp
                .with_label_values(&label)
                .set(seconds(made));
        }
        if let Some(at) = record.last_good {
            sources.last_success.with_label_values(&label).set(seconds(at));
        }
    }

    /// One read, and what it left on record; `unusable` entries are told where
    /// it was whole.
    pub fn source_read(&self, record: &SourceRecord, result: SourceResult, unusable: Option<u64>) {
        self.source_recorded(record);
        let source = record.source.as_str();
        let met = i64::from(result == SourceResult::Good);
        self.sources.proof_met.with_label_values(&[source]).set(met);
        self.sources
            .reads
            .with_label_values(&[source, result.as_str()])
            .inc();
        if let Some(unusable) = unusable {
            self.sources
                .unusable_entries
                .with_label_values(&[source])
                .set(signed(unusable));
        }
    }

    pub fn source_disputed(&self, source: &SourceName, entries: u64) {
        self.sources
            .disputed_entries
            .with_label_values(&[source.as_str()])
            .set(signed(entries));
    }

    /// A policy that decides by lists.
    pub fn leaver_policy_exists(&self, policy: &PolicyName) {
        self.sources.unproven_runs.with_label_values(&[policy.as_str()]);
        self.sources.leaver_lag.with_label_values(&[policy.as_str()]);
    }

    pub(super) fn leaver_policy_gone(&self, policy: &PolicyName) {
        let label = [policy.as_str()];
        let _ = self.sources.unproven_runs.remove_label_values(&label);
        let _ = self.sources.leaver_lag.remove_label_values(&label);
    }

    pub fn run_unproven(&self, policy: &PolicyName) {
        self.sources
            .unproven_runs
            .with_label_values(&[policy.as_str()])
            .inc();
    }

    /// Something was seen gone; observed where it was by a list.
    pub(super) fn leaver_gone(&self, evidence: &Evidence, now: Timestamp) {
        if let Some(since) = listed_since(evidence) {
            let lag = now.duration_since(since).as_secs_f64().max(0.0);
            let policy = evidence.policy.as_str();
            self.sources.leaver_lag.with_label_values(&[policy]).observe(lag);
        }
    }

    pub(super) fn touch_sources(&self) {
        let (source, policy) = (SourceName::from("s"), PolicyName::from("p"));
        self.source_exists(&source);
        self.leaver_policy_exists(&policy);
    }
}

/// From when on the lists said that it must go. To be on one list suffices, so
/// the first that said so counts; to be on none takes all of them. What was
/// granted later than that cannot have been late before.
fn listed_since(evidence: &Evidence) -> Option<Timestamp> {
    let on = evidence.listed_in.iter().filter(|list| list.place.is_some());
    let on = on.map(|list| list.since).min();
    let off = evidence.listed_in.iter().filter(|list| list.place.is_none());
    let off = off.map(|list| list.since).max();
    let since = on.max(off)?;
    Some(since.max(evidence.granted_at.unwrap_or(since)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::sample::{self, at},
        model::ListedIn,
    };

    fn evidence(granted: &str, lists: &[(Option<&str>, &str)]) -> Evidence {
        let listed_in = lists.iter().map(|(place, since)| ListedIn {
            source: "s".into(),
            version: String::new(),
            as_of: at(since),
            place: place.map(str::to_owned),
            since: at(since),
        });
        Evidence {
            granted_at: Some(at(granted)),
            listed_in: listed_in.collect(),
            ..sample::revocation("i", "s").evidence
        }
    }

    const GRANTED: &str = "2026-01-01T00:00:00Z";
    const MARCH: &str = "2026-03-01T00:00:00Z";
    const APRIL: &str = "2026-04-01T00:00:00Z";
    const MAY: &str = "2026-05-01T00:00:00Z";

    #[test]
    fn the_first_list_that_has_somebody_counts_and_the_last_that_lacks_them() {
        let since = |lists: &[_]| listed_since(&evidence(GRANTED, lists));
        assert_eq!(since(&[]), None);
        let (march, april) = ((Some("line 1"), MARCH), (Some("line 2"), APRIL));
        assert_eq!(since(&[april, march]), Some(at(MARCH)));
        assert_eq!(since(&[(None, MARCH), (None, APRIL)]), Some(at(APRIL)));
        assert_eq!(since(&[march, (None, APRIL)]), Some(at(APRIL)));
        assert_eq!(since(&[april, (None, MARCH)]), Some(at(APRIL)));
    }

    #[test]
    fn what_was_granted_to_somebody_who_had_left_was_not_late_before() {
        let granted_later = evidence(MAY, &[(Some("line 1"), MARCH)]);
        assert_eq!(listed_since(&granted_later), Some(at(MAY)));
    }

    #[test]
    fn the_series_of_a_source_come_and_go_with_it() {
        let metrics = Metrics::new();
        let of_the_source = || {
            metrics
                .render()
                .lines()
                .filter(|l| l.contains("\"leavers\""))
                .count()
        };
        assert_eq!(of_the_source(), 0);
        metrics.source_exists(&"leavers".into());
        assert_eq!(of_the_source(), 9);
        metrics.source_gone(&"leavers".into());
        assert_eq!(of_the_source(), 0);
    }
}
