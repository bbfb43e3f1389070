use super::*;
use crate::{daemon::carry_out::tests::scene::Scene, model::Event, store::Note};

const INTACT: &str = "revokd_audit_intact ";
const LAST_VERIFIED: &str = "revokd_audit_last_verified_timestamp_seconds ";

fn metric(scene: &Scene, name: &str) -> f64 {
    let text = scene.context.metrics.render();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap().parse().unwrap()
}

async fn add_record(scene: &Scene) {
    let note = Note {
        event: Event::DaemonStarted,
        actor: "revokd".to_owned(),
        policy: None,
        detail: String::new(),
        now: scene.context.now(),
    };
    scene.context.store.record(note).await.unwrap();
}

/// Goes behind the back of the store.
fn tamper(scene: &Scene, sql: &str) {
    let raw = rusqlite::Connection::open(scene.store_file()).unwrap();
    raw.execute_batch(
        "DROP TRIGGER IF EXISTS audit_keeps_all; DROP TRIGGER IF EXISTS audit_keeps_what_was_written",
    )
    .unwrap();
    raw.execute_batch(sql).unwrap();
}

const EDIT_THE_FIRST: &str = "UPDATE audit SET payload = replace(payload, ':', ' :') WHERE seq = 1";

#[tokio::test]
async fn what_was_added_is_looked_at_alone_and_the_whole_once_a_day() {
    let scene = Scene::new(1, 2).await;
    let mut verified = Verified::default();
    verify(&scene.context, &mut verified).await;
    let head = verified.head.clone().unwrap();
    assert_eq!(metric(&scene, INTACT), 1.0);
    assert_eq!(
        metric(&scene, LAST_VERIFIED),
        scene.context.now().as_second() as f64
    );

    tamper(&scene, EDIT_THE_FIRST);
    add_record(&scene).await;
    verify(&scene.context, &mut verified).await;
    assert_eq!(verified.head.as_ref().unwrap().0, head.0 + 1);
    assert_eq!(metric(&scene, INTACT), 1.0, "the first record was not looked at");

    verified.whole_at = verified.whole_at.map(|at| at - VERIFY_WHOLE_EVERY);
    verify(&scene.context, &mut verified).await;
    assert_eq!(metric(&scene, INTACT), 0.0);
    assert!(verified.found[0].contains("record 1"), "{:?}", verified.found);
}

#[tokio::test]
async fn a_finding_stays_until_the_whole_is_sound() {
    let scene = Scene::new(1, 2).await;
    let mut verified = Verified::default();
    verify(&scene.context, &mut verified).await;
    add_record(&scene).await;
    let keep = "CREATE TABLE kept AS SELECT * FROM audit ORDER BY seq DESC LIMIT 1; UPDATE audit SET hash = zeroblob(32)
                WHERE seq = (SELECT max(seq) FROM audit)";
    tamper(&scene, keep);
    for _ in 0..2 {
        verify(&scene.context, &mut verified).await;
        assert_eq!(metric(&scene, INTACT), 0.0);
        assert_eq!(verified.head, None);
    }
    tamper(
        &scene,
        "UPDATE audit SET hash = (SELECT hash FROM kept) WHERE seq = (SELECT seq FROM kept)",
    );
    verify(&scene.context, &mut verified).await;
    assert_eq!(metric(&scene, INTACT), 1.0);
    assert!(verified.found.is_empty() && verified.head.is_some());
}

#[tokio::test]
async fn an_audit_that_was_replaced_since_the_last_look_is_found() {
    let scene = Scene::new(1, 1).await;
    let mut verified = Verified::default();
    verify(&scene.context, &mut verified).await;
    let head = verified.head.as_mut().unwrap();
    head.1 = head.1.replace(|_: char| true, "0");
    verify(&scene.context, &mut verified).await;
    assert_eq!(metric(&scene, INTACT), 0.0);
    assert!(verified.found[0].contains("replaced or cut"));
}

#[tokio::test]
async fn a_look_that_cannot_be_made_changes_nothing_and_is_made_again() {
    let scene = Scene::new(1, 1).await;
    let mut verified = Verified::default();
    verify(&scene.context, &mut verified).await;
    let before = (verified.head.clone(), metric(&scene, LAST_VERIFIED));
    scene.clock.leap(VERIFY_EVERY);
    tamper(&scene, "ALTER TABLE audit RENAME COLUMN prev TO elsewhere");
    add_record_behind_its_back(&scene);
    verify(&scene.context, &mut verified).await;
    assert_eq!((verified.head.clone(), metric(&scene, LAST_VERIFIED)), before);
    assert_eq!(metric(&scene, INTACT), 1.0);
}

fn add_record_behind_its_back(scene: &Scene) {
    tamper(
        scene,
        "INSERT INTO audit (payload, elsewhere, hash) VALUES ('{}', zeroblob(32), zeroblob(32))",
    );
}

#[tokio::test]
async fn a_stop_ends_a_look_and_finds_nothing() {
    let scene = Scene::new(1, 1).await;
    let mut verified = Verified::default();
    scene.context.stop.cancel();
    verify(&scene.context, &mut verified).await;
    assert_eq!(metric(&scene, LAST_VERIFIED), 0.0);
    assert!(!scene.context.metrics.render().contains(&format!("\n{INTACT}")));
}
