//! One namespace or repository looked at again.

use super::{
    RegistryView, address::Place, calls::Registry, holders::add_holders, malformed, shares, sight::Sight,
    too_low, translate,
};
use crate::{
    model::{Caller, CloudName, Failure, FailureClass, Gap, Id, Kind, Level, Permission, Reading, Scope},
    providers::{
        huawei::{holders::Thoroughness, wire::swr},
        interner::Interner,
    },
};

pub struct Look<'a> {
    pub registry: Registry<'a>,
    pub cloud: &'a CloudName,
    pub caller: &'a Caller,
    /// Of whom more is to be known than that they are in the list.
    pub subjects: &'a [Id],
}

impl Look<'_> {
    pub async fn at(&self, kind: Kind, resource: &Id) -> Result<RegistryView, Failure> {
        let mut view = match kind {
            Kind::NamespacePermission => self.at_namespace(resource).await?,
            Kind::RepositoryPermission => self.at_permissions(resource).await?,
            Kind::RepositoryShare => self.at_shares(resource).await?,
            Kind::ImageShare | Kind::Image => {
                let detail = format!("looking at {kind} {resource}: the registry holds none");
                return Err(Failure::new(FailureClass::Refused, detail));
            }
        };
        let is_asked = |user: &Id| self.subjects.contains(user);
        let thoroughness = Thoroughness::Details;
        add_holders(self.registry, self.cloud, is_asked, thoroughness, &mut view).await;
        Ok(view)
    }

    async fn at_namespace(&self, name: &Id) -> Result<RegistryView, Failure> {
        let mut view = RegistryView::default();
        let Sight::Here(row) = self.registry.see_namespace(name.as_str()).await? else {
            return Ok(view);
        };
        let mut namespace = translate::namespace(row).map_err(|why| malformed(name, &why))?;
        if namespace.own_level != Level::Manage {
            namespace.permissions = Reading::Unreadable;
            view.gaps.push(Gap {
                cloud: self.cloud.clone(),
                scope: Scope::NamespacePermissions(name.clone()),
                reason: too_low(namespace.own_level),
            });
        } else {
            let access = self.registry.see_namespace_permissions(name.as_str()).await?;
            let Sight::Here(access) = access else {
                return Ok(view);
            };
            namespace.permissions = Reading::Read(self.permissions(name, access)?);
        }
        view.namespaces.push(namespace);
        Ok(view)
    }

    async fn at_permissions(&self, id: &Id) -> Result<RegistryView, Failure> {
        let place = Place::of(id)?;
        let Sight::Here(access) = self.registry.see_repository_permissions(place).await? else {
            return Ok(RegistryView::default());
        };
        let own = access.self_auth.as_ref();
        let manages = own.and_then(|own| translate::level(own.auth)) == Some(Level::Manage);
        let permissions = self.permissions(id, access)?;
        let mut view = self.around(place, permissions.is_empty()).await?;
        if !manages {
            self.doubt(Scope::RepositoryPermissions(id.clone()), &mut view);
        }
        for repository in &mut view.repositories {
            repository.permissions = Reading::Read(permissions.clone());
        }
        Ok(view)
    }

    async fn at_shares(&self, id: &Id) -> Result<RegistryView, Failure> {
        let place = Place::of(id)?;
        let Sight::Here(rows) = self.registry.see_shares(place).await? else {
            return Ok(RegistryView::default());
        };
        let is_cut = rows.len() == shares::ROWS_MAX;
        let mut shares =
            translate::shares(rows, &mut Interner::default()).map_err(|why| malformed(id, &why))?;
        if let Some(listed) = shares.first().filter(|_| is_cut) {
            let listed = listed.account.clone();
            let unlisted = |account: &&Id| !shares.iter().any(|share| share.account == **account);
            let unlisted: Vec<&Id> = self.subjects.iter().filter(unlisted).collect();
            shares.extend(self.registry.shares_with(place, &listed, &unlisted).await?);
        }
        let mut view = self.around(place, shares.is_empty()).await?;
        self.doubt(Scope::RepositoryShares(id.clone()), &mut view);
        for repository in &mut view.repositories {
            repository.shares = Reading::Read(shares.clone());
        }
        // Of the subjects all is known by now; of others it was not asked.
        if is_cut && self.subjects.is_empty() {
            view.gaps.push(Gap {
                cloud: self.cloud.clone(),
                scope: Scope::RepositoryShares(id.clone()),
                reason: shares::CUT.to_owned(),
            });
        }
        Ok(view)
    }

    /// The repository itself, none of its lists, and what the daemon may do in
    /// its namespace. `is_empty`: its list was read, and nobody is in it.
    async fn around(&self, place: Place<'_>, is_empty: bool) -> Result<RegistryView, Failure> {
        let Some(row) = self.registry.find_repository(place).await? else {
            // Some calls answer for a repository that is gone as for one that
            // nobody can reach; then both agree.
            return match is_empty {
                true => Ok(RegistryView::default()),
                false => Err(malformed(
                    place,
                    "the cloud tells who can reach it, but does not list it",
                )),
            };
        };
        let repository = translate::repository(row, &mut Interner::default());
        let (repository, owner) = repository.map_err(|why| malformed(place, &why))?;
        if !translate::is_own(&owner, self.caller) {
            return Err(malformed(
                place,
                &format!("it belongs to another account, {owner:?}"),
            ));
        }
        let namespace = match self.registry.see_namespace(place.namespace).await? {
            Sight::Here(row) => translate::namespace(row).map_err(|why| malformed(place, &why))?,
            Sight::Gone => {
                return Err(malformed(
                    place,
                    "the cloud lists it in a namespace that is not there",
                ));
            }
        };
        Ok(RegistryView {
            namespaces: vec![namespace],
            repositories: vec![repository],
            ..RegistryView::default()
        })
    }

    /// Whoever does not manage a namespace may be shown less than there is, so
    /// that what a list lacks proves nothing.
    fn doubt(&self, scope: Scope, view: &mut RegistryView) {
        let namespace = view.namespaces.first();
        if let Some(low) = namespace.filter(|row| row.own_level != Level::Manage) {
            view.gaps.push(Gap {
                cloud: self.cloud.clone(),
                scope,
                reason: too_low(low.own_level),
            });
        }
    }

    fn permissions(&self, of: &Id, access: swr::Access) -> Result<Vec<Permission>, Failure> {
        let permissions = translate::permissions(access, self.caller, &mut Interner::default());
        permissions.map_err(|why| malformed(of, &why))
    }
}
