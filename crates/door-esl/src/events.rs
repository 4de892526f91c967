use std::sync::Arc;

use api::bus::{Ended, Families, Interest, QueueLimits, Scope};
use api::event::{ChannelEvent, Family};
use api::{ChannelId, Event, EventKind, Switch};
use bytes::Bytes;
use esl::command::event::NameList;
use esl::command::filter::FilterCommand;
use esl::command::own::{HeaderChoice, SEQUENCE};
use esl::filter::Filters;
use esl::kept::{ChannelEnd, KeptEvent};
use esl::names::{EventName, NameSet};
use esl::subscription::{AllowedEvents, Outcome};
use esl::view::{self, Dropped, Server};
use esl::{Format, Headers, serialise};
use eventlog::{EventLog, OutOfRange};

use crate::host::now;
use crate::stream::{Item, OnOverrun, Stream};

/// Events of one connection: what it wants, and how it gets them.
pub(crate) struct Delivery {
    server: Arc<Server>,
    stream: Stream,
    /// Events carry [`SEQUENCE`].
    numbered: bool,
    headers: HeaderChoice,
    wants: esl::subscription::Subscription,
    filters: Filters,
    /// The controlled channel: its end is the connection's.
    bound: Option<ChannelId>,
    /// After `myevents`: only events of the controlled channel.
    only_bound: bool,
    /// `divert_events on`.
    diverting: bool,
}

/// What an event means for the connection itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// Nothing.
    Live,
    /// The bound channel was hung up.
    HungUp,
    /// The bound channel has said its last.
    Over,
}

impl Delivery {
    pub(crate) fn new(
        switch: Switch,
        log: Option<EventLog>,
        server: Arc<Server>,
        limits: QueueLimits,
    ) -> Self {
        Self {
            server,
            stream: Stream::new(switch, log, limits),
            numbered: false,
            headers: HeaderChoice::default(),
            wants: esl::subscription::Subscription::default(),
            filters: Filters::default(),
            bound: None,
            only_bound: false,
            diverting: false,
        }
    }

    pub(crate) fn format(&self) -> Format {
        self.wants.format
    }

    /// `event`. When it returns, events that happen from now on are caught.
    pub(crate) async fn add(
        &mut self,
        names: &NameList,
        allowed: Option<&AllowedEvents>,
    ) -> Result<Outcome, Ended> {
        let outcome = self.wants.add(names, allowed);
        self.narrow().await?;
        Ok(outcome)
    }

    /// `nixevent`.
    pub(crate) async fn remove(&mut self, names: &NameList) -> Result<Outcome, Ended> {
        let outcome = self.wants.remove(names);
        self.narrow().await?;
        Ok(outcome)
    }

    /// `noevents`: drops what is queued too. False when nothing was listened for.
    pub(crate) async fn clear(&mut self) -> Result<bool, Ended> {
        let was_on = self.wants.clear();
        self.narrow().await?;
        if self.bound.is_none() {
            // On a bound connection the queue may hold the channel's end; unwanted events fall through anyway.
            self.stream.drain();
        }
        Ok(was_on)
    }

    /// `myevents`: from now on only events of this channel.
    pub(crate) async fn bind(
        &mut self,
        channel: ChannelId,
        allowed: Option<&AllowedEvents>,
    ) -> Result<(), Ended> {
        self.wants.add_my_events(allowed);
        self.bound = Some(channel);
        self.only_bound = true;
        self.narrow().await
    }

    /// A connection that we made: the channel's end is to be noticed, before any event is asked for.
    pub(crate) async fn watch(&mut self, channel: ChannelId) -> Result<(), Ended> {
        self.bound = Some(channel);
        self.narrow().await
    }

    /// When it returns, all that happened so far is in the queue.
    pub(crate) async fn settle(&mut self) -> Result<(), Ended> {
        self.narrow().await
    }

    /// The format from now on.
    pub(crate) fn set_format(&mut self, format: Format) {
        self.wants.format = format;
    }

    /// `divert_events`.
    pub(crate) fn divert(&mut self, on: bool) {
        self.diverting = on;
    }

    /// `filter`.
    pub(crate) fn filter(&mut self, command: &FilterCommand) {
        self.filters.apply(command);
    }

    /// `sequence on`: from now on events carry their number, and come once they are in the log. False where there is none.
    pub(crate) fn number(&mut self, on: bool) -> bool {
        self.numbered = on && self.stream.close_gate();
        if !on {
            self.stream.open_gate();
        }
        self.numbered
    }

    /// `replay`: what comes from now on is what comes after `position`, numbered.
    pub(crate) fn replay(&mut self, position: u64) -> Result<(), OutOfRange> {
        self.stream.replay(position, self.wants.is_enabled())?;
        self.numbered = true;
        Ok(())
    }

    /// `headers`.
    pub(crate) fn choose_headers(&mut self, choice: HeaderChoice) {
        self.headers = choice;
    }

