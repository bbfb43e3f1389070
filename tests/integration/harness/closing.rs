//! What must hold after every test, whatever it was about.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs,
};

use revokd::{
    model::{AuditRecord, CloudName, Event, Id, Kind, Target, Task, TaskId, TaskState},
    simulator::{Call, CallKind, Removable},
    store::AuditFilter,
};

use super::{list_oracle, stage::Stage, staged_cloud::StagedCloud};

pub async fn check(stage: &Stage) {
    let tasks = stage.tasks().await;
    for cloud in &stage.clouds {
        only_decided_targets_vanished(stage, cloud, &tasks);
        only_decided_targets_were_asked_for(cloud, &tasks);
        what_is_done_is_gone(stage, cloud, &tasks);
        nothing_was_removed_twice(stage, cloud);
        list_oracle::check(stage, cloud, &tasks);
    }
    nothing_is_stuck(&tasks);
    the_audit_is_whole(stage, &tasks).await;
    no_secret_got_out(stage);
}

/// Guarantee G1, by the cloud's own log and by comparing the worlds.
fn only_decided_targets_vanished(stage: &Stage, cloud: &StagedCloud, tasks: &[Task]) {
    let decided: HashSet<Removable> = tasks
        .iter()
        .map(|task| &task.revocation.target)
        .filter(|target| target.cloud == cloud.name)
        .map(removable_of)
        .chain(by_hand(stage, &cloud.name))
        .collect();
    let world = cloud.simulated.world();
    let outside = world.removed_outside(&decided);
    assert!(
        outside.is_empty(),
        "removed though nobody decided on it: {outside:?}"
    );
    drop(world);
    for (kind, image, member) in cloud.vanished() {
        let went_with_its_image = member.is_some() && decided.contains(&(Kind::Image, image.clone(), None));
        assert!(
            went_with_its_image || decided.contains(&(kind, image.clone(), member.clone())),
            "{kind} {image}, member {member:?} vanished from {} though nobody decided on it",
            cloud.name
        );
    }
}

/// Guarantee G1, by what every call would have removed, whether it did or not:
/// a batch is a rectangle, and no pair of it may be one too many.
fn only_decided_targets_were_asked_for(cloud: &StagedCloud, tasks: &[Task]) {
    let decided: HashSet<Removable> = tasks
        .iter()
        .map(|task| &task.revocation.target)
        .filter(|target| target.cloud == cloud.name)
        .map(removable_of)
        .collect();
    for request in cloud.simulated.requests().all() {
        for asked_for in would_remove(&request.call) {
            assert!(
                decided.contains(&asked_for),
                "{} asked for the end of {asked_for:?}, on which nobody decided",
                request.path
            );
        }
    }
}

pub(super) fn would_remove(call: &Call) -> Vec<Removable> {
    let is_namespace = |resource: &Id| !resource.as_str().contains('/');
    let kind = match call.kind {
        CallKind::DeleteImage => {
            let images = call.resources.iter();
            return images.map(|image| (Kind::Image, image.clone(), None)).collect();
        }
        CallKind::RemoveMember | CallKind::RemoveMembers => Kind::ImageShare,
        CallKind::RemovePermissions if call.resources.iter().all(is_namespace) => Kind::NamespacePermission,
        CallKind::RemovePermissions => Kind::RepositoryPermission,
        CallKind::RemoveAccountShare => Kind::RepositoryShare,
        _ => return vec![],
    };
    let of = |resource: &Id| {
        let subjects = call.subjects.iter();
        let pairs = subjects.map(|subject| (kind, resource.clone(), Some(subject.clone())));
        pairs.collect::<Vec<Removable>>()
    };
    call.resources.iter().flat_map(of).collect()
}

/// Guarantee G4.
fn what_is_done_is_gone(stage: &Stage, cloud: &StagedCloud, tasks: &[Task]) {
    let left = cloud.left();
    let by_hand: HashSet<Removable> = by_hand(stage, &cloud.name).collect();
    for task in tasks.iter().filter(|task| task.state == TaskState::Done) {
        let target = &task.revocation.target;
        let removed = removable_of(target);
        let there = target.cloud == cloud.name && left.contains(&removed) && !by_hand.contains(&removed);
        assert!(!there, "task {} is done, but {target} is still there", task.id);
    }
}

