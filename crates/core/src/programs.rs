//! Programs of the machine run for a channel, where the operator allows it: the shell runs them (event-socket.md §6.9).

use std::sync::Arc;

use api::ChannelId;

use crate::Switch;
use crate::effect::Effect;

/// Programs that run or wait for their turn; the shell runs fewer at one time.
const UNDER_WAY: usize = 1_000;

impl Switch {
    /// Has a line of a shell run; the number to wait for, if it can be.
    pub(crate) fn begin_program(&mut self, channel: &ChannelId, line: Arc<str>) -> Option<u64> {
        let Some(number) = self.programs.begin(UNDER_WAY) else {
            tracing::warn!(channel = %channel, "Too many programs wait: one is not run");
            return None;
        };
        let channel = channel.clone();
        self.effect(Effect::Program {
            number,
            channel,
            line,
        });
        Some(number)
    }

    /// It has ended, or its time was over; a channel that waits for it goes on.
    pub(crate) fn program_ended(&mut self, number: u64, channel: &ChannelId) {
        if self.programs.end(number) {
            self.look_again(channel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Input;
    use crate::rig::{Rig, config};
    use api::HangupCause;
    use api::command::channel::{Hangup, SetVariables};
    use api::event::{ChannelEvent, EventKind};

    fn may_run() -> Rig {
        Rig::with(crate::config::Config {
            may_run_programs: true,
            ..config()
        })
    }

    /// Names of applications that have ended.
    fn ended(rig: &mut Rig) -> Vec<String> {
        rig.seen(|event| {
            let EventKind::Channel(ChannelEvent::ExecuteComplete { application, .. }) = &event.kind
            else {
                return None;
            };
            Some(application.name.to_string())
        })
    }

    fn end(rig: &mut Rig, number: u64, channel: &ChannelId) {
        let channel = channel.clone();
        rig.feed(Input::ProgramEnded { number, channel });
    }

    #[test]
    fn a_channel_waits_for_its_program_and_for_no_other() {
        let mut rig = may_run();
        let (a, b) = (rig.park("null/a"), rig.park("null/b"));
        rig.run(
            &a,
            "bgsystem:first,system:echo ${missing}x,set:after=1,park",
        );
        rig.run(&b, "system:  ,system:third,park");
        let lines: Vec<_> = rig.programs.iter().map(|(_, _, line)| &**line).collect();
        assert_eq!(lines, ["first", "echo x", "third"]);
        let number = |rig: &Rig, at: usize| rig.programs[at].0;
        assert_eq!(ended(&mut rig), ["park", "bgsystem", "park", "system"]);
        for (at, channel) in [(0, &a), (2, &b)] {
            let number = number(&rig, at);
            end(&mut rig, number, channel);
        }
        assert_eq!(ended(&mut rig), ["system"], "that of the second channel");
        let second = number(&rig, 1);
        end(&mut rig, second, &a);
        end(&mut rig, second, &a);
        assert_eq!(ended(&mut rig), ["system", "set"]);
    }

    #[test]
    fn what_a_caller_chose_can_be_quoted() {
        let mut rig = may_run();
        let a = rig.park("null/a");
        rig.get(SetVariables {
            channel: a.clone(),
            variables: vec![("name".into(), "it's)} $(x); y".into())],
        })
        .unwrap();
        rig.run(&a, "bgsystem:echo ${quote_shell_arg(${name})} z,park");
        assert_eq!(&*rig.programs[0].2, r"echo 'it'\''s)} $(x); y' z");
    }

    #[test]
    fn a_channel_that_hangs_up_waits_no_longer() {
        let mut rig = may_run();
        let a = rig.park("null/a");
        rig.run(&a, "system:first,park");
        let cause = HangupCause::NormalClearing;
        let channel = a.clone();
        rig.get(Hangup { channel, cause }).unwrap();
        assert_eq!(ended(&mut rig), ["park", "system"]);
        let first = rig.programs[0].0;
        end(&mut rig, first, &a);
        assert!(ended(&mut rig).is_empty());
    }

    #[test]
    fn as_many_wait_as_there_are_places() {
        let mut rig = may_run();
        let a = rig.park("null/a");
        let hundred = "bgsystem:true,".repeat(100);
        for _ in 0..UNDER_WAY / 100 {
            rig.run(&a, &format!("{hundred}park"));
        }
        rig.run(&a, "system:one more,set:after=1,park");
        assert_eq!(rig.programs.len(), UNDER_WAY);
        assert_eq!(rig.channel(&a).variables.text("after"), Some("1"));
    }

    #[test]
    fn without_leave_there_is_no_such_application() {
        for name in ["system", "bgsystem"] {
            let mut rig = Rig::new();
            let a = rig.park("null/a");
            rig.run(&a, &format!("{name}:true,park"));
            let causes = rig.seen(|event| {
                let is_end = matches!(event.kind, EventKind::Channel(ChannelEvent::HangupComplete));
                let channel = event.channel.as_ref().filter(|_| is_end)?;
                channel.hangup.map(|hangup| hangup.cause)
            });
            assert_eq!(causes, [HangupCause::DestinationOutOfOrder]);
            assert!(rig.programs.is_empty());
            assert!(
                !crate::applications(false)
                    .iter()
                    .any(|app| app.name == name)
            );
            assert!(crate::applications(true).iter().any(|app| app.name == name));
        }
    }
}
