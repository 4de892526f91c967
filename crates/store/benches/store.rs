//! How many writes a second reach the disk, and how long 100,000 objects take to load. `cargo bench -p jackfield-store`;
//! `-- --folder FOLDER` says on which disk, `-- --postgres URL` in which empty database.

#![allow(clippy::unwrap_used, reason = "a measurement ends there")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jackfield_store::{
    Binding, BindingChange, CallDirection, CallRecord, CallSearch, Entry, Limits, NewObject,
    ObjectLimits, ObjectName, Owner, Place, Store, Unique,
};

const OBJECTS: usize = 100_000;

/// How long each kind of write goes on.
const SPAN: Duration = Duration::from_secs(3);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let after = |option: &str| {
        let at = words.iter().position(|word| word == option)?;
        words.get(at + 1).cloned()
    };
    let filters = words.first().filter(|word| !word.starts_with('-'));
    if filters.is_some_and(|filter| !"store".contains(filter.as_str())) {
        // It is another bench that is asked for.
        return;
    }
    let folder = after("--folder").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("jackfield-store-bench-{}", std::process::id()));
    let place = match after("--postgres") {
        Some(url) => Place::Postgres(url.parse().unwrap()),
        None => Place::File(folder.join("store.db")),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(measure(&place));
    std::fs::remove_dir_all(&folder).ok();
}

async fn measure(place: &Place) {
    let store = Store::open(place, Limits::default()).await.unwrap();
    for clients in [1, 16, 256] {
        let objects = store.objects(&format!("writes{clients}"), ObjectLimits::default());
        rate("objects made", clients, |client, number| {
            let objects = objects.clone();
            async move {
                let new = object(&format!("{client}-{number}"));
                objects.put_new(new).await.unwrap();
            }
        })
        .await;
    }
    store.open_account("a@b", Owner::Ours).await.unwrap();
    for clients in [1, 256] {
        rate("journal entries", clients, |client, number| {
            let store = store.clone();
            async move {
                let entry = entry(&format!("{client}-{number}"));
                assert!(store.append("a@b", 1, entry).await.unwrap());
            }
        })
        .await;
    }
    for together in [1, 250] {
        let began = Instant::now();
        let mut saved = 0_i64;
        while began.elapsed() < SPAN {
            let calls = (0..together).map(|n| call(&format!("{together}-{}", saved + n), saved));
            store.save_calls(calls.collect()).await.unwrap();
            saved += together;
        }
        let rate = saved as f64 / began.elapsed().as_secs_f64();
        println!("call records, {together:>3} together: {rate:>8.0} a second");
    }
    for together in [1, 250] {
        let began = Instant::now();
        let mut kept = 0_i64;
        while began.elapsed() < SPAN {
            // As many phones as refresh within a minute, again and again.
            let changes = (0..together).map(|n| binding((kept + n) % 10_000));
            store.change_bindings(changes.collect()).await.unwrap();
            kept += together;
        }
        let rate = kept as f64 / began.elapsed().as_secs_f64();
        println!("registrations, {together:>3} together: {rate:>8.0} a second");
    }
    let began = Instant::now();
    let found = store.bindings(0).await.unwrap().len();
    println!("{found} registrations loaded: {:?}", began.elapsed());
    let search = CallSearch {
        number: Some("1007".into()),
        limit: 100,
        ..CallSearch::default()
    };
    let began = Instant::now();
    let found = store.calls(search).await.unwrap().calls.len();
    println!(
        "a page of {found} call records by number: {:?}",
        began.elapsed()
    );
    load(&store, place).await;
}

