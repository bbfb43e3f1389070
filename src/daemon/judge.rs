//! What a policy makes of a look at its clouds: the half of a run that a plan
//! shares with it.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    collect::Collection,
    context::{Context, Rules},
    run::RunFailure,
};
use crate::{
    engine::{
        evaluate::{Evaluation, evaluate},
        people::Lists,
        policy::{Policy, Protection},
    },
    model::{Gap, SourceName},
};

/// What a policy made of a collection: everything a person needs to judge it,
/// before anything is queued.
#[derive(Debug)]
pub struct Judged {
    pub evaluation: Evaluation,
    pub gaps: Vec<Gap>,
    /// No cloud of the policy could be seen at all.
    pub blind: bool,
    /// Why the policy cannot be judged by its lists: sentences for people. The
    /// evaluation is empty then.
    pub unproven: Vec<String>,
}

pub fn judge(
    policy: &Policy,
    collection: &Collection,
    protection: &Protection,
    lists: &Lists,
    now: Timestamp,
) -> Judged {
    let mut evaluation = Evaluation::default();
    let mut seen_any = false;
    for inventory in collection.of(policy) {
        seen_any = true;
        evaluation.join(evaluate(policy, inventory, protection, lists, now));
    }
    let mut unproven = lists.unproven(policy);
    if unproven.is_empty() {
        unproven = unrecognised(policy, &evaluation);
    }
    if !unproven.is_empty() {
        evaluation = Evaluation::default();
    }
    Judged {
        unproven,
        evaluation,
        gaps: collection.gaps(policy),
        blind: !seen_any,
    }
}

/// A list of other people altogether, or one that is matched to the wrong thing,
/// is as long and as young as the right one.
fn unrecognised(policy: &Policy, evaluation: &Evaluation) -> Vec<String> {
    let rosters = policy.matcher.subject_not_in.iter();
    let nobody_on = rosters.filter(|name| !evaluation.recognised.contains(*name));
    let words = |name: &SourceName| {
        format!(
            "source {name}: not one user of the policy's clouds is on it; see what its entries match: \
             revokd sources test {name}"
        )
    };
    match evaluation.revocations.is_empty() {
        true => vec![],
        false => nobody_on.map(words).collect(),
    }
}

/// Judges, and judges again where revokd itself once removed what is there
/// again: such a share is as young as that removal at most.
pub(super) async fn judge_with_memory(
    context: &Context,
    rules: &Arc<Rules>,
    policy: &Arc<Policy>,
    collection: &Arc<Collection>,
    lists: &Arc<Lists>,
    now: Timestamp,
) -> Result<(Judged, Arc<Collection>), RunFailure> {
    let judged = judge_aside(policy, rules, collection, lists, now).await?;
    let decided = judged.evaluation.revocations.iter();
    let decided = decided.filter_map(|revocation| {
        let granted_at = revocation.evidence.granted_at?;
        Some((revocation.target.clone(), granted_at))
    });
    let removed = context.store.removed_since(decided.collect()).await?;
    if removed.is_empty() {
        return Ok((judged, collection.clone()));
    }
    let collection = Arc::new(collection.with_grants_after(&removed));
    let judged = judge_aside(policy, rules, &collection, lists, now).await?;
    Ok((judged, collection))
}

/// Millions of comparisons are no work for a thread that serves I/O.
async fn judge_aside(
    policy: &Arc<Policy>,
    rules: &Arc<Rules>,
    collection: &Arc<Collection>,
    lists: &Arc<Lists>,
    now: Timestamp,
) -> Result<Judged, RunFailure> {
    let (policy, rules) = (policy.clone(), rules.clone());
    let (collection, lists) = (collection.clone(), lists.clone());
    let judging =
        tokio::task::spawn_blocking(move || judge(&policy, &collection, &rules.protection, &lists, now));
    Ok(judging.await?)
}
