//! Calls that rest on a list of people.

use jiff::SignedDuration;

use super::scene::Scene;
use crate::{
    daemon::{
        context::Rules,
        people::{
            People,
            tests::{down, scripted},
        },
    },
    engine::{
        people::tests::{entry, roll},
        policy::Match,
    },
    model::{Entry, Roll, TaskState},
    sources::ReadFailure,
};

/// One share that is in the queue, by a policy that decides by the list.
async fn scene(people: People) -> Scene {
    let scene = Scene::new(1, 1).await;
    let before = scene.context.rules();
    let mut policy = before.policies[0].as_ref().clone();
    policy.matcher = Match {
        subject_in: vec!["list".into()],
        ..Match::default()
    };
    let rules = Rules {
        policies: vec![policy.into()],
        protection: before.protection.clone(),
        people,
    };
    scene.context.rules.send_replace(rules.into());
    scene
}

/// A list of somebody who left and owned the project.
fn left() -> Result<Roll, ReadFailure> {
    let owner = Entry {
        projects: vec!["project000".into()],
        ..entry("ann")
    };
    Ok(roll(vec![owner, entry("bea")]))
}

fn back() -> Result<Roll, ReadFailure> {
    Ok(roll(vec![entry("bea"), entry("cas")]))
}

#[tokio::test]
async fn who_is_still_on_the_list_loses_access() {
    let scene = scene(scripted(vec![left()])).await;
    assert_eq!(scene.carry_out().await, 1);
    assert_eq!(scene.in_state(TaskState::Done).await.len(), 1);
    scene.finish().await;
}

#[tokio::test]
async fn who_is_on_the_list_no_more_keeps_it() {
    let scene = scene(scripted(vec![back()])).await;
    assert_eq!(scene.carry_out().await, 1);
    assert_eq!(scene.in_state(TaskState::Cancelled).await.len(), 1);
    assert!(scene.calls().is_empty());
    scene.finish().await;
}

#[tokio::test]
async fn a_directory_that_is_down_has_nothing_called_and_burns_no_try() {
    let mut answers = vec![down(); 20];
    answers.push(left());
    let scene = scene(scripted(answers)).await;
    let mut rounds = 0;
    while scene.in_state(TaskState::Queued).await.len() == 1 && rounds < 30 {
        let began = scene.context.now();
        rounds += scene.carry_out().await;
        scene.clock.leap(SignedDuration::from_secs(61));
        let waiting = scene.in_state(TaskState::Queued).await;
        if let Some(task) = waiting.first() {
            assert!(task.not_before >= began + SignedDuration::from_mins(1));
            assert!(scene.calls().is_empty());
        }
    }
    assert_eq!(rounds, 21, "more than a task has tries");
    assert_eq!(scene.in_state(TaskState::Done).await.len(), 1);
    scene.finish().await;
}

#[tokio::test]
async fn a_source_that_the_rules_no_longer_have_has_nothing_called() {
    let scene = scene(People::default()).await;
    scene.carry_out().await;
    assert_eq!(scene.in_state(TaskState::Queued).await.len(), 1);
    assert!(scene.calls().is_empty());
    scene.finish().await;
}
