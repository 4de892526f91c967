//! What callers in line hear: music, and now and then an announcement.

use std::sync::Arc;
use std::time::Duration;

use api::ChannelId;

use crate::Switch;

impl Switch {
    /// Says to those in line what is due.
    pub(super) fn announce_in_line(&mut self, queue: &Arc<str>) {
        let now = self.now.mono;
        let Some(line) = self.queues.lines.get_mut(queue) else {
            return;
        };
        let settings = line.settings().clone();
        let mut due: Vec<(ChannelId, Option<u32>, Arc<str>)> = Vec::new();
        for (index, caller) in line.waiting.iter_mut().enumerate() {
            let channel = &caller.seen.channel;
            if let Some(one) = &settings.position_announcement
                && caller.position_said.is_none_or(|at| at <= now)
            {
                caller.position_said = Some(now + Duration::from_secs(one.every_s.max(1).into()));
                let position = u32::try_from(index + 1).unwrap_or(u32::MAX);
                due.push((channel.clone(), Some(position), one.file.clone()));
                continue;
            }
            if let Some(one) = &settings.announcement
                && caller.announcement.is_none_or(|at| at <= now)
            {
                caller.announcement = Some(now + Duration::from_secs(one.every_s.max(1).into()));
                due.push((channel.clone(), None, one.file.clone()));
            }
        }
        for (channel, position, file) in due {
            if let Some(position) = position {
                self.set_var(&channel, "cc_position", position.to_string());
            }
            let file = self.expand_for(&channel, &file);
            self.announce_to(&channel, &file);
        }
    }

    /// The music of the queue the channel waits in; the channel's own wish comes first (`cc_moh_override`).
    pub(crate) fn queue_music(&self, id: &ChannelId, queue: &Arc<str>) -> Option<Arc<str>> {
        let own = self.var(id, "cc_moh_override").map(Arc::<str>::from);
        let line = self.queues.lines.get(queue);
        let music = own.or_else(|| line.map(|line| line.settings().music.clone()))?;
        (!music.is_empty()).then(|| self.expand_for(id, &music))
    }
}
