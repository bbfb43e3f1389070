//! Users as Keystone tells of them, and identity services that are built like
//! it: whole lists out of pages, and what is kept of one user.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;
use url::form_urlencoded;

use super::{
    calls::Operation,
    openstack::wire::{self, UserList},
};
use crate::{
    config::types::CloudLimits,
    model::{Failure, FailureClass, Id, User, UserState},
};

/// Rows asked for in one page. Without it some versions of Keystone cut the
/// list in silence.
const MAX_PAGE_ROWS: usize = 500;

/// Where such versions cut it.
const SUSPICIOUS_ROWS: usize = 1000;

/// So much is kept of what a service tells of one user; nobody is matched by
/// more, and a longer text cut short could match somebody else.
const MAX_ATTRIBUTES: usize = 64;
const MAX_ATTRIBUTE_CHARS: usize = 256;

/// What asks for one page of a list of users.
pub trait Pages: Sync {
    /// The page that these pairs lead to, beside what every page is asked for
    /// with.
    fn page(&self, further: &[(String, String)]) -> impl Future<Output = Result<UserList, Failure>> + Send;
}

/// All rows of the list, by id.
///
/// # Errors
/// Also where the list may not be whole, or is not that of `own`, the daemon's
/// own user.
pub async fn whole_list(
    pages: &impl Pages,
    limits: &CloudLimits,
    own: Option<&Id>,
) -> Result<HashMap<Id, wire::User>, Failure> {
    let page_rows = usize::try_from(limits.page_size).unwrap_or(MAX_PAGE_ROWS);
    let page_rows = page_rows.clamp(1, MAX_PAGE_ROWS);
    let limit = ("limit".to_owned(), page_rows.to_string());
    let mut users = HashMap::new();
    let mut further = vec![limit.clone()];
    let mut asked = HashSet::new();
    for _ in 0..limits.max_pages {
        let page = pages.page(&further).await?;
        let (rows, known) = (page.users.len(), users.len());
        let last = page.users.last().map(|row| row.id.clone());
        users.extend(page.users.into_iter().map(|row| (Id::from(row.id.as_str()), row)));
        further = match page.links.next.filter(|link| !link.is_empty()) {
            Some(link) => next_pairs(&link)?,
            None if page.truncated == Some(true) => return Err(incomplete("the cloud has cut it")),
            None if rows == SUSPICIOUS_ROWS => {
                return Err(incomplete(
                    "it ends at exactly 1000 rows, where clouds cut it in silence",
                ));
            }
            // A page that is just full may have another behind it that no
            // link leads to; where there is none this brings nobody new.
            None if rows == page_rows && users.len() > known => {
                vec![limit.clone(), ("marker".to_owned(), last.unwrap_or_default())]
            }
            None if own.is_some_and(|own| !users.contains_key(own)) => {
                return Err(incomplete("the daemon's own user is not in it"));
            }
            None => return Ok(users),
        };
        if !asked.insert(further.clone()) {
            return Err(incomplete("its pages lead in a circle"));
        }
    }
    Err(incomplete("it has no end"))
}

/// Why a list of users is none.
pub fn incomplete(why: &str) -> Failure {
    let step = Operation::ListUsers.step();
    let detail = format!("{step}: the list cannot be relied on: {why}");
    Failure::new(FailureClass::Malformed, detail)
}

/// One row as the model has it, without a word of when the user was last seen.
pub fn user(row: wire::User) -> User {
    let wire::User {
        id,
        name,
        enabled,
        more,
        ..
    } = row;
    let (email, attributes) = told(more);
    User {
        id: id.into(),
        name,
        email,
        attributes,
        state: state(enabled),
        last_seen: None,
    }
}

pub fn state(enabled: bool) -> UserState {
    match enabled {
        true => UserState::Enabled,
        false => UserState::Disabled,
    }
}

/// The address and the other texts among the fields of one user.
pub fn told(fields: BTreeMap<String, Value>) -> (Option<String>, BTreeMap<String, String>) {
    let texts = fields.into_iter().filter_map(|(name, value)| {
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        let fits = |text: &str| text.chars().count() <= MAX_ATTRIBUTE_CHARS;
        (!text.is_empty() && fits(&text) && fits(&name)).then_some((name, text))
    });
    let mut texts: BTreeMap<String, String> = texts.collect();
    let email = texts.remove("email");
    (email, texts.into_iter().take(MAX_ATTRIBUTES).collect())
}

/// Attributes that two answers told; the `later` one is believed.
pub fn joined(earlier: &User, later: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut all = earlier.attributes.clone();
    all.extend(later);
    all.into_iter().take(MAX_ATTRIBUTES).collect()
}

/// What the link to the next page adds. Only its query is followed, on the host
/// that is configured: a link may name one that leads elsewhere.
fn next_pairs(link: &str) -> Result<Vec<(String, String)>, Failure> {
    let (path, query) = link.split_once('?').unwrap_or((link, ""));
    if !path.ends_with("/users") {
        return Err(incomplete("the link to its next page leads away from it"));
    }
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
    let pairs: Vec<_> = pairs
        .filter(|(key, _)| !matches!(key.as_str(), "domain_id" | "enabled"))
        .collect();
    if !pairs.iter().any(|(key, _)| key == "marker") {
        return Err(incomplete("the link to its next page leads back to the first"));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> BTreeMap<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn plain_texts_are_kept_under_their_own_names() {
        let (email, attributes) = told(fields(json!({
            "email": " jane@example.com ", "description": "a person", "xuser_id": "", "areacode": null,
            "number": 7, "flag": true, "links": {"self": "x"}, "federated": ["y"],
        })));
        assert_eq!(email.as_deref(), Some("jane@example.com"));
        let expected = [("description", "a person"), ("flag", "true"), ("number", "7")];
        let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(attributes, BTreeMap::from(expected));
        assert_eq!(told(fields(json!({"email": "  "}))).0, None);
    }

    #[test]
    fn what_is_too_long_or_too_much_is_left_out_and_not_cut() {
        let long = "x".repeat(MAX_ATTRIBUTE_CHARS + 1);
        let (email, attributes) = told(fields(
            json!({"email": long, "a": long, "b": "ä".repeat(MAX_ATTRIBUTE_CHARS)}),
        ));
        assert_eq!(email, None);
        assert_eq!(attributes.keys().collect::<Vec<_>>(), ["b"]);
        let many = (0..1000).map(|n| (format!("k{n:04}"), json!("v")));
        assert_eq!(told(many.collect()).1.len(), MAX_ATTRIBUTES);
    }
}
