//! Namespaces and the pages of repositories: order, shifting rows, rows that
//! cannot be read.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};

use super::setup::{PERMISSIONS, Scene, access, code, namespace, namespaces, page, repository};
use crate::{
    model::{Level, Needs, Reading, Scope},
    providers::{
        Progress,
        huawei::registry::RegistryView,
        scripted::{Asked, Reply, json, status},
    },
};

/// One namespace, and permission lists that are all empty.
fn around(asked: &Asked) -> Option<Reply> {
    match asked.path.as_str() {
        "/v2/manage/namespaces" => Some(namespaces(&[("team-a", 7)])),
        path if path.ends_with("/access") => Some(access(&[])),
        _ => None,
    }
}

async fn listing(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Scene {
    Scene::start(move |asked| match asked.path.as_str() {
        "/v2/manage/repos" => Some(script(asked)),
        _ => around(asked),
    })
    .await
}

fn ids(view: &RegistryView) -> Vec<&str> {
    view.repositories.iter().map(|row| row.id.as_str()).collect()
}

fn reasons(view: &RegistryView) -> Vec<(&Scope, &str)> {
    view.gaps
        .iter()
        .map(|gap| (&gap.scope, gap.reason.as_str()))
        .collect()
}

#[tokio::test]
async fn the_scan_asks_in_order_and_every_path_is_as_documented() {
    let rows = ["web/api", "team/sub/api", "x"].map(|name| repository("team-a", name));
    let mut scene = listing(move |asked| page(asked, &rows)).await;
    scene.limits.concurrency = 1;
    let view = scene.collect(PERMISSIONS).await;
    let base = "GET /v2/manage/namespaces/team-a";
    assert_eq!(
        scene.asked(),
        [
            "GET /v2/manage/namespaces?filter=mode%3A%3Avisible".to_owned(),
            "GET /v2/manage/repos?limit=2&offset=0".to_owned(),
            "GET /v2/manage/repos?limit=2&offset=2".to_owned(),
            "GET /v2/manage/repos?limit=2&offset=3".to_owned(),
            format!("{base}/access"),
            format!("{base}/repos/web%24api/access"),
            format!("{base}/repos/team%24sub%24api/access"),
            format!("{base}/repos/x/access"),
        ]
    );
    assert_eq!(ids(&view), ["team-a/web/api", "team-a/team/sub/api", "team-a/x"]);
    assert_eq!(view.gaps, []);
    let row = &view.repositories[1];
    assert_eq!(
        (row.namespace.as_str(), row.name.as_str(), row.public),
        ("team-a", "team/sub/api", false)
    );
    assert_eq!(row.created_at.to_string(), "2024-01-02T03:04:05.542841141Z");
    assert_eq!(
        (&row.permissions, &row.shares),
        (&Reading::Read(vec![]), &Reading::NotRead)
    );
    let headers = &scene.requests()[0].headers;
    assert_eq!(headers["content-type"], "application/json;charset=utf8");
}

#[tokio::test]
async fn nothing_is_asked_for_that_nobody_needs() {
    let scene = listing(|asked| page(asked, &[])).await;
    assert_eq!(scene.collect(Needs::default()).await, RegistryView::default());
    assert_eq!(scene.asked(), [""; 0]);
}

#[tokio::test]
async fn a_null_for_a_list_is_an_empty_list() {
    let scene = Scene::start(|asked| match asked.path.as_str() {
        "/v2/manage/namespaces" => Some(json(json!({"namespaces": null})).into()),
        _ => Some(json(Value::Null).into()),
    })
    .await;
    assert_eq!(scene.collect(PERMISSIONS).await, RegistryView::default());
    assert_eq!(scene.asked().len(), 2);
}

#[tokio::test]
async fn an_answer_that_is_no_list_is_a_gap() {
    for namespaces in [json!({}), json!([]), json!({"message": "ok"})] {
        let scene = Scene::start(move |asked| match asked.path.as_str() {
            "/v2/manage/namespaces" => Some(json(namespaces.clone()).into()),
            _ => Some(json(json!([])).into()),
        })
        .await;
        let view = scene.collect(PERMISSIONS).await;
        let scopes: Vec<&Scope> = view.gaps.iter().map(|gap| &gap.scope).collect();
        assert_eq!(scopes, [&Scope::Namespaces]);
    }
}

#[tokio::test]
async fn only_namespaces_that_the_daemon_manages_are_asked_about() {
    let scene = Scene::start(|asked| match asked.path.as_str() {
        "/v2/manage/namespaces" => Some(namespaces(&[("own", 7), ("pushed", 3), ("seen", 1), ("odd", 5)])),
        "/v2/manage/repos" => Some(page(asked, &[])),
        _ => around(asked),
    })
    .await;
    let view = scene.collect(PERMISSIONS).await;
    let levels: Vec<(&str, Level)> = view
        .namespaces
        .iter()
        .map(|row| (row.name.as_str(), row.own_level))
        .collect();
    assert_eq!(
        levels,
        [
            ("own", Level::Manage),
            ("pushed", Level::Write),
            ("seen", Level::Read)
        ]
    );
    assert_eq!(view.namespaces[0].permissions, Reading::Read(vec![]));
    assert_eq!(view.namespaces[1].permissions, Reading::Unreadable);
    let gaps = reasons(&view);
    assert_eq!(gaps[0].0, &Scope::Namespaces);
    assert!(gaps[0].1.contains("level 5 in namespace odd"), "{gaps:?}");
    let too_low = |name: &str, level: &str| {
        let scope = Scope::NamespacePermissions(name.into());
        (
            scope,
            format!("the daemon has only {level} there; it needs manage"),
        )
    };
    let expected = [too_low("pushed", "write"), too_low("seen", "read")];
    let expected: Vec<(&Scope, &str)> = expected
        .iter()
        .map(|(scope, why)| (scope, why.as_str()))
        .collect();
    assert_eq!(gaps[1..], expected);
    assert_eq!(scene.asked().len(), 3);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_a_gap_and_hides_no_other() {
    let mut torn = repository("team-a", "torn");
    torn["created_at"] = json!("yesterday");
    let mut wordless = repository("team-a", "wordless");
    wordless["description"] = Value::Null;
    let mut nameless = repository("team-a", "x");
    nameless["name"] = Value::Null;
    let mut foreign = repository("team-a", "foreign");
    foreign["domain_name"] = json!("other-acct");
    let mut silent = repository("team-a", "silent");
    silent["domain_name"] = json!("");
    let odd = repository("team-a", "a$b");
    let rows = [torn, wordless, nameless, foreign, silent, odd];
    let scene = listing(move |asked| page(asked, &rows)).await;
    let view = scene.collect(PERMISSIONS).await;
    assert_eq!(ids(&view), ["team-a/wordless", "team-a/silent"]);
    let gaps = reasons(&view);
    assert_eq!(gaps.len(), 3, "{gaps:?}");
    assert!(gaps.iter().all(|(scope, _)| **scope == Scope::Repositories));
    assert!(
        gaps[0].1.contains("team-a/torn") && gaps[0].1.contains("yesterday"),
        "{gaps:?}"
    );
}

#[tokio::test]
async fn rows_that_shift_are_counted_once_and_missed_ones_are_a_gap() {
    // A repository is pushed to between the pages: it moves to the front, the
    // rest shifts, `d` is never seen and `b` twice.
    let scene = listing(|asked| {
        let (before, after) = (["a", "b", "c", "d"], ["d", "a", "b", "c"]);
        let now = if asked.query.ends_with("offset=0") {
            before
        } else {
            after
        };
        page(asked, &now.map(|name| repository("team-a", name)))
    })
    .await;
    let view = scene.collect(PERMISSIONS).await;
    assert_eq!(ids(&view), ["team-a/a", "team-a/b", "team-a/c"]);
    let gaps = reasons(&view);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0].0, &Scope::Repositories);
    assert!(
        gaps[0].1.contains("moved while it was read: 3 of 4 came"),
        "{gaps:?}"
    );
}

