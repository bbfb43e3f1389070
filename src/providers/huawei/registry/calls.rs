//! The calls of the registry's API that read, each with one meaning: an answer,
//! or "not there", or a failure.

use reqwest::{Method, StatusCode, header::CONTENT_RANGE};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::address::{self, Place};
use crate::{
    config::types::CloudLimits,
    model::Failure,
    providers::{
        calls::Operation,
        http::Answer,
        huawei::{
            api::{Api, Ask, Refusal, Service},
            wire::swr,
        },
        patience::Patience,
    },
};

/// Larger pages are refused by the cloud.
const LARGEST_PAGE_ROWS: u32 = 1000;

/// The registry of one account, as far as it is read.
#[derive(Clone, Copy)]
pub struct Registry<'a> {
    pub api: &'a Api,
    pub patience: Patience,
    pub limits: &'a CloudLimits,
}

/// What a call about one thing found.
pub enum Found<T> {
    Here(T),
    /// Gone, or merely invisible: it proves nothing by itself.
    NotThere(Failure),
}

/// Lists of repositories that come in pages.
#[derive(Clone, Copy)]
pub enum List<'a> {
    All,
    /// Of this name, perhaps among others.
    Named(Place<'a>),
    /// Those that other accounts can pull from.
    Shared,
}

/// One page. The rows are left as they came: one that cannot be read shall not
/// hide the others.
pub struct Page {
    pub rows: Vec<Value>,
    /// Of the whole list, at the moment of this page.
    pub total: Option<u64>,
}

#[derive(Deserialize)]
struct RawNamespaces {
    /// Null where there is none; an answer without it is not this list.
    #[serde(deserialize_with = "Option::deserialize")]
    namespaces: Option<Vec<Value>>,
}

impl Registry<'_> {
    /// All namespaces in which the caller may do anything.
    pub async fn namespaces(&self) -> Result<Vec<Value>, Failure> {
        let filter = vec![("filter", "mode::visible".to_owned())];
        let path = "/v2/manage/namespaces".to_owned();
        let list = self.list(Operation::ListNamespaces, path, filter, |answer| {
            answer.json::<RawNamespaces>(StatusCode::OK)
        });
        Ok(list.await?.namespaces.unwrap_or_default())
    }

    pub async fn namespace(&self, name: &str) -> Result<Found<swr::Namespace>, Failure> {
        let path = address::namespace_path(name)?;
        self.read(Operation::ListNamespaces, path, Vec::new(), understood)
            .await
    }

    pub async fn namespace_permissions(&self, name: &str) -> Result<Found<swr::Access>, Failure> {
        let path = address::namespace_permissions_path(name)?;
        self.permissions(path).await
    }

    pub async fn repository_permissions(&self, place: Place<'_>) -> Result<Found<swr::Access>, Failure> {
        self.permissions(place.permissions_path()?).await
    }

    pub async fn shares(&self, place: Place<'_>) -> Result<Found<Vec<swr::AccessDomain>>, Failure> {
        let path = place.shares_path()?;
        self.read(Operation::ListAccountShares, path, Vec::new(), |answer| {
            let rows: Option<Vec<swr::AccessDomain>> = understood(answer)?;
            Ok(rows.unwrap_or_default())
        })
        .await
    }

    /// One account's row, or `None` where the cloud says that there is none.
    pub async fn share(
        &self,
        place: Place<'_>,
        account: &str,
    ) -> Result<Found<Option<swr::AccessDomain>>, Failure> {
        let path = place.share_path(account)?;
        self.read(Operation::ListAccountShares, path, Vec::new(), |answer| {
            let row: Value = answer.json(StatusCode::OK)?;
            match row["exist"].as_bool() {
                Some(true) => understood(answer).map(Some),
                Some(false) => Ok(None),
                None => Err(answer.malformed("it does not say whether the share exists")),
            }
        })
        .await
    }

    pub async fn page(&self, list: List<'_>, offset: u64) -> Result<Page, Failure> {
        let mut query = Vec::new();
        match list {
            List::All => {}
            List::Named(place) => {
                query.push(("namespace", place.namespace.to_owned()));
                query.push(("name", place.dollar_name()?));
            }
            List::Shared => query.push(("center", "self".to_owned())),
        }
        let page_size = self.limits.page_size.clamp(1, LARGEST_PAGE_ROWS);
        // One without the other means nothing to the cloud.
        query.push(("limit", page_size.to_string()));
        query.push(("offset", offset.to_string()));
        let path = match list {
            List::All | List::Named(_) => "/v2/manage/repos",
            List::Shared => "/v2/manage/shared-repositories",
        };
        self.list(Operation::ListRepositories, path.to_owned(), query, page_of)
            .await
    }

    async fn permissions(&self, path: String) -> Result<Found<swr::Access>, Failure> {
        self.read(Operation::ListPermissions, path, Vec::new(), |answer| {
            let access: swr::Access = understood(answer)?;
            // Missing lists are empty ones, but only in an answer that is one.
            let says_nothing = access == swr::Access::default();
            match says_nothing {
                true => Err(answer.malformed("it says nothing of permissions")),
                false => Ok(access),
            }
        })
        .await
    }

    /// For lists, whose absence can only mean that something is wrong.
    async fn list<T>(
        &self,
        operation: Operation,
        path: String,
        query: Vec<(&str, String)>,
        parse: impl Fn(&Answer) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self.read(operation, path, query, parse).await? {
            Found::Here(list) => Ok(list),
            Found::NotThere(failure) => Err(failure),
        }
    }

    async fn read<T>(
        &self,
        operation: Operation,
        path: String,
        query: Vec<(&str, String)>,
        parse: impl Fn(&Answer) -> Result<T, Failure>,
    ) -> Result<Found<T>, Failure> {
        let ask = &Ask {
            operation,
            method: Method::GET,
            service: Service::Registry,
            path,
            query,
            json: None,
        };
        let parse = &parse;
        let once = || async move {
            match self.api.send(ask).await {
                Ok(answer) => parse(&answer).map(Found::Here),
                Err(Refusal::NotThere(failure)) => Ok(Found::NotThere(failure)),
                Err(Refusal::WrongId(failure) | Refusal::Failed(failure)) => Err(failure),
            }
        };
        self.patience.read(once).await
    }
}

fn page_of(answer: &Answer) -> Result<Page, Failure> {
    let rows: Option<Vec<Value>> = answer.json(StatusCode::OK)?;
    let rows = rows.unwrap_or_default();
    let in_header = answer.headers.get(CONTENT_RANGE);
    let in_header = in_header.and_then(|range| range.to_str().ok()?.rsplit_once('/')?.1.trim().parse().ok());
    let in_rows = || rows.first()?["total_range"].as_u64();
    let total = in_header.or_else(in_rows);
    Ok(Page { rows, total })
}

fn understood<T: DeserializeOwned>(answer: &Answer) -> Result<T, Failure> {
    let value: Value = answer.json(StatusCode::OK)?;
    read_row(value).map_err(|why| answer.malformed(&why))
}

/// A value of the wire; null is read as left out.
pub fn read_row<T: DeserializeOwned>(mut value: Value) -> Result<T, String> {
    drop_nulls(&mut value);
    serde_json::from_value(value).map_err(|error| format!("not understood: {error}"))
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