fn nothing_was_removed_twice(stage: &Stage, cloud: &StagedCloud) {
    let by_hand: HashSet<Removable> = by_hand(stage, &cloud.name).collect();
    let mut once: BTreeSet<Removable> = BTreeSet::new();
    for removal in cloud.simulated.world().removals() {
        let removed = removal.of();
        assert!(
            by_hand.contains(&removed) || once.insert(removed.clone()),
            "{removed:?} was removed twice"
        );
    }
}

/// Guarantee G2.
fn nothing_is_stuck(tasks: &[Task]) {
    for task in tasks {
        assert_ne!(
            task.state,
            TaskState::Claimed,
            "task {} is still claimed",
            task.id
        );
        let ended = matches!(
            task.state,
            TaskState::Done | TaskState::Dead | TaskState::Cancelled
        );
        assert!(
            !ended || !task.note.is_empty(),
            "task {} ended without a reason",
            task.id
        );
    }
}

/// Guarantee G8: sound, and with a story of each task from its evidence on.
async fn the_audit_is_whole(stage: &Stage, tasks: &[Task]) {
    let report = stage
        .store()
        .verify_audit(|_, _| ())
        .await
        .expect("reading the audit");
    assert!(report.is_sound(), "{:?}", report.problems);
    let filter = AuditFilter {
        after: Some(0),
        ..AuditFilter::default()
    };
    let records = stage
        .store()
        .audit(filter, 10_000_000)
        .await
        .expect("reading the audit");
    let mut stories: HashMap<TaskId, Vec<&AuditRecord>> = HashMap::new();
    for record in &records {
        stories
            .entry(record.task.unwrap_or_default())
            .or_default()
            .push(record);
    }
    for task in tasks {
        let story = || stories[&task.id].iter();
        let decided: Vec<_> = story().filter(|record| record.event == Event::Decided).collect();
        assert_eq!(decided.len(), 1, "task {} was decided once", task.id);
        assert_eq!(decided[0].evidence.as_ref(), Some(&task.revocation.evidence));
        assert_eq!(decided[0].target.as_ref(), Some(&task.revocation.target));
        let last = story().next_back().and_then(|record| record.to.as_deref());
        assert_eq!(last, Some(task.state.as_str()), "the end of task {}", task.id);
    }
}

/// Guarantee G9.
fn no_secret_got_out(stage: &Stage) {
    let mut places = vec![("the log".to_owned(), stage.logs.text().into_bytes())];
    let written = stage.written.lock().expect("no reader panicked").clone();
    places.push(("an output".to_owned(), written.into_bytes()));
    for metrics in stage.metrics.borrow().iter() {
        places.push(("the metrics".to_owned(), metrics.render().into_bytes()));
    }
    for file in ["revokd.db", "revokd.db-wal", "revokd.db-shm"] {
        places.extend(fs::read(stage.path(file)).map(|bytes| (file.to_owned(), bytes)));
    }
    let of_files = stage.secrets.borrow();
    let secrets: BTreeSet<&str> = stage
        .clouds
        .iter()
        .flat_map(|cloud| &cloud.secrets)
        .chain(of_files.iter())
        .map(String::as_str)
        .collect();
    for (place, bytes) in &places {
        for secret in &secrets {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "a secret stands in {place}");
        }
    }
}

fn by_hand<'a>(stage: &'a Stage, cloud: &'a CloudName) -> impl Iterator<Item = Removable> + 'a {
    let all = stage.by_hand.borrow().clone();
    all.into_iter()
        .filter(move |(of, _)| of == cloud)
        .map(|(_, removed)| removed)
}

fn removable_of(target: &Target) -> Removable {
    (target.kind, target.resource.clone(), target.subject.clone())
}