#[tokio::test]
async fn a_total_never_ends_a_list_early() {
    for total in [0, 2] {
        let rows = ["a", "b", "c"].map(|name| repository("team-a", name));
        let scene = listing(move |asked| {
            let offset: usize = asked.query.rsplit_once('=').unwrap().1.parse().unwrap();
            let rows: Vec<&Value> = rows.iter().skip(offset).take(2).collect();
            json(json!(rows))
                .header("content-range", &format!("{offset}-2/{total}"))
                .into()
        })
        .await;
        let view = scene.collect(PERMISSIONS).await;
        assert_eq!(ids(&view), ["team-a/a", "team-a/b", "team-a/c"], "{total}");
        assert_eq!(reasons(&view).len(), 1, "and is doubted where it is wrong");
    }
}

#[tokio::test]
async fn the_total_of_the_rows_counts_where_the_header_has_none() {
    let with_total = |total: u64| {
        let mut row = repository("team-a", "a");
        row["total_range"] = json!(total);
        move |asked: &Asked| match asked.query.ends_with("offset=0") {
            true => json(json!([row])).into(),
            false => json(json!([])).into(),
        }
    };
    for (total, gaps) in [(1, 0), (2, 1)] {
        let view = listing(with_total(total)).await.collect(PERMISSIONS).await;
        assert_eq!(reasons(&view).len(), gaps, "{total}");
    }
}

