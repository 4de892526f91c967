//! Commands that turn one text into another (event-socket.md §6.2).

use super::MAX_DEPTH;
use super::call::{Call, usage};
use crate::command::api::Line;
use crate::{clock, encode, splitter};
use api::command::server::{Expand, SayString};
use api::{ChannelId, Timestamp};
use md5::Digest;
use pcre2::bytes::{Captures, RegexBuilder};

/// What `regex` and `cond` call a syntax error in.
const SYNTAX_ERROR: &str = "-ERR";

pub(super) async fn echo(call: &Call<'_>) -> String {
    call.args.to_owned()
}

pub(super) async fn md5(call: &Call<'_>) -> String {
    md5::Md5::digest(call.args.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What cannot be said prints nothing.
pub(super) async fn say_string(call: &Call<'_>) -> String {
    if call.args.is_empty() {
        return usage(
            "<module_name>[.<ext>][:<lang>] <say_type> <say_method> [<say_gender>] <text>",
        );
    }
    let text = call.args.into();
    let sounds = call.ask(SayString { text }).await;
    sounds.map_or_else(|_| String::new(), |sounds| sounds.to_string())
}

pub(super) async fn url_encode(call: &Call<'_>) -> String {
    encode::encode(call.args)
}

pub(super) async fn url_decode(call: &Call<'_>) -> String {
    encode::decode(call.args)
}

pub(super) async fn toupper(call: &Call<'_>) -> String {
    call.args.to_uppercase()
}

pub(super) async fn tolower(call: &Call<'_>) -> String {
    call.args.to_lowercase()
}

/// `strftime [<epoch>|]<format>`. After an epoch the original drops the first character of the format
/// (golden api-05-time); scripts have learnt to write one more.
pub(super) async fn strftime(call: &Call<'_>) -> String {
    let zone = &call.console.server.zone;
    if call.args.is_empty() {
        return clock::local(call.console.host.now(), zone);
    }
    if let Some((epoch, pattern)) = call.args.split_once('|')
        && let Ok(seconds) = epoch.parse::<i64>()
    {
        let mut rest = pattern.chars();
        rest.next();
        return clock::format(
            Timestamp(seconds.saturating_mul(1_000_000)),
            zone,
            rest.as_str(),
        );
    }
    clock::format(call.console.host.now(), zone, call.args)
}

/// `expand [uuid:<id> ]<command> <args>`: runs the command with `${…}` expanded.
pub(super) async fn expand(call: &Call<'_>) -> String {
    let text = expanded(call).await;
    if call.depth >= MAX_DEPTH || text.is_empty() {
        return String::new();
    }
    let line = Line::parse(&text);
    call.console.run(&line, call.depth + 1).await.text
}

/// `eval [uuid:<id> ]<text>`: the text with `${…}` expanded.
pub(super) async fn eval(call: &Call<'_>) -> String {
    expanded(call).await
}

async fn expanded(call: &Call<'_>) -> String {
    let (channel, text) = match call.args.strip_prefix("uuid:") {
        Some(rest) => {
            let (id, text) = splitter::head(rest);
            (
                ChannelId::from_text(id).filter(|id| call.live(id.as_str()).is_some()),
                text,
            )
        }
        None => (None, call.args),
    };
    match call
        .ask(Expand {
            channel,
            text: text.into(),
        })
        .await
    {
        Ok(text) => text.to_string(),
        Err(_) => text.to_owned(),
    }
}

/// `regex <data>|<pattern>[|<substitution>[|<flags>]]`: `true`, `false`, or the substitution with `$n` or `%n` filled in.
/// Flag `n` answers nothing, `b` answers `false` when nothing matches; without it the data comes back.
pub(super) async fn regex(call: &Call<'_>) -> String {
    let parts: Vec<&str> = split_alternatives(call.args);
    let (Some(data), Some(pattern)) = (parts.first(), parts.get(1)) else {
        return SYNTAX_ERROR.to_owned();
    };
    let compiled = RegexBuilder::new()
        .utf(true)
        .build(&format!("(*LIMIT_MATCH=20000){pattern}"));
    let Ok(compiled) = compiled else {
        return SYNTAX_ERROR.to_owned();
    };
    let found = compiled.captures(data.as_bytes()).ok().flatten();
    match (found, parts.get(2)) {
        (found, None) => found.is_some().to_string(),
        (Some(captures), Some(substitution)) => substitute(substitution, &captures),
        (None, Some(_)) => match parts.get(3).copied() {
            Some("n") => String::new(),
            Some("b") => "false".to_owned(),
            _ => (*data).to_owned(),
        },
    }
}

/// `|` separates; `\|` is part of an expression.
fn split_alternatives(text: &str) -> Vec<&str> {
    if let Some(rest) = text.strip_prefix("m:") {
        let mut chars = rest.chars();
        if let Some(separator) = chars.next() {
            return chars.as_str().splitn(4, separator).collect();
        }
    }
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        if c == '|' && !escaped && parts.len() < 3 {
            parts.push(&text[start..at]);
            start = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    parts.push(&text[start..]);
    parts
}

fn substitute(pattern: &str, captures: &Captures<'_>) -> String {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(digit) = chars
            .peek()
            .and_then(|next| next.to_digit(10))
            .filter(|_| matches!(c, '$' | '%'))
        else {
            out.push(c);
            continue;
        };
        chars.next();
        if let Some(found) = captures.get(digit as usize) {
            out.push_str(&String::from_utf8_lossy(found.as_bytes()));
        }
    }
    out
}

/// `cond <a> <op> <b> ? <yes> : <no>`: numbers compare as numbers, everything else as text.
pub(super) async fn cond(call: &Call<'_>) -> String {
    let Some((test, choices)) = call.args.split_once('?') else {
        return SYNTAX_ERROR.to_owned();
    };
    let operators = ["==", "!=", ">=", "<=", ">", "<"];
    let Some((at, operator)) = operators
        .iter()
        .filter_map(|op| Some((test.find(op)?, *op)))
        .min_by_key(|found| found.0)
    else {
        return SYNTAX_ERROR.to_owned();
    };
    let (yes, no) = choices.split_once(':').unwrap_or((choices, ""));
    let holds = compare(
        unquoted(&test[..at]),
        operator,
        unquoted(&test[at + operator.len()..]),
    );
    unquoted(if holds { yes } else { no }).to_owned()
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('\'')
        .and_then(|inner| inner.strip_suffix('\''))
        .unwrap_or(text)
}

fn compare(left: &str, operator: &str, right: &str) -> bool {
    let order = match (left.parse::<f64>(), right.parse::<f64>()) {
        (Ok(left), Ok(right)) => left.partial_cmp(&right),
        _ => Some(left.to_lowercase().cmp(&right.to_lowercase())),
    };
    let Some(order) = order else {
        return operator == "!=";
    };
    match operator {
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        ">=" => order.is_ge(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_lt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_split_at_bars_that_are_not_escaped() {
        assert_eq!(split_alternatives(r"a|b\|c|$1"), ["a", r"b\|c", "$1"]);
        assert_eq!(split_alternatives("m:~a|b~c~d"), ["a|b", "c", "d"]);
    }

    #[test]
    fn comparisons() {
        assert!(compare("10", ">", "9"));
        assert!(compare("abc", "==", "ABC"));
        assert!(!compare("2", "!=", "2.0"));
        assert_eq!(unquoted(" 'a b' "), "a b");
    }
}
