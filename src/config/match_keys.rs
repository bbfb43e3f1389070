//! Which key of a match means something for which kinds.
//!
//! A key that a kind cannot honour is refused rather than ignored: of several
//! conditions the one that is dropped may be the one that kept a target.

use super::{reader::Table, value::Value};
use crate::model::Kind;

/// Takes a key, or refuses it for the first of `kinds` that cannot honour it.
/// Where no kind is known, everything is taken.
pub fn take<'a>(section: &mut Table<'a>, kinds: &[Kind], key: &'static str) -> Option<Value<'a>> {
    let about = KEYS.iter().find(|about| about.key == key);
    let unable = |about: &&About| kinds.iter().copied().find(|kind| !about.kinds.contains(kind));
    match about.and_then(|about| Some((about, unable(&about)?))) {
        Some((about, kind)) => {
            let message = format!("`{key}` is {}; kind `{kind}` has none", about.subject);
            let hint = about.instead.iter().find(|(kinds, _)| kinds.contains(&kind));
            section.refuse(key, &message, hint.map(|(_, hint)| *hint));
            None
        }
        None => section.take(key),
    }
}

struct About {
    key: &'static str,
    /// That can honour it.
    kinds: &'static [Kind],
    /// What the other kinds lack.
    subject: &'static str,
    /// What to write with those instead.
    instead: &'static [(&'static [Kind], &'static str)],
}

const IMAGES: &[Kind] = &[Kind::ImageShare, Kind::Image];
const REGISTRY: &[Kind] = &[
    Kind::RepositoryPermission,
    Kind::NamespacePermission,
    Kind::RepositoryShare,
];
const REPOSITORIES: &[Kind] = &[Kind::RepositoryPermission, Kind::RepositoryShare];
const PERMISSIONS: &[Kind] = &[Kind::RepositoryPermission, Kind::NamespacePermission];
const NAMESPACES: &[Kind] = &[Kind::NamespacePermission];
const SHARE: &[Kind] = &[Kind::RepositoryShare];
const IMAGE: &[Kind] = &[Kind::Image];
const IMAGE_SHARE: &[Kind] = &[Kind::ImageShare];
const WITH_SUBJECT: &[Kind] = &[
    Kind::RepositoryPermission,
    Kind::NamespacePermission,
    Kind::RepositoryShare,
    Kind::ImageShare,
];
/// Whose resource tells when it was made and changed.
const WITH_TIMES: &[Kind] = &[
    Kind::RepositoryPermission,
    Kind::RepositoryShare,
    Kind::ImageShare,
    Kind::Image,
];

/// Only what not every kind can honour.
const KEYS: &[About] = &[
    About {
        key: "granted_before",
        kinds: &[Kind::ImageShare, Kind::RepositoryShare],
        subject: "the age of a grant",
        instead: &[
            (IMAGE, "the age of an image is `created_before`"),
            (
                PERMISSIONS,
                "no cloud tells when a permission was granted; select by `user.state` or `level`",
            ),
        ],
    },
    About {
        key: "status",
        kinds: IMAGE_SHARE,
        subject: "about members",
        instead: &[
            (IMAGE, "the image's own status is `image.status`"),
            (PERMISSIONS, "whether a user is disabled is `user.state`"),
            (SHARE, "whether a share is over is `deadline_passed`"),
        ],
    },
    About {
        key: "subject",
        kinds: WITH_SUBJECT,
        subject: "about members",
        instead: &[(IMAGE, "the image's owner is `owner`")],
    },
    About {
        key: "subject_in",
        kinds: WITH_SUBJECT,
        subject: "about people who have access",
        instead: &[(IMAGE, "an image is nobody's access; its owner is `owner`")],
    },
    About {
        key: "subject_not_in",
        kinds: PERMISSIONS,
        subject: "about users",
        instead: &[
            (
                SHARE,
                "a roster of people says nothing of accounts; use `subject_in` with a source that has `accounts`",
            ),
            (
                IMAGE_SHARE,
                "a roster of people says nothing of projects; use `subject_in` with a source that has `projects`",
            ),
            (IMAGE, "an image is nobody's access; its owner is `owner`"),
        ],
    },
    About {
        key: "image",
        kinds: IMAGES,
        subject: "about images of machines",
        instead: &[
            (REPOSITORIES, "the name is `repository`"),
            (NAMESPACES, "the name is `namespace`"),
        ],
    },
    About {
        key: "expires",
        kinds: IMAGES,
        subject: "a date that an image carries",
        instead: &[(SHARE, "the end of a share itself is `deadline_passed`")],
    },
    About {
        key: "created_before",
        kinds: WITH_TIMES,
        subject: "the age of an image or a repository",
        instead: &[(NAMESPACES, "no cloud tells the age of a namespace; leave it out")],
    },
    About {
        key: "updated_before",
        kinds: WITH_TIMES,
        subject: "the last change of an image or a repository",
        instead: &[(NAMESPACES, "no cloud tells it of a namespace; leave it out")],
    },
    About {
        key: "level",
        kinds: PERMISSIONS,
        subject: "about permissions of users",
        instead: &[(SHARE, "a share lets an account read, and nothing else")],
    },
    About {
        key: "user",
        kinds: PERMISSIONS,
        subject: "about permissions of users",
        instead: &[
            (SHARE, "the account is `account`"),
            (IMAGE_SHARE, "the project is `subject`"),
        ],
    },
    About {
        key: "namespace",
        kinds: REGISTRY,
        subject: "the name of a namespace",
        instead: &[(IMAGES, "the name is `image.name`")],
    },
    About {
        key: "repository",
        kinds: REPOSITORIES,
        subject: "the name of a repository",
        instead: &[
            (
                NAMESPACES,
                "such a permission covers all repositories; select by `namespace`, or write two policies",
            ),
            (IMAGES, "the name is `image.name`"),
        ],
    },
    About {
        key: "account",
        kinds: SHARE,
        subject: "about shares with other accounts",
        instead: &[
            (PERMISSIONS, "the user is `user.name` or `user.id`"),
            (IMAGE_SHARE, "the project is `subject`"),
        ],
    },
    About {
        key: "deadline_passed",
        kinds: SHARE,
        subject: "about shares that have a deadline",
        instead: &[(IMAGES, "a date that an image carries is `expires`")],
    },
];
