//! `revokd plan`: what would go, in the shape that programs rely on, and no
//! trace of having looked.

use std::collections::BTreeSet;

use revokd::{
    model::Visibility,
    simulator::{CallKind, Effect, Fault},
};
use serde_json::{Value, json};

use crate::{
    cli_folder::keys,
    harness::{Scene, Stage, lapse, stale_images},
};

/// One share that is due, one that is not, and an image that is due.
async fn stage() -> Stage {
    let mut scene = Scene::in_real_time();
    scene.image("partner-1", &[("acme", 31), ("globex", 3)]);
    scene.image_with("build-1", 400, &[], |image| {
        image.visibility = Visibility::Private
    });
    scene.policy(&lapse("shares-lapse"));
    scene.policy(&stale_images("images-go"));
    scene.raise().await
}

fn all_keys(rows: &Value) -> BTreeSet<Vec<String>> {
    let rows = rows.as_array().expect("a list");
    rows.iter().map(keys).collect()
}

#[tokio::test]
async fn a_plan_has_the_keys_that_programs_rely_on() {
    let stage = stage().await;
    let ran = stage.command(&["plan", "--output", "json"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let plan = ran.json();
    assert_eq!(keys(&plan), ["gaps", "policies", "revocations"]);
    assert_eq!(plan["gaps"], json!([]));
    let of_policy = [
        "brake",
        "decided",
        "description",
        "grace",
        "kept",
        "kinds",
        "mode",
        "name",
        "resource",
        "seen",
    ];
    assert_eq!(
        all_keys(&plan["policies"]),
        BTreeSet::from([of_policy.map(str::to_owned).to_vec()])
    );
    let of_revocation = [
        "cloud",
        "due_since",
        "kind",
        "listed_in",
        "policy",
        "reason",
        "resource",
        "resource_name",
        "still_reachable",
        "subject",
        "subject_name",
    ];
    assert_eq!(
        all_keys(&plan["revocations"]),
        BTreeSet::from([of_revocation.map(str::to_owned).to_vec()])
    );
    stage.finish().await;
}

#[tokio::test]
async fn a_plan_says_what_goes_and_why() {
    let stage = stage().await;
    let plan = stage.command(&["plan", "--output", "json"]).await.json();
    let cloud = stage.cloud();
    let [share, image] = plan["revocations"].as_array().expect("a list").as_slice() else {
        panic!("{plan}");
    };
    assert_eq!(share["policy"], "shares-lapse");
    assert_eq!(share["kind"], "image-share");
    assert_eq!(share["resource"], cloud.image("partner-1").as_str());
    assert_eq!(share["resource_name"], "partner-1");
    assert_eq!(share["subject"], cloud.project("acme").as_str());
    let reason = share["reason"].as_str().expect("a text");
    assert!(reason.starts_with("granted_before 30d ("), "{reason}");
    let due: jiff::Timestamp = share["due_since"].as_str().expect("a moment").parse().unwrap();
    let overdue_hours = stage.now().duration_since(due).as_hours();
    assert_eq!(overdue_hours, 24, "31 days old, due after 30");
    assert_eq!(image["kind"], "image");
    assert_eq!(image["resource"], cloud.image("build-1").as_str());
    assert_eq!(image["subject"], Value::Null);
    stage.finish().await;
}

#[tokio::test]
async fn a_plan_only_reads_and_leaves_no_trace() {
    let stage = stage().await;
    for output in ["json", "table"] {
        let ran = stage.command(&["plan", "--output", output]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    for request in stage.cloud().simulated.requests().all() {
        let call = &request.call;
        let reads = call.method == "GET" || call.kind == CallKind::Login;
        assert!(reads, "{} {}", call.method, request.path);
    }
    assert!(!stage.path("revokd.db").exists());
    assert!(!stage.path("revokd.db.lock").exists());
    assert_eq!(stage.cloud().removals(), 0);
    stage.finish().await;
}

#[tokio::test]
async fn a_plan_of_named_policies_holds_no_other() {
    let stage = stage().await;
    let plan = stage
        .command(&["plan", "images-go", "--output", "json"])
        .await
        .json();
    assert_eq!(plan["policies"].as_array().map(Vec::len), Some(1));
    assert_eq!(plan["policies"][0]["name"], "images-go");
    assert_eq!(plan["revocations"].as_array().map(Vec::len), Some(1));
    let member_lists = stage.cloud().count(CallKind::ListMembers);
    assert_eq!(member_lists, 0, "what no policy asks about is not read");
    stage.finish().await;
}

#[tokio::test]
async fn a_plan_says_what_the_mode_and_the_brake_would_make_of_it() {
    let mut scene = Scene::in_real_time();
    scene.image("partner-1", &[("acme", 31), ("globex", 31), ("hooli", 3)]);
    scene.policy(&lapse("braked").limit("max_revocations", "1"));
    scene.policy(&lapse("observed").mode("observe"));
    scene.policy(&lapse("approved").mode("approve"));
    scene.policy(&lapse("enforced"));
    scene.policy(&lapse("exempting").exempt("image.name = \"partner-*\""));
    let stage = scene.raise().await;
    let plan = stage.command(&["plan", "--output", "json"]).await.json();
    assert_eq!(
        plan["policies"][0]["brake"],
        json!(["wants 2 revocations, max_revocations is 1"])
    );
    assert_eq!(plan["policies"][1]["brake"], json!([]));
    assert_eq!(plan["policies"][4]["decided"], 0);
    assert_eq!(plan["policies"][4]["kept"].as_array().map(Vec::len), Some(2));
    let table = stage.command(&["plan"]).await.stdout;
    for told in [
        "would be held: wants 2",
        "observed only",
        "would wait for approval",
        "would be removed",
        "nothing to do",
        "exempting keeps 2 targets",
        "contract 4711",
    ] {
        assert!(table.contains(told), "{told} in:\n{table}");
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_cloud_that_is_down_is_a_gap_and_a_failure() {
    let stage = stage().await;
    stage.cloud().fault(Fault::on_anything(Effect::CutBefore));
    let ran = stage.command(&["plan", "--output", "json"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let plan = ran.json();
    assert_eq!(plan["revocations"], json!([]));
    assert_eq!(
        plan["gaps"].as_array().map(Vec::len),
        Some(1),
        "told once: {plan}"
    );
    let gap = &plan["gaps"][0];
    assert_eq!(keys(gap), ["cloud", "reason", "resource", "scope", "subject"]);
    assert_eq!((&gap["cloud"], &gap["scope"]), (&json!("sim"), &json!("cloud")));
    let reason = gap["reason"].as_str().expect("a text");
    assert!(
        reason.starts_with("logging in: POST /v3/auth/tokens: "),
        "{reason}"
    );
    let table = stage.command(&["plan"]).await;
    assert!(
        table.stderr.contains(&format!("not seen: cloud sim: {reason}")),
        "{table:?}"
    );
    assert!(table.stdout.contains("not all was seen"), "{table:?}");
    stage.finish().await;
}

#[tokio::test]
async fn a_member_list_that_cannot_be_read_is_a_gap_and_the_rest_is_planned() {
    let mut scene = Scene::in_real_time();
    scene.image("partner-1", &[("acme", 31)]);
    scene.image("partner-2", &[("acme", 31)]);
    scene.policy(&lapse("shares-lapse"));
    let stage = scene.raise().await;
    let unreadable = stage.cloud().image("partner-1");
    stage
        .cloud()
        .fault(Fault::on(CallKind::ListMembers, Effect::Status(500)).resource(&unreadable));
    let ran = stage.command(&["plan", "--output", "json"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let plan = ran.json();
    assert_eq!(plan["gaps"][0]["scope"], "members");
    assert_eq!(plan["gaps"][0]["resource"], unreadable.as_str());
    assert_eq!(plan["revocations"].as_array().map(Vec::len), Some(1));
    assert_eq!(plan["revocations"][0]["resource_name"], "partner-2");
    stage.finish().await;
}

#[tokio::test]
async fn a_refused_login_says_so_and_holds_no_secret() {
    let stage = stage().await;
    stage.write_password("sim", "not-the-password");
    let ran = stage.command(&["plan"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("401"), "{ran:?}");
    assert!(!ran.stdout.contains("not-the-password") && !ran.stderr.contains("not-the-password"));
    assert_eq!(stage.cloud().count(CallKind::Login), 1, "tried once");
    stage.finish().await;
}
