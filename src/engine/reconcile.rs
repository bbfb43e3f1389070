//! What a new run changes in the queue: which decisions are new, and which
//! tasks lost their reason.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::{
    evaluate::Evaluation,
    policy::Policy,
    resource::{Resource, ResourceClass},
};
use crate::model::{
    CloudName, Hold, Id, Inventory, LiveTask, OtherTask, Priority, Revocation, RunId, Target, TaskId,
    TaskState,
};

#[derive(Debug, Default, PartialEq)]
pub struct Reconciled<'a> {
    /// Decided, and not in the queue yet.
    pub fresh: Vec<&'a Revocation>,
    /// Tasks whose reason went away, and how.
    pub release: Vec<(TaskId, String)>,
    /// A run that waits for an operator and is replaced by the new one, which
    /// wants all of its targets and more.
    pub replaces: Option<RunId>,
    /// A run that waits for an operator and still says all there is to say.
    pub still_held: Option<RunId>,
    /// Whether the brake held the run that is replaced. What it held stays
    /// held: only an operator lets it go.
    pub replaces_braked: bool,
    /// Decided, and left to another policy that has them in the queue.
    pub left: u64,
    /// Given up earlier for the same reason; an operator has them.
    pub dead: u64,
}

/// `live` are the tasks of this policy that are neither done nor cancelled;
/// `elsewhere` what other policies have in the queue.
/// What was given up longer than `decision_valid` ago is decided afresh: the
/// cause may be gone, and once a day is no hammering.
pub fn reconcile<'a>(
    policy: &Policy,
    evaluation: &'a Evaluation,
    inventories: &BTreeMap<CloudName, Inventory>,
    live: &[LiveTask],
    elsewhere: &HashMap<Target, OtherTask>,
    decision_valid: SignedDuration,
    now: Timestamp,
) -> Reconciled<'a> {
    let decided: HashMap<&Target, &Revocation> = evaluation
        .revocations
        .iter()
        .map(|revocation| (&revocation.target, revocation))
        .collect();
    let index = if live.is_empty() {
        Index::default()
    } else {
        Index::of(inventories)
    };

    let mut result = Reconciled::default();
    let mut standing: HashSet<&Target> = HashSet::new();
    let mut waiting: Vec<&LiveTask> = Vec::new();
    for task in live {
        let is_dark = || is_dark(task, inventories);
        match lost_reason(&policy.digest, task, &decided, evaluation, &index, is_dark) {
            // A worker has it, or a call was made: only a look may settle it.
            Some(_) if is_under_way(task.state) => {
                standing.insert(&task.target);
            }
            None if task.state == TaskState::Dead && now.duration_since(task.decided_at) > decision_valid => {
                let reason = format!("given up over {decision_valid:#} ago, and decided afresh");
                result.release.push((task.id, reason));
            }
            Some(reason) => result.release.push((task.id, reason)),
            None => {
                standing.insert(&task.target);
                result.dead += u64::from(task.state == TaskState::Dead);
                if matches!(task.hold, Some(Hold::Approval | Hold::Brake)) && task.state == TaskState::Held {
                    waiting.push(task);
                }
            }
        }
    }
    let is_fresh = |revocation: &&Revocation| !standing.contains(&revocation.target);
    result.fresh = evaluation.revocations.iter().filter(is_fresh).collect();
    result.leave(|target| {
        elsewhere
            .get(target)
            .is_some_and(|other| is_left_to(*other, policy.priority))
    });
    if !waiting.is_empty() {
        // This policy's decisions wait for an operator, so it takes over nothing.
        result.leave(|target| elsewhere.contains_key(target));
    }
    settle_waiting(&waiting, &decided, &mut result);
    result
}

impl Reconciled<'_> {
    /// Takes out of the new decisions what is left to another policy. A target
    /// is in the queue once: counted as new, it would hold a run in which an
    /// operator finds nothing.
    pub fn leave(&mut self, is_left: impl Fn(&Target) -> bool) {
        let before = self.fresh.len();
        self.fresh.retain(|revocation| !is_left(&revocation.target));
        self.left += (before - self.fresh.len()) as u64;
    }
}

