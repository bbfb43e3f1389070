//! Looking again at one namespace or repository: what is gone, and what merely
//! cannot be seen.

use serde_json::{Value, json};

use super::setup::{Scene, access, account, code, id, namespace, namespaces, page, repository, user, users};
use crate::{
    model::{FailureClass, Kind, Level, Reading, Scope},
    providers::{
        huawei::registry::RegistryView,
        scripted::{Asked, Reply, body, json, status},
    },
};

const API: &str = "team-a/web/api";

/// The namespace `team-a` with the repository `web/api`, as far as `overrides`
/// leaves it open.
async fn scene(overrides: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) -> Scene {
    Scene::start(move |asked| {
        overrides(asked).or_else(|| match asked.path.as_str() {
            "/v2/manage/namespaces" => Some(namespaces(&[("team-a", 7)])),
            "/v2/manage/namespaces/team-a" => Some(json(namespace("team-a", 7)).into()),
            "/v2/manage/namespaces/team-a/access" => Some(access(&[("u1", 7)])),
            "/v2/manage/namespaces/team-a/repos/web%24api/access" => Some(access(&[("u1", 3), ("u2", 1)])),
            "/v2/manage/namespaces/team-a/repositories/web%24api/access-domains" => {
                Some(json(json!([account("partner")])).into())
            }
            "/v2/manage/repos" => {
                let fuzzy = [repository("team-ab", "web/api"), repository("team-a", "web/api")];
                Some(page(asked, &fuzzy))
            }
            _ => None,
        })
    })
    .await
}

