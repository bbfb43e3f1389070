//! Permission lists: who is in them, who never is, and what a list that fails
//! means.

use serde_json::{Value, json};

use super::setup::{PERMISSIONS, Scene, access, code, namespaces, page, repository, user, users};
use crate::{
    model::{Gap, Kind, Needs, Reading, Scope, UserState},
    providers::{
        huawei::registry::RegistryView,
        scripted::{Asked, Reply, json, status},
    },
};

/// The namespace `team-a` with the repository `api`, whose permission list is
/// `answer`.
async fn with_list(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> RegistryView {
    scene_with_list(answer).await.collect(PERMISSIONS).await
}

async fn scene_with_list(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Scene {
    Scene::start(move |asked| match asked.path.as_str() {
        "/v2/manage/namespaces" => Some(namespaces(&[("team-a", 7)])),
        "/v2/manage/namespaces/team-a/access" => Some(access(&[("u1", 7)])),
        "/v2/manage/namespaces/team-a/repos/api/access" => Some(answer(asked)),
        "/v2/manage/repos" => Some(page(asked, &[repository("team-a", "api")])),
        _ => None,
    })
    .await
}

fn gap_of_api(view: &RegistryView) -> Option<&Gap> {
    let scope = Scope::RepositoryPermissions("team-a/api".into());
    view.gaps.iter().find(|gap| gap.scope == scope)
}

#[tokio::test]
async fn everybody_is_listed_the_daemon_itself_included() {
    let view = with_list(|_| access(&[("u1", 1), ("me", 7), ("u2", 3), ("u3", 7)])).await;
    assert_eq!(users(&view.namespaces[0].permissions), ["u1 manage"]);
    let expected = ["u1 read", "me manage", "u2 write", "u3 manage"];
    assert_eq!(users(&view.repositories[0].permissions), expected);
    let Reading::Read(permissions) = &view.repositories[0].permissions else {
        panic!("read");
    };
    assert_eq!(permissions[2].user_name, "u2-name");
}

#[tokio::test]
async fn whoever_iam_told_of_is_in_the_view() {
    let scene = scene_with_list(|_| access(&[("off", 1), ("me", 7), ("gone", 3)])).await;
    let with_attributes = Needs {
        attributes: true,
        ..PERMISSIONS
    };
    for needs in [PERMISSIONS, with_attributes] {
        let view = scene.collect(needs).await;
        let told = view.users.iter().map(|user| (user.id.as_str(), user.state));
        let expected = [
            ("me", UserState::Enabled),
            ("off", UserState::Disabled),
            ("u1", UserState::Enabled),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected, "without those who are gone");
    }
    let kind = Kind::RepositoryPermission;
    let view = scene.look(kind, "team-a/api", &["off"]).await.unwrap();
    let told: Vec<&str> = view.users.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(told, ["off"]);
}

#[tokio::test]
async fn lists_that_are_null_or_missing_are_empty() {
    for answer in [
        json!({"id": 1, "name": "api", "self_auth": null, "others_auths": null}),
        json!({"id": 1, "name": "api"}),
        json!({"self_auth": user("me", 7), "others_auths": []}),
    ] {
        let view = with_list(move |_| json(answer.clone()).into()).await;
        assert_eq!(view.repositories[0].permissions, Reading::Read(vec![]));
    }
    let nameless = json!({"id": 1, "others_auths": [{"user_id": "u9", "user_name": null, "auth": 1}]});
    let view = with_list(move |_| json(nameless.clone()).into()).await;
    assert_eq!(users(&view.repositories[0].permissions), ["u9 read"]);
}

#[tokio::test]
async fn a_list_with_anything_unknown_in_it_is_not_read_at_all() {
    let others = |others: Value| json!({"id": 1, "name": "api", "others_auths": others});
    for (answer, words) in [
        (
            others(json!([user("u1", 3), user("u2", 15)])),
            "user u2 has an unknown level 15",
        ),
        (others(json!([user("u1", 0)])), "unknown level 0"),
        (others(json!([user("", 3)])), "empty user id"),
        (
            others(json!([user("u1", 3), user("u1", 7)])),
            "u1 is listed twice",
        ),
        (others(json!([{"user_id": "u1"}])), "missing field `auth`"),
        (
            json!({"self_auth": user("somebody", 7), "others_auths": []}),
            "takes the daemon for user somebody",
        ),
        (json!({}), "says nothing of permissions"),
        (json!({"message": "ok"}), "says nothing of permissions"),
        (Value::Null, "not understood"),
    ] {
        let view = with_list(move |_| json(answer.clone()).into()).await;
        assert_eq!(view.repositories[0].permissions, Reading::Unreadable, "{words}");
        let gap = gap_of_api(&view).unwrap();
        assert!(gap.reason.contains(words), "{gap}");
        assert_eq!(users(&view.namespaces[0].permissions), ["u1 manage"]);
    }
}

#[tokio::test]
async fn a_repository_that_vanished_is_left_out_once_no_list_has_it() {
    for text in ["4040010", "4040113", "4040009", "4040091"] {
        let script = |still_listed: bool| {
            move |asked: &Asked| match asked.path.as_str() {
                "/v2/manage/namespaces" => Some(namespaces(&[])),
                "/v2/manage/repos" if asked.query.contains("name=") => {
                    let similar = repository("team-a", "api-2");
                    let same = repository("team-a", "api");
                    let rows = if still_listed {
                        vec![similar, same]
                    } else {
                        vec![similar]
                    };
                    Some(page(asked, &rows))
                }
                "/v2/manage/repos" => Some(page(asked, &[repository("team-a", "api")])),
                _ => Some(code(404, &format!("SVCSTG.SWR.{text}")).into()),
            }
        };
        let scene = Scene::start(script(false)).await;
        let view = scene.collect(PERMISSIONS).await;
        assert_eq!(view, RegistryView::default(), "{text}");
        let confirmed = "GET /v2/manage/repos?namespace=team-a&name=api&limit=2&offset=0";
        assert!(
            scene.asked().iter().any(|line| line == confirmed),
            "{:?}",
            scene.asked()
        );

        let view = Scene::start(script(true)).await.collect(PERMISSIONS).await;
        assert_eq!(view.repositories[0].permissions, Reading::Unreadable);
        assert!(gap_of_api(&view).unwrap().reason.contains(text), "{text}");
    }
}

#[tokio::test]
async fn a_namespace_that_vanished_is_left_out_once_no_list_has_it() {
    for stays in [false, true] {
        let lists = std::sync::atomic::AtomicUsize::new(0);
        let scene = Scene::start(move |asked| match asked.path.as_str() {
            "/v2/manage/namespaces" => {
                let is_first = lists.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
                Some(namespaces(if is_first || stays { &[("team-a", 7)] } else { &[] }))
            }
            "/v2/manage/repos" => Some(page(asked, &[])),
            _ => Some(code(404, "SVCSTG.SWR.4040058").into()),
        })
        .await;
        let view = scene.collect(PERMISSIONS).await;
        assert_eq!(
            (view.namespaces.len(), view.gaps.len()),
            (stays.into(), stays.into())
        );
    }
}

#[tokio::test]
async fn each_list_that_fails_is_judged_alone() {
    for (answer, calls) in [
        (code(404, "SVCSTG.SWR.4040083"), 1),
        (code(404, "APIGW.0101"), 1),
        (code(403, "SVCSTG.SWR.4039001"), 1),
        (code(401, "SVCSTG.SWR.4011064"), 1),
        (code(500, "SVCSTG.SWR.5000090"), 3),
        (status(502), 3),
    ] {
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counter = std::sync::Arc::clone(&asked);
        let view = with_list(move |_| {
            counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            answer.clone().into()
        })
        .await;
        assert_eq!(view.repositories[0].permissions, Reading::Unreadable);
        assert!(gap_of_api(&view).is_some());
        assert_eq!(users(&view.namespaces[0].permissions), ["u1 manage"]);
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), calls);
    }
}

#[tokio::test]
async fn a_cloud_that_stopped_answering_is_not_asked_for_every_list() {
    let rows: Vec<Value> = (0..200)
        .map(|number| repository("team-a", &format!("r{number}")))
        .collect();
    let mut scene = Scene::start(move |asked| match asked.path.as_str() {
        "/v2/manage/namespaces" => Some(namespaces(&[])),
        "/v2/manage/repos" => Some(page(asked, &rows)),
        _ => Some(status(500).into()),
    })
    .await;
    scene.limits.page_size = 1000;
    let view = scene.collect(PERMISSIONS).await;
    assert_eq!(view.gaps.len(), 200, "each is known to be unread");
    let is_unread = |reading: &Reading<_>| *reading == Reading::Unreadable;
    assert!(view.repositories.iter().all(|row| is_unread(&row.permissions)));
    assert!(scene.asked().len() < 120, "{}", scene.asked().len());
}