#[tokio::test]
async fn an_offset_that_is_not_heeded_ends() {
    let rows = ["a", "b"].map(|name| repository("team-a", name));
    for (total, words) in [(None, "repeat themselves"), (Some(4), "2 of 4 came")] {
        let rows = rows.clone();
        let scene = listing(move |_| {
            let answer = json(json!(rows));
            match total {
                None => answer.into(),
                Some(total) => answer.header("content-range", &format!("0-2/{total}")).into(),
            }
        })
        .await;
        let view = scene.collect(PERMISSIONS).await;
        let gaps = reasons(&view);
        assert!(gaps.len() == 1 && gaps[0].1.contains(words), "{gaps:?}");
        assert_eq!(ids(&view).len(), 2, "what came is kept");
    }
}

#[tokio::test]
async fn a_list_without_end_is_left() {
    let pages = AtomicUsize::new(0);
    let mut scene = listing(move |_| {
        let number = pages.fetch_add(1, Ordering::SeqCst);
        json(json!([repository("team-a", &format!("r{number}"))])).into()
    })
    .await;
    scene.limits.max_pages = 3;
    let view = scene.collect(PERMISSIONS).await;
    assert_eq!(view.repositories.len(), 3);
    assert!(
        reasons(&view)[0].1.contains("no end after 3 pages"),
        "{:?}",
        view.gaps
    );
}

#[tokio::test]
async fn a_page_that_fails_leaves_what_came_before() {
    let rows = ["a", "b", "c"].map(|name| repository("team-a", name));
    let scene = listing(move |asked| match asked.query.ends_with("offset=0") {
        true => page(asked, &rows),
        false => code(400, "SVCSTG.SWR.4000056").into(),
    })
    .await;
    let view = scene.collect(PERMISSIONS).await;
    assert_eq!(ids(&view), ["team-a/a", "team-a/b"]);
    let gaps = reasons(&view);
    assert!(gaps.len() == 1 && gaps[0].1.contains("4000056"), "{gaps:?}");
}

#[tokio::test]
async fn a_page_is_tried_three_times_also_when_throttled_by_a_403() {
    let tries = AtomicUsize::new(0);
    let scene = listing(move |asked| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => status(503).into(),
        1 => code(403, "SVCSTG.SWR.4031042").header("retry-after", "0").into(),
        _ => page(asked, &[]),
    })
    .await;
    assert_eq!(scene.collect(PERMISSIONS).await.gaps, []);
    assert_eq!(scene.asked().len(), 5);
}

#[tokio::test]
async fn pages_are_never_larger_than_the_cloud_allows() {
    let mut scene = listing(|asked| page(asked, &[])).await;
    for (asked_for, sent) in [(5000, "limit=1000&"), (0, "limit=1&"), (100, "limit=100&")] {
        scene.limits.page_size = asked_for;
        scene.collect(PERMISSIONS).await;
        let asked = scene.asked();
        let last = asked.iter().rfind(|line| line.contains("/repos?")).unwrap();
        assert!(last.contains(sent), "{last}");
    }
}

#[tokio::test]
async fn progress_is_told_to_the_end() {
    let rows = ["a", "b", "c"].map(|name| repository("team-a", name));
    let scene = listing(move |asked| page(asked, &rows)).await;
    let told: Mutex<Vec<Progress>> = Mutex::default();
    scene
        .collect_telling(PERMISSIONS, &|progress| told.lock().unwrap().push(progress))
        .await;
    let told = told.lock().unwrap();
    let last = Progress {
        repositories: 3,
        access_lists: 4,
        access_lists_expected: Some(4),
        ..Progress::default()
    };
    assert_eq!(*told.last().unwrap(), last);
    assert_eq!(told[0].repositories, 2, "from the first page on");
}

#[tokio::test]
async fn a_namespace_in_capitals_of_the_older_pages_is_read_and_a_torn_one_is_a_gap() {
    let scene = Scene::start(|asked| match asked.path.as_str() {
        "/v2/manage/namespaces" => {
            let mut older = namespace("older", 7);
            let row = older.as_object_mut().unwrap();
            let number = row.remove("id").unwrap();
            row.insert("ID".to_owned(), number);
            Some(json(json!({"namespaces": [older, {"name": "torn"}, namespace("", 7)]})).into())
        }
        "/v2/manage/repos" => Some(page(asked, &[])),
        _ => around(asked),
    })
    .await;
    let view = scene.collect(PERMISSIONS).await;
    assert_eq!(view.namespaces.len(), 1);
    assert_eq!(reasons(&view).len(), 2);
}
