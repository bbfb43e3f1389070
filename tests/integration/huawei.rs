//! Clouds of Huawei's make: what the founding documents ask for, and all that
//! can go wrong with it.

use std::time::Duration;

use revokd::{
    model::{Task, TaskState},
    simulator::{CallKind, Effect, Fault},
};

use crate::harness::{Scene, Stage};

mod batches;
mod founding_documents;
mod jobs;
mod limits;
mod neighbours;
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

/// Works off the queue, and lets `meanwhile` happen after the last look before
/// the first call of this kind.
async fn work_off_and_meanwhile(stage: &Stage, kind: CallKind, meanwhile: impl FnOnce()) {
    let hanging = Effect::Latency(Duration::from_secs(2));
    stage.cloud().fault(Fault::on(kind, hanging).once());
    let hangs = async {
        let requests = stage.cloud().simulated.requests();
        let mut finished = usize::MAX;
        stage
            .until_standing("the call hangs", async || {
                tokio::time::sleep(Duration::from_millis(100)).await;
                let before = std::mem::replace(&mut finished, requests.all().len());
                before == finished && requests.in_flight() == 1
            })
            .await;
        assert_eq!(stage.cloud().count(kind), 0, "the first call is still in flight");
        meanwhile();
    };
    futures::future::join(stage.work_off(), hangs).await;
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
