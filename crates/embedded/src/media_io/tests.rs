//! The threads themselves, over loopback sockets and a temporary directory.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use media::codec::g711;
use media::control::{
    CodecSpec, Direction, LegId, LegKind, LegSpec, MediaCommand, MediaReport, OpusSending, PlayEnd,
    PlayId, RecordEnd, RecordId, RecordSides, SeekTo, TransportFailure,
};
use media::file::wav;
use media::level;
use media::rtp::Packet;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::Receiver;
use tokio::time::{interval, timeout};

use super::{MediaConfig, MediaThreads};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Long enough for a loaded machine, short enough to end a broken test.
const PATIENCE: Duration = Duration::from_secs(60);

struct Stage {
    threads: MediaThreads,
    reports: Receiver<MediaReport>,
    directory: PathBuf,
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

impl Stage {
    fn new(name: &str, workers: usize, first_port: u16, pairs: u16) -> Self {
        let directory =
            std::env::temp_dir().join(format!("jackfield-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let (threads, reports) = MediaThreads::start(MediaConfig {
            workers: Some(workers),
            port_range: first_port..=first_port + pairs * 2 - 1,
            sounds: directory.clone(),
            recordings: directory.clone(),
            seed: Some(1),
            ..MediaConfig::default()
        })
        .unwrap();
        Self {
            threads,
            reports,
            directory,
        }
    }

    fn post(&mut self, command: MediaCommand) {
        self.post_to(0, command);
    }

    fn post_to(&mut self, worker: usize, command: MediaCommand) {
        self.threads.post(worker, command).unwrap();
        assert!(!self.threads.flush(), "the worker is not behind");
    }

    /// Waits for the first report that answers.
    async fn wait<T>(&mut self, mut answers: impl FnMut(&MediaReport) -> Option<T>) -> T {
        let found = timeout(PATIENCE, async {
            loop {
                let report = self
                    .reports
                    .recv()
                    .await
                    .expect("workers report as long as they live");
                if let Some(answer) = answers(&report) {
                    return answer;
                }
            }
        });
        found.await.expect("the report comes in time")
    }

