//! What the policies are called, and nothing else of them: who may not read the
//! secrets that the rest names can still be told of a misspelt name.

use std::{collections::BTreeSet, path::Path};

use super::{files::Files, policy::NAMELESS_HINT, problem::Problems, tree::Tree};
use crate::model::PolicyName;

/// The names in the files of policies that `revokd.toml` leads to.
///
/// # Errors
/// What keeps a name from being known: a file that cannot be read or is no
/// TOML, a policy without a name.
pub fn policy_names(path: &Path) -> Result<BTreeSet<PolicyName>, Problems> {
    let files = Files::read(path);
    let (mut problems, mut warnings) = (files.problems, Problems::default());
    let mut names = BTreeSet::new();
    for file in &files.policies {
        let tree = Tree::parse(file);
        let sections = tree.root().and_then(|mut root| root.take("policy"));
        let sections = sections.map(|value| value.tables("[[policy]]"));
        for mut section in sections.into_iter().flatten() {
            let name = section
                .require("name", NAMELESS_HINT)
                .and_then(|value| value.text());
            names.extend(name.map(|name| PolicyName::from(name.text)));
        }
        tree.tell(&mut problems, &mut warnings);
    }
    match problems.is_empty() {
        true => Ok(names),
        false => Err(problems),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn folder(policies: &str) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("policies")).unwrap();
        let config = "[clouds.prod.auth]\npassword_file = \"absent\"\n";
        fs::write(folder.path().join("revokd.toml"), config).unwrap();
        fs::write(folder.path().join("policies/a.toml"), policies).unwrap();
        folder
    }

    fn names(policies: &str) -> Result<Vec<String>, String> {
        let folder = folder(policies);
        let names = policy_names(&folder.path().join("revokd.toml"));
        let names = names.map_err(|problems| problems.to_string())?;
        Ok(names.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn names_are_known_without_any_secret_and_whatever_else_is_wrong() {
        let two = "[[policy]]\nname = \"b\"\nmode = \"never\"\n[[policy]]\nname = \"a\"\n";
        assert_eq!(names(two).unwrap(), ["a", "b"]);
        assert_eq!(names("").unwrap(), [""; 0]);
    }

    #[test]
    fn a_name_that_cannot_be_told_makes_all_of_them_uncertain() {
        for (text, told) in [("[[policy]]\n", "`name`"), ("not TOML", "a.toml")] {
            let problems = names(text).unwrap_err();
            assert!(problems.contains(told), "{problems}");
        }
    }
}
