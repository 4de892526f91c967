//! `bind_digit_action`: digits, or a pattern of them, let a channel run something (event-socket.md §6.9). Bindings stand in
//! realms, of which one is in force.

use std::sync::Arc;
use std::time::Duration;

use api::ChannelId;
use api::command::channel::QueuedAction;

use super::Started;
use crate::Switch;
use crate::channel::PendingDigit;
use crate::dialplan::Expression;
use crate::script::QueuedMessage;
use crate::timers::{Deadline, in_time};

/// Between two digits, when `bind_digit_digit_timeout` names nothing else.
const USUAL_DIGIT_TIMEOUT_MS: u64 = 1_500;
/// Bindings of one channel; more are refused.
const MAX_BINDINGS: usize = 256;
/// Digits held back at most.
const MAX_DIGITS: usize = 64;

/// What one channel has bound, and where it is with its digits.
#[derive(Debug, Default)]
pub(crate) struct DigitActions {
    bindings: Vec<Binding>,
    /// The realm in force for its own digits; without one, that of the first binding they can be meant for.
    realm: Option<Arc<str>>,
    /// And for those of its partner.
    peer_realm: Option<Arc<str>>,
    /// Digits pressed here that may become a binding.
    held: Vec<PendingDigit>,
    /// Which wait for the next digit counts.
    wait: u64,
}

#[derive(Clone, Debug)]
struct Binding {
    realm: Arc<str>,
    digits: Digits,
    /// Whose digits: those of the channel that bound them, or of its partner.
    listens: Leg,
    what: What,
    /// Who runs it, as seen from whoever pressed.
    on: Leg,
}

#[derive(Clone, Debug)]
enum Digits {
    Exactly(Box<str>),
    /// Written `~…`.
    Matching(Box<Expression>),
}

#[derive(Clone, Debug)]
enum What {
    /// `exec:<application>`
    Application(Arc<str>, Arc<str>),
    /// `api:<console command>`
    Console(Arc<str>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Leg {
    Own,
    Peer,
    Both,
}

impl Leg {
    fn parse(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "" | "self" | "aleg" => Self::Own,
            "peer" | "bleg" => Self::Peer,
            "both" => Self::Both,
            _ => return None,
        })
    }

    fn is_own(self) -> bool {
        self != Self::Peer
    }

    fn is_peers(self) -> bool {
        self != Self::Own
    }
}

/// `<realm>,<digits|~regex>,exec:<application>|api:<command>[,<argument>][,<dtmf leg>][,<event leg>]`
fn parse(data: &str) -> Option<Binding> {
    let mut parts: Vec<&str> = data.split(',').collect();
    if parts.len() < 3 {
        return None;
    }
    let (realm, digits, command) = (parts[0].trim(), parts[1].trim(), parts[2].trim());
    // Legs stand last, and an argument may hold commas.
    let mut rest = parts.split_off(3);
    let mut legs = Vec::new();
    while legs.len() < 2 && rest.len() > 1 {
        let word = rest.last()?.trim();
        match Leg::parse(word) {
            Some(leg) if !word.is_empty() => legs.push(leg),
            Some(_) | None => break,
        }
        rest.pop();
    }
    legs.reverse();
    let (listens, on) = match legs.as_slice() {
        [listens, on, ..] => (*listens, *on),
        [listens] => (*listens, Leg::Own),
        [] => (Leg::Own, Leg::Own),
    };
    let argument = rest.join(",");
    let digits = match digits.strip_prefix('~') {
        Some(pattern) => Digits::Matching(Box::new(Expression::compile(pattern).ok()?)),
        None if digits.is_empty() || digits.len() > MAX_DIGITS => return None,
        None => Digits::Exactly(digits.into()),
    };
    let what = if let Some(name) = command.strip_prefix("exec:") {
        // It was expanded already; what came of that is not looked at again when it is run.
        let argument = argument.replace("${", "\\${");
        What::Application(name.into(), argument.into())
    } else if let Some(name) = command.strip_prefix("api:") {
        let line = format!("{name} {argument}").replace("${", "\\${");
        What::Console(line.trim().into())
    } else {
        return None;
    };
    let is_said = match &what {
        What::Application(name, _) | What::Console(name) => !name.is_empty(),
    };
    (is_said && !realm.is_empty()).then(|| Binding {
        realm: realm.into(),
        digits,
        listens,
        what,
        on,
    })
}

