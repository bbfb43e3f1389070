//! The rule that keeps every change of state together with its audit record.

use std::fs;

#[test]
fn runs_and_tasks_are_written_in_one_file_alone() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store");
    let audit = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/audit");
    let mut writers = Vec::new();
    for entry in fs::read_dir(folder).unwrap().chain(fs::read_dir(audit).unwrap()) {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let writes = |table: &str| {
            ["INSERT INTO", "UPDATE", "DELETE FROM", "REPLACE INTO"]
                .iter()
                .any(|verb| source.contains(&format!("{verb} {table} ")))
        };
        if writes("runs") || writes("tasks") {
            writers.push(path.file_name().unwrap().to_owned());
        }
    }
    assert_eq!(writers, ["transition.rs"]);
}
