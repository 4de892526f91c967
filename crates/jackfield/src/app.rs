//! The server: opens everything, waits, and closes everything in order.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use api::command::server::{ChangeSettings, Shutdown, ShutdownMode};
use api::log::LogLevel;
use api::{Origin, Switch};
use arc_swap::ArcSwap;
use console::Console;
use door_esl::{Environment, EventEncoder, Rotations};
use door_isymphony::Place as PanelPlace;
use door_sylkrtc::StorePlace;
use embedded::{Embedded, XmlSource};
use esl::view::Server;
use eventlog::EventLog;
use net::{Acls, Network};
use switch_core::config::AccessLists;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admin::{Admin, Watched};
use crate::banner::{Open, banner};
use crate::call_records::files::{Writer, Writing, rotate_on_hangup};
use crate::call_records::{self, Recorder, Recording};
use crate::console_page;
use crate::event_positions::{self, Reserving};
use crate::file::{Listen, Settings, access_lists};
use crate::log_layer::Logging;
use crate::signals::{Hangups, Signals};
use crate::{bindings, file, kept, kept_tables, metrics, voicemail};

/// The FreeSWITCH whose event socket we speak (docs/protocols/event-socket.md); clients compare the number.
const SPOKEN_VERSION: &str = "1.11.3";

/// Time for connections to take their last bytes after the switch has stopped.
const GOODBYE: Duration = Duration::from_secs(3);

/// Time for the last tasks to end.
const LAST_MOMENT: Duration = Duration::from_secs(5);

/// How soon `fsctl loglevel` shows.
const LEVEL_EVERY: Duration = Duration::from_millis(250);

/// Most threads the runtime takes by itself; the rest of the machine is for media.
const MOST_RUNTIME_THREADS: usize = 4;

/// Runs the server until it is asked to stop.
///
/// # Errors
/// Why it did not start.
pub(crate) fn run(settings: Settings, notes: usize) -> anyhow::Result<ExitCode> {
    let logging = Logging::start(settings.log_level)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = settings
        .runtime_threads
        .unwrap_or(cores.clamp(2, MOST_RUNTIME_THREADS));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?;
    if notes > 0 {
        tracing::info!(
            notes,
            "The configuration asks for things without effect; see: jackfield check"
        );
    }
    let code = runtime.block_on(serve(settings, logging.clone()));
    runtime.shutdown_timeout(LAST_MOMENT);
    logging.flush();
    code
}

