//! Commands about one channel whose feature this server does not have.
//!
//! They answer as the original does where the request is wrong, and refuse otherwise, so that a program takes the
//! path it has for failure. `show api` does not list them.

use api::View;

/// One such command.
struct Refused {
    name: &'static str,
    /// Words it needs; fewer print the usage.
    words: usize,
    usage: &'static str,
    /// There is no such channel; `{}` is the uuid.
    absent: &'static str,
    /// There is, but it cannot be done.
    refusal: &'static str,
}

const fn refused(
    name: &'static str,
    words: usize,
    usage: &'static str,
    absent: &'static str,
    refusal: &'static str,
) -> Refused {
    Refused {
        name,
        words,
        usage,
        absent,
        refusal,
    }
}

const FAILED: &str = "-ERR Operation failed\n";

/// The texts are those of golden uuid-01-usage and uuid-02-bad-uuid.
const REFUSED: [Refused; 2] = [
    refused("uuid_simplify", 1, "-USAGE: <uuid>\n", FAILED, FAILED),
    refused(
        "uuid_zombie_exec",
        1,
        "-ERR no such session\n",
        "-ERR no such session\n",
        FAILED,
    ),
];

/// What a refused command answers; `None` for any other name.
pub(super) fn answer(name: &str, args: &str, view: &View) -> Option<String> {
    let command = REFUSED
        .iter()
        .find(|command| command.name.eq_ignore_ascii_case(name))?;
    let words: Vec<&str> = args.split(' ').filter(|word| !word.is_empty()).collect();
    let text = match words.first() {
        Some(uuid) if words.len() >= command.words => match view.channel(uuid) {
            Some(_) => command.refusal.to_owned(),
            None => command.absent.replace("{}", uuid),
        },
        Some(_) | None => command.usage.to_owned(),
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_requests_are_answered_as_recorded() {
        let text = |name: &str, args: &str| answer(name, args, &View::default());
        assert_eq!(
            text("UUID_SIMPLIFY", "u").as_deref(),
            Some("-ERR Operation failed\n")
        );
        assert_eq!(text("uuid_kill", "u"), None);
    }

    #[test]
    fn none_of_them_is_listed_as_working() {
        for command in &REFUSED {
            assert!(
                !super::super::COMMANDS
                    .iter()
                    .any(|entry| entry.name == command.name),
                "{}",
                command.name
            );
        }
    }
}
