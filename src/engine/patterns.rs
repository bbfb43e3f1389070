//! Exact words and globs, one or many, as a policy file writes them.

use std::{collections::HashSet, fmt};

use glob::{MatchOptions, Pattern};

/// Case matters, and no character is special to `*` and `?`.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: false,
    require_literal_leading_dot: false,
};

/// For what people may write either way.
const ANY_CASE: MatchOptions = MatchOptions {
    case_sensitive: false,
    ..OPTIONS
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
                if has_empty_range(pattern) {
                    return Err((position, "a range in brackets runs backwards".to_owned()));
                }
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

    /// The same without regard to case.
    pub fn matches_in_any_case(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let same = |word: &String| word.to_lowercase() == text;
        self.exact.iter().any(same) || self.globs.iter().any(|glob| glob.matches_with(&text, ANY_CASE))
    }

    /// Whether any of them is about addresses.
    pub fn mention_addresses(&self) -> bool {
        self.written.iter().any(|pattern| pattern.contains('@'))
    }

    pub fn matches(&self, text: &str) -> bool {
        self.exact.contains(text) || self.globs.iter().any(|glob| glob.matches_with(text, OPTIONS))
    }
}

/// A range like `[z-a]` holds nothing: it would make an exemption spare nobody.
fn has_empty_range(pattern: &str) -> bool {
    let sets = pattern
        .split('[')
        .skip(1)
        .filter_map(|rest| rest.split(']').next());
    sets.flat_map(|set| {
        let characters: Vec<char> = set.chars().collect();
        let ranges = characters.windows(3).filter(|range| range[1] == '-');
        ranges.map(|range| (range[0], range[2])).collect::<Vec<_>>()
    })
    .any(|(first, last)| first > last)
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
        assert!(Patterns::compile(vec!["x[z-a]".into()]).is_err());
        assert!(Patterns::compile(vec!["x[a-z0-9]".into()]).is_ok());
    }
}
