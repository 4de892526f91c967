//! Ends of calls on a bus of its own.

use super::*;
use api::view::{Channel, Direction};
use api::{BusLimits, Capabilities, NodeId, Publisher, Seq, Timestamp, Uuid, View, pair};
use store::{CallSearch, Limits, Place};

const NODE: NodeId = NodeId(Uuid::from_u128(7));

struct Calls {
    switch: Switch,
    publisher: Publisher,
    view: View,
    at: u64,
}

impl Calls {
    fn new(bus: BusLimits) -> Self {
        let capabilities = Capabilities {
            node: NODE,
            applications: Arc::new([]),
            endpoints: Arc::new([]),
            codecs: Arc::new([]),
        };
        let view = View::default();
        let (switch, port, dispatcher) = pair(capabilities, bus, view.clone());
        tokio::spawn(dispatcher.run());
        Self {
            switch,
            publisher: port.publisher,
            view,
            at: 0,
        }
    }

    async fn publish(&mut self, of: &[(&str, ChannelEvent)]) {
        let mut events = Vec::new();
        for (id, kind) in of {
            self.at += 1;
            let seq = Seq(self.at);
            self.view.as_of = seq;
            let id = ChannelId::from_text(id).unwrap();
            let mut channel = Channel::new(id, self.at, "x", Direction::Inbound);
            channel.variables.set("start_uepoch", self.at.to_string());
            let kind = EventKind::Channel(kind.clone());
            let id = EventId { node: NODE, seq };
            let at = Timestamp(1);
            events.push(Event::new(id, at, kind, Some(Arc::new(channel)), None));
        }
        let view = Arc::new(self.view.clone());
        self.publisher.publish(events, view).await;
    }

    async fn end(&mut self, from: usize, to: usize) {
        let names: Vec<String> = (from..to).map(|number| format!("call{number}")).collect();
        let ends: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), ChannelEvent::HangupComplete))
            .collect();
        self.publish(&ends).await;
    }
}

async fn memory() -> Store {
    Store::open(&Place::Memory, Limits::default())
        .await
        .unwrap()
}

async fn kept(store: &Store) -> Vec<String> {
    let search = CallSearch {
        limit: 1_000,
        ..CallSearch::default()
    };
    let page = store.calls(search).await.unwrap();
    page.calls
        .iter()
        .rev()
        .map(|call| call.uuid.to_string())
        .collect()
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("call{number}")).collect()
}

#[tokio::test]
async fn what_has_ended_is_kept_before_the_task_ends() {
    let (mut calls, store) = (Calls::new(BusLimits::default()), memory().await);
    let recorder = Recorder::start(calls.switch.clone(), store.clone(), QUEUE).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(
        recorder
            .unwrap()
            .run(stop.clone(), CancellationToken::new()),
    );
    calls.end(0, 700).await;
    stop.cancel();
    assert_eq!(running.await.unwrap(), 0);
    assert_eq!(kept(&store).await, names(700));
}

#[tokio::test]
async fn a_recording_belongs_to_its_call() {
    let (mut calls, store) = (Calls::new(BusLimits::default()), memory().await);
    let recorder = Recorder::start(calls.switch.clone(), store.clone(), QUEUE).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(
        recorder
            .unwrap()
            .run(stop.clone(), CancellationToken::new()),
    );
    let recorded = |path: &str| ChannelEvent::RecordStopped {
        path: path.into(),
        variables: Vec::new(),
        completion: None,
    };
    let old = ChannelId::from_text("call1").unwrap();
    calls
        .publish(&[
            ("call0", recorded("first.wav")),
            ("call1", recorded("other.wav")),
            ("call0", recorded("second.wav")),
            ("call2", ChannelEvent::Renamed { old }),
            ("call0", ChannelEvent::HangupComplete),
            ("call2", ChannelEvent::HangupComplete),
            ("call0", ChannelEvent::HangupComplete),
        ])
        .await;
    stop.cancel();
    running.await.unwrap();
    let search = CallSearch {
        limit: 9,
        ..CallSearch::default()
    };
    let page = store.calls(search).await.unwrap();
    let recordings: Vec<_> = page
        .calls
        .iter()
        .map(|call| call.recording.as_deref())
        .collect();
    assert_eq!(recordings, [None, Some("other.wav"), Some("second.wav")]);
}