    /// A leg, its peer's socket, and its own address.
    async fn leg(&mut self, id: u64) -> (LegId, UdpSocket, SocketAddr) {
        let leg = LegId(id);
        let peer = UdpSocket::bind((LOCALHOST, 0)).await.unwrap();
        self.post(MediaCommand::OpenLeg {
            leg,
            kind: LegKind::Rtp { bind: LOCALHOST },
        });
        let local = self
            .wait(|report| match report {
                MediaReport::Opened {
                    leg: of,
                    local: Some((rtp, rtcp)),
                    ssrc: Some(_),
                } if *of == leg => {
                    assert_eq!((rtp.port() % 2, rtcp.port()), (0, rtp.port() + 1));
                    Some(*rtp)
                }
                MediaReport::OpenFailed { why, .. } => panic!("{why:?}"),
                _ => None,
            })
            .await;
        let spec = LegSpec {
            remote: peer.local_addr().unwrap(),
            rtcp: None,
            send: CodecSpec::pcmu(),
            opus: OpusSending::default(),
            receive: vec![CodecSpec::pcmu()],
            telephone_event: None,
            direction: Direction::SendRecv,
            symmetric: true,
            timeout_ms: None,
        };
        self.post(MediaCommand::SetRemote { leg, spec });
        (leg, peer, local)
    }
}

/// Streams said so far: each has an SSRC of its own.
static SPEECHES: AtomicU32 = AtomicU32::new(1);

fn packet(ssrc: u32, number: u32, payload: &[u8]) -> Vec<u8> {
    let header = Packet {
        marker: number == 0,
        payload_type: 0,
        sequence: number as u16,
        timestamp: number * 160,
        ssrc,
        payload: &[],
    };
    let mut bytes = header.header().to_vec();
    bytes.extend_from_slice(payload);
    bytes
}

/// Says a tone to a leg for so many packets of 20 ms, as a new stream.
async fn say(peer: &UdpSocket, to: SocketAddr, hz: f64, packets: u32) {
    let tone = level::sine(8000, hz, -10.0, packets as usize * 160);
    let ssrc = SPEECHES.fetch_add(1, Ordering::Relaxed);
    let mut clock = interval(Duration::from_millis(20));
    for (number, samples) in (0..).zip(tone.chunks(160)) {
        clock.tick().await;
        let mut payload = [0; 160];
        g711::ulaw_encode(samples, &mut payload);
        peer.send_to(&packet(ssrc, number, &payload), to)
            .await
            .unwrap();
    }
}

/// Hears so many packets.
async fn hear(peer: &UdpSocket, packets: usize) -> Vec<i16> {
    let mut heard = Vec::new();
    let mut buffer = [0; 2048];
    while heard.len() < packets * 160 {
        let received = timeout(PATIENCE, peer.recv_from(&mut buffer)).await;
        let (length, _) = received.expect("sound comes in time").unwrap();
        let packet = Packet::parse(&buffer[..length]).unwrap();
        heard.extend(
            packet
                .payload
                .iter()
                .map(|&code| g711::ulaw_to_linear(code)),
        );
    }
    heard
}

fn assert_tone(samples: &[i16], rate_hz: u32, hz: f64, level_dbfs: f64) {
    let (found, level) = (
        level::dominant_hz(samples, rate_hz).unwrap_or(0.0),
        level::dbfs(samples),
    );
    assert!(
        (found - hz).abs() < 3.0 && (level - level_dbfs).abs() < 0.7,
        "{found} Hz, {level} dBFS"
    );
}

#[tokio::test]
async fn packets_pass_a_bridge_at_once() {
    let mut stage = Stage::new("relay", 1, 30_000, 50);
    let (a, phone_a, at_a) = stage.leg(1).await;
    let (b, phone_b, at_b) = stage.leg(2).await;
    stage.post(MediaCommand::Bridge { a, b });
    let mut delays = Vec::new();
    let mut buffer = [0; 2048];
    for number in 0..100 {
        let sent = Instant::now();
        let (from, to, leg) = if number % 2 == 0 {
            (&phone_a, &phone_b, at_a)
        } else {
            (&phone_b, &phone_a, at_b)
        };
        from.send_to(&packet(7, number / 2, &[number as u8; 160]), leg)
            .await
            .unwrap();
        let (length, _) = timeout(PATIENCE, to.recv_from(&mut buffer))
            .await
            .unwrap()
            .unwrap();
        delays.push(sent.elapsed());
        assert_eq!(
            Packet::parse(&buffer[..length]).unwrap().payload,
            [number as u8; 160]
        );
    }
    delays.sort();
    assert!(
        delays[50] < Duration::from_millis(5),
        "median {:?}: waits for the tick",
        delays[50]
    );
    stage.post(MediaCommand::CloseLeg { leg: a });
    let relayed = stage
        .wait(|report| match report {
            MediaReport::Closed { leg, stats } if *leg == a => Some(stats.relayed),
            _ => None,
        })
        .await;
    assert_eq!(relayed, 50);
    assert_eq!(stage.threads.counters()[0].send_failures.get(), 0);
}

#[tokio::test]
async fn a_file_is_played_and_a_missing_one_is_told() {
    let mut stage = Stage::new("play", 1, 30_200, 50);
    let (leg, phone, _) = stage.leg(1).await;
    let tone = level::sine(16_000, 700.0, -10.0, 16_000);
    let mut file = wav::header(16_000, 1, 32_000).to_vec();
    file.extend(tone.iter().flat_map(|sample| sample.to_le_bytes()));
    std::fs::write(stage.directory.join("tone.wav"), file).unwrap();
    let play = |play, file: &str, repeats| MediaCommand::Play {
        leg,
        play: PlayId(play),
        file: file.to_owned(),
        repeats,
        gain_db: 0.0,
        mix: false,
    };
    stage.post(play(1, "missing.wav", Some(0)));
    let end = |wanted| {
        move |report: &MediaReport| match report {
            MediaReport::PlayDone { play, end, length } if *play == PlayId(wanted) => {
                Some((*end, length.as_ms()))
            }
            _ => None,
        }
    };
    assert_eq!(stage.wait(end(1)).await, (PlayEnd::NotFound, 0));
    // Twice, and through a chain.
    stage.post(play(
        2,
        "file_string://tone.wav!silence_stream://100",
        Some(1),
    ));
    let heard = hear(&phone, 105).await;
    assert_tone(&heard[1600..7200], 8000, 700.0, -10.0);
    assert!(
        level::dbfs(&heard[8200..8640]) < -60.0,
        "the silence between the rounds"
    );
    assert_tone(&heard[9600..16_000], 8000, 700.0, -10.0);
    let (how, ms) = stage.wait(end(2)).await;
    assert!(
        how == PlayEnd::Finished && (2180..=2220).contains(&ms),
        "{how:?} {ms}"
    );
    let files = stage.threads.file_counters().unwrap();
    assert_eq!((files.starved_samples.get(), files.failures.get()), (0, 1));
}

#[tokio::test]
async fn a_playback_goes_back_when_told() {
    let mut stage = Stage::new("seek", 1, 30_400, 50);
    let (leg, phone, _) = stage.leg(1).await;
    // Ten seconds: 500 Hz first, 900 Hz from the fifth second on.
    let mut tone = level::sine(8000, 500.0, -10.0, 40_000);
    tone.extend(level::sine(8000, 900.0, -10.0, 40_000));
    let mut file = wav::header(8000, 1, 160_000).to_vec();
    file.extend(tone.iter().flat_map(|sample| sample.to_le_bytes()));
    std::fs::write(stage.directory.join("ten.wav"), file).unwrap();
    let play = PlayId(1);
    let file = "ten.wav".to_owned();
    stage.post(MediaCommand::Play {
        leg,
        play,
        file,
        repeats: Some(0),
        gain_db: 0.0,
        mix: false,
    });
    assert_tone(&hear(&phone, 20).await[800..], 8000, 500.0, -10.0);
    // The tone changes after five seconds.
    for (to, hertz) in [
        (SeekTo::Start { ms: 6000 }, 900.0),
        (SeekTo::Back { ms: 4000 }, 500.0),
        (SeekTo::Ahead { ms: 4000 }, 900.0),
    ] {
        stage.post(MediaCommand::SeekPlay { play, to });
        let heard = hear(&phone, 40).await;
        assert_tone(&heard[heard.len() - 3200..], 8000, hertz, -10.0);
    }
}

#[tokio::test]
async fn what_a_phone_says_is_in_the_file_and_a_second_recording_continues_it() {
    let mut stage = Stage::new("record", 1, 30_600, 50);
    let (leg, phone, at) = stage.leg(1).await;
    // Folders are made, wherever the name points.
    let whole = stage.directory.join("calls/today/r.wav");
    let names = [whole.display().to_string(), "calls/today/r.wav".to_owned()];
    for (round, append, named) in [(1, false, &names[0]), (2, true, &names[1])] {
        let record = RecordId(round);
        stage.post(MediaCommand::Record {
            leg,
            record,
            file: format!("{{a=b}}{named}"),
            sides: RecordSides::Read,
            limit_ms: Some(1000),
            silence: None,
            append,
            rate_hz: None,
        });
        stage
            .wait(|r| matches!(r, MediaReport::RecordStarted { .. }).then_some(()))
            .await;
        say(&phone, at, 600.0, 60).await;
        let (end, ms, dropped, file_bytes) = stage
            .wait(|report| match report {
                MediaReport::RecordDone {
                    record: of,
                    end,
                    length,
                    dropped,
                    file_bytes,
                    ..
                } if *of == record => Some((*end, length.as_ms(), *dropped, *file_bytes)),
                _ => None,
            })
            .await;
        assert_eq!((end, ms, dropped), (RecordEnd::Limit, 1000, 0));
        let bytes = std::fs::read(stage.directory.join("calls/today/r.wav")).unwrap();
        assert_eq!(file_bytes, bytes.len() as u64);
        let layout = wav::layout(&bytes).unwrap().unwrap();
        assert_eq!(layout.data_bytes, round * 16_000);
        assert_eq!(
            bytes.len() as u64,
            wav::HEADER_BYTES as u64 + layout.data_bytes
        );
        let mut samples = vec![0; 8000];
        layout.mono(&bytes[bytes.len() - 16_000..], &mut samples);
        assert_tone(&samples[2400..7200], 8000, 600.0, -10.0);
    }
    // What cannot be made is told: another format, and a folder below a file.
    for file in ["r.mp3", "calls/today/r.wav/r.wav"] {
        let record = RecordId(9);
        stage.post(MediaCommand::Record {
            leg,
            record,
            file: file.to_owned(),
            sides: RecordSides::Both,
            limit_ms: None,
            silence: None,
            append: false,
            rate_hz: None,
        });
        let end = stage
            .wait(|report| match report {
                MediaReport::RecordDone { end, .. } => Some(*end),
                _ => None,
            })
            .await;
        assert_eq!(end, RecordEnd::Failed, "{file}");
    }
}

#[tokio::test]
async fn stopping_the_threads_completes_the_files() {
    let mut stage = Stage::new("stop", 1, 30_800, 50);
    let (leg, phone, at) = stage.leg(1).await;
    stage.post(MediaCommand::Record {
        leg,
        record: RecordId(1),
        file: "r.wav".to_owned(),
        sides: RecordSides::Read,
        limit_ms: None,
        silence: None,
        append: false,
        rate_hz: None,
    });
    stage
        .wait(|r| matches!(r, MediaReport::RecordStarted { .. }).then_some(()))
        .await;
    say(&phone, at, 600.0, 30).await;
    let path = stage.directory.join("r.wav");
    let Stage { threads, .. } = &mut stage;
    let empty = MediaConfig {
        workers: Some(1),
        port_range: 30_900..=30_903,
        ..MediaConfig::default()
    };
    drop(std::mem::replace(
        threads,
        MediaThreads::start(empty).unwrap().0,
    ));
    let bytes = std::fs::read(path).unwrap();
    let layout = wav::layout(&bytes).unwrap().unwrap();
    assert_eq!(
        bytes.len() as u64,
        wav::HEADER_BYTES as u64 + layout.data_bytes
    );
    assert!(layout.data_bytes >= 16_000 * 5 / 10, "{layout:?}");
}

#[tokio::test]
async fn a_leg_moves_to_another_thread_and_goes_on_sounding() {
    let mut stage = Stage::new("move", 2, 31_000, 50);
    let (leg, phone, at) = stage.leg(1).await;
    let play = PlayId(1);
    let file = "tone_stream://%(60000,0,800)".to_owned();
    stage.post(MediaCommand::Play {
        leg,
        play,
        file,
        repeats: Some(0),
        gain_db: 0.0,
        mix: false,
    });
    hear(&phone, 10).await;
    stage.threads.move_leg(leg, 0, 1).unwrap();
    stage.threads.flush();
    let owner = stage
        .wait(|report| match report {
            MediaReport::Moved { leg: of, worker } if *of == leg => Some(*worker),
            _ => None,
        })
        .await;
    assert_eq!(owner, 1);
    let heard = hear(&phone, 40).await;
    assert_tone(&heard[heard.len() - 4000..], 8000, 800.0, -7.0);
    // It listens there, too.
    stage.post_to(1, MediaCommand::StopPlay { play });
    let delay = Some(media::control::EchoDelay::default());
    stage.post_to(1, MediaCommand::Echo { leg, delay });
    let ((), heard) = tokio::join!(say(&phone, at, 500.0, 60), hear(&phone, 50));
    assert_tone(&heard[heard.len() - 3200..], 8000, 500.0, -10.0);
    stage.post_to(1, MediaCommand::CloseLeg { leg });
    stage
        .wait(|r| matches!(r, MediaReport::Closed { .. }).then_some(()))
        .await;
}

#[tokio::test]
async fn when_the_ports_are_used_up_a_leg_is_refused_and_one_given_back_serves_again() {
    let mut stage = Stage::new("ports", 1, 31_200, 2);
    let (first, ..) = stage.leg(1).await;
    stage.leg(2).await;
    let leg = LegId(3);
    stage.post(MediaCommand::OpenLeg {
        leg,
        kind: LegKind::Rtp { bind: LOCALHOST },
    });
    let why = stage
        .wait(|report| match report {
            MediaReport::OpenFailed { leg: of, why } if *of == leg => Some(*why),
            _ => None,
        })
        .await;
    assert_eq!(why, TransportFailure::NoPorts);
    stage.post(MediaCommand::CloseLeg { leg: first });
    stage.leg(4).await;
    assert_eq!(stage.threads.available_ports(), 0);
    // An address that is not ours is another reason.
    stage.post(MediaCommand::CloseLeg { leg: LegId(4) });
    let elsewhere = LegKind::Rtp {
        bind: "192.0.2.1".parse().unwrap(),
    };
    stage.post(MediaCommand::OpenLeg {
        leg: LegId(5),
        kind: elsewhere,
    });
    let why = stage
        .wait(|report| match report {
            MediaReport::OpenFailed { why, .. } => Some(*why),
            _ => None,
        })
        .await;
    assert_eq!(why, TransportFailure::Refused);
}
