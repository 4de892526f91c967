//! `phrase`: says what a macro makes of some words; the same as a source, `phrase:<macro>[:<words>]`
//! (event-socket.md §6.9). The macros are [`crate::phrases`].

use std::collections::VecDeque;

use api::ChannelId;

use super::nested::{Nested, Parts};
use super::{App, Started, playback, say};
use crate::Switch;
use crate::phrases::{Action, Language, Macro};

/// Macros that play macros.
const MAX_DEPTH: usize = 8;
/// Longest silence between two sounds, as a pause or to sleep.
const MAX_SILENCE_MS: u32 = 600_000;

/// What is to be done for a phrase, one after the other.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    /// A source of sound.
    Sound(String),
    /// An application.
    Run(String, String),
}

/// `<macro>[,<words>]`
pub(super) fn phrase(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let (name, words) = data.split_once(',').unwrap_or((data, ""));
    let Some(steps) = switch.steps_of_phrase(id, name.trim(), words) else {
        tracing::warn!(channel = %id, phrase = name, "There is no such phrase");
        return Started::Done;
    };
    let sounds: Option<Vec<String>> = steps.iter().map(Step::sound).collect();
    match sounds {
        Some(sounds) if sounds.is_empty() => Started::Done,
        Some(sounds) => playback::play_all(switch, id, &sounds),
        None => {
            let mut rest = parts_of(&steps);
            let first = rest.pop_front();
            let running = first.and_then(|(name, data)| switch.run_nested(id, &name, &data, true));
            running.map_or(Started::Done, |running| {
                Started::Waits(App::Nested(Nested::Phrase(Parts { rest, running })))
            })
        }
    }
}

impl Step {
    fn sound(&self) -> Option<String> {
        match self {
            Self::Sound(file) => Some(file.clone()),
            Self::Run(..) => None,
        }
    }
}

impl Switch {
    /// A source with the phrases in it put into the sounds they are made of. One that is not there stays as it is, and is
    /// not found.
    pub(super) fn worded(&self, id: &ChannelId, path: &str) -> String {
        let parts: Vec<&str> = match path.strip_prefix("file_string://") {
            Some(list) => list.split('!').collect(),
            None => vec![path],
        };
        if !parts.iter().any(|part| part.starts_with("phrase:")) {
            return path.to_owned();
        }
        let mut sounds = Vec::new();
        for part in parts {
            let called = part.strip_prefix("phrase:").and_then(|call| {
                let (name, words) = call.split_once(':').unwrap_or((call, ""));
                self.steps_of_phrase(id, name, words)
            });
            match called {
                Some(steps) => sounds.extend(steps.iter().filter_map(Step::sound)),
                None => sounds.push(part.to_owned()),
            }
        }
        sounds.truncate(say::MAX_PROMPTS);
        format!("file_string://{}", sounds.join("!"))
    }

    /// `None`: there is no such macro.
    fn steps_of_phrase(&self, id: &ChannelId, name: &str, words: &str) -> Option<Vec<Step>> {
        let language = match self.var(id, "default_language") {
            Some(language) => language,
            None => self
                .view
                .globals
                .get("default_language")
                .map_or("en", |language| &**language),
        };
        let (language, called) = self.config.xml.phrases.find(language, name)?;
        let mut steps = Vec::new();
        self.compose(id, (language, called), words, 0, &mut steps);
        Some(steps)
    }

    fn compose(
        &self,
        id: &ChannelId,
        (language, called): (&Language, &Macro),
        words: &str,
        depth: usize,
        steps: &mut Vec<Step>,
    ) {
        for (action, caught) in called.actions(words) {
            // Variables first: what a caller says is not looked through for them.
            let filled = |text: &str| caught.substitute(&self.expand_for(id, text));
            let before = steps.len();
            match action {
                Action::Play { file } => {
                    let file = filled(file);
                    let nested = file.strip_prefix("phrase:").and_then(|call| {
                        let (name, words) = call.split_once(':').unwrap_or((call, ""));
                        let found = self.config.xml.phrases.find(&language.name, name);
                        found.filter(|_| depth < MAX_DEPTH).zip(Some(words))
                    });
                    match nested {
                        Some((nested, words)) => self.compose(id, nested, words, depth + 1, steps),
                        None => steps.push(Step::Sound(language.path_of(&file))),
                    }
                }
                Action::Say { text, kind, method } => {
                    let text = filled(text);
                    let said = say::prompts(&language.say, kind, method, &text, &self.local_time());
                    match said {
                        Some(prompts) => steps.extend(prompts.into_iter().map(Step::Sound)),
                        None => {
                            tracing::warn!(channel = %id, %kind, %method, "This cannot be said")
                        }
                    }
                }
                Action::Sleep { ms } => steps.extend(silence(&filled(ms))),
                Action::Run {
                    application,
                    argument,
                } => steps.push(Step::Run(application.to_string(), filled(argument))),
            }
            if called.pause_ms > 0 && steps.len() > before {
                steps.extend(silence(&called.pause_ms.to_string()));
            }
            if steps.len() >= say::MAX_PROMPTS {
                steps.truncate(say::MAX_PROMPTS);
                return;
            }
        }
    }
}

/// Sounds and applications in turn, as applications that are run one after the other.
fn parts_of(steps: &[Step]) -> VecDeque<(String, String)> {
    let groups = steps.chunk_by(|a, b| a.sound().is_some() && b.sound().is_some());
    let parts = groups.map(|group| match group {
        [Step::Run(application, argument)] => (application.clone(), argument.clone()),
        sounds => {
            let files: Vec<String> = sounds.iter().filter_map(Step::sound).collect();
            ("playback".to_owned(), playback::list_of(&files))
        }
    });
    parts.collect()
}

fn silence(ms: &str) -> Option<Step> {
    let ms = ms.trim().parse::<u32>().ok().filter(|ms| *ms > 0)?;
    let ms = ms.min(MAX_SILENCE_MS);
    Some(Step::Sound(format!("silence_stream://{ms}")))
}

#[cfg(test)]
mod tests;
