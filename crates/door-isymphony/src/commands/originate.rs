//! Calls that begin in the panel, and who wants none.

use std::sync::Arc;
use std::time::Duration;

use api::ChannelId;
use api::bus::{Families, Interest, QueueLimits, Scope};
use api::command::call::{Originate, Then};
use api::command::user::SetDoNotDisturb;
use api::dial::{DialString, Leg, Thread};
use api::event::{ChannelEvent, EventKind, Family};

use super::{Context, Order};
use crate::error::Refusal;
use crate::objects::Object;
use crate::rest::{Place, extension_of, queue_of, room_of};
use crate::rights::Right;

/// How long somebody is called at the most, seconds. Ours.
const LONGEST_S: u32 = 3600;

/// Where calls go in the switch's own dialplan.
const CONTEXT: &str = "default";

impl Order<'_> {
    fn extension(&self) -> Result<Arc<Object>, Refusal> {
        extension_of(&self.objects, &self.core, self.call.named(1))
    }

    pub(super) async fn do_not_disturb(&self, on: bool) -> Result<(), Refusal> {
        let extension = self.extension()?;
        self.require_extension(Right::DoNotDisturb, &extension)?;
        let user = self.directory_user(&extension)?;
        Ok(self
            .shared
            .ask(SetDoNotDisturb { user, on }, self.call.peer()?)
            .await?)
    }

    /// Where a call is to go: a number, or the one of what is named (event-api.md §7.3).
    pub(super) fn destination(&self) -> Result<String, Refusal> {
        let id = |name| Ok::<_, Refusal>(self.text(name)?.map(Place::Id));
        let number = |object: Option<&Object>, usual: &str| {
            let own = object.map(|object| object.text("destinationExtension"));
            let own = own.filter(|number| !number.is_empty());
            own.unwrap_or(usual).to_owned()
        };
        if let Some(number) = self.text("destination")? {
            return checked(number);
        }
        if let Some(id) = id("extensionId")? {
            let extension = extension_of(&self.objects, &self.core, Some(&id))?;
            return checked(extension.text("extension").to_owned());
        }
        if let Some(id) = id("queueId")? {
            let queue = queue_of(&self.objects, &self.view, &self.core, Some(&id))?;
            return checked(number(queue.object.as_deref(), queue.identifier()));
        }
        if let Some(id) = id("conferenceRoomId")? {
            let room = room_of(&self.objects, &self.view, &self.core, Some(&id))?;
            return checked(number(room.object.as_deref(), &room.identifier));
        }
        Err(Refusal::missing("destination"))
    }

    /// Rings the extension, then the destination. Answered when the extension's telephones are being called.
    pub(super) async fn originate(&self) -> Result<(), Refusal> {
        let extension = self.extension()?;
        self.require_extension(Right::Call, &extension)?;
        let destination = self.destination()?;
        let user = self.directory_user(&extension)?;
        let usual = u32::try_from(extension.number("originateTimeoutOverride")).unwrap_or(0);
        let timeout = self.number("timeout")?.or((usual > 0).then_some(usual));
        if timeout.is_some_and(|seconds| seconds == 0 || seconds > LONGEST_S) {
            return Err(Refusal::invalid("timeout"));
        }
        let id = ChannelId::from_uuid(uuid::Uuid::new_v4());
        let mut variables: Vec<(Arc<str>, Arc<str>)> =
            vec![("origination_uuid".into(), id.as_str().into())];
        if extension.flag("autoAnswer") {
            // What makes telephones answer by themselves: the header most of them know, and the one of RFC 5373.
            let info = format!("<sip:{}>;answer-after=0", user.domain);
            variables.push(("sip_h_Call-Info".into(), info.into()));
            variables.push(("sip_h_Answer-Mode".into(), "Auto".into()));
        }
        let leg = Leg {
            variables,
            endpoint: "user".into(),
            address: user.to_string().into(),
        };
        let dial = DialString {
            variables: Vec::new(),
            threads: vec![Thread {
                variables: Vec::new(),
                hunts: vec![vec![leg]],
            }],
        };
        // The caller's own telephone shows whom it is going to call.
        let shown = |name| Ok::<_, Refusal>(self.text(name)?.map(Arc::from));
        let context = self.context(Some(&extension), Context::Originating);
        let command = Originate {
            dial,
            caller_id_name: shown("callerIdName")?.or_else(|| Some(destination.as_str().into())),
            caller_id_number: shown("callerIdNumber")?
                .or_else(|| Some(destination.as_str().into())),
            timeout: timeout.map(|seconds| Duration::from_secs(seconds.into())),
            then: Then::Route {
                extension: destination.into(),
                dialplan: "XML".into(),
                context: context.unwrap_or_else(|| CONTEXT.into()),
            },
        };
        self.begin(command, id).await
    }

    /// Asks, and waits until the call has begun or failed.
    async fn begin(&self, command: Originate, id: ChannelId) -> Result<(), Refusal> {
        let interest = Interest {
            families: Families::NONE.with(Family::Channel),
            scope: Scope::Channels([id].into()),
        };
        let gone = || Refusal::failed("The switch has stopped.");
        let observed = self.switch().observe(interest, QueueLimits::default());
        let (_, mut events) = observed.await.map_err(|_| gone())?;
        let (shared, peer) = (self.shared.clone(), self.call.peer()?.clone());
        // The call goes on when nobody waits for it any more.
        let mut asked = self.shared.spawn(async move {
            let done = shared.ask(command, &peer).await;
            if let Err(error) = &done {
                tracing::debug!(%error, "A call of the panel failed");
            }
            done
        });
        loop {
            tokio::select! {
                biased;
                done = &mut asked => {
                    done.map_err(|_| gone())??;
                    return Ok(());
                }
                event = events.next() => match event {
                    Ok(event) => {
                        if matches!(&event.kind, EventKind::Channel(ChannelEvent::Originated)) {
                            return Ok(());
                        }
                    }
                    Err(_) => {
                        asked.await.map_err(|_| gone())??;
                        return Ok(());
                    }
                },
            }
        }
    }
}

/// A number that may be dialled: nothing that means something to the dialplan but as a number.
fn checked(number: String) -> Result<String, Refusal> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+*#-_.@".contains(&byte);
    let is_number = !number.is_empty() && number.len() <= 128 && number.bytes().all(fits);
    is_number
        .then_some(number)
        .ok_or_else(|| Refusal::invalid("destination"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_numbers() {
        for number in ["201", "+34910000000", "*98", "ana@example.org", "a-b_c.d"] {
            assert_eq!(checked(number.to_owned()).unwrap(), number);
        }
        for no_number in [
            "",
            "a b",
            "1,2",
            "${x}",
            "a\n",
            "inline:hangup",
            &"1".repeat(129),
        ] {
            assert!(checked(no_number.to_owned()).is_err(), "{no_number}");
        }
    }
}
