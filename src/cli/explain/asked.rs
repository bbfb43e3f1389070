//! Whom a question is about: a person, or a project or an account, written as
//! `protect` of `[daemon]` writes them.

use std::{fmt, str::FromStr};

use serde::Serialize;

use crate::model::{Id, Kind};

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// A word for a person: an id, a name, an address, a key of a list.
    User(String),
    /// By its id.
    Project(Id),
    /// By its name.
    Account(Id),
}

/// What `protect` can name besides, and nobody who holds anything.
const RESOURCES: [&str; 3] = ["image", "namespace", "repository"];

impl Asked {
    /// The one kind of grant that it can hold; `None`: a person may hold any.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Asked::User(_) => None,
            Asked::Project(_) => Some(Kind::ImageShare),
            Asked::Account(_) => Some(Kind::RepositoryShare),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Asked::User(word) => write!(f, "user {word}"),
            Asked::Project(id) => write!(f, "project {id}"),
            Asked::Account(name) => write!(f, "account {name}"),
        }
    }
}

impl FromStr for Asked {
    type Err = String;

    /// A word with no prefix is a person's. An id has to be whole: a glob would
    /// find nothing, and nothing found looks like nothing held.
    fn from_str(text: &str) -> Result<Asked, String> {
        let Some((prefix, rest)) = text.split_once(':') else {
            return Ok(Asked::User(text.to_owned()));
        };
        if RESOURCES.contains(&prefix) {
            return Err(format!(
                "{prefix} holds nothing: ask for a person, project:ID or account:NAME"
            ));
        }
        let asked = match prefix {
            "user" => Asked::User(rest.to_owned()),
            "project" => Asked::Project(Id::from(rest)),
            "account" => Asked::Account(Id::from(rest)),
            _ => return Ok(Asked::User(text.to_owned())),
        };
        if rest.is_empty() {
            return Err(format!("which {prefix} is not said: write it after the colon"));
        }
        if rest.trim() != rest {
            return Err(format!("{rest:?} has space at an end, and would match nothing"));
        }
        if rest.contains(['*', '?', '[']) {
            return Err(format!("{rest:?} is a glob: name one {prefix}, and all of it"));
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_without_a_prefix_is_a_person() {
        for word in ["ann", "ann@example.org", "urn:ann", "Project:p-1", "x*"] {
            assert_eq!(word.parse(), Ok(Asked::User(word.to_owned())), "{word}");
        }
    }

    #[test]
    fn a_prefix_says_what_it_is() {
        assert_eq!("project:p-1".parse(), Ok(Asked::Project(Id::from("p-1"))));
        assert_eq!("account:partner".parse(), Ok(Asked::Account(Id::from("partner"))));
        assert_eq!("user:ann".parse(), Ok(Asked::User("ann".to_owned())));
        // Only the first colon ends a prefix.
        assert_eq!("user:account:x".parse(), Ok(Asked::User("account:x".to_owned())));
    }

    #[test]
    fn what_could_find_nothing_is_refused() {
        for (word, told) in [
            ("project:", "which project is not said"),
            ("account: partner", "has space at an end"),
            ("project:9c61*", "is a glob"),
            ("account:[ab]", "is a glob"),
            ("user:ann?", "is a glob"),
            ("image:i", "image holds nothing"),
            ("repository:team/api", "repository holds nothing"),
        ] {
            let refused = word.parse::<Asked>().expect_err(word);
            assert!(refused.contains(told), "{word}: {refused}");
        }
    }
}
