//! Peers without their thread: what happens when the library fails, and whose an address is.

use std::net::SocketAddr;
use std::time::Duration;

use media::control::Codec;
use media::webrtc::{Identity, LocalAddress};
use mio::{Poll, Token};
use tokio::sync::mpsc;

use super::table::ABANDONED;
use super::*;
use crate::media_io::port_pool::PortPool;
use crate::web_io::WebConfig;

fn wish() -> PeerWish {
    PeerWish {
        audio: vec![Codec::Pcmu],
        video: false,
        prefer_video: None,
        far_video: None,
        leg: None,
    }
}

#[test]
fn a_failure_of_the_library_ends_the_one_peer_and_no_other() {
    let now = Instant::now();
    let poll = Poll::new().unwrap();
    let sockets = Sockets::bind(&WebConfig::default(), poll.registry(), Token(1)).unwrap();
    let settings = PeerSettings {
        identity: Identity::new().unwrap(),
        addresses: sockets.addresses(),
        ice_lite: true,
    };
    let counters = Arc::new(WebCounters::default());
    let (sender, mut reports) = mpsc::channel(16);
    let lane = ReportLane::new(sender, counters.clone());
    let ports = PortPool::new(20_000..=20_003, Duration::ZERO, 1);
    let lines = Lines::new(poll.registry().try_clone().unwrap(), ports, 2);
    let counters_too = counters.clone();
    let mut peers = Peers::new(
        Some(settings),
        sockets,
        Vec::new(),
        lines,
        lane,
        counters_too,
    );
    let (one, other) = (PeerId(1), PeerId(2));
    for peer in [one, other] {
        let wish = wish();
        peers.command(now, WebCommand::Offer { peer, wish });
        assert!(matches!(reports.try_recv(), Ok(WebReport::Offered { .. })));
    }
    let failed = peers.with(now, one, |_, _| panic!("as the library might"));
    assert_eq!(failed, None::<()>);
    let why = PeerEnd::Socket;
    assert_eq!(reports.try_recv(), Ok(WebReport::Ended { peer: one, why }));
    assert_eq!((counters.failures.get(), counters.peers.get()), (1, 1));
    assert!(peers.due().is_some());
    assert_eq!(peers.with(now, other, |_, _| 7), Some(7));
    assert_eq!(peers.with(now, one, |_, _| 7), None);
}

const BROWSER: ([u8; 4], u16) = ([10, 0, 0, 1], 1000);
const OURS: ([u8; 4], u16) = ([10, 0, 0, 2], 2000);

/// A peer whose browser has proved to be at its address.
fn proven(now: Instant) -> Peer {
    let make = |address: ([u8; 4], u16)| {
        let settings = PeerSettings {
            identity: Identity::new().unwrap(),
            addresses: vec![LocalAddress {
                bound: address.into(),
                advertised: None,
            }],
            ice_lite: false,
        };
        Peer::new(&settings, now, 1)
    };
    let mut ends = [make(BROWSER), make(OURS)];
    let mut out = Vec::new();
    let offer = ends[0].offer(now, &wish(), &mut out).unwrap();
    let (answer, _) = ends[1].accept(now, &offer, &wish(), &mut out).unwrap();
    out.clear();
    ends[0].take_answer(now, &answer, &mut out).unwrap();
    let mut waiting: Vec<(usize, Happening)> = out.drain(..).map(|h| (0, h)).collect();
    for ms in 0..500 {
        while let Some((end, happening)) = waiting.pop() {
            if let Happening::Send { from, to, bytes } = happening {
                ends[1 - end].receive(now, from, to, &bytes, &mut out);
                waiting.extend(out.drain(..).map(|h| (1 - end, h)));
            }
        }
        for end in [0, 1] {
            ends[end].timeout(now + Duration::from_millis(ms), &mut out);
            waiting.extend(out.drain(..).map(|h| (end, h)));
        }
    }
    let [_, peer] = ends;
    assert!(peer.trusts(now, BROWSER.into(), OURS.into()));
    peer
}

