//! Phrase macros: what is said for a name and its words (event-socket.md §6.9, `phrase`).
//!
//! Read from the sections `phrases` and `languages` of the configuration, both as
//! `<language><phrases><macros><macro>` and as `<macros><language><macro>`. What they are made of is composed for a
//! channel in `script/app/phrase.rs`.

use std::collections::HashMap;

use roxmltree::Node;

use crate::config_xml::{Complaints, elements};
use crate::dialplan::{Captures, Expression};

/// Every macro, by language.
#[derive(Clone, Debug, Default)]
pub(crate) struct Phrases {
    languages: Vec<Language>,
}

/// The macros of one language.
#[derive(Clone, Debug)]
pub(crate) struct Language {
    pub(crate) name: Box<str>,
    /// The language `say` speaks.
    pub(crate) say: Box<str>,
    /// Where sounds without a folder of their own lie; `None`: where all sounds lie.
    folder: Option<Box<str>>,
    macros: HashMap<Box<str>, Macro>,
}

/// One macro.
#[derive(Clone, Debug)]
pub(crate) struct Macro {
    /// Milliseconds of silence behind each sound.
    pub(crate) pause_ms: u32,
    inputs: Vec<Input>,
}

/// What is said when the words are such.
#[derive(Clone, Debug)]
struct Input {
    pattern: Expression,
    /// When they are, later inputs are not looked at.
    is_last: bool,
    matched: Vec<Action>,
    unmatched: Vec<Action>,
}

/// One action, as it is written: `$1` and variables are not filled in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    /// `play-file`
    Play { file: Box<str> },
    /// `say`
    Say {
        text: Box<str>,
        kind: Box<str>,
        method: Box<str>,
    },
    /// `sleep`, milliseconds.
    Sleep { ms: Box<str> },
    /// `execute`
    Run {
        application: Box<str>,
        argument: Box<str>,
    },
}

impl Phrases {
    pub(crate) fn read<'t, 'e: 't>(
        sections: impl Iterator<Item = Node<'t, 'e>>,
        complaints: &mut Complaints<'_, '_>,
    ) -> Self {
        let mut phrases = Self::default();
        for section in sections {
            let languages = section.descendants().filter(|n| n.has_tag_name("language"));
            for node in languages {
                phrases.read_language(node, complaints);
            }
        }
        phrases
    }

    fn read_language(&mut self, node: Node<'_, '_>, complaints: &mut Complaints<'_, '_>) {
        let Some(name) = node.attribute("name") else {
            return complaints.warn(node, "a language has no name");
        };
        let at = match self.languages.iter().position(|one| *one.name == *name) {
            Some(at) => at,
            None => {
                let folder = ["sound-prefix", "sound-path", "sound_path"]
                    .into_iter()
                    .find_map(|attribute| node.attribute(attribute));
                self.languages.push(Language {
                    name: name.into(),
                    say: node.attribute("say-module").unwrap_or(name).into(),
                    folder: folder.filter(|folder| !folder.is_empty()).map(Into::into),
                    macros: HashMap::new(),
                });
                self.languages.len() - 1
            }
        };
        let macros = &mut self.languages[at].macros;
        for node in node.descendants().filter(|n| n.has_tag_name("macro")) {
            let Some(name) = node.attribute("name") else {
                complaints.warn(node, "a macro has no name");
                continue;
            };
            if macros.contains_key(name) {
                let message = format!("macro {name} is there a second time; the first one counts");
                complaints.warn(node, message);
            } else {
                macros.insert(name.into(), Macro::read(node, complaints));
            }
        }
    }

    /// The macro of that name in a language; in English when that language is not there.
    pub(crate) fn find(&self, language: &str, name: &str) -> Option<(&Language, &Macro)> {
        let named = |wanted: &str| {
            let mut all = self.languages.iter();
            all.find(|one| one.name.eq_ignore_ascii_case(wanted))
        };
        let language = named(language).or_else(|| named("en"))?;
        Some((language, language.macros.get(name)?))
    }
}

