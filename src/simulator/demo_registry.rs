//! The other half of the demo's world: an account with a container registry,
//! which shares repositories with other accounts and images with partners.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};

use super::{
    demo::{BACKUPS, EXEMPT_PARTNER},
    faults::{Effect, Fault},
    requests::CallKind,
    world::{AccessKey, JobScript, Left, NewImage, Role, World},
};
use crate::model::{Id, Level, MemberStatus, Visibility};

/// The account and the user that the shipped `revokd.toml` names.
pub const ACCOUNT: &str = "OTC-EU-DE-00000000001000000001";
pub const USER: &str = "revokd";
pub const PASSWORD: &str = "simulated-password";

/// A world, what goes wrong in it, and the way into it.
pub struct RegistryDemo {
    pub world: World,
    pub faults: Vec<Fault>,
    /// How its jobs go; the world's own are over at once.
    pub jobs: JobScript,
    /// The project whose images are watched.
    pub project: String,
    /// Of the user, without an end.
    pub access_key: AccessKey,
}

/// A world that lies in the two years before `now`, and what goes wrong in it:
/// one removal is throttled, another finds the registry unwell, and the jobs
/// leave two shares behind.
pub fn registry_demo(now: Timestamp, region: &str) -> RegistryDemo {
    let mut maker = Maker::new(now, region);
    maker.people();
    maker.repositories();
    maker.permissions();
    maker.account_shares();
    maker.partner_images();
    maker.other_images();
    let access_key = maker.world.add_access_key(&maker.user, maker.ago(90));
    RegistryDemo {
        faults: failures(),
        jobs: JobScript {
            delay: SignedDuration::from_millis(500),
            left: Left::These(maker.left_by_jobs),
            ..JobScript::default()
        },
        world: maker.world,
        project: project_name(region),
        access_key,
    }
}

fn project_name(region: &str) -> String {
    format!("{region}_images")
}

struct Maker {
    world: World,
    now: Timestamp,
    account: Id,
    project: Id,
    user: Id,
    owner: Id,
    staff: Vec<Id>,
    disabled: Vec<Id>,
    deleted: Id,
    partners: Vec<Id>,
    /// Shares that every job leaves as they are.
    left_by_jobs: HashSet<(Id, Id)>,
}

impl Maker {
    fn new(now: Timestamp, region: &str) -> Maker {
        let mut world = World::with_ids_from(20_270_117);
        let account = world.add_account(ACCOUNT);
        // Every account has one of the region's own name, which the vendor's
        // clients take where nobody names another.
        let of_region = world.add_project_in(&account, region);
        let project = world.add_project_in(&account, &project_name(region));
        let user = world.add_user(USER, PASSWORD, &project);
        if let Some(user) = world.user_mut(user.as_str()) {
            user.roles.insert(account.clone(), Role::Reader);
            user.roles.insert(of_region, Role::Member);
        }
        let owner = world.add_user_in(&account, "account-root", "unused");
        if let Some(owner) = world.user_mut(owner.as_str()) {
            owner.account_owner = true;
        }
        world.add_project_with_id(EXEMPT_PARTNER, "initech");
        world.add_project_with_id(BACKUPS, "backups");
        let partners = ["acme", "globex", "hooli", "umbrella", "stark", "wayne", "soylent"];
        let partners = partners.map(|name| world.add_project(name)).to_vec();
        Maker {
            world,
            now,
            account,
            project,
            user,
            owner,
            staff: Vec::new(),
            disabled: Vec::new(),
            deleted: Id::from(""),
            partners,
            left_by_jobs: HashSet::new(),
        }
    }

    fn ago(&self, days: i64) -> Timestamp {
        self.now - SignedDuration::from_hours(24 * days)
    }

    /// Midnight of a day, as deadlines are written.
    fn day(&self, from_now_days: i64) -> Timestamp {
        let today = self.now.to_zoned(TimeZone::UTC).date();
        let day = today.checked_add(from_now_days.days()).unwrap_or(today);
        let midnight = day.to_zoned(TimeZone::UTC);
        midnight.map_or(self.now, |midnight| midnight.timestamp())
    }

