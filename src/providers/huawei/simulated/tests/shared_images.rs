//! Images that are shared, for the tests of what happens to their members.

use super::*;
use crate::{
    model::MemberStatus,
    simulator::{JobScript, NewImage},
};

pub(super) struct Scene {
    pub harness: Harness,
    pub token: String,
    pub images: Vec<Id>,
    pub guests: Vec<Id>,
}

impl Scene {
    /// Three images shared with three projects each; the password of the user
    /// `guest-0` is `guest-0-password`.
    pub async fn start(flavour: Flavour) -> Scene {
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

    pub async fn guest_token(&self) -> String {
        let scope = json!({"project": {"id": self.guests[0].as_str()}});
        self.harness.token_for("guest-0", Some(scope)).await
    }

    pub fn members(&self, image: usize) -> String {
        format!("/v2/images/{}/members", self.images[image])
    }

    pub fn member(&self, image: usize, guest: usize) -> String {
        format!("{}/{}", self.members(image), self.guests[guest])
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.harness.call(&self.token, method, path, body).await
    }

    pub async fn batch(&self, method: &str, images: &[&str], projects: &[&str]) -> Answer {
        let body = json!({"images": images, "projects": projects});
        self.call(method, "/v1/cloudimages/members", Some(body)).await
    }

    /// Both calls that tell of a job, the one with rows first.
    pub async fn job(&self, job: &str) -> (Answer, Answer) {
        let path = format!("/v1/{}/jobs/{job}", self.harness.project);
        (
            self.call("GET", &path, None).await,
            self.call("GET", &format!("/v1/cloudimages/job/{job}"), None)
                .await,
        )
    }

    pub async fn remove_all(&self, script: JobScript) -> String {
        self.harness.cloud.world().script_next_job(script);
        let images: Vec<&str> = self.images.iter().map(Id::as_str).collect();
        let guests: Vec<&str> = self.guests.iter().map(Id::as_str).collect();
        let answer = self.batch("DELETE", &images, &guests).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["job_id"].as_str().unwrap().to_string()
    }

    pub fn removed(&self) -> usize {
        self.harness.cloud.world().removals().len()
    }
}

pub(super) fn code(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    let code = if body["error"].is_object() {
        &body["error"]["code"]
    } else {
        &body["code"]
    };
    (answer.status, code.as_str().unwrap().to_string())
}
