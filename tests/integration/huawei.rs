//! Clouds of Huawei's make: what the founding documents ask for, and all that
//! can go wrong with it.

use revokd::model::{Task, TaskState};

use crate::harness::{Scene, Stage};

mod batches;
mod founding_documents;
mod jobs;
mod limits;
mod partial_views;
mod people;
mod protection;
mod refusals;
mod sessions;

/// Images that `partners` were granted too long ago, and one other has since
/// yesterday.
fn shared_images(scene: &mut Scene, images: usize, partners: &[&str]) {
    for n in 0..images {
        let mut shares: Vec<(&str, i64)> = partners.iter().map(|partner| (*partner, 31)).collect();
        shares.push(("globex", 1));
        scene.image(&format!("partner-{n}"), &shares);
    }
}

/// What is decided by the policies, which are all of mode `approve`, and may be
/// carried out from now on.
async fn decide_and_allow(stage: &Stage) {
    let pass = stage.pass().await;
    for report in pass.once.reports {
        let now = stage.now();
        let run = report.waits.expect("the run waits for an operator");
        stage
            .store()
            .allow_run(run, "tester".to_owned(), now)
            .await
            .expect("the run can be allowed");
    }
}

async fn all_in(stage: &Stage, state: TaskState) -> Vec<Task> {
    let mut tasks = stage.tasks().await;
    tasks.retain(|task| task.state == state);
    tasks
}

/// What became of each task, where that is not the one thing.
fn told(tasks: &[Task]) -> String {
    let lines = tasks
        .iter()
        .map(|task| format!("{}: {} ({})\n", task.revocation.target, task.state, task.note));
    lines.collect()
}
