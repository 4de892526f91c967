//! What people who have signed in may see and do: every right is asked of the server, with and without it.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use jackfield_door_isymphony::{Crm, Group, Right, Rights};
use serde_json::{Value, json};
use support::{Site, site, site_with};

const HERE: &str = "/panel/live/coreServers/getByName/default";
const LIVE: &str = "rest/live/coreServers/getByName/default";

/// Everybody who is in no group of these tests may do nothing to others.
fn group(name: &str, users: &[&str], others: Rights) -> Group {
    Group {
        name: name.to_owned(),
        users: users.iter().map(|user| (*user).to_owned()).collect(),
        own: Rights::all(),
        others,
        on: None,
    }
}

fn only(rights: &[Right]) -> Rights {
    rights.iter().copied().collect()
}

/// Somebody at the page.
struct Person<'a> {
    site: &'a Site,
    cookie: String,
}

impl<'a> Person<'a> {
    async fn new(site: &'a Site, user: &str) -> Self {
        let cookie = site.cookie(user, "1234").await;
        Self { site, cookie }
    }

    async fn post(&self, path: &str, body: &str) -> u16 {
        let path = format!("{HERE}/{path}");
        let reply = self.site.ask("POST", &path, &self.cookie, body).await;
        if reply.status == 403 {
            // As the door refuses everything: a sentence.
            assert_eq!(reply.body, "You may not do that.");
            let form = reply.header("content-type");
            assert_eq!(form, Some("text/plain; charset=utf-8"));
        }
        reply.status
    }

    async fn status(&self, path: &str) -> u16 {
        let path = format!("{HERE}/{path}");
        self.site.ask("GET", &path, &self.cookie, "").await.status
    }

    async fn get(&self, path: &str) -> Value {
        let path = format!("{HERE}/{path}");
        let reply = self.site.ask("GET", &path, &self.cookie, "").await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        serde_json::from_str(&reply.body).unwrap()
    }

    async fn count(&self, path: &str) -> usize {
        self.get(path).await.as_array().unwrap().len()
    }
}

/// The segment of an extension.
async fn segment(site: &Site, number: &str) -> String {
    let path = format!("{LIVE}/extensions/getByName/{number}/callSegments");
    let own = site.world.get(&path).await;
    own[0]["id"].as_str().unwrap().to_owned()
}

async fn hang_up(site: &Site) {
    site.world.hang_up(0).await;
    site.world.hang_up(1).await;
    assert_eq!(
        site.world.get(&format!("{LIVE}/callSegments")).await,
        json!([])
    );
}

