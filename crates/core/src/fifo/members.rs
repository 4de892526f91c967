//! Who is called when callers wait: those of the configuration, and those that commands have put there, who are kept for
//! the next run (docs/decisions/0035).

use std::sync::Arc;

use api::command::fifo::ChangeFifo;
use api::dial::DialString;
use api::error::{CommandError, ErrorKind};
use api::view::{Fifo, FifoMember, FifoMemberSettings, FifoOrigin};
use api::{HangupCause, Timestamp};

use super::{MAX_FIFOS, configuration, is_name, new_fifo};
use crate::Switch;
use crate::kept_tables::KeptFifoMember;
use crate::work::Work;

/// Most members of all fifos together; more are refused.
const MAX_MEMBERS: usize = 10_000;
/// Longest dial string, bytes.
const MAX_DIAL: usize = 4 * 1024;

/// Whether that can be somebody's dial string.
pub(super) fn is_dial(dial: &str) -> bool {
    !dial.is_empty() && dial.len() <= MAX_DIAL
}

fn new_member(dial: Arc<str>, settings: FifoMemberSettings, is_kept: bool) -> FifoMember {
    FifoMember {
        dial,
        settings,
        is_kept,
        ringing: 0,
        talking: 0,
        answered: 0,
        failed: 0,
        rests_until: Timestamp::ZERO,
    }
}

/// The member of that dial string.
pub(super) fn member<'a>(fifo: &'a mut Fifo, dial: &str) -> Option<&'a mut FifoMember> {
    fifo.members.iter_mut().find(|one| *one.dial == *dial)
}

impl Switch {
    /// What earlier runs have kept.
    pub(crate) fn fifo_members_found(&mut self, found: Vec<KeptFifoMember>) {
        let deletes = configuration::deletes_at_start(&self.config.xml);
        for KeptFifoMember {
            fifo,
            dial,
            settings,
        } in found
        {
            let is_sound = is_member_name(&fifo) && DialString::parse(&dial).is_ok();
            if deletes || !is_sound {
                self.keep_fifo_member(&fifo, &dial, None);
                continue;
            }
            self.put_member(&fifo, dial, settings, true);
            self.show_fifo(&fifo);
            self.work.push_back(Work::Fifo(fifo));
        }
    }

    fn put_member(
        &mut self,
        name: &Arc<str>,
        dial: Arc<str>,
        settings: FifoMemberSettings,
        is_kept: bool,
    ) {
        let fifo = self.fifos.entry(name.clone());
        let fifo = fifo.or_insert_with(|| new_fifo(name.clone(), FifoOrigin::Used));
        match member(fifo, &dial) {
            Some(member) => {
                member.settings = settings;
                member.is_kept = is_kept;
            }
            None => fifo.members.push(new_member(dial, settings, is_kept)),
        }
    }

    /// Members of the configuration are these now. What a command says of the same dial string holds.
    pub(super) fn configure_members(
        &mut self,
        name: &Arc<str>,
        configured: Vec<(Arc<str>, FifoMemberSettings)>,
    ) {
        let gone: Vec<Arc<str>> = match self.fifos.get(name) {
            Some(fifo) => {
                let stays = |dial: &Arc<str>| configured.iter().any(|(one, _)| one == dial);
                let gone = fifo.members.iter();
                let gone = gone.filter(|one| !one.is_kept && !stays(&one.dial));
                gone.map(|one| one.dial.clone()).collect()
            }
            None => Vec::new(),
        };
        for dial in gone {
            self.drop_member(name, &dial);
        }
        for (dial, settings) in configured {
            let fifo = self.fifos.get_mut(name);
            let there = fifo.and_then(|fifo| member(fifo, &dial));
            let is_kept = there.as_ref().is_some_and(|member| member.is_kept);
            let fits = there.is_some() || self.members() < MAX_MEMBERS;
            if !fits {
                tracing::warn!(fifo = &**name, "There are too many members of fifos");
                return;
            }
            if !is_kept {
                self.put_member(name, dial, settings, false);
            }
        }
    }

    fn members(&self) -> usize {
        self.fifos.values().map(|fifo| fifo.members.len()).sum()
    }

    /// Somebody is not called any more, neither now nor later. A talk goes on.
    fn drop_member(&mut self, name: &Arc<str>, dial: &str) {
        self.withdraw_member(name, dial, HangupCause::OriginatorCancel);
        let Some(fifo) = self.fifos.get_mut(name) else {
            return;
        };
        let Some(at) = fifo.members.iter().position(|one| *one.dial == *dial) else {
            return;
        };
        let member = fifo.members.remove(at);
        if member.is_kept {
            self.keep_fifo_member(name, &member.dial, None);
        }
    }

    /// Members whose time is over.
    pub(super) fn drop_expired_members(&mut self, name: &Arc<str>) {
        let now = self.now.wall;
        let Some(fifo) = self.fifos.get(name) else {
            return;
        };
        let is_over = |one: &&FifoMember| one.settings.expires.is_some_and(|at| at <= now);
        let over = fifo.members.iter().filter(is_over);
        let over: Vec<Arc<str>> = over.map(|one| one.dial.clone()).collect();
        if over.is_empty() {
            return;
        }
        for dial in over {
            self.drop_member(name, &dial);
        }
        self.show_fifo(name);
    }

    /// `fifo_member add|del`, `fifo reparse`.
    pub(crate) fn change_fifo_members(&mut self, command: ChangeFifo) -> Result<(), CommandError> {
        self.check_kept()?;
        match command {
            ChangeFifo::PutMember {
                fifo,
                dial,
                settings,
            } => {
                let wrong = |what| Err(CommandError::new(ErrorKind::InvalidArgument(what), what));
                if !is_member_name(&fifo) {
                    return wrong("name of a fifo");
                }
                if !is_dial(&dial) || DialString::parse(&dial).is_err() {
                    return wrong("dial string");
                }
                let there = self.fifos.get_mut(&fifo);
                let is_new_fifo = there.is_none();
                let is_new = there.and_then(|fifo| member(fifo, &dial)).is_none();
                let too_many = is_new && self.members() >= MAX_MEMBERS
                    || is_new_fifo && self.fifos.len() >= MAX_FIFOS;
                if too_many {
                    let detail = "there are too many members or fifos";
                    return Err(CommandError::new(ErrorKind::LimitReached, detail));
                }
                self.keep_fifo_member(&fifo, &dial, Some(settings.clone()));
                self.put_member(&fifo, dial, settings, true);
                self.show_fifo(&fifo);
                self.work.push_back(Work::Fifo(fifo));
            }
            ChangeFifo::RemoveMember { fifo, dial } => {
                self.drop_member(&fifo, &dial);
                self.show_fifo(&fifo);
            }
            ChangeFifo::Reparse { delete_all } => {
                if delete_all {
                    self.drop_kept_members();
                }
                self.load_fifos();
            }
        }
        Ok(())
    }

    fn drop_kept_members(&mut self) {
        let names: Vec<_> = self.fifos.keys().cloned().collect();
        for name in names {
            let kept: Vec<Arc<str>> = match self.fifos.get(&name) {
                Some(fifo) => {
                    let kept = fifo.members.iter().filter(|one| one.is_kept);
                    kept.map(|one| one.dial.clone()).collect()
                }
                None => Vec::new(),
            };
            for dial in kept {
                self.drop_member(&name, &dial);
            }
            self.show_fifo(&name);
        }
    }
}

/// A member is sent to its fifo by the argument of the application, where `!` and `,` separate.
fn is_member_name(name: &str) -> bool {
    is_name(name) && !name.contains(['!', ','])
}
