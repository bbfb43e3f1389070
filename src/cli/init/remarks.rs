//! The remarks of the shipped configuration, key by key: a section that is
//! written for somebody explains itself in the same words, which stand in one
//! place.

const SHIPPED: &str = include_str!("../../../config/revokd.toml");

/// One of the sections that the shipped configuration explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shipped {
    OpenStack,
    Registry,
}

impl Shipped {
    /// From the line that begins the section to the next cloud.
    fn text(self) -> &'static str {
        let (example, registry) = (at("\n[clouds.example]"), at("\n[clouds.registry]"));
        match self {
            Shipped::OpenStack => &SHIPPED[example..registry],
            Shipped::Registry => &SHIPPED[registry..],
        }
    }

    /// What stands above the key, on one line; empty where nothing does. A key
    /// that is switched off by a `#` counts as well.
    pub fn remark(self, key: &str) -> String {
        above(self.text(), |line| key_of(line) == Some(key))
    }

    /// What stands above the begin of the section.
    pub fn introduction(self) -> String {
        let header = match self {
            Shipped::OpenStack => "[clouds.example]",
            Shipped::Registry => "[clouds.registry]",
        };
        above(SHIPPED, |line| line == header)
    }

    /// What stands above the section of endpoints.
    pub fn of_endpoints(self) -> String {
        above(self.text(), |line| {
            line.starts_with('[') && line.ends_with(".endpoints]") || line.ends_with("example.endpoints]")
        })
    }

    /// The value as it is written there.
    pub fn value(self, key: &str) -> Option<&'static str> {
        let line = self.text().lines().find(|line| key_of(line) == Some(key))?;
        Some(line.split_once('=')?.1.trim())
    }
}

/// A remark in lines of a readable length.
pub fn comment(remark: &str) -> String {
    const WIDTH: usize = 78;
    let mut lines = String::new();
    let mut line = String::from("#");
    for word in remark.split_whitespace() {
        if line.len() > 1 && line.len() + 1 + word.len() > WIDTH {
            lines.push_str(&line);
            lines.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    if line.len() > 1 {
        lines.push_str(&line);
        lines.push('\n');
    }
    lines
}

fn at(mark: &str) -> usize {
    SHIPPED.find(mark).unwrap_or(SHIPPED.len())
}

/// The remark that ends right above the first line of that kind.
fn above(text: &str, is_wanted: impl Fn(&str) -> bool) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let Some(end) = lines.iter().position(|line| is_wanted(line)) else {
        return String::new();
    };
    let is_remark = |line: &&&str| line.starts_with('#') && key_of(line).is_none();
    let count = lines[..end].iter().rev().take_while(is_remark).count();
    let words = lines[end - count..end]
        .iter()
        .map(|line| line.trim_start_matches('#').trim());
    words.collect::<Vec<_>>().join(" ")
}

/// The key that a line sets, or would set without its `#`.
fn key_of(line: &str) -> Option<&str> {
    let line = line.strip_prefix("# ").unwrap_or(line);
    let (key, _) = line.split_once('=')?;
    let key = key.trim_end();
    let is_key = |c: char| c.is_ascii_lowercase() || c == '_';
    (!key.is_empty() && key.chars().all(is_key)).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_switched_off_are_explained_as_well() {
        assert_eq!(
            Shipped::OpenStack.remark("ca_file"),
            "An authority of your own, besides those the system trusts."
        );
        assert!(
            Shipped::Registry
                .remark("flavour")
                .starts_with("Follows from the address")
        );
        assert!(
            Shipped::OpenStack
                .remark("password_env")
                .starts_with("A secret never stands")
        );
    }

    #[test]
    fn everything_that_is_looked_up_is_there() {
        for (section, keys) in [
            (
                Shipped::OpenStack,
                &["project", "ca_file", "concurrency", "method", "password_env"][..],
            ),
            (
                Shipped::Registry,
                &[
                    "domain",
                    "flavour",
                    "enterprise_project",
                    "batch_resources",
                    "method",
                ],
            ),
        ] {
            for key in keys {
                assert!(!section.remark(key).is_empty(), "{section:?} {key}");
            }
            assert!(!section.introduction().is_empty() && !section.of_endpoints().is_empty());
        }
        assert_eq!(Shipped::OpenStack.value("concurrency"), Some("8"));
        assert_eq!(Shipped::OpenStack.remark("no_such_key"), "");
    }

    #[test]
    fn a_long_remark_becomes_several_lines() {
        let words = "word ".repeat(40);
        let comment = comment(&words);
        assert!(comment.lines().count() > 1);
        assert!(
            comment
                .lines()
                .all(|line| line.starts_with("# ") && line.len() <= 78)
        );
    }
}
