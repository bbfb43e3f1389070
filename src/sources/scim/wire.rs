//! A page as servers send it (RFC 7644, section 3.4.2), with the liberties that
//! they take: figures as texts, names in another case, parts left out.

use serde_json::{Map, Value};

use super::{attributes::attribute, paging::Head};
use crate::sources::{strict_json, text::text_of};

const ERROR_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// One page of users.
#[derive(Debug, PartialEq)]
pub struct Page {
    pub total: Option<u64>,
    pub next_cursor: Option<String>,
    pub users: Vec<Map<String, Value>>,
}

/// Why an answer is no page.
#[derive(Debug, PartialEq, Eq)]
pub enum NoPage {
    /// It is an error, whatever its status says; its words are in the body.
    Refusal,
    Misread(String),
}

impl Page {
    pub fn parse(body: &[u8]) -> Result<Page, NoPage> {
        let root = text_of(body, "JSON").and_then(strict_json::parse);
        let Value::Object(mut root) = root.map_err(NoPage::Misread)? else {
            return Err(misread("is no object"));
        };
        if is_error(&root) {
            return Err(NoPage::Refusal);
        }
        let total = attribute(&root, "totalResults").map(count).transpose()?;
        let cursor = attribute(&root, "nextCursor").and_then(Value::as_str);
        let next_cursor = cursor.filter(|cursor| !cursor.is_empty()).map(str::to_owned);
        let name = root
            .keys()
            .find(|key| key.eq_ignore_ascii_case("Resources"))
            .cloned();
        let users = match name.and_then(|name| root.remove(&name)) {
            Some(Value::Array(users)) => users.into_iter().map(user).collect::<Result<_, _>>()?,
            // Servers leave it out where there is nobody, and only there.
            None | Some(Value::Null) if total == Some(0) => Vec::new(),
            None | Some(Value::Null) => return Err(misread("holds no users (`Resources`)")),
            Some(_) => return Err(misread("holds something else than a list as its `Resources`")),
        };
        Ok(Page {
            total,
            next_cursor,
            users,
        })
    }

    pub fn head(&self) -> Head<'_> {
        Head {
            total: self.total,
            next_cursor: self.next_cursor.as_deref(),
            users: self.users.len() as u64,
            ids: self.users.iter().filter_map(id).collect(),
        }
    }
}

/// Every user has one by the standard, and it is a text.
pub fn id(user: &Map<String, Value>) -> Option<&str> {
    let id = attribute(user, "id").and_then(Value::as_str);
    id.filter(|id| !id.trim().is_empty())
}

fn user(value: Value) -> Result<Map<String, Value>, NoPage> {
    match value {
        Value::Object(user) => Ok(user),
        _ => Err(misread("holds a user who is no object")),
    }
}

fn is_error(root: &Map<String, Value>) -> bool {
    let schemas = attribute(root, "schemas").and_then(Value::as_array);
    schemas.is_some_and(|schemas| {
        let mut texts = schemas.iter().filter_map(Value::as_str);
        texts.any(|schema| schema.eq_ignore_ascii_case(ERROR_SCHEMA))
    })
}

fn count(value: &Value) -> Result<u64, NoPage> {
    let told = match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_u64(),
    };
    told.ok_or_else(|| misread("holds a `totalResults` that is no number of users"))
}

fn misread(why: &str) -> NoPage {
    NoPage::Misread(format!("the answer {why}; it is no list of SCIM"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(page: Value) -> Result<Page, NoPage> {
        Page::parse(page.to_string().as_bytes())
    }

    #[test]
    fn a_page_is_understood_in_each_spelling() {
        for page in [
            json!({"totalResults": 1, "Resources": [{"id": "a"}]}),
            json!({"totalresults": "1", "resources": [{"ID": "a"}]}),
            json!({"totalResults": 1, "itemsPerPage": "x", "startIndex": -1, "nextCursor": "",
                   "Resources": [{"id": "a"}]}),
        ] {
            let page = parse(page).unwrap();
            assert_eq!(
                (page.total, page.users.len(), &page.next_cursor),
                (Some(1), 1, &None)
            );
            assert_eq!(page.head().ids, ["a"]);
        }
    }

    #[test]
    fn a_list_of_nobody_may_leave_its_users_out() {
        for page in [
            json!({"totalResults": 0}),
            json!({"totalResults": "0", "Resources": null}),
            json!({"totalResults": 0, "Resources": []}),
        ] {
            assert_eq!(parse(page).unwrap().users, []);
        }
    }

    #[test]
    fn what_is_not_understood_is_no_page() {
        for page in [
            json!({"totalResults": 2}),
            json!({"totalResults": 2, "Resources": null}),
            json!({"totalResults": 1, "Resources": {"id": "a"}}),
            json!({"totalResults": 1, "Resources": ["a"]}),
            json!({"totalResults": 1.5, "Resources": []}),
            json!({"totalResults": "many", "Resources": []}),
            json!({"totalResults": -1, "Resources": []}),
            json!({}),
            json!([]),
            json!("x"),
        ] {
            assert!(matches!(parse(page.clone()), Err(NoPage::Misread(_))), "{page}");
        }
        let cut = br#"{"totalResults": 1, "Resources": [{"id": "a"}"#;
        assert!(matches!(Page::parse(cut), Err(NoPage::Misread(_))));
    }

    #[test]
    fn an_error_is_no_page_although_its_status_is_200() {
        let error = json!({"schemas": [ERROR_SCHEMA], "detail": "Wrong.", "status": "401"});
        assert_eq!(parse(error), Err(NoPage::Refusal));
    }

    #[test]
    fn who_has_no_id_counts_all_the_same() {
        let page = parse(json!({"totalResults": 3, "Resources": [{}, {"id": ""}, {"id": 5}]}));
        let page = page.unwrap();
        assert_eq!((page.head().users, page.head().ids.len()), (3, 0));
    }
}
