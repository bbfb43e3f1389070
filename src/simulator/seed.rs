//! Worlds from a number: large, lived in, and the same every time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    random::Random,
    world::{NewImage, World},
};
use crate::model::{Id, MemberStatus, Visibility};

/// How large a world to make.
#[derive(Clone, Debug)]
pub struct Seeding {
    pub seed: u64,
    /// Everything lies in the two years before this moment.
    pub now: Timestamp,
    /// Images of the project that the login leads to.
    pub images: usize,
    /// Images of the other projects, some of them visible to that project.
    pub foreign_images: usize,
    /// Projects beside that project.
    pub projects: usize,
    /// Members of each image, at most all the other projects. Images that are
    /// not `shared` have them too, asleep.
    pub shares_per_image: usize,
}

/// A world and the way into it.
pub struct Seeded {
    pub world: World,
    pub login: Login,
}

/// The account that a daemon would use. Holds secrets: no `Debug`.
#[derive(Clone)]
pub struct Login {
    pub project: Id,
    pub project_name: String,
    pub user: Id,
    pub user_name: String,
    pub password: String,
    pub credential: Id,
    pub credential_name: String,
    pub credential_secret: String,
}

impl Login {
    /// Adds the account to a world made by hand. Its ids and secrets are fixed
    /// by the world so far.
    pub fn add_to(world: &mut World, project_name: &str) -> Login {
        let project = world.add_project(project_name);
        let user = world.add_user("revoker", "simulated-password", &project);
        let credential = world.add_application_credential("revokd", "simulated-secret", &user);
        Login {
            project,
            project_name: project_name.to_string(),
            user,
            user_name: "revoker".to_string(),
            password: "simulated-password".to_string(),
            credential: credential.expect("the user was added with a home and a role in it"),
            credential_name: "revokd".to_string(),
            credential_secret: "simulated-secret".to_string(),
        }
    }
}

/// The same seeding gives the same world, down to every id.
pub fn seeded_world(seeding: &Seeding) -> Seeded {
    let mut world = World::with_ids_from(seeding.seed);
    // Another stream than that of the ids.
    let mut random = Random::new(!seeding.seed);
    let login = Login::add_to(&mut world, "platform");
    let projects: Vec<Id> = (0..seeding.projects)
        .map(|number| world.add_project(&project_name(number, &mut random)))
        .collect();
    for _ in 0..seeding.images {
        add_image(&mut world, &mut random, seeding, &login.project, &projects);
    }
    for _ in 0..seeding.foreign_images {
        if let Some(owner) = random.pick(&projects).cloned() {
            add_image(
                &mut world,
                &mut random,
                seeding,
                &owner,
                std::slice::from_ref(&login.project),
            );
        }
    }
    Seeded { world, login }
}

fn add_image(world: &mut World, random: &mut Random, seeding: &Seeding, owner: &Id, guests: &[Id]) {
    let created_at = before(seeding.now, random, TWO_YEARS_SECONDS);
    let age_seconds = seeding.now.duration_since(created_at).as_secs().unsigned_abs();
    let mut image = NewImage::shared(&image_name(created_at, random), owner, created_at);
    image.updated_at = before(seeding.now, random, age_seconds);
    image.visibility = match random.below(20) {
        0 => Visibility::Private,
        1 => Visibility::Community,
        2 => Visibility::Public,
        _ => Visibility::Shared,
    };
    image.status = match random.below(25) {
        0 => "queued",
        1 => "deactivated",
        _ => "active",
    }
    .to_string();
    image.size = (image.status != "queued").then(|| (1 + random.below(80)) << 28);
    image.protected = random.one_in(30);
    image.hidden = random.one_in(15);
    image.tags = tags(random, seeding.now);
    image.properties = properties(random);
    let id = world.add_image(image);

    let members = seeding.shares_per_image.min(guests.len());
    let first = random.below(guests.len() as u64) as usize;
    for offset in 0..members {
        let status = match random.below(10) {
            0 | 1 => MemberStatus::Pending,
            2 => MemberStatus::Rejected,
            _ => MemberStatus::Accepted,
        };
        let granted_at = before(seeding.now, random, age_seconds);
        world.share(&id, &guests[(first + offset) % guests.len()], status, granted_at);
    }
}