/// `<realm>[,<leg>]`
fn realm_and_leg(data: &str) -> Option<(Arc<str>, Leg)> {
    let (realm, leg) = data.split_once(',').unwrap_or((data, ""));
    Some((realm.trim().into(), Leg::parse(leg)?))
}

impl DigitActions {
    /// Those in force for its own digits, or for its partner's.
    fn in_force(&self, peers: bool) -> impl Iterator<Item = &Binding> {
        let listens = move |binding: &&Binding| {
            if peers {
                binding.listens.is_peers()
            } else {
                binding.listens.is_own()
            }
        };
        let named = if peers { &self.peer_realm } else { &self.realm };
        let first = || self.bindings.iter().find(listens);
        let realm = named.clone().or_else(|| Some(first()?.realm.clone()));
        let all = self.bindings.iter().filter(listens);
        all.filter(move |binding| realm.as_ref() == Some(&binding.realm))
    }
}

pub(super) fn bind_digit_action(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Some(binding) = parse(data) else {
        tracing::warn!(channel = %id, data, "bind_digit_action does not say which digits do what");
        return Started::Done;
    };
    if let Some(live) = switch.channels.get_mut(id) {
        if live.digit_actions.bindings.len() >= MAX_BINDINGS {
            tracing::warn!(channel = %id, "Too many digits are bound");
        } else {
            live.digit_actions.bindings.push(binding);
        }
    }
    Started::Done
}

/// `[<realm>|all[,<leg>]]`: whose digits are free again.
pub(super) fn clear_digit_action(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Some((realm, leg)) = realm_and_leg(data) else {
        tracing::warn!(channel = %id, data, "clear_digit_action names no leg there is");
        return Started::Done;
    };
    let is_all = realm.is_empty() || realm.eq_ignore_ascii_case("all");
    if let Some(live) = switch.channels.get_mut(id) {
        live.digit_actions.bindings.retain_mut(|binding| {
            if !is_all && binding.realm != realm {
                return true;
            }
            let own = binding.listens.is_own() && !leg.is_own();
            let peers = binding.listens.is_peers() && !leg.is_peers();
            binding.listens = match (own, peers) {
                (true, true) => Leg::Both,
                (true, false) => Leg::Own,
                (false, true) => Leg::Peer,
                (false, false) => return false,
            };
            true
        });
    }
    Started::Done
}

/// `<realm>[,<leg>]`: which bindings are in force.
pub(super) fn digit_action_set_realm(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Some((realm, leg)) = realm_and_leg(data).filter(|(realm, _)| !realm.is_empty()) else {
        tracing::warn!(channel = %id, data, "digit_action_set_realm names no realm, or no leg there is");
        return Started::Done;
    };
    if let Some(live) = switch.channels.get_mut(id) {
        if leg.is_own() {
            live.digit_actions.realm = Some(realm.clone());
        }
        if leg.is_peers() {
            live.digit_actions.peer_realm = Some(realm);
        }
    }
    Started::Done
}

/// What digits mean so far.
enum Meaning {
    /// Nothing, and nothing that could follow changes that.
    Nothing,
    /// They may become something.
    Unfinished,
    /// This, and nothing longer.
    Complete(Binding),
}

impl Switch {
    /// A digit of a channel with bindings: it is held back, is used up, or goes on with those held back before it.
    pub(crate) fn bound_digit(&mut self, id: &ChannelId, digit: PendingDigit) {
        if let Some(live) = self.channels.get_mut(id) {
            live.digit_actions.held.push(digit);
            self.judge_digits(id);
        }
    }

    /// Whether somebody bound digits of the channel.
    pub(crate) fn has_digit_actions(&self, id: &ChannelId) -> bool {
        !self.digit_bindings(id).is_empty()
    }

    /// Those in force for the digits of a channel: its own, and its partner's for them.
    fn digit_bindings(&self, id: &ChannelId) -> Vec<&Binding> {
        let Some(live) = self.channels.get(id) else {
            return Vec::new();
        };
        let peer = live.bridge.as_ref();
        let peer = peer.and_then(|bridge| self.channels.get(&bridge.peer));
        let mut found: Vec<_> = live.digit_actions.in_force(false).collect();
        if let Some(peer) = peer {
            found.extend(peer.digit_actions.in_force(true));
        }
        found
    }

    fn held_digits(&self, id: &ChannelId) -> String {
        let live = self.channels.get(id);
        let held = live.map(|live| live.digit_actions.held.iter());
        held.into_iter().flatten().map(|one| one.digit).collect()
    }

