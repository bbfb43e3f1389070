//! A client configured for the scripted server, and rows as IMS writes them.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    config::types::{self, CloudLimits, Domain, Endpoints, Flavour, Huawei, HuaweiLogin, Named, Provider},
    model::{Failure, Id, Inventory, Kind, Needs},
    providers::{
        Cloud,
        huawei::connect_with,
        patience::Patience,
        scripted::{Answer, Asked, Reply, Server, body, json as answer, logged_in},
    },
};

pub const PROJECT: &str = "p1";

/// A cloud that lets everybody in and answers the rest by the script.
pub async fn cloud(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
    cloud_with("image", script).await
}

/// Of which the catalogue knows the one service.
pub async fn cloud_with(
    service: &'static str,
    script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> Server {
    Server::start_bare(move |asked, url| match asked.path.ends_with("/auth/tokens") {
        true => logged_in("token-1", token_body(service, url.as_str())).into(),
        false => script(asked),
    })
    .await
}

pub struct Client {
    pub cloud: Cloud,
}

impl Client {
    pub fn of(server: &Server) -> Client {
        Client::with(server, |_, _| {})
    }

    /// Of a cloud whose configuration `change` has changed.
    pub fn with(server: &Server, change: impl Fn(&mut types::Cloud, &mut Huawei)) -> Client {
        let mut config = types::Cloud {
            auth_url: server.url.join("v3").unwrap(),
            region: None,
            interface: "public".to_owned(),
            endpoints: Endpoints::default(),
            allow_http: false,
            ca_file: None,
            limits: CloudLimits::default(),
            provider: Provider::Huawei(huawei()),
        };
        let mut huawei = huawei();
        change(&mut config, &mut huawei);
        let patience = Patience {
            first_wait: Duration::ZERO,
            ..Patience::default()
        };
        let (clock, observer) = (Arc::new(start), Arc::new(|_| {}));
        let name = "lab".into();
        let cloud = connect_with(patience, name, &config, &huawei, clock, observer, Arc::default()).unwrap();
        Client { cloud }
    }

    pub async fn collect(&self, members: bool) -> Result<Inventory, Failure> {
        let needs = Needs {
            images: true,
            members,
            ..Needs::default()
        };
        self.cloud.reader.collect(needs, start(), &|_| {}).await
    }

    pub async fn look(&self, kind: Kind) -> Result<Inventory, Failure> {
        self.cloud.reader.look(kind, &id("i"), &[], start()).await
    }
}

pub fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

pub fn id(text: &str) -> Id {
    text.into()
}

pub fn ids(inventory: &Inventory) -> Vec<&str> {
    inventory.images.iter().map(|image| image.id.as_str()).collect()
}

/// A parameter of the query, not decoded; empty where there is none.
pub fn parameter<'a>(asked: &'a Asked, name: &str) -> &'a str {
    let pairs = asked.query.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    values.next().unwrap_or("")
}

pub fn row(id: &str, visibility: &str) -> Value {
    json!({
        "id": id, "name": id, "owner": PROJECT, "visibility": visibility, "status": "active",
        "protected": false, "tags": ["team=a"], "min_disk": 40, "size": 0,
        "created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-02T00:00:00Z",
        "__imagetype": visibility, "__isregistered": "true", "__image_size": "1234567890",
    })
}

pub fn member(image: &str, project: &str) -> Value {
    json!({
        "image_id": image, "member_id": project, "status": "pending", "member_type": "project",
        "created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z",
    })
}

pub fn images(rows: &[Value]) -> Reply {
    answer(json!({"images": rows})).into()
}

/// One page for whoever asks from the start, and the empty one that ends it.
pub fn only_page(asked: &Asked, rows: &[Value]) -> Reply {
    match parameter(asked, "marker") {
        "" => images(rows),
        _ => images(&[]),
    }
}

pub fn members(rows: &[Value]) -> Reply {
    answer(json!({"members": rows})).into()
}

/// An error in the form of the service's own calls.
pub fn refused(status: u16, code: &str) -> Answer {
    let words = json!({"error": {"code": code, "message": "no"}});
    body(status, words.to_string())
}

fn huawei() -> Huawei {
    Huawei {
        flavour: Flavour::HuaweiCloud,
        login: HuaweiLogin::Password {
            user: Named::Name {
                name: "revoker".to_owned(),
                domain: Domain::Name("account".to_owned()),
            },
            password: "not-a-real-one".into(),
            project: Named::Id(PROJECT.to_owned()),
        },
        enterprise_project: Some("0".to_owned()),
        registry_content_type: "application/json".to_owned(),
    }
}

fn token_body(service: &str, url: &str) -> Value {
    let account = json!({"id": "d1", "name": "account"});
    json!({"token": {
        "expires_at": "2026-01-02T00:00:00.000000Z",
        "methods": ["password"],
        "user": {"id": "u1", "name": "revoker", "domain": account},
        "project": {"id": PROJECT, "name": "eu-de", "domain": account},
        "catalog": [{"type": service, "endpoints": [
            {"interface": "public", "region_id": "eu-de", "url": url},
        ]}],
    }})
}