    fn people(&mut self) {
        let names = [
            "ines.weber",
            "jonas.albrecht",
            "katja.lindner",
            "lukas.brenner",
            "miriam.scholz",
            "noah.fischer",
            "paula.richter",
            "build-bot",
        ];
        let names = names.map(|name| self.person(name));
        self.staff.extend(names);
        for name in ["quentin.maurer", "rosa.haller"] {
            let user = self.person(name);
            if let Some(user) = self.world.user_mut(user.as_str()) {
                user.enabled = false;
            }
            self.disabled.push(user);
        }
        self.deleted = self.person("simon.vogel");
    }

    fn person(&mut self, name: &str) -> Id {
        let id = self.world.add_user_in(&self.account, name, "unused");
        if let Some(user) = self.world.user_mut(id.as_str()) {
            user.email = format!("{name}@example.com");
        }
        id
    }

    fn repositories(&mut self) {
        for (namespace, names) in REPOSITORIES {
            self.world.add_namespace(&self.account, namespace);
            self.world.grant_namespace(namespace, &self.user, Level::Manage);
            for name in *names {
                self.world.add_repository(namespace, name, self.ago(400));
            }
        }
        if let Some(repository) = self.world.repository_mut("release", "base/debian") {
            repository.public = true;
        }
    }

    fn permissions(&mut self) {
        let levels = [Level::Read, Level::Write, Level::Manage];
        let mut turn = 0;
        for (namespace, names) in REPOSITORIES {
            let (first, second) = (&self.staff[turn % 8], &self.staff[(turn + 3) % 8]);
            self.world.grant_namespace(namespace, first, Level::Manage);
            self.world.grant_namespace(namespace, second, Level::Read);
            for name in *names {
                for offset in 0..4 {
                    let user = &self.staff[(turn + offset) % 8];
                    self.world
                        .grant_repository(namespace, name, user, levels[(turn + offset) % 3]);
                }
                turn += 1;
            }
        }
        let world = &mut self.world;
        world.grant_repository("release", "base/debian", &self.owner, Level::Manage);
        world.grant_repository("release", "base/debian", &self.user, Level::Manage);
        // Left, says the shipped list; the cloud knows nothing of it.
        let build_bot = &self.staff[7];
        world.grant_namespace("apps", build_bot, Level::Write);
        world.grant_namespace("release", build_bot, Level::Read);
        let [quentin, rosa] = [&self.disabled[0], &self.disabled[1]];
        world.grant_repository("apps", "team/sub/api", quentin, Level::Write);
        world.grant_repository("apps", "web/frontend", quentin, Level::Read);
        world.grant_namespace("apps", quentin, Level::Write);
        world.grant_repository("apps", "team/sub/api", rosa, Level::Manage);
        world.grant_repository("release", "base/debian", rosa, Level::Read);
        // Whoever is deleted stands in the lists all the same.
        world.grant_repository("data", "pipelines/etl", &self.deleted, Level::Write);
        world.grant_namespace("data", &self.deleted, Level::Read);
        world.remove_user(self.deleted.as_str());
    }

    /// `partner-acct` is exempt in the shipped policy.
    fn account_shares(&mut self) {
        let shares = [
            ("apps", "team/sub/api", "acme-acct", Some(-40)),
            ("apps", "team/sub/api", "globex-acct", Some(60)),
            ("apps", "web/frontend", "partner-acct", Some(-12)),
            ("release", "base/debian", "hooli-acct", None),
            // The day itself is still good.
            ("release", "base/debian", "umbrella-acct", Some(0)),
            ("release", "tools/kubectl", "stark-acct", Some(-5)),
        ];
        for (namespace, name, account, deadline_days) in shares {
            let deadline = deadline_days.map(|days| self.day(days));
            let (account, made_at) = (Id::from(account), self.ago(200));
            self.world
                .share_repository(namespace, name, &account, deadline, made_at);
        }
    }

    fn add(&mut self, name: &str, age_days: i64, change: impl FnOnce(&mut NewImage)) -> Id {
        let mut image = NewImage::shared(name, &self.project, self.ago(age_days));
        image.properties.insert("__os_type".into(), "Linux".into());
        change(&mut image);
        self.world.add_image(image)
    }

    fn share(&mut self, image: &Id, project: &Id, days: i64) {
        let granted_at = self.ago(days);
        self.world
            .share(image, project, MemberStatus::Accepted, granted_at);
    }

