use rand::SeedableRng as _;

use super::*;
use crate::message::parse_datagram;

/// A registration with its clock.
struct Desk {
    machine: ClientRegistration,
    now: Instant,
    start: Instant,
    rng: StdRng,
}

impl Desk {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            machine: ClientRegistration::default(),
            now,
            start: now,
            rng: StdRng::seed_from_u64(5),
        }
    }

    /// Located at so many servers, the first REGISTER on its way.
    fn begun(hops: usize) -> Self {
        let mut desk = Self::new();
        assert_eq!(desk.machine.start(), [Action::Locate]);
        assert_eq!(desk.machine.located(hops), [sent(0, 600)]);
        desk
    }

    fn registered() -> Self {
        let mut desk = Self::begun(1);
        assert_eq!(desk.answer(200, "Expires: 600\r\n"), [Action::Registered]);
        desk
    }

    fn answer(&mut self, code: u16, headers: &str) -> Vec<Action> {
        let text = format!("SIP/2.0 {code} Words\r\n{headers}Content-Length: 0\r\n\r\n");
        let response = parse_datagram(text).unwrap();
        let outcome = Outcome::read(code, Some(&response), "w1", None);
        self.machine.answered(self.now, &outcome, &mut self.rng)
    }

    /// Nobody answered, or nothing could be sent.
    fn silence(&mut self, code: u16) -> Vec<Action> {
        let outcome = Outcome::read(code, None, "w1", None);
        self.machine.answered(self.now, &outcome, &mut self.rng)
    }

    /// Waits until something is due; seconds since the beginning.
    fn wait(&mut self) -> u64 {
        let due = self.machine.due().expect("something is due");
        assert_eq!(
            self.machine.handle_timeout(self.now),
            [],
            "not before its time"
        );
        self.now = due;
        (due - self.start).as_secs()
    }

    fn due_in(&self) -> u64 {
        (self.machine.due().unwrap() - self.now).as_secs()
    }

    fn timeout(&mut self) -> Vec<Action> {
        self.machine.handle_timeout(self.now)
    }
}

fn sent(hop: usize, expires_s: u32) -> Action {
    Action::Send { hop, expires_s }
}

fn failed(code: u16, phrase: &str) -> Action {
    Action::Failed {
        code,
        phrase: phrase.into(),
    }
}

#[test]
fn refreshes_are_silent_and_in_time() {
    let mut desk = Desk::registered();
    for _ in 0..3 {
        let before = desk.now;
        desk.wait();
        let after = (desk.now - before).as_secs();
        assert!((420..=510).contains(&after), "{after}");
        assert_eq!(desk.timeout(), [Action::Locate]);
        assert_eq!(desk.machine.located(1), [sent(0, 600)]);
        assert_eq!(desk.answer(200, "Expires: 600\r\n"), []);
        assert!(desk.machine.is_registered());
    }
}

#[test]
fn the_registrars_lifetime_of_our_contact_counts() {
    let mut desk = Desk::begun(1);
    desk.answer(
        200,
        "Expires: 600\r\nContact: <sip:other@192.0.2.1>;expires=3000, <sip:w1@192.0.2.1:5060>;expires=60\r\n",
    );
    assert!((42..=51).contains(&desk.due_in()), "{}", desk.due_in());
    let mut desk = Desk::begun(1);
    desk.answer(200, "Contact: <sip:w1@192.0.2.1>;expires=0\r\n");
    assert_eq!(desk.due_in(), 5, "no registrar makes us send without end");
}

#[test]
fn a_lifetime_that_is_too_short_is_raised() {
    let mut desk = Desk::begun(1);
    assert_eq!(desk.answer(423, "Min-Expires: 1800\r\n"), [sent(0, 1800)]);
    assert_eq!(desk.answer(200, ""), [Action::Registered]);
    assert!(desk.due_in() > 1000);
    let mut desk = Desk::begun(1);
    assert_eq!(
        desk.answer(423, "Min-Expires: 60\r\n"),
        [failed(423, "Words")],
        "we asked for more than that"
    );
    let mut desk = Desk::begun(1);
    for least in [700, 800, 900] {
        assert_eq!(
            desk.answer(423, &format!("Min-Expires: {least}\r\n")),
            [sent(0, least)]
        );
    }
    assert_eq!(
        desk.answer(423, "Min-Expires: 1000\r\n"),
        [failed(423, "Words")]
    );
}

#[test]
fn the_next_server_is_tried_when_one_is_silent_or_busy() {
    let mut desk = Desk::begun(3);
    assert_eq!(desk.silence(503), [sent(1, 600)]);
    assert_eq!(desk.answer(503, ""), [sent(2, 600)]);
    assert_eq!(desk.silence(408), [failed(408, "Request Timeout")]);
    let mut desk = Desk::begun(2);
    assert_eq!(
        desk.answer(403, ""),
        [failed(403, "Words")],
        "it was answered"
    );
}

