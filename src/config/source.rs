//! A configuration file's text, and what of it may be shown.

use std::{ops::Range, sync::Arc};

use super::problem::Place;

/// A file as read. Cheap to clone: its problems share it.
#[derive(Clone, Debug)]
pub struct SourceFile(Arc<Inner>);

struct Inner {
    name: String,
    text: String,
    shown: String,
}

/// The text may hold a secret, so only the name is printed.
impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceFile")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl SourceFile {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> SourceFile {
        let text = text.into();
        let shown = masked(&text);
        SourceFile(Arc::new(Inner {
            name: name.into(),
            text,
            shown,
        }))
    }

    /// The file's path, as people are shown it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The text with secrets and control characters replaced, byte for byte,
    /// so that spans of the text fit it.
    pub(super) fn shown(&self) -> &str {
        &self.0.shown
    }

    /// A place in the file. A span that does not fit the text is moved to the
    /// nearest one that does.
    pub fn place(&self, span: Range<usize>) -> Place {
        let text = self.text();
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = span.end.clamp(start, text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        Place {
            file: self.clone(),
            span: start..end,
        }
    }

    /// Line and column of a byte, in characters from 1.
    pub(super) fn line_and_column(&self, at: usize) -> (usize, usize) {
        let before = &self.text()[..at];
        let line_begins = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (line, before[line_begins..].chars().count() + 1)
    }
}

/// Words in the keys of secrets. Misspelt ones count: `pasword` is refused as
/// unknown, and the line that shows it holds the password all the same.
const SECRET_WORDS: &[&str] = &[
    "password",
    "passphrase",
    "passwd",
    "secret",
    "token",
    // Of parameters in addresses.
    "api_key",
    "api-key",
    "apikey",
    "signature",
];

/// Problems quote the lines around them, so a secret is masked in the whole
/// file and before anything is understood: a file with a syntax error is
/// quoted too.
fn masked(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for range in secrets(text).into_iter().chain(credentials_in_urls(text)) {
        for byte in &mut bytes[range] {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b'*';
            }
        }
    }
    for byte in &mut bytes {
        if byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t') {
            *byte = b'?';
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// The values of secret keys: to the end of the line, or of a text of several
/// lines.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut position = 0;
    while let Some(offset) = text[position..].find(is_word) {
        let word = &text[position + offset..];
        let length = word.find(|c| !is_word(c)).unwrap_or(word.len());
        position += offset + length;
        let rest = text[position..]
            .trim_start_matches(['"', '\''])
            .trim_start_matches([' ', '\t']);
        if !rest.starts_with(['=', ':']) || !names_a_secret(&word[..length]) {
            continue;
        }
        let value = rest[1..].trim_start_matches([' ', '\t']);
        let begin = text.len() - value.len();
        let quotes = ["\"\"\"", "\'\'\'"]
            .into_iter()
            .find(|quotes| value.starts_with(quotes));
        let end = match quotes {
            Some(quotes) => value[3..]
                .find(quotes)
                .map_or(text.len(), |length| begin + 6 + length),
            None => value.find('\n').map_or(text.len(), |length| begin + length),
        };
        found.push(begin..end);
    }
    found
}

/// `password_file` and `secret_env` only say where a secret is.
fn names_a_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    let points_elsewhere = key.ends_with("_file") || key.ends_with("_env");
    let near = |word: &&str| key.contains(*word) || strsim::osa_distance(word, &key) <= word.len() / 4;
    // What tools of Huawei's clouds call a secret key.
    let short = key == "sk";
    !points_elsewhere && (short || SECRET_WORDS.iter().any(near))
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-')
}

/// `user:password@` of addresses.
fn credentials_in_urls(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (position, _) in text.match_indices("://") {
        let begin = position + 3;
        let length = text[begin..]
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\''))
            .unwrap_or(text.len() - begin);
        if let Some(at) = text[begin..begin + length].rfind('@') {
            found.push(begin..begin + at);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_their_file_keys_are_not() {
        let text = "password = \"hunter2\"\npasword='hunter3'\nOS_PASSWORD = 1234\npassword_file = \"x\"\nmethod = \"token\"\nauth = { token = 'abc' }\nurl = \"https://u:pw@host/v3\"\n";
        let file = SourceFile::new("f", text);
        let shown = file.shown();
        assert_eq!(shown.len(), text.len());
        for secret in ["hunter", "1234", "abc", "u:pw"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("password_file = \"x\"\nmethod = \"token\""));
        assert!(!format!("{file:?}").contains("hunter2"));
    }

    #[test]
    fn a_secret_of_several_lines_is_masked_whole() {
        let file = SourceFile::new("f", "secret = '''\nab\ncd'''\nnext = 1\n");
        assert!(!file.shown().contains("ab") && !file.shown().contains("cd"));
        assert!(file.shown().contains("next = 1"));
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let file = SourceFile::new("f", "é = 1\nüü = 2\n");
        assert_eq!(file.line_and_column(0), (1, 1));
        assert_eq!(file.line_and_column("é = 1\nüü".len()), (2, 3));
    }

    #[test]
    fn any_span_becomes_one_that_fits() {
        let file = SourceFile::new("f", "é");
        assert_eq!(file.place(1..1).span, 0..2);
        assert_eq!(file.place(7..99).span, 2..2);
    }
}
