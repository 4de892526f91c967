use std::sync::Arc;

use api::bus::{Ended, Families, Interest, QueueLimits, Scope, Subscription};
use api::event::{ChannelEvent, Family};
use api::{ChannelId, Event, EventKind, Switch};
use bytes::Bytes;
use esl::Format;
use esl::command::event::NameList;
use esl::command::filter::FilterCommand;
use esl::filter::Filters;
use esl::names::{EventName, NameSet};
use esl::subscription::{AllowedEvents, Outcome};
use esl::view::{self, Server};

/// Events of one connection: what it wants, and how it gets them.
pub(crate) struct Delivery {
    switch: Switch,
    server: Arc<Server>,
    limits: QueueLimits,
    /// Opened by the first command that asks for events.
    bus: Option<Subscription>,
    wants: esl::subscription::Subscription,
    filters: Filters,
    /// After `myevents`: only this channel's.
    bound: Option<ChannelId>,
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
    pub(crate) fn new(switch: Switch, server: Arc<Server>, limits: QueueLimits) -> Self {
        Self {
            switch,
            server,
            limits,
            bus: None,
            wants: esl::subscription::Subscription::default(),
            filters: Filters::default(),
            bound: None,
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
            while self.try_next().is_some() {}
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
        self.narrow().await
    }

    /// `divert_events`.
    pub(crate) fn divert(&mut self, on: bool) {
        self.diverting = on;
    }

    /// `filter`.
    pub(crate) fn filter(&mut self, command: &FilterCommand) {
        self.filters.apply(command);
    }

    /// The next event; waits for ever while nothing was asked for. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Result<Arc<Event>, Ended> {
        match &mut self.bus {
            Some(bus) => bus.next().await,
            None => std::future::pending().await,
        }
    }

    /// An event that is there already.
    pub(crate) fn try_next(&mut self) -> Option<Arc<Event>> {
        self.bus.as_mut()?.try_next()
    }

    /// The event as this connection gets it; `None` when it does not want it.
    ///
    /// The hot path: with a hundred listeners it runs a hundred times per event. Headers are only built when there
    /// are filters, and bytes once per event and format.
    pub(crate) fn frame(&self, event: &Event) -> Option<Bytes> {
        let name = view::name(event)?;
        let wanted = self.wants.wants(name, view::subclass(event));
        if let Some(bound) = &self.bound {
            if !speaks_of(event, bound) {
                return None;
            }
            if self.is_diverted(event, name) {
                return Some(view::event_frame(event, self.wants.format, &self.server));
            }
        }
        if !wanted
            || (!self.filters.is_empty()
                && !self.filters.allow(&view::headers(event, &self.server)))
        {
            return None;
        }
        Some(view::event_frame(event, self.wants.format, &self.server))
    }

    /// What the event means for a connection bound to its channel.
    pub(crate) fn fate(&self, event: &Event) -> Fate {
        let Some(bound) = &self.bound else {
            return Fate::Live;
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
            | EventKind::Message(_) => false,
        };
        queued && self.diverting && self.wants.is_enabled()
    }

    async fn narrow(&mut self) -> Result<(), Ended> {
        let interest = interest(&self.wants, self.bound.as_ref());
        match &self.bus {
            Some(bus) => bus.change(interest).await,
            None if interest.families == Families::NONE => {}
            None => {
                let observing = self.switch.observe(interest, self.limits);
                let (_, bus) = observing.await.map_err(|_| Ended::Stopped)?;
                self.bus = Some(bus);
            }
        }
        Ok(())
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
        | EventKind::Message(_) => false,
    }
}

/// What to ask of the bus, so that a connection costs nothing to events it does not want.
fn interest(wants: &esl::subscription::Subscription, bound: Option<&ChannelId>) -> Interest {
    let names = wants.wanted_names();
    let families = families(names);
    let Some(bound) = bound else {
        return Interest::families(families);
    };
    // Its hangup ends the connection, whether subscribed to or not.
    let families = families.with(Family::Channel).with(Family::Custom);
    let beyond_channel =
        names.contains(EventName::BackgroundJob) || names.contains(EventName::Custom);
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
                .with(Family::Stage),
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
    } else if name == EventName::BackgroundJob {
        Some(Family::Job)
    } else if SYSTEM.contains(&name) {
        Some(Family::System)
    } else {
        Some(Family::Channel)
    }
}
