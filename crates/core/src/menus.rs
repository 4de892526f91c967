//! Menus of `ivr.conf.xml`, for the application `ivr`.

use std::sync::Arc;
use std::time::Duration;

use roxmltree::{Document, Node};

use crate::config_xml::Configuration;
use crate::dialplan::Expression;

/// Without `timeout`.
const USUAL_TIMEOUT_MS: u64 = 10_000;
/// Without `inter-digit-timeout`.
const USUAL_DIGIT_TIMEOUT_MS: u64 = 2_000;
/// Without `max-failures` and `max-timeouts`.
const USUAL_ROUNDS: u32 = 3;
/// Shortest wait, so that a menu with `timeout="0"` does not turn without end.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
/// Most digits of one choice.
const MAX_DIGITS: usize = 64;

/// One menu.
#[derive(Clone, Debug)]
pub(crate) struct Menu {
    pub(crate) greet_long: Option<Arc<str>>,
    pub(crate) greet_short: Option<Arc<str>>,
    pub(crate) invalid_sound: Option<Arc<str>>,
    pub(crate) exit_sound: Option<Arc<str>>,
    /// Until the first digit.
    pub(crate) timeout: Duration,
    /// Between digits.
    pub(crate) digit_timeout: Duration,
    /// Wrong choices, and silences, after which it ends.
    pub(crate) max_failures: u32,
    pub(crate) max_timeouts: u32,
    /// Digits of a choice, at most.
    pub(crate) digit_len: usize,
    /// Applications with their arguments, run behind the menu when it ended that way.
    pub(crate) on_failures: Option<Arc<str>>,
    pub(crate) on_timeouts: Option<Arc<str>>,
    entries: Vec<Entry>,
}

/// What digits mean.
#[derive(Clone, Debug)]
struct Entry {
    digits: Digits,
    action: Action,
    param: Arc<str>,
}

#[derive(Clone, Debug)]
enum Digits {
    Exactly(Box<str>),
    /// Written `/…/`; `$1` in the param is what its first bracket matched.
    Matching(Box<Expression>),
}

/// Actions of entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    /// `menu-exec-app`
    Run,
    /// `menu-sub`
    Sub,
    /// `menu-exit`
    Exit,
    /// `menu-back`
    Back,
    /// `menu-top`
    Top,
    /// `menu-play-sound`
    Sound,
}

impl Action {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "menu-exec-app" => Self::Run,
            "menu-sub" => Self::Sub,
            "menu-exit" => Self::Exit,
            "menu-back" => Self::Back,
            "menu-top" => Self::Top,
            "menu-play-sound" => Self::Sound,
            _ => return None,
        })
    }
}

impl Menu {
    /// The menu of that name; `None` when the configuration has none.
    pub(crate) fn named(xml: &Configuration, name: &str) -> Option<Self> {
        let module = xml.module("ivr.conf")?;
        let document = Document::parse(&module.xml).ok()?;
        let mut menus = document.descendants();
        let node =
            menus.find(|node| node.has_tag_name("menu") && node.attribute("name") == Some(name))?;
        Some(Self::read(node, name))
    }

    fn read(node: Node<'_, '_>, name: &str) -> Self {
        let text = |attribute: &str| {
            let value = node.attribute(attribute).filter(|value| !value.is_empty());
            value.map(Arc::from)
        };
        let number = |attribute: &str| {
            node.attribute(attribute)
                .and_then(|t| t.parse::<u32>().ok())
        };
        let wait = |attribute: &str, usual: u64| {
            let ms = number(attribute).map_or(usual, u64::from);
            Duration::from_millis(ms).max(SHORTEST_WAIT)
        };
        let rounds = |attribute: &str| number(attribute).unwrap_or(USUAL_ROUNDS).max(1);
        let length = node.attribute("digit-len").and_then(|t| t.parse().ok());
        let elements = node.children().filter(|child| child.has_tag_name("entry"));
        Self {
            greet_long: text("greet-long"),
            greet_short: text("greet-short"),
            invalid_sound: text("invalid-sound"),
            exit_sound: text("exit-sound"),
            timeout: wait("timeout", USUAL_TIMEOUT_MS),
            digit_timeout: wait("inter-digit-timeout", USUAL_DIGIT_TIMEOUT_MS),
            max_failures: rounds("max-failures"),
            max_timeouts: rounds("max-timeouts"),
            digit_len: length.unwrap_or(1).clamp(1, MAX_DIGITS),
            on_failures: text("exec-on-max-failures"),
            on_timeouts: text("exec-on-max-timeouts"),
            entries: elements.filter_map(|child| entry(child, name)).collect(),
        }
    }

