//! The parameters of lists, in their two spellings: one by one, or all in one
//! `filter` as `name::value|name::value`.

use url::form_urlencoded;

use super::{
    Problem, RegistryOptions,
    problems::{invalid, invalid_filter, invalid_page_size},
};
use crate::simulator::{
    Direction,
    registry::{RepositoryOrder, RepositoryQuery},
};

pub(super) struct Parameters(Vec<(String, String)>);

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub offset: usize,
    pub limit: usize,
}

impl Parameters {
    pub(super) fn of_query(query: &str) -> Parameters {
        Parameters(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// An empty one counts as none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self
            .0
            .iter()
            .filter(|(key, value)| key == name && !value.is_empty());
        found.next().map(|(_, value)| value.as_str())
    }

    /// What stands in `filter`, which puts the others out of force.
    pub(super) fn filter(&self) -> Result<Option<Parameters>, Problem> {
        let Some(filter) = self.get("filter") else {
            return Ok(None);
        };
        let pairs = filter.split('|').map(|part| {
            let pair = part.split_once("::").ok_or_else(invalid_filter)?;
            Ok((pair.0.to_string(), pair.1.to_string()))
        });
        Ok(Some(Parameters(pairs.collect::<Result<_, Problem>>()?)))
    }

    /// Names are taken as parts of names where they stand in a filter.
    pub(super) fn repositories(&self, fuzzy: bool) -> Result<RepositoryQuery, Problem> {
        let public = self.get("is_public").map(str::parse).transpose();
        Ok(RepositoryQuery {
            namespace: self.get("namespace").map(ToString::to_string),
            name: self.get("name").map(|name| name.replace('$', "/")),
            fuzzy,
            category: self.get("category").map(ToString::to_string),
            public: public.map_err(|_| invalid("is_public is true or false"))?,
            order: self.order()?,
        })
    }

    /// Limit and offset come together or not at all.
    pub(super) fn page(&self, options: &RegistryOptions) -> Result<Page, Problem> {
        let number = |name: &str| match self.get(name).map(str::parse::<usize>) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => Err(invalid_page_size()),
        };
        match (number("offset")?, number("limit")?) {
            (None, None) => Ok(Page {
                offset: 0,
                limit: options.page_default,
            }),
            (Some(offset), Some(limit)) if (1..=options.page_max).contains(&limit) => {
                Ok(Page { offset, limit })
            }
            _ => Err(invalid_page_size()),
        }
    }

    /// Column and direction, both or neither.
    pub(super) fn order_words(&self) -> Result<Option<(&str, Direction)>, Problem> {
        let direction = match self.get("order_type") {
            None => None,
            Some("asc") => Some(Direction::Ascending),
            Some("desc") => Some(Direction::Descending),
            Some(_) => return Err(invalid("order_type is asc or desc")),
        };
        match (self.get("order_column"), direction) {
            (None, None) => Ok(None),
            (Some(column), Some(direction)) => Ok(Some((column, direction))),
            _ => Err(invalid("order_column and order_type come together")),
        }
    }

    fn order(&self) -> Result<Option<(RepositoryOrder, Direction)>, Problem> {
        let Some((column, direction)) = self.order_words()? else {
            return Ok(None);
        };
        let order = match column {
            "updated_time" | "updated_at" => RepositoryOrder::UpdatedAt,
            "name" => RepositoryOrder::Name,
            "tag_count" => RepositoryOrder::TagCount,
            "namespace" => RepositoryOrder::Namespace,
            "is_public" => RepositoryOrder::Public,
            _ => return Err(invalid("order_column is unknown")),
        };
        Ok(Some((order, direction)))
    }
}

impl Page {
    pub(super) fn cut<T>(self, rows: Vec<T>) -> Vec<T> {
        rows.into_iter().skip(self.offset).take(self.limit).collect()
    }

    /// Where it begins, how many rows it has, how many there are: no end index.
    pub(super) fn content_range(self, rows: usize, total: usize) -> String {
        format!("{}-{rows}/{total}", self.offset)
    }
}
