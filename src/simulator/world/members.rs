//! Who an image is shared with.

use jiff::Timestamp;

use super::{Actor, ImageRecord, Refusal, Removal, Role, World, whole_second};
use crate::model::{Id, Kind, Member, MemberStatus, Visibility};

impl World {
    /// Makes the project a member, for the one who makes the world: no rule is
    /// asked. A row that is there already stays as it is; without such an
    /// image nothing happens.
    pub fn share(&mut self, image: &Id, project: &Id, status: MemberStatus, granted_at: Timestamp) {
        let project = self.intern(project.as_str());
        if let Some(record) = self.images.get_mut(image)
            && record.member(project.as_str()).is_none()
        {
            record.members.push(new_member(project, status, granted_at));
        }
    }

    /// The members that the actor may know of: all for the owner, itself for a
    /// member.
    ///
    /// # Errors
    /// Not found, then not shared.
    pub fn list_members(&self, actor: &Actor, image: &str) -> Result<Vec<&Member>, Refusal> {
        let record = self.shared_image(actor, image)?;
        if record.is_run_by(actor) {
            return Ok(record.members.iter().collect());
        }
        Ok(record.member(actor.project.as_str()).into_iter().collect())
    }

    /// # Errors
    /// Not found, not shared, then member not found.
    pub fn show_member(&self, actor: &Actor, image: &str, member: &str) -> Result<&Member, Refusal> {
        let record = self.shared_image(actor, image)?;
        let row = record.member(member).filter(|row| knows_of(actor, record, row));
        row.ok_or(Refusal::MemberNotFound)
    }

    /// Shares the image with a project, which need not exist.
    ///
    /// # Errors
    /// In this order: not found, not shared, not allowed, quota, already a member.
    pub fn add_member(
        &mut self,
        actor: &Actor,
        image: &str,
        member: &str,
        now: Timestamp,
    ) -> Result<&Member, Refusal> {
        self.settle(now);
        let record = self.shared_image(actor, image)?;
        if !record.is_run_by(actor) || actor.role == Role::Reader {
            return Err(Refusal::NotAllowed);
        }
        if let Some(quota) = self.member_quota
            && record.members.len() >= quota
        {
            return Err(Refusal::MemberQuotaReached { quota });
        }
        if record.member(member).is_some() {
            return Err(Refusal::AlreadyMember);
        }
        let mut member = new_member(self.intern(member), MemberStatus::Pending, now);
        let record = self.images.get_mut(image).ok_or(Refusal::ImageNotFound)?;
        // Glance revives the row of a share that was ended, with its old date.
        if let Some(position) = record.ended.iter().position(|row| row.project == member.project) {
            member.created_at = record.ended.swap_remove(position).created_at;
        }
        record.members.push(member);
        record.members.last().ok_or(Refusal::MemberNotFound)
    }

    /// Says yes or no to a share. Only the member itself can; the owner cannot.
    ///
    /// # Errors
    /// In this order: not found, not shared, member not found, not allowed.
    pub fn answer_share(
        &mut self,
        actor: &Actor,
        image: &str,
        member: &str,
        status: MemberStatus,
        now: Timestamp,
    ) -> Result<&Member, Refusal> {
        self.settle(now);
        self.show_member(actor, image, member)?;
        let is_the_member = member == actor.project.as_str() && actor.role == Role::Member;
        if !is_the_member && actor.role != Role::Admin {
            return Err(Refusal::NotAllowed);
        }
        let record = self.images.get_mut(image).ok_or(Refusal::ImageNotFound)?;
        let row = record
            .members
            .iter_mut()
            .find(|row| row.project.as_str() == member);
        let row = row.ok_or(Refusal::MemberNotFound)?;
        row.status = status;
        row.updated_at = whole_second(now);
        Ok(row)
    }

    /// Ends a share.
    ///
    /// # Errors
    /// In this order: not found, not shared, member not found (also where the
    /// actor may not know of the row), not allowed.
    pub fn remove_member(
        &mut self,
        actor: &Actor,
        image: &str,
        member: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.settle(now);
        self.show_member(actor, image, member)?;
        let record = self.images.get_mut(image).ok_or(Refusal::ImageNotFound)?;
        if !record.is_run_by(actor) || actor.role == Role::Reader {
            return Err(Refusal::NotAllowed);
        }
        let position = record
            .members
            .iter()
            .position(|row| row.project.as_str() == member);
        let row = record.members.remove(position.ok_or(Refusal::MemberNotFound)?);
        self.removals.push(Removal {
            at: now,
            kind: Kind::ImageShare,
            resource: record.id().clone(),
            subject: Some(row.project.clone()),
            by: actor.project.clone(),
        });
        record.ended.push(row);
        Ok(())
    }

