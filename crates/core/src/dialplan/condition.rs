//! When a condition holds.

use std::borrow::Cow;

use jiff::Zoned;
use tracing::warn;

use super::action::Action;
use super::{Captures, Expression, TimeOfDay};
use crate::expand::{expand, has_expansion};
use crate::lookup::Lookup;

/// `<condition>` with everything in it.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    /// Time attributes; all of them must hold, beside the test.
    pub(super) time: Option<TimeOfDay>,
    pub(super) test: Test,
    pub(super) break_when: Break,
    /// Whether a failing condition inside makes this one fail.
    pub(super) require_nested: bool,
    pub(super) actions: Vec<Action>,
    pub(super) anti_actions: Vec<Action>,
    pub(super) nested: Vec<Self>,
}

/// What is compared.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// Neither `field` nor `regex`: holds, or depends on the time alone.
    Always,
    /// `field` and `expression`.
    One(FieldTest),
    /// `regex="…"` with `<regex>` elements inside.
    Several(Quorum, Vec<FieldTest>),
}

/// How many of several tests must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quorum {
    All,
    Any,
    /// Exactly one.
    Xor,
}

/// When the rest of the extension is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    OnFalse,
    OnTrue,
    Always,
    Never,
}

/// A field against an expression.
#[derive(Debug, Clone)]
pub(super) struct FieldTest {
    pub(super) field: Field,
    pub(super) pattern: Pattern,
}

/// Where the compared text comes from.
#[derive(Debug, Clone)]
pub(super) enum Field {
    /// A bare name: a caller profile field, or else a variable.
    Named(Box<str>),
    /// Exactly `${name}`, which needs no expansion.
    Variable(Box<str>),
    /// Text with `${…}` in it.
    Expanded(Box<str>),
}

/// What it is compared with.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    Fixed(Expression),
    /// An expression with `${…}` in it: built, and compiled, at each hunt.
    Expanded(Box<str>),
}

/// The answer of a condition that holds: the captures, when its expression has groups.
pub(super) type Held = Option<Captures>;

impl Condition {
    /// `None` when it does not hold.
    pub(super) fn evaluate(&self, channel: &dyn Lookup, now: &Zoned) -> Option<Held> {
        if self.time.as_ref().is_some_and(|time| !time.holds(now)) {
            return None;
        }
        match &self.test {
            Test::Always => Some(None),
            Test::One(test) => test.evaluate(channel),
            Test::Several(quorum, tests) => several(*quorum, tests, channel),
        }
    }
}

/// Captures come from the last test that held and has groups.
fn several(quorum: Quorum, tests: &[FieldTest], channel: &dyn Lookup) -> Option<Held> {
    let mut count = 0;
    let mut captures = None;
    for test in tests {
        match (test.evaluate(channel), quorum) {
            (Some(held), _) => {
                count += 1;
                captures = held.or(captures);
                match quorum {
                    Quorum::Any => break,
                    Quorum::Xor if count > 1 => return None,
                    Quorum::Xor | Quorum::All => {}
                }
            }
            (None, Quorum::All) => return None,
            (None, Quorum::Any | Quorum::Xor) => {}
        }
    }
    (count > 0).then_some(captures)
}

impl FieldTest {
    fn evaluate(&self, channel: &dyn Lookup) -> Option<Held> {
        let subject = self.field.value(channel)?;
        match &self.pattern {
            Pattern::Fixed(expression) => matched(expression, &subject),
            Pattern::Expanded(text) => {
                let text = expand(text, channel)
                    .map_err(|error| warn!(%error, "Condition cannot be expanded"))
                    .ok()?;
                let expression = Expression::compile(&text)
                    .map_err(
                        |error| warn!(%error, "Expression built from variables does not compile"),
                    )
                    .ok()?;
                matched(&expression, &subject)
            }
        }
    }
}

fn matched(expression: &Expression, subject: &str) -> Option<Held> {
    // Most conditions fail, and finding that out needs no memory for groups.
    let answer = match expression.is_match(subject) {
        Ok(true) if expression.captures_groups() => {
            expression.captures(subject).map(|found| found.map(Some))
        }
        Ok(held) => Ok(held.then_some(None)),
        Err(error) => Err(error),
    };
    answer.unwrap_or_else(|error| {
        warn!(%error, expression = expression.as_str(), "Condition gave no answer and counts as failed");
        None
    })
}

impl Field {
    pub(super) fn new(written: &str) -> Self {
        let variable = || {
            let name = written.strip_prefix("${")?.strip_suffix('}')?;
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            name.chars().all(plain).then_some(name)
        };
        match variable() {
            Some(name) => Self::Variable(name.into()),
            None if has_expansion(written) => Self::Expanded(written.into()),
            None => Self::Named(written.into()),
        }
    }

    /// Unset is empty; `None` only when the expansion hit a limit.
    fn value<'l>(&'l self, channel: &'l dyn Lookup) -> Option<Cow<'l, str>> {
        match self {
            Self::Named(name) => Some(
                channel
                    .profile(name)
                    .or_else(|| channel.variable(name))
                    .unwrap_or_default(),
            ),
            Self::Variable(name) => Some(channel.variable(name).unwrap_or_default()),
            Self::Expanded(text) => expand(text, channel)
                .map_err(|error| warn!(%error, "Condition cannot be expanded"))
                .ok(),
        }
    }
}
