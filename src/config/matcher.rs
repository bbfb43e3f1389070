//! `[policy.match]`: the keys that select targets, checked against the kind.

use std::{collections::BTreeMap, time::Duration};

use super::{policy::signed, reader::Table, value::Value};
use crate::{
    engine::{
        condition::Condition,
        patterns::Patterns,
        policy::{Age, Expiry, ImageMatch, Match},
    },
    model::{Kind, MemberStatus, Visibility},
};

/// Reads the section. Where a key is wrong its part of the match is left out,
/// and the problem that was reported keeps the policy from being compiled.
pub fn read(mut section: Table<'_>, kind: Option<Kind>) -> Match {
    if section.is_empty() {
        let hint = "if everything is really meant, write: when = \"true\"";
        let span = section.span.clone();
        section
            .sink
            .problem(span, "an empty match would match everything", "empty", Some(hint));
    }
    let mut found = Match::default();
    match kind {
        Some(kind) if kind.subject().is_none() => refuse_grant_keys(&mut section, kind),
        _ => {
            found.granted_before = section.take("granted_before").and_then(|value| age(&value));
            found.status = section.take("status").and_then(|value| statuses(&value));
            found.subject = section.take("subject").and_then(|value| patterns(&value));
        }
    }
    found.created_before = section.take("created_before").and_then(|value| age(&value));
    found.updated_before = section.take("updated_before").and_then(|value| age(&value));
    found.owner = section.take("owner").and_then(|value| patterns(&value));
    if let Some(image) = section
        .take("image")
        .and_then(|value| value.table("[policy.match.image]"))
    {
        found.image = image_match(image);
    }
    found.expires = section.take("expires").and_then(|value| expiry(&value));
    found.when = section.take("when").and_then(|value| condition(&value, kind?));
    section.finish();
    found
}

/// One or many words and globs.
pub fn patterns(value: &Value<'_>) -> Option<Patterns> {
    let texts = value.texts()?;
    let written = texts.iter().map(|text| text.text.to_owned()).collect();
    match Patterns::compile(written) {
        Ok(patterns) => Some(patterns),
        Err((position, reason)) => {
            let text = texts.get(position)?;
            let hint = "`*`, `?`, `[a-z]` and `{a,b}` are special; put a backslash before one to mean itself";
            text.problem(
                format!("`{}` is no pattern: {reason}", text.text),
                "no pattern",
                Some(hint),
            );
            None
        }
    }
}

fn refuse_grant_keys(section: &mut Table<'_>, kind: Kind) {
    let message = format!("`status` is about members; kind `{kind}` has none");
    section.refuse(
        "status",
        &message,
        Some("the image's own status is `image.status`"),
    );
    let message = format!("`subject` is about members; kind `{kind}` has none");
    section.refuse("subject", &message, Some("the image's owner is `owner`"));
    let message = format!("`granted_before` is the age of a grant; kind `{kind}` has none");
    section.refuse(
        "granted_before",
        &message,
        Some("the age of an image is `created_before`"),
    );
}

fn age(value: &Value<'_>) -> Option<Age> {
    let text = value.text()?;
    let least: Duration = text.duration()?;
    Some(Age {
        least: signed(least),
        written: text.text.to_owned(),
    })
}

fn statuses(value: &Value<'_>) -> Option<Vec<MemberStatus>> {
    let words: Vec<(&str, MemberStatus)> = MemberStatus::ALL.iter().map(|s| (s.as_str(), *s)).collect();
    value
        .texts()?
        .iter()
        .map(|text| text.word("status", &words))
        .collect()
}

fn image_match(mut section: Table<'_>) -> ImageMatch {
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
        visibility: section.take("visibility").and_then(|value| visibilities(&value)),
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

fn visibilities(value: &Value<'_>) -> Option<Vec<Visibility>> {
    let words: Vec<(&str, Visibility)> = Visibility::ALL.iter().map(|v| (v.as_str(), *v)).collect();
    value
        .texts()?
        .iter()
        .map(|text| text.word("visibility", &words))
        .collect()
}

fn expiry(value: &Value<'_>) -> Option<Expiry> {
    let mut section = value.table("`expires`")?;
    let tag = section.take("tag").and_then(|value| value.text());
    let property = section.take("property").and_then(|value| value.text());
    let both = section.has("tag") && section.has("property");
    let neither = !section.has("tag") && !section.has("property");
    section.finish();
    if both || neither {
        let hint = "write { tag = \"expires\" } or { property = \"expires_at\" }";
        value.problem(
            "`expires` names either a tag or a property",
            "exactly one",
            Some(hint),
        );
        return None;
    }
    match (tag, property) {
        (Some(tag), _) => Some(Expiry::Tag(tag.text.to_owned())),
        (_, Some(property)) => Some(Expiry::Property(property.text.to_owned())),
        _ => None,
    }
}

fn condition(value: &Value<'_>, kind: Kind) -> Option<Condition> {
    let text = value.text()?;
    match Condition::parse(text.text, std::slice::from_ref(&kind)) {
        Ok(condition) => Some(condition),
        Err(error) => {
            let span = error
                .span
                .clone()
                .map_or(text.span.clone(), |span| text.part(span));
            text.sink
                .problem(span, error.message.clone(), "here", error.hint.as_deref());
            None
        }
    }
}
