//! A simulated cloud of Huawei's make: a [`World`] behind real HTTP on
//! loopback, speaking IAM, IMS and SWR as Huawei Cloud or Open Telekom Cloud do.
//!
//! All three services share one port; their paths do not collide. It answers
//! as the services do, traps included (lists without a next link, booleans as
//! text, five forms of error body), because a client that was only ever tried
//! against a friendly server removes the wrong thing in a real cloud.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use self::{locks::Locks, tokens::Tokens};
use crate::{
    config::types::Flavour,
    providers::{
        Clock,
        simulated::{Serving, Simulation},
    },
    simulator::{Faults, Requests, World},
};

mod access;
mod answers;
mod calls;
mod dispatch;
mod iam;
mod ims;
mod locks;
mod signature;
mod swr;
mod tokens;

pub use swr::RegistryOptions;

#[cfg(test)]
mod tests;

/// How the simulated services are set up.
#[derive(Clone)]
pub struct Options {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    pub clock: Clock,
    pub flavour: Flavour,
    pub token_lifetime: SignedDuration,
    /// The region that is served here. The catalogue names another one before
    /// it, where nobody answers. The project of this name is an account's
    /// first one.
    pub region: String,
    /// Rows on a page of `/v2/cloudimages` when no limit is asked for.
    pub image_page_default: usize,
    /// Larger limits are cut to this without a word.
    pub image_page_max: usize,
    /// The same of `/v2/images`, the call as Glance has it.
    pub native_image_page_default: usize,
    /// Members on a page when no limit is asked for; only one flavour pages.
    pub member_page_default: usize,
    /// Images, and projects, that a batch call takes.
    pub batch_max: usize,
    /// Wrong passwords of one user, or bad signatures of one key, after which
    /// it is locked for a while.
    pub attempts_before_lock: usize,
    /// Whether the list of users tells their addresses, which not every cloud
    /// does.
    pub lists_emails: bool,
    pub registry: RegistryOptions,
}

impl Options {
    /// The defaults of the services, on a free port of loopback.
    pub fn new(clock: Clock, flavour: Flavour) -> Options {
        let region = match flavour {
            Flavour::HuaweiCloud => "eu-west-101",
            Flavour::OpenTelekomCloud => "eu-de",
        };
        Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock,
            flavour,
            token_lifetime: SignedDuration::from_hours(24),
            region: region.to_string(),
            image_page_default: 500,
            image_page_max: 1000,
            native_image_page_default: 25,
            member_page_default: 500,
            batch_max: 100,
            attempts_before_lock: 5,
            lists_emails: true,
            registry: RegistryOptions::of(flavour),
        }
    }
}

/// A running simulated cloud. Dropping it stops it.
pub struct SimulatedHuawei {
    shared: Arc<Shared>,
    serving: Serving,
}

struct Shared {
    simulation: Simulation,
    tokens: Mutex<Tokens>,
    locks: Mutex<Locks>,
    options: Options,
}

impl SimulatedHuawei {
    /// # Errors
    /// The address cannot be bound.
    pub async fn start(world: World, options: Options) -> io::Result<SimulatedHuawei> {
        let bound = Simulation::bind(world, options.listen, options.clock.clone()).await;
        let (listener, simulation) = bound?;
        let shared = Arc::new(Shared {
            tokens: Mutex::new(Tokens::new(simulation.address.port())),
            locks: Mutex::default(),
            simulation,
            options,
        });
        let serving = Serving::start(listener, shared.clone());
        Ok(SimulatedHuawei { shared, serving })
    }

    /// What a configuration calls `auth_url`.
    pub fn auth_url(&self) -> String {
        self.shared.auth_url()
    }

    /// The image service, as the catalogue names it: without a version.
    pub fn image_url(&self) -> String {
        self.shared.root()
    }

    /// The registry's API, which not every catalogue names.
    pub fn registry_url(&self) -> String {
        self.shared.root()
    }

    /// The world as it is now; requests wait while it is held.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }

    pub fn faults(&self) -> &Faults {
        &self.shared.simulation.faults
    }

    pub fn requests(&self) -> &Requests {
        &self.shared.simulation.requests
    }

    /// Makes every token invalid, as a change of the account's groups does.
    pub fn kill_all_tokens(&self) {
        self.shared.tokens().kill_all();
    }

    /// Lets the requests in flight finish, then closes every connection.
    pub async fn stop(self) {
        self.serving.stop().await;
    }
}

impl Shared {
    fn now(&self) -> Timestamp {
        self.simulation.now()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.simulation.world()
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn locks(&self) -> MutexGuard<'_, Locks> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn root(&self) -> String {
        format!("http://{}", self.simulation.address)
    }

    fn auth_url(&self) -> String {
        self.root() + "/v3"
    }

    fn is_open_telekom_cloud(&self) -> bool {
        self.options.flavour == Flavour::OpenTelekomCloud
    }
}