    /// Images by `count`, each shared with these partners so many days ago.
    fn shared_images(&mut self, name: &str, count: usize, partners: &[usize], days: i64) -> Vec<Id> {
        let images = (0..count).map(|n| {
            let image = self.add(&format!("{name}-{}.{}", 1 + n / 10, n % 10), 300, |_| {});
            for at in partners {
                let partner = self.partners[*at].clone();
                self.share(&image, &partner, days);
            }
            image
        });
        images.collect()
    }

    /// `partner-*` and `community-*`: shares that lapse after 30 days, most of
    /// them of whole sets of images with whole sets of partners.
    fn partner_images(&mut self) {
        let suite = self.shared_images("partner-suite", 12, &[0, 1, 2, 3], 45);
        self.shared_images("community-tools", 8, &[0, 1, 2, 3, 4, 5], 38);
        self.shared_images("partner-beta", 5, &[4, 5], 33);
        self.shared_images("partner-single", 1, &[6], 31);
        self.shared_images("partner-fresh", 20, &[0, 2, 4], 9);
        self.share(&suite[0], &Id::from(BACKUPS), 280);
        self.left_by_jobs = HashSet::from([
            (suite[3].clone(), self.partners[1].clone()),
            (suite[7].clone(), self.partners[2].clone()),
        ]);
    }

    /// `snapshot-*`: private, and some not touched for a year.
    fn other_images(&mut self) {
        for n in 0..24 {
            let age_days = if n % 6 == 0 { 400 + n } else { 60 + n };
            self.add(&format!("snapshot-db-{n:02}"), age_days, |image| {
                image.visibility = Visibility::Private
            });
        }
        self.add("snapshot-legal-hold", 700, |image| {
            image.visibility = Visibility::Private;
            image.protected = true;
        });
        for n in 0..10 {
            let image = self.add(&format!("app-base-{n}"), 120, |_| {});
            let exempt = Id::from(EXEMPT_PARTNER);
            self.share(&image, &exempt, 15);
        }
    }
}

fn failures() -> Vec<Fault> {
    let once = |call, effect, resource: &str| Fault::on(call, effect).resource(&Id::from(resource)).once();
    // As the registry says that it was asked too often.
    let throttled = Effect::Code {
        status: 403,
        code: "SVCSTG.SWR.4031032".to_owned(),
    };
    let unwell = Effect::Status(503);
    vec![
        once(CallKind::RemovePermissions, throttled, "data/pipelines/etl"),
        once(CallKind::RemoveAccountShare, unwell, "release/tools/kubectl"),
    ]
}

/// Namespaces, and the repositories in them.
const REPOSITORIES: &[(&str, &[&str])] = &[
    ("apps", &["team/sub/api", "web/frontend", "billing/worker"]),
    ("release", &["base/debian", "base/python", "tools/kubectl"]),
    ("data", &["pipelines/etl", "notebooks"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn demo(now: &str) -> RegistryDemo {
        registry_demo(now.parse().unwrap(), "eu-de")
    }

    #[test]
    fn the_way_in_is_the_same_every_time() {
        let key = |now| {
            let AccessKey {
                access_key,
                secret_key,
                user,
                ..
            } = demo(now).access_key;
            (access_key, secret_key, user)
        };
        assert_eq!(key("2026-11-21T12:00:00Z"), key("2027-01-31T23:59:59Z"));
    }

    #[test]
    fn the_jobs_leave_shares_that_are_there() {
        let demo = demo("2026-11-21T12:00:00Z");
        let Left::These(pairs) = demo.jobs.left else {
            panic!("the jobs leave something");
        };
        assert_eq!(pairs.len(), 2);
        for (image, project) in pairs {
            let members = demo.world.image(image.as_str()).unwrap().members();
            assert!(members.iter().any(|member| member.project == project));
        }
    }

    #[test]
    fn somebody_who_is_deleted_stands_in_a_list() {
        let world = demo("2026-11-21T12:00:00Z").world;
        let holders = world.permissions_of("data/pipelines/etl");
        let gone = |(user, _): &&(Id, Level)| world.user(user.as_str()).is_none();
        assert_eq!(holders.iter().filter(gone).count(), 1);
    }
}
