//! One simulated cloud of any make, with a provider connected to it.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    config::types::{
        self, Auth, CloudLimits, Domain, Endpoints, Flavour, Huawei, HuaweiLogin, Named, Provider,
    },
    model::{Batch, Failure, Id, Inventory, Kind, Needs, Outcome, Target, User},
    providers::{
        Clock, Cloud,
        huawei::{self, simulated::SimulatedHuawei},
        openstack::{self, simulated::SimulatedCloud},
        patience::Patience,
    },
    simulator::{CallKind, FIRST_ACCOUNT, Fault, LoggedRequest, Removable, Requests, Role, World},
};

pub const PASSWORD: &str = "never-to-be-seen-in-words";
/// Rows on a page: few, so that most lists have several.
pub const PAGE_SIZE: usize = 3;
/// Bytes of an answer, beyond which it is refused.
pub const MAX_BODY: usize = 64 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Make {
    OpenStack,
    HuaweiCloud,
    OpenTelekomCloud,
}

impl Make {
    fn flavour(self) -> Option<Flavour> {
        match self {
            Make::OpenStack => None,
            Make::HuaweiCloud => Some(Flavour::HuaweiCloud),
            Make::OpenTelekomCloud => Some(Flavour::OpenTelekomCloud),
        }
    }

    pub fn kinds(self) -> &'static [Kind] {
        match self {
            Make::OpenStack => &[Kind::ImageShare, Kind::Image],
            Make::HuaweiCloud | Make::OpenTelekomCloud => Kind::ALL,
        }
    }
}

/// Who there is before a test adds to the world.
pub struct People {
    /// The daemon's own.
    pub account: Id,
    pub project: Id,
    pub user: Id,
    /// Projects that images are shared with.
    pub partners: Vec<Id>,
    /// A project that shares nothing but what a test says.
    pub stranger: Id,
}

pub struct Stage {
    pub people: People,
    pub cloud: Cloud,
    served: Served,
    now: Arc<Mutex<Timestamp>>,
}

enum Served {
    OpenStack(SimulatedCloud),
    Huawei(SimulatedHuawei),
}

pub fn start() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub fn days_ago(days: i64) -> Timestamp {
    start() - SignedDuration::from_hours(24 * days)
}

impl Stage {
    pub async fn new(make: Make, set_up: impl FnOnce(&mut World, &People)) -> Stage {
        Stage::with_password(make, PASSWORD, set_up).await
    }

    /// The provider is given this password, right or wrong.
    pub async fn with_password(
        make: Make,
        password: &str,
        set_up: impl FnOnce(&mut World, &People),
    ) -> Stage {
        let mut world = World::new();
        let people = people(&mut world);
        set_up(&mut world, &people);
        let now = Arc::new(Mutex::new(start()));
        let time = Arc::clone(&now);
        let clock: Clock = Arc::new(move || *time.lock().unwrap());
        let (served, cloud) = match make.flavour() {
            None => serve_openstack(world, &people, password, clock).await,
            Some(flavour) => serve_huawei(world, &people, password, clock, flavour).await,
        };
        Stage {
            people,
            cloud,
            served,
            now,
        }
    }

    pub fn pass(&self, time: SignedDuration) {
        *self.now.lock().unwrap() += time;
    }

    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        match &self.served {
            Served::OpenStack(cloud) => cloud.world(),
            Served::Huawei(cloud) => cloud.world(),
        }
    }

    pub fn befall(&self, fault: Fault) {
        match &self.served {
            Served::OpenStack(cloud) => cloud.faults().add(fault),
            Served::Huawei(cloud) => cloud.faults().add(fault),
        }
    }

    pub fn kill_all_tokens(&self) {
        match &self.served {
            Served::OpenStack(cloud) => cloud.kill_all_tokens(),
            Served::Huawei(cloud) => cloud.kill_all_tokens(),
        }
    }

    pub fn requests(&self) -> &Requests {
        match &self.served {
            Served::OpenStack(cloud) => cloud.requests(),
            Served::Huawei(cloud) => cloud.requests(),
        }
    }

    pub fn logins(&self) -> usize {
        self.requests().count(CallKind::Login)
    }

    /// Requests that remove something, whatever came of them.
    pub fn removal_requests(&self) -> Vec<LoggedRequest> {
        let mut all = self.requests().all();
        all.retain(|request| request.call.method == "DELETE");
        all
    }

    pub fn removed(&self) -> Vec<Removable> {
        self.world()
            .removals()
            .iter()
            .map(|removal| removal.of())
            .collect()
    }

    pub async fn collect(&self, needs: Needs) -> Result<Inventory, Failure> {
        let seen = self.cloud.reader.collect(needs, self.now(), &|_| {}).await;
        seen.inspect_err(without_secrets)
    }

    pub async fn users(&self, needs_details: bool) -> Result<Vec<User>, Failure> {
        let users = self.cloud.reader.users(needs_details, self.now()).await;
        users.inspect_err(without_secrets)
    }

    pub async fn look(&self, kind: Kind, resource: &Id, subjects: &[Id]) -> Result<Inventory, Failure> {
        let seen = self.cloud.reader.look(kind, resource, subjects, self.now()).await;
        seen.inspect_err(without_secrets)
    }

    pub async fn revoke(&self, kind: Kind, resource: &Id, subject: Option<&Id>) -> Outcome {
        self.revoke_all(&Batch::of_one(&target(kind, resource, subject)))
            .await
    }

    pub async fn revoke_all(&self, batch: &Batch) -> Outcome {
        let outcome = self.cloud.revoker.revoke(batch).await;
        if let Outcome::Failed(failure) | Outcome::Poisoned(failure) = &outcome {
            without_secrets(failure);
        }
        outcome
    }
}