/// Each user from 1003 on has one right to others, in the order of the list; 1000 and 1001 talk.
#[tokio::test(flavor = "multi_thread")]
async fn each_right_opens_what_it_says_and_nothing_else() {
    let user = |index: usize| (1003 + index).to_string();
    let site = site_with(|config| {
        config.call_history = true;
        let groups = Right::ALL.iter().enumerate();
        config.groups = groups
            .map(|(index, right)| group(right.word(), &[&user(index)], only(&[*right])))
            .collect();
    })
    .await;
    site.world.phones(&["1000", "1001"]).await;
    let mut people = Vec::new();
    for index in 0..Right::ALL.len() {
        people.push(Person::new(&site, &user(index)).await);
    }
    let queue = site
        .world
        .get(&format!("{LIVE}/queues/getByName/5001/agents"))
        .await;
    let agent = queue[0]["id"].as_str().unwrap().to_owned();

    // Queries.
    site.world.call(0, "1001", 5).await;
    let own = segment(&site, "1001").await;
    for (person, right) in people.iter().zip(Right::ALL) {
        let ok = |may: bool| if may { 200 } else { 403 };
        let granted = only(&[*right]);
        let (see, calls) = (granted.has(Right::See), granted.has(Right::Calls));
        for path in [
            "extensions/getByName/1000",
            "users/getByName/1000",
            "queues/getByName/5001",
        ] {
            assert_eq!(person.status(path).await, ok(see), "{right:?}: {path}");
        }
        let one = format!("callSegments/{own}");
        assert_eq!(person.status(&one).await, ok(calls), "{right:?}");
        assert_eq!(
            person.count("callSegments").await,
            if calls { 2 } else { 0 },
            "{right:?}"
        );
        let of_one = person
            .status("extensions/getByName/1001/callSegments")
            .await;
        assert_eq!(of_one, ok(see), "{right:?}");
        let (all, queues) = (
            person.count("extensions").await,
            person.count("queues").await,
        );
        assert_eq!((all > 1, queues > 0), (see, see), "{right:?}");
        assert_eq!(person.count("users").await > 1, see, "{right:?}");
        let box_of_one = person.status("voicemail/1001").await;
        let may = granted.has(Right::Voicemail);
        assert_eq!(box_of_one, ok(may), "{right:?}");
        // Everybody reads their own.
        assert_eq!(person.status("callHistory").await, 200, "{right:?}");
    }

    // Actions: those that leave the call as it is go first.
    let on = "extensions/getByName/1000";
    let at = "queues/getByName/5001";
    let member = format!("{at}/agents/{agent}");
    let call = format!("callSegments/{own}");
    let orders = [
        (Right::DoNotDisturb, format!("{on}/enableDnd"), ""),
        (Right::DoNotDisturb, format!("{on}/disableDnd"), ""),
        (Right::PauseMember, format!("{member}/pause"), ""),
        (Right::PauseMember, format!("{member}/unpause"), ""),
        (
            Right::Penalty,
            format!("{member}/penalty"),
            r#"{"penalty":2}"#,
        ),
        (Right::AgentLogin, format!("{member}/logout"), ""),
        (
            Right::AgentLogin,
            format!("{at}/login"),
            r#"{"extensionNumber":"1000"}"#,
        ),
        (
            Right::AgentLogin,
            format!("{at}/logout"),
            r#"{"extensionNumber":"1000"}"#,
        ),
        (Right::Hold, format!("{call}/hold"), ""),
        (Right::Hold, format!("{call}/unhold"), ""),
        (Right::Mute, format!("{call}/mute"), ""),
        (Right::Mute, format!("{call}/unmute"), ""),
        (Right::Record, format!("{call}/startRecording"), ""),
        (Right::Record, format!("{call}/stopRecording"), ""),
        (
            Right::Transfer,
            format!("{call}/transfer"),
            r#"{"destination":"9196"}"#,
        ),
    ];
    for (needed, path, body) in &orders {
        check(&people, *needed, path, body).await;
    }
    hang_up(&site).await;
    site.world.call(0, "1001", 5).await;
    let call = format!("callSegments/{}", segment(&site, "1001").await);
    check(&people, Right::Park, &format!("{call}/park"), "").await;
    site.world.pass(2).await;
    // What waits may be taken by whoever may take, and sent elsewhere by whoever may send calls elsewhere.
    let lots = site.world.get(&format!("{LIVE}/parkingLots")).await;
    assert_eq!(lots[0]["identifier"], "valet_lot");
    let path = format!("{LIVE}/parkingLots/getByName/valet_lot/callSegments");
    let parked = site.world.get(&path).await;
    assert_eq!(
        parked[0]["slot"], "6001",
        "where the built-in dialplan finds it"
    );
    for (person, right) in people.iter().zip(Right::ALL) {
        let status = person
            .post(
                &format!("{call}/transfer"),
                r#"{"destination":"no number"}"#,
            )
            .await;
        let may = [Right::Take, Right::Transfer].contains(right);
        assert_eq!(status, if may { 412 } else { 403 }, "{right:?}");
    }
    check(&people, Right::Hangup, &format!("{call}/hangup"), "").await;
    hang_up(&site).await;
    check(
        &people,
        Right::Call,
        &format!("{on}/originate"),
        r#"{"destination":"9196"}"#,
    )
    .await;
}

