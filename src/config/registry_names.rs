//! The grammar of names in a registry, for what people type: a pattern that no
//! name can ever match would silently select, or spare, nothing.
//!
//! What a cloud answers is never held against it: old names break the rules.

use std::ops::Range;

use super::value::Text;

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    Namespace,
    /// Within its namespace: `team/sub/api`.
    Repository,
}

/// Why a text is no name, nor a pattern of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    /// The bytes that are wrong.
    pub part: Range<usize>,
    pub hint: Option<&'static str>,
}

impl Fault {
    /// The same in a text that begins so many bytes earlier.
    pub fn behind(self, bytes: usize) -> Fault {
        Fault {
            part: self.part.start + bytes..self.part.end + bytes,
            ..self
        }
    }

    /// Reports it at its place in the file.
    pub fn tell(&self, text: &Text<'_>) {
        let span = text.part(self.part.clone());
        text.sink.problem(span, self.message.clone(), "here", self.hint);
    }
}

impl Name {
    /// Checks a name, or of a pattern with globs the characters that stand for
    /// themselves.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(self, pattern: &str) -> Result<(), Fault> {
        match pattern.contains(['*', '?', '[']) {
            true => self.check_characters(&literals(pattern)),
            false => self.check_exact(pattern),
        }
    }

    fn check_exact(self, name: &str) -> Result<(), Fault> {
        let characters: Vec<(usize, char)> = name.char_indices().collect();
        self.check_characters(&characters)?;
        let (word, longest) = (self.word(), self.longest());
        if characters.is_empty() || characters.len() > longest {
            let message = format!(
                "a {word} has 1 to {longest} characters, this one {}",
                characters.len()
            );
            return Err(Fault {
                message,
                part: 0..name.len(),
                hint: None,
            });
        }
        let first = characters[0].1;
        if !self.may_begin(first) {
            let with = match self {
                Name::Namespace => "a lower case letter",
                Name::Repository => "a lower case letter or a digit",
            };
            let message = format!("a {word} begins with {with}, not with `{first}`");
            return Err(Fault {
                message,
                part: 0..1,
                hint: None,
            });
        }
        let (position, last) = characters[characters.len() - 1];
        if is_separator(last) {
            let message = format!("a {word} ends with a lower case letter or a digit, not with `{last}`");
            return Err(Fault {
                message,
                part: position..name.len(),
                hint: None,
            });
        }
        check_separators(word, name)
    }

    fn check_characters(self, characters: &[(usize, char)]) -> Result<(), Fault> {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || is_separator(c);
        let allowed = |c: char| good(c) && (c != '/' || self == Name::Repository);
        let Some((position, wrong)) = characters.iter().find(|(_, c)| !allowed(*c)) else {
            return Ok(());
        };
        let hint = match (self, wrong) {
            (Name::Repository, '$') => Some("write the slash: team/api; the `$` stands in addresses only"),
            (Name::Namespace, '/' | '$') => Some("what stands behind the namespace is `repository`"),
            (_, c) if c.is_uppercase() => Some("these names are in lower case"),
            (Name::Namespace, _) => Some("letters a to z, digits, and `.`, `_`, `-` between them"),
            (Name::Repository, _) => Some("letters a to z, digits, and `.`, `/`, `_`, `-` between them"),
        };
        Err(Fault {
            message: format!("no {} holds `{wrong}`", self.word()),
            part: *position..position + wrong.len_utf8(),
            hint,
        })
    }

    fn word(self) -> &'static str {
        match self {
            Name::Namespace => "namespace",
            Name::Repository => "repository",
        }
    }

    /// In characters.
    fn longest(self) -> usize {
        match self {
            Name::Namespace => 64,
            Name::Repository => 128,
        }
    }

    fn may_begin(self, first: char) -> bool {
        first.is_ascii_lowercase() || (self == Name::Repository && first.is_ascii_digit())
    }
}

/// Checks `NAMESPACE/REPOSITORY`, or a pattern of it.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_repository_id(pattern: &str) -> Result<(), Fault> {
    if pattern.contains(['*', '?', '[']) {
        // Where the namespace ends is for the globs to say.
        return Name::Repository.check(pattern);
    }
    let Some((namespace, repository)) = pattern.split_once('/') else {
        return Err(Fault {
            message: format!("`{pattern}` is the id of no repository"),
            part: 0..pattern.len(),
            hint: Some("write NAMESPACE/REPOSITORY; for all of a namespace: NAMESPACE/*"),
        });
    };
    Name::Namespace.check(namespace)?;
    let begin = pattern.len() - repository.len();
    Name::Repository
        .check(repository)
        .map_err(|fault| fault.behind(begin))
}

/// Between two letters or digits stands one separator, or `__`.
fn check_separators(word: &str, name: &str) -> Result<(), Fault> {
    let mut begin = 0;
    while let Some(offset) = name[begin..].find(is_separator) {
        begin += offset;
        let length = name[begin..]
            .find(|c| !is_separator(c))
            .unwrap_or(name.len() - begin);
        let run = &name[begin..begin + length];
        if length > 1 && run != "__" {
            return Err(Fault {
                message: format!("a {word} holds no separators side by side, like `{run}`"),
                part: begin..begin + length,
                hint: Some("only two underscores may stand together"),
            });
        }
        begin += length;
    }
    Ok(())
}

fn is_separator(character: char) -> bool {
    matches!(character, '.' | '/' | '_' | '-')
}

