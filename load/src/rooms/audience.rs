//! The members of a conference: one socket, one thread that talks for those who talk and one that hears for all.

use std::io::IoSliceMut;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;

use super::heard::Heard;
use super::voice::Voice;

/// Groups of members whose packets are sent at different times.
const PHASES: u32 = 10;
/// Receive buffer asked for, bytes: what is lost here must not be blamed on the server.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;
/// How often a thread that hears nothing looks whether it is to end.
const GLANCE: Duration = Duration::from_millis(100);

pub(super) struct Audience {
    socket: Arc<UdpSocket>,
    shared: Arc<Shared>,
    /// How many of the members talk.
    talkers: usize,
    talks: JoinHandle<()>,
    hears: JoinHandle<Heard>,
}

#[derive(Default)]
struct Shared {
    /// Where the members who talk send to.
    talking: Mutex<Vec<SocketAddr>>,
    listening: AtomicBool,
    ending: AtomicBool,
}

impl Audience {
    /// Nobody yet; the first `talkers` to be admitted will talk.
    pub(super) fn new(talkers: usize) -> Result<Self> {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").context("binding a UDP port")?);
        socket2::SockRef::from(&*socket)
            .set_recv_buffer_size(RECEIVE_BUFFER)
            .context("asking for a larger receive buffer")?;
        // The kernel notes when a packet came: how long this program took to look at it does not count.
        setsockopt(&*socket, sockopt::ReceiveTimestampns, &true).context("asking for times")?;
        socket.set_read_timeout(Some(GLANCE))?;
        let shared = Arc::new(Shared::default());
        let (mouth, ear) = (Arc::clone(&socket), Arc::clone(&socket));
        let (said, asked) = (Arc::clone(&shared), Arc::clone(&shared));
        Ok(Self {
            socket,
            shared,
            talkers,
            talks: thread::spawn(move || talk(&mouth, &said)),
            hears: thread::spawn(move || hear(&ear, &asked)),
        })
    }

    /// Where the server sends what the members hear.
    pub(super) fn port(&self) -> u16 {
        self.socket.local_addr().map_or(0, |address| address.port())
    }

    /// Members more, by the server's ports for them. Each sends a packet, without which AudioBridge sends nobody anything.
    pub(super) fn admit(&self, ports: &[u16]) {
        let greeting = Voice::new().packet(0, 0);
        let mut talking = lock(&self.shared.talking);
        for port in ports {
            let member = SocketAddr::from(([127, 0, 0, 1], *port));
            // As when talking, below.
            drop(self.socket.send_to(&greeting, member));
            if talking.len() < self.talkers {
                talking.push(member);
            }
        }
    }

    /// Takes down what comes from now on, or no longer.
    pub(super) fn listen(&self, on: bool) {
        self.shared.listening.store(on, Ordering::Relaxed);
    }

    /// Ends both threads; gives what was heard.
    pub(super) fn leave(self) -> Heard {
        self.shared.ending.store(true, Ordering::Relaxed);
        drop(self.talks.join());
        self.hears.join().unwrap_or_default()
    }
}

fn lock(members: &Mutex<Vec<SocketAddr>>) -> MutexGuard<'_, Vec<SocketAddr>> {
    members.lock().unwrap_or_else(PoisonError::into_inner)
}

fn talk(socket: &UdpSocket, shared: &Shared) {
    let voice = Voice::new();
    let began = Instant::now();
    let step = Duration::from_millis(20) / PHASES;
    for slot in 0.. {
        thread::sleep((began + step * slot).saturating_duration_since(Instant::now()));
        if shared.ending.load(Ordering::Relaxed) {
            return;
        }
        let (round, phase) = (slot / PHASES, (slot % PHASES) as usize);
        let talking = lock(&shared.talking).clone();
        for (member, to) in talking
            .iter()
            .enumerate()
            .skip(phase)
            .step_by(PHASES as usize)
        {
            // A server that is gone is found out by what is not heard.
            drop(socket.send_to(&voice.packet(member, round), to));
        }
    }
}

fn hear(socket: &UdpSocket, shared: &Shared) -> Heard {
    let mut heard = Heard::default();
    let mut bytes = [0; 2048];
    let mut space = nix::cmsg_space!(TimeSpec);
    while !shared.ending.load(Ordering::Relaxed) {
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let got = recvmsg::<SockaddrIn>(
            socket.as_raw_fd(),
            &mut parts,
            Some(&mut space),
            MsgFlags::empty(),
        );
        // Nothing came for a while, or a port of the server is gone.
        let Ok(got) = got else { continue };
        let at = got
            .cmsgs()
            .ok()
            .and_then(|mut messages| messages.find_map(|message| arrival(&message)));
        let (from, length) = (got.address.map(|address| address.port()), got.bytes);
        if let (Some(from), Some(at)) = (from, at)
            && shared.listening.load(Ordering::Relaxed)
            && let Some(packet) = bytes.get(..length)
        {
            heard.take(from, at, packet);
        }
    }
    heard
}

/// When a packet came, by the kernel's clock.
fn arrival(message: &ControlMessageOwned) -> Option<Duration> {
    if let ControlMessageOwned::ScmTimestampns(time) = message {
        return Some(Duration::from(*time));
    }
    None
}
