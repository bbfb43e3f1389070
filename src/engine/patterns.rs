//! Exact words and globs, one or many, as a policy file writes them.

use std::{collections::HashSet, fmt};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Matches a text if any of its patterns does: `*`, `?`, `[a-z]`, `{a,b}`
/// stand for more than themselves, all else is exact and case matters.
#[derive(Clone, Debug)]
pub struct Patterns {
    written: Vec<String>,
    exact: HashSet<String>,
    globs: GlobSet,
}

impl Patterns {
    /// # Errors
    /// The number of the pattern that is no glob, and why.
    pub fn compile(written: Vec<String>) -> Result<Patterns, (usize, String)> {
        let mut exact = HashSet::new();
        let mut globs = GlobSetBuilder::new();
        for (position, pattern) in written.iter().enumerate() {
            if pattern.contains(['*', '?', '[', '{', '\\']) {
                let glob = GlobBuilder::new(pattern)
                    .literal_separator(false)
                    .backslash_escape(true)
                    .build()
                    .map_err(|error| (position, error.kind().to_string()))?;
                globs.add(glob);
            } else {
                exact.insert(pattern.clone());
            }
        }
        let globs = globs.build().map_err(|error| (0, error.kind().to_string()))?;
        Ok(Patterns {
            written,
            exact,
            globs,
        })
    }

    pub fn matches(&self, text: &str) -> bool {
        self.exact.contains(text) || (!self.globs.is_empty() && self.globs.is_match(text))
    }
}

/// As a person wrote them, joined by `|`.
impl fmt::Display for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written.join("|"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(written: &[&str]) -> Patterns {
        Patterns::compile(written.iter().map(ToString::to_string).collect()).expect("good globs")
    }

    #[test]
    fn exact_words_match_only_themselves() {
        let one = patterns(&["edc8"]);
        assert!(one.matches("edc8"));
        assert!(!one.matches("edc89"));
        assert!(!one.matches("EDC8"));
    }

    #[test]
    fn globs_cross_slashes_and_join_with_exact_words() {
        let many = patterns(&["9c61*", "team/?", "x"]);
        assert!(many.matches("9c61/4714"));
        assert!(many.matches("team/a"));
        assert!(many.matches("x"));
        assert!(!many.matches("team/ab"));
    }

    #[test]
    fn a_broken_glob_is_named_by_its_position() {
        let (position, _) = Patterns::compile(vec!["ok".into(), "[z-a]".into()]).unwrap_err();
        assert_eq!(position, 1);
    }
}
