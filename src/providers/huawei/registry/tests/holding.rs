//! Who holds permissions: what IAM says of the users in the lists.

use super::setup::{PERMISSIONS, Scene, access, namespace, namespaces, page, repository};
use crate::{
    model::{Kind, Permission, Reading, Scope, UserState},
    providers::{
        huawei::registry::RegistryView,
        scripted::{Asked, Reply, json},
    },
};

fn script(asked: &Asked) -> Option<Reply> {
    Some(match asked.path.as_str() {
        "/v2/manage/namespaces" => namespaces(&[("team-a", 7)]),
        "/v2/manage/namespaces/team-a" => json(namespace("team-a", 7)).into(),
        "/v2/manage/namespaces/team-a/access" => access(&[("root", 7), ("on", 3)]),
        "/v2/manage/repos" => page(asked, &[repository("team-a", "x"), repository("team-a", "y")]),
        path if path.ends_with("/access") => access(&[("on", 1), ("off", 1), ("gone", 1), ("secret", 1)]),
        _ => return None,
    })
}

fn holder(list: &Reading<Vec<Permission>>, user: &str) -> Option<(UserState, bool)> {
    let Reading::Read(permissions) = list else {
        panic!("{list:?}");
    };
    let found = permissions.iter().find(|row| row.user.as_str() == user);
    let holder = found.unwrap().holder.as_ref()?;
    Some((holder.state, holder.account_owner))
}

fn known(state: UserState, account_owner: bool) -> Option<(UserState, bool)> {
    Some((state, account_owner))
}

fn scopes(view: &RegistryView) -> Vec<&Scope> {
    view.gaps.iter().map(|gap| &gap.scope).collect()
}

#[tokio::test]
async fn every_user_is_asked_about_once_for_all_lists() {
    let scene = Scene::start(script).await;
    let view = scene.collect(PERMISSIONS).await;
    let namespace = &view.namespaces[0].permissions;
    assert_eq!(holder(namespace, "root"), known(UserState::Enabled, true));
    for repository in &view.repositories {
        for (user, expected) in [
            ("on", known(UserState::Enabled, false)),
            ("off", known(UserState::Disabled, false)),
            ("gone", known(UserState::Deleted, false)),
            ("secret", None),
        ] {
            assert_eq!(holder(&repository.permissions, user), expected, "{user}");
        }
    }
    assert_eq!(scopes(&view), [&Scope::User("secret".into())]);
    assert_eq!(scene.users_asked_about(), ["gone", "off", "on", "root", "secret"]);
}

#[tokio::test]
async fn a_look_asks_about_its_subjects_alone() {
    let scene = Scene::start(script).await;
    let view = scene
        .look(
            Kind::RepositoryPermission,
            "team-a/x",
            &["off", "not-in-the-list"],
        )
        .await
        .unwrap();
    let permissions = &view.repositories[0].permissions;
    assert_eq!(holder(permissions, "off"), known(UserState::Disabled, false));
    assert_eq!((holder(permissions, "on"), scopes(&view)), (None, vec![]));
    assert_eq!(scene.users_asked_about(), ["off"]);

    let view = scene
        .look(Kind::NamespacePermission, "team-a", &["root"])
        .await
        .unwrap();
    let root = holder(&view.namespaces[0].permissions, "root");
    assert_eq!(root, known(UserState::Enabled, true));
}

#[tokio::test]
async fn a_subject_of_whom_nothing_is_told_is_a_gap_of_the_look() {
    let scene = Scene::start(script).await;
    let view = scene
        .look(Kind::RepositoryPermission, "team-a/x", &["secret"])
        .await
        .unwrap();
    assert_eq!(holder(&view.repositories[0].permissions, "secret"), None);
    assert_eq!(scopes(&view), [&Scope::User("secret".into())]);
}
