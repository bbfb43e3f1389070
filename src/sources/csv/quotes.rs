//! Whether every quote of a CSV file is closed where a field ends. The reader
//! takes whatever follows an open quote for one field, rows and all: people
//! would vanish from the list without a word.

/// # Errors
/// The line where a quote was opened that is not closed, or not at the end of
/// its field.
pub fn check(text: &str, delimiter: u8) -> Result<(), String> {
    let mut state = State::FieldStart;
    let (mut line, mut opened) = (1, 1);
    for byte in text.bytes() {
        let is_end = byte == delimiter || matches!(byte, b'\n' | b'\r');
        state = match (state, byte) {
            (State::FieldStart, b'"') => {
                opened = line;
                State::Quoted
            }
            (State::Quoted, b'"') => State::QuoteInQuoted,
            (State::Quoted, _) => State::Quoted,
            (State::QuoteInQuoted, b'"') => State::Quoted,
            (_, _) if is_end => State::FieldStart,
            (State::QuoteInQuoted, _) => {
                return Err(format!(
                    "the quote opened in line {opened} is closed in line {line} in the middle of a field; \
                     was one before it left open?"
                ));
            }
            (State::FieldStart | State::Plain, _) => State::Plain,
        };
        line += usize::from(byte == b'\n');
    }
    match state {
        State::Quoted => Err(format!("the quote opened in line {opened} is never closed")),
        State::FieldStart | State::Plain | State::QuoteInQuoted => Ok(()),
    }
}

#[derive(Clone, Copy)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    /// The end of the field, or the first half of a doubled quote.
    QuoteInQuoted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_that_are_closed_pass() {
        for text in [
            "",
            "a,b\n\"x, y\",\"say \"\"hi\"\"\"\n",
            "a\n\"two\nlines\"",
            "a\n\"\"\n",
            "a\nRobert \"Bob\" Smith\n",
            "a\r\"b\"\rc",
        ] {
            assert_eq!(check(text, b','), Ok(()), "{text:?}");
        }
        assert_eq!(check("\"a\";\"b\"", b';'), Ok(()));
    }

    #[test]
    fn a_quote_left_open_is_named_by_its_line() {
        let open = check("email,name\nada,\"Ada\nbob,Bob\n", b',').unwrap_err();
        assert_eq!(open, "the quote opened in line 2 is never closed");
        let swallowed = check("email\n\"ada\nbob\n\"eve\"\n", b',').unwrap_err();
        assert!(
            swallowed.contains("opened in line 2") && swallowed.contains("in line 4"),
            "{swallowed}"
        );
    }
}
