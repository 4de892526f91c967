//! `cond` and `regex`.

use std::cmp::Ordering;

use crate::dialplan::Expression;

/// `cond <a> <operator> <b> ? <x> : <y>`; numbers compare as numbers, anything else as text. `None` when the
/// expression is incomplete.
pub(super) fn cond(arguments: &str) -> Option<String> {
    let words = words(arguments);
    let question = words.iter().position(|word| word == "?")?;
    let colon = question
        + 1
        + words
            .get(question + 1..)?
            .iter()
            .position(|word| word == ":")?;
    let operators = ["==", "!=", ">=", "<=", ">", "<"];
    let at = words
        .get(..question)?
        .iter()
        .position(|word| operators.contains(&word.as_str()))?;
    let join = |range: std::ops::Range<usize>| {
        words
            .get(range)
            .map(|part| part.join(" "))
            .unwrap_or_default()
    };
    let (a, b) = (join(0..at), join(at + 1..question));
    let order = match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.partial_cmp(&b)?,
        _ => a.cmp(&b),
    };
    let holds = match words.get(at)?.as_str() {
        "==" => order == Ordering::Equal,
        "!=" => order != Ordering::Equal,
        ">=" => order != Ordering::Less,
        "<=" => order != Ordering::Greater,
        ">" => order == Ordering::Greater,
        _ => order == Ordering::Less,
    };
    Some(if holds {
        join(question + 1..colon)
    } else {
        join(colon + 1..words.len())
    })
}

/// Words at blanks; single quotes hold a word together, even an empty one (event-socket.md §6.1).
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => out.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word);
    out
}

/// `regex <data>|<pattern>[|<substitution>[|n|b]]`; `m:<c>` in front picks another separator.
///
/// Without a substitution `true` or `false`. With one: what `%0`–`%9` or `$0`–`$9` make of it when the pattern
/// matches, else the data; with `n` then nothing, with `b` then `false`. `None`: no pattern, or a broken one.
pub(super) fn regex(arguments: &str) -> Option<String> {
    let (separator, text) = match arguments.strip_prefix("m:") {
        Some(rest) => {
            let mut rest = rest.chars();
            (rest.next()?, rest.as_str())
        }
        None => ('|', arguments),
    };
    // The pattern may hold the default separator: `m:` is for that.
    let mut parts = text.splitn(4, separator);
    let (data, pattern) = (parts.next()?, parts.next()?);
    let (substitution, flags) = (parts.next(), parts.next().unwrap_or_default());
    let expression = Expression::compile(pattern).ok()?;
    let captures = expression.captures(data).ok()?;
    let Some(substitution) = substitution else {
        return Some(captures.is_some().to_string());
    };
    Some(match captures {
        Some(captures) => {
            let mut out = String::new();
            let mut rest = substitution;
            while let Some(at) = rest.find(['%', '$']) {
                out.push_str(rest.get(..at)?);
                let group = rest
                    .get(at + 1..)?
                    .chars()
                    .next()
                    .and_then(|c| c.to_digit(10));
                match group {
                    Some(group) => {
                        out.push_str(captures.get(group as usize).unwrap_or_default());
                        rest = rest.get(at + 2..)?;
                    }
                    None => {
                        out.push_str(rest.get(at..=at)?);
                        rest = rest.get(at + 1..)?;
                    }
                }
            }
            out + rest
        }
        None if flags.contains('b') => "false".into(),
        None if flags.contains('n') => String::new(),
        None => data.to_owned(),
    })
}
