//! Clouds of Huawei's make in a scene: users, repositories, who can reach them.

use jiff::SignedDuration;
use revokd::{
    config::types::Flavour,
    model::{Id, Level, Target},
    simulator::{JobScript, Role, registry::Place},
};

use super::{
    CLOUD, Scene, Stage, days,
    raising::{self, Huawei, Make},
    scene::{OWN_PROJECT, USER},
};

pub const FLAVOURS: [Flavour; 2] = [Flavour::HuaweiCloud, Flavour::OpenTelekomCloud];

impl Scene {
    /// With one cloud, of this make.
    pub fn of_huawei(flavour: Flavour) -> Scene {
        let now = "2026-03-02T10:00:00Z".parse().expect("a moment");
        let mut scene = Scene::without_clouds(now);
        scene.huawei(CLOUD, flavour);
        scene
    }

    /// Adds a cloud whose daemon's user may see the users of its account and
    /// manage everything in its registry, without a list saying so.
    pub fn huawei(&mut self, name: &str, flavour: Flavour) -> &mut Scene {
        let mut world = self.fresh_world();
        let account_name = format!("account-of-{name}");
        let account = world.add_account(&account_name);
        let own = world.add_project_in(&account, OWN_PROJECT);
        let user = world.add_user(USER, &raising::password(name), &own);
        let record = world.user_mut(user.as_str()).expect("the user was just added");
        record.roles.insert(account, Role::Admin);
        world.make_registry_administrator(&user);
        let huawei = Huawei {
            flavour,
            account: account_name,
            clock_ahead: SignedDuration::ZERO,
            access_key: None,
        };
        self.put_cloud(name, Make::Huawei(Box::new(huawei)), world, own, user)
    }

    /// The daemon signs with an access key instead of logging in.
    pub fn signing(&mut self) -> &mut Scene {
        let now = self.now();
        let cloud = self.last();
        let key = cloud.world.add_access_key(&cloud.users[USER], now);
        self.as_huawei().access_key = Some(key);
        self
    }

    /// The cloud's clock goes ahead of the daemon's.
    pub fn cloud_clock_ahead(&mut self, by: SignedDuration) -> &mut Scene {
        self.as_huawei().clock_ahead = by;
        self
    }

    /// An enabled user of the account, made if need be.
    pub fn user(&mut self, name: &str) -> Id {
        let account = self.account();
        let cloud = self.last();
        if let Some(known) = cloud.users.get(name) {
            return known.clone();
        }
        let id = cloud.world.add_user_in(&account, name, "never-logs-in");
        cloud.users.insert(name.to_owned(), id.clone());
        id
    }

    pub fn disable(&mut self, user: &str) -> &mut Scene {
        let id = self.user(user);
        let user = self.world().user_mut(id.as_str());
        user.expect("the user is there").enabled = false;
        self
    }

    /// From the account; what permissions the user had stay.
    pub fn delete_user(&mut self, user: &str) -> &mut Scene {
        let id = self.user(user);
        self.world().remove_user(id.as_str());
        self
    }

    pub fn make_account_owner(&mut self, user: &str) -> &mut Scene {
        let id = self.user(user);
        let user = self.world().user_mut(id.as_str());
        user.expect("the user is there").account_owner = true;
        self
    }

    /// A namespace (`NAME`), or a private repository (`NAMESPACE/NAME`) with
    /// its namespace, and the users with their levels there.
    pub fn place(&mut self, place: &str, users: &[(&str, Level)]) -> &mut Scene {
        let (account, created_at) = (self.account(), self.now() - days(400));
        let users: Vec<(Id, Level)> = users
            .iter()
            .map(|(user, level)| (self.user(user), *level))
            .collect();
        let cloud = self.last();
        cloud.places.insert(Id::from(place));
        match Place::of(place) {
            Place::Namespace(namespace) => {
                cloud.world.add_namespace(&account, namespace);
                for (user, level) in users {
                    cloud.world.grant_namespace(namespace, &user, level);
                }
            }
            Place::Repository(namespace, name) => {
                cloud.world.add_namespace(&account, namespace);
                cloud.places.insert(Id::from(namespace));
                cloud.world.add_repository(namespace, name, created_at);
                for (user, level) in users {
                    cloud.world.grant_repository(namespace, name, &user, level);
                }
            }
        }
        self
    }

    /// Shares a repository of the scene with another account; `None`: for ever.
    pub fn account_share(
        &mut self,
        repository: &str,
        account: &str,
        deadline_in_days: Option<i64>,
    ) -> &mut Scene {
        let now = self.now();
        let deadline = deadline_in_days.map(|in_days| now + days(in_days));
        let Place::Repository(namespace, name) = Place::of(repository) else {
            panic!("{repository} is no repository");
        };
        let account = Id::from(account);
        self.world()
            .share_repository(namespace, name, &account, deadline, now - days(100));
        self
    }

    pub fn job(&mut self, script: JobScript) -> &mut Scene {
        self.world().script_next_job(script);
        self
    }

    fn account(&mut self) -> Id {
        let name = self.as_huawei().account.clone();
        let account = self.world().account_named(&name);
        account.expect("the cloud has its account").id.clone()
    }

    fn as_huawei(&mut self) -> &mut Huawei {
        match &mut self.last().make {
            Make::Huawei(huawei) => huawei,
            Make::OpenStack => panic!("the last cloud is not of Huawei's make"),
        }
    }
}

impl Stage {
    /// Somebody else ends a user's permission, without the daemon.
    pub fn end_permission_by_hand(&self, permission: &Target) {
        let (cloud, now) = (self.cloud(), self.now());
        let user = permission.subject.clone().expect("a permission is of somebody");
        let mut world = cloud.simulated.world();
        let actor = world.registry_actor(cloud.user(USER).as_str());
        let actor = actor.expect("the daemon's user is there");
        let place = Place::of(permission.resource.as_str());
        let ended = world.remove_permissions(&actor, place, std::slice::from_ref(&user), now);
        ended.expect("the user had a permission there");
        let removable = (permission.kind, permission.resource.clone(), Some(user));
        self.by_hand.borrow_mut().insert((cloud.name.clone(), removable));
    }
}
