//! The second look: just before the call, and just after it.
//!
//! Between a decision and its call the world moves on. The same evaluation
//! that decided runs again on a fresh view of the one resource, and can only
//! narrow the decision down, never widen it.

use jiff::{SignedDuration, Timestamp};

use super::{
    candidate::Candidate,
    evaluate::evaluate,
    people::Lists,
    policy::{Policy, Protection},
    resource::{Resource, Targets},
};
use crate::model::{Inventory, Kind, Mode, Revocation, Service, Target, Task};

/// What a fresh view of the resource says about a task that is about to be
/// carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recheck {
    /// As decided: make the call.
    Proceed,
    /// Not there any more, and the view proves it.
    Gone,
    /// The cloud is still at it: look again later, call nothing.
    Wait(String),
    /// The reason for it went away.
    Cancel(String),
    /// Cannot be carried out, and waiting will not help.
    Dead(String),
    /// The view does not tell.
    Unknown(String),
}

/// Where a target stands in a view of its resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    Present,
    /// Confirmed: the view is whole and does not hold the target.
    Absent,
    Unknown(String),
}

/// `policy` is the one of the decision's name as it stands now, if there still
/// is one.
pub fn recheck(
    task: &Task,
    policy: Option<&Policy>,
    view: &Inventory,
    protection: &Protection,
    lists: &Lists,
    decision_valid: SignedDuration,
    now: Timestamp,
) -> Recheck {
    let revocation = &task.revocation;
    if let Some(reason) = elsewhere(revocation, view) {
        return Recheck::Dead(reason);
    }
    match presence(&revocation.target, view) {
        Presence::Absent => return Recheck::Gone,
        Presence::Unknown(reason) => return unknown(&revocation.target, view, reason),
        Presence::Present => {}
    }
    if let Some(reason) = under_deletion(&revocation.target, view) {
        return match too_old(task, decision_valid, now) {
            None => Recheck::Wait(reason),
            Some(_) => Recheck::Dead(format!("{reason}, for longer than {decision_valid:#}")),
        };
    }
    if let Some(reason) = outdated(task, policy, decision_valid, now) {
        return Recheck::Cancel(reason);
    }
    let target = &revocation.target;
    let found = Resource::of(target, view).and_then(|resource| resource.find(target));
    match found.map(Candidate::grant_version) {
        Some(version) if version != revocation.evidence.grant_version => Recheck::Cancel(format!(
            "granted again or changed ({version}): it is not the grant decided on"
        )),
        _ => still_decided(revocation, policy, view, protection, lists, now),
    }
}

/// Why the view is one of another cloud or another owner than was decided on:
/// then nothing that it holds or lacks is about the target.
pub fn elsewhere(revocation: &Revocation, view: &Inventory) -> Option<String> {
    let (evidence, kind) = (&revocation.evidence, revocation.target.kind);
    if evidence.endpoint != view.caller.endpoint(kind) {
        return Some(format!(
            "decided on the cloud at {}, but the cloud of this name is now at {}",
            evidence.endpoint,
            view.caller.endpoint(kind)
        ));
    }
    let owner = match kind.service() {
        Service::Images => "project",
        Service::Registry => "account",
    };
    (evidence.owner != *view.caller.owner(kind)).then(|| {
        format!(
            "belongs to {owner} {}, but the daemon is now logged in to {owner} {}",
            evidence.owner,
            view.caller.owner(kind)
        )
    })
}

/// Where the target stands in `view`, which is a look at its resource.
pub fn presence(target: &Target, view: &Inventory) -> Presence {
    let Some(resource) = Resource::of(target, view) else {
        return match view.gaps.first() {
            None => Presence::Absent,
            Some(gap) => Presence::Unknown(gap.to_string()),
        };
    };
    match resource.targets(target.kind) {
        Targets::Known(_) if resource.find(target).is_some() => Presence::Present,
        Targets::Known(_) => match cut_short(target, view) {
            None => Presence::Absent,
            Some(gap) => Presence::Unknown(gap),
        },
        Targets::NotShared(visibility) => Presence::Unknown(format!(
            "the image is now {visibility}: no share can be read or removed, and the row may wake when it is shared again"
        )),
        Targets::Unread(list) => Presence::Unknown(list.to_owned()),
    }
}

