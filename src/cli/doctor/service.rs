//! Whether the service of systemd could read what it has to.

mod unit;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use self::unit::{Runs, Unit};
use super::{
    files::{self, Lies, Paths},
    finding::Finding,
};

/// Where systemd looks, the first that is there counts.
const DIRECTORIES: [&str; 4] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
const NAME: &str = "revokd.service";

pub fn findings(config: &Path, paths: &Paths) -> Vec<Finding> {
    let Some((file, text)) = installed() else {
        let why = format!("{NAME} is not installed");
        let mend = "install the package, or run the daemon your own way: revokd run";
        return vec![Finding::not_checked("unit", why, mend)];
    };
    let unit = Unit::parse(&text);
    let mut findings = vec![Finding::ok("unit", format!("{} is installed", file.display()))];
    let same = |one: &Path, other: &Path| match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    };
    if !same(&unit.config, config) {
        let why = format!(
            "the service reads {}, and not {}",
            unit.config.display(),
            config.display()
        );
        let mend = format!("revokd --config {} doctor", unit.config.display());
        findings.push(Finding::not_checked("configuration of the service", why, mend));
        return findings;
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let runs = unit.runs_as(&accounts);
    findings.push(readable(&runs, &looked_at(paths)));
    findings.extend(secrets(&runs, &unit, paths));
    findings
}

/// Whether an installed service brings that directory with its first start.
pub fn makes(directory: &Path) -> bool {
    installed().is_some_and(|(_, text)| Unit::parse(&text).makes(directory))
}

/// The unit's file, with its text and that of its drop-ins.
fn installed() -> Option<(PathBuf, String)> {
    let directories = DIRECTORIES.map(Path::new);
    let files = directories.iter().map(|directory| directory.join(NAME));
    let file = files.into_iter().find(|file| file.is_file())?;
    let mut text = fs::read_to_string(&file).ok()?;
    for drop_in in drop_ins(&directories) {
        text.push('\n');
        text.push_str(&fs::read_to_string(drop_in).unwrap_or_default());
    }
    Some((file, text))
}

/// In the order in which systemd reads them: by their names wherever they lie,
/// and of two that share a name only the one in the earlier directory.
fn drop_ins(directories: &[&Path]) -> Vec<PathBuf> {
    let mut by_name = BTreeMap::new();
    for directory in directories {
        let drop_ins = directory.join(format!("{NAME}.d"));
        for entry in fs::read_dir(drop_ins).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "conf") {
                by_name.entry(entry.file_name()).or_insert(path);
            }
        }
    }
    by_name.into_values().collect()
}

/// Everything but secrets: files to be read, directories to be gone through.
fn looked_at(paths: &Paths) -> Vec<(Lies, u32)> {
    const READ: u32 = 0o4;
    const SEARCH: u32 = 0o1;
    let beside: BTreeSet<PathBuf> = paths.decisions.iter().map(|path| files::folder(path)).collect();
    let files = paths.decisions.iter().map(|path| (path, READ));
    let folders = beside.iter().map(|path| (path, SEARCH));
    let policies = paths.policies.iter().map(|path| (path, READ | SEARCH));
    let all = files.chain(folders).chain(policies);
    all.filter_map(|(path, bits)| Some((files::lies(path)?, bits)))
        .collect()
}

fn readable(runs: &Runs, looked_at: &[(Lies, u32)]) -> Finding {
    const CHECK: &str = "configuration of the service";
    let unreadable: Vec<&(Lies, u32)> = looked_at
        .iter()
        .filter(|(lies, bits)| !runs.may(lies, *bits))
        .collect();
    let Some((first, bits)) = unreadable.first() else {
        return Finding::ok(CHECK, format!("{runs} can read it"));
    };
    let more = match unreadable.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let path = first.path.display();
    let seen = format!("{runs} cannot read {path} (mode {:04o}){more}", first.mode);
    // It holds no secret: those lie in files of their own.
    let mend = match bits & 0o1 {
        0 => format!("chmod 644 {path}"),
        _ => format!("chmod 755 {path}"),
    };
    Finding::problem(CHECK, seen, mend)
}

