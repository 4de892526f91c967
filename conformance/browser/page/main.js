// What the Python tests call: `jackfield.…`. One client per page.

import { Call } from './call.js';
import { D0, D1 } from './d1.js';
import { D2 } from './d2.js';
import { mediaTypes } from './description.js';
import { microphone, record, tone } from './sound.js';

const GENERATIONS = { d0: D0, d1: D1, d2: D2 };

let client;
let made;

function room() {
  const last = [...client.rooms.values()].pop();
  if (!last) throw new Error('in no room');
  return last;
}

function callOf(id) {
  const call = id ? client.calls.get(id) : [...client.calls.values()].pop();
  if (!call) throw new Error(`no call ${id ?? ''}`);
  return call;
}

// The sound to send: the browser's microphone, or a tone made here.
async function local({ video, hertz, level }) {
  if (hertz === undefined) return microphone(video);
  made = await tone(hertz, level);
  if (video) {
    const camera = await microphone(true);
    made.stream.addTrack(camera.getVideoTracks()[0]);
  }
  return made.stream;
}

function answerInJson(peer) {
  return JSON.stringify(peer.localDescription.sdp).slice(1, -1);
}

// The kinds of the two candidates that media go between.
async function path(peer) {
  const reports = [...(await peer.getStats()).values()];
  const of = (id) => reports.find((one) => one.id === id);
  const pair = of(reports.find((one) => one.type === 'transport')?.selectedCandidatePairId);
  return pair ? [of(pair.localCandidateId).candidateType, of(pair.remoteCandidateId).candidateType] : null;
}

// Figures of the media: codec, packets and frames that arrived, and how wide the pictures are.
async function figures(peer) {
  const reports = [...(await peer.getStats()).values()];
  const inbound = (kind) => reports.find((one) => one.type === 'inbound-rtp' && one.kind === kind);
  const codec = (one) => (one ? reports.find(({ id: name }) => name === one.codecId) : undefined);
  const [audio, video] = [inbound('audio'), inbound('video')];
  return {
    audioCodec: codec(audio) ? codec(audio).mimeType : null,
    videoCodec: codec(video) ? codec(video).mimeType : null,
    audioPackets: audio ? audio.packetsReceived : 0,
    framesDecoded: video ? video.framesDecoded : 0,
    width: video?.frameWidth ?? 0,
  };
}

// The colours of the far side's picture now, at points given in parts of its width and height.
function look(points) {
  const picture = document.getElementById('picture');
  const { videoWidth: width, videoHeight: height } = picture;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const pen = canvas.getContext('2d');
  pen.drawImage(picture, 0, 0);
  return points.map(([x, y]) => [...pen.getImageData(Math.floor(x * width), Math.floor(y * height), 1, 1).data.slice(0, 3)]);
}

