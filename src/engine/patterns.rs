//! Exact words and globs, one or many, as a policy file writes them.

use std::{collections::HashSet, fmt};

use glob::{MatchOptions, Pattern};

/// Case matters, and no character is special to `*` and `?`.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: false,
    require_literal_leading_dot: false,
};

/// Matches a text if any of its patterns does: `*` stands for any characters,
/// `?` for one, `[a-z]` and `[!a-z]` for one of a set; all else is exact.
#[derive(Clone, Debug)]
pub struct Patterns {
    written: Vec<String>,
    exact: HashSet<String>,
    globs: Vec<Pattern>,
}

impl Patterns {
    /// # Errors
    /// The number of the pattern that is no glob, and why.
    pub fn compile(written: Vec<String>) -> Result<Patterns, (usize, String)> {
        let mut exact = HashSet::new();
        let mut globs = Vec::new();
        for (position, pattern) in written.iter().enumerate() {
            if pattern.contains(['*', '?', '[']) {
                globs.push(Pattern::new(pattern).map_err(|error| (position, error.msg.to_owned()))?);
            } else {
                exact.insert(pattern.clone());
            }
        }
        Ok(Patterns {
            written,
            exact,
            globs,
        })
    }

    pub fn matches(&self, text: &str) -> bool {
        self.exact.contains(text) || self.globs.iter().any(|glob| glob.matches_with(text, OPTIONS))
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
    fn a_question_mark_is_one_character_of_any_alphabet() {
        for pattern in ["b?ro", "b[üö]ro", "*ü*"] {
            assert!(patterns(&[pattern]).matches("büro"), "{pattern}");
        }
        assert!(!patterns(&["?"]).matches("üü"));
    }

    #[test]
    fn a_broken_glob_is_named_by_its_position() {
        let (position, _) = Patterns::compile(vec!["ok".into(), "[a".into()]).unwrap_err();
        assert_eq!(position, 1);
    }
}
