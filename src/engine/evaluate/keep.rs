//! What matches and must stay all the same: what the daemon stands on itself,
//! what the configuration protects, what a policy exempts for a time.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::{
    engine::{
        candidate::Candidate,
        patterns::Patterns,
        policy::{Exemption, Policy, Protection},
        resource::Resource,
    },
    model::{AccountShare, Caller, Id, Inventory, Level, Member, Permission},
};

pub(super) struct Keeper<'a> {
    policy: &'a Policy,
    caller: &'a Caller,
    protection: &'a Protection,
    /// What the daemon may do on each namespace that was seen.
    own_levels: HashMap<&'a Id, Level>,
    addresses: HashMap<&'a Id, &'a str>,
    now: Timestamp,
}

impl<'a> Keeper<'a> {
    pub(super) fn prepare(
        policy: &'a Policy,
        inventory: &'a Inventory,
        protection: &'a Protection,
        now: Timestamp,
    ) -> Keeper<'a> {
        let namespaces = inventory.namespaces.iter();
        Keeper {
            policy,
            caller: &inventory.caller,
            protection,
            addresses: addresses(inventory),
            own_levels: namespaces.map(|seen| (&seen.name, seen.own_level)).collect(),
            now,
        }
    }

    /// Why it must stay, for people.
    pub(super) fn must_stay(&self, candidate: Candidate) -> Option<String> {
        if let Some(reason) = self.own(candidate) {
            return Some(reason.to_owned());
        }
        if self.protects(candidate) {
            return Some("protected by the configuration".to_owned());
        }
        let exemptions = self.policy.exemptions.iter();
        let mut covering = exemptions.filter(|exemption| self.now < exemption.ends);
        self.powerless(candidate).or_else(|| {
            covering
                .find(|exemption| self.covers(exemption, candidate))
                .map(|exemption| format!("exempt until {}: {}", exemption.until, exemption.reason))
        })
    }

    fn own(&self, candidate: Candidate) -> Option<&'static str> {
        let permission = candidate.permission().and_then(|has| self.own_permission(has));
        let member = candidate.member().and_then(|member| self.own_project(member));
        let share = candidate.share().and_then(|share| self.own_account(share));
        permission.or(member).or(share)
    }

    /// A name is as good as an id here: it is unique within the account, and
    /// keeping one permission too many is the lesser evil.
    fn own_permission(&self, permission: &Permission) -> Option<&'static str> {
        if self.caller.user.as_str().is_empty() {
            return Some("the daemon does not know its own user, and this may be it");
        }
        let mut names = permission.names();
        if permission.user == self.caller.user || names.any(|name| name == self.caller.user_name) {
            return Some("the daemon's own user");
        }
        let holder = permission.holder.as_ref();
        holder
            .is_some_and(|holder| holder.account_owner)
            .then_some("the owner of the account")
    }

    fn own_project(&self, member: &Member) -> Option<&'static str> {
        (member.project == self.caller.project).then_some("the daemon's own project")
    }

    fn own_account(&self, share: &AccountShare) -> Option<&'static str> {
        let name = share.account.as_str();
        (name == self.caller.account.as_str() || name == self.caller.account_name)
            .then_some("the daemon's own account")
    }

    fn protects(&self, candidate: Candidate) -> bool {
        let protection = self.protection;
        let subject = candidate.kind().subject().zip(candidate.subject());
        let by_name = self.names(candidate).any(|name| {
            let users = protection.users.as_ref();
            users.is_some_and(|users| users.matches_in_any_case(name))
        });
        subject.is_some_and(|(kind, subject)| protection.covers_subject(kind, subject))
            || by_name
            || self.protects_resource(candidate.resource())
    }

    fn protects_resource(&self, resource: Resource) -> bool {
        let protection = self.protection;
        let namespace = resource.namespace();
        resource
            .image()
            .is_some_and(|image| protection.covers_image(&image.id, &image.name))
            || namespace.is_some_and(|name| listed(&protection.namespaces, name.as_str()))
            || resource
                .repository()
                .is_some_and(|repository| listed(&protection.repositories, repository.id.as_str()))
    }

    /// A cloud refuses whoever does not manage a namespace; a call that cannot
    /// work is not made. Where the level was not seen, the cloud has the word.
    fn powerless(&self, candidate: Candidate) -> Option<String> {
        let namespace = candidate.resource().namespace()?;
        let level = *self.own_levels.get(namespace)?;
        (level < Level::Manage).then(|| format!("the daemon only has {level} on namespace {namespace}"))
    }

    /// All that people call the holder of a permission by. Upper and lower case
    /// are the same here: keeping one too many is the lesser evil.
    fn names<'b>(&'b self, candidate: Candidate<'b>) -> impl Iterator<Item = &'b str> {
        let permission = candidate.permission();
        let address = permission.and_then(|permission| self.addresses.get(&permission.user).copied());
        let names = permission.into_iter().flat_map(Permission::names);
        names.chain(address)
    }

    /// Whether all that the exemption names is true of the candidate.
    fn covers(&self, exemption: &Exemption, candidate: Candidate) -> bool {
        let by_name = |subject: &Patterns| {
            self.names(candidate)
                .any(|name| subject.matches_in_any_case(name))
        };
        let by_id = |subject: &Patterns| candidate.subject().is_some_and(|id| subject.matches(id.as_str()));
        let named = |written: &Option<Patterns>, known: Option<&str>| {
            let is_met = |patterns: &Patterns| known.is_some_and(|value| patterns.matches(value));
            written.as_ref().is_none_or(is_met)
        };
        let subject = exemption.subject.as_ref();
        let resource = candidate.resource();
        let image_name = resource.image().map(|image| image.name.as_str());
        subject.is_none_or(|subject| by_id(subject) || by_name(subject))
            && named(&exemption.resource, Some(resource.id().as_str()))
            && named(&exemption.image_name, image_name)
    }
}

fn addresses(inventory: &Inventory) -> HashMap<&Id, &str> {
    let users = inventory.users.iter();
    users
        .filter_map(|user| Some((&user.id, user.email.as_deref()?)))
        .collect()
}

fn listed(patterns: &Option<Patterns>, text: &str) -> bool {
    patterns.as_ref().is_some_and(|patterns| patterns.matches(text))
}
