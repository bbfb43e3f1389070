//! `revokd explain`

mod asked;
mod look;
mod shares;
mod wanted;
mod ways;
mod words;

use std::{collections::BTreeSet, path::Path};

use serde::Serialize;

use self::{
    asked::Asked,
    look::look,
    ways::{sentence, ways},
};
use super::{
    Exit, Output, assemble,
    gap::GapRow,
    output::{self, print_json, print_line},
};
use crate::{
    engine::reach::{Explanation, Grant, ListWord, LookedAt, UNKNOWABLE},
    model::{CloudName, Id, SourceName, UserState},
};

/// Show what somebody holds, what will go, when and why, and what stays
///
/// Of a person it looks at every cloud that has a registry or that an enabled
/// policy names, and reads every source. Of a project it looks at the images
/// of every cloud, of an account at the repositories of every cloud that has a
/// registry, and at the sources that policies about such shares name. Nothing
/// is removed or recorded. Exits with 1 if nobody and nothing is known by that
/// word, or if a part could not be seen: then it proves nothing that something
/// was not found.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  revokd explain ann@example.org\n  revokd explain build-bot\n  \
                  revokd explain 9c61004714024f9586705d090530f9fa --cloud registry\n  \
                  revokd explain project:9c61004714024f9586705d090530f9fa   the images shared with it\n  \
                  revokd explain account:partner-acct                       the repositories shared with it"
)]
pub struct Arguments {
    /// A person: an id, a name, an e-mail address, or a key of an entry of a
    /// source. Or project:ID, or account:NAME.
    #[arg(value_name = "WHO")]
    asked: Asked,

    /// One cloud; all if none is named.
    #[arg(long, value_name = "CLOUD")]
    cloud: Option<String>,

    /// For people or for programs.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// The scope of a gap that hides all of a cloud.
const WHOLE_CLOUD: &str = "cloud";

/// All that is told; the keys are stable.
#[derive(Serialize)]
struct Explained {
    /// Under one of the keys `user`, `project` and `account`.
    #[serde(flatten)]
    asked: Asked,
    /// A cloud or a source knows whom or what the word means.
    known: bool,
    identities: Vec<Identity>,
    /// Of a person.
    clouds: Vec<Explanation>,
    /// Of a project or an account.
    looked_at: Vec<LookedAt>,
    sources: Vec<SourceRow>,
    grants: Vec<GrantRow>,
    policies: Vec<PolicyRow>,
    /// Clouds whose identity service did not list its users, and why: who holds
    /// nothing there is not known.
    users_not_listed: Vec<String>,
    gaps: BTreeSet<GapRow>,
}

/// A user of one cloud, as its identity service tells.
#[derive(Serialize)]
struct Identity {
    cloud: CloudName,
    id: Id,
    name: String,
    email: Option<String>,
    state: UserState,
}

#[derive(Serialize)]
struct SourceRow {
    source: SourceName,
    /// Why nothing is decided by it.
    not_proven: Option<String>,
    says: Vec<ListWord>,
}

#[derive(Serialize)]
struct GrantRow {
    #[serde(flatten)]
    grant: Grant,
    tasks: Vec<TaskRow>,
}

/// A task about the grant that is not over.
#[derive(Serialize)]
struct TaskRow {
    id: i64,
    policy: String,
    state: String,
    hold: Option<String>,
}

/// A policy that has something to say of a grant.
#[derive(Serialize)]
struct PolicyRow {
    name: String,
    mode: String,
    /// In the time zone of the policy.
    next_run: Option<String>,
    /// Seconds between the decision and the earliest call.
    grace: i64,
    /// Why its next run would be held; empty: it would not.
    brake: Vec<String>,
    /// Why it would decide nothing.
    unproven: Vec<String>,
}

pub async fn main(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let Some(loaded) = assemble::load_or_show(config) else {
        return Ok(Exit::ConfigurationInvalid);
    };
    let look = look(&loaded.config, arguments.cloud.as_deref(), &arguments.asked).await?;
    let explained = look.explain(&loaded.config, &arguments.asked).await?;
    match arguments.output {
        Output::Json => print_json(&explained)?,
        Output::Table => explained.lines().iter().try_for_each(|line| print_line(line))?,
    }
    // Smaller gaps are told with what is not known of their cloud.
    for gap in explained.gaps.iter().filter(|gap| gap.scope == WHOLE_CLOUD) {
        output::tell(&format!("{gap}\n"));
    }
    Ok(match explained.known && explained.all_was_seen() {
        true => Exit::Done,
        false => Exit::Failed,
    })
}

impl Explained {
    fn all_was_seen(&self) -> bool {
        let unread = |cloud: &Explanation| cloud.unknown.iter().any(|what| what != UNKNOWABLE);
        self.gaps.is_empty()
            && !self.clouds.iter().any(unread)
            && self.looked_at.iter().all(|seen| seen.is_complete)
            && self.unjudged().next().is_none()
    }

    /// Policies whose word on the grants is not known.
    fn unjudged(&self) -> impl Iterator<Item = &PolicyRow> {
        self.policies.iter().filter(|policy| !policy.unproven.is_empty())
    }

    /// What people are shown.
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = match &self.asked {
            Asked::User(word) => self.who(word),
            Asked::Project(_) | Asked::Account(_) => shares::sentences(self),
        };
        lines.extend(
            self.sources
                .iter()
                .flat_map(|source| words::source(source, &self.asked)),
        );
        let rows: Vec<[String; 5]> = self.clouds.iter().flat_map(ways).collect();
        if !rows.is_empty() {
            lines.push(output::table(
                ["cloud", "who", "through", "resource", "level"],
                rows,
            ));
        }
        lines.extend(
            self.grants
                .iter()
                .flat_map(|grant| words::grant(grant, &self.policies)),
        );
        lines.extend(self.unjudged().map(words::unjudged));
        lines.extend(self.users_not_listed.iter().cloned());
        let persons = self.clouds.iter().map(|cloud| (&cloud.cloud, &cloud.unknown));
        let others = self.looked_at.iter().map(|seen| (&seen.cloud, &seen.unknown));
        for (cloud, unknown) in persons.chain(others) {
            let unknown = unknown.iter();
            lines.extend(unknown.map(|what| format!("not known on cloud {cloud}: {what}")));
        }
        lines
    }

    /// What an answer is bounded by that found nothing.
    fn as_far(&self) -> &'static str {
        match self.all_was_seen() {
            true => "",
            false => ", as far as could be seen",
        }
    }

    fn who(&self, word: &str) -> Vec<String> {
        let as_far = self.as_far();
        if !self.known {
            return vec![format!("no cloud and no source knows the user {word:?}{as_far}")];
        }
        let people = self
            .clouds
            .iter()
            .flat_map(|cloud| cloud.people.iter().map(move |person| (cloud, person)));
        let mut lines: Vec<String> = people
            .clone()
            .map(|(cloud, person)| sentence(&cloud.cloud, person))
            .collect();
        let holds = |identity: &Identity| {
            people
                .clone()
                .any(|(cloud, person)| cloud.cloud == identity.cloud && person.id == identity.id)
        };
        let idle = self.identities.iter().filter(|identity| !holds(identity));
        lines.extend(idle.map(words::identity));
        if lines.is_empty() {
            lines.push(format!("no cloud knows the user {word:?}{as_far}"));
        }
        lines
    }
}

#[cfg(test)]
mod tests;
