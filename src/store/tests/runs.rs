//! Runs: overlap, holding, allowing, superseding, and what a crash leaves.

use super::*;
use crate::model::{Hold, TaskState};

const BRAKE: Enqueue = Enqueue::Hold {
    hold: Hold::Brake,
    not_before: Timestamp::UNIX_EPOCH,
};

async fn held(scene: &Scene, targets: &[Target]) -> RunId {
    let run = scene.begin("p", at(0)).await;
    let conclusion = Conclusion {
        state: RunState::Held,
        notes: vec!["wanted too much".into()],
        ..conclusion(run, "p", targets, BRAKE, at(1))
    };
    scene.store.finish_run(conclusion).await.unwrap();
    run
}

async fn states(scene: &Scene, run: RunId) -> Vec<TaskState> {
    let filter = TaskFilter {
        run: Some(run),
        ..TaskFilter::default()
    };
    scene
        .store
        .tasks(filter, 100)
        .await
        .unwrap()
        .iter()
        .map(|task| task.state)
        .collect()
}

#[tokio::test]
async fn a_policy_never_overlaps_itself_and_others_do_not_wait() {
    let scene = Scene::new();
    let run = scene.begin("p", at(0)).await;
    let again = scene.store.begin_run(new_run("p", at(1))).await.unwrap();
    assert_eq!(again, Begun::Overlaps(run));
    scene.begin("q", at(1)).await;
    scene
        .store
        .finish_run(conclusion(run, "p", &[], Enqueue::Nothing, at(2)))
        .await
        .unwrap();
    scene.begin("p", at(3)).await;
    scene.assert_sound().await;
}

#[tokio::test]
async fn a_run_that_a_killed_neighbour_left_blocks_its_policy_for_a_while_only() {
    let scene = Scene::new();
    let lock = scene.store.dispatch_lock().unwrap().expect("nobody has it");
    scene.store.abandon_running(&lock, at(0)).await.unwrap();
    let left = {
        let neighbour = Store::open(&scene.path()).unwrap();
        match neighbour.begin_run(new_run("p", at(0))).await.unwrap() {
            Begun::Started(run) => run,
            Begun::Overlaps(_) => panic!("nothing else runs"),
        }
    };
    let until = at(0) + RUN_AT_MOST;
    let early = scene.store.begin_run(new_run("p", until)).await.unwrap();
    assert_eq!(early, Begun::Overlaps(left));
    let run = scene.begin("p", until + SignedDuration::from_secs(1)).await;
    let failed = scene.store.run(left).await.unwrap().unwrap();
    assert_eq!(failed.state, RunState::Failed);
    assert!(failed.notes[0].contains("interrupted"), "{:?}", failed.notes);
    let late = conclusion(left, "p", &[share("i", "p")], now_queued(until), until);
    assert!(matches!(
        scene.store.finish_run(late).await,
        Err(RunError::NotRunning { .. })
    ));
    assert_ne!(run, left);
    scene.assert_sound().await;
}

#[tokio::test]
async fn a_run_ends_only_once() {
    let scene = Scene::new();
    let (run, _) = scene.run("p", &[], Enqueue::Nothing, at(0)).await;
    let twice = scene
        .store
        .finish_run(conclusion(run, "p", &[], Enqueue::Nothing, at(1)))
        .await;
    assert!(matches!(
        twice,
        Err(RunError::NotRunning {
            state: RunState::Finished,
            ..
        })
    ));
    let unknown = scene
        .store
        .finish_run(conclusion(77, "p", &[], Enqueue::Nothing, at(1)))
        .await;
    assert!(matches!(unknown, Err(RunError::NoSuchRun(77))));
}