    /// Whether events are logged.
    pub(crate) fn has_log(&self) -> bool {
        self.stream.log().is_some()
    }

    /// Whether events come out of the log now.
    pub(crate) fn is_replaying(&self) -> bool {
        self.stream.is_replaying()
    }

    /// What to do when the bus was faster.
    pub(crate) fn on_overrun(&mut self, what: OnOverrun) {
        self.stream.on_overrun(what);
    }

    /// Goes on with the log. True when that is a change.
    pub(crate) fn fall_back(&mut self) -> bool {
        let before = self.stream.is_replaying();
        self.stream.fall_back();
        !before && self.stream.is_replaying()
    }

    /// The next thing; waits for ever while nothing was asked for. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Result<Item, Ended> {
        self.stream.next().await
    }

    /// Something that is there already.
    pub(crate) fn try_next(&mut self) -> Option<Item> {
        self.stream.try_next()
    }

    /// Number of an event in the log; `None` where there is none.
    pub(crate) fn sequence(&self, event: &Event) -> Option<u64> {
        self.stream.sequence(event)
    }

    /// The event as this connection gets it; `None` when it does not want it.
    pub(crate) fn frame(&self, item: &Item) -> Option<Bytes> {
        match item {
            Item::Live(event) => self.live_frame(event),
            Item::Kept(kept) => {
                let event = &kept.event;
                self.wants_kept(event)
                    .then(|| self.shaped(event.headers.clone(), Some(kept.sequence)))
            }
            Item::Missed(missed) => self.dropped_frame(&Dropped {
                count: (missed.count > 0).then_some(missed.count),
                durable: Some((missed.first, missed.last)),
                ..Dropped::default()
            }),
            Item::Skipped(first, last) => self.dropped_frame(&Dropped {
                sequence: Some((first.0, last.0)),
                ..Dropped::default()
            }),
        }
    }

    /// `event_socket::dropped`: whoever wants any events is told of those that are lost, whatever the filters say.
    pub(crate) fn dropped_frame(&self, dropped: &Dropped) -> Option<Bytes> {
        let headers = dropped.headers(&self.server, now());
        let enabled = self.wants.is_enabled();
        enabled.then(|| serialise::frame(self.wants.format, &headers).into())
    }

    /// Whether this connection gets the event.
    pub(crate) fn wants(&self, event: &Event) -> bool {
        let Some(name) = view::name(event) else {
            return false;
        };
        if let Some(bound) = &self.bound {
            let own = speaks_of(event, bound);
            if self.only_bound && !own {
                return false;
            }
            if own && self.is_diverted(event, name) {
                return true;
            }
        }
        self.wants.wants(name, view::subclass(event))
            && (self.filters.is_empty() || self.filters.allow(&view::headers(event, &self.server)))
    }

    fn wants_kept(&self, event: &KeptEvent) -> bool {
        if let Some(bound) = &self.bound {
            let own = event.speaks_of(bound.as_str());
            if self.only_bound && !own {
                return false;
            }
            if own && event.queued && self.diverting && self.wants.is_enabled() {
                return true;
            }
        }
        self.wants.wants(event.name, event.subclass.as_deref())
            && self.filters.allow(&event.headers)
    }

    /// The hot path: with a hundred listeners it runs a hundred times per event. Headers are only built when there
    /// are filters, or for a connection that wants them in a form of its own, and bytes once per event and format.
    fn live_frame(&self, event: &Event) -> Option<Bytes> {
        if !self.wants(event) {
            return None;
        }
        if !self.numbered && self.headers.is_all() {
            return Some(view::event_frame(event, self.wants.format, &self.server));
        }
        let headers = view::headers(event, &self.server);
        Some(self.shaped(headers, self.sequence(event)))
    }

    fn shaped(&self, headers: Headers, sequence: Option<u64>) -> Bytes {
        let mut headers = self.headers.apply(headers);
        if let Some(sequence) = sequence.filter(|_| self.numbered) {
            headers.push_display(SEQUENCE, sequence);
        }
        serialise::frame(self.wants.format, &headers).into()
    }

    /// What the event means for a connection bound to its channel.
    pub(crate) fn fate(&self, item: &Item) -> Fate {
        let Some(bound) = &self.bound else {
            return Fate::Live;
        };
        let event = match item {
            Item::Live(event) => event,
            Item::Kept(kept) if kept.event.channel.as_deref() == Some(bound.as_str()) => {
                return match kept.event.end {
                    Some(ChannelEnd::HungUp) => Fate::HungUp,
                    Some(ChannelEnd::Over) => Fate::Over,
                    None => Fate::Live,
                };
            }
            Item::Kept(_) | Item::Missed(_) | Item::Skipped(..) => return Fate::Live,
        };
        let EventKind::Channel(kind) = &event.kind else {
            return Fate::Live;
        };
        if event
            .channel
            .as_ref()
            .is_none_or(|channel| channel.id != *bound)
        {
            return Fate::Live;
        }
        if matches!(kind, ChannelEvent::HungUp) {
            Fate::HungUp
        } else if matches!(kind, ChannelEvent::HangupComplete | ChannelEvent::Destroyed) {
            Fate::Over
        } else {
            Fate::Live
        }
    }

    /// Events out of the channel's own queue come whatever names and filters say, once delivery is on at all.
    fn is_diverted(&self, event: &Event, name: EventName) -> bool {
        let queued = match &event.kind {
            EventKind::Channel(_) => name == EventName::Dtmf,
            EventKind::Custom(_) => event.channel.is_some(),
            EventKind::Room(_)
            | EventKind::Account(_)
            | EventKind::Job(_)
            | EventKind::System(_)
            | EventKind::Web(_)
            | EventKind::VideoRoom(_)
            | EventKind::Stage(_)
            | EventKind::Queue(_)
            | EventKind::Parking(_)
            | EventKind::Fifo(_)
            | EventKind::User(_)
            | EventKind::Voicemail(_)
            | EventKind::Message(_) => false,
        };
        queued && self.diverting && self.wants.is_enabled()
    }

    async fn narrow(&mut self) -> Result<(), Ended> {
        let interest = interest(&self.wants, self.bound.as_ref(), self.only_bound);
        self.stream.ask_for(interest, self.wants.is_enabled()).await
    }
}

