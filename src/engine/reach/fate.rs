//! What becomes of each grant of a person: which policies want it gone, and why
//! others leave it.

use std::collections::HashMap;

use serde::Serialize;

use super::{permissions, who::Who};
use crate::{
    engine::{evaluate::Evaluation, policy::Policy},
    model::{CloudName, Evidence, Id, Inventory, Kind, Level, Mode, PolicyName, Reading, Sharing, Target},
};

/// One grant of a person, or of a project or an account that was theirs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Grant {
    pub cloud: CloudName,
    pub kind: Kind,
    pub resource: Id,
    /// Empty where the cloud tells none.
    pub resource_name: String,
    pub subject: Id,
    /// Of a permission.
    pub level: Option<Level>,
    /// What each enabled policy that has something to say of it says. Empty: no
    /// policy matches, and it stays.
    pub said: Vec<Said>,
}

/// What one policy makes of a grant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Said {
    pub policy: PolicyName,
    pub mode: Mode,
    pub word: Word,
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    Goes,
    /// Matched, and must stay all the same.
    Stays,
    /// Could not be judged, and so stays.
    Unclear,
}

impl Grant {
    pub fn target(&self) -> Target {
        Target::grant(
            self.cloud.clone(),
            self.kind,
            self.resource.clone(),
            self.subject.clone(),
        )
    }

    /// The policies that want it gone.
    pub fn goes(&self) -> impl Iterator<Item = &Said> {
        self.said.iter().filter(|said| said.word == Word::Goes)
    }
}

/// All grants of somebody on one cloud, each with what the policies made of it.
pub fn fates(who: &Who, inventory: &Inventory, judged: &[(&Policy, &Evaluation)]) -> Vec<Grant> {
    let mut grants = of_users(who, inventory);
    grants.extend(of_what_they_owned(who, inventory));
    let heard: Vec<(&Policy, Words)> = judged
        .iter()
        .map(|(policy, evaluation)| (*policy, Words::of(evaluation)))
        .collect();
    for grant in &mut grants {
        grant.said = said(&grant.target(), &heard);
    }
    grants
}

fn of_users(who: &Who, inventory: &Inventory) -> Vec<Grant> {
    let ids: Vec<&Id> = who.users_of(&inventory.cloud).collect();
    let namespaces = inventory.namespaces.iter();
    let namespaces = namespaces.map(|each| (Kind::NamespacePermission, &each.name, &each.permissions));
    let repositories = inventory.repositories.iter();
    let repositories = repositories.map(|each| (Kind::RepositoryPermission, &each.id, &each.permissions));
    let mut grants = Vec::new();
    for (kind, resource, list) in namespaces.chain(repositories) {
        let theirs = permissions(list).iter().filter(|has| ids.contains(&&has.user));
        grants.extend(theirs.map(|has| Grant {
            level: Some(has.level),
            ..grant(inventory, kind, resource, &has.user)
        }));
    }
    grants
}

fn of_what_they_owned(who: &Who, inventory: &Inventory) -> Vec<Grant> {
    let mut grants = Vec::new();
    for image in &inventory.images {
        if let Sharing::Members(members) = &image.sharing {
            let theirs = members
                .iter()
                .filter(|member| who.projects.contains(&member.project));
            grants.extend(theirs.map(|member| Grant {
                resource_name: image.name.clone(),
                ..grant(inventory, Kind::ImageShare, &image.id, &member.project)
            }));
        }
    }
    for repository in &inventory.repositories {
        if let Reading::Read(shares) = &repository.shares {
            let theirs = shares
                .iter()
                .filter(|share| who.accounts.contains(&share.account));
            grants.extend(
                theirs.map(|share| grant(inventory, Kind::RepositoryShare, &repository.id, &share.account)),
            );
        }
    }
    grants
}

fn grant(inventory: &Inventory, kind: Kind, resource: &Id, subject: &Id) -> Grant {
    Grant {
        cloud: inventory.cloud.clone(),
        kind,
        resource: resource.clone(),
        resource_name: String::new(),
        subject: subject.clone(),
        level: None,
        said: vec![],
    }
}

/// What one policy says of each target: a project can have as many grants as a
/// policy has decisions, so that none may be looked for one by one.
struct Words<'a> {
    goes: HashMap<&'a Target, &'a Evidence>,
    stays: HashMap<&'a Target, &'a str>,
    unclear: HashMap<&'a Target, &'a str>,
}

