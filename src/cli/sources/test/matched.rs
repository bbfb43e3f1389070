//! How the entries of a list match the users of one cloud.

use std::collections::HashMap;

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::{
    cli::output,
    engine::people::{Found, Matching, Person},
    model::{CloudName, Entry, Id, Roll, User},
};

#[derive(Serialize)]
pub struct CloudMatch {
    cloud: String,
    /// Why its users could not be listed; the rest is empty then.
    problem: Option<String>,
    users: u64,
    matched: Vec<Matched>,
    /// Entries that match nobody, each with its place and keys.
    matching_nobody: Vec<String>,
    /// Entries that decide on nobody, each with the reason.
    disputed: Vec<String>,
    /// Users of the cloud that are on no entry.
    on_no_entry: Vec<String>,
    /// Users of whom nothing is told that the list could be held against.
    untold: u64,
}

/// A user whom the list speaks of.
#[derive(Serialize)]
struct Matched {
    place: String,
    user: String,
    user_name: String,
    /// `listed`, `gone` or `here`.
    standing: &'static str,
    since: Option<Timestamp>,
}

impl CloudMatch {
    pub fn unseen(cloud: &CloudName, why: String) -> CloudMatch {
        CloudMatch {
            cloud: cloud.to_string(),
            problem: Some(why),
            users: 0,
            matched: vec![],
            matching_nobody: vec![],
            disputed: vec![],
            on_no_entry: vec![],
            untold: 0,
        }
    }

    pub fn of(roll: &Roll, cloud: &CloudName, users: &[User], zone: &TimeZone, now: Timestamp) -> CloudMatch {
        let people: HashMap<&Id, Person> = users.iter().map(|user| (&user.id, Person::of(user))).collect();
        let matching = Matching::of(roll, cloud, &people, zone, now);
        let usable = |entry: &&Entry| entry.problem.is_none();
        let nobody = matching.of_entries().filter(|(_, ids)| ids.is_empty());
        let nobody = nobody.map(|(entry, _)| entry).filter(usable);
        let mut found = CloudMatch {
            users: users.len() as u64,
            matching_nobody: nobody
                .map(|entry| format!("{}: {}", entry.place, entry.keys.join(", ")))
                .collect(),
            disputed: matching.disputed().to_vec(),
            ..CloudMatch::unseen(cloud, String::new())
        };
        found.problem = None;
        found.disputed.sort();
        found.disputed.dedup();
        for user in users {
            found.add(roll, user, matching.of_user(&user.id));
        }
        found.matched.sort_by(|one, other| one.place.cmp(&other.place));
        found
    }

    fn add(&mut self, roll: &Roll, user: &User, said: Found) {
        let (entry, standing, since) = match said {
            Found::Listed {
                entry,
                plainly: true,
                since,
            } => (entry, "listed", Some(since)),
            Found::Listed { entry, since, .. } => (entry, "gone", Some(since)),
            Found::Here { entry } => (entry, "here", None),
            Found::Deleted | Found::Missing => {
                self.on_no_entry.push(called(user));
                return;
            }
            Found::Untold(_) => {
                self.untold += 1;
                return;
            }
            Found::Unclear(_) => return,
        };
        self.matched.push(Matched {
            place: roll.entries[entry].place.clone(),
            user: user.id.to_string(),
            user_name: user.name.clone(),
            standing,
            since,
        });
    }

    pub fn lines(&self, matched_to: &str, limit: usize) -> Vec<String> {
        let cloud = &self.cloud;
        if let Some(why) = &self.problem {
            return vec![format!("cloud {cloud}: its users could not be listed: {why}")];
        }
        let users = output::count(self.users, "user", "users");
        let mut lines = vec![format!("cloud {cloud}: {users}, matched by {matched_to}")];
        let matched: Vec<String> = self.matched.iter().map(Matched::line).collect();
        lines.extend(cut("matched", &matched, limit));
        lines.extend(cut("entries that match nobody", &self.matching_nobody, limit));
        lines.extend(cut("entries that decide on nobody", &self.disputed, limit));
        // Of a list of leavers these are nearly all.
        let few = if limit == usize::MAX { limit } else { limit.min(5) };
        lines.extend(cut("users on no entry", &self.on_no_entry, few));
        if self.untold > 0 {
            let users = output::count(self.untold, "user", "users");
            lines.push(format!(
                "  {users} without a {matched_to} that is told: nobody of them is missing from the list"
            ));
        }
        lines
    }
}

