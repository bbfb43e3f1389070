//! The store: its place, its file, what is in it, and who works on it. It is
//! never made or changed here.

use std::{fs, path::Path, process::Command};

use super::{
    files::{self, Lies},
    finding::Finding,
};
use crate::{
    cli::output,
    store::{AuditReport, Inspection, StoreError},
};

/// MiB; a queue of some ten thousand tasks takes as many.
const LITTLE_SPACE: u64 = 500;
const NO_SPACE: u64 = 50;

/// A store that was looked at.
pub struct Examined {
    pub findings: Vec<Finding>,
    /// `None` where there is none, or it cannot be read.
    pub inspection: Option<Inspection>,
}

pub async fn examine(path: &Path, own: u32) -> Examined {
    let directory = files::folder(path);
    let mut findings = Vec::new();
    let Some(place_lies) = files::lies(&directory) else {
        findings.push(no_place(&directory, super::service::makes(&directory)));
        return Examined {
            findings,
            inspection: None,
        };
    };
    findings.push(place(&place_lies));
    findings.push(space(free_mebibytes(&directory), &directory));
    let Some(lies) = files::lies(path) else {
        let why = format!("nothing has run yet: there is no store at {}", path.display());
        findings.push(Finding::not_checked(
            "store",
            why,
            "the first run makes it: revokd run",
        ));
        return Examined {
            findings,
            inspection: None,
        };
    };
    let of_others = strangers(&place_lies, &lies, &beside(path));
    findings.push(of_others.unwrap_or_else(|| file(&lies, own)));
    let inspected = {
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || crate::store::inspect(&path)).await
    };
    let inspection = match inspected {
        Ok(Ok(inspection)) => {
            findings.extend(judged(&inspection, path));
            Some(inspection)
        }
        Ok(Err(error)) => {
            findings.push(unusable(error, path));
            None
        }
        Err(error) => {
            findings.push(Finding::problem(
                "store",
                error.to_string(),
                "report this as a fault",
            ));
            None
        }
    };
    findings.push(workers(
        path,
        inspection.as_ref().and_then(|found| found.dispatcher),
    ));
    Examined { findings, inspection }
}

/// To somebody who just installed the package nothing is wrong yet.
fn no_place(directory: &Path, comes_with_the_service: bool) -> Finding {
    let shown = directory.display();
    if comes_with_the_service && !directory.is_symlink() {
        let why = format!("nothing has run yet: the service makes {shown} when it first starts");
        return Finding::not_checked("place", why, "systemctl enable --now revokd");
    }
    let seen = format!("its directory {shown} is not there or cannot be looked into");
    let mend = format!("mkdir -m 700 {shown}; the service makes its own below /var/lib");
    Finding::problem("place", seen, mend)
}

fn place(directory: &Lies) -> Finding {
    let path = directory.path.display();
    // Others may add files to a sticky directory and replace none.
    let is_sticky = directory.mode & 0o1000 != 0;
    if directory.mode & 0o002 != 0 && !is_sticky {
        let seen = format!(
            "{path} has mode {:04o}: every user of this machine can replace the store",
            directory.mode
        );
        return Finding::problem("place", seen, format!("chmod go-w {path}"));
    }
    if directory.mode & 0o020 != 0 && directory.gid != 0 && !is_sticky {
        let seen = format!(
            "{path} has mode {:04o}: group {} can replace the store",
            directory.mode, directory.gid
        );
        return Finding::warning("place", seen, format!("chmod g-w {path}"));
    }
    Finding::ok("place", format!("{path} is its owner's alone to change"))
}

/// What else belongs to the store, as far as it is there.
fn beside(path: &Path) -> Vec<Lies> {
    let named = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        files::lies(Path::new(&name))
    };
    ["-wal", "-shm", ".lock"].into_iter().filter_map(named).collect()
}

/// Files of another user than the directory's lock out the service, to whom
/// systemd gave the directory. A directory of root's is shared by many, and
/// there the store itself says whose it is.
fn strangers(directory: &Lies, store: &Lies, beside: &[Lies]) -> Option<Finding> {
    let reference = if directory.uid == 0 { store } else { directory };
    let files = [store].into_iter().chain(beside);
    let strange: Vec<&Lies> = files.filter(|file| file.uid != reference.uid).collect();
    let first = strange.first()?;
    let paths: Vec<String> = strange
        .iter()
        .map(|file| file.path.display().to_string())
        .collect();
    let paths = paths.join(" ");
    let seen = format!(
        "{} belongs to user {} and {paths} to user {}: the service may be locked out",
        reference.path.display(),
        reference.uid,
        first.uid
    );
    let mend = format!("chown --reference={} {paths}", reference.path.display());
    Some(Finding::problem("file", seen, mend))
}

