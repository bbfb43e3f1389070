//! `[policy.match.image]`: the keys about an image itself.

use std::collections::BTreeMap;

use super::{
    matcher::{patterns, words},
    reader::Table,
    value::Value,
};
use crate::{
    engine::{patterns::Patterns, policy::ImageMatch},
    model::Visibility,
};

/// Reads the section. Where a key is wrong, its part is left out.
pub fn read(mut section: Table<'_>) -> ImageMatch {
    if section.is_empty() {
        let span = section.span.clone();
        section.sink.problem(
            span,
            "`image` says nothing",
            "empty",
            Some("leave it out, or add a key"),
        );
    }
    let mut found = ImageMatch {
        id: section.take("id").and_then(|value| patterns(&value)),
        name: section.take("name").and_then(|value| patterns(&value)),
        tags: section.take("tags").map(|value| tags(&value)).unwrap_or_default(),
        properties: section
            .take("properties")
            .map(|value| properties(&value))
            .unwrap_or_default(),
        status: section.take("status").and_then(|value| patterns(&value)),
        visibility: section
            .take("visibility")
            .and_then(|value| words(&value, "visibility", Visibility::ALL)),
        protected: section.take("protected").and_then(|value| value.boolean()),
        hidden: section.take("hidden").and_then(|value| value.boolean()),
        ..ImageMatch::default()
    };
    if let Some(value) = section.take("size")
        && let Some(mut size) = value.table("`size`")
    {
        found.min_size = size.take("min").and_then(|value| value.bytes());
        found.max_size = size.take("max").and_then(|value| value.bytes());
        if size.is_empty() {
            value.problem("`size` says nothing", "empty", Some("give a `min` or a `max`"));
        }
        if let (Some(min), Some(max)) = (found.min_size, found.max_size)
            && min > max
        {
            value.problem("`size.min` is above `size.max`", "matches nothing", None);
        }
        size.finish();
    }
    section.finish();
    found
}

/// Each must be met by some tag, so each is a set of its own.
fn tags(value: &Value<'_>) -> Vec<Patterns> {
    let Some(texts) = value.texts() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for text in texts {
        match Patterns::compile(vec![text.text.to_owned()]) {
            Ok(pattern) => found.push(pattern),
            Err((_, reason)) => {
                text.problem(
                    format!("`{}` is no pattern: {reason}", text.text),
                    "no pattern",
                    None,
                );
            }
        }
    }
    found
}

fn properties(value: &Value<'_>) -> BTreeMap<String, Patterns> {
    let Some(section) = value.table("`image.properties`") else {
        return BTreeMap::new();
    };
    if section.is_empty() {
        value.problem(
            "`properties` says nothing",
            "empty",
            Some("name a property: os_type = \"linux\""),
        );
    }
    let named = section.names().into_iter();
    named
        .filter_map(|value| Some((value.key.to_owned(), patterns(&value)?)))
        .collect()
}
