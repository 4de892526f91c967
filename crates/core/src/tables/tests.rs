use std::time::Duration;

use api::view::ChannelState;

use super::*;
use crate::rig::Rig;

fn used(rig: &Rig, realm: &str, id: &str) -> Option<(u32, u32)> {
    let usage = rig.view.tables.limits.get(&(realm.into(), id.into()))?;
    Some((usage.used, usage.rate))
}

#[test]
fn a_resource_is_held_until_the_channel_ends() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    let b = rig.park("null/b");
    // Asking twice does not count twice.
    rig.run(&a, "limit:hash r i 1 full,limit:hash r i 1 full,park");
    assert_eq!(used(&rig, "r", "i"), Some((1, 0)));
    assert_eq!(rig.channel(&a).variable("limit_usage_r_i"), Some("1"));
    assert_eq!(rig.channel(&a).variable("limit_max"), Some("1"));
    rig.run(&b, "limit:hash r i 1 !USER_BUSY,park");
    assert!(rig.view.channels.get(&b).is_none());
    assert_eq!(used(&rig, "r", "i"), Some((1, 0)));
    rig.run(&a, "hangup:NORMAL_CLEARING");
    assert_eq!(used(&rig, "r", "i"), None);
    let c = rig.park("null/c");
    rig.run(&c, "limit:hash r i 1 !USER_BUSY,park");
    assert_eq!(rig.channel(&c).state, ChannelState::Execute);
}

#[test]
fn a_rate_is_counted_by_its_interval() {
    let mut rig = Rig::new();
    for _ in 0..2 {
        let id = rig.park("null/a");
        rig.run(&id, "limit:hash r i 2/60 !CALL_REJECTED,park");
        assert_eq!(
            rig.channel(&id).variable("limit_rate"),
            rig.channel(&id).variable("limit_rate_r_i")
        );
        rig.run(&id, "hangup:NORMAL_CLEARING");
    }
    assert_eq!(used(&rig, "r", "i"), Some((0, 2)));
    let late = rig.park("null/a");
    rig.run(&late, "limit:hash r i 2/60 !CALL_REJECTED,park");
    assert!(rig.view.channels.get(&late).is_none());
    rig.pass(Duration::from_secs(61));
    let early = rig.park("null/a");
    rig.run(&early, "limit:hash r i 2/60 !CALL_REJECTED,park");
    assert_eq!(used(&rig, "r", "i"), Some((1, 1)));
    rig.run(&early, "hangup:NORMAL_CLEARING");
    rig.pass(Duration::from_secs(121));
    assert_eq!(used(&rig, "r", "i"), None);
}

#[test]
fn a_transfer_gives_back_unless_told_otherwise() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    rig.run(&a, "limit:hash r i,park");
    assert_eq!(used(&rig, "r", "i"), Some((1, 0)));
    rig.run(&a, "park");
    assert_eq!(used(&rig, "r", "i"), None);
    rig.run(&a, "set:limit_ignore_transfer=true,limit:hash r i,park");
    rig.run(&a, "park");
    assert_eq!(used(&rig, "r", "i"), Some((1, 0)));
}

#[test]
fn values_come_and_go() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    let value = |rig: &Rig| {
        let key = ("r".into(), "k".into());
        rig.view.tables.hash.get(&key).map(ToString::to_string)
    };
    rig.run(&a, "hash:insert/r/k/one/two,park");
    rig.run(&a, "hash:insert_ifempty/r/k/three,park");
    assert_eq!(value(&rig).as_deref(), Some("one/two"));
    rig.run(&a, "set:read=${hash(select/r/k)},park");
    assert_eq!(rig.channel(&a).variable("read"), Some("one/two"));
    rig.run(&a, "hash:delete_ifmatch/r/k/three,park");
    assert_eq!(value(&rig).as_deref(), Some("one/two"));
    rig.run(&a, "hash:delete_ifmatch/r/k/one/two,park");
    assert_eq!(value(&rig), None);
    let long = "x".repeat(MAX_BYTES);
    rig.run(&a, &format!("hash:insert/r/k/{long},park"));
    assert_eq!(value(&rig), None);
}
