//! What the policies mean, written down a second time and as plainly as can be.

use std::collections::{BTreeMap, BTreeSet};

use revokd::model::{Id, MemberStatus, Visibility};

use super::script::{Asks, OWN, Rule, Script, ScriptedImage, ScriptedShare};

pub struct Oracle<'a> {
    script: &'a Script,
}

/// Image, and the name of the project unless the image itself is meant.
pub type Named = (Id, Option<&'static str>);

impl<'a> Oracle<'a> {
    pub fn new(script: &'a Script) -> Oracle<'a> {
        Oracle { script }
    }

    /// Everything that must be gone in the end.
    pub fn gone(&self) -> BTreeSet<Named> {
        let mut gone = BTreeSet::new();
        for rule in &self.script.rules {
            let wanted = self.wanted(rule);
            // More than the policy allows itself: nothing of it goes.
            if rule.observes || wanted.len() > rule.most {
                continue;
            }
            for (image, project) in wanted {
                match project {
                    Some(project) => {
                        gone.insert((image, Some(project)));
                    }
                    None => gone.extend(self.deleted(&image)),
                }
            }
        }
        gone
    }

    fn wanted(&self, rule: &Rule) -> Vec<Named> {
        let mut wanted = Vec::new();
        let images = self.script.images.iter();
        let prefix = format!("{}-", rule.prefix);
        for image in images.filter(|image| !image.foreign && image.name.starts_with(&prefix)) {
            if let Asks::ImagesOlderThan(days) = rule.asks {
                if image.age_days >= days {
                    wanted.push((image.id.clone(), None));
                }
                continue;
            }
            if image.visibility != Visibility::Shared {
                continue;
            }
            for share in &image.shares {
                let stays = share.project == OWN
                    || share.project == self.script.protected
                    || rule.exempt == Some(share.project);
                if !stays && asks_for(rule.asks, image, share) {
                    wanted.push((image.id.clone(), Some(share.project)));
                }
            }
        }
        wanted
    }

    /// An image goes with all its shares, unless the cloud refuses.
    fn deleted(&self, id: &Id) -> Vec<Named> {
        let by_id: BTreeMap<&Id, &ScriptedImage> = self
            .script
            .images
            .iter()
            .map(|image| (&image.id, image))
            .collect();
        let image = by_id[id];
        if image.cloud_protects {
            return Vec::new();
        }
        let shares = image.shares.iter().map(|share| (id.clone(), Some(share.project)));
        shares.chain([(id.clone(), None)]).collect()
    }
}

fn asks_for(asks: Asks, image: &ScriptedImage, share: &ScriptedShare) -> bool {
    match asks {
        Asks::GrantedBefore(days) => share.age_days >= days,
        Asks::PendingFor(days) => share.status == MemberStatus::Pending && share.age_days >= days,
        // The scene plays on 2 March 2026, which is still good.
        Asks::Expired => image.expires == Some("2026-03-01"),
        Asks::SharesOfAll => true,
        Asks::ImagesOlderThan(_) => false,
    }
}
