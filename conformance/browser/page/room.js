// A participation in a video room as the library keeps it (sylkrtc.md §3.6, §6.1, §8.3): one connection to
// publish, one for each of the others to receive. Whatever would throw there throws here. Events and requests are
// named as the newest generation does; each generation puts them into its own words.

import { mangled } from './description.js';
import { parse } from './sdp_transform.js';

function trickling(peer, room, feed) {
  peer.onicecandidate = ({ candidate }) => {
    const candidates = candidate === null ? [] : [candidate.toJSON()];
    room.ask('videoroom-session-trickle', { feed, candidates }).catch((error) => room.crashed('trickle', error));
  };
}

/** What one of the others sends. */
export class Feed {
  constructor(room, id, publisher) {
    this.room = room;
    this.id = id;
    this.publisher = publisher;
    this.remote = new MediaStream();
    this.established = false;
  }

  async offered(sdp) {
    // The library goes through the lines of sources, and needs some in each section.
    for (const media of parse(sdp).media) {
      if (![...media.ssrcs].length) throw new Error('a section of a feed without a source');
    }
    const peer = new RTCPeerConnection(this.room.client.media);
    this.peer = peer;
    trickling(peer, this.room, this.id);
    peer.ontrack = ({ track }) => {
      this.remote.addTrack(track);
      this.room.client.feedArrived(this);
    };
    await peer.setRemoteDescription({ type: 'offer', sdp: mangled(sdp) });
    await peer.setLocalDescription(await peer.createAnswer());
    await this.room.ask('videoroom-feed-answer', { feed: this.id, sdp: peer.localDescription.sdp });
  }

  close() {
    if (this.peer) this.peer.close();
    this.room.client.feedClosed(this);
  }
}

export class Room {
  constructor(client, account, uri) {
    this.client = client;
    this.id = crypto.randomUUID();
    this.account = account;
    this.uri = uri;
    this.states = [];
    // Everything that was told, in order.
    this.events = [];
    this.publishers = new Map();
    // By publisher.
    this.feeds = new Map();
  }

  crashed(what, error) {
    this.client.connection.crashes.push(`room ${what}: ${error}`);
  }

  ask(name, fields) {
    return new Promise((resolve, reject) => {
      this.client.roomRequest(name, { session: this.id, ...fields }, (error, message) => (
        error ? reject(error) : resolve(message)
      ));
    });
  }

  async join(local, wish) {
    const peer = new RTCPeerConnection(this.client.media);
    this.peer = peer;
    this.local = local;
    trickling(peer, this, undefined);
    for (const track of local.getTracks()) peer.addTransceiver(track, { direction: 'sendonly', streams: [local] });
    await peer.setLocalDescription(await peer.createOffer());
    const { account, uri } = this;
    await this.ask('videoroom-join', { account, uri, sdp: peer.localDescription.sdp, ...wish });
  }

  async leave() {
    await this.ask('videoroom-leave', {});
  }

  async attach(publisher) {
    const feed = new Feed(this, crypto.randomUUID(), publisher);
    this.feeds.set(publisher, feed);
    await this.ask('videoroom-feed-attach', { feed: feed.id, publisher });
  }

  async detach(publisher) {
    const feed = this.feeds.get(publisher);
    await this.ask('videoroom-feed-detach', { feed: feed.id });
    this.drop(publisher);
  }

  drop(publisher) {
    const feed = this.feeds.get(publisher);
    if (feed) feed.close();
    this.feeds.delete(publisher);
  }

  feedOf(id) {
    const feed = [...this.feeds.values()].find((one) => one.id === id);
    if (!feed) throw new Error(`an event of the feed ${id}, which is not there`);
    return feed;
  }

  take(event) {
    const { sdp, ...rest } = event;
    this.events.push({ ...rest, at: performance.now() });
    switch (event.event) {
      case 'session-state':
        this.states.push(event.state);
        if (event.state === 'accepted') {
          this.peer.setRemoteDescription({ type: 'answer', sdp: mangled(sdp) })
            .catch((error) => this.crashed('answer', error));
        } else if (event.state === 'terminated') {
          this.end();
        }
        return;
      case 'initial-publishers':
      case 'publishers-joined':
        for (const one of event.publishers) this.publishers.set(one.id, one);
        return;
      case 'publishers-left':
        for (const id of event.publishers) {
          if (!this.publishers.delete(id)) throw new Error(`${id} left and was not there`);
          this.drop(id);
        }
        return;
      case 'feed-attached':
        this.feedOf(event.feed).offered(sdp).catch((error) => this.crashed('feed', error));
        return;
      case 'feed-established':
        this.feedOf(event.feed).established = true;
        return;
      case 'configure':
        for (const id of event.active_participants) this.known(id);
        return;
      case 'raised-hands':
        for (const id of event.raised_hands) this.known(id);
        return;
      case 'file-sharing':
        for (const { uploader, session } of event.files) this.known(session, uploader.uri);
        return;
      case 'message':
      case 'composing-indication':
        event.sender.uri.match(/@/);
        event.content_type.match(/\//);
        return;
      case 'message-delivery':
      case 'mute-audio':
      case 'invite-status':
        return;
      default:
        this.client.unknown.push(event);
    }
  }

  known(id) {
    if (id !== this.id && !this.publishers.has(id)) throw new Error(`nobody here is called ${id}`);
  }

  end() {
    for (const publisher of [...this.feeds.keys()]) this.drop(publisher);
    if (this.peer) this.peer.close();
  }

  // What a test wants to know.
  summary() {
    return {
      id: this.id, states: this.states, events: this.events, publishers: [...this.publishers.values()],
      established: [...this.feeds.values()].filter((feed) => feed.established).map((feed) => feed.publisher),
      connection: this.peer ? this.peer.connectionState : null,
    };
  }
}
