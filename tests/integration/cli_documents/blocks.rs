//! The fenced blocks of the documents.

use std::{
    fs,
    path::{Path, PathBuf},
};

pub struct Block {
    /// Relative to the repository.
    pub document: String,
    /// Of its opening fence, from 1.
    pub line: usize,
    pub language: String,
    pub text: String,
    /// What runs it instead of the test of the documents: a file or a folder.
    pub run_by: Option<String>,
    /// Commands that do not end with 0.
    exits: Vec<(i32, String)>,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All documents of the repository, with their texts.
pub fn documents() -> Vec<(String, String)> {
    let mut paths = vec![root().join("README.md"), root().join("ARCHITECTURE.md")];
    let folder = fs::read_dir(root().join("docs")).expect("the documents");
    paths.extend(folder.flatten().map(|entry| entry.path()));
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    let text = |path: &PathBuf| fs::read_to_string(path).expect("a document");
    let name = |path: &PathBuf| {
        let relative = path.strip_prefix(root()).expect("below the repository");
        relative.display().to_string()
    };
    paths.iter().map(|path| (name(path), text(path))).collect()
}

pub fn blocks(document: &str, text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    let mut comments: Vec<&str> = Vec::new();
    for (number, whole) in text.lines().enumerate() {
        let line = whole.trim();
        match (line.strip_prefix("```"), is_open) {
            (Some(_), true) => is_open = false,
            (Some(language), false) => {
                is_open = true;
                blocks.push(block(document, number + 1, language, &comments));
                comments.clear();
            }
            (None, true) => {
                let block = blocks.last_mut().expect("an open block");
                block.text.push_str(whole);
                block.text.push('\n');
            }
            (None, false) if line.starts_with("<!--") => comments.push(line),
            (None, false) if line.is_empty() => {}
            (None, false) => comments.clear(),
        }
    }
    assert!(!is_open, "{document}: a block is not closed");
    blocks
}

fn block(document: &str, line: usize, language: &str, comments: &[&str]) -> Block {
    let mut block = Block {
        document: document.to_owned(),
        line,
        language: language.trim().to_owned(),
        text: String::new(),
        run_by: None,
        exits: vec![],
    };
    for comment in comments {
        let said = comment.trim_start_matches("<!--").trim_end_matches("-->").trim();
        if let Some(suite) = said.strip_prefix("run by ") {
            block.run_by = Some(suite.trim().to_owned());
        } else if let Some((code, command)) =
            said.strip_prefix("exits ").and_then(|said| said.split_once(": "))
        {
            let code = code.parse().expect("an exit code");
            block.exits.push((code, command.trim().to_owned()));
        }
    }
    block
}

impl Block {
    pub fn place(&self) -> String {
        format!("{}:{}", self.document, self.line)
    }

    /// Whether somebody could take it for something to type.
    pub fn is_shell(&self) -> bool {
        match self.language.as_str() {
            "sh" | "bash" | "shell" | "console" | "zsh" | "fish" => true,
            "" | "text" => self
                .commands()
                .iter()
                .any(|line| line.starts_with("$ ") || line.starts_with("# ") || line.starts_with("revokd ")),
            _ => false,
        }
    }

    /// One for each line that is more than a comment; a line that ends in a
    /// backslash goes on in the next.
    pub fn commands(&self) -> Vec<String> {
        let text = self.text.replace("\\\n", " ");
        let lines = text.lines().map(str::trim);
        lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::to_owned)
            .collect()
    }

    /// The codes with which a command may end.
    pub fn may_exit(&self, command: &str) -> Vec<i32> {
        let bare = without_comment(command);
        let named = self.exits.iter().filter(|(_, named)| named == bare);
        let named: Vec<i32> = named.map(|(code, _)| *code).collect();
        let said = command.split_once("# exits ").map(|(_, rest)| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().expect("an exit code")
        });
        let is_pass = bare.contains(" run ") && (bare.contains("--once") || bare.contains("--policy"));
        match (said, named.is_empty()) {
            (Some(code), _) => vec![code],
            (None, false) => named,
            // By which a pass says that the world has a held run and a dead task.
            (None, true) if is_pass => vec![0, 4, 5],
            (None, true) => vec![0],
        }
    }

    /// Named by an `exits` comment, and not among the commands.
    pub fn exits_of_nothing(&self) -> Vec<&str> {
        let commands = self.commands();
        let is_there = |named: &str| commands.iter().any(|command| without_comment(command) == named);
        let named = self.exits.iter().map(|(_, named)| named.as_str());
        named.filter(|named| !is_there(named)).collect()
    }
}

pub fn without_comment(command: &str) -> &str {
    command.split(" #").next().unwrap_or_default().trim()
}
