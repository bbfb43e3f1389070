//! Tasks that a job of the cloud is at: the job is never lost, and is asked for
//! by one worker at a time.

use super::*;
use crate::model::TaskState;

/// Three shares of three images, taken by one worker, all in one job.
async fn submitted() -> (Scene, Vec<Claimed>) {
    let scene = Scene::new();
    let targets = [share("x", "1"), share("y", "1"), share("z", "1")];
    scene.run("p", &targets, now_queued(at(0)), at(0)).await;
    let claimed = scene.claim(3, at(1)).await;
    let held = scene.store.submitted(submission(&claimed, "j", at(2))).await;
    assert_eq!(held.unwrap(), [true; 3]);
    (scene, claimed)
}

async fn crash(scene: &Scene, now: Timestamp) -> Abandoned {
    let lock = scene.store.dispatch_lock().unwrap().expect("nobody has it");
    scene.store.abandon_running(&lock, now).await.unwrap()
}

fn jobs(claimed: &[Claimed]) -> Vec<Option<&str>> {
    let jobs = claimed.iter().map(|one| one.task.job.as_ref().map(JobId::as_str));
    jobs.collect()
}

#[tokio::test]
async fn the_job_is_on_record_and_its_worker_keeps_the_task() {
    let (scene, claimed) = submitted().await;
    let (task, attempts) = scene.store.task(claimed[0].task.id).await.unwrap().unwrap();
    assert_eq!(
        (task.state, task.job, task.attempts),
        (TaskState::Submitted, Some(JobId::from("j")), 1)
    );
    assert_eq!(attempts[0].ended_at, None, "the try goes on");
    assert!(scene.claim(3, at(3)).await.is_empty());
    assert_eq!(scene.next_due(cloud()).await, Some(at(2) + LEASE));
    assert!(!scene.store.is_drained(at(3)).await.unwrap());
    assert!(scene.settle(&claimed[0], done(), at(4)).await);
    let task = scene.task(claimed[0].task.id).await;
    assert_eq!((task.state, task.job), (TaskState::Done, None));
    let of_task = AuditFilter {
        task: Some(task.id),
        ..AuditFilter::default()
    };
    let story = scene.store.audit(of_task, 10).await.unwrap();
    let events: Vec<_> = story.iter().map(|record| record.event).collect();
    assert_eq!(
        events,
        [Event::Decided, Event::Claimed, Event::Submitted, Event::Settled]
    );
    assert!(story[2].detail.contains("job j"), "{}", story[2].detail);
    scene.assert_sound().await;
}

#[tokio::test]
async fn who_lost_the_lease_submits_nothing() {
    let scene = Scene::new();
    scene.run("p", &[share("x", "1")], now_queued(at(0)), at(0)).await;
    let first = scene.claim(1, at(1)).await;
    let second = scene.claim(1, at(1) + LEASE).await;
    let late = scene.store.submitted(submission(&first, "j", at(400))).await;
    assert_eq!(late.unwrap(), [false]);
    assert_eq!(scene.task(second[0].task.id).await.state, TaskState::Claimed);
}

#[tokio::test]
async fn a_restart_hands_the_job_out_again_as_the_same_try() {
    let (scene, claimed) = submitted().await;
    assert_eq!(crash(&scene, at(5)).await.tasks.len(), 3);
    let task = scene.task(claimed[0].task.id).await;
    assert_eq!(
        (task.state, task.not_before, task.job),
        (TaskState::Submitted, at(5), Some(JobId::from("j")))
    );
    assert!(!scene.settle(&claimed[0], done(), at(6)).await);

    let again = scene.claim(3, at(6)).await;
    assert_eq!(jobs(&again), [Some("j"); 3]);
    assert!(
        again
            .iter()
            .all(|one| one.called && one.attempt == 1 && one.tries == 2)
    );

    // And once more, in the middle of asking.
    crash(&scene, at(7)).await;
    assert_eq!(scene.task(claimed[0].task.id).await.state, TaskState::Submitted);
    let again = scene.claim(3, at(8)).await;
    assert_eq!(jobs(&again), [Some("j"); 3]);
    scene.assert_sound().await;
}

#[tokio::test]
async fn a_lease_that_ran_out_does_not_lose_the_job() {
    let (scene, _) = submitted().await;
    let again = scene.claim(3, at(2) + LEASE).await;
    assert_eq!(jobs(&again), [Some("j"); 3]);
    assert_eq!(again[0].last_outcome.as_deref(), Some("interrupted"));
    scene.assert_sound().await;
}

#[tokio::test]
async fn what_is_under_way_keeps_its_job_and_costs_no_try() {
    let (scene, claimed) = submitted().await;
    for one in &claimed {
        assert!(scene.settle(one, under_way(at(20)), at(3)).await);
    }
    let task = scene.task(claimed[0].task.id).await;
    assert_eq!(
        (task.state, task.not_before, task.attempts),
        (TaskState::Submitted, at(20), 1)
    );
    assert!(scene.claim(3, at(19)).await.is_empty());
    let again = scene.claim(3, at(20)).await;
    assert_eq!((jobs(&again), again[0].attempt), (vec![Some("j"); 3], 1));
    scene.assert_sound().await;
}