async fn serve(mut settings: Settings, logging: Logging) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::new()?;
    let process = CancellationToken::new();
    let tasks = TaskTracker::new();
    let prometheus = metrics::start()?;
    let xml = settings.switch.switch.xml.clone();
    let xml_source = settings.switch.xml.clone();
    let zone = settings.switch.switch.time_zone.clone();
    let server = Arc::new(server(&settings));

    let store = kept::open(&settings.store).await?;
    let voicemail = voicemail::find(&settings.voicemail, &store).await;
    let (keeper, orders) = embedded::keeper();
    settings.switch.voicemail = Some(keeper);
    let known = voicemail.is_some();
    settings.switch.switch.voicemail.messages = voicemail.unwrap_or_default();
    let sounds = settings.switch.media.sounds.clone();
    tasks.spawn(voicemail::keep(orders, store.clone(), sounds));
    let (binding_keeper, binding_notes) = embedded::note_keeper();
    settings.switch.bindings = Some(Arc::new(binding_keeper));
    let found = bindings::find(&store).await.ok();
    let bindings_known = found.is_some();
    settings.switch.switch.bindings = found.unwrap_or_default();
    let (table_keeper, table_notes) = embedded::note_keeper();
    settings.switch.tables = Some(Arc::new(table_keeper));
    settings.switch.switch.tables = kept_tables::find(&store).await.ok();
    let tables_known = settings.switch.switch.tables.is_some();
    let acls = Arc::new(ArcSwap::from_pointee(settings.acls));
    let lists = acls.clone();
    settings.switch.switch.access_lists =
        AccessLists::new(move |list, address| lists.load().allows(list, address));
    let embedded = Arc::new(embedded::start(settings.switch).await?);
    let late = (!bindings_known).then(|| embedded.clone());
    let keeping = tasks.spawn(bindings::keep(binding_notes, store.clone(), late));
    let late = (!tables_known).then(|| embedded.clone());
    let keeping_tables = tasks.spawn(kept_tables::keep(table_notes, store.clone(), late));
    if !known {
        let (embedded, store) = (embedded.clone(), store.clone());
        let folder = settings.voicemail.clone();
        tasks.spawn(voicemail::find_later(
            embedded,
            folder,
            store,
            process.child_token(),
        ));
    }
    let switch = embedded.switch().clone();
    let recording = match settings.call_records {
        Some(records) => {
            let recorder = Recorder::start(switch.clone(), store.clone(), call_records::QUEUE);
            tasks.spawn(call_records::forget(
                store.clone(),
                records,
                process.child_token(),
            ));
            Some(Recording::start(recorder.await?))
        }
        None => None,
    };
    let mut rotations = Rotations::default();
    let writing = match settings.call_files {
        files if files.are_wanted() => {
            let (limits, zone) = (call_records::QUEUE, zone.clone());
            let writer = Writer::start(switch.clone(), files.clone(), zone, limits);
            let (writer, rotation) = writer.await?;
            rotations = rotation.of(&files);
            let stop = process.child_token();
            tasks.spawn(rotate_on_hangup(rotation, files, Hangups::new()?, stop));
            Some(Writing::start(writer))
        }
        _ => None,
    };
    let crm = settings
        .isymphony
        .as_ref()
        .and_then(|config| config.crm.as_ref());
    let frame = crm.map(|crm| crm.source().to_owned());
    let isymphony = match settings.isymphony {
        Some(mut config) => {
            config.place = PanelPlace::Server(store.clone());
            config.call_history = recording.is_some();
            match door_isymphony::prepare(config, switch.clone(), &process).await {
                Ok(prepared) => Some(prepared),
                Err(error) => {
                    embedded.stop().await;
                    return Err(error.into());
                }
            }
        }
        None => None,
    };
    let event_log = match settings.event_log {
        Some(log) => {
            let folder = log.folder.display().to_string();
            let mut encoders: Vec<Box<dyn eventlog::Encode>> =
                vec![Box::new(EventEncoder::new(server.clone()))];
            if let Some(door) = &isymphony {
                encoders.push(Box::new(door.event_encoder()));
            }
            let floor = event_positions::floor(&store).await;
            let feeding = eventlog::feed(log, switch.clone(), encoders, floor).await;
            let (log, feeding) = feeding.with_context(|| format!("events.log.path: {folder}"))?;
            let reserving = Reserving::begin(log.clone(), store.clone()).await;
            tasks.spawn(reserving.run(process.child_token()));
            Some((log, feeding))
        }
        None => None,
    };
    let (event_log, feeding) = event_log.unzip();
    logging.tap_into(switch.log().clone(), embedded.idle_cpu().clone(), zone);
    change_log_level(&switch, settings.log_level).await;

    let reload = Arc::new(watch::channel(()).0);
    let wanted = settings
        .event_socket
        .as_ref()
        .map_or(0, |config| config.listen.len() + config.tls_listen.len());
    let sylkrtc = settings.sylkrtc.map(|mut config| {
        config.store_place = StorePlace::Server(store.clone());
        config
    });
    let opened = open(
        &embedded,
        (
            settings.event_socket,
            sylkrtc,
            settings.eventmanager,
            isymphony,
        ),
        Surroundings {
            server,
            reload: reload.clone(),
            secret_variables: settings.secret_variables.into(),
            acls,
            networks: settings.machine.networks,
            xml_source: xml_source.clone(),
            event_log: event_log.clone(),
            rotations,
        },
        settings.metrics,
        &process,
    )
    .await;
    let opened = opened.and_then(|opened| Ok((opened, console_page::bind(&settings.console)?)));
    let opened = match opened {
        Ok(opened) => door_webapp::start(settings.webapp, switch.clone(), &process)
            .await
            .map(|webapp| (opened, webapp))
            .map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    let (
        (
            Opened {
                event_socket,
                sylkrtc,
                eventmanager,
                isymphony,
                admin,
            },
            console,
        ),
        webapp,
    ) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            embedded.stop().await;
            return Err(error);
        }
    };
    let metrics_address = admin.as_ref().map(Admin::address);
    if let Some(admin) = admin {
        let watched = Watched {
            switch: switch.clone(),
            embedded: embedded.clone(),
            store: store.clone(),
            event_log,
            prometheus,
        };
        tasks.spawn(admin.serve(watched, process.child_token()));
    }
    tasks.spawn(follow_log_level(
        switch.clone(),
        logging,
        process.child_token(),
    ));

    {
        let (embedded, stop) = (embedded.clone(), process.child_token());
        let when = (Hangups::new()?, reload.subscribe());
        let reload = move || embedded.reload_sip_tls();
        tasks.spawn(reload_certificate(reload, when, stop));
    }
    tasks.spawn(reload_gateways(
        embedded.clone(),
        Hangups::new()?,
        process.child_token(),
    ));

    if let Some(door) = eventmanager.clone() {
        let stop = process.child_token();
        let when = (Hangups::new()?, reload.subscribe());
        let reload = move || {
            door.reload_tls().ok();
        };
        tasks.spawn(reload_certificate(reload, when, stop));
    }

    if let Some(door) = isymphony.clone() {
        let stop = process.child_token();
        let when = (Hangups::new()?, reload.subscribe());
        let reload = move || {
            door.reload_tls().ok();
        };
        tasks.spawn(reload_certificate(reload, when, stop));
    }

    if let Some(door) = event_socket.clone() {
        let stop = process.child_token();
        let when = (Hangups::new()?, reload.subscribe());
        let reload = move || {
            door.reload_tls().ok();
        };
        tasks.spawn(reload_certificate(reload, when, stop));
    }

    let (listening, secure) = event_socket.as_ref().map_or((&[][..], &[][..]), |door| {
        (door.local_addrs(), door.tls_addrs())
    });
    let xml_name = xml_source.name();
    let console_urls = console.as_ref().map(Console::urls).unwrap_or_default();
    let open = Open {
        profiles: embedded.profiles(),
        event_socket: listening,
        secure_event_socket: secure,
        waiting: wanted - listening.len() - secure.len(),
        sylkrtc: sylkrtc.as_ref(),
        eventmanager: eventmanager.as_deref(),
        isymphony: isymphony.as_deref(),
        metrics: metrics_address,
        console: &console_urls,
        xml: &xml,
        xml_name: &xml_name,
        built_in: xml_source.root.is_none(),
    };
    let (text, contents) = (banner(&open), console_page::contents(&open, frame));
    if let Some(console) = console {
        let stop = process.child_token();
        let sockets = console_page::sockets(
            event_socket.is_some(),
            eventmanager.as_deref(),
            isymphony.as_deref(),
            settings.console.names,
        );
        tasks.spawn(async move { console.serve(&contents, sockets, stop).await });
    }
    tasks.close();
    println!("{text}");
    drop(xml);

    wait_for_the_end(&mut signals, &embedded, &switch, settings.grace).await;
    let clean = embedded.stopped_cleanly();
    let goodbye = async {
        if let Some(door) = event_socket {
            door.drain(GOODBYE).await;
        }
    };
    let goodbye_too = async {
        if let Some(door) = sylkrtc {
            door.drain(GOODBYE).await;
        }
    };
    let last_goodbye = async {
        if let Some(door) = eventmanager {
            door.drain(GOODBYE).await;
        }
    };
    let goodbye_of_panels = async {
        if let Some(door) = isymphony {
            door.drain(GOODBYE).await;
        }
    };
    // Each door goes with its goodbye: the switch ends when nobody holds it any more.
    let last_reports = async move {
        webapp.drain(GOODBYE).await;
    };
    tokio::join!(
        goodbye,
        goodbye_too,
        last_goodbye,
        goodbye_of_panels,
        last_reports
    );
    if let Some(recording) = recording {
        recording.finish().await;
    }
    if let Some(writing) = writing {
        writing.finish().await;
    }
    let keeping = async { tokio::join!(keeping, keeping_tables) };
    if tokio::time::timeout(LAST_MOMENT, keeping).await.is_err() {
        tracing::warn!("Not everything is kept for the next run: the store is too slow");
    }
    if let Some(feeding) = feeding
        && let Err(error) = tokio::task::spawn_blocking(|| feeding.finish()).await
    {
        tracing::error!(%error, "The last events were not logged");
    }
    process.cancel();
    drop(switch);
    if tokio::time::timeout(LAST_MOMENT, store.close())
        .await
        .is_err()
    {
        tracing::warn!("The store did not close in time");
    }
    let ended = tokio::time::timeout(LAST_MOMENT, tasks.wait())
        .await
        .is_ok();
    let joined = match Arc::try_unwrap(embedded) {
        Ok(embedded) => embedded.join(LAST_MOMENT).await,
        Err(_) => false,
    };
    if !(ended && joined) {
        tracing::warn!("Not everything ended in time");
    }
    if clean {
        tracing::info!("Stopped");
        Ok(ExitCode::SUCCESS)
    } else {
        tracing::error!("The switch has failed");
        Ok(ExitCode::FAILURE)
    }
}

