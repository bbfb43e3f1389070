//! Every block of shell is run, here or by the suite that it names.

use std::{fs, path::Path};

use super::{
    blocks::{Block, blocks, documents, root, without_comment},
    world::World,
};

/// All blocks that somebody could take for something to type.
fn shell_blocks() -> Vec<Block> {
    let all = documents();
    let blocks = all.iter().flat_map(|(document, text)| blocks(document, text));
    blocks.filter(Block::is_shell).collect()
}

#[test]
fn every_block_of_shell_says_who_runs_it() {
    let mut wrong = Vec::new();
    for block in shell_blocks() {
        let place = block.place();
        if block.language != "sh" {
            wrong.push(format!(
                "{place}: write ```sh, which is run, and not ```{}",
                block.language
            ));
        }
        for named in block.exits_of_nothing() {
            wrong.push(format!(
                "{place}: an exit code of {named:?}, which is not in the block"
            ));
        }
        if let Some(suite) = &block.run_by {
            let unknown = block
                .commands()
                .into_iter()
                .filter(|command| !is_run_by(suite, &block, command));
            wrong.extend(unknown.map(|command| format!("{place}: {suite} does not run {command:?}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A file of the suite holds the command, or names the document, whose blocks
/// it then takes from there.
fn is_run_by(suite: &str, block: &Block, command: &str) -> bool {
    let command = without_comment(command);
    let path = root().join(suite);
    let holds = |path: &Path| {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.contains(command) || text.contains(&block.document)
    };
    if command == suite {
        return path.is_file();
    }
    match fs::read_dir(&path) {
        Ok(folder) => folder.flatten().any(|entry| holds(&entry.path())),
        Err(_) => holds(&path),
    }
}

/// In the order in which they stand, in one world for each document.
#[test]
fn every_command_of_a_block_does_what_the_document_says() {
    let mut ran = 0;
    for (document, text) in documents() {
        let blocks: Vec<Block> = blocks(&document, &text);
        let mut blocks = blocks
            .into_iter()
            .filter(|block| block.language == "sh" && block.run_by.is_none());
        let Some(first) = blocks.next() else {
            continue;
        };
        let mut world = World::new();
        for block in [first].into_iter().chain(blocks) {
            for command in block.commands() {
                let ended = world
                    .run(&command)
                    .unwrap_or_else(|why| panic!("{}: {why}", block.place()));
                ran += 1;
                let Some(answer) = ended else {
                    continue;
                };
                let allowed = block.may_exit(&command);
                assert!(
                    answer.code.is_some_and(|code| allowed.contains(&code)),
                    "{}: {command}\nended with {:?} and not {allowed:?}\n{}{}",
                    block.place(),
                    answer.code,
                    answer.stdout,
                    answer.stderr
                );
            }
        }
    }
    assert!(ran >= 10, "only {ran} commands were run");
}

/// By the tests of the configuration, which include the documents by name.
#[test]
fn every_document_with_toml_is_compiled() {
    let compiled = fs::read_to_string(root().join("src/config/tests/shipped.rs")).expect("the tests");
    for (document, text) in documents() {
        let has_toml = blocks(&document, &text)
            .iter()
            .any(|block| block.language.starts_with("toml"));
        let is_compiled = compiled.contains(&format!("/{document}\""));
        assert!(
            !has_toml || is_compiled,
            "{document} shows TOML that no test compiles"
        );
    }
}

#[test]
fn blocks_are_told_apart_and_say_how_their_commands_end() {
    let text = "x\n<!-- run by tests/y -->\n\n```sh\na \\\n  b  # why\n# only a comment\n```\n\
                <!-- exits 3: c d -->\n```sh\nc d   # why\ne # exits 1: nothing there\nf\nrevokd run --once p\n```\n\
                ```toml\nrevokd = 1\n```\n```\n$ ls\n```\n```\na picture\n```\n";
    let found = blocks("d.md", text);
    let shell: Vec<bool> = found.iter().map(Block::is_shell).collect();
    assert_eq!(shell, [true, true, false, true, false]);
    assert_eq!(found[0].run_by.as_deref(), Some("tests/y"));
    assert_eq!(found[0].commands(), ["a    b  # why"]);
    assert_eq!((found[1].run_by.as_deref(), found[1].line), (None, 10));
    let codes: Vec<Vec<i32>> = found[1]
        .commands()
        .iter()
        .map(|line| found[1].may_exit(line))
        .collect();
    assert_eq!(codes, [vec![3], vec![1], vec![0], vec![0, 4, 5]]);
    assert_eq!(found[1].exits_of_nothing(), [""; 0]);
}
