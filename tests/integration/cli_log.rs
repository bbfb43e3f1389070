//! The log of the daemon: one event a line, of which programs can tell what
//! belongs together.

use serde_json::Value;

use crate::harness::{Scene, Stage, lapse};

async fn stage() -> Stage {
    let mut scene = Scene::in_real_time();
    scene.image("partner-1", &[("acme", 31), ("globex", 3)]);
    scene.policy(&lapse("shares-lapse").schedule("* * * * * *"));
    scene.raise().await
}

/// The events of a log of JSON; panics at a line that is none.
fn events(log: &str) -> Vec<Value> {
    let event = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(
            event["level"].is_string() && event["message"].is_string(),
            "{line}"
        );
        event
    };
    log.lines().map(event).collect()
}

fn with_message<'a>(events: &'a [Value], begin: &str) -> Vec<&'a Value> {
    let begins = |event: &&Value| {
        event["message"]
            .as_str()
            .is_some_and(|text| text.starts_with(begin))
    };
    events.iter().filter(begins).collect()
}

/// The end of the stage holds everything that was written against its secrets.
#[tokio::test]
async fn every_line_is_an_object_and_what_is_done_names_task_run_and_policy() {
    let stage = stage().await;
    let mut daemon = stage.spawn(&["--log-format", "json", "--log", "debug", "run"]);
    daemon.logged("done: removed").await;
    stage.write_policies(&[lapse("shares-lapse").key("scedule", "\"* * * * *\"")]);
    daemon.signal("HUP");
    daemon.logged("the reload was refused").await;
    daemon.signal("TERM");
    let ran = daemon.ended().await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let events = events(&ran.stderr);
    let done = with_message(&events, "done: ");
    assert!(!done.is_empty());
    for event in done {
        assert_eq!(event["policy"], "shares-lapse", "{event}");
        assert!(event["task"].is_i64() && event["run"].is_i64(), "{event}");
    }
    let problems = with_message(&events, "a problem in the configuration");
    let problem = problems.first().expect("the refused reload says why");
    assert!(
        problem["file"].is_string() && problem["line"].is_u64(),
        "{problem}"
    );
    let hint = problem["hint"].as_str().expect("a hint");
    assert!(hint.contains("did you mean `schedule`?"), "{hint}");
    stage.finish().await;
}
