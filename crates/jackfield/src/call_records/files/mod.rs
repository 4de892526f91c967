//! Records of calls as files: lines of CSV and documents of XML, as users of `mod_cdr_csv` and `mod_xml_cdr` have them.
//!
//! A task follows the bus and makes the texts, a thread writes them. The switch waits for neither: what does not fit
//! between them is lost, counted and logged.

mod disk;
mod document;
mod template;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use api::bus::{Ended, Families, Interest, QueueLimits, Subscription};
use api::event::{ChannelEvent, RanApplication};
use api::view::{Channel, Direction, OtherType};
use api::{ChannelId, Event, EventId, EventKind, Switch, SwitchGone, View};
use door_esl::{Rotate, Rotations};
use futures_util::FutureExt;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use switch_core::lookup::Lookup;
use switch_core::lookup_of;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{LAST_WORDS, Resumed, interest, record, resume};
pub(crate) use disk::Kind;
use disk::{Disk, Job};
pub(crate) use template::Template;

/// Texts between the task and the thread.
const MOST_WAITING: usize = 4_000;

/// Applications of one channel that its document lists; those beyond are not listed.
const MOST_APPLICATIONS: usize = 1_000;

/// Legs that have ended and may still be asked for by the other leg's template.
const MOST_ENDED: usize = 1_000;

/// `cdr_csv.conf`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CsvFiles {
    /// Where `Master.csv` is.
    pub(crate) folder: PathBuf,
    pub(crate) template: Template,
    /// By name; that of a channel's `accountcode` makes the line of the account's file.
    pub(crate) templates: BTreeMap<String, Template>,
    pub(crate) a_legs: bool,
    pub(crate) b_legs: bool,
    /// No files of accounts.
    pub(crate) master_only: bool,
    /// SIGHUP and `cdr_csv rotate` put the files aside.
    pub(crate) rotate: bool,
    /// All variables of the leg go to the log as well.
    pub(crate) debug: bool,
}

/// `xml_cdr.conf`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct XmlFiles {
    pub(crate) folder: PathBuf,
    pub(crate) b_legs: bool,
    /// Names of documents of A legs begin with `a_`.
    pub(crate) prefix_a_leg: bool,
    /// A folder of its own for each time between two SIGHUPs.
    pub(crate) rotate: bool,
}

/// What is written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct CallFiles {
    pub(crate) csv: Option<CsvFiles>,
    pub(crate) xml: Option<XmlFiles>,
}

impl CallFiles {
    /// Whether anything is.
    pub(crate) fn are_wanted(&self) -> bool {
        self.csv.is_some() || self.xml.is_some()
    }
}

/// Counts and logs a record that no file has.
fn lost(why: &str) {
    metrics::counter!("jackfield_call_files_lost_total").increment(1);
    tracing::error!(why, "A call record is not in its file");
}

/// Asks for files to be put aside. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Rotation(SyncSender<Job>);

impl Rotation {
    /// For the event socket.
    pub(crate) fn of(&self, files: &CallFiles) -> Rotations {
        let rotate = |kind: Kind, wanted: bool| -> Option<_> {
            let rotation = self.clone();
            wanted.then(|| -> Rotate {
                Arc::new(move || {
                    let rotation = rotation.clone();
                    Box::pin(async move { rotation.rotate(kind).await })
                })
            })
        };
        Rotations {
            csv: rotate(Kind::Csv, files.csv.is_some()),
            xml: rotate(Kind::Xml, files.xml.is_some()),
        }
    }

    /// Waits until it is done.
    ///
    /// # Errors
    /// Why it was not.
    pub(crate) async fn rotate(&self, kind: Kind) -> Result<(), String> {
        let (answer, wait) = oneshot::channel();
        let asked = self.0.try_send(Job::Rotate(kind, answer));
        asked.map_err(|_| "too much waits to be written".to_owned())?;
        let done = wait.await;
        done.unwrap_or_else(|_| Err("the server stops".to_owned()))
    }
}

/// A writer at work.
pub(crate) struct Writing {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<std::thread::Result<()>>,
}

impl Writing {
    pub(crate) fn start(writer: Writer) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(writer.run(stop.clone()));
        Self { stop, task }
    }

    /// The switch has stopped: writes what has ended by then, within [`LAST_WORDS`].
    pub(crate) async fn finish(self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(LAST_WORDS, self.task).await;
        if !matches!(ended, Ok(Ok(Ok(())))) {
            tracing::error!("The last call records are not in their files");
        }
    }
}

