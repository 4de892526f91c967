use super::*;

const XML: &str = r#"<configuration><location name="Office"><tenants><tenant name="Main">
  <extensions>
    <extension><extension_val>201</extension_val><name>Ana</name><peer>SIP/201</peer><auto_answer>1</auto_answer>
      <agent_login_penalty>3</agent_login_penalty><email>ana@example.org</email><cell_phone>600</cell_phone></extension>
    <extension extension_val="202" name="Bo" ring_tone="x"/>
    <extension name="nobody"/>
  </extensions>
  <profile name="ana" password="secret" can_view_everyone_directory="1"><managed_extensions>201, 209</managed_extensions></profile>
  <queue name="Support" queue_val="5001" extension_val="5001" context="from-internal"/>
  <conference_room name="Main" room_number="3000" record="1"/>
  <parking_lot name="lot"/>
  <statuses><status name="Lunch" type="away"/></statuses>
  <permission_group name="all"/>
</tenant></tenants></location></configuration>"#;

fn store() -> Place {
    Place::Memory
}

#[tokio::test]
async fn a_second_import_writes_nothing() {
    let limits = store::Limits::default();
    let kept = store::Store::open(&store::Place::Memory, limits)
        .await
        .unwrap();
    let place = Place::Server(kept);
    let first = version_2(XML).unwrap().write(&place).await.unwrap();
    // Core server, two extensions, user, queue, room, lot, binding, address, number.
    assert_eq!(
        first,
        Outcome {
            made: 10,
            changed: 0,
            unchanged: 0
        }
    );
    let second = version_2(XML).unwrap().write(&place).await.unwrap();
    assert_eq!(
        second,
        Outcome {
            made: 0,
            changed: 0,
            unchanged: 10
        }
    );
    let other = XML.replace("\"Bo\"", "\"Bob\"");
    let third = version_2(&other).unwrap().write(&place).await.unwrap();
    assert_eq!((third.made, third.changed), (0, 1));

    let configuration = Configuration::open(&place).await.unwrap();
    let objects = configuration.now();
    let core = objects
        .having(Kind::CoreServer, "", "slug", "default")
        .unwrap();
    let ana = objects
        .having(Kind::Extension, &core.id, "extension", "201")
        .unwrap();
    assert_eq!(
        (
            ana.flag("autoAnswer"),
            ana.number("agentPenalty"),
            ana.text("peer")
        ),
        (true, 3, "SIP/201")
    );
    let user = objects.managing_user(ana).unwrap();
    assert_eq!(user.text("password").len(), 40);
    assert_eq!(
        objects
            .of(Kind::EmailAddress, &user.id)
            .next()
            .unwrap()
            .text("address"),
        "ana@example.org"
    );
    let room = objects
        .having(Kind::ConferenceRoom, &core.id, "identifier", "3000")
        .unwrap();
    assert_eq!(room.text("name"), "Main");
}

#[tokio::test]
async fn what_is_left_out_is_said() {
    let mut read = version_2(XML).unwrap();
    read.write(&store()).await.unwrap();
    let said = read.notes.left_out.join("\n");
    for left in [
        "extension nobody: No extension provided.",
        "extension: ringtone",
        "permissiongroup",
        "can_view_everyone_directory",
        "profile ana: there is no extension 209",
    ] {
        assert!(
            said.contains(left) || said.contains(&left.replace("ringtone", "ring_tone")),
            "{left}: {said}"
        );
    }
    assert_eq!(read.panel.statuses.len(), 1);
    assert!(!said.contains("secret") && !read.notes.understood.join("").contains("secret"));
}

#[test]
fn json_says_the_same_and_tenants_have_names() {
    let json = r#"{"locations": [{"name": "Office", "tenants": [
        {"name": "Main Street", "extensions": [{"extension_val": 201, "name": "Ana", "auto_answer": true}],
         "profiles": [{"name": "ana", "managed_extensions": ["201", "202"]}]},
        {"name": "Other", "queues": [{"queue_val": "1", "name": "q"}]},
        {"name": "other"}]}]}"#;
    let read = version_2(json).unwrap();
    let slugs: Vec<&str> = read.cores.iter().map(|core| core.slug.as_str()).collect();
    assert_eq!(slugs, ["main-street", "other"]);
    assert_eq!(read.cores[0].objects.len(), 2);
    assert_eq!(read.cores[0].bindings.len(), 2);
    assert_eq!(read.cores[1].objects[0].1["identifier"], "1");
    assert!(read.notes.left_out[0].starts_with("tenant other"));
}
