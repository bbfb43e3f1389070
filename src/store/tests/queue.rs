//! Claims, leases, attempts, and what is in the queue once.

use super::*;
use crate::model::{Hold, TaskState};

#[tokio::test]
async fn a_target_is_queued_once_whatever_policy_decides_on_it() {
    let scene = Scene::new();
    let targets = [share("image", "a"), share("image", "b")];
    let (_, first) = scene.run("one", &targets[..1], now_queued(at(0)), at(0)).await;
    let (run, second) = scene.run("two", &targets, now_queued(at(1)), at(1)).await;
    assert_eq!((first.queued, first.already_queued), (1, 0));
    assert_eq!((second.queued, second.already_queued), (1, 1));
    let tasks = scene.store.tasks(TaskFilter::default(), 10).await.unwrap();
    assert_eq!(
        tasks.iter().map(|task| task.id).collect::<Vec<_>>(),
        [2, 1],
        "no number is used up"
    );
    assert_eq!(scene.store.run(run).await.unwrap().unwrap().totals.queued, 1);
    scene.assert_sound().await;
}

#[tokio::test]
async fn a_resource_itself_is_queued_once_though_it_has_no_subject() {
    let scene = Scene::new();
    let image = [Target::image(cloud(), Id::from("image"))];
    scene.run("one", &image, now_queued(at(0)), at(0)).await;
    let (_, again) = scene.run("two", &image, now_queued(at(1)), at(1)).await;
    assert_eq!((again.queued, again.already_queued), (0, 1));
}

#[tokio::test]
async fn what_is_done_can_be_decided_again_and_what_is_dead_cannot() {
    let scene = Scene::new();
    let targets = [share("image", "a"), share("image", "b")];
    scene.run("p", &targets, now_queued(at(0)), at(0)).await;
    let claimed = scene.claim(10, at(1)).await;
    assert!(scene.settle(&claimed[0], done(), at(2)).await);
    assert!(scene.settle(&claimed[1], dead(), at(2)).await);
    let (_, finished) = scene.run("p", &targets, now_queued(at(3)), at(3)).await;
    assert_eq!((finished.queued, finished.already_queued), (1, 1));
    scene.assert_sound().await;
}

#[tokio::test]
async fn an_attempt_is_on_record_before_anything_is_settled() {
    let scene = Scene::new();
    scene
        .run("p", &[share("image", "a")], now_queued(at(0)), at(0))
        .await;
    let claimed = scene.claim(1, at(1)).await.remove(0);
    assert_eq!((claimed.attempt, claimed.called), (1, false));
    let (task, attempts) = scene.store.task(claimed.task.id).await.unwrap().unwrap();
    assert_eq!(task, claimed.task);
    assert_eq!(
        (attempts.len(), attempts[0].began_at, attempts[0].ended_at),
        (1, at(1), None)
    );

    assert!(scene.settle(&claimed, done(), at(2)).await);
    let (task, attempts) = scene.store.task(claimed.task.id).await.unwrap().unwrap();
    assert_eq!((task.state, task.finished_at), (TaskState::Done, Some(at(2))));
    assert_eq!(attempts[0].ended_at, Some(at(2)));
    assert_eq!(attempts[0].outcome.as_deref(), Some("accepted"));
}

#[tokio::test]
async fn tasks_of_one_image_come_together_and_the_longest_due_first() {
    let scene = Scene::new();
    let mixed = [
        share("x", "1"),
        share("y", "1"),
        share("x", "2"),
        share("z", "1"),
        share("y", "2"),
    ];
    scene.run("p", &mixed, now_queued(at(5)), at(0)).await;
    scene.run("q", &[share("y", "3")], now_queued(at(1)), at(0)).await;
    let claimed = scene.claim(5, at(9)).await;
    let order: Vec<_> = claimed
        .iter()
        .map(|one| {
            let target = &one.task.revocation.target;
            format!("{}{}", target.resource, target.subject.as_ref().unwrap())
        })
        .collect();
    assert_eq!(order, ["y3", "y1", "y2", "x1", "x2"]);
}

