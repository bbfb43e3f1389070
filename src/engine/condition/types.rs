//! The types of values in a condition.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Int,
    /// An int, or null: the size of an image without data.
    MaybeInt,
    Double,
    Text,
    Timestamp,
    /// A time, or null where the cloud does not tell it or there is none.
    MaybeTimestamp,
    Duration,
    Null,
    List(Box<Type>),
    /// From text to text.
    Map,
    /// `image`, `grant.subject` and the like: names on the way to a field.
    Record(&'static str),
    /// The element of an empty list.
    Any,
}

impl Type {
    pub(super) fn is_number(&self) -> bool {
        matches!(self, Type::Int | Type::Double | Type::Any)
    }

    /// The type that both are, if there is one.
    pub(super) fn join(&self, other: &Type) -> Option<Type> {
        match (self, other) {
            (Type::Record(_), _) | (_, Type::Record(_)) => None,
            (a, b) if a == b => Some(a.clone()),
            (Type::Any, known) | (known, Type::Any) => Some(known.clone()),
            (Type::List(a), Type::List(b)) => Some(Type::List(Box::new(a.join(b)?))),
            (Type::MaybeInt, Type::Int | Type::Null) | (Type::Int | Type::Null, Type::MaybeInt) => {
                Some(Type::MaybeInt)
            }
            (Type::MaybeTimestamp, Type::Timestamp | Type::Null)
            | (Type::Timestamp | Type::Null, Type::MaybeTimestamp) => Some(Type::MaybeTimestamp),
            _ => None,
        }
    }

    /// What it is once it was asked about and is no null.
    pub(super) fn present(self) -> Type {
        match self {
            Type::MaybeInt => Type::Int,
            Type::MaybeTimestamp => Type::Timestamp,
            other => other,
        }
    }

    /// Whether asking `==` of the two can ever be true.
    pub(super) fn comparable(&self, other: &Type) -> bool {
        self.join(other).is_some()
            || (self.is_number() && other.is_number())
            || matches!(
                (self, other),
                (Type::MaybeInt, Type::Double) | (Type::Double, Type::MaybeInt)
            )
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Bool => "true or false",
            Type::Int | Type::MaybeInt => "a whole number",
            Type::Double => "a number",
            Type::Text => "a text",
            Type::Timestamp => "a point in time",
            Type::MaybeTimestamp => "a point in time or null",
            Type::Duration => "a duration",
            Type::Null => "null",
            Type::List(of) => return write!(f, "a list of: {of}"),
            Type::Map => "a map",
            Type::Record(name) => return write!(f, "`{name}` as a whole"),
            Type::Any => "anything",
        })
    }
}

/// The nearest of the known words, or all of them.
pub(super) fn suggestion<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.collect();
    known.dedup();
    match known.iter().min_by_key(|word| strsim::osa_distance(word, wrong)) {
        Some(near) if strsim::osa_distance(near, wrong) <= 2 => format!("did you mean `{near}`?"),
        _ => format!("there are: {}", known.join(", ")),
    }
}
