//! Shares with other accounts, in collections.

use serde_json::{Value, json};

use super::setup::{PERMISSIONS, SHARES, Scene, access, account, code, namespaces, page, repository};
use crate::{
    model::{AccountShare, Needs, Reading, Repository, Scope},
    providers::{
        huawei::registry::RegistryView,
        scripted::{Asked, Reply, json},
    },
};

/// The repositories `web/api`, which is shared, and `x`, which is not.
async fn scene(accounts: impl Fn() -> Reply + Send + Sync + 'static) -> Scene {
    Scene::start(move |asked| script(asked, &accounts)).await
}

fn script(asked: &Asked, accounts: &dyn Fn() -> Reply) -> Option<Reply> {
    let (shared, own) = (repository("team-a", "web/api"), repository("team-a", "x"));
    match asked.path.as_str() {
        "/v2/manage/namespaces" => Some(namespaces(&[("team-a", 1)])),
        "/v2/manage/repos" => Some(page(asked, &[shared, own])),
        "/v2/manage/shared-repositories" => Some(page(asked, &[shared])),
        "/v2/manage/namespaces/team-a/repositories/web%24api/access-domains" => Some(accounts()),
        path if path.ends_with("/access") => Some(access(&[])),
        _ => None,
    }
}

fn shares(repository: &Repository) -> &[AccountShare] {
    match &repository.shares {
        Reading::Read(shares) => shares,
        other => panic!("{other:?}"),
    }
}

fn only_gap(view: &RegistryView) -> (&Scope, &str) {
    assert_eq!(view.gaps.len(), 1, "{:?}", view.gaps);
    (&view.gaps[0].scope, view.gaps[0].reason.as_str())
}

#[tokio::test]
async fn only_shared_repositories_are_asked_for_their_accounts() {
    let scene = scene(|| json(json!([account("partner")])).into()).await;
    let view = scene.collect(SHARES).await;
    assert_eq!(
        scene.asked()[3..],
        [
            "GET /v2/manage/shared-repositories?center=self&limit=2&offset=0",
            "GET /v2/manage/shared-repositories?center=self&limit=2&offset=1",
            "GET /v2/manage/namespaces/team-a/repositories/web%24api/access-domains",
        ]
    );
    assert_eq!(view.gaps, [], "what was not asked for is no gap");
    assert_eq!(shares(&view.repositories[0])[0].account.as_str(), "partner");
    assert_eq!(view.repositories[1].shares, Reading::Read(vec![]));
    assert_eq!(view.repositories[0].permissions, Reading::NotRead);
    assert_eq!(view.namespaces[0].permissions, Reading::NotRead);
}

#[tokio::test]
async fn both_needs_are_read_in_one_pass() {
    let scene = scene(|| json(json!([])).into()).await;
    let needs = Needs {
        shares: true,
        ..PERMISSIONS
    };
    let view = scene.collect(needs).await;
    let repository = &view.repositories[0];
    assert_eq!(
        (&repository.permissions, &repository.shares),
        (&Reading::Read(vec![]), &Reading::Read(vec![]))
    );
    let repositories = scene.asked();
    let repositories = repositories.iter().filter(|line| line.contains("/manage/repos?"));
    assert_eq!(repositories.count(), 2);
}

#[tokio::test]
async fn deadlines_come_in_several_forms_and_unknown_words_mean_for_ever() {
    let rows = [
        ("2024-10-01T16:00:00.000Z", Some("2024-10-01T16:00:00Z")),
        ("2024-10-01T00:00:00Z", Some("2024-10-01T00:00:00Z")),
        (
            "2024-10-01T02:00:00.123456789+02:00",
            Some("2024-10-01T00:00:00.123456789Z"),
        ),
        ("forever", None),
        ("", None),
        ("2024-10-01", None),
        ("next week", None),
    ];
    let answer: Vec<Value> = rows
        .iter()
        .enumerate()
        .map(|(number, (deadline, _))| {
            let mut row = account(&format!("a{number}"));
            row["deadline"] = json!(deadline);
            row
        })
        .collect();
    let view = scene(move || json(json!(answer)).into())
        .await
        .collect(SHARES)
        .await;
    let read = shares(&view.repositories[0]);
    for (share, (written, expected)) in read.iter().zip(rows) {
        let expected = expected.map(|text| text.parse().unwrap());
        assert_eq!(share.deadline, expected, "{written}");
    }
    assert_eq!(read.len(), rows.len());
}

