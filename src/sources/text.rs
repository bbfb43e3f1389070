//! Bytes that should be a text in UTF-8, and what they are where they are not:
//! whoever exported the list is told what to do about it.

use crate::connection::server_words;

/// The text without a byte order mark, with the name of what was expected
/// (`CSV`, `JSON`) for messages.
///
/// # Errors
/// Other encodings, NUL bytes and web pages, with the line.
pub fn text_of<'a>(bytes: &'a [u8], expected: &str) -> Result<&'a str, String> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("it is UTF-16, not UTF-8; `iconv -f utf-16 -t utf-8` converts it".to_owned());
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Some(nul) = bytes.iter().position(|byte| *byte == 0) {
        let line = line_of(&bytes[..nul]);
        return Err(format!("line {line} holds a NUL byte: this is no text"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = line_of(&bytes[..error.valid_up_to()]);
        match error.error_len() {
            None => format!("line {line} ends in the middle of a character: the text is cut off"),
            Some(_) => {
                format!("line {line} is not UTF-8; if it is Latin-1, `iconv -f latin1 -t utf-8` converts it")
            }
        }
    })?;
    match markup(text) {
        Some(what) => Err(format!("it is {what}, not {expected}")),
        None => Ok(text),
    }
}

/// What a text that begins with a tag is, with the title of a page: proxies and
/// logins answer with one where a list was asked for.
fn markup(text: &str) -> Option<String> {
    let start: String = text.trim_start().chars().take(500).collect();
    if !start.starts_with('<') {
        return None;
    }
    let start = start.to_ascii_lowercase();
    if !start.contains("<html") && !start.contains("<!doctype html") {
        return Some("XML".to_owned());
    }
    Some(match server_words(text.as_bytes(), &[]) {
        Some(title) => format!("a web page ({title:?})"),
        None => "a web page".to_owned(),
    })
}

/// The line on which the next byte would stand, from 1.
fn line_of(before: &[u8]) -> usize {
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_dropped() {
        assert_eq!(text_of(b"\xef\xbb\xbfemail\n", "CSV"), Ok("email\n"));
        assert_eq!(text_of(b"", "CSV"), Ok(""));
    }

    #[test]
    fn other_encodings_are_named_with_their_line_and_the_way_out() {
        let latin1 = text_of(b"email\nJ\xf6rg\n", "CSV").unwrap_err();
        assert!(
            latin1.starts_with("line 2 ") && latin1.contains("iconv -f latin1"),
            "{latin1}"
        );
        let utf16 = text_of(b"\xff\xfee\0m\0", "CSV").unwrap_err();
        assert!(utf16.contains("UTF-16"), "{utf16}");
        let nul = text_of(b"email\n\0\n", "CSV").unwrap_err();
        assert!(nul.contains("line 2") && nul.contains("NUL"), "{nul}");
        let cut = text_of("email\nJö".as_bytes().split_last().unwrap().1, "CSV").unwrap_err();
        assert!(cut.contains("line 2") && cut.contains("cut off"), "{cut}");
    }

    #[test]
    fn a_web_page_is_named_by_its_title() {
        let page = b"\n<!DOCTYPE html><html><head><title>Sign in</title></head></html>";
        let error = text_of(page, "JSON").unwrap_err();
        assert_eq!(error, "it is a web page (\"Sign in\"), not JSON");
        assert_eq!(
            text_of(b"<html></html>", "JSON").unwrap_err(),
            "it is a web page, not JSON"
        );
        assert_eq!(text_of(b"<?xml?><a/>", "CSV").unwrap_err(), "it is XML, not CSV");
    }
}
