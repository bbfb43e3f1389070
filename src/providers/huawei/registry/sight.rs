//! Lists of one namespace or repository, and whether the thing itself is still
//! there, so that "gone" is never said of something that is merely invisible or
//! was not answered.

use serde_json::Value;

use super::{
    address::Place,
    calls::{Found, List, Registry},
    listing::{Pages, place_of},
    malformed,
};
use crate::{model::Failure, providers::huawei::wire::swr};

/// A list of one thing.
pub enum Sight<T> {
    Here(T),
    /// The thing is not there; its absence is confirmed by the list of all.
    Gone,
}

impl<T> Sight<T> {
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Sight<U> {
        match self {
            Sight::Here(value) => Sight::Here(make(value)),
            Sight::Gone => Sight::Gone,
        }
    }
}

impl Registry<'_> {
    pub async fn see_namespace(&self, name: &str) -> Result<Sight<swr::Namespace>, Failure> {
        let found = self.namespace(name).await?;
        if let Found::Here(row) = &found
            && row.name != name
        {
            let why = format!("the cloud answered with another, {:?}", row.name);
            return Err(malformed(name, &why));
        }
        self.unless_namespace_is_gone(name, found).await
    }

    pub async fn see_namespace_permissions(&self, name: &str) -> Result<Sight<swr::Access>, Failure> {
        let found = self.namespace_permissions(name).await?;
        self.unless_namespace_is_gone(name, found).await
    }

    pub async fn see_repository_permissions(&self, place: Place<'_>) -> Result<Sight<swr::Access>, Failure> {
        let found = self.repository_permissions(place).await?;
        self.unless_repository_is_gone(place, found).await
    }

    pub async fn see_shares(&self, place: Place<'_>) -> Result<Sight<Vec<swr::AccessDomain>>, Failure> {
        let found = self.shares(place).await?;
        self.unless_repository_is_gone(place, found).await
    }

    /// The repository's row of the list, or `None` if the whole list has none.
    ///
    /// Whether the cloud heeds the name exactly, fuzzily or not at all makes no
    /// difference but in pages.
    pub async fn find_repository(&self, place: Place<'_>) -> Result<Option<Value>, Failure> {
        let mut pages = Pages::new(*self, List::Named(place));
        while let Some(rows) = pages.next().await? {
            for row in rows {
                match place_of(&row) {
                    Some(other) if other == place => return Ok(Some(row)),
                    Some(_) => {}
                    None => return Err(malformed(place, "the list has a row without a name")),
                }
            }
        }
        Ok(None)
    }

    async fn unless_namespace_is_gone<T>(&self, name: &str, found: Found<T>) -> Result<Sight<T>, Failure> {
        let failure = match found {
            Found::Here(value) => return Ok(Sight::Here(value)),
            Found::NotThere(failure) => failure,
        };
        for row in self.namespaces().await? {
            match row["name"].as_str() {
                Some(other) if other == name => return Err(failure),
                Some(_) => {}
                None => return Err(malformed(name, "the list has a row without a name")),
            }
        }
        Ok(Sight::Gone)
    }

    async fn unless_repository_is_gone<T>(
        &self,
        place: Place<'_>,
        found: Found<T>,
    ) -> Result<Sight<T>, Failure> {
        match found {
            Found::Here(value) => Ok(Sight::Here(value)),
            Found::NotThere(failure) => match self.find_repository(place).await? {
                Some(_) => Err(failure),
                None => Ok(Sight::Gone),
            },
        }
    }
}