/// Puts files aside with each SIGHUP.
pub(crate) async fn rotate_on_hangup(
    rotation: Rotation,
    files: CallFiles,
    mut hangups: crate::signals::Hangups,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = hangups.next() => {}
        }
        for (kind, wanted) in [
            (Kind::Csv, files.csv.is_some()),
            (Kind::Xml, files.xml.is_some()),
        ] {
            // Who writes has logged why not.
            if wanted {
                rotation.rotate(kind).await.ok();
            }
        }
    }
}

/// Follows the bus.
pub(crate) struct Writer {
    switch: Switch,
    limits: QueueLimits,
    subscription: Subscription,
    last: Option<EventId>,
    files: CallFiles,
    zone: TimeZone,
    jobs: SyncSender<Job>,
    thread: JoinHandle<()>,
    ran: HashMap<ChannelId, Vec<RanApplication>>,
    /// Legs as their last event had them: the view may be ahead of what is read here.
    seen: HashMap<ChannelId, Arc<Channel>>,
    ended: VecDeque<Arc<Channel>>,
}

impl Writer {
    /// From now on no end of a call is missed.
    ///
    /// # Errors
    /// [`SwitchGone`].
    pub(crate) async fn start(
        switch: Switch,
        files: CallFiles,
        zone: TimeZone,
        limits: QueueLimits,
    ) -> Result<(Self, Rotation), SwitchGone> {
        let (_, subscription) = switch.observe(interest(), limits).await?;
        let (jobs, queue) = sync_channel(MOST_WAITING);
        let disk = Disk::new(files.csv.clone(), files.xml.clone(), zone.clone());
        let thread = std::thread::spawn(move || disk.run(&queue));
        let rotation = Rotation(jobs.clone());
        let writer = Self {
            switch,
            limits,
            subscription,
            last: None,
            files,
            zone,
            jobs,
            thread,
            ran: HashMap::new(),
            seen: HashMap::new(),
            ended: VecDeque::new(),
        };
        Ok((writer, rotation))
    }

    /// Runs until `stop`, which is to be cancelled after the switch has stopped, and everything is written.
    async fn run(mut self, stop: CancellationToken) -> std::thread::Result<()> {
        self.follow(stop).await;
        let Self { jobs, thread, .. } = self;
        let end = move || {
            // Whoever may ask for a rotation keeps the queue open.
            jobs.send(Job::End).ok();
            thread.join()
        };
        let ended = tokio::task::spawn_blocking(end).await;
        ended.unwrap_or_else(|_| Ok(()))
    }

