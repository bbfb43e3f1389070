//! `revokd status` beside a daemon: what only the daemon knows.

use std::net::TcpListener;

use revokd::simulator::{CallKind, Effect, Fault};
use serde_json::{Value, json};

use crate::harness::{Process, Scene, Stage, lapse};

const RARELY: &str = "0 0 29 2 *";
const EVERY_SECOND: &str = "* * * * * *";

/// A daemon at an address that its configuration names.
async fn stage(schedule: &str) -> (Stage, Process) {
    let mut scene = Scene::in_real_time();
    scene.image("partner-1", &[("acme", 3)]);
    scene.policy(&lapse("shares-lapse").schedule(schedule));
    let stage = scene.raise().await;
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("its address").to_string();
    drop(free);
    let config = std::fs::read_to_string(stage.path("revokd.toml")).expect("the configuration");
    let config = config.replace("127.0.0.1:0", &address);
    std::fs::write(stage.path("revokd.toml"), config).expect("the configuration");
    let mut daemon = stage.spawn(&["run"]);
    daemon.logged("is ready").await;
    (stage, daemon)
}

async fn status(stage: &Stage) -> Value {
    stage.command(&["status", "--output", "json"]).await.json()
}

async fn stop(stage: Stage, daemon: Process) {
    daemon.signal("TERM");
    assert_eq!(daemon.ended().await.code, Some(0));
    stage.finish().await;
}

#[tokio::test]
async fn a_cloud_that_is_down_is_told() {
    let (stage, mut daemon) = stage(EVERY_SECOND).await;
    let refused = Fault::on(CallKind::ListImages, Effect::Status(503));
    stage.cloud().fault(refused);
    daemon.logged("the cloud is down").await;
    let told = status(&stage).await;
    assert_eq!(
        (&told["verdict"], &told["daemon_answers"]),
        (&json!("not-working"), &json!(true)),
        "{told}"
    );
    let why = told["clouds_down"][0]["why"].as_str().expect("a reason");
    assert!(why.contains("503"), "{told}");
    let shown = stage.command(&["status"]).await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.stdout.contains(" is down: "), "{shown:?}");
    assert!(
        !shown.stdout.contains('\u{1b}'),
        "no colour where nobody looks: {shown:?}"
    );
    stage.cloud().mend();
    stop(stage, daemon).await;
}

#[tokio::test]
async fn a_refused_reload_is_told_also_while_the_files_are_broken() {
    let (stage, mut daemon) = stage(RARELY).await;
    assert_eq!(status(&stage).await["reload_refused"], json!(false));
    stage.write_policies(&[lapse("shares-lapse").key("scedule", "\"* * * * *\"")]);
    daemon.signal("HUP");
    daemon.logged("the reload was refused").await;
    let broken = stage.command(&["status"]).await;
    assert_eq!(broken.code, Some(3), "{broken:?}");
    assert!(broken.stderr.contains("did you mean `schedule`?"), "{broken:?}");
    assert!(
        broken.stdout.contains("the configuration has problems"),
        "{broken:?}"
    );
    stage.write_policies(&[lapse("shares-lapse").schedule(RARELY)]);
    let mended = status(&stage).await;
    assert_eq!(
        (&mended["verdict"], &mended["reload_refused"]),
        (&json!("needs-you"), &json!(true)),
        "{mended}"
    );
    daemon.signal("HUP");
    daemon.logged("reloaded").await;
    assert_eq!(status(&stage).await["verdict"], json!("working"));
    stop(stage, daemon).await;
}

#[tokio::test]
async fn a_daemon_that_hangs_is_not_working() {
    let (stage, daemon) = stage(RARELY).await;
    daemon.signal("STOP");
    let told = status(&stage).await;
    daemon.signal("CONT");
    assert_eq!(
        (&told["verdict"], &told["daemon_answers"]),
        (&json!("not-working"), &json!(false)),
        "{told}"
    );
    stop(stage, daemon).await;
}

/// Nothing is made by asking.
#[test]
fn before_anything_ran_there_is_something_to_tell() {
    let folder = crate::cli_folder::Folder::new();
    let shown = folder.revokd(&["status"]).expect(0).stdout;
    assert!(shown.starts_with("not working: nothing has run yet\n"), "{shown}");
    assert!(shown.contains("yearly (observe)"), "{shown}");
    assert!(!folder.path("revokd.db").exists());
}
