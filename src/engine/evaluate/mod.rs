//! Which targets of an inventory a policy wants gone, and why.
//!
//! Decides on what is there, never on what is missing: a target that the
//! inventory does not hold is simply not judged. What matches but must stay
//! (the daemon's own project, protection, an exemption) is returned beside the
//! decisions, and so is every value that could not be judged.

use jiff::Timestamp;

use super::{
    expiry::{self, Reading},
    policy::{Exemption, Policy, Protection},
    rule::Rule,
};
use crate::model::{Evidence, Id, Image, Inventory, Kind, Member, Revocation, Sharing, SubjectKind, Target};

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
    }
}

pub fn evaluate(
    policy: &Policy,
    inventory: &Inventory,
    protection: &Protection,
    now: Timestamp,
) -> Evaluation {
    let judge = Judge {
        policy,
        rule: Rule::prepare(policy, now),
        inventory,
        protection,
        now,
    };
    let mut evaluation = Evaluation::default();
    let own = |image: &&Image| image.owner == inventory.caller.project;
    for image in inventory.images.iter().filter(own) {
        for kind in &policy.kinds {
            match kind {
                Kind::Image => {
                    evaluation.seen += 1;
                    judge.image(image, &mut evaluation);
                }
                Kind::ImageShare => {
                    if let Sharing::Members(members) = &image.sharing {
                        evaluation.seen += members.len() as u64;
                        judge.shares(image, members, &mut evaluation);
                    }
                }
                Kind::RepositoryPermission | Kind::NamespacePermission | Kind::RepositoryShare => {}
            }
        }
    }
    evaluation
}

struct Judge<'a> {
    policy: &'a Policy,
    rule: Rule<'a>,
    inventory: &'a Inventory,
    protection: &'a Protection,
    now: Timestamp,
}

impl Judge<'_> {
    fn image(&self, image: &Image, into: &mut Evaluation) {
        if !self.rule.image_holds(image) {
            return;
        }
        let reading = self.read_expiry(image);
        self.one(image, None, &reading, into);
    }

    fn shares(&self, image: &Image, members: &[Member], into: &mut Evaluation) {
        if !self.rule.image_holds(image) {
            return;
        }
        let reading = self.read_expiry(image);
        for member in members.iter().filter(|member| self.rule.member_holds(member)) {
            self.one(image, Some(member), &reading, into);
        }
    }

    fn read_expiry(&self, image: &Image) -> Reading {
        match &self.policy.matcher.expires {
            Some(expiry) => expiry::read(expiry, image, self.policy.zone()),
            None => Reading::NotAsked,
        }
    }

    /// The keys that cost most, after all the cheap ones held.
    fn one(&self, image: &Image, member: Option<&Member>, reading: &Reading, into: &mut Evaluation) {
        let ends = match reading {
            Reading::NotAsked => None,
            Reading::Ends { at, .. } if *at <= self.now => Some(*at),
            Reading::Ends { .. } | Reading::Absent => return,
            Reading::Unreadable(problem) => {
                let target = self.target(image, member);
                into.unreadable.push(Unreadable {
                    target,
                    problem: problem.clone(),
                });
                return;
            }
        };
        if let Some(condition) = &self.policy.matcher.when {
            match condition.holds(image, member, self.now) {
                Ok(true) => {}
                Ok(false) => return,
                Err(problem) => {
                    let target = self.target(image, member);
                    into.unreadable.push(Unreadable {
                        target,
                        problem: format!("when: {problem}"),
                    });
                    return;
                }
            }
        }
        let target = self.target(image, member);
        if let Some(reason) = self.must_stay(image, member) {
            into.spared.push(Spared { target, reason });
            return;
        }
        let due_since = self.rule.due_since(image, member, ends).unwrap_or(self.now);
        let evidence = Evidence {
            policy: self.policy.name.clone(),
            policy_digest: self.policy.digest.clone(),
            observed_at: self.inventory.observed_at,
            resource_name: image.name.clone(),
            subject_name: String::new(),
            owner: image.owner.clone(),
            endpoint: self.inventory.caller.endpoint(target.kind).to_owned(),
            granted_at: Some(member.map_or(image.created_at, |member| member.created_at)),
            grant_version: member
                .map_or(image.created_at, |member| member.updated_at)
                .to_string(),
            still_reachable: vec![],
            compared: self.rule.compare(image, member, reading),
        };
        into.revocations.push(Revocation {
            target,
            due_since,
            evidence,
        });
    }

    fn target(&self, image: &Image, member: Option<&Member>) -> Target {
        let cloud = self.inventory.cloud.clone();
        match member {
            Some(member) => Target::image_share(cloud, image.id.clone(), member.project.clone()),
            None => Target::image(cloud, image.id.clone()),
        }
    }

    fn must_stay(&self, image: &Image, member: Option<&Member>) -> Option<String> {
        let subject = member.map(|member| &member.project);
        if subject == Some(&self.inventory.caller.project) {
            return Some("the daemon's own project".to_owned());
        }
        let protected = self.protection.covers_image(&image.id, &image.name)
            || subject.is_some_and(|subject| self.protection.covers_subject(SubjectKind::Project, subject));
        if protected {
            return Some("protected by the configuration".to_owned());
        }
        self.policy
            .exemptions
            .iter()
            .find(|exemption| self.now < exemption.ends && covers(exemption, image, subject))
            .map(|exemption| format!("exempt until {}: {}", exemption.until, exemption.reason))
    }
}

fn covers(exemption: &Exemption, image: &Image, subject: Option<&Id>) -> bool {
    let subject_covered = match (&exemption.subject, subject) {
        (None, _) => true,
        (Some(patterns), Some(subject)) => patterns.matches(subject.as_str()),
        (Some(_), None) => false,
    };
    subject_covered
        && exemption
            .resource
            .as_ref()
            .is_none_or(|patterns| patterns.matches(image.id.as_str()))
        && exemption
            .image_name
            .as_ref()
            .is_none_or(|patterns| patterns.matches(&image.name))
}

#[cfg(test)]
mod tests;