impl Language {
    /// The path of a sound as this language names it.
    pub(crate) fn path_of(&self, file: &str) -> String {
        match &self.folder {
            Some(folder) if !file.starts_with('/') && !file.contains(':') => {
                format!("{}/{file}", folder.trim_end_matches('/'))
            }
            Some(_) | None => file.to_owned(),
        }
    }
}

impl Macro {
    fn read(node: Node<'_, '_>, complaints: &mut Complaints<'_, '_>) -> Self {
        let pause = node.attribute("pause").and_then(|text| text.parse().ok());
        let mut inputs = Vec::new();
        for input in elements(node) {
            if !input.has_tag_name("input") {
                complaints.unknown_element(input, "a macro");
                continue;
            }
            let written = input.attribute("pattern").unwrap_or("(.*)");
            match Expression::compile(written) {
                Ok(pattern) => inputs.push(Input::read(input, pattern, complaints)),
                Err(error) => complaints.warn(input, format!("the pattern means nothing: {error}")),
            }
        }
        Self {
            pause_ms: pause.unwrap_or(0),
            inputs,
        }
    }

    /// The actions for these words, in order, each with what the pattern caught.
    pub(crate) fn actions(&self, words: &str) -> Vec<(&Action, Captures)> {
        let mut out = Vec::new();
        for input in &self.inputs {
            // A pattern that takes too long is none that matches.
            let caught = input.pattern.captures(words).ok().flatten();
            let matches = caught.is_some();
            let actions = if matches {
                &input.matched
            } else {
                &input.unmatched
            };
            let caught = caught.unwrap_or_default();
            out.extend(actions.iter().map(|action| (action, caught.clone())));
            if matches && input.is_last {
                break;
            }
        }
        out
    }
}

impl Input {
    fn read(node: Node<'_, '_>, pattern: Expression, complaints: &mut Complaints<'_, '_>) -> Self {
        let is_last = node.attribute("break_on_match");
        let mut input = Self {
            pattern,
            is_last: is_last.is_some_and(api::variables::is_true),
            matched: Vec::new(),
            unmatched: Vec::new(),
        };
        for child in elements(node) {
            match child.tag_name().name() {
                "match" => read_actions(child, &mut input.matched, complaints),
                "nomatch" => read_actions(child, &mut input.unmatched, complaints),
                // Actions for a match may stand without the element around them.
                "action" => input.matched.extend(Action::read(child, complaints)),
                _ => complaints.unknown_element(child, "an input"),
            }
        }
        input
    }
}

fn read_actions(node: Node<'_, '_>, into: &mut Vec<Action>, complaints: &mut Complaints<'_, '_>) {
    for child in elements(node) {
        if child.has_tag_name("action") {
            into.extend(Action::read(child, complaints));
        } else {
            complaints.unknown_element(child, "a match");
        }
    }
}

impl Action {
    fn read(node: Node<'_, '_>, complaints: &mut Complaints<'_, '_>) -> Option<Self> {
        let text =
            |attribute: &str| Box::<str>::from(node.attribute(attribute).unwrap_or_default());
        let data = text("data");
        Some(match node.attribute("function").unwrap_or_default() {
            "play-file" => Self::Play { file: data },
            "say" => Self::Say {
                text: data,
                kind: text("type"),
                method: text("method"),
            },
            "sleep" => Self::Sleep { ms: data },
            "execute" => {
                let (application, argument) = match data.split_once('(') {
                    Some((name, rest)) => (name, rest.strip_suffix(')').unwrap_or(rest)),
                    None => (&*data, ""),
                };
                match application {
                    "sleep" => Self::Sleep {
                        ms: argument.into(),
                    },
                    _ => Self::Run {
                        application: application.trim().into(),
                        argument: argument.into(),
                    },
                }
            }
            function => {
                complaints.warn(node, format!("a macro cannot do {function:?}"));
                return None;
            }
        })
    }
}
