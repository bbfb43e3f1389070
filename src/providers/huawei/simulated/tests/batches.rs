//! Members removed and added by batches, and the jobs that do it.

use std::collections::HashSet;

use super::{
    shared_images::{Scene, code},
    *,
};
use crate::{
    model::{Kind, MemberStatus, Visibility},
    simulator::{CallKind, Effect, Fault, JobEnd, JobScript, Left, NewImage},
};

#[tokio::test]
async fn a_batch_takes_the_whole_rectangle_and_nothing_else() {
    let scene = Scene::start(Flavour::OpenTelekomCloud).await;
    let (images, guests) = (&scene.images[..2], &scene.guests[1..]);
    let images_text: Vec<&str> = images.iter().map(Id::as_str).collect();
    let guests_text: Vec<&str> = guests.iter().map(Id::as_str).collect();
    let answer = scene.batch("DELETE", &images_text, &guests_text).await;
    assert_eq!(answer.status, 200);
    let expected: HashSet<_> = images
        .iter()
        .flat_map(|image| guests.iter().map(move |guest| (image, guest)))
        .map(|(image, guest)| (Kind::ImageShare, image.clone(), Some(guest.clone())))
        .collect();
    let removed: HashSet<_> = {
        let world = scene.harness.cloud.world();
        world.removals().iter().map(|removal| removal.of()).collect()
    };
    assert_eq!(removed, expected);
    let added = scene.batch("POST", &images_text, &guests_text).await;
    let (job, _) = scene.job(added.json()["job_id"].as_str().unwrap()).await;
    let job = job.json();
    assert_eq!(
        (&job["status"], &job["job_type"]),
        (&json!("SUCCESS"), &json!("imsAddImageMembersJob"))
    );
    assert_eq!(job["entities"]["results"].as_array().unwrap().len(), 4);
    assert_eq!(job["entities"]["results"][0]["status"], "success");
}

#[tokio::test]
async fn one_wrong_thing_refuses_the_whole_batch() {
    let scene = Scene::start(Flavour::HuaweiCloud).await;
    let (image, guest) = (scene.images[0].as_str(), scene.guests[0].as_str());
    let (foreign, public) = {
        let mut world = scene.harness.cloud.world();
        let foreign = world.add_image(NewImage::shared("foreign", &scene.guests[1], noon()));
        world.share(&foreign, &scene.harness.project, MemberStatus::Accepted, noon());
        let mut public = NewImage::shared("public", &scene.harness.project, noon());
        public.visibility = Visibility::Public;
        (foreign, world.add_image(public))
    };
    for (images, projects, expected) in [
        (vec![image, "none"], vec![guest], "IMG.0066"),
        (vec![image, foreign.as_str()], vec![guest], "IMG.0047"),
        (vec![image, public.as_str()], vec![guest], "IMG.0089"),
        (vec![image], vec![guest, ""], "IMG.0067"),
        (vec![image], vec![], "IMG.0001"),
        (vec![image; 101], vec![guest], "IMG.0001"),
    ] {
        let answer = scene.batch("DELETE", &images, &projects).await;
        assert_eq!(code(&answer), (400, expected.to_string()));
    }
    let without_body = scene.call("DELETE", "/v1/cloudimages/members", None).await;
    assert_eq!(code(&without_body), (400, "IMG.0007".to_string()));
    assert_eq!(
        (scene.removed(), scene.harness.cloud.world().jobs().len()),
        (0, 0)
    );
}

#[tokio::test]
async fn a_removals_job_succeeds_and_tells_of_no_pair() {
    let scene = Scene::start(Flavour::HuaweiCloud).await;
    let job = scene.remove_all(JobScript::default()).await;
    let (whole, progress) = scene.job(&job).await;
    assert_eq!(
        whole.json(),
        json!({
            "status": "SUCCESS",
            "job_id": job,
            "job_type": "imsDelImageMembersJob",
            "begin_time": "2026-11-21T12:00:00.000Z",
            "end_time": "2026-11-21T12:00:00.000Z",
            "error_code": null,
            "fail_reason": null,
            "entities": {"results": [], "sub_jobs_result": [], "sub_jobs_list": []},
        })
    );
    assert!(progress.json()["entities"].get("results").is_none());
    assert_eq!(scene.removed(), 9);
}