/// Whether a decision of this priority leaves its target to the task. What is
/// held or was given up by one policy, another one may carry out; what only
/// stands in the queue gives way to what is urgent.
fn is_left_to(other: OtherTask, priority: Priority) -> bool {
    match other.state {
        TaskState::Queued => other.priority >= priority,
        state => is_under_way(state),
    }
}

fn is_under_way(state: TaskState) -> bool {
    matches!(
        state,
        TaskState::Claimed | TaskState::Submitted | TaskState::Verifying
    )
}

/// An operator is shown one run with everything in it, not a row of runs.
fn settle_waiting<'a>(
    waiting: &[&LiveTask],
    decided: &HashMap<&Target, &'a Revocation>,
    result: &mut Reconciled<'a>,
) {
    let Some(run) = waiting.iter().map(|task| task.run).max() else {
        return;
    };
    if result.fresh.is_empty() {
        result.still_held = Some(run);
        return;
    }
    result.replaces = Some(run);
    result.replaces_braked = waiting.iter().any(|task| task.hold == Some(Hold::Brake));
    result
        .fresh
        .extend(waiting.iter().filter_map(|task| decided.get(&task.target)));
}

fn lost_reason(
    digest: &str,
    task: &LiveTask,
    decided: &HashMap<&Target, &Revocation>,
    evaluation: &Evaluation,
    index: &Index,
    is_dark: impl Fn() -> bool,
) -> Option<String> {
    if task.policy_digest != digest {
        return Some("the policy changed since the decision".to_owned());
    }
    match decided.get(&task.target) {
        Some(again) if again.evidence.grant_version != task.grant_version => Some(format!(
            "granted again or changed ({})",
            again.evidence.grant_version
        )),
        Some(_) => None,
        // Only what was seen and not decided has lost its reason. What was not
        // seen may be gone or merely invisible: the second look will tell.
        None if !index.holds(&task.target) => None,
        None => {
            let mut spared = evaluation.spared.iter();
            if let Some(spared) = spared.find(|spared| spared.target == task.target) {
                return Some(format!("must stay: {}", spared.reason));
            }
            let mut unreadable = evaluation.unreadable.iter();
            match unreadable.find(|unread| unread.target == task.target) {
                // What could not be read this time may be readable the next.
                Some(_) if is_dark() => None,
                Some(unread) => Some(unread.problem.clone()),
                None => Some("no longer matches the policy".to_owned()),
            }
        }
    }
}

/// Whether something about targets of the task's kind could not be seen.
fn is_dark(task: &LiveTask, inventories: &BTreeMap<CloudName, Inventory>) -> bool {
    let gaps = inventories.get(&task.target.cloud).map(|seen| &seen.gaps);
    let mut gaps = gaps.into_iter().flatten();
    gaps.any(|gap| gap.scope.concerns(task.target.kind))
}

/// Ids are looked up by the thousand; lists of a resource are short.
#[derive(Default)]
struct Index<'a>(HashMap<(&'a CloudName, ResourceClass, &'a Id), Resource<'a>>);

impl<'a> Index<'a> {
    fn of(inventories: &'a BTreeMap<CloudName, Inventory>) -> Index<'a> {
        let mut index = HashMap::new();
        for (cloud, inventory) in inventories {
            for class in ResourceClass::ALL {
                let resources = Resource::all(inventory, class);
                index.extend(resources.map(|resource| ((cloud, class, resource.id()), resource)));
            }
        }
        Index(index)
    }

    fn holds(&self, target: &Target) -> bool {
        let class = ResourceClass::of(target.kind);
        let resource = self.0.get(&(&target.cloud, class, &target.resource));
        resource.is_some_and(|resource| resource.find(target).is_some())
    }
}

#[cfg(test)]
mod tests;