/// All but whoever has the right are refused first; then it is done.
async fn check(people: &[Person<'_>], needed: Right, path: &str, body: &str) {
    let mut able = None;
    for (person, right) in people.iter().zip(Right::ALL) {
        if *right == needed {
            able = Some(person);
        } else {
            assert_eq!(person.post(path, body).await, 403, "{right:?}: {path}");
        }
    }
    assert_eq!(
        able.unwrap().post(path, body).await,
        204,
        "{needed:?}: {path}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_calls_are_ones_own_from_either_side_and_others_are_seen() {
    let site = site().await;
    site.world.phones(&["1000", "1001"]).await;
    let (ana, cy) = (
        Person::new(&site, "1000").await,
        Person::new(&site, "1002").await,
    );
    site.world.call(0, "1001", 5).await;
    let (mine, theirs) = (segment(&site, "1000").await, segment(&site, "1001").await);
    for id in [&mine, &theirs] {
        assert_eq!(cy.status(&format!("callSegments/{id}")).await, 200);
        for deed in [
            "hold",
            "mute",
            "startRecording",
            "park",
            "hangup",
            "transfer",
        ] {
            let body = r#"{"destination":"9196"}"#;
            assert_eq!(
                cy.post(&format!("callSegments/{id}/{deed}"), body).await,
                403,
                "{deed}"
            );
        }
        assert_eq!(ana.post(&format!("callSegments/{id}/mute"), "").await, 204);
    }
    assert_eq!(
        cy.post(
            "extensions/getByName/1000/originate",
            r#"{"destination":"9196"}"#
        )
        .await,
        403
    );
    assert_eq!(
        cy.post("extensions/getByName/1000/enableDnd", "").await,
        403
    );
    assert_eq!(
        cy.post("extensions/getByName/1002/enableDnd", "").await,
        204
    );
    assert_eq!(
        ana.post(&format!("callSegments/{theirs}/hangup"), "").await,
        204
    );
    // A program is asked for no right.
    site.world
        .done(
            "POST",
            &format!("{LIVE}/extensions/getByName/1002/disableDnd"),
            "",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_to_some_are_rights_to_those() {
    let site = site_with(|config| {
        config.groups = vec![
            Group {
                on: Some(["1001".to_owned(), "5001".to_owned()].into()),
                ..group("team", &["1003"], only(&[Right::Hangup, Right::AgentLogin]))
            },
            Group {
                own: only(&[Right::Call]),
                ..group("guests", &["1004"], Rights::NONE)
            },
        ];
    })
    .await;
    site.world.phones(&["1000", "1001", "1004"]).await;
    let team = Person::new(&site, "1003").await;
    let seen = team.get("extensions").await;
    let numbers: Vec<_> = seen
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["extensionNumber"])
        .collect();
    assert_eq!(numbers, ["1001", "1003"]);
    // Of a queue one may log anybody in; what one does not see is not there.
    assert_eq!(
        team.post(
            "queues/getByName/5001/login",
            r#"{"extensionNumber":"1005"}"#
        )
        .await,
        204
    );
    assert_eq!(team.status("users/getByName/1000").await, 403);
    assert_eq!(team.status("users/getByName/1001").await, 200);
    // 1001 is one side of it.
    site.world.call(0, "1001", 5).await;
    assert_eq!(team.count("callSegments").await, 2);
    let call = segment(&site, "1000").await;
    assert_eq!(
        team.post(&format!("callSegments/{call}/hold"), "").await,
        403
    );
    assert_eq!(
        team.post(&format!("callSegments/{call}/hangup"), "").await,
        204
    );

    let guest = Person::new(&site, "1004").await;
    assert_eq!(guest.count("extensions").await, 1);
    assert_eq!(
        guest.post("extensions/getByName/1004/enableDnd", "").await,
        403
    );
    assert_eq!(guest.status("callHistory").await, 403);
    assert_eq!(
        guest
            .post(
                "queues/getByName/5001/login",
                r#"{"extensionNumber":"1004"}"#
            )
            .await,
        403
    );
    let body = r#"{"destination":"9196"}"#;
    assert_eq!(
        guest
            .post("extensions/getByName/1004/originate", body)
            .await,
        204
    );
    site.world.pass(5).await;
    let said = site.session(&guest.cookie).await;
    let said: Value = serde_json::from_str(&said.body).unwrap();
    assert_eq!(
        (&said["rights"], &said["callHistory"]),
        (&json!([]), &json!(false))
    );
    let own = guest.get("extensions/getByName/1004").await;
    assert_eq!(own["rights"], json!(["see", "calls", "call"]));
}

/// Events of what somebody does not see are not told, and a page inside the panel is told of its user alone.
#[tokio::test(flavor = "multi_thread")]
async fn events_are_those_one_may_see() {
    let site = site_with(|config| {
        config.crm = Some(Crm::own_card());
        config.groups = vec![group("default", &[], Rights::NONE)];
    })
    .await;
    site.world.phones(&["1000", "1001", "1002"]).await;
    let here = "http://localhost";
    let (ana, bo) = (
        Person::new(&site, "1000").await,
        Person::new(&site, "1001").await,
    );
    let said = site.session(&ana.cookie).await;
    let said: Value = serde_json::from_str(&said.body).unwrap();
    assert_eq!(said["crm"]["event"], "link");
    let mut stranger = site
        .events(here, &Person::new(&site, "1003").await.cookie)
        .await
        .unwrap();
    let mut one = site.events(here, &ana.cookie).await.unwrap();
    let mut two = site.events(here, &bo.cookie).await.unwrap();
    let mut card = site
        .events_at("/panel/events/own", here, &ana.cookie)
        .await
        .unwrap();
    assert_eq!(
        site.events_at("/panel/events/own", "http://evil.example", &ana.cookie)
            .await
            .err(),
        Some(403)
    );
    assert_eq!(
        site.events_at("/panel/events/own", here, "").await.err(),
        Some(401)
    );
    let types = |events: &[Value]| -> Vec<String> {
        let types = events
            .iter()
            .map(|event| event["type"].as_str().unwrap().to_owned());
        // What devices do is told as well.
        types.filter(|kind| !kind.ends_with("State")).collect()
    };
    let own = |event: &Value, user: &str| {
        ["username", "username1", "username2"]
            .iter()
            .any(|name| event[*name] == user)
    };

    site.world.call(0, "1001", 5).await;
    let told = site.world.told(&mut one).await;
    assert_eq!(types(&told), ["dial", "dialEnd", "link"]);
    assert_eq!(
        types(&site.world.told(&mut two).await),
        ["dial", "dialEnd", "link"]
    );
    let on_card = site.world.told(&mut card).await;
    assert_eq!(types(&on_card), ["dial", "dialEnd", "link"]);
    assert!(
        on_card.iter().all(|event| own(event, "1000")),
        "{on_card:?}"
    );
    assert_eq!(site.world.told(&mut stranger).await, Vec::<Value>::new());

    // Who comes later is told how it ends, of both sides; the card only of its own.
    let mut late = site.events(here, &ana.cookie).await.unwrap();
    late.filter(&[("type", "hangup")]).await;
    let theirs = segment(&site, "1001").await;
    // Bo sends Ana on to an echo nobody else has to know of.
    let mine = segment(&site, "1000").await;
    let body = r#"{"destination":"9196"}"#;
    assert_eq!(
        bo.post(&format!("callSegments/{mine}/transfer"), body)
            .await,
        204
    );
    site.world.pass(3).await;
    let told = site.world.told(&mut late).await;
    assert_eq!(types(&told), ["hangup"]);
    assert_eq!(told[0]["callSegmentId"], theirs.as_str());
    site.world.hang_up(0).await;
    let told = site.world.told(&mut card).await;
    assert!(told.iter().all(|event| own(event, "1000")), "{told:?}");
    assert_eq!(types(&site.world.told(&mut late).await), ["hangup"]);
    // What became of the call is none of Bo's business any more.
    let after = site.world.told(&mut two).await;
    let hangups = after.iter().filter(|event| event["type"] == "hangup");
    let whose: Vec<_> = hangups
        .map(|event| event["callSegmentId"].as_str().unwrap())
        .collect();
    assert!(whose.contains(&theirs.as_str()), "{after:?}");
    assert!(
        !after.iter().any(|event| event["type"] == "dial"),
        "{after:?}"
    );
    assert_eq!(site.world.told(&mut stranger).await, Vec::<Value>::new());

    // Between others nothing is told at all.
    site.world.call(2, "1001", 5).await;
    assert_eq!(
        types(&site.world.told(&mut one).await)
            .iter()
            .filter(|kind| *kind == "link")
            .count(),
        0
    );
    assert!(types(&site.world.told(&mut two).await).contains(&"link".to_owned()));
    assert_eq!(site.world.told(&mut stranger).await, Vec::<Value>::new());
}
