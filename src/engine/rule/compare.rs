//! Why a target met its match: each written key beside the value it looked at.

use jiff::Timestamp;

use super::{Before, Rule, image};
use crate::{
    engine::{
        candidate::{Candidate, deadline},
        expiry::Reading,
        patterns::Patterns,
    },
    model::{Comparison, Permission},
};

impl Rule<'_> {
    /// Of a candidate that met every key.
    pub(in crate::engine) fn compare(&self, candidate: Candidate, expiry: &Reading) -> Vec<Comparison> {
        let keys = self.keys;
        let mut all = Vec::new();
        self.compare_grant(candidate, &mut all);
        self.compare_resource(candidate, &mut all);
        if let Some(image) = candidate.resource().image() {
            image::compare(&keys.image, image, &mut all);
        }
        if let (Some(expiry), Reading::Ends { written, .. }) = (&keys.expires, expiry) {
            all.push(comparison("expires", expiry, written));
        }
        if let Some(condition) = &keys.when {
            all.push(comparison("when", condition.written(), true));
        }
        all
    }

    fn compare_grant(&self, candidate: Candidate, all: &mut Vec<Comparison>) {
        let keys = self.keys;
        all.extend(age("granted_before", &self.granted, candidate.granted_at()));
        if let Some((wanted, member)) = keys.status.as_ref().zip(candidate.member()) {
            all.push(comparison("status", words(wanted), member.status));
        }
        if let Some(subject) = candidate.subject() {
            all.extend(written("subject", &keys.subject, subject.as_str()));
        }
        if let Some(permission) = candidate.permission() {
            self.compare_permission(permission, all);
        }
        if let Some(share) = candidate.share() {
            all.extend(written("account", &keys.account, share.account.as_str()));
            if let Some(wanted) = keys.deadline_passed {
                all.push(comparison("deadline_passed", wanted, deadline(share)));
            }
        }
    }

    fn compare_permission(&self, permission: &Permission, all: &mut Vec<Comparison>) {
        let keys = self.keys;
        if let Some(wanted) = &keys.level {
            all.push(comparison("level", words(wanted), permission.level));
        }
        all.extend(written("user.id", &keys.user.id, permission.user.as_str()));
        all.extend(written("user.name", &keys.user.name, &permission.user_name));
        if let Some((wanted, holder)) = keys.user.state.as_ref().zip(permission.holder.as_ref()) {
            all.push(comparison("user.state", words(wanted), holder.state));
        }
    }

    fn compare_resource(&self, candidate: Candidate, all: &mut Vec<Comparison>) {
        let keys = self.keys;
        let resource = candidate.resource();
        if let Some(namespace) = resource.namespace() {
            all.extend(written("namespace", &keys.namespace, namespace.as_str()));
        }
        if let Some(repository) = resource.repository() {
            all.extend(written("repository", &keys.repository, &repository.name));
        }
        all.extend(age("created_before", &self.created, resource.created_at()));
        all.extend(age("updated_before", &self.updated, resource.updated_at()));
        all.extend(written(
            "owner",
            &keys.owner,
            resource.owner(self.caller).as_str(),
        ));
    }
}

pub(super) fn comparison(key: &str, required: impl ToString, observed: impl ToString) -> Comparison {
    Comparison {
        key: key.to_owned(),
        required: required.to_string(),
        observed: observed.to_string(),
    }
}

pub(super) fn written(key: &str, wanted: &Option<Patterns>, value: &str) -> Option<Comparison> {
    wanted.as_ref().map(|patterns| comparison(key, patterns, value))
}

pub(super) fn words<T: ToString>(wanted: &[T]) -> String {
    wanted
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("|")
}

fn age(key: &str, before: &Option<Before>, moment: Option<Timestamp>) -> Option<Comparison> {
    let (before, moment) = before.as_ref().zip(moment)?;
    let to_the_second = moment.strftime("%Y-%m-%dT%H:%M:%SZ");
    Some(comparison(key, &before.age.written, to_the_second))
}
