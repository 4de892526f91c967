//! One who sends its video in layers, and who gets which.

use super::super::layered::Layered;
use super::*;

/// Lets one who sends layers and one who sees work until something is so.
fn watch(sender: &mut Layered, feeds: &mut [Browser], mut so: impl FnMut(&[Browser]) -> bool) {
    let end = Instant::now() + PATIENCE;
    while !so(feeds) {
        assert!(Instant::now() < end, "not in time");
        sender.work();
        feeds.iter_mut().for_each(Browser::work);
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The layer of the last picture a browser saw.
fn last_layer(browser: &Browser) -> Option<u8> {
    browser.seen.last().map(|packet| packet.payload[7])
}

/// One who sends three layers, what it offered for that, and browsers that see it, under the names 2 and so on.
fn seen_by(stage: &mut Stage, viewers: u64) -> (Layered, String, Vec<Browser>) {
    // Some 230, 40 and 90 kbit/s; the order of a description says nothing.
    let (mut sender, offer) = Layered::new(&[("h", 1100), ("q", 140), ("m", 400)]);
    let wish = publisher(true);
    let peer = SOURCE;
    stage.post(WebCommand::Accept {
        peer,
        offer: offer.clone(),
        wish,
    });
    let WebReport::Answered { answer, agreed, .. } = stage.report(&mut []) else {
        panic!("not answered")
    };
    assert!(answer.contains("a=simulcast:recv h;q;m"), "{answer}");
    assert!(agreed.video.is_some() && agreed.audio.is_none());
    sender.take_answer(&answer);
    watch(&mut sender, &mut [], |_| {
        stage.web.counters().datagrams_in.get() > 100
    });
    assert_eq!(stage.report(&mut []), WebReport::Connected { peer });
    let mut feeds = Vec::new();
    for n in 2..2 + viewers {
        let peer = PeerId(n);
        let offer = stage.open_feed(peer, SOURCE);
        assert!(
            !offer.contains("simulcast") && !offer.contains("m=audio"),
            "{offer}"
        );
        let mut browser = Browser::new(Instant::now());
        let answer = browser.accept(&offer, &publisher(true));
        stage.post(WebCommand::TakeAnswer { peer, answer });
        feeds.push(browser);
        watch(&mut sender, &mut feeds, |feeds| {
            feeds.iter().all(|feed| feed.connected)
        });
        let reports = [stage.report(&mut []), stage.report(&mut [])];
        assert!(matches!(reports[0], WebReport::Agreed { .. }));
        assert_eq!(reports[1], WebReport::Connected { peer });
    }
    (sender, offer, feeds)
}

#[test]
fn each_feed_gets_the_best_layer_that_fits() {
    let mut stage = Stage::new(true, 1);
    let (mut sender, _, mut feeds) = seen_by(&mut stage, 2);
    watch(&mut sender, &mut feeds, |feeds| {
        feeds.iter().all(|feed| last_layer(feed) == Some(0))
    });
    // One has room for the middle one, the other for none.
    let middle = sender.asked(2);
    for (peer, bits_per_second) in [(PeerId(2), 120_000), (PeerId(3), 1000)] {
        stage.post(WebCommand::LimitBitrate {
            peer,
            bits_per_second,
        });
    }
    watch(&mut sender, &mut feeds, |feeds| {
        last_layer(&feeds[0]) == Some(2) && last_layer(&feeds[1]) == Some(1)
    });
    assert!(sender.asked(2) > middle);
    let peer = PeerId(3);
    stage.post(WebCommand::LimitBitrate {
        peer,
        bits_per_second: 5_000_000,
    });
    watch(&mut sender, &mut feeds, |feeds| {
        last_layer(&feeds[1]) == Some(0)
    });
    // The best layer ends: the next one takes its place.
    sender.stop(0);
    watch(&mut sender, &mut feeds, |feeds| {
        last_layer(&feeds[1]) == Some(2)
    });
    for feed in &feeds {
        assert_unbroken(&numbers(&feed.seen));
        // The numbers of pictures, and of those others depend on, go on from layer to layer too.
        let id = |packet: &VideoPacket| u16::from_be_bytes([packet.payload[2], packet.payload[3]]);
        let ids: Vec<u16> = feed.seen.iter().map(id).collect();
        assert_unbroken(&ids);
        let base = |two: &[VideoPacket]| two[1].payload[4].wrapping_sub(two[0].payload[4]);
        assert!(feed.seen.windows(2).all(|two| base(two) == 1));
        let mut layer = None;
        for two in feed.seen.windows(2) {
            let step = two[1].timestamp.wrapping_sub(two[0].timestamp);
            assert!((1..90_000 * 3).contains(&step), "{step}");
        }
        for packet in &feed.seen {
            if layer != Some(packet.payload[7]) {
                assert_eq!(packet.payload[6], 0, "a layer begins with a whole picture");
                layer = Some(packet.payload[7]);
            }
        }
    }
}

#[test]
fn one_who_stops_sending_layers_is_still_seen() {
    let mut stage = Stage::new(true, 1);
    let (mut sender, offer, mut feeds) = seen_by(&mut stage, 1);
    stage.post(WebCommand::LimitBitrate {
        peer: PeerId(2),
        bits_per_second: 120_000,
    });
    watch(&mut sender, &mut feeds, |feeds| {
        last_layer(&feeds[0]) == Some(2)
    });
    let plain: String = offer
        .lines()
        .filter(|line| !line.starts_with("a=rid:") && !line.starts_with("a=simulcast:"))
        .map(|line| format!("{line}\r\n"))
        .collect();
    assert_ne!(plain.len(), offer.len());
    stage.post(WebCommand::Accept {
        peer: SOURCE,
        offer: plain,
        wish: publisher(true),
    });
    let WebReport::Answered { answer, .. } = stage.report(&mut []) else {
        panic!("not answered")
    };
    assert!(!answer.contains("simulcast"), "{answer}");
    stage.obeyed();
    feeds[0].work();
    feeds[0].seen.clear();
    sender.stop(1);
    sender.stop(2);
    sender.refresh();
    watch(&mut sender, &mut feeds, |feeds| feeds[0].seen.len() > 10);
    assert!(feeds[0].seen.iter().all(|packet| packet.payload[7] == 0));
}

#[test]
fn one_whose_streams_begin_anew_for_ever_is_sent_away() {
    let mut stage = Stage::new(true, 1);
    let (mut sender, _, mut feeds) = seen_by(&mut stage, 1);
    // A few times is what pages do.
    for _ in 0..5 {
        sender.change_streams();
        sender.refresh();
        feeds[0].seen.clear();
        watch(&mut sender, &mut feeds, |feeds| feeds[0].seen.len() > 3);
    }
    let (peer, why) = (SOURCE, PeerEnd::DtlsFailed);
    let end = Instant::now() + PATIENCE;
    let told = loop {
        if let Ok(told) = stage.reports.try_recv() {
            break told;
        }
        assert!(Instant::now() < end, "it is still there");
        let sent = stage.web.counters().datagrams_in.get();
        sender.change_streams();
        watch(&mut sender, &mut feeds, |_| {
            stage.web.counters().datagrams_in.get() > sent + 3
        });
    };
    assert_eq!(told, WebReport::Ended { peer, why });
}
