// sylkRTC-1: the released library 0.1 to 0.9.6 (D1), and the page it came from, which knew other names (D0).
//
// Events carry what they say in `data`. What the generation does not know is kept apart: a server that says
// it has taken the client for a newer one.

import { Client } from './client.js';

export const D1_RULES = { token: 'sylkRTC-1', pingEveryMs: 0, pingLimit: 0, terminateWaitMs: 150 };

// What a request to a room is called: the option, and its companion.
const ROOM_OPTIONS = {
  'videoroom-configure': ['configure-room', 'configure_room', ({ active_participants }) => ({ active_participants })],
  'videoroom-invite': ['invite-participants', 'invite_participants', ({ participants }) => ({ participants })],
  'videoroom-feed-attach': ['feed-attach', 'feed_attach', ({ feed, publisher }) => ({ session: feed, publisher })],
  'videoroom-feed-answer': ['feed-answer', 'feed_answer', ({ feed, sdp }) => ({ session: feed, sdp })],
  'videoroom-feed-detach': ['feed-detach', 'feed_detach', ({ feed }) => ({ session: feed })],
  'videoroom-session-trickle': ['trickle', 'trickle', ({ feed, candidates }) => ({ session: feed, candidates })],
  'videoroom-session-update': ['update', 'update', ({ options }) => options],
};

// What happens in a room, in the words of the newer generation.
const ROOM_EVENTS = {
  state: ({ data }) => ({ event: 'session-state', ...data }),
  initial_publishers: ({ data }) => ({ event: 'initial-publishers', publishers: data.publishers }),
  publishers_joined: ({ data }) => ({ event: 'publishers-joined', publishers: data.publishers }),
  publishers_left: ({ data }) => ({ event: 'publishers-left', publishers: data.publishers }),
  feed_attached: ({ data }) => ({ event: 'feed-attached', feed: data.subscription, sdp: data.sdp }),
  feed_established: ({ data }) => ({ event: 'feed-established', feed: data.subscription }),
  // The one that has no `data`.
  'configure-room': ({ originator, active_participants }) => ({ event: 'configure', originator, active_participants }),
};

export class D1 extends Client {
  constructor(url) {
    super(url, D1_RULES);
  }

  accountFields() {
    return { display_name: 'Test', user_agent: 'SylkRTC - Test' };
  }

  take(message) {
    switch (message.sylkrtc) {
      case 'account_event':
        if (this.accounts.has(message.account)) this.accountEvent(message);
        return;
      case 'session_event': {
        const call = this.calls.get(message.session);
        if (call && call.state !== 'terminated') this.sessionEvent(call, message);
        return;
      }
      case 'videoroom_event': {
        const room = this.rooms.get(message.session);
        const inNewWords = ROOM_EVENTS[message.event];
        if (!inNewWords) this.unknown.push(message);
        else if (room) room.take(inNewWords(message));
        return;
      }
      default:
        this.unknown.push(message);
    }
  }

  // Requests to rooms, given as the newer generation makes them.
  roomRequest(name, { session, feed, ...fields }, answered) {
    if (name === 'videoroom-join') {
      const { account, uri, sdp } = fields;
      this.request(name, { session, account, uri, sdp }, answered);
    } else if (name === 'videoroom-leave') {
      this.request('videoroom-terminate', { session }, answered);
    } else {
      const [option, companion, inside] = ROOM_OPTIONS[name];
      // An update of a feed is sent to the feed.
      const to = option === 'update' && feed ? feed : session;
      this.request('videoroom-ctl', { session: to, option, [companion]: inside({ feed, ...fields }) }, answered);
    }
  }

  accountEvent(message) {
    const { data } = message;
    switch (message.event) {
      case 'registration_state':
        this.registration(message.account, data.state, data.reason, data.ice_servers);
        return;
      case 'incoming_session':
        this.offered(message.account, message.session, data.originator, data.sdp, undefined);
        return;
      case 'conference_invite':
        this.invited.push({ room: data.room, originator: data.originator.uri, id: null });
        return;
      case 'missed_session':
        this.missed.push(data.originator.uri);
        return;
      default:
        this.unknown.push(message);
    }
  }

  sessionEvent(call, message) {
    if (message.event !== 'state') {
      this.unknown.push(message);
      return;
    }
    const { data } = message;
    switch (data.state) {
      case 'progress':
        call.change('progress');
        return;
      case 'accepted':
        call.change('accepted');
        if (call.outgoing) {
          // The answer is applied whether it is there or not, and the rest follows from it.
          call.takeAnswer(data.sdp).then(() => {
            if (call.state !== 'terminated') call.change('established');
          });
        }
        return;
      case 'established':
        if (!call.outgoing) call.change('established');
        return;
      case 'terminated':
        call.end(data.reason);
        return;
      default:
        this.unknown.push(message);
    }
  }
}

const D0_NAMES = {
  'account-add': 'add_account',
  'account-remove': 'remove_account',
  'account-register': 'register',
  'account-unregister': 'unregister',
  'session-create': 'call',
  'session-answer': 'answer',
  'session-trickle': 'trickle',
  'session-terminate': 'terminate',
};

export class D0 extends D1 {
  request(name, fields, answered) {
    super.request(D0_NAMES[name], fields, answered);
  }

  accountFields() {
    return {};
  }

  accountEvent(message) {
    if (message.event === 'incoming_call') {
      this.offered(message.account, message.session, { uri: message.data.caller }, message.data.sdp, undefined);
      if (typeof message.data.caller !== 'string') throw new Error('the caller is no string');
    } else if (message.event === 'incoming_session') {
      this.unknown.push(message);
    } else {
      super.accountEvent(message);
    }
  }
}