#[test]
fn an_address_is_taken_over_only_from_a_browser_that_fell_silent() {
    let now = Instant::now();
    let (browser, ours): (SocketAddr, SocketAddr) = (BROWSER.into(), OURS.into());
    let (first, second) = (PeerId(1), PeerId(2));
    let mut table = Table::default();
    for peer in [first, second] {
        table.insert(peer, Entry::new(proven(now), now));
    }
    let stranger = ([10, 9, 9, 9], 9).into();
    table.heard(now, first, (stranger, ours), true);
    assert_eq!(table.at(stranger), None, "nothing proves that it is there");
    table.heard(now, first, (browser, ours), true);
    assert_eq!(table.at(browser), Some(first));
    let later = now + ABANDONED / 2;
    table.heard(later, second, (browser, ours), true);
    assert_eq!(table.at(browser), Some(first));
    table.heard(later, first, (browser, ours), true);
    table.heard(later + ABANDONED / 2, second, (browser, ours), true);
    assert_eq!(table.at(browser), Some(first));
    table.heard(later + ABANDONED, second, (browser, ours), true);
    assert_eq!(table.at(browser), Some(second));
    // The first one's end does not take the address from the second.
    table.remove(first);
    assert_eq!(table.at(browser), Some(second));
    table.remove(second);
    assert_eq!(table.at(browser), None);
    assert_eq!((table.len(), table.due()), (0, None));
}

#[test]
fn an_address_is_kept_by_checks_and_not_by_what_somebody_else_says_there() {
    let now = Instant::now();
    let way = (BROWSER.into(), OURS.into());
    let (first, second) = (PeerId(1), PeerId(2));
    let mut table = Table::default();
    for peer in [first, second] {
        table.insert(peer, Entry::new(proven(now), now));
    }
    table.heard(now, first, way, true);
    // The second one sends there and is answered; the first, to whom all from there is given, takes it for its own.
    table.probed(second, way.0);
    assert_eq!(table.prober(way.0, 0), Some(second));
    assert_eq!(table.prober(way.0, 1), Some(first));
    assert_eq!(table.prober(way.0, 2), None);
    table.heard(now + ABANDONED / 2, first, way, false);
    table.heard(now + ABANDONED, second, way, false);
    assert_eq!(table.at(way.0), Some(second));
}

#[test]
fn those_who_wait_for_answers_from_one_address_do_not_push_each_other_out() {
    let now = Instant::now();
    let mut table = Table::default();
    let settings = PeerSettings {
        identity: Identity::new().unwrap(),
        addresses: Vec::new(),
        ice_lite: false,
    };
    let peers: Vec<PeerId> = (0..20).map(PeerId).collect();
    for &peer in &peers {
        table.insert(peer, Entry::new(Peer::new(&settings, now, 1), now));
    }
    let waiting = |table: &Table, address| -> Vec<PeerId> {
        (0..).map_while(|n| table.prober(address, n)).collect()
    };
    let address = BROWSER.into();
    for &peer in peers.iter().chain(&peers) {
        table.probed(peer, address);
        table.probed(peer, address);
        assert_eq!(waiting(&table, address)[0], peer, "the last is asked first");
    }
    assert_eq!(waiting(&table, address).len(), 8);
    table.remove(PeerId(19));
    assert_eq!(waiting(&table, address)[0], PeerId(18));
    // Nor does one that sends everywhere keep much.
    let elsewhere = |n: u16| SocketAddr::from(([10, 3, 3, 3], 1 + n));
    for n in 0..1000 {
        table.probed(PeerId(0), elsewhere(n));
    }
    let kept = (0..1000).filter(|n| !waiting(&table, elsewhere(*n)).is_empty());
    assert_eq!(kept.count(), 128);
    for peer in peers {
        table.remove(peer);
    }
    assert_eq!(waiting(&table, address), []);
    assert_eq!(waiting(&table, elsewhere(999)), []);
}

#[test]
fn a_peer_is_served_when_it_wants_to_be_and_looked_at_no_later() {
    let now = Instant::now();
    let peer = PeerId(1);
    let mut table = Table::default();
    table.insert(peer, Entry::new(proven(now), now));
    let wants = table.get(peer).unwrap().peer.due();
    assert!(wants > now);
    table.reschedule(peer, now);
    assert_eq!((table.due(), table.take_due(now)), (Some(now), None));
    assert_eq!(
        (table.due(), table.take_due(wants)),
        (Some(wants), Some(peer))
    );
    assert_eq!((table.due(), table.take_due(wants)), (None, None));
    // One that cannot wait is served a moment later.
    table.reschedule(peer, wants);
    let soon = wants + Duration::from_millis(1);
    assert_eq!((table.due(), table.take_due(wants)), (Some(soon), None));
    assert_eq!(table.take_due(soon), Some(peer));
    table.reschedule(peer, soon);
    table.remove(peer);
    assert_eq!(table.due(), None);
}