    fn shared_image(&self, actor: &Actor, image: &str) -> Result<&ImageRecord, Refusal> {
        let record = self.show_image(actor, image)?;
        if record.visibility == Visibility::Shared {
            Ok(record)
        } else {
            Err(Refusal::NotShared)
        }
    }
}

fn knows_of(actor: &Actor, record: &ImageRecord, row: &Member) -> bool {
    record.is_run_by(actor) || row.project == actor.project
}

fn new_member(project: Id, status: MemberStatus, granted_at: Timestamp) -> Member {
    let at = whole_second(granted_at);
    Member {
        project,
        status,
        created_at: at,
        updated_at: at,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::simulator::{ImageChange, NewImage};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn actor(project: &Id) -> Actor {
        Actor {
            project: project.clone(),
            role: Role::Member,
        }
    }

    fn shared_world() -> (World, Id, Id, Id) {
        let mut world = World::new();
        let owner = world.add_project("owner");
        let guest = world.add_project("guest");
        let image = world.add_image(NewImage::shared("golden", &owner, at(1)));
        world.share(&image, &guest, MemberStatus::Accepted, at(2));
        (world, owner, guest, image)
    }

    #[test]
    fn a_share_granted_again_keeps_its_first_date_as_in_glance() {
        let (mut world, own, guest, image) = shared_world();
        let own = actor(&own);
        world
            .remove_member(&own, image.as_str(), guest.as_str(), at(200))
            .unwrap();
        let row = world
            .add_member(&own, image.as_str(), guest.as_str(), at(300))
            .unwrap();
        assert_eq!((row.created_at, row.updated_at), (at(2), at(300)));
        assert_eq!(row.status, MemberStatus::Pending);
    }

    #[test]
    fn rows_sleep_while_the_image_is_private_and_wake_again() {
        let (mut world, owner, guest, image) = shared_world();
        let change = |world: &mut World, visibility| {
            let changes = vec![ImageChange::Visibility(visibility)];
            world
                .change_image(&actor(&owner), image.as_str(), changes, at(3))
                .unwrap();
        };
        change(&mut world, Visibility::Private);
        assert_eq!(
            world.list_members(&actor(&owner), image.as_str()),
            Err(Refusal::NotShared)
        );
        assert!(world.show_image(&actor(&guest), image.as_str()).is_err());
        let removed = world.remove_member(&actor(&owner), image.as_str(), guest.as_str(), at(4));
        assert_eq!(removed, Err(Refusal::NotShared));
        change(&mut world, Visibility::Shared);
        assert_eq!(
            world.list_members(&actor(&owner), image.as_str()).unwrap().len(),
            1
        );
        assert!(world.show_image(&actor(&guest), image.as_str()).is_ok());
    }

    #[test]
    fn a_removal_nobody_decided_on_is_found() {
        let (mut world, owner, guest, image) = shared_world();
        world
            .remove_member(&actor(&owner), image.as_str(), guest.as_str(), at(5))
            .unwrap();
        let decided = HashSet::from([(Kind::ImageShare, image.clone(), Some(guest.clone()))]);
        assert!(world.removed_outside(&decided).is_empty());
        let outside = world.removed_outside(&HashSet::from([(Kind::Image, image.clone(), None)]));
        assert_eq!(outside.len(), 1);
        assert_eq!((outside[0].at, &outside[0].by), (at(5), &owner));
    }

    #[test]
    fn deleting_an_image_is_one_removal_however_many_members_it_had() {
        let (mut world, owner, _, image) = shared_world();
        world.delete_image(&actor(&owner), image.as_str(), at(5)).unwrap();
        assert_eq!(world.removals().len(), 1);
        assert!(
            world
                .removed_outside(&HashSet::from([(Kind::Image, image, None)]))
                .is_empty()
        );
    }

    #[test]
    fn a_member_cannot_remove_itself_and_does_not_know_of_others() {
        let (mut world, _, guest, image) = shared_world();
        let other = world.add_project("other");
        world.share(&image, &other, MemberStatus::Pending, at(2));
        let mut remove = |who: &Id, member: &Id| {
            world
                .remove_member(&actor(who), image.as_str(), member.as_str(), at(4))
                .unwrap_err()
        };
        assert_eq!(remove(&guest, &guest), Refusal::NotAllowed);
        assert_eq!(remove(&guest, &other), Refusal::MemberNotFound);
        assert_eq!(remove(&Id::from("stranger"), &guest), Refusal::ImageNotFound);
    }
}
