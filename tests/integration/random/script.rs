//! A random world and random policies, as plain values.

use revokd::{
    model::{Id, MemberStatus, Visibility},
    simulator::NewImage,
};

use super::dice::Dice;
use crate::harness::{PolicyText, Scene, Stage, days, lapse, stale_images};

pub const OWN: &str = "images";
const PROJECTS: [&str; 6] = ["acme", "globex", "hooli", "initech", "umbrella", OWN];
const PREFIXES: [&str; 3] = ["app", "golden", "partner"];

#[derive(Debug)]
pub struct Script {
    pub images: Vec<ScriptedImage>,
    pub rules: Vec<Rule>,
    /// A project that the configuration protects.
    pub protected: &'static str,
}

#[derive(Debug)]
pub struct ScriptedImage {
    pub id: Id,
    pub name: String,
    /// Another project's where it is not the daemon's own.
    pub foreign: bool,
    pub age_days: i64,
    pub visibility: Visibility,
    pub cloud_protects: bool,
    pub hidden: bool,
    /// The text after `expires=`.
    pub expires: Option<&'static str>,
    pub shares: Vec<ScriptedShare>,
}

#[derive(Debug)]
pub struct ScriptedShare {
    pub project: &'static str,
    pub age_days: i64,
    pub status: MemberStatus,
}

#[derive(Debug)]
pub struct Rule {
    pub prefix: &'static str,
    pub asks: Asks,
    pub exempt: Option<&'static str>,
    pub observes: bool,
    pub most: usize,
}

#[derive(Clone, Copy, Debug)]
pub enum Asks {
    GrantedBefore(i64),
    PendingFor(i64),
    Expired,
    SharesOfAll,
    /// The only one that deletes images.
    ImagesOlderThan(i64),
}

impl Script {
    pub fn of(dice: &mut Dice) -> Script {
        let images = (0..4 + dice.up_to(12)).map(|n| image(dice, n)).collect();
        // One policy for each prefix: what one of them holds back must not
        // stand in another one's way.
        let rules = PREFIXES.map(|prefix| rule(dice, prefix)).into();
        Script {
            images,
            rules,
            protected: PROJECTS[dice.up_to(3)],
        }
    }

    pub async fn raise(&self) -> Stage {
        let mut scene = Scene::new();
        let now = scene.now();
        let other = scene.project("other");
        let protected = scene.project(self.protected);
        scene.daemon(&format!("protect = [\"project:{protected}\"]"));
        for image in &self.images {
            scene.image_with(&image.name, image.age_days, &[], |new: &mut NewImage| {
                new.id = Some(image.id.clone());
                if image.foreign {
                    new.owner = other.clone();
                }
                new.visibility = image.visibility;
                new.protected = image.cloud_protects;
                new.hidden = image.hidden;
                new.tags = image
                    .expires
                    .iter()
                    .map(|date| format!("expires={date}"))
                    .collect();
            });
            for share in &image.shares {
                let project = scene.project(share.project);
                let granted_at = now - days(share.age_days);
                scene.world().share(&image.id, &project, share.status, granted_at);
            }
        }
        for (n, rule) in self.rules.iter().enumerate() {
            let text = rule.text(n, |project| scene.project(project));
            scene.policy(&text);
        }
        scene.raise().await
    }
}

impl Rule {
    fn text(&self, number: usize, mut project: impl FnMut(&str) -> Id) -> PolicyText {
        let name = format!("rule-{number}");
        let text = match self.asks {
            Asks::GrantedBefore(days) => lapse(&name).only(&format!("granted_before = \"{days}d\"")),
            Asks::PendingFor(days) => {
                lapse(&name).only(&format!("status = \"pending\"\ngranted_before = \"{days}d\""))
            }
            Asks::Expired => lapse(&name).only("expires = { tag = \"expires\" }"),
            Asks::SharesOfAll => lapse(&name).only("when = 'grant.status != \"unknown\"'"),
            Asks::ImagesOlderThan(days) => stale_images(&name).only(&format!("created_before = \"{days}d\"")),
        };
        let text = text
            .matching(&format!("image.name = \"{}-*\"", self.prefix))
            .mode(if self.observes { "observe" } else { "enforce" })
            .limit("max_revocations", &self.most.to_string());
        match self.exempt {
            Some(exempt) => text.exempt(&format!("subject = \"{}\"", project(exempt))),
            None => text,
        }
    }
}

fn image(dice: &mut Dice, n: usize) -> ScriptedImage {
    let visibility = match dice.up_to(10) {
        0 => Visibility::Private,
        1 => Visibility::Community,
        2 => Visibility::Public,
        _ => Visibility::Shared,
    };
    let dates = ["2026-03-01", "2026-03-02", "2027-01-01", "some day"];
    let expires = dice.percent(60).then(|| *dice.one_of(&dates));
    let mut shares: Vec<ScriptedShare> = Vec::new();
    for project in PROJECTS {
        if dice.percent(50) {
            let statuses = [
                MemberStatus::Pending,
                MemberStatus::Accepted,
                MemberStatus::Rejected,
            ];
            shares.push(ScriptedShare {
                project,
                age_days: 1 + dice.up_to(60) as i64,
                status: *dice.one_of(&statuses),
            });
        }
    }
    ScriptedImage {
        id: Id::from(format!("00000000-0000-4000-8000-{n:012}")),
        name: format!("{}-{n}", dice.one_of(&PREFIXES)),
        foreign: dice.percent(10),
        age_days: 61 + dice.up_to(500) as i64,
        visibility,
        cloud_protects: dice.percent(15),
        hidden: dice.percent(15),
        expires,
        shares,
    }
}

fn rule(dice: &mut Dice, prefix: &'static str) -> Rule {
    let asks = match dice.up_to(5) {
        0 => Asks::GrantedBefore(20 + dice.up_to(30) as i64),
        1 => Asks::PendingFor(10),
        2 => Asks::Expired,
        3 => Asks::SharesOfAll,
        _ => Asks::ImagesOlderThan(300),
    };
    let has_subject = !matches!(asks, Asks::ImagesOlderThan(_));
    Rule {
        prefix,
        asks,
        exempt: (has_subject && dice.percent(40)).then(|| *dice.one_of(&PROJECTS)),
        observes: dice.percent(10),
        most: if dice.percent(15) { 2 } else { 100 },
    }
}