fn at(
    path: &'static str,
    reply: impl Fn() -> Reply + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Option<Reply> {
    move |asked: &Asked| asked.path.ends_with(path).then(&reply)
}

#[tokio::test]
async fn a_repository_permission_is_looked_at_with_the_daemons_own_level() {
    let scene = scene(|_| None).await;
    let view = scene.look(Kind::RepositoryPermission, API, &[]).await.unwrap();
    assert_eq!(
        scene.asked(),
        [
            "GET /v2/manage/namespaces/team-a/repos/web%24api/access",
            "GET /v2/manage/repos?namespace=team-a&name=web%24api&limit=1000&offset=0",
            "GET /v2/manage/namespaces/team-a",
        ]
    );
    assert_eq!(view.repositories[0].id, id(API));
    assert_eq!(view.repositories.len(), 1);
    assert_eq!(users(&view.repositories[0].permissions), ["u1 write", "u2 read"]);
    assert_eq!(view.repositories[0].shares, Reading::NotRead);
    let [team] = view.namespaces.as_slice() else {
        panic!("{view:?}");
    };
    assert_eq!(
        (team.own_level, &team.permissions),
        (Level::Manage, &Reading::NotRead)
    );
    assert_eq!(view.gaps, []);
}

#[tokio::test]
async fn a_look_tells_of_the_users_it_is_about_and_of_nobody_else() {
    let scene = scene(|_| None).await;
    for _ in 0..2 {
        let view = scene
            .look(Kind::RepositoryPermission, API, &["u2"])
            .await
            .unwrap();
        let told: Vec<&str> = view.users.iter().map(|user| user.id.as_str()).collect();
        assert_eq!(told, ["u2"]);
    }
}

#[tokio::test]
async fn an_account_share_is_looked_at_with_its_accounts() {
    let scene = scene(|_| None).await;
    let view = scene
        .look(Kind::RepositoryShare, API, &["partner"])
        .await
        .unwrap();
    assert!(matches!(&view.repositories[0].shares, Reading::Read(shares) if shares.len() == 1));
    assert_eq!(view.repositories[0].permissions, Reading::NotRead);
    assert_eq!(view.namespaces[0].own_level, Level::Manage);
    assert_eq!(scene.asked().len(), 3);
}

#[tokio::test]
async fn a_namespace_permission_is_looked_at_in_its_namespace() {
    let scene = scene(|_| None).await;
    let view = scene
        .look(Kind::NamespacePermission, "team-a", &[])
        .await
        .unwrap();
    assert_eq!(users(&view.namespaces[0].permissions), ["u1 manage"]);
    assert_eq!((view.repositories.len(), view.gaps.len()), (0, 0));
    assert_eq!(scene.asked().len(), 2);
}

#[tokio::test]
async fn a_namespace_with_less_than_manage_is_told_but_not_read() {
    let scene = scene(at("/namespaces/team-a", || json(namespace("team-a", 3)).into())).await;
    let view = scene
        .look(Kind::NamespacePermission, "team-a", &[])
        .await
        .unwrap();
    assert_eq!(view.namespaces[0].permissions, Reading::Unreadable);
    assert_eq!(view.gaps[0].scope, Scope::NamespacePermissions(id("team-a")));
    let view = scene.look(Kind::RepositoryPermission, API, &[]).await.unwrap();
    assert_eq!(
        view.namespaces[0].own_level,
        Level::Write,
        "for the engine to spare"
    );
}

#[tokio::test]
async fn lists_that_are_shown_to_somebody_who_does_not_manage_prove_no_absence() {
    let hidden = |asked: &Asked| match asked.path.as_str() {
        "/v2/manage/namespaces/team-a" => Some(json(namespace("team-a", 1)).into()),
        path if path.ends_with("/access-domains") => Some(json(json!([])).into()),
        path if path.ends_with("/web%24api/access") => {
            let body = json!({"id": 1, "name": "web/api", "self_auth": user("me", 1), "others_auths": null});
            Some(json(body).into())
        }
        _ => None,
    };
    for (kind, scope) in [
        (Kind::RepositoryPermission, Scope::RepositoryPermissions(id(API))),
        (Kind::RepositoryShare, Scope::RepositoryShares(id(API))),
    ] {
        let view = scene(hidden).await.look(kind, API, &["u1"]).await.unwrap();
        let scopes: Vec<&Scope> = view.gaps.iter().map(|gap| &gap.scope).collect();
        assert_eq!(scopes, [&scope]);
    }
}

#[tokio::test]
async fn a_repository_is_gone_once_the_list_by_name_does_not_have_it() {
    for text in ["4040010", "4040113", "4040009", "4040058"] {
        for kind in [Kind::RepositoryPermission, Kind::RepositoryShare] {
            let gone = move |listed: bool| {
                move |asked: &Asked| match asked.path.as_str() {
                    "/v2/manage/repos" if listed => None,
                    "/v2/manage/repos" => Some(page(asked, &[repository("team-a", "web/api-2")])),
                    _ => Some(code(404, &format!("SVCSTG.SWR.{text}")).into()),
                }
            };
            let view = scene(gone(false)).await.look(kind, API, &["u1"]).await.unwrap();
            assert_eq!(view, RegistryView::default(), "{text}");
            let failure = scene(gone(true))
                .await
                .look(kind, API, &["u1"])
                .await
                .unwrap_err();
            assert!(failure.detail.contains(text), "{failure}");
        }
    }
}

#[tokio::test]
async fn a_namespace_is_gone_once_the_list_does_not_have_it() {
    let gone = |listed: bool| {
        move |asked: &Asked| match asked.path.as_str() {
            "/v2/manage/namespaces" if !listed => Some(namespaces(&[("team-ab", 7)])),
            "/v2/manage/namespaces/team-a" => Some(code(404, "SVCSTG.SWR.4040058").into()),
            _ => None,
        }
    };
    let look = async |listed| {
        let scene = scene(gone(listed)).await;
        scene.look(Kind::NamespacePermission, "team-a", &[]).await
    };
    assert_eq!(look(false).await.unwrap(), RegistryView::default());
    assert!(look(true).await.unwrap_err().detail.contains("4040058"));
}

#[tokio::test]
async fn a_wrong_url_is_never_gone() {
    for answer in [code(404, "SVCSTG.SWR.4040083"), code(404, "APIGW.0101")] {
        for (kind, resource) in [
            (Kind::RepositoryPermission, API),
            (Kind::RepositoryShare, API),
            (Kind::NamespacePermission, "team-a"),
        ] {
            let answer = answer.clone();
            let scene = scene(move |asked| match asked.path.as_str() {
                "/v2/manage/repos" => Some(page(asked, &[])),
                _ => Some(answer.clone().into()),
            })
            .await;
            let failure = scene.look(kind, resource, &["u1"]).await.unwrap_err();
            assert_eq!(failure.class, FailureClass::Refused, "{failure}");
            assert_eq!(scene.asked().len(), 1, "and is tried once");
        }
    }
}

#[tokio::test]
async fn gone_is_not_said_where_the_confirming_list_cannot_be_trusted() {
    type Confirm = fn(&Asked) -> Reply;
    let confirms: [Confirm; 4] = [
        |_| status(500).into(),
        |_| body(404, "").into(),
        |_| json(json!([])).header("content-range", "0-0/3").into(),
        |_| json(json!([{"namespace": "team-a", "name": null}])).into(),
    ];
    for confirm in confirms {
        let scene = scene(move |asked| match asked.path.as_str() {
            "/v2/manage/repos" => Some(confirm(asked)),
            _ => Some(code(404, "SVCSTG.SWR.4040010").into()),
        })
        .await;
        assert!(
            scene
                .look(Kind::RepositoryPermission, API, &["u1"])
                .await
                .is_err()
        );
    }
    let scene = scene(|asked| match asked.path.as_str() {
        "/v2/manage/namespaces" => Some(json(json!({"namespaces": [{"id": 1, "auth": 7}]})).into()),
        _ => Some(code(404, "SVCSTG.SWR.4040058").into()),
    })
    .await;
    assert!(
        scene
            .look(Kind::NamespacePermission, "team-a", &[])
            .await
            .is_err()
    );
}

#[tokio::test]
async fn an_empty_list_of_an_unlisted_repository_is_gone_and_a_full_one_is_not() {
    for (kind, path, empty) in [
        (Kind::RepositoryPermission, "/access", access(&[])),
        (Kind::RepositoryShare, "/access-domains", json(json!([])).into()),
    ] {
        let Reply::Answer(empty) = empty else {
            panic!("an answer");
        };
        let unlisted = move |empty: Option<crate::providers::scripted::Answer>| {
            move |asked: &Asked| match asked.path.as_str() {
                "/v2/manage/repos" => Some(page(asked, &[])),
                found if found.ends_with(path) => empty.clone().map(Reply::from),
                _ => None,
            }
        };
        let view = scene(unlisted(Some(empty)))
            .await
            .look(kind, API, &["u1"])
            .await
            .unwrap();
        assert_eq!(view, RegistryView::default());
        let failure = scene(unlisted(None))
            .await
            .look(kind, API, &["u1"])
            .await
            .unwrap_err();
        assert_eq!(failure.class, FailureClass::Malformed);
    }
}

#[tokio::test]
async fn what_cannot_be_told_is_a_failure() {
    let torn = || json(json!({"id": 1, "others_auths": [user("u1", 99)]})).into();
    let failure = scene(at("/web%24api/access", torn)).await;
    let failure = failure
        .look(Kind::RepositoryPermission, API, &["u1"])
        .await
        .unwrap_err();
    assert!(failure.detail.contains("unknown level 99"), "{failure}");

    let foreign = scene(|asked| {
        let mut row = repository("team-a", "web/api");
        row["domain_name"] = json!("other-acct");
        (asked.path == "/v2/manage/repos").then(|| page(asked, &[row]))
    });
    let failure = foreign
        .await
        .look(Kind::RepositoryPermission, API, &["u1"])
        .await
        .unwrap_err();
    assert!(failure.detail.contains("another account"), "{failure}");

    let odd = || json(namespace("team-a", 5)).into();
    let odd = scene(at("/namespaces/team-a", odd)).await;
    assert!(odd.look(Kind::RepositoryPermission, API, &["u1"]).await.is_err());
    let other = || json(namespace("team-b", 7)).into();
    let other = scene(at("/namespaces/team-a", other)).await;
    let failure = other
        .look(Kind::NamespacePermission, "team-a", &["u1"])
        .await
        .unwrap_err();
    assert!(failure.detail.contains("team-b"), "{failure}");

    let scene = scene(|_| None).await;
    for (kind, resource) in [
        (Kind::RepositoryPermission, "team-a"),
        (Kind::RepositoryShare, "team-a/"),
        (Kind::NamespacePermission, ".."),
        (Kind::ImageShare, "i"),
    ] {
        let failure = scene.look(kind, resource, &[]).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Refused, "{kind}");
    }
    assert_eq!(scene.asked(), [""; 0]);
}

