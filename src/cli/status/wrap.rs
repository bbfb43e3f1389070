//! Text in lines of the screen. Of what is too long the middle is left out: the
//! end of a reason often says what to do.

/// Columns that later lines of a text stand in from its first.
pub const INDENT: usize = 2;

const LEFT_OUT: &str = "… ";

/// At most so many lines; where words are left out, an ellipsis says so.
pub fn cut_to(text: &str, width: usize, most: usize) -> Vec<String> {
    let whole = wrapped(text, width);
    if whole.len() <= most {
        return whole;
    }
    let words = words(text);
    let tries = (1..words.len()).rev().map(|kept| {
        let tail = kept / 2;
        let head = &words[..kept - tail];
        let end = &words[words.len() - tail..];
        in_lines(
            head.iter()
                .map(String::as_str)
                .chain([LEFT_OUT])
                .chain(end.iter().map(String::as_str)),
            width,
        )
    });
    let mut fitting = tries.filter(|lines| lines.len() <= most);
    fitting.next().unwrap_or_else(|| whole[..most].to_vec())
}

/// Broken at spaces, later lines indented; a word that is longer than a line
/// ends in an ellipsis.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    in_lines(words(text).iter().map(String::as_str), width)
}

fn in_lines<'a>(words: impl Iterator<Item = &'a str>, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in words {
        let long = line.chars().count() + word.trim_end().chars().count() > width;
        if long && !line.trim().is_empty() {
            lines.push(line.trim_end().to_owned());
            line = " ".repeat(INDENT);
        }
        line.push_str(word);
    }
    lines.push(line.trim_end().to_owned());
    for line in &mut lines {
        if line.chars().count() > width {
            *line = line.chars().take(width - 2).collect::<String>() + " …";
        }
    }
    lines
}

/// Each with the space behind it. A command stays whole, so that it can be
/// copied.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut in_command = false;
    for character in text.replace('\n', " ").chars() {
        in_command ^= character == '`';
        let last = words.len() - 1;
        words[last].push(character);
        if character == ' ' && !in_command {
            words.push(String::new());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begin_and_end_of_what_is_too_long_stay() {
        let text = format!(
            "it has no column `email`; {}its columns are id, mail",
            "and so on ".repeat(40)
        );
        let lines = cut_to(&text, 40, 2);
        assert_eq!(lines.len(), 2, "{lines:?}");
        let told = lines.join(" ");
        assert!(told.starts_with("it has no column `email`;"), "{told}");
        assert!(told.ends_with("are id, mail") && told.contains('…'), "{told}");
        assert!(lines.iter().all(|line| line.chars().count() <= 40), "{lines:?}");
    }

    #[test]
    fn what_fits_is_not_cut_and_one_long_word_is() {
        assert_eq!(cut_to("a b", 40, 2), ["a b"]);
        let lines = cut_to(&"x".repeat(90), 40, 2);
        assert_eq!(lines, [format!("{} …", "x".repeat(38))]);
    }
}
