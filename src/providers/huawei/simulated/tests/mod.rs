//! The simulated cloud, asked over real HTTP as a client would ask it.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

use super::{Options, SimulatedHuawei};
use crate::{
    config::types::Flavour,
    model::Id,
    simulator::{Role, World},
};

mod batches;
mod images;
mod login;
mod members;
mod people;
mod shared_images;
mod signing;
mod swr;

/// An account with a project, its revoker, and a partner's account.
struct Harness {
    cloud: SimulatedHuawei,
    client: Client,
    clock: Arc<Mutex<Timestamp>>,
    account: Id,
    project: Id,
    revoker: Id,
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

impl Harness {
    async fn start(flavour: Flavour) -> Harness {
        Harness::start_with(flavour, |_, _, _| {}).await
    }

    /// The password of `NAME` is `NAME-password`. The set-up gets the project
    /// `eu-de_sandbox`.
    async fn start_with(flavour: Flavour, set_up: impl FnOnce(&mut World, &mut Options, &Id)) -> Harness {
        // Only the first test of the process installs it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut world = World::new();
        let account = world.add_account("acct");
        let project = world.add_project_in(&account, "eu-de_sandbox");
        let revoker = world.add_user("revoker", "revoker-password", &project);
        let roles = &mut world.user_mut(revoker.as_str()).unwrap().roles;
        roles.insert(account.clone(), Role::Admin);

        let clock = Arc::new(Mutex::new(noon()));
        let hand = clock.clone();
        let mut options = Options::new(Arc::new(move || *hand.lock().unwrap()), flavour);
        set_up(&mut world, &mut options, &project);
        let cloud = SimulatedHuawei::start(world, options).await.unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        Harness {
            cloud,
            client,
            clock,
            account,
            project,
            revoker,
        }
    }

    fn pass(&self, time: SignedDuration) {
        *self.clock.lock().unwrap() += time;
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client
            .request(method, format!("{}{path}", self.cloud.image_url()))
    }

    async fn send(request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    /// `scope` is `None`, or what stands under `scope`.
    async fn log_in(&self, user: &str, password: &str, scope: Option<Value>) -> Answer {
        let user = json!({"name": user, "password": password, "domain": {"name": "acct"}});
        let mut auth = json!({"identity": {"methods": ["password"], "password": {"user": user}}});
        if let Some(scope) = scope {
            auth["scope"] = scope;
        }
        Harness::send(
            self.request("POST", "/v3/auth/tokens")
                .json(&json!({ "auth": auth })),
        )
        .await
    }

    /// A token of the user `NAME` for the project.
    async fn token_of(&self, user: &str) -> String {
        let scope = json!({"project": {"id": self.project.as_str()}});
        self.token_for(user, Some(scope)).await
    }

    /// A token of the user `NAME` for the account.
    async fn account_token_of(&self, user: &str) -> String {
        self.token_for(user, None).await
    }

    async fn token_for(&self, user: &str, scope: Option<Value>) -> String {
        let answer = self.log_in(user, &format!("{user}-password"), scope).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.header("x-subject-token").to_string()
    }

    async fn call(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.request(method, path).header("x-auth-token", token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Harness::send(request).await
    }

    async fn get(&self, token: &str, path: &str) -> Answer {
        self.call(token, "GET", path, None).await
    }
}
