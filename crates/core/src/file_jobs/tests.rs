use super::*;
use crate::input::Input;
use crate::rig::Rig;

fn jobs(rig: &mut Rig) -> Vec<(u64, ChannelId, FileJob)> {
    std::mem::take(&mut rig.file_jobs)
}

#[test]
fn a_channel_waits_until_the_disk_has_done_it() {
    let mut rig = Rig::new();
    let id = rig.park("null/a");
    rig.run(
        &id,
        "mkdir:calls/today,rename:a.wav calls/b.wav,set:done=yes,park",
    );
    let [(number, channel, job)] = &jobs(&mut rig)[..] else {
        panic!("not one job");
    };
    assert_eq!(*channel, id);
    assert_eq!(*job, FileJob::MakeFolder("calls/today".into()));
    let done = |number, result| Input::FilesDone {
        number,
        channel: id.clone(),
        result,
    };
    rig.feed(done(*number + 7, Ok(())));
    assert!(jobs(&mut rig).is_empty(), "that was another job");
    rig.feed(done(*number, Ok(())));
    let rename = FileJob::Rename {
        from: "a.wav".into(),
        to: "calls/b.wav".into(),
    };
    let [(number, _, job)] = &jobs(&mut rig)[..] else {
        panic!("not one job");
    };
    assert_eq!(*job, rename);
    assert_eq!(rig.channel(&id).variable("done"), None);
    rig.feed(done(*number, Err("no such file".into())));
    assert_eq!(rig.channel(&id).variable("done"), Some("yes"));
}

#[test]
fn what_makes_no_sense_or_is_too_much_is_left() {
    let mut rig = Rig::new();
    let id = rig.park("null/a");
    rig.run(&id, "mkdir: ,rename:a,rename:,set:done=yes,park");
    assert_eq!(rig.channel(&id).variable("done"), Some("yes"));
    assert!(jobs(&mut rig).is_empty());
    for number in 1..=AT_ONE_TIME as u64 {
        let job = FileJob::MakeFolder("x".into());
        assert_eq!(rig.switch.begin_file_job(&id, job), Some(number));
    }
    rig.run(&id, "mkdir:x,set:over=yes,park");
    assert_eq!(rig.channel(&id).variable("over"), Some("yes"));
    assert_eq!(jobs(&mut rig).len(), AT_ONE_TIME, "and not one more");
}
