//! What a policy can remove.

use super::words::closed_words;

closed_words! {
    /// A kind of target, as written in a policy's `resource`.
    Kind {
        /// One project's membership of one image; the subject is a project.
        ImageShare = "image-share",
        /// An image itself; there is no subject.
        Image = "image",
    }
}

/// What the subject of a grant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubjectKind {
    Project,
}

impl Kind {
    /// Who loses access, or `None` where the resource itself is deleted.
    pub fn subject(self) -> Option<SubjectKind> {
        match self {
            Kind::ImageShare => Some(SubjectKind::Project),
            Kind::Image => None,
        }
    }
}