    /// What these digits mean, and with which argument: exact ones before patterns, each in the order of the file.
    pub(crate) fn choice(&self, digits: &str) -> Option<(Action, String)> {
        let exact = self.entries.iter().find(|entry| match &entry.digits {
            Digits::Exactly(known) => **known == *digits,
            Digits::Matching(_) => false,
        });
        if let Some(entry) = exact {
            return Some((entry.action, entry.param.to_string()));
        }
        self.entries.iter().find_map(|entry| match &entry.digits {
            Digits::Exactly(_) => None,
            Digits::Matching(pattern) => {
                let captures = pattern.captures(digits).ok()??;
                let mut param = entry.param.to_string();
                // From the highest, as `$1` begins `$12`.
                for group in (0..captures.len()).rev() {
                    let found = captures.get(group).unwrap_or_default();
                    param = param.replace(&format!("${group}"), found);
                }
                Some((entry.action, param))
            }
        })
    }
}

fn entry(node: Node<'_, '_>, menu: &str) -> Option<Entry> {
    let word = node.attribute("action").unwrap_or_default();
    let Some(action) = Action::from_word(word) else {
        tracing::warn!(menu, action = word, "A menu has an action that is unknown");
        return None;
    };
    let written = node
        .attribute("digits")
        .filter(|digits| !digits.is_empty())?;
    let pattern = written
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix('/'));
    let digits = match pattern {
        Some(pattern) => match Expression::compile(pattern) {
            Ok(expression) => Digits::Matching(Box::new(expression)),
            Err(error) => {
                tracing::warn!(menu, digits = written, %error, "A menu has a pattern that cannot be used");
                return None;
            }
        },
        None => Digits::Exactly(written.into()),
    };
    Some(Entry {
        digits,
        action,
        param: node.attribute("param").unwrap_or_default().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn menus_as_they_are_written() {
        let document = Document::parse(
            r#"<menu name="m" greet-long="a.wav" greet-short="" timeout="0" inter-digit-timeout="700" max-failures="2" digit-len="4">
              <entry action="menu-exec-app" digits="1" param="bridge sofia/x"/>
              <entry action="menu-exec-app" digits="/^(10)([01][0-9])$/" param="transfer $2 of $1"/>
              <entry action="menu-nothing" digits="3"/><entry action="menu-exit" digits=""/><entry action="menu-top" digits="/(/"/>
              <entry action="menu-exit" digits="*"/></menu>"#,
        )
        .unwrap();
        let menu = Menu::read(document.root_element(), "m");
        assert_eq!(
            (menu.greet_long.as_deref(), menu.greet_short.as_deref()),
            (Some("a.wav"), None)
        );
        assert_eq!((menu.max_failures, menu.max_timeouts), (2, 3));
        assert_eq!(menu.timeout, SHORTEST_WAIT);
        assert_eq!(menu.digit_timeout, Duration::from_millis(700));
        assert_eq!(menu.entries.len(), 3);
        assert_eq!(
            menu.choice("1"),
            Some((Action::Run, "bridge sofia/x".into()))
        );
        assert_eq!(
            menu.choice("1012"),
            Some((Action::Run, "transfer 12 of 10".into()))
        );
        assert_eq!(menu.choice("*"), Some((Action::Exit, String::new())));
        assert_eq!(menu.choice("1099"), None);
    }
}