    async fn follow(&mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                next = self.subscription.next() => match next {
                    Ok(event) => self.take(&event),
                    Err(Ended::Overrun(_)) if self.resume().await => {}
                    Err(Ended::Overrun(_) | Ended::Stopped) => return,
                },
                () = stop.cancelled() => break,
            }
        }
        // The bus does one thing after the other: when it has answered this, everything before is in our queue.
        let nothing = Interest::families(Families::NONE);
        if let Err(error) = self.switch.observe(nothing, self.limits).await {
            tracing::debug!(%error, "The bus has ended");
        }
        while let Some(Ok(event)) = self.subscription.next().now_or_never() {
            self.take(&event);
        }
    }

    async fn resume(&mut self) -> bool {
        match resume(&self.switch, self.last, self.limits).await {
            Resumed::Behind(subscription) => self.subscription = subscription,
            Resumed::Anew(view, subscription) => {
                self.ran.retain(|id, _| view.channels.contains_key(id));
                self.seen.retain(|id, _| view.channels.contains_key(id));
                tracing::error!("Ends of calls were missed: no file has them");
                self.subscription = subscription;
            }
            Resumed::Gone => return false,
        }
        true
    }

    fn take(&mut self, event: &Event) {
        self.last = Some(event.id);
        let (EventKind::Channel(kind), Some(channel)) = (&event.kind, &event.channel) else {
            return;
        };
        if self.files.csv.is_some() {
            self.seen.insert(channel.id.clone(), channel.clone());
        }
        if let ChannelEvent::Executed(application) = kind {
            if self.files.xml.is_some() {
                let ran = self.ran.entry(channel.id.clone()).or_default();
                if ran.len() < MOST_APPLICATIONS {
                    ran.push(application.clone());
                }
            }
        } else if let ChannelEvent::Renamed { old } = kind {
            self.seen.remove(old);
            if let Some(ran) = self.ran.remove(old) {
                self.ran.insert(channel.id.clone(), ran);
            }
        } else if let ChannelEvent::HangupComplete = kind {
            self.write(channel);
        } else if let ChannelEvent::Destroyed = kind {
            self.ran.remove(&channel.id);
            if let Some(seen) = self.seen.remove(&channel.id) {
                if self.ended.len() == MOST_ENDED {
                    self.ended.pop_front();
                }
                self.ended.push_back(seen);
            }
        }
    }

    fn write(&mut self, channel: &Arc<Channel>) {
        let view = self.switch.view();
        let is_b_leg = document::is_b_leg(channel);
        if let Some(csv) = &self.files.csv
            && (if is_b_leg { csv.b_legs } else { csv.a_legs })
        {
            self.lines(csv, channel, &view);
        }
        let ran = self.ran.remove(&channel.id).unwrap_or_default();
        if let Some(xml) = &self.files.xml
            && (!is_b_leg || xml.b_legs || channel.variables.is_true("force_process_cdr"))
        {
            let prefixed = match channel.variables.get("prefix-a-leg") {
                Some(_) => channel.variables.is_true("prefix-a-leg"),
                None => xml.prefix_a_leg,
            };
            let prefix = if prefixed && !is_b_leg { "a_" } else { "" };
            self.send(Job::Document {
                folder: chosen_folder(channel, "xml_cdr_base"),
                name: format!("{prefix}{}", channel.id),
                text: document::of(channel, &ran),
            });
        }
    }

    fn lines(&self, csv: &CsvFiles, channel: &Channel, view: &View) {
        if csv.debug {
            let variables = record::variables(channel);
            tracing::info!(channel = %channel.id, variables, "A call record is written");
        }
        let now = Timestamp::now().to_zoned(self.zone.clone());
        let other = self.other(channel);
        let is_b_leg = document::is_b_leg(channel);
        let legs = Legs {
            own: lookup_of(channel, view, now.clone()),
            other: other.as_deref().map(|other| lookup_of(other, view, now)),
            prefixes: if is_b_leg {
                ["bleg_", "aleg_"]
            } else {
                ["aleg_", "bleg_"]
            },
        };
        let account = channel
            .variable("accountcode")
            .filter(|name| !name.is_empty());
        let special = account.and_then(|name| csv.templates.get(name));
        let master = csv.template.line(&legs);
        let of_account = special.map_or_else(|| master.clone(), |template| template.line(&legs));
        match (master, of_account) {
            (Ok(master), Ok(line)) => self.send(Job::Lines {
                folder: chosen_folder(channel, "cdr_csv_base"),
                master,
                account: account
                    .filter(|_| !csv.master_only)
                    .map(|name| (name.to_owned(), line)),
            }),
            (Err(error), _) | (_, Err(error)) => lost(&error.to_string()),
        }
    }

    /// The other leg: as it was seen last, as it ended, or as this leg knows it.
    fn other(&self, channel: &Channel) -> Option<Arc<Channel>> {
        let other = channel.other.as_ref()?;
        let id = &other.profile.unique_id;
        let ended = || self.ended.iter().rev().find(|ended| ended.id == *id);
        if let Some(found) = self.seen.get(id).or_else(ended) {
            return Some(found.clone());
        }
        let direction = match other.kind {
            OtherType::Originator => Direction::Inbound,
            OtherType::Originatee => Direction::Outbound,
        };
        let mut known = Channel::new(id.clone(), 0, &other.profile.channel_name, direction);
        known.profile = Some(other.profile.clone());
        Some(Arc::new(known))
    }

    fn send(&self, job: Job) {
        if self.jobs.try_send(job).is_err() {
            lost("the disk is too slow");
        }
    }
}

/// The folder a channel has chosen, unless it leads back.
fn chosen_folder(channel: &Channel, variable: &str) -> Option<PathBuf> {
    let text = channel.variable(variable).filter(|text| !text.is_empty())?;
    let folder = disk::own_folder(text);
    if folder.is_none() {
        tracing::warn!(channel = %channel.id, variable, "Not an absolute folder: the usual one is taken");
    }
    folder
}

/// What a template finds: the leg's own, and that of either leg behind `aleg_` or `bleg_`.
struct Legs<L> {
    own: L,
    other: Option<L>,
    /// Of the own leg, and of the other.
    prefixes: [&'static str; 2],
}

impl<L: Lookup> Lookup for Legs<L> {
    fn variable(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.own.variable(name).or_else(|| {
            let [own, other] = self.prefixes;
            if let Some(name) = name.strip_prefix(own) {
                self.own.variable(name)
            } else {
                self.other.as_ref()?.variable(name.strip_prefix(other)?)
            }
        })
    }

    fn profile(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.own.profile(name)
    }

    fn call(&self, function: &str, arguments: &str) -> Option<String> {
        self.own.call(function, arguments)
    }
}
