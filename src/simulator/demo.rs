//! The world of the demo: a company that shares images with partners, with
//! something in it for each of the shipped policies.

use jiff::{SignedDuration, Timestamp};

use super::{
    faults::{Effect, Fault},
    requests::CallKind,
    world::{NewImage, World},
};
use crate::model::{Id, MemberStatus, Visibility};

/// The account and project that the shipped `revokd.toml` names.
pub const USER: &str = "revokd";
pub const PASSWORD: &str = "simulated-password";
pub const PROJECT: &str = "images";

/// Ids that the shipped configuration exempts or protects.
pub(super) const EXEMPT_PARTNER: &str = "9c61004714024f9586705d090530f9fa";
pub(super) const BACKUPS: &str = "edc89b490d7d4392898e19b2deb34797";
const RESCUE_IMAGE: &str = "71c675ab-d94f-49cd-a114-e12490b328d9";

/// A world that lies in the two years before `now`, and what goes wrong in it:
/// one removal fails twice, another loses its answer.
pub fn demo_world(now: Timestamp) -> (World, Vec<Fault>) {
    let mut maker = Maker::new(now);
    maker.partner_images();
    maker.golden_images();
    maker.build_images();
    maker.campaign_images();
    maker.app_images();
    (maker.world, maker.faults)
}

struct Maker {
    world: World,
    faults: Vec<Fault>,
    now: Timestamp,
    own: Id,
    partners: Vec<Id>,
    teams: Vec<Id>,
}

impl Maker {
    fn new(now: Timestamp) -> Maker {
        let mut world = World::with_ids_from(20_261_231);
        let own = world.add_project(PROJECT);
        world.add_user(USER, PASSWORD, &own);
        world.add_project_with_id(EXEMPT_PARTNER, "initech");
        world.add_project_with_id(BACKUPS, "backups");
        let mut partners: Vec<Id> = ["acme", "globex", "hooli", "umbrella", "stark"]
            .iter()
            .map(|name| world.add_project(name))
            .collect();
        partners.push(Id::from(EXEMPT_PARTNER));
        let teams = [
            "web", "search", "billing", "data", "mobile", "platform", "security", "support", "lab", "edge",
        ];
        let teams = teams
            .iter()
            .map(|name| world.add_project(&format!("team-{name}")))
            .collect();
        Maker {
            world,
            faults: Vec::new(),
            now,
            own,
            partners,
            teams,
        }
    }

    fn ago(&self, days: i64) -> Timestamp {
        self.now - SignedDuration::from_hours(24 * days)
    }

    fn add(&mut self, name: &str, age_days: i64, change: impl FnOnce(&mut NewImage)) -> Id {
        let mut image = NewImage::shared(name, &self.own, self.ago(age_days));
        image.properties.insert("os_distro".into(), "debian".into());
        change(&mut image);
        self.world.add_image(image)
    }

    fn share(&mut self, image: &Id, project: &Id, status: MemberStatus, days: i64) {
        let granted_at = self.ago(days);
        self.world.share(image, project, status, granted_at);
    }

    /// `partner-*`: shares with partners, some of them a month old and more.
    fn partner_images(&mut self) {
        for n in 0..40 {
            let image = self.add(&format!("partner-sdk-{}.{}", 1 + n / 10, n % 10), 200, |_| {});
            for (at, partner) in self.partners.clone().into_iter().enumerate() {
                // Every fourth image was shared five weeks ago and more.
                let days = if n % 4 == 0 && at % 2 == 1 {
                    35 + n
                } else {
                    3 + (n + at as i64) % 20
                };
                self.share(&image, &partner, MemberStatus::Accepted, days);
            }
            match n {
                0 => self.faults.push(
                    Fault::on(CallKind::RemoveMember, Effect::Status(503))
                        .resource(&image)
                        .subject(&self.partners[1])
                        .times(2),
                ),
                4 => self.faults.push(
                    Fault::on(CallKind::RemoveMember, Effect::CutAfter)
                        .resource(&image)
                        .once(),
                ),
                8 => self.share(&image, &Id::from(BACKUPS), MemberStatus::Accepted, 300),
                _ => {}
            }
        }
    }

    /// `golden-*`: shares that a person looks at first.
    fn golden_images(&mut self) {
        for n in 0..30 {
            let image = self.add(
                &format!("golden-debian-12-2026-{:02}-{}", 1 + n % 9, n / 9),
                150,
                |_| {},
            );
            for team in self.teams.clone() {
                self.share(&image, &team, MemberStatus::Accepted, 20 + n);
            }
            if n % 10 == 0 {
                let partner = self.partners[0].clone();
                self.share(&image, &partner, MemberStatus::Accepted, 120);
            }
        }
    }

    /// `build-*` and `nightly-*`: private, and some not touched for a year.
    fn build_images(&mut self) {
        for n in 0..150 {
            let stale = n % 15 == 0;
            let name = if n % 2 == 0 {
                format!("build-{}", 1000 + n)
            } else {
                format!("nightly-{n}")
            };
            self.add(&name, if stale { 420 + n } else { 100 + n }, |image| {
                image.visibility = Visibility::Private
            });
        }
        for n in 0..2 {
            self.add(&format!("build-lts-{n}"), 500, |image| {
                image.visibility = Visibility::Private
            });
        }
        self.add("build-rescue", 600, |image| {
            image.id = Some(Id::from(RESCUE_IMAGE));
            image.visibility = Visibility::Private;
        });
    }

    /// `campaign-*`: images that carry their own end, and one that carries none.
    fn campaign_images(&mut self) {
        let expired = self.ago(3).strftime("expires=%Y-%m-%d").to_string();
        for n in 0..14 {
            let image = self.add(&format!("campaign-autumn-{n}"), 60, |image| {
                image.tags = vec![expired.clone()]
            });
            for team in self.teams.clone() {
                self.share(&image, &team, MemberStatus::Accepted, 10);
            }
        }
        let odd = self.add("campaign-spring", 60, |image| {
            image.tags = vec!["expires=end of spring".into()]
        });
        let good = self.add("campaign-winter", 60, |image| {
            image.tags = vec!["expires=2099-12-31".into()]
        });
        for image in [odd, good] {
            let team = self.teams[0].clone();
            self.share(&image, &team, MemberStatus::Accepted, 10);
        }
    }

    /// `app-*`: in daily use, with a few invitations that nobody answered.
    fn app_images(&mut self) {
        for n in 0..60 {
            let image = self.add(&format!("app-server-{n}"), 90, |image| {
                image.hidden = n % 20 == 5;
                image.size = Some(if n == 7 { 60 << 30 } else { 4 << 30 });
            });
            for (at, team) in self.teams.clone().into_iter().enumerate().take(4) {
                let forgotten = n % 6 == 5 && at == 0;
                let (status, days) = if forgotten {
                    (MemberStatus::Pending, 30)
                } else {
                    (MemberStatus::Accepted, 8 + n % 20)
                };
                self.share(&image, &team, status, days);
            }
        }
    }
}
