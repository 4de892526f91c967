use store::{Limits, Place};

use super::*;

const NEVER: Timestamp = Timestamp(i64::MAX);

fn kept(key: &str) -> KeptBinding {
    let address = |text: &str| text.parse().unwrap();
    KeptBinding {
        key: key.into(),
        serial: 7,
        profile: "internal".into(),
        user: "1000".into(),
        domain: "example.org".into(),
        realm: "sip.example.org".into(),
        contact: "\"Änne\" <sip:1000@192.0.2.1;transport=tcp>".into(),
        contact_uri: "sip:1000@192.0.2.1;transport=tcp".into(),
        q: 999,
        call_id: "call".into(),
        cseq: u32::MAX,
        transport: Transport::Tcp,
        local: address("192.0.2.9:5060"),
        source: address("192.0.2.1:40000"),
        way: address("[2001:db8::1]:5060"),
        path: vec!["<sip:a;lr>".into(), "<sip:b;lr>".into()],
        user_agent: "Phone/1".into(),
        instance: Some("urn:uuid:1;1".into()),
        refreshed: Timestamp(5),
        expires: NEVER,
    }
}

#[tokio::test]
async fn what_the_switch_said_last_is_found() {
    let store = Store::open(&Place::Memory, Limits::default())
        .await
        .unwrap();
    let udp = KeptBinding {
        transport: Transport::Udp,
        path: Vec::new(),
        instance: None,
        ..kept("b")
    };
    let tls = KeptBinding {
        transport: Transport::Tls,
        ..kept("e")
    };
    let over = KeptBinding {
        expires: Timestamp(6),
        ..kept("c")
    };
    let notes = [
        BindingNote::Keep(Box::new(kept("a"))),
        BindingNote::Keep(Box::new(udp.clone())),
        BindingNote::Keep(Box::new(over)),
        BindingNote::Keep(Box::new(tls.clone())),
        BindingNote::Keep(Box::new(kept("d"))),
        BindingNote::Forget("d".into()),
    ];
    let changes = notes.into_iter().map(change).collect();
    store.change_bindings(changes).await.unwrap();
    assert_eq!(find(&store).await.unwrap(), [kept("a"), udp, tls]);
}

#[tokio::test]
async fn what_somebody_else_wrote_is_left_out() {
    let store = Store::open(&Place::Memory, Limits::default())
        .await
        .unwrap();
    let BindingChange::Put(row) = change(BindingNote::Keep(Box::new(kept("a")))) else {
        panic!("it is to be kept");
    };
    let mut rows = vec![row.clone(); 3];
    rows[0].way = "nowhere".into();
    rows[1].transport = "pigeon".into();
    rows[2].cseq = -1;
    for (row, id) in rows.into_iter().zip(["x", "y", "z"]) {
        let row = Box::new(Binding {
            id: id.into(),
            ..*row
        });
        let put = BindingChange::Put(row);
        store.change_bindings(vec![put]).await.unwrap();
    }
    let put = BindingChange::Put(row);
    store.change_bindings(vec![put]).await.unwrap();
    assert_eq!(find(&store).await.unwrap(), [kept("a")]);
}