const TWO_YEARS_SECONDS: u64 = 2 * 365 * 24 * 3600;
const TEAMS: &[&str] = &["payments", "search", "identity", "data", "edge", "billing"];
const DISTROS: &[(&str, &str)] = &[
    ("debian", "12"),
    ("debian", "13"),
    ("ubuntu", "24.04"),
    ("rocky", "9"),
    ("windows", "2022"),
];
const PURPOSES: &[&str] = &[
    "golden",
    "build-cache",
    "ci-runner",
    "snapshot",
    "rescue",
    "gpu-node",
];
const CUSTOMERS: &[&str] = &[
    "acme", "globex", "initech", "umbrella", "hooli", "wayne", "stark", "tyrell",
];

fn project_name(number: usize, random: &mut Random) -> String {
    let customer = random.pick(CUSTOMERS).copied().unwrap_or_default();
    format!("{customer}-{number:04}")
}

fn image_name(created_at: Timestamp, random: &mut Random) -> String {
    let purpose = random.pick(PURPOSES).copied().unwrap_or_default();
    let (distro, version) = random.pick(DISTROS).copied().unwrap_or_default();
    let month = created_at.to_zoned(TimeZone::UTC).strftime("%Y-%m").to_string();
    format!("{purpose}-{distro}-{version}-{month}")
}

fn tags(random: &mut Random, now: Timestamp) -> Vec<String> {
    let team = random.pick(TEAMS).copied().unwrap_or_default();
    let mut tags = vec![format!("team={team}")];
    if random.one_in(4) {
        let within_a_year = SignedDuration::from_hours(24 * (random.below(730) as i64 - 365));
        let day = (now + within_a_year).to_zoned(TimeZone::UTC).date();
        tags.push(format!("expires={day}"));
    }
    tags
}

fn properties(random: &mut Random) -> BTreeMap<String, String> {
    let (distro, version) = random.pick(DISTROS).copied().unwrap_or_default();
    let pairs = [
        ("os_distro", distro),
        ("os_version", version),
        ("architecture", "x86_64"),
    ];
    pairs
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .into()
}

fn before(now: Timestamp, random: &mut Random, seconds: u64) -> Timestamp {
    now - SignedDuration::from_secs(random.below(seconds) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeding(seed: u64) -> Seeding {
        Seeding {
            seed,
            now: "2026-11-21T12:00:00Z".parse().unwrap(),
            images: 200,
            foreign_images: 20,
            projects: 30,
            shares_per_image: 10,
        }
    }

    fn picture(seed: u64) -> Vec<crate::model::Image> {
        seeded_world(&seeding(seed))
            .world
            .images()
            .map(|image| image.as_the_owner_sees_it())
            .collect()
    }

    #[test]
    fn a_seed_gives_one_world() {
        assert_eq!(picture(1), picture(1));
        assert_ne!(picture(1), picture(2));
    }

    #[test]
    fn a_world_holds_what_was_asked_for_and_is_mixed() {
        let Seeded { world, login } = seeded_world(&seeding(3));
        let own: Vec<_> = world
            .images()
            .filter(|image| *image.owner() == login.project)
            .collect();
        assert_eq!(own.len(), 200);
        assert_eq!(world.images().count(), 220);
        assert!(own.iter().all(|image| image.members().len() == 10));
        assert!(own.iter().any(|image| image.hidden) && own.iter().any(|image| image.protected));
        assert!(own.iter().any(|image| image.visibility == Visibility::Private));
        assert!(
            own.iter()
                .any(|image| image.tags.iter().any(|tag| tag.starts_with("expires=20")))
        );
    }

    #[test]
    fn no_share_is_older_than_its_image_or_younger_than_now() {
        let Seeded { world, .. } = seeded_world(&seeding(4));
        for image in world.images() {
            for member in image.members() {
                assert!(member.created_at >= image.created_at() && member.created_at <= seeding(4).now);
            }
        }
    }
}
