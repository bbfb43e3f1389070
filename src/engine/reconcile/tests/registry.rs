//! Tasks of several kinds beside one another in the queue.

use super::*;
use crate::engine::people::Lists;
use crate::{
    engine::policy::{Match, Protection},
    model::{Gap, Kind, Level, Reading, Scope},
};

const OF_REGISTRY: [Kind; 3] = [
    Kind::RepositoryPermission,
    Kind::NamespacePermission,
    Kind::RepositoryShare,
];

/// An image, a namespace and a repository's namespace that share one name.
fn inventory() -> Inventory {
    let people = || vec![sample::permission("ann", Level::Read)];
    let mut repository = sample::repository("team/api", people());
    repository.shares = Reading::Read(vec![sample::account_share("partner")]);
    let mut image = sample::image("team");
    image.sharing = Sharing::Members(vec![sample::member("ann", "2026-01-01T00:00:00Z")]);
    Inventory {
        images: vec![image],
        ..sample::registry(vec![sample::namespace("team", people())], vec![repository])
    }
}

fn decisions(kind: Kind) -> Vec<Revocation> {
    let policy = sample::policy(kind, Match::default());
    let now = sample::at("2026-06-01T00:00:00Z");
    crate::engine::evaluate::evaluate(&policy, &inventory(), &Protection::default(), &Lists::none(), now)
        .revocations
}

#[test]
fn a_task_of_any_kind_that_was_seen_and_not_decided_is_released() {
    let nothing = decided(&[]);
    let inventories = BTreeMap::from([("c".into(), inventory())]);
    for kind in Kind::ALL {
        let decisions = decisions(*kind);
        assert_eq!(decisions.len(), 1, "{kind}");
        let live = [live(1, 1, &decisions[0], TaskState::Queued, None)];
        let result = held_against("d", &nothing, &inventories, &live);
        assert_eq!(
            result.release,
            [(1, "no longer matches the policy".to_owned())],
            "{kind}"
        );
    }
}

#[test]
fn what_another_sort_of_resource_holds_was_not_seen() {
    let nothing = decided(&[]);
    let of_namespace = decisions(Kind::NamespacePermission);
    let mut only_the_image = inventory();
    only_the_image.namespaces.clear();
    let inventories = BTreeMap::from([("c".into(), only_the_image)]);
    let live = [live(1, 1, &of_namespace[0], TaskState::Queued, None)];
    assert_eq!(held_against("d", &nothing, &inventories, &live).release, []);
}

#[test]
fn a_task_whose_list_was_not_read_stays_for_its_second_look() {
    let nothing = decided(&[]);
    let mut dark = inventory();
    dark.namespaces[0].permissions = Reading::Unreadable;
    dark.repositories[0].permissions = Reading::NotRead;
    dark.repositories[0].shares = Reading::Unreadable;
    let inventories = BTreeMap::from([("c".into(), dark)]);
    for kind in OF_REGISTRY {
        let live = [live(1, 1, &decisions(kind)[0], TaskState::Queued, None)];
        let result = held_against("d", &nothing, &inventories, &live);
        assert_eq!(result.release, [], "{kind}");
    }
}

#[test]
fn a_user_whom_the_identity_service_cannot_name_just_now_keeps_no_task_from_its_turn() {
    let kind = Kind::RepositoryPermission;
    let decisions = decisions(kind);
    let mut dark = inventory();
    let Reading::Read(permissions) = &mut dark.repositories[0].permissions else {
        panic!("read before");
    };
    permissions[0].holder = None;
    let policy = sample::policy(kind, Match::default());
    let now = sample::at("2026-06-01T00:00:00Z");
    let protection = Protection::default();
    let evaluation = crate::engine::evaluate::evaluate(&policy, &dark, &protection, &Lists::none(), now);
    assert_eq!(evaluation.unreadable.len(), 1);
    let live = [live(1, 1, &decisions[0], TaskState::Held, Some(Hold::Grace))];

    let whole = BTreeMap::from([("c".into(), dark.clone())]);
    let release = held_against("d", &evaluation, &whole, &live).release;
    assert!(release[0].1.contains("did not tell who user ann"), "{release:?}");

    dark.gaps.push(Gap {
        cloud: "c".into(),
        scope: Scope::User("ann".into()),
        reason: "503".into(),
    });
    let partial = BTreeMap::from([("c".into(), dark)]);
    assert_eq!(held_against("d", &evaluation, &partial, &live).release, []);
}
