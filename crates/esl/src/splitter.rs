//! How command arguments are split into words (event-socket.md §6.1).

/// Splits at runs of blanks, or at `separator` after a leading `^^<separator>`.
///
/// Single quotes protect separators and are removed; a lone quote stays. A backslash escapes a quote
/// of either kind, itself and the separator, and `\n \r \t \s` make control characters and a blank;
/// before anything else it stays. At most `limit` words; the last one takes the rest, without its
/// quotes and escapes changed when it is not the end of the text.
pub fn split(text: &str, limit: usize) -> Vec<String> {
    let (separator, text) = match text.strip_prefix("^^").and_then(|rest| {
        let mut chars = rest.chars();
        chars.next().map(|separator| (separator, chars.as_str()))
    }) {
        Some(chosen) => chosen,
        None => (' ', text),
    };
    let mut words = Vec::new();
    let mut rest = skip_blanks(text, separator);
    while !rest.is_empty() && limit > 0 {
        if words.len() + 1 == limit {
            let word = take_word(rest, separator);
            let all = if skip_blanks(word.1, separator).is_empty() {
                word.0
            } else {
                rest.to_owned()
            };
            words.push(all);
            break;
        }
        let (word, after) = take_word(rest, separator);
        words.push(word);
        rest = if separator == ' ' {
            skip_blanks(after, separator)
        } else {
            after
        };
    }
    words
}

/// The first word and what follows it, split at the first blank only, nothing removed.
pub fn head(text: &str) -> (&str, &str) {
    match text.split_once(' ') {
        Some((word, rest)) => (word, rest.trim_start_matches(' ')),
        None => (text, ""),
    }
}

fn skip_blanks(text: &str, separator: char) -> &str {
    if separator == ' ' {
        text.trim_start_matches(' ')
    } else {
        text
    }
}

fn take_word(text: &str, separator: char) -> (String, &str) {
    let mut word = String::new();
    let mut chars = text.char_indices().peekable();
    let mut quoted = false;
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.peek().copied() {
                Some((_, next))
                    if next == '\'' || next == '"' || next == '\\' || next == separator =>
                {
                    word.push(next);
                    chars.next();
                }
                Some((_, next)) => match escaped(next) {
                    Some(control) => {
                        word.push(control);
                        chars.next();
                    }
                    None => word.push('\\'),
                },
                None => word.push('\\'),
            },
            '\'' if quoted => quoted = false,
            '\'' if has_closing_quote(&text[at + 1..]) => quoted = true,
            _ if c == separator && !quoted => return (word, &text[at + c.len_utf8()..]),
            _ => word.push(c),
        }
    }
    (word, "")
}

fn escaped(letter: char) -> Option<char> {
    match letter {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        's' => Some(' '),
        _ => None,
    }
}

fn has_closing_quote(rest: &str) -> bool {
    let mut escaped = false;
    rest.chars().any(|c| {
        let closes = c == '\'' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_protect_blanks_and_vanish() {
        assert_eq!(split("a  'b c' d", 9), ["a", "b c", "d"]);
        assert_eq!(
            split("'loopback/9196' '&park()'", 9),
            ["loopback/9196", "&park()"]
        );
        assert_eq!(
            split("loopback/9196  &park()", 9),
            ["loopback/9196", "&park()"]
        );
        assert_eq!(split("it's fine", 9), ["it's", "fine"]);
        assert_eq!(split("\"a b\"", 9), ["\"a", "b\""]);
        assert_eq!(
            split("{a='x y',b=z}null/x &park()", 9),
            ["{a=x y,b=z}null/x", "&park()"]
        );
    }

    #[test]
    fn backslashes_escape_what_they_must() {
        assert_eq!(split(r"a\ b c", 9), ["a b", "c"]);
        assert_eq!(split(r"\'a\' \n\s\x", 9), ["'a'", "\n \\x"]);
    }

    #[test]
    fn another_separator_may_be_chosen() {
        assert_eq!(split("^^:a b:c", 9), ["a b", "c"]);
    }

    #[test]
    fn the_last_word_takes_the_rest() {
        assert_eq!(split("u v x 'y z' w", 3), ["u", "v", "x 'y z' w"]);
        assert_eq!(split("", 3), Vec::<String>::new());
        assert_eq!(split("   ", 3), Vec::<String>::new());
        assert_eq!(head("a  b c"), ("a", "b c"));
    }
}