#[tokio::test]
async fn nothing_is_claimed_before_its_time_or_from_another_cloud() {
    let scene = Scene::new();
    scene
        .run("p", &[share("image", "a")], now_queued(at(10)), at(0))
        .await;
    assert_eq!(scene.next_due(cloud()).await, Some(at(10)));
    assert_eq!(scene.next_due(CloudName::from("other")).await, None);
    assert!(scene.claim(10, at(9)).await.is_empty());
    let other = scene
        .store
        .claim(
            CloudName::from("other"),
            Priority::Normal,
            shares(10),
            at(10),
            LEASE,
        )
        .await
        .unwrap();
    assert!(other.is_empty());
    assert_eq!(scene.claim(10, at(10)).await.len(), 1);
    assert_eq!(scene.next_due(cloud()).await, Some(at(10) + LEASE));
}

#[tokio::test]
async fn grace_ends_at_its_time_and_other_holds_do_not() {
    let scene = Scene::new();
    let hold = |hold| Enqueue::Hold {
        hold,
        not_before: at(10),
    };
    scene
        .run("graceful", &[share("image", "a")], hold(Hold::Grace), at(0))
        .await;
    scene
        .run("braked", &[share("image", "b")], hold(Hold::Brake), at(0))
        .await;
    scene
        .run("approved", &[share("image", "c")], hold(Hold::Approval), at(0))
        .await;
    assert!(scene.store.is_drained(at(9)).await.unwrap());
    assert!(!scene.store.is_drained(at(10)).await.unwrap());
    assert!(scene.claim(10, at(9)).await.is_empty());
    let claimed = scene.claim(10, at(10)).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].task.revocation.evidence.policy.as_str(), "graceful");
    assert_eq!(
        (claimed[0].task.hold, claimed[0].task.allowed_from),
        (None, at(10))
    );
    assert!(!scene.store.is_drained(at(10)).await.unwrap());
    scene.settle(&claimed[0], done(), at(11)).await;
    assert!(scene.store.is_drained(at(11)).await.unwrap());
    scene.assert_sound().await;
}

#[tokio::test]
async fn a_lease_that_ran_out_goes_to_another_and_the_first_can_settle_no_more() {
    let scene = Scene::new();
    scene
        .run("p", &[share("image", "a")], now_queued(at(0)), at(0))
        .await;
    let first = scene.claim(1, at(1)).await.remove(0);
    assert!(scene.claim(1, at(2)).await.is_empty());

    let second = scene.claim(1, at(1) + LEASE).await.remove(0);
    assert_eq!((second.attempt, second.called), (2, true));
    let (_, attempts) = scene.store.task(second.task.id).await.unwrap().unwrap();
    assert_eq!(attempts[0].outcome.as_deref(), Some("interrupted"));

    assert!(!scene.settle(&first, done(), at(400)).await);
    assert_eq!(scene.task(second.task.id).await.state, TaskState::Claimed);
    assert!(scene.settle(&second, done(), at(401)).await);
    assert!(!scene.settle(&second, dead(), at(402)).await);
    scene.assert_sound().await;
}

