//! An [`Api`] configured for the scripted server, with a clock that tests move.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::super::api::{Api, Ask, Refusal, Service};
use crate::{
    config::{
        login::Credential,
        types::{self, CloudLimits, Domain, Endpoints, Flavour, Huawei, HuaweiLogin, Named, Provider},
    },
    model::Failure,
    providers::{
        Clock,
        calls::Operation,
        refusals::Refusals,
        scripted::{Asked, Reply, Server, logged_in},
    },
};

pub const PASSWORD: &str = "not-a-real-one";
pub const ACCESS_KEY: &str = "EXAMPLEAKEXAMPLEAK00";
pub const SECRET_KEY: &str = "exampleSKexampleSKexampleSKexampleSK0000";

pub struct Client {
    pub api: Api,
    now: Arc<Mutex<Timestamp>>,
}

impl Client {
    pub fn of(server: &Server) -> Client {
        Client::with(&config(server, password()))
    }

    pub fn with(config: &types::Cloud) -> Client {
        Client::beside(&Refusals::default(), config)
    }

    /// A section of one process.
    pub fn beside(refusals: &Refusals, config: &types::Cloud) -> Client {
        let now = Arc::new(Mutex::new(start()));
        let time = Arc::clone(&now);
        let clock: Clock = Arc::new(move || *time.lock().unwrap());
        let Provider::Huawei(huawei) = &config.provider else {
            panic!("{config:?}");
        };
        let standing = refusals.standing(Credential::of_cloud(config));
        let api = Api::new(config, huawei, clock, Arc::new(|_| {}), standing).unwrap();
        Client { api, now }
    }

    pub fn pass(&self, time: SignedDuration) {
        *self.now.lock().unwrap() += time;
    }

    /// A call that answers nothing of interest.
    pub async fn get(&self, service: Service, path: &str) -> Result<(), Refusal> {
        let operation = Operation::ListImages;
        self.ask(operation, Method::GET, service, path).await
    }

    pub async fn ask(
        &self,
        operation: Operation,
        method: Method,
        service: Service,
        path: &str,
    ) -> Result<(), Refusal> {
        let ask = Ask {
            operation,
            method,
            service,
            path: path.to_owned(),
            query: Vec::new(),
            json: None,
        };
        self.api.send(&ask).await.map(drop)
    }
}

pub fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

pub fn password() -> HuaweiLogin {
    let domain = Domain::Name("acct".to_owned());
    HuaweiLogin::Password {
        user: Named::Name {
            name: "revoker".to_owned(),
            domain,
        },
        password: PASSWORD.into(),
        project: project(),
    }
}

pub fn access_key(security_token: Option<&str>) -> HuaweiLogin {
    HuaweiLogin::AccessKey {
        access_key: ACCESS_KEY.to_owned(),
        secret_key: SECRET_KEY.into(),
        security_token: security_token.map(Into::into),
        project: project(),
    }
}

pub fn project() -> Named {
    Named::Name {
        name: "eu-de_sandbox".to_owned(),
        domain: Domain::Name("acct".to_owned()),
    }
}

pub fn config(server: &Server, login: HuaweiLogin) -> types::Cloud {
    types::Cloud {
        provider: Provider::Huawei(Huawei {
            flavour: Flavour::OpenTelekomCloud,
            login,
            enterprise_project: None,
            registry_content_type: "application/json;charset=utf8".to_owned(),
        }),
        auth_url: server.url.join("identity/v3").unwrap(),
        region: None,
        interface: "public".to_owned(),
        endpoints: Endpoints {
            image: None,
            registry: Some(server.url.join("registry").unwrap()),
        },
        allow_http: false,
        ca_file: None,
        limits: CloudLimits::default(),
    }
}

/// Logins give the tokens `project-1`, `account-2`, …; the rest is the script's.
pub async fn cloud(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
    let logins = AtomicUsize::new(0);
    Server::start_bare(move |asked, url| {
        if !asked.path.ends_with("/auth/tokens") {
            return script(asked);
        }
        let number = logins.fetch_add(1, Ordering::SeqCst) + 1;
        let (token, body) = token(asked, url);
        logged_in(&format!("{token}-{number}"), body).into()
    })
    .await
}

/// What the login asks for, and the body of its answer.
pub fn token(asked: &Asked, url: &Url) -> (&'static str, Value) {
    let request: Value = serde_json::from_str(&asked.body).unwrap();
    let account = json!({"id": "d0", "name": "acct"});
    let user = json!({"id": "u0", "name": "revoker", "domain": account});
    let mut body = json!({"token": {"expires_at": "2026-01-02T00:00:00.000000Z", "user": user}});
    let scope = &request["auth"]["scope"];
    if scope["domain"]["id"] == "d0" {
        body["token"]["domain"] = account;
        return ("account", body);
    }
    assert!(scope["project"].is_object(), "{request}");
    body["token"]["project"] = json!({"id": "p0", "name": "eu-de_sandbox", "domain": account});
    let endpoint = json!({"interface": "public", "region_id": "eu-de", "url": format!("{url}image/v2")});
    body["token"]["catalog"] = json!([{"type": "image", "endpoints": [endpoint]}]);
    ("project", body)
}

pub fn logins(server: &Server) -> usize {
    let asked = server.asked.lock().unwrap();
    let logins = asked.iter().filter(|asked| asked.path.ends_with("/auth/tokens"));
    logins.count()
}

pub fn failure(result: Result<(), Refusal>) -> Failure {
    match result {
        Err(Refusal::Failed(failure)) => failure,
        other => panic!("{other:?}"),
    }
}
