//! The keys of `match.image`.

use super::{
    compare::{comparison, words, written},
    holds as key_holds,
};
use crate::{
    engine::policy::ImageMatch,
    model::{Comparison, Image},
};

/// Without an image only a match that says nothing of images holds.
pub(super) fn holds(keys: &ImageMatch, image: Option<&Image>) -> bool {
    match image {
        Some(image) => image_holds(keys, image),
        None => is_unwritten(keys),
    }
}

/// Named field by field, so that a new key cannot be forgotten.
fn is_unwritten(keys: &ImageMatch) -> bool {
    let ImageMatch {
        id,
        name,
        tags,
        properties,
        status,
        min_size,
        max_size,
        visibility,
        protected,
        hidden,
    } = keys;
    id.is_none()
        && name.is_none()
        && tags.is_empty()
        && properties.is_empty()
        && status.is_none()
        && min_size.is_none()
        && max_size.is_none()
        && visibility.is_none()
        && protected.is_none()
        && hidden.is_none()
}

fn image_holds(keys: &ImageMatch, image: &Image) -> bool {
    key_holds(&keys.protected, |wanted| *wanted == image.protected)
        && key_holds(&keys.hidden, |wanted| *wanted == image.hidden)
        && key_holds(&keys.visibility, |wanted| wanted.contains(&image.visibility))
        && size_holds(keys.min_size, keys.max_size, image.size)
        && key_holds(&keys.id, |wanted| wanted.matches(image.id.as_str()))
        && key_holds(&keys.name, |wanted| wanted.matches(&image.name))
        && key_holds(&keys.status, |wanted| wanted.matches(&image.status))
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

/// An image without a size (no data yet) meets no bound.
fn size_holds(min: Option<u64>, max: Option<u64>, size: Option<u64>) -> bool {
    match size {
        Some(size) => min.is_none_or(|min| size >= min) && max.is_none_or(|max| size <= max),
        None => min.is_none() && max.is_none(),
    }
}

/// Each written key beside the value it looked at.
pub(super) fn compare(keys: &ImageMatch, image: &Image, all: &mut Vec<Comparison>) {
    all.extend(written("image.id", &keys.id, image.id.as_str()));
    all.extend(written("image.name", &keys.name, &image.name));
    all.extend(written("image.status", &keys.status, &image.status));
    for wanted in &keys.tags {
        let met = image.tags.iter().find(|tag| wanted.matches(tag));
        all.extend(met.map(|tag| comparison("image.tags", wanted, tag)));
    }
    for (name, wanted) in &keys.properties {
        let value = image.properties.get(name).map_or("", String::as_str);
        all.push(comparison(&format!("image.properties.{name}"), wanted, value));
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
    if let Some(wanted) = &keys.visibility {
        all.push(comparison("image.visibility", words(wanted), image.visibility));
    }
    if let Some(wanted) = keys.protected {
        all.push(comparison("image.protected", wanted, image.protected));
    }
    if let Some(wanted) = keys.hidden {
        all.push(comparison("image.hidden", wanted, image.hidden));
    }
}
