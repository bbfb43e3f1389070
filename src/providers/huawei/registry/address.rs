//! Names of namespaces, repositories and accounts as the registry's paths want
//! them.
//!
//! Names are used as the cloud gave them; what no path can hold is refused
//! before anything is sent.

use std::fmt;

use crate::{
    model::{Failure, FailureClass, Id},
    providers::address::segment,
};

/// One repository, by the two names that its paths are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place<'a> {
    pub namespace: &'a str,
    /// With real slashes.
    pub name: &'a str,
}

impl<'a> Place<'a> {
    /// The names in a repository's id; a namespace holds no slash.
    pub fn of(id: &'a Id) -> Result<Place<'a>, Failure> {
        match id.as_str().split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
                Ok(Place { namespace, name })
            }
            _ => Err(unusable(id.as_str(), "is not NAMESPACE/NAME")),
        }
    }

    pub fn id(self) -> Id {
        Id::from(self.to_string())
    }

    /// The name as a path or a query has it.
    pub fn dollar_name(self) -> Result<String, Failure> {
        dollars(self.name).ok_or_else(|| unusable(self.name, "cannot be told from another in a path"))
    }

    /// Who of the account may do what.
    pub fn permissions_path(self) -> Result<String, Failure> {
        Ok(format!("{}/access", self.path("repos")?))
    }

    /// Which other accounts may pull. Not below `repos`, unlike all the rest.
    pub fn shares_path(self) -> Result<String, Failure> {
        Ok(format!("{}/access-domains", self.path("repositories")?))
    }

    pub fn share_path(self, account: &str) -> Result<String, Failure> {
        Ok(format!("{}/{}", self.shares_path()?, usable_segment(account)?))
    }

    fn path(self, collection: &str) -> Result<String, Failure> {
        let namespace = namespace_path(self.namespace)?;
        let name = usable_segment(&self.dollar_name()?)?;
        Ok(format!("{namespace}/{collection}/{name}"))
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

pub fn namespace_path(namespace: &str) -> Result<String, Failure> {
    Ok(format!("/v2/manage/namespaces/{}", usable_segment(namespace)?))
}

pub fn namespace_permissions_path(namespace: &str) -> Result<String, Failure> {
    Ok(format!("{}/access", namespace_path(namespace)?))
}

/// A repository's name with `$` for each slash, or `None` where that could not
/// be undone: no name holds a `$`.
fn dollars(name: &str) -> Option<String> {
    (!name.contains('$')).then(|| name.replace('/', "$"))
}

/// Refuses a slash: its encoding leads these services to another path.
fn usable_segment(name: &str) -> Result<String, Failure> {
    let segment = segment(name).filter(|_| !name.contains('/'));
    segment.ok_or_else(|| unusable(name, "cannot stand in a path"))
}

fn unusable(name: &str, why: &str) -> Failure {
    Failure::new(FailureClass::Refused, format!("addressing {name:?}: it {why}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slashes_become_encoded_dollars_and_repos_is_not_repositories() {
        let id = Id::from("team-a/team/sub/api");
        let place = Place::of(&id).unwrap();
        assert_eq!(place.id(), id);
        let base = "/v2/manage/namespaces/team-a";
        assert_eq!(
            place.permissions_path().unwrap(),
            format!("{base}/repos/team%24sub%24api/access")
        );
        assert_eq!(
            place.share_path("Partner & Söhne").unwrap(),
            format!("{base}/repositories/team%24sub%24api/access-domains/Partner%20%26%20S%C3%B6hne")
        );
        assert_eq!(
            namespace_permissions_path("team-a").unwrap(),
            format!("{base}/access")
        );
    }

    #[test]
    fn what_no_path_can_hold_is_refused() {
        for id in [
            "", "team", "/api", "team/", "team/a$b", "team/..", "../api", "./api",
        ] {
            let id = Id::from(id);
            let path = Place::of(&id).and_then(Place::permissions_path);
            assert_eq!(path.unwrap_err().class, FailureClass::Refused, "{id}");
        }
        let id = Id::from("team/api");
        for account in ["", ".", "..", "a/b"] {
            assert!(Place::of(&id).unwrap().share_path(account).is_err(), "{account}");
        }
    }

    proptest! {
        #[test]
        fn the_dollar_rule_can_be_undone(name in "[a-z0-9./_$-]{1,40}") {
            match dollars(&name) {
                Some(sent) => {
                    prop_assert!(!sent.contains('/'));
                    prop_assert_eq!(sent.replace('$', "/"), name);
                }
                None => prop_assert!(name.contains('$')),
            }
        }

        #[test]
        fn two_repositories_never_share_a_path(one in "[a-z$/.]{1,6}", other in "[a-z$/.]{1,6}") {
            let path = |name| Place { namespace: "n", name }.permissions_path().ok();
            if let (Some(first), Some(second)) = (path(&one), path(&other)) {
                prop_assert_eq!(first == second, one == other);
                prop_assert_eq!(first.matches('/').count(), 7);
            }
        }
    }
}
