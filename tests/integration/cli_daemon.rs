//! `revokd run`: its endpoints, its signals, and commands beside it.

use std::{
    collections::BTreeSet,
    io::Write,
    process::{Command, Stdio},
    time::Duration,
};

use revokd::{
    model::{Id, TaskState},
    simulator::{CallKind, Effect, Fault},
};

use crate::harness::{PolicyText, Process, Scene, Stage, get, lapse};

/// Never fires while a test runs.
const RARELY: &str = "0 0 29 2 *";
const EVERY_SECOND: &str = "* * * * * *";

fn of_image(name: &str, pattern: &str) -> PolicyText {
    lapse(name).matching(&format!("image.name = {pattern:?}"))
}

/// Shares that are due, of these images.
async fn stage(images: &[&str], policies: &[PolicyText]) -> Stage {
    let mut scene = Scene::in_real_time();
    for image in images {
        scene.image(image, &[("acme", 31), ("globex", 3)]);
    }
    for policy in policies {
        scene.policy(policy);
    }
    scene.raise().await
}

async fn metric(address: &str, name: &str) -> String {
    let (_, metrics) = get(format!("{address}/metrics")).await;
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in\n{metrics}"))
        .to_owned()
}

/// A run that looked before a removal and concluded after it decides on the
/// same target again, and that task finds it gone: targets count, not tasks.
async fn resources_done(stage: &Stage) -> usize {
    let tasks = stage.tasks().await;
    let done = tasks.iter().filter(|task| task.state == TaskState::Done);
    let resources: BTreeSet<&Id> = done.map(|task| &task.revocation.target.resource).collect();
    resources.len()
}

async fn stop(daemon: Process) {
    daemon.signal("TERM");
    let ran = daemon.ended().await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.ends_with("stopped\n"), "{ran:?}");
    assert_eq!(ran.stdout, "");
}

#[tokio::test]
async fn a_daemon_answers_and_stops_on_sigterm_and_sigint() {
    let stage = stage(&["partner-1"], &[lapse("shares-lapse").schedule(RARELY)]).await;
    for signal in ["TERM", "INT"] {
        let mut daemon = stage.spawn(&["run"]);
        let address = daemon.address().await;
        assert_eq!(get(format!("{address}/healthz")).await, (200, "ok\n".to_owned()));
        assert_eq!(get(format!("{address}/readyz")).await, (200, "ok\n".to_owned()));
        assert_eq!(get(format!("{address}/metrics")).await.0, 200);
        assert_eq!(get(format!("{address}/")).await.0, 404);
        daemon.signal(signal);
        let ran = daemon.ended().await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(!ran.stderr.contains('\u{1b}'), "{ran:?}");
    }
    stage.finish().await;
}

#[tokio::test]
async fn its_metrics_pass_the_checks_of_prometheus() {
    let stage = stage(&["partner-1"], &[lapse("shares-lapse").schedule(EVERY_SECOND)]).await;
    let mut daemon = stage.spawn(&["run"]);
    let address = daemon.address().await;
    daemon
        .until("the share is gone", || {
            !stage.cloud().is_shared("partner-1", "acme")
        })
        .await;
    daemon.logged("done: removed").await;
    let (_, metrics) = get(format!("{address}/metrics")).await;
    let mut promtool = Command::new("promtool");
    promtool
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped());
    let mut promtool = promtool
        .stdout(Stdio::piped())
        .spawn()
        .expect("promtool is needed: install the package `prometheus`");
    let mut stdin = promtool.stdin.take().expect("a pipe");
    stdin
        .write_all(metrics.as_bytes())
        .expect("promtool reads the metrics");
    drop(stdin);
    let told = promtool.wait_with_output().expect("promtool ends");
    let text = String::from_utf8_lossy(&told.stderr).into_owned() + &String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success() && text.is_empty(), "{text}");
    stop(daemon).await;
    stage.finish().await;
}

#[tokio::test]
async fn a_cloud_that_is_down_makes_it_unready_but_not_unhealthy() {
    let policy = lapse("shares-lapse").schedule(EVERY_SECOND);
    let stage = stage(&["partner-1"], &[policy]).await;
    stage.write_password("sim", "not-the-password");
    let mut daemon = stage.spawn(&["run"]);
    let address = daemon.address().await;
    daemon.logged("the cloud is down").await;
    assert_eq!(get(format!("{address}/healthz")).await.0, 200);
    let (status, told) = get(format!("{address}/readyz")).await;
    assert_eq!(status, 503);
    assert!(
        told.starts_with("cloud sim is down: ") && told.contains("401"),
        "{told}"
    );
    assert_eq!(
        metric(&address, "revokd_cloud_circuit_open{cloud=\"sim\"}").await,
        "1"
    );
    stop(daemon).await;
    assert_eq!(stage.cloud().count(CallKind::Login), 1);
    stage.finish().await;
}