#[test]
fn failures_are_told_once_and_tried_again_ever_more_rarely() {
    let mut desk = Desk::registered();
    desk.wait();
    desk.timeout();
    desk.machine.located(1);
    assert_eq!(desk.silence(408), [failed(408, "Request Timeout")]);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        pauses.push(desk.due_in());
        desk.wait();
        assert_eq!(desk.timeout(), [Action::Locate]);
        assert_eq!(desk.machine.located(1), [sent(0, 600)]);
        assert_eq!(desk.silence(503), [], "it is known");
    }
    assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 600, 600]);
    desk.wait();
    desk.timeout();
    desk.machine.located(1);
    assert_eq!(desk.answer(200, ""), [Action::Registered], "and it is back");
}

#[test]
fn a_wrong_password_is_not_tried_at_every_turn() {
    let mut desk = Desk::begun(1);
    let outcome = Outcome::read(401, None, "w1", Some(Unanswered::Refused));
    let actions = desk.machine.answered(desk.now, &outcome, &mut desk.rng);
    assert_eq!(
        actions,
        [failed(904, "Operation has no matching challenge ")]
    );
    assert_eq!(desk.due_in(), 300);
    let sha = Outcome::read(401, None, "w1", Some(Unanswered::NoMd5));
    assert_eq!(
        (sha.code, &*sha.phrase),
        (401, "Unauthorized: the server offers no MD5 digest")
    );
    let mut desk = Desk::begun(1);
    desk.answer(500, "Retry-After: 120 (busy)\r\n");
    assert_eq!(desk.due_in(), 120, "what the registrar asks for");
}

#[test]
fn names_that_are_gone_do_not_end_a_registration_that_lives() {
    let mut desk = Desk::registered();
    desk.wait();
    desk.timeout();
    assert_eq!(
        desk.machine.not_located(desk.now, "no answer"),
        [sent(0, 600)]
    );
    assert_eq!(desk.answer(200, ""), []);
    let mut desk = Desk::new();
    desk.machine.start();
    assert_eq!(
        desk.machine.not_located(desk.now, "gone"),
        [failed(503, "gone")]
    );
    assert_eq!(desk.due_in(), 10);
}

#[test]
fn a_contact_is_taken_back_once_and_never_beside_another_register() {
    let mut desk = Desk::registered();
    assert_eq!(desk.machine.end(), [sent(0, 0)]);
    assert_eq!(desk.machine.end(), []);
    assert_eq!(desk.machine.due(), None);
    assert_eq!(desk.answer(200, ""), [Action::Over]);

    let mut desk = Desk::begun(1);
    assert_eq!(desk.machine.end(), [], "its answer comes first");
    assert_eq!(desk.answer(200, ""), [sent(0, 0)]);
    assert_eq!(desk.silence(408), [Action::Over], "it was only polite");

    let mut desk = Desk::begun(2);
    desk.machine.end();
    assert_eq!(
        desk.answer(503, ""),
        [Action::Over],
        "there is nothing to take back"
    );
    let mut desk = Desk::new();
    desk.machine.start();
    assert_eq!(desk.machine.end(), [Action::Over]);
    assert_eq!(desk.machine.located(1), [], "too late");
}

#[test]
fn a_trunk_waits_as_long_each_time_and_tells_every_outcome() {
    let mut desk = Desk::new();
    desk.machine = ClientRegistration::new(Manner::Trunk {
        expires_s: 3600,
        retry: Duration::from_secs(30),
    });
    assert_eq!(desk.machine.start(), [Action::Locate]);
    assert_eq!(desk.machine.located(1), [sent(0, 3600)]);
    for _ in 0..3 {
        assert_eq!(desk.answer(403, ""), [failed(403, "Words")]);
        assert_eq!(desk.due_in(), 30);
        desk.wait();
        assert_eq!(desk.timeout(), [Action::Locate]);
        assert_eq!(desk.machine.located(1), [sent(0, 3600)]);
    }
    for _ in 0..2 {
        assert_eq!(desk.answer(200, "Expires: 100\r\n"), [Action::Registered]);
        let lapses = desk.machine.lapses().unwrap();
        assert_eq!((lapses - desk.now).as_secs(), 100);
        assert!((70..=85).contains(&desk.due_in()), "{}", desk.due_in());
        assert_eq!(
            desk.machine.renew(),
            [Action::Locate],
            "not before its time"
        );
        assert_eq!(desk.machine.renew(), [], "it is under way");
        assert_eq!(desk.machine.located(1), [sent(0, 3600)]);
    }
    assert_eq!(
        desk.answer(503, "Retry-After: 90\r\n"),
        [failed(503, "Words")]
    );
    assert_eq!(desk.due_in(), 90, "what the registrar asks for counts");
    let too_long = ClientRegistration::new(Manner::Trunk {
        expires_s: 1_000_000,
        retry: Duration::from_secs(30),
    });
    assert_eq!(too_long.wanted_s, 86_400);
}
