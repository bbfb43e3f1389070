//! Who can read and change the files that revokd lives by.
//!
//! Who can write a policy or a list of people can take access away, so that
//! their modes matter as much as those of secrets.

pub mod paths;

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

pub use self::paths::{Paths, folder, paths};
use super::finding::Finding;

/// A file or directory as it lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lies {
    pub path: PathBuf,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
}

/// `None` where it is not there or cannot be looked at.
pub fn lies(path: &Path) -> Option<Lies> {
    let metadata = fs::metadata(path).ok()?;
    Some(Lies {
        path: path.to_owned(),
        mode: metadata.mode() & 0o7777,
        uid: metadata.uid(),
        gid: metadata.gid(),
    })
}

/// What is in it, as far as it matters who gets at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The configuration, policies, lists of people.
    Decisions,
    /// A directory whose every file counts.
    Policies,
    /// Another directory of such files.
    Directory,
    Secret,
}

pub fn findings(paths: &Paths, own: u32) -> Vec<Finding> {
    let decisions = paths.decisions.iter().map(|path| (path, Holds::Decisions));
    let policies = paths.policies.iter().map(|path| (path, Holds::Policies));
    let directories = paths.directories.iter().map(|path| (path, Holds::Directory));
    let secrets = paths.secrets.iter().map(|secret| (&secret.path, Holds::Secret));
    let all = decisions.chain(policies).chain(directories).chain(secrets);
    let mut findings = Vec::new();
    let (mut good, mut good_secrets) = (0, 0);
    for (path, holds) in all {
        let Some(lies) = lies(path) else {
            continue;
        };
        match judged(&lies, holds, own) {
            Some(finding) => findings.push(finding),
            None if holds == Holds::Secret => good_secrets += 1,
            None => good += 1,
        }
    }
    let mut told = vec![Finding::ok(
        "policies",
        format!("{good} files and directories that only their owner changes"),
    )];
    if good_secrets > 0 {
        let seen = format!("{good_secrets} that only their owner reads");
        told.push(Finding::ok("secrets", seen));
    }
    told.append(&mut findings);
    told
}

/// `None`: nothing is wrong with it.
fn judged(lies: &Lies, holds: Holds, own: u32) -> Option<Finding> {
    let path = lies.path.display();
    let mode = format!("{path} has mode {:04o}", lies.mode);
    let group_matters = lies.gid != 0;
    // Others may add files to such a directory and replace none.
    let is_sticky = lies.mode & 0o1000 != 0 && holds == Holds::Directory;
    let check = match holds {
        Holds::Secret => "secret",
        _ => "policies",
    };
    if lies.mode & 0o002 != 0 && !is_sticky {
        let seen = format!("{mode}: every user of this machine can decide what is removed");
        return Some(Finding::problem(check, seen, format!("chmod go-w {path}")));
    }
    if holds == Holds::Secret && lies.mode & 0o004 != 0 {
        let seen = format!("{mode}: every user of this machine can read it");
        return Some(Finding::problem(
            check,
            seen,
            format!("chmod 600 {path}, and change the secret"),
        ));
    }
    if lies.uid != 0 && lies.uid != own {
        let seen = format!("{path} belongs to user {}, who can change it", lies.uid);
        return Some(Finding::warning(check, seen, format!("chown root {path}")));
    }
    if lies.mode & 0o020 != 0 && group_matters && !is_sticky {
        let seen = format!("{mode}: group {} can change it", lies.gid);
        return Some(Finding::warning(check, seen, format!("chmod g-w {path}")));
    }
    if holds == Holds::Secret && lies.mode & 0o040 != 0 && group_matters {
        let seen = format!("{mode}: group {} can read it", lies.gid);
        return Some(Finding::warning(check, seen, format!("chmod 600 {path}")));
    }
    None
}

/// The user that this process is.
pub fn own_user() -> u32 {
    fs::metadata("/proc/self").map_or(0, |process| process.uid())
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Verdict, *};

    const OWN: u32 = 1000;

    fn verdict(mode: u32, uid: u32, gid: u32, holds: Holds) -> Option<Verdict> {
        let path = PathBuf::from("/etc/revokd/x");
        let lies = Lies { path, mode, uid, gid };
        judged(&lies, holds, OWN).map(|finding| finding.verdict)
    }

    #[test]
    fn who_can_write_a_policy_can_remove_access() {
        for holds in [Holds::Decisions, Holds::Policies, Holds::Directory] {
            assert_eq!(verdict(0o644, 0, 0, holds), None);
            assert_eq!(verdict(0o646, 0, 0, holds), Some(Verdict::Problem));
            assert_eq!(verdict(0o664, 0, 5, holds), Some(Verdict::Warning));
            assert_eq!(verdict(0o664, 0, 0, holds), None, "the group of root");
            assert_eq!(verdict(0o644, 7, 0, holds), Some(Verdict::Warning));
            assert_eq!(verdict(0o644, OWN, OWN, holds), None);
        }
    }

    #[test]
    fn a_sticky_directory_keeps_files_but_lets_policies_be_added() {
        assert_eq!(verdict(0o1777, 0, 0, Holds::Directory), None);
        assert_eq!(verdict(0o1777, 0, 0, Holds::Policies), Some(Verdict::Problem));
    }

    #[test]
    fn a_secret_is_for_its_owner() {
        assert_eq!(verdict(0o600, 0, 0, Holds::Secret), None);
        assert_eq!(verdict(0o604, 0, 0, Holds::Secret), Some(Verdict::Problem));
        assert_eq!(verdict(0o640, 0, 5, Holds::Secret), Some(Verdict::Warning));
        assert_eq!(verdict(0o640, 0, 0, Holds::Secret), None);
    }
}
