//! `clouds` of a policy: those it names, or with `"*"` all that have something
//! of what it removes.

use super::{
    policy::KnownCloud,
    reader::{Table, did_you_mean},
    value::Text,
};
use crate::model::{CloudName, Kind};

pub struct Chosen<'a> {
    /// In the order of their names, none twice.
    named: Vec<&'a KnownCloud>,
    /// All there are, if the policy says `"*"`.
    any_of: Option<&'a [KnownCloud]>,
}

impl<'a> Chosen<'a> {
    /// `None` where a part of it is wrong, which was reported, or where it is
    /// not known what clouds there are.
    pub fn read(table: &mut Table<'_>, known: Option<&'a [KnownCloud]>) -> Option<Chosen<'a>> {
        let hint = "name the clouds it works on: clouds = [\"example\"], or [\"*\"] for all";
        let texts = table.require("clouds", hint)?.texts()?;
        let known = known?;
        let mut named: Vec<&KnownCloud> = Vec::new();
        for text in texts.iter().filter(|text| text.text != "*") {
            let found = known.iter().find(|cloud| cloud.name.as_str() == text.text);
            if found.is_none() {
                tell_unknown(text, known);
            }
            named.extend(found);
        }
        named.sort_by(|one, other| one.name.cmp(&other.name));
        named.dedup_by(|one, other| one.name == other.name);
        let any_of = texts.iter().any(|text| text.text == "*").then_some(known);
        Some(Chosen { named, any_of })
    }

    /// Clouds that were named one by one: each must have every kind.
    pub fn named(&self) -> &[&'a KnownCloud] {
        &self.named
    }

    /// Whether no cloud at all has the kind, as far as the file tells.
    pub fn nowhere(&self, kind: Kind) -> bool {
        let mut clouds = self.any_of.unwrap_or_default().iter().peekable();
        clouds.peek().is_some() && !clouds.any(|cloud| has(cloud, kind))
    }

    /// The clouds that have something of what is removed, in the order of their
    /// names.
    pub fn with(&self, kinds: &[Kind]) -> Vec<CloudName> {
        let any_of = self.any_of.unwrap_or_default().iter();
        let any_of = any_of.filter(|cloud| kinds.iter().any(|kind| has(cloud, *kind)));
        let all = self.named.iter().copied().chain(any_of);
        let mut names: Vec<CloudName> = all.map(|cloud| cloud.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }
}

fn has(cloud: &KnownCloud, kind: Kind) -> bool {
    cloud
        .provider
        .is_none_or(|provider| provider.kinds().contains(&kind))
}

fn tell_unknown(text: &Text<'_>, known: &[KnownCloud]) {
    let names: Vec<&str> = known.iter().map(|cloud| cloud.name.as_str()).collect();
    let hint = match names.is_empty() {
        true => "revokd.toml names no cloud".to_owned(),
        false => did_you_mean(text.text, &names),
    };
    let message = format!("there is no cloud `{}`", text.text);
    text.problem(message, "unknown cloud", Some(&hint));
}
