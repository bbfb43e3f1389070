//! What is left of policies and clouds that are no longer configured.

use super::*;
use crate::model::{Hold, TaskState};

async fn retire(scene: &Scene, policies: &[&str], clouds: &[&str]) -> Retired {
    let policies = policies.iter().copied().map(PolicyName::from).collect();
    let clouds = clouds.iter().copied().map(CloudName::from).collect();
    scene.store.retire(policies, clouds, at(50)).await.unwrap()
}

/// Tasks 1 to 5 of policy `p`: queued, held, verifying, dead and claimed.
async fn one_in_each_state() -> (Scene, RunId) {
    let scene = Scene::new();
    let now = [share("verifying", "1"), share("dead", "1"), share("claimed", "1")];
    scene.run("p", &now, now_queued(at(0)), at(0)).await;
    let claimed = scene.claim(3, at(1)).await;
    scene.settle(&claimed[0], again(at(9), true, true), at(2)).await;
    scene.settle(&claimed[1], dead(), at(2)).await;
    scene
        .run("p", &[share("queued", "1")], now_queued(at(30)), at(3))
        .await;
    let run = scene.begin("p", at(4)).await;
    let hold = Enqueue::Hold {
        hold: Hold::Approval,
        not_before: at(4),
    };
    let held = Conclusion {
        state: RunState::Held,
        ..conclusion(run, "p", &[share("held", "1")], hold, at(4))
    };
    scene.store.finish_run(held).await.unwrap();
    (scene, run)
}

async fn states(scene: &Scene) -> Vec<(TaskState, String)> {
    let mut tasks = scene.store.tasks(TaskFilter::default(), 10).await.unwrap();
    tasks.reverse();
    tasks.into_iter().map(|task| (task.state, task.note)).collect()
}

#[tokio::test]
async fn what_is_configured_stays() {
    let (scene, _) = one_in_each_state().await;
    let before = states(&scene).await;
    assert_eq!(retire(&scene, &["p", "q"], &["otc"]).await, Retired::default());
    assert_eq!(states(&scene).await, before);
}

#[tokio::test]
async fn a_policy_that_is_gone_takes_its_tasks_with_it_but_for_what_may_be_called() {
    let (scene, run) = one_in_each_state().await;
    let expected = Retired {
        cancelled: 3,
        dead: 0,
    };
    assert_eq!(retire(&scene, &["q"], &["otc"]).await, expected);
    use TaskState::{Cancelled, Claimed, Verifying};
    let (states, notes): (Vec<_>, Vec<_>) = states(&scene).await.into_iter().unzip();
    assert_eq!(states, [Verifying, Cancelled, Claimed, Cancelled, Cancelled]);
    assert_eq!(notes[1], "policy p is no longer there");
    assert_eq!(
        scene.store.run(run).await.unwrap().unwrap().state,
        RunState::Superseded
    );
    assert_eq!(retire(&scene, &["q"], &["otc"]).await, Retired::default());
    scene.assert_sound().await;
}

#[tokio::test]
async fn what_waits_for_a_cloud_that_is_gone_is_given_up() {
    let (scene, run) = one_in_each_state().await;
    let expected = Retired {
        cancelled: 0,
        dead: 3,
    };
    assert_eq!(retire(&scene, &["p"], &["other"]).await, expected);
    use TaskState::{Claimed, Dead};
    let (states, notes): (Vec<_>, Vec<_>) = states(&scene).await.into_iter().unzip();
    assert_eq!(states, [Dead, Dead, Claimed, Dead, Dead]);
    assert_eq!(notes[0], "cloud otc is no longer configured");
    assert_eq!(notes[1], "refused six times");
    assert_eq!(
        scene.store.run(run).await.unwrap().unwrap().state,
        RunState::Superseded
    );
    scene.assert_sound().await;
}

#[tokio::test]
async fn where_both_are_gone_only_what_needs_a_look_is_given_up() {
    let (scene, _) = one_in_each_state().await;
    let expected = Retired {
        cancelled: 3,
        dead: 1,
    };
    assert_eq!(retire(&scene, &[], &[]).await, expected);
    scene.assert_sound().await;
}
