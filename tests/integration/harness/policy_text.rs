//! Policies as text, so that every scenario goes through the real loader.

use std::fmt;

use super::people::Way;

#[derive(Clone)]
pub struct PolicyText {
    name: String,
    /// As TOML.
    resource: String,
    keys: Vec<(String, String)>,
    matcher: Vec<String>,
    limits: Vec<String>,
    exemptions: Vec<String>,
    ways: Vec<Way>,
}

/// Shares of any image end 30 days after they were granted. Its limits hold
/// nothing back.
pub fn lapse(name: &str) -> PolicyText {
    PolicyText::new(name, "image-share").matching("granted_before = \"30d\"")
}

/// Images older than a year are deleted.
pub fn stale_images(name: &str) -> PolicyText {
    PolicyText::new(name, "image").matching("created_before = \"365d\"")
}

/// Who is disabled or deleted loses all permissions in the registry.
pub fn leavers(name: &str) -> PolicyText {
    let kinds = ["repository-permission", "namespace-permission"];
    PolicyText::of_kinds(name, &kinds).matching("user.state = [\"disabled\", \"deleted\"]")
}

/// Shares of repositories end once their own deadline is over.
pub fn expired_account_shares(name: &str) -> PolicyText {
    PolicyText::new(name, "repository-share").matching("deadline_passed = true")
}

impl PolicyText {
    pub fn new(name: &str, resource: &str) -> PolicyText {
        PolicyText::of_kinds(name, &[resource])
    }

    pub fn of_kinds(name: &str, kinds: &[&str]) -> PolicyText {
        PolicyText {
            name: name.to_owned(),
            resource: match kinds {
                [kind] => format!("{kind:?}"),
                kinds => format!("{kinds:?}"),
            },
            keys: vec![
                ("schedule".to_owned(), "\"*/15 * * * *\"".to_owned()),
                ("clouds".to_owned(), "\"*\"".to_owned()),
                ("mode".to_owned(), "\"enforce\"".to_owned()),
            ],
            matcher: Vec::new(),
            limits: vec![
                "max_revocations = 100000".to_owned(),
                "max_percent = 100".to_owned(),
            ],
            exemptions: Vec::new(),
            ways: Vec::new(),
        }
    }

    /// Sets a key of the policy; `value` as TOML.
    pub fn key(mut self, key: &str, value: &str) -> PolicyText {
        self.keys.retain(|(known, _)| known != key);
        self.keys.push((key.to_owned(), value.to_owned()));
        self
    }

    pub fn mode(self, mode: &str) -> PolicyText {
        self.key("mode", &format!("{mode:?}"))
    }

    pub fn schedule(self, line: &str) -> PolicyText {
        self.key("schedule", &format!("{line:?}"))
    }

    /// Adds a line to the match.
    pub fn matching(mut self, line: &str) -> PolicyText {
        self.matcher.push(line.to_owned());
        self
    }

    /// Who is on one of these lists goes.
    pub fn subject_in(self, sources: &[&str]) -> PolicyText {
        self.by_lists("subject_in", sources)
    }

    /// Who is on none of these lists goes.
    pub fn subject_not_in(self, sources: &[&str]) -> PolicyText {
        self.by_lists("subject_not_in", sources)
    }

    fn by_lists(mut self, key: &str, sources: &[&str]) -> PolicyText {
        self.ways.extend(sources.iter().map(|source| Way {
            source: (*source).to_owned(),
            by_absence: key == "subject_not_in",
        }));
        self.matching(&format!("{key} = {sources:?}"))
    }

    /// The name, and the lists that it decides by.
    pub(super) fn ways(&self) -> (&str, &[Way]) {
        (&self.name, &self.ways)
    }

    /// Replaces the whole match.
    pub fn only(mut self, line: &str) -> PolicyText {
        self.matcher = vec![line.to_owned()];
        self
    }

    /// Adds a limit, or replaces it.
    pub fn limit(mut self, key: &str, value: &str) -> PolicyText {
        self.limits.retain(|line| !line.starts_with(&format!("{key} ")));
        self.limits.push(format!("{key} = {value}"));
        self
    }

    /// Adds an exemption for good.
    pub fn exempt(mut self, line: &str) -> PolicyText {
        self.exemptions.push(line.to_owned());
        self
    }
}

impl fmt::Display for PolicyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "[[policy]]\nname = {:?}\nresource = {}",
            self.name, self.resource
        )?;
        writeln!(f, "description = \"A policy of the tests.\"")?;
        for (key, value) in &self.keys {
            writeln!(f, "{key} = {value}")?;
        }
        writeln!(f, "[policy.match]\n{}", self.matcher.join("\n"))?;
        writeln!(f, "[policy.limits]\n{}", self.limits.join("\n"))?;
        for line in &self.exemptions {
            writeln!(
                f,
                "[[policy.exempt]]\n{line}\nuntil = 2099-12-31\nreason = \"contract 4711\""
            )?;
        }
        Ok(())
    }
}
