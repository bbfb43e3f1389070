//! Members, one at a time and by batches.

use std::collections::HashSet;

use super::*;
use crate::{
    model::{Kind, MemberStatus, Visibility},
    simulator::{CallKind, Effect, Fault, JobEnd, JobScript, Left, NewImage},
};

struct Scene {
    harness: Harness,
    token: String,
    images: Vec<Id>,
    guests: Vec<Id>,
}

impl Scene {
    /// Three images shared with three projects each; the password of the user
    /// `guest-0` is `guest-0-password`.
    async fn start(flavour: Flavour) -> Scene {
        let (mut images, mut guests) = (Vec::new(), Vec::new());
        let harness = Harness::start_with(flavour, |world, _, project| {
            let account = world.project(project.as_str()).unwrap().account.clone();
            guests = (0..3)
                .map(|n| {
                    let name = format!("guest-{n}");
                    let guest = world.add_project_in(&account, &name);
                    world.add_user(&name, &format!("{name}-password"), &guest);
                    guest
                })
                .collect();
            for n in 0..3 {
                let image = world.add_image(NewImage::shared(&format!("own-{n}"), project, noon()));
                for guest in &guests {
                    world.share(&image, guest, MemberStatus::Accepted, noon());
                }
                images.push(image);
            }
        })
        .await;
        let token = harness.token_of("revoker").await;
        Scene {
            harness,
            token,
            images,
            guests,
        }
    }

    async fn guest_token(&self) -> String {
        let scope = json!({"project": {"id": self.guests[0].as_str()}});
        self.harness.token_for("guest-0", Some(scope)).await
    }

    fn members(&self, image: usize) -> String {
        format!("/v2/images/{}/members", self.images[image])
    }

    fn member(&self, image: usize, guest: usize) -> String {
        format!("{}/{}", self.members(image), self.guests[guest])
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.harness.call(&self.token, method, path, body).await
    }

    async fn batch(&self, method: &str, images: &[&str], projects: &[&str]) -> Answer {
        let body = json!({"images": images, "projects": projects});
        self.call(method, "/v1/cloudimages/members", Some(body)).await
    }

    /// Both calls that tell of a job, the one with rows first.
    async fn job(&self, job: &str) -> (Answer, Answer) {
        let path = format!("/v1/{}/jobs/{job}", self.harness.project);
        (
            self.call("GET", &path, None).await,
            self.call("GET", &format!("/v1/cloudimages/job/{job}"), None)
                .await,
        )
    }

    async fn remove_all(&self, script: JobScript) -> String {
        self.harness.cloud.world().script_next_job(script);
        let images: Vec<&str> = self.images.iter().map(Id::as_str).collect();
        let guests: Vec<&str> = self.guests.iter().map(Id::as_str).collect();
        let answer = self.batch("DELETE", &images, &guests).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["job_id"].as_str().unwrap().to_string()
    }

    fn removed(&self) -> usize {
        self.harness.cloud.world().removals().len()
    }
}

fn code(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    let code = if body["error"].is_object() {
        &body["error"]["code"]
    } else {
        &body["code"]
    };
    (answer.status, code.as_str().unwrap().to_string())
}

#[tokio::test]
async fn one_flavour_pages_members_by_an_opaque_marker() {
    let scene = Scene::start(Flavour::HuaweiCloud).await;
    let own_form = format!(
        "/v1/{}/cloudimages/{}/members",
        scene.harness.project, scene.images[0]
    );
    for path in [scene.members(0), own_form] {
        let first = scene.call("GET", &format!("{path}?limit=2"), None).await.json();
        assert_eq!(first["members"][0]["member_type"], "project");
        assert_eq!(first["page_info"]["current_count"], 2);
        let marker = first["page_info"]["next_marker"].as_str().unwrap();
        let marker: String = url::form_urlencoded::byte_serialize(marker.as_bytes()).collect();
        let rest = scene
            .call("GET", &format!("{path}?limit=2&marker={marker}"), None)
            .await
            .json();
        assert_eq!(rest["members"].as_array().unwrap().len(), 1);
        assert!(rest["page_info"].get("next_marker").is_none());
        assert_eq!(
            scene.call("GET", &format!("{path}?limit=0"), None).await.status,
            400
        );
    }
    let other = format!("/v1/another/cloudimages/{}/members", scene.images[0]);
    assert_eq!(
        code(&scene.call("GET", &other, None).await),
        (400, "IMG.0030".to_string())
    );
}

