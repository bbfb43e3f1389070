//! A scene as it is written down, before anything runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use jiff::Timestamp;
use revokd::{
    model::{Id, MemberStatus},
    simulator::{NewImage, Role, World},
};

use super::{
    CLOUD, PolicyText,
    clock::ManualClock,
    days,
    people::Lists,
    raising::{self, Make},
    stage::Stage,
};

pub const USER: &str = "revokd";
pub const OWN_PROJECT: &str = "images";

/// Clouds, policies and settings. The first cloud is there already.
pub struct Scene {
    now: Timestamp,
    real_time: bool,
    clouds: Vec<CloudScene>,
    pub(super) policies: Vec<String>,
    pub(super) lists: Lists,
    daemon: Vec<String>,
}

pub(super) struct CloudScene {
    pub name: String,
    pub make: Make,
    pub world: World,
    pub own: Id,
    pub images: BTreeMap<String, Id>,
    pub projects: BTreeMap<String, Id>,
    pub users: BTreeMap<String, Id>,
    /// Namespaces and repositories.
    pub places: BTreeSet<Id>,
    pub settings: Vec<String>,
    pub page_max: usize,
}

impl Scene {
    /// On a clock that stands on a Monday morning until the test turns it.
    pub fn new() -> Scene {
        Scene::at("2026-03-02T10:00:00Z".parse().expect("a moment"))
    }

    pub fn at(now: Timestamp) -> Scene {
        let mut scene = Scene::without_clouds(now);
        scene.cloud(CLOUD);
        scene
    }

    pub(super) fn without_clouds(now: Timestamp) -> Scene {
        Scene {
            now,
            real_time: false,
            clouds: Vec::new(),
            policies: Vec::new(),
            lists: Lists::default(),
            daemon: Vec::new(),
        }
    }

    /// On the system's clock: for scenarios with the real binary.
    pub fn in_real_time() -> Scene {
        let mut scene = Scene::at(Timestamp::now());
        scene.real_time = true;
        scene
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Adds a cloud; what is added to the scene from then on is in it.
    pub fn cloud(&mut self, name: &str) -> &mut Scene {
        let mut world = self.fresh_world();
        let own = world.add_project(OWN_PROJECT);
        let user = world.add_user(USER, &raising::password(name), &own);
        self.put_cloud(name, Make::OpenStack, world, own, user)
    }

    /// No two clouds of a scene have an id in common.
    pub(super) fn fresh_world(&self) -> World {
        World::with_ids_from(self.clouds.len() as u64 + 7)
    }

    pub(super) fn put_cloud(
        &mut self,
        name: &str,
        make: Make,
        world: World,
        own: Id,
        user: Id,
    ) -> &mut Scene {
        self.clouds.push(CloudScene {
            name: name.to_owned(),
            make,
            world,
            images: BTreeMap::new(),
            projects: BTreeMap::from([(OWN_PROJECT.to_owned(), own.clone())]),
            users: BTreeMap::from([(USER.to_owned(), user)]),
            places: BTreeSet::new(),
            own,
            settings: Vec::new(),
            page_max: 1000,
        });
        self
    }

    /// The id of a project, which is made if need be.
    pub fn project(&mut self, name: &str) -> Id {
        let cloud = self.last();
        if let Some(known) = cloud.projects.get(name) {
            return known.clone();
        }
        let id = cloud.world.add_project(name);
        cloud.projects.insert(name.to_owned(), id.clone());
        id
    }

    /// A shared image, 90 days old, with its shares: project, age in days.
    pub fn image(&mut self, name: &str, shares: &[(&str, i64)]) -> &mut Scene {
        self.image_with(name, 90, shares, |_| {})
    }

    pub fn image_with(
        &mut self,
        name: &str,
        age_days: i64,
        shares: &[(&str, i64)],
        change: impl FnOnce(&mut NewImage),
    ) -> &mut Scene {
        let now = self.now;
        let own = self.last().own.clone();
        let mut image = NewImage::shared(name, &own, now - days(age_days));
        change(&mut image);
        let id = self.last().world.add_image(image);
        for (project, age) in shares {
            let project = self.project(project);
            let granted_at = now - days(*age);
            self.last()
                .world
                .share(&id, &project, MemberStatus::Accepted, granted_at);
        }
        self.last().images.insert(name.to_owned(), id);
        self
    }

    /// Whatever else the world of the last cloud needs.
    pub fn world(&mut self) -> &mut World {
        &mut self.last().world
    }

    pub fn image_id(&mut self, name: &str) -> Id {
        self.last().images[name].clone()
    }

    /// Gives the daemon's account the role of an administrator.
    pub fn as_admin(&mut self) -> &mut Scene {
        let cloud = self.last();
        let own = cloud.own.clone();
        let user = cloud.world.user_named(USER).expect("the account").id.clone();
        let user = cloud.world.user_mut(user.as_str()).expect("the account");
        user.roles.insert(own, Role::Admin);
        self
    }

    /// Pages of the last cloud hold no more images than this.
    pub fn page_max(&mut self, images: usize) -> &mut Scene {
        self.last().page_max = images;
        self
    }

    /// A line of the last cloud's section.
    pub fn setting(&mut self, line: &str) -> &mut Scene {
        self.last().settings.push(line.to_owned());
        self
    }

    /// A line of `[daemon]`, or of a section below it.
    pub fn daemon(&mut self, line: &str) -> &mut Scene {
        self.daemon.push(line.to_owned());
        self
    }

    pub fn policy(&mut self, policy: &PolicyText) -> &mut Scene {
        let (name, ways) = policy.ways();
        self.lists.ways.insert(name.to_owned(), ways.to_vec());
        self.policies.push(policy.to_string());
        self
    }

    /// Starts the clouds and writes the files.
    pub async fn raise(self) -> Stage {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let clock = ManualClock::starting_at(self.now);
        let mut config = format!(
            "[daemon]\nstore = \"sqlite:revokd.db\"\nlisten = \"127.0.0.1:0\"\npolicies = \"policies\"\n{}\n",
            self.daemon.join("\n")
        );
        let mut clouds = Vec::new();
        for cloud in self.clouds {
            let (staged, section) = cloud.start(&clock, self.real_time, directory.path()).await;
            config += &section;
            clouds.push(staged);
        }
        fs::write(directory.path().join("revokd.toml"), config).expect("writing revokd.toml");
        fs::create_dir(directory.path().join("policies")).expect("a directory for policies");
        let stage = Stage::new(directory, clock, self.real_time, clouds);
        stage.lists.replace(self.lists);
        stage.write_policies(&self.policies);
        stage
    }

    pub(super) fn last(&mut self) -> &mut CloudScene {
        self.clouds.last_mut().expect("the first cloud is always there")
    }
}
