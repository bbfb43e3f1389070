//! Tampering: whatever is changed behind the store's back is found and named.

use super::*;
use crate::model::Hold;

/// A store with a done task, a dead one and a queued one, tampered with.
async fn tampered(sql: &str) -> Vec<String> {
    let scene = Scene::new();
    scene
        .run(
            "p",
            &[share("x", "1"), share("x", "2"), share("y", "1")],
            now_queued(at(0)),
            at(0),
        )
        .await;
    let claimed = scene.claim(2, at(1)).await;
    scene.settle(&claimed[0], done(), at(2)).await;
    scene.settle(&claimed[1], dead(), at(2)).await;
    scene.assert_sound().await;
    let raw = scene.raw();
    raw.execute_batch("DROP TRIGGER audit_keeps_all; DROP TRIGGER audit_keeps_what_was_written")
        .unwrap();
    raw.execute_batch(sql).unwrap();
    scene.problems().await
}

async fn assert_found(sql: &str, expected: &[&str]) {
    let problems = tampered(sql).await;
    for text in expected {
        assert!(
            problems.iter().any(|problem| problem.contains(text)),
            "{text} not in {problems:#?}"
        );
    }
}

#[tokio::test]
async fn the_audit_refuses_changes_by_itself() {
    let scene = Scene::new();
    scene.begin("p", at(0)).await;
    let raw = scene.raw();
    for sql in ["UPDATE audit SET payload = '{}'", "DELETE FROM audit"] {
        let error = raw.execute(sql, []).unwrap_err().to_string();
        assert!(error.contains("only ever added to"), "{error}");
    }
}

