//! Several policies that want the same target, and runs that are left with
//! nothing to allow.

use super::*;
use crate::model::{Hold, TaskState};

fn hold(hold: Hold) -> Enqueue {
    Enqueue::Hold {
        hold,
        not_before: at(1_000),
    }
}

async fn run_state(scene: &Scene, run: RunId) -> RunState {
    scene.store.run(run).await.unwrap().unwrap().state
}

/// A run of policy `name` that ends in `held`.
async fn braked(scene: &Scene, name: &str, targets: &[Target], now: Timestamp) -> (RunId, Finished) {
    let run = scene.begin(name, now).await;
    let conclusion = Conclusion {
        state: RunState::Held,
        ..conclusion(run, name, targets, hold(Hold::Brake), now)
    };
    (run, scene.store.finish_run(conclusion).await.unwrap())
}

async fn give_up(scene: &Scene, now: Timestamp) {
    let claimed = scene.claim(1, now).await.remove(0);
    assert!(scene.settle(&claimed, dead(), now).await);
}

#[tokio::test]
async fn a_decision_for_now_goes_before_one_that_waits_under_another_policy() {
    for waiting in [Hold::Grace, Hold::Approval, Hold::Brake] {
        let scene = Scene::new();
        scene.run("slow", &[share("i", "p")], hold(waiting), at(0)).await;
        let (run, finished) = scene
            .run(
                "urgent",
                &[share("i", "p"), share("i", "q")],
                now_queued(at(1)),
                at(1),
            )
            .await;
        let expected = Finished {
            queued: 2,
            taken_over: 1,
            ..Finished::default()
        };
        assert_eq!(finished, expected);
        assert!(!scene.store.is_drained(at(1)).await.unwrap());
        let old = scene.task(1).await;
        assert_eq!(
            (old.state, old.note.as_str()),
            (TaskState::Cancelled, "decided sooner by policy urgent")
        );
        assert_eq!(scene.claim(10, at(2)).await.len(), 2);
        let notes = scene.store.run(run).await.unwrap().unwrap().notes;
        assert_eq!(notes, finished.notes());
        assert!(notes[0].starts_with("1 taken over"), "{notes:?}");
        scene.assert_sound().await;
    }
}

#[tokio::test]
async fn what_goes_on_already_or_is_to_wait_leaves_another_policys_task() {
    let scene = Scene::new();
    let targets = [share("a", "1"), share("b", "1"), share("c", "1")];
    scene.run("one", &targets, now_queued(at(0)), at(0)).await;
    let claimed = scene.claim(2, at(1)).await;
    scene.settle(&claimed[0], again(at(900), true, true), at(1)).await;
    let states = async || {
        let tasks = scene.store.tasks(TaskFilter::default(), 10).await.unwrap();
        tasks.iter().map(|task| task.state).collect::<Vec<_>>()
    };
    let before = states().await;
    assert_eq!(
        before,
        [TaskState::Queued, TaskState::Claimed, TaskState::Verifying]
    );
    let (run, finished) = scene.run("two", &targets, now_queued(at(2)), at(2)).await;
    assert_eq!(
        (finished.queued, finished.already_queued, finished.taken_over),
        (0, 3, 0)
    );
    let notes = scene.store.run(run).await.unwrap().unwrap().notes;
    assert_eq!(notes, ["3 in the queue already by another policy"]);
    assert_eq!(states().await, before);

    let waits = [share("d", "1")];
    scene.run("one", &waits, hold(Hold::Grace), at(3)).await;
    let (_, finished) = scene.run("two", &waits, hold(Hold::Grace), at(4)).await;
    assert_eq!((finished.queued, finished.already_queued), (0, 1));
    scene.assert_sound().await;
}

#[tokio::test]
async fn a_policys_own_waiting_task_stays() {
    let scene = Scene::new();
    scene.run("p", &[share("i", "p")], hold(Hold::Grace), at(0)).await;
    let (_, finished) = scene.run("p", &[share("i", "p")], now_queued(at(1)), at(1)).await;
    assert_eq!((finished.already_queued, finished.taken_over), (1, 0));
}

#[tokio::test]
async fn what_one_policy_gave_up_another_tries_and_then_neither() {
    let scene = Scene::new();
    let target = [share("i", "p")];
    scene.run("one", &target, now_queued(at(0)), at(0)).await;
    give_up(&scene, at(1)).await;
    let (_, finished) = scene.run("two", &target, now_queued(at(2)), at(2)).await;
    assert_eq!((finished.queued, finished.taken_over), (1, 1));
    give_up(&scene, at(3)).await;
    for (second, policy) in [(4, "one"), (5, "two"), (6, "one")] {
        let (_, finished) = scene
            .run(policy, &target, now_queued(at(second)), at(second))
            .await;
        assert_eq!((finished.queued, finished.already_queued), (0, 1));
    }
    assert_eq!(scene.task(2).await.state, TaskState::Dead);

    let run = scene.begin("one", at(7)).await;
    let mut granted_again = conclusion(run, "one", &target, now_queued(at(7)), at(7));
    granted_again.revocations[0].evidence.grant_version = at(6).to_string();
    let finished = scene.store.finish_run(granted_again).await.unwrap();
    assert_eq!(finished.taken_over, 1, "another grant is another matter");
    scene.assert_sound().await;
}

