//! The four promises of the crate, under concurrency: several askers and many observers against a backend that
//! counts.

use std::sync::Arc;

use jackfield_api as api;

use api::bus::{Ended, Families, Interest, QueueLimits, Scope};
use api::command::server::{Fire, SetGlobal};
use api::event::{CustomEvent, Family};
use api::{
    Answer, BackendPort, BusLimits, Capabilities, Command, Event, EventId, EventKind, NodeId,
    Origin, Seq, Switch, Timestamp, Uuid, View, pair,
};

const NODE: NodeId = NodeId(Uuid::from_u128(7));

fn capabilities() -> Capabilities {
    Capabilities {
        node: NODE,
        applications: Arc::new([]),
        endpoints: Arc::new([]),
        codecs: Arc::new([]),
    }
}

/// A backend that answers `SetGlobal` with one event and a new view.
async fn serve(mut port: BackendPort) {
    let mut view = View::default();
    while let Some(request) = port.requests.recv().await {
        let (command, origin, reply) = request.into_parts();
        if let Command::SetGlobal(set) = &command {
            view.globals.insert_mut(set.name.clone(), set.value.clone());
        }
        view.as_of = view.as_of.next();
        let kind = EventKind::Custom(Box::new(CustomEvent {
            name: "CUSTOM".into(),
            subclass: None,
            headers: Vec::new(),
            body: None,
            from_client: true,
        }));
        let event = Event::new(
            EventId {
                node: NODE,
                seq: view.as_of,
            },
            Timestamp(1),
            kind,
            None,
            Some(origin),
        );
        port.publisher
            .publish(vec![event], Arc::new(view.clone()))
            .await;
        reply.send(Ok(Answer::Unit(())), view.as_of);
    }
}

fn start(limits: BusLimits) -> Switch {
    let (switch, port, dispatcher) = pair(capabilities(), limits, View::default());
    tokio::spawn(dispatcher.run());
    tokio::spawn(serve(port));
    switch
}

fn set(name: &str, value: u64) -> SetGlobal {
    SetGlobal {
        name: name.into(),
        value: value.to_string().into(),
    }
}

