//! The `inline` dialplan: `application:data,application:data`, as in `originate user/1000 'answer,echo' inline`.
//! event-socket.md §6.4.

use super::ActionItem;

/// The most steps on one line.
pub const MAX_STEPS: usize = 1_000;

/// Reads the line. `m:<c>:` in front makes `c` the separator instead of the comma. Single quotes protect a
/// separator and are dropped; `\` before the separator does the same. Blanks around a step do not count, and
/// empty steps are skipped.
pub fn parse(line: &str) -> Vec<ActionItem> {
    let (separator, line) = separator_of(line.trim_ascii());
    let mut steps = Vec::new();
    let mut step = String::new();
    let mut quoted = false;
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\\' && rest.peek() == Some(&separator) {
            step.push(separator);
            rest.next();
        } else if c == '\'' && (quoted || rest.clone().any(|later| later == '\'')) {
            // One without a partner is an apostrophe.
            quoted = !quoted;
        } else if c == separator && !quoted {
            finish(&mut steps, &step);
            step.clear();
        } else {
            step.push(c);
        }
        if steps.len() == MAX_STEPS {
            return steps;
        }
    }
    finish(&mut steps, &step);
    steps
}

fn separator_of(line: &str) -> (char, &str) {
    let split = || {
        let rest = line.strip_prefix("m:")?;
        let separator = rest.chars().next()?;
        Some((separator, rest[separator.len_utf8()..].strip_prefix(':')?))
    };
    split().unwrap_or((',', line))
}

fn finish(steps: &mut Vec<ActionItem>, step: &str) {
    let step = step.trim_ascii();
    if !step.is_empty() {
        let (application, data) = step.split_once(':').unwrap_or((step, ""));
        steps.push(ActionItem {
            application: application.trim_ascii().into(),
            data: data.into(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        for (line, expect) in [
            ("park", vec![("park", "")]),
            (
                "answer,playback:/sounds/x.wav,hangup",
                vec![
                    ("answer", ""),
                    ("playback", "/sounds/x.wav"),
                    ("hangup", ""),
                ],
            ),
            ("set:foo=bar,park", vec![("set", "foo=bar"), ("park", "")]),
            (
                "socket:127.0.0.1:8084 ,park",
                vec![("socket", "127.0.0.1:8084"), ("park", "")],
            ),
            (
                "socket:127.0.0.1:8084 async full,park",
                vec![("socket", "127.0.0.1:8084 async full"), ("park", "")],
            ),
            (
                "m:|:bridge:user/1,user/2|park",
                vec![("bridge", "user/1,user/2"), ("park", "")],
            ),
            (
                "m:^:playback:tone_stream://%(100,0,440)^park",
                vec![("playback", "tone_stream://%(100,0,440)"), ("park", "")],
            ),
            (
                "playback:'tone_stream://%(100,0,440)',park",
                vec![("playback", "tone_stream://%(100,0,440)"), ("park", "")],
            ),
            (
                r"log:INFO a\, b,park",
                vec![("log", "INFO a, b"), ("park", "")],
            ),
            (
                "log:INFO it's,park",
                vec![("log", "INFO it's"), ("park", "")],
            ),
            (" , answer ,, ", vec![("answer", "")]),
            ("", vec![]),
            ("m:", vec![("m", "")]),
        ] {
            let found = parse(line);
            let found: Vec<_> = found.iter().map(|a| (&*a.application, &*a.data)).collect();
            assert_eq!(found, expect, "{line}");
        }
    }

    #[test]
    fn bounded() {
        assert_eq!(parse(&"park,".repeat(5_000)).len(), MAX_STEPS);
    }
}
