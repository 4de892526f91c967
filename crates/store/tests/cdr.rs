//! Records of calls: written once, found by page, forgotten in time.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::Duration;

use jackfield_store::{
    CallDirection, CallPage, CallPlace, CallRecord, CallSearch, MAX_CALL_TEXT, MAX_CALL_VARIABLES,
    Store, StoreError,
};
use support::{Kept, kept};

fn record(uuid: &str, started: i64) -> CallRecord {
    CallRecord {
        uuid: uuid.into(),
        call_uuid: format!("call-{uuid}").into(),
        other_uuid: Some("b-leg".into()),
        direction: CallDirection::Inbound,
        caller_name: "Änne \"A\"\0".into(),
        caller_number: "1000".into(),
        callee_name: "Bob".into(),
        callee_number: "1001".into(),
        destination: "9196".into(),
        context: "default".into(),
        user: "1000@example.org".into(),
        account: "sales".into(),
        started,
        answered: Some(started + 1_500_000),
        ended: started + 4_200_000,
        duration_s: 4,
        billed_s: 3,
        cause: "NORMAL_CLEARING".into(),
        sip_status: Some(200),
        codec: "PCMU".into(),
        recording: Some("calls/one.wav".into()),
        queue: None,
        variables: r#"{"hangup_cause":"NORMAL_CLEARING"}"#.into(),
    }
}

fn search() -> CallSearch {
    CallSearch {
        limit: 100,
        ..CallSearch::default()
    }
}

async fn uuids(store: &Store, search: CallSearch) -> Vec<String> {
    let page = store.calls(search).await.unwrap();
    let uuids = page.calls.iter().map(|call| call.uuid.to_string());
    uuids.collect()
}

#[tokio::test]
async fn a_record_comes_back_as_it_was_and_once() {
    for Kept { store, .. } in kept("record").await {
        let missed = CallRecord {
            direction: CallDirection::Outbound,
            other_uuid: None,
            answered: None,
            billed_s: 0,
            cause: "NO_ANSWER".into(),
            sip_status: None,
            codec: "".into(),
            recording: None,
            queue: Some("support".into()),
            ..record("2", 20)
        };
        let calls = vec![record("1", 10), missed.clone()];
        store.save_calls(calls.clone()).await.unwrap();
        // The answer to the first attempt was lost.
        store.save_calls(calls).await.unwrap();
        let again = CallRecord {
            cause: "OTHER".into(),
            ..record("1", 10)
        };
        store.save_calls(vec![again]).await.unwrap();
        let page = store.calls(search()).await.unwrap();
        let expected = CallPage {
            calls: vec![missed, record("1", 10)],
            next: None,
        };
        assert_eq!(page, expected);
        // A client may give an id again.
        store.save_calls(vec![record("1", 30)]).await.unwrap();
        assert_eq!(uuids(&store, search()).await, ["1", "2", "1"]);
    }
}

#[tokio::test]
async fn records_are_found_by_time_number_user_and_cause() {
    for Kept { store, .. } in kept("search").await {
        let other = CallRecord {
            caller_number: "2000".into(),
            callee_number: "+4930123".into(),
            destination: "030123".into(),
            user: "2000@example.org".into(),
            cause: "USER_BUSY".into(),
            ..record("3", 30)
        };
        let calls = vec![record("1", 10), record("2", 20), other];
        store.save_calls(calls).await.unwrap();
        let by = |change: fn(&mut CallSearch)| {
            let mut search = search();
            change(&mut search);
            uuids(&store, search)
        };
        assert_eq!(by(|s| s.from = Some(20)).await, ["3", "2"]);
        assert_eq!(by(|s| s.until = Some(20)).await, ["1"]);
        for number in ["2000", "+4930123", "030123"] {
            let search = CallSearch {
                number: Some(number.into()),
                ..search()
            };
            assert_eq!(uuids(&store, search).await, ["3"], "{number}");
        }
        let user = |s: &mut CallSearch| s.user = Some("1000@example.org".into());
        assert_eq!(by(user).await, ["2", "1"]);
        assert_eq!(by(|s| s.cause = Some("USER_BUSY".into())).await, ["3"]);
        assert!(
            by(|s| s.cause = Some("' OR 1=1 --".into()))
                .await
                .is_empty()
        );
        let both = |s: &mut CallSearch| {
            s.number = Some("9196".into());
            s.from = Some(11);
        };
        assert_eq!(by(both).await, ["2"]);
    }
}

#[tokio::test]
async fn records_are_found_by_parts_of_names_and_numbers() {
    for Kept { store, .. } in kept("text").await {
        let named = CallRecord {
            caller_name: "Ana Ruiz".into(),
            other_uuid: Some("5".into()),
            ..record("4", 40)
        };
        let odd = CallRecord {
            callee_name: "50%_off!".into(),
            other_uuid: Some("4".into()),
            ..record("5", 50)
        };
        store.save_calls(vec![named, odd]).await.unwrap();
        for (text, found) in [
            ("ruiz", vec!["4"]),
            ("ANA R", vec!["4"]),
            ("0%_OFF!", vec!["5"]),
            ("0_", vec![]),
            ("919", vec!["5", "4"]),
            ("nobody", vec![]),
        ] {
            let search = CallSearch {
                text: Some(text.into()),
                ..search()
            };
            assert_eq!(uuids(&store, search).await, found, "{text}");
        }
        let first = CallSearch {
            first_legs: true,
            ..search()
        };
        assert_eq!(uuids(&store, first).await, ["4"]);
    }
}

