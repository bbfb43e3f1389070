//! `resource` of a policy: the kinds it removes, held against its clouds.

use super::{chosen_clouds::Chosen, policy::KnownCloud, reader::Table, value::Text};
use crate::model::Kind;

/// The kinds in the order of [`Kind::ALL`], none twice; none at all where one
/// of them is wrong, which was reported.
pub fn read(table: &mut Table<'_>, clouds: Option<&Chosen<'_>>) -> Vec<Kind> {
    let known: Vec<(&str, Kind)> = Kind::ALL.iter().map(|kind| (kind.as_str(), *kind)).collect();
    let hint = "say what is removed: resource = \"image-share\", or a list of kinds";
    let texts = table.require("resource", hint).and_then(|value| value.texts());
    let texts = texts.unwrap_or_default();
    let mut found: Vec<(Kind, &Text<'_>)> = Vec::new();
    for text in &texts {
        let Some(kind) = text.word("kind", &known) else {
            continue;
        };
        if found.iter().any(|(earlier, _)| *earlier == kind) {
            text.problem(
                format!("kind `{kind}` is named twice"),
                "the second",
                Some("leave it out"),
            );
        } else {
            found.push((kind, text));
        }
    }
    if let Some(clouds) = clouds {
        for cloud in clouds.named() {
            refuse_what_it_lacks(cloud, &found);
        }
        refuse_what_is_nowhere(clouds, &found);
    }
    let all_read = found.len() == texts.len();
    let named = |kind: &&Kind| all_read && found.iter().any(|(found, _)| found == *kind);
    Kind::ALL.iter().filter(named).copied().collect()
}

const HINT: &str = "name in `clouds` only those that have: provider = \"huawei\"";

/// Only the first kind: the others are missing for the same reason.
fn refuse_what_it_lacks(cloud: &KnownCloud, kinds: &[(Kind, &Text<'_>)]) {
    let Some(provider) = cloud.provider else {
        return;
    };
    let lacking = kinds.iter().find(|(kind, _)| !provider.kinds().contains(kind));
    if let Some((kind, text)) = lacking {
        let things = things(*kind);
        let message = format!("cloud `{}` is {provider} and has no {things}", cloud.name);
        text.problem(message, "not on every cloud of this policy", Some(HINT));
    }
}

/// Of all clouds each is taken for what it has; what none of them has would
/// never be removed, and nobody would see it.
fn refuse_what_is_nowhere(clouds: &Chosen<'_>, kinds: &[(Kind, &Text<'_>)]) {
    if let Some((kind, text)) = kinds.iter().find(|(kind, _)| clouds.nowhere(*kind)) {
        let message = format!("no cloud has {}", things(*kind));
        let hint = "leave the kind out, or add a cloud that has them: provider = \"huawei\"";
        text.problem(message, "on no cloud", Some(hint));
    }
}

fn things(kind: Kind) -> &'static str {
    match kind {
        Kind::RepositoryPermission | Kind::RepositoryShare => "repositories",
        Kind::NamespacePermission => "namespaces",
        Kind::ImageShare | Kind::Image => "images",
    }
}
