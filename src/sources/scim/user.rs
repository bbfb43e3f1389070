//! A user of SCIM as an entry of a list.

use serde_json::{Map, Value, json};

use super::{
    attributes::{AttributePath, BadPath, attribute},
    wire::id,
};
use crate::{
    config::people::{Fields, Gone},
    connection::shortened,
    model::Entry,
    sources::entry::{RawEntry, is_one_of},
};

/// The paths of the configuration, compiled.
pub struct UserFields(Fields<AttributePath>);

/// An entry, and a text that changes whenever the user does.
pub struct Known {
    pub entry: Entry,
    pub fingerprint: String,
}

impl UserFields {
    pub fn compile(fields: &Fields<String>) -> Result<UserFields, BadPath> {
        let path = |path: &String| AttributePath::parse(path);
        let optional = |field: &Option<String>| field.as_ref().map(path).transpose();
        let gone = fields.gone.as_ref().map(|gone| {
            Ok::<_, BadPath>(Gone {
                field: path(&gone.field)?,
                values: gone.values.clone(),
            })
        });
        Ok(UserFields(Fields {
            key: path(&fields.key)?,
            gone: gone.transpose()?,
            leaves: optional(&fields.leaves)?,
            returns: optional(&fields.returns)?,
            projects: optional(&fields.projects)?,
            accounts: optional(&fields.accounts)?,
        }))
    }

    pub fn read(&self, user: &Map<String, Value>) -> Known {
        let raw = self.raw(user).unwrap_or_else(|why| RawEntry {
            problem: Some(why),
            ..RawEntry::default()
        });
        let meta = attribute(user, "meta").and_then(Value::as_object);
        let fingerprint = json!([
            id(user),
            meta.and_then(|meta| attribute(meta, "version")),
            attribute(user, "active"),
            raw.keys,
            raw.gone,
            raw.leaves,
            raw.returns,
            raw.projects,
            raw.accounts,
        ]);
        let raw = RawEntry {
            place: place(user),
            ..raw
        };
        Known {
            entry: raw.into_entry(self.0.key.written()),
            fingerprint: fingerprint.to_string(),
        }
    }

    fn raw(&self, user: &Map<String, Value>) -> Result<RawEntry, String> {
        let fields = &self.0;
        let many = |path: &Option<AttributePath>| {
            let path = path.as_ref();
            path.map_or(Ok(Vec::new()), |path| path.texts(user))
        };
        let one = |path: &Option<AttributePath>| path.as_ref().map(|path| path.text(user)).transpose();
        let says_gone = fields.gone.as_ref().map(|gone| {
            let text = gone.field.text(user)?;
            Ok::<bool, String>(is_one_of(&text, &gone.values))
        });
        Ok(RawEntry {
            place: String::new(),
            keys: fields.key.texts(user)?,
            gone: Some(!is_active(user)? || says_gone.transpose()?.unwrap_or(false)),
            leaves: one(&fields.leaves)?,
            returns: one(&fields.returns)?,
            projects: many(&fields.projects)?,
            accounts: many(&fields.accounts)?,
            // Without an id nobody can tell whether the user came twice.
            problem: id(user).is_none().then(|| "has no `id`".to_owned()),
        })
    }
}

/// Who is not said to be inactive is active. Some servers write it as a text.
fn is_active(user: &Map<String, Value>) -> Result<bool, String> {
    match attribute(user, "active") {
        None => Ok(true),
        Some(Value::Bool(active)) => Ok(*active),
        Some(Value::String(text)) if text.trim().eq_ignore_ascii_case("true") => Ok(true),
        Some(Value::String(text)) if text.trim().eq_ignore_ascii_case("false") => Ok(false),
        Some(other) => Err(format!(
            "`active` is {}, which is neither true nor false",
            shortened(&other.to_string())
        )),
    }
}

fn place(user: &Map<String, Value>) -> String {
    let name = attribute(user, "userName").and_then(Value::as_str);
    let name = name.filter(|name| !name.trim().is_empty());
    match (name, id(user)) {
        (Some(name), Some(id)) => format!("{} ({})", shortened(name), shortened(id)),
        (Some(name), None) => shortened(name),
        (None, Some(id)) => format!("({})", shortened(id)),
        (None, None) => "a user without name and id".to_owned(),
    }
}
