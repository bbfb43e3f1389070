//! A policy's match with its ages turned into moments, once per evaluation.
//!
//! Keys about the image are judged once for all of its members; a million
//! shares are then a few comparisons each.

use jiff::Timestamp;

use super::{
    expiry::Reading,
    patterns::Patterns,
    policy::{Age, Match, Policy},
};
use crate::model::{Comparison, Image, Member};

pub(super) struct Rule<'a> {
    keys: &'a Match,
    granted: Option<Before<'a>>,
    created: Option<Before<'a>>,
    updated: Option<Before<'a>>,
}

/// An age and the last moment that is old enough.
struct Before<'a> {
    age: &'a Age,
    latest: Timestamp,
}

impl<'a> Before<'a> {
    fn new(age: &'a Age, now: Timestamp) -> Before<'a> {
        // An age longer than time itself is met by nothing.
        let latest = now.checked_sub(age.least).unwrap_or(Timestamp::MIN);
        Before { age, latest }
    }

    fn holds(&self, moment: Timestamp) -> bool {
        moment <= self.latest
    }

    fn due(&self, moment: Timestamp) -> Timestamp {
        moment.checked_add(self.age.least).unwrap_or(Timestamp::MAX)
    }

    fn compare(&self, key: &str, moment: Timestamp) -> Comparison {
        comparison(key, self.age.written.clone(), day(moment))
    }
}

impl<'a> Rule<'a> {
    pub(super) fn prepare(policy: &'a Policy, now: Timestamp) -> Rule<'a> {
        let keys = &policy.matcher;
        let before = |age: &'a Option<Age>| age.as_ref().map(|age| Before::new(age, now));
        Rule {
            keys,
            granted: before(&keys.granted_before),
            created: before(&keys.created_before),
            updated: before(&keys.updated_before),
        }
    }

    /// The keys that look at the image alone, but for `expires` and `when`.
    pub(super) fn image_holds(&self, image: &Image) -> bool {
        let keys = &self.keys.image;
        self.created
            .as_ref()
            .is_none_or(|before| before.holds(image.created_at))
            && self
                .updated
                .as_ref()
                .is_none_or(|before| before.holds(image.updated_at))
            && keys.protected.is_none_or(|wanted| wanted == image.protected)
            && keys.hidden.is_none_or(|wanted| wanted == image.hidden)
            && keys
                .visibility
                .as_ref()
                .is_none_or(|wanted| wanted.contains(&image.visibility))
            && size_holds(keys.min_size, keys.max_size, image.size)
            && holds(&self.keys.owner, image.owner.as_str())
            && holds(&keys.id, image.id.as_str())
            && holds(&keys.name, &image.name)
            && holds(&keys.status, &image.status)
            && keys
                .tags
                .iter()
                .all(|wanted| image.tags.iter().any(|tag| wanted.matches(tag)))
            && keys.properties.iter().all(|(name, wanted)| {
                image
                    .properties
                    .get(name)
                    .is_some_and(|value| wanted.matches(value))
            })
    }

    pub(super) fn member_holds(&self, member: &Member) -> bool {
        self.granted
            .as_ref()
            .is_none_or(|before| before.holds(member.created_at))
            && self
                .keys
                .status
                .as_ref()
                .is_none_or(|wanted| wanted.contains(&member.status))
            && holds(&self.keys.subject, member.project.as_str())
    }

    /// The moment at which the last of the keys about time came to hold.
    pub(super) fn due_since(
        &self,
        image: &Image,
        member: Option<&Member>,
        ends: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let granted = self
            .granted
            .as_ref()
            .zip(member)
            .map(|(before, member)| before.due(member.created_at));
        let created = self.created.as_ref().map(|before| before.due(image.created_at));
        let updated = self.updated.as_ref().map(|before| before.due(image.updated_at));
        [granted, created, updated, ends].into_iter().flatten().max()
    }

    /// Each written key beside the value it looked at.
    pub(super) fn compare(
        &self,
        image: &Image,
        member: Option<&Member>,
        expiry: &Reading,
    ) -> Vec<Comparison> {
        let keys = self.keys;
        let mut all = Vec::new();
        if let Some(member) = member {
            all.extend(
                self.granted
                    .as_ref()
                    .map(|before| before.compare("granted_before", member.created_at)),
            );
            all.extend(
                keys.status
                    .as_ref()
                    .map(|wanted| comparison("status", words(wanted), member.status.to_string())),
            );
            all.extend(written("subject", &keys.subject, member.project.as_str()));
        }
        all.extend(
            self.created
                .as_ref()
                .map(|before| before.compare("created_before", image.created_at)),
        );
        all.extend(
            self.updated
                .as_ref()
                .map(|before| before.compare("updated_before", image.updated_at)),
        );
        all.extend(written("owner", &keys.owner, image.owner.as_str()));
        self.compare_image(image, &mut all);
        if let (Some(expiry), Reading::Ends { written, .. }) = (&keys.expires, expiry) {
            all.push(comparison("expires", expiry.to_string(), written.clone()));
        }
        all.extend(
            keys.when
                .as_ref()
                .map(|condition| comparison("when", condition.written().to_owned(), "true".into())),
        );
        all
    }

    fn compare_image(&self, image: &Image, all: &mut Vec<Comparison>) {
        let keys = &self.keys.image;
        all.extend(written("image.id", &keys.id, image.id.as_str()));
        all.extend(written("image.name", &keys.name, &image.name));
        all.extend(written("image.status", &keys.status, &image.status));
        for wanted in &keys.tags {
            let met = image.tags.iter().find(|tag| wanted.matches(tag));
            all.extend(met.map(|tag| comparison("image.tags", wanted.to_string(), tag.clone())));
        }
        for (name, wanted) in &keys.properties {
            let value = image.properties.get(name).map_or("", String::as_str);
            all.push(comparison(
                &format!("image.properties.{name}"),
                wanted.to_string(),
                value.to_owned(),
            ));
        }
        if keys.min_size.is_some() || keys.max_size.is_some() {
            let bound = |word: &str, bound: Option<u64>| bound.map(|bytes| format!("{word} {bytes}"));
            let bounds: Vec<_> = [bound("min", keys.min_size), bound("max", keys.max_size)]
                .into_iter()
                .flatten()
                .collect();
            let size = image
                .size
                .map_or_else(String::new, |bytes| format!("{bytes} bytes"));
            all.push(comparison("image.size", bounds.join(" "), size));
        }
        all.extend(
            keys.visibility
                .as_ref()
                .map(|wanted| comparison("image.visibility", words(wanted), image.visibility.to_string())),
        );
        let flag = |key: &str, wanted: Option<bool>, is: bool| {
            wanted.map(|wanted| comparison(key, wanted.to_string(), is.to_string()))
        };
        all.extend(flag("image.protected", keys.protected, image.protected));
        all.extend(flag("image.hidden", keys.hidden, image.hidden));
    }
}

fn holds(wanted: &Option<Patterns>, value: &str) -> bool {
    wanted.as_ref().is_none_or(|patterns| patterns.matches(value))
}

/// An image without a size (no data yet) meets no bound.
fn size_holds(min: Option<u64>, max: Option<u64>, size: Option<u64>) -> bool {
    match size {
        Some(size) => min.is_none_or(|min| size >= min) && max.is_none_or(|max| size <= max),
        None => min.is_none() && max.is_none(),
    }
}

fn comparison(key: &str, required: String, observed: String) -> Comparison {
    Comparison {
        key: key.to_owned(),
        required,
        observed,
    }
}

fn written(key: &str, wanted: &Option<Patterns>, value: &str) -> Option<Comparison> {
    wanted
        .as_ref()
        .map(|patterns| comparison(key, patterns.to_string(), value.to_owned()))
}

fn words<T: ToString>(wanted: &[T]) -> String {
    wanted
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("|")
}

fn day(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
