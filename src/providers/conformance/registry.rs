//! The same of registries: permissions of users on namespaces and
//! repositories, and repositories shared with accounts.

use std::{collections::BTreeSet, slice};

use super::stage::{Make, PAGE_SIZE, People, Stage, days_ago, failure, says_gone, start};
use crate::{
    model::{
        Batch, FailureClass, Id, Inventory, Kind, Level, Needs, Outcome, Permission, Reading, Repository,
        UserState,
    },
    simulator::{CallKind, Effect, Fault, World},
};

of_every_registry! {
    all_that_the_registry_holds_is_seen_over_several_pages,
    of_the_registry_too_only_what_is_asked_for_is_read,
    a_list_that_fails_is_one_gap,
    a_registry_of_which_nothing_is_seen_is_no_view,
    one_resource_is_found_with_its_list,
    a_deleted_resource_is_an_empty_whole_view,
    what_the_registry_does_not_answer_is_not_gone,
    a_grant_is_taken_away_by_one_call_and_then_gone,
    a_grant_that_is_not_there_is_told_apart,
    as_many_users_as_one_call_reaches_are_one_call,
    a_call_that_names_the_daemon_itself_is_not_made,
    each_failure_is_of_its_class_and_is_not_tried_again,
}

const ACCOUNT: &str = "partner-account";
const REPOSITORIES: [&str; 5] = ["api", "web", "team/sub/api", "busybox", "tools"];

const KINDS: [Kind; 3] = [
    Kind::NamespacePermission,
    Kind::RepositoryPermission,
    Kind::RepositoryShare,
];

/// A namespace, `team-a`, that the daemon manages, with repositories, the first
/// three of which are shared with an account; and the users that have
/// permissions on each.
async fn stage(make: Make) -> (Stage, Vec<Id>) {
    let mut users = Vec::new();
    let stage = Stage::new(make, |world, people| users = fill(world, people)).await;
    (stage, users)
}

fn fill(world: &mut World, people: &People) -> Vec<Id> {
    let users: Vec<Id> = (0..10)
        .map(|n| world.add_user_in(&people.account, &format!("developer-{n}"), "unused"))
        .collect();
    world.user_mut(users[1].as_str()).unwrap().enabled = false;
    world.add_namespace(&people.account, "team-a");
    world.grant_namespace("team-a", &people.user, Level::Manage);
    for (at, user) in users.iter().enumerate() {
        world.grant_namespace("team-a", user, Level::ALL[at % 3]);
    }
    for (n, name) in REPOSITORIES.into_iter().enumerate() {
        world.add_repository("team-a", name, days_ago(30));
        for (at, user) in users.iter().enumerate() {
            world.grant_repository("team-a", name, user, Level::ALL[(n + at) % 3]);
        }
        if n < 3 {
            let deadline = (n == 0).then(|| days_ago(5));
            world.share_repository("team-a", name, &ACCOUNT.into(), deadline, days_ago(20));
        }
    }
    users
}

fn resource(kind: Kind) -> Id {
    match kind {
        Kind::NamespacePermission => "team-a".into(),
        _ => "team-a/team/sub/api".into(),
    }
}

fn subject(kind: Kind, users: &[Id]) -> Id {
    match kind {
        Kind::RepositoryShare => ACCOUNT.into(),
        _ => users[0].clone(),
    }
}

fn read<T>(list: &Reading<T>) -> &T {
    match list {
        Reading::Read(list) => list,
        _ => panic!("the list was not read"),
    }
}

fn levels(permissions: &Reading<Vec<Permission>>) -> BTreeSet<(Id, Level)> {
    let permissions = read(permissions).iter();
    permissions.map(|one| (one.user.clone(), one.level)).collect()
}

fn held(stage: &Stage, resource: &str) -> BTreeSet<(Id, Level)> {
    stage.world().permissions_of(resource).into_iter().collect()
}

fn repository<'a>(view: &'a Inventory, name: &str) -> &'a Repository {
    let mut repositories = view.repositories.iter();
    repositories.find(|repository| repository.name == name).unwrap()
}

/// Who is in the list that grants of the kind stand in.
fn subjects(view: &Inventory, kind: Kind) -> BTreeSet<Id> {
    let users = |list| levels(list).into_iter().map(|(user, _)| user).collect();
    match kind {
        Kind::NamespacePermission => users(&view.namespaces[0].permissions),
        Kind::RepositoryPermission => users(&view.repositories[0].permissions),
        _ => read(&view.repositories[0].shares)
            .iter()
            .map(|share| share.account.clone())
            .collect(),
    }
}

