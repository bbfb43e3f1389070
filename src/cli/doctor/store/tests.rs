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
