//! The guarantees and the threats are told with modules and tests that exist.

use std::fs;

use super::blocks::root;

const GUARANTEES: &str = "docs/guarantees.md";

fn read(document: &str) -> String {
    fs::read_to_string(root().join(document)).expect("a document")
}

/// Code within text that looks like a path of this repository.
fn paths(text: &str) -> Vec<&str> {
    let code = text.split('`').skip(1).step_by(2);
    let folders = [
        "src/",
        "tests/",
        "docs/",
        "config/",
        "systemd/",
        "benches/",
        "dashboards/",
    ];
    code.filter(|code| folders.iter().any(|folder| code.starts_with(folder)))
        .filter(|code| !code.contains(' '))
        .collect()
}

/// The sections under `## G1 …`, in order, each to the next heading.
fn sections(text: &str) -> Vec<(&str, &str)> {
    let parts = text.split("\n## ").skip(1);
    parts
        .filter_map(|part| part.split_once('\n'))
        .filter(|(heading, _)| heading.starts_with('G'))
        .collect()
}

#[test]
fn every_guarantee_has_its_section_with_all_its_parts() {
    let text = read(GUARANTEES);
    let sections = sections(&text);
    let names: Vec<&str> = sections
        .iter()
        .filter_map(|(heading, _)| heading.split(' ').next())
        .collect();
    assert_eq!(
        names,
        ["G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G9", "G10"]
    );
    for (heading, body) in sections {
        for part in [
            "**Promised.**",
            "**Kept by.**",
            "**Held against.**",
            "**Not covered.**",
        ] {
            assert!(body.contains(part), "{heading}: no {part}");
        }
        let (modules, tests) = body.split_once("**Held against.**").expect("both parts");
        let tests = tests.split("**Not covered.**").next().expect("a part");
        assert!(
            paths(modules).iter().any(|path| path.starts_with("src/")),
            "{heading}: no module"
        );
        assert!(!paths(tests).is_empty(), "{heading}: no test");
    }
}

#[test]
fn whatever_file_is_named_is_there() {
    let mut named = 0;
    for document in [GUARANTEES, "docs/threat-model.md"] {
        let text = read(document);
        for path in paths(&text) {
            assert!(
                root().join(path).exists(),
                "{document} names {path}, which is not there"
            );
            named += 1;
        }
    }
    assert!(named >= 40, "only {named} files are named");
}