impl Matched {
    fn line(&self) -> String {
        let since = self
            .since
            .map_or_else(String::new, |since| format!(" since {}", output::moment(since)));
        let name = &self.user_name;
        format!(
            "{} -> {name} ({}): {}{since}",
            self.place, self.user, self.standing
        )
    }
}

fn called(user: &User) -> String {
    match user.name.is_empty() {
        true => user.id.to_string(),
        false => format!("{} ({})", user.name, user.id),
    }
}

/// A heading with the count, and at most so much of the list.
pub fn cut(heading: &str, all: &[String], limit: usize) -> Vec<String> {
    if all.is_empty() {
        return vec![];
    }
    let mut lines = vec![format!("  {heading}: {}", all.len())];
    lines.extend(all.iter().take(limit).map(|line| format!("    {line}")));
    let rest = all.len().saturating_sub(limit);
    if rest > 0 {
        lines.push(format!("    … and {rest} more: `--all` shows them"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        engine::sample::at,
        model::{Standing, UserKey, UserState},
    };

    fn user(id: &str, name: &str) -> User {
        User {
            id: Id::from(id),
            name: name.to_owned(),
            email: None,
            attributes: BTreeMap::new(),
            state: UserState::Enabled,
            last_seen: None,
        }
    }

    fn entry(place: &str, key: &str, standing: Standing) -> Entry {
        Entry {
            place: place.to_owned(),
            keys: vec![key.to_owned()],
            standing,
            leaves: None,
            returns: None,
            projects: vec![],
            accounts: vec![],
            problem: None,
        }
    }

    fn roll(to: UserKey, entries: Vec<Entry>) -> Roll {
        Roll {
            source: "leavers".into(),
            version: "v".into(),
            read_at: at("2026-06-01T00:00:00Z"),
            as_of: at("2026-06-01T00:00:00Z"),
            to,
            entries,
            deleted_on: None,
        }
    }

    fn matched(roll: &Roll, users: &[User]) -> CloudMatch {
        CloudMatch::of(
            roll,
            &"c".into(),
            users,
            &TimeZone::UTC,
            at("2026-06-01T00:00:00Z"),
        )
    }

    #[test]
    fn everybody_is_told_once_with_what_the_list_says_of_him() {
        let mut broken = entry("line 9", "x", Standing::Listed);
        broken.problem = Some("no key".into());
        let roll = roll(
            UserKey::Name,
            vec![
                entry("line 2", "Ann", Standing::Gone),
                entry("line 3", "bob", Standing::Here),
                entry("line 4", "nobody", Standing::Listed),
                entry("line 5", "eve", Standing::Here),
                entry("line 6", "eve", Standing::Gone),
                broken,
            ],
        );
        let users = [
            user("1", "ann"),
            user("2", "bob"),
            user("3", "eve"),
            user("4", "zoe"),
        ];
        let text = matched(&roll, &users).lines("user.name", 20).join("\n");
        for told in [
            "cloud c: 4 users, matched by user.name",
            "  matched: 2\n    line 2 -> ann (1): gone since 2026-06-01 00:00:00Z\n    line 3 -> bob (2): here",
            "  entries that match nobody: 1\n    line 4: nobody",
            "  entries that decide on nobody: 1\n    line 5 and line 6 say different things",
            "  users on no entry: 1\n    zoe (4)",
        ] {
            assert!(text.contains(told), "{told} in:\n{text}");
        }
    }

    #[test]
    fn who_has_no_address_that_is_told_is_not_missing() {
        let roll = roll(UserKey::Email, vec![entry("line 2", "a@b.c", Standing::Here)]);
        let found = matched(&roll, &[user("1", "ann")]);
        assert_eq!((found.untold, found.on_no_entry.len()), (1, 0));
    }

    #[test]
    fn long_lists_are_cut_with_the_count_of_the_rest() {
        let all: Vec<String> = (0..30).map(|number| number.to_string()).collect();
        let shown = cut("matched", &all, 20);
        assert_eq!(shown.len(), 22);
        assert_eq!(shown[21], "    … and 10 more: `--all` shows them");
        assert_eq!(cut("matched", &all, usize::MAX).len(), 31);
        assert!(cut("matched", &[], 20).is_empty());
    }
}
