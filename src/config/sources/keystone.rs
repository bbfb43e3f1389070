//! The users of a cloud of the configuration, as its identity service tells.

use super::{demands, directory::flag, fields, naming::WORDS};
use crate::{
    config::{
        people::{Keystone, List},
        policy::KnownCloud,
        reader::{Table, did_you_mean},
        types::ProviderName,
        value::{Text, Value},
    },
    engine::policy::Age,
    model::{CloudName, UserKey},
};

pub fn read(section: &mut Table<'_>, clouds: Option<&[KnownCloud]>) -> Option<(UserKey, List)> {
    let hint = "whose users: cloud = \"NAME\", of a section [clouds.NAME]";
    let name = section.require("cloud", hint).and_then(|value| value.text());
    let cloud = name.as_ref().and_then(|name| known(name, clouds));
    let disabled = flag(section, "disabled", true);
    let deleted = flag(section, "deleted", true);
    let not_seen_for = match section.take("not_seen_for") {
        Some(value) => not_seen(&value, cloud).map(Some),
        None => Some(None),
    };
    let to = match section.take("match") {
        Some(value) => matched_to(&value),
        None => Some(UserKey::Id),
    };
    if disabled == Some(false) && deleted == Some(false) && not_seen_for == Some(None) {
        let message = format!("{} takes nobody for gone", section.title);
        let hint = "one of `disabled`, `deleted` and `not_seen_for` is needed";
        section
            .sink
            .problem(section.span.clone(), message, "lists nobody", Some(hint));
        return None;
    }
    let keystone = Keystone {
        cloud: CloudName::from(name?.text),
        disabled: disabled?,
        deleted: deleted?,
        not_seen_for: not_seen_for?,
    };
    Some((to?, List::Keystone(keystone)))
}

fn known<'a>(name: &Text<'_>, clouds: Option<&'a [KnownCloud]>) -> Option<&'a KnownCloud> {
    let clouds = clouds?;
    let found = clouds.iter().find(|cloud| cloud.name.as_str() == name.text);
    if found.is_none() {
        let names: Vec<&str> = clouds.iter().map(|cloud| cloud.name.as_str()).collect();
        let message = format!("there is no cloud `{}`", name.text);
        name.problem(message, "unknown cloud", Some(&did_you_mean(name.text, &names)));
    }
    found
}

fn not_seen(value: &Value<'_>, cloud: Option<&KnownCloud>) -> Option<Age> {
    if let Some(cloud) = cloud
        && cloud.provider == Some(ProviderName::OpenStack)
    {
        let message = format!(
            "cloud `{}` is OpenStack, which does not tell when a user last signed in",
            cloud.name
        );
        value.problem(message, "not on this cloud", Some("leave it out"));
        return None;
    }
    demands::positive(value)
}

/// Of the users of a cloud nothing is named but what they are matched to.
fn matched_to(value: &Value<'_>) -> Option<UserKey> {
    let mut table = value.table("`match`")?;
    let hint = "write: match = { to = \"user.id\" }, or leave it out";
    for word in WORDS {
        let message = format!("users of a cloud have no `{word}`: they are matched as they are");
        table.refuse(word, &message, Some(hint));
    }
    let to = table.require("to", hint);
    let to = to.and_then(|value| user_key(&value));
    table.finish();
    to
}

fn user_key(value: &Value<'_>) -> Option<UserKey> {
    fields::user_key(&value.text()?)
}