#[tokio::test]
async fn handing_back_costs_no_attempt_and_a_call_is_remembered() {
    let scene = Scene::new();
    scene
        .run("p", &[share("image", "a")], now_queued(at(0)), at(0))
        .await;
    let claimed = scene.claim(1, at(1)).await.remove(0);
    assert!(scene.settle(&claimed, again(at(2), false, false), at(1)).await);
    let task = scene.task(claimed.task.id).await;
    assert_eq!((task.state, task.attempts), (TaskState::Queued, 0));

    let claimed = scene.claim(1, at(2)).await.remove(0);
    assert!(scene.settle(&claimed, again(at(3), true, true), at(2)).await);
    let task = scene.task(claimed.task.id).await;
    assert_eq!(
        (task.state, task.attempts, task.note.as_str()),
        (TaskState::Verifying, 1, "not yet")
    );

    let claimed = scene.claim(1, at(3)).await.remove(0);
    assert_eq!((claimed.attempt, claimed.tries, claimed.called), (2, 3, true));
    let (_, attempts) = scene.store.task(claimed.task.id).await.unwrap().unwrap();
    assert_eq!(
        attempts.iter().map(|one| one.number).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    scene.assert_sound().await;
}

#[tokio::test]
async fn only_dead_tasks_are_retried_and_they_start_afresh() {
    let scene = Scene::new();
    scene
        .run("p", &[share("image", "a")], now_queued(at(0)), at(0))
        .await;
    let claimed = scene.claim(1, at(1)).await.remove(0);
    let id = claimed.task.id;
    let refused = scene.store.retry_task(id, "ann".into(), at(2)).await;
    assert!(matches!(
        refused,
        Err(TaskError::NotDead {
            state: TaskState::Claimed,
            ..
        })
    ));
    scene.settle(&claimed, dead(), at(3)).await;
    scene.store.retry_task(id, "ann".into(), at(4)).await.unwrap();
    let task = scene.task(id).await;
    assert_eq!(
        (task.state, task.attempts, task.not_before),
        (TaskState::Queued, 0, at(4))
    );
    assert_eq!((task.finished_at, task.allowed_from), (None, at(4)));
    let unknown = scene.store.retry_task(77, "ann".into(), at(4)).await;
    assert!(matches!(unknown, Err(TaskError::NoSuchTask(77))));
    scene.assert_sound().await;
}

#[tokio::test]
async fn what_a_worker_has_or_what_is_over_cannot_be_cancelled() {
    let scene = Scene::new();
    scene
        .run("p", &[share("image", "a")], now_queued(at(0)), at(0))
        .await;
    let claimed = scene.claim(1, at(1)).await.remove(0);
    let id = claimed.task.id;
    let cancel = || {
        scene
            .store
            .cancel_task(id, "ann".into(), "a mistake".into(), at(5))
    };
    assert!(matches!(cancel().await, Err(TaskError::Claimed(_))));
    scene.settle(&claimed, again(at(9), false, true), at(2)).await;
    cancel().await.unwrap();
    let task = scene.task(id).await;
    assert_eq!(
        (task.state, task.note.as_str()),
        (TaskState::Cancelled, "a mistake")
    );
    assert!(matches!(cancel().await, Err(TaskError::Over { .. })));
    assert!(scene.claim(1, at(99)).await.is_empty());
    scene.assert_sound().await;
}

#[tokio::test]
async fn counts_know_each_state_that_is_not_over_and_the_oldest_due() {
    let scene = Scene::new();
    scene
        .run(
            "p",
            &[share("x", "1"), share("x", "2"), share("y", "1")],
            now_queued(at(0)),
            at(0),
        )
        .await;
    let claimed = scene.claim(1, at(1)).await.remove(0);
    scene.settle(&claimed, done(), at(2)).await;
    let counts = scene.store.counts().await.unwrap();
    let of = |state| {
        counts
            .iter()
            .find(|one| one.state == state)
            .map(|one| (one.count, one.oldest_due))
    };
    assert_eq!(of(TaskState::Queued), Some((2, at(-60))));
    assert_eq!(of(TaskState::Done), None);
    assert_eq!(of(TaskState::Dead), None);
}

#[tokio::test]
async fn what_waits_is_told_by_when_it_could_first_be_carried_out() {
    let scene = Scene::new();
    let of = |from: i64| [share("x", &format!("{from}"))];
    scene.run("early", &of(1), now_queued(at(0)), at(0)).await;
    scene.run("late", &of(2), now_queued(at(9)), at(9)).await;
    let waiting = |before| scene.store.waiting(at(before));
    assert_eq!(waiting(-1).await.unwrap(), []);
    let early = waiting(5).await.unwrap();
    assert_eq!(
        (
            early.len(),
            early[0].policy.as_str(),
            early[0].count,
            early[0].since
        ),
        (1, "early", 1, at(0))
    );
    let claimed = scene.claim(1, at(10)).await.remove(0);
    assert_eq!(
        waiting(9).await.unwrap().len(),
        2,
        "a worker that has it is not done"
    );
    scene.settle(&claimed, done(), at(11)).await;
    let left = waiting(9).await.unwrap();
    assert_eq!((left.len(), left[0].policy.as_str()), (1, "late"));
}

#[tokio::test]
async fn tasks_are_found_by_each_of_their_traits() {
    let scene = Scene::new();
    let (run, _) = scene
        .run("p", &[share("x", "1"), share("y", "1")], now_queued(at(0)), at(0))
        .await;
    scene.run("q", &[share("z", "1")], now_queued(at(0)), at(0)).await;
    let filters = [
        (TaskFilter::default(), 3),
        (
            TaskFilter {
                policy: Some(PolicyName::from("p")),
                ..TaskFilter::default()
            },
            2,
        ),
        (
            TaskFilter {
                run: Some(run),
                resource: Some(Ids::One(Id::from("y"))),
                ..TaskFilter::default()
            },
            1,
        ),
        (
            TaskFilter {
                state: Some(TaskState::Dead),
                ..TaskFilter::default()
            },
            0,
        ),
        (
            TaskFilter {
                cloud: Some(cloud()),
                state: Some(TaskState::Queued),
                ..TaskFilter::default()
            },
            3,
        ),
    ];
    for (filter, expected) in filters {
        let found = scene.store.tasks(filter.clone(), 10).await.unwrap();
        assert_eq!(found.len(), expected, "{filter:?}");
    }
    assert_eq!(
        scene.store.tasks(TaskFilter::default(), 2).await.unwrap().len(),
        2
    );
}

#[tokio::test]
async fn due_tasks_are_found_by_their_index() {
    let scene = Scene::new();
    let raw = scene.raw();
    let plan = |sql: &str| -> String {
        let mut explain = raw.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        // What the parameters stand for has no part in the plan.
        let steps = explain.raw_query().mapped(|row| row.get::<_, String>(3));
        steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    let lane = "(cloud=? AND priority=? AND kind=? AND ";
    let searches = [
        (due::POLICIES, format!("tasks_due {lane}policy>?)")),
        (due::LINE, format!("tasks_due {lane}policy=? AND claimable_at<?)")),
        (due::OF_JOB, "tasks_of_job (cloud=? AND job=?)".to_owned()),
        (
            due::POLICIES_AT,
            format!("tasks_due_by_resource {lane}resource=? AND policy>?)"),
        ),
        (
            due::OF_POLICY_AT,
            format!("tasks_due_by_resource {lane}resource=? AND policy=? AND claimable_at<?)"),
        ),
    ];
    for (sql, search) in searches {
        let steps = plan(sql);
        assert!(
            steps.contains(&search) && !steps.contains("TEMP"),
            "{steps}, not {search}"
        );
    }
    let counts = plan("SELECT state, policy, cloud, count(*), min(due_since) FROM tasks GROUP BY 1, 2, 3");
    assert!(
        counts.contains("COVERING INDEX tasks_by_state") && !counts.contains("TEMP"),
        "{counts}"
    );
}

#[tokio::test]
async fn tasks_are_found_by_globs_of_policies_up_to_the_limit() {
    let scene = Scene::new();
    let targets = [
        share("team/api", "a1"),
        share("team/web", "a2"),
        share("tools", "b1"),
        Target::image(cloud(), Id::from("team-image")),
    ];
    scene.run("p", &targets, now_queued(at(0)), at(0)).await;
    let found = async |resource: Option<&str>, subject: Option<&str>, limit: usize| {
        let ids = |written: &str| Ids::parse(written).unwrap();
        let filter = TaskFilter {
            resource: resource.map(ids),
            subject: subject.map(ids),
            ..TaskFilter::default()
        };
        let tasks = scene.store.tasks(filter, limit).await.unwrap();
        tasks
            .iter()
            .map(|task| task.revocation.target.resource.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(Some("team/*"), None, 10).await, ["team/web", "team/api"]);
    assert_eq!(found(Some("team/*"), None, 1).await, ["team/web"]);
    assert_eq!(found(Some("team*"), Some("[!b]1"), 10).await, ["team/api"]);
    assert_eq!(
        found(None, Some("*"), 10).await.len(),
        3,
        "an image has no subject"
    );
    assert_eq!(found(None, Some("b1"), 10).await, ["tools"]);
    assert!(Ids::parse("team/[").is_err());
}

#[tokio::test]
async fn policies_are_known_by_their_runs() {
    let scene = Scene::new();
    assert!(scene.store.policies().await.unwrap().is_empty());
    scene.run("q", &[share("x", "1")], now_queued(at(0)), at(0)).await;
    scene.begin("p", at(0)).await;
    let known = scene.store.policies().await.unwrap();
    assert_eq!(
        known.iter().map(PolicyName::as_str).collect::<Vec<_>>(),
        ["p", "q"]
    );
}