#[tokio::test]
async fn a_search_that_takes_too_long_is_given_up_and_harms_nobody() {
    for Kept { store, place, .. } in kept("limit").await {
        let many = (0..5_000).map(|number| CallRecord {
            callee_name: "x".repeat(MAX_CALL_TEXT).into(),
            ..record(&number.to_string(), number)
        });
        store.save_calls(many.collect()).await.unwrap();
        let looking = |within| CallSearch {
            text: Some("nobody is called that".into()),
            within: Some(within),
            ..search()
        };
        let hurried = || store.calls(looking(Duration::ZERO));
        // More of them than there are connections.
        for _ in 0..6 {
            assert_eq!(hurried().await, Err(StoreError::TooLong), "{place}");
        }
        let many = [hurried(), hurried(), hurried(), hurried(), hurried()];
        for outcome in futures_util::future::join_all(many).await {
            assert_eq!(outcome, Err(StoreError::TooLong), "{place}");
        }
        // Whom nobody waits for leaves nothing behind either.
        for _ in 0..6 {
            let limited = store.calls(looking(Duration::from_millis(5)));
            tokio::time::timeout(Duration::from_millis(1), limited)
                .await
                .ok();
        }
        let patient = looking(Duration::from_secs(60));
        for _ in 0..6 {
            let found = store.calls(patient.clone()).await;
            assert_eq!(found.map(|page| page.calls.len()), Ok(0), "{place}");
            let all = store.calls(search()).await;
            assert_eq!(all.map(|page| page.calls.len()), Ok(100), "{place}");
        }
    }
}

#[tokio::test]
async fn records_are_found_by_whose_they_are() {
    for Kept { store, .. } in kept("whose").await {
        let of = |uuid, caller: &str, callee: &str, destination: &str, user: &str| CallRecord {
            caller_number: caller.into(),
            callee_number: callee.into(),
            destination: destination.into(),
            user: user.into(),
            ..record(uuid, 40)
        };
        let calls = vec![
            of("1", "1001", "", "9196", ""),
            of("2", "1000", "1001", "5001", ""),
            of("3", "1000", "", "1001", ""),
            of("4", "0301234", "", "9196", "1001@example.org"),
            of("5", "1000", "1002", "1002", "1000@example.org"),
        ];
        store.save_calls(calls).await.unwrap();
        for (of, found) in [
            (vec!["1001"], vec!["3", "2", "1"]),
            (vec!["1001", "1001@example.org"], vec!["4", "3", "2", "1"]),
            (vec!["1002", "x"], vec!["5"]),
            (vec![], vec![]),
        ] {
            let search = CallSearch {
                of: Some(of.iter().map(|one| (*one).into()).collect()),
                ..search()
            };
            assert_eq!(uuids(&store, search).await, found, "{of:?}");
        }
    }
}

#[test]
fn places_are_read_as_they_are_shown() {
    for text in ["5.7", "-1.0"] {
        assert_eq!(CallPlace::parse(text).unwrap().to_string(), text);
    }
    for text in ["", "5", "5.", ".5", "5.7.9", "a.b"] {
        assert_eq!(CallPlace::parse(text), None, "{text}");
    }
}

#[tokio::test]
async fn pages_show_every_record_once() {
    for Kept { store, .. } in kept("pages").await {
        // Many start at the same time.
        let calls = (0..25).map(|number| record(&number.to_string(), number / 10));
        store.save_calls(calls.collect()).await.unwrap();
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let search = CallSearch {
                after,
                number: Some("1000".into()),
                limit: 4,
                ..CallSearch::default()
            };
            let page = store.calls(search).await.unwrap();
            assert!(page.calls.len() <= 4);
            seen.extend(page.calls.iter().map(|call| call.uuid.to_string()));
            // What ends meanwhile does not move the pages.
            let late = CallRecord {
                caller_number: "1000".into(),
                ..record(&format!("late{}", seen.len()), 99)
            };
            store.save_calls(vec![late]).await.unwrap();
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let expected: Vec<String> = (0..25).rev().map(|number| number.to_string()).collect();
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn what_is_too_long_is_cut() {
    for Kept { store, .. } in kept("long").await {
        let long = CallRecord {
            caller_number: "ä".repeat(MAX_CALL_TEXT).into(),
            variables: format!(r#"{{"x":"{}"}}"#, "y".repeat(MAX_CALL_VARIABLES)).into(),
            ..record("1", 10)
        };
        store.save_calls(vec![long]).await.unwrap();
        let kept = &store.calls(search()).await.unwrap().calls[0];
        assert_eq!(*kept.caller_number, *"ä".repeat(MAX_CALL_TEXT / 2));
        assert_eq!(&*kept.variables, "{}");
    }
}

#[tokio::test]
async fn the_oldest_are_forgotten() {
    for Kept { store, .. } in kept("forget").await {
        let calls = (0..2_500).map(|number| record(&number.to_string(), number));
        store.save_calls(calls.collect()).await.unwrap();
        let mut forgotten = Vec::new();
        loop {
            match store.forget_calls(1_200, 5).await.unwrap() {
                0 => break,
                gone => forgotten.push(gone),
            }
        }
        assert_eq!(forgotten, [1_000, 200, 1_000, 295], "a few at a time");
        let left = ["2499", "2498", "2497", "2496", "2495"];
        assert_eq!(uuids(&store, search()).await, left);
    }
}