fn custom() -> Interest {
    Interest::families(Families::NONE.with(Family::Custom))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_your_writes() {
    let switch = start(BusLimits::default());
    let mut tasks = Vec::new();
    for writer in 0..4 {
        let switch = switch.clone();
        tasks.push(tokio::spawn(async move {
            let name = format!("writer{writer}");
            for n in 0..300 {
                let done = switch
                    .ask(set(&name, n), Origin::internal("test"))
                    .await
                    .unwrap();
                let view = switch.view();
                assert!(view.as_of >= done.as_of);
                assert_eq!(
                    view.globals.get(&*name).map(|v| v.to_string()),
                    Some(n.to_string())
                );
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_gap_and_total_order_for_observers_that_come_at_any_time() {
    const WRITES: u64 = 500;
    let switch = start(BusLimits::default());
    let mut observers = Vec::new();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let switch = switch.clone();
            tokio::spawn(async move {
                for n in 0..WRITES {
                    switch
                        .ask(set(&format!("w{writer}"), n), Origin::internal("test"))
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for _ in 0..200 {
        let switch = switch.clone();
        observers.push(tokio::spawn(async move {
            let (view, mut events) = switch
                .observe(custom(), QueueLimits::default())
                .await
                .unwrap();
            let mut expected = view.as_of;
            while expected.0 < 4 * WRITES {
                let event = events.next().await.unwrap();
                expected = expected.next();
                assert_eq!(event.id.seq, expected);
            }
        }));
    }
    for task in writers.into_iter().chain(observers) {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_stuck_reader_is_ended_and_ninety_nine_fast_ones_get_everything() {
    const EVENTS: u64 = 2_000;
    let switch = start(BusLimits::default());
    let small = QueueLimits {
        messages: 100,
        bytes: usize::MAX,
    };
    let (_, mut stuck) = switch.observe(custom(), small).await.unwrap();
    let mut fast = Vec::new();
    for _ in 0..99 {
        let (_, mut events) = switch
            .observe(custom(), QueueLimits::default())
            .await
            .unwrap();
        fast.push(tokio::spawn(async move {
            for n in 1..=EVENTS {
                assert_eq!(events.next().await.unwrap().id.seq, Seq(n));
            }
        }));
    }
    for n in 0..EVENTS {
        switch
            .ask(set("x", n), Origin::internal("test"))
            .await
            .unwrap();
    }
    for task in fast {
        task.await.unwrap();
    }
    for n in 1..=100 {
        assert_eq!(stuck.next().await.unwrap().id.seq, Seq(n));
    }
    let Err(Ended::Overrun(overrun)) = stuck.next().await else {
        panic!("ends with an overrun")
    };
    assert_eq!(overrun.last.map(|id| id.seq), Some(Seq(100)));
    assert_eq!(
        switch
            .bus_counters()
            .overruns
            .load(std::sync::atomic::Ordering::Relaxed),
        1
    );
}

#[tokio::test]
async fn byte_limit_ends_a_reader_too() {
    let switch = start(BusLimits::default());
    let (_, mut reader) = switch
        .observe(
            custom(),
            QueueLimits {
                messages: usize::MAX,
                bytes: 2048,
            },
        )
        .await
        .unwrap();
    for n in 0..50 {
        switch
            .ask(set("x", n), Origin::internal("test"))
            .await
            .unwrap();
    }
    let mut got = 0;
    let end = loop {
        match reader.next().await {
            Ok(_) => got += 1,
            Err(end) => break end,
        }
    };
    assert!(matches!(end, Ended::Overrun(_)));
    assert!((1..50).contains(&got), "{got}");
}

#[tokio::test]
async fn resume_brings_exactly_what_was_missed_or_says_it_is_gone() {
    let switch = start(BusLimits {
        replay_events: 10,
        ..BusLimits::default()
    });
    for n in 0..20 {
        switch
            .ask(set("x", n), Origin::internal("test"))
            .await
            .unwrap();
    }
    let at = |seq| EventId {
        node: NODE,
        seq: Seq(seq),
    };
    let mut resumed = switch
        .resume(at(15), custom(), QueueLimits::default())
        .await
        .unwrap();
    for n in 16..=20 {
        assert_eq!(resumed.next().await.unwrap().id.seq, Seq(n));
    }
    switch
        .ask(set("x", 21), Origin::internal("test"))
        .await
        .unwrap();
    assert_eq!(resumed.next().await.unwrap().id.seq, Seq(21));
    let gone = switch
        .resume(at(5), custom(), QueueLimits::default())
        .await
        .err()
        .unwrap();
    assert_eq!(gone.oldest, Some(at(11)));
    let other = EventId {
        node: NodeId(Uuid::from_u128(8)),
        seq: Seq(15),
    };
    assert!(
        switch
            .resume(other, custom(), QueueLimits::default())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_changed_interest_counts_from_its_return() {
    let switch = start(BusLimits::default());
    let (_, mut events) = switch
        .observe(Interest::default(), QueueLimits::default())
        .await
        .unwrap();
    switch
        .ask(set("x", 1), Origin::internal("test"))
        .await
        .unwrap();
    events.change(custom()).await;
    switch
        .ask(set("x", 2), Origin::internal("test"))
        .await
        .unwrap();
    assert_eq!(events.next().await.unwrap().id.seq, Seq(2));
    events
        .change(Interest {
            families: Families::ALL,
            scope: Scope::Channels(Default::default()),
        })
        .await;
    switch
        .ask(set("x", 3), Origin::internal("test"))
        .await
        .unwrap();
    events.change(custom()).await;
    switch
        .ask(set("x", 4), Origin::internal("test"))
        .await
        .unwrap();
    assert_eq!(events.next().await.unwrap().id.seq, Seq(4));
}

#[tokio::test]
async fn an_event_is_encoded_once_per_format() {
    let switch = start(BusLimits::default());
    let (_, mut one) = switch
        .observe(custom(), QueueLimits::default())
        .await
        .unwrap();
    let (_, mut two) = switch
        .observe(custom(), QueueLimits::default())
        .await
        .unwrap();
    switch
        .ask(set("x", 1), Origin::internal("test"))
        .await
        .unwrap();
    let format = api::event::FormatId::new(0);
    let first = one
        .next()
        .await
        .unwrap()
        .frame(format, |_| "encoded".into());
    let second = two
        .next()
        .await
        .unwrap()
        .frame(format, |_| panic!("encodes a second time"));
    assert_eq!(first.as_ptr(), second.as_ptr());
}

#[tokio::test]
async fn a_stopped_switch_is_an_error_not_a_wait() {
    let (switch, port, dispatcher) = pair(capabilities(), BusLimits::default(), View::default());
    let bus = tokio::spawn(dispatcher.run());
    drop(port);
    let event = CustomEvent {
        name: "CUSTOM".into(),
        subclass: None,
        headers: vec![],
        body: None,
        from_client: true,
    };
    assert!(
        switch
            .ask(Fire { event }, Origin::internal("test"))
            .await
            .is_err()
    );
    drop(switch);
    bus.await.unwrap();
}
