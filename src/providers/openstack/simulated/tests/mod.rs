//! The simulated cloud, asked over real HTTP as a client would ask it.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

use super::{Options, SimulatedCloud};
use crate::{
    model::{Id, MemberStatus},
    simulator::{Login, NewImage, Role, World},
};

mod faults;
mod images;
mod keystone;
mod listing;
mod members;
mod protocol;
mod seeded;
mod users;

/// A cloud with one shared image, and everybody who may or may not touch it.
struct Harness {
    cloud: SimulatedCloud,
    client: Client,
    clock: Arc<Mutex<Timestamp>>,
    login: Login,
    guest: Id,
    other: Id,
    image: Id,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

impl Harness {
    async fn start() -> Harness {
        Harness::start_with(|_, _| {}).await
    }

    /// The password of `NAME` is `NAME-password`; the guest has accepted the
    /// image, the other has not answered yet.
    async fn start_with(set_up: impl FnOnce(&mut World, &mut Options)) -> Harness {
        // Only the first test of the process installs it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut world = World::new();
        let login = Login::add_to(&mut world, "platform");
        let image = world.add_image(NewImage::shared("golden", &login.project, noon() - days(90)));
        let mut project_with_user = |name: &str| {
            let project = world.add_project(name);
            world.add_user(name, &format!("{name}-password"), &project);
            project
        };
        let guest = project_with_user("guest");
        let other = project_with_user("other");
        project_with_user("stranger");
        for (name, role) in [("reader", Role::Reader), ("admin", Role::Admin)] {
            let user = world.add_user(name, &format!("{name}-password"), &login.project);
            world
                .user_mut(user.as_str())
                .unwrap()
                .roles
                .insert(login.project.clone(), role);
        }
        world.share(&image, &guest, MemberStatus::Accepted, noon() - days(60));
        world.share(&image, &other, MemberStatus::Pending, noon() - days(30));

        let clock = Arc::new(Mutex::new(noon()));
        let hand = clock.clone();
        let mut options = Options::new(Arc::new(move || *hand.lock().unwrap()));
        set_up(&mut world, &mut options);
        let cloud = SimulatedCloud::start(world, options).await.unwrap();
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Harness {
            cloud,
            client,
            clock,
            login,
            guest,
            other,
            image,
        }
    }

    fn pass(&self, time: SignedDuration) {
        *self.clock.lock().unwrap() += time;
    }

    fn request(&self, method: &str, url: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client
            .request(method, url)
            .header("accept", "application/json")
    }

    async fn send(request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    async fn log_in(&self, auth: Value) -> Answer {
        let url = format!("{}/auth/tokens", self.cloud.auth_url());
        Harness::send(self.request("POST", &url).json(&json!({ "auth": auth }))).await
    }

    fn with_password(user: &str, password: &str, scope: Option<Value>) -> Value {
        let user = json!({"name": user, "password": password, "domain": {"name": "Default"}});
        let mut auth = json!({"identity": {"methods": ["password"], "password": {"user": user}}});
        if let Some(scope) = scope {
            auth["scope"] = json!({ "project": scope });
        }
        auth
    }

    /// A token of the user's home project.
    async fn token_of(&self, user: &str) -> String {
        let password = match user {
            "revoker" => self.login.password.clone(),
            other => format!("{other}-password"),
        };
        let answer = self.log_in(Harness::with_password(user, &password, None)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.header("x-subject-token").to_string()
    }

    /// A request to the image service; `path` starts with `/v2`.
    async fn call(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}{path}", self.cloud.shared.image_root());
        let mut request = self.request(method, &url).header("x-auth-token", token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Harness::send(request).await
    }

    async fn get(&self, token: &str, path: &str) -> Answer {
        self.call(token, "GET", path, None).await
    }

    async fn status_of(&self, user: &str, method: &str, path: &str) -> u16 {
        let token = self.token_of(user).await;
        self.call(&token, method, path, None).await.status
    }

    fn members_path(&self) -> String {
        format!("/v2/images/{}/members", self.image)
    }

    fn member_path(&self, member: &Id) -> String {
        format!("/v2/images/{}/members/{member}", self.image)
    }
}
