//! The outbox over real loopback sockets.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

use std::time::Duration;

use bytes::Bytes;
use jackfield_net::{Outbox, OutboxLimits, Outcome, Refused, SlowReason};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// A connected pair: our side, the peer's side. Small buffers, so that a peer that does not read is soon felt.
async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpSocket::new_v4().unwrap();
    listener.set_send_buffer_size(16 << 10).unwrap();
    listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = listener.listen(1).unwrap();
    let peer = TcpSocket::new_v4().unwrap();
    peer.set_recv_buffer_size(16 << 10).unwrap();
    let address = listener.local_addr().unwrap();
    let (ours, peer) = tokio::join!(listener.accept(), peer.connect(address));
    (ours.unwrap().0, peer.unwrap())
}

fn start(stream: TcpStream, limits: OutboxLimits) -> (Outbox, JoinHandle<Outcome>) {
    let (outbox, writer) = Outbox::new(stream, limits);
    (outbox, tokio::spawn(writer.run()))
}

fn limits() -> OutboxLimits {
    OutboxLimits {
        messages: 1000,
        ..OutboxLimits::default()
    }
}

/// Pushes until the outbox is full and says how many it took.
async fn fill(outbox: &Outbox, message: &Bytes) -> (usize, Refused) {
    let mut taken = 0;
    loop {
        match outbox.push(message.clone()) {
            Ok(()) => taken += 1,
            Err(refused) => return (taken, refused),
        }
        if taken % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn everything_arrives_in_order_and_in_one_piece() {
    let (ours, mut peer) = connected().await;
    let (outbox, writer) = start(ours, OutboxLimits::default());
    let mut expected = Vec::new();
    for round in 0..50_u32 {
        let mut batch: Vec<Bytes> = (0..100)
            .map(|n| {
                Bytes::from(format!(
                    "<{round}:{n}:{}>",
                    "x".repeat((n as usize * 37) % 900)
                ))
            })
            .collect();
        batch.iter().for_each(|b| expected.extend_from_slice(b));
        outbox.push_all(&mut batch).unwrap();
        assert!(batch.is_empty());
        tokio::task::yield_now().await;
    }
    let reading = tokio::spawn(async move {
        let mut got = Vec::new();
        peer.read_to_end(&mut got).await.unwrap();
        got
    });
    assert_eq!(
        outbox.finish(Duration::from_secs(20)).await,
        Outcome::Closed
    );
    assert_eq!(writer.await.unwrap(), Outcome::Closed);
    assert!(reading.await.unwrap() == expected);
}

#[tokio::test]
async fn a_peer_that_never_reads_is_too_slow_by_messages_while_another_proceeds() {
    let (stuck, _silent) = connected().await;
    let (fast, mut reader) = connected().await;
    let (stuck, _) = start(stuck, limits());
    let (fast, _) = start(fast, OutboxLimits::default());
    let message = Bytes::from(vec![b'e'; 700]);
    let reading = tokio::spawn(async move {
        let mut got = Vec::new();
        reader.read_to_end(&mut got).await.unwrap();
        got.len()
    });
    let mut refused = None;
    for _ in 0..3000 {
        fast.push(message.clone()).unwrap();
        if refused.is_none() {
            refused = stuck.push(message.clone()).err();
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(refused, Some(Refused::SlowReader(SlowReason::Messages)));
    let outcome = stuck.cut(SlowReason::Messages, "last words").await;
    assert_eq!(
        outcome,
        Outcome::SlowReader {
            reason: SlowReason::Messages
        }
    );
    assert_eq!(fast.finish(Duration::from_secs(20)).await, Outcome::Closed);
    assert_eq!(reading.await.unwrap(), 3000 * 700);
}

#[tokio::test]
async fn bytes_are_a_limit_too_but_one_large_message_passes() {
    let (ours, _silent) = connected().await;
    let small = OutboxLimits {
        bytes: 100_000,
        ..limits()
    };
    let (outbox, _) = start(ours, small);
    outbox.push(vec![b'x'; 500_000]).unwrap();
    assert_eq!(
        outbox.push(vec![b'x'; 1]),
        Err(Refused::SlowReader(SlowReason::Bytes))
    );
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_cut_by_the_deadline() {
    let (ours, _silent) = connected().await;
    let hasty = OutboxLimits {
        write_deadline: Duration::from_millis(200),
        ..OutboxLimits::default()
    };
    let (outbox, writer) = start(ours, hasty);
    outbox.push(vec![b'x'; 8 << 20]).unwrap();
    let slow = Outcome::SlowReader {
        reason: SlowReason::Deadline,
    };
    assert_eq!(outbox.ended().await, slow);
    assert_eq!(writer.await.unwrap(), slow);
    assert_eq!(outbox.push("more"), Err(Refused::Ended(slow)));
}

#[tokio::test]
async fn a_slow_but_steady_peer_is_not_cut_by_the_deadline() {
    let (ours, mut peer) = connected().await;
    let hasty = OutboxLimits {
        write_deadline: Duration::from_millis(400),
        ..OutboxLimits::default()
    };
    let (outbox, _) = start(ours, hasty);
    outbox.push(vec![b'x'; 1 << 20]).unwrap();
    let reading = tokio::spawn(async move {
        let mut got = 0;
        let mut buffer = vec![0; 64 << 10];
        let mut pause = tokio::time::interval(Duration::from_millis(60));
        loop {
            pause.tick().await;
            match peer.read(&mut buffer).await.unwrap() {
                0 => return got,
                count => got += count,
            }
        }
    });
    let closed = outbox.finish(Duration::from_secs(30)).await;
    assert_eq!(closed, Outcome::Closed);
    assert_eq!(reading.await.unwrap(), 1 << 20);
}

#[tokio::test]
async fn the_last_words_follow_a_whole_message() {
    let (ours, mut peer) = connected().await;
    let patient = OutboxLimits {
        notice_deadline: Duration::from_secs(20),
        ..limits()
    };
    let (outbox, _) = start(ours, patient);
    let message = Bytes::from(vec![b'e'; 5000]);
    let (_, refused) = fill(&outbox, &message).await;
    assert_eq!(refused, Refused::SlowReader(SlowReason::Messages));
    let cut = tokio::spawn(outbox.cut(SlowReason::Messages, "last words"));
    let mut got = Vec::new();
    peer.read_to_end(&mut got).await.unwrap();
    let (events, words) = got.split_at(got.len() - 10);
    assert_eq!(words, b"last words");
    assert_eq!(events.len() % 5000, 0, "no message is cut in two");
    assert!(events.iter().all(|byte| *byte == b'e'));
    assert!(cut.await.is_ok());
}

#[tokio::test]
async fn a_peer_that_resets_is_gone() {
    let (ours, peer) = connected().await;
    let (outbox, writer) = start(ours, OutboxLimits::default());
    socket2::SockRef::from(&peer)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(peer);
    // The reset needs a moment and a write to be noticed.
    while outbox.push(vec![b'x'; 100]).is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(writer.await.unwrap(), Outcome::PeerGone);
}

#[tokio::test]
async fn a_half_open_peer_still_gets_its_answer() {
    let (ours, mut peer) = connected().await;
    let (outbox, _) = start(ours, OutboxLimits::default());
    peer.shutdown().await.unwrap();
    outbox.push("answer").unwrap();
    assert_eq!(outbox.finish(Duration::from_secs(5)).await, Outcome::Closed);
    let mut got = String::new();
    peer.read_to_string(&mut got).await.unwrap();
    assert_eq!(got, "answer");
}

#[tokio::test]
async fn room_comes_back_when_the_peer_reads() {
    let (ours, mut peer) = connected().await;
    let low = OutboxLimits {
        low_bytes: 100_000,
        ..OutboxLimits::default()
    };
    let (outbox, _) = start(ours, low);
    outbox.push(vec![b'x'; 4 << 20]).unwrap();
    assert!(!outbox.has_room());
    let reading = tokio::spawn(async move {
        let mut got = vec![0; 4 << 20];
        peer.read_exact(&mut got).await.unwrap();
        peer
    });
    outbox.room().await;
    assert!(outbox.queued_bytes() <= 100_000);
    drop(reading.await.unwrap());
}

#[tokio::test]
async fn a_dropped_outbox_writes_what_is_queued() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut peer = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (ours, _) = listener.accept().await.unwrap();
    let (outbox, _) = start(ours, OutboxLimits::default());
    outbox.push("bye").unwrap();
    drop(outbox);
    let mut got = String::new();
    peer.read_to_string(&mut got).await.unwrap();
    assert_eq!(got, "bye");
}
