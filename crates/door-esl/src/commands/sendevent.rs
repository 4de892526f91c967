//! `sendevent` (event-socket.md §2.8).

use std::sync::Arc;

use api::command::channel::QueueEvent;
use api::command::server::Fire;
use api::event::CustomEvent;
use api::{CommandError, Uuid};
use esl::command::sendevent::{self, SendEvent};
use esl::headers::{Headers, Value, join_array};

use crate::ending::End;
use crate::session::Session;

impl Session {
    pub(super) async fn sendevent(&mut self, sent: SendEvent) -> Result<(), End> {
        let uuid = Uuid::new_v4().to_string();
        if sent.is_delivered()
            && let Err(error) = self.fire(&sent, &uuid).await
        {
            // The original knows no failure here.
            tracing::warn!(%error, "An event of a client was not fired");
        }
        self.answer(&sendevent::reply(&uuid))
    }

    async fn fire(&self, sent: &SendEvent, uuid: &str) -> Result<(), CommandError> {
        let mut headers = pairs(&sent.headers);
        headers.push(("Event-UUID".into(), uuid.into()));
        let body = sent.headers.body().filter(|body| !body.is_empty());
        let event = CustomEvent {
            name: sent.name.as_str().into(),
            subclass: sent.subclass.as_deref().map(Arc::from),
            headers,
            body: body.map(|body| String::from_utf8_lossy(body).into()),
            from_client: true,
        };
        let origin = self.console.origin.clone();
        let switch = &self.shared.switch;
        let view = switch.view();
        let live = sent.unique_id.as_deref().and_then(|id| view.channel(id));
        match live.map(|channel| channel.id.clone()) {
            Some(channel) => switch.ask(QueueEvent { channel, event }, origin).await?,
            None => switch.ask(Fire { event }, origin).await?,
        };
        Ok(())
    }
}

/// Headers as the switch keeps them; a list as `ARRAY::a|:b`.
pub(super) fn pairs(headers: &Headers) -> Vec<(Arc<str>, Arc<str>)> {
    headers
        .iter()
        .map(|header| {
            let value = match &header.value {
                Value::Text(text) => Arc::from(&**text),
                Value::List(items) => join_array(items).into(),
            };
            (Arc::from(&*header.name), value)
        })
        .collect()
}
