//! The panel page's way in: signing in and out, what a cookie opens, and who is kept out.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use serde_json::{Value, json};
use support::{http_as, site};

const LIVE: &str = "rest/live/coreServers/getByName/default";

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_is_told_who_it_is_until_the_end() {
    let site = site().await;
    let mut follower = site.world.client().await;
    follower
        .filter(&[("type", "login"), ("type", "logout")])
        .await;
    assert_eq!(site.session("").await.status, 401);
    let cookie = site.cookie("1001", "1234").await;
    let reply = site.session(&cookie).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let said: Value = serde_json::from_str(&reply.body).unwrap();
    let extension = site
        .world
        .get(&format!("{LIVE}/extensions/getByName/1001"))
        .await;
    let user = site
        .world
        .get(&format!("{LIVE}/users/getByName/1001"))
        .await;
    let core = site.world.get(LIVE).await;
    assert_eq!(said["username"], "1001");
    assert_eq!(said["displayName"], user["displayedName"]);
    assert_eq!(said["userId"], user["id"]);
    assert_eq!(said["extensionIds"], json!([extension["id"]]));
    let server = json!({"id": core["id"], "slug": "default", "name": core["name"]});
    assert_eq!(said["coreServer"], server);

    let login = follower.next().await;
    let expected = json!({
        "type": "userLogin", "time": login["time"], "coreServerId": core["id"], "userId": user["id"], "username": "1001",
        "userLoginId": said["userLoginId"], "ip": "127.0.0.1", "port": site.address.port(),
    });
    assert_eq!(login, expected);

    let gone = site.ask("DELETE", "/panel/session", &cookie, "").await;
    assert_eq!(gone.status, 204);
    assert!(gone.header("set-cookie").unwrap().ends_with("Max-Age=0"));
    let logout = follower.next().await;
    assert_eq!(logout["type"], "userLogout");
    assert_eq!(logout["userLoginId"], said["userLoginId"]);
    assert_eq!(site.session(&cookie).await.status, 401);
    assert_eq!(
        site.events("http://localhost", &cookie).await.err(),
        Some(401)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_of_a_user_are_told_to_programs_and_to_that_user() {
    let site = site().await;
    let cookie = site.cookie("1001", "1234").await;
    let said: Value = serde_json::from_str(&site.session(&cookie).await.body).unwrap();
    let path = |user: &str| format!("coreServers/getByName/default/users/getByName/{user}/logins");
    let logins = site.world.get(&format!("rest/live/{}", path("1001"))).await;
    let time = logins[0]["time"].as_i64().unwrap();
    assert!(time > 1_700_000_000_000);
    let one = json!({"id": said["userLoginId"], "ip": "127.0.0.1", "port": site.address.port(), "time": time});
    assert_eq!(logins, json!([one]));
    let none = site.world.get(&format!("rest/live/{}", path("1002"))).await;
    assert_eq!(none, json!([]));
    let own = format!("/panel/live/{}", path("1001"));
    let own = site.ask("GET", &own, &cookie, "").await;
    assert_eq!(serde_json::from_str::<Value>(&own.body).unwrap(), logins);
    let other = format!("/panel/live/{}", path("1002"));
    assert_eq!(site.ask("GET", &other, &cookie, "").await.status, 403);
    site.ask("DELETE", "/panel/session", &cookie, "").await;
    let ended = site.world.get(&format!("rest/live/{}", path("1001"))).await;
    assert_eq!(ended, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_says_where_they_are() {
    let site = site().await;
    let cookie = site.cookie("1001", "1234").await;
    let mut follower = site.world.client().await;
    follower.filter(&[("type", "userStatus")]).await;
    let say = async |body: &str| {
        site.ask("POST", "/panel/status", &cookie, body)
            .await
            .status
    };
    let body = r#"{"statusType":"away","note":"back soon","returnTime":1900000000000}"#;
    assert_eq!(say(body).await, 204);
    let told = follower.next().await;
    let user = site
        .world
        .get(&format!("{LIVE}/users/getByName/1001"))
        .await;
    assert_eq!(told["userId"], user["id"]);
    let status = json!({
        "name": "Away", "statusType": "away", "note": "back soon", "returnTime": 1_900_000_000_000_i64, "userCreated": false,
    });
    for (member, value) in status.as_object().unwrap() {
        assert_eq!(&told[member], value, "{member}");
    }
    assert_eq!(user["status"], status);
    assert_eq!(say(r#"{"statusType":"sleepy"}"#).await, 412);
    assert_eq!(say("{").await, 412);
    let long = format!(r#"{{"statusType":"chat","note":"{}"}}"#, "x".repeat(3_000));
    assert_eq!(say(&long).await, 412);
    assert_eq!(say(&format!("\"{}\"", "x".repeat(5_000))).await, 413);
    let nobody = site.ask("POST", "/panel/status", "", body).await;
    assert_eq!(nobody.status, 401);
    let stranger = site
        .world
        .get(&format!("{LIVE}/users/getByName/1001"))
        .await;
    assert_eq!(
        stranger["status"], status,
        "what was refused changed nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_opens_both_interfaces() {
    let site = site().await;
    let cookie = site.cookie("1001", "1234").await;
    let core = site.world.get(LIVE).await;
    let live = format!("/panel/live/coreServers/{}", core["id"].as_str().unwrap());
    let read = async |path: &str| {
        let reply = site.ask("GET", path, &cookie, "").await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        serde_json::from_str::<Value>(&reply.body).unwrap()
    };
    let mut own = read(&format!("{live}/extensions")).await;
    for extension in own.as_array_mut().unwrap() {
        // What may be done to it programs are not told: they may do everything.
        let rights = extension.as_object_mut().unwrap().remove("rights").unwrap();
        let is_own = extension["extensionNumber"] == "1001";
        assert_eq!(
            rights.as_array().unwrap().len(),
            if is_own { 16 } else { 3 }
        );
    }
    assert_eq!(own, site.world.get(&format!("{LIVE}/extensions")).await);
    assert_eq!(
        read("/panel/live/coreServers/getByName/default").await,
        core
    );
    for path in [
        "/panel/live/coreServers",
        "/panel/live/coreServers/getByName/other/users",
        "/panel/live/x",
    ] {
        assert_eq!(
            site.ask("GET", path, &cookie, "").await.status,
            404,
            "{path}"
        );
    }
    let no_such = site
        .ask("PUT", &format!("{live}/extensions"), &cookie, "{}")
        .await;
    assert_eq!(no_such.status, 405);

    // The client of the tests says that it was led to `localhost`.
    let mut client = site.events("http://localhost", &cookie).await.unwrap();
    client.filter(&[("type", "extensionDnd")]).await;
    let on = format!("{live}/extensions/getByName/1001/enableDnd");
    assert_eq!(site.ask("POST", &on, &cookie, "").await.status, 204);
    let told = client.next().await;
    assert_eq!(
        (&told["type"], &told["enabled"]),
        (&json!("extensionDnd"), &json!(true))
    );
    let shown = read(&format!("{live}/extensions/getByName/1001")).await;
    assert_eq!(
        (&shown["dnd"], &shown["userId"]),
        (&json!(true), &told["userId"])
    );

    // Sockets end with the login.
    site.ask("DELETE", "/panel/session", &cookie, "").await;
    let (_, end) = client.rest().await;
    assert_eq!(end, Some((1000, "signed out".to_owned())));
    assert_eq!(site.ask("POST", &on, &cookie, "").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_others_are_kept_out() {
    let site = site().await;
    let cookie = site.cookie("1001", "1234").await;
    let act = "/panel/live/coreServers/getByName/default/extensions/getByName/1001/enableDnd";
    let with = async |method: &str, path: &str, headers: String, body: &str| {
        http_as(site.address, method, path, &headers, body)
            .await
            .status
    };
    let shown = format!("Cookie: {cookie}\r\n");
    let evil = format!("{shown}Origin: http://evil.example\r\n");
    let body = json!({"username": "1001", "password": "1234"}).to_string();
    for headers in [&shown, &evil] {
        assert_eq!(
            with("POST", "/panel/session", headers.clone(), &body).await,
            403
        );
        assert_eq!(
            with("DELETE", "/panel/session", headers.clone(), "").await,
            403
        );
        assert_eq!(with("POST", act, headers.clone(), "").await, 403);
    }
    assert_eq!(with("GET", "/panel/session", evil.clone(), "").await, 403);
    assert_eq!(with("GET", "/panel/session", shown.clone(), "").await, 200);
    assert_eq!(
        site.events("http://evil.example", &cookie).await.err(),
        Some(403)
    );
    // A name that was led here.
    let rebound = format!("{shown}Host: rebound.example\r\nOrigin: http://rebound.example\r\n");
    assert_eq!(
        with("GET", "/panel/session", rebound, "").await,
        403,
        "two hosts"
    );
    let nobody = site.events(
        "http://localhost",
        "jackfield_panel=00112233445566778899aabbccddeeff",
    );
    assert_eq!(nobody.await.err(), Some(401));
    assert_eq!(site.session(&cookie).await.status, 200, "nobody was harmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_sign_in_is_refused() {
    let site = site().await;
    for (body, expected) in [
        ("", "Invalid JSON."),
        ("[]", "No username provided."),
        (
            "{\"username\":7,\"password\":\"x\"}",
            "No username provided.",
        ),
        ("{\"username\":\"1001\"}", "No password provided."),
        (
            "{\"username\":\"1001\",\"password\":\"\"}",
            "No password provided.",
        ),
    ] {
        let reply = site.ask("POST", "/panel/session", "", body).await;
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (412, expected),
            "{body}"
        );
    }
    let long = format!("{{\"username\":\"{}\"}}", "x".repeat(5000));
    assert_eq!(
        site.ask("POST", "/panel/session", "", &long).await.status,
        413
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_count_and_lock_out_nobody_else() {
    let site = site().await;
    let before = site.cookie("1001", "1234").await;
    let mut last = 401;
    for _ in 0..100 {
        let reply = site.sign_in("1001", "wrong").await;
        last = reply.status;
        if last == 429 {
            break;
        }
        assert_eq!(
            (last, reply.body.as_str()),
            (401, "The user or the password is not right.")
        );
    }
    assert_eq!(last, 429);
    assert_eq!(site.sign_in("1001", "1234").await.status, 429);
    assert_eq!(site.sign_in("nobody", "1234").await.status, 429);
    assert_eq!(
        site.session(&before).await.status,
        200,
        "who is in stays in"
    );
    // Programs beside the page go on.
    site.world.get(LIVE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_ones_own_replaces_that_of_the_directory() {
    let site = site().await;
    let before = site.cookie("1001", "1234").await;
    let (core, user) = site.user("1001").await;
    let path = format!("rest/config/core/{core}/users/{user}");
    site.world
        .done("PUT", &path, "{\"password\":\"secret\"}")
        .await;
    assert_eq!(
        site.session(&before).await.status,
        401,
        "one has to sign in anew"
    );
    assert_eq!(site.sign_in("1001", "1234").await.status, 401);
    let cookie = site.cookie("1001", "secret").await;
    site.world.done("PUT", &path, "{\"enabled\":false}").await;
    assert_eq!(site.session(&cookie).await.status, 401);
    assert_eq!(site.sign_in("1001", "secret").await.status, 401);
}
