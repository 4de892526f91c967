//! CPU of one media thread per relayed RTP packet, system calls included: real loopback sockets, G.711,
//! 20 ms, both directions. Bar: 3 µs.
//!
//! `cargo bench -p jackfield-embedded --bench relay` prints a line per number of calls. The thread's own
//! CPU time is read from the kernel (`schedstat`, nanoseconds), so the generator beside it does not
//! count, though it shares the machine.

use std::error::Error;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use embedded::media_io::{MediaConfig, MediaThreads};
use jackfield_embedded as embedded;
use media::control::{
    CodecSpec, Direction, LegId, LegKind, LegSpec, MediaCommand, MediaReport, OpusSending,
};
use media::rtp::Packet;

const CALLS: [u64; 4] = [10, 100, 300, 900];
const TICKS: u32 = 250;
const TICK: Duration = Duration::from_millis(20);
const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "One send and one receive of 172 bytes, nothing else: {:.2} µs",
        floor_us()?
    );
    println!(
        "calls  packets/s  offered   taken     sent      lost  µs CPU/packet  share of a core"
    );
    for calls in CALLS {
        measure(calls)?;
    }
    Ok(())
}

fn measure(calls: u64) -> Result<(), Box<dyn Error>> {
    let (mut threads, mut reports) = MediaThreads::start(MediaConfig {
        workers: Some(1),
        port_range: 32_000..=39_999,
        ..MediaConfig::default()
    })?;
    let peer = UdpSocket::bind((LOCALHOST, 0))?;
    let ears = Ears::open(&peer)?;
    let mut legs = Vec::new();
    for id in 1..=calls * 2 {
        let leg = LegId(id);
        threads.post(
            0,
            MediaCommand::OpenLeg {
                leg,
                kind: LegKind::Rtp { bind: LOCALHOST },
            },
        )?;
        threads.flush();
        let local = loop {
            if let Some(MediaReport::Opened {
                local: Some((rtp, _)),
                ..
            }) = reports.blocking_recv()
            {
                break rtp;
            }
        };
        let spec = LegSpec {
            remote: peer.local_addr()?,
            rtcp: None,
            send: CodecSpec::pcmu(),
            opus: OpusSending::default(),
            receive: vec![CodecSpec::pcmu()],
            telephone_event: None,
            direction: Direction::SendRecv,
            symmetric: false,
            timeout_ms: None,
        };
        threads.post(0, MediaCommand::SetRemote { leg, spec })?;
        legs.push(local);
    }
    for call in 0..calls {
        let (a, b) = (LegId(call * 2 + 1), LegId(call * 2 + 2));
        threads.post(0, MediaCommand::Bridge { a, b })?;
    }
    threads.flush();
    // One second for sockets and caches to settle, then the measured ones.
    speak(&peer, &legs, 0, 50)?;
    let counters = threads.counters()[0].clone();
    let (cpu, heard) = (cpu_ns()?, ears.heard());
    let (taken, sent) = (counters.datagrams_in.get(), counters.datagrams_out.get());
    let began = Instant::now();
    speak(&peer, &legs, 50, TICKS)?;
    std::thread::park_timeout(Duration::from_millis(100));
    let took = began.elapsed();
    let cpu = cpu_ns()? - cpu;
    let sent = counters.datagrams_out.get() - sent;
    let taken = counters.datagrams_in.get() - taken;
    let offered = u64::from(TICKS) * calls * 2;
    println!(
        "{calls:5}  {:9.0}  {offered:8}  {taken:8}  {sent:8}  {:4}  {:13.2}  {:.1} %",
        sent as f64 / took.as_secs_f64(),
        offered.saturating_sub(ears.heard() - heard),
        cpu as f64 / 1000.0 / sent.max(1) as f64,
        cpu as f64 / 10_000_000.0 / took.as_secs_f64(),
    );
    let (skipped, worst) = (
        counters.skipped_ticks.get(),
        counters.worst_lateness_us.get(),
    );
    println!("       took {took:?}, ticks skipped {skipped}, worst lateness {worst} µs");
    Ok(())
}

/// Says one packet per leg and tick, spread over the tick as calls are.
fn speak(
    peer: &UdpSocket,
    legs: &[SocketAddr],
    first: u32,
    ticks: u32,
) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let mut datagram = [0xd5; 172];
    for tick in 0..ticks {
        for (at, leg) in legs.iter().enumerate() {
            if at.is_multiple_of(16) {
                let due = TICK * tick + TICK.mul_f64(at as f64 / legs.len() as f64);
                let wait = due.saturating_sub(began.elapsed());
                if !wait.is_zero() {
                    std::thread::sleep(wait);
                }
            }
            let number = first + tick;
            let header = Packet {
                marker: number == 0,
                payload_type: 0,
                sequence: number as u16,
                timestamp: number * 160,
                ssrc: at as u32 + 1,
                payload: &[],
            };
            datagram[..12].copy_from_slice(&header.header());
            peer.send_to(&datagram, leg)?;
        }
    }
    Ok(())
}

/// Takes what comes back, so that no buffer overflows.
struct Ears {
    heard: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Ears {
    fn open(peer: &UdpSocket) -> Result<Self, Box<dyn Error>> {
        let (heard, stop) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let socket = peer.try_clone()?;
        socket2::SockRef::from(&socket).set_recv_buffer_size(4 << 20)?;
        socket.set_nonblocking(true)?;
        let (count, stopped) = (heard.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            while !stopped.load(Ordering::Relaxed) {
                // RTCP of the legs goes to the port after this one.
                count.fetch_add(
                    u64::from(socket.recv(&mut buffer).is_ok()),
                    Ordering::Relaxed,
                );
            }
        });
        Ok(Self {
            heard,
            stop,
            thread: Some(thread),
        })
    }

    fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What this machine charges for one datagram sent and received in one thread, microseconds: no relay
/// can be cheaper.
fn floor_us() -> Result<f64, Box<dyn Error>> {
    const PAIRS: u32 = 100_000;
    let (from, to) = (
        UdpSocket::bind((LOCALHOST, 0))?,
        UdpSocket::bind((LOCALHOST, 0))?,
    );
    let address = to.local_addr()?;
    let mut buffer = [0xd5; 2048];
    let began = thread_ns(&fs::read_to_string("/proc/thread-self/schedstat")?)?;
    for _ in 0..PAIRS {
        from.send_to(&buffer[..172], address)?;
        to.recv_from(&mut buffer)?;
    }
    let ended = thread_ns(&fs::read_to_string("/proc/thread-self/schedstat")?)?;
    Ok((ended - began) as f64 / 1000.0 / f64::from(PAIRS))
}

fn thread_ns(schedstat: &str) -> Result<u64, Box<dyn Error>> {
    Ok(schedstat.split(' ').next().unwrap_or("0").parse()?)
}

/// CPU time of the media thread so far.
fn cpu_ns() -> Result<u64, Box<dyn Error>> {
    for task in fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if fs::read_to_string(task.join("comm"))?.trim() == "media-0" {
            return thread_ns(&fs::read_to_string(task.join("schedstat"))?);
        }
    }
    Err("there is no media thread".into())
}
