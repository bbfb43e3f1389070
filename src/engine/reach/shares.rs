//! What was looked at for the shares of one project or account: whose things
//! they are, how many, and what no list of shares can tell.
//!
//! That nothing is shared says little without it: a daemon sees the images of
//! its own project alone, and the repositories of its own account.

use serde::Serialize;

use crate::model::{CloudName, Gap, Id, Inventory, Reading, Sharing, Visibility};

/// What no list of image shares can show, in a sentence for people.
const UNKNOWABLE_OF_IMAGES: &str = "whether other projects share images with it, and whether an image is \
                                    shared with all of its account: no list that was read tells";

/// The same of repository shares.
const UNKNOWABLE_OF_REPOSITORIES: &str =
    "whether other accounts share repositories with it: no list that was read tells";

/// One cloud as it was looked at for the shares of a project or an account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LookedAt {
    pub cloud: CloudName,
    /// The project whose images, or the account whose repositories were listed.
    pub owner: Id,
    /// Empty where the cloud does not tell.
    pub owner_name: String,
    /// Who is asked about is that owner: to it nothing has to be shared.
    pub is_own: bool,
    /// Images or repositories that were listed.
    pub listed: u64,
    /// Of them, those that anybody may use without a share: public and
    /// community images, public repositories.
    pub open: u64,
    /// Everything that was asked for was read.
    pub is_complete: bool,
    /// What cannot be known, in sentences for people. Never empty.
    pub unknown: Vec<String>,
}

/// The images that `project` may have been given.
pub fn images_looked_at(project: &Id, inventory: &Inventory) -> LookedAt {
    let images = inventory.images.iter();
    let open = |visibility: Visibility| matches!(visibility, Visibility::Public | Visibility::Community);
    let dark = |sharing: &Sharing| matches!(sharing, Sharing::NotRead | Sharing::Unreadable);
    let unread = images.clone().filter(|image| dark(&image.sharing)).count();
    let caller = &inventory.caller;
    LookedAt {
        cloud: inventory.cloud.clone(),
        owner: caller.project.clone(),
        owner_name: caller.project_name.clone(),
        is_own: *project == caller.project,
        listed: inventory.images.len() as u64,
        open: images.filter(|image| open(image.visibility)).count() as u64,
        is_complete: inventory.is_complete() && unread == 0,
        unknown: unknown(UNKNOWABLE_OF_IMAGES, "members of images", unread, inventory),
    }
}

/// The repositories that `account` may have been given.
pub fn repositories_looked_at(account: &Id, inventory: &Inventory) -> LookedAt {
    let repositories = inventory.repositories.iter();
    let unread = repositories
        .clone()
        .filter(|each| !matches!(each.shares, Reading::Read(_)));
    let unread = unread.count();
    let caller = &inventory.caller;
    LookedAt {
        cloud: inventory.cloud.clone(),
        owner: caller.account.clone(),
        owner_name: caller.account_name.clone(),
        is_own: *account == caller.account || account.as_str() == caller.account_name,
        listed: inventory.repositories.len() as u64,
        open: repositories.filter(|each| each.public).count() as u64,
        is_complete: inventory.is_complete() && unread == 0,
        unknown: unknown(
            UNKNOWABLE_OF_REPOSITORIES,
            "accounts that repositories are shared with",
            unread,
            inventory,
        ),
    }
}

/// A list that nobody asked for is as dark as one that failed, and has no gap.
fn unknown(never: &str, lists: &str, unread: usize, inventory: &Inventory) -> Vec<String> {
    let unread = (unread > 0).then(|| format!("lists of {lists} that were not read: {unread}"));
    let gaps = inventory.gaps.iter().map(Gap::to_string);
    [never.to_owned()].into_iter().chain(gaps).chain(unread).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::sample,
        model::{Image, Scope},
    };

    fn images(all: Vec<Image>) -> Inventory {
        Inventory {
            images: all,
            ..sample::registry(vec![], vec![])
        }
    }

    #[test]
    fn whose_images_were_listed_is_told_and_what_anybody_may_use() {
        let mut open = sample::image("open");
        (open.visibility, open.sharing) = (Visibility::Community, Sharing::NotShared);
        let inventory = images(vec![sample::image("i"), open]);
        let seen = images_looked_at(&Id::from("p-1"), &inventory);
        assert_eq!((seen.listed, seen.open, seen.is_own), (2, 1, false));
        assert_eq!(seen.owner, inventory.caller.project);
        assert!(seen.is_complete);
        assert_eq!(seen.unknown, [UNKNOWABLE_OF_IMAGES]);
        assert!(images_looked_at(&inventory.caller.project, &inventory).is_own);
    }

    #[test]
    fn a_member_list_that_was_not_read_is_no_empty_one() {
        for dark in [Sharing::NotRead, Sharing::Unreadable] {
            let mut image = sample::image("i");
            image.sharing = dark;
            let seen = images_looked_at(&Id::from("p-1"), &images(vec![image]));
            assert!(!seen.is_complete);
            assert_eq!(
                seen.unknown[1],
                "lists of members of images that were not read: 1"
            );
        }
    }

    #[test]
    fn every_gap_is_told() {
        let mut inventory = images(vec![sample::image("i")]);
        inventory.gaps = vec![Gap {
            cloud: "c".into(),
            scope: Scope::Images,
            reason: "broke off".into(),
        }];
        let seen = images_looked_at(&Id::from("p-1"), &inventory);
        assert!(!seen.is_complete);
        assert_eq!(seen.unknown[1..], ["images of c: broke off"]);
    }

    #[test]
    fn whose_repositories_were_listed_is_told_and_which_lists_were_not_read() {
        let mut open = sample::repository("team/open", vec![]);
        (open.public, open.shares) = (true, Reading::Unreadable);
        let inventory = sample::registry(vec![], vec![open, sample::repository("team/db", vec![])]);
        let seen = repositories_looked_at(&Id::from("partner"), &inventory);
        assert_eq!((seen.listed, seen.open, seen.is_own), (2, 1, false));
        assert!(!seen.is_complete);
        assert_eq!(
            seen.unknown[1],
            "lists of accounts that repositories are shared with that were not read: 1"
        );
        for own in [
            &inventory.caller.account,
            &Id::from(inventory.caller.account_name.as_str()),
        ] {
            assert!(repositories_looked_at(own, &inventory).is_own, "{own}");
        }
    }
}
