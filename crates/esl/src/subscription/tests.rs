use super::*;

fn after(requests: &[&str]) -> Subscription {
    let mut subscription = Subscription::default();
    for request in requests {
        let list = |words: &str| NameList::parse(words);
        match request.split_once(' ') {
            Some(("event", words)) => assert_eq!(
                subscription.add(&list(words), None),
                Outcome::Enabled,
                "{request}"
            ),
            Some(("nixevent", words)) => assert_eq!(
                subscription.remove(&list(words)),
                Outcome::Enabled,
                "{request}"
            ),
            Some(_) | None => panic!("not a request of this test: {request}"),
        }
    }
    subscription
}

fn custom(subscription: &Subscription, subclass: &str) -> bool {
    subscription.wants(EventName::Custom, Some(subclass))
}

#[test]
fn a_later_event_adds_and_changes_the_format() {
    let both = after(&["event plain CHANNEL_ANSWER", "event json DTMF"]);
    assert!(both.wants(EventName::ChannelAnswer, None) && both.wants(EventName::Dtmf, None));
    assert!(!both.wants(EventName::Heartbeat, None));
    assert_eq!(both.format, Format::Json);
}

#[test]
fn the_format_changes_even_without_names() {
    let mut subscription = Subscription::default();
    assert_eq!(
        subscription.add(&NameList::parse("json"), None),
        Outcome::NoKeywords
    );
    assert_eq!(subscription.format, Format::Json);
    assert!(!subscription.is_enabled());
}

#[test]
fn everything_after_custom_is_a_subclass() {
    let subscription = after(&["event plain CUSTOM x::y CHANNEL_ANSWER"]);
    assert!(custom(&subscription, "x::y"));
    assert!(!custom(&subscription, "X::Y"));
    assert!(!subscription.wants(EventName::ChannelAnswer, None));
}

#[test]
fn custom_alone_means_events_without_a_subclass() {
    // golden event-03-custom-without-subclass
    let subscription = after(&["event plain CUSTOM"]);
    assert!(subscription.wants(EventName::Custom, None));
    assert!(!custom(&subscription, "any::thing"));
}

#[test]
fn the_recorded_conversation_about_second_events() {
    // golden event-02-second-event
    let mut subscription = after(&[
        "event plain CUSTOM one::a",
        "event json CUSTOM one::b",
        "event xml CHANNEL_CREATE",
    ]);
    assert!(custom(&subscription, "one::a") && custom(&subscription, "one::b"));
    subscription.remove(&NameList::parse("CUSTOM one::a"));
    assert!(!custom(&subscription, "one::a") && custom(&subscription, "one::b"));
    subscription.remove(&NameList::parse("CUSTOM"));
    assert!(custom(&subscription, "one::b"));
    assert!(subscription.clear());
    assert!(!custom(&subscription, "one::b"));
    subscription.add(&NameList::parse("all"), None);
    assert!(custom(&subscription, "never::seen::before"));
    subscription.remove(&NameList::parse("CUSTOM"));
    assert!(custom(&subscription, "one::b"));
}

#[test]
fn all_but_one_name_keeps_every_subclass() {
    let subscription = after(&["event plain ALL", "nixevent HEARTBEAT"]);
    assert!(!subscription.wants(EventName::Heartbeat, None));
    assert!(subscription.wants(EventName::Dtmf, None));
    assert!(custom(&subscription, "one::b"));
}

#[test]
fn all_but_one_subclass_works() {
    let mut subscription = after(&["event plain ALL", "nixevent CUSTOM noisy::one"]);
    assert!(!custom(&subscription, "noisy::one") && custom(&subscription, "other::one"));
    subscription.add(&NameList::parse("CUSTOM noisy::one"), None);
    assert!(custom(&subscription, "noisy::one"));
}

#[test]
fn nixing_all_clears_the_names() {
    let subscription = after(&["event plain ALL", "nixevent ALL"]);
    assert!(!subscription.wants(EventName::Dtmf, None) && !custom(&subscription, "a::b"));
    assert!(subscription.is_enabled());
}

#[test]
fn noevents_tells_whether_delivery_was_on() {
    let mut subscription = after(&["nixevent HEARTBEAT"]);
    assert!(subscription.clear());
    assert!(!subscription.clear());
}

#[test]
fn a_denied_name_leaves_those_before_it() {
    let allowed = AllowedEvents::parse("CHANNEL_ANSWER DTMF CUSTOM conference::maintenance");
    let mut subscription = Subscription::default();
    let outcome = subscription.add(
        &NameList::parse("plain DTMF HEARTBEAT CHANNEL_ANSWER"),
        Some(&allowed),
    );
    assert_eq!(outcome, Outcome::Denied);
    assert!(!subscription.is_enabled());
    subscription.add(
        &NameList::parse("CUSTOM conference::maintenance"),
        Some(&allowed),
    );
    assert!(subscription.wants(EventName::Dtmf, None));
    assert!(!subscription.wants(EventName::ChannelAnswer, None));
    assert_eq!(
        subscription.add(&NameList::parse("CUSTOM a::b"), Some(&allowed)),
        Outcome::Denied
    );
}

#[test]
fn lists_may_use_commas() {
    let allowed = AllowedEvents::parse("ALL,CUSTOM,a::b");
    assert!(allowed.permits_name(EventName::Heartbeat));
    let mut subscription = Subscription::default();
    assert_eq!(
        subscription.add(&NameList::parse("ALL CUSTOM a::b"), Some(&allowed)),
        Outcome::Enabled
    );
    assert_eq!(
        subscription.add(&NameList::parse("CUSTOM c::d"), Some(&allowed)),
        Outcome::Denied
    );
}

#[test]
fn my_events_are_the_fixed_list() {
    let mut subscription = Subscription::default();
    subscription.add_my_events(None);
    assert!(subscription.wants(EventName::ChannelExecute, None));
    assert!(!subscription.wants(EventName::ChannelCallstate, None));
}
