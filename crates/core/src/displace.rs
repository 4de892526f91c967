//! A file in the place of one side of a channel's sound: `displace_session`, `uuid_displace`.

use std::sync::Arc;

use api::command::leg::{Displace, Displacement};
use api::event::{ChannelEvent, MediaBug};
use api::{ChannelId, CommandError, ErrorKind, ObjectKind, RequestId};
use media::control::{MediaCommand, MuteSide, PlayId};

use crate::Switch;
use crate::switch::PlayOwner;
use crate::timers::{Deadline, in_time};

/// `Media-Bug-Function` of it.
pub(crate) const BUG: &str = "displace";

/// One such file.
#[derive(Clone, Debug)]
pub(crate) struct Displaced {
    play: PlayId,
    path: Arc<str>,
    /// Who waits to hear that the file is open.
    request: Option<RequestId>,
    started: bool,
}

impl Switch {
    pub(crate) fn displace_command(&mut self, request: RequestId, command: Displace) {
        let Displace { channel, path, how } = command;
        let done = match how {
            Some(how) => match self.displace(&channel, &path, how, Some(request)) {
                // Answered when the file is open.
                Ok(()) => return,
                Err(error) => Err(error),
            },
            None => self.require(&channel).and_then(|()| {
                let any = self.stop_displacing(&channel, Some(&path));
                any.then_some(()).ok_or_else(|| {
                    CommandError::new(ErrorKind::InvalidState, "nothing of that name is played")
                })
            }),
        };
        self.answer(request, done);
    }

    /// Puts a file in the place of what a channel hears, or says.
    ///
    /// # Errors
    /// `NotFound(Channel)`; `InvalidState` without media, or when the file does so already.
    pub(crate) fn displace(
        &mut self,
        id: &ChannelId,
        path: &str,
        how: Displacement,
        request: Option<RequestId>,
    ) -> Result<(), CommandError> {
        self.need_media(id);
        let wrong = |text| Err(CommandError::new(ErrorKind::InvalidState, text));
        let Some(live) = self.channels.get(id).filter(|live| live.is_up()) else {
            return Err(CommandError::not_found(ObjectKind::Channel));
        };
        if !live.media.open {
            return wrong("the channel has no media");
        }
        if path.is_empty() || live.displaced.iter().any(|one| &*one.path == path) {
            return wrong("the file is played there already");
        }
        self.serials.play += 1;
        let play = PlayId(self.serials.play);
        let owner = PlayOwner::Displacing(id.clone());
        self.plays.insert(play, owner);
        if let Some(live) = self.channels.get_mut(id) {
            live.displaced.push(Displaced {
                play,
                path: path.into(),
                request,
                started: false,
            });
        }
        if let Some(limit) = how.limit {
            let at = in_time(self.now.mono, limit);
            self.timers.set(at, Deadline::Displaced(play));
        }
        let side = if how.read {
            MuteSide::Read
        } else {
            MuteSide::Write
        };
        let file = path.to_owned();
        self.media_of(id, |leg| MediaCommand::Displace {
            leg,
            play,
            file,
            repeats: (!how.repeat).then_some(0),
            side,
            mix: how.mux,
        });
        Ok(())
    }

    /// The file is open.
    pub(crate) fn displace_started(&mut self, id: &ChannelId, play: PlayId) {
        let Some(one) = self.displaced_mut(id, play) else {
            return;
        };
        one.started = true;
        let (bug, request) = (bug(&one.path), one.request.take());
        if let Some(request) = request {
            self.answer(request, Ok(()));
        }
        self.emit(id, ChannelEvent::MediaBugStarted(bug));
    }

    /// The file is through, or could not be played.
    pub(crate) fn displace_done(&mut self, id: &ChannelId, play: PlayId) {
        let displaced = self.channels.get_mut(id).map(|live| &mut live.displaced);
        let Some(displaced) = displaced else { return };
        if let Some(at) = displaced.iter().position(|one| one.play == play) {
            let one = displaced.remove(at);
            self.displace_ended(id, one);
        }
    }

    fn displace_ended(&mut self, id: &ChannelId, one: Displaced) {
        if let Some(request) = one.request {
            let kind = ErrorKind::InvalidState;
            self.refuse(
                request,
                CommandError::new(kind, "the file cannot be played"),
            );
        }
        if one.started {
            self.emit(id, ChannelEvent::MediaBugStopped(bug(&one.path)));
        } else {
            tracing::warn!(channel = %id, path = %one.path, "Nothing is displaced");
        }
    }

    /// Ends what displaces a channel's sound, or only the file of that name; whether there was any.
    pub(crate) fn stop_displacing(&mut self, id: &ChannelId, path: Option<&str>) -> bool {
        let Some(live) = self.channels.get_mut(id) else {
            return false;
        };
        let meant = |one: &mut Displaced| path.is_none_or(|path| *one.path == *path);
        let ended: Vec<_> = live.displaced.extract_if(.., meant).collect();
        let any = !ended.is_empty();
        for one in ended {
            let play = one.play;
            self.plays.remove(&play);
            self.media_of(id, |_| MediaCommand::StopPlay { play });
            self.displace_ended(id, one);
        }
        any
    }

    /// Its time is over.
    pub(crate) fn displaced_long_enough(&mut self, play: PlayId) {
        if let Some(PlayOwner::Displacing(id)) = self.plays.get(&play).cloned() {
            self.plays.remove(&play);
            self.media_of(&id, |_| MediaCommand::StopPlay { play });
            self.displace_done(&id, play);
        }
    }

    fn displaced_mut(&mut self, id: &ChannelId, play: PlayId) -> Option<&mut Displaced> {
        let displaced = &mut self.channels.get_mut(id)?.displaced;
        displaced.iter_mut().find(|one| one.play == play)
    }
}

fn bug(path: &Arc<str>) -> MediaBug {
    MediaBug {
        function: BUG.into(),
        target: path.clone(),
    }
}

#[cfg(test)]
mod tests;
