// One call as the library keeps it (sylkrtc.md §5, §8.3), with what it requires of the server: whatever
// would throw there throws here.

import { mangled, mediaTypes } from './description.js';

export class Call {
  constructor(client, id, outgoing, account, other) {
    this.client = client;
    this.id = id;
    this.outgoing = outgoing;
    this.account = account;
    this.other = other;
    // [milliseconds, state, reason]
    this.states = [];
    this.state = null;
    this.remote = new MediaStream();
    this.described = Promise.resolve();
    this.answers = 0;
    this.updates = [];
    // Why servers that help through networks did not.
    this.faults = [];
    this.callId = null;
    this.headers = null;
  }

  change(state, reason) {
    this.state = state;
    this.states.push([performance.now(), state, reason ?? null]);
  }

  connect(local) {
    const peer = new RTCPeerConnection(this.client.media);
    this.peer = peer;
    this.local = local;
    peer.onicecandidate = ({ candidate }) => {
      // One request per candidate, as the browser writes it, and an empty one at the end.
      const candidates = candidate === null ? [] : [candidate.toJSON()];
      this.client.request('session-trickle', { session: this.id, candidates }, (error) => {
        if (error) this.end(`Error: ${error.message}`);
      });
    };
    peer.onicecandidateerror = ({ errorCode, errorText, url }) => this.faults.push([errorCode, errorText, url]);
    peer.ontrack = ({ track }) => {
      this.remote.addTrack(track);
      this.client.arrived(this);
    };
    for (const track of local.getTracks()) peer.addTrack(track, local);
    if (this.client.pictures) offerOnly(peer, this.client.pictures);
    return peer;
  }

  async start(local, headers) {
    const peer = this.connect(local);
    await peer.setLocalDescription(await peer.createOffer());
    this.types = mediaTypes(peer.localDescription.sdp);
    const request = { account: this.account, session: this.id, uri: this.other, sdp: peer.localDescription.sdp };
    if (headers) request.headers = headers;
    this.client.request('session-create', request, (error) => {
      if (error) this.end(`Error: ${error.message}`);
    });
  }

  offered(sdp) {
    this.offer = sdp;
    this.types = mediaTypes(sdp);
    this.change('incoming');
  }

  async answer(local) {
    const peer = this.connect(local);
    await peer.setRemoteDescription({ type: 'offer', sdp: mangled(this.offer) });
    await peer.setLocalDescription(await peer.createAnswer());
    this.client.request('session-answer', { session: this.id, sdp: peer.localDescription.sdp }, (error) => {
      if (error) this.terminate();
    });
  }

  terminate() {
    if (this.state === 'terminated') return;
    this.askedToEndAt = performance.now();
    this.client.request('session-terminate', { session: this.id }, (error) => {
      if (error) this.end(`Error: ${error.message}`);
    });
    // The library does not wait longer.
    setTimeout(() => this.end('200 OK'), this.client.rules.terminateWaitMs);
  }

  end(reason) {
    if (this.state === 'terminated') return;
    if (this.askedToEndAt) this.endedAfterMs = performance.now() - this.askedToEndAt;
    if (this.peer) this.peer.close();
    this.change('terminated', reason);
  }

  // Our only answer. A second one makes the browser refuse, and the library hang up.
  takeAnswer(sdp) {
    this.answers += 1;
    this.types = mediaTypes(sdp);
    const description = { type: 'answer', sdp: mangled(sdp) };
    this.described = this.described.then(() => this.peer.setRemoteDescription(description)).catch((error) => {
      this.client.connection.crashes.push(`answer: ${error}`);
      this.terminate();
    });
    return this.described;
  }

  // An offer of ours in the middle of the call.
  async update(change) {
    change(this.peer);
    await this.peer.setLocalDescription(await this.peer.createOffer());
    const sdp = this.peer.localDescription.sdp;
    this.client.request('session-update', { session: this.id, sdp }, (error) => {
      if (error) {
        this.updates.push(['failed', error.message]);
        this.peer.setLocalDescription({ type: 'rollback' });
      }
    });
  }

  // Adds the camera to the call.
  showCamera(camera) {
    return this.update((peer) => {
      for (const track of camera.getVideoTracks()) peer.addTrack(track, this.local);
    });
  }

  // Takes it out again.
  hideCamera() {
    return this.update((peer) => {
      for (const one of peer.getTransceivers()) if (one.receiver.track.kind === 'video') one.stop();
    });
  }

  // The answer to an offer of the far side; without a camera pictures are refused.
  async takeUpdate(camera) {
    const peer = this.peer;
    await peer.setRemoteDescription({ type: 'offer', sdp: mangled(this.asked) });
    for (const one of peer.getTransceivers()) {
      if (one.receiver.track.kind !== 'video' || one.currentDirection || one.stopped) continue;
      const track = camera?.getVideoTracks()[0];
      if (track) {
        await one.sender.replaceTrack(track);
        one.direction = 'sendrecv';
      } else {
        one.stop();
      }
    }
    await peer.setLocalDescription(await peer.createAnswer());
    this.types = mediaTypes(this.asked);
    const sdp = peer.localDescription.sdp;
    this.client.request('session-update', { session: this.id, sdp }, (error) => {
      if (error) this.updates.push(['failed', error.message]);
    });
  }

  hold() {
    return this.update((peer) => {
      for (const one of peer.getTransceivers()) one.direction = 'sendonly';
    });
  }

  unhold() {
    return this.update((peer) => {
      for (const one of peer.getTransceivers()) one.direction = 'sendrecv';
    });
  }

  async updated(message) {
    this.updates.push([message.state, message.reason ?? null]);
    if (message.state === 'received') {
      this.asked = message.sdp;
    } else if (message.state === 'accepted') {
      this.types = mediaTypes(message.sdp);
      await this.peer.setRemoteDescription({ type: 'answer', sdp: mangled(message.sdp) });
    } else if (message.state === 'failed') {
      await this.peer.setLocalDescription({ type: 'rollback' });
    }
  }

  // What a test wants to know.
  summary() {
    return {
      id: this.id, state: this.state, states: this.states.map(([, state]) => state),
      reason: this.states.length ? this.states[this.states.length - 1][2] : null,
      audio: this.types ? this.types.audio : null, video: this.types ? this.types.video : null,
      answers: this.answers, updates: this.updates, callId: this.callId, headers: this.headers,
      endedAfterMs: this.endedAfterMs ?? null, other: this.other,
      connection: this.peer ? this.peer.connectionState : null,
    };
  }
}

// Pictures of one codec: a call has the first one both sides have, and it is not always the same.
function offerOnly(peer, codec) {
  const { codecs } = RTCRtpReceiver.getCapabilities('video');
  const wanted = codecs.filter(({ mimeType }) => mimeType === codec);
  for (const transceiver of peer.getTransceivers()) {
    if (transceiver.sender.track?.kind === 'video') transceiver.setCodecPreferences(wanted);
  }
}
