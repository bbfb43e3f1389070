//! Names people give (policies, clouds) and ids clouds give (everything else).
//!
//! All are shared strings: an inventory of a million shares holds each project
//! id once.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

macro_rules! shared_string {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<Arc<str>>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

shared_string! {
    /// The name of a policy, unique among all policy files.
    PolicyName
}
shared_string! {
    /// The name a `[clouds.NAME]` section gives to a cloud.
    CloudName
}
shared_string! {
    /// An id that a cloud gave: an image, a project, a user.
    Id
}
shared_string! {
    /// The id that a cloud gave to work it goes on with after its answer.
    JobId
}
shared_string! {
    /// The name a `[source.NAME]` section gives to a list of people.
    SourceName
}
