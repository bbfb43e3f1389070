//! The simulated clouds of one process, and the configuration that leads to
//! them.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, MutexGuard},
    time::{Duration, SystemTime},
};

use anyhow::{Context, bail};
use clap::ValueEnum;
use jiff::Timestamp;

use crate::{
    config::{shipped, types::Flavour},
    providers::{
        huawei, huawei::simulated::SimulatedHuawei, openstack, openstack::simulated::SimulatedCloud,
    },
    simulator::{AccessKey, Fault, Faults, Requests, World, demo, demo_registry},
};

/// Beside the secrets that the shipped configuration names.
pub const ACCESS_KEY_FILE: &str = "registry-access-key";

/// Longer than a changed file is waited for.
const LONG_SETTLED: Duration = Duration::from_secs(10);

/// Which clouds to serve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// OpenStack and Open Telekom Cloud.
    #[default]
    Both,
    #[value(name = "openstack")]
    OpenStack,
    HuaweiCloud,
    OpenTelekomCloud,
}

impl Which {
    pub fn has_openstack(self) -> bool {
        matches!(self, Which::Both | Which::OpenStack)
    }

    pub fn flavour(self) -> Option<Flavour> {
        match self {
            Which::OpenStack => None,
            Which::HuaweiCloud => Some(Flavour::HuaweiCloud),
            Which::Both | Which::OpenTelekomCloud => Some(Flavour::OpenTelekomCloud),
        }
    }
}

/// Who to log in as at the OpenStack cloud.
pub struct Login {
    pub user: String,
    pub password: String,
    pub project: String,
}

impl Login {
    pub fn of_demo() -> Login {
        Login {
            user: demo::USER.to_owned(),
            password: demo::PASSWORD.to_owned(),
            project: demo::PROJECT.to_owned(),
        }
    }
}

pub struct OpenStack {
    cloud: SimulatedCloud,
    login: Login,
}

pub struct Huawei {
    cloud: SimulatedHuawei,
    flavour: Flavour,
    region: String,
    project: String,
    access_key: AccessKey,
}

/// At least one of them serves.
#[derive(Default)]
pub struct Clouds {
    pub openstack: Option<OpenStack>,
    pub huawei: Option<Huawei>,
}

/// A simulated cloud, whoever made it, by its name in the configuration.
pub struct Served<'a> {
    pub name: &'static str,
    pub auth_url: String,
    /// What it speaks like.
    pub like: &'static str,
    pub world: MutexGuard<'a, World>,
    pub requests: &'a Requests,
    pub faults: &'a Faults,
}

impl OpenStack {
    pub async fn start(world: World, login: Login, listen: SocketAddr) -> anyhow::Result<OpenStack> {
        require_loopback(listen)?;
        let mut options = openstack::simulated::Options::new(Arc::new(Timestamp::now));
        options.listen = listen;
        let cloud = SimulatedCloud::start(world, options).await;
        let cloud = cloud.with_context(|| format!("listening on {listen}"))?;
        Ok(OpenStack { cloud, login })
    }

    pub async fn start_demo(listen: SocketAddr) -> anyhow::Result<OpenStack> {
        let (world, faults) = demo::demo_world(Timestamp::now());
        let started = OpenStack::start(world, Login::of_demo(), listen).await?;
        add_all(started.cloud.faults(), &faults);
        Ok(started)
    }
}

impl Huawei {
    /// The demo's world, which is the only one with a registry.
    pub async fn start(
        flavour: Flavour,
        listen: SocketAddr,
        with_its_faults: bool,
    ) -> anyhow::Result<Huawei> {
        require_loopback(listen)?;
        let mut options = huawei::simulated::Options::new(Arc::new(Timestamp::now), flavour);
        options.listen = listen;
        let region = options.region.clone();
        let mut demo = demo_registry::registry_demo(Timestamp::now(), &region);
        if with_its_faults {
            demo.world.script_jobs(demo.jobs);
        }
        let cloud = SimulatedHuawei::start(demo.world, options).await;
        let cloud = cloud.with_context(|| format!("listening on {listen}"))?;
        if with_its_faults {
            add_all(cloud.faults(), &demo.faults);
        }
        Ok(Huawei {
            cloud,
            flavour,
            region,
            project: demo.project,
            access_key: demo.access_key,
        })
    }

    fn flavour_as_written(&self) -> &'static str {
        match self.flavour {
            Flavour::HuaweiCloud => "huawei-cloud",
            Flavour::OpenTelekomCloud => "open-telekom-cloud",
        }
    }

    fn write_secrets(&self, directory: &Path) -> anyhow::Result<()> {
        let write = |name: &str, secret: &str| write_secret(&directory.join(name), secret);
        write(shipped::REGISTRY_PASSWORD_FILE, demo_registry::PASSWORD)?;
        write(ACCESS_KEY_FILE, &self.access_key.access_key)?;
        write(shipped::REGISTRY_SECRET_KEY_FILE, &self.access_key.secret_key)
    }
}

