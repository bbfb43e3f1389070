//! `[policy.match]`: the keys that select targets, checked against the kinds.

use std::{fmt, time::Duration};

use super::{
    image_match, match_keys, policy::signed, reader::Table, registry_names::Name, sources::KnownSource,
    subject_lists, value::Value,
};
use crate::{
    engine::{
        condition::Condition,
        patterns::Patterns,
        policy::{Age, Expiry, Match, UserMatch},
    },
    model::{Kind, Level, MemberStatus, UserState},
};

/// Reads the section for the kinds of its policy; none if they are not known.
/// Where a key is wrong its part of the match is left out, and the problem that
/// was reported keeps the policy from being compiled.
pub fn read(mut section: Table<'_>, kinds: &[Kind], sources: Option<&[KnownSource]>) -> Match {
    if section.is_empty() {
        let hint = "if everything is really meant, write: when = \"true\"";
        let span = section.span.clone();
        section
            .sink
            .problem(span, "an empty match would match everything", "empty", Some(hint));
    }
    let lists = subject_lists::read(&mut section, kinds, sources);
    let mut of_kinds = |key| match_keys::take(&mut section, kinds, key);
    let found = Match {
        granted_before: of_kinds("granted_before").and_then(|value| age(&value)),
        created_before: of_kinds("created_before").and_then(|value| age(&value)),
        updated_before: of_kinds("updated_before").and_then(|value| age(&value)),
        status: of_kinds("status").and_then(|value| words(&value, "status", MemberStatus::ALL)),
        subject: of_kinds("subject").and_then(|value| patterns(&value)),
        subject_in: lists.subject_in,
        subject_not_in: lists.subject_not_in,
        needs_attributes: lists.needs_attributes,
        owner: of_kinds("owner").and_then(|value| patterns(&value)),
        image: of_kinds("image")
            .and_then(|value| value.table("[policy.match.image]"))
            .map(image_match::read)
            .unwrap_or_default(),
        level: of_kinds("level").and_then(|value| words(&value, "level", Level::ALL)),
        namespace: of_kinds("namespace").and_then(|value| names(&value, Name::Namespace)),
        repository: of_kinds("repository").and_then(|value| names(&value, Name::Repository)),
        user: of_kinds("user")
            .and_then(|value| value.table("[policy.match.user]"))
            .map(user_match)
            .unwrap_or_default(),
        account: of_kinds("account").and_then(|value| patterns(&value)),
        deadline_passed: of_kinds("deadline_passed").and_then(|value| value.boolean()),
        expires: of_kinds("expires").and_then(|value| expiry(&value)),
        when: of_kinds("when").and_then(|value| condition(&value, kinds)),
    };
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
            let hint = "`*`, `?` and `[a-z]` are special; in brackets a sign stands for itself: [*]";
            text.problem(
                format!("`{}` is no pattern: {reason}", text.text),
                "no pattern",
                Some(hint),
            );
            None
        }
    }
}

/// A minimal age, with its words.
pub fn age(value: &Value<'_>) -> Option<Age> {
    let text = value.text()?;
    let least: Duration = text.duration()?;
    Some(Age {
        least: signed(least),
        written: text.text.to_owned(),
    })
}

/// One or many words out of a closed set.
pub fn words<T: Copy + fmt::Display>(value: &Value<'_>, what: &str, all: &[T]) -> Option<Vec<T>> {
    let spelt: Vec<String> = all.iter().map(ToString::to_string).collect();
    let known: Vec<(&str, T)> = spelt
        .iter()
        .map(String::as_str)
        .zip(all.iter().copied())
        .collect();
    let texts = value.texts()?;
    texts.iter().map(|text| text.word(what, &known)).collect()
}

/// Patterns of names that a registry can hold.
pub fn names(value: &Value<'_>, name: Name) -> Option<Patterns> {
    let found = patterns(value)?;
    let mut all_good = true;
    for text in value.texts()? {
        if let Err(fault) = name.check(text.text) {
            fault.tell(&text);
            all_good = false;
        }
    }
    all_good.then_some(found)
}

fn user_match(mut section: Table<'_>) -> UserMatch {
    if section.is_empty() {
        let span = section.span.clone();
        let hint = "leave it out, or add a key";
        section
            .sink
            .problem(span, "`user` says nothing", "empty", Some(hint));
    }
    let found = UserMatch {
        id: section.take("id").and_then(|value| patterns(&value)),
        name: section.take("name").and_then(|value| patterns(&value)),
        state: section
            .take("state")
            .and_then(|value| words(&value, "state", UserState::ALL)),
    };
    section.finish();
    found
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

/// A condition has to make sense for each of the kinds.
fn condition(value: &Value<'_>, kinds: &[Kind]) -> Option<Condition> {
    let text = value.text()?;
    if kinds.is_empty() {
        return None;
    }
    match Condition::parse(text.text, kinds) {
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
