//! People who left, by lists: what a list decides, and that a broken one
//! decides nothing.

use std::sync::Arc;

use revokd::{
    engine::policy::Policy,
    model::{Level, RunState, Task, TaskState},
    simulator::CallKind,
};

use crate::harness::{FLAVOURS, PolicyText, Scene, SourceText, Stage, days, hours};

mod bad_files;
mod bad_proof;
mod bad_servers;
mod before_the_call;
mod coming_back;
mod leaving;
mod oracle;
mod shares;
mod unclear;
mod unseen;
mod urgent;
mod waking;

/// The policy of the scenes, and the source that it names.
const POLICY: &str = "gone";
const LIST: &str = "list";

/// Who has permissions, each with the address `NAME@example.org`.
const PEOPLE: [&str; 5] = ["ann", "bob", "cai", "dee", "eve"];

/// Five people on a namespace and its repository.
fn company() -> Scene {
    let mut scene = Scene::of_huawei(FLAVOURS[0]);
    people_of(&mut scene);
    scene
}

fn people_of(scene: &mut Scene) {
    for name in PEOPLE {
        scene.person(name);
    }
    let all = |level| PEOPLE.map(|name| (name, level));
    scene.place("team-a", &all(Level::Write));
    scene.place("team-a/app", &all(Level::Read));
}

/// Permissions of both kinds go; only a run that is asked for runs it.
fn policy() -> PolicyText {
    let kinds = ["repository-permission", "namespace-permission"];
    PolicyText::of_kinds(POLICY, &kinds).schedule("0 3 1 1 *")
}

fn leavers() -> PolicyText {
    policy().subject_in(&[LIST])
}

fn roster() -> PolicyText {
    policy().subject_not_in(&[LIST])
}

/// A CSV file of these people.
fn rows(people: &[&str]) -> String {
    let rows = people.iter().map(|name| format!("{name}@example.org,x\n"));
    format!("email,note\n{}", rows.collect::<String>())
}

/// A JSON document of these people.
fn document(people: &[&str]) -> String {
    let people = people
        .iter()
        .map(|name| format!("{{\"email\": \"{name}@example.org\"}}"));
    format!("{{\"people\": [{}]}}", people.collect::<Vec<_>>().join(", "))
}

/// A list of leavers with ann on it, and a roster that she is missing from:
/// her permissions are decided on and wait for their grace to end.
async fn with_ann_in_grace(source: &SourceText, by: PolicyText, list: impl AsRef<[u8]>) -> Stage {
    let mut scene = company();
    scene.source(source).policy(&by.limit("grace", "\"24h\""));
    let stage = scene.raise().await;
    stage.write_list(LIST, list);
    stage.pass().await;
    ann_is_held(&stage).await;
    stage
}

async fn ann_is_held(stage: &Stage) {
    let tasks = stage.tasks().await;
    assert_eq!(tasks.len(), 2, "{}", told(&tasks));
    for place in ["team-a", "team-a/app"] {
        let task = stage.task(&stage.cloud().permission(place, "ann")).await;
        assert_eq!(task.state, TaskState::Held);
    }
}

/// A run by the list as it is now fails for these reasons and changes nothing.
async fn nothing_comes_of_it(stage: &Stage, reasons: &[&str]) {
    let (tasks, calls) = (stage.tasks().await, removal_calls(stage));

    let pass = stage.pass().await;

    let report = &pass.once.reports[0];
    assert_eq!(report.state, RunState::Failed, "{:?}", report.notes);
    assert!(report.unproven, "{:?}", report.notes);
    let notes = report.notes.join("; ");
    for reason in reasons.iter().chain(&["source list"]) {
        assert!(notes.contains(reason), "{reason:?} in {notes:?}");
    }
    let unproven = pass.metric("revokd_policy_unproven_runs_total{policy=\"gone\"}");
    assert!((unproven - 1.0).abs() < f64::EPSILON, "{unproven}");
    assert_eq!(stage.tasks().await, tasks);
    assert_eq!(removal_calls(stage), calls);
    assert_eq!(stage.run_states().await.last(), Some(&RunState::Failed));
}

/// After the list was mended: what waited goes, and what is new beside it.
async fn it_goes_on(stage: Stage, list: impl AsRef<[u8]>, gone: &[&str]) {
    stage.write_list(LIST, &list);
    let pass = stage.pass().await;
    let report = &pass.once.reports[0];
    assert_eq!(report.state, RunState::Finished, "{:?}", report.notes);
    stage.clock.advance(days(1) + hours(1));
    stage.write_list(LIST, &list);
    stage.pass().await;
    these_are_gone(&stage, gone);
    assert_eq!(stage.count(TaskState::Done).await, 2 * gone.len());
    assert_eq!(stage.count(TaskState::Cancelled).await, 0);
    stage.finish().await;
}

/// These people have no permissions any more, and all others have theirs.
fn these_are_gone(stage: &Stage, gone: &[&str]) {
    let cloud = stage.cloud();
    for name in PEOPLE {
        for place in ["team-a", "team-a/app"] {
            let holds = cloud.holds(&cloud.permission(place, name));
            assert_eq!(holds, !gone.contains(&name), "{name} on {place}");
        }
    }
}

fn removal_calls(stage: &Stage) -> usize {
    stage.cloud().count(CallKind::RemovePermissions)
}

/// What a policy in mode `approve` decided may be carried out from now on.
async fn decide_and_allow(stage: &Stage) {
    for report in stage.pass().await.once.reports {
        let run = report.waits.expect("the run waits for an operator");
        let allowed = stage.store().allow_run(run, "tester".to_owned(), stage.now());
        allowed.await.expect("the run can be allowed");
    }
}

fn policy_named(stage: &Stage, name: &str) -> Arc<Policy> {
    let mut policies = stage.config().policies.into_iter();
    let found = policies.find(|policy| policy.name.as_str() == name);
    Arc::new(found.expect("the scene has the policy"))
}

/// What became of each task.
fn told(tasks: &[Task]) -> String {
    let lines = tasks
        .iter()
        .map(|task| format!("{}: {} ({})\n", task.revocation.target, task.state, task.note));
    lines.collect()
}