window.jackfield = {
  look,
  connect(generation, url) {
    client = new GENERATIONS[generation](url);
    client.onArrived = (call) => {
      // A stream that nothing plays is not decoded.
      document.getElementById('far').srcObject = call.remote;
      if (call.remote.getVideoTracks().length) document.getElementById('picture').srcObject = call.remote;
    };
    client.onFeed = (feed) => {
      if (document.getElementById(feed.id)) return;
      const shown = Object.assign(document.createElement('video'), { id: feed.id, autoplay: true, playsInline: true });
      shown.srcObject = feed.remote;
      document.body.append(shown);
    };
    client.onFeedClosed = (feed) => document.getElementById(feed.id)?.remove();
  },
  addAccount: (account, password, more) => client.addAccount(account, password, more),
  register: (account) => client.register(account),
  async call(account, uri, wish = {}) {
    return await client.call(account, uri, await local(wish), wish.headers);
  },
  async answer(id, wish = {}) {
    await callOf(id).answer(await local(wish));
  },
  terminate: (id) => callOf(id).terminate(),
  showCamera: async (id) => callOf(id).showCamera(await microphone(true)),
  hideCamera: (id) => callOf(id).hideCamera(),
  takeUpdate: async (id, camera) => callOf(id).takeUpdate(camera ? await microphone(true) : null),
  // Media go through servers that relay, or not at all; `login` is taken instead of what the gateway gave.
  relayOnly(login) {
    client.media.iceTransportPolicy = 'relay';
    if (login) client.media.iceServers = client.media.iceServers.map((server) => ({ ...server, ...login }));
  },
  // Pictures of calls are of this codec, or none.
  onlyPictures(codec) {
    client.pictures = codec;
  },
  iceServers: () => client.media.iceServers ?? null,
  hold: (id) => callOf(id).hold(),
  unhold: (id) => callOf(id).unhold(),
  async join(account, uri, wish = {}) {
    return await client.join(account, uri, await local(wish), { audio: true, video: !!wish.video });
  },
  leave: () => room().leave(),
  attach: (publisher) => room().attach(publisher),
  detach: (publisher) => room().detach(publisher),
  // On what one of the others sends, or on what is sent from here.
  updateFeed(publisher, options) {
    const feed = room().feeds.get(publisher).id;
    return room().ask('videoroom-session-update', { feed, options });
  },
  updateOwn: (options) => room().ask('videoroom-session-update', { options }),
  askRoom: (name, fields) => room().ask(name, fields),
  async upload(url, text) {
    // With a type that makes the browser ask first whether it may.
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await fetch(url, { method: 'POST', headers, body: text });
    return [answer.status, await answer.text()];
  },
  async download(url) {
    const answer = await fetch(url);
    return [answer.status, await answer.text()];
  },
  ask: (name, fields) => client.ask(name, fields),
  press: (digit, id) => client.ask('session-dtmf-info', { session: callOf(id).id, digit }),
  summary: () => client.summary(),
  frames: () => client.connection.frames,
  dropSocket: () => client.connection.socket.close(),
  close: () => client.close(),

  mediaTypes,
  // What a client makes of frames without a server: one account, one outgoing call `S` when `sdp` is wanted.
  async rehearse(generation, account, frames) {
    client = new GENERATIONS[generation]('ws://127.0.0.1:9/');
    client.close();
    client.request = () => {};
    client.accounts.set(account, { states: [], reasons: [] });
    const call = new Call(client, 'S', true, account, 'other@example.org');
    client.calls.set('S', call);
    const silence = await tone(440, -60);
    await call.start(silence.stream);
    const other = new RTCPeerConnection();
    other.addTrack(silence.stream.getTracks()[0], silence.stream);
    await other.setRemoteDescription(call.peer.localDescription);
    await other.setLocalDescription(await other.createAnswer());
    for (const frame of frames) client.connection.received(frame.replaceAll('{answer}', answerInJson(other)));
    await call.described;
    await new Promise((resolve) => setTimeout(resolve, 400));
    other.close();
    return client.summary();
  },

  // What this side sends and hears.
  async listen(seconds, id) {
    const call = callOf(id);
    return await record(call.local, call.remote, seconds);
  },
  // The same, with our tone off at first and on after 300 ms.
  async listenToOnset(level, seconds, id) {
    const call = callOf(id);
    made.set(null);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return await record(call.local, call.remote, seconds, () => made.set(level));
  },
  // What comes from all the others of the room, each for itself.
  async listenToRoom(seconds) {
    const { feeds } = room();
    const heard = [...feeds].map(async ([publisher, feed]) => [publisher, await record(null, feed.remote, seconds)]);
    return Object.fromEntries(await Promise.all(heard));
  },
  feedFigures: (publisher) => figures(room().feeds.get(publisher).peer),
  figures: (id) => figures(callOf(id).peer),
  path: (id) => path(callOf(id).peer),
  roomPaths: () => Promise.all([room(), ...room().feeds.values()].map(({ peer }) => path(peer))),
  faults: (id) => callOf(id).faults,
};
