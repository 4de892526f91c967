//! What a connection that controls a channel may do with it (event-socket.md §2.10, §2.11, §2.14, §2.15, §3).

use api::command::channel::SetVariables;
use api::command::control::ParkForControl;
use api::command::server::Expand;
use esl::command::session::{
    self, ALREADY_ENABLED, DivertEvents, EVENTS_ENABLED, INVALID_UUID, MyEvents, NOT_CONTROLLING,
    WILL_NOT_LINGER,
};
use esl::command::{NOT_FOUND, OK};

use crate::ending::{End, RESUME};
use crate::session::{Controlled, Linger, Session};

impl Session {
    pub(super) async fn my_events(&mut self, asked: &MyEvents) -> Result<(), End> {
        if let Some(controlled) = &mut self.controlled {
            let Some(outbound) = controlled.outbound.as_mut().filter(|o| !o.my_events) else {
                return self.answer(ALREADY_ENABLED);
            };
            outbound.my_events = true;
            let channel = controlled.channel.clone();
            self.catch_up()?;
            if let Some(format) = asked.format {
                self.delivery.set_format(format);
            }
            self.delivery.bind(channel, None).await?;
            return self.answer(EVENTS_ENABLED);
        }
        let view = self.shared.switch.view();
        let Some(channel) = view.channel(&asked.uuid).map(|channel| channel.id.clone()) else {
            return self.answer(INVALID_UUID);
        };
        self.catch_up()?;
        let allowed = self.access.events();
        self.delivery.bind(channel.clone(), allowed).await?;
        self.controlled = Some(Controlled::new(channel));
        self.answer(EVENTS_ENABLED)?;
        // It may have ended between the look at the view and the subscription.
        self.channel_is_gone()
    }

    /// The first request of a program is done: it need not hurry any more, may send large requests, and its channel
    /// parks if it is to run what is queued (event-socket.md §3.2).
    pub(super) async fn program_spoke(&mut self) -> Result<(), End> {
        let Some(controlled) = &mut self.controlled else {
            return Ok(());
        };
        let Some(outbound) = &mut controlled.outbound else {
            return Ok(());
        };
        if outbound.speaks_by.take().is_none() {
            return Ok(());
        }
        let park = ParkForControl {
            channel: controlled.channel.clone(),
            control: outbound.control,
        };
        self.reader.lift_limit();
        // A channel that has just left is heard of elsewhere.
        let origin = self.console.origin.clone();
        self.shared.switch.ask(park, origin).await.ok();
        // Its CHANNEL_PARK is before whatever the program asks for next (golden outbound-02-async).
        self.delivery.settle().await?;
        self.catch_up()
    }

    pub(super) fn divert_events(&mut self, divert: DivertEvents) -> Result<(), End> {
        let controls = self.controlled.is_some();
        match divert {
            DivertEvents::On if controls => self.delivery.divert(true),
            DivertEvents::Off if controls => self.delivery.divert(false),
            DivertEvents::On | DivertEvents::Off | DivertEvents::Missing => {}
        }
        self.answer(divert.reply(controls))
    }

    /// What becomes of the channel stands in a variable of its own, where the dialplan and other clients can see it
    /// (golden myevents-04-session-commands).
    pub(super) async fn resume(&mut self) -> Result<(), End> {
        if let Some(controlled) = &self.controlled {
            let set = SetVariables {
                channel: controlled.channel.clone(),
                variables: vec![(RESUME.into(), "true".into())],
            };
            let asked = self.shared.switch.ask(set, self.console.origin.clone());
            // A channel that has just ended has nothing to be resumed.
            asked.await.ok();
        }
        self.answer(OK)
    }

    pub(super) fn linger(&mut self, linger: session::Linger) -> Result<(), End> {
        self.answer(&linger.reply(self.controlled.is_some()))?;
        self.set_linger(Linger {
            seconds: linger.seconds,
        })
    }

    pub(super) fn no_linger(&mut self) -> Result<(), End> {
        let Some(controlled) = &mut self.controlled else {
            return self.answer(NOT_CONTROLLING);
        };
        controlled.linger = None;
        self.answer(WILL_NOT_LINGER)?;
        // Without linger a connection does not outlive its channel.
        self.channel_is_gone()
    }

    /// The bare value; unset, empty or without a name it is an unknown command, which clients test for.
    pub(super) async fn get_var(&mut self, name: &str) -> Result<(), End> {
        let value = self.value_of(name).await;
        match value
            .as_deref()
            .and_then(|value| value.split(['\r', '\n']).next())
        {
            Some(value) if !value.is_empty() => self.answer(value),
            Some(_) | None => self.answer(NOT_FOUND),
        }
    }

    /// A channel variable, else a field of its caller profile, else a global variable.
    async fn value_of(&self, name: &str) -> Option<String> {
        let channel = &self.controlled.as_ref()?.channel;
        let known = self.controlled_channel();
        let of_channel = known.as_ref().and_then(|known| known.variables.get(name));
        if let Some(value) = of_channel {
            return Some(value.to_text().to_string());
        }
        let view = self.shared.switch.view();
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
        if name.is_empty() || !name.chars().all(plain) {
            return view.globals.get(name).map(ToString::to_string);
        }
        let expand = Expand {
            channel: Some(channel.clone()),
            text: format!("${{{name}}}").into(),
        };
        let asked = self.shared.switch.ask(expand, self.console.origin.clone());
        asked.await.ok().map(|done| done.value.to_string())
    }
}