impl Clouds {
    pub fn add_faults(&self, faults: &[Fault]) {
        for served in self.served() {
            add_all(served.faults, faults);
        }
    }

    /// The worlds stand still while this is held.
    pub fn served(&self) -> Vec<Served<'_>> {
        let openstack = self.openstack.iter().map(|OpenStack { cloud, .. }| Served {
            name: "example",
            auth_url: cloud.auth_url(),
            like: "openstack",
            world: cloud.world(),
            requests: cloud.requests(),
            faults: cloud.faults(),
        });
        let huawei = self.huawei.iter().map(|huawei| Served {
            name: "registry",
            auth_url: huawei.cloud.auth_url(),
            like: huawei.flavour_as_written(),
            world: huawei.cloud.world(),
            requests: huawei.cloud.requests(),
            faults: huawei.cloud.faults(),
        });
        openstack.chain(huawei).collect()
    }

    /// Lets the requests in flight finish.
    pub async fn stop(self) {
        if let Some(openstack) = self.openstack {
            openstack.cloud.stop().await;
        }
        if let Some(huawei) = self.huawei {
            huawei.cloud.stop().await;
        }
    }

    /// Writes the shipped configuration and policies with the clouds replaced
    /// by the simulated ones; gives the path of `revokd.toml`. What is there
    /// already is left as it is, but for what leads to the clouds.
    pub fn write_configuration(&self, directory: &Path, listen: &str) -> anyhow::Result<PathBuf> {
        let policies = directory.join("policies");
        fs::create_dir_all(&policies).with_context(|| format!("making {}", policies.display()))?;
        for (name, text) in shipped::policies(self.openstack.is_some(), self.huawei.is_some()) {
            let path = policies.join(name);
            if !path.exists() {
                write(&path, text)?;
                settle(&path)?;
            }
        }
        // The first line of each file leads there; an editor that finds nothing
        // would show no mistake at all.
        let schemas = directory.join("schema");
        fs::create_dir_all(&schemas).with_context(|| format!("making {}", schemas.display()))?;
        for (name, text) in shipped::SCHEMAS {
            write(&schemas.join(name), text)?;
        }
        let config = directory.join("revokd.toml");
        write(&config, &self.configuration(listen))?;
        if let Some(openstack) = &self.openstack {
            write_secret(&directory.join(shipped::PASSWORD_FILE), &openstack.login.password)?;
        }
        if let Some(huawei) = &self.huawei {
            huawei.write_secrets(directory)?;
        }
        Ok(config)
    }

    fn configuration(&self, listen: &str) -> String {
        let auth_url = self
            .openstack
            .as_ref()
            .map(|openstack| openstack.cloud.auth_url());
        let example = self.openstack.as_ref().zip(auth_url.as_deref());
        let example = example.map(|(OpenStack { login, .. }, auth_url)| shipped::Example {
            auth_url,
            user: &login.user,
            project: &login.project,
        });
        let urls = self.huawei.as_ref().map(|Huawei { cloud, .. }| {
            let (registry, images) = (cloud.registry_url(), cloud.image_url());
            (cloud.auth_url(), registry, images)
        });
        let registry = self.huawei.as_ref().zip(urls.as_ref());
        let registry = registry.map(
            |(huawei, (auth_url, registry_url, image_url))| shipped::Registry {
                auth_url,
                registry_url,
                image_url,
                flavour: huawei.flavour_as_written(),
                region: &huawei.region,
                account: demo_registry::ACCOUNT,
                user: demo_registry::USER,
                project: &huawei.project,
            },
        );
        shipped::config(listen, example.as_ref(), registry.as_ref())
    }
}

fn require_loopback(listen: SocketAddr) -> anyhow::Result<()> {
    if !listen.ip().is_loopback() {
        bail!(
            "{listen} is not on loopback: the simulated cloud takes any caller, so nobody else should reach it"
        );
    }
    Ok(())
}

fn add_all(faults: &Faults, new: &[Fault]) {
    for fault in new {
        faults.add(fault.clone());
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// A list of people that changed just now is waited for until it settles. This
/// one is whole already, so its time is put back.
fn settle(path: &Path) -> anyhow::Result<()> {
    let written = SystemTime::now() - LONG_SETTLED;
    let file = fs::File::options().write(true).open(path);
    let settled = file.and_then(|file| file.set_modified(written));
    settled.with_context(|| format!("writing {}", path.display()))
}

/// For its owner alone, from before the secret is in it.
fn write_secret(path: &Path, secret: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let writing = || format!("writing {}", path.display());
    fs::File::create(path).with_context(writing)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).with_context(writing)?;
    write(path, secret)
}
