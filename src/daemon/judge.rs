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
    model::Gap,
};

/// What a policy made of a collection: everything a person needs to judge it,
/// before anything is queued.
#[derive(Debug)]
pub struct Judged {
    pub evaluation: Evaluation,
    pub gaps: Vec<Gap>,
    /// No cloud of the policy could be seen at all.
    pub blind: bool,
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
    Judged {
        evaluation,
        gaps: collection.gaps(policy),
        blind: !seen_any,
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