#[tokio::test]
async fn a_share_is_expired_only_if_the_cloud_says_so() {
    let mut rows = ["valid", "expired", "silent", "torn"].map(account);
    rows[1]["status"] = json!(false);
    rows[2]["status"] = Value::Null;
    rows[3]["created"] = json!("");
    let view = scene(move || json(json!(rows)).into())
        .await
        .collect(SHARES)
        .await;
    let read = shares(&view.repositories[0]);
    let expired: Vec<bool> = read.iter().map(|share| share.expired).collect();
    assert_eq!(expired, [false, true, false, false]);
    assert_eq!(read[0].created_at, Some("2024-04-08T14:12:23Z".parse().unwrap()));
    assert_eq!((read[3].created_at, read[3].updated_at.is_some()), (None, true));
}

#[tokio::test]
async fn a_hundred_rows_may_not_be_all() {
    for (count, has_gap) in [(99, false), (100, true), (101, false)] {
        let rows: Vec<Value> = (0..count).map(|number| account(&format!("a{number}"))).collect();
        let view = scene(move || json(json!(rows)).into())
            .await
            .collect(SHARES)
            .await;
        assert_eq!(shares(&view.repositories[0]).len(), count);
        assert_eq!(!view.gaps.is_empty(), has_gap, "{count}");
        if has_gap {
            let (scope, reason) = only_gap(&view);
            assert_eq!(scope, &Scope::RepositoryShares("team-a/web/api".into()));
            assert!(reason.contains("may be more"), "{reason}");
        }
    }
}

#[tokio::test]
async fn a_null_for_a_list_is_an_empty_list_and_anything_else_is_a_gap() {
    let view = scene(|| json(Value::Null).into()).await.collect(SHARES).await;
    assert_eq!((shares(&view.repositories[0]), view.gaps.len()), (&[][..], 0));
    for answer in [
        json!({}),
        json!([account("")]),
        json!([account("a"), account("a")]),
        json!([{}]),
    ] {
        let view = scene(move || json(answer.clone()).into())
            .await
            .collect(SHARES)
            .await;
        assert_eq!(view.repositories[0].shares, Reading::Unreadable);
        assert_eq!(
            only_gap(&view).0,
            &Scope::RepositoryShares("team-a/web/api".into())
        );
    }
}

#[tokio::test]
async fn without_the_whole_list_of_shared_ones_nothing_is_called_unshared() {
    let scene = Scene::start(|asked| match asked.path.as_str() {
        "/v2/manage/shared-repositories" if asked.query.ends_with("offset=1") => {
            Some(code(403, "SVCSTG.SWR.4039001").into())
        }
        _ => script(asked, &|| json(json!([account("partner")])).into()),
    })
    .await;
    let view = scene.collect(SHARES).await;
    assert_eq!(shares(&view.repositories[0]).len(), 1, "what was listed is read");
    assert_eq!(view.repositories[1].shares, Reading::Unreadable);
    let (scope, reason) = only_gap(&view);
    assert_eq!(scope, &Scope::RepositoryShares("team-a/x".into()));
    assert!(reason.contains("4039001"), "{reason}");
}

#[tokio::test]
async fn a_shared_repository_that_is_in_no_other_list_is_a_gap() {
    let scene = Scene::start(|asked| match asked.path.as_str() {
        "/v2/manage/shared-repositories" => Some(page(asked, &[repository("team-a", "new")])),
        _ => script(asked, &|| json(json!([])).into()),
    })
    .await;
    let view = scene.collect(SHARES).await;
    assert_eq!(only_gap(&view).0, &Scope::RepositoryShares("team-a/new".into()));
}

#[tokio::test]
async fn a_share_list_that_fails_is_a_gap() {
    let view = scene(|| code(400, "SVCSTG.SWR.4001029").into())
        .await
        .collect(SHARES)
        .await;
    assert_eq!(view.repositories[0].shares, Reading::Unreadable);
    assert_eq!(
        only_gap(&view).0,
        &Scope::RepositoryShares("team-a/web/api".into())
    );
    assert_eq!(shares(&view.repositories[1]), []);
}
