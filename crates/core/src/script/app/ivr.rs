//! `ivr`: a menu of `ivr.conf.xml` (event-socket.md §6.9). What may be chosen is read from the configuration by
//! [`Menu::named`].

use std::sync::Arc;

use api::ChannelId;
use media::control::PlayId;

use super::nested::Nested;
use super::playback::Playing;
use super::{App, Started};
use crate::Switch;
use crate::menus::{Action, Menu};

/// Menus within menus.
const MAX_DEPTH: usize = 16;

/// A caller at a menu.
#[derive(Debug)]
pub(crate) struct Ivr {
    /// The menu, behind those that led to it.
    menus: Vec<Arc<Menu>>,
    step: Step,
    digits: String,
    /// The long greeting was heard.
    greeted: bool,
    failures: u32,
    timeouts: u32,
    pub(super) playing: Option<Playing>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    /// Greeting, and what is pressed meanwhile.
    Choosing,
    /// A sound before the greeting comes again.
    Sound,
    /// Another application runs.
    Running(Arc<str>),
    /// The last sound.
    Leaving,
}

/// `<menu>`
pub(super) fn ivr(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Some(menu) = Menu::named(&switch.config.xml, data.trim()) else {
        tracing::warn!(channel = %id, menu = data, "There is no such menu");
        return Started::Done;
    };
    let mut ivr = Ivr {
        menus: vec![Arc::new(menu)],
        step: Step::Choosing,
        digits: String::new(),
        greeted: false,
        failures: 0,
        timeouts: 0,
        playing: None,
    };
    switch.unset_var(id, "ivr_menu_status");
    switch.say_menu(id, &mut ivr);
    Started::Waits(App::Nested(Nested::Ivr(Box::new(ivr))))
}

impl Switch {
    fn ivr_mut(&mut self, id: &ChannelId) -> Option<&mut Ivr> {
        let runs = &mut self.channels.get_mut(id)?.script.runs;
        runs.iter_mut().rev().find_map(|run| match &mut run.app {
            App::Nested(Nested::Ivr(ivr)) => Some(&mut **ivr),
            App::Nested(Nested::Limited(_) | Nested::Phrase(_))
            | App::Starting
            | App::Park(_)
            | App::Sleep
            | App::Echo
            | App::Playback(_)
            | App::Record(_)
            | App::Collect(_)
            | App::Bridge(_)
            | App::Queue(_)
            | App::Valet(_)
            | App::Fifo(_)
            | App::Listen(_)
            | App::Await(_)
            | App::Consult(_)
            | App::Voicemail(_)
            | App::Eavesdrop(_)
            | App::Socket(_)
            | App::Conference => None,
        })
    }

    /// Takes the state out of the channel, so that the switch can be used beside it; [`Switch::put_ivr`] brings it back.
    fn take_ivr(&mut self, id: &ChannelId) -> Option<Ivr> {
        let blank = Ivr {
            menus: Vec::new(),
            step: Step::Choosing,
            digits: String::new(),
            greeted: false,
            failures: 0,
            timeouts: 0,
            playing: None,
        };
        self.ivr_mut(id).map(|ivr| std::mem::replace(ivr, blank))
    }

    fn put_ivr(&mut self, id: &ChannelId, ivr: Ivr) {
        if let Some(place) = self.ivr_mut(id) {
            *place = ivr;
        }
    }

    /// Says what can be chosen, and waits.
    fn say_menu(&mut self, id: &ChannelId, ivr: &mut Ivr) {
        ivr.step = Step::Choosing;
        ivr.digits.clear();
        let Some(menu) = ivr.menus.last().cloned() else {
            return;
        };
        let greeting = match (&menu.greet_short, ivr.greeted) {
            (Some(short), true) => Some(short),
            (_, false) | (None, true) => menu.greet_long.as_ref(),
        };
        ivr.greeted = true;
        match greeting {
            Some(file) => ivr.playing = Some(self.start_playing(id, file, Some(0))),
            None => self.wait(id, menu.timeout),
        }
    }

    pub(super) fn ivr_digit(&mut self, id: &ChannelId, digit: char) {
        let Some(ivr) = self.ivr_mut(id).filter(|ivr| ivr.step == Step::Choosing) else {
            return;
        };
        let Some(menu) = ivr.menus.last().cloned() else {
            return;
        };
        ivr.digits.push(digit);
        let enough = ivr.digits.chars().count() >= menu.digit_len;
        if let Some(playing) = ivr.playing.take() {
            self.abort_playing(id, playing);
            self.unset_var(id, "current_application_response");
        }
        if enough {
            self.choose_entry(id);
        } else {
            self.wait(id, menu.digit_timeout);
        }
    }

    /// Nothing was pressed, or no more.
    pub(super) fn ivr_timeout(&mut self, id: &ChannelId) {
        let Some(ivr) = self.ivr_mut(id).filter(|ivr| ivr.step == Step::Choosing) else {
            return;
        };
        if !ivr.digits.is_empty() {
            return self.choose_entry(id);
        }
        ivr.timeouts += 1;
        let Some(mut ivr) = self.take_ivr(id) else {
            return;
        };
        let Some(menu) = ivr.menus.last().cloned() else {
            return;
        };
        if ivr.timeouts >= menu.max_timeouts {
            self.give_up(id, ivr, "timeout", menu.on_timeouts.as_ref());
        } else {
            self.say_menu(id, &mut ivr);
            self.put_ivr(id, ivr);
        }
    }

