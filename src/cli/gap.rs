//! What could not be seen, as listings show it.

use std::fmt;

use serde::Serialize;

use crate::{engine::evaluate::Unreadable, model::Gap};

/// What could not be seen, or, in scope `value`, seen and not judged.
#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct GapRow {
    cloud: String,
    pub scope: &'static str,
    resource: Option<String>,
    subject: Option<String>,
    reason: String,
}

/// The scope of what was seen and could not be judged.
pub const VALUE: &str = "value";

impl GapRow {
    pub fn of(gap: &Gap) -> GapRow {
        let (scope, resource) = gap.scope.parts();
        let resource = resource.map(ToString::to_string);
        GapRow {
            cloud: gap.cloud.to_string(),
            scope,
            resource,
            subject: None,
            reason: gap.reason.clone(),
        }
    }

    pub fn of_value(value: &Unreadable) -> GapRow {
        GapRow {
            cloud: value.target.cloud.to_string(),
            scope: VALUE,
            resource: Some(value.target.resource.to_string()),
            subject: value.target.subject.as_ref().map(ToString::to_string),
            reason: value.problem.clone(),
        }
    }
}

impl fmt::Display for GapRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.scope == VALUE {
            "kept, not judged"
        } else {
            "not seen"
        };
        match self.scope {
            VALUE => write!(f, "{what}: on cloud {}", self.cloud)?,
            "cloud" => write!(f, "{what}: cloud {}", self.cloud)?,
            scope => write!(f, "{what}: {scope} on cloud {}", self.cloud)?,
        }
        if let Some(resource) = &self.resource {
            write!(f, ", {resource}")?;
        }
        if let Some(subject) = &self.subject {
            write!(f, " of {subject}")?;
        }
        write!(f, ": {}", self.reason)
    }
}