#[tokio::test]
async fn tasks_of_one_job_come_together_whatever_the_limit() {
    let scene = Scene::new();
    let targets: Vec<Target> = (0..6)
        .map(|n| share(&format!("image {n}"), &format!("{}", n % 2)))
        .collect();
    scene.run("p", &targets, now_queued(at(0)), at(0)).await;
    let claimed = scene.claim(6, at(1)).await;
    let (odd, even): (Vec<_>, Vec<_>) = claimed.into_iter().partition(|one| one.task.id % 2 == 1);
    for (job, tasks) in [("odd", &odd), ("even", &even)] {
        scene
            .store
            .submitted(submission(tasks, job, at(2)))
            .await
            .unwrap();
    }
    crash(&scene, at(3)).await;
    for (expected, count) in [("odd", 3), ("even", 3)] {
        let again = scene.claim(1, at(4)).await;
        assert_eq!(jobs(&again), vec![Some(expected); count]);
    }
}

#[tokio::test]
async fn every_other_verdict_is_the_end_of_the_job() {
    for verdict in [again(at(9), true, true), again(at(9), false, false), dead()] {
        let (scene, claimed) = submitted().await;
        assert!(scene.settle(&claimed[0], verdict, at(3)).await);
        assert_eq!(scene.task(claimed[0].task.id).await.job, None);
        scene.assert_sound().await;
    }
}

#[tokio::test]
async fn nobody_but_a_look_ends_what_is_submitted() {
    let (scene, claimed) = submitted().await;
    crash(&scene, at(3)).await;
    let id = claimed[0].task.id;
    let cancelled = scene
        .store
        .cancel_task(id, "ann".into(), "no".into(), at(4))
        .await;
    let refusal = cancelled.unwrap_err().to_string();
    assert!(refusal.contains("only a look may settle it"), "{refusal}");
    let retried = scene.store.retry_task(id, "ann".into(), at(4)).await;
    assert!(matches!(
        retried,
        Err(TaskError::NotDead {
            state: TaskState::Submitted,
            ..
        })
    ));
    let run = scene.begin("p", at(5)).await;
    let released = Conclusion {
        release: vec![(id, "no longer matches".into())],
        ..conclusion(run, "p", &[], Enqueue::Nothing, at(5))
    };
    assert_eq!(scene.store.finish_run(released).await.unwrap().released, 0);
    let (_, finished) = scene.run("q", &[share("x", "1")], now_queued(at(6)), at(6)).await;
    assert_eq!((finished.queued, finished.already_queued), (0, 1));
    let gone = vec![PolicyName::from("q")];
    let retired = scene.store.retire(gone, vec![cloud()], at(7)).await.unwrap();
    assert_eq!(retired, Retired::default());
    assert_eq!(scene.task(id).await.state, TaskState::Submitted);
    let counts = scene.store.counts().await.unwrap();
    assert_eq!((counts[0].state, counts[0].count), (TaskState::Submitted, 3));

    // But where its cloud is gone nobody can look.
    let retired = scene
        .store
        .retire(vec![PolicyName::from("p")], vec![], at(8))
        .await;
    assert_eq!(
        retired.unwrap(),
        Retired {
            cancelled: 0,
            dead: 3
        }
    );
    scene.assert_sound().await;
}

#[tokio::test]
async fn each_kind_has_its_own_line() {
    let scene = Scene::new();
    let image = |n: i32| Target::image(cloud(), Id::from(format!("image {n}")));
    let images: Vec<Target> = (0..5).map(image).collect();
    scene.run("p", &images, now_queued(at(0)), at(0)).await;
    scene
        .run("q", &[share("x", "1"), share("y", "1")], now_queued(at(3)), at(1))
        .await;
    assert_eq!(
        scene
            .store
            .next_due(cloud(), Priority::Normal, vec![Kind::ImageShare])
            .await
            .unwrap(),
        Some(at(3))
    );
    let at_most = vec![(Kind::Image, 2), (Kind::ImageShare, 9)];
    let claimed = scene
        .store
        .claim(cloud(), Priority::Normal, at_most, at(4), LEASE)
        .await
        .unwrap();
    let kinds: Vec<Kind> = claimed
        .iter()
        .map(|one| one.task.revocation.target.kind)
        .collect();
    let (image, share) = (Kind::Image, Kind::ImageShare);
    assert_eq!(kinds, [image, image, share, share]);
}

#[tokio::test]
async fn a_claim_tells_how_the_try_before_ended() {
    let scene = Scene::new();
    scene.run("p", &[share("x", "1")], now_queued(at(0)), at(0)).await;
    let first = scene.claim(1, at(1)).await.remove(0);
    assert_eq!(first.last_outcome, None);
    scene.settle(&first, again(at(2), true, true), at(1)).await;
    let second = scene.claim(1, at(2)).await.remove(0);
    assert_eq!(second.last_outcome.as_deref(), Some("accepted"));
}