/// What of a pattern stands for itself, with its places: no `*` or `?`, and
/// nothing of a set in brackets.
fn literals(pattern: &str) -> Vec<(usize, char)> {
    let mut found = Vec::new();
    let mut rest = pattern.char_indices();
    while let Some((position, character)) = rest.next() {
        match character {
            '*' | '?' => {}
            '[' => {
                // A bracket that comes first in a set belongs to the set.
                let set = &pattern[position + 1..];
                let inner = set.strip_prefix('!').unwrap_or(set);
                let offset = pattern.len() - inner.len();
                let first = inner.chars().next().map_or(0, char::len_utf8);
                let end = inner[first..]
                    .find(']')
                    .map_or(pattern.len(), |end| offset + first + end);
                rest.by_ref()
                    .take_while(|(position, _)| *position < end)
                    .for_each(drop);
            }
            other => found.push((position, other)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(name: Name, pattern: &str) -> Fault {
        name.check(pattern).expect_err(pattern)
    }

    #[test]
    fn what_is_wrong_with_a_name_is_said_with_its_place() {
        for (name, pattern, message, part) in [
            (Name::Repository, "team$api", "holds `$`", 4..5),
            (Name::Namespace, "team/api", "holds `/`", 4..5),
            (Name::Namespace, "Team", "holds `T`", 0..1),
            (Name::Repository, "büro", "holds `ü`", 1..3),
            (Name::Namespace, "1team", "begins with a lower case letter", 0..1),
            (Name::Repository, "/api", "begins with", 0..1),
            (Name::Repository, "api/", "ends with", 3..4),
            (Name::Repository, "a//b", "side by side", 1..3),
            (Name::Repository, "a___b", "side by side", 1..4),
            (Name::Repository, "", "1 to 128 characters, this one 0", 0..0),
            (Name::Repository, "a-*$", "holds `$`", 3..4),
            (Name::Namespace, "team-[a-z]/*", "holds `/`", 10..11),
        ] {
            let fault = fault(name, pattern);
            assert!(fault.message.contains(message), "{pattern}: {}", fault.message);
            assert_eq!(fault.part, part, "{pattern}");
        }
        assert!(
            fault(Name::Repository, "a$b")
                .hint
                .is_some_and(|hint| hint.contains("the slash"))
        );
        assert!(
            fault(Name::Namespace, "Abc")
                .hint
                .is_some_and(|hint| hint.contains("lower case"))
        );
    }

    #[test]
    fn the_id_of_a_repository_names_its_namespace() {
        for good in ["team/api", "team/sub/api", "team/*", "*", "team?/api"] {
            assert_eq!(check_repository_id(good), Ok(()), "{good}");
        }
        let part = |pattern| check_repository_id(pattern).expect_err(pattern).part;
        assert_eq!(part("team"), 0..4);
        assert_eq!(part("team$x/api"), 4..5);
        assert_eq!(part("team/api$x"), 8..9);
        assert_eq!(part("team/"), 5..5);
        assert_eq!(part("team/A*"), 5..6);
    }

    #[test]
    fn length_counts_to_the_last_character() {
        for (name, longest) in [(Name::Namespace, 64), (Name::Repository, 128)] {
            assert_eq!(name.check(&"a".repeat(longest)), Ok(()));
            assert!(name.check(&"a".repeat(longest + 1)).is_err());
        }
    }

    #[test]
    fn sets_and_globs_stand_for_others() {
        for pattern in ["*", "team-?", "[!A-Z]*", "[]$]x", "[!]$]x", "-*", "a--*", "[A-Z]"] {
            assert_eq!(Name::Namespace.check(pattern), Ok(()), "{pattern}");
        }
    }

    /// The same rule, told another way: words of letters and digits, joined.
    fn is_name(name: Name, text: &str) -> bool {
        let joins: &[&str] = match name {
            Name::Namespace => &["__", ".", "_", "-"],
            Name::Repository => &["__", ".", "/", "_", "-"],
        };
        let mut rest = text;
        if name == Name::Namespace && rest.starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
        loop {
            let word = rest.find(|c: char| !matches!(c, 'a'..='z' | '0'..='9'));
            match word {
                Some(0) => return false,
                None => return !rest.is_empty(),
                Some(length) => rest = &rest[length..],
            }
            match joins.iter().find_map(|join| rest.strip_prefix(join)) {
                Some(behind) => rest = behind,
                None => return false,
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn good_names_are_taken(
            namespace in "[a-z][a-z0-9]{0,9}((\\.|-|_|__)[a-z0-9]{1,9}){0,4}",
            repository in "[a-z0-9]{1,9}((\\.|/|-|_|__)[a-z0-9]{1,9}){0,9}",
        ) {
            prop_assert_eq!(Name::Namespace.check(&namespace), Ok(()));
            prop_assert_eq!(Name::Repository.check(&repository), Ok(()));
        }

        #[test]
        fn short_texts_are_judged_as_by_the_other_rule(text in "[a1_./A$ü-]{0,7}") {
            for name in [Name::Namespace, Name::Repository] {
                prop_assert_eq!(name.check(&text).is_ok(), is_name(name, &text));
            }
        }

        #[test]
        fn a_fault_lies_within_the_text(text in "\\PC{0,12}", globs in "[a*?\\[\\]!/$ü-]{0,9}") {
            for text in [text, globs] {
                for name in [Name::Namespace, Name::Repository] {
                    if let Err(fault) = name.check(&text) {
                        prop_assert!(text.get(fault.part.clone()).is_some(), "{:?}", fault);
                    }
                }
            }
        }

        #[test]
        fn a_name_is_good_as_a_pattern_too(name in "[a-z][a-z0-9]{0,5}((\\.|/|-|__)[a-z0-9]{1,5}){0,3}") {
            prop_assert_eq!(Name::Repository.check(&format!("{name}*")), Ok(()));
        }
    }
}
