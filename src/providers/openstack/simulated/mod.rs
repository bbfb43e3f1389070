//! A simulated OpenStack cloud: a [`World`] behind real HTTP on loopback,
//! speaking the Identity API v3 and the Image API v2.
//!
//! It answers as the services do, traps included (the order of their checks,
//! relative links, bodies that depend on `Accept`), because a client that was
//! only ever tried against a friendly server removes the wrong thing in a real
//! cloud. Both services share one port: `/v3` is the identity service, the
//! rest, or what lies under a prefix, is the image service.

use std::{
    collections::HashSet,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use self::tokens::Tokens;
use crate::{
    model::Id,
    providers::simulated::{Serving, Simulation},
    simulator::{Faults, Requests, World},
};

mod answers;
mod dispatch;
mod images;
mod keystone;
mod listing;
mod members;
mod patch;
mod tokens;
mod users;

#[cfg(test)]
mod tests;

pub use crate::providers::Clock;

/// How the simulated services are set up.
#[derive(Clone)]
pub struct Options {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    pub clock: Clock,
    pub token_lifetime: SignedDuration,
    /// Images on a page when no limit is asked for.
    pub page_default: usize,
    /// Larger limits are cut to this without a word.
    pub page_max: usize,
    /// Users in one answer; without a limit the list stops there without a word.
    pub user_page_max: usize,
    /// Puts the image service under a path such as `/image`. Its links do not
    /// carry the prefix, as behind a real proxy.
    pub path_prefix: Option<String>,
    /// Whether the catalogue names the image service with `/v2` at its end.
    pub catalogue_names_version: bool,
    /// The region that is served here. The catalogue names another one before
    /// it, where nobody answers.
    pub region: String,
    /// Images dropped from a page after it was read, which makes it short.
    pub dropped_from_lists: HashSet<Id>,
}

impl Options {
    /// The defaults of the services, on a free port of loopback.
    pub fn new(clock: Clock) -> Options {
        Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock,
            token_lifetime: SignedDuration::from_hours(1),
            page_default: 25,
            page_max: 1000,
            user_page_max: 1000,
            path_prefix: None,
            catalogue_names_version: false,
            region: "RegionOne".to_string(),
            dropped_from_lists: HashSet::new(),
        }
    }
}

/// A running simulated cloud. Dropping it stops it.
pub struct SimulatedCloud {
    shared: Arc<Shared>,
    serving: Serving,
}

struct Shared {
    simulation: Simulation,
    tokens: Mutex<Tokens>,
    options: Options,
}

impl SimulatedCloud {
    /// # Errors
    /// The address cannot be bound.
    pub async fn start(world: World, options: Options) -> io::Result<SimulatedCloud> {
        let bound = Simulation::bind(world, options.listen, options.clock.clone()).await;
        let (listener, simulation) = bound?;
        let shared = Arc::new(Shared {
            tokens: Mutex::new(Tokens::new(simulation.address.port())),
            simulation,
            options,
        });
        let serving = Serving::start(listener, shared.clone());
        Ok(SimulatedCloud { shared, serving })
    }

    /// What a configuration calls `auth_url`.
    pub fn auth_url(&self) -> String {
        self.shared.auth_url()
    }

    /// The image service, as the catalogue names it.
    pub fn image_url(&self) -> String {
        self.shared.image_url()
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

    /// Makes every token invalid, as a restart of the identity service might.
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

    fn auth_url(&self) -> String {
        format!("http://{}/v3", self.simulation.address)
    }

    /// The image service without a version.
    fn image_root(&self) -> String {
        format!(
            "http://{}{}",
            self.simulation.address,
            self.options.path_prefix.as_deref().unwrap_or_default()
        )
    }

    fn image_url(&self) -> String {
        let version = if self.options.catalogue_names_version {
            "/v2"
        } else {
            ""
        };
        self.image_root() + version
    }
}
