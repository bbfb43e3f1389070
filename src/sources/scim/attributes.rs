//! Attribute paths (RFC 7644, section 3.10) and what they lead to in a user:
//! `userName`, `name.familyName`, `emails[type eq "work"].value`, and those of
//! an extension after its URN.

use serde_json::{Map, Value};

use crate::connection::shortened;

/// Its attributes stand beside those without a URN.
const CORE_USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// A path as compiled; prints as it was written.
#[derive(Clone, Debug)]
pub struct AttributePath {
    written: String,
    /// The URN of an extension.
    extension: Option<String>,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
struct Step {
    name: String,
    /// Only values with this sub-attribute count.
    only: Option<(String, String)>,
}

/// A path that means nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no attribute path of SCIM; written are `userName`, `emails.value`, \
     `emails[type eq \"work\"].value` or an extension's URN, a colon and its attribute"
)]
pub struct BadPath(pub String);

impl AttributePath {
    pub fn parse(written: &str) -> Result<AttributePath, BadPath> {
        let bad = || BadPath(written.to_owned());
        let path = written.trim();
        // A filter's value may hold anything.
        let plain = &path[..path.find('[').unwrap_or(path.len())];
        let (extension, steps) = match plain.rfind(':') {
            Some(colon) if plain.to_ascii_lowercase().starts_with("urn:") => {
                (Some(&path[..colon]), &path[colon + 1..])
            }
            Some(_) => return Err(bad()),
            None => (None, path),
        };
        let extension = extension.filter(|urn| !urn.eq_ignore_ascii_case(CORE_USER));
        Ok(AttributePath {
            written: path.to_owned(),
            extension: extension.map(str::to_owned),
            steps: steps_of(steps).ok_or_else(bad)?,
        })
    }

    pub fn written(&self) -> &str {
        &self.written
    }

    /// All texts that the path leads to.
    ///
    /// # Errors
    /// What stands there that is no text.
    pub fn texts(&self, user: &Map<String, Value>) -> Result<Vec<String>, String> {
        let extended = match &self.extension {
            None => Some(user),
            Some(urn) => attribute(user, urn).and_then(Value::as_object),
        };
        let Some((first, rest)) = self.steps.split_first() else {
            return Ok(Vec::new());
        };
        let mut found: Vec<&Value> = extended.map(|user| first.values(user)).unwrap_or_default();
        for step in rest {
            let objects = found.into_iter().filter_map(Value::as_object);
            found = objects.flat_map(|object| step.values(object)).collect();
        }
        let texts = found.into_iter().filter_map(|value| text(value).transpose());
        texts.collect::<Result<_, _>>().map_err(|what| {
            let what = shortened(&what);
            format!("`{}` leads to {what}", self.written)
        })
    }

    /// The one text that the path leads to, empty where it leads to none.
    pub fn text(&self, user: &Map<String, Value>) -> Result<String, String> {
        let mut found = self.texts(user)?;
        found.retain(|text| !text.trim().is_empty());
        match found.len() {
            0 | 1 => Ok(found.pop().unwrap_or_default()),
            several => Err(format!(
                "`{}` leads to {several} values, where one is read",
                self.written
            )),
        }
    }
}

/// An attribute by its name, which has no case (RFC 7643, section 2.1). One
/// without a value counts as not there (section 2.5).
pub fn attribute<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let spelt = || object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    let value = object.get(name).or_else(|| spelt().map(|(_, value)| value));
    value.filter(|value| !value.is_null())
}

impl Step {
    fn values<'a>(&self, object: &'a Map<String, Value>) -> Vec<&'a Value> {
        let values = match attribute(object, &self.name) {
            None => Vec::new(),
            Some(Value::Array(values)) => values.iter().collect(),
            Some(value) => vec![value],
        };
        values.into_iter().filter(|value| self.counts(value)).collect()
    }

    fn counts(&self, value: &Value) -> bool {
        let Some((name, wanted)) = &self.only else {
            return true;
        };
        let told = value.as_object().and_then(|object| attribute(object, name));
        let told = told.and_then(|told| text(told).ok().flatten());
        told.is_some_and(|told| told.eq_ignore_ascii_case(wanted))
    }
}

/// The error is what stands there instead of a text.
fn text(value: &Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Bool(value) => Ok(Some(value.to_string())),
        // Long numbers lose digits when they are read as fractions are: two
        // people would become one.
        Value::Number(number) if number.is_f64() => {
            Err(format!("the number {number}, which is no whole one"))
        }
        Value::Number(number) => Ok(Some(number.to_string())),
        // What a complex value is by itself (RFC 7643, section 2.4).
        Value::Object(object) => match attribute(object, "value") {
            Some(Value::Object(_) | Value::Array(_)) | None => {
                Err("a value with several parts; name one of them".to_owned())
            }
            Some(value) => text(value),
        },
        Value::Array(_) => Err("a list in a list".to_owned()),
    }
}

