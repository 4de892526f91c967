//! Subscriptions to what others publish.

use std::sync::Arc;
use std::time::Instant;

use api::command::video_room::{AnswerFeed, AttachFeed, DetachFeed};
use api::id::FeedId;

use super::{is_gone, of_room};
use crate::commands::{Done, Handled};
use crate::error::Refusal;
use crate::rooms::{Feed, MOST_FEEDS};
use crate::session::Session;

impl Session {
    /// Our offer comes after the `ack`.
    pub(super) async fn feed_attach(
        &mut self,
        session: &Arc<str>,
        publisher: &str,
        feed: Arc<str>,
    ) -> Handled {
        let participation = self.participation(session)?;
        if self.rooms.uses(&feed) || self.calls.get(&feed).is_some() {
            let text = format!("Video room session ID {feed} already in use");
            return Err(Refusal(text));
        }
        let unknown = || {
            Refusal(format!(
                "Unknown publisher room session to attach to: {publisher}"
            ))
        };
        let whom = participation.channel_of(publisher).ok_or_else(unknown)?;
        if participation.feeds.len() >= MOST_FEEDS {
            return Err(Refusal::new("Too many feeds"));
        }
        let command = AttachFeed {
            channel: participation.channel.clone(),
            publisher: whom.clone(),
        };
        let counted = self.shared.rooms.labels().feed(&participation.room);
        let attached = self.ask(command).await;
        let id = attached.map_err(|error| {
            if is_gone(&error) {
                unknown()
            } else {
                error.into()
            }
        })?;
        self.rooms.add_feed(
            session,
            &feed,
            Feed {
                id,
                _counted: counted,
            },
        );
        Ok(Done::default())
    }

    pub(super) async fn feed_answer(&self, session: &str, feed: &str, sdp: Arc<str>) -> Handled {
        let unknown = || Refusal::unknown_room_session(feed);
        let id = self.feed_of(session, feed, unknown)?;
        let answer = AnswerFeed {
            feed: id,
            answer: sdp,
        };
        let answered = self.ask(answer).await;
        answered.map_err(|error| of_room(error, feed))?;
        Ok(Done::default())
    }

    pub(super) async fn feed_detach(&mut self, session: &str, feed: &str) -> Handled {
        let unknown = || Refusal(format!("Unknown room session to detach: {feed}"));
        let id = self.feed_of(session, feed, unknown)?;
        match self.ask(DetachFeed { feed: id }).await {
            Ok(()) => {}
            // It has ended a moment ago.
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error.into()),
        }
        self.rooms.end_feed(session, feed, Instant::now());
        Ok(Done::default())
    }

    /// A feed of that participation.
    fn feed_of(
        &self,
        session: &str,
        feed: &str,
        unknown: impl FnOnce() -> Refusal,
    ) -> Result<FeedId, Refusal> {
        let participation = self.participation(session)?;
        let (owner, id) = self.rooms.of_feed(feed).ok_or_else(unknown)?;
        if owner.session == participation.session {
            Ok(id)
        } else {
            Err(Refusal(format!(
                "{feed} is not an attached feed of {session}"
            )))
        }
    }
}