/// Whether the event is of that channel (`Unique-ID`), or of a job it owns.
fn speaks_of(event: &Event, channel: &ChannelId) -> bool {
    let of_channel = |id: &str| id == channel.as_str();
    if matches!(event.kind, EventKind::Stage(_)) {
        // They name participants only.
        return false;
    }
    if event
        .channel
        .as_ref()
        .is_some_and(|c| of_channel(c.id.as_str()))
    {
        return true;
    }
    match &event.kind {
        EventKind::Job(job) => job.owner.as_ref() == Some(channel),
        EventKind::Custom(custom) => custom.headers.iter().any(|(name, value)| {
            (name.eq_ignore_ascii_case("unique-id") || name.eq_ignore_ascii_case("job-owner-uuid"))
                && of_channel(value)
        }),
        EventKind::Channel(_)
        | EventKind::Room(_)
        | EventKind::Account(_)
        | EventKind::System(_)
        | EventKind::Web(_)
        | EventKind::VideoRoom(_)
        | EventKind::Stage(_)
        | EventKind::Queue(_)
        | EventKind::Parking(_)
        | EventKind::Fifo(_)
        | EventKind::User(_)
        | EventKind::Voicemail(_)
        | EventKind::Message(_) => false,
    }
}

/// What to ask of the bus, so that a connection costs nothing to events it does not want.
fn interest(
    wants: &esl::subscription::Subscription,
    bound: Option<&ChannelId>,
    only_bound: bool,
) -> Interest {
    let names = wants.wanted_names();
    let families = families(names);
    let Some(bound) = bound else {
        return Interest::families(families);
    };
    // Its hangup ends the connection, whether subscribed to or not.
    let families = families.with(Family::Channel).with(Family::Custom);
    let beyond_channel = names.contains(EventName::BackgroundJob)
        || names.contains(EventName::Custom)
        || !only_bound && names.iter().next().is_some();
    if beyond_channel {
        return Interest::families(families);
    }
    Interest {
        families,
        scope: Scope::Channels([bound.clone()].into()),
    }
}

fn families(names: NameSet) -> Families {
    names.iter().fold(Families::NONE, |families, name| {
        // Clients fire events of any name themselves.
        let families = families.with(Family::Custom);
        match family(name) {
            Some(family) => families.with(family),
            None => families
                .with(Family::Room)
                .with(Family::Account)
                .with(Family::Stage)
                .with(Family::Queue)
                .with(Family::Parking)
                .with(Family::Fifo)
                .with(Family::User)
                .with(Family::Voicemail),
        }
    })
}

/// The family the switch fires a name in; `None` for CUSTOM, which has several.
fn family(name: EventName) -> Option<Family> {
    const SYSTEM: [EventName; 10] = [
        EventName::Startup,
        EventName::Shutdown,
        EventName::ShutdownRequested,
        EventName::Heartbeat,
        EventName::Reloadxml,
        EventName::Api,
        EventName::AddSchedule,
        EventName::ExeSchedule,
        EventName::ReSchedule,
        EventName::DelSchedule,
    ];
    if name == EventName::Custom {
        None
    } else if name == EventName::Message {
        Some(Family::Message)
    } else if name == EventName::MessageWaiting {
        Some(Family::Voicemail)
    } else if name == EventName::BackgroundJob {
        Some(Family::Job)
    } else if SYSTEM.contains(&name) {
        Some(Family::System)
    } else {
        Some(Family::Channel)
    }
}