#[tokio::test]
async fn a_reload_puts_new_policies_into_force() {
    let stage = stage(
        &["partner-1", "golden-1"],
        &[of_image("partners", "partner-*").schedule(RARELY)],
    )
    .await;
    let mut daemon = stage.spawn(&["run"]);
    let address = daemon.address().await;
    stage.write_policies(&[of_image("goldens", "golden-*").schedule(EVERY_SECOND)]);
    daemon.signal("HUP");
    daemon.logged("reloaded").await;
    daemon
        .until("the new policy works", || {
            !stage.cloud().is_shared("golden-1", "acme")
        })
        .await;
    assert!(stage.cloud().is_shared("partner-1", "acme"));
    assert_eq!(
        metric(&address, "revokd_config_last_reload_successful").await,
        "1"
    );
    stop(daemon).await;
    stage.finish().await;
}

#[tokio::test]
async fn a_reload_that_is_refused_leaves_the_old_policies_in_force() {
    let stage = stage(&["partner-1"], &[lapse("shares-lapse").schedule("*/2 * * * * *")]).await;
    stage
        .cloud()
        .fault(Fault::on(CallKind::ListImages, Effect::Status(500)));
    let mut daemon = stage.spawn(&["run"]);
    let address = daemon.address().await;
    assert_eq!(
        metric(&address, "revokd_config_last_reload_successful").await,
        "1"
    );
    stage.write_policies(&[lapse("shares-lapse").key("scedule", "\"* * * * *\"")]);
    daemon.signal("HUP");
    daemon
        .logged("the reload was refused; the policies before it stay in force")
        .await;
    assert!(
        daemon.stderr().contains("did you mean `schedule`?"),
        "{}",
        daemon.stderr()
    );
    assert_eq!(
        metric(&address, "revokd_config_last_reload_successful").await,
        "0"
    );
    stage.cloud().mend();
    daemon
        .until("the old policy works", || {
            !stage.cloud().is_shared("partner-1", "acme")
        })
        .await;
    stage.write_policies(&[lapse("shares-lapse").schedule(RARELY)]);
    daemon.signal("HUP");
    daemon.logged("reloaded").await;
    assert_eq!(
        metric(&address, "revokd_config_last_reload_successful").await,
        "1"
    );
    stop(daemon).await;
    let audit = stage.command(&["audit", "list", "--output", "json"]).await.stdout;
    assert!(audit.contains("configuration-refused"), "{audit}");
    stage.finish().await;
}

#[tokio::test]
async fn a_second_daemon_on_the_same_store_is_refused() {
    let stage = stage(&["partner-1"], &[lapse("shares-lapse").schedule(RARELY)]).await;
    let mut daemon = stage.spawn(&["run"]);
    daemon.address().await;
    let status = stage.command(&["status", "--output", "json"]).await.json();
    let pid = status["daemon_pid"].as_u64().expect("a pid");
    let second = stage.command(&["run"]).await;
    assert_eq!(second.code, Some(1), "{second:?}");
    let told = format!("error: another revokd (pid {pid}) already works on this store\n");
    assert!(second.stderr.ends_with(&told), "{second:?}");
    assert!(!second.stderr.contains("is ready"), "{second:?}");
    let status = stage.command(&["status"]).await.stdout;
    let told = format!("working (pid {pid}): nothing is stuck\n");
    assert!(status.starts_with(&told), "{status}");
    stop(daemon).await;
    let status = stage.command(&["status"]).await.stdout;
    assert!(status.starts_with("not working: no daemon runs\n"), "{status}");
    stage.finish().await;
}

#[tokio::test]
async fn a_daemon_whose_store_is_removed_ends_and_says_why() {
    let stage = stage(&["partner-1"], &[lapse("shares-lapse").schedule(RARELY)]).await;
    let mut daemon = stage.spawn(&["run"]);
    daemon.address().await;
    for ending in ["", "-wal", "-shm", ".lock"] {
        let file = stage.path(&format!("revokd.db{ending}"));
        std::fs::remove_file(file).expect("a file of the store");
    }
    let ran = daemon.ended().await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("was removed or replaced"), "{ran:?}");
    stage.finish().await;
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let stage = stage(&[], &[lapse("shares-lapse").schedule(RARELY)]).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let config = std::fs::read_to_string(stage.path("revokd.toml")).unwrap();
    std::fs::write(stage.path("revokd.toml"), config.replace("127.0.0.1:0", &address)).unwrap();
    let ran = stage.command(&["run"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stderr
            .contains(&format!("error: listening on {address}: Address already in use")),
        "{ran:?}"
    );
    stage.finish().await;
}