    /// Something that was played is over.
    pub(super) fn ivr_played(&mut self, id: &ChannelId) {
        let Some(mut ivr) = self.take_ivr(id) else {
            return;
        };
        ivr.playing = None;
        match ivr.step {
            Step::Choosing if ivr.digits.is_empty() => {
                if let Some(menu) = ivr.menus.last() {
                    self.wait(id, menu.timeout);
                }
            }
            Step::Sound => self.say_menu(id, &mut ivr),
            Step::Choosing | Step::Running(_) => {}
            Step::Leaving => return self.application_done(id, None),
        }
        self.put_ivr(id, ivr);
    }

    /// What ran on top is through, or what waited below it is overdue.
    pub(super) fn resume_ivr(&mut self, id: &ChannelId, missed: bool) {
        let Some(ivr) = self.ivr_mut(id) else {
            return;
        };
        match ivr.step.clone() {
            Step::Running(run) if self.still_waits(id, &run) => {}
            Step::Running(_) => self.say_menu_again(id),
            Step::Choosing if missed => self.ivr_timeout(id),
            // What was played ended meanwhile.
            Step::Sound | Step::Leaving if missed => self.ivr_played(id),
            Step::Choosing | Step::Sound | Step::Leaving => {}
        }
    }

    fn say_menu_again(&mut self, id: &ChannelId) {
        if let Some(mut ivr) = self.take_ivr(id) {
            self.say_menu(id, &mut ivr);
            self.put_ivr(id, ivr);
        }
    }

    /// Does what the digits mean.
    fn choose_entry(&mut self, id: &ChannelId) {
        let Some(mut ivr) = self.take_ivr(id) else {
            return;
        };
        let Some(menu) = ivr.menus.last().cloned() else {
            return;
        };
        let digits = std::mem::take(&mut ivr.digits);
        let Some((action, param)) = menu.choice(&digits) else {
            ivr.failures += 1;
            if ivr.failures >= menu.max_failures {
                return self.give_up(id, ivr, "failure", menu.on_failures.as_ref());
            }
            match &menu.invalid_sound {
                Some(file) => {
                    ivr.step = Step::Sound;
                    ivr.playing = Some(self.start_playing(id, file, Some(0)));
                }
                None => self.say_menu(id, &mut ivr),
            }
            return self.put_ivr(id, ivr);
        };
        (ivr.failures, ivr.timeouts) = (0, 0);
        match action {
            Action::Exit => return self.leave_menu(id, ivr, "success"),
            Action::Run => {
                let (name, data) = param.split_once(' ').unwrap_or((&param, ""));
                match self.run_nested(id, name, data, false) {
                    Some(run) => ivr.step = Step::Running(run),
                    None => self.say_menu(id, &mut ivr),
                }
            }
            Action::Sub => {
                match Menu::named(&self.config.xml, &param) {
                    Some(sub) if ivr.menus.len() < MAX_DEPTH => {
                        ivr.menus.push(Arc::new(sub));
                        ivr.greeted = false;
                    }
                    Some(_) => tracing::warn!(channel = %id, "Too many menus within menus"),
                    None => tracing::warn!(channel = %id, menu = %param, "There is no such menu"),
                }
                self.say_menu(id, &mut ivr);
            }
            Action::Back => {
                if ivr.menus.len() == 1 {
                    return self.leave_menu(id, ivr, "success");
                }
                ivr.menus.pop();
                self.say_menu(id, &mut ivr);
            }
            Action::Top => {
                ivr.menus.truncate(1);
                self.say_menu(id, &mut ivr);
            }
            Action::Sound => {
                ivr.step = Step::Sound;
                ivr.playing = Some(self.start_playing(id, &param, Some(0)));
            }
        }
        self.put_ivr(id, ivr);
    }

    /// Too often nothing, or nothing that means anything.
    fn give_up(&mut self, id: &ChannelId, ivr: Ivr, status: &str, last: Option<&Arc<str>>) {
        if let Some(last) = last {
            // It is queued, and so run when this application is through.
            let (name, data) = last.split_once(' ').unwrap_or((last, ""));
            self.run_nested(id, name, data, false);
            self.set_var(id, "ivr_menu_status", status);
            return self.application_done(id, None);
        }
        self.leave_menu(id, ivr, status);
    }

    fn leave_menu(&mut self, id: &ChannelId, mut ivr: Ivr, status: &str) {
        self.set_var(id, "ivr_menu_status", status);
        let sound = ivr.menus.last().and_then(|menu| menu.exit_sound.clone());
        match sound.filter(|_| status != "success") {
            Some(file) => {
                ivr.step = Step::Leaving;
                ivr.playing = Some(self.start_playing(id, &file, Some(0)));
                self.put_ivr(id, ivr);
            }
            None => self.application_done(id, None),
        }
    }

    /// Whether a menu below another application heard this, which is over then.
    pub(super) fn ivr_heard_below(&mut self, id: &ChannelId, play: PlayId) -> bool {
        let Some(live) = self.channels.get_mut(id) else {
            return false;
        };
        let Some((_, below)) = live.script.runs.split_last_mut() else {
            return false;
        };
        for run in below {
            if let App::Nested(Nested::Ivr(ivr)) = &mut run.app
                && ivr.playing.take_if(|one| one.play == play).is_some()
            {
                run.wait = u64::MAX;
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests;
