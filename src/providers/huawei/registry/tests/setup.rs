//! A session with a scripted cloud, and the answers that its registry gives.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::super::{self as registry, RegistryView, calls::Registry, collect::Collection};
use crate::{
    config::types::{self, CloudLimits, Domain, Endpoints, Flavour, HuaweiLogin, Named, Provider},
    model::{Batch, Caller, Failure, Id, Kind, Needs, Outcome, Reading},
    providers::{
        Progress,
        huawei::api::Api,
        patience::Patience,
        scripted::{Answer, Asked, Reply, Server, body, json, logged_in, status},
    },
};

pub const PERMISSIONS: Needs = Needs {
    images: false,
    members: false,
    permissions: true,
    shares: false,
    attributes: false,
};
pub const SHARES: Needs = Needs {
    permissions: false,
    shares: true,
    ..PERMISSIONS
};

/// The registry's answers to requests, by `METHOD path`.
pub struct Scene {
    server: Server,
    api: Api,
    pub limits: CloudLimits,
}

impl Scene {
    /// What the script leaves open is answered with 404 and the code of a wrong
    /// URL. IAM is not the script's: see [`identity`].
    pub async fn start(script: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) -> Scene {
        let server = Server::start_bare(move |asked, _| {
            if asked.path == "/v3/auth/tokens" {
                return logged_in("token", token_body(&asked.body)).into();
            }
            if asked.path.starts_with("/v3") {
                return identity(asked).into();
            }
            script(asked).unwrap_or_else(|| code(404, "SVCSTG.SWR.4040083").into())
        })
        .await;
        let config = config(&server);
        let Provider::Huawei(huawei) = &config.provider else {
            panic!("{config:?}");
        };
        let clock = Arc::new(|| "2026-01-01T00:00:00Z".parse().unwrap());
        let api = Api::new(&config, huawei, clock, Arc::new(|_| {}), Arc::default()).unwrap();
        let limits = config.limits.clone();
        Scene { server, api, limits }
    }

    pub async fn caller(&self) -> Caller {
        self.api.caller().await.unwrap()
    }

    pub async fn collect(&self, needs: Needs) -> RegistryView {
        self.collect_telling(needs, &|_| {}).await
    }

    /// As [`registry::collect`], but for the waits between tries.
    pub async fn collect_telling(
        &self,
        needs: Needs,
        report: &(dyn Fn(Progress) + Send + Sync),
    ) -> RegistryView {
        let caller = self.caller().await;
        let patience = Patience {
            first_wait: Duration::ZERO,
            ..Patience::default()
        };
        let registry = Registry {
            api: &self.api,
            patience,
            limits: &self.limits,
        };
        let cloud = "lab".into();
        let collection = Collection::new(&cloud, &caller, registry, report);
        collection.run(needs).await.expect("something was seen")
    }

    pub async fn look(&self, kind: Kind, resource: &str, subjects: &[&str]) -> Result<RegistryView, Failure> {
        let caller = self.caller().await;
        let subjects: Vec<Id> = subjects.iter().map(|subject| id(subject)).collect();
        registry::look(&self.api, &"lab".into(), &caller, kind, &id(resource), &subjects).await
    }

    pub async fn revoke(&self, kind: Kind, resource: &str, subjects: &[&str]) -> Outcome {
        let batch = Batch {
            cloud: "lab".into(),
            kind,
            resources: vec![id(resource)],
            subjects: subjects.iter().map(|subject| id(subject)).collect(),
        };
        self.revoke_batch(&batch).await
    }

    pub async fn revoke_batch(&self, batch: &Batch) -> Outcome {
        registry::revoke(&self.api, batch).await
    }

    /// What the registry was asked, as method, path and query.
    pub fn asked(&self) -> Vec<String> {
        let asked = self.requests();
        let line = |asked: &Asked| match asked.query.as_str() {
            "" => asked.line(),
            query => format!("{}?{query}", asked.line()),
        };
        asked.iter().map(line).collect()
    }

    pub fn requests(&self) -> Vec<Asked> {
        self.requests_below("/v2/")
    }

    /// The ids of the users whom IAM was asked about, in order of the ids.
    pub fn users_asked_about(&self) -> Vec<String> {
        let requests = self.requests_below("/v3.0/OS-USER/users/");
        let ids = requests
            .iter()
            .map(|asked| asked.path.rsplit('/').next().unwrap());
        let mut ids: Vec<String> = ids.map(str::to_owned).collect();
        ids.sort_unstable();
        ids
    }

    fn requests_below(&self, path: &str) -> Vec<Asked> {
        let asked = self.server.asked.lock().unwrap();
        let below = asked.iter().filter(|asked| asked.path.starts_with(path));
        below.cloned().collect()
    }
}