#[tokio::test]
async fn a_job_that_left_pairs_fails_or_says_otherwise_as_scripted() {
    for (end, status, error) in [
        (JobEnd::AsItWent, "FAIL", json!("IMG.0113")),
        (JobEnd::Success, "SUCCESS", Value::Null),
    ] {
        let scene = Scene::start(Flavour::HuaweiCloud).await;
        let left = HashSet::from([
            (scene.images[0].clone(), scene.guests[0].clone()),
            (scene.images[2].clone(), scene.guests[1].clone()),
        ]);
        let script = JobScript {
            left: Left::These(left),
            end,
            tells_pairs: Some(true),
            ..JobScript::default()
        };
        let job = scene.remove_all(script).await;
        let job = scene.job(&job).await.0.json();
        assert_eq!((&job["status"], &job["error_code"]), (&json!(status), &error));
        let rows = job["entities"]["results"].as_array().unwrap();
        assert_eq!(rows.iter().filter(|row| row["status"] == "failed").count(), 2);
        assert_eq!(scene.removed(), 7);
    }
}

#[tokio::test]
async fn a_job_can_take_its_time_run_for_ever_end_strangely_or_be_forgotten() {
    let scene = Scene::start(Flavour::HuaweiCloud).await;
    let status = async |job: &str| scene.job(job).await.0.json()["status"].clone();
    let slow = JobScript {
        delay: SignedDuration::from_secs(3),
        left: Left::Everything,
        end: JobEnd::Success,
        ..JobScript::default()
    };
    let job = scene.remove_all(slow).await;
    assert_eq!(status(&job).await, "RUNNING");
    assert!(scene.job(&job).await.0.json()["end_time"].is_null());
    scene.harness.pass(SignedDuration::from_secs(3));
    assert_eq!((status(&job).await, scene.removed()), (json!("SUCCESS"), 0));

    let ends = |end| JobScript {
        end,
        ..JobScript::default()
    };
    let never = scene.remove_all(ends(JobEnd::Never)).await;
    assert_eq!((status(&never).await, scene.removed()), (json!("RUNNING"), 9));
    let word = scene
        .remove_all(ends(JobEnd::Word("SUSPENDED".to_string())))
        .await;
    assert_eq!(status(&word).await, "SUSPENDED");
    let forgotten = scene.remove_all(ends(JobEnd::Forgotten)).await;
    let (whole, progress) = scene.job(&forgotten).await;
    for answer in [whole, progress] {
        assert_eq!(code(&answer), (400, "IMG.0023".to_string()));
    }
}

#[tokio::test]
async fn a_fault_on_one_image_refuses_every_batch_with_it_by_the_services_code() {
    let scene = Scene::start(Flavour::OpenTelekomCloud).await;
    let effect = Effect::Code {
        status: 400,
        code: "IMG.0066".to_string(),
    };
    let faults = scene.harness.cloud.faults();
    faults.add(Fault::on(CallKind::RemoveMembers, effect).resource(&scene.images[1]));
    let images: Vec<&str> = scene.images.iter().map(Id::as_str).collect();
    let guest = scene.guests[0].as_str();
    assert_eq!(
        code(&scene.batch("DELETE", &images, &[guest]).await),
        (400, "IMG.0066".to_string())
    );
    let without = scene.batch("DELETE", &[images[0], images[2]], &[guest]).await;
    assert_eq!((without.status, scene.removed()), (200, 2));
    let logged = scene.harness.cloud.requests().all();
    assert_eq!(logged.last().unwrap().call.resources.len(), 2);
    assert_eq!(scene.harness.cloud.requests().count(CallKind::RemoveMembers), 2);
}

#[tokio::test]
async fn a_fault_speaks_in_the_form_of_the_service_that_was_asked() {
    let scene = Scene::start(Flavour::OpenTelekomCloud).await;
    let faults = scene.harness.cloud.faults();
    let befall = |kind, status, code: &str| {
        let code = code.to_string();
        faults.add(Fault::on(kind, Effect::Code { status, code }).once());
    };
    befall(CallKind::ListImages, 429, "APIGW.0308");
    let throttled = scene.call("GET", "/v2/cloudimages", None).await;
    assert_eq!(
        (throttled.status, &throttled.json()["error_code"]),
        (429, &json!("APIGW.0308"))
    );
    befall(CallKind::ListImages, 400, "IMG.0060");
    assert_eq!(
        scene.call("GET", "/v2/cloudimages", None).await.json()["error"]["code"],
        "IMG.0060"
    );
    befall(CallKind::ListNamespaces, 403, "SVCSTG.SWR.4031032");
    let registry = scene.call("GET", "/v2/manage/namespaces", None).await.json();
    assert_eq!(registry[0]["errorCode"], "SVCSTG.SWR.4031032");
    befall(CallKind::ListUsers, 503, "IAM.0006");
    assert_eq!(
        scene.call("GET", "/v3/users", None).await.json()["error"]["code"],
        503
    );
}