fn secrets(runs: &Runs, unit: &Unit, paths: &Paths) -> Vec<Finding> {
    let mut findings = Vec::new();
    for secret in &paths.secrets {
        let is_handed = unit.hands_over(&secret.written);
        let lies = files::lies(&secret.path);
        if is_handed || lies.as_ref().is_none_or(|lies| runs.may(lies, 0o4)) {
            continue;
        }
        let path = secret.path.display();
        let name = secret.path.file_name().unwrap_or_default().to_string_lossy();
        let seen = format!("{runs} cannot read {path}, and systemd does not hand it over");
        let mend = format!(
            "mv {path} /etc/revokd/secrets/{name}, and write {} = \"secrets/{name}\"",
            secret.key
        );
        findings.push(Finding::problem("secrets of the service", seen, mend));
    }
    if findings.is_empty() {
        let seen = "the service gets at each of them";
        findings.push(Finding::ok("secrets of the service", seen));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Verdict, files::paths::Secret, *};

    fn lies(path: &str, mode: u32) -> Lies {
        Lies {
            path: PathBuf::from(path),
            mode,
            uid: 0,
            gid: 0,
        }
    }

    #[test]
    fn a_user_that_exists_only_while_it_runs_reads_what_everybody_can() {
        let runs = Unit::parse("DynamicUser=yes").runs_as("");
        let good = [
            (lies("/etc/revokd", 0o755), 0o5),
            (lies("/etc/revokd/revokd.toml", 0o644), 0o4),
        ];
        assert_eq!(readable(&runs, &good).verdict, Verdict::Ok);
        let closed = [
            (lies("/etc/revokd", 0o700), 0o5),
            (lies("/etc/revokd/revokd.toml", 0o640), 0o4),
        ];
        let finding = readable(&runs, &closed);
        assert_eq!(finding.verdict, Verdict::Problem);
        assert_eq!(finding.mend.as_deref(), Some("chmod 755 /etc/revokd"));
        let root = Unit::parse("").runs_as("");
        assert_eq!(readable(&root, &closed).verdict, Verdict::Ok);
    }

    /// As `systemctl show -p DropInPaths,User` of systemd 252 tells it of the
    /// same files.
    #[test]
    fn drop_ins_are_read_by_their_names_and_hidden_by_an_earlier_directory() {
        let root = tempfile::tempdir().unwrap();
        let (etc, usr) = (root.path().join("etc"), root.path().join("usr"));
        for (directory, name) in [
            (&etc, "20-user.conf"),
            (&etc, "notes.txt"),
            (&usr, "10-user.conf"),
            (&usr, "20-user.conf"),
            (&usr, "30-user.conf"),
        ] {
            let folder = directory.join("revokd.service.d");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(name), "").unwrap();
        }
        let found = drop_ins(&[&etc, &root.path().join("run"), &usr]);
        let expected = [
            usr.join("revokd.service.d/10-user.conf"),
            etc.join("revokd.service.d/20-user.conf"),
            usr.join("revokd.service.d/30-user.conf"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_secret_that_nobody_hands_over_is_told_with_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("prod-password");
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let secret = |written: &str| Secret {
            key: "password_file".to_owned(),
            written: written.to_owned(),
            path: path.clone(),
        };
        let unit = Unit::parse("DynamicUser=yes\nLoadCredential=secrets:/etc/revokd/secrets\n");
        let runs = unit.runs_as("");
        let of = |written: &str| {
            let paths = Paths {
                secrets: vec![secret(written)],
                ..Paths::default()
            };
            secrets(&runs, &unit, &paths).remove(0)
        };
        assert_eq!(of("secrets/prod-password").verdict, Verdict::Ok);
        let bare = of("prod-password");
        assert_eq!(bare.verdict, Verdict::Problem);
        let mend = bare.mend.unwrap();
        assert!(
            mend.ends_with("password_file = \"secrets/prod-password\""),
            "{mend}"
        );
    }
}