/// A list may be there and yet not be whole: some clouds end one at a hundred
/// rows without a word. What it holds is true; what it lacks proves nothing.
fn cut_short(target: &Target, view: &Inventory) -> Option<String> {
    let about_the_list = view
        .gaps
        .iter()
        .find(|gap| gap.scope.concerns(target.kind) && gap.scope.parts().1 == Some(&target.resource));
    about_the_list.map(ToString::to_string)
}

fn unknown(target: &Target, view: &Inventory, reason: String) -> Recheck {
    let resource = Resource::of(target, view);
    match resource.map(|resource| resource.targets(target.kind)) {
        Some(Targets::NotShared(_)) => Recheck::Dead(reason),
        Some(Targets::Known(_) | Targets::Unread(_)) | None => Recheck::Unknown(reason),
    }
}

fn under_deletion(target: &Target, view: &Inventory) -> Option<String> {
    let status = &Resource::of(target, view)?.image()?.status;
    let leaving = target.kind == Kind::Image && (status == "pending_delete" || status == "deleted");
    leaving.then(|| format!("the cloud is deleting it (status {status})"))
}

fn outdated(task: &Task, policy: Option<&Policy>, valid: SignedDuration, now: Timestamp) -> Option<String> {
    let evidence = &task.revocation.evidence;
    match policy {
        None => return Some(format!("policy {} is no longer there", evidence.policy)),
        Some(policy) if policy.digest != evidence.policy_digest => {
            return Some("the policy changed since the decision; the next run decides afresh".to_owned());
        }
        Some(policy) if !policy.enabled => return Some("the policy was disabled".to_owned()),
        // No run queues for one: such a task came into the store another way.
        Some(policy) if policy.mode == Mode::Observe => {
            return Some("the policy only observes, and removes nothing".to_owned());
        }
        Some(_) => {}
    }
    too_old(task, valid, now)
}

/// Measured from when the task could first be carried out: grace and approval
/// are no delay of the cloud's.
fn too_old(task: &Task, valid: SignedDuration, now: Timestamp) -> Option<String> {
    (now.duration_since(task.allowed_from) > valid)
        .then(|| format!("not carried out within {valid:#} of the decision; the next run decides afresh"))
}

fn still_decided(
    revocation: &Revocation,
    policy: Option<&Policy>,
    view: &Inventory,
    protection: &Protection,
    lists: &Lists,
    now: Timestamp,
) -> Recheck {
    let Some(policy) = policy else {
        return Recheck::Unknown("no policy to judge by".to_owned());
    };
    let unproven = lists.unproven(policy);
    if !unproven.is_empty() {
        return Recheck::Unknown(unproven.join("; "));
    }
    let fresh = evaluate(policy, view, protection, lists, now);
    if fresh
        .revocations
        .iter()
        .any(|again| again.target == revocation.target)
    {
        return Recheck::Proceed;
    }
    let spared = fresh
        .spared
        .into_iter()
        .find(|spared| spared.target == revocation.target);
    let unreadable = fresh
        .unreadable
        .into_iter()
        .find(|unread| unread.target == revocation.target);
    match (spared, unreadable) {
        (Some(spared), _) => Recheck::Cancel(format!("must stay: {}", spared.reason)),
        // What could not be read this time may be readable the next.
        (None, Some(unreadable)) if !view.is_complete() => Recheck::Unknown(unreadable.problem),
        (None, Some(unreadable)) => Recheck::Cancel(unreadable.problem),
        (None, None) => Recheck::Cancel("no longer matches the policy".to_owned()),
    }
}

#[cfg(test)]
mod tests;