/// Waits for a signal or for a client's `fsctl shutdown`, and until calls have ended or had their time.
async fn wait_for_the_end(
    signals: &mut Signals,
    embedded: &Embedded,
    switch: &Switch,
    grace: Duration,
) {
    let name = tokio::select! {
        () = embedded.stopped().cancelled() => return,
        name = signals.next() => name,
    };
    let channels = switch.view().channels.size();
    tracing::info!(
        signal = name,
        channels,
        ?grace,
        "Stopping when the last call has ended"
    );
    let elegant = Shutdown {
        mode: ShutdownMode::Elegant,
    };
    if let Err(error) = switch.ask(elegant, Origin::internal("signal")).await {
        tracing::debug!(%error, "The switch has stopped already");
    }
    tokio::select! {
        () = embedded.stopped().cancelled() => return,
        () = tokio::time::sleep(grace) => tracing::info!("The grace is over; hanging up"),
        _ = signals.next() => leave_at_once(),
    }
    tokio::select! {
        () = embedded.stop() => {}
        _ = signals.next() => leave_at_once(),
    }
}

/// The second signal.
fn leave_at_once() -> ! {
    tracing::warn!("Asked twice; leaving at once");
    std::process::exit(1);
}

/// What the event socket has to be told.
struct Surroundings {
    server: Arc<Server>,
    reload: Arc<watch::Sender<()>>,
    secret_variables: Arc<[String]>,
    acls: Arc<ArcSwap<Acls>>,
    networks: Vec<Network>,
    xml_source: XmlSource,
    event_log: Option<EventLog>,
    rotations: Rotations,
}

