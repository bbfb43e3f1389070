//! Looks after the audit while the daemon runs, so that an edit is found by an
//! alert and not by whoever happens to verify it.
//!
//! What was added is looked at every hour, the whole once a day. A look that
//! cannot be made stops nothing: the moment of the last one grows old, which is
//! an alert of its own.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::context::Context;
use crate::store::AuditReport;

const VERIFY_EVERY: SignedDuration = SignedDuration::from_hours(1);
const VERIFY_WHOLE_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Problems that are logged one by one; `audit verify` names more.
const PROBLEMS_LOGGED: usize = 10;

/// What earlier looks came to.
#[derive(Default)]
struct Verified {
    /// The newest record that is known to be good. `None` until the whole was
    /// found sound, and after a finding: then only the whole will do.
    head: Option<(i64, String)>,
    whole_at: Option<Timestamp>,
    found: Vec<String>,
}

/// Verifies the audit now and then, until the context says stop.
pub async fn watch(context: Arc<Context>) {
    let mut verified = Verified::default();
    while !context.stop.is_cancelled() {
        verify(&context, &mut verified).await;
        tokio::select! {
            () = context.stop.cancelled() => {}
            () = context.clock.sleep_until(context.now() + VERIFY_EVERY) => {}
        }
    }
}

async fn verify(context: &Context, verified: &mut Verified) {
    let now = context.now();
    let is_whole_due = verified
        .whole_at
        .is_none_or(|at| now.duration_since(at) >= VERIFY_WHOLE_EVERY);
    let head = verified.head.take().filter(|_| !is_whole_due);
    let is_whole = head.is_none();
    let stop = context.stop.clone();
    let report = context
        .store
        .verify_audit_since(head.clone(), move || stop.is_cancelled())
        .await;
    match report {
        Ok(report) => {
            context.metrics.audit_verified(report.is_sound(), context.now());
            if is_whole {
                verified.whole_at = Some(now);
            }
            heed(&report, verified);
        }
        Err(_) if context.stop.is_cancelled() => {}
        Err(error) => {
            verified.head = head;
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the audit could not be verified"
            );
        }
    }
}

fn heed(report: &AuditReport, verified: &mut Verified) {
    if report.is_sound() {
        verified.head.clone_from(&report.head);
        verified.found.clear();
        tracing::debug!(records = report.records, "the audit is sound");
        return;
    }
    // Said once: what is broken stays broken, and the alert goes on.
    if verified.found == report.problems {
        return;
    }
    for problem in report.problems.iter().take(PROBLEMS_LOGGED) {
        tracing::error!(problem, "the audit is NOT sound");
    }
    let more = report.problems.len().saturating_sub(PROBLEMS_LOGGED) as u64 + report.more_problems;
    if more > 0 {
        tracing::error!("the audit has {more} more problems: revokd audit verify");
    }
    verified.found.clone_from(&report.problems);
}

#[cfg(test)]
mod tests;
