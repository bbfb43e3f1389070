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
mod tests;
