//! What people read of a server: which one it is, and its own short words out
//! of an error body, in one line of text without markup, control characters or
//! secrets.

use serde_json::Value;
use url::Url;

const LONGEST_WORDS_CHARS: usize = 200;

/// The message of an error body, or `None` where there is none to speak of.
/// `secrets` are what the request carried: some servers echo it.
pub fn server_words(body: &[u8], secrets: &[&str]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let message = match serde_json::from_str::<Value>(&text) {
        Ok(value) => json_message(&value)?,
        Err(_) if is_page(&text) => page_title(&text)?,
        Err(_) => text.into_owned(),
    };
    // Both before and after the markup goes: a secret may look like markup.
    let words = without_markup(&scrubbed(&message, secrets));
    let words = scrubbed(&words, secrets);
    (!words.is_empty()).then(|| shortened(&words))
}

/// Where a connection leads, like `iam.example.com:443`: what a name service and
/// a firewall are asked about, and nothing of a URL that may be secret.
pub fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// `text` with every secret in it blotted out.
pub fn scrubbed(text: &str, secrets: &[&str]) -> String {
    let mut scrubbed = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        if scrubbed.contains(secret) {
            scrubbed = scrubbed.replace(secret, "***");
        }
    }
    scrubbed
}

/// A cut of text that somebody else decides the length of.
pub fn shortened(words: &str) -> String {
    match words.char_indices().nth(LONGEST_WORDS_CHARS) {
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
        None => words.to_owned(),
    }
}

/// Keystone nests its message in `error`, Glance does not, gateways have names
/// of their own and add a code, registries make a list of it.
fn json_message(value: &Value) -> Option<String> {
    let value = value.get(0).unwrap_or(value);
    let own = json_words(value);
    let nested = || value.get("errors").and_then(|errors| json_words(errors.get(0)?));
    own.or_else(nested)
}

fn json_words(value: &Value) -> Option<String> {
    let inner = value
        .get("error")
        .filter(|error| error.is_object())
        .unwrap_or(value);
    let text = |names: &[&str]| {
        let mut found = names.iter().filter_map(|name| inner.get(name)?.as_str());
        found.find(|text| !text.trim().is_empty())
    };
    let message = text(&["message", "error_msg", "errorMessage", "detail", "title", "error"]);
    // Where `code` is the status once more it says nothing new.
    let code = text(&["code"]).filter(|code| code.contains('.'));
    match (text(&["error_code", "errorCode"]).or(code), message) {
        (Some(code), Some(message)) => Some(format!("{code}: {message}")),
        (code, message) => message.or(code).map(str::to_owned),
    }
}

fn is_page(text: &str) -> bool {
    let start: String = text.chars().take(500).collect();
    let start = start.to_ascii_lowercase();
    start.contains("<html") || start.contains("<!doctype")
}

/// A page's title says what happened; the rest is style sheets and courtesy.
fn page_title(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    ["title", "h1"].iter().find_map(|element| {
        let start = lower.find(&format!("<{element}>"))? + element.len() + 2;
        let end = start + lower[start..].find(&format!("</{element}>"))?;
        let title = text[start..end].trim();
        (!title.is_empty()).then(|| title.to_owned())
    })
}

fn without_markup(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        plain.push_str(&rest[..start]);
        let tag = &rest[start..];
        let is_tag = tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        match tag.find('>').filter(|_| is_tag) {
            Some(end) => {
                plain.push(' ');
                rest = &tag[end + 1..];
            }
            None => {
                plain.push('<');
                rest = &tag[1..];
            }
        }
    }
    plain.push_str(rest);
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    for (entity, character) in entities {
        plain = plain.replace(entity, character);
    }
    let printable = plain.replace(char::is_control, " ");
    printable.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(body: &str) -> Option<String> {
        server_words(body.as_bytes(), &["tok-123456"])
    }

    #[test]
    fn each_shape_of_error_body_gives_its_message() {
        for (body, expected) in [
            (
                r#"{"error":{"code":401,"message":"Wrong.","title":"Unauthorized"}}"#,
                "Wrong.",
            ),
            (
                r#"{"message":"Not allowed.<br /><br />\n\n","code":"403 Forbidden","title":"x"}"#,
                "Not allowed.",
            ),
            (
                r#"{"error_code":"IAM.0012","error_msg":"5 times per 60 seconds"}"#,
                "IAM.0012: 5 times per 60 seconds",
            ),
            (r#"{"error":"nope"}"#, "nope"),
            (
                r#"{"error":{"message":"No image.","code":"IMG.0027"}}"#,
                "IMG.0027: No image.",
            ),
            (
                r#"[{"errorCode":"SVCSTG.SWR.4040010","errorMessage":"No repo.","detail":""}]"#,
                "SVCSTG.SWR.4040010: No repo.",
            ),
            (
                r#"{"errors":[{"errorCode":"SVCSTG.SWR.4040010","errorMessage":"No repo."}]}"#,
                "SVCSTG.SWR.4040010: No repo.",
            ),
            (
                "<html><head><style>b{}</style><title>502 Bad Gateway</title></head></html>",
                "502 Bad Gateway",
            ),
            ("plain \u{1b}[31m text\r\n here", "plain [31m text here"),
            ("size < 5 &amp; count &gt; 3", "size < 5 & count > 3"),
        ] {
            assert_eq!(words(body).as_deref(), Some(expected), "{body}");
        }
        for body in ["", "{}", "[]", "<html></html>", "  "] {
            assert_eq!(words(body), None, "{body}");
        }
    }

    #[test]
    fn a_server_is_named_by_host_and_port_alone() {
        for (url, expected) in [
            (
                "https://user:pw@iam.example.com/v3?key=1#x",
                "iam.example.com:443",
            ),
            ("http://iam.example.com:5000/v3", "iam.example.com:5000"),
            ("https://[::1]/", "[::1]:443"),
        ] {
            assert_eq!(host_and_port(&Url::parse(url).unwrap()), expected);
        }
    }

    #[test]
    fn what_the_request_carried_is_blotted_out() {
        assert_eq!(words("token tok-123456 is bad").unwrap(), "token *** is bad");
        let long = format!("{}tok-123456", "x".repeat(195));
        assert!(!words(&long).unwrap().contains("tok-"), "not even cut in two");
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let cut = words(&"ä".repeat(500)).unwrap();
        assert_eq!(cut.chars().count(), LONGEST_WORDS_CHARS + 1);
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm() {
        assert!(server_words(&[0xff, 0xfe, 0x00, b'a'], &[]).is_some());
    }
}