#[tokio::test]
async fn an_observing_run_shows_its_decisions_and_queues_nothing() {
    let scene = Scene::new();
    let many: Vec<_> = (0..1_500)
        .map(|number| share("image", &format!("{number}")))
        .collect();
    let (run, finished) = scene.run("p", &many, Enqueue::Nothing, at(0)).await;
    assert_eq!(finished, Finished::default());
    let (kept, total) = scene.store.run_decisions(run, usize::MAX).await.unwrap();
    assert_eq!((kept.len(), total), (1_000, 1_500));
    assert_eq!(kept[0], revocation("p", &many[0]));
    assert!(
        scene
            .store
            .tasks(TaskFilter::default(), 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_queueing_run_shows_the_decisions_behind_its_tasks() {
    let scene = Scene::new();
    let (run, _) = scene
        .run("p", &[share("x", "1"), share("x", "2")], now_queued(at(0)), at(0))
        .await;
    let (shown, total) = scene.store.run_decisions(run, 1).await.unwrap();
    assert_eq!((shown, total), (vec![revocation("p", &share("x", "1"))], 2));
}

#[tokio::test]
async fn a_held_run_gives_nothing_away_until_it_is_allowed() {
    let scene = Scene::new();
    let run = held(&scene, &[share("x", "1"), share("x", "2")]).await;
    assert!(scene.claim(10, at(9)).await.is_empty());
    assert_eq!(scene.next_due(cloud()).await, None);
    scene.store.allow_run(run, "ann".into(), at(9)).await.unwrap();
    assert_eq!(
        scene.store.run(run).await.unwrap().unwrap().state,
        RunState::Allowed
    );
    let claimed = scene.claim(10, at(9)).await;
    assert_eq!(claimed.len(), 2);
    assert_eq!(claimed[0].task.allowed_from, at(9));
    let twice = scene.store.allow_run(run, "ann".into(), at(10)).await;
    assert!(matches!(
        twice,
        Err(RunError::NotHeld {
            state: RunState::Allowed,
            ..
        })
    ));
    scene.assert_sound().await;
}

#[tokio::test]
async fn a_rejected_run_frees_its_targets() {
    let scene = Scene::new();
    let run = held(&scene, &[share("x", "1")]).await;
    scene
        .store
        .reject_run(run, "ann".into(), "not these".into(), at(5))
        .await
        .unwrap();
    assert_eq!(states(&scene, run).await, [TaskState::Cancelled]);
    let rejected = scene.store.run(run).await.unwrap().unwrap();
    assert_eq!(
        (rejected.state, rejected.finished_at),
        (RunState::Rejected, Some(at(1)))
    );
    let (_, finished) = scene.run("p", &[share("x", "1")], now_queued(at(6)), at(6)).await;
    assert_eq!(finished.queued, 1);
    let last = scene
        .store
        .audit(
            AuditFilter {
                run: Some(run),
                ..AuditFilter::default()
            },
            1,
        )
        .await
        .unwrap();
    assert_eq!(
        (last[0].actor.as_str(), last[0].detail.as_str()),
        ("ann", "not these")
    );
    scene.assert_sound().await;
}

#[tokio::test]
async fn a_later_run_supersedes_a_held_one_and_takes_its_targets() {
    let scene = Scene::new();
    let first = held(&scene, &[share("x", "1"), share("x", "2")]).await;
    let second = scene.begin("p", at(5)).await;
    let conclusion = Conclusion {
        supersede: Some(first),
        state: RunState::Held,
        ..conclusion(second, "p", &[share("x", "2")], BRAKE, at(6))
    };
    let finished = scene.store.finish_run(conclusion).await.unwrap();
    assert_eq!((finished.queued, finished.already_queued), (1, 0));
    assert_eq!(
        scene.store.run(first).await.unwrap().unwrap().state,
        RunState::Superseded
    );
    assert_eq!(states(&scene, first).await, [TaskState::Cancelled; 2]);
    assert_eq!(states(&scene, second).await, [TaskState::Held]);
    scene.assert_sound().await;
}

#[tokio::test]
async fn an_allowed_run_is_not_superseded() {
    let scene = Scene::new();
    let first = held(&scene, &[share("x", "1")]).await;
    scene.store.allow_run(first, "ann".into(), at(4)).await.unwrap();
    let second = scene.begin("p", at(5)).await;
    let conclusion = Conclusion {
        supersede: Some(first),
        ..conclusion(second, "p", &[share("x", "1")], BRAKE, at(6))
    };
    let finished = scene.store.finish_run(conclusion).await.unwrap();
    assert_eq!((finished.queued, finished.already_queued), (0, 1));
    assert_eq!(states(&scene, first).await, [TaskState::Queued]);
    scene.assert_sound().await;
}

#[tokio::test]
async fn a_run_releases_what_lost_its_reason_but_not_what_a_worker_has() {
    let scene = Scene::new();
    scene
        .run("p", &[share("x", "1"), share("y", "1")], now_queued(at(0)), at(0))
        .await;
    let claimed = scene.claim(1, at(1)).await.remove(0);
    let live = scene.store.live(PolicyName::from("p")).await.unwrap();
    assert_eq!(live.len(), 2);
    assert_eq!(
        (live[0].grant_version.as_str(), live[0].policy_digest.as_str()),
        (at(-3_600).to_string().as_str(), "d1")
    );

    let run = scene.begin("p", at(5)).await;
    let conclusion = Conclusion {
        release: live
            .iter()
            .map(|task| (task.id, "granted afresh".to_owned()))
            .collect(),
        ..conclusion(run, "p", &[], Enqueue::Nothing, at(6))
    };
    assert_eq!(scene.store.finish_run(conclusion).await.unwrap().released, 1);
    let live = scene.store.live(PolicyName::from("p")).await.unwrap();
    assert_eq!(
        live.iter().map(|task| task.id).collect::<Vec<_>>(),
        [claimed.task.id]
    );
    scene.assert_sound().await;
}

#[tokio::test]
async fn what_a_killed_process_left_is_failed_or_looked_at_again() {
    let scene = Scene::new();
    scene.run("p", &[share("x", "1")], now_queued(at(0)), at(0)).await;
    let claimed = scene.claim(1, at(1)).await.remove(0);
    let run = scene.begin("p", at(2)).await;
    let lock = scene.store.dispatch_lock().unwrap().expect("nobody has it");
    let abandoned = scene.store.abandon_running(&lock, at(3)).await.unwrap();
    assert_eq!(
        (abandoned.runs, abandoned.tasks),
        (vec![run], vec![claimed.task.id])
    );

    let failed = scene.store.run(run).await.unwrap().unwrap();
    assert_eq!(
        (failed.state, failed.finished_at),
        (RunState::Failed, Some(at(3)))
    );
    assert!(failed.notes[0].contains("interrupted"));
    let (task, attempts) = scene.store.task(claimed.task.id).await.unwrap().unwrap();
    assert_eq!((task.state, task.not_before), (TaskState::Verifying, at(3)));
    assert_eq!(attempts[0].outcome.as_deref(), Some("interrupted"));
    assert!(!scene.settle(&claimed, done(), at(4)).await);
    assert!(scene.claim(1, at(4)).await[0].called);
    scene.assert_sound().await;
}

#[tokio::test]
async fn a_schedule_remembers_its_last_fire_and_success() {
    let scene = Scene::new();
    let policy = PolicyName::from("p");
    assert_eq!(scene.store.last_fire(policy.clone()).await.unwrap(), None);
    for second in [5, 9] {
        scene
            .store
            .set_last_fire(policy.clone(), at(second))
            .await
            .unwrap();
        assert_eq!(
            scene.store.last_fire(policy.clone()).await.unwrap(),
            Some(at(second))
        );
    }
    assert_eq!(scene.store.last_success(policy.clone()).await.unwrap(), None);
    scene.run("p", &[], Enqueue::Nothing, at(20)).await;
    let run = scene.begin("p", at(30)).await;
    let failed = Conclusion {
        state: RunState::Failed,
        ..conclusion(run, "p", &[], Enqueue::Nothing, at(31))
    };
    scene.store.finish_run(failed).await.unwrap();
    scene.begin("p", at(40)).await;
    assert_eq!(scene.store.last_success(policy).await.unwrap(), Some(at(20)));
    let failed = RunFilter {
        state: Some(RunState::Failed),
        policy: Some(PolicyName::from("p")),
    };
    assert_eq!(scene.store.runs(failed, 10).await.unwrap().len(), 1);
}
