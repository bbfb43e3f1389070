//! A policy's match with its ages turned into moments, once per evaluation.
//!
//! Keys about the resource are judged once for all of its grants; a million
//! shares are then a few comparisons each. A key about what a target does not
//! have, or about what its cloud does not tell, is never met.

mod compare;
mod image;

use jiff::Timestamp;

use super::{
    candidate::Candidate,
    patterns::Patterns,
    policy::{Age, Match, Policy},
    resource::Resource,
};
use crate::model::{Caller, Permission};

pub(super) struct Rule<'a> {
    keys: &'a Match,
    caller: &'a Caller,
    now: Timestamp,
    granted: Option<Before<'a>>,
    created: Option<Before<'a>>,
    updated: Option<Before<'a>>,
}

/// An age and the last moment that is old enough.
struct Before<'a> {
    age: &'a Age,
    latest: Timestamp,
}

impl<'a> Before<'a> {
    fn new(age: &'a Age, now: Timestamp) -> Before<'a> {
        // An age longer than time itself is met by nothing.
        let latest = now.checked_sub(age.least).unwrap_or(Timestamp::MIN);
        Before { age, latest }
    }

    /// What has no known age is not old.
    fn holds(&self, moment: Option<Timestamp>) -> bool {
        moment.is_some_and(|moment| moment <= self.latest)
    }

    fn due(&self, moment: Timestamp) -> Timestamp {
        moment.checked_add(self.age.least).unwrap_or(Timestamp::MAX)
    }
}

impl<'a> Rule<'a> {
    pub(super) fn prepare(policy: &'a Policy, caller: &'a Caller, now: Timestamp) -> Rule<'a> {
        let keys = &policy.matcher;
        let before = |age: &'a Option<Age>| age.as_ref().map(|age| Before::new(age, now));
        Rule {
            keys,
            caller,
            now,
            granted: before(&keys.granted_before),
            created: before(&keys.created_before),
            updated: before(&keys.updated_before),
        }
    }

    /// The keys that look at the resource alone, but for `expires` and `when`.
    pub(super) fn resource_holds(&self, resource: Resource) -> bool {
        let keys = self.keys;
        holds(&self.created, |before| before.holds(resource.created_at()))
            && holds(&self.updated, |before| before.holds(resource.updated_at()))
            && meets(&keys.owner, || Some(resource.owner(self.caller).as_str()))
            && meets(&keys.namespace, || resource.namespace().map(|name| name.as_str()))
            && meets(&keys.repository, || {
                resource.repository().map(|repository| repository.name.as_str())
            })
            && image::holds(&keys.image, resource.image())
    }

    /// The keys that look at the grant, but for `when`. A state that the
    /// identity service did not tell is left open here: it is for the caller to
    /// see that such a permission is not judged at all.
    pub(super) fn grant_holds(&self, candidate: Candidate) -> bool {
        let keys = self.keys;
        holds(&self.granted, |before| before.holds(candidate.granted_at()))
            && holds(&keys.status, |wanted| {
                candidate
                    .member()
                    .is_some_and(|member| wanted.contains(&member.status))
            })
            && meets(&keys.subject, || candidate.subject().map(|id| id.as_str()))
            && meets(&keys.account, || {
                candidate.share().map(|share| share.account.as_str())
            })
            && holds(&keys.deadline_passed, |wanted| {
                let share = candidate.share();
                share.is_some_and(|share| share.over_since(self.now).is_some() == *wanted)
            })
            && self.permission_holds(candidate.permission())
    }

    fn permission_holds(&self, permission: Option<&Permission>) -> bool {
        let keys = self.keys;
        let has = |test: &dyn Fn(&Permission) -> bool| permission.is_some_and(test);
        holds(&keys.level, |wanted| has(&|has| wanted.contains(&has.level)))
            && meets(&keys.user.id, || permission.map(|has| has.user.as_str()))
            && meets(&keys.user.name, || permission.map(|has| has.user_name.as_str()))
            && holds(&keys.user.state, |wanted| {
                has(&|has| {
                    has.holder
                        .as_ref()
                        .is_none_or(|holder| wanted.contains(&holder.state))
                })
            })
    }

    /// The moment at which the last of the keys about time came to hold.
    pub(super) fn due_since(&self, candidate: Candidate, ends: Option<Timestamp>) -> Option<Timestamp> {
        let resource = candidate.resource();
        let due = |before: &Option<Before>, moment: Option<Timestamp>| Some(before.as_ref()?.due(moment?));
        let over_since = match self.keys.deadline_passed {
            Some(true) => candidate.share().and_then(|share| share.over_since(self.now)),
            Some(false) | None => None,
        };
        let moments = [
            due(&self.granted, candidate.granted_at()),
            due(&self.created, resource.created_at()),
            due(&self.updated, resource.updated_at()),
            over_since,
            ends,
        ];
        moments.into_iter().flatten().max()
    }
}

/// What is not written holds.
fn holds<K>(key: &Option<K>, test: impl FnOnce(&K) -> bool) -> bool {
    key.as_ref().is_none_or(test)
}

fn meets<'v>(key: &Option<Patterns>, value: impl FnOnce() -> Option<&'v str>) -> bool {
    holds(key, |patterns| {
        value().is_some_and(|value| patterns.matches(value))
    })
}
