//! Stores of earlier versions, with tasks in every state, go on as they were.

use refinery::Target as UpTo;

use super::*;
use crate::{
    model::{Hold, TaskState},
    store::open::embedded::migrations,
};

const COLUMNS: &str = "id, run, policy, cloud, kind, resource, subject, due_since, evidence, state, hold,
    not_before, decided_at, allowed_from, attempts, note, finished_at, lease, lease_until";

/// A task in each state that the first version knows; the claimed one too.
async fn one_in_each_state() -> (Scene, Claimed) {
    let scene = Scene::new();
    let now = ["verifying", "dead", "claimed", "done", "cancelled"].map(|image| share(image, "1"));
    scene.run("p", &now, now_queued(at(0)), at(0)).await;
    let claimed = scene.claim(5, at(1)).await;
    scene.settle(&claimed[0], again(at(9), true, true), at(2)).await;
    scene.settle(&claimed[1], dead(), at(2)).await;
    scene.settle(&claimed[3], done(), at(2)).await;
    let cancelled = Verdict::Cancelled {
        reason: "exempt".into(),
    };
    scene.settle(&claimed[4], cancelled, at(2)).await;
    scene
        .run("p", &[share("queued", "1")], now_queued(at(30)), at(3))
        .await;
    let hold = Enqueue::Hold {
        hold: Hold::Grace,
        not_before: at(40),
    };
    scene.run("p", &[share("held", "1")], hold, at(4)).await;
    let image = [Target::image(cloud(), Id::from("no subject"))];
    scene.run("p", &image, now_queued(at(30)), at(5)).await;
    (scene, claimed[2].clone())
}

/// The same rows in a store that the first version's SQL made.
fn as_the_first_version(scene: &Scene, path: &std::path::Path) {
    let mut old = rusqlite::Connection::open(path).unwrap();
    old.pragma_update(None, "foreign_keys", true).unwrap();
    let first = migrations::runner().set_target(UpTo::Version(1));
    first.run(&mut old).unwrap();
    old.execute("ATTACH ?1 AS new", [scene.path().to_str().unwrap()])
        .unwrap();
    let tasks = format!("INSERT INTO tasks ({COLUMNS}) SELECT {COLUMNS} FROM new.tasks");
    for sql in [
        "INSERT INTO runs SELECT * FROM new.runs",
        "INSERT INTO run_decisions SELECT * FROM new.run_decisions",
        &tasks,
        "INSERT INTO attempts SELECT * FROM new.attempts",
        "INSERT INTO policies SELECT * FROM new.policies",
        "INSERT INTO audit SELECT * FROM new.audit",
    ] {
        old.execute(sql, []).unwrap();
    }
}

async fn everything(store: &Store) -> Vec<(Task, Vec<crate::model::Attempt>)> {
    let mut all = Vec::new();
    for task in store.tasks(TaskFilter::default(), 100).await.unwrap() {
        all.extend(store.task(task.id).await.unwrap());
    }
    all
}

#[tokio::test]
async fn a_store_of_the_first_version_loses_no_task() {
    let (scene, claimed) = one_in_each_state().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("revokd.db");
    as_the_first_version(&scene, &path);

    let store = Store::open(&path).unwrap();

    let migrated = everything(&store).await;
    assert_eq!(migrated, everything(&scene.store).await);
    let mut states: Vec<&str> = migrated.iter().map(|(task, _)| task.state.as_str()).collect();
    states.sort_unstable();
    states.dedup();
    assert_eq!(
        states,
        [
            "cancelled",
            "claimed",
            "dead",
            "done",
            "held",
            "queued",
            "verifying"
        ]
    );
    let report = store.verify_audit(|_, _| {}).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(
        store
            .next_due(cloud(), Priority::Normal, Kind::ALL.to_vec())
            .await
            .unwrap(),
        Some(at(9)),
        "what was due stays due"
    );

    let settled = store.settle(vec![settlement(&claimed, done(), at(5))]).await;
    assert_eq!(settled.unwrap(), [true], "the lease still holds");
    let Begun::Started(run) = store.begin_run(new_run("q", at(6))).await.unwrap() else {
        panic!("nothing else runs");
    };
    let targets = [share("queued", "1"), share("new", "1")];
    let finished = store
        .finish_run(conclusion(run, "q", &targets, now_queued(at(6)), at(6)))
        .await;
    let finished = finished.unwrap();
    assert_eq!(
        (finished.queued, finished.already_queued),
        (1, 1),
        "a target is there once"
    );
    let newest = store.tasks(TaskFilter::default(), 1).await.unwrap().remove(0);
    assert_eq!(
        (newest.id, newest.state),
        (migrated[0].0.id + 1, TaskState::Queued)
    );
    let dangling: i64 = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(dangling, 0);
}

/// The queue's tables as the second version made them, with what stands there.
fn as_the_second_version(scene: &Scene, path: &std::path::Path) {
    let mut old = rusqlite::Connection::open(path).unwrap();
    old.pragma_update(None, "foreign_keys", true).unwrap();
    let second = migrations::runner().set_target(UpTo::Version(2));
    second.run(&mut old).unwrap();
    old.execute("ATTACH ?1 AS new", [scene.path().to_str().unwrap()])
        .unwrap();
    let columns = format!("{COLUMNS}, job");
    let tasks = format!("INSERT INTO tasks ({columns}) SELECT {columns} FROM new.tasks");
    for sql in [
        "INSERT INTO runs SELECT * FROM new.runs",
        &tasks,
        "INSERT INTO attempts SELECT * FROM new.attempts",
        "INSERT INTO audit SELECT * FROM new.audit",
    ] {
        old.execute(sql, []).unwrap();
    }
}

#[tokio::test]
async fn a_store_of_the_second_version_goes_on_with_nothing_urgent_in_it() {
    let (scene, claimed) = one_in_each_state().await;
    let kept = scene.store.submitted(submission(&[claimed], "j", at(3))).await;
    assert_eq!(kept.unwrap(), [true]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("revokd.db");
    as_the_second_version(&scene, &path);

    let store = Store::open(&path).unwrap();

    let migrated = everything(&store).await;
    assert_eq!(migrated, everything(&scene.store).await);
    assert!(migrated.iter().all(|(task, _)| task.priority == Priority::Normal));
    let report = store.verify_audit(|_, _| {}).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    let all = Kind::ALL.to_vec();
    let urgent = store.next_due(cloud(), Priority::Urgent, all.clone());
    assert_eq!(urgent.await.unwrap(), None);
    let normal = store.next_due(cloud(), Priority::Normal, all);
    assert_eq!(normal.await.unwrap(), Some(at(9)), "what was due stays due");
    let claimed = store.claim(cloud(), Priority::Normal, shares(10), at(60), LEASE);
    assert_eq!(claimed.await.unwrap().len(), 3, "verifying, queued and held");
    assert_eq!(store.source_records().await.unwrap(), []);
}
