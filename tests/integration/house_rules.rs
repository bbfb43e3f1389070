//! Rules of the house that no reviewer has to remember.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All `.rs` files below a folder of the repository.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// The code without comments and without what is compiled for tests alone.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    let test_only = |path: &Path| {
        path.components().any(|part| part.as_os_str() == "tests")
            || path
                .file_name()
                .is_some_and(|name| name == "tests.rs" || name == "sample.rs")
    };
    if test_only(path) {
        return String::new();
    }
    let text = text
        .split("\n#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default()
        .to_owned();
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The module of the crate that a file belongs to; `lib` and `main` for the roots.
fn module_of(path: &Path) -> String {
    let relative = path.strip_prefix(root().join("src")).expect("below src");
    let first = relative
        .components()
        .next()
        .expect("a name")
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Modules named right after `crate::`, singly or in a braced list.
fn modules_used(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (position, _) in code.match_indices("crate::") {
        let rest = &code[position + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => used.extend(top_level_names(list)),
            None => used.extend(name_at_start(rest)),
        }
    }
    used
}

fn top_level_names(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut expecting) = (0, true);
    for (position, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expecting = true,
            _ if expecting && depth == 0 && !character.is_whitespace() => {
                names.extend(name_at_start(&list[position..]));
                expecting = false;
            }
            _ => {}
        }
    }
    names
}

fn name_at_start(text: &str) -> Option<String> {
    let name: String = text
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (!name.is_empty()).then_some(name)
}

/// The table of ARCHITECTURE.md: module to the modules that it may use.
fn import_table() -> BTreeMap<String, BTreeSet<String>> {
    let architecture = read("ARCHITECTURE.md");
    let rows = architecture.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let uses = cells[3]
            .split(',')
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty());
        (cells[1].trim_matches('`').to_owned(), uses.collect())
    })
    .collect()
}

#[test]
fn modules_use_only_what_the_table_of_the_architecture_allows() {
    let table = import_table();
    let mut wrong = Vec::new();
    for path in sources("src") {
        let module = module_of(&path);
        if module == "lib" || module == "main" {
            continue;
        }
        let allowed = table
            .get(&module)
            .unwrap_or_else(|| panic!("ARCHITECTURE.md does not list module {module}"));
        for used in modules_used(&code(&path)) {
            if used != module && table.contains_key(&used) && !allowed.contains(&used) {
                wrong.push(format!("{} uses {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_lists_every_module_and_no_other() {
    let listed: BTreeSet<String> = import_table().into_keys().collect();
    let there: BTreeSet<String> = sources("src")
        .iter()
        .map(|path| module_of(path))
        .filter(|name| name != "lib" && name != "main")
        .collect();
    assert_eq!(listed, there);
}

#[test]
fn nouns_and_decisions_are_pure() {
    let banned = [
        "::now()",
        "std::fs",
        "std::net",
        "std::env",
        "std::thread",
        "std::process",
        "std::time::Instant",
        "SystemTime",
        "tokio",
        "reqwest",
        "rusqlite",
        "async ",
        ".await",
        "getrandom",
        "println!",
        "tracing::",
    ];
    let mut wrong = Vec::new();
    for path in sources("src/model").into_iter().chain(sources("src/engine")) {
        let code = code(&path);
        wrong.extend(
            banned
                .iter()
                .filter(|word| code.contains(**word))
                .map(|word| format!("{}: {word}", path.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_daemons_clock_and_the_command_line_read_the_clock() {
    let mut wrong = Vec::new();
    for path in sources("src") {
        let allowed = module_of(&path) == "cli" || path.ends_with("daemon/clock.rs");
        let code = code(&path);
        for reading in [
            "Timestamp::now",
            "Zoned::now",
            "SystemTime::now",
            "Utc::now",
            "Local::now",
        ] {
            if !allowed && code.contains(reading) {
                wrong.push(format!("{}: {reading}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_one_place_that_carries_out_tasks_makes_revoking_calls() {
    let callers: Vec<String> = sources("src")
        .iter()
        .filter(|path| module_of(path) != "providers" && code(path).contains(".revoke("))
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(callers, ["carry_out.rs"]);
}

#[test]
fn no_test_is_skipped_and_nothing_is_left_unfinished() {
    let marks = [
        concat!("#[ign", "ore"),
        concat!("tod", "o!("),
        concat!("unimpl", "emented!("),
        concat!("db", "g!("),
    ];
    let mut wrong = Vec::new();
    for path in sources("src")
        .into_iter()
        .chain(sources("tests"))
        .chain(sources("benches"))
    {
        let text = fs::read_to_string(&path).expect("a source file");
        wrong.extend(
            marks
                .iter()
                .filter(|mark| text.contains(**mark))
                .map(|mark| format!("{}: {mark}", path.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_metric_is_documented_with_its_meaning_and_no_other() {
    let page = read("docs/metrics.md");
    let documented: BTreeMap<String, String> = page
        .lines()
        .filter(|line| line.starts_with("| `revokd_"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            (cells[1].trim_matches('`').to_owned(), cells[4].to_owned())
        })
        .collect();
    for (name, help) in revokd::metrics::Metrics::describe() {
        if !name.starts_with("revokd_") {
            assert!(
                page.contains(&format!("`{name}`")),
                "docs/metrics.md does not mention {name}"
            );
            continue;
        }
        let meaning = documented
            .get(&name)
            .unwrap_or_else(|| panic!("docs/metrics.md does not list {name}"));
        let first_sentence = help.split(['.', ';', ':', '(']).next().expect("a sentence");
        assert!(
            meaning.starts_with(first_sentence),
            "{name}: the program says {help:?}, the page {meaning:?}"
        );
    }
    let known: BTreeSet<String> = revokd::metrics::Metrics::describe()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let unknown: Vec<&String> = documented.keys().filter(|name| !known.contains(*name)).collect();
    assert!(unknown.is_empty(), "documented, but not there: {unknown:?}");
    for operation in revokd::providers::calls::Operation::ALL {
        let word = operation.as_str();
        assert!(
            page.contains(&format!("`{word}`")),
            "docs/metrics.md does not list the operation {word}"
        );
    }
}

#[test]
fn every_exit_code_is_documented() {
    let page = read("docs/operations.md");
    for exit in revokd::cli::exit::Exit::ALL {
        assert!(
            page.lines()
                .any(|line| line.starts_with(&format!("| {} |", exit.code()))),
            "{exit:?}"
        );
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    for page in [
        "README.md",
        "ARCHITECTURE.md",
        "docs/guarantees.md",
        "docs/metrics.md",
        "docs/operations.md",
        "docs/policy-reference.md",
        "docs/threat-model.md",
    ] {
        let folder = root().join(page).parent().expect("a folder").to_owned();
        for link in read(page).split("](").skip(1) {
            let target = link.split([')', '#']).next().expect("a target");
            if !target.is_empty() && !target.contains("://") {
                assert!(folder.join(target).exists(), "{page} links to {target}");
            }
        }
    }
}
