//! The Configuration API (event-api.md §6, §8, §11.9, §11.10).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use jackfield_door_isymphony::Place;
use serde_json::{Value, json};
use support::{World, http, world, world_with};

async fn empty() -> World {
    world_with(|_| {}).await
}

/// A core server; its id.
async fn core(world: &World) -> String {
    let body =
        r#"{"slug":"default","name":"default","brokerHost":"localhost","brokerPort":"50000"}"#;
    world
        .done("POST", "rest/config/server/coreServers/", body)
        .await;
    let core = world
        .get("rest/config/server/coreServers/getBySlug/default")
        .await;
    core["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_sees_404_and_then_what_it_made() {
    let world = empty().await;
    let by_slug = "api/resource/server/coreServers/getBySlug/default";
    let text = world.refused("GET", by_slug, "", 404).await;
    assert_eq!(text, "No core server with the given slug exists.");
    let id = core(&world).await;
    let found = world.get(by_slug).await;
    assert_eq!(found["id"], id.as_str());
    assert_eq!(found["brokerPort"], "50000");
    assert_eq!(
        world
            .get("rest/config/server/coreServers")
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let again = r#"{"slug":"default"}"#;
    let text = world
        .refused("POST", "rest/config/server/coreServers", again, 409)
        .await;
    assert_eq!(text, "A core server with the given slug already exists.");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_and_conflicts_have_their_statuses() {
    let world = empty().await;
    let core = core(&world).await;
    let groups = format!("rest/config/asterisk/{core}/extensionGroups");
    assert_eq!(
        world.refused("POST", &groups, "{", 412).await,
        "Invalid JSON."
    );
    assert_eq!(
        world.refused("POST", &groups, "[]", 412).await,
        "Invalid JSON."
    );
    assert_eq!(
        world.refused("POST", &groups, "{}", 412).await,
        "No displayName provided."
    );
    world
        .done("POST", &groups, r#"{"id":"g1","displayName":"Sales"}"#)
        .await;
    let same_id = r#"{"id":"g1","displayName":"Other"}"#;
    assert_eq!(
        world.refused("POST", &groups, same_id, 409).await,
        "An extension group with the given id already exists."
    );
    let same_name = r#"{"displayName":"Sales"}"#;
    assert_eq!(
        world.refused("POST", &groups, same_name, 409).await,
        "An extension with the given displayName already exists."
    );
    world
        .done("POST", &groups, r#"{"id":"g2","displayName":"Other"}"#)
        .await;
    world
        .refused("PUT", &format!("{groups}/g2"), same_name, 409)
        .await;
    world
        .refused("PUT", &format!("{groups}/g2"), "{", 412)
        .await;
    world
        .refused("PUT", &format!("{groups}/g3"), "{}", 404)
        .await;
    world
        .refused("GET", "rest/config/asterisk/nowhere/queues", "", 404)
        .await;
    world.refused("GET", "rest/config/nothing", "", 404).await;
    let reply = world.ask("DELETE", "rest/config/server/brand", "").await;
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET")));
    world.done("DELETE", &format!("{groups}/g2/"), "").await;
    let left = world.get(&groups).await;
    assert_eq!(
        left,
        json!([{"displayName": "Sales", "id": "g1", "publicGroup": false}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_is_changed_in_part_and_put_back_whole() {
    let world = empty().await;
    let core = core(&world).await;
    let extensions = format!("rest/config/asterisk/{core}/extensions");
    let body = r#"{"id":"e1","extension":"201","displayName":"Ana","peer":"SIP\/201","agentPenalty":"3","autoAnswer":true,"nonsense":1}"#;
    world.done("POST", &format!("{extensions}/"), body).await;
    let one = format!("{extensions}/e1");
    let made = world.get(&one).await;
    assert_eq!(made["peer"], "SIP/201");
    assert_eq!(made["agentPenalty"], 3);
    assert_eq!(made["permissionDisplayName"], "Ana <201>");
    assert_eq!(made["permissionId"], "e1");
    assert_eq!(made["autoAnswer"], true);
    assert!(made.get("nonsense").is_none());
    world
        .done(
            "PUT",
            &one,
            r#"{"displayName":"Ann","id":"other","permissionId":"other"}"#,
        )
        .await;
    let mut changed = made.clone();
    changed["displayName"] = "Ann".into();
    changed["permissionDisplayName"] = "Ann <201>".into();
    assert_eq!(world.get(&one).await, changed);
    world.done("PUT", &one, &changed.to_string()).await;
    assert_eq!(world.get(&one).await, changed);
    // A number another one has.
    world
        .done("POST", &extensions, r#"{"extension":"202"}"#)
        .await;
    assert_eq!(
        world
            .refused("PUT", &one, r#"{"extension":"202"}"#, 409)
            .await,
        "An extension with the given extension already exists."
    );
    // In the order in which they were made, whatever their ids.
    let all = world.get(&extensions).await;
    let numbers: Vec<&Value> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["extension"])
        .collect();
    assert_eq!(numbers, ["201", "202"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_passwords_and_whose_an_extension_is() {
    let world = empty().await;
    let core = core(&world).await;
    let users = format!("rest/config/core/{core}/users");
    const HASH: &str = "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8";
    world
        .done(
            "POST",
            &users,
            r#"{"id":"u1","username":"ana","password":"password"}"#,
        )
        .await;
    let hashed = format!(r#"{{"id":"u2","username":"bo","password":"{HASH}"}}"#);
    world
        .done("POST", &format!("{users}/noHash"), &hashed)
        .await;
    for id in ["u1", "u2"] {
        assert_eq!(world.get(&format!("{users}/{id}")).await["password"], HASH);
    }
    assert_eq!(
        world.get(&format!("{users}/getByUsername/bo")).await["id"],
        "u2"
    );
    world
        .done(
            "PUT",
            &format!("{users}/noHash/u2"),
            r#"{"password":"abc"}"#,
        )
        .await;
    assert_eq!(world.get(&format!("{users}/u2")).await["password"], "abc");

    let extensions = format!("rest/config/asterisk/{core}/extensions");
    world
        .done("POST", &extensions, r#"{"id":"e1","extension":"201"}"#)
        .await;
    let managing = format!("{extensions}/e1/managingUser");
    world.refused("GET", &managing, "", 404).await;
    world.refused("DELETE", &managing, "", 404).await;
    world
        .refused("POST", &managing, r#"{"id":"nobody"}"#, 404)
        .await;
    let whole = world.get(&format!("{users}/u1")).await;
    world.done("POST", &managing, &whole.to_string()).await;
    assert_eq!(world.get(&managing).await, whole);
    world.done("POST", &managing, r#"{"username":"bo"}"#).await;
    assert_eq!(world.get(&managing).await["id"], "u2");
    // What is bound to somebody is bound to nobody when they go.
    world.done("DELETE", &format!("{users}/u2"), "").await;
    world.refused("GET", &managing, "", 404).await;

    let groups = format!("rest/config/asterisk/{core}/extensionGroups");
    world
        .done("POST", &groups, r#"{"id":"g","displayName":"Sales"}"#)
        .await;
    let members = format!("{groups}/g/extensions");
    world.done("POST", &members, r#"{"id":"e1"}"#).await;
    world.refused("POST", &members, r#"{"id":"e1"}"#, 409).await;
    world.refused("POST", &members, r#"{"id":"e2"}"#, 404).await;
    assert_eq!(world.get(&members).await[0]["extension"], "201");
    world.done("DELETE", &format!("{extensions}/e1"), "").await;
    assert_eq!(world.get(&members).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_agents_contacts_and_licences() {
    let world = empty().await;
    let core = core(&world).await;
    let settings = format!("rest/config/asterisk/{core}");
    assert_eq!(world.get(&settings).await["musicOnHoldClass"], "default");
    let body = r#"{"originatingContext":"from-internal","parkedCallTimeout":45}"#;
    world.done("PUT", &settings, body).await;
    let kept = world.get(&settings).await;
    assert_eq!(
        (&kept["originatingContext"], &kept["parkedCallTimeout"]),
        (&json!("from-internal"), &json!(45))
    );

    let agent = "rest/config/asterisk/voicemailAgents/local-vm";
    assert_eq!(world.get(agent).await["resourceExtension"], "wav");
    world
        .done("PUT", agent, r#"{"rootPath":"\/var\/spool"}"#)
        .await;
    let kept = world.get(agent).await;
    assert_eq!(
        (&kept["rootPath"], &kept["resourceExtension"]),
        (&json!("/var/spool"), &json!("wav"))
    );
    assert!(
        world
            .get("rest/config/asterisk/recordingAgents/local-rec")
            .await
            .get("fileNameMask")
            .is_some()
    );
    let identifiers = format!("rest/config/asterisk/{core}/voicemailAgentIdentifiers");
    assert_eq!(world.get(&identifiers).await, json!([]));
    world.done("POST", &identifiers, "\"local-vm\"").await;
    world.refused("POST", &identifiers, "{}", 412).await;
    assert_eq!(world.get(&identifiers).await, json!(["local-vm"]));
    world
        .done("DELETE", &format!("{identifiers}/local-vm"), "")
        .await;

    world
        .done(
            "POST",
            &format!("rest/config/core/{core}/users"),
            r#"{"id":"u","username":"ana"}"#,
        )
        .await;
    let contact = format!("rest/config/contact/{core}/users/u");
    world.refused("GET", &contact, "", 404).await;
    world.done("PUT", &contact, r#"{"firstName":"Ana"}"#).await;
    world.done("PUT", &contact, r#"{"lastName":"Ruiz"}"#).await;
    let kept = world.get(&contact).await;
    assert_eq!(
        (&kept["firstName"], &kept["lastName"]),
        (&json!("Ana"), &json!("Ruiz"))
    );
    let numbers = format!("{contact}/phoneNumbers");
    world
        .done(
            "POST",
            &numbers,
            r#"{"id":"n","type":"Work","number":"201"}"#,
        )
        .await;
    assert_eq!(
        world.get(&numbers).await,
        json!([{"id": "n", "number": "201", "type": "Work"}])
    );
    world.done("DELETE", &format!("{numbers}/n"), "").await;
    world
        .refused(
            "GET",
            &format!("rest/config/contact/{core}/users/x/emailAddresses"),
            "",
            404,
        )
        .await;

    let license = format!("rest/config/server/coreServers/{core}/license");
    assert_eq!(world.get(&license).await["clientConnections"], -1);
    assert_eq!(
        world.get(&format!("{license}/moduleLicenses")).await,
        json!([])
    );
    world
        .done("POST", &format!("{license}/activate"), "\"123\"")
        .await;
    assert_eq!(
        world.get("rest/config/server/brand").await["name"],
        "Jackfield"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hashes_can_be_hidden() {
    let world = world_with(|config| config.expose_password_hash = false).await;
    let admins = "rest/config/server/administrators";
    world
        .done(
            "POST",
            &format!("{admins}/noHash"),
            r#"{"id":"a","userName":"root","password":"abc","superUser":true}"#,
        )
        .await;
    let shown = world.get(admins).await;
    assert_eq!(
        shown,
        json!([{"id": "a", "password": "", "superUser": true, "userName": "root"}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_survives_and_live_ids_do_not() {
    let folder = std::env::temp_dir().join(format!("jackfield-panel-{}", std::process::id()));
    let opened = async || {
        let place = store::Place::File(folder.join("isymphony.db"));
        let store = store::Store::open(&place, store::Limits::default()).await;
        Place::Server(store.unwrap())
    };
    let place = opened().await;
    let first = world_with(|config| config.place = place).await;
    let core = core(&first).await;
    let extensions = format!("rest/config/asterisk/{core}/extensions");
    first
        .done("POST", &extensions, r#"{"id":"e1","extension":"201"}"#)
        .await;
    first
        .done("POST", &extensions, r#"{"id":"e2","extension":"202"}"#)
        .await;
    first
        .done(
            "PUT",
            &format!("{extensions}/e1"),
            r#"{"displayName":"Ana"}"#,
        )
        .await;
    first.done("DELETE", &format!("{extensions}/e2"), "").await;
    let live = "rest/live/coreServers/getByName/default/extensions";
    let before = first.get(&format!("{live}/getByName/201")).await;
    first.door.drain(std::time::Duration::from_secs(5)).await;
    drop(first);

    let place = opened().await;
    let second = world_with(|config| config.place = place).await;
    let kept = second.get(&extensions).await;
    assert_eq!(kept.as_array().unwrap().len(), 1);
    assert_eq!(
        (&kept[0]["id"], &kept[0]["displayName"]),
        (&json!("e1"), &json!("Ana"))
    );
    let after = second.get(&format!("{live}/getByName/201")).await;
    assert_eq!(before["configurationId"], after["configurationId"]);
    assert_ne!(before["id"], after["id"]);
    let old = before["id"].as_str().unwrap();
    second
        .refused("GET", &format!("{live}/{old}"), "", 404)
        .await;
    second
        .done("POST", &extensions, r#"{"id":"e2","extension":"202"}"#)
        .await;
    std::fs::remove_dir_all(folder).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_installation_has_everybody_of_the_directory() {
    let world = world().await;
    let core = world
        .get("rest/config/server/coreServers/getBySlug/default")
        .await;
    let core = core["id"].as_str().unwrap();
    let extensions = world
        .get(&format!("rest/config/asterisk/{core}/extensions"))
        .await;
    assert_eq!(extensions.as_array().unwrap().len(), 20);
    assert_eq!(
        extensions[0]["permissionDisplayName"],
        "Extension 1000 <1000>"
    );
    let id = extensions[1]["id"].as_str().unwrap();
    let user = world
        .get(&format!(
            "rest/config/asterisk/{core}/extensions/{id}/managingUser"
        ))
        .await;
    assert_eq!(user["username"], "1001");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_get_different_objects() {
    let world = empty().await;
    let core = core(&world).await;
    let address = world.door.local_addrs()[0];
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..40 {
        let path = format!("/communication_manager/rest/config/asterisk/{core}/extensions");
        // Each number twice.
        let body = format!(r#"{{"extension":"{}"}}"#, number / 2);
        tasks.spawn(async move { http(address, "POST", &path, &body).await.status });
    }
    let mut statuses: Vec<u16> = tasks.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [[204; 20], [409; 20]].concat());
    let all = world
        .get(&format!("rest/config/asterisk/{core}/extensions"))
        .await;
    assert_eq!(all.as_array().unwrap().len(), 20);
}
