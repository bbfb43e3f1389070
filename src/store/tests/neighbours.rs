//! Several handles on one file at once, as a daemon and commands beside it.

use std::thread;

use super::*;
use crate::model::{RunState, TaskState};

fn on_its_own_runtime<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// Claims and settles until nothing is left; returns the tasks it settled.
async fn drain(store: Store) -> Vec<TaskId> {
    let mut settled = Vec::new();
    loop {
        let claimed = store
            .claim(cloud(), Priority::Normal, shares(7), at(1), LEASE)
            .await
            .unwrap();
        if claimed.is_empty() {
            return settled;
        }
        let settlements = claimed.iter().map(|one| settlement(one, done(), at(2))).collect();
        assert!(
            store
                .settle(settlements)
                .await
                .unwrap()
                .into_iter()
                .all(|fresh| fresh)
        );
        settled.extend(claimed.iter().map(|one| one.task.id));
    }
}

#[test]
fn two_stores_on_one_file_share_the_work_and_one_chain() {
    let scene = Scene::new();
    let targets: Vec<_> = (0..300)
        .map(|number| share(&format!("{}", number % 40), &format!("{number}")))
        .collect();
    on_its_own_runtime(scene.run("p", &targets, now_queued(at(0)), at(0)));
    let path = scene.path();
    let mut settled: Vec<TaskId> = thread::scope(|scope| {
        let workers: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| on_its_own_runtime(drain(Store::open(&path).unwrap()))))
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    settled.sort_unstable();
    assert_eq!(settled, (1..=300).collect::<Vec<_>>());
    on_its_own_runtime(scene.assert_sound());
}

#[tokio::test]
async fn callers_of_one_store_share_commits_and_each_gets_its_own_answer() {
    let scene = Scene::new();
    let runs = (0..200).map(|number| {
        let scene = &scene;
        async move {
            let policy = format!("policy {number}");
            scene
                .run(&policy, &[share("image", &policy)], now_queued(at(0)), at(0))
                .await
        }
    });
    let finished = futures::future::join_all(runs).await;
    assert!(finished.iter().all(|(_, finished)| finished.queued == 1));
    let mut ids: Vec<_> = finished.iter().map(|(run, _)| *run).collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=200).collect::<Vec<_>>());
    scene.assert_sound().await;
}

#[tokio::test]
async fn work_that_failed_leaves_no_gap_in_the_chain_of_its_neighbours() {
    let scene = Scene::new();
    let jobs = (0..60).map(|number| {
        let scene = &scene;
        async move {
            if number % 3 == 0 {
                let unfinished = scene.store.shared.writer.submit(|tx| {
                    transition::insert_run(tx, &new_run("never", at(0)))?;
                    Err::<(), _>(StoreError::Closed)
                });
                unfinished.await.unwrap_err();
            } else {
                scene.begin(&format!("policy {number}"), at(0)).await;
            }
        }
    });
    futures::future::join_all(jobs).await;
    scene.assert_sound().await;
    let report = scene.store.verify_audit(|_, _| {}).await.unwrap();
    assert_eq!(report.records, 40);
}

#[tokio::test]
async fn what_was_answered_is_there_for_whoever_opens_the_file_next() {
    let Scene { store, directory } = Scene::new();
    let run = match store.begin_run(new_run("p", at(0))).await.unwrap() {
        Begun::Started(run) => run,
        Begun::Overlaps(_) => panic!("nothing else runs"),
    };
    let targets = [share("x", "1")];
    store
        .finish_run(conclusion(run, "p", &targets, now_queued(at(0)), at(1)))
        .await
        .unwrap();
    drop(store);

    let store = Store::open(&directory.path().join("revokd.db")).unwrap();
    assert_eq!(store.run(run).await.unwrap().unwrap().state, RunState::Finished);
    let (task, attempts) = store.task(1).await.unwrap().unwrap();
    assert_eq!(
        (task.state, task.allowed_from, attempts.len()),
        (TaskState::Queued, at(0), 0)
    );
    assert_eq!(task.revocation, revocation("p", &targets[0]));
}

#[test]
fn a_store_met_through_a_link_has_the_same_lock() {
    let scene = Scene::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let (to_file, to_directory) = (
        elsewhere.path().join("linked.db"),
        elsewhere.path().join("linked"),
    );
    std::os::unix::fs::symlink(scene.path(), &to_file).unwrap();
    std::os::unix::fs::symlink(scene.path().parent().unwrap(), &to_directory).unwrap();
    let lock = scene.store.dispatch_lock().unwrap().expect("nobody has it");
    for path in [to_file, to_directory.join("revokd.db")] {
        let linked = Store::open(&path).unwrap();
        assert!(linked.dispatch_lock().unwrap().is_none());
        assert_eq!(linked.dispatcher_pid(), Some(std::process::id()));
    }
    drop(lock);
}

#[tokio::test]
async fn only_one_store_of_a_file_dispatches() {
    let scene = Scene::new();
    let other = Store::open(&scene.path()).unwrap();
    let lock = scene.store.dispatch_lock().unwrap().expect("nobody has it");
    assert!(other.dispatch_lock().unwrap().is_none());
    assert_eq!(other.dispatcher_pid(), Some(std::process::id()));
    drop(lock);
    assert!(other.dispatch_lock().unwrap().is_some());
}
