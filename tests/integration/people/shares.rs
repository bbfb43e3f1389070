//! Shares to projects that a person owned, where the list says so.

use revokd::{config::types::Flavour, model::TaskState};

use super::{LIST, POLICY};
use crate::harness::{FLAVOURS, PolicyText, Scene, SourceText, Stage};

fn source() -> SourceText {
    SourceText::csv(LIST)
        .key("gone", "{ column = \"status\", is = \"left\" }")
        .key("projects", "\"projects\"")
}

/// Images that three projects have; `None`: of OpenStack.
async fn raised(flavour: Option<Flavour>) -> Stage {
    let mut scene = match flavour {
        Some(flavour) => Scene::of_huawei(flavour),
        None => Scene::new(),
    };
    let shares = [("alpha", 90), ("beta", 90), ("gamma", 90)];
    scene.image("partner-1", &shares).image("partner-2", &shares);
    let policy = PolicyText::new(POLICY, "image-share").subject_in(&[LIST]);
    scene.source(&source()).policy(&policy);
    scene.raise().await
}

/// Each row: who, whether there still, which projects.
fn table(stage: &Stage, rows: &[(&str, &str, &[&str])]) -> String {
    let row = |(name, status, projects): &(&str, &str, &[&str])| {
        let ids = projects
            .iter()
            .map(|project| stage.cloud().project(project).to_string());
        let ids: Vec<String> = ids.collect();
        format!("{name}@example.org,{status},{}\n", ids.join(";"))
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!("email,status,projects\n{}", rows.concat())
}

fn has_lost(stage: &Stage, projects: &[&str]) {
    for image in ["partner-1", "partner-2"] {
        for project in ["alpha", "beta", "gamma"] {
            let shared = stage.cloud().is_shared(image, project);
            assert_eq!(shared, !projects.contains(&project), "{image} with {project}");
        }
    }
}

#[tokio::test]
async fn shares_of_the_projects_of_a_leaver_go_but_for_those_with_an_owner_who_is_still_there() {
    for flavour in [None, Some(FLAVOURS[0]), Some(FLAVOURS[1])] {
        let stage = raised(flavour).await;
        stage.write_list(
            LIST,
            table(
                &stage,
                &[
                    ("ann", "left", &["alpha", "beta"]),
                    ("bob", "active", &["beta", "gamma"]),
                ],
            ),
        );

        stage.pass().await;

        has_lost(&stage, &["alpha"]);
        assert_eq!(stage.count(TaskState::Done).await, 2);

        stage.write_list(
            LIST,
            table(
                &stage,
                &[
                    ("ann", "left", &["alpha", "beta"]),
                    ("bob", "left", &["beta", "gamma"]),
                ],
            ),
        );
        stage.pass().await;
        has_lost(&stage, &["alpha", "beta", "gamma"]);
        stage.finish().await;
    }
}

#[tokio::test]
async fn no_share_goes_by_a_list_that_lost_its_column_of_projects() {
    let stage = raised(None).await;
    stage.write_list(LIST, "email,status\nann@example.org,left\n");
    let pass = stage.pass().await;
    let notes = pass.once.reports[0].notes.join("; ");
    assert!(
        pass.once.reports[0].unproven && notes.contains("`projects`"),
        "{notes}"
    );
    has_lost(&stage, &[]);
    stage.finish().await;
}

#[tokio::test]
async fn shares_of_nobodys_projects_stay() {
    let stage = raised(None).await;
    stage.write_list(LIST, table(&stage, &[("ann", "left", &[])]));
    stage.pass().await;
    has_lost(&stage, &[]);
    assert_eq!(stage.tasks().await, []);
    stage.finish().await;
}
