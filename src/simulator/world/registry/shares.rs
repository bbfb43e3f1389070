//! Repositories shared with other accounts.

use jiff::{RoundMode, SignedDuration, Timestamp, Unit, ZonedRound, tz::TimeZone};

use super::{Creator, Place, RegistryActor, RegistryRefusal, RepositoryRecord};
use crate::{
    model::{Id, Kind, Level},
    simulator::world::{Removal, World},
};

/// Another account's access to a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareRecord {
    /// By name; there need be no such account.
    pub account: Id,
    /// `None`: for ever.
    pub deadline: Option<Timestamp>,
    pub description: String,
    pub creator: Creator,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl ShareRecord {
    /// Good until the end of the day that the deadline lies in. A share that
    /// is over stays in the list.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        let Some(deadline) = self.deadline else {
            return true;
        };
        let midnight = ZonedRound::new().smallest(Unit::Day).mode(RoundMode::Trunc);
        let day = deadline.to_zoned(TimeZone::UTC).round(midnight);
        let day = day.map_or(deadline, |day| day.timestamp());
        now < day + SignedDuration::from_hours(24)
    }
}

impl World {
    /// In the order in which they were made.
    ///
    /// # Errors
    /// Not there, another account's, not allowed to read.
    pub fn list_shares(
        &self,
        actor: &RegistryActor,
        namespace: &str,
        name: &str,
    ) -> Result<&[ShareRecord], RegistryRefusal> {
        let (namespace, repository) = self.own_repository(actor, namespace, name)?;
        let level = self.repository_level(actor, namespace, repository);
        level.ok_or(RegistryRefusal::NotAllowed)?;
        Ok(&repository.shares)
    }

    /// # Errors
    /// Not there, another account's, not allowed, shared with it already.
    pub fn share_as(
        &mut self,
        actor: &RegistryActor,
        (namespace, name): (&str, &str),
        share: ShareRecord,
    ) -> Result<(), RegistryRefusal> {
        let repository = self.shareable(actor, namespace, name)?;
        if repository
            .shares
            .iter()
            .any(|known| known.account == share.account)
        {
            return Err(RegistryRefusal::AlreadyThere);
        }
        repository.shares.push(share);
        Ok(())
    }

    /// # Errors
    /// Not there, another account's, not allowed, not shared with the account.
    pub fn change_share(
        &mut self,
        actor: &RegistryActor,
        (namespace, name): (&str, &str),
        account: &str,
        change: impl FnOnce(&mut ShareRecord),
    ) -> Result<(), RegistryRefusal> {
        let repository = self.shareable(actor, namespace, name)?;
        let mut shares = repository.shares.iter_mut();
        let share = shares.find(|share| share.account.as_str() == account);
        change(share.ok_or(RegistryRefusal::ShareNotFound)?);
        Ok(())
    }

    /// # Errors
    /// Not there, another account's, not allowed, not shared with the account.
    pub fn end_share(
        &mut self,
        actor: &RegistryActor,
        (namespace, name): (&str, &str),
        account: &str,
        now: Timestamp,
    ) -> Result<(), RegistryRefusal> {
        let repository = self.shareable(actor, namespace, name)?;
        let mut shares = repository.shares.iter();
        let position = shares.position(|share| share.account.as_str() == account);
        let share = repository
            .shares
            .remove(position.ok_or(RegistryRefusal::ShareNotFound)?);
        self.note_lost_shares(actor, Place::Repository(namespace, name), &[share.account], now);
        Ok(())
    }

    pub(super) fn note_lost_shares(
        &mut self,
        actor: &RegistryActor,
        place: Place<'_>,
        accounts: &[Id],
        now: Timestamp,
    ) {
        self.removals.extend(accounts.iter().map(|account| Removal {
            at: now,
            kind: Kind::RepositoryShare,
            resource: place.resource(),
            subject: Some(account.clone()),
            by: actor.user.clone(),
        }));
    }

    /// The repository, for one who manages it.
    fn shareable(
        &mut self,
        actor: &RegistryActor,
        namespace: &str,
        name: &str,
    ) -> Result<&mut RepositoryRecord, RegistryRefusal> {
        let (record, repository) = self.own_repository(actor, namespace, name)?;
        if self.repository_level(actor, record, repository) != Some(Level::Manage) {
            return Err(RegistryRefusal::NotAllowed);
        }
        let repository = self.namespace_mut(namespace)?.repositories.get_mut(name);
        repository.ok_or(RegistryRefusal::RepositoryNotFound)
    }
}