pub fn target(kind: Kind, resource: &Id, subject: Option<&Id>) -> Target {
    Target {
        cloud: "lab".into(),
        kind,
        resource: resource.clone(),
        subject: subject.cloned(),
    }
}

pub fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

/// Whether the view says of the resource that it is confirmed gone.
pub fn says_gone(seen: &Result<Inventory, Failure>) -> bool {
    let Ok(view) = seen else {
        return false;
    };
    let is_empty = view.images.is_empty() && view.namespaces.is_empty() && view.repositories.is_empty();
    is_empty && view.is_complete()
}

fn without_secrets(failure: &Failure) {
    assert!(!failure.detail.contains(PASSWORD), "{failure}");
}

fn people(world: &mut World) -> People {
    let account = Id::from(FIRST_ACCOUNT);
    let project = world.add_project("platform");
    let user = world.add_user("revoker", PASSWORD, &project);
    let roles = &mut world.user_mut(user.as_str()).unwrap().roles;
    roles.insert(account.clone(), Role::Admin);
    let partners = (0..4).map(|n| world.add_project(&format!("partner-{n}")));
    People {
        partners: partners.collect(),
        stranger: world.add_project("stranger"),
        account,
        project,
        user,
    }
}

async fn serve_openstack(world: World, people: &People, password: &str, clock: Clock) -> (Served, Cloud) {
    let options = openstack::simulated::Options::new(clock.clone());
    let region = options.region.clone();
    let served = SimulatedCloud::start(world, options).await.unwrap();
    let auth = Auth::Password {
        user: revoker(),
        password: password.into(),
        project: Named::Id(people.project.to_string()),
    };
    let provider = Provider::OpenStack(auth.clone());
    let config = config(&served.auth_url(), &region, None, provider);
    let observer = Arc::new(|_| {});
    let standing = Arc::default();
    let cloud = openstack::connect_with(
        patience(),
        "lab".into(),
        &config,
        &auth,
        clock,
        observer,
        standing,
    );
    let cloud = cloud.unwrap();
    (Served::OpenStack(served), cloud)
}

async fn serve_huawei(
    world: World,
    people: &People,
    password: &str,
    clock: Clock,
    flavour: Flavour,
) -> (Served, Cloud) {
    let options = huawei::simulated::Options::new(clock.clone(), flavour);
    let region = options.region.clone();
    let served = SimulatedHuawei::start(world, options).await.unwrap();
    let account = Huawei {
        flavour,
        login: HuaweiLogin::Password {
            user: revoker(),
            password: password.into(),
            project: Named::Id(people.project.to_string()),
        },
        enterprise_project: Some("0".to_owned()),
        registry_content_type: "application/json".to_owned(),
    };
    // Not every catalogue names the registry.
    let registry = Some(served.registry_url());
    let provider = Provider::Huawei(account.clone());
    let config = config(&served.auth_url(), &region, registry, provider);
    let observer = Arc::new(|_| {});
    let standing = Arc::default();
    let cloud = huawei::connect_with(
        patience(),
        "lab".into(),
        &config,
        &account,
        clock,
        observer,
        standing,
    );
    let cloud = cloud.unwrap();
    (Served::Huawei(served), cloud)
}

fn config(auth_url: &str, region: &str, registry: Option<String>, provider: Provider) -> types::Cloud {
    types::Cloud {
        auth_url: auth_url.parse().unwrap(),
        region: Some(region.to_owned()),
        interface: "public".to_owned(),
        endpoints: Endpoints {
            image: None,
            registry: registry.map(|url| url.parse().unwrap()),
        },
        allow_http: false,
        ca_file: None,
        limits: CloudLimits {
            page_size: u32::try_from(PAGE_SIZE).unwrap(),
            max_body: MAX_BODY,
            batch_resources: 3,
            batch_subjects: 2,
            ..CloudLimits::default()
        },
        provider,
    }
}

fn revoker() -> Named {
    Named::Name {
        name: "revoker".to_owned(),
        domain: Domain::Name("Default".to_owned()),
    }
}

fn patience() -> Patience {
    Patience {
        first_wait: Duration::ZERO,
        ..Patience::default()
    }
}
