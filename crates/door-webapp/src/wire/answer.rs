//! What a web application answers: `{"actions": [{"play": {"file": "a.wav"}}, …], "next": "/menu"}`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::check;

/// Most actions of one answer.
pub(super) const MOST_ACTIONS: usize = 32;

/// Most variables one action sets.
const MOST_PAIRS: usize = 64;

/// Longest complaint about an answer, characters; it may repeat what the answer says.
const LONGEST_COMPLAINT: usize = 240;

/// An answer that can be followed.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Answer {
    /// One at least, in order.
    pub(crate) actions: Vec<Action>,
    /// Who is asked from now on, not yet looked at.
    pub(crate) next: Option<String>,
    /// Variables the application is told from now on.
    pub(crate) variables: Option<Vec<String>>,
}

/// What is wrong with an answer, for people: one line of printable characters.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Wrong(String);

impl Wrong {
    pub(crate) fn new(text: &str) -> Self {
        let shown = text.chars().flat_map(char::escape_debug);
        Self(shown.take(LONGEST_COMPLAINT).collect())
    }
}

/// Reads the body of an answer, all or nothing.
pub(crate) fn read(body: &[u8]) -> Result<Answer, Wrong> {
    let raw: Raw = serde_json::from_slice(body).map_err(|error| Wrong::new(&error.to_string()))?;
    let Raw {
        actions: Actions(actions),
        next,
        variables,
    } = raw;
    check::actions(&actions).map_err(|text| Wrong::new(&text))?;
    if let Some(names) = &variables {
        check::variable_names(names).map_err(Wrong::new)?;
    }
    Ok(Answer {
        actions,
        next,
        variables,
    })
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    actions: Actions,
    next: Option<String>,
    variables: Option<Vec<String>>,
}

/// One thing to be done. Its name in JSON is the only key of its object.
#[derive(Clone, PartialEq, Debug, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    Answer(Nothing),
    Play(Play),
    Say(Say),
    Collect(Collect),
    Record(Record),
    Bridge(Bridge),
    Transfer(Transfer),
    Set(Pairs),
    Sleep(Sleep),
    Hangup(Hangup),
    Conference(Conference),
    Park(Nothing),
    Continue(Nothing),
}

impl Action {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::Play(_) => "play",
            Self::Say(_) => "say",
            Self::Collect(_) => "collect",
            Self::Record(_) => "record",
            Self::Bridge(_) => "bridge",
            Self::Transfer(_) => "transfer",
            Self::Set(_) => "set",
            Self::Sleep(_) => "sleep",
            Self::Hangup(_) => "hangup",
            Self::Conference(_) => "conference",
            Self::Park(_) => "park",
            Self::Continue(_) => "continue",
        }
    }
}

/// `{}`
#[derive(Clone, PartialEq, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// Something to be heard; one of the three.
#[derive(Clone, PartialEq, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sound {
    pub(crate) file: Option<String>,
    /// As behind `tone_stream://`.
    pub(crate) tone: Option<String>,
    pub(crate) silence_ms: Option<u32>,
}

#[derive(Clone, PartialEq, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Play {
    pub(crate) file: Option<String>,
    pub(crate) tone: Option<String>,
    pub(crate) silence_ms: Option<u32>,
    #[serde(default = "one")]
    pub(crate) loops: u32,
    #[serde(default)]
    pub(crate) terminators: String,
}

impl Play {
    pub(crate) fn sound(&self) -> Sound {
        Sound {
            file: self.file.clone(),
            tone: self.tone.clone(),
            silence_ms: self.silence_ms,
        }
    }
}

/// Numbers, dates and the like, put together of prompts.
#[derive(Clone, PartialEq, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Say {
    pub(crate) kind: String,
    #[serde(default = "pronounced")]
    pub(crate) method: String,
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) terminators: String,
}

#[derive(Clone, PartialEq, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Collect {
    #[serde(default = "one")]
    pub(crate) min: u32,
    pub(crate) max: u32,
    #[serde(default = "one")]
    pub(crate) tries: u32,
    #[serde(default = "usual_timeout_ms")]
    pub(crate) timeout_ms: u32,
    /// Between digits; `None`: the same.
    pub(crate) digit_timeout_ms: Option<u32>,
    #[serde(default = "hash")]
    pub(crate) terminators: String,
    pub(crate) pattern: Option<String>,
    pub(crate) prompt: Option<Sound>,
    pub(crate) invalid: Option<Sound>,
}

#[derive(Clone, PartialEq, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) file: String,
    #[serde(default = "a_minute")]
    pub(crate) max_s: u32,
    pub(crate) silence_s: Option<u32>,
    #[serde(default = "usual_threshold")]
    pub(crate) silence_threshold: u32,
    #[serde(default = "hash")]
    pub(crate) terminators: String,
}

#[derive(Clone, PartialEq, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bridge {
    pub(crate) to: Vec<String>,
    /// All at once instead of one after the other.
    #[serde(default)]
    pub(crate) together: bool,
    #[serde(default = "a_minute")]
    pub(crate) timeout_s: u32,
    pub(crate) caller_name: Option<String>,
    pub(crate) caller_number: Option<String>,
}

#[derive(Clone, PartialEq, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Transfer {
    pub(crate) extension: String,
    pub(crate) context: Option<String>,
}

#[derive(Clone, PartialEq, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sleep {
    pub(crate) ms: u32,
}

#[derive(Clone, PartialEq, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hangup {
    pub(crate) cause: Option<String>,
}

#[derive(Clone, PartialEq, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Conference {
    pub(crate) name: String,
    pub(crate) profile: Option<String>,
    pub(crate) pin: Option<String>,
    #[serde(default)]
    pub(crate) flags: Vec<String>,
}

fn one() -> u32 {
    1
}

fn usual_timeout_ms() -> u32 {
    5_000
}

fn a_minute() -> u32 {
    60
}

fn usual_threshold() -> u32 {
    200
}

fn pronounced() -> String {
    "pronounced".to_owned()
}

fn hash() -> String {
    "#".to_owned()
}

/// Names and values in order.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Pairs(pub(crate) Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names and texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    if pairs.len() == MOST_PAIRS {
                        return Err(A::Error::custom(format!(
                            "more than {MOST_PAIRS} variables"
                        )));
                    }
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

/// Reads no further than one action too many, and says which one is wrong.
#[derive(Debug)]
struct Actions(Vec<Action>);

impl<'de> Deserialize<'de> for Actions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Actions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of actions")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Actions, A::Error> {
                let mut actions = Vec::new();
                loop {
                    let number = actions.len() + 1;
                    let wrong =
                        |error: A::Error| A::Error::custom(format!("action {number}: {error}"));
                    let Some(action) = seq.next_element().map_err(wrong)? else {
                        return Ok(Actions(actions));
                    };
                    if number > MOST_ACTIONS {
                        return Err(A::Error::custom(format!(
                            "more than {MOST_ACTIONS} actions"
                        )));
                    }
                    actions.push(action);
                }
            }
        }
        deserializer.deserialize_seq(Read)
    }
}

#[cfg(test)]
mod tests;
