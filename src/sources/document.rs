//! A JSON document that holds a list, from a file or from a server.

use jiff::Timestamp;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::{
    MOST_ENTRIES,
    entry::{RawEntry, is_one_of, trimmed},
    strict_json,
    text::text_of,
};
use crate::{
    config::people::{Document, Fields},
    connection::shortened,
    model::Entry,
};

#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// `None`: the configuration names no place for it.
    pub made: Option<Timestamp>,
    pub entries: Vec<Entry>,
}

/// # Errors
/// Why the document gives no list, as a sentence without its address: no JSON,
/// cut off, another shape than configured.
pub fn read_document(bytes: &[u8], document: &Document) -> Result<Parsed, String> {
    let root = strict_json::parse(text_of(bytes, "JSON")?)?;
    if let Some(sign) = continued(&root) {
        return Err(one_page_of_several(&sign));
    }
    let items = list(&root, &document.list)?;
    if items.len() > MOST_ENTRIES {
        return Err(format!(
            "it holds {} entries, more than {MOST_ENTRIES}",
            items.len()
        ));
    }
    let made = document.made.as_ref().map(|path| made(&root, path));
    let key_field = document.fields.key.to_string();
    let first = items.first().copied();
    let entries = items.into_iter().enumerate().map(|(index, item)| {
        let place = format!("entry {}", index + 1);
        let raw = match raw_entry(item, &document.fields) {
            Ok(raw) => RawEntry { place, ..raw },
            Err(problem) => RawEntry::unusable(place, problem),
        };
        raw.into_entry(&key_field)
    });
    let entries: Vec<Entry> = entries.collect();
    // A path that fits no entry at all is a mistake in the configuration or
    // another document, as a column is that is missing.
    if let Some(first) = first.filter(|_| entries.iter().all(|entry| entry.keys.is_empty())) {
        let (count, first) = (entries.len(), outline(first));
        return Err(format!(
            "none of {count} entries has a text at `{key_field}`; the first is {first}"
        ));
    }
    Ok(Parsed {
        made: made.transpose()?,
        entries,
    })
}

/// The items of the array that the path leads to, or what else it leads to. A
/// path that leads nowhere is no empty list: the server may have answered with
/// something else altogether.
fn list<'a>(root: &'a Value, path: &JsonPath) -> Result<Vec<&'a Value>, String> {
    match path.query(root).all().as_slice() {
        [] => Err(format!("`{path}` leads to nothing; there is {}", outline(root))),
        [Value::Array(items)] => Ok(items.iter().collect()),
        // One that was picked from many is an entry; one at a fixed place
        // should have been the list.
        [item] if is_fixed(path) => Err(format!("`{path}` leads to {}, not to a list", outline(item))),
        items => Ok(items.to_vec()),
    }
}

/// Whether a path leads to one place whatever the document holds.
fn is_fixed(path: &JsonPath) -> bool {
    let path = path.to_string();
    !path.contains(['*', '?', ':', ',']) && !path.contains("..")
}

/// Half a list is none: whoever stands on the next page would be missing.
pub fn one_page_of_several(sign: &str) -> String {
    format!("there is more of the list than this page ({sign}); all of it has to come at once")
}

/// The names under which a document says where its next page is.
const NEXT_PAGE: [&str; 10] = [
    "next",
    "next_page",
    "nextpage",
    "next_link",
    "nextlink",
    "@odata.nextlink",
    "next_cursor",
    "nextcursor",
    "next_page_token",
    "nextpagetoken",
];

/// The name of a value, at the top or one level below, that leads to another
/// page; empty ones lead nowhere.
fn continued(root: &Value) -> Option<String> {
    let leads_on = |(name, value): (&String, &Value)| {
        let is_empty = match value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Object(link) => link.get("href").is_some_and(Value::is_null) || link.is_empty(),
            Value::Array(_) | Value::Bool(true) | Value::Number(_) => false,
        };
        let known = NEXT_PAGE.contains(&name.to_ascii_lowercase().as_str());
        (known && !is_empty).then(|| format!("`{name}` of the document"))
    };
    let top = root.as_object()?;
    let below = top.values().filter_map(Value::as_object).flatten();
    top.iter().chain(below).find_map(leads_on)
}

/// What a value is, for people who wrote a path that does not fit it.
fn outline(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            format!("the value {}", shortened(&value.to_string()))
        }
        Value::Array(items) => format!("an array of {} items", items.len()),
        Value::Object(object) if object.is_empty() => "an empty object".to_owned(),
        Value::Object(object) => {
            let names: Vec<&str> = object.keys().map(String::as_str).collect();
            shortened(&format!("an object of {}", names.join(", ")))
        }
    }
}

fn made(root: &Value, path: &JsonPath) -> Result<Timestamp, String> {
    let text = match path.query(root).all().as_slice() {
        [Value::String(text)] => trimmed(text).to_owned(),
        [] => {
            return Err(format!(
                "`{path}` should say when the list was made, but leads to nothing"
            ));
        }
        [other] => outline(other),
        more => format!("{} values", more.len()),
    };
    text.parse().map_err(|_| {
        let shown = shortened(&text);
        format!("`{path}` should say when the list was made, as in 2026-03-31T17:00:00Z, but is {shown}")
    })
}

fn raw_entry(item: &Value, fields: &Fields<JsonPath>) -> Result<RawEntry, String> {
    let many = |path: &Option<JsonPath>| path.as_ref().map_or(Ok(Vec::new()), |path| texts(item, path));
    let one = |path: &Option<JsonPath>| path.as_ref().map(|path| text(item, path)).transpose();
    let gone = fields.gone.as_ref().map(|gone| {
        let text = text(item, &gone.field)?;
        Ok::<bool, String>(is_one_of(&text, &gone.values))
    });
    Ok(RawEntry {
        place: String::new(),
        keys: texts(item, &fields.key)?,
        gone: gone.transpose()?,
        leaves: one(&fields.leaves)?,
        returns: one(&fields.returns)?,
        projects: many(&fields.projects)?,
        accounts: many(&fields.accounts)?,
        problem: None,
    })
}

/// The one text that a path leads to, empty where it leads to none.
fn text(item: &Value, path: &JsonPath) -> Result<String, String> {
    let mut found = texts(item, path)?;
    found.retain(|text| !trimmed(text).is_empty());
    match found.len() {
        0 | 1 => Ok(found.pop().unwrap_or_default()),
        several => Err(format!("`{path}` leads to {several} values, where one is read")),
    }
}

/// All texts that a path leads to; an array of texts counts as several.
fn texts(item: &Value, path: &JsonPath) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for node in path.query(item) {
        let values = match node {
            Value::Array(items) => items.iter().collect(),
            other => vec![other],
        };
        for value in values {
            found.extend(scalar(value).map_err(|what| format!("`{path}` leads to {what}"))?);
        }
    }
    Ok(found)
}

/// The error is what stands there instead of a text.
fn scalar(value: &Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Bool(value) => Ok(Some(value.to_string())),
        // Long numbers lose digits when they are read as fractions are: two
        // people would become one.
        Value::Number(number) if number.is_f64() => Err(format!(
            "the number {number}, which is no whole one or too long; a text is read exactly"
        )),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Array(_) | Value::Object(_) => Err(format!("{}, not to a text", outline(value))),
    }
}

#[cfg(test)]
mod tests;