/// Start-up: a program opens the store and reads all its objects.
async fn load(store: &Store, place: &Place) {
    let objects = store.objects("panel", ObjectLimits::default());
    let writers: Vec<_> = (0..256)
        .map(|writer| {
            let objects = objects.clone();
            tokio::spawn(async move {
                for number in (writer..OBJECTS).step_by(256) {
                    objects.put_new(object(&number.to_string())).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    store.close().await;
    let began = Instant::now();
    let store = Store::open(place, Limits::default()).await.unwrap();
    let opened = began.elapsed();
    let objects = store.objects("panel", ObjectLimits::default());
    let mut loading = objects.load_all().await.unwrap();
    let (mut count, mut bytes) = (0, 0);
    while let Some(object) = loading.next().await {
        bytes += object.unwrap().json.len();
        count += 1;
    }
    let loaded = began.elapsed();
    assert_eq!(count, OBJECTS);
    println!(
        "{count} objects of {} bytes: opened in {opened:?}, all there in {loaded:?}",
        bytes / count
    );
    store.close().await;
}

/// As many clients as said do one thing after the other, each waiting for its answer.
async fn rate<F>(what: &str, clients: usize, write: impl Fn(usize, usize) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let began = Instant::now();
    let (to, mut done) = tokio::sync::mpsc::channel(clients);
    let mut next = vec![0; clients];
    let start = |client: usize, number: usize| {
        let (to, written) = (to.clone(), write(client, number));
        tokio::spawn(async move {
            written.await;
            to.send(client).await.ok();
        });
    };
    (0..clients).for_each(|client| start(client, 0));
    let mut written = 0;
    let mut running = clients;
    while running > 0 {
        let client = done.recv().await.unwrap();
        written += 1;
        if began.elapsed() < SPAN {
            next[client] += 1;
            start(client, next[client]);
        } else {
            running -= 1;
        }
    }
    let rate = f64::from(written) / began.elapsed().as_secs_f64();
    println!("{what}, {clients:>3} clients: {rate:>8.0} a second");
}

fn object(id: &str) -> NewObject {
    let json = format!(
        r#"{{"id":"{id}","extension":"{id}","displayName":"Extension {id}","autoAnswer":false,"peer":"SIP/{id}","altOriginationMethod":"","agentName":"","agentLocation":"Local/{id}@from-queue/n","agentInterface":"SIP/{id}","agentPenalty":0,"agentPaused":false,"originatingContextOverride":"","redirectingContextOverride":"","originateTimeoutOverride":0,"voiceMailContext":"default","voiceMailBox":"{id}"}}"#
    );
    NewObject {
        name: ObjectName::new("extension", id),
        parent: None,
        unique: vec![Unique {
            member: "displayName".into(),
            scope: "k".into(),
            value: id.into(),
        }],
        json: json.into(),
    }
}

fn entry(id: &str) -> Entry {
    Entry {
        contact: "bob@example.net".into(),
        contact_key: "bob@example.net".into(),
        timestamp: "2026-03-01T09:15:30.120000+00:00".into(),
        wanted: vec!["display".to_owned()],
        message_id: id.into(),
        content_type: "text/plain".into(),
        content: "Lunch at noon? ".repeat(8).into(),
        direction: "incoming".to_owned(),
        state: None,
    }
}

fn call(uuid: &str, started: i64) -> CallRecord {
    CallRecord {
        uuid: uuid.into(),
        call_uuid: uuid.into(),
        other_uuid: None,
        direction: CallDirection::Inbound,
        caller_name: "Extension".into(),
        caller_number: format!("{}", 1_000 + started % 100).into(),
        callee_name: "".into(),
        callee_number: "".into(),
        destination: format!("{}", 2_000 + started % 1_000).into(),
        context: "default".into(),
        user: "1000@example.org".into(),
        account: "".into(),
        started,
        answered: Some(started),
        ended: started + 1,
        duration_s: 1,
        billed_s: 1,
        cause: "NORMAL_CLEARING".into(),
        sip_status: Some(200),
        codec: "PCMU".into(),
        recording: None,
        queue: None,
        // A leg of a plain call has about a hundred variables.
        variables: format!(r#"{{"x":"{}"}}"#, "v".repeat(4_000)).into(),
    }
}

fn binding(number: i64) -> BindingChange {
    let user: std::sync::Arc<str> = number.to_string().into();
    BindingChange::Put(Box::new(Binding {
        id: format!("6f1c7a52-7a6e-4a53-9d0c-4c1c5b3b2f10-{number}").into(),
        serial: number,
        profile: "internal".into(),
        user: user.clone(),
        domain: "example.org".into(),
        realm: "example.org".into(),
        contact: format!("\"\" <sip:{user}@192.0.2.1:5060>").into(),
        contact_uri: format!("sip:{user}@192.0.2.1:5060").into(),
        q: 1_000,
        call_id: "3c26700b1a2f4d6e".into(),
        cseq: number,
        transport: "udp".into(),
        local: "192.0.2.9:5060".into(),
        source: "192.0.2.1:5060".into(),
        way: "192.0.2.1:5060".into(),
        path: "".into(),
        user_agent: "Phone/1.0".into(),
        instance: None,
        refreshed: number,
        expires: i64::MAX,
    }))
}
