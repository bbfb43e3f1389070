//! `subject_in` and `subject_not_in`: the lists of people that a policy decides
//! by, held against what the sources can say.

use super::{
    match_keys,
    problem::Problem,
    reader::{Table, did_you_mean},
    sources::KnownSource,
    value::{Text, Value},
};
use crate::model::{Kind, SourceName, UserKey};

/// What the two keys say. Where a part is wrong it is left out, and the problem
/// that was reported keeps the policy from being compiled.
#[derive(Default)]
pub struct SubjectLists {
    pub subject_in: Vec<SourceName>,
    pub subject_not_in: Vec<SourceName>,
    /// Whether one of them is matched by what only the identity service tells.
    pub needs_attributes: bool,
}

/// `sources` is `None` where it is not known which there are.
pub fn read(section: &mut Table<'_>, kinds: &[Kind], sources: Option<&[KnownSource]>) -> SubjectLists {
    let mut lists = SubjectLists::default();
    let present = names(match_keys::take(section, kinds, "subject_in").as_ref());
    let absent = names(match_keys::take(section, kinds, "subject_not_in").as_ref());
    for text in &present {
        lists.subject_in.push(SourceName::from(text.text));
        if let Some(source) = known(text, sources) {
            lists.needs_attributes |= tells_only_with_attributes(source);
            refuse_what_it_does_not_say(text, source, kinds);
        }
    }
    for text in &absent {
        lists.subject_not_in.push(SourceName::from(text.text));
        if let Some(source) = known(text, sources) {
            lists.needs_attributes |= tells_only_with_attributes(source);
            refuse_without_proof(text, source);
        }
        if present.iter().any(|other| other.text == text.text) {
            let message = format!("source `{}` is named by `subject_in` too", text.text);
            let hint = "nobody is on a list and missing from it; keep one of the two";
            text.problem(message, "in both", Some(hint));
        }
    }
    for texts in [&present, &absent] {
        refuse_second_names(texts);
    }
    lists
}

fn names<'a>(value: Option<&Value<'a>>) -> Vec<Text<'a>> {
    value.and_then(Value::texts).unwrap_or_default()
}

fn known<'a>(text: &Text<'_>, sources: Option<&'a [KnownSource]>) -> Option<&'a KnownSource> {
    let sources = sources?;
    let found = sources.iter().find(|source| source.name == text.text);
    if found.is_none() {
        let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        let hint = match names.is_empty() {
            true => format!("no file has a source; one begins with: [source.{}]", text.text),
            false => did_you_mean(text.text, &names),
        };
        let message = format!("there is no source `{}`", text.text);
        text.problem(message, "unknown source", Some(&hint));
    }
    found
}

fn tells_only_with_attributes(known: &KnownSource) -> bool {
    let to = known.source.as_ref().map(|source| &source.to);
    matches!(to, Some(UserKey::Email | UserKey::Attribute(_)))
}

fn refuse_second_names(texts: &[Text<'_>]) {
    for (position, text) in texts.iter().enumerate() {
        if texts[..position].iter().any(|earlier| earlier.text == text.text) {
            let message = format!("source `{}` is named twice", text.text);
            text.problem(message, "the second", Some("leave it out"));
        }
    }
}

/// People own no shares; what goes is what they owned.
fn refuse_what_it_does_not_say(text: &Text<'_>, source: &KnownSource, kinds: &[Kind]) {
    let wanted = [
        (Kind::ImageShare, "projects", source.has_projects),
        (Kind::RepositoryShare, "accounts", source.has_accounts),
    ];
    for (kind, key, has) in wanted {
        if kinds.contains(&kind) && !has {
            let message = format!(
                "kind `{kind}` needs `{key}` of source `{}`, which has none",
                text.text
            );
            let hint = format!(
                "the source stands at {}; add there which field holds the {key} that a person owned: {key} = \"…\"",
                source.place
            );
            push(text, source, message, &hint);
        }
    }
}

/// A broken list must never be taken for "everyone left".
fn refuse_without_proof(text: &Text<'_>, source: &KnownSource) {
    if !source.lacks.is_empty() {
        let lacking: Vec<String> = source.lacks.iter().map(|key| format!("`{key}`")).collect();
        let message = format!(
            "who is missing from source `{}` cannot be told: it lacks {}",
            text.text,
            lacking.join(", ")
        );
        let hint = format!(
            "the source stands at {}; without all of min_entries, max_age and max_shrink_percent a broken list would look as if everyone had left",
            source.place
        );
        push(text, source, message, &hint);
        return;
    }
    let least = source
        .source
        .as_ref()
        .and_then(|source| source.demands.min_entries);
    if least == Some(1) {
        let place = text.sink.file.place(text.span.clone());
        let message = format!(
            "one entry is enough for source `{}`: whoever else is missing would go",
            text.text
        );
        let hint = format!(
            "set `min_entries` near the number of people that are there, at {}",
            source.place
        );
        text.sink
            .warn(Problem::at(place, message).label("min_entries is 1").hint(hint));
    }
}

fn push(text: &Text<'_>, source: &KnownSource, message: String, hint: &str) {
    let place = text.sink.file.place(text.span.clone());
    let problem = Problem::at(place, message).label("here").hint(hint);
    text.sink.push(problem.other(source.place.clone(), "the source"));
}
