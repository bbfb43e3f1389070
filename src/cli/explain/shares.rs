//! What is shared with a project or an account, in sentences: first what was
//! found, then where it was looked for.

use std::collections::BTreeMap;

use super::{Asked, Explained};
use crate::{cli::output, engine::reach::LookedAt, model::CloudName};

/// What the things are called that are shared, and what anybody may use of them.
struct Things {
    one: &'static str,
    many: &'static str,
    owner: &'static str,
    open: &'static str,
}

const IMAGES: Things = Things {
    one: "image",
    many: "images",
    owner: "project",
    open: "public or community, so that any project may use them",
};

const REPOSITORIES: Things = Things {
    one: "repository",
    many: "repositories",
    owner: "account",
    open: "public, so that anyone may pull from them",
};

pub fn sentences(explained: &Explained) -> Vec<String> {
    let things = match explained.asked {
        Asked::Account(_) => REPOSITORIES,
        Asked::Project(_) | Asked::User(_) => IMAGES,
    };
    let (asked, as_far) = (&explained.asked, explained.as_far());
    let mut found: BTreeMap<&CloudName, u64> = BTreeMap::new();
    for row in &explained.grants {
        *found.entry(&row.grant.cloud).or_default() += 1;
    }
    let own = explained.looked_at.iter().filter(|seen| seen.is_own);
    let own = own.map(|seen| {
        format!(
            "{asked} is the daemon's own on cloud {}: the {} listed there are its own",
            seen.cloud, things.many
        )
    });
    let found = found.into_iter().map(|(cloud, number)| {
        let number = output::count(number, things.one, things.many);
        format!("shared with {asked} on cloud {cloud}: {number}{as_far}")
    });
    let mut lines: Vec<String> = own.chain(found).collect();
    if explained.grants.is_empty() {
        lines.push(format!(
            "no {} that was looked at is shared with {asked}{as_far}",
            things.one
        ));
    }
    lines.extend(explained.looked_at.iter().map(|seen| place(seen, &things)));
    lines
}

fn place(seen: &LookedAt, things: &Things) -> String {
    let owner = match seen.owner_name.as_str() {
        "" => seen.owner.to_string(),
        name => format!("{name} ({})", seen.owner),
    };
    let listed = output::count(seen.listed, things.one, things.many);
    let open = match seen.open {
        0 => String::new(),
        open => format!("; {}: {open}", things.open),
    };
    format!(
        "looked at on cloud {}: {listed} of {} {owner}{open}",
        seen.cloud, things.owner
    )
}