    fn matching(&self, id: &ChannelId, pressed: &str) -> Option<Binding> {
        let bindings = self.digit_bindings(id);
        let found = bindings.into_iter().find(|binding| match &binding.digits {
            Digits::Exactly(digits) => **digits == *pressed,
            Digits::Matching(pattern) => pattern
                .captures(pressed)
                .is_ok_and(|captures| captures.is_some()),
        });
        found.cloned()
    }

    fn meaning(&self, id: &ChannelId, pressed: &str) -> Meaning {
        let bindings = self.digit_bindings(id);
        let may_grow = bindings.iter().any(|binding| match &binding.digits {
            Digits::Exactly(digits) => digits.len() > pressed.len() && digits.starts_with(pressed),
            Digits::Matching(_) => false,
        });
        let may_match = bindings
            .iter()
            .any(|binding| matches!(binding.digits, Digits::Matching(_)));
        match self.matching(id, pressed) {
            Some(_) if may_grow => Meaning::Unfinished,
            Some(binding) => Meaning::Complete(binding),
            // Nobody can see from a pattern whether more digits would do.
            None if may_grow || may_match && pressed.len() < MAX_DIGITS => Meaning::Unfinished,
            None => Meaning::Nothing,
        }
    }

    fn judge_digits(&mut self, id: &ChannelId) {
        let pressed = self.held_digits(id);
        match self.meaning(id, &pressed) {
            Meaning::Complete(binding) => self.run_digit_action(id, binding, &pressed),
            Meaning::Unfinished => self.await_digit(id),
            Meaning::Nothing => self.release_digits(id),
        }
    }

    fn await_digit(&mut self, id: &ChannelId) {
        let wanted = self.var(id, "bind_digit_digit_timeout");
        let wanted = wanted
            .and_then(|text| text.parse().ok())
            .filter(|ms| *ms > 0);
        let span = Duration::from_millis(wanted.unwrap_or(USUAL_DIGIT_TIMEOUT_MS));
        self.serials.wait += 1;
        let wait = self.serials.wait;
        let at = in_time(self.now.mono, span);
        if let Some(live) = self.channels.get_mut(id) {
            live.digit_actions.wait = wait;
            self.timers.set(at, Deadline::Digits(id.clone(), wait));
        }
    }

    /// No other digit came in time.
    pub(crate) fn digits_over(&mut self, id: &ChannelId, wait: u64) {
        let live = self.channels.get(id);
        if live.is_none_or(|live| live.digit_actions.wait != wait) {
            return;
        }
        let pressed = self.held_digits(id);
        match self.matching(id, &pressed) {
            Some(binding) => self.run_digit_action(id, binding, &pressed),
            None => {
                for digit in self.take_held(id) {
                    self.digit_goes_on(id, digit);
                }
            }
        }
    }

    fn take_held(&mut self, id: &ChannelId) -> Vec<PendingDigit> {
        let Some(live) = self.channels.get_mut(id) else {
            return Vec::new();
        };
        live.digit_actions.wait = 0;
        std::mem::take(&mut live.digit_actions.held)
    }

    /// The first of the digits that were held back goes where it would have gone; the others may mean something.
    fn release_digits(&mut self, id: &ChannelId) {
        let mut held = self.take_held(id).into_iter();
        if let Some(first) = held.next() {
            self.digit_goes_on(id, first);
        }
        for digit in held {
            self.bound_digit(id, digit);
        }
    }

    fn run_digit_action(&mut self, id: &ChannelId, binding: Binding, pressed: &str) {
        self.take_held(id);
        let live = self.channels.get(id);
        let peer = live.and_then(|live| Some(live.bridge.as_ref()?.peer.clone()));
        let own = binding.on.is_own().then(|| id.clone());
        let peer = peer.filter(|_| binding.on.is_peers());
        for target in own.into_iter().chain(peer) {
            self.set_var(&target, "last_matching_digits", pressed);
            match &binding.what {
                What::Console(line) => self.console_line(&target, line),
                What::Application(name, data) => {
                    let action = QueuedAction::Run {
                        name: name.clone(),
                        data: data.clone(),
                        loops: 1,
                        event_uuid: None,
                        event_uuid_name: None,
                        hold_bleg: false,
                        lead_frames: 0,
                    };
                    let message = QueuedMessage {
                        action,
                        ..QueuedMessage::default()
                    };
                    if let Err(error) = self.queue_message(&target, message, true) {
                        tracing::warn!(channel = %target, %error, "What digits are bound to is not run");
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