impl<'a> Words<'a> {
    fn of(evaluation: &'a Evaluation) -> Words<'a> {
        let goes = evaluation.revocations.iter();
        let stays = evaluation.spared.iter();
        let unclear = evaluation.unreadable.iter();
        Words {
            goes: goes.map(|each| (&each.target, &each.evidence)).collect(),
            stays: stays.map(|each| (&each.target, each.reason.as_str())).collect(),
            unclear: unclear
                .map(|each| (&each.target, each.problem.as_str()))
                .collect(),
        }
    }

    fn on(&self, target: &Target) -> Option<(Word, String)> {
        let goes = self.goes.get(target);
        let stays = self.stays.get(target);
        let unclear = self.unclear.get(target);
        goes.map(|evidence| (Word::Goes, evidence.reason()))
            .or(stays.map(|reason| (Word::Stays, (*reason).to_owned())))
            .or(unclear.map(|problem| (Word::Unclear, (*problem).to_owned())))
    }
}

fn said(target: &Target, heard: &[(&Policy, Words)]) -> Vec<Said> {
    let said = heard.iter().filter_map(|(policy, words)| {
        let (word, why) = words.on(target)?;
        Some(Said {
            policy: policy.name.clone(),
            mode: policy.mode,
            word,
            why,
        })
    });
    said.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{
            evaluate::evaluate,
            people::Lists,
            policy::{Match, Protection},
            sample,
        },
        model::Member,
    };

    fn judged(policy: &Policy, inventory: &Inventory) -> Evaluation {
        let now = sample::at("2026-06-01T00:00:00Z");
        evaluate(policy, inventory, &Protection::default(), &Lists::none(), now)
    }

    fn ann() -> Who {
        Who {
            users: [("c".into(), [Id::from("ann")].into())].into(),
            projects: [Id::from("p-1")].into(),
            accounts: [Id::from("partner")].into(),
            ..Who::default()
        }
    }

    fn inventory() -> Inventory {
        let has = |user| sample::permission(user, Level::Read);
        let mut shared = sample::repository("team/api", vec![has("ann"), has("bob")]);
        shared.shares = Reading::Read(vec![
            sample::account_share("partner"),
            sample::account_share("other"),
        ]);
        let member = |project| -> Member { sample::member(project, "2026-01-01T00:00:00Z") };
        let mut image = sample::image("i");
        image.sharing = Sharing::Members(vec![member("p-1"), member("p-2")]);
        Inventory {
            images: vec![image],
            ..sample::registry(vec![sample::namespace("team", vec![has("ann")])], vec![shared])
        }
    }

    #[test]
    fn every_grant_of_the_person_is_told_and_of_nobody_else() {
        let grants = fates(&ann(), &inventory(), &[]);
        let told: Vec<_> = grants
            .iter()
            .map(|grant| (grant.kind, grant.resource.as_str(), grant.subject.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (Kind::NamespacePermission, "team", "ann"),
                (Kind::RepositoryPermission, "team/api", "ann"),
                (Kind::ImageShare, "i", "p-1"),
                (Kind::RepositoryShare, "team/api", "partner"),
            ]
        );
        assert!(grants.iter().all(|grant| grant.said.is_empty()));
    }

    #[test]
    fn each_policy_is_heard_with_its_reason() {
        let mut inventory = inventory();
        let goes = sample::policy(Kind::RepositoryPermission, Match::default());
        let mut spares = sample::policy(Kind::NamespacePermission, Match::default());
        inventory.namespaces[0].own_level = Level::Read;
        spares.mode = Mode::Observe;
        let (first, second) = (judged(&goes, &inventory), judged(&spares, &inventory));
        let grants = fates(&ann(), &inventory, &[(&goes, &first), (&spares, &second)]);
        let [on_namespace] = grants[0].said.as_slice() else {
            panic!("{:?}", grants[0])
        };
        assert_eq!(
            (on_namespace.word, on_namespace.mode),
            (Word::Stays, Mode::Observe)
        );
        assert_eq!(on_namespace.why, "the daemon only has read on namespace team");
        // The daemon manages no namespace of this repository either.
        assert_eq!(grants[1].goes().count(), 0);
        inventory.namespaces[0].own_level = Level::Manage;
        let first = judged(&goes, &inventory);
        let grants = fates(&ann(), &inventory, &[(&goes, &first)]);
        assert_eq!(grants[1].goes().count(), 1);
        assert!(grants[2].said.is_empty() && grants[3].said.is_empty());
    }

    #[test]
    fn what_could_not_be_judged_stays_and_says_so() {
        let mut inventory = inventory();
        let Reading::Read(list) = &mut inventory.namespaces[0].permissions else {
            panic!("read before")
        };
        list[0].holder = None;
        let policy = sample::policy(Kind::NamespacePermission, Match::default());
        let evaluation = judged(&policy, &inventory);
        let grants = fates(&ann(), &inventory, &[(&policy, &evaluation)]);
        assert_eq!(grants[0].said[0].word, Word::Unclear);
        assert!(grants[0].said[0].why.contains("did not tell who"));
    }
}
