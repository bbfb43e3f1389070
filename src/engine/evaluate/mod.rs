//! Which targets of an inventory a policy wants gone, and why.
//!
//! Decides on what is there, never on what is missing: a target that the
//! inventory does not hold is simply not judged. What matches but must stay
//! (the daemon's own access, protection, an exemption) is returned beside the
//! decisions, and so is every value that could not be judged.

mod keep;

use std::collections::BTreeSet;

use jiff::Timestamp;

use self::keep::Keeper;
use super::{
    candidate::Candidate,
    expiry::{self, Reading},
    people::{self, Listed, Lists},
    policy::{Policy, Protection},
    reach,
    resource::{Resource, ResourceClass, Targets},
    rule::Rule,
};
use crate::model::{Evidence, Image, Inventory, Kind, Revocation, SourceName, Target};

/// What one policy made of what it could see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// Targets of the policy's kind in the inventory.
    pub seen: u64,
    pub revocations: Vec<Revocation>,
    /// Matched, and kept all the same.
    pub spared: Vec<Spared>,
    /// Not matched, because a value could not be judged.
    pub unreadable: Vec<Unreadable>,
    /// Entries of lists that decide on nobody because it is not clear on whom,
    /// or what: sentences for people, each once.
    pub disputed: Vec<(SourceName, String)>,
    /// Rosters of the policy that somebody is on.
    pub recognised: BTreeSet<SourceName>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Spared {
    pub target: Target,
    pub reason: String,
}

/// A value that is not what the policy took it for. It never counts as a match.
#[derive(Clone, Debug, PartialEq)]
pub struct Unreadable {
    pub target: Target,
    pub problem: String,
}

impl Evaluation {
    /// Joins what the same policy made of another cloud.
    pub fn join(&mut self, other: Evaluation) {
        self.seen += other.seen;
        self.revocations.extend(other.revocations);
        self.spared.extend(other.spared);
        self.unreadable.extend(other.unreadable);
        self.disputed.extend(other.disputed);
        self.disputed.sort();
        self.disputed.dedup();
        self.recognised.extend(other.recognised);
    }
}

pub fn evaluate(
    policy: &Policy,
    inventory: &Inventory,
    protection: &Protection,
    lists: &Lists,
    now: Timestamp,
) -> Evaluation {
    let judge = Judge {
        policy,
        rule: Rule::prepare(policy, &inventory.caller, now),
        keeper: Keeper::prepare(policy, inventory, protection, now),
        listed: Listed::prepare(policy, lists, inventory, now),
        inventory,
        now,
    };
    let mut evaluation = Evaluation {
        disputed: judge.listed.disputed(),
        recognised: judge.listed.recognised(),
        ..Evaluation::default()
    };
    for kind in &policy.kinds {
        // A project also sees images of others, which are not its to end.
        let owner = inventory.caller.owner(*kind);
        let resources = Resource::all(inventory, ResourceClass::of(*kind));
        for resource in resources.filter(|resource| resource.owner(&inventory.caller) == owner) {
            judge.resource(resource, *kind, &mut evaluation);
        }
    }
    reach::note_what_remains(&mut evaluation.revocations, inventory);
    evaluation
}

struct Judge<'a> {
    policy: &'a Policy,
    rule: Rule<'a>,
    keeper: Keeper<'a>,
    listed: Listed<'a>,
    inventory: &'a Inventory,
    now: Timestamp,
}

impl Judge<'_> {
    fn resource(&self, resource: Resource, kind: Kind, into: &mut Evaluation) {
        let Targets::Known(candidates) = resource.targets(kind) else {
            return;
        };
        into.seen += candidates.len() as u64;
        if !self.rule.resource_holds(resource) {
            return;
        }
        let reading = self.read_expiry(resource.image());
        for candidate in candidates.filter(|candidate| self.rule.grant_holds(*candidate)) {
            self.one(candidate, &reading, into);
        }
    }

    fn read_expiry(&self, image: Option<&Image>) -> Reading {
        match (&self.policy.matcher.expires, image) {
            (None, _) => Reading::NotAsked,
            (Some(_), None) => Reading::Absent,
            (Some(expiry), Some(image)) => expiry::read(expiry, image, self.policy.zone()),
        }
    }

    /// The keys that cost most, after all the cheap ones held.
    fn one(&self, candidate: Candidate, reading: &Reading, into: &mut Evaluation) {
        let (ends, unread) = match reading {
            Reading::NotAsked => (None, None),
            Reading::Ends { at, .. } if *at <= self.now => (Some(*at), None),
            Reading::Ends { .. } | Reading::Absent => return,
            Reading::Unreadable(problem) => (None, Some(problem.clone())),
        };
        let (reasons, unclear) = match self.listed.judge(candidate) {
            people::Verdict::Yes(reasons) => (reasons, None),
            people::Verdict::No => return,
            people::Verdict::Unclear(why) => (vec![], Some(why)),
        };
        let is_unclear = unclear.is_some();
        let unread = unread.or(unclear);
        let problem = match unread.map_or_else(|| self.condition_holds(candidate), Err) {
            Ok(true) => who_is_unknown(candidate),
            Ok(false) => return,
            Err(problem) => Some(problem),
        };
        let target = candidate.target(&self.inventory.cloud);
        // Whoever must stay does so whatever a list may mean.
        let kept = || self.keeper.must_stay(candidate);
        if let Some(reason) = (problem.is_none() || is_unclear).then(kept).flatten() {
            into.spared.push(Spared { target, reason });
            return;
        }
        if let Some(problem) = problem {
            into.unreadable.push(Unreadable { target, problem });
            return;
        }
        let listed_since = reasons.iter().map(|reason| reason.listed_in.since).max();
        let due_since = self.rule.due_since(candidate, ends).max(listed_since);
        let mut evidence = self.evidence(candidate, reading);
        for reason in reasons {
            evidence.compared.push(reason.compared);
            evidence.listed_in.push(reason.listed_in);
        }
        into.revocations.push(Revocation {
            due_since: due_since.unwrap_or(self.now),
            evidence,
            target,
        });
    }

    fn condition_holds(&self, candidate: Candidate) -> Result<bool, String> {
        match &self.policy.matcher.when {
            Some(condition) => condition
                .holds(candidate, self.now)
                .map_err(|problem| format!("when: {problem}")),
            None => Ok(true),
        }
    }

    fn evidence(&self, candidate: Candidate, reading: &Reading) -> Evidence {
        let (resource, caller) = (candidate.resource(), &self.inventory.caller);
        Evidence {
            policy: self.policy.name.clone(),
            policy_digest: self.policy.digest.clone(),
            observed_at: self.inventory.observed_at,
            resource_name: resource.name().to_owned(),
            subject_name: candidate.subject_name().to_owned(),
            owner: resource.owner(caller).clone(),
            endpoint: caller.endpoint(candidate.kind()).to_owned(),
            granted_at: candidate.granted_at(),
            grant_version: candidate.grant_version(),
            compared: self.rule.compare(candidate, reading),
            still_reachable: vec![],
            listed_in: vec![],
        }
    }
}

/// A permission of somebody whom the identity service could not name may be the
/// account owner's: it is never decided on.
fn who_is_unknown(candidate: Candidate) -> Option<String> {
    let permission = candidate.permission()?;
    permission.holder.is_none().then(|| {
        format!(
            "the identity service did not tell who user {} ({}) is",
            permission.user, permission.user_name
        )
    })
}

#[cfg(test)]
mod tests;
