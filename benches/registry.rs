//! A simulated cloud with a registry, in a process of its own, whose every call
//! takes its time: what somebody who left may have to wait behind.

use std::{
    io::{Read, Write, stdin, stdout},
    sync::Arc,
    time::Duration,
};

use anyhow::bail;
use jiff::{SignedDuration, Timestamp};
use revokd::{
    config::{shipped, types::Flavour},
    model::{Id, Level, MemberStatus},
    providers::huawei::simulated::{Options, SimulatedHuawei},
    simulator::{Effect, Fault, NewImage, Role, World},
};

use super::cloud::{Cloud, PASSWORD, USER};

pub const SUBCOMMAND: &str = "registry";
/// How long the cloud takes for each call.
pub const CALL: Duration = Duration::from_millis(20);
/// Each person holds this and each of the repositories in it.
pub const NAMESPACE: &str = "apps";
pub const REPOSITORIES: &[&str] = &["api", "frontend", "worker"];

const ACCOUNT: &str = "account";
const PROJECT: &str = "eu-de_images";

/// A running cloud, and where its services are.
pub struct Registry {
    cloud: Cloud,
    registry_url: String,
    image_url: String,
}

impl Registry {
    /// Images that are shared with so many projects each for longer than a
    /// month, and people who hold permissions.
    pub fn start(images: usize, shares: usize, people: usize) -> anyhow::Result<Registry> {
        let numbers = [images, shares, people].map(|number| number.to_string());
        let [images, shares, people] = &numbers;
        let mut cloud = Cloud::spawn(&[SUBCOMMAND, images, shares, people])?;
        Ok(Registry {
            registry_url: cloud.line()?,
            image_url: cloud.line()?,
            cloud,
        })
    }

    /// What a configuration says of it.
    pub fn as_configured(&self) -> shipped::Registry<'_> {
        shipped::Registry {
            auth_url: &self.cloud.auth_url,
            registry_url: &self.registry_url,
            image_url: &self.image_url,
            flavour: "open-telekom-cloud",
            region: "eu-de",
            account: ACCOUNT,
            user: USER,
            project: PROJECT,
        }
    }
}

/// The address of a person, as lists name them.
pub fn email(person: usize) -> String {
    format!("person-{person}@example.com")
}

/// What the child does: serves until its input ends.
pub fn serve(arguments: &[&str]) -> anyhow::Result<()> {
    let [images, shares, people] = arguments else {
        bail!("registry IMAGES SHARES PEOPLE");
    };
    let world = world(images.parse()?, shares.parse()?, people.parse()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let options = Options::new(Arc::new(Timestamp::now), Flavour::OpenTelekomCloud);
    let cloud = runtime.block_on(SimulatedHuawei::start(world, options))?;
    cloud.faults().add(Fault::on_anything(Effect::Latency(CALL)));
    let mut out = stdout().lock();
    for url in [cloud.auth_url(), cloud.registry_url(), cloud.image_url()] {
        writeln!(out, "{url}")?;
    }
    stdin().read_to_end(&mut Vec::new())?;
    runtime.block_on(cloud.stop());
    Ok(())
}

fn world(images: usize, shares: usize, people: usize) -> World {
    let mut world = World::with_ids_from(1);
    let ago = |days: i64| Timestamp::now() - SignedDuration::from_hours(24 * days);
    let account = world.add_account(ACCOUNT);
    let project = world.add_project_in(&account, PROJECT);
    let user = world.add_user(USER, PASSWORD, &project);
    if let Some(user) = world.user_mut(user.as_str()) {
        user.roles.insert(account.clone(), Role::Reader);
    }
    let guests: Vec<Id> = (0..shares)
        .map(|guest| world.add_project(&format!("guest-{guest}")))
        .collect();
    for image in 0..images {
        let image = world.add_image(NewImage::shared(&format!("image-{image}"), &project, ago(60)));
        for guest in &guests {
            world.share(&image, guest, MemberStatus::Accepted, ago(40));
        }
    }
    world.add_namespace(&account, NAMESPACE);
    world.grant_namespace(NAMESPACE, &user, Level::Manage);
    for repository in REPOSITORIES {
        world.add_repository(NAMESPACE, repository, ago(400));
    }
    for person in 0..people {
        let id = world.add_user_in(&account, &format!("person-{person}"), "unused");
        if let Some(user) = world.user_mut(id.as_str()) {
            user.email = email(person);
        }
        world.grant_namespace(NAMESPACE, &id, Level::Read);
        for repository in REPOSITORIES {
            world.grant_repository(NAMESPACE, repository, &id, Level::Write);
        }
    }
    world
}