#[tokio::test]
async fn an_edited_record_is_named() {
    let edit = "UPDATE audit SET payload = replace(payload, '\"decided\"', '\"Decided\"') WHERE seq = 2";
    assert_found(
        edit,
        &["record 2 is not what was written", "record 2 cannot be read"],
    )
    .await;
    let subtle = "UPDATE audit SET payload = replace(payload, '31d', '99d') WHERE seq = 2";
    assert_found(
        subtle,
        &[
            "record 2 is not what was written",
            "evidence of task 1 is not what",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_forged_record_with_a_fitting_hash_breaks_the_chain_after_it() {
    let scene = Scene::new();
    scene
        .run("p", &[share("x", "1"), share("x", "2")], now_queued(at(0)), at(0))
        .await;
    let raw = scene.raw();
    raw.execute_batch("DROP TRIGGER audit_keeps_what_was_written")
        .unwrap();
    let (payload, prev): (String, [u8; 32]) = raw
        .query_row("SELECT payload, prev FROM audit WHERE seq = 2", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let forged = payload.replace("31d", "99d");
    let hash: [u8; 32] = {
        use sha2::{Digest, Sha256};
        Sha256::new()
            .chain_update(prev)
            .chain_update(&forged)
            .finalize()
            .into()
    };
    raw.execute(
        "UPDATE audit SET payload = ?1, hash = ?2 WHERE seq = 2",
        (&forged, hash),
    )
    .unwrap();
    let problems = scene.problems().await;
    assert_eq!(problems[0], "record 3 does not follow from record 2");
}

#[tokio::test]
async fn a_removed_record_is_named() {
    assert_found("DELETE FROM audit WHERE seq = 3", &["records 3 to 3 are missing"]).await;
    assert_found("DELETE FROM audit WHERE seq = 1", &["records 1 to 1 are missing"]).await;
}

#[tokio::test]
async fn a_removed_record_is_found_though_the_rest_was_renumbered() {
    let close_the_gap = "DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = seq - 1 WHERE seq > 3";
    assert_found(
        close_the_gap,
        &["record 3 does not follow", "record 3 says that it is record 4"],
    )
    .await;
}

#[tokio::test]
async fn a_cut_end_is_named_and_stays_a_gap() {
    assert_found(
        "DELETE FROM audit WHERE seq >= 8",
        &["missing from the end of the audit"],
    )
    .await;

    let scene = Scene::new();
    scene.run("p", &[share("x", "1")], now_queued(at(0)), at(0)).await;
    scene
        .raw()
        .execute_batch("DROP TRIGGER audit_keeps_all; DELETE FROM audit WHERE seq = 3")
        .unwrap();
    scene.begin("p", at(5)).await;
    assert_eq!(scene.problems().await[0], "records 3 to 3 are missing");
}

#[tokio::test]
async fn swapped_records_are_named() {
    let swap = "UPDATE audit SET seq = -4 WHERE seq = 4;
                UPDATE audit SET seq = 4 WHERE seq = 3;
                UPDATE audit SET seq = 3 WHERE seq = -4";
    assert_found(
        swap,
        &["record 3 does not follow", "record 3 says that it is record 4"],
    )
    .await;
}

#[tokio::test]
async fn a_state_that_no_record_led_to_is_named() {
    let done = "UPDATE tasks SET state = 'done' WHERE id = 3";
    assert_found(done, &["task 3 is done, but by record 4 it is queued"]).await;
    let run = "UPDATE runs SET state = 'failed' WHERE id = 1";
    assert_found(run, &["run 1 is failed, but by record 5 it is finished"]).await;
}

#[tokio::test]
async fn a_task_nobody_decided_on_is_named() {
    let smuggled =
        "INSERT INTO tasks (run, policy, cloud, kind, resource, subject, due_since, evidence, state,
                        not_before, decided_at, allowed_from)
                    SELECT run, policy, cloud, kind, 'z', subject, due_since, evidence, 'queued',
                        not_before, decided_at, allowed_from FROM tasks WHERE id = 3";
    let expected = [
        "task 4 is queued, and the audit knows nothing of it",
        "task 4 was never decided",
    ];
    assert_found(smuggled, &expected).await;
}

#[tokio::test]
async fn a_task_turned_on_another_target_is_named() {
    let turned = "UPDATE tasks SET resource = 'z' WHERE id = 3";
    assert_found(
        turned,
        &["task 3 is about image-share z of 1 on otc, which was not decided"],
    )
    .await;
}

/// A store with one task held for the brake, tampered with.
async fn held_and_tampered(sql: &str) -> (Scene, Vec<String>) {
    let scene = Scene::new();
    let hold = Enqueue::Hold {
        hold: Hold::Brake,
        not_before: at(0),
    };
    let run = scene.begin("p", at(0)).await;
    let held = Conclusion {
        state: RunState::Held,
        ..conclusion(run, "p", &[share("x", "1")], hold, at(0))
    };
    scene.store.finish_run(held).await.unwrap();
    scene.assert_sound().await;
    scene.raw().execute_batch(sql).unwrap();
    let problems = scene.problems().await;
    (scene, problems)
}

#[tokio::test]
async fn a_hold_turned_into_grace_is_named_before_and_after_it_was_used() {
    let (scene, problems) = held_and_tampered("UPDATE tasks SET hold = 'grace'").await;
    assert_eq!(
        problems,
        ["task 1 is held for grace, but was decided to be held for brake"]
    );
    let claimed = scene.claim(1, at(2)).await.remove(0);
    let expected = ["task 1 was claimed by record 4, but waited for an operator"];
    assert_eq!(scene.problems().await, expected);
    scene.settle(&claimed, done(), at(3)).await;
    assert_eq!(scene.problems().await, expected);
}

#[tokio::test]
async fn a_held_task_that_was_queued_past_the_operator_is_named() {
    let (scene, problems) = held_and_tampered("UPDATE tasks SET state = 'queued', hold = NULL").await;
    assert_eq!(problems, ["task 1 is queued, but by record 2 it is held"]);
    scene.claim(1, at(2)).await;
    assert_eq!(
        scene.problems().await,
        ["record 4 takes task 1 from queued, but by record 2 it was held"]
    );
}

#[tokio::test]
async fn edited_moments_and_owners_of_a_task_are_named() {
    let (_, problems) = held_and_tampered("UPDATE tasks SET due_since = 0").await;
    assert_eq!(
        problems,
        ["task 1 is due since 1970-01-01T00:00:00Z, which was not decided"]
    );
    let (_, problems) = held_and_tampered("UPDATE tasks SET decided_at = 0").await;
    assert!(
        problems[0].starts_with("task 1 was decided at 1970-01-01T00:00:00Z, but by record 2 at"),
        "{problems:?}"
    );
    let (_, problems) = held_and_tampered("UPDATE tasks SET policy = 'q'").await;
    assert_eq!(problems, ["task 1 belongs to policy q, which did not decide it"]);
}

#[tokio::test]
async fn moments_finer_than_the_store_keeps_are_sound() {
    let scene = Scene::new();
    let fine = at(5) + SignedDuration::from_nanos(1_234_567);
    let run = scene.begin("p", fine).await;
    let mut conclusion = conclusion(run, "p", &[share("x", "1")], now_queued(fine), fine);
    conclusion.revocations[0].due_since = fine;
    scene.store.finish_run(conclusion).await.unwrap();
    scene.assert_sound().await;
}

#[tokio::test]
async fn a_vanished_task_is_named() {
    assert_found(
        "DELETE FROM attempts; DELETE FROM tasks WHERE id = 1",
        &["task 1, which is not there"],
    )
    .await;
}

#[tokio::test]
async fn a_record_hidden_from_the_index_is_named() {
    assert_found(
        "UPDATE audit SET task = 3 WHERE seq = 2",
        &["record 2 is indexed as something"],
    )
    .await;
}

#[tokio::test]
async fn a_sound_audit_tells_its_head_and_its_progress() {
    let scene = Scene::new();
    let empty = scene.store.verify_audit(|_, _| {}).await.unwrap();
    assert_eq!((empty.records, empty.head, empty.problems.len()), (0, None, 0));
    scene.run("p", &[share("x", "1")], now_queued(at(0)), at(0)).await;
    let (sender, receiver) = std::sync::mpsc::channel();
    let report = scene
        .store
        .verify_audit(move |seen, of| sender.send((seen, of)).unwrap())
        .await
        .unwrap();
    assert!(report.is_sound());
    let (seq, hash) = report.head.unwrap();
    assert_eq!((report.records, seq, hash.len()), (3, 3, 64));
    assert_eq!(receiver.iter().last(), Some((3, 3)));
}

#[tokio::test]
async fn one_tasks_story_reads_from_decision_to_end() {
    let scene = Scene::new();
    scene
        .run("p", &[share("x", "1"), share("x", "2")], now_queued(at(0)), at(0))
        .await;
    let claimed = scene.claim(1, at(1)).await.remove(0);
    scene.settle(&claimed, done(), at(2)).await;
    let of_task = AuditFilter {
        task: Some(claimed.task.id),
        ..AuditFilter::default()
    };
    let story = scene.store.audit(of_task, 10).await.unwrap();
    let events: Vec<_> = story.iter().map(|record| record.event).collect();
    assert_eq!(events, [Event::Decided, Event::Claimed, Event::Settled]);
    assert_eq!(story[0].evidence, Some(claimed.task.revocation.evidence));
    assert_eq!(
        (story[2].from.as_deref(), story[2].to.as_deref()),
        (Some("claimed"), Some("done"))
    );
}

#[tokio::test]
async fn the_audit_is_read_from_its_end_or_onward_from_a_record() {
    let scene = Scene::new();
    for (second, event) in [
        (0, Event::DaemonStarted),
        (1, Event::ConfigurationLoaded),
        (2, Event::DaemonStopped),
    ] {
        let note = Note {
            event,
            actor: "revokd".into(),
            policy: (second == 1).then(|| PolicyName::from("p")),
            detail: "as it happened".into(),
            now: at(second),
        };
        scene.store.record(note).await.unwrap();
    }
    let numbers = async |after, policy: Option<&str>, limit| -> Vec<i64> {
        let policy = policy.map(PolicyName::from);
        let filter = AuditFilter {
            after,
            policy,
            ..AuditFilter::default()
        };
        scene
            .store
            .audit(filter, limit)
            .await
            .unwrap()
            .iter()
            .map(|record| record.seq)
            .collect()
    };
    assert_eq!(numbers(None, None, 2).await, [2, 3]);
    assert_eq!(numbers(Some(0), None, 2).await, [1, 2]);
    assert_eq!(numbers(Some(2), None, 2).await, [3]);
    assert_eq!(numbers(None, Some("p"), 9).await, [2]);
    scene.assert_sound().await;
}