fn config(server: &Server) -> types::Cloud {
    let huawei = types::Huawei {
        flavour: Flavour::OpenTelekomCloud,
        login: HuaweiLogin::Password {
            user: Named::Name {
                name: "revoker".to_owned(),
                domain: Domain::Name("acct".to_owned()),
            },
            password: "not-a-real-one".into(),
            project: Named::Id("p1".to_owned()),
        },
        enterprise_project: None,
        registry_content_type: "application/json;charset=utf8".to_owned(),
    };
    types::Cloud {
        provider: Provider::Huawei(huawei),
        auth_url: server.url.join("v3").unwrap(),
        region: None,
        interface: "public".to_owned(),
        endpoints: Endpoints {
            image: None,
            registry: Some(server.url.clone()),
        },
        allow_http: false,
        ca_file: None,
        limits: CloudLimits {
            page_size: 2,
            ..CloudLimits::default()
        },
    }
}

fn token_body(login: &str) -> Value {
    let account = json!({"id": "d1", "name": "acct"});
    let mut token = json!({
        "expires_at": "2026-01-02T00:00:00.000000Z",
        "user": {"id": "me", "name": "revoker", "domain": account},
    });
    match login.contains("\"project\"") {
        true => token["project"] = json!({"id": "p1", "name": "eu-de", "domain": account}),
        false => token["domain"] = account,
    }
    json!({"token": token})
}

/// IAM knows everybody but `gone`, of whom `secret` is not shown, `off` is
/// disabled and `root` owns the account.
fn identity(asked: &Asked) -> Answer {
    let user = |id: &str| json!({"id": id, "name": id, "domain_id": "d1", "enabled": id != "off", "is_domain_owner": id == "root"});
    match asked.path.strip_prefix("/v3.0/OS-USER/users/") {
        Some("secret") => status(403),
        Some("gone") => status(404),
        Some(id) => json(json!({"user": user(id)})),
        None if asked.query.contains("enabled=true") => json(json!({"users": [user("me")]})),
        None => json(json!({"users": []})),
    }
}

/// An error body of the oldest kind.
pub fn code(http: u16, code: &str) -> Answer {
    body(
        http,
        json!([{"errorCode": code, "errorMessage": "no", "detail": ""}]).to_string(),
    )
}

pub fn namespaces(rows: &[(&str, i64)]) -> Reply {
    let rows: Vec<Value> = rows.iter().map(|(name, auth)| namespace(name, *auth)).collect();
    json(json!({"namespaces": rows})).into()
}

pub fn namespace(name: &str, auth: i64) -> Value {
    json!({"id": 15, "name": name, "creator_name": "ops", "auth": auth})
}

pub fn repository(namespace: &str, name: &str) -> Value {
    json!({
        "name": name, "namespace": namespace, "domain_name": "acct", "category": "linux",
        "description": "", "size": 1024, "is_public": false, "num_images": 2, "num_download": 7,
        "created_at": "2024-01-02T03:04:05.542841141Z", "updated_at": "2024-02-02T03:04:05.542841141Z",
        "path": "swr.example/team-a/web/api", "internal_path": "10.0.0.1:20202/x",
        "tags": null, "logo": "", "url": "", "status": false,
    })
}

/// One page of `rows` as the query asks for it, with the total of the header.
pub fn page(asked: &Asked, rows: &[Value]) -> Reply {
    let number = |key: &str| -> usize {
        let mut pairs = url::form_urlencoded::parse(asked.query.as_bytes());
        pairs.find(|(name, _)| name == key).unwrap().1.parse().unwrap()
    };
    let (limit, offset) = (number("limit"), number("offset"));
    let rows_of_page: Vec<Value> = rows.iter().skip(offset).take(limit).cloned().collect();
    let range = format!("{offset}-{}/{}", rows_of_page.len(), rows.len());
    json(json!(rows_of_page)).header("content-range", &range).into()
}

/// Users with their levels, beside the daemon itself.
pub fn access(others: &[(&str, i64)]) -> Reply {
    let others: Vec<Value> = others.iter().map(|(id, auth)| user(id, *auth)).collect();
    json(json!({"id": 1, "name": "x", "self_auth": user("me", 7), "others_auths": others})).into()
}

pub fn user(id: &str, auth: i64) -> Value {
    json!({"user_id": id, "user_name": format!("{id}-name"), "auth": auth})
}

pub fn account(name: &str) -> Value {
    json!({
        "namespace": "team-a", "repository": "web/api", "access_domain": name, "permit": "read",
        "deadline": "forever", "description": "", "creator_id": "c", "creator_name": "ops",
        "created": "2024-04-08T14:12:23Z", "updated": "2024-04-13T21:01:11Z", "status": true,
    })
}

/// The users of a list that was read, with their levels.
pub fn users(reading: &Reading<Vec<crate::model::Permission>>) -> Vec<String> {
    let Reading::Read(permissions) = reading else {
        panic!("{reading:?}");
    };
    let text = |permission: &crate::model::Permission| format!("{} {}", permission.user, permission.level);
    permissions.iter().map(text).collect()
}

pub fn id(text: &str) -> Id {
    text.into()
}
