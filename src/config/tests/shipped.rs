//! The files that are shipped, and the examples of the reference.

use super::*;

#[test]
fn the_shipped_configuration_loads_without_a_warning() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let credentials = tempfile::tempdir().unwrap();
    for file in ["example-password", "registry-password"] {
        std::fs::write(credentials.path().join(file), "secret").unwrap();
    }
    let directory = credentials.path().display().to_string();
    let environment = |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| directory.clone());
    let files = Files::read(&shipped.join("revokd.toml"));
    let loaded = compile(files, now(), &environment).unwrap_or_else(|p| panic!("{}", p.render(false, 100)));
    let about_files = loaded
        .warnings
        .iter()
        .filter(|warning| !warning.message.contains("every user"));
    assert_eq!(about_files.count(), 0, "{}", loaded.warnings);
    let names: Vec<&str> = loaded
        .config
        .policies
        .iter()
        .map(|policy| policy.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "partner-shares-lapse",
            "unaccepted-shares-lapse",
            "people-who-left",
            "golden-shares-reviewed",
            "shares-end-with-their-image",
            "stale-build-images-deleted",
            "large-shares-watched",
            "copied-shares-watched",
            "leavers-lose-the-registry",
            "writers-reviewed",
            "expired-account-shares-removed",
            "partner-images-lapse",
            "old-snapshots-deleted",
        ]
    );
}

#[test]
fn every_example_of_the_documents_loads() {
    assert!(examples_load(include_str!("../../../docs/policy-reference.md"), "example") >= 15);
    assert_eq!(examples_load(include_str!("../../../README.md"), "prod"), 1);
}

#[test]
fn every_cloud_that_the_readme_shows_loads() {
    let document = include_str!("../../../README.md");
    let blocks = document.split("```toml\n").skip(1);
    let clouds = blocks.filter(|block| block.starts_with("[clouds."));
    // The secrets themselves lie elsewhere.
    let without_files = |line: &str| match line.split_once("_file") {
        Some((key, _)) => format!("{key}_env = \"SECRET\"\n"),
        None => format!("{line}\n"),
    };
    let mut loaded = 0;
    for block in clouds {
        let text = block.split("```").next().unwrap();
        let text: String = text.lines().map(without_files).collect();
        let compiled = compile_texts(&text, &[&POLICY.replace("one", "registry")]);
        compiled.unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
        loaded += 1;
    }
    assert_eq!(loaded, 1);
}

/// How many policies there are as examples; all of them load beside an OpenStack cloud of
/// that name and a cloud with a registry.
fn examples_load(document: &str, cloud: &str) -> usize {
    let mut examples = 0;
    let blocks = document.split("```toml\n").skip(1);
    for block in blocks.filter(|block| !block.starts_with("[clouds.")) {
        let text = block.split("```").next().unwrap();
        let line = document[..document.find(block).unwrap()].lines().count();
        let config = format!("{SMALLEST}{HUAWEI}");
        let config = config.replace("clouds.one", &format!("clouds.{cloud}"));
        let config = config.replace("clouds.otc", "clouds.registry");
        if let Err(problems) = compile_texts(&config, &[text]) {
            panic!("the example after line {line}:\n{}", problems.render(false, 100));
        }
        examples += 1;
    }
    examples
}