async fn all_that_the_registry_holds_is_seen_over_several_pages(make: Make) {
    let (stage, users) = stage(make).await;
    let needs = Needs {
        permissions: true,
        shares: true,
        ..Needs::default()
    };
    let view = stage.collect(needs).await.unwrap();
    assert_eq!(view.gaps, []);
    assert_eq!(
        (view.namespaces.len(), view.repositories.len()),
        (1, REPOSITORIES.len())
    );
    assert_eq!(view.namespaces[0].own_level, Level::Manage);
    assert_eq!(levels(&view.namespaces[0].permissions), held(&stage, "team-a"));
    for name in REPOSITORIES {
        let (id, seen) = (format!("team-a/{name}"), repository(&view, name));
        assert_eq!((seen.id.as_str(), seen.created_at), (id.as_str(), days_ago(30)));
        assert_eq!(levels(&seen.permissions), held(&stage, &id));
        assert_eq!(levels(&seen.permissions).len(), users.len());
        let accounts = read(&seen.shares).iter().map(|share| share.account.clone());
        assert_eq!(accounts.collect::<Vec<_>>(), stage.world().shares_of(&id));
    }
    let over = &read(&repository(&view, "api").shares)[0];
    assert!(over.over_since(start()).is_some());
    for permission in read(&view.namespaces[0].permissions) {
        let state = match permission.user == users[1] {
            true => UserState::Disabled,
            false => UserState::Enabled,
        };
        assert_eq!(permission.holder.as_ref().map(|holder| holder.state), Some(state));
    }
    let pages = stage.requests().count(CallKind::ListRepositories);
    assert!(pages >= REPOSITORIES.len().div_ceil(PAGE_SIZE), "{pages}");
}

async fn of_the_registry_too_only_what_is_asked_for_is_read(make: Make) {
    let (stage, _) = stage(make).await;
    let view = stage.collect(Needs::of(Kind::RepositoryShare)).await.unwrap();
    assert_eq!(view.gaps, []);
    let count = |kind| stage.requests().count(kind);
    for kind in [
        CallKind::ListPermissions,
        CallKind::ListUsers,
        CallKind::ShowUser,
        CallKind::ListImages,
    ] {
        assert_eq!(count(kind), 0, "{kind:?}");
    }
    assert!(
        view.repositories
            .iter()
            .all(|one| one.permissions == Reading::NotRead)
    );
    let lists = count(CallKind::ListAccountShares);
    let view = stage.collect(Needs::of(Kind::NamespacePermission)).await.unwrap();
    assert_eq!(view.gaps, []);
    assert_eq!(count(CallKind::ListAccountShares), lists);
    assert_eq!(count(CallKind::ListImages), 0);
    assert!(view.repositories.iter().all(|one| one.shares == Reading::NotRead));
}

async fn a_list_that_fails_is_one_gap(make: Make) {
    for (kind, list) in [
        (Kind::RepositoryPermission, CallKind::ListPermissions),
        (Kind::RepositoryShare, CallKind::ListAccountShares),
    ] {
        let (stage, _) = stage(make).await;
        let bad = resource(kind);
        stage.befall(Fault::on(list, Effect::Status(403)).resource(&bad));
        let view = stage.collect(Needs::of(kind)).await.unwrap();
        assert_eq!(view.gaps.len(), 1, "{:?}", view.gaps);
        assert_eq!(view.gaps[0].scope.parts().1, Some(&bad));
        assert!(view.gaps[0].scope.concerns(kind));
        for seen in &view.repositories {
            let is_unreadable = match kind {
                Kind::RepositoryPermission => seen.permissions == Reading::Unreadable,
                _ => seen.shares == Reading::Unreadable,
            };
            assert_eq!(is_unreadable, seen.id == bad);
        }
    }
}

async fn a_registry_of_which_nothing_is_seen_is_no_view(make: Make) {
    let (stage, _) = stage(make).await;
    for kind in [CallKind::ListNamespaces, CallKind::ListRepositories] {
        stage.befall(Fault::on(kind, Effect::Status(503)));
    }
    let needs = Needs::of(Kind::NamespacePermission);
    let failure = stage.collect(needs).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unavailable);
    let both = stage.collect(needs.and(Needs::of(Kind::Image))).await.unwrap();
    assert_eq!(both.gaps.len(), 2, "{:?}", both.gaps);
}

async fn one_resource_is_found_with_its_list(make: Make) {
    let (stage, users) = stage(make).await;
    for kind in KINDS {
        let subject = subject(kind, &users);
        let view = stage
            .look(kind, &resource(kind), slice::from_ref(&subject))
            .await
            .unwrap();
        assert!(view.is_complete(), "{:?}", view.gaps);
        assert!(view.images.is_empty());
        assert!(subjects(&view, kind).contains(&subject), "{kind}");
    }
}

async fn a_deleted_resource_is_an_empty_whole_view(make: Make) {
    let (stage, users) = stage(make).await;
    {
        let mut world = stage.world();
        let actor = world.registry_actor(stage.people.user.as_str()).unwrap();
        for name in REPOSITORIES {
            world.delete_repository(&actor, "team-a", name, start()).unwrap();
        }
        world.delete_namespace(&actor, "team-a", start()).unwrap();
    }
    for kind in KINDS {
        let seen = stage.look(kind, &resource(kind), &[subject(kind, &users)]).await;
        assert!(says_gone(&seen), "{kind}: {seen:?}");
    }
}

