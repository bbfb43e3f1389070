//! A scene as it is written down, before anything runs.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use jiff::Timestamp;
use revokd::{
    daemon::clock::Clock,
    model::{CloudName, Id, MemberStatus},
    providers::openstack::simulated::{Options, SimulatedCloud},
    simulator::{NewImage, Role, World},
};

use super::{
    CLOUD, PolicyText,
    clock::ManualClock,
    days,
    stage::Stage,
    staged_cloud::{StagedCloud, removables},
};

pub const USER: &str = "revokd";
pub const OWN_PROJECT: &str = "images";

/// Clouds, policies and settings. The first cloud is there already.
pub struct Scene {
    now: Timestamp,
    real_time: bool,
    clouds: Vec<CloudScene>,
    policies: Vec<String>,
    daemon: Vec<String>,
}

struct CloudScene {
    name: String,
    world: World,
    own: Id,
    images: BTreeMap<String, Id>,
    projects: BTreeMap<String, Id>,
    settings: Vec<String>,
    page_max: usize,
}

impl Scene {
    /// On a clock that stands on a Monday morning until the test turns it.
    pub fn new() -> Scene {
        Scene::at("2026-03-02T10:00:00Z".parse().expect("a moment"))
    }

    pub fn at(now: Timestamp) -> Scene {
        let mut scene = Scene {
            now,
            real_time: false,
            clouds: Vec::new(),
            policies: Vec::new(),
            daemon: Vec::new(),
        };
        scene.cloud(CLOUD);
        scene
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
        let mut world = World::with_ids_from(self.clouds.len() as u64 + 7);
        let own = world.add_project(OWN_PROJECT);
        world.add_user(USER, &password(name), &own);
        self.clouds.push(CloudScene {
            name: name.to_owned(),
            world,
            images: BTreeMap::new(),
            projects: BTreeMap::from([(OWN_PROJECT.to_owned(), own.clone())]),
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
            let settings = cloud.settings.clone();
            let staged = cloud.start(&clock, self.real_time).await;
            config += &section(&staged, &settings);
            let path = directory.path().join(format!("{}-password", staged.name));
            write_secret(&path, &staged.password);
            clouds.push(staged);
        }
        fs::write(directory.path().join("revokd.toml"), config).expect("writing revokd.toml");
        fs::create_dir(directory.path().join("policies")).expect("a directory for policies");
        let stage = Stage::new(directory, clock, self.real_time, clouds);
        stage.write_policies(&self.policies);
        stage
    }

    fn last(&mut self) -> &mut CloudScene {
        self.clouds.last_mut().expect("the first cloud is always there")
    }
}

impl CloudScene {
    async fn start(self, clock: &Arc<ManualClock>, real_time: bool) -> StagedCloud {
        let clock = clock.clone();
        let mut options = Options::new(match real_time {
            true => Arc::new(Timestamp::now),
            false => Arc::new(move || clock.now()),
        });
        options.page_max = self.page_max;
        let at_first = removables(&self.world);
        let simulated = SimulatedCloud::start(self.world, options);
        StagedCloud {
            password: password(&self.name),
            name: CloudName::from(self.name),
            simulated: simulated.await.expect("a port on loopback"),
            own: self.own,
            images: self.images,
            projects: self.projects,
            at_first,
        }
    }
}

fn section(cloud: &StagedCloud, settings: &[String]) -> String {
    let name = &cloud.name;
    let has = |key: &str| settings.iter().any(|line| line.starts_with(key));
    let timeout = if has("request_timeout") {
        ""
    } else {
        "request_timeout = \"10s\"\n"
    };
    format!(
        "[clouds.{name}]\nprovider = \"openstack\"\nauth_url = {:?}\nregion = \"RegionOne\"\n\
         project = {OWN_PROJECT:?}\nproject_domain = \"Default\"\n{timeout}{}\n\
         [clouds.{name}.auth]\nmethod = \"password\"\nuser = {USER:?}\nuser_domain = \"Default\"\n\
         password_file = \"{name}-password\"\n\n",
        cloud.simulated.auth_url(),
        settings.join("\n")
    )
}

/// Unlike anything else that could stand in an output.
fn password(cloud: &str) -> String {
    format!("correct-horse-{cloud}-staple")
}

pub(super) fn write_secret(path: &Path, secret: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, secret).expect("writing a secret");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("closing a secret");
}