#[tokio::test]
async fn a_held_run_that_lost_its_last_task_is_over() {
    let scene = Scene::new();
    let (first, finished) = braked(&scene, "a", &[share("i", "p"), share("i", "q")], at(0)).await;
    assert!(finished.held);
    let run = scene.begin("a", at(3)).await;
    let released = Conclusion {
        release: vec![(1, "no longer matches".into())],
        ..conclusion(run, "a", &[], Enqueue::Nothing, at(3))
    };
    scene.store.finish_run(released).await.unwrap();
    assert_eq!(run_state(&scene, first).await, RunState::Held);
    scene
        .store
        .cancel_task(2, "ann".into(), "a mistake".into(), at(4))
        .await
        .unwrap();
    assert_eq!(run_state(&scene, first).await, RunState::Superseded);
    let of_run = AuditFilter {
        run: Some(first),
        ..AuditFilter::default()
    };
    let last = scene.store.audit(of_run, 1).await.unwrap().remove(0);
    assert_eq!((last.event, last.actor.as_str()), (Event::RunSuperseded, "ann"));

    let (second, _) = braked(&scene, "a", &[share("i", "p")], at(5)).await;
    let run = scene.begin("a", at(6)).await;
    let released = Conclusion {
        release: vec![(3, "no longer matches".into())],
        ..conclusion(run, "a", &[], Enqueue::Nothing, at(6))
    };
    scene.store.finish_run(released).await.unwrap();
    assert_eq!(run_state(&scene, second).await, RunState::Superseded);

    let (third, _) = braked(&scene, "a", &[share("i", "p")], at(7)).await;
    scene.run("b", &[share("i", "p")], now_queued(at(8)), at(8)).await;
    assert_eq!(run_state(&scene, third).await, RunState::Superseded);
    scene.assert_sound().await;
}

#[tokio::test]
async fn a_run_with_nothing_to_allow_is_not_held() {
    let scene = Scene::new();
    scene.run("a", &[share("i", "p")], now_queued(at(0)), at(0)).await;
    let (run, finished) = braked(&scene, "b", &[share("i", "p")], at(1)).await;
    assert!(!finished.held);
    assert_eq!(run_state(&scene, run).await, RunState::Finished);
    scene.assert_sound().await;
}

#[tokio::test]
async fn a_call_that_may_have_been_made_is_settled_by_a_look_alone() {
    let scene = Scene::new();
    scene.run("a", &[share("i", "p")], now_queued(at(0)), at(0)).await;
    let claimed = scene.claim(1, at(1)).await.remove(0);
    scene.settle(&claimed, again(at(9), true, true), at(2)).await;
    let run = scene.begin("a", at(3)).await;
    let released = Conclusion {
        release: vec![(claimed.task.id, "the policy changed since the decision".into())],
        ..conclusion(run, "a", &[], Enqueue::Nothing, at(3))
    };
    assert_eq!(scene.store.finish_run(released).await.unwrap().released, 0);
    assert_eq!(scene.task(claimed.task.id).await.state, TaskState::Verifying);
}

#[tokio::test]
async fn an_empty_id_fails_its_run_alone_and_says_so() {
    let scene = Scene::new();
    for (resource, subject) in [("i", ""), ("", "p")] {
        let bad = scene.begin("bad", at(0)).await;
        let good = scene.begin("good", at(0)).await;
        let targets = [share("ok", "p"), share(resource, subject)];
        let (failed, finished) = futures::future::join(
            scene
                .store
                .finish_run(conclusion(bad, "bad", &targets, now_queued(at(0)), at(0))),
            scene.store.finish_run(conclusion(
                good,
                "good",
                &[share(&format!("fine {subject}"), "p")],
                now_queued(at(0)),
                at(0),
            )),
        )
        .await;
        assert!(matches!(failed, Err(RunError::EmptyId(_))), "{failed:?}");
        assert_eq!(finished.unwrap().queued, 1);
        assert_eq!(run_state(&scene, bad).await, RunState::Running);
        let failed = Conclusion {
            state: RunState::Failed,
            ..conclusion(bad, "bad", &[], Enqueue::Nothing, at(1))
        };
        scene.store.finish_run(failed).await.unwrap();
    }
    assert_eq!(scene.claim(10, at(2)).await.len(), 2);
    scene.assert_sound().await;
}

#[tokio::test]
async fn decisions_of_the_newest_observing_runs_alone_are_kept() {
    let scene = Scene::new();
    scene
        .run("other", &[share("i", "p")], Enqueue::Nothing, at(0))
        .await;
    let mut runs = Vec::new();
    for second in 1..=8 {
        let (run, _) = scene
            .run(
                "p",
                &[share("i", "p"), share("i", "q")],
                Enqueue::Nothing,
                at(second),
            )
            .await;
        scene.run("p", &[], Enqueue::Nothing, at(second)).await;
        runs.push(run);
    }
    let mut kept = Vec::new();
    for run in runs {
        let (shown, total) = scene.store.run_decisions(run, 10).await.unwrap();
        assert_eq!(total, 2);
        kept.push(shown.len());
    }
    assert_eq!(kept, [0, 0, 0, 2, 2, 2, 2, 2]);
    assert_eq!(scene.store.run_decisions(1, 10).await.unwrap().0.len(), 1);
}
