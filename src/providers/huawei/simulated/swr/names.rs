//! The grammar of names.

use super::{Problem, problems};

pub(super) fn check_namespace(name: &str) -> Result<(), Problem> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    if starts_well && is_well_formed(name, 64, "._-") {
        Ok(())
    } else {
        Err(problems::invalid_namespace())
    }
}

/// The real name, with its slashes.
pub(super) fn check_repository(name: &str) -> Result<(), Problem> {
    if is_well_formed(name, 128, "._-/") {
        Ok(())
    } else {
        Err(problems::invalid_repository())
    }
}

/// Separators stand alone, but for two underscores together.
fn is_well_formed(name: &str, longest: usize, separators: &str) -> bool {
    let is_inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let runs = name.split(is_inner).filter(|run| !run.is_empty());
    let is_separator = |run: &str| run == "__" || (run.chars().count() == 1 && separators.contains(run));
    name.len() <= longest
        && name.starts_with(is_inner)
        && name.ends_with(is_inner)
        && runs.into_iter().all(is_separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_grammar() {
        for good in ["a", "team-a", "team.a_b-c", "a__b", "a1"] {
            assert!(check_namespace(good).is_ok(), "{good}");
        }
        let long = "a".repeat(65);
        for bad in [
            "", "1a", "-a", "a-", "a--b", "a._b", "a___b", "A", "a/b", "a$b", &long,
        ] {
            assert!(check_namespace(bad).is_err(), "{bad}");
        }
        for good in ["1a", "team/sub/api", "a__b/c"] {
            assert!(check_repository(good).is_ok(), "{good}");
        }
        for bad in ["", "/a", "a/", "a//b", "a/-b", "a$b"] {
            assert!(check_repository(bad).is_err(), "{bad}");
        }
    }
}