#[tokio::test]
async fn a_task_that_fell_behind_takes_up_where_it_was() {
    let (mut calls, store) = (Calls::new(BusLimits::default()), memory().await);
    let narrow = QueueLimits {
        messages: 7,
        bytes: 1 << 20,
    };
    let recorder = Recorder::start(calls.switch.clone(), store.clone(), narrow).await;
    // Nobody takes anything while these come.
    calls.end(0, 100).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(
        recorder
            .unwrap()
            .run(stop.clone(), CancellationToken::new()),
    );
    while kept(&store).await.len() < 100 {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    running.await.unwrap();
    assert_eq!(kept(&store).await, names(100));
}

#[tokio::test]
async fn what_the_server_keeps_no_more_is_missed_and_the_rest_is_not() {
    let bus = BusLimits {
        replay_events: 10,
        ..BusLimits::default()
    };
    let (mut calls, store) = (Calls::new(bus), memory().await);
    let narrow = QueueLimits {
        messages: 7,
        bytes: 1 << 20,
    };
    let recorder = Recorder::start(calls.switch.clone(), store.clone(), narrow).await;
    calls.end(0, 100).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(
        recorder
            .unwrap()
            .run(stop.clone(), CancellationToken::new()),
    );
    while kept(&store).await.len() < 7 {
        tokio::task::yield_now().await;
    }
    // It observes anew once what it had is kept, at the latest when these have come one by one.
    for number in 100.. {
        calls.end(number, number + 1).await;
        let last = format!("call{number}");
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        if kept(&store).await.contains(&last) {
            break;
        }
    }
    stop.cancel();
    running.await.unwrap();
    assert_eq!(kept(&store).await[..7], names(7), "what was delivered");
}

#[tokio::test]
async fn a_store_that_is_closed_is_waited_for_until_there_is_no_time() {
    let (mut calls, store) = (Calls::new(BusLimits::default()), memory().await);
    let recorder = Recorder::start(calls.switch.clone(), store.clone(), QUEUE).await;
    let hurry = CancellationToken::new();
    let stop = CancellationToken::new();
    let running = tokio::spawn(recorder.unwrap().run(stop.clone(), hurry.clone()));
    store.close().await;
    calls.end(0, 3).await;
    stop.cancel();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!running.is_finished());
    tokio::time::sleep(GATHER).await;
    hurry.cancel();
    assert_eq!(running.await.unwrap(), 3, "it says what is lost");
}

#[tokio::test]
async fn what_has_ended_is_in_the_files_when_the_writer_has_finished() {
    use super::files::{CallFiles, CsvFiles, Template, Writer, Writing};

    let folder = std::env::temp_dir().join(format!("jackfield-{}", Uuid::new_v4()));
    let csv = CsvFiles {
        folder: folder.clone(),
        template: Template::new("${start_uepoch}"),
        templates: std::collections::BTreeMap::new(),
        a_legs: true,
        b_legs: false,
        master_only: true,
        rotate: false,
        debug: false,
    };
    let files = CallFiles {
        csv: Some(csv),
        xml: None,
    };
    let mut calls = Calls::new(BusLimits::default());
    let limits = QueueLimits {
        messages: 10,
        ..QUEUE
    };
    let zone = jiff::tz::TimeZone::UTC;
    let started = Writer::start(calls.switch.clone(), files, zone, limits).await;
    let (writer, _rotation) = started.unwrap();
    // More than the queue takes, before anybody reads it: the bus lets go, and is followed again.
    calls.end(0, 100).await;
    let writing = Writing::start(writer);
    calls.end(100, 110).await;
    writing.finish().await;
    let text = std::fs::read_to_string(folder.join("Master.csv")).unwrap();
    let wanted: Vec<String> = (1..=110).map(|at| at.to_string()).collect();
    assert_eq!(text.lines().collect::<Vec<_>>(), wanted);
    std::fs::remove_dir_all(folder).unwrap();
}