/// What lets others in.
struct Opened {
    event_socket: Option<Arc<door_esl::Door>>,
    sylkrtc: Option<door_sylkrtc::Door>,
    eventmanager: Option<Arc<door_eventmanager::Door>>,
    isymphony: Option<Arc<door_isymphony::Door>>,
    admin: Option<Admin>,
}

async fn open(
    embedded: &Embedded,
    doors: (
        Option<door_esl::Config>,
        Option<door_sylkrtc::Config>,
        Option<door_eventmanager::Config>,
        Option<door_isymphony::Prepared>,
    ),
    around: Surroundings,
    metrics: Listen,
    process: &CancellationToken,
) -> anyhow::Result<Opened> {
    let panel_log = around.event_log.clone();
    let event_socket = match doors.0 {
        Some(config) => {
            let idle_cpu = embedded.idle_cpu().clone();
            let Surroundings {
                server,
                reload,
                secret_variables,
                acls,
                networks,
                xml_source,
                event_log,
                rotations,
            } = around;
            let environment = Environment {
                server,
                acls,
                reload_acls: Arc::new(move || reload_acls(&xml_source, &networks)),
                idle_cpu: Arc::new(move || idle_cpu.centi_percent()),
                reload_certificates: Arc::new(move || {
                    reload.send_replace(());
                }),
                secret_variables,
                event_log,
                rotations,
            };
            let switch = embedded.switch().clone();
            let door = door_esl::start(config, switch, environment, process).await?;
            Some(Arc::new(door))
        }
        None => None,
    };
    let sylkrtc = match doors.1 {
        Some(config) => {
            let switch = embedded.switch().clone();
            Some(door_sylkrtc::start(config, switch, process).await?)
        }
        None => None,
    };
    let eventmanager = match doors.2 {
        Some(config) => {
            let switch = embedded.switch().clone();
            let door = door_eventmanager::start(config, switch, process).await?;
            Some(Arc::new(door))
        }
        None => None,
    };
    let isymphony = match doors.3 {
        Some(prepared) => Some(Arc::new(prepared.open(panel_log)?)),
        None => None,
    };
    let admin = match metrics {
        Listen::On(address) => {
            let bound = Admin::bind(address).await;
            Some(bound.with_context(|| format!("metrics.listen: {address} cannot be bound"))?)
        }
        Listen::Off => None,
    };
    Ok(Opened {
        event_socket,
        sylkrtc,
        eventmanager,
        isymphony,
        admin,
    })
}

