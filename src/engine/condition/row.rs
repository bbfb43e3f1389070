//! The values of one item, handed to CEL on access and mostly by reference.
//!
//! Building a map of an item's fields costs tens of microseconds; answering
//! CEL's look-ups of whole names (`image.name`) costs less than one, which is
//! what makes a million shares a matter of a second.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use cel::{
    Context, Env, ExecutionError,
    common::{
        traits::{Container, Indexer, Sizer},
        types::{self, CelBool, CelDuration, CelInt, CelList, CelNull, CelString, CelTimestamp, Type},
        value::{CowVal, Val},
    },
    context::VariableResolver,
};
use jiff::Timestamp;

use crate::{
    engine::candidate::Candidate,
    model::{Image, Repository},
};

pub(super) static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut environment = Env::stdlib().with_optional_support(false);
    environment
        .add_overload("days", "int_to_days", vec![types::INT_TYPE], days)
        .expect("the standard library has no `days`");
    Arc::new(environment)
});

/// Shared by all evaluations; each adds one item on top.
pub(super) static ROOT: LazyLock<Context<'static, 'static>> =
    LazyLock::new(|| Context::with_env(Arc::clone(&ENVIRONMENT)));

#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) candidate: Candidate<'a>,
    pub(super) now: Timestamp,
}

impl VariableResolver for Row<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let resource = self.candidate.resource();
        match variable.split_once('.') {
            None => (variable == "now").then(|| time(self.now)),
            Some(("grant", field)) => grant_field(self.candidate, field),
            Some(("image", field)) => image_field(resource.image()?, field),
            Some(("repository", field)) => repository_field(resource.repository()?, field),
            Some(_) => None,
        }
    }
}

fn image_field<'b>(image: &'b Image, field: &str) -> Option<CowVal<'b, 'b>> {
    Some(match field {
        "id" => text(image.id.as_str()),
        "name" => text(&image.name),
        "owner" => text(image.owner.as_str()),
        "status" => text(&image.status),
        "visibility" => text(image.visibility.as_str()),
        "protected" => CowVal::owned(CelBool::from(image.protected)),
        "hidden" => CowVal::owned(CelBool::from(image.hidden)),
        "size" => match image.size {
            // A size beyond 2^63 is no size of this world; the largest number
            // CEL has compares with any other as the true one would.
            Some(size) => CowVal::owned(CelInt::from(i64::try_from(size).unwrap_or(i64::MAX))),
            None => CowVal::owned(CelNull),
        },
        "tags" => {
            let tags = image
                .tags
                .iter()
                .map(|tag| Box::new(CelString::from(tag.as_str())) as Box<dyn Val>);
            CowVal::owned(CelList::from(tags.collect::<Vec<Box<dyn Val + 'b>>>()))
        }
        "properties" => CowVal::owned(Properties(&image.properties)),
        "created_at" => time(image.created_at),
        "updated_at" => time(image.updated_at),
        _ => return None,
    })
}

fn repository_field<'b>(repository: &'b Repository, field: &str) -> Option<CowVal<'b, 'b>> {
    Some(match field {
        "id" => text(repository.id.as_str()),
        "namespace" => text(repository.namespace.as_str()),
        "name" => text(&repository.name),
        "public" => CowVal::owned(CelBool::from(repository.public)),
        "created_at" => time(repository.created_at),
        "updated_at" => time(repository.updated_at),
        _ => return None,
    })
}

fn grant_field<'b>(candidate: Candidate<'b>, field: &str) -> Option<CowVal<'b, 'b>> {
    Some(match field {
        "subject.id" => text(candidate.subject()?.as_str()),
        "subject.name" => text(&candidate.permission()?.user_name),
        "namespace" => text(candidate.resource().namespace()?.as_str()),
        "level" => text(candidate.permission()?.level.as_str()),
        "status" => text(candidate.member()?.status.as_str()),
        "deadline" => optional_time(candidate.share()?.deadline),
        "created_at" => optional_time(candidate.granted_at()),
        "updated_at" => optional_time(match candidate.member() {
            Some(member) => Some(member.updated_at),
            None => candidate.share()?.updated_at,
        }),
        _ => return None,
    })
}

fn optional_time<'b>(moment: Option<Timestamp>) -> CowVal<'b, 'b> {
    moment.map_or_else(|| CowVal::owned(CelNull), time)
}

fn text(text: &str) -> CowVal<'_, '_> {
    CowVal::owned(CelString::from(text))
}

fn time<'b>(moment: Timestamp) -> CowVal<'b, 'b> {
    let nanoseconds = u32::try_from(moment.subsec_nanosecond()).unwrap_or(0);
    let moment = chrono::DateTime::from_timestamp(moment.as_second(), nanoseconds).unwrap_or_default();
    CowVal::owned(CelTimestamp::from(moment.fixed_offset()))
}

fn days<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let count = arguments.first().and_then(|count| count.downcast_ref::<CelInt>());
    let length = count
        .and_then(|count| chrono::Duration::try_days(*count.inner()))
        .filter(|length| length.num_nanoseconds().is_some());
    match length {
        Some(length) => Ok(CowVal::owned(CelDuration::from(length))),
        None => Err(ExecutionError::function_error(
            "days",
            "more days than a duration can hold",
        )),
    }
}

/// An image's properties as a CEL map, without a copy of any.
#[derive(Clone, Copy, Debug)]
struct Properties<'a>(&'a BTreeMap<String, String>);

impl Properties<'_> {
    fn get(&self, key: &dyn Val) -> Option<&str> {
        let key = key.downcast_ref::<CelString>()?;
        self.0.get(key.inner()).map(String::as_str)
    }
}

impl Val for Properties<'_> {
    fn get_type(&self) -> &Type {
        <Self as Val>::cel_type()
    }

    fn cel_type() -> &'static Type {
        &types::MAP_TYPE
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(*self)
    }
}

impl Container for Properties<'_> {
    fn contains(&self, key: &dyn Val) -> Result<bool, ExecutionError> {
        Ok(self.get(key).is_some())
    }
}

impl Sizer for Properties<'_> {
    fn size(&self) -> CelInt {
        CelInt::from(i64::try_from(self.0.len()).unwrap_or(i64::MAX))
    }
}

impl Indexer for Properties<'_> {
    fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        match Properties::get(self, key) {
            Some(value) => Ok(CowVal::owned(CelString::from(value.to_owned()))),
            None => Err(ExecutionError::no_such_key("property")),
        }
    }

    fn steal<'v>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Indexer::get(&*self, key).map(CowVal::into_owned)
    }
}