/// `a[b eq "c"].d` in its steps.
fn steps_of(path: &str) -> Option<Vec<Step>> {
    let name_end = path.find(['[', '.']).unwrap_or(path.len());
    let (name, mut rest) = path.split_at(name_end);
    let mut only = None;
    if let Some(filtered) = rest.strip_prefix('[') {
        let (filter, after) = filter_of(filtered)?;
        only = Some(filter);
        rest = after;
    }
    let step = Step {
        name: name_of(name)?,
        only,
    };
    let mut steps = vec![step];
    if let Some(further) = rest.strip_prefix('.') {
        steps.extend(steps_of(further)?);
    } else if !rest.is_empty() {
        return None;
    }
    Some(steps)
}

/// `type eq "work"]` and what comes behind. Of the filters of SCIM this is the
/// one that picks a value out of many.
fn filter_of(text: &str) -> Option<((String, String), &str)> {
    let (name, rest) = text.trim_start().split_once(char::is_whitespace)?;
    let (operator, rest) = rest.trim_start().split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    if !operator.eq_ignore_ascii_case("eq") {
        return None;
    }
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => rest.split_at(rest.find([' ', ']'])?),
    };
    let rest = rest.trim_start().strip_prefix(']')?;
    (!value.is_empty()).then_some(((name_of(name)?, value.to_owned()), rest))
}

fn name_of(text: &str) -> Option<String> {
    let plain = text.strip_prefix('$').unwrap_or(text);
    let is_name = plain.starts_with(|c: char| c.is_ascii_alphabetic())
        && plain
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    is_name.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(path: &str) -> Result<Vec<String>, String> {
        let user = json!({
            "userName": "ann",
            "employeeNumber": 4711,
            "name": {"givenName": "Ann", "familyName": "Lee"},
            "emails": [
                {"value": "ann@work.example", "type": "Work", "primary": true},
                {"value": "ann@home.example", "type": "home"},
                {"type": "other", "value": null},
            ],
            "nicknames": ["a", "b"],
            "weight": 60.5,
            "title": null,
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "employeeNumber": "701984",
                "manager": {"value": "26118915", "displayName": "Bo"},
            },
        });
        AttributePath::parse(path)
            .unwrap()
            .texts(user.as_object().unwrap())
    }

    #[test]
    fn paths_lead_to_their_values_whatever_their_case() {
        for (path, expected) in [
            ("userName", vec!["ann"]),
            ("USERNAME", vec!["ann"]),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName", vec!["ann"]),
            ("employeeNumber", vec!["4711"]),
            ("name.familyname", vec!["Lee"]),
            ("emails.value", vec!["ann@work.example", "ann@home.example"]),
            ("emails[type eq \"work\"].value", vec!["ann@work.example"]),
            ("emails[primary EQ true].value", vec!["ann@work.example"]),
            ("emails[type eq \"home\"]", vec!["ann@home.example"]),
            ("emails[type eq \"a:b ]\"].value", vec![]),
            ("nicknames", vec!["a", "b"]),
            (
                "urn:IETF:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
                vec!["701984"],
            ),
            (
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
                vec!["26118915"],
            ),
            ("urn:example:extension:costCenter", vec![]),
            ("title", vec![]),
            ("userName.value", vec![]),
            ("phoneNumbers.value", vec![]),
        ] {
            assert_eq!(texts(path).unwrap(), expected, "{path}");
        }
    }

    #[test]
    fn what_is_no_text_is_told() {
        assert!(texts("name").unwrap_err().starts_with("`name` leads to a value"));
        assert!(texts("weight").unwrap_err().contains("60.5"));
    }

    #[test]
    fn where_one_is_read_several_are_told() {
        let user = json!({"emails": [{"value": "a"}, {"value": " "}, {"value": "b"}]});
        let path = AttributePath::parse("emails.value").unwrap();
        let why = path.text(user.as_object().unwrap()).unwrap_err();
        assert_eq!(why, "`emails.value` leads to 2 values, where one is read");
        assert_eq!(path.text(&Map::new()), Ok(String::new()));
    }

    #[test]
    fn a_path_that_means_nothing_is_refused() {
        for path in [
            "",
            ".",
            "emails.",
            "emails[type eq \"work\"",
            "emails[type ne \"work\"].value",
            "emails[type eq \"\"].value",
            "emails[type eq \"work\"]value",
            "mail:value",
            "urn:example:",
            "user name",
            "$.userName",
        ] {
            assert!(AttributePath::parse(path).is_err(), "{path}");
        }
    }
}
