//! What a decision says of the ways that remain.

use super::{NOW, patterns};
use crate::engine::people::Lists;
use crate::{
    engine::{
        evaluate::evaluate,
        policy::{Match, Policy},
        sample::{self, at},
    },
    model::{Inventory, Kind, Level, Reading},
};

fn inventory() -> Inventory {
    let people = |level| vec![sample::permission("ann", level), sample::permission("bob", level)];
    let mut namespace_people = people(Level::Write);
    namespace_people.truncate(1);
    sample::registry(
        vec![sample::namespace("team", namespace_people)],
        vec![sample::repository("team/api", people(Level::Read))],
    )
}

fn both() -> Policy {
    Policy {
        kinds: vec![Kind::RepositoryPermission, Kind::NamespacePermission],
        ..sample::policy(Kind::RepositoryPermission, Match::default())
    }
}

/// Of each decision on a repository permission, by subject.
fn remaining(policy: &Policy, inventory: &Inventory) -> Vec<(String, Vec<String>)> {
    let evaluation = evaluate(policy, inventory, &Default::default(), &Lists::none(), at(NOW));
    let of_repositories = evaluation
        .revocations
        .into_iter()
        .filter(|revocation| revocation.target.kind == Kind::RepositoryPermission);
    of_repositories
        .map(|each| {
            let subject = each.target.subject.expect("a user").to_string();
            (subject, each.evidence.still_reachable)
        })
        .collect()
}

#[test]
fn a_namespace_permission_still_lets_its_user_in_and_nobody_else() {
    let policy = sample::policy(Kind::RepositoryPermission, Match::default());
    let through = vec!["write permission on namespace team".to_owned()];
    let expected = [("ann".to_owned(), through), ("bob".to_owned(), vec![])];
    assert_eq!(remaining(&policy, &inventory()), expected);
}

#[test]
fn what_is_decided_in_the_same_evaluation_does_not_remain() {
    let expected = [("ann".to_owned(), vec![]), ("bob".to_owned(), vec![])];
    assert_eq!(remaining(&both(), &inventory()), expected);
}

#[test]
fn what_the_same_policy_spares_remains() {
    let mut policy = both();
    policy.exemptions = vec![crate::engine::policy::Exemption {
        subject: None,
        resource: patterns(&["team"]),
        image_name: None,
        ends: at("2027-01-01T00:00:00Z"),
        until: "2026-12-31".into(),
        reason: "contract".into(),
    }];
    let seen = remaining(&policy, &inventory());
    assert_eq!(seen[0].1, ["write permission on namespace team"]);
}

#[test]
fn a_public_repository_and_a_namespace_that_was_not_read_are_said() {
    let mut inventory = inventory();
    inventory.repositories[0].public = true;
    let dark = "perhaps a permission on namespace team, which could not be read";
    let open = "the repository is public: anyone may pull from it";
    inventory.namespaces[0].permissions = Reading::Unreadable;
    let policy = sample::policy(Kind::RepositoryPermission, Match::default());
    assert_eq!(remaining(&policy, &inventory)[1].1, [dark, open]);
    inventory.namespaces.clear();
    assert_eq!(remaining(&policy, &inventory)[1].1, [dark, open]);
}
