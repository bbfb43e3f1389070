//! A client configured for the scripted server, with a clock that tests move.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::super::connect_with;
use crate::{
    config::{
        login::Credential,
        types::{self, Auth, CloudLimits, Domain, Endpoints, Named, Provider},
    },
    model::{Failure, Id, Inventory, Needs},
    providers::{Clock, Cloud, calls::Call, patience::Patience, refusals::Refusals, scripted::Server},
};

pub const PASSWORD: &str = "not-a-real-one";

pub struct Client {
    pub cloud: Cloud,
    pub calls: Arc<Mutex<Vec<Call>>>,
    now: Arc<Mutex<Timestamp>>,
}

impl Client {
    pub fn of(server: &Server) -> Client {
        Client::with(&config(server))
    }

    pub fn with(config: &types::Cloud) -> Client {
        Client::beside(&Refusals::default(), config)
    }

    /// A section of one process.
    pub fn beside(refusals: &Refusals, config: &types::Cloud) -> Client {
        let patience = Patience {
            first_wait: Duration::ZERO,
            ..Patience::default()
        };
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let now = Arc::new(Mutex::new(start()));
        let (log, time) = (Arc::clone(&calls), Arc::clone(&now));
        let clock: Clock = Arc::new(move || *time.lock().unwrap());
        let observer = Arc::new(move |call| log.lock().unwrap().push(call));
        let Provider::OpenStack(auth) = &config.provider else {
            panic!("{config:?}");
        };
        let standing = refusals.standing(Credential::of_cloud(config));
        let name = "lab".into();
        let cloud = connect_with(patience, name, config, auth, clock, observer, standing).unwrap();
        Client { cloud, calls, now }
    }

    pub fn pass(&self, time: SignedDuration) {
        *self.now.lock().unwrap() += time;
    }

    pub async fn collect(&self, members: bool) -> Result<Inventory, Failure> {
        self.cloud.reader.collect(needs(members), start(), &|_| {}).await
    }
}

pub fn needs(members: bool) -> Needs {
    Needs {
        images: true,
        members,
        ..Needs::default()
    }
}

pub fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

pub fn config(server: &Server) -> types::Cloud {
    types::Cloud {
        provider: Provider::OpenStack(Auth::Password {
            user: Named::Name {
                name: "revoker".to_owned(),
                domain: Domain::Name("account".to_owned()),
            },
            password: PASSWORD.into(),
            project: Named::Id("p1".to_owned()),
        }),
        auth_url: server.url.join("identity/v3").unwrap(),
        region: None,
        interface: "public".to_owned(),
        endpoints: Endpoints::default(),
        allow_http: false,
        ca_file: None,
        limits: CloudLimits::default(),
    }
}

pub fn ids(inventory: &Inventory) -> Vec<&str> {
    inventory.images.iter().map(|image| image.id.as_str()).collect()
}

pub fn id(text: &str) -> Id {
    text.into()
}