#[tokio::test]
async fn a_pass_beside_a_daemon_has_its_work_done_by_it() {
    let stage = stage(
        &["partner-1", "partner-2"],
        &[lapse("shares-lapse").schedule(RARELY)],
    )
    .await;
    let mut daemon = stage.spawn(&["run"]);
    let address = daemon.address().await;
    let ran = stage.command(&["run", "--once", "--output", "json"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.json()["done"], 2);
    let done = "revokd_tasks_finished_total{cloud=\"sim\",policy=\"shares-lapse\",state=\"done\"}";
    assert_eq!(metric(&address, done).await, "2", "the daemon did it");
    stop(daemon).await;
    stage.finish().await;
}

#[tokio::test]
async fn what_an_operator_says_reaches_a_running_daemon() {
    let approve = |name, pattern| of_image(name, pattern).schedule(RARELY).mode("approve");
    let policies = [
        approve("partners", "partner-*"),
        approve("goldens", "golden-*"),
        approve("others", "other-*"),
    ];
    let stage = stage(&["partner-1", "golden-1", "other-1"], &policies).await;
    let mut daemon = stage.spawn(&["run"]);
    daemon.address().await;
    let ran = stage.command(&["run", "--once", "--output", "json"]).await;
    assert_eq!(ran.code, Some(4), "{ran:?}");
    for command in [
        ["runs", "allow", "1"],
        ["runs", "reject", "2"],
        ["tasks", "cancel", "3"],
    ] {
        assert_eq!(stage.command(&command).await.code, Some(0), "{command:?}");
    }
    daemon
        .until("the allowed run is carried out", || {
            !stage.cloud().is_shared("partner-1", "acme")
        })
        .await;
    daemon.logged("done: removed").await;
    stop(daemon).await;
    assert!(stage.cloud().is_shared("golden-1", "acme"));
    assert!(stage.cloud().is_shared("other-1", "acme"));
    assert_eq!(stage.count(TaskState::Cancelled).await, 2);
    stage.finish().await;
}

#[tokio::test]
async fn a_stop_finishes_the_calls_in_flight_and_keeps_the_rest() {
    let images: Vec<String> = (0..30).map(|n| format!("partner-{n}")).collect();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let stage = stage(&images, &[lapse("shares-lapse").schedule(EVERY_SECOND)]).await;
    let slow = Effect::Latency(Duration::from_millis(300));
    stage.cloud().fault(Fault::on(CallKind::RemoveMember, slow));
    let mut daemon = stage.spawn(&["run"]);
    daemon.address().await;
    daemon.until("it removes", || stage.cloud().removals() >= 2).await;
    stop(daemon).await;
    assert_eq!(stage.count(TaskState::Claimed).await, 0);
    let done = resources_done(&stage).await;
    assert_eq!(done, stage.cloud().removals());
    assert!(done < 30, "it did not go on");
    stage.finish().await;
}

#[tokio::test]
async fn a_daemon_that_is_killed_is_gone_on_with_by_the_next() {
    let images: Vec<String> = (0..40).map(|n| format!("partner-{n}")).collect();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let stage = stage(&images, &[lapse("shares-lapse").schedule(EVERY_SECOND)]).await;
    let slow = Effect::Latency(Duration::from_millis(300));
    stage.cloud().fault(Fault::on(CallKind::RemoveMember, slow));
    for removed in [3, 12, 20] {
        let mut daemon = stage.spawn(&["run"]);
        daemon
            .until("it removes", || stage.cloud().removals() >= removed)
            .await;
        assert_eq!(daemon.kill().await.code, None);
    }
    stage.cloud().mend();
    let mut daemon = stage.spawn(&["run"]);
    daemon.logged("found work of a process that was killed").await;
    daemon
        .until("all are gone", || stage.cloud().removals() >= 40)
        .await;
    let all_done = async || resources_done(&stage).await == 40;
    stage.until("all are seen gone", all_done).await;
    stop(daemon).await;
    assert!(stage.cloud().is_shared("partner-0", "globex"));
    stage.finish().await;
}

/// Whoever reads the log may go away; the daemon must not.
#[tokio::test]
async fn a_daemon_outlives_the_reader_of_its_log() {
    let stage = stage(&["partner-1"], &[lapse("shares-lapse").schedule(EVERY_SECOND)]).await;
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_revokd"))
        .arg("--config")
        .arg(stage.path("revokd.toml"))
        .arg("run")
        .env_clear()
        .stderr(writer)
        .spawn()
        .expect("the program starts");
    let gone = async || !stage.cloud().is_shared("partner-1", "acme");
    stage.until("the share is gone", gone).await;
    let done = async || resources_done(&stage).await == 1;
    stage.until("it is seen gone", done).await;
    let told = Command::new("kill")
        .arg(daemon.id().to_string())
        .status()
        .expect("kill");
    assert!(told.success());
    assert_eq!(daemon.wait().expect("an end").code(), Some(0));
    stage.finish().await;
}
