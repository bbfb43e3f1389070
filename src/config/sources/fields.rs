//! Which field of an entry says what: whom it is about, whether the person is
//! gone, and what was theirs.

use super::naming::{Naming, WORDS};
use crate::{
    config::{
        people::{Fields, Gone},
        reader::{Table, did_you_mean},
        value::{Text, Value},
    },
    model::UserKey,
};

/// Reads `match` and the keys that name fields.
pub fn read<F>(section: &mut Table<'_>, naming: &Naming<F>) -> Option<(UserKey, Fields<F>)> {
    let hint = format!(
        "say whom an entry is about: match = {{ {} = \"{}\", to = \"user.email\" }}",
        naming.word, naming.example
    );
    let matched = section
        .require("match", &hint)
        .and_then(|value| value.table("`match`"))
        .map(|table| matching(table, naming, &hint));
    let gone = section.take("gone");
    let gone = gone.and_then(|value| read_gone(&value, naming));
    let mut named = |key| {
        let value = section.take(key)?;
        (naming.parse)(&value.text()?)
    };
    let (leaves, returns) = (named("leaves"), named("returns"));
    let (projects, accounts) = (named("projects"), named("accounts"));
    let (key, to) = matched?;
    Some((
        to?,
        Fields {
            key: key?,
            gone,
            leaves,
            returns,
            projects,
            accounts,
        },
    ))
}

/// What of a cloud's user it is.
pub fn user_key(text: &Text<'_>) -> Option<UserKey> {
    match text.text {
        "user.id" => return Some(UserKey::Id),
        "user.name" => return Some(UserKey::Name),
        "user.email" => return Some(UserKey::Email),
        _ => {}
    }
    if let Some(name) = text.text.strip_prefix("user.attribute.")
        && !name.trim().is_empty()
    {
        return Some(UserKey::Attribute(name.to_owned()));
    }
    let known = ["user.id", "user.name", "user.email", "user.attribute.NAME"];
    let hint = match text.text.strip_prefix("user.") {
        Some(name) if !did_you_mean(text.text, &known).starts_with("did") && !name.is_empty() => {
            format!("any other attribute is named by: user.attribute.{name}")
        }
        _ => did_you_mean(text.text, &known),
    };
    text.problem(
        format!("`{}` is nothing of a cloud's user", text.text),
        "unknown attribute",
        Some(&hint),
    );
    None
}

fn matching<F>(mut table: Table<'_>, naming: &Naming<F>, hint: &str) -> (Option<F>, Option<UserKey>) {
    let key = field(&mut table, naming, hint);
    let to = table.require("to", hint);
    let to = to.and_then(|value| user_key(&value.text()?));
    table.finish();
    (key, to)
}

fn read_gone<F>(value: &Value<'_>, naming: &Naming<F>) -> Option<Gone<F>> {
    let hint = format!(
        "write: gone = {{ {} = \"status\", is = [\"terminated\"] }}",
        naming.word
    );
    let mut table = value.table("`gone`")?;
    let field = field(&mut table, naming, &hint);
    let values = table.require("is", &hint).and_then(|value| value.texts());
    table.finish();
    Some(Gone {
        field: field?,
        values: values?.iter().map(|text| text.text.trim().to_owned()).collect(),
    })
}

/// The field that a section names in the words of its type.
fn field<F>(table: &mut Table<'_>, naming: &Naming<F>, hint: &str) -> Option<F> {
    let others = WORDS.iter().copied().filter(|word| *word != naming.word);
    let mut misnamed = false;
    for word in others {
        misnamed |= table.has(word);
        let message = format!(
            "a field of this type is named by `{}`, not by `{word}`",
            naming.word
        );
        table.refuse(word, &message, Some(hint));
    }
    // The one problem is enough.
    let value = match misnamed {
        true => table.take(naming.word),
        false => table.require(naming.word, hint),
    };
    (naming.parse)(&value?.text()?)
}
