//! The variables of a condition, by the kinds of target that have them.

use std::{collections::BTreeSet, sync::LazyLock};

use super::{
    ConditionError,
    types::{Type, suggestion},
};
use crate::{
    engine::resource::ResourceClass,
    model::{Kind, SubjectKind},
};

type Fields = [(&'static str, Type)];

/// Names that start a variable, whatever the kind.
const ROOTS: [&str; 4] = ["image", "repository", "grant", "now"];

/// Whether no list element may be called so.
pub(super) fn is_reserved(name: &str) -> bool {
    ROOTS.contains(&name)
}

/// The type of a name without a dot: it must mean something for every kind.
pub(super) fn variable(name: &str, kinds: &[Kind]) -> Result<Type, ConditionError> {
    if name == "now" {
        return Ok(Type::Timestamp);
    }
    let record = ROOTS.into_iter().find(|root| *root == name);
    let lacking = |record: &str| kinds.iter().find(|kind| fields_of(record, **kind).is_none());
    match record.map(|record| (record, lacking(record))) {
        Some((record, None)) => Ok(Type::Record(record)),
        Some((record, Some(kind))) => Err(ConditionError::new(format!(
            "`{record}` is unknown here: targets of kind `{kind}` have no {record}"
        ))),
        None => {
            let there = ROOTS
                .into_iter()
                .filter(|root| *root == "now" || lacking(root).is_none());
            let error = ConditionError::new(format!("unknown variable `{name}`"));
            Err(error.hint(suggestion(name, there)))
        }
    }
}

/// The type of a field of a record that every kind has.
pub(super) fn field(record: &str, field: &str, kinds: &[Kind]) -> Result<Type, ConditionError> {
    let of_kind = |kind: &Kind| (*kind, type_of(record, field, *kind));
    let known: Vec<(Kind, Option<&Type>)> = kinds.iter().map(of_kind).collect();
    let somewhere = known.iter().any(|(_, found)| found.is_some());
    let lacking = known.iter().find(|(_, found)| found.is_none());
    match lacking {
        Some((kind, _)) if somewhere => Err(ConditionError::new(format!(
            "targets of kind `{kind}` have no `{record}.{field}`"
        ))),
        Some(_) => {
            let names = kinds
                .iter()
                .flat_map(|kind| fields_of(record, *kind).unwrap_or_default());
            let everywhere = |name: &&str| kinds.iter().all(|kind| type_of(record, name, *kind).is_some());
            let there: BTreeSet<&str> = names.map(|(name, _)| *name).filter(everywhere).collect();
            let error = ConditionError::new(format!("`{record}` has no field `{field}`"));
            Err(error.hint(suggestion(field, there.into_iter())))
        }
        None => {
            let mut types = known.into_iter().filter_map(|(_, found)| found.cloned());
            let first = types.next().unwrap_or(Type::Any);
            let both = |joined: Type, next: Type| match joined == next {
                true => Some(joined),
                false => joined.join(&next),
            };
            let same = types.try_fold(first, both);
            same.ok_or_else(|| {
                ConditionError::new(format!("`{record}.{field}` is of another type for each kind"))
            })
        }
    }
}

fn type_of(record: &str, field: &str, kind: Kind) -> Option<&'static Type> {
    let mut fields = fields_of(record, kind)?.iter();
    fields.find(|(name, _)| *name == field).map(|(_, of)| of)
}

/// What a record holds for targets of the kind; `None` where they have no such
/// record.
fn fields_of(record: &str, kind: Kind) -> Option<&'static Fields> {
    let fields: &'static Fields = match record {
        "image" if ResourceClass::of(kind) == ResourceClass::Image => IMAGE.as_slice(),
        "repository" if ResourceClass::of(kind) == ResourceClass::Repository => REPOSITORY,
        "grant" => grant(kind)?,
        "grant.subject" => match kind.subject()? {
            SubjectKind::User => &[("id", Type::Text), ("name", Type::Text)],
            SubjectKind::Project | SubjectKind::Account => &[("id", Type::Text)],
        },
        _ => return None,
    };
    Some(fields)
}

fn grant(kind: Kind) -> Option<&'static Fields> {
    const SUBJECT: (&str, Type) = ("subject", Type::Record("grant.subject"));
    // Not a variable of its own: CEL keeps the word `namespace` to itself.
    const NAMESPACE: (&str, Type) = ("namespace", Type::Text);
    match kind {
        Kind::Image => None,
        Kind::ImageShare => Some(&[
            SUBJECT,
            ("status", Type::Text),
            ("created_at", Type::Timestamp),
            ("updated_at", Type::Timestamp),
        ]),
        Kind::RepositoryPermission | Kind::NamespacePermission => {
            Some(&[SUBJECT, NAMESPACE, ("level", Type::Text)])
        }
        Kind::RepositoryShare => Some(&[
            SUBJECT,
            NAMESPACE,
            ("deadline", Type::MaybeTimestamp),
            ("created_at", Type::MaybeTimestamp),
            ("updated_at", Type::MaybeTimestamp),
        ]),
    }
}

const REPOSITORY: &Fields = &[
    ("id", Type::Text),
    ("namespace", Type::Text),
    ("name", Type::Text),
    ("public", Type::Bool),
    ("created_at", Type::Timestamp),
    ("updated_at", Type::Timestamp),
];

static IMAGE: LazyLock<Vec<(&'static str, Type)>> = LazyLock::new(|| {
    vec![
        ("id", Type::Text),
        ("name", Type::Text),
        ("owner", Type::Text),
        ("status", Type::Text),
        ("visibility", Type::Text),
        ("protected", Type::Bool),
        ("hidden", Type::Bool),
        ("size", Type::MaybeInt),
        ("tags", Type::List(Box::new(Type::Text))),
        ("properties", Type::Map),
        ("created_at", Type::Timestamp),
        ("updated_at", Type::Timestamp),
    ]
});
