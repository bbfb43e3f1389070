//! Policies that share a cloud, and those that are urgent.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::model::{OtherTask, TaskState};

/// A whole run of an urgent policy.
async fn urgent_run(scene: &Scene, policy: &str, targets: &[Target], now: Timestamp) -> Finished {
    let run = scene.begin(policy, now).await;
    let conclusion = Conclusion {
        priority: Priority::Urgent,
        ..conclusion(run, policy, targets, now_queued(now), now)
    };
    scene.store.finish_run(conclusion).await.unwrap()
}

async fn claim_urgent(scene: &Scene, now: Timestamp) -> Vec<Claimed> {
    let claim = scene
        .store
        .claim(cloud(), Priority::Urgent, shares(100), now, LEASE);
    claim.await.unwrap()
}

/// How many of each policy were claimed.
fn of_policies(claimed: &[Claimed]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for one in claimed {
        let policy = &one.task.revocation.evidence.policy;
        *counts.entry(policy.to_string()).or_default() += 1;
    }
    counts
}

fn images(prefix: &str, count: usize) -> Vec<Target> {
    (0..count).map(|n| share(&format!("{prefix}{n}"), "1")).collect()
}

#[tokio::test]
async fn a_long_backlog_of_one_policy_leaves_the_others_their_share() {
    let scene = Scene::new();
    scene
        .run("backlog", &images("old", 300), now_queued(at(0)), at(0))
        .await;
    scene
        .run("few", &images("new", 3), now_queued(at(5)), at(5))
        .await;
    scene
        .run("many", &images("more", 50), now_queued(at(6)), at(6))
        .await;
    let counts = of_policies(&scene.claim(30, at(9)).await);
    let expected = [("backlog", 14), ("few", 3), ("many", 13)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(counts, BTreeMap::from(expected));
}

#[tokio::test]
async fn with_too_little_room_for_all_the_policy_that_is_due_the_longest_comes_first() {
    let scene = Scene::new();
    for (number, policy) in ["c", "b", "a"].into_iter().enumerate() {
        let due = at(number.try_into().unwrap());
        scene.run(policy, &images(policy, 2), now_queued(due), due).await;
    }
    let mut turns = Vec::new();
    for _ in 0..3 {
        turns.push(of_policies(&scene.claim(2, at(9)).await));
    }
    let one_each = BTreeMap::from([("b".to_owned(), 1), ("c".to_owned(), 1)]);
    let both = BTreeMap::from([("a".to_owned(), 2)]);
    assert_eq!(turns, [one_each.clone(), one_each, both]);
}

#[tokio::test]
async fn what_one_call_serves_comes_together_even_if_it_is_several_policies_doing() {
    let scene = Scene::new();
    scene
        .run("p", &[share("x", "1"), share("y", "1")], now_queued(at(0)), at(0))
        .await;
    scene
        .run("q", &[share("z", "2"), share("x", "2")], now_queued(at(1)), at(1))
        .await;
    let claimed = scene.claim(4, at(9)).await;
    let resources: Vec<&str> = claimed
        .iter()
        .map(|one| one.task.revocation.target.resource.as_str())
        .collect();
    assert_eq!(resources, ["x", "x", "y", "z"]);
}

#[tokio::test]
async fn the_two_priorities_are_claimed_apart() {
    let scene = Scene::new();
    scene
        .run("slow", &images("old", 10), now_queued(at(0)), at(0))
        .await;
    urgent_run(&scene, "leavers", &images("leaver", 2), at(7)).await;
    let kinds = Kind::ALL.to_vec();
    let next = scene.store.next_due(cloud(), Priority::Urgent, kinds);
    assert_eq!(next.await.unwrap(), Some(at(7)));
    let claimed = claim_urgent(&scene, at(9)).await;
    assert_eq!(of_policies(&claimed), BTreeMap::from([("leavers".to_owned(), 2)]));
    assert!(claimed.iter().all(|one| one.task.priority == Priority::Urgent));
    let rest = scene.claim(100, at(9)).await;
    assert_eq!(of_policies(&rest), BTreeMap::from([("slow".to_owned(), 10)]));
}

#[tokio::test]
async fn what_is_urgent_takes_over_what_only_stands_in_the_queue() {
    let scene = Scene::new();
    let target = [share("i", "p")];
    scene.run("slow", &target, now_queued(at(0)), at(0)).await;
    let finished = urgent_run(&scene, "leavers", &target, at(1)).await;
    assert_eq!((finished.queued, finished.taken_over), (1, 1));
    assert_eq!(scene.task(1).await.state, TaskState::Cancelled);
    assert_eq!(scene.task(2).await.priority, Priority::Urgent);
    let elsewhere = scene
        .store
        .live_elsewhere("slow".into(), target.to_vec())
        .await
        .unwrap();
    let urgent = OtherTask {
        state: TaskState::Queued,
        priority: Priority::Urgent,
    };
    assert_eq!(elsewhere.get(&target[0]), Some(&urgent));

    let (_, back) = scene.run("slow", &target, now_queued(at(2)), at(2)).await;
    assert_eq!(
        (back.queued, back.already_queued),
        (0, 1),
        "never the other way round"
    );
    let another = urgent_run(&scene, "others", &target, at(3)).await;
    assert_eq!(another.already_queued, 1, "nor among equals");
    scene.assert_sound().await;
}

#[tokio::test]
async fn of_what_others_have_in_the_queue_a_run_reads_its_own_targets() {
    let scene = Scene::new();
    let (backlog, own) = (images("old", 10), images("own", 1));
    scene.run("slow", &backlog, now_queued(at(0)), at(0)).await;
    scene.run("leavers", &own, now_queued(at(0)), at(0)).await;
    let elsewhere = async |targets: &[Target]| {
        let found = scene.store.live_elsewhere("leavers".into(), targets.to_vec());
        let found = found.await.unwrap();
        found.into_keys().collect::<HashSet<_>>()
    };
    let asked = [backlog[3].clone(), own[0].clone(), share("nowhere", "1")];
    assert_eq!(elsewhere(&asked).await, HashSet::from([backlog[3].clone()]));
    assert_eq!(elsewhere(&[]).await, HashSet::new());
    for claimed in scene.claim(100, at(1)).await {
        scene.settle(&claimed, done(), at(2)).await;
    }
    assert_eq!(
        elsewhere(&asked).await,
        HashSet::new(),
        "what is done is in no queue"
    );
}

#[tokio::test]
async fn what_a_worker_has_or_a_call_may_have_been_made_for_is_not_taken_over() {
    let scene = Scene::new();
    let target = [share("i", "p")];
    scene.run("slow", &target, now_queued(at(0)), at(0)).await;
    let claimed = scene.claim(1, at(1)).await;
    assert_eq!(
        urgent_run(&scene, "leavers", &target, at(2)).await.already_queued,
        1
    );
    scene.settle(&claimed[0], again(at(9), true, true), at(3)).await;
    assert_eq!(scene.task(1).await.state, TaskState::Verifying);
    assert_eq!(
        urgent_run(&scene, "leavers", &target, at(4)).await.already_queued,
        1
    );
}

#[tokio::test]
async fn what_an_urgent_policy_gave_up_is_not_taken_to_and_fro() {
    let scene = Scene::new();
    let target = [share("i", "p")];
    urgent_run(&scene, "leavers", &target, at(0)).await;
    let claimed = claim_urgent(&scene, at(1)).await.remove(0);
    scene.settle(&claimed, dead(), at(2)).await;
    let (_, taken) = scene.run("slow", &target, now_queued(at(3)), at(3)).await;
    assert_eq!(taken.taken_over, 1);
    let again = urgent_run(&scene, "leavers", &target, at(4)).await;
    assert_eq!((again.taken_over, again.already_queued), (0, 1));
}

/// Tasks of some policies on a few images, each due at a moment of its own.
fn backlogs() -> impl Strategy<Value = Vec<Vec<(u8, u8)>>> {
    let backlog = proptest::collection::vec((0..6_u8, 0..8_u8), 1..25);
    proptest::collection::vec(backlog, 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_task_is_claimed_twice_and_each_policy_gets_its_share(backlogs in backlogs(), limit in 1..20_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let scene = Scene::new();
            let mut waiting = BTreeMap::new();
            for (policy, backlog) in backlogs.iter().enumerate() {
                let name = format!("policy{policy}");
                for (number, (image, due)) in backlog.iter().enumerate() {
                    let target = share(&format!("image{image}"), &format!("project{policy}-{number}"));
                    let due = at(i64::from(*due));
                    scene.run(&name, &[target], now_queued(due), at(0)).await;
                }
                waiting.insert(name, backlog.len());
            }
            let mut claimed_before = HashSet::new();
            while !waiting.is_empty() {
                let claimed = scene.claim(limit, at(9)).await;
                let all: usize = waiting.values().sum();
                assert_eq!(claimed.len(), limit.min(all), "no more than asked for, and no less");
                let counts = of_policies(&claimed);
                for (policy, left) in &waiting {
                    let fair = limit / waiting.len();
                    let got = counts.get(policy).copied().unwrap_or_default();
                    assert!(got >= fair.min(*left), "{policy} got {got} of {limit}, with {left} waiting: {counts:?}");
                }
                for one in &claimed {
                    assert!(claimed_before.insert(one.task.id), "task {} came twice", one.task.id);
                }
                for (policy, got) in counts {
                    let left = waiting.get_mut(&policy).expect("only what waits is claimed");
                    *left -= got;
                    if *left == 0 {
                        waiting.remove(&policy);
                    }
                }
            }
            assert_eq!(scene.claim(limit, at(9)).await, vec![]);
        });
    }
}
