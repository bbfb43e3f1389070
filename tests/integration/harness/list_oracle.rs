//! Whether whoever lost something was on the list, or missing from it, by the
//! plain text that the test wrote. It shares nothing with the program: no
//! parser, no folding but lower case, no matching.

use revokd::{
    model::{Kind, Task, TaskState},
    simulator::Removable,
};

use super::{closing::would_remove, people::Way, stage::Stage, staged_cloud::StagedCloud};

/// Judges every removal that the cloud was asked for, whether it did it or not.
pub(super) fn check(stage: &Stage, cloud: &StagedCloud, tasks: &[Task]) {
    let requests = cloud.simulated.requests().all();
    for (position, request) in requests.iter().enumerate() {
        for asked_for in would_remove(&request.call) {
            for policy in policies_of(cloud, tasks, &asked_for) {
                let ways = stage.lists.borrow().ways.get(&policy).cloned();
                if let Some(ways) = ways.filter(|ways| !ways.is_empty()) {
                    judge(stage, cloud, &ways, &asked_for, position);
                }
            }
        }
    }
}

/// Who decided on it: by the tasks that were not cancelled, if there is one.
fn policies_of(cloud: &StagedCloud, tasks: &[Task], asked_for: &Removable) -> Vec<String> {
    let on_it = tasks.iter().filter(|task| {
        let target = &task.revocation.target;
        target.cloud == cloud.name
            && (target.kind, &target.resource, &target.subject) == (asked_for.0, &asked_for.1, &asked_for.2)
    });
    let (cancelled, live): (Vec<&Task>, Vec<&Task>) =
        on_it.partition(|task| task.state == TaskState::Cancelled);
    let deciding = if live.is_empty() { cancelled } else { live };
    let policies = deciding.iter().map(|task| &task.revocation.evidence.policy);
    policies.map(ToString::to_string).collect()
}

fn judge(stage: &Stage, cloud: &StagedCloud, ways: &[Way], asked_for: &Removable, position: usize) {
    let text = |way: &Way| {
        let text = text_at(stage, cloud, &way.source, position);
        text.unwrap_or_else(|| panic!("{asked_for:?} went while there was no list {}", way.source))
    };
    let says = |way: &Way| text(way).contains(&written(stage, cloud, way, asked_for));
    let (absent, present): (Vec<&Way>, Vec<&Way>) = ways.iter().partition(|way| way.by_absence);
    assert!(
        present.is_empty() || present.iter().any(|way| says(way)),
        "{asked_for:?} went, but was on no list of those who left"
    );
    for way in absent {
        assert!(
            !says(way),
            "{asked_for:?} went, but was on the roster {}",
            way.source
        );
    }
}

/// The list as it stood when the request of this position ended.
fn text_at(stage: &Stage, cloud: &StagedCloud, source: &str, position: usize) -> Option<String> {
    let lists = stage.lists.borrow();
    let of_source = lists.versions.iter().filter(|version| version.source == source);
    let mut before = of_source.filter(|version| version.requests_before[&cloud.name] <= position);
    before.next_back().and_then(|version| version.text.clone())
}

/// What a list would say of the subject, in lower case.
fn written(stage: &Stage, cloud: &StagedCloud, way: &Way, asked_for: &Removable) -> String {
    let (kind, _, subject) = asked_for;
    let subject = subject.as_ref().expect("lists are about subjects");
    if matches!(kind, Kind::ImageShare | Kind::RepositoryShare) {
        return subject.as_str().to_lowercase();
    }
    let world = cloud.simulated.world();
    let user = world.user(subject.as_str()).expect("a user of the scene");
    let text = match stage.lists.borrow().sources[&way.source].to {
        "user.name" => user.name.to_lowercase(),
        _ => user.email.to_lowercase(),
    };
    assert!(!text.is_empty(), "nothing is known of user {subject}");
    text
}