fn file(store: &Lies, own: u32) -> Finding {
    let path = store.path.display();
    let mode = format!("{path} has mode {:04o}", store.mode);
    if store.mode & 0o022 != 0 {
        let seen = format!("{mode}: others can change what is removed");
        return Finding::problem("file", seen, format!("chmod 600 {path}"));
    }
    if store.mode & 0o044 != 0 {
        let seen = format!("{mode}: others can read who held what");
        return Finding::warning("file", seen, format!("chmod 600 {path}"));
    }
    if own != 0 && store.uid != own {
        let seen = format!(
            "{path} belongs to user {}, and this command runs as user {own}",
            store.uid
        );
        let mend = "run the commands as the user of the service, or as root: sudo revokd status";
        return Finding::warning("file", seen, mend);
    }
    Finding::ok("file", format!("{path} is for its owner alone"))
}

fn space(mebibytes: Option<u64>, directory: &Path) -> Finding {
    let shown = directory.display();
    let Some(free) = mebibytes else {
        let why = "df does not tell";
        return Finding::not_checked("space", why, format!("df {shown}"));
    };
    let seen = format!("{free} MiB are free at {shown}");
    match free {
        ..NO_SPACE => Finding::problem("space", seen, "make room: a full disk stops every removal"),
        NO_SPACE..LITTLE_SPACE => Finding::warning("space", seen, "make room before it runs full"),
        _ => Finding::ok("space", seen),
    }
}

/// The standard library does not tell.
fn free_mebibytes(directory: &Path) -> Option<u64> {
    let df = Command::new("df")
        .arg("-Pk")
        .arg("--")
        .arg(directory)
        .output()
        .ok()?;
    let text = String::from_utf8(df.stdout).ok()?;
    let free: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(free / 1024)
}

fn judged(found: &Inspection, path: &Path) -> Vec<Finding> {
    let Inspection { version, known, .. } = found;
    let mut findings = vec![if version > known {
        let seen = format!("it has version {version}, and this revokd knows up to {known}");
        Finding::problem("version", seen, "install the newer revokd again")
    } else if version < known {
        let seen = format!("it has version {version}; the next start brings it to {known}");
        let mend = format!(
            "keep a copy first: sqlite3 {} \".backup copy.db\"",
            path.display()
        );
        Finding::warning("version", seen, mend)
    } else {
        Finding::ok("version", format!("{version}, the one of this revokd"))
    }];
    findings.push(match found.damage.first() {
        Some(first) => Finding::problem("integrity", format!("SQLite finds: {first}"), restore(path)),
        None => Finding::ok("integrity", "SQLite finds nothing wrong with the file"),
    });
    findings.push(match &found.audit {
        Some(report) => audit(report),
        None => {
            let why = "the audit is read only of a sound store of this version";
            Finding::not_checked("audit", why, "mend the store first, then: revokd audit verify")
        }
    });
    findings
}

