//! `protect` of `[daemon]`: what no policy may ever remove.

use super::{
    reader::did_you_mean,
    registry_names::{Name, check_repository_id},
    value::Text,
};
use crate::engine::{patterns::Patterns, policy::Protection};

const PREFIXES: &[&str] = &["user", "project", "account", "image", "namespace", "repository"];

/// Reads entries like `project:9c61*`; `None` after a problem was told.
pub fn read(texts: &[Text<'_>]) -> Option<Protection> {
    let mut lists: [Vec<String>; PREFIXES.len()] = Default::default();
    let mut all_good = true;
    for text in texts {
        match entry(text) {
            Some((position, pattern)) => lists[position].push(pattern),
            None => all_good = false,
        }
    }
    let [users, projects, accounts, images, namespaces, repositories] =
        lists.map(|list| match list.is_empty() {
            true => None,
            false => Patterns::compile(list).ok(),
        });
    all_good.then_some(Protection {
        users,
        projects,
        accounts,
        images,
        namespaces,
        repositories,
    })
}

/// The position of its prefix, and the pattern behind it.
fn entry(text: &Text<'_>) -> Option<(usize, String)> {
    let (prefix, pattern) = text.text.split_once(':').unwrap_or((text.text, ""));
    let Some(position) = PREFIXES.iter().position(|known| *known == prefix) else {
        let hint = did_you_mean(prefix, PREFIXES);
        let hint = format!("write what it is: \"project:{}\"; {hint}", text.text);
        text.problem(
            format!("unknown thing to protect `{prefix}`"),
            "unknown",
            Some(&hint),
        );
        return None;
    };
    let example = match prefix {
        "namespace" => "team",
        "repository" => "team/api",
        "account" => "partner",
        _ => "9c61004714024f9586705d090530f9fa",
    };
    if pattern.is_empty() {
        let hint = format!("name one: \"{prefix}:{example}\"");
        let message = format!("which {prefix} to protect is not said");
        text.problem(message, "incomplete", Some(&hint));
        return None;
    }
    if pattern.trim() != pattern {
        let hint = format!("write: \"{prefix}:{}\"", pattern.trim());
        let message = format!("`{pattern}` has space at an end, and would match nothing");
        text.problem(message, "space", Some(&hint));
        return None;
    }
    if let Err((_, reason)) = Patterns::compile(vec![pattern.to_owned()]) {
        text.problem(format!("`{pattern}` is no pattern: {reason}"), "no pattern", None);
        return None;
    }
    let checked = match prefix {
        "namespace" => Name::Namespace.check(pattern),
        "repository" => check_repository_id(pattern),
        _ => Ok(()),
    };
    if let Err(fault) = checked {
        fault.behind(prefix.len() + 1).tell(text);
        return None;
    }
    Some((position, pattern.to_owned()))
}