/// `reloadacl`. Reads the disk, so the runtime gets another thread meanwhile.
fn reload_acls(xml_source: &XmlSource, networks: &[Network]) -> Result<Acls, String> {
    let first =
        |list: Vec<file::Problem>| list.first().map_or_else(String::new, ToString::to_string);
    tokio::task::block_in_place(|| {
        let xml = xml_source
            .load()
            .map_err(|errors| first(errors.into_iter().map(file::Problem::from).collect()))?;
        let mut problems = Vec::new();
        let acls = access_lists(&xml, networks, &mut problems);
        if problems.is_empty() {
            Ok(acls)
        } else {
            Err(first(problems))
        }
    })
}

/// Reads the certificate of a door again with each SIGHUP, and whenever somebody asks for it. The door says itself how that
/// went.
async fn reload_certificate(
    reload: impl Fn(),
    (mut hangups, mut asked): (Hangups, watch::Receiver<()>),
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = hangups.next() => {}
            Ok(()) = asked.changed() => {}
        }
        tokio::task::block_in_place(&reload);
    }
}

/// Makes the gateways those of the files with each SIGHUP.
async fn reload_gateways(embedded: Arc<Embedded>, mut hangups: Hangups, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = hangups.next() => {}
        }
        tokio::task::block_in_place(|| embedded.reload_gateways());
    }
}

fn server(settings: &Settings) -> Server {
    let switch = &settings.switch.switch;
    Server {
        core_uuid: switch.node.to_string(),
        hostname: switch.hostname.to_string(),
        switchname: settings.switchname.clone(),
        ipv4: settings.machine.ipv4.to_string(),
        ipv6: settings.machine.ipv6.to_string(),
        version: format!("{SPOKEN_VERSION}-jackfield-{}", env!("CARGO_PKG_VERSION")),
        zone: switch.time_zone.clone(),
    }
}

async fn change_log_level(switch: &Switch, level: LogLevel) {
    let change = ChangeSettings::LogLevel(level);
    if let Err(error) = switch.ask(change, Origin::internal("configuration")).await {
        tracing::warn!(%error, "The log level is not taken");
    }
}

/// Prints as much as `fsctl loglevel` says. The setting has no event of its own.
async fn follow_log_level(switch: Switch, logging: Logging, stop: CancellationToken) {
    let mut tick = tokio::time::interval(LEVEL_EVERY);
    let mut printed = switch.view().settings.log_level;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let wanted = switch.view().settings.log_level;
        if wanted != printed {
            printed = wanted;
            logging.print_up_to(wanted);
        }
    }
}