async fn what_the_registry_does_not_answer_is_not_gone(make: Make) {
    for effect in [
        Effect::Status(401),
        Effect::Status(403),
        Effect::Status(404),
        Effect::Status(429),
        Effect::Status(500),
        Effect::CutBefore,
        Effect::RedirectTo("http://127.0.0.1:9/".to_owned()),
    ] {
        for kind in KINDS {
            let (stage, users) = stage(make).await;
            stage.befall(Fault::on_any_data(effect.clone()));
            let seen = stage.look(kind, &resource(kind), &[subject(kind, &users)]).await;
            assert!(seen.is_err(), "{effect:?}: {seen:?}");
        }
    }
}

async fn a_grant_is_taken_away_by_one_call_and_then_gone(make: Make) {
    for kind in KINDS {
        let (stage, users) = stage(make).await;
        let (resource, subject) = (resource(kind), subject(kind, &users));
        let outcome = stage.revoke(kind, &resource, Some(&subject)).await;
        assert_eq!(outcome, Outcome::Accepted, "{kind}");
        assert_eq!(stage.removal_requests().len(), 1);
        assert_eq!(stage.removed(), [(kind, resource.clone(), Some(subject.clone()))]);
        let view = stage
            .look(kind, &resource, slice::from_ref(&subject))
            .await
            .unwrap();
        assert!(view.is_complete(), "{:?}", view.gaps);
        assert!(!subjects(&view, kind).contains(&subject));
    }
}

async fn a_grant_that_is_not_there_is_told_apart(make: Make) {
    for kind in KINDS {
        let (stage, _) = stage(make).await;
        let nobody = Id::from("0123456789abcdef0123456789abcdef");
        let outcome = stage.revoke(kind, &resource(kind), Some(&nobody)).await;
        assert_eq!(outcome, Outcome::NotThere, "{kind}");
        assert_eq!(stage.removal_requests().len(), 1);
        assert_eq!(stage.removed(), []);
    }
}

async fn as_many_users_as_one_call_reaches_are_one_call(make: Make) {
    for kind in [Kind::NamespacePermission, Kind::RepositoryPermission] {
        let (stage, users) = stage(make).await;
        let reach = stage.cloud.revoker.reach(kind);
        let batch = Batch {
            cloud: "lab".into(),
            kind,
            resources: vec![resource(kind)],
            subjects: users[..reach.subjects].to_vec(),
        };
        assert_eq!(stage.revoke_all(&batch).await, Outcome::Accepted);
        assert_eq!(stage.removal_requests().len(), 1);
        let (mut removed, mut wanted) = (stage.removed(), Vec::new());
        wanted.extend(
            batch
                .targets()
                .map(|target| (target.kind, target.resource, target.subject)),
        );
        removed.sort();
        wanted.sort();
        assert_eq!(removed, wanted);
    }
}

async fn a_call_that_names_the_daemon_itself_is_not_made(make: Make) {
    let (stage, users) = stage(make).await;
    let batch = Batch {
        cloud: "lab".into(),
        kind: Kind::NamespacePermission,
        resources: vec![resource(Kind::NamespacePermission)],
        subjects: vec![users[0].clone(), stage.people.user.clone()],
    };
    let outcome = stage.revoke_all(&batch).await;
    assert_eq!(failure(outcome).class, FailureClass::Refused);
    assert!(stage.world().removals().is_empty());
}

async fn each_failure_is_of_its_class_and_is_not_tried_again(make: Make) {
    for (effect, class, removed) in [
        (Effect::Status(400), FailureClass::Refused, 0),
        (Effect::Status(403), FailureClass::Refused, 0),
        (Effect::Status(409), FailureClass::Conflict, 0),
        (Effect::Status(429), FailureClass::Throttled, 0),
        (Effect::Status(503), FailureClass::Unavailable, 0),
        (Effect::CutBefore, FailureClass::Interrupted, 0),
        (Effect::CutAfter, FailureClass::Interrupted, 1),
        (
            Effect::RedirectTo("http://127.0.0.1:9/".to_owned()),
            FailureClass::Malformed,
            0,
        ),
    ] {
        for kind in KINDS {
            let (stage, users) = stage(make).await;
            stage.befall(Fault::on_any_data(effect.clone()));
            let outcome = stage
                .revoke(kind, &resource(kind), Some(&subject(kind, &users)))
                .await;
            let failed = failure(outcome);
            assert_eq!(failed.class, class, "{effect:?}: {failed}");
            assert_eq!(stage.removal_requests().len(), 1, "{effect:?}");
            assert_eq!(stage.removed().len(), removed, "{effect:?}");
        }
    }
}