#[tokio::test]
async fn the_other_flavour_tells_all_members_at_once_and_no_type() {
    let scene = Scene::start(Flavour::OpenTelekomCloud).await;
    let list = scene
        .call("GET", &format!("{}?limit=1", scene.members(0)), None)
        .await
        .json();
    assert_eq!(list["members"].as_array().unwrap().len(), 3);
    assert!(list["members"][0].get("member_type").is_none() && list.get("page_info").is_none());
    let shown = scene.call("GET", &scene.member(0, 1), None).await.json();
    assert_eq!(shown["created_at"], "2026-11-21T12:00:00Z");
}

#[tokio::test]
async fn a_member_is_removed_once_and_by_the_owner_alone() {
    for (flavour, forbidden) in [(Flavour::HuaweiCloud, 400), (Flavour::OpenTelekomCloud, 403)] {
        let scene = Scene::start(flavour).await;
        let path = scene.member(0, 0);
        let guest = scene.guest_token().await;
        assert_eq!(
            scene.harness.call(&guest, "DELETE", &path, None).await.status,
            forbidden
        );
        assert_eq!(scene.call("DELETE", &path, None).await.status, 204);
        assert_eq!(scene.call("DELETE", &path, None).await.status, 404);
        assert_eq!(scene.call("GET", &path, None).await.status, 404);
        assert_eq!(scene.harness.get(&guest, &scene.members(0)).await.status, 404);
        let removals = scene.harness.cloud.world().removals().to_vec();
        assert_eq!(removals.len(), 1);
        let share = (
            Kind::ImageShare,
            scene.images[0].clone(),
            Some(scene.guests[0].clone()),
        );
        assert_eq!(removals[0].of(), share);
    }
}

#[tokio::test]
async fn a_private_image_becomes_shared_by_its_first_member() {
    let scene = Scene::start(Flavour::HuaweiCloud).await;
    let mut image = NewImage::shared("private", &scene.harness.project, noon());
    image.visibility = Visibility::Private;
    let image = scene.harness.cloud.world().add_image(image);
    let members = format!("/v2/images/{image}/members");
    let none = scene.call("GET", &members, None).await.json();
    assert_eq!(none["members"], json!([]));
    let member = json!({"member": scene.guests[0].as_str()});
    let added = scene.call("POST", &members, Some(member.clone())).await;
    assert_eq!((added.status, &added.json()["status"]), (200, &json!("pending")));
    assert_eq!(scene.call("POST", &members, Some(member)).await.status, 409);
    let shown = scene
        .call("GET", &format!("/v2/images/{image}"), None)
        .await
        .json();
    assert_eq!(shown["visibility"], "shared");
    let itself = json!({"member": scene.harness.project.as_str()});
    assert_eq!(
        code(&scene.call("POST", &members, Some(itself)).await),
        (400, "IMG.0076".to_string())
    );
}

#[tokio::test]
async fn a_recipient_answers_and_the_owner_does_not() {
    let scene = Scene::start(Flavour::OpenTelekomCloud).await;
    let guest = scene.guest_token().await;
    let rejected = json!({"status": "rejected"});
    let answered = scene
        .harness
        .call(&guest, "PUT", &scene.member(0, 0), Some(rejected.clone()))
        .await;
    assert_eq!(
        (answered.status, &answered.json()["status"]),
        (200, &json!("rejected"))
    );
    assert_eq!(
        scene
            .call("PUT", &scene.member(0, 0), Some(rejected))
            .await
            .status,
        403
    );
    let body = json!({
        "images": [scene.images[0].as_str(), scene.images[1].as_str()],
        "project_id": scene.guests[0].as_str(),
        "status": "rejected",
    });
    let path = "/v1/cloudimages/members";
    let batch = scene.harness.call(&guest, "PUT", path, Some(body)).await;
    assert_eq!(batch.status, 200);
    let shown = scene.call("GET", &scene.member(1, 0), None).await.json();
    assert_eq!(shown["status"], "rejected");
}

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
