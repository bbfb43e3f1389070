//! The registry, as the vendor's documents and other clients know it.

use super::*;
use crate::{model::Level, providers::huawei::simulated::RegistryOptions, simulator::registry::TagRecord};

mod access;
mod listing;
mod namespaces;
mod protocol;
mod shares;

const ACCESS: &str = "/v2/manage/namespaces/team-a/access";
const REPOSITORY: &str = "/v2/manage/namespaces/team-a/repos/web$api";
const REPOSITORY_ACCESS: &str = "/v2/manage/namespaces/team-a/repos/web$api/access";
const SHARES: &str = "/v2/manage/namespaces/team-a/repositories/web$api/access-domains";

/// The revoker manages `team-a`, which holds the empty `web/api`; a bot may
/// write there and a reader read; an outsider may nothing. The partner's
/// account has a user of its own.
struct Registry {
    harness: Harness,
    token: String,
    revoker: Id,
    bot: Id,
    reader: Id,
}

impl Registry {
    async fn start(flavour: Flavour) -> Registry {
        Registry::start_with(flavour, |_, _| {}).await
    }

    async fn start_with(flavour: Flavour, set_up: impl FnOnce(&mut World, &mut RegistryOptions)) -> Registry {
        let harness = Harness::start_with(flavour, |world, options, project| {
            let account = world.project(project.as_str()).unwrap().account.clone();
            let revoker = world.user_named("revoker").unwrap().id.clone();
            let mut user = |name: &str| world.add_user(name, &format!("{name}-password"), project);
            let (bot, reader) = (user("bot"), user("reader"));
            user("outsider");
            world.add_namespace(&account, "team-a");
            world.grant_namespace("team-a", &revoker, Level::Manage);
            world.add_repository("team-a", "web/api", noon() - SignedDuration::from_hours(48));
            world.grant_repository("team-a", "web/api", &bot, Level::Write);
            world.grant_repository("team-a", "web/api", &reader, Level::Read);
            set_up(world, &mut options.registry);
        })
        .await;
        let id = |name: &str| harness.cloud.world().user_named(name).unwrap().id.clone();
        let (revoker, bot, reader) = (id("revoker"), id("bot"), id("reader"));
        let token = harness.token_of("revoker").await;
        Registry {
            harness,
            token,
            revoker,
            bot,
            reader,
        }
    }

    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.harness.cloud.world()
    }

    /// As the revoker.
    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.call_with(&self.token, method, path, body).await
    }

    async fn call_as(&self, user: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let token = self.harness.token_of(user).await;
        self.call_with(&token, method, path, body).await
    }

    async fn call_with(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.harness.request(method, path);
        request = request
            .header("x-auth-token", token)
            .header("content-type", "application/json;charset=utf8");
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        Harness::send(request).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    /// Users of the repository, whoever manages it.
    fn holders(&self) -> Vec<Id> {
        let rows = self.world().permissions_of("team-a/web/api").into_iter();
        rows.map(|(user, _)| user).collect()
    }
}

/// Status and code, whatever the form of the body.
fn refusal(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    let forms = ["/0/errorCode", "/errors/0/errorCode", "/errorCode", "/error_code"];
    let code = forms.iter().find_map(|form| body.pointer(form)).unwrap();
    let code = code.as_str().unwrap();
    (answer.status, code.trim_start_matches("SVCSTG.SWR.").to_string())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_string())
}

fn names(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let rows = body.as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap().to_string())
        .collect()
}