/// A repository with a hundred listed accounts, and `answer` for the one that
/// is asked for by itself; a listed one is shown as it is listed.
async fn full(answer: impl Fn() -> Reply + Send + Sync + 'static) -> Scene {
    let rows: Vec<Value> = (0..100).map(|number| account(&format!("a{number}"))).collect();
    scene(move |asked| {
        let (_, of) = asked.path.split_once("/access-domains")?;
        Some(match of {
            "" => json(json!(rows)).into(),
            "/a0" => {
                let mut row = account("a0");
                row["exist"] = json!(true);
                json(row).into()
            }
            _ => answer(),
        })
    })
    .await
}

#[tokio::test]
async fn an_account_beyond_the_hundred_is_asked_for_by_itself() {
    let exists = || {
        let mut row = account("zz");
        row["exist"] = json!(true);
        json(row).into()
    };
    let count = |view: &RegistryView| match &view.repositories[0].shares {
        Reading::Read(shares) => shares.len(),
        other => panic!("{other:?}"),
    };
    let scene = full(exists).await;
    let view = scene.look(Kind::RepositoryShare, API, &["zz"]).await.unwrap();
    assert_eq!((count(&view), view.gaps.len()), (101, 0));
    let line = "GET /v2/manage/namespaces/team-a/repositories/web%24api/access-domains/zz";
    assert_eq!(scene.asked()[1], line);
    let view = scene.look(Kind::RepositoryShare, API, &["a7"]).await.unwrap();
    assert_eq!((count(&view), view.gaps.len()), (100, 0), "it is listed");
    let view = scene.look(Kind::RepositoryShare, API, &[]).await.unwrap();
    assert_eq!(view.gaps[0].scope, Scope::RepositoryShares(id(API)));

    type Say = fn() -> Reply;
    let absent: [Say; 2] = [
        || json(json!({"exist": false})).into(),
        || code(400, "SVCSTG.SWR.4001090").into(),
    ];
    for absent in absent {
        let view = full(absent)
            .await
            .look(Kind::RepositoryShare, API, &["zz"])
            .await
            .unwrap();
        assert_eq!((count(&view), view.gaps.len()), (100, 0));
    }
    let unclear: [Say; 3] = [
        || json(json!({})).into(),
        || code(404, "SVCSTG.SWR.4040083").into(),
        || status(500).into(),
    ];
    for unclear in unclear {
        assert!(
            full(unclear)
                .await
                .look(Kind::RepositoryShare, API, &["zz"])
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn an_account_beyond_the_hundred_is_not_gone_where_no_account_can_be_asked_for() {
    let rows: Vec<Value> = (0..100).map(|number| account(&format!("a{number}"))).collect();
    let scene = scene(move |asked| {
        let (_, of) = asked.path.split_once("/access-domains")?;
        Some(match of {
            "" => json(json!(rows)).into(),
            _ => body(404, "").into(),
        })
    })
    .await;
    assert!(scene.look(Kind::RepositoryShare, API, &["zz"]).await.is_err());
}
