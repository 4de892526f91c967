//! The door plays the conversations of `golden/sylkrtc`.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use api::ChannelId;
use api::event::WebEventKind as Web;
use serde_json::Value;
use support::{Client, World, party, world_with};

const CALL_ID: &str = "b7Kq0fT2xYw9LmN4cRs1vDz8";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conversations_are_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/sylkrtc");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    assert!(files.len() >= 10, "{files:?}");
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let compared = play(&name, &text).await;
        assert!(compared > 3, "{name} compares something");
    }
}

struct Play {
    world: World,
    clients: HashMap<String, Client>,
    bindings: HashMap<String, String>,
    compared: usize,
}

async fn play(name: &str, text: &str) -> usize {
    let without_grace = text.contains("\n=== grace 0\n");
    let world = world_with(|config| {
        if without_grace {
            config.grace = Duration::ZERO;
        }
    })
    .await;
    let mut play = Play {
        world,
        clients: HashMap::new(),
        bindings: HashMap::new(),
        compared: 0,
    };
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let place = format!("{name}.txt:{}", number + 1);
        if line.is_empty() || line.starts_with('#') || line == "=== grace 0" {
        } else if let Some(what) = line.strip_prefix("=== ") {
            play.direct(what, &place).await;
        } else if let Some(who) = line.strip_prefix(">>> ") {
            let frame = play.bound(lines.next().unwrap().1);
            play.clients.get_mut(who).unwrap().send(&frame).await;
        } else if let Some(who) = line.strip_prefix("<<< ") {
            let expected: Value = serde_json::from_str(lines.next().unwrap().1).expect(&place);
            let got = play.clients.get_mut(who).unwrap().json().await;
            assert!(
                play.same(&expected, &got),
                "{place}\nexpected {expected}\n     got {got}"
            );
            play.compared += 1;
        } else {
            panic!("{place}: {line}");
        }
    }
    for client in play.clients.values_mut() {
        client
            .expect_silence_but(&["sync", "disposition-notification", "addressbook-updated"])
            .await;
    }
    play.compared
}

impl Play {
    fn bound(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for (name, value) in &self.bindings {
            line = line.replace(name, value);
        }
        line
    }

    /// The same JSON, but for placeholders.
    fn same(&mut self, expected: &Value, got: &Value) -> bool {
        match (expected, got) {
            (Value::String(pattern), Value::String(text)) if pattern == "{*}" => !text.is_empty(),
            (Value::String(pattern), Value::String(text)) if pattern == "{token}" => {
                let bound = self
                    .bindings
                    .entry(pattern.clone())
                    .or_insert_with(|| text.clone());
                bound == text
            }
            (Value::Object(expected), Value::Object(got)) => {
                expected.len() == got.len()
                    && expected
                        .iter()
                        .all(|(name, value)| got.get(name).is_some_and(|got| self.same(value, got)))
            }
            (Value::Array(expected), Value::Array(got)) => {
                expected.len() == got.len()
                    && expected
                        .iter()
                        .zip(got)
                        .all(|(expected, got)| self.same(expected, got))
            }
            _ => expected == got,
        }
    }

    async fn direct(&mut self, what: &str, place: &str) {
        let words: Vec<&str> = what.split(' ').collect();
        match words.as_slice() {
            ["switch", account, rest @ ..] => self.switch(account, rest, place).await,
            [who, "connects", token] => {
                let client = Client::connect(self.world.door.local_addrs()[0], token).await;
                self.clients.insert((*who).to_owned(), client);
            }
            [who, "registers", account] => {
                let client = self.clients.get_mut(*who).unwrap();
                client.add(account).await;
                client
                    .ask(&format!(
                        r#"{{"sylkrtc":"account-register","account":"{account}"}}"#
                    ))
                    .await;
                client
                    .expect_event("registration-state", "registering")
                    .await;
                client
                    .expect_event("registration-state", "registered")
                    .await;
            }
            [who, "breaks", "off"] => {
                self.clients.remove(*who).unwrap().break_off();
                self.world
                    .until("it waits", |world| world.door.waiting() == 1)
                    .await;
            }
            _ => panic!("{place}: {what}"),
        }
    }

    async fn switch(&self, account: &str, words: &[&str], place: &str) {
        let switch = &self.world.switch;
        let channel: ChannelId = switch.placed().await;
        let sdp = |text: &str| text.replace("\\r\\n", "\r\n").into();
        let phrase = |words: &[&str]| words.join(" ").into();
        let code = |text: &str| text.parse::<u16>().expect(place);
        let kind = match words {
            ["fails", code, words @ ..] => {
                let words: &'static str = words.join(" ").leak();
                *switch.registration.lock().unwrap() = Some((code.parse().unwrap(), words));
                return;
            }
            ["incoming", call_id, from, offer, headers @ ..] => Web::Incoming {
                channel: switch.new_channel().await,
                offer: sdp(offer),
                from: party(
                    from,
                    if from.starts_with("bob") {
                        "Bob"
                    } else {
                        "Alice"
                    },
                ),
                call_id: (*call_id).into(),
                headers: headers
                    .iter()
                    .map(|header| header.split_once('=').unwrap())
                    .map(|(name, value)| (name.into(), value.into()))
                    .collect(),
            },
            ["proceeding", number] => Web::Proceeding {
                channel,
                code: code(number),
            },
            ["early", number, answer] => Web::EarlyMedia {
                channel,
                code: code(number),
                answer: Some(sdp(answer)),
                call_id: CALL_ID.into(),
            },
            ["accepted", answer @ ..] => Web::Accepted {
                channel,
                answer: answer.first().map(|answer| sdp(answer)),
                call_id: CALL_ID.into(),
                headers: vec![],
            },
            ["established"] => Web::Established { channel },
            ["terminated", number, words @ ..] => Web::Terminated {
                channel,
                code: code(number),
                phrase: phrase(words),
                missed: false,
            },
            ["missed", number, words @ ..] => Web::Terminated {
                channel,
                code: code(number),
                phrase: phrase(words),
                missed: true,
            },
            ["wants", offer] => Web::UpdateReceived {
                channel,
                offer: sdp(offer),
            },
            ["takes", answer] => Web::UpdateAccepted {
                channel,
                answer: sdp(answer),
            },
            ["refuses", number, words @ ..] => Web::UpdateFailed {
                channel,
                code: code(number),
                phrase: phrase(words),
            },
            _ => panic!("{place}: {words:?}"),
        };
        switch.web(switch.client_of(account), kind).await;
    }
}
