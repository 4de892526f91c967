// sylkRTC-2 as the library 1.8.1 speaks it: flat events, hyphens, pings.

import { Client } from './client.js';

export const D2_RULES = { token: 'sylkRTC-2', pingEveryMs: 5000, pingLimit: 6, terminateWaitMs: 300 };

export class D2 extends Client {
  constructor(url) {
    super(url, D2_RULES);
    this.addressBook = null;
  }

  take(message) {
    switch (message.sylkrtc) {
      case 'account-event':
        // Events for accounts this connection does not have are dropped without a word.
        if (this.accounts.has(message.account)) this.accountEvent(message);
        return;
      case 'session-event': {
        const call = this.calls.get(message.session);
        if (call && call.state !== 'terminated') this.sessionEvent(call, message);
        return;
      }
      case 'videoroom-event': {
        const room = this.rooms.get(message.session);
        if (room) room.take(message);
        return;
      }
      default:
        this.unknown.push(message);
    }
  }

  // Requests to rooms; `feed` is the feed they are about, if any.
  roomRequest(name, { session, feed, ...fields }, answered) {
    const either = ['videoroom-session-trickle', 'videoroom-session-update'].includes(name);
    const about = either ? { session: feed ?? session } : { session, feed };
    this.request(name, { ...about, ...fields }, answered);
  }

  accountEvent(message) {
    switch (message.event) {
      case 'registration-state': {
        const first = !this.accounts.get(message.account).states.includes('registered');
        // A page calls `.match` on the reason of a failure.
        if (message.state === 'failed') message.reason.match(/904/);
        this.registration(message.account, message.state, message.reason, message.ice_servers);
        if (message.state === 'registered' && first) {
          this.request('account-fetch-addressbook', { account: message.account });
        }
        return;
      }
      case 'incoming-session':
        this.offered(message.account, message.session, message.originator, message.sdp, message.headers);
        this.calls.get(message.session).callId = message.call_id;
        return;
      case 'missed-session':
        this.missed.push(message.originator.uri);
        return;
      case 'conference-invite':
        this.invited.push({ room: message.room, originator: message.originator.uri, id: message.session_id });
        return;
      case 'addressbook-fetched': {
        const { contacts, groups, policies } = message.addressbook;
        this.addressBook = [...contacts, ...groups, ...policies].length;
        return;
      }
      default:
        this.unknown.push(message);
    }
  }

  sessionEvent(call, message) {
    switch (message.event) {
      case 'state':
        this.state(call, message);
        return;
      case 'update':
        call.updated(message).catch((error) => this.connection.crashes.push(`update: ${error}`));
        return;
      default:
        this.unknown.push(message);
    }
  }

  state(call, message) {
    switch (message.state) {
      case 'early-media':
      case 'accepted':
        if (call.outgoing && message.sdp !== undefined) call.takeAnswer(message.sdp);
        if (message.call_id !== undefined) call.callId = message.call_id;
        if (message.headers !== undefined) {
          call.headers = Object.keys(message.headers).map((name) => [name, message.headers[name]]);
        }
        call.change(message.state);
        return;
      case 'established':
        // Told only when the answer is in place.
        call.described.then(() => {
          if (call.state !== 'terminated') call.change('established');
        });
        return;
      case 'terminated':
        call.end(message.reason);
        return;
      case 'progress':
      case 'ringing':
      case 'proceeding':
        call.change(message.state);
        return;
      default:
        this.unknown.push(message);
    }
  }
}