fn audit(report: &AuditReport) -> Finding {
    let count = output::count(report.records, "record", "records");
    match report.problems.first() {
        None => Finding::ok("audit", format!("{count}, each as it was written")),
        Some(first) => {
            let more = report.problems.len() as u64 - 1 + report.more_problems;
            let more = match more {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            let seen = format!("of {count}: {first}{more}");
            let mend =
                "somebody or something changed the store: revokd audit verify shows all; restore a backup";
            Finding::problem("audit", seen, mend)
        }
    }
}

fn unusable(error: StoreError, path: &Path) -> Finding {
    let mend = match &error {
        StoreError::NotAStore { .. } | StoreError::Directory { .. } => {
            "name another file: [daemon] store = \"sqlite:/var/lib/revokd/revokd.db\"".to_owned()
        }
        StoreError::Newer { .. } => "install the newer revokd again".to_owned(),
        _ => restore(path),
    };
    let error = anyhow::Error::from(error);
    Finding::problem("integrity", format!("{error:#}"), mend)
}

fn restore(path: &Path) -> String {
    format!(
        "stop the daemon, put a backup in the place of {}, and look again",
        path.display()
    )
}

/// Who has the store open, as far as this user may see.
fn workers(path: &Path, dispatcher: Option<u32>) -> Finding {
    let mut others = processes_with(path);
    others.retain(|pid| Some(*pid) != dispatcher && *pid != std::process::id());
    let listed: Vec<String> = others.iter().map(ToString::to_string).collect();
    let listed = listed.join(", ");
    match dispatcher {
        Some(pid) if is_alive(pid) && others.len() > 1 => {
            let seen = format!("process {pid} works on it; processes {listed} have it open too");
            let mend =
                "a second daemon waits and does nothing: systemctl status revokd, then stop the one too many";
            Finding::warning("at work", seen, mend)
        }
        Some(pid) if is_alive(pid) => Finding::ok("at work", format!("process {pid} works on it")),
        Some(pid) => {
            let seen = format!("nobody works on it; the last one, process {pid}, ended without a goodbye");
            Finding::ok(
                "at work",
                format!("{seen}: the next start looks what became of its calls"),
            )
        }
        None => Finding::ok("at work", "nobody works on it"),
    }
}

fn is_alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

fn processes_with(path: &Path) -> Vec<u32> {
    let Ok(path) = path.canonicalize() else {
        return Vec::new();
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let has_it = |pid: &u32| {
        let files = fs::read_dir(format!("/proc/{pid}/fd"))
            .into_iter()
            .flatten()
            .flatten();
        let mut targets = files.filter_map(|file| fs::read_link(file.path()).ok());
        targets.any(|target| target == path)
    };
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(has_it).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{super::finding::Verdict, *};

    fn lies(mode: u32) -> Lies {
        Lies {
            path: PathBuf::from("/var/lib/revokd"),
            mode,
            uid: 5,
            gid: 5,
        }
    }

    #[test]
    fn the_store_is_for_its_owner_alone() {
        let verdict = |mode, own| file(&lies(mode), own).verdict;
        assert_eq!(verdict(0o600, 5), Verdict::Ok);
        assert_eq!(verdict(0o600, 0), Verdict::Ok, "root may");
        assert_eq!(verdict(0o600, 7), Verdict::Warning);
        assert_eq!(verdict(0o640, 5), Verdict::Warning);
        assert_eq!(verdict(0o622, 5), Verdict::Problem);
        assert_eq!(place(&lies(0o777)).verdict, Verdict::Problem);
        assert_eq!(place(&lies(0o1777)).verdict, Verdict::Ok);
        assert_eq!(place(&lies(0o770)).verdict, Verdict::Warning);
        assert_eq!(place(&lies(0o700)).verdict, Verdict::Ok);
    }

    #[test]
    fn a_place_that_the_first_start_brings_is_no_problem() {
        let directory = Path::new("/var/lib/nobody-made-this");
        assert_eq!(no_place(directory, true).verdict, Verdict::NotChecked);
        assert_eq!(no_place(directory, false).verdict, Verdict::Problem);
    }

    #[test]
    fn what_root_made_in_the_directory_of_the_service_is_told_with_the_command_that_mends_it() {
        let of = |path: &str, uid| Lies {
            path: PathBuf::from(path),
            mode: 0o600,
            uid,
            gid: uid,
        };
        let (directory, store) = (of("/var/lib/revokd", 61), of("/var/lib/revokd/revokd.db", 61));
        let lock = |uid| of("/var/lib/revokd/revokd.db.lock", uid);
        assert_eq!(strangers(&directory, &store, &[lock(61)]), None);
        let mend = |directory: &Lies, store: &Lies, lock: Lies| {
            let finding = strangers(directory, store, &[lock]).expect("a stranger");
            assert_eq!(finding.verdict, Verdict::Problem);
            finding.mend.unwrap()
        };
        assert_eq!(
            mend(&directory, &store, lock(0)),
            "chown --reference=/var/lib/revokd /var/lib/revokd/revokd.db.lock"
        );
        let of_root = of("/var/lib/revokd/revokd.db", 0);
        assert_eq!(
            mend(&directory, &of_root, lock(0)),
            "chown --reference=/var/lib/revokd /var/lib/revokd/revokd.db /var/lib/revokd/revokd.db.lock"
        );
        let shared = of("/srv", 0);
        assert_eq!(strangers(&shared, &store, &[lock(61)]), None);
        assert_eq!(
            mend(&shared, &store, lock(0)),
            "chown --reference=/var/lib/revokd/revokd.db /var/lib/revokd/revokd.db.lock"
        );
    }

    #[test]
    fn space_is_judged_before_it_runs_out() {
        let verdict = |free| space(free, Path::new("/x")).verdict;
        assert_eq!(verdict(None), Verdict::NotChecked);
        assert_eq!(verdict(Some(49)), Verdict::Problem);
        assert_eq!(verdict(Some(50)), Verdict::Warning);
        assert_eq!(verdict(Some(500)), Verdict::Ok);
    }

    #[test]
    fn versions_damage_and_audit_each_have_their_verdict() {
        let verdicts = |version, damage: &[&str], audit| {
            let found = Inspection {
                version,
                known: 3,
                damage: damage.iter().map(ToString::to_string).collect(),
                audit,
                sources: vec![],
                dispatcher: None,
            };
            let findings = judged(&found, Path::new("/x"));
            findings.iter().map(|finding| finding.verdict).collect::<Vec<_>>()
        };
        use Verdict::{NotChecked, Ok, Problem, Warning};
        assert_eq!(verdicts(3, &[], Some(AuditReport::default())), [Ok, Ok, Ok]);
        assert_eq!(verdicts(2, &[], None), [Warning, Ok, NotChecked]);
        assert_eq!(
            verdicts(4, &["broken page"], None),
            [Problem, Problem, NotChecked]
        );
        let edited = AuditReport {
            problems: vec!["record 1 is not what was written".to_owned()],
            ..AuditReport::default()
        };
        assert_eq!(verdicts(3, &[], Some(edited)), [Ok, Ok, Problem]);
    }
}
