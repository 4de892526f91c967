//! Rooms: one sends, others get it.

mod layers;
mod voices;

use media::webrtc::VideoPacket;

use super::*;

const SOURCE: PeerId = PeerId(1);

fn publisher(video: bool) -> PeerWish {
    wish(Codec::Opus, video, None)
}

/// Lets browsers work until something is so.
fn together(browsers: &mut [&mut Browser], mut so: impl FnMut(&[&mut Browser]) -> bool) {
    let end = Instant::now() + PATIENCE;
    while !so(browsers) {
        assert!(Instant::now() < end, "not in time");
        browsers.iter_mut().for_each(|browser| browser.work());
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Lets time pass.
fn rest(browsers: &mut [&mut Browser], ms: u64) {
    let end = Instant::now() + Duration::from_millis(ms);
    together(browsers, |_| Instant::now() >= end);
}

/// Shows pictures, the given ones whole, and lets all work in between.
fn film(browsers: &mut [&mut Browser], numbers: std::ops::Range<u16>, whole: &[u16]) {
    for n in numbers {
        browsers[0].show_picture(n, whole.contains(&n));
        rest(browsers, 2);
    }
}

impl Stage {
    /// A browser that sends and gets nothing.
    fn publish(&mut self, peer: PeerId, wish: &PeerWish) -> Browser {
        self.publish_with(peer, wish).0
    }

    fn publish_with(&mut self, peer: PeerId, wish: &PeerWish) -> (Browser, WebAgreed) {
        let mut browser = Browser::new(Instant::now());
        let offer = browser.offer(wish).replace("a=sendrecv", "a=sendonly");
        let wish = wish.clone();
        self.post(WebCommand::Accept { peer, offer, wish });
        let WebReport::Answered { answer, agreed, .. } = self.report(&mut [&mut browser]) else {
            panic!("not answered")
        };
        assert!(answer.contains("a=recvonly"), "{answer}");
        browser.take_answer(&answer);
        self.connected(peer, &mut browser);
        (browser, agreed)
    }

    fn connected(&mut self, peer: PeerId, browser: &mut Browser) {
        let report = self.report(&mut [browser]);
        assert_eq!(report, WebReport::Connected { peer });
        until(browser, |browser| browser.connected);
    }

    fn open_feed(&mut self, peer: PeerId, source: PeerId) -> String {
        self.post(WebCommand::OpenFeed { peer, source });
        let WebReport::Offered { peer: of, offer } = self.report(&mut []) else {
            panic!("not offered")
        };
        assert_eq!(of, peer);
        offer
    }

    /// A browser that gets what a source sends.
    fn feed(&mut self, peer: PeerId, source: PeerId) -> Browser {
        let offer = self.open_feed(peer, source);
        let mut browser = Browser::new(Instant::now());
        let wish = publisher(true);
        let answer = browser.accept(&offer, &wish);
        assert!(answer.contains("a=recvonly"), "{answer}");
        self.post(WebCommand::TakeAnswer { peer, answer });
        let report = self.report(&mut [&mut browser]);
        assert!(matches!(report, WebReport::Agreed { peer: of, .. } if of == peer));
        self.connected(peer, &mut browser);
        browser
    }

    fn refused(&mut self, peer: PeerId, source: PeerId) -> String {
        self.post(WebCommand::OpenFeed { peer, source });
        let WebReport::Refused { peer: of, why } = self.report(&mut []) else {
            panic!("not refused")
        };
        assert_eq!(of, peer);
        why
    }

    fn flow(&mut self, peer: PeerId, audio: bool, video: bool) {
        self.post(WebCommand::SetFlow { peer, audio, video });
        self.obeyed();
    }

    /// Waits until all orders are carried out: the last is one that is answered.
    fn obeyed(&mut self) {
        let nobody = PeerId(u64::MAX);
        assert_eq!(self.refused(nobody, nobody), "there is no such source");
    }
}

fn numbers(seen: &[VideoPacket]) -> Vec<u16> {
    let mut numbers: Vec<u16> = seen.iter().map(|packet| packet.sequence).collect();
    numbers.sort_unstable();
    numbers
}

fn assert_unbroken(numbers: &[u16]) {
    let broken = numbers.windows(2).find(|two| two[1] != two[0] + 1);
    assert_eq!(broken, None, "{numbers:?}");
}

#[test]
fn one_who_sends_is_seen_and_heard_by_three() {
    let mut stage = Stage::new(true, 1);
    let mut sender = stage.publish(SOURCE, &publisher(true));
    let mut feeds: Vec<Browser> = (2..5).map(|n| stage.feed(PeerId(n), SOURCE)).collect();
    let mut all: Vec<&mut Browser> = vec![&mut sender];
    all.extend(feeds.iter_mut());
    for n in 0..50 {
        all[0].show_picture(n, n == 0);
        all[0].say(&rtp(111, n, u32::from(n) * 960, &[n as u8; 80]));
        rest(&mut all, 2);
    }
    let got_all = |feed: &&mut Browser| feed.seen.len() >= 50 && feed.heard.len() >= 50;
    together(&mut all, |all| all[1..].iter().all(got_all));
    for feed in &feeds {
        assert_eq!((feed.seen.len(), feed.heard.len()), (50, 50));
        assert_unbroken(&numbers(&feed.seen));
        assert_eq!(feed.seen[0].payload.len(), 1000);
        let first = Packet::parse(&feed.heard[0]).unwrap();
        for (n, heard) in (0..).zip(&feed.heard) {
            let packet = Packet::parse(heard).unwrap();
            assert_eq!(packet.payload, [n as u8; 80]);
            assert_eq!(packet.sequence, first.sequence + n);
            assert_eq!(packet.timestamp, first.timestamp + u32::from(n) * 960);
        }
    }
    let counters = stage.web.counters();
    assert_eq!(counters.video_forwarded.get(), 150);
    assert_eq!(counters.audio_forwarded.get(), 150);
    assert_eq!((counters.peers.get(), counters.feeds.get()), (4, 3));
    // What was taken once is not taken again.
    let before = counters.datagrams_in.get();
    let again = sender.repeat_everything();
    until(&mut sender, |_| {
        counters.datagrams_in.get() >= before + again as u64
    });
    assert_eq!(counters.video_forwarded.get(), 150);
    assert_eq!(counters.audio_forwarded.get(), 150);
}

#[test]
fn after_a_pause_a_feed_goes_on_without_a_gap_from_a_whole_picture() {
    let mut stage = Stage::new(true, 1);
    let mut sender = stage.publish(SOURCE, &publisher(true));
    let (paused, other) = (PeerId(2), PeerId(3));
    let mut feed = stage.feed(paused, SOURCE);
    let mut always = stage.feed(other, SOURCE);
    let all = &mut [&mut sender, &mut feed, &mut always];
    film(all, 0..20, &[0]);
    together(all, |all| {
        all[1].seen.len() == 20 && all[2].seen.len() == 20
    });
    stage.flow(paused, true, false);
    // Not even a whole picture goes out meanwhile.
    film(all, 20..40, &[30]);
    together(all, |all| all[2].seen.len() == 40);
    assert_eq!(all[1].seen.len(), 20);
    rest(all, 300);
    let asked = all[0].keyframes_wanted;
    stage.flow(paused, true, true);
    together(all, |all| all[0].keyframes_wanted > asked);
    film(all, 40..60, &[50]);
    together(all, |all| {
        all[2].seen.len() == 60 && all[1].seen.len() == 30
    });
    assert_eq!(all[1].seen[20].payload[1], 0, "a whole picture");
    for seen in [&all[1].seen, &all[2].seen] {
        assert_unbroken(&numbers(seen));
        for two in seen.windows(2) {
            let step = two[1].timestamp.wrapping_sub(two[0].timestamp);
            assert!((1..90_000 * 5).contains(&step), "{step}");
        }
    }
    // Sound is another matter: paused and resumed alone, likewise without a gap.
    for (n, flows) in [(0, true), (1, false), (2, true)] {
        stage.flow(paused, flows, true);
        for at in 0..10 {
            let n = n * 10 + at;
            all[0].say(&rtp(111, n, u32::from(n) * 960, &[7; 80]));
            rest(all, 2);
        }
        together(all, |all| all[2].heard.len() == (usize::from(n) + 1) * 10);
    }
    together(all, |all| all[1].heard.len() == 20);
    let heard = all[1]
        .heard
        .iter()
        .map(|bytes| Packet::parse(bytes).unwrap());
    assert_unbroken(&heard.map(|packet| packet.sequence).collect::<Vec<_>>());
}

#[test]
fn a_source_can_be_paused_for_all_at_once() {
    let mut stage = Stage::new(true, 1);
    let mut sender = stage.publish(SOURCE, &publisher(true));
    let mut feeds: Vec<Browser> = (2..4).map(|n| stage.feed(PeerId(n), SOURCE)).collect();
    let [one, two] = &mut feeds[..] else { panic!() };
    let all = &mut [&mut sender, one, two];
    film(all, 0..10, &[0]);
    together(all, |all| {
        all[1].seen.len() == 10 && all[2].seen.len() == 10
    });
    stage.flow(SOURCE, false, false);
    film(all, 10..20, &[10]);
    all[0].say(&rtp(111, 0, 0, &[7; 80]));
    rest(all, 400);
    assert_eq!((all[1].seen.len(), all[1].heard.len()), (10, 0));
    let asked = all[0].keyframes_wanted;
    stage.flow(SOURCE, true, true);
    together(all, |all| all[0].keyframes_wanted > asked);
    film(all, 20..30, &[25]);
    all[0].say(&rtp(111, 1, 960, &[7; 80]));
    together(all, |all| {
        all[1].seen.len() == 15 && all[2].seen.len() == 15
    });
    together(all, |all| {
        all[1].heard.len() == 1 && all[2].heard.len() == 1
    });
    assert_unbroken(&numbers(&all[1].seen));
}

#[test]
fn many_who_want_a_whole_picture_cost_the_sender_one() {
    let mut stage = Stage::new(true, 1);
    let mut sender = stage.publish(SOURCE, &publisher(true));
    let mut feeds: Vec<Browser> = (2..10).map(|n| stage.feed(PeerId(n), SOURCE)).collect();
    let mut all: Vec<&mut Browser> = vec![&mut sender];
    all.extend(feeds.iter_mut());
    film(&mut all, 0..20, &[0]);
    together(&mut all, |all| {
        all[1..].iter().all(|feed| feed.seen.len() == 20)
    });
    rest(&mut all, 700);
    let asked = all[0].keyframes_wanted;
    let counted = stage.web.counters().keyframes_asked.get();
    for feed in &mut all[1..] {
        feed.want_keyframe();
    }
    // One request for the first; one for those who came after it, because no picture comes meanwhile.
    rest(&mut all, 800);
    assert_eq!(all[0].keyframes_wanted, asked + 2);
    for feed in &mut all[1..] {
        feed.want_keyframe();
    }
    together(&mut all, |all| all[0].keyframes_wanted > asked + 2);
    film(&mut all, 20..21, &[20]);
    rest(&mut all, 600);
    assert_eq!(all[0].keyframes_wanted, asked + 3);
    let counters = stage.web.counters();
    assert_eq!(counters.keyframes_asked.get(), counted + 3);
}

#[test]
fn what_is_lost_to_one_feed_is_sent_again_without_asking_the_sender() {
    let mut stage = Stage::new(true, 1);
    let mut sender = stage.publish(SOURCE, &publisher(true));
    let mut feeds: Vec<Browser> = (2..4).map(|n| stage.feed(PeerId(n), SOURCE)).collect();
    let [one, two] = &mut feeds[..] else { panic!() };
    let all = &mut [&mut sender, one, two];
    film(all, 0..30, &[0]);
    together(all, |all| all[1].seen.len() == 30);
    let asked = all[0].keyframes_wanted;
    all[1].lose = 3;
    film(all, 30..80, &[]);
    together(all, |all| {
        all[1].seen.len() == 80 && all[2].seen.len() == 80
    });
    assert_eq!(all[1].lose, 0);
    let late = |seen: &[VideoPacket]| seen.windows(2).any(|two| two[1].sequence < two[0].sequence);
    assert!(late(&all[1].seen) && !late(&all[2].seen));
    assert_unbroken(&numbers(&all[1].seen));
    assert_eq!(all[0].keyframes_wanted, asked);
    assert_eq!(stage.web.counters().video_forwarded.get(), 160);
}

#[test]
fn feeds_of_a_source_that_goes_away_fall_silent_and_stay() {
    let mut stage = Stage::new(true, 1);
    let mut sender = stage.publish(SOURCE, &publisher(true));
    let mut feed = stage.feed(PeerId(2), SOURCE);
    let all = &mut [&mut sender, &mut feed];
    film(all, 0..20, &[0]);
    together(all, |all| all[1].seen.len() == 20);
    stage.post(WebCommand::Close { peer: SOURCE });
    stage.obeyed();
    // What is on its way still, and what comes afterwards.
    film(all, 20..40, &[20]);
    all[0].repeat_everything();
    rest(all, 200);
    assert_eq!(all[0].ended, Some(PeerEnd::Closed));
    assert_eq!((all[1].seen.len(), all[1].ended), (20, None));
    // What is said to it still finds it.
    stage.flow(PeerId(2), true, false);
    stage.flow(PeerId(2), true, true);
    all[1].want_keyframe();
    rest(all, 100);
    assert_eq!(stage.refused(PeerId(3), SOURCE), "there is no such source");
    let counters = stage.web.counters();
    assert_eq!((counters.peers.get(), counters.feeds.get()), (1, 1));
    stage.post(WebCommand::Close { peer: PeerId(2) });
    until(&mut feed, |feed| feed.ended.is_some());
    let counters = stage.web.counters();
    assert_eq!((counters.peers.get(), counters.feeds.get()), (0, 0));
    assert_eq!(counters.feeds_refused.get(), 4);
}

#[test]
fn a_feed_answered_with_garbage_is_refused_and_harms_nobody() {
    let mut stage = Stage::new(true, 1);
    let mut sender = stage.publish(SOURCE, &publisher(true));
    let mut feed = stage.feed(PeerId(2), SOURCE);
    for (n, garbage) in (10..).zip(["", "v=0\r\n", "\u{0}", "m=audio 9 RTP/AVP 0\r\n"]) {
        let peer = PeerId(n);
        stage.open_feed(peer, SOURCE);
        let answer = garbage.to_owned();
        stage.post(WebCommand::TakeAnswer { peer, answer });
        let report = stage.report(&mut []);
        assert!(matches!(report, WebReport::Refused { peer: of, .. } if of == peer));
    }
    // A browser that wants none of it.
    let offer = stage.open_feed(PeerId(20), SOURCE);
    let answer = Browser::new(Instant::now()).accept(&offer, &publisher(false));
    let answer = answer.replace("a=recvonly", "a=inactive");
    let peer = PeerId(20);
    stage.post(WebCommand::TakeAnswer { peer, answer });
    assert!(
        matches!(stage.report(&mut []), WebReport::Agreed { agreed, .. } if agreed.video.is_none())
    );
    let all = &mut [&mut sender, &mut feed];
    film(all, 0..20, &[0]);
    together(all, |all| all[1].seen.len() == 20);
    assert_eq!(stage.web.counters().feeds.get(), 2);
    assert_eq!(stage.web.counters().failures.get(), 0);
}

#[test]
fn who_sends_nothing_has_no_feeds_and_nobody_has_too_many() {
    let mut stage = Stage::new(true, 1);
    let (silent, source) = (PeerId(1), PeerId(2));
    let wanted = wish(Codec::Opus, false, None);
    stage.post(WebCommand::Offer {
        peer: silent,
        wish: wanted,
    });
    assert!(matches!(stage.report(&mut []), WebReport::Offered { .. }));
    assert_eq!(stage.refused(PeerId(3), silent), "the source sends nothing");
    let _sender = stage.publish(source, &publisher(false));
    assert_eq!(
        stage.refused(source, source),
        "there is a peer of that name"
    );
    for n in 0..64 {
        let offer = stage.open_feed(PeerId(100 + n), source);
        assert!(!offer.contains("m=video"), "{offer}");
    }
    assert_eq!(
        stage.refused(PeerId(99), source),
        "the source has too many feeds"
    );
    assert_eq!(
        stage.refused(PeerId(99), PeerId(100)),
        "the source sends nothing"
    );
    assert_eq!(stage.web.counters().feeds_refused.get(), 4);
    stage.post(WebCommand::Close { peer: PeerId(100) });
    stage.open_feed(PeerId(99), source);
}

#[test]
fn a_source_is_told_its_limit_again_and_again() {
    let mut stage = Stage::new(true, 1);
    let mut sender = stage.publish(SOURCE, &publisher(true));
    // Said before anything comes, and before there is a stream it could be said of.
    stage.post(WebCommand::LimitBitrate {
        peer: SOURCE,
        bits_per_second: 300_000,
    });
    let until = Instant::now() + Duration::from_millis(2500);
    let mut n = 0;
    while Instant::now() < until {
        sender.show(n);
        n += 1;
        rest(&mut [&mut sender], 20);
    }
    assert!(
        (2..=4).contains(&sender.limits.len()),
        "{:?}",
        sender.limits
    );
    let about = |bits: &u64| (290_000..=300_000).contains(bits);
    assert!(sender.limits.iter().all(about), "{:?}", sender.limits);
}
