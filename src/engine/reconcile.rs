//! What a new run changes in the queue: which decisions are new, and which
//! tasks lost their reason.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::evaluate::Evaluation;
use crate::model::{
    CloudName, Hold, Id, Image, Inventory, Kind, LiveTask, Revocation, RunId, Sharing, Target, TaskId,
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
/// `elsewhere` the states of those of other policies.
/// What was given up longer than `decision_valid` ago is decided afresh: the
/// cause may be gone, and once a day is no hammering.
pub fn reconcile<'a>(
    digest: &str,
    evaluation: &'a Evaluation,
    inventories: &BTreeMap<CloudName, Inventory>,
    live: &[LiveTask],
    elsewhere: &HashMap<Target, TaskState>,
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
        match lost_reason(digest, task, &decided, evaluation, &index) {
            // A worker has it, or a call was made: only a look may settle it.
            Some(_) if matches!(task.state, TaskState::Claimed | TaskState::Verifying) => {
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
    result.leave(|target| elsewhere.get(target).is_some_and(|state| is_on_its_way(*state)));
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

/// What is held or was given up by one policy, another one may carry out.
fn is_on_its_way(state: TaskState) -> bool {
    matches!(
        state,
        TaskState::Queued | TaskState::Claimed | TaskState::Verifying
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
) -> Option<String> {
    if task.policy_digest != digest {
        return Some("the policy changed since the decision".to_owned());
    }
    match decided.get(&task.target) {
        Some(again) if again.evidence.grant_version != task.grant_version => Some(format!(
            "granted again or changed at {}",
            again.evidence.grant_version
        )),
        Some(_) => None,
        // Only what was seen and not decided has lost its reason. What was not
        // seen may be gone or merely invisible: the second look will tell.
        None if !index.holds(&task.target) => None,
        None => Some(
            evaluation
                .spared
                .iter()
                .find(|spared| spared.target == task.target)
                .map_or_else(
                    || "no longer matches the policy".to_owned(),
                    |spared| format!("must stay: {}", spared.reason),
                ),
        ),
    }
}

#[derive(Default)]
struct Index<'a>(HashMap<(&'a CloudName, &'a Id), &'a Image>);

impl<'a> Index<'a> {
    fn of(inventories: &'a BTreeMap<CloudName, Inventory>) -> Index<'a> {
        let images = inventories.iter().flat_map(|(cloud, inventory)| {
            inventory
                .images
                .iter()
                .map(move |image| ((cloud, &image.id), image))
        });
        Index(images.collect())
    }

    fn holds(&self, target: &Target) -> bool {
        let Some(image) = self.0.get(&(&target.cloud, &target.resource)) else {
            return false;
        };
        match (target.kind, &image.sharing) {
            (Kind::Image, _) => true,
            (Kind::ImageShare, Sharing::Members(members)) => members
                .iter()
                .any(|member| Some(&member.project) == target.subject.as_ref()),
            (Kind::ImageShare, _) => false,
            (Kind::RepositoryPermission | Kind::NamespacePermission | Kind::RepositoryShare, _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{evaluate::Spared, sample};

    fn live(
        id: TaskId,
        run: RunId,
        revocation: &Revocation,
        state: TaskState,
        hold: Option<Hold>,
    ) -> LiveTask {
        LiveTask {
            id,
            run,
            target: revocation.target.clone(),
            state,
            hold,
            policy_digest: revocation.evidence.policy_digest.clone(),
            grant_version: revocation.evidence.grant_version.clone(),
            decided_at: revocation.evidence.observed_at,
        }
    }

    fn decided(revocations: &[Revocation]) -> Evaluation {
        Evaluation {
            seen: 10,
            revocations: revocations.to_vec(),
            ..Evaluation::default()
        }
    }

    fn seen(image: &str, projects: &[&str]) -> BTreeMap<CloudName, Inventory> {
        let mut image = sample::image(image);
        let member = |project: &&str| sample::member(project, "2026-01-01T00:00:00Z");
        image.sharing = Sharing::Members(projects.iter().map(member).collect());
        BTreeMap::from([("c".into(), sample::inventory(vec![image]))])
    }

    /// An hour after the decisions of the samples.
    fn held_against<'a>(
        digest: &str,
        evaluation: &'a Evaluation,
        inventories: &BTreeMap<CloudName, Inventory>,
        live: &[LiveTask],
    ) -> Reconciled<'a> {
        let now = sample::at("2026-06-01T01:00:00Z");
        reconcile(
            digest,
            evaluation,
            inventories,
            live,
            &HashMap::new(),
            SignedDuration::from_hours(24),
            now,
        )
    }

    #[test]
    fn what_is_in_the_queue_already_is_not_new() {
        let (a, b) = (sample::revocation("i", "a"), sample::revocation("i", "b"));
        let evaluation = decided(&[a.clone(), b.clone()]);
        let result = held_against(
            "d",
            &evaluation,
            &seen("i", &["a", "b"]),
            &[live(1, 1, &a, TaskState::Queued, None)],
        );
        assert_eq!(result.fresh, [&b]);
        assert_eq!(result.release, []);
    }

    #[test]
    fn a_task_that_was_seen_and_no_longer_matches_is_released_with_the_reason() {
        let a = sample::revocation("i", "a");
        let mut evaluation = decided(&[]);
        evaluation.spared.push(Spared {
            target: a.target.clone(),
            reason: "exempt".into(),
        });
        let result = held_against(
            "d",
            &evaluation,
            &seen("i", &["a"]),
            &[live(1, 1, &a, TaskState::Queued, None)],
        );
        assert_eq!(result.release, [(1, "must stay: exempt".to_owned())]);
    }

    #[test]
    fn a_task_that_was_not_seen_stays_for_its_second_look() {
        let a = sample::revocation("i", "a");
        let evaluation = decided(&[]);
        for inventories in [seen("i", &[]), seen("other", &["a"]), BTreeMap::new()] {
            let result = held_against(
                "d",
                &evaluation,
                &inventories,
                &[live(1, 1, &a, TaskState::Queued, None)],
            );
            assert_eq!(result.release, []);
        }
    }

    #[test]
    fn a_grant_made_anew_is_another_decision() {
        let old = sample::revocation("i", "a");
        let mut again = old.clone();
        again.evidence.grant_version = "2026-03-01T00:00:00Z".to_owned();
        let evaluation = decided(std::slice::from_ref(&again));
        let result = held_against(
            "d",
            &evaluation,
            &seen("i", &["a"]),
            &[live(1, 1, &old, TaskState::Queued, None)],
        );
        assert_eq!(result.release.len(), 1);
        assert_eq!(result.fresh, [&again]);
    }

    #[test]
    fn a_changed_policy_releases_everything_but_what_a_worker_has() {
        let (a, b) = (sample::revocation("i", "a"), sample::revocation("i", "b"));
        let tasks = [
            live(1, 1, &a, TaskState::Dead, None),
            live(2, 1, &b, TaskState::Claimed, None),
        ];
        let evaluation = decided(&[a.clone(), b.clone()]);
        let result = held_against("new digest", &evaluation, &seen("i", &["a", "b"]), &tasks);
        assert_eq!(result.release.len(), 1);
        assert_eq!(result.fresh, [&a]);
    }

    #[test]
    fn a_held_run_stays_while_nothing_is_new_and_is_replaced_whole_otherwise() {
        let (a, b) = (sample::revocation("i", "a"), sample::revocation("i", "b"));
        let held = [live(1, 7, &a, TaskState::Held, Some(Hold::Brake))];
        let inventories = seen("i", &["a", "b"]);
        let same = decided(std::slice::from_ref(&a));
        let result = held_against("d", &same, &inventories, &held);
        assert_eq!(
            (result.still_held, result.replaces, result.fresh.len()),
            (Some(7), None, 0)
        );
        let more = decided(&[a.clone(), b.clone()]);
        let result = held_against("d", &more, &inventories, &held);
        assert_eq!((result.still_held, result.replaces), (None, Some(7)));
        assert_eq!(result.fresh, [&b, &a]);
        assert!(result.replaces_braked);
    }

    #[test]
    fn what_was_given_up_a_day_ago_is_decided_afresh() {
        let a = sample::revocation("i", "a");
        let evaluation = decided(std::slice::from_ref(&a));
        let dead = [live(1, 1, &a, TaskState::Dead, None)];
        let later = sample::at("2026-06-02T00:00:01Z");
        let valid = SignedDuration::from_hours(24);
        let nowhere = HashMap::new();
        let result = reconcile(
            "d",
            &evaluation,
            &seen("i", &["a"]),
            &dead,
            &nowhere,
            valid,
            later,
        );
        assert_eq!((result.dead, result.fresh.len(), result.release.len()), (0, 1, 1));
    }

    #[test]
    fn a_call_that_was_made_is_settled_by_a_look_and_not_by_a_run() {
        let a = sample::revocation("i", "a");
        let evaluation = decided(&[]);
        let called = [live(1, 1, &a, TaskState::Verifying, None)];
        let result = held_against("other digest", &evaluation, &seen("i", &["a"]), &called);
        assert_eq!(result.release, []);
    }

    #[test]
    fn what_was_given_up_is_counted_and_not_tried_again_by_itself() {
        let a = sample::revocation("i", "a");
        let evaluation = decided(std::slice::from_ref(&a));
        let result = held_against(
            "d",
            &evaluation,
            &seen("i", &["a"]),
            &[live(1, 1, &a, TaskState::Dead, None)],
        );
        assert_eq!((result.dead, result.fresh.len(), result.release.len()), (1, 0, 0));
    }

    #[test]
    fn what_another_policy_has_does_not_replace_a_run_that_waits() {
        let (a, b) = (sample::revocation("i", "a"), sample::revocation("i", "b"));
        let evaluation = decided(&[a.clone(), b.clone()]);
        let held = [live(1, 7, &a, TaskState::Held, Some(Hold::Approval))];
        for state in [TaskState::Queued, TaskState::Held, TaskState::Dead] {
            let elsewhere = HashMap::from([(b.target.clone(), state)]);
            let (valid, now) = (SignedDuration::from_hours(24), sample::at("2026-06-01T01:00:00Z"));
            let inventories = seen("i", &["a", "b"]);
            let result = reconcile("d", &evaluation, &inventories, &held, &elsewhere, valid, now);
            assert_eq!(
                (result.still_held, result.replaces, result.left),
                (Some(7), None, 1),
                "{state}"
            );
        }
    }
}
